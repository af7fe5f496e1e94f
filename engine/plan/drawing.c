/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/drawing.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/plan/drawing_internal.h"

#define PREFIXES_TOLD 4

static const char *const kind_names[DRAWN_KINDS] = {
	[DRAWN_NETWORK] = "network",
	[DRAWN_PEERING] = "peering",
	[DRAWN_SUBNET] = "subnet",
	[DRAWN_NODES] = "nodes",
	[DRAWN_ADDRESSES] = "addresses",
	[DRAWN_OUTSIDE] = "outside",
	[DRAWN_TABLE] = "table",
	[DRAWN_ROUTES] = "routes",
};

static const char *const mark_names[MARK_COUNT] = {
	[MARK_UNCHANGED] = "unchanged",
	[MARK_ADDED] = "added",
	[MARK_CHANGED] = "changed",
	[MARK_REPLACED] = "replaced",
	[MARK_DESTROYED] = "destroyed",
	[MARK_FOREIGN] = "foreign",
};

const char *drawing_kind_name(enum drawing_kind kind)
{
	return kind_names[kind];
}

const char *drawing_mark_name(enum drawing_mark mark)
{
	return mark_names[mark];
}

const struct drawing_box *drawing_network(const struct drawing_box *box)
{
	return box->kind == DRAWN_PEERING ? box->parent : box;
}

/* ---- marks ---- */

static int compare_changes(const void *a, const void *b)
{
	return text_compare_nocase(
		(*(const struct change *const *)a)->id, (*(const struct change *const *)b)->id);
}

static void index_changes(struct sketch *s)
{
	for (size_t i = 0; i < s->plan->nchanges; i++)
		*ARENA_PUSH(s->arena, s->changes, s->nchanges) = &s->plan->changes[i];
	if (s->nchanges)
		qsort(s->changes, s->nchanges, sizeof *s->changes, compare_changes);
}

static const struct change *find_change(const struct sketch *s, const char *id)
{
	const struct change wanted = { .id = id };
	const struct change *key = &wanted;
	const struct change *const *found = s->nchanges
		? bsearch(&key, s->changes, s->nchanges, sizeof *s->changes, compare_changes)
		: NULL;
	return found ? *found : NULL;
}

enum drawing_mark sketch_mark(const struct sketch *s, const struct topology_part *part)
{
	const struct change *change = find_change(s, part->id);
	if (!change)
		return part->resource ? MARK_UNCHANGED : MARK_FOREIGN;
	switch (change->action) {
	case ACTION_CREATE:
		return MARK_ADDED;
	case ACTION_REPLACE:
		return MARK_REPLACED;
	case ACTION_DELETE:
		return MARK_DESTROYED;
	case ACTION_FORGET:
		return MARK_FOREIGN;
	case ACTION_UPDATE:
	case ACTION_NONE: /* it becomes ours */
		break;
	}
	return MARK_CHANGED;
}

bool sketch_names(const struct sketch *s, const struct topology_part *part)
{
	return part->resource || find_change(s, part->id);
}

/* Of two sides of one line. */
static enum drawing_mark joined(enum drawing_mark a, enum drawing_mark b)
{
	static const enum drawing_mark order[] = { MARK_DESTROYED, MARK_REPLACED, MARK_ADDED,
		MARK_CHANGED };
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a == b ? a : MARK_UNCHANGED;
}

/* ---- boxes and lines ---- */

const char *sketch_text(const struct sketch *s, const char *text)
{
	return secrets_mask_text(s->plan->config->secrets, s->arena, text);
}

struct drawing_box *sketch_box(
	struct sketch *s, struct drawing_box *in, enum drawing_kind kind, enum drawing_mark mark)
{
	struct drawing_box *box = ARENA_NEW(s->arena, struct drawing_box);
	*box = (struct drawing_box){
		.kind = kind, .mark = mark, .number = s->drawing->nboxes++, .count = 1, .parent = in
	};
	if (in)
		*ARENA_PUSH(s->arena, in->inside, in->ninside) = box;
	else
		*ARENA_PUSH(s->arena, s->drawing->boxes, s->drawing->ntop) = box;
	/* What is no resource of its own cannot change. */
	if (kind != DRAWN_NODES && kind != DRAWN_ADDRESSES && kind != DRAWN_OUTSIDE)
		s->drawing->has[mark] = true;
	return box;
}

struct drawing_box *sketch_part(struct sketch *s, struct drawing_box *in, enum drawing_kind kind,
	enum drawing_mark mark, const struct topology_part *part)
{
	struct drawing_box *box = sketch_box(s, in, kind, mark);
	box->name = sketch_text(s, strrchr(part->id, '/') + 1);
	box->address = sketch_text(s, config_address_of(s->plan->config, part->id));
	return box;
}

void sketch_say(struct drawing_box *box, const char *line)
{
	if (line && *line && box->nlines < DRAWING_LINES)
		box->lines[box->nlines++] = line;
}

