/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/internal.h"

static const char *const own_words[] = { "existing", "expect", "name", "resourceGroup",
	"subscription", "dependsOn", "lifecycle", "adopt", "nodeRoutes", "foreignRoutes",
	"foreignTags", "ignore" };

bool is_own_word(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(own_words); i++)
		if (strcmp(own_words[i], key) == 0)
			return true;
	return false;
}

struct spot {
	const json_t *node;
	const char *pointer; /* in the YAML */
	const char *body;    /* in the ARM body */
	const char *member;
};

static json_t *shape_value(const struct shape *s, const struct spot *spot, const json_t *value);

static const char **member_names(struct arena *a, const json_t *node, size_t *count)
{
	const char **names = NULL;
	const json_t *level = schema_properties_level(node);
	const char *key;
	json_t *member;
	*count = 0;
	json_object_foreach (json_object_get(node, "properties"), key, member)
		if (!schema_is_read_only(member) && !(level && strcmp(key, "properties") == 0))
			*ARENA_PUSH(a, names, *count) = key;
	json_object_foreach (json_object_get(level, "properties"), key, member)
		if (!schema_is_read_only(member))
			*ARENA_PUSH(a, names, *count) = key;
	return names;
}

static bool refuse_member(
	const struct shape *s, const struct spot *spot, const char *key, const char *pointer)
{
	struct arena *a = s->config->arena;
	size_t count = 0;
	const char **names = member_names(a, spot->node, &count);
	const char *what = *spot->body ? arena_printf(a, "`%s`", spot->member)
				       : arena_printf(a, "a %s", s->owner->resource.schema->title);
	if (!*spot->body)
		for (size_t i = 0; i < ARRAY_LEN(own_words); i++)
			*ARENA_PUSH(a, names, count) = own_words[i];
	(void)unknown_member(s->diags, place_key(s->config, pointer), key, what, names, count);
	if (strcmp(key, "properties") == 0)
		diag_help(s->diags, "members of ARM's `properties` stand beside `location`");
	return false;
}

static bool check_writable(
	const struct shape *s, const json_t *node, const char *key, const char *pointer)
{
	if (s->is_expect || !schema_is_read_only(node))
		return true;
	(void)diag_error(s->diags, place_key(s->config, pointer), "read-only-member",
		"`%s` is filled in by Azure and cannot be set", key);
	diag_help(s->diags, "leave it out; under `expect` it can be checked");
	return false;
}

static bool shape_member(const struct shape *s, const struct spot *spot, const char *key,
	const json_t *value, json_t *out)
{
	struct arena *a = s->config->arena;
	bool is_inner = false;
	struct spot inner = { .pointer = pointer_add(a, spot->pointer, key), .member = key };
	inner.node = schema_flat_member(spot->node, key, &is_inner);
	if (!inner.node && schema_is_closed(spot->node))
		return refuse_member(s, spot, key, inner.pointer);
	if (schema_is_child_list(inner.node))
		return true;
	if (!check_writable(s, inner.node, key, inner.pointer))
		return false;
	const char *level = is_inner ? pointer_add(a, spot->body, "properties") : spot->body;
	inner.body = pointer_add(a, level, key);
	struct shape deeper = *s;
	deeper.allows_unknown |=
		s->owner->resource.schema->has_tags && strcmp(inner.body, "/tags") == 0;
	json_t *shaped = shape_value(&deeper, &inner, value);
	if (!shaped)
		return false;
	json_t *target = out;
	if (is_inner) {
		target = json_object_get(out, "properties");
		if (!target) {
			target = json_object();
			(void)json_object_set_new(out, "properties", target);
		}
	}
	return json_object_set_new(target, key, shaped) == 0;
}

