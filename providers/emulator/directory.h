/* SPDX-License-Identifier: Apache-2.0 */
/* directory.h - who exists: tenants, applications, managed identities, roles
 *
 * Kept in the cloud as one JSON object, as start_identity.c makes it of cloud.yaml and as the store
 * has it; these are the questions one may ask of it. All that is returned is borrowed.
 *   tenants             [id]: others than the cloud's own
 *   applications        {client id in lower case: {clientId, objectId, tenant, singleUse,
 *                       secrets: [{value, expires}], certificates: [PEM],
 *                       federatedCredentials: [{issuer, subject, audiences}]}}
 *   managedIdentities   [{clientId, objectId, resourceId, systemAssigned}]
 *   roleAssignments     [{objectId, actions, notActions, scope}]
 * Without applications every client id is one, with every secret but "" and "wrong"; without
 * managed identities there is one, of the system; without role assignments all is allowed.
 */
#ifndef WAYBILL_EMULATOR_DIRECTORY_H
#define WAYBILL_EMULATOR_DIRECTORY_H

#include <jansson.h>

#include "engine/base/arena.h"
#include "providers/emulator/cloud.h"

/* The id of the tenant as the cloud spells it; `adfs`, `common` and `organizations` are its own.
 * NULL when there is none. */
const char *directory_tenant(const struct cloud *, const char *name);

bool directory_is_open(const struct cloud *); /* no application is declared */
/* NULL when the tenant has none of that client id. Of an open directory one is made, in the
 * arena. */
const json_t *directory_application(
	const struct cloud *, struct arena *, const char *tenant, const char *client_id);

/* All of them: the declared ones, or the one that is there without; in the arena. */
const json_t *directory_managed(const struct cloud *, struct arena *);

/* The object id of a client id that says none: the same each time. */
const char *directory_object_id(struct arena *, const char *client_id);

#endif
