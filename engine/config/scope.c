/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"

struct walk {
	struct scope *scope;
	const struct expression_path *path;
	struct expression_failure *failure;
};

static enum expression_result fail(
	struct walk *w, const char *code, const char *text, const char *help)
{
	w->failure->code = code;
	w->failure->text = text;
	w->failure->help = help;
	return EXPRESSION_FAILED;
}

static enum expression_result missing(struct walk *w, const char *code, const char *text)
{
	(void)fail(w, code, text, "write `| default ...` behind it if it may be absent");
	return EXPRESSION_MISSING;
}

static enum expression_result give(const char *text, json_t **value)
{
	*value = json_string(text);
	return EXPRESSION_VALUE;
}

/* The rest of a path inside a value that is known. Steals `value_new`. */
static enum expression_result descend(
	struct walk *w, json_t *value_new, size_t first, json_t **value)
{
	json_t *at = value_new;
	for (size_t i = first; at && i < w->path->nsegments; i++) {
		char *end = NULL;
		unsigned long n = strtoul(w->path->segments[i], &end, 10);
		at = json_is_array(at) && *end == '\0' ? json_array_get(at, n)
						       : json_object_get(at, w->path->segments[i]);
	}
	*value = json_incref(at);
	json_decref(value_new);
	if (at)
		return EXPRESSION_VALUE;
	return missing(w, "unknown-member",
		arena_printf(w->scope->config->arena, "`%s` has no such member",
			w->path->segments[first - 1]));
}

static enum expression_result lookup_variable(struct walk *w, json_t **value)
{
	if (w->scope->environment_only)
		return fail(w, "expression-scope", "only env. may stand here", NULL);
	if (w->path->nsegments < 2)
		return fail(w, "bad-expression", "the name of the variable is missing", NULL);
	json_t *found = NULL;
	enum expression_result result =
		variable_lookup(w->scope->config, w->path->segments[1], &found, w->failure);
	return result == EXPRESSION_VALUE ? descend(w, found, 2, value) : result;
}

static enum expression_result lookup_environment(struct walk *w, json_t **value)
{
	if (w->path->nsegments != 2)
		return fail(w, "bad-expression", "env. is followed by one name", NULL);
	return environment_lookup(w->scope->config, w->path->segments[1], value, w->failure);
}

static enum expression_result lookup_node(struct walk *w, json_t **value)
{
	const struct scope *s = w->scope;
	const char *member = w->path->nsegments == 2 ? w->path->segments[1] : "";
	if (!s->node)
		return fail(w, "expression-scope", "a node is known only in `nodeRoutes`", NULL);
	if (strcmp(member, "index") == 0) {
		*value = json_integer((json_int_t)s->node->index);
		return EXPRESSION_VALUE;
	}
	if (s->index_only)
		return fail(w, "expression-scope", "only node.index is known here", NULL);
	if (strcmp(member, "name") == 0)
		return give(s->node->name, value);
	if (strcmp(member, "ip") == 0)
		return give(s->ip, value);
	if (strcmp(member, "podCIDR") == 0)
		return give(s->pod_cidr, value);
	if (strcmp(member, "family") == 0)
		return give(strchr(s->pod_cidr, ':') ? "ipv6" : "ipv4", value);
	static const char *const names[] = { "name", "ip", "podCIDR", "family", "index" };
	const char *near = text_nearest(member, names, ARRAY_LEN(names));
	return fail(w, "unknown-member",
		arena_printf(s->config->arena, "a node has no `%s`", member),
		near ? arena_printf(s->config->arena, "did you mean `node.%s`?", near)
		     : "it has name, ip, podCIDR, family and index");
}

