/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/diff.h"

#include <assert.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

/* Where the walk stands: a pointer is spelled out only when there is an edit to name. */
struct path {
	const struct path *up;
	const char *key;
};

struct walk {
	struct arena *arena;
	const struct schema *schema;
	struct edits *out;
};

static const char *path_pointer(struct arena *a, const struct path *at)
{
	return at ? pointer_add(a, path_pointer(a, at->up), at->key) : "";
}

static bool is_empty(const json_t *v)
{
	return !v || json_is_null(v) || (json_is_array(v) && json_array_size(v) == 0) ||
		(json_is_object(v) && json_object_size(v) == 0) ||
		(json_is_string(v) && json_string_length(v) == 0);
}

static bool covers(const json_t *node, const json_t *wanted, const json_t *actual);

static const char *reference_id(const json_t *v)
{
	return json_string_value(json_is_object(v) ? json_object_get(v, "id") : v);
}

/* The value of a member, also when it stands in its other form: one prefix is a list of one. */
static const json_t *member_value(
	const json_t *node, const json_t *object, const char *key, json_t **own_new)
{
	const json_t *value = json_object_get(object, key);
	const char *other = schema_same_as(node);
	if (value || !other)
		return value;
	const json_t *sibling = json_object_get(object, other);
	if (json_is_array(sibling) && json_array_size(sibling) == 1)
		return json_array_get(sibling, 0);
	if (json_is_string(sibling) && schema_kind(node) == KIND_ARRAY)
		return *own_new = json_pack("[O]", sibling);
	return NULL;
}

/* `known_by`: the member by which the two were found to be the same item, or NULL. */
static bool object_covers(
	const json_t *node, const json_t *wanted, const json_t *actual, const char *known_by)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)wanted, key, value) {
		const json_t *sub = schema_member(node, key);
		if (schema_is_read_only(sub) || (known_by && strcmp(key, known_by) == 0))
			continue;
		json_auto_t *own = NULL;
		if (!covers(sub, value, member_value(sub, actual, key, &own)))
			return false;
	}
	return true;
}

static const json_t *item_by_key(const json_t *array, const char *key, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach ((json_t *)array, i, item) {
		const char *other = json_string_value(json_object_get(item, key));
		if (other && text_same_nocase(other, name))
			return item;
	}
	return NULL;
}

static bool array_has(const json_t *items_node, const json_t *array, const json_t *wanted)
{
	size_t i;
	json_t *item;
	json_array_foreach ((json_t *)array, i, item)
		if (covers(items_node, wanted, item))
			return true;
	return false;
}

static bool array_covers(const json_t *node, const json_t *wanted, const json_t *actual)
{
	const json_t *items = schema_items(node);
	const char *key = schema_list_key(node);
	if (json_array_size(wanted) != json_array_size(actual))
		return false;
	size_t i;
	json_t *item;
	json_array_foreach ((json_t *)wanted, i, item) {
		const char *name = key ? json_string_value(json_object_get(item, key)) : NULL;
		if (name) {
			const json_t *other = item_by_key(actual, key, name);
			if (!other || !object_covers(items, item, other, key))
				return false;
		} else if (schema_is_set(node)) {
			if (!array_has(items, actual, item))
				return false;
		} else if (!covers(items, item, json_array_get(actual, i))) {
			return false;
		}
	}
	return true;
}

/* Whether `actual` already says all that `wanted` says. */
static bool covers(const json_t *node, const json_t *wanted, const json_t *actual)
{
	if (is_empty(wanted) && is_empty(actual))
		return true;
	const json_t *fallback = schema_default(node);
	if (!wanted || json_is_null(wanted))
		wanted = fallback;
	if (!actual || json_is_null(actual))
		actual = fallback;
	if (!wanted)
		return false;
	if (schema_reference_type(node)) {
		const char *a = reference_id(wanted), *b = reference_id(actual);
		return a && b && text_same_nocase(a, b);
	}
	if (json_is_object(wanted))
		return (!actual || json_is_object(actual)) &&
			object_covers(node, wanted, actual, NULL);
	if (!actual)
		return false;
	if (json_is_array(wanted))
		return json_is_array(actual) && array_covers(node, wanted, actual);
	return schema_same_scalar(node, wanted, actual);
}

bool diff_same(const json_t *node, const json_t *a, const json_t *b)
{
	return covers(node, a, b) && covers(node, b, a);
}

