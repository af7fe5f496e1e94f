/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"
#include "schemas/arm_id.h"

static bool is_subscription(const char *text)
{
	size_t length = 0;
	for (; text[length]; length++) {
		char c = text[length];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    c == '-'))
			return false;
	}
	return length > 0 && length <= 64;
}

static struct name_rule *rule_of(struct config *c, const struct schema *schema)
{
	struct config_internal *in = c->internal;
	for (size_t i = 0; i < in->nname_rules; i++)
		if (in->name_rules[i].schema == schema)
			return &in->name_rules[i];
	return NULL;
}

static void free_rules(void *object)
{
	const struct config_internal *in = object;
	for (size_t i = 0; i < in->nname_rules; i++)
		if (in->name_rules[i].has_regex)
			regfree(&in->name_rules[i].regex);
}

static const struct name_rule *compile_rule(struct config *c, const struct schema *schema)
{
	struct config_internal *in = c->internal;
	if (in->nname_rules == 0)
		arena_defer(c->arena, free_rules, in);
	struct name_rule *rule = ARENA_PUSH(c->arena, in->name_rules, in->nname_rules);
	rule->schema = schema;
	rule->has_regex = schema->name_pattern &&
		regcomp(&rule->regex, schema->name_pattern, REG_EXTENDED | REG_NOSUB) == 0;
	return rule;
}

/* Places are looked up only for what is wrong: there may be 100,000 names. */
static struct place name_place(const struct config *c, const char *pointer)
{
	char *last = pointer_last(c->arena, pointer);
	bool is_word = last && strcmp(last, "name") == 0;
	return is_word ? place_value(c, pointer) : place_key(c, pointer);
}

bool name_check(struct config *c, const struct schema *schema, const char *name,
	const char *pointer, struct diags *diags)
{
	const struct name_rule *rule = rule_of(c, schema);
	if (!rule)
		rule = compile_rule(c, schema);
	size_t length = strlen(name);
	if (length < schema->name_min || (schema->name_max && length > schema->name_max)) {
		(void)diag_error(diags, name_place(c, pointer), "bad-name",
			"`%s` is no name for a %s: it has %zu character%s", name, schema->title,
			length, length == 1 ? "" : "s");
		diag_help(diags, "from %zu to %zu are allowed", schema->name_min, schema->name_max);
		return false;
	}
	if (!rule->has_regex || regexec(&rule->regex, name, 0, NULL, 0) == 0)
		return true;
	(void)diag_error(diags, name_place(c, pointer), "bad-name", "`%s` is no name for a %s",
		name, schema->title);
	diag_help(diags, "a name %s", schema->name_rule);
	return false;
}

static bool is_default_scope(const struct config *c, const char *subscription, const char *group)
{
	return c->subscription && text_same_nocase(c->subscription, subscription) &&
		(!group || (c->resource_group && text_same_nocase(c->resource_group, group)));
}

static const char *address_of(const struct config *c, const struct declared *d)
{
	const struct schema *s = d->resource.schema;
	if (d->parent)
		return arena_join(c->arena,
			(const char *const[]){ d->parent->resource.address, "/", s->section, "/",
				d->resource.name },
			5);
	const char *outside = "";
	if (!is_default_scope(c, d->subscription, NULL))
		outside = arena_printf(c->arena, "subscriptions/%s/", d->subscription);
	if (d->group && (*outside || !is_default_scope(c, d->subscription, d->group)))
		outside = arena_printf(c->arena, "%sresourceGroups/%s/", outside, d->group);
	return arena_printf(c->arena, "%s%s/%s", outside, s->section, d->resource.name);
}

static void set_identity(const struct config *c, struct declared *d)
{
	struct resource *r = &d->resource;
	const char *scope = d->parent
		? d->parent->resource.id
		: arena_printf(c->arena, "/subscriptions/%s", d->subscription);
	if (!d->parent && d->group)
		scope = arena_printf(c->arena, "%s/resourceGroups/%s", scope, d->group);
	r->id = arm_id_make(c->arena, scope, r->schema->type, r->name);
	r->address = address_of(c, d);
	r->parent = d->parent ? &d->parent->resource : NULL;
}

struct declare {
	struct config *config;
	struct diags *diags;
	struct scope scope;
};

/* A word of ours that holds text, or the inherited value. */
static const char *own_text(
	struct declare *w, const struct declared *d, const char *word, const char *inherited)
{
	const json_t *value = json_object_get(d->value, word);
	if (!value)
		return inherited;
	return scope_text(
		&w->scope, pointer_add(w->config->arena, d->resource.pointer, word), value, word);
}

/* A group is told by its key here or by its name. */
static const char *group_name(struct declare *w, const char *given)
{
	const json_t *groups = json_object_get(w->config->merged, "resourceGroups");
	const json_t *group = json_object_get(groups, given);
	const json_t *name = json_object_get(group, "name");
	if (!name)
		return given;
	const char *pointer = pointer_add(
		w->config->arena, pointer_add(w->config->arena, "/resourceGroups", given), "name");
	return scope_text(&w->scope, pointer, name, "name");
}

static bool missing(struct declare *w, const struct declared *d, const char *code, const char *what,
	const char *help)
{
	(void)diag_error(w->diags, place_key(w->config, d->resource.pointer), code,
		"%s `%s` has no %s", d->resource.schema->title, d->key, what);
	diag_help(w->diags, "%s", help);
	return false;
}

