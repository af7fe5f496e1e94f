/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/sort.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"
#include "schemas/arm_id.h"

struct words {
	struct config *config;
	struct declared *declared;
	struct diags *diags;
};

static const char *at(const struct words *w, const char *word)
{
	return pointer_add(w->config->arena, w->declared->resource.pointer, word);
}

static const json_t *word(const struct words *w, const char *name)
{
	return json_object_get(w->declared->value, name);
}

/* Whether the schema of a resource gives a word of ours anything to act on. */
static bool applies(const struct declared *d, const char *name)
{
	const struct schema *s = d->resource.schema;
	if (strcmp(name, "nodeRoutes") == 0 || strcmp(name, "foreignRoutes") == 0)
		return node_route_type(s) != NULL;
	if (strcmp(name, "foreignTags") == 0)
		return s->has_tags;
	if (strcmp(name, "resourceGroup") == 0)
		return !d->parent && !s->in_subscription;
	if (strcmp(name, "subscription") == 0)
		return !d->parent;
	return true;
}

static bool check_words(const struct words *w)
{
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)w->declared->value, key, value) {
		if (!is_own_word(key))
			continue;
		if (!applies(w->declared, key))
			good = diag_error(w->diags, place_key(w->config, at(w, key)),
				"unknown-member", "`%s` has no meaning for a %s", key,
				w->declared->resource.schema->title);
	}
	return good;
}

static bool read_choice(const struct words *w, const char *name, bool *removes)
{
	const json_t *value = word(w, name);
	if (!value)
		return true;
	struct scope s = { .config = w->config, .diags = w->diags };
	const char *text = scope_text(&s, at(w, name), value, name);
	if (!text)
		return false;
	*removes = strcmp(text, "remove") == 0;
	if (*removes || strcmp(text, "keep") == 0)
		return true;
	return diag_error(w->diags, place_value(w->config, at(w, name)), "not-a-choice",
		"`%s` must be `keep` or `remove`", name);
}

static bool read_depends_on(const struct words *w)
{
	struct config *c = w->config;
	const json_t *list = word(w, "dependsOn");
	if (list && !json_is_array(list))
		return wrong_type(
			w->diags, place_value(c, at(w, "dependsOn")), "dependsOn", "a list", list);
	struct scope s = { .config = c, .diags = w->diags };
	bool good = true;
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item) {
		const char *pointer = pointer_add_index(c->arena, at(w, "dependsOn"), i);
		const char *address = scope_text(&s, pointer, item, "dependsOn");
		struct resource *target = address ? config_find(c, address) : NULL;
		if (target)
			declared_refer(c, w->declared, NULL, target->id, target);
		else
			good = false;
		if (address && !target) {
			(void)diag_error(w->diags, place_value(c, pointer), "unknown-reference",
				"no resource `%s` is declared", address);
			diag_help(w->diags, "name it by its address, as in routeTables/NAME");
		}
	}
	return good;
}

static bool read_ignored(const struct words *w, const json_t *item, const char *pointer)
{
	struct config *c = w->config;
	struct resource *r = &w->declared->resource;
	struct expression_path path;
	struct expression_failure failure;
	struct scope s = { .config = c, .diags = w->diags };
	const char *text = scope_text(&s, pointer, item, "ignoreChanges");
	if (!text)
		return false;
	const char *body = expression_path_parse(c->arena, text, &path, &failure)
		? flat_to_body(c, r->schema, &path, 0)
		: NULL;
	if (!body) {
		(void)diag_error(w->diags, place_value(c, pointer), "unknown-member",
			"`%s` is not a member of a %s", text, r->schema->title);
		diag_help(w->diags, "write it as in tags.owner");
		return false;
	}
	*ARENA_PUSH(c->arena, r->ignore_changes, r->nignore_changes) = body;
	return true;
}

static bool read_prevent(const struct words *w, const json_t *value, const char *pointer)
{
	struct scope s = { .config = w->config, .diags = w->diags };
	bool unknown = false;
	size_t before = w->diags->nerrors;
	json_t *known = arena_json(w->config->arena, scope_value(&s, pointer, value, &unknown));
	w->declared->resource.prevent_destroy = json_is_true(known);
	return json_is_boolean(known) || w->diags->nerrors > before ||
		wrong_type(w->diags, place_value(w->config, pointer), "preventDestroy",
			"true or false", known ? known : value);
}

