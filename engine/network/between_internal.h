/* SPDX-License-Identifier: Apache-2.0 */
/* between_internal.h - shared by the file that sets up what is between two moments, and the one
 * that follows packets in it */
#ifndef WAYBILL_NETWORK_BETWEEN_INTERNAL_H
#define WAYBILL_NETWORK_BETWEEN_INTERNAL_H

#include "engine/network/between.h"
#include "engine/network/reach_internal.h"

/* The turns of one object, in their order. */
struct turns {
	const struct turn *items;
	size_t count;
};

/* One object, as it is at both moments; NULL: it is not there. */
struct subnet {
	struct turns turns;
	const struct topology_subnet *now, *after;
	bool moves; /* comes, goes, or changes its ranges */
};

struct network {
	struct turns turns;
	const struct topology_network *now, *after;
};

struct peering {
	struct turns turns;
	const struct topology_peering *now, *after;
};

struct table {
	struct turns turns;
	const struct topology_table *now, *after;
	struct reach_class routes_now, routes_after; /* of the table alone, once they are asked */
};

struct between {
	struct arena *arena;
	struct reach reach; /* walks */
	const struct reach *reach_now, *reach_after;
	const struct topology *now, *after;
	const struct topology *all; /* what is in either, without routes, nodes and NICs */
	struct subnet *subnets;     /* as all->subnets, and so on */
	struct network *networks;
	struct peering *peerings;
	struct table *tables;
	size_t *subnet_of_now, *subnet_of_after; /* index there -> index in `subnets` */
	size_t *table_of_now, *table_of_after;
	struct trie *still; /* address -> index of a subnet that does not move */
	size_t *moving;     /* indexes of subnets */
	size_t nmoving;
	bool *watched; /* by index of the subnets of now */
	struct between_decision decisions[BETWEEN_STEPS];
	size_t ndecisions;
	bool too_many;
	unsigned walks; /* of all paths so far */
};

bool turns_delete(const struct turns *); /* whether it is deleted, be it only for a while */

#endif
