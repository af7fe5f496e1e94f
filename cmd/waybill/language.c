/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/language.h"

#include <assert.h>
#include <string.h>

#include "engine/base/embedded.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

#define EXPRESSION "\\$\\{"

enum form {
	FORM_OURS,
	FORM_EXISTING, /* nothing is required */
	FORM_EXPECT,   /* nothing is required, and what the server fills in may stand */
};

struct maker {
	struct arena *arena;
	const struct catalog *catalog;
	const json_t *words; /* of ours, in a resource */
	json_t *definitions;
};

static json_t *flat_value(const struct maker *m, const json_t *node, enum form form);

json_t *language_words(struct arena *a)
{
	assert(nembedded_language == 1);
	const char *text = embedded_language[0].text;
	char *why = NULL;
	json_t *words = json_parse(a, text, strlen(text), 1 << 20, &why);
	assert(words && "schemas/language is no JSON");
	return arena_json(a, words);
}

static void put(json_t *object, const char *key, json_t *value_new)
{
	(void)json_object_set_new(object, key, value_new);
}

/* `word` in any case of its letters, as a regular expression of every dialect. */
static void add_any_case(struct buf *out, const char *word)
{
	for (const char *c = word; *c; c++) {
		bool upper = *c >= 'A' && *c <= 'Z', lower = *c >= 'a' && *c <= 'z';
		if (upper || lower)
			(void)buf_printf(out, "[%c%c]", upper ? *c : *c - 'a' + 'A',
				lower ? *c : *c - 'A' + 'a');
		else
			(void)buf_printf(out, strchr(".+*?()[]{}|^$\\/", *c) ? "\\%c" : "%c", *c);
	}
}

static json_t *any_case(const json_t *choices)
{
	struct buf pattern;
	buf_init(&pattern, BUF_OWN_TEXT);
	size_t i;
	const json_t *choice;
	json_array_foreach (choices, i, choice) {
		(void)buf_puts(&pattern, i ? "|" : "^(");
		add_any_case(&pattern, json_string_value(choice));
	}
	(void)buf_puts(&pattern, ")$");
	json_t *out = json_pack("{s:s}", "pattern", pattern.data);
	buf_release(&pattern);
	return out;
}

/* ARM reads its words without case; the exact ones stand first, for completion. */
static json_t *choice_value(const json_t *choices)
{
	return json_pack("{s:s, s:[{s:O}, o, {s:s}]}", "type", "string", "anyOf", "enum", choices,
		any_case(choices), "pattern", EXPRESSION);
}

/* An expression may stand for a value of any kind. */
static json_t *typed(const char *type)
{
	return json_pack("{s:[s, s], s:s}", "type", type, "string", "pattern", EXPRESSION);
}

static json_t *scalar_value(const json_t *node)
{
	static const char *const types[] = {
		[KIND_INTEGER] = "integer", [KIND_NUMBER] = "number", [KIND_BOOLEAN] = "boolean"
	};
	enum kind kind = schema_kind(node);
	if (kind == KIND_ANY)
		return json_object();
	if (kind == KIND_STRING)
		return schema_enum(node) ? choice_value(schema_enum(node))
					 : json_pack("{s:s}", "type", "string");
	json_t *out = typed(types[kind]);
	static const char *const bounds[] = { "minimum", "maximum" };
	for (size_t i = 0; i < ARRAY_LEN(bounds); i++)
		if (json_object_get(node, bounds[i]))
			(void)json_object_set(out, bounds[i], json_object_get(node, bounds[i]));
	return out;
}

static void add_required(json_t *out, const json_t *node, bool is_named)
{
	json_t *required = json_object_get(out, "required");
	size_t i;
	const json_t *name;
	json_array_foreach (schema_required(node), i, name) {
		/* A region may come from the top, a name from the key. */
		const char *text = json_string_value(name);
		if (strcmp(text, "properties") == 0 || strcmp(text, "location") == 0 ||
			(is_named && strcmp(text, "name") == 0))
			continue;
		if (!required) {
			required = json_array();
			put(out, "required", required);
		}
		(void)json_array_append(required, (json_t *)name);
	}
}

static json_t *rules_of(json_t *out)
{
	json_t *all = json_object_get(out, "allOf");
	if (all)
		return all;
	all = json_array();
	put(out, "allOf", all);
	return all;
}

