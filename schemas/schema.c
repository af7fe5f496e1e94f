/* SPDX-License-Identifier: Apache-2.0 */
#include "schemas/schema.h"

#include <assert.h>
#include <string.h>

#include "engine/base/embedded.h"
#include "engine/base/ip.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

#define MAX_REF_DEPTH 32

struct catalog {
	struct schema *types;
	size_t ntypes;
	const char **sections;
	size_t nsections;
};

static const char *const role_names[] = {
	[ROLE_NONE] = "none",
	[ROLE_GROUP] = "group",
	[ROLE_NETWORK] = "network",
	[ROLE_SUBNET] = "subnet",
	[ROLE_TABLE] = "table",
	[ROLE_ROUTE] = "route",
	[ROLE_PEERING] = "peering",
	[ROLE_NIC] = "nic",
	[ROLE_MACHINE] = "machine",
	[ROLE_SCALE_SET] = "scaleSet",
};

static const char *const written_names[] = {
	[WRITTEN_ALONE] = "alone",
	[WRITTEN_WITH_NEW_PARENT] = "with-new-parent",
	[WRITTEN_WITH_PARENT] = "with-parent",
};

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static size_t index_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	assert(!name && "a schema file uses an unknown word");
	return 0;
}

/* Puts what `$ref` names in its place, so that a node never needs its document. */
static void expand_refs(json_t *value, const json_t *root, unsigned depth)
{
	assert(depth < MAX_REF_DEPTH && "a schema refers to itself");
	const char *ref = text_of(value, "$ref");
	if (ref) {
		assert(strncmp(ref, "#/$defs/", 8) == 0);
		json_t *target = json_object_get(json_object_get(root, "$defs"), ref + 8);
		assert(json_is_object(target) && "a schema refers to nothing");
		json_auto_t *copy = json_deep_copy(target);
		(void)json_object_del(value, "$ref");
		(void)json_object_update_missing(value, copy);
	}
	const char *key;
	json_t *member;
	size_t i;
	json_object_foreach (value, key, member)
		if (strcmp(key, "$defs") != 0)
			expand_refs(member, root, depth + 1);
	json_array_foreach (value, i, member)
		expand_refs(member, root, depth + 1);
}

static void read_name_rules(struct schema *s)
{
	const json_t *name = json_object_get(s->facts, "name");
	s->name_pattern = text_of(name, "pattern");
	s->name_rule = text_of(name, "rule");
	s->name_min = (size_t)json_integer_value(json_object_get(name, "min"));
	s->name_max = (size_t)json_integer_value(json_object_get(name, "max"));
}

/* Those of lists are not looked for: nobody could tell to which item they belong. */
static void find_explicit_defaults(
	struct arena *a, struct schema *s, const json_t *node, const char *pointer)
{
	const char *key;
	json_t *member;
	json_object_foreach (json_object_get(node, "properties"), key, member) {
		const char *at = pointer_add(a, pointer, key);
		find_explicit_defaults(a, s, member, at);
		if (!schema_sends_default(member))
			continue;
		assert(schema_default(member) && "an explicit default without default");
		struct explicit_default *list = (struct explicit_default *)s->explicit_defaults;
		*ARENA_PUSH(a, list, s->nexplicit_defaults) =
			(struct explicit_default){ at, schema_default(member) };
		s->explicit_defaults = list;
	}
}

static void read_type(struct arena *a, struct schema *s, const struct embedded_file *file)
{
	char *why = NULL;
	json_t *root = json_parse(a, file->text, strlen(file->text), 1 << 20, &why);
	assert(root && "a schema file is no JSON");
	expand_refs(root, root, 0);
	s->root = arena_json(a, root);
	s->facts = json_object_get(root, "x-arm");
	s->type = text_of(s->facts, "type");
	s->section = text_of(s->facts, "section");
	s->title = text_of(s->facts, "title");
	s->api_version = text_of(s->facts, "apiVersion");
	assert(s->type && s->section && s->title);
	s->role = (enum role)index_of(role_names, ARRAY_LEN(role_names), text_of(s->facts, "role"));
	s->written = (enum written)index_of(
		written_names, ARRAY_LEN(written_names), text_of(s->facts, "written"));
	s->declarable = json_is_true(json_object_get(s->facts, "declarable"));
	const char *scope = text_of(s->facts, "scope");
	s->in_subscription = scope && strcmp(scope, "subscription") == 0;
	s->has_tags = schema_at(s->root, "/tags") != NULL;
	read_name_rules(s);
	find_explicit_defaults(a, s, s->root, "");
	const json_t *holds = json_object_get(s->facts, "holds");
	s->nholds = json_array_size(holds);
	const char **list = arena_alloc(a, (s->nholds + 1) * sizeof *list);
	for (size_t i = 0; i < s->nholds; i++)
		list[i] = json_string_value(json_array_get(holds, i));
	s->holds = list;
}

