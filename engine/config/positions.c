/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"

/* The pointer as the files have it: with the keys that held ${} as they were written. */
static const char *raw_pointer(const struct config *c, const char *pointer)
{
	if (json_object_size(c->internal->renamed) == 0)
		return pointer;
	const char *now = "", *raw = "", *rest = pointer;
	for (const char *token; (token = pointer_next(c->arena, &rest));) {
		now = pointer_add(c->arena, now, token);
		const char *written = json_string_value(json_object_get(c->internal->renamed, now));
		raw = pointer_add(c->arena, raw, written ? written : token);
	}
	return raw;
}

/* The file that has the value at the pointer, or at the nearest ancestor in any file, which *raw
 * is moved to; NULL for none. */
static const struct yaml *file_of(const struct config *c, const char **raw)
{
	const struct config_internal *in = c->internal;
	for (; *raw; *raw = pointer_parent(c->arena, *raw))
		for (size_t i = in->ndocuments; i-- > 0;)
			if (yaml_has(in->documents[i].yaml, *raw))
				return in->documents[i].yaml;
	return NULL;
}

struct place config_place(const struct config *c, const char *pointer, enum yaml_side side)
{
	const char *raw = raw_pointer(c, pointer ? pointer : "");
	const struct yaml *yaml = file_of(c, &raw);
	return yaml ? yaml_place(yaml, raw, side) : PLACE_NONE;
}

struct place place_key(const struct config *c, const char *pointer)
{
	return config_place(c, pointer, YAML_KEY);
}

struct place place_value(const struct config *c, const char *pointer)
{
	return config_place(c, pointer, YAML_VALUE);
}

struct place place_within(const struct config *c, const char *pointer, enum yaml_side side,
	const char *text, size_t offset, size_t length)
{
	const char *raw = raw_pointer(c, pointer ? pointer : "");
	const struct yaml *yaml = file_of(c, &raw);
	if (!yaml)
		return PLACE_NONE;
	return yaml_place_within(yaml, yaml_place(yaml, raw, side), text, offset, length);
}

/* The key of the item in a map of the YAML that became item `token` of a list. */
static const char *key_of_item(
	struct arena *a, const json_t *map, const json_t *list, const char *token)
{
	char *end = NULL;
	unsigned long n = strtoul(token, &end, 10);
	const char *name = token;
	if (json_is_array(list) && *end == '\0' && json_array_get(list, n))
		name = json_string_value(json_object_get(json_array_get(list, n), "name"));
	if (!name || json_object_get(map, name))
		return name ? name : token;
	const char *key;
	json_t *item;
	json_object_foreach ((json_t *)map, key, item) {
		const char *own = json_string_value(json_object_get(item, "name"));
		if (own && strcmp(own, name) == 0)
			return arena_strdup(a, key);
	}
	return name;
}

struct flat_walk {
	const json_t *node;
	const json_t *value; /* flat */
	const json_t *body;
	const char *pointer;
};

static void step_into(struct arena *a, struct flat_walk *w, const char *key)
{
	w->pointer = pointer_add(a, w->pointer, key);
	char *end = NULL;
	unsigned long n = strtoul(key, &end, 10);
	w->value = json_is_array(w->value) && *end == '\0' ? json_array_get(w->value, n)
							   : json_object_get(w->value, key);
}

static void step_flat(struct arena *a, struct flat_walk *w, const char *token)
{
	if (schema_kind(w->node) == KIND_ARRAY) {
		const char *key =
			json_is_object(w->value) ? key_of_item(a, w->value, w->body, token) : token;
		char *end = NULL;
		unsigned long n = strtoul(token, &end, 10);
		w->body = *end == '\0' ? json_array_get(w->body, n) : NULL;
		w->node = schema_items(w->node);
		/* One address prefix may be written for a list of one. */
		if (w->value && !json_is_string(w->value))
			step_into(a, w, key);
		return;
	}
	w->body = json_object_get(w->body, token);
	bool is_level = strcmp(token, "properties") == 0 && schema_properties_level(w->node);
	bool is_id = schema_reference_type(w->node) && strcmp(token, "id") == 0;
	w->node = schema_member(w->node, token);
	if (is_level || is_id)
		return;
	const char *same = json_string_value(json_object_get(w->node, "x-same-as"));
	bool is_other = same && json_is_object(w->value) && !json_object_get(w->value, token) &&
		json_object_get(w->value, same);
	step_into(a, w, is_other ? same : token);
}

