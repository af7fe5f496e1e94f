/* SPDX-License-Identifier: Apache-2.0 */
/* joins.c - `reach: [[a, b]]`: node sets whose pods have to reach each other */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"

static bool unknown_set(
	struct config *c, const char *pointer, const char *name, struct diags *diags)
{
	const char **names = arena_alloc(c->arena, (c->nnode_sets + 1) * sizeof *names);
	for (size_t i = 0; i < c->nnode_sets; i++)
		names[i] = c->node_sets[i].name;
	const char *nearest = text_nearest(name, names, c->nnode_sets);
	(void)diag_error(diags, place_value(c, pointer), "unknown-reference",
		"there is no node set `%s`", name);
	if (nearest)
		diag_help(diags, "did you mean `%s`?", nearest);
	return false;
}

static bool add_set(
	struct scope *s, struct config_join *join, const char *pointer, const json_t *value)
{
	struct config *c = s->config;
	const char *name = scope_text(s, pointer, value, "reach");
	if (!name)
		return false;
	for (size_t i = 0; i < c->nnode_sets; i++)
		if (strcmp(c->node_sets[i].name, name) == 0) {
			*ARENA_PUSH(c->arena, join->sets, join->nsets) = i;
			return true;
		}
	return unknown_set(c, pointer, name, s->diags);
}

bool joins_load(struct config *c, struct diags *diags)
{
	struct scope s = { .config = c, .diags = diags };
	const json_t *reach = json_object_get(c->merged, "reach");
	if (!reach || json_is_null(reach))
		return true;
	if (!json_is_array(reach))
		return wrong_type(diags, place_value(c, "/reach"), "reach",
			"a list of lists of node sets", reach);
	bool good = true;
	size_t i, n;
	json_t *list, *item;
	json_array_foreach ((json_t *)reach, i, list) {
		const char *pointer = pointer_add_index(c->arena, "/reach", i);
		struct config_join *join = ARENA_PUSH(c->arena, c->joins, c->njoins);
		if (!json_is_array(list))
			good = wrong_type(diags, place_value(c, pointer), "reach",
				"a list of lists of node sets", list);
		json_array_foreach (list, n, item)
			good &= add_set(&s, join, pointer_add_index(c->arena, pointer, n), item);
	}
	return good;
}
