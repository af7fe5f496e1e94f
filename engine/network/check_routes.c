/* SPDX-License-Identifier: Apache-2.0 */
/* check_routes.c - next hops and destinations of routes */
#include <ctype.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/network/checks_internal.h"

typedef void route_fn(
	struct checking *, const struct topology_route *, const struct attached *, void *context);

/* Every route of a table given, with the subnets that have the table. */
static void each_route(struct checking *ck, route_fn *fn, void *context)
{
	const struct topology *t = ck->topology;
	const struct attached *attached = subnets_by_table(ck);
	for (size_t i = 0; i < t->ntables; i++)
		for (size_t k = 0; k < t->tables[i].nroutes; k++)
			fn(ck, t->tables[i].routes[k], &attached[i], context);
}

static bool has_appliance(const struct topology_route *r)
{
	return r->hop == HOP_APPLIANCE && r->has_next_hop;
}

static const char *next_hop_pointer(const struct topology_route *r)
{
	return fact_pointer(r->part->schema, "nodeRoute", "nextHop");
}

static bool is_node_route(const struct topology_route *r)
{
	return r->part->resource && r->part->resource->node;
}

/* The subnet around the next hop, as the first subnet that has the table sees it. */
static const struct topology_subnet *hop_subnet(
	const struct checking *ck, const struct topology_route *r, const struct attached *at)
{
	return topology_subnet_near(
		ck->topology, at->count ? at->subnets[0]->network : NULL, &r->next_hop);
}

/* ---- next hops outside of the network and its peers ---- */

enum nearness {
	NEAR,
	FAR,
	NOT_KNOWN
};

static enum nearness nearness_of(const struct topology_network *n, const struct ip *ip)
{
	bool known = n->space.count > 0;
	if (prefixes_have(&n->space, ip))
		return NEAR;
	for (size_t i = 0; i < n->npeerings; i++) {
		const struct topology_peering *p = n->peerings[i];
		const struct prefixes *space =
			p->remote && p->remote->space.count ? &p->remote->space : &p->remote_space;
		known &= space->count > 0;
		if (prefixes_have(space, ip))
			return NEAR;
	}
	return known ? FAR : NOT_KNOWN;
}

/* The first subnet from whose network the next hop cannot be reached, or NULL. */
static const struct topology_subnet *far_subnet(
	const struct topology_route *r, const struct attached *at)
{
	const struct topology_network *last = NULL;
	for (size_t i = 0; i < at->count; i++) {
		const struct topology_network *n = at->subnets[i]->network;
		if (n && n != last && nearness_of(n, &r->next_hop) == FAR)
			return at->subnets[i];
		last = n;
	}
	return NULL;
}

struct far {
	const struct topology_route *route;
	const struct topology_subnet *subnet;
};

static void count_outside(struct checking *ck, const struct topology_route *r,
	const struct attached *at, void *context)
{
	const struct topology_subnet *s = NULL;
	if (r->part->resource && has_appliance(r))
		s = far_subnet(r, at);
	if (s)
		tally_add(ck, context, r->part->resource->pointer, r->table->part->id,
			(struct tally){ .one = r, .other = s });
}

void check_next_hop_outside(struct checking *ck)
{
	struct tallies all = tallies_new(ck);
	each_route(ck, count_outside, &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct topology_route *r = all.items[i].one;
		const struct topology_subnet *s = all.items[i].other;
		if (!check_found(ck, route_place(ck, r, next_hop_pointer(r)), subject_of_route(r),
			    subject_of(s->part),
			    "next hop %s of %s is outside %s and its peers, and %s has the table%s",
			    ip_name(ck, &r->next_hop), part_name(ck, r->part),
			    part_name(ck, s->network->part), part_name(ck, s->part),
			    tally_more(ck, &all.items[i])))
			continue;
		diag_note(ck->diags, range_place(ck, s->network->part, 0), "the address space");
		diag_help(ck->diags,
			"an appliance is reached inside the network or a direct peer "
			"of it alone");
	}
}

/* ---- next hops that nothing can have ---- */

static void tell_reserved(struct checking *ck, const struct topology_route *r,
	const struct attached *at, void *context)
{
	size_t range = 0;
	(void)context;
	if (!r->part->resource || !has_appliance(r) || is_node_route(r))
		return;
	const struct topology_subnet *s = hop_subnet(ck, r, at);
	if (!s || !is_reserved(s, &r->next_hop, &range) ||
		!check_found(ck, route_place(ck, r, next_hop_pointer(r)), subject_of_route(r),
			subject_of(s->part), "Azure keeps next hop %s of %s for itself in %s",
			ip_name(ck, &r->next_hop), part_name(ck, r->part), part_name(ck, s->part)))
		return;
	diag_note(ck->diags, range_place(ck, s->part, range), "the subnet");
	diag_help(ck->diags,
		"the first four addresses of a subnet and the last one are no "
		"appliance's");
}

