/* SPDX-License-Identifier: Apache-2.0 */
/* blame.h - what stopped a step, as a diagnostic at the YAML that caused it */
#ifndef WAYBILL_APPLY_BLAME_H
#define WAYBILL_APPLY_BLAME_H

#include "engine/apply/merge.h"
#include "engine/base/diag.h"
#include "engine/plan/plan.h"
#include "providers/provider.h"

/* Where the step is asked for: its own change, or else the first in it. */
struct place blame_place(const struct step *);

/* An operation that the cloud refused or that failed: `arm:CODE`, or our own code when no answer
 * came. At the child or member that ARM's message or target names. */
void blame_failure(
	const struct config *, const struct step *, const struct operation *, struct diags *);

/* One `code` for each conflict, naming the member, what the plan saw and what stands. */
void blame_conflicts(const struct step *, const struct merged *, const char *code, struct diags *);

#endif