/* The array in the parent's body that holds its children of a type. */
static json_t *find_child_list(
	struct arena *a, const json_t *node, const char *type, const char **pointer)
{
	json_t *members = json_object_get(node, "properties");
	const char *key;
	json_t *member;
	json_object_foreach (members, key, member) {
		const char *child = text_of(member, "x-child");
		const char *at = pointer_add(a, *pointer, key);
		if (!child || !text_same_nocase(child, type)) {
			json_t *found = find_child_list(a, member, type, &at);
			if (!found)
				continue;
			*pointer = at;
			return found;
		}
		*pointer = at;
		return member;
	}
	return NULL;
}

static struct schema *type_of(const struct catalog *c, const char *type)
{
	for (size_t i = 0; type && i < c->ntypes; i++)
		if (text_same_nocase(c->types[i].type, type))
			return &c->types[i];
	return NULL;
}

static void link_child(struct arena *a, struct catalog *c, struct schema *child)
{
	struct schema *parent = type_of(c, text_of(child->facts, "parent"));
	assert(parent && "the parent of a type has no schema");
	child->parent = parent;
	if (!child->api_version)
		child->api_version = parent->api_version;
	const char *pointer = "";
	json_t *list = find_child_list(a, parent->root, child->type, &pointer);
	assert(list && "a parent does not hold its child");
	child->child_pointer = pointer;
	(void)json_object_set(list, "items", (json_t *)child->root);
	*ARENA_PUSH(a, parent->children, parent->nchildren) = child;
}

struct catalog *catalog_new(struct arena *a)
{
	struct catalog *c = ARENA_NEW(a, struct catalog);
	c->ntypes = nembedded_schemas;
	c->types = arena_alloc(a, (c->ntypes + 1) * sizeof *c->types);
	c->sections = arena_alloc(a, (c->ntypes + 1) * sizeof *c->sections);
	for (size_t i = 0; i < c->ntypes; i++)
		read_type(a, &c->types[i], &embedded_schemas[i]);
	for (size_t i = 0; i < c->ntypes; i++) {
		struct schema *s = &c->types[i];
		if (json_object_get(s->facts, "parent"))
			link_child(a, c, s);
		else if (s->declarable)
			c->sections[c->nsections++] = s->section;
	}
	return c;
}

const struct schema *catalog_section(const struct catalog *c, const char *section)
{
	for (size_t i = 0; i < c->ntypes; i++)
		if (!c->types[i].parent && strcmp(c->types[i].section, section) == 0)
			return &c->types[i];
	return NULL;
}

const struct schema *catalog_named(const struct catalog *c, const char *section)
{
	for (size_t i = 0; i < c->ntypes; i++)
		if (strcmp(c->types[i].section, section) == 0)
			return &c->types[i];
	return NULL;
}

const struct schema *catalog_type(const struct catalog *c, const char *type)
{
	return type_of(c, type);
}

const struct schema *catalog_nth(const struct catalog *c, size_t n)
{
	return n < c->ntypes ? &c->types[n] : NULL;
}

const struct schema *catalog_role(const struct catalog *c, enum role role)
{
	for (size_t i = 0; i < c->ntypes; i++)
		if (c->types[i].role == role)
			return &c->types[i];
	return NULL;
}

const char *const *catalog_sections(const struct catalog *c, size_t *count)
{
	*count = c->nsections;
	return c->sections;
}

const struct schema *schema_child(const struct schema *s, const char *section)
{
	for (size_t i = 0; i < s->nchildren; i++)
		if (strcmp(s->children[i]->section, section) == 0)
			return s->children[i];
	return NULL;
}

enum kind schema_kind(const json_t *node)
{
	static const char *const names[] = { [KIND_ANY] = "any",
		[KIND_STRING] = "string",
		[KIND_INTEGER] = "integer",
		[KIND_NUMBER] = "number",
		[KIND_BOOLEAN] = "boolean",
		[KIND_OBJECT] = "object",
		[KIND_ARRAY] = "array" };
	return (enum kind)index_of(names, ARRAY_LEN(names), text_of(node, "type"));
}

const json_t *schema_at(const json_t *root, const char *pointer)
{
	struct arena *scratch = arena_new();
	const json_t *node = root;
	const char *token;
	while (node && (token = pointer_next(scratch, &pointer)))
		node = schema_kind(node) == KIND_ARRAY ? schema_items(node)
						       : schema_member(node, token);
	arena_free(scratch);
	return node;
}