void check_next_hop_reserved(struct checking *ck)
{
	each_route(ck, tell_reserved, NULL);
}

/* ---- next hops that nobody has ---- */

struct nobody {
	const struct topology_node **some; /* by subnet: a node in it, or NULL */
	bool stale;                        /* asked for stale routes, else for the others */
};

static const struct topology_node **some_nodes(const struct checking *ck)
{
	const struct topology *t = ck->topology;
	const struct topology_node **some =
		arena_alloc(ck->arena, (t->nsubnets + 1) * sizeof *some);
	for (size_t i = 0; i < t->nnodes; i++)
		if (t->nodes[i].subnet)
			some[subnet_index(ck, t->nodes[i].subnet)] = &t->nodes[i];
	return some;
}

/* Whether it goes to one pod CIDR, as the routes to the nodes of the subnet do. */
static bool looks_like_a_node_route(const struct topology_route *r, const struct topology_node *n)
{
	for (size_t i = 0; r->is_prefix && i < n->pods.count; i++)
		if (n->pods.items[i].base.family == r->prefix.base.family)
			return n->pods.items[i].length == r->prefix.length;
	return false;
}

static void tell_stale(
	struct checking *ck, const struct topology_route *r, const struct topology_subnet *s)
{
	if (!check_found(ck, route_place(ck, r, next_hop_pointer(r)), subject_of_route(r),
		    subject_of(s->part), "%s%s sends %s to %s, a node that is gone from %s",
		    part_name(ck, r->part), r->part->resource ? "" : ", which is not ours,",
		    r->prefix_text, ip_name(ck, &r->next_hop), part_name(ck, s->part)))
		return;
	diag_note(ck->diags, part_place(ck, s->part, NULL), "the subnet of the nodes");
	diag_help(ck->diags, "take the route away, or declare the node");
}

static void tell_unknown(
	struct checking *ck, const struct topology_route *r, const struct topology_subnet *s)
{
	const char *why = s
		? arena_printf(ck->arena, "no node in %s has it", part_name(ck, s->part))
		: "no subnet holds it";
	if (!check_found(ck, route_place(ck, r, next_hop_pointer(r)), subject_of_route(r),
		    s ? subject_of(s->part) : (struct subject){ 0 }, "next hop %s of %s: %s",
		    ip_name(ck, &r->next_hop), part_name(ck, r->part), why))
		return;
	if (s)
		diag_note(ck->diags, part_place(ck, s->part, NULL), "a subnet of nodes");
	diag_help(ck->diags, "correct the address; or say with `ignore` which appliance it is");
}

static void find_nobody(struct checking *ck, const struct topology_route *r,
	const struct attached *at, void *context)
{
	const struct nobody *n = context;
	size_t count = 0, range = 0;
	if (!has_appliance(r) || is_node_route(r) || at->count == 0 ||
		topology_address(ck->topology, &r->next_hop, &count))
		return;
	const struct topology_subnet *s = hop_subnet(ck, r, at);
	if (s && is_reserved(s, &r->next_hop, &range))
		return;
	const struct topology_node *some = s ? n->some[subnet_index(ck, s)] : NULL;
	/* In a subnet without nodes an appliance may well stand. */
	if (s && !some)
		return;
	bool stale = some && looks_like_a_node_route(r, some);
	if (stale && n->stale)
		tell_stale(ck, r, s);
	bool near = at->subnets[0]->network &&
		prefixes_have(&at->subnets[0]->network->space, &r->next_hop);
	if (!stale && !n->stale && r->part->resource &&
		(s || (near && network_is_whole(ck, at->subnets[0]->network))))
		tell_unknown(ck, r, s);
}

static void check_nobody(struct checking *ck, bool stale)
{
	struct nobody n = { .stale = stale };
	if (!all_nodes_are_known(ck))
		return;
	n.some = some_nodes(ck);
	each_route(ck, find_nobody, &n);
}

void check_next_hop_unknown(struct checking *ck)
{
	check_nobody(ck, false);
}

void check_route_stale(struct checking *ck)
{
	check_nobody(ck, true);
}

/* ---- default routes ---- */

