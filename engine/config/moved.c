/* SPDX-License-Identifier: Apache-2.0 */
/* moved.c - `moved` on top: which ids became which, because somebody moved the objects in Azure */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"
#include "schemas/arm_id.h"

/* Each is compared with each other. */
#define MOST_MOVES ((size_t)1000)

static const char *read_side(struct config *c, const json_t *item, const char *pointer,
	const char *word, struct diags *d)
{
	const json_t *value = json_object_get(item, word);
	const char *at = pointer_add(c->arena, pointer, word);
	if (!value) {
		(void)diag_error(
			d, place_key(c, pointer), "missing-member", "a move needs `%s`", word);
		diag_help(d, "write it as in {from: ADDRESS-or-id, to: ADDRESS-or-id}");
		return NULL;
	}
	struct scope s = { .config = c, .diags = d };
	const char *address = scope_text(&s, at, value, word);
	return address ? address_id(c, address, place_value(c, at), d) : NULL;
}

static bool refuse_impossible(
	struct config *c, const struct config_move *m, const char *why, struct diags *diags)
{
	(void)diag_error(diags, place_value(c, pointer_add(c->arena, m->pointer, "to")),
		"moved-impossible", "`%s` cannot have become `%s`: %s",
		config_address_of(c, m->from), config_address_of(c, m->to), why);
	diag_help(diags,
		"`moved` follows what was moved to another resource group or subscription; for all "
		"else, `forget` the one and `adopt` the other");
	return false;
}

const char *move_impossible(
	struct arena *a, const struct catalog *catalog, const char *from, const char *to)
{
	struct arm_id old, new;
	if (!arm_id_parse(a, from, &old) || !arm_id_parse(a, to, &new) || !old.type || !new.type)
		return "it is no resource";
	if (arm_id_same(from, to))
		return "both are the same";
	if (!text_same_nocase(old.type, new.type))
		return "they are of different types";
	const struct schema *schema = catalog_type(catalog, old.type);
	if (!schema)
		return "the type is not known";
	if (schema->parent)
		return "what is inside another resource moves with it, and not alone";
	if (schema->in_subscription)
		return "Azure does not move it";
	return text_same_nocase(old.name, new.name) ? NULL : "ARM has no rename";
}

static bool check_move(struct config *c, const struct config_move *m, struct diags *diags)
{
	const char *why = move_impossible(c->arena, c->catalog, m->from, m->to);
	if (why)
		return refuse_impossible(c, m, why, diags);
	if (!find_id(c, m->from))
		return true;
	(void)diag_error(diags, place_value(c, pointer_add(c->arena, m->pointer, "from")),
		"moved-declared", "`%s` is said to have moved away, and is declared",
		config_address_of(c, m->from));
	diag_help(diags, "declare it where it stands now, with its `resourceGroup`");
	return false;
}

static bool refuse_twice(struct config *c, const struct config_move *m,
	const struct config_move *first, const char *side, const char *id, struct diags *diags)
{
	(void)diag_error(diags, place_value(c, pointer_add(c->arena, m->pointer, side)),
		"moved-twice", "`%s` stands twice under `%s`", config_address_of(c, id), side);
	diag_note(diags, place_value(c, pointer_add(c->arena, first->pointer, side)),
		"the other one");
	diag_help(diags, "one object moves to one place: keep one of the two");
	return false;
}

static bool check_twice(struct config *c, struct diags *diags)
{
	bool good = true;
	for (size_t i = 0; i < c->nmoves; i++)
		for (size_t k = 0; k < i; k++) {
			const struct config_move *m = &c->moves[i], *first = &c->moves[k];
			if (arm_id_same(m->from, first->from))
				good = refuse_twice(c, m, first, "from", m->from, diags);
			else if (arm_id_same(m->to, first->to))
				good = refuse_twice(c, m, first, "to", m->to, diags);
		}
	return good;
}

static const struct config_move *next_move(const struct config *c, const struct config_move *m)
{
	for (size_t i = 0; i < c->nmoves; i++)
		if (arm_id_same(c->moves[i].from, m->to))
			return &c->moves[i];
	return NULL;
}

/* What moved twice is where the last move left it. */
static bool follow_chains(struct config *c, struct diags *diags)
{
	const char **ends = arena_alloc(c->arena, (c->nmoves + 1) * sizeof *ends);
	for (size_t i = 0; i < c->nmoves; i++) {
		const struct config_move *m = &c->moves[i], *next;
		for (size_t n = 0; (next = next_move(c, m)); n++, m = next)
			if (n == c->nmoves) {
				(void)diag_error(diags, place_value(c, c->moves[i].pointer),
					"moved-cycle", "`%s` comes back to where it was",
					config_address_of(c, c->moves[i].from));
				diag_help(diags,
					"take out the moves that are done: those of an older day");
				return false;
			}
		ends[i] = m->to;
	}
	for (size_t i = 0; i < c->nmoves; i++)
		c->moves[i].to = ends[i];
	return true;
}

static bool read_move(
	struct config *c, const json_t *item, const char *pointer, struct diags *diags)
{
	static const char *const members[] = { "from", "to", NULL };
	if (!json_is_object(item))
		return wrong_type(diags, place_value(c, pointer), "moved",
			"a list of maps with `from` and `to`", item);
	bool good = only_members(c, item, pointer, "a move", members, diags);
	struct config_move move = { .pointer = pointer,
		.from = read_side(c, item, pointer, "from", diags),
		.to = read_side(c, item, pointer, "to", diags) };
	if (!move.from || !move.to || !check_move(c, &move, diags))
		return false;
	*ARENA_PUSH(c->arena, c->moves, c->nmoves) = move;
	return good;
}

bool moved_read(struct config *c, struct diags *diags)
{
	const json_t *list = json_object_get(c->merged, "moved");
	if (list && !json_is_array(list))
		return wrong_type(diags, place_value(c, "/moved"), "moved", "a list", list);
	if (json_array_size(list) > MOST_MOVES) {
		(void)diag_error(diags, place_key(c, "/moved"), "too-many",
			"`moved` has %zu entries, more than %zu", json_array_size(list),
			MOST_MOVES);
		diag_help(diags, "take out those that are done");
		return false;
	}
	bool good = true;
	size_t i;
	const json_t *item;
	c->moves = NULL;
	c->nmoves = 0;
	json_array_foreach (list, i, item)
		good = read_move(c, item, pointer_add_index(c->arena, "/moved", i), diags) && good;
	return check_twice(c, diags) && follow_chains(c, diags) && good;
}
