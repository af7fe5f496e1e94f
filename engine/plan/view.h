/* SPDX-License-Identifier: Apache-2.0 */
/* view.h - the network as the YAML alone tells it, as it stands, and as a plan leaves it
 *
 * Three topologies of one configuration (engine/network/topology.h), all in the given arena. What
 * someone else made inside ours is part of the last two.
 */
#ifndef WAYBILL_PLAN_VIEW_H
#define WAYBILL_PLAN_VIEW_H

#include "engine/network/topology.h"
#include "engine/plan/plan.h"
#include "engine/plan/snapshot.h"

/* Nothing was read (validate): what is declared, with the members that are written. */
struct topology *view_declared(struct arena *, const struct config *);
struct topology *view_actual(struct arena *, const struct config *, const struct snapshot *);
/* `plan` as far as its changes are known; NULL: what is declared, over what stands. */
struct topology *view_planned(
	struct arena *, const struct config *, const struct snapshot *, const struct plan *plan);
/* Whether the plan changes anything of the network: else it leaves it as it stands. */
bool view_changes(const struct plan *);

#endif
