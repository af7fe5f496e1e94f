/* SPDX-License-Identifier: Apache-2.0 */
/* check_pods.c - pod CIDRs against each other, against networks and against routes */
#include <string.h>

#include "engine/base/text.h"
#include "engine/network/checks_internal.h"

enum item_kind {
	KIND_OF_POD,
	KIND_OF_OTHER
};

struct found {
	const struct overlap_item *outer, *inner;
};

struct scan {
	struct checking *ck;
	struct overlap_item *items; /* room for all pods, and for all ranges of networks */
	size_t count;
	struct tallies tallies;
};

static void add_item(struct scan *s, const struct prefix *p, enum item_kind kind, const void *owner,
	size_t index)
{
	s->items[s->count] = (struct overlap_item){ .prefix = *p,
		.kind = (unsigned)kind,
		.order = s->count,
		.owner = owner,
		.index = index };
	s->count++;
}

static size_t items_most(const struct topology *t)
{
	size_t count = 1;
	for (size_t i = 0; i < t->nnodes; i++)
		count += t->nodes[i].pods.count;
	for (size_t i = 0; i < t->nsubnets; i++)
		count += t->subnets[i].prefixes.count;
	for (size_t i = 0; i < t->nnetworks; i++)
		count += t->networks[i].space.count;
	return count;
}

static struct scan scan_new(struct checking *ck)
{
	const struct topology *t = ck->topology;
	struct scan s = { .ck = ck, .tallies = tallies_new(ck) };
	s.items = arena_alloc(ck->arena, items_most(t) * sizeof *s.items);
	for (size_t i = 0; i < t->nnodes; i++)
		for (size_t k = 0; k < t->nodes[i].pods.count; k++)
			add_item(&s, &t->nodes[i].pods.items[k], KIND_OF_POD, &t->nodes[i], k);
	return s;
}

static const struct found *found_new(
	struct checking *ck, const struct overlap_item *outer, const struct overlap_item *inner)
{
	struct found *f = ARENA_NEW(ck->arena, struct found);
	*f = (struct found){ outer, inner };
	return f;
}

/* ---- each other ---- */

static void add_pods(
	void *context, const struct overlap_item *outer, const struct overlap_item *inner)
{
	struct scan *s = context;
	const struct topology_node *a = outer->owner, *b = inner->owner;
	bool is_one = a->set != b->set && text_same_nocase(a->node->name, b->node->name) &&
		prefix_same(&outer->prefix, &inner->prefix);
	if (a == b || is_one)
		return;
	tally_add(s->ck, &s->tallies, a->node->pointer, b->node->pointer,
		(struct tally){ .one = found_new(s->ck, outer, inner) });
}

void check_pod_overlap(struct checking *ck)
{
	struct scan s = scan_new(ck);
	overlap_scan(s.items, s.count, add_pods, &s);
	for (size_t i = 0; i < s.tallies.count; i++) {
		const struct found *f = s.tallies.items[i].one;
		const struct topology_node *a = f->outer->owner, *b = f->inner->owner;
		if (!check_found(ck, pod_place(ck, b, f->inner->index), subject_of_set(b->set),
			    subject_of_set(a->set),
			    "pod CIDR %s of node `%s` overlaps %s of `%s`%s",
			    prefix_name(ck, &f->inner->prefix), b->node->name,
			    prefix_name(ck, &f->outer->prefix), a->node->name,
			    tally_more(ck, &s.tallies.items[i])))
			continue;
		diag_note(ck->diags, pod_place(ck, a, f->outer->index), "node `%s`", a->node->name);
		diag_help(ck->diags, "the pods of each node need a range of their own");
	}
}

/* ---- networks ---- */

/* Whether the network is one in which the node is, or a peer of it; all of them when it is not
 * known where the node is. */
static bool concerns(const struct topology_node *n, const struct topology_network *network)
{
	const struct topology_network *own = n->subnet ? n->subnet->network : NULL;
	return !own || own == network || topology_peering_with(own, network);
}