/* Whether a service tag keeps the way to Azure open. */
static bool leaves_azure_open(const struct topology_table *table)
{
	for (size_t i = 0; i < table->nroutes; i++) {
		const struct topology_route *r = table->routes[i];
		if (!r->is_prefix && r->hop == HOP_INTERNET && r->prefix_text &&
			text_starts_nocase(r->prefix_text, "AzureCloud"))
			return true;
	}
	return false;
}

static void tell_default(struct checking *ck, const struct topology_route *r,
	const struct attached *at, void *context)
{
	const size_t *nodes = context;
	bool captures = r->is_prefix && r->prefix.length == 0 && r->hop != HOP_INTERNET &&
		r->hop != HOP_LOCAL && r->hop != HOP_UNKNOWN;
	for (size_t i = 0; captures && i < at->count; i++) {
		const struct topology_subnet *s = at->subnets[i];
		if (nodes[subnet_index(ck, s)] == 0 || leaves_azure_open(r->table))
			continue;
		const char *prefix = fact_pointer(r->part->schema, "nodeRoute", "prefix");
		if (!check_found(ck, route_place(ck, r, prefix), subject_of_route(r),
			    subject_of(s->part),
			    "%s takes the way to Azure itself from the nodes in %s",
			    part_name(ck, r->part), part_name(ck, s->part)))
			return;
		diag_note(ck->diags, part_place(ck, s->part, NULL), "the subnet");
		diag_help(ck->diags,
			"add a route of AzureCloud to the Internet; or say with `ignore` that what "
			"the route leads to lets Azure through");
		return;
	}
}

void check_default_route(struct checking *ck)
{
	each_route(ck, tell_default, nodes_by_subnet(ck));
}

/* ---- loops ---- */

static void tell_loop(struct checking *ck, const struct topology_route *r,
	const struct attached *at, void *context)
{
	size_t count = 0;
	(void)context;
	/* What is far away may end at the appliance, in a tunnel; what is all around it does not.
	 */
	if (!has_appliance(r) || !r->part->resource || is_node_route(r) || !r->is_prefix ||
		!prefix_has_ip(&r->prefix, &r->next_hop))
		return;
	const struct topology_address *who = topology_address(ck->topology, &r->next_hop, &count);
	const struct topology_subnet *s = hop_subnet(ck, r, at);
	/* A node is where the packet ends. */
	if (who && who->node)
		return;
	for (size_t i = 0; s && i < at->count; i++) {
		if (at->subnets[i] != s)
			continue;
		if (!check_found(ck, route_place(ck, r, next_hop_pointer(r)), subject_of_route(r),
			    subject_of(s->part),
			    "appliance %s is in %s, whose own table sends %s back to it",
			    ip_name(ck, &r->next_hop), part_name(ck, s->part), r->prefix_text))
			return;
		diag_note(ck->diags, part_place(ck, s->part, NULL), "the subnet of the appliance");
		diag_help(ck->diags,
			"put the appliance into a subnet of its own, with another "
			"table");
	}
}

void check_appliance_loop(struct checking *ck)
{
	each_route(ck, tell_loop, NULL);
}

/* ---- service tags ---- */

static bool is_region(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text))
			return false;
	return true;
}

static void tell_tag(struct checking *ck, const struct topology_route *r, const struct attached *at,
	void *context)
{
	(void)at;
	(void)context;
	if (r->is_prefix || !r->prefix_text || !r->part->resource)
		return;
	const json_t *tags = json_object_get(r->part->schema->facts, "serviceTags");
	const char *dot = strchr(r->prefix_text, '.');
	size_t length = dot ? (size_t)(dot - r->prefix_text) : strlen(r->prefix_text);
	const char *tag = arena_strndup(ck->arena, r->prefix_text, length);
	const char **names = NULL;
	size_t count = 0, i;
	const json_t *name;
	json_array_foreach (tags, i, name) {
		if (text_same_nocase(json_string_value(name), tag) && (!dot || is_region(dot + 1)))
			return;
		*ARENA_PUSH(ck->arena, names, count) = json_string_value(name);
	}
	const char *prefix = fact_pointer(r->part->schema, "nodeRoute", "prefix");
	if (!check_found(ck, route_place(ck, r, prefix), subject_of_route(r), (struct subject){ 0 },
		    "`%s` is no service tag that is known here", r->prefix_text))
		return;
	const char *near = text_nearest(tag, names, count);
	if (near && !text_same_nocase(near, tag))
		diag_help(ck->diags, "did you mean `%s%s`?", near, dot ? dot : "");
	else
		diag_help(ck->diags,
			"a tag is a name, as Storage, or one with a region, as "
			"Storage.japaneast");
}

void check_service_tag(struct checking *ck)
{
	each_route(ck, tell_tag, NULL);
}
