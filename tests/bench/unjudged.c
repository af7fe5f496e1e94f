/* SPDX-License-Identifier: Apache-2.0 */
/* unjudged.c - what a plan costs without reachability
 *
 * The program itself, linked with this in the place of engine/plan/paths.c: no option turns the
 * judging of pod paths off, because a plan that did not look must not be applied.
 */
#include "engine/plan/internal.h"

void planner_judge_paths(struct planner *p)
{
	(void)p;
}
