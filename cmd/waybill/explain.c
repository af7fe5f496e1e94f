/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/explain.h"

#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/language.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/expression.h"

struct spot {
	const struct schema *type; /* whose member it is */
	const json_t *level;       /* the map that the member stands in, as ARM nests it */
	const json_t *node;
	bool required, replaces;
};

static bool names(const json_t *list, const char *name)
{
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	return false;
}

static const struct schema *child_of(const struct schema *type, const json_t *node)
{
	for (size_t i = 0; schema_is_child_list(node) && i < type->nchildren; i++)
		if (type->children[i]->root == schema_items(node))
			return type->children[i];
	return type;
}

/* A list whose items are known by `name` is written as a map. */
static bool is_map_by_name(const json_t *node)
{
	const char *key = schema_list_key(node);
	return schema_is_child_list(node) || (key && strcmp(key, "name") == 0);
}

static bool step(struct spot *at, const char *name)
{
	bool is_key = is_map_by_name(at->node) && strcmp(name, "name") == 0;
	if (schema_kind(at->node) == KIND_ARRAY) {
		at->type = child_of(at->type, at->node);
		at->node = schema_items(at->node);
	}
	bool is_inner = false;
	const json_t *member = schema_flat_member(at->node, name, &is_inner);
	const json_t *level = is_inner ? schema_properties_level(at->node) : at->node;
	at->required = !is_key && names(schema_required(level), name);
	at->replaces = at->replaces || !schema_is_updatable(member);
	at->level = level;
	at->node = member;
	return member != NULL;
}

static const char *text_type(const json_t *node)
{
	const char *format = schema_format(node);
	if (!format)
		return "text";
	if (strcmp(format, "ip") == 0)
		return "text, an IP address such as 10.240.0.20";
	if (strcmp(format, "cidr") == 0)
		return "text, a CIDR such as 10.200.0.0/24";
	return "text, a CIDR such as 10.200.0.0/24 or a service tag";
}

static const char *type_text(struct arena *a, const json_t *node)
{
	const char *reference = schema_reference_type(node);
	if (reference)
		return arena_printf(a, "the key, address or ARM id of a %s", reference);
	switch (schema_kind(node)) {
	case KIND_STRING:
		return text_type(node);
	case KIND_INTEGER:
		return "a whole number";
	case KIND_NUMBER:
		return "a number";
	case KIND_BOOLEAN:
		return "true or false";
	case KIND_OBJECT:
		return "a map";
	case KIND_ARRAY:
		if (is_map_by_name(node))
			return "a map keyed by name";
		return arena_printf(a, "a list, each %s", type_text(a, schema_items(node)));
	case KIND_ANY:
		break;
	}
	return "any value";
}

static const char *changing(struct arena *a, const struct spot *at)
{
	if (schema_is_read_only(at->node))
		return "filled in by Azure, cannot be set";
	if (at->replaces)
		return arena_printf(a, "replaces the %s", at->type->title);
	return "in place";
}

/* When a member must stand that need not always; NULL for never. */
static const char *required_when(struct arena *a, const struct spot *at, const char *name)
{
	if (at->level == at->type->root && strcmp(name, "location") == 0)
		return "there is none on top";
	const json_t *rule = json_object_get(at->node, "x-required-when");
	if (rule)
		return arena_printf(a, "%s is %s",
			json_string_value(json_object_get(rule, "member")),
			json_string_value(json_object_get(rule, "is")));
	const char *others = NULL;
	bool is_choice = false;
	size_t i;
	const json_t *choice;
	json_array_foreach (json_object_get(at->level, "anyOf"), i, choice) {
		const char *other = json_string_value(json_array_get(schema_required(choice), 0));
		if (strcmp(other, name) == 0)
			is_choice = true;
		else
			others = others ? arena_printf(a, "%s or %s", others, other) : other;
	}
	return is_choice && others ? arena_printf(a, "there is no %s", others) : NULL;
}

static void add_members(json_t *out, const json_t *node)
{
	const char *name;
	const json_t *member;
	const json_t *level = schema_properties_level(node);
	json_object_foreach (json_object_get(node, "properties"), name, member)
		if (!schema_is_read_only(member) && member != level)
			(void)json_array_append_new(out, json_string(name));
	if (level)
		add_members(out, level);
}

static json_t *members_of(const json_t *node)
{
	if (schema_kind(node) == KIND_ARRAY)
		node = schema_items(node);
	json_t *out = json_array();
	if (!schema_reference_type(node))
		add_members(out, node);
	return out;
}

