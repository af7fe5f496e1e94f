/* SPDX-License-Identifier: Apache-2.0 */
/* between.h - a network between two moments, when some steps are done and others are not
 *
 * A step turns the objects that it writes from what stands now into what will stand; a half-way
 * state is a set of steps that are done. A packet depends on few of them: it is followed, and
 * where it meets an object whose state makes a difference and whose step was not met before on
 * this path, both are tried. What comes of it is exact, at a cost that follows from the steps on
 * the path and not from those of the plan.
 */
#ifndef WAYBILL_NETWORK_BETWEEN_H
#define WAYBILL_NETWORK_BETWEEN_H

#include "engine/network/reach.h"

enum turn_to {
	TURN_NOTHING,  /* it is deleted */
	TURN_DETACHED, /* a subnet, as it stands now but without its table */
	TURN_AFTER,    /* as it stands afterwards */
};

/* What a step makes of an object. */
struct turn {
	const char *id; /* of a network, subnet, peering, or of a table for its routes too */
	size_t step;
	enum turn_to to;
};

#define BETWEEN_STEPS 12 /* that one packet may depend on: each doubles the states */
#define BETWEEN_WALKS                                                                              \
	(1U << 25) /* in all: seconds, and more than a network within limits asks for */

struct between_decision {
	size_t step;
	bool done;
};

struct between;

/* `turns` sorted by id without case, those of one id as they follow each other; kept. Nodes of the
 * two topologies are the same, in the same order. From then on paths of `now` are `watched` when a
 * step may matter to them. NULL: none matters to any path that is there now. */
struct between *between_new(struct arena *, struct reach *now, const struct reach *after,
	const struct turn *turns, size_t nturns);
/* Which steps matter to a node as a source, apart from those of its class: equal for two nodes
 * whose packets take the same way in every state, if their classes are equal now and after. */
size_t between_kind(const struct between *, const struct topology_node *now);

/* A state, or rather all that have these steps done or not done, in which the path is not
 * reached. */
typedef void between_fn(void *context, const struct between_decision *, size_t count);
/* Both nodes are those of now. False: it depends on more than BETWEEN_STEPS steps, or there were
 * too many walks before, and it was not followed to the end. */
bool between_follow(struct between *, const struct topology_node *from,
	const struct topology_node *to, const struct prefix *pods, between_fn *broken,
	void *context);

#endif
