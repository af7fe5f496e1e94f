/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/view.h"

#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

struct parts {
	struct topology_part *items;
	size_t count;
};

static struct parts parts_new(struct arena *a, size_t most)
{
	return (struct parts){ .items = arena_alloc(a, (most + 1) * sizeof(struct topology_part)) };
}

static bool matters(const struct schema *s)
{
	return s->role == ROLE_NETWORK || s->role == ROLE_SUBNET || s->role == ROLE_TABLE ||
		s->role == ROLE_ROUTE || s->role == ROLE_PEERING;
}

static int compare_parts(const void *a, const void *b)
{
	return text_compare_nocase(
		((const struct topology_part *)a)->id, ((const struct topology_part *)b)->id);
}

static int compare_changes(const void *a, const void *b)
{
	return text_compare_nocase(
		(*(const struct change *const *)a)->id, (*(const struct change *const *)b)->id);
}

static void add_part(struct parts *p, const char *id, const char *parent,
	const struct schema *schema, const json_t *body, const struct resource *resource)
{
	p->items[p->count++] = (struct topology_part){ id, parent, schema, body, resource };
}

static void add_declared(struct parts *p, const struct resource *r, const json_t *body)
{
	add_part(p, r->id, r->parent ? r->parent->id : NULL, r->schema, body, r);
}

static void add_actual(struct parts *p, const struct actual *actual, const json_t *body)
{
	add_part(p, actual->id, actual->parent, actual->schema, body, actual->resource);
}

struct topology *view_declared(struct arena *a, const struct config *c)
{
	struct parts parts = parts_new(a, c->nresources);
	for (size_t i = 0; i < c->nresources; i++) {
		const struct resource *r = c->by_id[i];
		if (matters(r->schema))
			add_declared(&parts, r, r->body);
	}
	return topology_make(a, c, parts.items, parts.count, true);
}

struct topology *view_actual(
	struct arena *a, const struct config *c, const struct snapshot *snapshot)
{
	struct parts parts = parts_new(a, snapshot->nactuals);
	for (size_t i = 0; i < snapshot->nactuals; i++) {
		const struct actual *actual = &snapshot->actuals[i];
		if (matters(actual->schema))
			add_actual(&parts, actual, actual->body);
	}
	return topology_make(a, c, parts.items, parts.count, false);
}

/* ---- planned ---- */

/* A copy of a body without its children, which are parts of their own. */
static json_t *own_body(const struct schema *s, const json_t *body)
{
	json_t *copy = json_copy((json_t *)body);
	const json_t *properties = json_object_get(body, "properties");
	if (properties)
		(void)json_object_set_new(copy, "properties", json_copy((json_t *)properties));
	for (size_t i = 0; i < s->nchildren; i++)
		json_drop(copy, s->children[i]->child_pointer);
	json_t *own = json_deep_copy(copy);
	json_decref(copy);
	return own;
}

static const json_t *edited(struct arena *a, const struct schema *s, const json_t *body,
	const struct edits *edits, bool rewrites)
{
	if (edits->count == 0 && !rewrites)
		return body;
	json_t *own = arena_json(a, own_body(s, body));
	const char *state = rewrites ? json_text_at(s->facts, "/peering/state") : NULL;
	if (state) /* it is as a new one */
		json_drop(own, state);
	for (size_t i = 0; i < edits->count; i++)
		edit_apply(own, s, &edits->items[i]);
	return own;
}

/* What is declared over what stands, for when nothing was decided yet. */
static const json_t *overlaid(struct arena *a, const struct resource *r, const json_t *body)
{
	struct edits edits = { 0 };
	diff_desired(a, r->schema, r->body, body, &edits);
	return edited(a, r->schema, body, &edits, false);
}

struct changes {
	const struct change **sorted; /* by id */
	size_t count;
};

static struct changes changes_of(struct arena *a, const struct plan *plan)
{
	struct changes c = { 0 };
	for (size_t i = 0; plan && i < plan->nchanges; i++)
		if (matters(plan->changes[i].schema))
			*ARENA_PUSH(a, c.sorted, c.count) = &plan->changes[i];
	if (c.count)
		qsort(c.sorted, c.count, sizeof(*c.sorted), compare_changes);
	return c;
}

static const struct change *find_change(const struct changes *c, const char *id)
{
	const struct change wanted = { .id = id };
	const struct change *key = &wanted;
	const struct change *const *found = c->count
		? bsearch(&key, c->sorted, c->count, sizeof(*c->sorted), compare_changes)
		: NULL;
	return found ? *found : NULL;
}

static bool is_made(const struct change *c)
{
	return c->action == ACTION_CREATE || c->action == ACTION_REPLACE;
}

struct topology *view_planned(struct arena *a, const struct config *c,
	const struct snapshot *snapshot, const struct plan *plan)
{
	struct changes changes = changes_of(a, plan);
	struct parts parts =
		parts_new(a, snapshot->nactuals + (plan ? changes.count : c->nresources));
	for (size_t i = 0; i < snapshot->nactuals; i++) {
		const struct actual *actual = &snapshot->actuals[i];
		if (!matters(actual->schema))
			continue;
		const struct resource *r = actual->resource;
		const struct change *change = find_change(&changes, actual->id);
		const json_t *body = actual->body;
		if (change && (change->action == ACTION_DELETE || is_made(change)))
			continue;
		if (change && change->action == ACTION_UPDATE)
			body = edited(a, actual->schema, body, &change->edits, change->rewrites);
		else if (!plan && r)
			body = overlaid(a, r, body);
		add_actual(&parts, actual, body);
	}
	size_t nstanding = parts.count;
	for (size_t i = 0; i < changes.count; i++)
		if (is_made(changes.sorted[i]))
			add_declared(&parts, changes.sorted[i]->resource, changes.sorted[i]->after);
	for (size_t i = 0; i < c->nresources && !plan; i++) {
		const struct resource *r = c->by_id[i];
		if (matters(r->schema) && !snapshot_actual(snapshot, r->id))
			add_declared(&parts, r, r->body);
	}
	/* What stands comes in the order of ids. */
	if (parts.count > nstanding)
		qsort(parts.items, parts.count, sizeof *parts.items, compare_parts);
	return topology_make(a, c, parts.items, parts.count, true);
}

bool view_changes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nchanges; i++)
		if (matters(plan->changes[i].schema))
			return true;
	return false;
}
