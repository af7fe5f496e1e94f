/* SPDX-License-Identifier: Apache-2.0 */
/* between_new.c - pairs the objects of two moments, and finds the turns that make a difference */
#include <assert.h>
#include <stdlib.h>

#include "engine/base/text.h"
#include "engine/network/between_internal.h"
#include "engine/network/topology_internal.h"

struct maker {
	struct between *b;
	const struct turn *turns;
	size_t nturns;
	struct topology_part *parts;
	size_t nparts;
};

/* ---- objects of both moments ---- */

/* Arrays of objects that begin with their part, both sorted by id: each id once. */
static void merge(struct maker *m, const void *now, size_t nnow, const void *after, size_t nafter,
	size_t size)
{
	const char *x = now, *y = after;
	while (nnow || nafter) {
		const struct topology_part *p = nnow ? *(struct topology_part *const *)x : NULL;
		const struct topology_part *q = nafter ? *(struct topology_part *const *)y : NULL;
		int order = !p ? 1 : !q ? -1 : text_compare_nocase(p->id, q->id);
		const struct topology_part *first = order <= 0 ? p : q;
		assert(first && "one of the two has some left");
		*ARENA_PUSH(m->b->arena, m->parts, m->nparts) = *first;
		if (order <= 0) {
			x += size;
			nnow--;
		}
		if (order >= 0) {
			y += size;
			nafter--;
		}
	}
}

static void find_objects(struct maker *m, const struct catalog *catalog)
{
	struct between *b = m->b;
	const struct topology *x = b->now, *y = b->after;
	merge(m, x->networks, x->nnetworks, y->networks, y->nnetworks, sizeof *x->networks);
	merge(m, x->subnets, x->nsubnets, y->subnets, y->nsubnets, sizeof *x->subnets);
	merge(m, x->tables, x->ntables, y->tables, y->ntables, sizeof *x->tables);
	merge(m, x->peerings, x->npeerings, y->peerings, y->npeerings, sizeof *x->peerings);
	b->all = topology_bare(b->arena, catalog, m->parts, m->nparts, false);
	b->networks = arena_alloc(b->arena, (b->all->nnetworks + 1) * sizeof *b->networks);
	b->subnets = arena_alloc(b->arena, (b->all->nsubnets + 1) * sizeof *b->subnets);
	b->tables = arena_alloc(b->arena, (b->all->ntables + 1) * sizeof *b->tables);
	b->peerings = arena_alloc(b->arena, (b->all->npeerings + 1) * sizeof *b->peerings);
}