static enum expression_result lookup_machine(struct walk *w, json_t **value)
{
	const struct scope *s = w->scope;
	if (!s->node || s->index_only)
		return fail(w, "expression-scope", "a machine is known only in `nodeRoutes`", NULL);
	if (w->path->nsegments != 3 || strcmp(w->path->segments[1], "tags") != 0)
		return fail(w, "unknown-member", "of a machine only vm.tags.NAME is known", NULL);
	const char *key;
	json_t *tag;
	json_object_foreach ((json_t *)s->node->vm_tags, key, tag)
		if (text_same_nocase(key, w->path->segments[2])) {
			*value = json_incref(tag);
			return EXPRESSION_VALUE;
		}
	return missing(w, "unknown-member",
		arena_printf(s->config->arena, "the machine of node `%s` has no tag `%s`",
			s->node->name, w->path->segments[2]));
}

/* ---- section.key.member ---- */

static enum expression_result unknown_key(struct walk *w, const char *map, const char *key)
{
	struct arena *a = w->scope->config->arena;
	const char **names = NULL;
	size_t count = 0;
	const char *other;
	json_t *value;
	json_object_foreach (json_at(w->scope->config->merged, map), other, value)
		*ARENA_PUSH(a, names, count) = other;
	const char *near = text_nearest(key, names, count);
	return fail(w, "unknown-reference",
		arena_printf(a, "there is no `%s` under `%s`", key, pointer_last(a, map)),
		near ? arena_printf(a, "did you mean `%s`?", near) : NULL);
}

static struct declared *declared_at(const struct config *c, const char *pointer)
{
	const json_t *index = json_object_get(c->internal->by_pointer, pointer);
	return index ? c->internal->declared[json_integer_value(index)] : NULL;
}

/* The resource that the path begins with, and in *used how many segments name it. */
static struct declared *find_resource(struct walk *w, size_t *used)
{
	struct config *c = w->scope->config;
	const struct expression_path *path = w->path;
	const struct schema *schema = catalog_section(c->catalog, path->segments[0]);
	struct declared *found = NULL;
	const char *map = pointer_add(c->arena, "", path->segments[0]);
	size_t i = 0;
	while (schema && i + 1 < path->nsegments) {
		const char *pointer = pointer_add(c->arena, map, path->segments[i + 1]);
		struct declared *next = declared_at(c, pointer);
		if (!next) {
			(void)unknown_key(w, map, path->segments[i + 1]);
			return NULL;
		}
		found = next;
		i += 2;
		schema = i < path->nsegments
			? schema_child(found->resource.schema, path->segments[i])
			: NULL;
		if (schema)
			map = pointer_add(c->arena, pointer, path->segments[i]);
	}
	*used = i;
	return found;
}

static enum expression_result unknown_section(struct walk *w)
{
	struct arena *a = w->scope->config->arena;
	size_t count = 0;
	const char *const *sections = catalog_sections(w->scope->config->catalog, &count);
	const char **names = NULL;
	size_t nnames = 0;
	for (size_t i = 0; i < count; i++)
		*ARENA_PUSH(a, names, nnames) = sections[i];
	static const char *const roots[] = { "var", "env", "node", "vm" };
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		*ARENA_PUSH(a, names, nnames) = roots[i];
	const char *near = text_nearest(w->path->segments[0], names, nnames);
	return fail(w, "unknown-reference",
		arena_printf(
			a, "`%s` is not something an expression can name", w->path->segments[0]),
		near ? arena_printf(a, "did you mean `%s`?", near)
		     : "an expression begins with var, env, node, vm or a section");
}

/* One step of a member path through flat value, schema and body at once. */
struct member_walk {
	const json_t *value;
	const json_t *node;
	const char *pointer; /* in the YAML */
	const char *body;    /* in the ARM body */
	bool is_known;       /* the value came out of an expression: no text in it is one */
};