static json_t *of_type(struct arena *a, const struct schema *type)
{
	json_t *out = json_object();
	(void)json_object_set_new(out, "member", json_string(type->section));
	(void)json_object_set_new(out, "meaning",
		json_string(arena_printf(a, "Each a %s, %s in api version %s", type->title,
			type->type, type->api_version)));
	(void)json_object_set_new(out, "type", json_string("a map keyed by name"));
	if (type->name_rule)
		(void)json_object_set_new(out, "name",
			json_string(arena_printf(a, "%zu to %zu characters; %s", type->name_min,
				type->name_max, type->name_rule)));
	(void)json_object_set_new(out, "members", members_of(type->root));
	return out;
}

static json_t *of_member(struct arena *a, const struct spot *at, const char *path)
{
	json_t *out = json_object();
	const json_t *meaning = json_object_get(at->node, "description");
	const json_t *otherwise = schema_default(at->node), *allowed = schema_enum(at->node);
	(void)json_object_set_new(out, "member", json_string(path));
	if (meaning)
		(void)json_object_set(out, "meaning", (json_t *)meaning);
	(void)json_object_set_new(out, "type", json_string(type_text(a, at->node)));
	(void)json_object_set_new(out, "required", json_boolean(at->required));
	const char *dot = strrchr(path, '.');
	const char *when = required_when(a, at, dot ? dot + 1 : path);
	if (when)
		(void)json_object_set_new(out, "required_when", json_string(when));
	if (otherwise)
		(void)json_object_set(out, "default", (json_t *)otherwise);
	if (schema_sends_default(at->node))
		(void)json_object_set_new(out, "default_sent", json_true());
	if (allowed)
		(void)json_object_set(out, "allowed", (json_t *)allowed);
	(void)json_object_set_new(out, "changing", json_string(changing(a, at)));
	(void)json_object_set_new(out, "members", members_of(at->node));
	return out;
}

/* ---- words of ours: schemas/language ---- */

/* The schema of a map itself, of the values of a map keyed by name, or of the items of a list:
 * what has members. */
static const json_t *word_holder(const json_t *node)
{
	static const char *const holders[] = { "", "/additionalProperties", "/items" };
	for (size_t i = 0; i < ARRAY_LEN(holders); i++) {
		const json_t *holder = json_at(node, holders[i]);
		if (json_object_get(holder, "properties"))
			return holder;
	}
	return NULL;
}

static const json_t *word_members(const json_t *node)
{
	return json_object_get(word_holder(node), "properties");
}

/* In *required whether it must stand in what holds it. */
static const json_t *find_word(struct arena *a, const struct catalog *catalog,
	const struct expression_path *path, bool *required)
{
	const json_t *language = language_words(a);
	const struct schema *type = catalog_named(catalog, path->segments[0]);
	size_t i = 0;
	const json_t *node = language;
	if (type) {
		node = json_at(language, "/$defs/words");
		i = 1;
	}
	for (; node && i < path->nsegments; i++) {
		*required = names(schema_required(word_holder(node)), path->segments[i]);
		node = json_object_get(word_members(node), path->segments[i]);
		if (node && type && i == 1 && !language_applies(type, node))
			return NULL;
	}
	return node;
}

/* What JSON Schema calls the kinds, and people. */
static const struct {
	const char *schema, *people;
} kinds[] = {
	{ "string", "text" },
	{ "integer", "a whole number" },
	{ "number", "a number" },
	{ "boolean", "true or false" },
	{ "object", "a map" },
	{ "array", "a list" },
	{ "null", "nothing" },
};

static const char *word_kind(struct arena *a, const json_t *node, const char *type)
{
	if (strcmp(type, "object") == 0 &&
		json_is_object(json_object_get(node, "additionalProperties")))
		return "a map keyed by name";
	const char *items = json_string_value(json_at(node, "/items/type"));
	if (strcmp(type, "array") == 0 && items)
		return arena_printf(
			a, "a list, each %s", word_kind(a, json_object_get(node, "items"), items));
	size_t i = 0;
	while (i < ARRAY_LEN(kinds) - 1 && strcmp(kinds[i].schema, type) != 0)
		i++;
	return kinds[i].people;
}

