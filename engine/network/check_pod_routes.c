/* SPDX-License-Identifier: Apache-2.0 */
/* check_pod_routes.c - whether what is sent to a pod CIDR finds its node */
#include "engine/network/checks_internal.h"
#include "engine/network/reach.h"

/* ---- the tables that nodes of one set look into ---- */

struct set_tables {
	const struct topology_node *nodes; /* all of one set */
	size_t nnodes;
	const struct topology_table **tables;
	size_t ntables;
};

/* The set that begins at node `first`. */
static struct set_tables tables_of_set(const struct checking *ck, size_t first)
{
	const struct topology *t = ck->topology;
	struct set_tables out = { .nodes = &t->nodes[first] };
	bool *taken = arena_alloc(ck->arena, (t->ntables + 1) * sizeof *taken);
	for (size_t i = first; i < t->nnodes && t->nodes[i].set == t->nodes[first].set; i++) {
		const struct topology_subnet *s = t->nodes[i].subnet;
		out.nnodes++;
		if (!s || !s->table || taken[table_index(ck, s->table)])
			continue;
		taken[table_index(ck, s->table)] = true;
		*ARENA_PUSH(ck->arena, out.tables, out.ntables) = s->table;
	}
	return out;
}

/* Whether the routes given are all that the table has. */
static bool table_is_whole(const struct checking *ck, const struct topology_table *table)
{
	const struct resource *r = table->part->resource;
	return ck->is_read || (r && !r->existing);
}

static struct trie *trie_of(struct arena *a, const struct topology_table *table)
{
	struct trie_entry *entries = arena_alloc(a, table->nroutes * sizeof *entries);
	size_t count = 0;
	for (size_t i = 0; i < table->nroutes; i++)
		if (table->routes[i]->is_prefix)
			entries[count++] = (struct trie_entry){ .prefix = table->routes[i]->prefix,
				.origin = ORIGIN_USER,
				.value = (uint32_t)i };
	return trie_build(a, entries, count);
}

/* A default route through an appliance may lead there; any other one does not. */
static bool leads_somewhere(const struct topology_table *table, uint32_t index)
{
	if (index == TRIE_NONE)
		return false;
	const struct topology_route *r = table->routes[index];
	return r->prefix.length > 0 || r->hop == HOP_APPLIANCE || r->hop == HOP_GATEWAY ||
		r->hop == HOP_UNKNOWN;
}

static void check_table(
	struct checking *ck, const struct set_tables *set, const struct topology_table *table)
{
	struct tallies all = tallies_new(ck);
	struct arena *scratch = arena_new(); /* there may be hundreds of tables */
	const struct trie *trie = trie_of(scratch, table);
	for (size_t i = 0; i < set->nnodes; i++)
		for (size_t k = 0; k < set->nodes[i].pods.count; k++) {
			const struct prefix *pods = &set->nodes[i].pods.items[k];
			if (!leads_somewhere(table, trie_find(trie, &pods->base)))
				tally_add(ck, &all, set->nodes[i].node->pointer, "",
					(struct tally){ .one = &set->nodes[i], .index = k });
		}
	arena_free(scratch);
	for (size_t i = 0; i < all.count; i++) {
		const struct topology_node *n = all.items[i].one;
		size_t index = all.items[i].index;
		if (!check_found(ck, pod_place(ck, n, index), subject_of_set(n->set),
			    subject_of(table->part),
			    "%s has no route to pod CIDR %s of node `%s`%s",
			    part_name(ck, table->part), prefix_name(ck, &n->pods.items[index]),
			    n->node->name, tally_more(ck, &all.items[i])))
			continue;
		diag_note(ck->diags, part_place(ck, table->part, NULL), "the route table");
		diag_help(
			ck->diags, "add `nodeRoutes: [{nodeSet: %s}]` to the table", n->set->name);
	}
}

void check_pod_without_route(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nnodes;) {
		struct set_tables set = tables_of_set(ck, i);
		size_t serving = 0;
		for (size_t k = 0; k < set.ntables; k++)
			serving += table_serves(ck, set.tables[k], set.nodes->set);
		/* One that serves none, where others do, is a subnet's mistake: check_tables.c. */
		for (size_t k = 0; k < set.ntables; k++)
			if (table_is_whole(ck, set.tables[k]) &&
				(serving == 0 || table_serves(ck, set.tables[k], set.nodes->set)))
				check_table(ck, &set, set.tables[k]);
		i += set.nnodes;
	}
}