const json_t *schema_member(const json_t *node, const char *name)
{
	const json_t *member = json_object_get(json_object_get(node, "properties"), name);
	if (member)
		return member;
	const json_t *other = json_object_get(node, "additionalProperties");
	return json_is_object(other) ? other : NULL;
}

const json_t *schema_flat_member(const json_t *node, const char *name, bool *is_inner)
{
	const json_t *level = schema_properties_level(node);
	*is_inner = false;
	if (!level)
		return schema_member(node, name);
	if (strcmp(name, "properties") == 0)
		return NULL;
	const json_t *outer = schema_member(node, name);
	*is_inner = !outer;
	return outer ? outer : schema_member(level, name);
}

const json_t *schema_items(const json_t *node)
{
	return json_object_get(node, "items");
}

const json_t *schema_properties_level(const json_t *node)
{
	return json_object_get(json_object_get(node, "properties"), "properties");
}

bool schema_is_closed(const json_t *node)
{
	return json_is_false(json_object_get(node, "additionalProperties"));
}

bool schema_is_read_only(const json_t *node)
{
	return json_is_true(json_object_get(node, "readOnly"));
}

bool schema_is_updatable(const json_t *node)
{
	const json_t *mutability = json_object_get(node, "x-ms-mutability");
	if (!mutability)
		return true;
	size_t i;
	const json_t *word;
	json_array_foreach (mutability, i, word)
		if (strcmp(json_string_value(word), "update") == 0)
			return true;
	return false;
}

bool schema_is_child_list(const json_t *node)
{
	return json_object_get(node, "x-child") != NULL;
}

const char *schema_list_key(const json_t *node)
{
	return json_string_value(json_array_get(json_object_get(node, "x-ms-identifiers"), 0));
}

bool schema_is_set(const json_t *node)
{
	const char *equal = text_of(node, "x-equal");
	return equal && strcmp(equal, "set") == 0;
}

const char *schema_same_as(const json_t *node)
{
	return text_of(node, "x-same-as");
}

const char *schema_reference_type(const json_t *node)
{
	return text_of(node, "x-reference");
}

const char *schema_linked_action(const json_t *node)
{
	return text_of(node, "x-linked-action");
}

const json_t *schema_default(const json_t *node)
{
	return json_object_get(node, "default");
}

const json_t *schema_unmanaged(const json_t *node)
{
	return json_object_get(node, "x-unmanaged");
}

bool schema_sends_default(const json_t *node)
{
	return json_is_true(json_object_get(node, "x-explicit-default"));
}

const json_t *schema_enum(const json_t *node)
{
	return json_object_get(node, "enum");
}

const char *schema_format(const json_t *node)
{
	return text_of(node, "format");
}

const json_t *schema_required(const json_t *node)
{
	return json_object_get(node, "required");
}

/* Regions are written `Japan East` and `japaneast`. */
static bool same_location(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == ' ')
			a++;
		while (*b == ' ')
			b++;
		if (!*a || !*b)
			return *a == *b;
		const char left[2] = { *a, '\0' };
		const char right[2] = { *b, '\0' };
		if (!text_same_nocase(left, right))
			return false;
	}
}

static bool same_address(const char *a, const char *b)
{
	struct ip left, right;
	return ip_parse(&left, a) && ip_parse(&right, b) && ip_compare(&left, &right) == 0;
}

static bool same_prefix(const char *a, const char *b)
{
	struct prefix left, right;
	return prefix_parse(&left, a) && prefix_parse(&right, b) && prefix_same(&left, &right);
}

static bool same_text(const json_t *node, const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	const char *format = schema_format(node);
	if (format && strcmp(format, "ip") == 0)
		return same_address(a, b);
	if (format && same_prefix(a, b))
		return true;
	const char *equal = text_of(node, "x-equal");
	if (equal && strcmp(equal, "location") == 0)
		return same_location(a, b);
	if (equal && strcmp(equal, "arm-id") == 0)
		return arm_id_same(a, b);
	if (schema_enum(node) || (equal && strcmp(equal, "ignore-case") == 0))
		return text_same_nocase(a, b);
	/* Service tags: the only text beside CIDRs under this format. */
	return format && strcmp(format, "cidr-or-tag") == 0 && text_same_nocase(a, b);
}

bool schema_same_scalar(const json_t *node, const json_t *a, const json_t *b)
{
	if (schema_reference_type(node) && json_is_object(a) && json_is_object(b)) {
		const char *left = text_of(a, "id");
		const char *right = text_of(b, "id");
		return left && right && arm_id_same(left, right);
	}
	if (json_is_string(a) && json_is_string(b))
		return same_text(node, json_string_value(a), json_string_value(b));
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}
