/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool check_cidr(const struct shape *s, const char *text, bool or_tag, const char *pointer)
{
	struct prefix p;
	if (!prefix_parse(&p, text)) {
		bool is_tag = or_tag &&
			((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z')) &&
			!strpbrk(text, "/: ");
		if (is_tag)
			return true;
		(void)diag_error(s->diags, place_value(s->config, pointer), "bad-cidr",
			"`%s` is not a CIDR%s", text, or_tag ? " and not a service tag" : "");
		diag_help(s->diags, "write it as in 10.200.0.0/24");
		return false;
	}
	if (prefix_is_canonical(&p))
		return true;
	char canonical[PREFIX_TEXT];
	struct prefix clean = prefix_canonical(&p);
	prefix_format(&clean, canonical);
	(void)diag_error(s->diags, place_value(s->config, pointer), "host-bits",
		"`%s` has bits set behind its length", text);
	diag_help(s->diags, "did you mean `%s`?", canonical);
	return false;
}

static bool check_format(
	const struct shape *s, const json_t *node, const char *text, const char *pointer)
{
	const char *format = schema_format(node);
	struct ip ip;
	if (!format)
		return true;
	if (strcmp(format, "ip") != 0)
		return check_cidr(s, text, strcmp(format, "cidr-or-tag") == 0, pointer);
	if (ip_parse(&ip, text))
		return true;
	(void)diag_error(s->diags, place_value(s->config, pointer), "bad-ip",
		"`%s` is not an IP address", text);
	diag_help(s->diags, "write it as in 10.240.0.20 or fd00::20");
	return false;
}

/* The choice as the schema spells it, or NULL with an error. */
static const char *check_enum(const struct shape *s, const json_t *node, const char *text,
	const char *pointer, const char *member)
{
	const json_t *choices = schema_enum(node);
	const char **names = NULL;
	size_t count = 0, i;
	const json_t *choice;
	const char *all = "";
	if (!choices)
		return text;
	json_array_foreach (choices, i, choice) {
		const char *name = json_string_value(choice);
		if (text_same_nocase(name, text))
			return name;
		*ARENA_PUSH(s->config->arena, names, count) = name;
		all = arena_printf(s->config->arena, "%s%s%s", all, *all ? ", " : "", name);
	}
	const char *near = text_nearest(text, names, count);
	(void)diag_error(s->diags, place_value(s->config, pointer), "not-a-choice",
		"`%s` is no value of `%s`", text, member);
	if (near)
		diag_help(s->diags, "did you mean `%s`?", near);
	else
		diag_help(s->diags, "it is one of %s", all);
	return NULL;
}

static json_t *check_text(const struct shape *s, const json_t *node, const json_t *value,
	const char *pointer, const char *member)
{
	if (!json_is_string(value)) {
		(void)wrong_type(s->diags, place_value(s->config, pointer), member, "text", value);
		return NULL;
	}
	const char *text = json_string_value(value);
	const char *spelled = check_enum(s, node, text, pointer, member);
	if (!spelled || !check_format(s, node, text, pointer))
		return NULL;
	return spelled == text ? json_incref((json_t *)value) : json_string(spelled);
}

static bool check_bounds(const struct shape *s, const json_t *node, const json_t *value,
	const char *pointer, const char *member)
{
	const json_t *least = json_object_get(node, "minimum");
	const json_t *most = json_object_get(node, "maximum");
	double number = json_number_value(value);
	if ((!least || number >= json_number_value(least)) &&
		(!most || number <= json_number_value(most)))
		return true;
	return diag_error(s->diags, place_value(s->config, pointer), "out-of-range",
		"`%s` must be from %g to %g", member, json_number_value(least),
		json_number_value(most));
}

json_t *check_scalar(const struct shape *s, const json_t *node, const json_t *value,
	const char *pointer, const char *member)
{
	const char *wanted = NULL;
	switch (schema_kind(node)) {
	case KIND_STRING:
		return check_text(s, node, value, pointer, member);
	case KIND_BOOLEAN:
		wanted = json_is_boolean(value) ? NULL : "true or false";
		break;
	case KIND_INTEGER:
		wanted = json_is_integer(value) ? NULL : "a whole number";
		break;
	case KIND_NUMBER:
		wanted = json_is_number(value) ? NULL : "a number";
		break;
	case KIND_OBJECT:
	case KIND_ARRAY:
	case KIND_ANY:
		break;
	}
	if (wanted) {
		(void)wrong_type(s->diags, place_value(s->config, pointer), member, wanted, value);
		return NULL;
	}
	if (json_is_number(value) && !check_bounds(s, node, value, pointer, member))
		return NULL;
	return json_incref((json_t *)value);
}

/* ---- rules between members ---- */

bool has_value(const json_t *value)
{
	return value && !json_is_null(value);
}

static bool missing_member(const struct shape *s, const char *pointer, const char *names)
{
	(void)diag_error(s->diags, place_key(s->config, pointer), "missing-member", "`%s` lacks %s",
		pointer_last(s->config->arena, pointer), names);
	return false;
}

static bool check_required(
	const struct shape *s, const json_t *node, const json_t *body, const char *pointer)
{
	const char *names = "";
	size_t i;
	const json_t *name;
	json_array_foreach (schema_required(node), i, name) {
		const char *member = json_string_value(name);
		if (strcmp(member, "properties") != 0 && !has_value(json_object_get(body, member)))
			names = arena_printf(
				s->config->arena, "%s%s`%s`", names, *names ? " and " : "", member);
	}
	return !*names || missing_member(s, pointer, names);
}

/* At least one of the alternatives of `anyOf`. */
static bool check_alternatives(
	const struct shape *s, const json_t *node, const json_t *body, const char *pointer)
{
	const json_t *any = json_object_get(node, "anyOf");
	const char *names = "";
	size_t i;
	const json_t *alternative;
	json_array_foreach (any, i, alternative) {
		const char *member =
			json_string_value(json_array_get(schema_required(alternative), 0));
		if (has_value(json_object_get(body, member)))
			return true;
		names = arena_printf(
			s->config->arena, "%s%s`%s`", names, *names ? " or " : "", member);
	}
	return !any || missing_member(s, pointer, names);
}

static bool check_required_when(const struct shape *s, const json_t *rule, const char *name,
	const json_t *body, const char *pointer)
{
	const char *other = text_of(rule, "member");
	const char *is = text_of(rule, "is");
	const char *code = text_of(rule, "code");
	const char *have = text_of(body, other);
	bool given = has_value(json_object_get(body, name));
	if (!have || text_same_nocase(have, is) == given)
		return true;
	if (!given && s->owner->resource.existing)
		return true;
	struct arena *a = s->config->arena;
	if (given) {
		(void)diag_error(s->diags, place_key(s->config, pointer_add(a, pointer, name)),
			code, "`%s` stands only beside `%s: %s`", name, other, is);
		diag_note(s->diags, place_value(s->config, pointer_add(a, pointer, other)),
			"here it is %s", have);
		return false;
	}
	(void)diag_error(s->diags, place_value(s->config, pointer_add(a, pointer, other)), code,
		"`%s: %s` needs `%s`", other, is, name);
	return false;
}

static bool check_family(const struct shape *s, const json_t *member, const char *name,
	const json_t *body, const char *pointer)
{
	const char *other = text_of(member, "x-family-of");
	const char *address = text_of(body, name);
	const char *prefix = other ? text_of(body, other) : NULL;
	struct ip ip;
	struct prefix p;
	if (!address || !prefix || !ip_parse(&ip, address) || !prefix_parse(&p, prefix) ||
		ip.family == p.base.family)
		return true;
	struct arena *a = s->config->arena;
	(void)diag_error(s->diags, place_value(s->config, pointer_add(a, pointer, name)),
		"family-mismatch", "`%s` is IPv%d, `%s` is IPv%d", name, (int)ip.family, other,
		(int)p.base.family);
	diag_note(s->diags, place_value(s->config, pointer_add(a, pointer, other)), "`%s`", prefix);
	return false;
}

static bool check_twins(const struct shape *s, const json_t *member, const char *name,
	const json_t *body, const char *pointer)
{
	const char *other = text_of(member, "x-same-as");
	struct arena *a = s->config->arena;
	/* Told once, at the later of the two by name. */
	if (!other || strcmp(other, name) > 0 || !json_object_get(body, name) ||
		!json_object_get(body, other))
		return true;
	(void)diag_error(s->diags, place_key(s->config, pointer_add(a, pointer, name)),
		"same-member-twice", "`%s` and `%s` say the same", other, name);
	diag_note(s->diags, place_key(s->config, pointer_add(a, pointer, other)), "the other one");
	diag_help(s->diags, "keep one of them");
	return false;
}

bool check_object(
	const struct shape *s, const json_t *node, const json_t *body, const char *pointer)
{
	bool good = true;
	if (!s->is_expect && !s->owner->resource.existing) {
		good = check_required(s, node, body, pointer);
		good = check_alternatives(s, node, body, pointer) && good;
	}
	const char *name;
	json_t *member;
	json_object_foreach (json_object_get(node, "properties"), name, member) {
		const json_t *rule = json_object_get(member, "x-required-when");
		if (rule && !s->is_expect)
			good = check_required_when(s, rule, name, body, pointer) && good;
		good = check_family(s, member, name, body, pointer) && good;
		good = check_twins(s, member, name, body, pointer) && good;
	}
	const json_t *level = schema_properties_level(node);
	if (!level)
		return good;
	return check_object(s, level, json_object_get(body, "properties"), pointer) && good;
}