static struct edit *add_edit(
	struct walk *w, const struct path *at, const json_t *before, const json_t *after)
{
	struct edit *e = ARENA_PUSH(w->arena, w->out->items, w->out->count);
	e->pointer = path_pointer(w->arena, at);
	e->before = arena_json(w->arena, json_incref((json_t *)before));
	e->after = arena_json(w->arena, json_incref((json_t *)after));
	return e;
}

const char *diff_tag_key(const json_t *tags, const char *name)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)tags, key, value)
		if (text_same_nocase(key, name))
			return key;
	return name;
}

static void diff_tags(struct walk *w, const json_t *desired, const json_t *actual)
{
	const struct path at = { NULL, "tags" };
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)desired, name, value) {
		const char *key = diff_tag_key(actual, name);
		const json_t *now = json_object_get(actual, key);
		bool wanted = !json_is_null(value);
		if (wanted ? !now || !json_equal(value, now) : now != NULL)
			add_edit(w, &(struct path){ &at, key }, now, wanted ? value : NULL);
	}
}

static bool is_nested(const json_t *node, const json_t *value)
{
	return json_is_object(value) && !schema_reference_type(node) &&
		(!node || schema_kind(node) == KIND_OBJECT);
}

/* Whether all that is wanted stands just so, whatever the schema says of it: so it is mostly. */
static bool has_all(const json_t *actual, const json_t *wanted)
{
	if (!json_is_object(wanted) || !json_is_object(actual))
		return json_equal(wanted, actual);
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)wanted, key, value)
		if (!has_all(json_object_get(actual, key), value))
			return false;
	return true;
}

static void diff_object(struct walk *w, const struct path *at, const json_t *node,
	const json_t *desired, const json_t *actual, bool replaces)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)desired, key, value) {
		const json_t *sub = schema_member(node, key);
		if (schema_is_child_list(sub) || schema_is_read_only(sub))
			continue;
		if (!at && w->schema->has_tags && strcmp(key, "tags") == 0) {
			diff_tags(w, value, json_object_get(actual, key));
			continue;
		}
		const struct path here = { at, key };
		bool fixed = replaces || !schema_is_updatable(sub);
		json_auto_t *own = NULL;
		const json_t *now = member_value(sub, actual, key, &own);
		if (is_nested(sub, value))
			diff_object(w, &here, sub, value, now, fixed);
		else if (!covers(sub, value, now))
			add_edit(w, &here, now, json_is_null(value) ? NULL : value)->replaces =
				fixed;
	}
}

void diff_desired(struct arena *a, const struct schema *schema, const json_t *desired,
	const json_t *actual, struct edits *out)
{
	struct walk w = { a, schema, out };
	if (has_all(actual, desired))
		return;
	diff_object(&w, NULL, schema->root, desired, actual, false);
}

static void drop_object(struct walk *w, const struct path *at, const json_t *node,
	const json_t *recorded, const json_t *const others[2])
{
	const json_t *desired = others[0], *actual = others[1];
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)recorded, key, value) {
		const json_t *sub = schema_member(node, key);
		if (schema_is_child_list(sub) || schema_is_read_only(sub))
			continue;
		const struct path here = { at, key };
		json_auto_t *own_wanted = NULL, *own_now = NULL;
		const json_t *wanted = member_value(sub, desired, key, &own_wanted);
		const json_t *now = member_value(sub, actual, key, &own_now);
		if (is_nested(sub, value))
			drop_object(w, &here, sub, value, (const json_t *[]){ wanted, now });
		else if (!wanted && !covers(sub, NULL, now) && diff_same(sub, value, now))
			add_edit(w, &here, now, NULL)->replaces = !schema_is_updatable(sub);
	}
}

void diff_dropped(struct arena *a, const struct schema *schema, const json_t *recorded,
	const json_t *desired, const json_t *actual, struct edits *out)
{
	struct walk w = { a, schema, out };
	drop_object(&w, NULL, schema->root, recorded, (const json_t *[]){ desired, actual });
}

json_t *edits_json(const struct edits *edits)
{
	json_t *list = json_array();
	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *e = &edits->items[i];
		json_array_append_new(list,
			json_pack("{s:s, s:O?, s:O?}", "pointer", e->pointer, "before", e->before,
				"after", e->after));
	}
	return list;
}

