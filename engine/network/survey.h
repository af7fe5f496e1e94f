/* SPDX-License-Identifier: Apache-2.0 */
/* survey.h - all pod paths between nodes that belong together
 *
 * They belong together within a node set, and across sets joined by `reach`. A path leads from a
 * node to one pod CIDR of another; it counts where the first has pods of that family too. Nodes of
 * one set whose subnets are of one class, and whose NICs forward alike, see every destination the
 * same: they are one group, and each destination is followed once a group.
 */
#ifndef WAYBILL_NETWORK_SURVEY_H
#define WAYBILL_NETWORK_SURVEY_H

#include "engine/network/reach.h"

struct survey_counts {
	size_t total;
	size_t of[REACH_VERDICTS];
};

/* The paths of a group to one destination. */
struct survey_paths {
	const struct topology_node *const *from; /* `to` may be among them, and is no source then */
	size_t nfrom;
	size_t count;                   /* of sources without `to` */
	const struct reach_path *after; /* of one of them */
	const struct reach_path *now;   /* the same; NULL: not asked */
	void **memo;                    /* the teller's own, one a group; NULL at first */
};

typedef void survey_fn(void *context, const struct survey_paths *);

struct survey {
	const struct config *config;
	struct reach *reach;
	const struct topology *topology;
	struct reach *now; /* of the same nodes; may be `reach` itself; or NULL with its topology */
	const struct topology *topology_now;
};

/* Calls `tell` for each group and destination, in the order of sets and nodes. */
void survey_run(struct arena *, const struct survey *, survey_fn *tell, void *context);
void survey_count(struct survey_counts *, enum reach_verdict, size_t count);
size_t survey_reached(const struct survey_counts *); /* ok and assumed */

#endif
