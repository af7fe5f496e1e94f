/* SPDX-License-Identifier: Apache-2.0 */
/* drawing_tables.c - route tables with what is attached to them, their routes, and their next hops
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/network/reach.h"
#include "engine/plan/drawing_internal.h"

/* A next hop in a subnet that no node has: of a machine that was read, or of nobody known. */
struct stranger {
	const struct topology_subnet *subnet;
	struct ip ip;
	const char *name; /* of its NIC, or NULL */
	struct drawing_box *box;
};

/* The networks from which a table's routes are looked up. */
struct sources {
	const struct topology_network **items;
	size_t count;
};

struct tables {
	struct sketch *sketch;
	struct drawing_box **boxes, **boxes_now; /* by index; NULL: not drawn */
	struct sources *sources;                 /* of the planned ones */
	struct stranger **strangers;
	size_t nstrangers;
};

struct row {
	const struct topology_route *route, *before; /* before: as it stands, or NULL */
	enum drawing_mark mark;
	const char *set; /* of a node route, or NULL */
	const struct topology_node *node;
	const struct stranger *stranger; /* or NULL */
};

/* ---- tables ---- */

static bool *find_concerned(const struct sketch *s)
{
	const struct topology *t = s->planned;
	bool *concerned = arena_alloc(s->arena, t->ntables + 1);
	for (size_t i = 0; i < t->ntables; i++)
		concerned[i] = sketch_names(s, t->tables[i].part);
	for (size_t i = 0; i < t->nsubnets; i++)
		if (s->subnets[i] && t->subnets[i].table)
			concerned[t->subnets[i].table - t->tables] = true;
	for (size_t i = 0; i < s->now->nsubnets; i++) {
		const char *id = s->subnets_now[i] ? s->now->subnets[i].table_id : NULL;
		const struct topology_table *table = id ? topology_table(t, id) : NULL;
		if (table)
			concerned[table - t->tables] = true;
	}
	return concerned;
}

static struct drawing_box *add_table(
	struct sketch *s, const struct topology_table *table, enum drawing_mark mark)
{
	struct drawing_box *box = sketch_part(s, NULL, DRAWN_TABLE, mark, table->part);
	if (table->part->resource && table->part->resource->existing)
		sketch_say(box, "existing");
	return box;
}

static void add_tables(struct tables *t)
{
	struct sketch *s = t->sketch;
	const struct topology *planned = s->planned, *now = s->now;
	const bool *concerned = find_concerned(s);
	t->boxes = arena_alloc(s->arena, (planned->ntables + 1) * sizeof *t->boxes);
	t->boxes_now = arena_alloc(s->arena, (now->ntables + 1) * sizeof(*t->boxes_now));
	for (size_t i = 0; i < planned->ntables; i++)
		if (concerned[i])
			t->boxes[i] = add_table(
				s, &planned->tables[i], sketch_mark(s, planned->tables[i].part));
	for (size_t i = 0; i < now->ntables; i++) {
		const struct topology_table *table =
			topology_table(planned, now->tables[i].part->id);
		t->boxes_now[i] = table ? t->boxes[table - planned->tables]
					: add_table(s, &now->tables[i], MARK_DESTROYED);
	}
}

/* ---- attachments ---- */

/* The box of a table by its id; one that was not read gets a box as well. */
static struct drawing_box *table_box(struct tables *t, const char *id)
{
	struct sketch *s = t->sketch;
	const struct topology_table *table = topology_table(s->planned, id);
	if (table)
		return t->boxes[table - s->planned->tables];
	table = topology_table(s->now, id);
	if (table)
		return t->boxes_now[table - s->now->tables];
	const char *address = sketch_text(s, config_address_of(s->plan->config, id));
	for (size_t i = 0; i < s->drawing->ntop; i++) {
		struct drawing_box *top = s->drawing->boxes[i];
		if (top->kind == DRAWN_TABLE && text_same_nocase(top->address, address))
			return top;
	}
	const char *slash = strrchr(id, '/');
	struct drawing_box *box = sketch_box(s, NULL, DRAWN_TABLE, MARK_FOREIGN);
	box->name = sketch_text(s, slash ? slash + 1 : id);
	box->address = address;
	sketch_say(box, "not read");
	return box;
}

static void attach(
	struct tables *t, const struct drawing_box *subnet, const char *id, enum drawing_mark mark)
{
	struct drawing *d = t->sketch->drawing;
	sketch_line(t->sketch, &d->attachments, &d->nattachments, mark, subnet, table_box(t, id));
}

