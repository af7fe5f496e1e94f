/* SPDX-License-Identifier: Apache-2.0 */
/* writing.h - what the commands share that write into the state by a plan: apply, destroy, import
 */
#ifndef WAYBILL_CMD_WRITING_H
#define WAYBILL_CMD_WRITING_H

#include <stdbool.h>

#include "cmd/waybill/session.h"
#include "engine/plan/plan.h"

/* Writes down what became of writes of dead runs, and tells it. The lock is held. */
bool writing_settle(struct session *, struct snapshot *);
/* Whether the plan is the one that --expect names, if any. False with `plan-unexpected`. */
bool writing_expected(struct session *, const struct plan *);
/* Whether what was shown is to be done: by option, or because somebody types yes. False with
 * `needs-approval`, `not-approved` or `output-failed`. */
bool writing_approved(struct session *);

#endif
