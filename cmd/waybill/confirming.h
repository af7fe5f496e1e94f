/* SPDX-License-Identifier: Apache-2.0 */
/* confirming.h - runs that hold only if somebody confirms them: apply --confirm-within
 *
 * What is put back otherwise is in the state (putback.h) before the first write. Nobody holds the
 * lock while a run waits: whoever takes it and still finds the promise, keeps it or confirms. So
 * `waybill confirm` needs no way to the waiting run, and a run that died while it waited leaves
 * the next one to put back.
 */
#ifndef WAYBILL_CMD_CONFIRMING_H
#define WAYBILL_CMD_CONFIRMING_H

#include <stdbool.h>

#include "cmd/waybill/session.h"
#include "engine/plan/plan.h"

/* Tells what of the plan is put back unless it is confirmed, and what is not. */
void confirming_announce(struct session *, const struct plan *);

/* Waits for the confirmation of a run that has ended, else puts back. Gives up the lock, the
 * state and the provider's operations meanwhile. False with `not-confirmed`, or why it failed. */
bool confirming_wait(struct session *, int64_t run);

/* Tells of a run that does not wait itself, because it was interrupted. */
void confirming_tell_left(const struct run *);

/* With the lock, the state open for reading and the provider: what an earlier run left is put back
 * when it is overdue; before that somebody at a terminal may confirm it, or it is the error
 * `run-unconfirmed`. The state is then open for reading. */
bool confirming_settle(struct session *);
/* For who changes the state and must not write to the cloud: the error alone. */
bool confirming_nothing_waits(struct session *);
/* For who only reads: a warning. */
bool confirming_warn(struct session *);

#endif