/* ---- routes that take part of a pod CIDR elsewhere ---- */

struct captured_scan {
	struct checking *ck;
	const struct set_tables *set;
	struct reach *reach; /* once it is asked */
	struct overlap_item *items;
	size_t count;
};

/* Whether the route brings the packet to the node all the same: to any address that its machine
 * has, or through an appliance that sends it on. */
static bool arrives(struct captured_scan *s, const struct topology_route *r,
	const struct topology_node *n, const struct prefix *prefix)
{
	const struct topology_node *from = NULL;
	if (r->hop != HOP_APPLIANCE || !r->has_next_hop)
		return false;
	if (node_has_ip(s->ck->topology, n, &r->next_hop))
		return true;
	for (size_t i = 0; i < s->set->nnodes && !from; i++) {
		const struct topology_node *other = &s->set->nodes[i];
		if (other != n && other->subnet && other->subnet->table == r->table)
			from = other;
	}
	if (!from)
		return false;
	if (!s->reach)
		s->reach = reach_new(s->ck->arena, s->ck->topology);
	struct reach_path path;
	reach_follow(s->reach, from, n, prefix, &path);
	return verdict_reaches(path.verdict);
}

static void tell_captured(
	void *context, const struct overlap_item *outer, const struct overlap_item *inner)
{
	struct captured_scan *s = context;
	struct checking *ck = s->ck;
	/* Nodes come first in order, so a route of the same prefix is the inner one. */
	if (outer->kind != 0 || inner->kind != 1)
		return;
	const struct topology_node *n = outer->owner;
	const struct topology_route *r = inner->owner;
	if (arrives(s, r, n, &inner->prefix))
		return;
	const char *prefix = fact_pointer(r->part->schema, "nodeRoute", "prefix");
	if (!check_found(ck, route_place(ck, r, prefix), subject_of_route(r),
		    subject_of_set(n->set), "%s%s takes %s away from node `%s`, whose pods have %s",
		    part_name(ck, r->part), r->part->resource ? "" : ", which is not ours,",
		    r->prefix_text, n->node->name, prefix_name(ck, &outer->prefix)))
		return;
	diag_note(ck->diags, pod_place(ck, n, outer->index), "node `%s`", n->node->name);
	diag_help(ck->diags, "take the route away, or send it to the node");
}

static void add_captured(struct captured_scan *s, const struct prefix *p, unsigned kind,
	const void *owner, size_t index)
{
	s->items[s->count] = (struct overlap_item){
		.prefix = *p, .kind = kind, .order = s->count, .owner = owner, .index = index
	};
	s->count++;
}

static size_t captured_most(const struct set_tables *set)
{
	size_t count = 0;
	for (size_t i = 0; i < set->nnodes; i++)
		count += set->nodes[i].pods.count;
	for (size_t i = 0; i < set->ntables; i++)
		count += set->tables[i]->nroutes;
	return count;
}

static void check_set_captured(struct checking *ck, const struct set_tables *set)
{
	struct arena *scratch = arena_new(); /* there may be hundreds of sets */
	struct captured_scan s = { .ck = ck, .set = set };
	s.items = arena_alloc(scratch, captured_most(set) * sizeof *s.items);
	for (size_t i = 0; i < set->nnodes; i++)
		for (size_t k = 0; k < set->nodes[i].pods.count; k++)
			add_captured(&s, &set->nodes[i].pods.items[k], 0, &set->nodes[i], k);
	for (size_t i = 0; i < set->ntables; i++)
		for (size_t k = 0; k < set->tables[i]->nroutes; k++) {
			const struct topology_route *r = set->tables[i]->routes[k];
			bool is_node_route = r->part->resource && r->part->resource->node;
			/* Of a kind that we do not know it may lead to the node. */
			if (r->is_prefix && !is_node_route && r->hop != HOP_UNKNOWN)
				add_captured(&s, &r->prefix, 1, r, 0);
		}
	overlap_scan(s.items, s.count, tell_captured, &s);
	arena_free(scratch);
}

void check_pod_captured(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nnodes;) {
		struct set_tables set = tables_of_set(ck, i);
		check_set_captured(ck, &set);
		i += set.nnodes;
	}
}