static bool concerns_item(
	const struct topology_node *n, const struct overlap_item *item, bool is_subnet)
{
	const struct topology_subnet *s = item->owner;
	const struct topology_network *network =
		is_subnet ? s->network : (const struct topology_network *)item->owner;
	return network && concerns(n, network);
}

struct network_scan {
	struct scan scan;
	bool is_subnets;
	json_t *in_subnets; /* NULL, or pods that a subnet overlaps: told there */
};

static const char *pod_key(struct checking *ck, const struct overlap_item *pod)
{
	return arena_printf(ck->arena, "%p %zu", (const void *)pod->owner, pod->index);
}

static void add_network(
	void *context, const struct overlap_item *outer, const struct overlap_item *inner)
{
	struct network_scan *s = context;
	struct checking *ck = s->scan.ck;
	if (outer->kind == inner->kind)
		return;
	const struct overlap_item *pod = outer->kind == KIND_OF_POD ? outer : inner;
	const struct overlap_item *other = outer->kind == KIND_OF_POD ? inner : outer;
	const struct topology_node *n = pod->owner;
	if (!concerns_item(n, other, s->is_subnets))
		return;
	if (s->is_subnets && s->in_subnets) {
		(void)json_object_set_new(s->in_subnets, pod_key(ck, pod), json_true());
		return;
	}
	if (s->in_subnets && json_object_get(s->in_subnets, pod_key(ck, pod)))
		return;
	tally_add(ck, &s->scan.tallies, n->node->pointer,
		arena_printf(ck->arena, "%p", (const void *)other->owner),
		(struct tally){ .one = found_new(ck, pod, other) });
}

static void scan_subnets(struct network_scan *s)
{
	const struct topology *t = s->scan.ck->topology;
	s->is_subnets = true;
	for (size_t i = 0; i < t->nsubnets; i++)
		for (size_t k = 0; k < t->subnets[i].prefixes.count; k++)
			add_item(&s->scan, &t->subnets[i].prefixes.items[k], KIND_OF_OTHER,
				&t->subnets[i], k);
	overlap_scan(s->scan.items, s->scan.count, add_network, s);
}

static void tell_networks(const struct network_scan *s)
{
	struct checking *ck = s->scan.ck;
	for (size_t i = 0; i < s->scan.tallies.count; i++) {
		const struct found *f = s->scan.tallies.items[i].one;
		const struct topology_node *n = f->outer->owner;
		const struct topology_part *part = s->is_subnets
			? ((const struct topology_subnet *)f->inner->owner)->part
			: ((const struct topology_network *)f->inner->owner)->part;
		if (!check_found(ck, pod_place(ck, n, f->outer->index), subject_of_set(n->set),
			    subject_of(part), "pod CIDR %s of node `%s` overlaps %s of %s%s",
			    prefix_name(ck, &f->outer->prefix), n->node->name,
			    prefix_name(ck, &f->inner->prefix), part_name(ck, part),
			    tally_more(ck, &s->scan.tallies.items[i])))
			continue;
		diag_note(ck->diags, range_place(ck, part, f->inner->index), "%s",
			part_name(ck, part));
		diag_help(ck->diags, "take pod CIDRs from a range that no network has");
	}
}

void check_pod_in_subnet(struct checking *ck)
{
	struct network_scan s = { .scan = scan_new(ck) };
	scan_subnets(&s);
	tell_networks(&s);
}

void check_pod_in_network(struct checking *ck)
{
	const struct topology *t = ck->topology;
	struct network_scan subnets = { .scan = scan_new(ck),
		.in_subnets = arena_json(ck->arena, json_object()) };
	scan_subnets(&subnets);
	struct network_scan s = { .scan = scan_new(ck), .in_subnets = subnets.in_subnets };
	for (size_t i = 0; i < t->nnetworks; i++)
		for (size_t k = 0; k < t->networks[i].space.count; k++)
			add_item(&s.scan, &t->networks[i].space.items[k], KIND_OF_OTHER,
				&t->networks[i], k);
	overlap_scan(s.scan.items, s.scan.count, add_network, &s);
	tell_networks(&s);
}