static bool step_member(struct arena *a, struct member_walk *m, const char *segment)
{
	const json_t *node = m->node;
	if (schema_kind(node) == KIND_ARRAY) {
		m->node = schema_items(node);
		m->body = pointer_add(a, m->body, segment);
	} else {
		bool is_inner = false;
		m->node = schema_flat_member(node, segment, &is_inner);
		if (is_inner)
			m->body = pointer_add(a, m->body, "properties");
		m->body = pointer_add(a, m->body, segment);
	}
	m->pointer = pointer_add(a, m->pointer, segment);
	char *end = NULL;
	unsigned long n = strtoul(segment, &end, 10);
	m->value = json_is_array(m->value) && *end == '\0' ? json_array_get(m->value, n)
							   : json_object_get(m->value, segment);
	return m->node != NULL;
}

static enum expression_result live_value(
	struct walk *w, const char *id, const char *body, json_t **value)
{
	json_t *found = w->scope->live ? w->scope->live(w->scope->live_context, id, body) : NULL;
	*value = json_incref(found);
	return found ? EXPRESSION_VALUE : EXPRESSION_UNKNOWN;
}

static enum expression_result member_value(
	struct walk *w, const struct declared *d, const struct member_walk *m, json_t **value)
{
	struct config *c = w->scope->config;
	struct scope inner = *w->scope;
	inner.owner = NULL;
	bool unknown = false;
	if (!m->value && strcmp(m->body, "/location") == 0 && c->location && !d->resource.existing)
		return give(c->location, value);
	if (!m->value || schema_is_read_only(m->node))
		return live_value(w, d->resource.id, m->body, value);
	json_t *known = m->is_known ? json_incref((json_t *)m->value)
				    : scope_value(&inner, m->pointer, m->value, &unknown);
	if (known && schema_reference_type(m->node) && json_is_string(known)) {
		(void)arena_json(c->arena, known);
		const char *id = reference_id(c, schema_reference_type(m->node),
			json_string_value(known), place_value(c, m->pointer), w->scope->diags);
		known = id ? json_string(id) : NULL;
	}
	*value = known;
	if (known)
		return EXPRESSION_VALUE;
	if (unknown)
		return EXPRESSION_UNKNOWN;
	w->failure->code = NULL;
	return EXPRESSION_FAILED;
}

/* A list or a map may have been written as one expression: what it comes to is walked on in. */
static enum expression_result work_out(struct walk *w, struct member_walk *m)
{
	const char *text = json_string_value(m->value);
	if (!text || m->is_known || !expression_in(text))
		return EXPRESSION_VALUE;
	struct scope inner = *w->scope;
	inner.owner = NULL;
	bool unknown = false;
	m->value = arena_json(
		w->scope->config->arena, scope_value(&inner, m->pointer, m->value, &unknown));
	m->is_known = true;
	if (m->value)
		return EXPRESSION_VALUE;
	w->failure->code = NULL;
	return unknown ? EXPRESSION_UNKNOWN : EXPRESSION_FAILED;
}

static enum expression_result step_on(
	struct walk *w, const struct declared *d, struct member_walk *m, const char *segment)
{
	struct arena *a = w->scope->config->arena;
	enum expression_result result = work_out(w, m);
	if (result != EXPRESSION_VALUE)
		return result;
	const json_t *list = json_is_array(m->value) ? m->value : NULL;
	if (!step_member(a, m, segment))
		return fail(w, "unknown-member",
			arena_printf(a, "`%s` is not a member of a %s", segment,
				d->resource.schema->title),
			NULL);
	if (list && !m->value)
		return fail(w, "unknown-reference",
			arena_printf(a, "there is no item `%s` in a list of %zu", segment,
				json_array_size(list)),
			"items are counted from 0");
	return EXPRESSION_VALUE;
}

