/* SPDX-License-Identifier: Apache-2.0 */
/* order.h - which step waits for which: order is safety
 *
 * A table is filled before it is attached and detached before it is deleted; a parent is made
 * before its children and deleted after them; what replaces a path comes before what breaks it.
 */
#ifndef WAYBILL_PLAN_ORDER_H
#define WAYBILL_PLAN_ORDER_H

#include "engine/plan/internal.h"

/* Fills `waits` and `depth` of the plan's steps and sorts them, each behind those it waits for.
 * False with `step-cycle`, which names the loop. */
bool order_steps(struct planner *);

#endif
