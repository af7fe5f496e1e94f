/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/intent.h"

#include <string.h>

#include "engine/base/json.h"

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* {pointer: value or null} as it was before us: the oldest that is known of each member that is
 * declared. What was written back, or left to others, is ours no longer. */
static json_t *before_us(const struct change *c)
{
	json_t *before = json_object();
	const char *pointer;
	json_t *value;
	json_object_foreach (c->record ? c->record->before : NULL, pointer, value)
		if (json_at(c->after, pointer))
			json_object_set(before, pointer, value);
	for (size_t i = 0; i < c->edits.count; i++) {
		const struct edit *e = &c->edits.items[i];
		if (json_at(c->after, e->pointer) && !json_object_get(before, e->pointer))
			json_object_set_new(before, e->pointer,
				e->before ? json_deep_copy(e->before) : json_null());
	}
	return before;
}

static json_t *depends_on(const struct change *c)
{
	json_t *ids = json_array();
	for (size_t i = 0; c->resource && i < c->resource->nreferences; i++)
		json_array_append_new(ids, json_string(c->resource->references[i].id));
	return ids;
}

static const char *change_origin(const struct change *c)
{
	if (c->resource->existing)
		return "existing";
	if (c->adopts)
		return "adopted";
	return c->record && strcmp(c->record->origin, "existing") != 0 ? c->record->origin : "made";
}

static bool keeps_record(const struct change *c)
{
	return c->after && c->resource && c->action != ACTION_FORGET && !c->restores;
}

json_t *change_record_entry(const struct change *c)
{
	if (c->keeps)
		return json_incref((json_t *)c->keeps);
	if (!keeps_record(c))
		return json_null();
	const struct resource *r = c->resource;
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "origin", change_origin(c), "parent",
		text_or_null(r->parent ? r->parent->id : NULL), "before",
		r->existing ? before_us(c) : json_null(), "depends_on", depends_on(c), "extra",
		r->node ? json_null() : json_pack("{s:s}", "pointer", r->pointer));
}

/* What must stand for an update to have come true: each edit's side; a member to be gone is null.
 */
static json_t *edits_shape(const struct edits *edits, bool after)
{
	json_t *shape = json_object();
	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *e = &edits->items[i];
		json_t *value = after ? e->after : e->before;
		(void)json_put(shape, e->pointer, value ? json_deep_copy(value) : json_null());
	}
	return shape;
}

static json_t *change_entry(const struct change *c)
{
	bool updates = c->action == ACTION_UPDATE;
	json_auto_t *after = change_ours(c, c->after);
	json_t *test = updates ? edits_shape(&c->edits, true) : json_deep_copy(after);
	json_t *untouched = updates ? edits_shape(&c->edits, false) : json_deep_copy(c->before);
	return json_pack("{s:s, s:s, s:s, s:s, s:o?, s:o?, s:o?, s:o}", "address", c->address, "id",
		c->id, "type", c->schema->type, "action", action_name(c->action), "test", test,
		"untouched", untouched, "after", json_deep_copy(after), "record",
		change_record_entry(c));
}

json_t *step_json(const struct step *s)
{
	json_t *changes = json_array();
	if (s->change && !s->detaches)
		json_array_append_new(changes, change_entry(s->change));
	for (size_t i = 0; i < s->nchildren; i++)
		json_array_append_new(changes, change_entry(s->children[i].change));
	return json_pack("{s:s, s:s, s:s, s:o}", "verb", step_verb_name(s->verb), "id", s->id,
		"address", s->address, "changes", changes);
}

static bool stands(
	struct arena *a, const struct schema *schema, const json_t *wanted, const json_t *actual)
{
	if (!json_is_object(wanted))
		return !actual;
	struct edits edits = { 0 };
	if (actual)
		diff_desired(a, schema, wanted, actual, &edits);
	return actual && edits.count == 0;
}

static bool is_text_or_nothing(const json_t *value)
{
	return !value || json_is_null(value) || json_is_string(value);
}

/* The state may be damaged, or somebody else's. */
static bool is_record(const json_t *kept)
{
	const char *origin = json_text_at(kept, "/origin");
	if (!json_is_object(kept))
		return !kept || json_is_null(kept);
	return origin && is_text_or_nothing(json_object_get(kept, "parent")) &&
		(strcmp(origin, "made") == 0 || strcmp(origin, "adopted") == 0 ||
			strcmp(origin, "existing") == 0);
}

enum came intent_came(
	struct arena *a, const struct catalog *catalog, const json_t *entry, const json_t *actual)
{
	if (!json_text_at(entry, "/address") || !is_record(json_object_get(entry, "record")))
		return CAME_OTHERWISE;
	const char *type = json_text_at(entry, "/type");
	const struct schema *schema = type ? catalog_type(catalog, type) : NULL;
	if (!schema)
		return CAME_OTHERWISE;
	if (stands(a, schema, json_object_get(entry, "test"), actual))
		return CAME_TRUE;
	return stands(a, schema, json_object_get(entry, "untouched"), actual) ? CAME_NOT
									      : CAME_OTHERWISE;
}

/* A JSON null is no value here. */
static json_t *given(struct arena *a, json_t *value)
{
	return json_is_null(value) ? NULL : arena_json(a, json_incref(value));
}

bool intent_record(struct arena *a, const json_t *entry, const json_t *actual, struct record *out)
{
	const json_t *kept = json_object_get(entry, "record");
	if (!json_is_object(kept))
		return false;
	const char *id = json_text_at(actual, "/id");
	*out = (struct record){
		.id = id ? id : json_text_at(entry, "/id"),
		.address = json_text_at(entry, "/address"),
		.type = json_text_at(entry, "/type"),
		.origin = json_text_at(kept, "/origin"),
		.parent = json_text_at(kept, "/parent"),
		.body = arena_json(a, body_project(json_object_get(entry, "after"), actual)),
		.before = given(a, json_object_get(kept, "before")),
		.depends_on = given(a, json_object_get(kept, "depends_on")),
		.extra = given(a, json_object_get(kept, "extra")),
	};
	return true;
}

enum came change_came(struct arena *a, const struct catalog *catalog, const struct change *c,
	const json_t *actual)
{
	return intent_came(a, catalog, arena_json(a, change_entry(c)), actual);
}

bool change_record(
	struct arena *a, const struct change *c, const json_t *actual, struct record *out)
{
	return intent_record(a, arena_json(a, change_entry(c)), actual, out);
}