static enum expression_result lookup_member(
	struct walk *w, const struct declared *d, size_t first, json_t **value)
{
	const struct expression_path *path = w->path;
	if (first >= path->nsegments)
		return fail(w, "bad-expression", "the member is missing behind the resource",
			"write for example `.id`");
	bool is_last = first + 1 == path->nsegments;
	if (is_last && strcmp(path->segments[first], "id") == 0)
		return give(d->resource.id, value);
	if (is_last && strcmp(path->segments[first], "name") == 0)
		return give(d->resource.name, value);
	struct member_walk m = { .value = d->value,
		.node = d->resource.schema->root,
		.pointer = d->resource.pointer,
		.body = "" };
	for (size_t i = first; i < path->nsegments; i++) {
		const char *reference = schema_reference_type(m.node);
		if (reference && i + 1 == path->nsegments && strcmp(path->segments[i], "id") == 0)
			break;
		enum expression_result result = step_on(w, d, &m, path->segments[i]);
		if (result != EXPRESSION_VALUE)
			return result;
	}
	return member_value(w, d, &m, value);
}

static enum expression_result lookup_resource(struct walk *w, json_t **value)
{
	struct scope *s = w->scope;
	if (!catalog_section(s->config->catalog, w->path->segments[0]))
		return unknown_section(w);
	if (!s->sees_resources)
		return fail(w, "expression-scope", "only var. and env. may stand here",
			"names, groups and node sets must be known before resources are");
	size_t used = 0;
	w->failure->code = "bad-expression";
	w->failure->text = "the key of the resource is missing";
	struct declared *d = find_resource(w, &used);
	if (!d)
		return EXPRESSION_FAILED;
	enum expression_result result = lookup_member(w, d, used, value);
	if (s->owner && s->owner != d && result != EXPRESSION_FAILED)
		declared_refer(s->config, s->owner, NULL, d->resource.id, &d->resource);
	return result;
}

static enum expression_result lookup(void *context, const struct expression_path *path,
	json_t **value, struct expression_failure *failure)
{
	struct walk w = { .scope = context, .path = path, .failure = failure };
	*failure = (struct expression_failure){ .offset = path->offset, .length = path->length };
	*value = NULL;
	const char *root = path->segments[0];
	if (strcmp(root, "var") == 0)
		return lookup_variable(&w, value);
	if (strcmp(root, "env") == 0)
		return lookup_environment(&w, value);
	if (strcmp(root, "node") == 0)
		return lookup_node(&w, value);
	if (strcmp(root, "vm") == 0)
		return lookup_machine(&w, value);
	return lookup_resource(&w, value);
}

/* ---- evaluation ---- */

static struct place place_of(const struct scope *s, const char *pointer)
{
	return s->is_key ? place_key(s->config, pointer) : place_value(s->config, pointer);
}

static void report(struct scope *s, const char *pointer, const char *text,
	const struct expression_failure *failure)
{
	if (!failure->code)
		return;
	struct place at = place_within(s->config, pointer, s->is_key ? YAML_KEY : YAML_VALUE, text,
		failure->offset, failure->length);
	(void)diag_error(s->diags, at, failure->code, "%s", failure->text);
	if (failure->help)
		diag_help(s->diags, "%s", failure->help);
}

const struct text_template *scope_parse(struct scope *s, const char *pointer, const char *text)
{
	struct expression_failure failure = { 0 };
	const struct text_template *t = template_parse(s->config->arena, text, &failure);
	if (!t)
		report(s, pointer, text, &failure);
	return t;
}

enum expression_result scope_evaluate_template(struct scope *s, const struct text_template *t,
	const char *pointer, const char *text, json_t **value_new)
{
	struct expression_failure failure = { 0 };
	size_t reads = s->config->internal->nsensitive_reads;
	enum expression_result result =
		template_evaluate(s->config->arena, t, lookup, s, value_new, &failure);
	if (result == EXPRESSION_FAILED)
		report(s, pointer, text, &failure);
	if (result != EXPRESSION_VALUE || s->config->internal->nsensitive_reads == reads)
		return result;
	secrets_add_all(s->config->secrets, *value_new);
	if (!s->is_plain)
		return result;
	(void)diag_error(s->diags, place_of(s, pointer), "sensitive-here",
		"a sensitive value may not stand here, where it would be shown and stored");
	json_decref(*value_new);
	*value_new = NULL;
	return EXPRESSION_FAILED;
}

