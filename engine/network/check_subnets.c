/* SPDX-License-Identifier: Apache-2.0 */
/* check_subnets.c - ranges of networks and subnets */
#include "engine/network/checks_internal.h"

#define SMALLEST_IPV4 29u
#define ONLY_IPV6 64u

static bool is_inside(const struct prefixes *space, const struct prefix *p)
{
	for (size_t i = 0; i < space->count; i++)
		if (prefix_contains(&space->items[i], p))
			return true;
	return false;
}

void check_subnet_outside(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nsubnets; i++) {
		const struct topology_subnet *s = &t->subnets[i];
		const struct topology_network *n = s->network;
		if (!n || n->space.count == 0 || (!s->part->resource && !n->part->resource))
			continue;
		for (size_t k = 0; k < s->prefixes.count; k++) {
			if (is_inside(&n->space, &s->prefixes.items[k]))
				continue;
			const char *range = prefix_name(ck, &s->prefixes.items[k]);
			if (!check_found(ck, range_place(ck, s->part, k), subject_of(s->part),
				    subject_of(n->part),
				    "%s of %s is outside the address space of %s", range,
				    part_name(ck, s->part), part_name(ck, n->part)))
				continue;
			diag_note(ck->diags, range_place(ck, n->part, 0), "the address space");
			diag_help(ck->diags,
				"give the network the range %s, or the subnet one of the network's",
				range);
		}
	}
}

static void tell_subnets(
	void *context, const struct overlap_item *outer, const struct overlap_item *inner)
{
	struct checking *ck = context;
	const struct topology_subnet *a = outer->owner, *b = inner->owner;
	if (!a->part->resource && !b->part->resource)
		return;
	if (!check_found(ck, range_place(ck, b->part, inner->index), subject_of(b->part),
		    subject_of(a->part), "%s of %s overlaps %s of %s",
		    prefix_name(ck, &inner->prefix), part_name(ck, b->part),
		    prefix_name(ck, &outer->prefix), part_name(ck, a->part)))
		return;
	diag_note(ck->diags, range_place(ck, a->part, outer->index), "%s", part_name(ck, a->part));
	diag_help(ck->diags, "subnets of one network share no address: move or shrink one of them");
}

void check_subnet_overlap(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nnetworks; i++) {
		const struct topology_network *n = &t->networks[i];
		struct overlap_item *items = NULL;
		size_t count = 0;
		for (size_t k = 0; k < n->nsubnets; k++)
			for (size_t m = 0; m < n->subnets[k]->prefixes.count; m++) {
				struct overlap_item *item = ARENA_PUSH(ck->arena, items, count);
				*item = (struct overlap_item){
					.prefix = n->subnets[k]->prefixes.items[m],
					.order = k,
					.owner = n->subnets[k],
					.index = m
				};
			}
		overlap_scan(items, count, tell_subnets, ck);
	}
}

void check_subnet_size(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nsubnets; i++) {
		const struct topology_subnet *s = &t->subnets[i];
		for (size_t k = 0; k < s->prefixes.count && s->part->resource; k++) {
			const struct prefix *p = &s->prefixes.items[k];
			bool is_ipv4 = p->base.family == FAMILY_IPV4;
			if (is_ipv4 ? p->length <= SMALLEST_IPV4 : p->length == ONLY_IPV6)
				continue;
			if (!check_found(ck, range_place(ck, s->part, k), subject_of(s->part),
				    (struct subject){ 0 }, "%s is no size for a subnet",
				    prefix_name(ck, p)))
				continue;
			diag_help(ck->diags, "%s",
				is_ipv4 ? "Azure keeps five addresses of each subnet, so the "
					  "smallest is a /29"
					: "an IPv6 range of a subnet is exactly a /64");
		}
	}
}

/* ---- networks that route to each other ---- */

struct ranges {
	struct overlap_item *items;
	size_t count;
};

static void add_ranges(struct checking *ck, struct ranges *all, const struct topology_part *part,
	const struct prefixes *space, size_t order)
{
	for (size_t i = 0; i < space->count; i++) {
		struct overlap_item *item = ARENA_PUSH(ck->arena, all->items, all->count);
		*item = (struct overlap_item){
			.prefix = space->items[i], .order = order, .owner = part, .index = i
		};
	}
}

static void tell_networks(
	void *context, const struct overlap_item *outer, const struct overlap_item *inner)
{
	struct checking *ck = context;
	const struct topology_part *a = outer->owner, *b = inner->owner;
	if (a == b && outer->index == inner->index)
		return;
	if ((!a->resource && !b->resource) ||
		!check_first(ck, arena_printf(ck->arena, "%s %zu", a->id, outer->index),
			arena_printf(ck->arena, "%s %zu", b->id, inner->index)))
		return;
	const struct topology_part *at = b->resource ? b : a, *with = b->resource ? a : b;
	const struct overlap_item *at_item = b->resource ? inner : outer;
	const struct overlap_item *with_item = b->resource ? outer : inner;
	if (!check_found(ck, range_place(ck, at, at_item->index), subject_of(at), subject_of(with),
		    "%s of %s overlaps %s of %s", prefix_name(ck, &at_item->prefix),
		    part_name(ck, at), prefix_name(ck, &with_item->prefix), part_name(ck, with)))
		return;
	diag_note(ck->diags, range_place(ck, with, with_item->index), "%s", part_name(ck, with));
	diag_help(ck->diags, "%s",
		a == b ? "the ranges of one network are apart: take one of the two away"
		       : "networks that are peered or share a node set must have ranges of their "
			 "own");
}