void edit_apply(json_t *body, const struct schema *schema, const struct edit *e)
{
	const char *other = schema_same_as(schema_at(schema->root, e->pointer));
	if (other) {
		struct arena *a = arena_new();
		json_drop(body, pointer_add(a, pointer_parent(a, e->pointer), other));
		arena_free(a);
	}
	if (e->after)
		(void)json_put(body, e->pointer, json_deep_copy(e->after));
	else
		json_drop(body, e->pointer);
}

static json_t *object_with_newer(const json_t *node, json_t *wanted, const json_t *standing)
{
	json_t *copy = json_object();
	const char *key;
	json_t *value;
	json_object_foreach (wanted, key, value)
		json_object_set_new(copy, key,
			value_with_newer(
				schema_member(node, key), value, json_object_get(standing, key)));
	json_object_foreach ((json_t *)standing, key, value)
		if (node && !schema_member(node, key) && !json_object_get(copy, key))
			json_object_set_new(copy, key, json_deep_copy(value));
	return copy;
}

/* What stands of an item: by its key, else what says all that it says. */
static const json_t *standing_item(
	const json_t *node, const json_t *wanted, size_t at, const json_t *standing)
{
	const char *key = schema_list_key(node);
	const char *name = key ? json_string_value(json_object_get(wanted, key)) : NULL;
	if (name)
		return item_by_key(standing, key, name);
	const json_t *same = json_array_get(standing, at);
	if (same && covers(schema_items(node), wanted, same))
		return same;
	size_t i;
	json_t *item;
	json_array_foreach ((json_t *)standing, i, item)
		if (covers(schema_items(node), wanted, item))
			return item;
	return NULL;
}

json_t *value_with_newer(const json_t *node, json_t *wanted, const json_t *standing)
{
	if (json_is_object(wanted) && json_is_object(standing) && !schema_reference_type(node))
		return object_with_newer(node, wanted, standing);
	const json_t *items = schema_items(node);
	if (!json_is_array(wanted) || !json_is_array(standing) ||
		schema_kind(items) != KIND_OBJECT || schema_reference_type(items))
		return json_deep_copy(wanted);
	json_t *copy = json_array();
	size_t i;
	json_t *item;
	json_array_foreach (wanted, i, item)
		json_array_append_new(copy,
			value_with_newer(items, item, standing_item(node, item, i, standing)));
	return copy;
}

static json_t *writable(const struct schema *, const json_t *node, const json_t *value, bool);

static json_t *writable_object(
	const struct schema *s, const json_t *node, const json_t *object, bool children)
{
	json_t *copy = json_object();
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)object, key, value) {
		const json_t *sub = schema_member(node, key);
		if (schema_is_read_only(sub) || (schema_is_child_list(sub) && !children))
			continue;
		const struct schema *child =
			schema_is_child_list(sub) ? schema_child(s, key) : NULL;
		json_object_set_new(copy, key, writable(child ? child : s, sub, value, children));
	}
	return copy;
}

static json_t *writable(
	const struct schema *s, const json_t *node, const json_t *value, bool children)
{
	if (json_is_object(value) && node && !schema_reference_type(node))
		return writable_object(s, node, value, children);
	if (!json_is_array(value) || !node)
		return json_deep_copy(value);
	json_t *copy = json_array();
	size_t i;
	json_t *item;
	json_array_foreach ((json_t *)value, i, item) {
		const json_t *item_node = schema_is_child_list(node) ? s->root : schema_items(node);
		json_t *clean = writable(s, item_node, item, children);
		/* A list of resources is known by their names, which a resource alone has in its
		 * id. */
		json_t *name = json_object_get(item, "name");
		if (name && schema_list_key(node))
			json_object_set(clean, "name", name);
		json_array_append_new(copy, clean);
	}
	return copy;
}

json_t *body_writable(const struct schema *schema, const json_t *body, bool children)
{
	return writable_object(schema, schema->root, body, children);
}

json_t *body_project(const json_t *shape, const json_t *actual)
{
	if (!json_is_object(shape) || !json_is_object(actual))
		return json_deep_copy(actual);
	json_t *part = json_object();
	const char *key;
	json_t *sub;
	json_object_foreach ((json_t *)shape, key, sub) {
		json_t *value = json_object_get(actual, key);
		if (value)
			json_object_set_new(part, key, body_project(sub, value));
	}
	return part;
}
