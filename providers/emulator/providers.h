/* SPDX-License-Identifier: Apache-2.0 */
/* providers.h - resource providers: what they offer, and whether a subscription may use them
 *
 * A namespace offers the types of types.h at the versions of versions.h, in all regions. The start
 * may say otherwise: `providers: {NAMESPACE: {registrationState, apiVersions}}`. A registration
 * takes as long as an operation; what is not registered answers 409 to everything.
 */
#ifndef WAYBILL_EMULATOR_PROVIDERS_H
#define WAYBILL_EMULATOR_PROVIDERS_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/target.h"

/* Makes the versions of all namespaces. New. */
json_t *providers_new(void);
/* Those of a store: what was under way has ended. */
void providers_load(struct cloud *, const json_t *stored);
/* The start's word on a namespace. False: no namespace, or not of that shape. */
bool providers_set(struct cloud *, const char *provider, const json_t *value);

/* False with a refusal: of a version that the type is not offered at, or of a namespace that the
 * subscription may not use. */
bool providers_check(
	struct emulator *, const struct target *, const struct request *, struct response *);

/* Of a path that nothing is known by: it names another namespace, or a type that is not there. */
bool providers_refuse(
	struct emulator *, const struct target *, const struct request *, struct response *);

bool providers_list(
	struct emulator *, const struct target *, const struct request *, struct response *);
bool provider_get(
	struct emulator *, const struct target *, const struct request *, struct response *);
bool provider_register(
	struct emulator *, const struct target *, const struct request *, struct response *);

#endif
