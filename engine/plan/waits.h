/* SPDX-License-Identifier: Apache-2.0 */
/* waits.h - what waits for what, directly or through others, and whether one more wait makes a loop
 */
#ifndef WAYBILL_PLAN_WAITS_H
#define WAYBILL_PLAN_WAITS_H

#include "engine/plan/plan.h"

struct waits {
	struct arena *arena;
	struct step *steps; /* their `waits` are indexes in it */
	size_t nsteps;
	size_t *seen; /* by step: the last walk that came by */
	size_t walk;
	size_t *todo;
};

void waits_init(struct waits *, struct arena *, struct step *steps, size_t nsteps);
/* Walks from a step through all that it waits for, itself included: waits_seen() is asked of the
 * walk made last. */
void waits_walk(struct waits *, size_t step);
bool waits_seen(const struct waits *, size_t step);
/* Lets a step wait for another. False, and nothing is done, when that one waits for it already. */
bool waits_add(struct waits *, size_t step, size_t waits_for);

#endif