static void add_attachments(struct tables *t)
{
	const struct sketch *s = t->sketch;
	const struct topology *planned = s->planned, *now = s->now;
	for (size_t i = 0; i < planned->nsubnets; i++) {
		const struct topology_subnet *subnet = &planned->subnets[i];
		const struct topology_subnet *before = topology_subnet(now, subnet->part->id);
		const char *was = before ? before->table_id : NULL;
		if (!s->subnets[i])
			continue;
		bool stays = was && subnet->table_id && text_same_nocase(was, subnet->table_id);
		if (was && !stays)
			attach(t, s->subnets[i], was, MARK_DESTROYED);
		if (subnet->table_id)
			attach(t, s->subnets[i], subnet->table_id,
				!stays                                        ? MARK_ADDED
					: s->subnets[i]->mark == MARK_FOREIGN ? MARK_FOREIGN
									      : MARK_UNCHANGED);
	}
	for (size_t i = 0; i < now->nsubnets; i++)
		if (s->subnets_now[i] && now->subnets[i].table_id &&
			!topology_subnet(planned, now->subnets[i].part->id))
			attach(t, s->subnets_now[i], now->subnets[i].table_id, MARK_DESTROYED);
}

static void find_sources(struct tables *t)
{
	const struct topology *planned = t->sketch->planned;
	struct arena *a = t->sketch->arena;
	t->sources = arena_alloc(a, (planned->ntables + 1) * sizeof *t->sources);
	for (size_t i = 0; i < planned->nsubnets; i++) {
		const struct topology_subnet *subnet = &planned->subnets[i];
		if (!subnet->table || !subnet->network)
			continue;
		struct sources *from = &t->sources[subnet->table - planned->tables];
		bool known = false;
		for (size_t n = 0; n < from->count && !known; n++)
			known = from->items[n] == subnet->network;
		if (!known)
			*ARENA_PUSH(a, from->items, from->count) = subnet->network;
	}
}

/* ---- next hops ---- */

/* How near a network is to those from which a route is looked up: 2 one of them, 1 a peer. */
static unsigned nearness(const struct sources *from, const struct topology_network *n)
{
	unsigned near = 0;
	for (size_t i = 0; n && i < from->count && near < 2; i++) {
		if (from->items[i] == n)
			near = 2;
		else if (topology_peering_with(from->items[i], n))
			near = 1;
	}
	return near;
}

static const struct topology_address *owner_of(
	const struct sketch *s, const struct sources *from, const struct ip *ip)
{
	size_t count;
	const struct topology_address *all = topology_address(s->planned, ip, &count);
	const struct topology_address *best = all;
	unsigned nearest = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned near = nearness(from, all[i].subnet ? all[i].subnet->network : NULL);
		if (near > nearest) {
			nearest = near;
			best = &all[i];
		}
	}
	return best;
}

/* Networks may overlap where nothing joins them: the table's own come first, then their peers. */
static const struct topology_subnet *subnet_around(
	const struct sketch *s, const struct sources *from, const struct ip *ip)
{
	const struct topology_subnet *found = NULL;
	for (size_t i = 0; i < from->count && !found; i++)
		found = topology_subnet_in(from->items[i], ip);
	for (size_t i = 0; i < from->count && !found; i++)
		for (size_t n = 0; n < from->items[i]->npeerings && !found; n++)
			found = topology_subnet_in(from->items[i]->peerings[n]->remote, ip);
	return found ? found : topology_subnet_of(s->planned, ip);
}

/* Known or new; NULL where its subnet is not drawn. */
static const struct stranger *stranger_at(struct tables *t, const struct topology_subnet *subnet,
	const struct ip *ip, const char *nic_id)
{
	const struct sketch *s = t->sketch;
	if (!subnet || !s->subnets[subnet - s->planned->subnets])
		return NULL;
	for (size_t i = 0; i < t->nstrangers; i++)
		if (t->strangers[i]->subnet == subnet && ip_compare(&t->strangers[i]->ip, ip) == 0)
			return t->strangers[i];
	const char *slash = nic_id ? strrchr(nic_id, '/') : NULL;
	struct stranger *new = ARENA_NEW(s->arena, struct stranger);
	*new = (struct stranger){ .subnet = subnet, .ip = *ip, .name = slash ? slash + 1 : NULL };
	*ARENA_PUSH(s->arena, t->strangers, t->nstrangers) = new;
	return new;
}

static void find_hop(struct tables *t, const struct sources *from, struct row *row)
{
	const struct topology_route *r = row->route;
	if (r->hop != HOP_APPLIANCE || !r->has_next_hop)
		return;
	const struct topology_address *owner = owner_of(t->sketch, from, &r->next_hop);
	row->node = owner ? owner->node : NULL;
	if (row->node || row->mark == MARK_DESTROYED)
		return;
	const struct topology_subnet *subnet =
		owner ? owner->subnet : subnet_around(t->sketch, from, &r->next_hop);
	row->stranger = stranger_at(t, subnet, &r->next_hop, owner ? owner->nic_id : NULL);
}

