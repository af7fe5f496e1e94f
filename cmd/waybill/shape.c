/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/shape.h"

#include <stdint.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

/* jansson iterates only over what may be changed. */
static json_t *mutable(const json_t *json)
{
	return (json_t *)(uintptr_t)json;
}

static bool is_properties(const json_t *node, const char *key)
{
	return strcmp(key, "properties") == 0 && schema_properties_level(node);
}

static json_t *flat_array(const json_t *node, const json_t *value)
{
	const char *name = schema_list_key(node);
	json_t *flat = name ? json_object() : json_array();
	size_t i;
	json_t *item;
	json_array_foreach (value, i, item) {
		json_t *inner = shape_flat(schema_items(node), item);
		const char *key = name ? json_string_value(json_object_get(item, name)) : NULL;
		if (key) {
			(void)json_object_del(inner, name);
			(void)json_object_set_new(flat, key, inner);
		} else if (name) {
			json_decref(inner);
		} else {
			(void)json_array_append_new(flat, inner);
		}
	}
	return flat;
}

json_t *shape_flat(const json_t *node, const json_t *value)
{
	if (json_is_array(value))
		return flat_array(node, value);
	if (!json_is_object(value))
		return json_incref(mutable(value));
	json_t *id = json_object_get(value, "id");
	if (id && (schema_reference_type(node) || json_object_size(value) == 1))
		return json_incref(id);
	json_t *flat = json_object();
	const char *key;
	json_t *member;
	json_object_foreach (mutable(value), key, member) {
		json_t *inner = shape_flat(schema_member(node, key), member);
		if (is_properties(node, key) && json_is_object(inner)) {
			(void)json_object_update(flat, inner);
			json_decref(inner);
		} else {
			(void)json_object_set_new(flat, key, inner);
		}
	}
	return flat;
}

char *shape_member(struct arena *a, const struct schema *schema, const char *pointer)
{
	const json_t *node = schema->root;
	char *name = NULL;
	for (char *token = pointer_next(a, &pointer); token; token = pointer_next(a, &pointer)) {
		bool silent = is_properties(node, token);
		const json_t *member = schema_member(node, token);
		node = member ? member : schema_items(node);
		/* A reference is its id. */
		if (*pointer == '\0' && name && strcmp(token, "id") == 0)
			silent = true;
		if (!silent)
			name = name ? arena_printf(a, "%s.%s", name, token) : token;
	}
	return name ? name : arena_strdup(a, "");
}

struct tree {
	struct arena *arena;
	const struct catalog *catalog;
	json_t *root;
	bool spans_subscriptions;
};

/* Where a resource lives: its words `subscription` and `resourceGroup`, as far as they are told. */
static json_t *home_new(const struct tree *t, const struct schema *schema, const struct arm_id *id)
{
	json_t *home = json_object();
	if (!schema->parent && t->spans_subscriptions)
		(void)json_object_set_new(home, "subscription", json_string(id->subscription));
	if (!schema->parent && !schema->in_subscription && id->resource_group)
		(void)json_object_set_new(home, "resourceGroup", json_string(id->resource_group));
	return home;
}

static bool lives_in(const json_t *value, const json_t *home)
{
	const char *word;
	json_t *where;
	json_object_foreach (mutable(home), word, where) {
		const char *other = json_string_value(json_object_get(value, word));
		if (!other || !text_same_nocase(other, json_string_value(where)))
			return false;
	}
	return true;
}

/* Its name; of a second one of that name, who lives elsewhere, one that tells where. */
static const char *key_of(
	struct arena *a, const json_t *section, const char *name, const json_t *home)
{
	const json_t *twin = json_object_get(section, name);
	const char *key = name, *word;
	json_t *where;
	if (!twin || lives_in(twin, home))
		return name;
	json_object_foreach (mutable(home), word, where)
		key = arena_printf(a, "%s/%s", json_string_value(where), key);
	return key;
}

/* The object of a record's id in the tree; NULL for an id that is none. What is made only on the
 * way to it is recorded nowhere, for an enclosing record comes first: so it is someone else's. */
static json_t *place_of(const struct tree *t, const char *id, bool on_the_way)
{
	struct arena *a = t->arena;
	struct arm_id parsed;
	if (!arm_id_parse(a, id, &parsed) || !parsed.type || !parsed.name)
		return NULL;
	const struct schema *schema = catalog_type(t->catalog, parsed.type);
	if (!schema)
		return NULL;
	json_t *inside = schema->parent ? place_of(t, parsed.parent, true) : t->root;
	if (!inside)
		return NULL;
	json_t *section = json_object_get(inside, schema->section);
	if (!section) {
		section = json_object();
		(void)json_object_set_new(inside, schema->section, section);
	}
	json_auto_t *home = home_new(t, schema, &parsed);
	const char *key = key_of(a, section, parsed.name, home);
	json_t *value = json_object_get(section, key);
	if (value)
		return value;
	value = json_copy(home);
	(void)json_object_set_new(section, key, value);
	if (on_the_way)
		(void)json_object_set_new(value, "existing", json_true());
	if (key != parsed.name)
		(void)json_object_set_new(value, "name", json_string(parsed.name));
	return value;
}

static bool span_subscriptions(struct arena *a, const struct record *records, size_t count)
{
	struct arm_id first, id;
	if (count == 0 || !arm_id_parse(a, records[0].id, &first))
		return false;
	/* Sorted by id: all of one subscription stand together. */
	return arm_id_parse(a, records[count - 1].id, &id) &&
		!text_same_nocase(first.subscription, id.subscription);
}

json_t *shape_records(
	struct arena *a, const struct catalog *catalog, const struct record *records, size_t count)
{
	const struct tree tree = { a, catalog, json_object(),
		span_subscriptions(a, records, count) };
	for (size_t i = 0; i < count; i++) {
		json_t *value = place_of(&tree, records[i].id, false);
		const struct schema *schema = catalog_type(catalog, records[i].type);
		if (!value || !schema)
			continue;
		if (strcmp(records[i].origin, "existing") == 0)
			(void)json_object_set_new(value, "existing", json_true());
		json_auto_t *flat = shape_flat(schema->root, records[i].body);
		if (json_is_object(flat))
			(void)json_object_update_missing(value, flat);
	}
	return tree.root;
}