static bool read_scope(struct declare *w, struct declared *d)
{
	struct config *c = w->config;
	if (d->parent) {
		d->subscription = d->parent->subscription;
		d->group = d->parent->group;
		return true;
	}
	size_t before = w->diags->nerrors;
	d->subscription = own_text(w, d, "subscription", c->subscription);
	if (!d->subscription && w->diags->nerrors == before)
		d->subscription = c->subscription = environment_subscription(c, w->diags);
	if (d->subscription && !is_subscription(d->subscription))
		return diag_error(w->diags,
			place_value(c,
				json_object_get(d->value, "subscription")
					? pointer_add(c->arena, d->resource.pointer, "subscription")
					: "/subscription"),
			"bad-subscription", "`%s` is no id of a subscription", d->subscription);
	if (!d->subscription && w->diags->nerrors == before)
		return missing(w, d, "missing-subscription", "subscription",
			"write `subscription: ${env.AZURE_SUBSCRIPTION_ID}` on top");
	if (d->resource.schema->in_subscription)
		return d->subscription != NULL;
	const char *given = own_text(w, d, "resourceGroup", NULL);
	d->group = json_object_get(d->value, "resourceGroup")
		? (given ? group_name(w, given) : NULL)
		: c->resource_group;
	if (!d->group && w->diags->nerrors == before)
		return missing(w, d, "missing-resource-group", "resource group",
			"write `resourceGroup: NAME` on top or in it");
	return d->subscription && d->group;
}

static bool read_flag(struct declare *w, const struct declared *d, const char *word, bool *out)
{
	const json_t *value = json_object_get(d->value, word);
	*out = json_is_true(value);
	if (!value || json_is_boolean(value))
		return true;
	return wrong_type(w->diags,
		place_value(w->config, pointer_add(w->config->arena, d->resource.pointer, word)),
		word, "true or false", value);
}

static bool read_flags(struct declare *w, struct declared *d)
{
	bool good = read_flag(w, d, "existing", &d->resource.existing);
	good &= read_flag(w, d, "adopt", &d->resource.adopt);
	if (good && d->resource.existing && d->resource.adopt)
		return diag_error(w->diags,
			place_key(w->config,
				pointer_add(w->config->arena, d->resource.pointer, "adopt")),
			"adopt-existing", "`adopt` takes over what `existing` leaves to others");
	return good;
}

static bool declare_map(struct declare *w, const struct schema *, const json_t *map,
	const char *pointer, struct declared *parent);

static bool declare_children(struct declare *w, struct declared *d)
{
	bool good = true;
	for (size_t i = 0; i < d->resource.schema->nchildren; i++) {
		const struct schema *child = d->resource.schema->children[i];
		const json_t *map = json_object_get(d->value, child->section);
		if (map && !json_is_null(map))
			good &= declare_map(w, child, map,
				pointer_add(w->config->arena, d->resource.pointer, child->section),
				d);
	}
	return good;
}

static struct declared *add_declared(
	struct config *c, const struct schema *schema, const char *pointer)
{
	struct config_internal *in = c->internal;
	struct declared *d = ARENA_NEW(c->arena, struct declared);
	d->resource.schema = schema;
	d->resource.pointer = pointer;
	d->order = in->ndeclared;
	*ARENA_PUSH(c->arena, in->declared, in->ndeclared) = d;
	return d;
}

static bool declare_one(struct declare *w, const struct schema *schema, const char *key,
	const json_t *value, struct declared *parent)
{
	struct config *c = w->config;
	struct config_internal *in = c->internal;
	const char *pointer = pointer_add(c->arena,
		parent ? pointer_add(c->arena, parent->resource.pointer, schema->section)
		       : pointer_add(c->arena, "", schema->section),
		key);
	if (!json_is_object(value) && !json_is_null(value))
		return wrong_type(w->diags, place_value(c, pointer), key, "a map", value);
	struct declared *d = add_declared(c, schema, pointer);
	d->key = key;
	d->section = schema->section;
	d->value = json_is_null(value) ? NULL : value;
	d->parent = parent;
	(void)json_object_set_new(
		in->by_pointer, pointer, json_integer((json_int_t)in->ndeclared - 1));
	d->resource.name = own_text(w, d, "name", key);
	if (!d->resource.name || !read_scope(w, d) || !read_flags(w, d))
		return false;
	const char *at = json_object_get(d->value, "name") ? pointer_add(c->arena, pointer, "name")
							   : pointer;
	(void)name_check(c, schema, d->resource.name, at, w->diags);
	set_identity(c, d);
	return declare_children(w, d);
}

static bool declare_map(struct declare *w, const struct schema *schema, const json_t *map,
	const char *pointer, struct declared *parent)
{
	struct config *c = w->config;
	if (!json_is_object(map))
		return wrong_type(w->diags, place_value(c, pointer), schema->section, "a map", map);
	if (c->internal->ndeclared + json_object_size(map) > CONFIG_RESOURCES)
		return diag_error(w->diags, place_key(c, pointer), "too-many",
			"a configuration has at most %zu resources", CONFIG_RESOURCES);
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)map, key, value)
		good &= declare_one(w, schema, key, value, parent);
	return good;
}

bool declare_all(struct config *c, struct diags *diags)
{
	struct declare w = {
		.config = c, .diags = diags, .scope = { .config = c, .diags = diags }
	};
	bool good = true;
	const char *section;
	json_t *map;
	json_object_foreach (c->merged, section, map) {
		const struct schema *schema = catalog_section(c->catalog, section);
		if (schema && schema->declarable && !json_is_null(map))
			good &= declare_map(
				&w, schema, map, pointer_add(c->arena, "", section), NULL);
	}
	return good;
}

struct declared *declare_node_route(struct config *c, struct declared *table,
	const struct schema *schema, const char *name, const char *pointer)
{
	struct declared *d = add_declared(c, schema, pointer);
	d->key = name;
	d->section = schema->section;
	d->parent = table;
	d->group = table->group;
	d->subscription = table->subscription;
	d->resource.name = name;
	set_identity(c, d);
	return d;
}
