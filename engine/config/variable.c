/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config/variable.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

static bool holds_string(const json_t *v)
{
	return json_is_string(v);
}

static bool holds_number(const json_t *v)
{
	return json_is_number(v);
}

static bool holds_boolean(const json_t *v)
{
	return json_is_boolean(v);
}

static bool holds_list(const json_t *v)
{
	return json_is_array(v);
}

static bool holds_map(const json_t *v)
{
	return json_is_object(v);
}

static bool holds_cidr(const json_t *v)
{
	struct prefix p;
	return json_is_string(v) && prefix_parse(&p, json_string_value(v)) &&
		prefix_is_canonical(&p);
}

static bool holds_ip(const json_t *v)
{
	struct ip ip;
	return json_is_string(v) && ip_parse(&ip, json_string_value(v));
}

static const struct variable_type types[] = {
	{ "string", "text", true, holds_string },
	{ "number", "a number", false, holds_number },
	{ "boolean", "true or false", false, holds_boolean },
	{ "list", "a list", false, holds_list },
	{ "map", "a map", false, holds_map },
	{ "cidr", "a CIDR without host bits", true, holds_cidr },
	{ "ip", "an IP address", true, holds_ip },
};

static const struct variable_type *type_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

static const struct variable_type *read_type(
	struct config *c, const char *pointer, const json_t *declaration, struct diags *diags)
{
	const json_t *type = json_object_get(declaration, "type");
	if (!type)
		return &types[0];
	const struct variable_type *found =
		json_is_string(type) ? type_named(json_string_value(type)) : NULL;
	if (found)
		return found;
	const char *names[ARRAY_LEN(types)];
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		names[i] = types[i].name;
	const char *near = json_is_string(type)
		? text_nearest(json_string_value(type), names, ARRAY_LEN(names))
		: NULL;
	(void)diag_error(diags, place_value(c, pointer_add(c->arena, pointer, "type")),
		"wrong-type", "this is not a type of a variable");
	diag_help(diags, near ? "did you mean `%s`?" : "string, number, boolean, list, map, %s",
		near ? near : "cidr or ip");
	return NULL;
}

static bool read_flag(struct config *c, const json_t *declaration, const char *pointer,
	const char *member, bool *out, struct diags *diags)
{
	const json_t *value = json_object_get(declaration, member);
	*out = json_is_true(value);
	return !value || json_is_boolean(value) ||
		wrong_type(diags, place_value(c, pointer_add(c->arena, pointer, member)), member,
			"true or false", value);
}

static bool read_allowed(
	struct config *c, struct variable *v, const json_t *declaration, struct diags *diags)
{
	const char *pointer = pointer_add(c->arena, v->pointer, "allowed");
	bool good = true;
	size_t i;
	const json_t *item;
	v->allowed = json_object_get(declaration, "allowed");
	if (v->allowed && !json_is_array(v->allowed))
		return wrong_type(
			diags, place_value(c, pointer), "allowed", "a list of values", v->allowed);
	if (v->allowed && json_array_size(v->allowed) == 0)
		return diag_error(diags, place_value(c, pointer), "wrong-type",
			"`allowed` must list a value: variable `%s` could have none", v->name);
	json_array_foreach (v->allowed, i, item)
		if (!v->type->holds(item))
			good = diag_error(diags,
				place_value(c, pointer_add_index(c->arena, pointer, i)),
				"wrong-type", "a value of variable `%s` must be %s", v->name,
				v->type->article);
	return good;
}

static bool read_pattern(
	struct config *c, struct variable *v, const json_t *declaration, struct diags *diags)
{
	const json_t *value = json_object_get(declaration, "pattern");
	struct place at = place_value(c, pointer_add(c->arena, v->pointer, "pattern"));
	const char *why = NULL;
	if (!value)
		return true;
	if (!json_is_string(value))
		return wrong_type(diags, at, "pattern", "text", value);
	if (!v->type->is_text)
		return diag_error(diags, at, "bad-pattern", "a pattern is for text, not for a %s",
			v->type->name);
	v->pattern = pattern_compile(c->arena, json_string_value(value), &why);
	return v->pattern ||
		diag_error(diags, at, "bad-pattern", "this pattern cannot be used: %s", why);
}

/* A default would stand in the file, and number, list or map have no one text to look for. */
static bool check_sensitive(
	struct config *c, const struct variable *v, const json_t *declaration, struct diags *diags)
{
	struct place at = place_key(c, pointer_add(c->arena, v->pointer, "sensitive"));
	if (!v->sensitive)
		return true;
	if (!v->type->is_text)
		return diag_error(diags, at, "sensitive-type",
			"a sensitive variable must be text, not a %s", v->type->name);
	if (json_object_get(declaration, "default"))
		return diag_error(diags, place_key(c, pointer_add(c->arena, v->pointer, "default")),
			"sensitive-default", "a sensitive variable has no default");
	return true;
}

bool variable_read(struct config *c, const char *name, const json_t *declaration,
	struct variable *out, struct diags *diags)
{
	static const char *const members[] = { "type", "default", "description", "allowed",
		"pattern", "sensitive", NULL };
	*out = (struct variable){ .name = name,
		.pointer = pointer_add(c->arena, "/variables", name) };
	if (!json_is_object(declaration)) {
		(void)wrong_type(diags, place_value(c, out->pointer), name, "a map", declaration);
		diag_help(diags, "write it as in {type: string, default: kubernetes}");
		return false;
	}
	const json_t *description = json_object_get(declaration, "description");
	bool good = only_members(c, declaration, out->pointer, "a variable", members, diags);
	out->type = read_type(c, out->pointer, declaration, diags);
	if (!out->type)
		return false;
	if (description && !json_is_string(description))
		good = wrong_type(diags,
			place_value(c, pointer_add(c->arena, out->pointer, "description")),
			"description", "text", description);
	good = read_flag(c, declaration, out->pointer, "sensitive", &out->sensitive, diags) && good;
	good = read_allowed(c, out, declaration, diags) && good;
	good = read_pattern(c, out, declaration, diags) && good;
	return check_sensitive(c, out, declaration, diags) && good;
}

/* 1 and 1.0 are one number. */
static bool is_same(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) != json_is_integer(b) && json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal((json_t *)a, (json_t *)b);
}

static bool is_allowed(const struct variable *v, const json_t *value)
{
	size_t i;
	const json_t *item;
	json_array_foreach (v->allowed, i, item)
		if (is_same(item, value))
			return true;
	return !v->allowed;
}

bool variable_check(struct config *c, const struct variable *v, const json_t *value,
	struct place at, struct diags *diags)
{
	if (v->sensitive)
		at.excerpt = NULL;
	if (!v->type->holds(value)) {
		(void)diag_error(diags, at, "wrong-type", "variable `%s` must be %s", v->name,
			v->type->article);
		diag_note(diags, place_key(c, v->pointer), "it is declared here");
		diag_help(diags, "give it %s, or declare another `type`", v->type->article);
		return false;
	}
	if (!is_allowed(v, value)) {
		(void)diag_error(diags, at, "variable-not-allowed",
			"this is not among the values that variable `%s` may have", v->name);
		diag_note(diags, place_key(c, pointer_add(c->arena, v->pointer, "allowed")),
			"those are listed here");
		return false;
	}
	if (v->pattern && !pattern_matches(v->pattern, json_string_value(value))) {
		(void)diag_error(diags, at, "variable-pattern",
			"the value of variable `%s` does not match its pattern", v->name);
		diag_note(diags, place_key(c, pointer_add(c->arena, v->pointer, "pattern")),
			"it stands here");
		return false;
	}
	return true;
}