static int compare_strangers(const void *a, const void *b)
{
	const struct stranger *x = *(const struct stranger *const *)a;
	const struct stranger *y = *(const struct stranger *const *)b;
	if (x->subnet != y->subnet)
		return x->subnet < y->subnet ? -1 : 1;
	return ip_compare(&x->ip, &y->ip);
}

static void add_addresses(struct tables *t, struct stranger *const *list, size_t count)
{
	struct sketch *s = t->sketch;
	struct drawing_box *box = sketch_box(s, s->subnets[list[0]->subnet - s->planned->subnets],
		DRAWN_ADDRESSES, MARK_UNCHANGED);
	struct sketch_range range = { 0 };
	for (size_t i = 0; i < count; i++) {
		const struct prefix host = { list[i]->ip, family_bits(list[i]->ip.family) };
		sketch_widen(&range, &host);
		list[i]->box = box;
	}
	const char *addresses = sketch_range_text(s, &range, true);
	box->count = count;
	box->name = count == 1 && list[0]->name ? sketch_text(s, list[0]->name) : addresses;
	if (box->name != addresses)
		sketch_say(box, addresses);
	sketch_say(box,
		count == 1 ? "next hop, no node"
			   : arena_printf(s->arena, "%zu next hops, no nodes", count));
}

static void add_strangers(struct tables *t)
{
	struct stranger **sorted = t->strangers;
	size_t count = t->nstrangers;
	if (count)
		qsort(sorted, count, sizeof(*sorted), compare_strangers);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && sorted[end]->subnet == sorted[i]->subnet;)
			end++;
		if (end - i > DRAWING_ALIKE)
			add_addresses(t, sorted + i, end - i);
		else
			for (size_t n = i; n < end; n++)
				add_addresses(t, sorted + n, 1);
	}
}

/* ---- routes ---- */

/* Node routes by set, then others, then foreign ones: what is alike stands together. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	bool x_foreign = x->mark == MARK_FOREIGN, y_foreign = y->mark == MARK_FOREIGN;
	int order = x_foreign - y_foreign;
	if (order == 0)
		order = !x->set - !y->set;
	if (order == 0 && x->set)
		order = strcmp(x->set, y->set);
	if (order == 0)
		order = (int)x->mark - (int)y->mark;
	if (order == 0)
		order = y->route->is_prefix - x->route->is_prefix;
	if (order == 0 && x->route->is_prefix)
		order = ip_compare(&x->route->prefix.base, &y->route->prefix.base);
	return order ? order : text_compare_nocase(x->route->part->id, y->route->part->id);
}

static bool are_alike(const struct row *a, const struct row *b)
{
	return a->mark == b->mark && !a->set == !b->set && (!a->set || strcmp(a->set, b->set) == 0);
}

static const char *prefix_text(const struct sketch *s, const struct topology_route *r)
{
	return r->prefix_text ? sketch_text(s, r->prefix_text) : "no prefix";
}

static const char *hop_text(
	const struct sketch *s, const struct topology_route *r, const struct topology_node *node)
{
	char ip[IP_TEXT];
	if (r->hop != HOP_APPLIANCE || !r->has_next_hop)
		return hop_kind_name(r->hop);
	ip_format(&r->next_hop, ip);
	const char *text = sketch_text(s, arena_strdup(s->arena, ip));
	return node ? arena_printf(s->arena, "%s, %s", text, sketch_text(s, node->node->name))
		    : text;
}

/* What a route said before, where it says something else now. */
static const char *was_text(const struct sketch *s, const struct row *row)
{
	const struct topology_route *r = row->route, *before = row->before;
	if (!before || row->mark == MARK_DESTROYED)
		return NULL;
	const char *prefix = prefix_text(s, before), *hop = hop_text(s, before, NULL);
	if (text_same_nocase(prefix, prefix_text(s, r)))
		return strcmp(hop, hop_text(s, r, NULL)) == 0
			? NULL
			: arena_printf(s->arena, "was %s", hop);
	return arena_printf(s->arena, "was %s to %s", prefix, hop);
}

static const struct drawing_box *box_of(const struct tables *t, const struct row *row)
{
	if (row->stranger)
		return row->stranger->box;
	return row->node ? t->sketch->nodes[row->node - t->sketch->planned->nodes] : NULL;
}

static void add_leads(
	struct tables *t, const struct drawing_box *routes, const struct row *rows, size_t count)
{
	struct drawing *d = t->sketch->drawing;
	size_t first = d->nleads;
	for (size_t i = 0; i < count; i++) {
		const struct drawing_box *to = box_of(t, &rows[i]);
		bool known = !to || routes->mark == MARK_DESTROYED;
		for (size_t n = first; n < d->nleads && !known; n++)
			known = d->leads[n].to == to;
		if (!known)
			sketch_line(t->sketch, &d->leads, &d->nleads, routes->mark, routes, to);
	}
}