/* The members of an object, without the rules between them. New. */
static json_t *shape_members(const struct shape *s, const struct spot *spot, const json_t *value)
{
	json_t *out = json_object();
	bool good = true;
	const char *key;
	json_t *member;
	json_object_foreach ((json_t *)value, key, member) {
		if (!*spot->body && is_own_word(key))
			continue;
		good &= shape_member(s, spot, key, member, out);
	}
	if (good)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *shape_object(const struct shape *s, const struct spot *spot, const json_t *value)
{
	if (!json_is_object(value)) {
		(void)wrong_type(s->diags, place_value(s->config, spot->pointer), spot->member,
			"a map", value);
		return NULL;
	}
	json_t *out = shape_members(s, spot, value);
	if (!out || check_object(s, spot->node, out, spot->pointer))
		return out;
	json_decref(out);
	return NULL;
}

/* A map keyed by name in the YAML, a list in ARM. */
static json_t *shape_named(const struct shape *s, const struct spot *spot, const json_t *value)
{
	struct arena *a = s->config->arena;
	if (!json_is_object(value)) {
		(void)wrong_type(s->diags, place_value(s->config, spot->pointer), spot->member,
			"a map keyed by name", value);
		return NULL;
	}
	json_t *out = json_array();
	bool good = true;
	const char *key;
	json_t *item;
	json_object_foreach ((json_t *)value, key, item) {
		json_auto_t *named = json_is_object(item) ? json_copy(item) : json_incref(item);
		if (json_is_object(named) && !json_object_get(named, "name"))
			(void)json_object_set_new(named, "name", json_string(key));
		struct spot inner = { .node = schema_items(spot->node),
			.pointer = pointer_add(a, spot->pointer, key),
			.body = pointer_add_index(a, spot->body, json_array_size(out)),
			.member = key };
		json_t *shaped = shape_value(s, &inner, named);
		good &= shaped && json_array_append_new(out, shaped) == 0;
	}
	if (good)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *shape_list(const struct shape *s, const struct spot *spot, const json_t *value)
{
	struct arena *a = s->config->arena;
	const char *key = schema_list_key(spot->node);
	if (key && strcmp(key, "name") == 0)
		return shape_named(s, spot, value);
	if (!json_is_array(value)) {
		(void)wrong_type(s->diags, place_value(s->config, spot->pointer), spot->member,
			"a list", value);
		return NULL;
	}
	json_t *out = json_array();
	bool good = true;
	size_t i;
	const json_t *item;
	json_array_foreach (value, i, item) {
		struct spot inner = { .node = schema_items(spot->node),
			.pointer = pointer_add_index(a, spot->pointer, i),
			.body = pointer_add_index(a, spot->body, i),
			.member = spot->member };
		json_t *shaped = shape_value(s, &inner, item);
		good &= shaped && json_array_append_new(out, shaped) == 0;
	}
	if (good)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *shape_reference(const struct shape *s, const struct spot *spot, const json_t *value)
{
	struct config *c = s->config;
	struct place at = place_value(c, spot->pointer);
	if (!json_is_string(value)) {
		(void)wrong_type(s->diags, at, spot->member, "text", value);
		diag_help(s->diags,
			"write the key, the address or the ARM id of the resource itself");
		return NULL;
	}
	const char *id = reference_id(
		c, schema_reference_type(spot->node), json_string_value(value), at, s->diags);
	if (!id)
		return NULL;
	if (!s->is_expect)
		declared_refer(c, s->owner, spot->body, id, find_id(c, id));
	return json_pack("{s:s}", "id", id);
}

static json_t *shape_expression(const struct shape *s, const struct spot *spot, const json_t *value)
{
	struct config *c = s->config;
	struct scope scope = {
		.config = c, .sees_resources = true, .owner = s->owner, .diags = s->diags
	};
	json_t *known = NULL;
	enum expression_result result =
		scope_evaluate(&scope, spot->pointer, json_string_value(value), &known);
	if (result == EXPRESSION_FAILED)
		return NULL;
	if (result == EXPRESSION_VALUE) {
		struct shape literal = *s;
		literal.is_literal = true;
		json_auto_t *held = known;
		return shape_value(&literal, spot, held);
	}
	if (!s->allows_unknown || s->is_expect) {
		(void)diag_error(s->diags, place_value(c, spot->pointer), "known-after-apply",
			"this is known only after apply");
		diag_help(s->diags, "such a value may stand in tags and in outputs");
		return NULL;
	}
	struct resource *r = &s->owner->resource;
	*ARENA_PUSH(c->arena, r->unknown, r->nunknown) = spot->body;
	return json_incref((json_t *)value);
}

static json_t *shape_value(const struct shape *s, const struct spot *spot, const json_t *value)
{
	if (!s->is_literal && json_is_string(value) && expression_in(json_string_value(value)))
		return shape_expression(s, spot, value);
	if (schema_reference_type(spot->node))
		return shape_reference(s, spot, value);
	switch (schema_kind(spot->node)) {
	case KIND_OBJECT:
		return shape_object(s, spot, value);
	case KIND_ARRAY:
		return shape_list(s, spot, value);
	case KIND_STRING:
	case KIND_INTEGER:
	case KIND_NUMBER:
	case KIND_BOOLEAN:
	case KIND_ANY:
		break;
	}
	return check_scalar(s, spot->node, value, spot->pointer, spot->member);
}

json_t *shape_body(struct config *c, struct declared *d, const json_t *flat, const char *pointer,
	bool is_expect, struct diags *diags)
{
	const struct schema *schema = d->resource.schema;
	struct shape s = { .config = c, .owner = d, .is_expect = is_expect, .diags = diags };
	struct spot root = {
		.node = schema->root, .pointer = pointer, .body = "", .member = d->key
	};
	json_t *out = shape_members(&s, &root, flat);
	if (!out)
		return NULL;
	if (!is_expect && !d->resource.existing && c->location &&
		schema_member(schema->root, "location") && !json_object_get(out, "location"))
		(void)json_object_set_new(out, "location", json_string(c->location));
	if (check_object(&s, schema->root, out, pointer))
		return out;
	json_decref(out);
	return NULL;
}
