/* SPDX-License-Identifier: Apache-2.0 */
/* mend.h - waits that keep a plan out of half-way states that break a path
 *
 * A state is possible when none of its steps that are not done is one that a done one waits for.
 * One more wait, of a done one for one that is not, makes it impossible. What stays possible is
 * a cut; what is impossible only by a wait has to settle, where data planes follow late.
 */
#ifndef WAYBILL_PLAN_MEND_H
#define WAYBILL_PLAN_MEND_H

#include "engine/plan/halfway.h"
#include "engine/plan/waits.h"

/* Adds waits, as few as it finds, so that as few of the states as can be are possible; how many
 * paths are cut all the same. */
size_t mend_steps(struct waits *, const struct breaks *);
/* Once the steps are in their order, with `number` their places by former index: tells the cuts
 * that are left, and which steps settle after which. */
void mend_tell(struct planner *, const struct breaks *, const size_t *number);

#endif
