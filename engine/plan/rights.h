/* SPDX-License-Identifier: Apache-2.0 */
/* rights.h - what the principal lacks for a plan's writes, asked before they are sent
 *
 * Best effort, and never in the way: Azure alone decides, at each write. What a type's writes need
 * follows from its name and from the words of its schema; what the principal may is read at the
 * group of each resource, and where that does not suffice at the resource itself. What cannot be
 * read is not told.
 */
#ifndef WAYBILL_PLAN_RIGHTS_H
#define WAYBILL_PLAN_RIGHTS_H

#include "engine/plan/plan.h"

/* A warning `right-missing` for each action and place. False when it was interrupted. */
bool rights_check(const struct plan *, struct provider *, struct diags *);

/* Whether one of ARM's permissions ([{actions, notActions}]) allows the action. */
bool rights_allow(const json_t *permissions, const char *action);

#endif
