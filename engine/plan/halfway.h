/* SPDX-License-Identifier: Apache-2.0 */
/* halfway.h - which half-way states would break a path that is reached before and after
 *
 * A half-way state is a set of steps that are done while the others are not. halfway_judge() finds,
 * path by path, in which of them it is not reached, whatever waits for what: order.c then lets
 * steps wait until such a state cannot come up (mend.h), and what is left is a cut.
 */
#ifndef WAYBILL_PLAN_HALFWAY_H
#define WAYBILL_PLAN_HALFWAY_H

#include "engine/network/between.h"
#include "engine/network/survey.h"
#include "engine/plan/internal.h"

#define CUT_TOLD 3 /* paths of a cut that are named */

/* Each state in which these steps are done or not done: by index in plan->steps as they were made,
 * sorted. */
struct break_state {
	struct between_decision *items;
	size_t count;
};

/* The paths that are broken in just these states. */
struct break_case {
	size_t *states; /* sorted indexes */
	size_t nstates;
	size_t paths;
	struct plan_path first[CUT_TOLD];
	size_t nfirst;
};

struct breaks {
	struct break_state *states;
	size_t nstates;
	struct break_case *cases;
	size_t ncases;
};

struct halfway;

/* In `scratch`; what it finds goes to planner->breaks, in the planner's arena. NULL: no step
 * matters to a path that is there now. */
struct halfway *halfway_new(
	struct planner *, struct arena *scratch, struct reach *now, const struct reach *after);
/* Paths of a group that are reached now and after. */
void halfway_judge(struct halfway *, const struct survey *, const struct survey_paths *);

#endif
