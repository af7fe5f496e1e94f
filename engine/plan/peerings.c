/* SPDX-License-Identifier: Apache-2.0 */
/* peerings.c - what the write of one side of a peering asks of the other
 *
 * Azure connects the two when the second is made. A side whose other went is broken for good: the
 * other can be made again only after it has been written once more. A side also keeps the address
 * space of the other network until it is written again. None of that is a member that differs, so
 * no diff sees it. Only what is declared and ours is mended, and only when there is another side
 * to connect to.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "schemas/arm_id.h"

/* One declared peering. */
struct side {
	const char *network, *remote; /* ids */
	struct change *change;
};

struct sides {
	struct side *items; /* sorted by network, then remote */
	size_t count;
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

static struct sides find_sides(struct planner *p)
{
	struct sides sides = { 0 };
	for (size_t i = 0; i < p->nall; i++) {
		struct change *c = &p->all[i];
		if (c->schema->role != ROLE_PEERING || !c->resource || c->action == ACTION_DELETE)
			continue;
		struct arm_id id;
		const char *remote = json_text_at(c->after, fact(c, "remote"));
		if (!remote && c->actual)
			remote = json_text_at(c->actual->body, fact(c, "remote"));
		if (remote && arm_id_parse(p->arena, c->id, &id) && id.parent)
			*ARENA_PUSH(p->arena, sides.items, sides.count) =
				(struct side){ id.parent, remote, c };
	}
	if (sides.count)
		qsort(sides.items, sides.count, sizeof *sides.items, compare_sides);
	return sides;
}

static const struct change *other_side(const struct sides *sides, const struct side *side)
{
	const struct side wanted = { .network = side->remote, .remote = side->network };
	const struct side *found =
		bsearch(&wanted, sides->items, sides->count, sizeof *sides->items, compare_sides);
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

static void mend(struct planner *p, const struct sides *sides, const struct side *side)
{
	struct change *c = side->change;
	const struct change *other = other_side(sides, side);
	const struct change *network = planner_change(p, side->remote);
	bool is_made = other && (other->action == ACTION_CREATE || other->action == ACTION_REPLACE);
	if (other && (is_broken(c) || other->action == ACTION_REPLACE)) {
		c->reconnects = is_made ? other->id : NULL;
		rewrite(p, c,
			is_broken(c) ? "it has lost the peering back"
				     : arena_printf(p->arena, "%s is replaced", other->address));
	} else if (changes_prefixes(network)) {
		rewrite(p, c,
			arena_printf(
				p->arena, "the address space of %s changes", network->address));
	} else if (is_behind(c)) {
		rewrite(p, c, "the address space of the other network has changed");
	}
}

void planner_mend_peerings(struct planner *p)
{
	if (p->options->destroy)
		return;
	struct sides sides = find_sides(p);
	for (size_t i = 0; i < sides.count; i++) {
		const struct change *c = sides.items[i].change;
		bool stays = c->action == ACTION_NONE || c->action == ACTION_UPDATE;
		if (stays && c->actual && change_is_ours(c) && !c->resource->existing)
			mend(p, &sides, &sides.items[i]);
	}
}