static struct turns turns_of(const struct maker *m, const struct topology_part *part)
{
	size_t low = 0, high = m->nturns;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (text_compare_nocase(m->turns[middle].id, part->id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	struct turns turns = { &m->turns[low], 0 };
	while (low + turns.count < m->nturns &&
		text_same_nocase(turns.items[turns.count].id, part->id))
		turns.count++;
	return turns;
}

/* ---- what makes a difference ---- */

static bool same_prefixes(const struct prefixes *x, const struct prefixes *y)
{
	for (size_t i = 0; i < x->count && i < y->count; i++)
		if (!prefix_same(&x->items[i], &y->items[i]))
			return false;
	return x->count == y->count;
}

static bool is_plain(const struct turns *turns)
{
	return turns->count == 1 && turns->items[0].to == TURN_AFTER;
}

static bool same_table(const struct topology_subnet *x, const struct topology_subnet *y)
{
	if (!x->table_id || !y->table_id)
		return !x->table_id && !y->table_id;
	return !x->table == !y->table && text_same_nocase(x->table_id, y->table_id);
}

static void pair_subnets(struct maker *m)
{
	struct between *b = m->b;
	for (size_t i = 0; i < b->all->nsubnets; i++) {
		const struct topology_part *part = b->all->subnets[i].part;
		struct subnet *s = &b->subnets[i];
		*s = (struct subnet){ turns_of(m, part), topology_subnet(b->now, part->id),
			topology_subnet(b->after, part->id), false };
		bool same =
			s->now && s->after && same_prefixes(&s->now->prefixes, &s->after->prefixes);
		s->moves = s->turns.count && (!same || turns_delete(&s->turns));
		if (!s->moves && is_plain(&s->turns) && same_table(s->now, s->after))
			s->turns.count = 0;
		if (s->now)
			b->subnet_of_now[s->now - b->now->subnets] = i;
		if (s->after)
			b->subnet_of_after[s->after - b->after->subnets] = i;
		if (s->moves)
			*ARENA_PUSH(b->arena, b->moving, b->nmoving) = i;
	}
}

static void pair_tables(struct maker *m)
{
	struct between *b = m->b;
	for (size_t i = 0; i < b->all->ntables; i++) {
		const struct topology_part *part = b->all->tables[i].part;
		struct table *t = &b->tables[i];
		*t = (struct table){ .turns = turns_of(m, part),
			.now = topology_table(b->now, part->id),
			.after = topology_table(b->after, part->id) };
		if (t->now)
			b->table_of_now[t->now - b->now->tables] = i;
		if (t->after)
			b->table_of_after[t->after - b->after->tables] = i;
	}
}

static void pair_networks(struct maker *m)
{
	struct between *b = m->b;
	for (size_t i = 0; i < b->all->nnetworks; i++) {
		const struct topology_part *part = b->all->networks[i].part;
		struct network *n = &b->networks[i];
		*n = (struct network){ turns_of(m, part), topology_network(b->now, part->id),
			topology_network(b->after, part->id) };
		if (is_plain(&n->turns) && n->now && n->after &&
			same_prefixes(&n->now->space, &n->after->space))
			n->turns.count = 0;
	}
}

static const struct topology_peering *find_peering(const struct topology *t, const char *id)
{
	for (size_t low = 0, high = t->npeerings; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order = text_compare_nocase(id, t->peerings[middle].part->id);
		if (order == 0)
			return &t->peerings[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool same_peering(const struct topology_peering *x, const struct topology_peering *y)
{
	return x->connected == y->connected && x->allows_access == y->allows_access &&
		x->allows_forwarded == y->allows_forwarded &&
		x->uses_remote_gateways == y->uses_remote_gateways &&
		same_prefixes(&x->remote_space, &y->remote_space);
}

static void pair_peerings(struct maker *m)
{
	struct between *b = m->b;
	for (size_t i = 0; i < b->all->npeerings; i++) {
		const struct topology_part *part = b->all->peerings[i].part;
		struct peering *p = &b->peerings[i];
		*p = (struct peering){ turns_of(m, part), find_peering(b->now, part->id),
			find_peering(b->after, part->id) };
		if (is_plain(&p->turns) && p->now && p->after && same_peering(p->now, p->after))
			p->turns.count = 0;
	}
}

/* ---- where a lookup may depend on a step ---- */

static bool stirs(const struct between *b, const struct topology_network *n)
{
	if (b->networks[n - b->all->networks].turns.count)
		return true;
	for (size_t i = 0; i < n->npeerings; i++)
		if (b->peerings[n->peerings[i] - b->all->peerings].turns.count)
			return true;
	for (size_t i = 0; i < n->nsubnets; i++)
		if (b->subnets[n->subnets[i] - b->all->subnets].moves)
			return true;
	return false;
}

/* Peers count: their ranges are routes of ours, and next hops may be theirs. */
static bool stirs_around(const struct between *b, const bool *stirring, size_t network)
{
	const struct topology_network *n = &b->all->networks[network];
	bool any = stirring[network];
	for (size_t i = 0; i < n->npeerings; i++) {
		const struct topology_network *remote = n->peerings[i]->remote;
		any = any || (remote && stirring[remote - b->all->networks]);
	}
	return any;
}

static void watch(struct between *b)
{
	bool *stirring = arena_alloc(b->arena, b->all->nnetworks + 1);
	for (size_t i = 0; i < b->all->nnetworks; i++)
		stirring[i] = stirs(b, &b->all->networks[i]);
	b->watched = arena_alloc(b->arena, b->now->nsubnets + 1);
	for (size_t i = 0; i < b->now->nsubnets; i++) {
		const struct topology_subnet *s = &b->now->subnets[i];
		size_t index = b->subnet_of_now[i];
		const struct topology_network *n = b->all->subnets[index].network;
		b->watched[i] = b->subnets[index].turns.count ||
			(s->table &&
				b->tables[b->table_of_now[s->table - b->now->tables]]
					.turns.count) ||
			(n && stirs_around(b, stirring, (size_t)(n - b->all->networks)));
	}
}

static void index_still(struct between *b)
{
	struct trie_entry *entries = NULL;
	size_t count = 0;
	for (size_t i = 0; i < b->all->nsubnets; i++) {
		const struct topology_subnet *s = &b->all->subnets[i];
		for (size_t n = 0; n < s->prefixes.count && !b->subnets[i].moves; n++)
			*ARENA_PUSH(b->arena, entries, count) =
				(struct trie_entry){ .prefix = s->prefixes.items[n],
					.value = (uint32_t)i };
	}
	b->still = trie_build(b->arena, entries, count);
}

static bool has_turns(const struct between *b)
{
	for (size_t i = 0; i < b->now->nsubnets; i++)
		if (b->watched[i])
			return true;
	return false;
}

struct between *between_new(struct arena *a, struct reach *now, const struct reach *after,
	const struct turn *turns, size_t nturns)
{
	struct between *b = ARENA_NEW(a, struct between);
	struct maker m = { .b = b, .turns = turns, .nturns = nturns };
	*b = (struct between){ .arena = a,
		.reach_now = now,
		.reach_after = after,
		.now = now->topology,
		.after = after->topology };
	b->reach = (struct reach){ .arena = a, .topology = b->now, .between = b };
	b->subnet_of_now = arena_alloc(a, (b->now->nsubnets + 1) * sizeof(size_t));
	b->subnet_of_after = arena_alloc(a, (b->after->nsubnets + 1) * sizeof(size_t));
	b->table_of_now = arena_alloc(a, (b->now->ntables + 1) * sizeof(size_t));
	b->table_of_after = arena_alloc(a, (b->after->ntables + 1) * sizeof(size_t));
	find_objects(&m, b->now->catalog);
	pair_networks(&m);
	pair_subnets(&m);
	pair_tables(&m);
	pair_peerings(&m);
	watch(b);
	if (!has_turns(b))
		return NULL;
	index_still(b);
	now->watched = b->watched;
	return b;
}

/* The index of a subnet whose own steps matter, from 1. */
static size_t kind_of(const struct between *b, const struct topology_subnet *s,
	const struct topology *of, const size_t *index)
{
	size_t i = s ? index[s - of->subnets] : 0;
	return s && b->subnets[i].turns.count ? i + 1 : 0;
}

size_t between_kind(const struct between *b, const struct topology_node *now)
{
	const struct topology_subnet *after = b->after->nodes[now - b->now->nodes].subnet;
	return kind_of(b, now->subnet, b->now, b->subnet_of_now) * (b->all->nsubnets + 1) +
		kind_of(b, after, b->after, b->subnet_of_after);
}