static void add_routes(
	struct tables *t, struct drawing_box *table, const struct row *rows, size_t count)
{
	struct sketch *s = t->sketch;
	struct drawing_box *box;
	if (count == 1) {
		box = sketch_part(s, table, DRAWN_ROUTES, rows[0].mark, rows[0].route->part);
		box->name = prefix_text(s, rows[0].route);
		sketch_say(box,
			arena_printf(s->arena, "to %s", hop_text(s, rows[0].route, rows[0].node)));
		sketch_say(box, was_text(s, &rows[0]));
	} else {
		struct sketch_range range = { 0 };
		for (size_t i = 0; i < count; i++)
			if (rows[i].route->is_prefix)
				sketch_widen(&range, &rows[i].route->prefix);
		box = sketch_box(s, table, DRAWN_ROUTES, rows[0].mark);
		box->count = count;
		box->name = rows[0].set ? arena_printf(s->arena, "%zu node routes of set %s", count,
						  sketch_text(s, rows[0].set))
					: arena_printf(s->arena, "%zu routes", count);
		sketch_say(box, sketch_range_text(s, &range, false));
	}
	add_leads(t, box, rows, count);
}

struct rows {
	struct row *items;
	size_t count;
};

/* The routes of a planned table, and those that go from it. */
static struct rows rows_of(struct tables *t, size_t index)
{
	const struct sketch *s = t->sketch;
	const struct topology_table *table = &s->planned->tables[index];
	const struct topology_table *before = topology_table(s->now, table->part->id);
	struct rows rows = { 0 };
	size_t at = 0, nbefore = before ? before->nroutes : 0;
	for (size_t i = 0; i < table->nroutes || at < nbefore;) {
		const struct topology_route *r = i < table->nroutes ? table->routes[i] : NULL;
		const struct topology_route *was = at < nbefore ? before->routes[at] : NULL;
		int order = !r ? 1 : !was ? -1 : text_compare_nocase(r->part->id, was->part->id);
		struct row *row = ARENA_PUSH(s->arena, rows.items, rows.count);
		*row = (struct row){ .route = order <= 0 ? r : was,
			.before = order >= 0 ? was : NULL,
			.mark = order <= 0 ? sketch_mark(s, r->part) : MARK_DESTROYED,
			.set = order <= 0 && r->part->resource ? r->part->resource->node_set
							       : NULL };
		i += order <= 0;
		at += order >= 0;
	}
	for (size_t i = 0; i < rows.count; i++)
		find_hop(t, &t->sources[index], &rows.items[i]);
	if (rows.count)
		qsort(rows.items, rows.count, sizeof *rows.items, compare_rows);
	return rows;
}

static struct rows rows_gone(struct tables *t, const struct topology_table *table)
{
	static const struct sources nowhere = { 0 };
	struct rows rows = { 0 };
	for (size_t i = 0; i < table->nroutes; i++) {
		struct row *row = ARENA_PUSH(t->sketch->arena, rows.items, rows.count);
		*row = (struct row){ .route = table->routes[i], .mark = MARK_DESTROYED };
		find_hop(t, &nowhere, row);
	}
	if (rows.count)
		qsort(rows.items, rows.count, sizeof *rows.items, compare_rows);
	return rows;
}

static void fill_table(struct tables *t, struct drawing_box *table, const struct rows *rows)
{
	for (size_t i = 0, end; i < rows->count; i = end) {
		for (end = i + 1;
			end < rows->count && are_alike(&rows->items[end], &rows->items[i]);)
			end++;
		if (end - i > DRAWING_ALIKE)
			add_routes(t, table, rows->items + i, end - i);
		else
			for (size_t n = i; n < end; n++)
				add_routes(t, table, rows->items + n, 1);
	}
}

/* All next hops come before any route: a route leads to a box, and boxes hold many of them. */
static void fill_tables(struct tables *t)
{
	const struct topology *planned = t->sketch->planned, *now = t->sketch->now;
	struct rows *all = arena_alloc(t->sketch->arena, (planned->ntables + 1) * sizeof *all);
	for (size_t i = 0; i < planned->ntables; i++)
		if (t->boxes[i])
			all[i] = rows_of(t, i);
	add_strangers(t);
	for (size_t i = 0; i < planned->ntables; i++)
		if (t->boxes[i])
			fill_table(t, t->boxes[i], &all[i]);
	for (size_t i = 0; i < now->ntables; i++)
		if (!topology_table(planned, now->tables[i].part->id)) {
			const struct rows rows = rows_gone(t, &now->tables[i]);
			fill_table(t, t->boxes_now[i], &rows);
		}
}

void sketch_tables(struct sketch *s)
{
	struct tables t = { .sketch = s };
	add_tables(&t);
	add_attachments(&t);
	find_sources(&t);
	fill_tables(&t);
}