/* A member that stands exactly beside a certain value of its sibling. */
static void add_required_when(json_t *out, const char *name, const json_t *rule, enum form form)
{
	json_t *member = json_object_get(rule, "member");
	json_auto_t *is = json_pack("[O]", json_object_get(rule, "is"));
	const char *other = json_string_value(member);
	json_t *rules = rules_of(out);
	if (form == FORM_OURS)
		(void)json_array_append_new(rules,
			json_pack("{s:{s:{s:o}, s:[O]}, s:{s:[s]}}", "if", "properties", other,
				any_case(is), "required", member, "then", "required", name));
	(void)json_array_append_new(rules,
		json_pack("{s:{s:{s:{s:s, s:{s:[o, {s:s}]}}}, s:[O]}, s:{s:{s:[s]}}}", "if",
			"properties", other, "type", "string", "not", "anyOf", any_case(is),
			"pattern", EXPRESSION, "required", member, "then", "not", "required",
			name));
}

static void add_member_rules(json_t *out, const json_t *node, enum form form)
{
	const char *name;
	const json_t *member;
	json_object_foreach (json_object_get(node, "properties"), name, member) {
		const json_t *when = json_object_get(member, "x-required-when");
		const char *same = schema_same_as(member);
		if (when && form != FORM_EXPECT)
			add_required_when(out, name, when, form);
		if (same && strcmp(same, name) < 0)
			(void)json_array_append_new(rules_of(out),
				json_pack("{s:{s:[s, s]}}", "not", "required", name, same));
	}
	if (form == FORM_OURS && json_object_get(node, "anyOf"))
		(void)json_array_append_new(
			rules_of(out), json_pack("{s:O}", "anyOf", json_object_get(node, "anyOf")));
}

/* Adds one level of members to an object; what ARM nests in `properties` stands beside the rest. */
static void add_level(
	const struct maker *m, json_t *out, const json_t *node, enum form form, bool is_named)
{
	json_t *properties = json_object_get(out, "properties");
	const json_t *level = schema_properties_level(node);
	const char *name;
	const json_t *member;
	json_object_foreach (json_object_get(node, "properties"), name, member)
		if (member != level && (form == FORM_EXPECT || !schema_is_read_only(member)))
			put(properties, name, flat_value(m, member, form));
	if (form == FORM_OURS)
		add_required(out, node, is_named);
	add_member_rules(out, node, form);
	if (level)
		add_level(m, out, level, form, is_named);
}

static json_t *flat_object(const struct maker *m, const json_t *node, enum form form, bool is_named)
{
	json_t *out = typed("object");
	const json_t *others = json_object_get(node, "additionalProperties");
	put(out, "properties", json_object());
	add_level(m, out, node, form, is_named);
	if (json_is_object(others))
		put(out, "additionalProperties", flat_value(m, others, form));
	else if (schema_is_closed(node))
		put(out, "additionalProperties", json_false());
	if (is_named)
		put(json_object_get(out, "properties"), "name",
			json_pack("{s:s}", "type", "string"));
	return out;
}

static const struct schema *child_type(const struct maker *m, const json_t *node)
{
	return catalog_type(m->catalog, json_string_value(json_object_get(node, "x-child")));
}

static json_t *children_value(const struct maker *m, const json_t *node, enum form form)
{
	if (form == FORM_EXPECT)
		return json_object();
	char *ref = arena_printf(m->arena, "#/$defs/%s.item", child_type(m, node)->section);
	return json_pack("{s:[s, s], s:{s:s}}", "type", "object", "null", "additionalProperties",
		"$ref", ref);
}

static json_t *list_value(const struct maker *m, const json_t *node, enum form form)
{
	const char *key = schema_list_key(node);
	const json_t *items = schema_items(node);
	if (schema_is_child_list(node))
		return children_value(m, node, form);
	if (key && strcmp(key, "name") == 0) {
		json_t *out = typed("object");
		put(out, "additionalProperties", flat_object(m, items, form, true));
		return out;
	}
	json_t *out = typed("array");
	put(out, "items", flat_value(m, items, form));
	return out;
}

static json_t *flat_value(const struct maker *m, const json_t *node, enum form form)
{
	json_t *out;
	if (schema_reference_type(node))
		out = json_pack("{s:s}", "type", "string");
	else if (schema_kind(node) == KIND_OBJECT)
		out = flat_object(m, node, form, false);
	else if (schema_kind(node) == KIND_ARRAY)
		out = list_value(m, node, form);
	else
		out = scalar_value(node);
	static const char *const passed_on[] = { "description", "default" };
	for (size_t i = 0; i < ARRAY_LEN(passed_on); i++)
		if (json_object_get(node, passed_on[i]))
			(void)json_object_set(
				out, passed_on[i], json_object_get(node, passed_on[i]));
	return out;
}