/* Goes where a pointer into the body leads in the YAML; false: it is not written there. */
static bool walk_flat(struct arena *a, struct flat_walk *w, const char *body_pointer)
{
	const char *rest = body_pointer;
	for (const char *token; (token = pointer_next(a, &rest));)
		step_flat(a, w, token);
	return w->value != NULL;
}

struct place config_member_place(const struct config *c, const struct resource *r,
	const char *body_pointer, enum yaml_side side)
{
	if (!r || !r->pointer)
		return PLACE_NONE;
	if (r->node) {
		bool is_name = strcmp(body_pointer, "/name") == 0;
		return config_place(
			c, is_name ? pointer_add(c->arena, r->pointer, "name") : r->pointer, side);
	}
	struct flat_walk w = { .node = r->schema->root,
		.value = json_at(c->merged, r->pointer),
		.body = r->body,
		.pointer = r->pointer };
	bool is_written = walk_flat(c->arena, &w, body_pointer);
	if (!is_written && strcmp(body_pointer, "/location") == 0 && c->location)
		return config_place(c, "/location", side);
	return config_place(c, w.pointer, is_written ? side : YAML_KEY);
}

struct place config_expect_place(
	const struct config *c, const struct resource *r, const char *body_pointer)
{
	const char *pointer = pointer_add(c->arena, r->pointer, "expect");
	struct flat_walk w = { .node = r->schema->root,
		.value = json_at(c->merged, pointer),
		.body = r->expect,
		.pointer = pointer };
	bool is_written = walk_flat(c->arena, &w, body_pointer);
	return config_place(c, w.pointer, is_written ? YAML_VALUE : YAML_KEY);
}

const char *flat_to_body(struct config *c, const struct schema *schema,
	const struct expression_path *path, size_t first)
{
	const json_t *node = schema->root;
	const char *body = "";
	for (size_t i = first; i < path->nsegments; i++) {
		const char *segment = path->segments[i];
		if (schema_kind(node) == KIND_ARRAY) {
			node = schema_items(node);
		} else {
			bool is_inner = false;
			node = schema_flat_member(node, segment, &is_inner);
			if (is_inner)
				body = pointer_add(c->arena, body, "properties");
		}
		if (!node)
			return NULL;
		body = pointer_add(c->arena, body, segment);
	}
	return body;
}

/* ---- messages that several files need ---- */

bool unknown_member(struct diags *diags, struct place at, const char *key, const char *what,
	const char *const *candidates, size_t count)
{
	(void)diag_error(diags, at, "unknown-member", "`%s` is not a member of %s", key, what);
	const char *near = text_nearest(key, candidates, count);
	if (near)
		diag_help(diags, "did you mean `%s`?", near);
	return false;
}

bool only_members(struct config *c, const json_t *object, const char *pointer, const char *what,
	const char *const *names, struct diags *diags)
{
	size_t count = 0;
	while (names[count])
		count++;
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)object, key, value) {
		bool known = false;
		for (size_t i = 0; i < count && !known; i++)
			known = strcmp(names[i], key) == 0;
		if (!known)
			good = unknown_member(diags,
				place_key(c, pointer_add(c->arena, pointer, key)), key, what, names,
				count);
	}
	return good;
}

static const char *kind_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "a map";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "nothing";
	}
	return "something else";
}

bool wrong_type(struct diags *diags, struct place at, const char *member, const char *wanted,
	const json_t *got)
{
	(void)diag_error(
		diags, at, "wrong-type", "`%s` must be %s, not %s", member, wanted, kind_name(got));
	if (strcmp(wanted, "text") == 0 && (json_is_number(got) || json_is_boolean(got)))
		diag_help(diags,
			"put it in quotes to make it text; beside other text `${...}` is text");
	else if (json_is_string(got) && expression_in(json_string_value(got)))
		diag_help(diags, "no expression may stand here: write it out");
	else if (json_is_null(got))
		diag_help(diags, "write a value, or leave the line out");
	return false;
}
