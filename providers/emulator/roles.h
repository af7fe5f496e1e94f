/* SPDX-License-Identifier: Apache-2.0 */
/* roles.h - what a principal may do
 *
 * A role assignment gives a principal actions, less others, on a scope and all below it. Without
 * any assignment everything is allowed, and the built-in token may always do everything. What is
 * needed follows from path and method: NAMESPACE/TYPES/read, write, delete or NAME/action. A PUT
 * that refers to another resource needs an action on that one too. Polls of operations need none.
 */
#ifndef WAYBILL_EMULATOR_ROLES_H
#define WAYBILL_EMULATOR_ROLES_H

#include "providers/emulator/auth.h"
#include "providers/emulator/target.h"

struct emulator;

/* {actions, notActions} of a role by its name, without case; NULL when it is not known. New. */
json_t *roles_builtin(const char *name);

/* False with a 403. Whoever was let in may ask how an operation goes on. */
bool roles_check(struct emulator *, const struct principal *, const struct target *,
	const struct request *, struct response *);

/* SCOPE/providers/Microsoft.Authorization/permissions: the scope, in the arena; NULL when the path
 * is not of that kind. */
const char *roles_permissions_scope(struct arena *, const char *path);
/* The answer to GET of it. */
bool roles_permissions(struct emulator *, const struct principal *, const char *scope,
	const struct request *, struct response *);

#endif