const char *sketch_prefixes(const struct sketch *s, const struct prefixes *list)
{
	const char *all = NULL;
	for (size_t i = 0; i < list->count && i < PREFIXES_TOLD; i++) {
		char text[PREFIX_TEXT];
		prefix_format(&list->items[i], text);
		all = arena_printf(
			s->arena, "%s%s%s", all ? all : "", all ? ", " : "", sketch_text(s, text));
	}
	if (list->count > PREFIXES_TOLD)
		all = arena_printf(s->arena, "%s and %zu more", all, list->count - PREFIXES_TOLD);
	return all;
}

void sketch_line(struct sketch *s, struct drawing_line **lines, size_t *count,
	enum drawing_mark mark, const struct drawing_box *from, const struct drawing_box *to)
{
	*ARENA_PUSH(s->arena, *lines, *count) = (struct drawing_line){ mark, from, to };
	s->drawing->has[mark] = true;
}

/* ---- networks and subnets ---- */

/* Which planned networks concern this configuration: those that it names or has nodes in, and
 * their peers. A group may hold any number of others. */
static bool *find_concerned(const struct sketch *s)
{
	const struct topology *t = s->planned;
	bool *named = arena_alloc(s->arena, t->nnetworks + 1);
	bool *concerned = arena_alloc(s->arena, t->nnetworks + 1);
	for (size_t i = 0; i < t->nnetworks; i++)
		named[i] = sketch_names(s, t->networks[i].part);
	for (size_t i = 0; i < t->nnodes; i++)
		if (t->nodes[i].subnet && t->nodes[i].subnet->network)
			named[t->nodes[i].subnet->network - t->networks] = true;
	memcpy(concerned, named, t->nnetworks);
	for (size_t i = 0; i < t->npeerings; i++) {
		const struct topology_peering *p = &t->peerings[i];
		if (!p->network || !p->remote)
			continue;
		size_t here = (size_t)(p->network - t->networks);
		size_t there = (size_t)(p->remote - t->networks);
		concerned[here] |= named[there];
		concerned[there] |= named[here];
	}
	return concerned;
}

static struct drawing_box *add_network(
	struct sketch *s, const struct topology_network *n, enum drawing_mark mark)
{
	struct drawing_box *box = sketch_part(s, NULL, DRAWN_NETWORK, mark, n->part);
	sketch_say(box, sketch_prefixes(s, &n->space));
	if (n->part->resource && n->part->resource->existing)
		sketch_say(box, "existing");
	return box;
}

static void add_networks(struct sketch *s)
{
	const struct topology *t = s->planned, *now = s->now;
	const bool *concerned = find_concerned(s);
	s->networks = arena_alloc(s->arena, (t->nnetworks + 1) * sizeof(*s->networks));
	s->networks_now = arena_alloc(s->arena, (now->nnetworks + 1) * sizeof(*s->networks_now));
	for (size_t i = 0; i < t->nnetworks; i++)
		if (concerned[i])
			s->networks[i] = add_network(
				s, &t->networks[i], sketch_mark(s, t->networks[i].part));
	for (size_t i = 0; i < now->nnetworks; i++) {
		const struct topology_network *n = topology_network(t, now->networks[i].part->id);
		s->networks_now[i] = n ? s->networks[n - t->networks]
				       : add_network(s, &now->networks[i], MARK_DESTROYED);
	}
}

static struct drawing_box *add_subnet(struct sketch *s, struct drawing_box *network,
	const struct topology_subnet *subnet, enum drawing_mark mark)
{
	struct drawing_box *box = sketch_part(s, network, DRAWN_SUBNET, mark, subnet->part);
	sketch_say(box, sketch_prefixes(s, &subnet->prefixes));
	if (subnet->part->resource && subnet->part->resource->existing)
		sketch_say(box, "existing");
	return box;
}

static void add_subnets(struct sketch *s)
{
	const struct topology *t = s->planned, *now = s->now;
	s->subnets = arena_alloc(s->arena, (t->nsubnets + 1) * sizeof(*s->subnets));
	s->subnets_now = arena_alloc(s->arena, (now->nsubnets + 1) * sizeof(*s->subnets_now));
	for (size_t i = 0; i < t->nsubnets; i++) {
		const struct topology_subnet *subnet = &t->subnets[i];
		struct drawing_box *in =
			subnet->network ? s->networks[subnet->network - t->networks] : NULL;
		if (in || (!subnet->network && sketch_names(s, subnet->part)))
			s->subnets[i] = add_subnet(s, in, subnet, sketch_mark(s, subnet->part));
	}
	for (size_t i = 0; i < now->nsubnets; i++) {
		const struct topology_subnet *gone = &now->subnets[i];
		const struct topology_subnet *subnet = topology_subnet(t, gone->part->id);
		struct drawing_box *in =
			gone->network ? s->networks_now[gone->network - now->networks] : NULL;
		if (subnet)
			s->subnets_now[i] = s->subnets[subnet - t->subnets];
		else if (in || !gone->network)
			s->subnets_now[i] = add_subnet(s, in, gone, MARK_DESTROYED);
	}
}

