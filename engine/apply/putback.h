/* SPDX-License-Identifier: Apache-2.0 */
/* putback.h - tables as they were before a run: what to keep of a plan for it, and the plan back
 *
 * Only route tables that the plan changes in place are put back, each by one PUT: our routes, and
 * the members of the table that were changed. Tables that are made, replaced or deleted are not,
 * nor what is attached to them, nor anything else.
 */
#ifndef WAYBILL_APPLY_PUTBACK_H
#define WAYBILL_APPLY_PUTBACK_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/apply/apply.h"
#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/plan/plan.h"
#include "providers/provider.h"
#include "state/putback.h"
#include "state/state.h"

/* Whether the step is one whose table is put back. */
bool putback_covers(const struct step *);
/* An array, a table each: what it held and what the plan makes of it. New. */
json_t *putback_json(const struct plan *);

/* A plan that undoes what still stands as the run wrote it. What somebody changed since stays, with
 * a warning `put-back-conflict` each. Reads the tables; the state is open, and so are its records.
 * NULL with errors. */
struct plan *putback_plan(struct arena *, const struct catalog *, struct state *, struct provider *,
	const struct putback *, struct diags *);

#endif