static const char *word_type(struct arena *a, const json_t *node)
{
	const json_t *types = json_object_get(node, "type"), *only = json_object_get(node, "const");
	if (only)
		return json_canonical(a, only);
	if (json_is_string(types))
		return word_kind(a, node, json_string_value(types));
	if (json_array_size(types) >= ARRAY_LEN(kinds) - 1 ||
		(!types && !json_object_get(node, "enum")))
		return "any value";
	const char *text = types ? "" : "text";
	size_t i;
	const json_t *type;
	json_array_foreach (types, i, type) {
		bool is_expression = json_object_get(node, "pattern") && i > 0;
		if (is_expression && strcmp(json_string_value(type), "string") == 0)
			continue;
		bool is_null = strcmp(json_string_value(type), "null") == 0;
		text = arena_printf(a, "%s%s%s", text,
			is_null     ? ", or "
				: i ? " or "
				    : "",
			word_kind(a, node, json_string_value(type)));
	}
	return text;
}

static const char *word_changing(struct arena *a, const struct schema *type, const json_t *node)
{
	const char *what = json_string_value(json_object_get(node, "x-changing"));
	if (!what || !type)
		return NULL;
	if (strcmp(what, "replaces") == 0)
		return arena_printf(a, "replaces the %s", type->title);
	return strcmp(what, "in-place") == 0 ? "in place" : "nothing in Azure by itself";
}

static json_t *of_word(struct arena *a, const struct schema *type, const json_t *node,
	const char *path, bool required)
{
	json_t *out = json_object();
	const char *changing = word_changing(a, type, node);
	(void)json_object_set_new(out, "member", json_string(path));
	(void)json_object_set(out, "meaning", json_object_get(node, "description"));
	(void)json_object_set_new(out, "type", json_string(word_type(a, node)));
	(void)json_object_set_new(out, "required", json_boolean(required));
	if (json_object_get(node, "default"))
		(void)json_object_set(out, "default", json_object_get(node, "default"));
	/* Beside the choices may stand that it is an expression. */
	json_t *choices = json_object_get(node, "enum");
	choices = choices ? choices : json_at(node, "/anyOf/0/enum");
	if (choices)
		(void)json_object_set(out, "allowed", choices);
	if (changing)
		(void)json_object_set_new(out, "changing", json_string(changing));
	json_t *members = json_array();
	const char *name;
	json_t *member;
	json_object_foreach ((json_t *)word_members(node), name, member)
		(void)json_array_append_new(members, json_string(name));
	(void)json_object_set_new(out, "members", members);
	return out;
}

json_t *explain_member(struct arena *a, const struct catalog *catalog, const char *text)
{
	struct expression_path path;
	struct expression_failure failure;
	if (!expression_path_parse(a, text, &path, &failure))
		return NULL;
	const struct schema *type = catalog_named(catalog, path.segments[0]);
	if (type && path.nsegments == 1)
		return of_type(a, type);
	struct spot at = { .type = type, .node = type ? type->root : NULL };
	bool found = type != NULL;
	for (size_t i = 1; found && i < path.nsegments; i++)
		found = step(&at, path.segments[i]);
	bool required = false;
	const json_t *word = find_word(a, catalog, &path, &required);
	if (word)
		return of_word(a, type, word, text, required);
	return found ? of_member(a, &at, text) : NULL;
}

static void add_list(struct buf *out, const json_t *list)
{
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		(void)buf_printf(out, "%s%s", i ? ", " : "", json_string_value(item));
}

void explain_render(struct buf *out, const json_t *member)
{
	static const char *const rows[] = { "type", "name", "required", "default", "allowed",
		"changing", "members" };
	text_escape(out, json_string_value(json_object_get(member, "member")), false);
	const char *meaning = json_string_value(json_object_get(member, "meaning"));
	if (meaning)
		(void)buf_printf(out, ": %s", meaning);
	(void)buf_puts(out, "\n\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const json_t *value = json_object_get(member, rows[i]);
		const char *when = json_string_value(json_object_get(member, "required_when"));
		bool is_choice = strcmp(rows[i], "required") == 0;
		if (!value || (json_is_array(value) && json_array_size(value) == 0))
			continue;
		(void)buf_printf(out, "  %-10s", rows[i]);
		if (is_choice && when)
			(void)buf_printf(out, "when %s", when);
		else if (is_choice)
			(void)buf_puts(out, json_is_true(value) ? "yes" : "no");
		else if (json_is_array(value))
			add_list(out, value);
		else if (json_is_string(value) && strcmp(rows[i], "default") != 0)
			(void)buf_puts(out, json_string_value(value));
		else
			document_inline(out, value);
		if (strcmp(rows[i], "default") == 0 && json_object_get(member, "default_sent"))
			(void)buf_puts(out, ", sent explicitly when it is made");
		(void)buf_putc(out, '\n');
	}
}