/* Peers of one network may not overlap either: ARM refuses the second peering. */
static void check_peers(struct checking *ck, const struct topology_network *n, size_t order)
{
	struct ranges all = { 0 };
	const struct topology *t = ck->topology;
	add_ranges(ck, &all, n->part, &n->space, order);
	for (size_t i = 0; i < n->npeerings; i++) {
		const struct topology_peering *p = n->peerings[i];
		if (p->remote)
			add_ranges(ck, &all, p->remote->part, &p->remote->space,
				(size_t)(p->remote - t->networks));
		else
			add_ranges(ck, &all, p->part, &p->remote_space, t->nnetworks + i);
	}
	overlap_scan(all.items, all.count, tell_networks, ck);
}

/* The networks that nodes of one set are in. `first` counts nodes that stand together. */
static size_t check_set(struct checking *ck, size_t first)
{
	const struct topology *t = ck->topology;
	struct ranges all = { 0 };
	const struct topology_network *last = NULL;
	bool *taken = arena_alloc(ck->arena, (t->nnetworks + 1) * sizeof *taken);
	size_t i = first;
	for (; i < t->nnodes && t->nodes[i].set == t->nodes[first].set; i++) {
		const struct topology_subnet *s = t->nodes[i].subnet;
		if (!s || !s->network || s->network == last)
			continue;
		last = s->network;
		size_t order = (size_t)(last - t->networks);
		if (!taken[order])
			add_ranges(ck, &all, last->part, &last->space, order);
		taken[order] = true;
	}
	overlap_scan(all.items, all.count, tell_networks, ck);
	return i;
}

void check_network_overlap(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nnetworks; i++)
		check_peers(ck, &t->networks[i], i);
	for (size_t i = 0; i < t->nnodes;)
		i = check_set(ck, i);
}

/* ---- ranges that Azure keeps for itself ---- */

static const char *const forbidden_ranges[] = { "224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8",
	"169.254.0.0/16", "168.63.129.16/32", "::1/128", "fe80::/10", "ff00::/8" };

struct forbidden {
	struct prefix ranges[ARRAY_LEN(forbidden_ranges)];
};

static struct forbidden read_forbidden(void)
{
	struct forbidden f;
	for (size_t i = 0; i < ARRAY_LEN(forbidden_ranges); i++)
		(void)prefix_parse(&f.ranges[i], forbidden_ranges[i]);
	return f;
}

static const char *is_forbidden(const struct forbidden *f, const struct prefix *p)
{
	for (size_t i = 0; i < ARRAY_LEN(forbidden_ranges); i++)
		if (prefix_overlaps(&f->ranges[i], p))
			return forbidden_ranges[i];
	return NULL;
}

static void check_part_ranges(struct checking *ck, const struct forbidden *f,
	const struct topology_part *part, const struct prefixes *ranges)
{
	for (size_t i = 0; i < ranges->count && part->resource; i++) {
		const char *taken = is_forbidden(f, &ranges->items[i]);
		if (taken &&
			check_found(ck, range_place(ck, part, i), subject_of(part),
				(struct subject){ 0 },
				"%s of %s overlaps %s, which no network may have",
				prefix_name(ck, &ranges->items[i]), part_name(ck, part), taken))
			diag_help(ck->diags, "use private ranges, such as those in 10.0.0.0/8");
	}
}

static void check_pod_ranges(struct checking *ck, const struct forbidden *f)
{
	const struct topology *t = ck->topology;
	struct tallies all = tallies_new(ck);
	for (size_t i = 0; i < t->nnodes; i++)
		for (size_t k = 0; k < t->nodes[i].pods.count; k++)
			if (is_forbidden(f, &t->nodes[i].pods.items[k]))
				tally_add(ck, &all, t->nodes[i].node->pointer, "",
					(struct tally){ .one = &t->nodes[i], .index = k });
	for (size_t i = 0; i < all.count; i++) {
		const struct topology_node *n = all.items[i].one;
		size_t index = all.items[i].index;
		if (check_found(ck, pod_place(ck, n, index), subject_of_set(n->set),
			    (struct subject){ 0 },
			    "pod CIDR %s of node `%s` overlaps %s, which no network may have%s",
			    prefix_name(ck, &n->pods.items[index]), n->node->name,
			    is_forbidden(f, &n->pods.items[index]), tally_more(ck, &all.items[i])))
			diag_help(ck->diags, "use private ranges, such as those in 10.0.0.0/8");
	}
}

void check_forbidden_range(struct checking *ck)
{
	const struct topology *t = ck->topology;
	const struct forbidden f = read_forbidden();
	for (size_t i = 0; i < t->nnetworks; i++)
		check_part_ranges(ck, &f, t->networks[i].part, &t->networks[i].space);
	/* A subnet is inside of its network, where that is known. */
	for (size_t i = 0; i < t->nsubnets; i++)
		if (!t->subnets[i].network || t->subnets[i].network->space.count == 0)
			check_part_ranges(ck, &f, t->subnets[i].part, &t->subnets[i].prefixes);
	check_pod_ranges(ck, &f);
}