static bool read_lifecycle(const struct words *w)
{
	static const char *const members[] = { "preventDestroy", "ignoreChanges", NULL };
	struct config *c = w->config;
	const json_t *value = word(w, "lifecycle");
	const char *pointer = at(w, "lifecycle");
	if (!value)
		return true;
	if (!json_is_object(value))
		return wrong_type(w->diags, place_value(c, pointer), "lifecycle", "a map", value);
	bool good = only_members(c, value, pointer, "`lifecycle`", members, w->diags);
	const json_t *prevent = json_object_get(value, "preventDestroy");
	if (prevent)
		good &= read_prevent(w, prevent, pointer_add(c->arena, pointer, "preventDestroy"));
	const json_t *list = json_object_get(value, "ignoreChanges");
	const char *list_pointer = pointer_add(c->arena, pointer, "ignoreChanges");
	if (list && !json_is_array(list))
		return wrong_type(
			w->diags, place_value(c, list_pointer), "ignoreChanges", "a list", list);
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		good &= read_ignored(w, item, pointer_add_index(c->arena, list_pointer, i));
	return good;
}

static bool read_expect(const struct words *w)
{
	const json_t *value = word(w, "expect");
	if (!value)
		return true;
	if (!json_is_object(value))
		return wrong_type(w->diags, place_value(w->config, at(w, "expect")), "expect",
			"a map", value);
	w->declared->resource.expect = arena_json(w->config->arena,
		shape_body(w->config, w->declared, value, at(w, "expect"), true, w->diags));
	return w->declared->resource.expect != NULL;
}

static void refer_to_group(struct config *c, struct declared *d)
{
	if (d->parent || !d->group)
		return;
	const struct schema *group = catalog_role(c->catalog, ROLE_GROUP);
	const char *scope = arena_printf(c->arena, "/subscriptions/%s", d->subscription);
	const char *id = arm_id_make(c->arena, scope, group->type, d->group);
	struct resource *target = find_id(c, id);
	if (target)
		declared_refer(c, d, NULL, target->id, target);
}

static bool resolve_one(struct config *c, struct declared *d, struct diags *diags)
{
	struct words w = { .config = c, .declared = d, .diags = diags };
	struct resource *r = &d->resource;
	refer_to_group(c, d);
	bool good = check_words(&w);
	r->body = arena_json(c->arena, shape_body(c, d, d->value, r->pointer, false, diags));
	good = read_expect(&w) && good;
	good = read_depends_on(&w) && good;
	good = read_lifecycle(&w) && good;
	good = findings_read_ignored(c, d->value, r->pointer, &r->ignored, diags) && good;
	good = read_choice(&w, "foreignRoutes", &r->removes_foreign) && good;
	good = read_choice(&w, "foreignTags", &r->removes_foreign_tags) && good;
	if (node_route_type(r->schema))
		good = node_routes_make(c, d, diags) && good;
	return r->body && good;
}

/* ---- what must be unique ---- */

static const char *unique_fact(const struct resource *r, const char *name)
{
	return json_string_value(
		json_object_get(json_object_get(r->schema->facts, "unique"), name));
}

static bool check_ids(struct config *c, struct diags *diags)
{
	const struct config_internal *in = c->internal;
	bool good = true;
	for (size_t i = 1; i < in->nby_id; i++) {
		const struct resource *first = in->by_id[i - 1], *second = in->by_id[i];
		if (!text_same_nocase(first->id, second->id))
			continue;
		const char *code = unique_fact(second, "nameCode");
		good = diag_error(diags, place_key(c, second->pointer),
			code ? code : "duplicate-resource", "two %ss are named `%s`",
			second->schema->title, second->name);
		diag_about(diags, second->address);
		diag_note(diags, place_key(c, first->pointer), "the other one");
		if (first->node && second->node)
			diag_help(diags, "nodes `%s` and `%s` give the same name", first->node,
				second->node);
	}
	return good;
}

struct unique {
	const struct resource *resource;
	const char *value;
	struct prefix prefix; /* that the value says, in any spelling */
	bool is_prefix;
	size_t order;
};

static int compare_values(const struct unique *a, const struct unique *b)
{
	if (a->is_prefix != b->is_prefix)
		return a->is_prefix ? -1 : 1;
	if (!a->is_prefix)
		return text_compare_nocase(a->value, b->value);
	int order = ip_compare(&a->prefix.base, &b->prefix.base);
	return order
		? order
		: (a->prefix.length > b->prefix.length) - (a->prefix.length < b->prefix.length);
}

static int by_value(const void *a, const void *b)
{
	const struct unique *left = a, *right = b;
	uintptr_t left_parent = (uintptr_t)left->resource->parent;
	uintptr_t right_parent = (uintptr_t)right->resource->parent;
	if (left_parent != right_parent)
		return left_parent < right_parent ? -1 : 1;
	int order = compare_values(left, right);
	return order ? order : (left->order < right->order ? -1 : 1);
}

static struct unique unique_value(const struct resource *r, const char *value, size_t order)
{
	struct unique u = { .resource = r, .value = value, .order = order };
	u.is_prefix = prefix_parse(&u.prefix, value);
	if (u.is_prefix)
		u.prefix = prefix_canonical(&u.prefix);
	return u;
}

