/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"

struct maker {
	struct config *config;
	struct diags *diags;
	struct declared *table;
	const struct schema *schema; /* of the routes */
	const char *prefix, *next_hop;
	const json_t *set; /* pointer: value of what else every node route says */
	/* Of the entry at hand. */
	const char *pointer, *name_pointer;
	const struct text_template *template;
	const char *template_text;
};

const struct schema *node_route_type(const struct schema *table)
{
	for (size_t i = 0; i < table->nchildren; i++)
		if (json_object_get(table->children[i]->facts, "nodeRoute"))
			return table->children[i];
	return NULL;
}

static const char *address_of_family(const struct node *n, bool is_ipv6)
{
	for (size_t i = 0; i < n->nips; i++)
		if ((strchr(n->ips[i], ':') != NULL) == is_ipv6)
			return n->ips[i];
	return NULL;
}

static const char *route_name(
	struct maker *m, const struct node *n, const char *ip, const char *pod_cidr)
{
	struct config *c = m->config;
	if (!m->template)
		return strchr(pod_cidr, ':') ? arena_printf(c->arena, "%s-ipv6", n->name) : n->name;
	struct scope s = {
		.config = c, .node = n, .ip = ip, .pod_cidr = pod_cidr, .diags = m->diags
	};
	json_t *value = NULL;
	if (scope_evaluate_template(&s, m->template, m->name_pointer, m->template_text, &value) !=
		EXPRESSION_VALUE)
		return NULL;
	const char *name =
		json_is_string(value) ? arena_strdup(c->arena, json_string_value(value)) : NULL;
	if (!name)
		(void)wrong_type(m->diags, place_value(c, m->name_pointer), "name", "text", value);
	json_decref(value);
	return name;
}

static json_t *route_body(const struct maker *m, const char *ip, const char *pod_cidr)
{
	json_t *body = json_object();
	(void)json_put(body, m->prefix, json_string(pod_cidr));
	(void)json_put(body, m->next_hop, json_string(ip));
	const char *pointer;
	json_t *value;
	json_object_foreach ((json_t *)m->set, pointer, value)
		(void)json_put(body, pointer, json_incref(value));
	return body;
}

static bool make_route(
	struct maker *m, const struct node_set *set, const struct node *n, const char *pod_cidr)
{
	struct config *c = m->config;
	const char *ip = address_of_family(n, strchr(pod_cidr, ':') != NULL);
	if (!ip) {
		(void)diag_error(m->diags, place_key(c, n->pointer), "node-family",
			"node `%s` has no address of the family of `%s`", n->name, pod_cidr);
		diag_help(m->diags, "the next hop of a route is of the family of its prefix");
		return false;
	}
	const char *name = route_name(m, n, ip, pod_cidr);
	if (!name || !name_check(c, m->schema, name, m->name_pointer, m->diags))
		return false;
	if (c->internal->ndeclared >= CONFIG_RESOURCES)
		return diag_error(m->diags, place_key(c, m->pointer), "too-many",
			"a configuration has at most %zu resources", CONFIG_RESOURCES);
	struct declared *d = declare_node_route(c, m->table, m->schema, name, m->pointer);
	d->resource.body = arena_json(c->arena, route_body(m, ip, pod_cidr));
	d->resource.node = n->name;
	d->resource.node_set = set->name;
	return true;
}

static const struct node_set *find_set(struct maker *m, const json_t *value)
{
	struct config *c = m->config;
	const char *pointer = pointer_add(c->arena, m->pointer, "nodeSet");
	if (!value) {
		(void)diag_error(m->diags, place_key(c, m->pointer), "missing-member",
			"node routes need `nodeSet`");
		return NULL;
	}
	struct scope s = { .config = c, .diags = m->diags };
	const char *name = scope_text(&s, pointer, value, "nodeSet");
	const char **names = NULL;
	size_t count = 0;
	for (size_t i = 0; name && i < c->nnode_sets; i++) {
		if (strcmp(c->node_sets[i].name, name) == 0)
			return &c->node_sets[i];
		*ARENA_PUSH(c->arena, names, count) = c->node_sets[i].name;
	}
	if (!name)
		return NULL;
	const char *near = text_nearest(name, names, count);
	(void)diag_error(m->diags, place_value(c, pointer), "unknown-reference",
		"there is no node set `%s`", name);
	if (near)
		diag_help(m->diags, "did you mean `%s`?", near);
	return NULL;
}

static bool read_name(struct maker *m, const json_t *value)
{
	struct config *c = m->config;
	m->template = NULL;
	m->name_pointer = m->pointer;
	if (!value)
		return true;
	m->name_pointer = pointer_add(c->arena, m->pointer, "name");
	m->template_text = json_string_value(value);
	if (!m->template_text)
		return wrong_type(m->diags, place_value(c, m->name_pointer), "name", "text", value);
	struct scope s = { .config = c, .diags = m->diags };
	m->template = scope_parse(&s, m->name_pointer, m->template_text);
	return m->template != NULL;
}

static bool make_entry(struct maker *m, const json_t *entry)
{
	static const char *const members[] = { "nodeSet", "name", NULL };
	struct config *c = m->config;
	if (!json_is_object(entry))
		return wrong_type(m->diags, place_value(c, m->pointer), "nodeRoutes",
			"a list of maps", entry);
	if (!only_members(c, entry, m->pointer, "`nodeRoutes`", members, m->diags))
		return false;
	const struct node_set *set = find_set(m, json_object_get(entry, "nodeSet"));
	if (!set || !read_name(m, json_object_get(entry, "name")))
		return false;
	bool good = true;
	for (size_t i = 0; set->is_read && i < set->nnodes; i++)
		for (size_t k = 0; k < set->nodes[i].npod_cidrs; k++)
			good &= make_route(m, set, &set->nodes[i], set->nodes[i].pod_cidrs[k]);
	return good;
}

bool node_routes_make(struct config *c, struct declared *table, struct diags *diags)
{
	const json_t *entries = json_object_get(table->value, "nodeRoutes");
	if (!entries)
		return true;
	const char *pointer = pointer_add(c->arena, table->resource.pointer, "nodeRoutes");
	if (!json_is_array(entries))
		return wrong_type(diags, place_value(c, pointer), "nodeRoutes", "a list", entries);
	struct maker m = { .config = c, .diags = diags, .table = table };
	m.schema = node_route_type(table->resource.schema);
	const json_t *facts = json_object_get(m.schema->facts, "nodeRoute");
	m.prefix = json_string_value(json_object_get(facts, "prefix"));
	m.next_hop = json_string_value(json_object_get(facts, "nextHop"));
	m.set = json_object_get(facts, "set");
	bool good = true;
	size_t i;
	const json_t *entry;
	json_array_foreach (entries, i, entry) {
		m.pointer = pointer_add_index(c->arena, pointer, i);
		good &= make_entry(&m, entry);
	}
	return good;
}
