/* SPDX-License-Identifier: Apache-2.0 */
/* reach_internal.h - one walk, shared by what asks it of one moment and of what is between two
 *
 * reach.c follows a packet. Where it asks how something stands, a reach with `between` asks
 * between.c instead, whose objects are those of both moments.
 */
#ifndef WAYBILL_NETWORK_REACH_INTERNAL_H
#define WAYBILL_NETWORK_REACH_INTERNAL_H

#include "engine/network/reach.h"

struct between;

struct reach_class {
	const struct topology_network *network; /* NULL: not read */
	const struct topology_table *table;
	bool table_unread;
	bool peer_unread; /* a peer's address space is not known */
	bool learns;      /* takes what a gateway learned */
	struct reach_route *routes;
	size_t nroutes;
	struct trie *trie; /* of indexes in `routes`; NULL until it is asked */
};

struct reach {
	struct arena *arena;
	const struct topology *topology;
	struct reach_class *classes;
	size_t nclasses;
	size_t *class_of;    /* by index of the subnet */
	struct prefix *cuts; /* where routing may change: prefixes of routes and spaces, sorted */
	size_t ncuts;
	const bool *watched;     /* by index of the subnet; NULL: none */
	struct between *between; /* NULL: of one moment */
};

struct walk {
	struct reach *reach;
	struct reach_path *path;
	const struct topology_subnet *subnet;
};

/* The peerings from one network to another and back: what both say. */
struct reach_link {
	bool connected, allows_access, allows_forwarded;
};

/* Follows a packet from path->from to one address of path->to. */
void reach_follow_address(struct reach *, const struct ip *address, struct reach_path *path);
/* Where routing may change inside a pod CIDR, behind its first address. */
void reach_each_address(const struct reach *, const struct prefix *pods,
	void (*visit)(void *context, const struct ip *), void *context);
/* Fills and indexes a class with the routes of its table alone. */
void reach_index_table(struct arena *, struct reach_class *);
/* Which of its four private ranges Azure drops in a network of this space, for subnets of a table
 * that takes all or does not: how many. */
#define REACH_DROPPED 4
#define REACH_DROPPED_LONGEST 16u
size_t reach_dropped(
	const struct prefixes *space, bool takes_all, struct prefix dropped[REACH_DROPPED]);

/* ---- between.c: how it stands after the steps that the present run takes for done ---- */

/* The user route that surely decides; NULL: none, so the packet does not arrive. */
const struct reach_route *between_route(
	struct between *, const struct topology_subnet *, const struct reach_path *);
bool between_link(struct between *, const struct topology_network *from,
	const struct topology_network *to, struct reach_link *);
const struct topology_subnet *between_subnet_of(struct between *, const struct topology_address *);
const struct topology_subnet *between_subnet_of_node(
	struct between *, const struct topology_node *);
/* As topology_subnet_near(). */
const struct topology_subnet *between_subnet_around(
	struct between *, const struct topology_network *here, const struct ip *);
/* Whether one network has a peering with the other, now or after. */
bool between_peers(
	struct between *, const struct topology_network *from, const struct topology_network *to);

#endif