static bool has_node_routes(const struct schema *s)
{
	for (size_t i = 0; i < s->nchildren; i++)
		if (json_object_get(s->children[i]->facts, "nodeRoute"))
			return true;
	return false;
}

bool language_applies(const struct schema *s, const json_t *word)
{
	const char *only = json_string_value(json_object_get(word, "x-for"));
	if (!only)
		return true;
	if (strcmp(only, "nodeRoutes") == 0)
		return has_node_routes(s);
	if (strcmp(only, "tags") == 0)
		return s->has_tags;
	if (strcmp(only, "group") == 0)
		return !s->parent && !s->in_subscription;
	assert(strcmp(only, "top") == 0 && "schemas/language uses an unknown word");
	return !s->parent;
}

static void add_words(const struct maker *m, json_t *out, const struct schema *s, enum form form)
{
	json_t *properties = json_object_get(out, "properties");
	const char *name;
	json_t *word;
	json_object_foreach ((json_t *)m->words, name, word) {
		if (!language_applies(s, word))
			continue;
		json_t *copy = json_copy(word);
		(void)json_object_del(copy, "x-for");
		(void)json_object_del(copy, "x-changing");
		put(properties, name, copy);
	}
	put(json_object_get(properties, "expect"), "$ref",
		json_string(arena_printf(m->arena, "#/$defs/%s.expect", s->section)));
	if (form == FORM_EXISTING)
		put(json_object_get(properties, "adopt"), "const", json_false());
}

/* A resource may be written as nothing where nothing is required of it. */
static void set_kind(json_t *out)
{
	bool may_be_null = !json_object_get(out, "required") && !json_object_get(out, "anyOf");
	(void)json_object_del(out, "pattern");
	put(out, "type",
		may_be_null ? json_pack("[s, s]", "object", "null") : json_string("object"));
}

static void add_type(const struct maker *m, const struct schema *s)
{
	static const char *const suffixes[] = {
		[FORM_OURS] = "", [FORM_EXISTING] = ".existing", [FORM_EXPECT] = ".expect"
	};
	for (size_t form = 0; form < ARRAY_LEN(suffixes); form++) {
		json_t *out = flat_object(m, s->root, (enum form)form, false);
		set_kind(out);
		put(out, "title", json_string(s->title));
		if (form != FORM_EXPECT)
			add_words(m, out, s, (enum form)form);
		else
			put(out, "type", json_string("object"));
		put(m->definitions, arena_printf(m->arena, "%s%s", s->section, suffixes[form]),
			out);
	}
	put(m->definitions, arena_printf(m->arena, "%s.item", s->section),
		json_pack("{s:{s:s, s:{s:{s:b}}, s:[s]}, s:{s:s}, s:{s:s}}", "if", "type", "object",
			"properties", "existing", "const", true, "required", "existing", "then",
			"$ref", arena_printf(m->arena, "#/$defs/%s.existing", s->section), "else",
			"$ref", arena_printf(m->arena, "#/$defs/%s", s->section)));
}

static void add_with_children(const struct maker *m, const struct schema *s)
{
	add_type(m, s);
	for (size_t i = 0; i < s->nchildren; i++)
		add_with_children(m, s->children[i]);
}

json_t *language_schema(struct arena *a, const struct catalog *catalog)
{
	json_t *out = json_deep_copy(language_words(a));
	json_t *definitions = json_object_get(out, "$defs");
	json_auto_t *words = json_incref(json_at(definitions, "/words/properties"));
	(void)json_object_del(definitions, "words");
	struct maker m = {
		.arena = a, .catalog = catalog, .words = words, .definitions = definitions
	};
	size_t count = 0;
	const char *const *sections = catalog_sections(catalog, &count);
	for (size_t i = 0; i < count; i++) {
		const struct schema *s = catalog_section(catalog, sections[i]);
		add_with_children(&m, s);
		put(json_object_get(out, "properties"), s->section,
			json_pack("{s:[s, s], s:s, s:{s:s}}", "type", "object", "null",
				"description", arena_printf(a, "Each a %s", s->title),
				"additionalProperties", "$ref",
				arena_printf(a, "#/$defs/%s.item", s->section)));
	}
	return out;
}