/* ---- peerings ---- */

static const char *connection(const struct topology_peering *p)
{
	if (p->connected && (!p->remote || (p->back && p->back->connected)))
		return "connected";
	return p->remote && !p->back ? "one side only" : "not connected";
}

static struct drawing_box *add_side(struct sketch *s, struct drawing_box *network,
	const struct topology_peering *p, enum drawing_mark mark)
{
	struct drawing_box *box = sketch_part(s, network, DRAWN_PEERING, mark, p->part);
	const char *remote = p->remote_id ? strrchr(p->remote_id, '/') : NULL;
	sketch_say(box,
		arena_printf(s->arena, "to %s", remote ? sketch_text(s, remote + 1) : "nothing"));
	sketch_say(box,
		arena_printf(s->arena, "%s%s%s", connection(p),
			p->allows_access ? "" : ", no access",
			p->allows_forwarded ? ", forwarded traffic" : ""));
	return box;
}

/* The box of the network at the other side; one that was not read gets a box as well. */
static struct drawing_box *remote_box(struct sketch *s, const struct topology_peering *p)
{
	const struct topology_network *n =
		p->remote_id ? topology_network(s->planned, p->remote_id) : NULL;
	const struct topology_network *gone =
		p->remote_id ? topology_network(s->now, p->remote_id) : NULL;
	if (n)
		return s->networks[n - s->planned->networks];
	if (gone)
		return s->networks_now[gone - s->now->networks];
	if (!p->remote_id || !strrchr(p->remote_id, '/'))
		return NULL;
	const char *address = sketch_text(s, config_address_of(s->plan->config, p->remote_id));
	for (size_t i = 0; i < s->drawing->ntop; i++) {
		struct drawing_box *top = s->drawing->boxes[i];
		if (top->kind == DRAWN_NETWORK && text_same_nocase(top->address, address))
			return top;
	}
	struct drawing_box *box = sketch_box(s, NULL, DRAWN_NETWORK, MARK_FOREIGN);
	box->name = sketch_text(s, strrchr(p->remote_id, '/') + 1);
	box->address = address;
	sketch_say(box, sketch_prefixes(s, &p->remote_space));
	sketch_say(box, "not read");
	return box;
}

static void add_peering(struct sketch *s, struct drawing_box *network,
	const struct topology_peering *p, enum drawing_mark mark)
{
	struct drawing *d = s->drawing;
	if (!network)
		return;
	const struct drawing_box *side = add_side(s, network, p, mark);
	const struct drawing_box *remote = remote_box(s, p);
	for (size_t i = 0; i < d->npeerings; i++) {
		struct drawing_line *line = &d->peerings[i];
		if (line->from->parent == remote && line->to == network) {
			line->to = side;
			line->mark = joined(line->mark, mark);
			return;
		}
	}
	if (remote)
		sketch_line(s, &d->peerings, &d->npeerings, mark, side, remote);
}

static void add_peerings(struct sketch *s)
{
	const struct topology *t = s->planned, *now = s->now;
	for (size_t i = 0; i < t->nnetworks; i++)
		for (size_t n = 0; n < t->networks[i].npeerings; n++) {
			const struct topology_peering *p = t->networks[i].peerings[n];
			add_peering(s, s->networks[i], p, sketch_mark(s, p->part));
		}
	for (size_t i = 0; i < now->nnetworks; i++)
		for (size_t n = 0; n < now->networks[i].npeerings; n++) {
			const struct topology_peering *p = now->networks[i].peerings[n];
			bool stays = false;
			for (size_t k = 0; k < t->npeerings && !stays; k++)
				stays = text_same_nocase(t->peerings[k].part->id, p->part->id);
			if (!stays)
				add_peering(s, s->networks_now[i], p, MARK_DESTROYED);
		}
}

static void say_foreign(struct drawing_box *const *boxes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (boxes[i]->mark == MARK_FOREIGN)
			sketch_say(boxes[i], "foreign");
		say_foreign(boxes[i]->inside, boxes[i]->ninside);
	}
}

struct drawing *drawing_make(struct arena *a, const struct plan *plan,
	const struct topology *planned, const struct topology *now)
{
	struct sketch s = { .arena = a, .plan = plan, .planned = planned, .now = now };
	s.drawing = ARENA_NEW(a, struct drawing);
	index_changes(&s);
	add_networks(&s);
	add_peerings(&s);
	add_subnets(&s);
	sketch_nodes(&s);
	sketch_tables(&s);
	say_foreign(s.drawing->boxes, s.drawing->ntop);
	return s.drawing;
}
