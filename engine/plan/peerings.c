/* SPDX-License-Identifier: Apache-2.0 */
/* peerings.c - what the write of one side of a peering asks of the other
 *
 * Azure connects the two when the second is made. A side whose other went is broken for good: the
 * other can be made again only after it has been written once more. A side also keeps the address
 * space of the other network until it is written again. None of that is a member that differs, so
 * no diff sees it. Only what is declared and ours is mended, and never left broken: whoever has the
 * other side can make it again.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "schemas/arm_id.h"

/* One peering that is declared, or one that goes. */
struct side {
	const char *network, *remote; /* ids */
	struct change *change;
};

struct sides {
	struct side *items; /* sorted by network, then remote */
	size_t count;
};

struct mending {
	struct planner *planner;
	struct sides declared, leaving;
};

static int compare_sides(const void *a, const void *b)
{
	const struct side *x = a, *y = b;
	int order = text_compare_nocase(x->network, y->network);
	return order ? order : text_compare_nocase(x->remote, y->remote);
}

static const char *fact(const struct change *c, const char *name)
{
	return json_string_value(
		json_object_get(json_object_get(c->schema->facts, "peering"), name));
}

static void add_side(struct mending *m, struct sides *sides, struct change *c, const char *remote)
{
	struct arena *a = m->planner->arena;
	struct arm_id id;
	if (remote && arm_id_parse(a, c->id, &id) && id.parent)
		*ARENA_PUSH(a, sides->items, sides->count) = (struct side){ id.parent, remote, c };
}

static void sort_sides(struct sides *sides)
{
	if (sides->count)
		qsort(sides->items, sides->count, sizeof *sides->items, compare_sides);
}

static void find_sides(struct mending *m)
{
	struct planner *p = m->planner;
	for (size_t i = 0; i < p->nall; i++) {
		struct change *c = &p->all[i];
		if (c->schema->role != ROLE_PEERING)
			continue;
		const char *now =
			c->actual ? json_text_at(c->actual->body, fact(c, "remote")) : NULL;
		const char *after = json_text_at(c->after, fact(c, "remote"));
		if (change_removes(c))
			add_side(m, &m->leaving, c, now);
		if (c->resource && c->action != ACTION_DELETE)
			add_side(m, &m->declared, c, after ? after : now);
	}
	sort_sides(&m->declared);
	sort_sides(&m->leaving);
}

static const struct change *find_side(
	const struct sides *sides, const char *network, const char *remote)
{
	const struct side wanted = { .network = network, .remote = remote };
	const struct side *found = sides->count
		? bsearch(&wanted, sides->items, sides->count, sizeof *sides->items, compare_sides)
		: NULL;
	return found ? found->change : NULL;
}

static bool is_broken(const struct change *c)
{
	const char *state = json_text_at(c->actual->body, fact(c, "state"));
	const char *broken = fact(c, "broken");
	return state && broken && text_same_nocase(state, broken);
}

static bool changes_prefixes(const struct change *network)
{
	const char *prefixes = network ? json_text_at(network->schema->facts, "/prefixes") : NULL;
	for (size_t i = 0; prefixes && i < network->edits.count; i++)
		if (strcmp(network->edits.items[i].pointer, prefixes) == 0)
			return network->action == ACTION_UPDATE;
	return false;
}

static bool is_behind(const struct change *c)
{
	const char *level = json_text_at(c->actual->body, fact(c, "level"));
	size_t i;
	json_t *behind;
	json_array_foreach (json_at(c->schema->facts, "/peering/behind"), i, behind)
		if (level && text_same_nocase(level, json_string_value(behind)))
			return true;
	return false;
}

static void rewrite(struct planner *p, struct change *c, const char *why)
{
	c->action = ACTION_UPDATE;
	c->rewrites = true;
	c->why = arena_printf(p->arena, "%s: it is written again", why);
}

static bool is_made(const struct change *c)
{
	return c->action == ACTION_CREATE || c->action == ACTION_REPLACE;
}

/* The other side is declared: whether that needs this one to be written again. */
static bool reconnect(struct mending *m, const struct side *side, const struct change *other)
{
	struct change *c = side->change;
	const struct change *gone = find_side(&m->leaving, side->remote, side->network);
	if (!is_broken(c) && !gone)
		return false;
	c->reconnects = is_made(other) ? other->id : NULL;
	c->follows = gone ? gone->id : NULL;
	rewrite(m->planner, c,
		is_broken(c) ? "it has lost the peering back"
			     : arena_printf(m->planner->arena, "%s is made anew", other->address));
	return true;
}

/* The other side is not declared: whether this one is broken, or comes to be by this plan. */
static bool reopen(struct mending *m, const struct side *side, const struct change *network)
{
	struct change *c = side->change;
	const struct change *gone = find_side(&m->leaving, side->remote, side->network);
	bool stands = !network || is_made(network) || (network->actual && !change_removes(network));
	if (!stands || !(gone || is_broken(c)))
		return false;
	c->follows = gone ? gone->id : NULL;
	rewrite(m->planner, c,
		gone ? arena_printf(m->planner->arena, "%s goes", gone->address)
		     : "it has lost the peering back");
	return true;
}

static void mend(struct mending *m, const struct side *side)
{
	struct planner *p = m->planner;
	const struct change *other = find_side(&m->declared, side->remote, side->network);
	const struct change *network = planner_change(p, side->remote);
	if (other ? reconnect(m, side, other) : reopen(m, side, network))
		return;
	if (changes_prefixes(network))
		rewrite(p, side->change,
			arena_printf(
				p->arena, "the address space of %s changes", network->address));
	else if (is_behind(side->change))
		rewrite(p, side->change, "the address space of the other network has changed");
}

/* Azure takes one peering of two networks: another name is a new one, made when the old is gone. */
static void take_place(struct mending *m, const struct side *side)
{
	const struct change *before = find_side(&m->leaving, side->network, side->remote);
	if (before && before != side->change)
		side->change->follows = before->id;
}

void planner_mend_peerings(struct planner *p)
{
	struct mending m = { .planner = p };
	if (p->options->destroy)
		return;
	find_sides(&m);
	for (size_t i = 0; i < m.declared.count; i++) {
		const struct side *side = &m.declared.items[i];
		const struct change *c = side->change;
		bool stays = c->action == ACTION_NONE || c->action == ACTION_UPDATE;
		if (stays && !c->left_out && c->actual && change_is_ours(c) &&
			!c->resource->existing)
			mend(&m, side);
		else if (is_made(c))
			take_place(&m, side);
	}
}