static bool check_values(struct config *c, struct diags *diags)
{
	const struct config_internal *in = c->internal;
	struct unique *all = arena_alloc(c->arena, (in->ndeclared + 1) * sizeof *all);
	size_t count = 0;
	for (size_t i = 0; i < in->ndeclared; i++) {
		const struct resource *r = &in->declared[i]->resource;
		const char *pointer = unique_fact(r, "pointer");
		const char *value = pointer ? json_text_at(r->body, pointer) : NULL;
		if (value)
			all[count++] = unique_value(r, value, i);
	}
	sort_items(all, count, sizeof *all, by_value);
	bool good = true;
	for (size_t i = 1; i < count; i++) {
		const struct resource *first = all[i - 1].resource, *second = all[i].resource;
		if (first->parent != second->parent || compare_values(&all[i - 1], &all[i]) != 0)
			continue;
		const char *pointer = unique_fact(second, "pointer");
		good = diag_error(diags, config_member_place(c, second, pointer, YAML_VALUE),
			unique_fact(second, "code"), "%ss `%s` and `%s` have the same value `%s`",
			second->schema->title, first->name, second->name, all[i].value);
		diag_about(diags, second->address);
		diag_note(
			diags, config_member_place(c, first, pointer, YAML_VALUE), "the other one");
		diag_help(diags, "take one of the two away: Azure refuses both in one %s",
			second->schema->parent->title);
	}
	return good;
}

/* ---- all ---- */

static int compare_addresses(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	/* What is inside something comes before what merely begins like it. */
	int left = *a == '/' ? 1 : (unsigned char)*a;
	int right = *b == '/' ? 1 : (unsigned char)*b;
	return left - right;
}

static int by_address(const void *a, const void *b)
{
	const struct resource *left = *(struct resource *const *)a;
	const struct resource *right = *(struct resource *const *)b;
	if (left->parent && left->parent == right->parent && left->schema == right->schema)
		return strcmp(left->name, right->name);
	return compare_addresses(left->address, right->address);
}

static void list_resources(struct config *c)
{
	const struct config_internal *in = c->internal;
	c->nresources = in->ndeclared;
	c->resources = arena_alloc(c->arena, (in->ndeclared + 1) * sizeof *c->resources);
	for (size_t i = 0; i < in->ndeclared; i++)
		c->resources[i] = &in->declared[i]->resource;
	index_ids(c, c->resources, c->nresources);
}

static bool read_forget(struct config *c, struct diags *diags)
{
	const json_t *list = json_object_get(c->merged, "forget");
	if (list && !json_is_array(list))
		return wrong_type(diags, place_value(c, "/forget"), "forget", "a list", list);
	struct scope s = { .config = c, .diags = diags };
	bool good = true;
	size_t i;
	const json_t *item;
	c->forget = NULL;
	c->nforget = 0;
	json_array_foreach (list, i, item) {
		const char *pointer = pointer_add_index(c->arena, "/forget", i);
		const char *address = scope_text(&s, pointer, item, "forget");
		const char *id =
			address ? address_id(c, address, place_value(c, pointer), diags) : NULL;
		if (id)
			*ARENA_PUSH(c->arena, c->forget, c->nforget) = id;
		else
			good = false;
		if (id && find_id(c, id))
			good = diag_error(diags, place_value(c, pointer), "forget-declared",
				"`%s` is declared, so it cannot be forgotten", address);
	}
	return good;
}

static bool resolve(struct config *c, struct diags *diags)
{
	struct config_internal *in = c->internal;
	size_t nerrors = diags->nerrors;
	c->whole = false;
	in->declared = NULL;
	in->ndeclared = 0;
	(void)json_object_clear(in->by_pointer);
	(void)json_object_clear(in->in_cycle);
	if (!declare_all(c, diags))
		return false;
	list_resources(c);
	bool good = check_ids(c, diags);
	size_t written = in->ndeclared;
	for (size_t i = 0; i < written; i++)
		good = resolve_one(c, in->declared[i], diags) && good;
	good = read_forget(c, diags) && good;
	good = moved_read(c, diags) && good;
	good = outputs_check(c, diags) && good;
	list_resources(c);
	if (!good)
		return false;
	c->whole = check_ids(c, diags);
	(void)check_values(c, diags);
	(void)references_check_cycles(c, diags);
	c->by_id = in->by_id;
	/* Addresses are mostly in the order of ids. */
	memcpy(c->resources, c->by_id, c->nresources * sizeof *c->resources);
	sort_items(c->resources, c->nresources, sizeof *c->resources, by_address);
	return diags->nerrors == nerrors;
}

bool config_resolve(struct config *c, struct diags *diags)
{
	size_t first = diags->count;
	bool good = resolve(c, diags);
	help_add(c, diags, first);
	return good;
}
