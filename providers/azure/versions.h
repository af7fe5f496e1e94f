/* SPDX-License-Identifier: Apache-2.0 */
/* versions.h - in which version a type is spoken of with this cloud
 *
 * The newest that schemas/ knows, until the cloud says that it does not know it: its refusal lists
 * those that it does, and from then on the newest of the type's `apiFallbacks` among them is used;
 * where it lists none, the next older one. So a cloud that lags costs one request a type and run,
 * and one that does not costs none. ARM refuses as 400 NoRegisteredProviderFound or
 * InvalidApiVersionParameter, and as 404 InvalidResourceType (Azure/azure-sdk-for-js issue 15460).
 */
#ifndef WAYBILL_PROVIDERS_AZURE_VERSIONS_H
#define WAYBILL_PROVIDERS_AZURE_VERSIONS_H

#include "engine/base/arena.h"
#include "providers/azure/arm_error.h"
#include "schemas/schema.h"

struct versions {
	const struct catalog *catalog; /* borrowed; NULL: there are no fallbacks */
	json_t *chosen;                /* version by lower-case type */
};

void versions_init(struct versions *, const struct catalog *);
void versions_release(struct versions *);
/* The version for a path, of a resource or a collection, that is to be asked in `version`. Borrowed
 * until the next refusal. */
const char *versions_for(const struct versions *, const char *path, const char *version);
/* Whether a refusal is one of a version, and not of what was asked. */
bool versions_concern(const struct arm_error *);
/* A refusal of what was asked in `version`: true when there is another one to be tried, which
 * versions_for() gives from now on. */
bool versions_refused(
	struct versions *, const char *path, const char *version, const struct arm_error *);

/* The type of a path: "Microsoft.Network/routeTables/routes". In the arena; NULL: none. */
const char *versions_type(struct arena *, const char *path);

#endif
