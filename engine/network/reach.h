/* SPDX-License-Identifier: Apache-2.0 */
/* reach.h - whether pods reach each other, by routes alone
 *
 * A packet is followed from the subnet of the source node as Azure would (docs/reachability.md has
 * the rules). Security groups, guests and CNI are not judged. Subnets of one network with one table
 * are one class, with one trie, built when it is first asked. A path is that from one node to one
 * pod CIDR of another, and is as good as its worst address: all of the CIDR is tried, wherever a
 * more specific route begins or ends in it.
 */
#ifndef WAYBILL_NETWORK_REACH_H
#define WAYBILL_NETWORK_REACH_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/network/topology.h"

enum reach_verdict {
	REACH_OK,      /* delivered, and every NIC on the way forwards */
	REACH_ASSUMED, /* delivered, if the NICs that were not read forward */
	REACH_UNKNOWN, /* depends on what was not read */
	REACH_BROKEN,
};
#define REACH_VERDICTS 4

/* Why a path is unknown or broken. */
enum reach_fault {
	FAULT_NONE,
	/* unknown */
	FAULT_SUBNET_UNKNOWN, /* a node is in no subnet that was read */
	FAULT_TABLE_UNREAD,   /* the subnet has a table that was not read */
	FAULT_NETWORK_UNREAD, /* the address space of the network was not read */
	FAULT_PEER_UNREAD,    /* a peer that was not read may have it */
	FAULT_GATEWAY,        /* routed to a gateway */
	FAULT_GATEWAY_LEARNS, /* a gateway may have learned a route that wins */
	FAULT_HOP_UNKNOWN,    /* a kind of next hop newer than we are */
	/* broken */
	FAULT_DROPPED,         /* next hop None */
	FAULT_INTERNET,        /* leaves for the Internet */
	FAULT_LOCAL,           /* delivered inside the network, where no NIC has it */
	FAULT_NO_NEXT_HOP,     /* an appliance without address */
	FAULT_HOP_OUTSIDE,     /* next hop neither in the network nor in a peer */
	FAULT_HOP_NO_SUBNET,   /* next hop in the address space, in no subnet */
	FAULT_PEERING,         /* next hop across peerings that are not both connected */
	FAULT_PEERING_ACCESS,  /* ... that do not both allow access */
	FAULT_PEERING_FORWARD, /* ... that do not both allow forwarded traffic */
	FAULT_SOURCE_NIC,      /* the source's NIC does not forward */
	FAULT_HOP_NIC,         /* the next hop's NIC does not forward */
	FAULT_NOBODY,   /* the next hop is nobody's that is known, and routes lead back to it */
	FAULT_LOOP,     /* the next hop sends it back */
	FAULT_TOO_LONG, /* more hops than REACH_HOPS */
};

/* A route as a class of subnets sees it. */
struct reach_route {
	struct prefix prefix;
	enum origin origin;
	enum hop_kind hop;
	struct ip next_hop; /* HOP_APPLIANCE, when `has_next_hop` */
	bool has_next_hop;
	const struct topology_route *user;      /* NULL: a system route */
	const struct topology_peering *peering; /* of HOP_PEERING */
};

struct reach_hop {
	const struct topology_subnet *subnet; /* where the lookup was made */
	const struct reach_route *route;      /* what it found; NULL: nothing was looked up */
	const struct topology_address *next;  /* who has the next hop, or NULL: nobody known */
};

#define REACH_HOPS 16

struct reach_path {
	const struct topology_node *from, *to;
	const struct prefix *pods; /* of `to` */
	struct ip address;         /* the one in it that was followed */
	enum reach_verdict verdict;
	enum reach_fault fault;
	struct reach_hop hops[REACH_HOPS];
	size_t nhops;
	size_t at;    /* the first hop at fault */
	bool watched; /* may change on the way from one moment to another: between.h */
};

struct reach;

/* In the arena; keeps the topology. */
struct reach *reach_new(struct arena *, const struct topology *);
/* Follows packets from a node to a pod CIDR of another; the worst of them is in *out. */
void reach_follow(struct reach *, const struct topology_node *from, const struct topology_node *to,
	const struct prefix *pods, struct reach_path *out);
/* The class of a subnet: equal for equal network and table. NULL has one of its own. */
size_t reach_class(const struct reach *, const struct topology_subnet *);

/* All routes of a subnet's class. Those of users come last, and win over Azure's own of the same
 * prefix, of which the earlier one does. */
const struct reach_route *reach_routes(
	struct reach *, const struct topology_subnet *, size_t *count);

const char *verdict_name(enum reach_verdict); /* "ok", "assumed", "unknown", "broken" */
const char *hop_kind_name(enum hop_kind);     /* as ARM spells it; "VNetPeering" */
bool verdict_reaches(enum reach_verdict);     /* ok or assumed */

#endif
