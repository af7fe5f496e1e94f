/* SPDX-License-Identifier: Apache-2.0 */
/* topology.h - a network as routing sees it, at one moment
 *
 * Made of ARM bodies by role and by facts of their schemas alone (schemas/README.md), so it names
 * no type. engine/plan/view.h makes the declared, the actual and the planned one. Arrays are sorted
 * by id without case; objects point at each other, and NULL means that the other was not given.
 * Texts and bodies are borrowed and must outlive it.
 */
#ifndef WAYBILL_NETWORK_TOPOLOGY_H
#define WAYBILL_NETWORK_TOPOLOGY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/ip.h"
#include "engine/config/config.h"
#include "engine/network/trie.h"
#include "schemas/schema.h"

/* One ARM object as it stands at that moment. */
struct topology_part {
	const char *id;
	const char *parent; /* id of what it is inside of; NULL: not told, it follows from the id */
	const struct schema *schema;
	const json_t *body;              /* ARM's shape; child lists in it are not looked at */
	const struct resource *resource; /* where the YAML declares it, or NULL */
};

struct prefixes {
	struct prefix *items; /* canonical; what cannot be read is left out */
	size_t count;
};

struct topology_network {
	const struct topology_part *part;
	struct prefixes space; /* empty: not known (declared as existing, and not read) */
	struct topology_subnet **subnets;
	size_t nsubnets;
	struct topology_peering **peerings;
	size_t npeerings;
	struct topology_subnet *gateway_subnet; /* of the name that gateways need, or NULL */
};

struct topology_peering {
	const struct topology_part *part;
	struct topology_network *network;
	const char *remote_id;           /* or NULL */
	struct topology_network *remote; /* NULL: not given */
	struct topology_peering *back;   /* the remote's own peering with this network, or NULL */
	struct prefixes remote_space;    /* as the peering itself tells it */
	const char *state;               /* as read; NULL: not made yet */
	bool connected;
	bool allows_access, allows_forwarded, uses_remote_gateways;
};

struct topology_table {
	const struct topology_part *part;
	struct topology_route **routes;
	size_t nroutes;
	bool propagates; /* takes what gateways learn */
	bool takes_all;  /* has a route of 0.0.0.0/0 */
};

enum hop_kind {
	HOP_LOCAL,     /* stays inside the network */
	HOP_PEERING,   /* to a peer; of system routes only */
	HOP_APPLIANCE, /* to the address `next_hop` */
	HOP_GATEWAY,
	HOP_INTERNET,
	HOP_NONE,    /* dropped */
	HOP_UNKNOWN, /* a kind newer than we are: where it leads nobody can tell */
};

struct topology_route {
	const struct topology_part *part;
	struct topology_table *table; /* NULL: not given */
	const char *prefix_text;      /* a CIDR or a service tag; NULL when absent */
	struct prefix prefix;
	bool is_prefix; /* `prefix` holds; false of service tags and of what is no CIDR */
	enum hop_kind hop;
	struct ip next_hop;
	bool has_next_hop;
};

struct topology_subnet {
	const struct topology_part *part;
	const char *name;
	struct topology_network *network; /* NULL: not given */
	struct prefixes prefixes;
	const char *table_id; /* NULL: none attached */
	struct topology_table *table;
};

struct topology_node {
	const struct node_set *set;
	const struct node *node;
	struct ip *ips;
	size_t nips;
	struct prefixes pods;
	/* Of its NIC, else found by its address; NULL: in none, or in those of several networks of
	 * which not one alone has a table with routes to the node's set. */
	struct topology_subnet *subnet;
	int forwarding; /* 1, 0, or -1: not read */
};

/* An address that a NIC has: of a node (also one that only the YAML tells), or read. A node has
 * what its row says, and what else the interfaces of its machine have. */
struct topology_address {
	struct ip ip;
	struct topology_subnet *subnet; /* or NULL */
	int forwarding;
	struct topology_node *node; /* NULL: of a machine that is no node of ours */
	const char *nic_id;         /* NULL: told by the node's row */
};

struct topology {
	struct arena *arena;
	const struct catalog *catalog;
	struct topology_network *networks;
	size_t nnetworks;
	struct topology_peering *peerings;
	size_t npeerings;
	struct topology_subnet *subnets;
	size_t nsubnets;
	struct topology_table *tables;
	size_t ntables;
	struct topology_route *routes;
	size_t nroutes;
	struct topology_node *nodes; /* of all sets, in the order of config->node_sets */
	size_t nnodes;
	struct topology_address *addresses; /* sorted by ip, nodes before others */
	size_t naddresses;
	struct trie *subnet_trie; /* address -> index in `subnet_hits` */
	struct topology_subnet **subnet_hits;
	bool overlaps; /* subnets of two networks have addresses in common */
};

/* `parts` sorted by id without case; kept. Nodes and NICs are the configuration's. `planned`: two
 * peerings of each other of which one is new count as connected. */
struct topology *topology_make(struct arena *, const struct config *,
	const struct topology_part *parts, size_t nparts, bool planned);

struct topology_network *topology_network(const struct topology *, const char *id); /* or NULL */
struct topology_subnet *topology_subnet(const struct topology *, const char *id);
struct topology_table *topology_table(const struct topology *, const char *id);
/* The subnet around an address, by longest prefix; NULL: none. */
struct topology_subnet *topology_subnet_of(const struct topology *, const struct ip *);
/* The same of one network alone; NULL has none. */
struct topology_subnet *topology_subnet_in(const struct topology_network *, const struct ip *);
/* Networks that nothing joins may have the same ranges: the subnet around an address as `here` sees
 * it, in that network before its peers before all others; NULL for `here` is as without. */
struct topology_subnet *topology_subnet_near(
	const struct topology *, const struct topology_network *here, const struct ip *);
/* The first NIC that has an address (nodes first); *count of them follow each other. NULL: none. */
struct topology_address *topology_address(
	const struct topology *, const struct ip *, size_t *count);
/* Whether they are one node, be it of two sets. */
bool topology_same_machine(const struct topology_node *, const struct topology_node *);
/* The peering of `from` with `to`, or NULL. */
struct topology_peering *topology_peering_with(
	const struct topology_network *from, const struct topology_network *to);
/* Whether any of the prefixes holds the address. */
bool prefixes_have(const struct prefixes *, const struct ip *);

#endif
