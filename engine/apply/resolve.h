/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.h - a step with what only the server knew filled in */
#ifndef WAYBILL_APPLY_RESOLVE_H
#define WAYBILL_APPLY_RESOLVE_H

#include "engine/apply/live.h"
#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/plan/plan.h"

/* The step itself when it has nothing unknown, else a copy of it with all values in place. NULL
 * with an error when one is still not known. */
const struct step *resolve_step(
	struct arena *, struct config *, const struct step *, struct live *, struct diags *);

#endif