/* The address of the resource whose member a pointer is. */
static const char *address_around(const struct config *c, const char *pointer)
{
	for (; pointer && *pointer; pointer = pointer_parent(c->arena, pointer)) {
		const struct declared *d = declared_at(c, pointer);
		if (d)
			return d->resource.address;
	}
	return "outputs";
}

/* A cycle is told once, wherever it is entered. */
static void report_cycle(struct scope *s, size_t first, const char *pointer)
{
	const struct config *c = s->config;
	const struct config_internal *in = c->internal;
	if (json_object_get(in->in_cycle, pointer))
		return;
	const char *loop = address_around(c, pointer);
	for (size_t i = first + 1; i < in->nbusy; i++)
		loop = arena_printf(c->arena, "%s -> %s", loop, address_around(c, in->busy[i]));
	(void)diag_error(s->diags, place_value(c, pointer), "cycle",
		"the value depends on itself: %s -> %s", loop, address_around(c, pointer));
	for (size_t i = first; i < in->nbusy; i++) {
		(void)json_object_set_new(in->in_cycle, in->busy[i], json_true());
		if (i > first)
			diag_note(s->diags, place_value(c, in->busy[i]), "by way of this");
	}
}

enum expression_result scope_evaluate(
	struct scope *s, const char *pointer, const char *text, json_t **value_new)
{
	struct config_internal *in = s->config->internal;
	for (size_t i = 0; i < in->nbusy; i++)
		if (strcmp(in->busy[i], pointer) == 0) {
			report_cycle(s, i, pointer);
			return EXPRESSION_FAILED;
		}
	if (in->nbusy == CONFIG_RECURSION) {
		(void)diag_error(s->diags, place_value(s->config, pointer), "expression-depth",
			"more than %d expressions lead to one another", CONFIG_RECURSION);
		return EXPRESSION_FAILED;
	}
	const struct text_template *t = scope_parse(s, pointer, text);
	if (!t)
		return EXPRESSION_FAILED;
	in->busy[in->nbusy++] = pointer;
	enum expression_result result = scope_evaluate_template(s, t, pointer, text, value_new);
	in->nbusy--;
	return result;
}

json_t *scope_value(struct scope *s, const char *pointer, const json_t *value, bool *unknown)
{
	struct arena *a = s->config->arena;
	if (json_is_string(value) && expression_in(json_string_value(value))) {
		json_t *known = NULL;
		enum expression_result result =
			scope_evaluate(s, pointer, json_string_value(value), &known);
		*unknown |= result == EXPRESSION_UNKNOWN;
		return result == EXPRESSION_VALUE ? known : NULL;
	}
	if (!json_is_object(value) && !json_is_array(value))
		return json_incref((json_t *)value);
	json_t *out = json_is_object(value) ? json_object() : json_array();
	bool good = true;
	const char *key;
	json_t *member;
	size_t i;
	json_object_foreach ((json_t *)value, key, member) {
		json_t *known = scope_value(s, pointer_add(a, pointer, key), member, unknown);
		good &= known && json_object_set_new(out, key, known) == 0;
	}
	json_array_foreach (value, i, member) {
		json_t *known = scope_value(s, pointer_add_index(a, pointer, i), member, unknown);
		good &= known && json_array_append_new(out, known) == 0;
	}
	if (good)
		return out;
	json_decref(out);
	return NULL;
}

const char *scope_text(struct scope *s, const char *pointer, const json_t *value, const char *what)
{
	bool unknown = false;
	size_t before = s->diags->nerrors;
	struct scope plain = *s;
	plain.is_plain = true;
	json_t *known = scope_value(&plain, pointer, value, &unknown);
	(void)arena_json(s->config->arena, known);
	if (json_is_string(known))
		return json_string_value(known);
	if (s->diags->nerrors == before)
		(void)wrong_type(s->diags, place_value(s->config, pointer), what, "text",
			known ? known : value);
	return NULL;
}
