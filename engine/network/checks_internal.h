/* SPDX-License-Identifier: Apache-2.0 */
/* checks_internal.h - what the files of the checks share
 *
 *   checks.c  the table, severities, what is ignored     check_subnets.c  ranges of networks
 *   check_nodes.c, check_pods.c  node sets               check_tables.c   what subnets are given
 *   check_routes.c  next hops and destinations           check_limits.c   how many there may be
 */
#ifndef WAYBILL_NETWORK_CHECKS_INTERNAL_H
#define WAYBILL_NETWORK_CHECKS_INTERNAL_H

#include "engine/network/checks.h"
#include "engine/network/overlap.h"
#include "engine/network/usages.h"

struct checking {
	struct arena *arena; /* of the check that runs */
	const struct config *config;
	const struct topology *topology;
	bool is_read;
	const struct usages *usages; /* or NULL */
	struct diags *diags;
	/* The check that runs. */
	const char *code;
	enum severity severity;
	json_t *seen; /* what it has told already: see check_first() */
	size_t ignored;
	bool exceeded; /* the checks of limits: which of the two */
};

/* What a finding is about; either may be NULL. */
struct subject {
	const struct resource *resource;
	const struct node_set *set;
};

/* Adds a finding; false when one of its subjects says to ignore it. Notes and help come after. */
bool check_found(struct checking *, struct place, struct subject, struct subject, const char *fmt,
	...) __attribute__((format(printf, 5, 6)));
/* Whether this check has not told of the two yet, in this order. */
bool check_first(struct checking *, const char *one, const char *other);

/* ---- the same fault of many nodes or routes on one line of the YAML is one finding ---- */

struct tally {
	const void *one, *other; /* of the first fault */
	size_t index;            /* the caller's, of the first fault */
	size_t count;
};

struct tallies {
	json_t *keys; /* text: index */
	struct tally *items;
	size_t count;
};

struct tallies tallies_new(struct checking *);
/* Counts a fault under both keys; the first one of them is kept. */
void tally_add(
	struct checking *, struct tallies *, const char *key, const char *other_key, struct tally);
/* ", and N more like it", or "" for one. */
const char *tally_more(struct checking *, const struct tally *);

/* ---- names and places ---- */

const char *part_name(const struct checking *, const struct topology_part *);
struct place part_place(const struct checking *, const struct topology_part *, const char *pointer);
/* Of a network or subnet: one of its ranges. */
struct place range_place(const struct checking *, const struct topology_part *, size_t index);
/* Of a node: its row, in the YAML or in the file of its source. */
struct place row_place(const struct checking *, const struct topology_node *);
struct place address_place(
	const struct checking *, const struct topology_node *, const struct ip *);
struct place pod_place(const struct checking *, const struct topology_node *, size_t index);
/* Where a route says a member; of a foreign one, its table. */
struct place route_place(
	const struct checking *, const struct topology_route *, const char *pointer);
struct subject subject_of(const struct topology_part *);
struct subject subject_of_set(const struct node_set *);
struct subject subject_of_route(const struct topology_route *);
/* Of a resource whatever it is called: the pointer of its fact, as "nodeRoute" "nextHop". */
const char *fact_pointer(const struct schema *, const char *fact, const char *name);
const char *ip_name(const struct checking *, const struct ip *);
const char *prefix_name(const struct checking *, const struct prefix *);

/* ---- what several checks ask ---- */

/* Whether the subnets given are all that the network has. */
bool network_is_whole(const struct checking *, const struct topology_network *);
bool all_networks_are_whole(const struct checking *);
bool all_nodes_are_known(const struct checking *);
/* One of the five that Azure keeps of each IPv4 subnet. */
bool is_reserved(const struct topology_subnet *, const struct ip *, size_t *range);
/* By its row, or by what was read of its machine's interfaces. */
bool node_has_ip(const struct topology *, const struct topology_node *, const struct ip *);
/* By index of a subnet: how many nodes are in it. */
size_t *nodes_by_subnet(const struct checking *);
size_t subnet_index(const struct checking *, const struct topology_subnet *);
/* By index of a table: the subnets that have it. */
struct attached {
	const struct topology_subnet **subnets;
	size_t count;
};
struct attached *subnets_by_table(const struct checking *);
/* Whether the table sends anything to a node of the set. */
bool table_serves(const struct checking *, const struct topology_table *, const struct node_set *);
size_t table_index(const struct checking *, const struct topology_table *);

/* Facts of a schema's `limits`: a number, 0 for none; the name that ARM has for it, or NULL. */
size_t limit_of(const struct schema *, const char *which);
const char *limit_usage(const struct schema *, const char *which);
bool limit_is_near(size_t count, size_t limit); /* or over it */

/* ---- the checks ---- */

void check_subnet_outside(struct checking *);
void check_subnet_overlap(struct checking *);
void check_subnet_size(struct checking *);
void check_network_overlap(struct checking *);
void check_forbidden_range(struct checking *);

void check_node_outside(struct checking *);
void check_node_reserved(struct checking *);
void check_node_twice(struct checking *);
void check_node_forwarding(struct checking *);

void check_pod_overlap(struct checking *);
void check_pod_in_subnet(struct checking *);
void check_pod_in_network(struct checking *);
void check_pod_captured(struct checking *);
void check_pod_without_route(struct checking *);

void check_node_subnet_table(struct checking *);
void check_table_region(struct checking *);
void check_table_unattached(struct checking *);

void check_next_hop_outside(struct checking *);
void check_next_hop_reserved(struct checking *);
void check_next_hop_unknown(struct checking *);
void check_route_stale(struct checking *);
void check_default_route(struct checking *);
void check_appliance_loop(struct checking *);
void check_service_tag(struct checking *);

void check_limit_exceeded(struct checking *);
void check_limit_near(struct checking *);

#endif
