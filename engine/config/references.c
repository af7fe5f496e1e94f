/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"
#include "schemas/arm_id.h"

/* ---- ids ---- */

static int by_id(const void *a, const void *b)
{
	const struct declared *left = *(const struct declared *const *)a;
	const struct declared *right = *(const struct declared *const *)b;
	/* Ids of siblings differ only in the name behind a long common start. */
	bool siblings = left->parent && left->parent == right->parent &&
		left->resource.schema == right->resource.schema;
	int order = siblings ? text_compare_nocase(left->resource.name, right->resource.name)
			     : text_compare_nocase(left->resource.id, right->resource.id);
	/* Equal ids are an error, told at the later of the two. */
	return order ? order : (left->order < right->order ? -1 : 1);
}

void index_ids(struct config *c, struct resource **resources, size_t count)
{
	struct config_internal *in = c->internal;
	in->by_id = arena_alloc(c->arena, (count + 1) * sizeof *in->by_id);
	in->nby_id = count;
	memcpy(in->by_id, resources, count * sizeof *in->by_id);
	if (count > 1)
		qsort(in->by_id, count, sizeof *in->by_id, by_id);
}

struct resource *find_id(const struct config *c, const char *id)
{
	const struct config_internal *in = c->internal;
	size_t low = 0, high = in->nby_id;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = text_compare_nocase(id, in->by_id[middle]->id);
		if (order == 0)
			return in->by_id[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ---- addresses ---- */

static const char *last_segment(const char *type)
{
	const char *slash = strrchr(type, '/');
	return slash ? slash + 1 : type;
}

static bool is_child_type(const char *type)
{
	const char *slash = strchr(type, '/');
	return slash && strchr(slash + 1, '/');
}

const char *config_address_of(const struct config *c, const char *id)
{
	struct arm_id parts;
	struct arena *a = c->arena;
	if (!arm_id_parse(a, id, &parts) || !parts.type)
		return arena_strdup(a, id);
	const struct schema *schema = catalog_type(c->catalog, parts.type);
	const char *section = schema ? schema->section : last_segment(parts.type);
	if (is_child_type(parts.type))
		return arena_printf(
			a, "%s/%s/%s", config_address_of(c, parts.parent), section, parts.name);
	const char *outside = "";
	if (!c->subscription || !text_same_nocase(c->subscription, parts.subscription))
		outside = arena_printf(a, "subscriptions/%s/", parts.subscription);
	bool in_group = parts.resource_group && !(schema && schema->in_subscription);
	if (in_group &&
		(*outside || !c->resource_group ||
			!text_same_nocase(c->resource_group, parts.resource_group)))
		outside = arena_printf(a, "%sresourceGroups/%s/", outside, parts.resource_group);
	return arena_printf(a, "%s%s/%s", outside, section, parts.name);
}

struct tokens {
	char **items;
	size_t count;
};

static struct tokens split(struct arena *a, const char *text)
{
	struct tokens t = { 0 };
	for (;;) {
		size_t length = strcspn(text, "/");
		*ARENA_PUSH(a, t.items, t.count) = arena_strndup(a, text, length);
		if (!text[length])
			return t;
		text += length + 1;
	}
}

static const char *bad_address(
	struct config *c, const char *address, struct place at, struct diags *diags)
{
	size_t count = 0;
	const char *const *sections = catalog_sections(c->catalog, &count);
	const char *section = arena_strndup(c->arena, address, strcspn(address, "/"));
	const char *near = text_nearest(section, sections, count);
	(void)diag_error(diags, at, "bad-address", "`%s` is not an address", address);
	if (near && strcmp(near, section) != 0)
		diag_help(diags, "did you mean `%s`?", near);
	else
		diag_help(diags, "an address is as in routeTables/NAME/routes/NAME");
	return NULL;
}

static const char *walk_address(
	struct config *c, const struct tokens *t, size_t first, const char *scope)
{
	const struct schema *schema = catalog_section(c->catalog, t->items[first]);
	const char *id = scope;
	for (size_t i = first; schema && i + 1 < t->count; i += 2) {
		if (!*t->items[i + 1])
			return NULL;
		id = arm_id_make(c->arena, id, schema->type, t->items[i + 1]);
		if (i + 2 == t->count)
			return id;
		schema = schema_child(schema, t->items[i + 2]);
	}
	return NULL;
}

const char *address_id(struct config *c, const char *address, struct place at, struct diags *diags)
{
	struct arena *a = c->arena;
	struct arm_id parts;
	if (address[0] == '/')
		return arm_id_parse(a, address, &parts) ? arena_strdup(a, address)
							: bad_address(c, address, at, diags);
	struct tokens t = split(a, address);
	size_t first = 0;
	const char *subscription = c->subscription;
	const char *group = c->resource_group;
	if (t.count > 2 && strcmp(t.items[0], "subscriptions") == 0) {
		subscription = t.items[1];
		first = 2;
	}
	if (t.count > first + 2 && strcmp(t.items[first], "resourceGroups") == 0) {
		group = t.items[first + 1];
		first += 2;
	}
	const struct schema *schema = catalog_section(c->catalog, t.items[first]);
	if (!schema)
		return bad_address(c, address, at, diags);
	if (!subscription || (!group && !schema->in_subscription)) {
		const char *what = subscription ? "resourceGroup" : "subscription";
		(void)diag_error(diags, at, "bad-address",
			"`%s` names no %s, and there is no `%s` on top", address,
			subscription ? "resource group" : "subscription", what);
		diag_help(diags, "write `%s` on top, or the full ARM id", what);
		return NULL;
	}
	const char *scope = arena_printf(a, "/subscriptions/%s", subscription);
	if (!schema->in_subscription)
		scope = arena_printf(a, "%s/resourceGroups/%s", scope, group);
	const char *id = walk_address(c, &t, first, scope);
	return id ? id : bad_address(c, address, at, diags);
}

const char *config_id_of(struct config *c, const char *address, struct diags *diags)
{
	return address_id(c, address, PLACE_NONE, diags);
}

struct resource *config_find(const struct config *c, const char *address_or_id)
{
	struct diags ignored;
	diags_init(&ignored, c->arena);
	/* Only the arena of the configuration is written to. */
	const char *id = address_id((struct config *)c, address_or_id, PLACE_NONE, &ignored);
	return id ? find_id(c, id) : NULL;
}

/* ---- references ---- */

void declared_refer(struct config *c, struct declared *d, const char *pointer, const char *id,
	struct resource *target)
{
	struct resource *r = &d->resource;
	for (size_t i = 0; i < r->nreferences; i++)
		if (!pointer && text_same_nocase(r->references[i].id, id))
			return;
	*ARENA_PUSH(c->arena, r->references, r->nreferences) =
		(struct reference){ .pointer = pointer, .id = id, .target = target };
}

static const char *unknown_reference(
	struct config *c, const char *type, const char *text, struct place at, struct diags *diags)
{
	const struct config_internal *in = c->internal;
	const char **keys = NULL;
	size_t count = 0;
	for (size_t i = 0; i < in->ndeclared; i++)
		if (text_same_nocase(in->declared[i]->resource.schema->type, type))
			*ARENA_PUSH(c->arena, keys, count) = in->declared[i]->key;
	const struct schema *schema = catalog_type(c->catalog, type);
	const char *near = text_nearest(text, keys, count);
	(void)diag_error(diags, at, "unknown-reference", "no %s `%s` is declared",
		schema ? schema->title : last_segment(type), text);
	if (near)
		diag_help(diags, "did you mean `%s`?", near);
	else
		diag_help(diags, "what is declared elsewhere is named by its full ARM id");
	return NULL;
}

static const struct declared *find_key(const struct config *c, const char *type, const char *key)
{
	const struct config_internal *in = c->internal;
	const struct schema *schema = catalog_type(c->catalog, type);
	if (!schema || schema->parent)
		return NULL;
	const char *pointer =
		pointer_add(c->arena, pointer_add(c->arena, "", schema->section), key);
	const json_t *index = json_object_get(in->by_pointer, pointer);
	if (index)
		return in->declared[json_integer_value(index)];
	for (size_t i = 0; i < in->ndeclared; i++)
		if (in->declared[i]->resource.schema == schema &&
			strcmp(in->declared[i]->resource.name, key) == 0)
			return in->declared[i];
	return NULL;
}

const char *reference_id(
	struct config *c, const char *type, const char *text, struct place at, struct diags *diags)
{
	struct arm_id parts;
	if (!strchr(text, '/')) {
		const struct declared *d = find_key(c, type, text);
		return d ? d->resource.id : unknown_reference(c, type, text, at, diags);
	}
	const char *id = address_id(c, text, at, diags);
	if (!id)
		return NULL;
	if (text[0] != '/' && !find_id(c, id))
		return unknown_reference(c, type, text, at, diags);
	if (!arm_id_parse(c->arena, id, &parts) || !parts.type ||
		!text_same_nocase(parts.type, type)) {
		(void)diag_error(diags, at, "reference-type", "this must be a %s, not a %s",
			last_segment(type), parts.type ? last_segment(parts.type) : "subscription");
		return NULL;
	}
	return id;
}

/* ---- cycles ---- */

enum visit {
	VISIT_NEW,
	VISIT_OPEN,
	VISIT_DONE
};

static struct declared *next_edge(struct declared *d)
{
	struct resource *r = &d->resource;
	while (d->edge <= r->nreferences) {
		struct resource *target =
			d->edge == 0 ? r->parent : r->references[d->edge - 1].target;
		d->edge++;
		/* `resource` is the first member of what holds it. */
		if (target && target != r)
			return (struct declared *)target;
	}
	return NULL;
}

/* Where `from` says that it needs `to`. */
static struct place edge_place(
	struct config *c, const struct declared *from, const struct declared *to)
{
	const struct resource *r = &from->resource;
	for (size_t i = 0; i < r->nreferences; i++)
		if (r->references[i].target == &to->resource && r->references[i].pointer)
			return config_member_place(c, r, r->references[i].pointer, YAML_VALUE);
	const json_t *list = json_object_get(from->value, "dependsOn");
	const char *pointer = pointer_add(c->arena, r->pointer, "dependsOn");
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		if (json_is_string(item) &&
			config_find(c, json_string_value(item)) == &to->resource)
			return place_value(c, pointer_add_index(c->arena, pointer, i));
	return place_key(c, r->pointer);
}

static void report_loop(struct config *c, struct declared *const *stack, size_t first, size_t depth,
	struct diags *diags)
{
	const char *loop = stack[first]->resource.address;
	for (size_t i = first + 1; i < depth; i++)
		loop = arena_printf(c->arena, "%s -> %s", loop, stack[i]->resource.address);
	const struct declared *next = stack[first + 1 < depth ? first + 1 : first];
	(void)diag_error(diags, edge_place(c, stack[first], next), "cycle",
		"resources depend on one another: %s -> %s", loop, stack[first]->resource.address);
	for (size_t i = first + 1; i < depth; i++)
		diag_note(diags, edge_place(c, stack[i], stack[i + 1 < depth ? i + 1 : first]),
			"by way of this");
}

static bool visit_from(
	struct config *c, struct declared *start, struct declared **stack, struct diags *diags)
{
	size_t depth = 0;
	stack[depth++] = start;
	start->visit = VISIT_OPEN;
	bool good = true;
	while (depth > 0) {
		struct declared *top = stack[depth - 1];
		struct declared *next = next_edge(top);
		if (!next) {
			top->visit = VISIT_DONE;
			depth--;
		} else if (next->visit == VISIT_NEW) {
			next->visit = VISIT_OPEN;
			stack[depth++] = next;
		} else if (next->visit == VISIT_OPEN) {
			size_t first = depth;
			while (stack[first - 1] != next)
				first--;
			report_loop(c, stack, first - 1, depth, diags);
			good = false;
		}
	}
	return good;
}

bool references_check_cycles(struct config *c, struct diags *diags)
{
	struct config_internal *in = c->internal;
	struct declared **stack =
		arena_alloc(c->arena, (in->ndeclared + 1) * sizeof(struct declared *));
	bool good = true;
	for (size_t i = 0; i < in->ndeclared; i++)
		if (in->declared[i]->visit == VISIT_NEW)
			good &= visit_from(c, in->declared[i], stack, diags);
	return good;
}
