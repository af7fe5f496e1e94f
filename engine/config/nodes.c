/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"

bool node_add_ip(
	struct config *c, struct node *n, const char *text, struct place at, struct diags *diags)
{
	struct ip ip, other;
	if (!ip_parse(&ip, text)) {
		(void)diag_error(diags, at, "bad-ip", "`%s` is not an IP address", text);
		diag_help(diags, "write it as in 10.240.0.20 or fd00::20");
		return false;
	}
	for (size_t i = 0; i < n->nips; i++)
		if (ip_parse(&other, n->ips[i]) && other.family == ip.family)
			return diag_error(diags, at, "node-family",
				"node `%s` has two addresses of one family", n->name);
	char canonical[IP_TEXT];
	ip_format(&ip, canonical);
	*ARENA_PUSH(c->arena, n->ips, n->nips) = arena_strdup(c->arena, canonical);
	return true;
}

bool node_add_cidr(
	struct config *c, struct node *n, const char *text, struct place at, struct diags *diags)
{
	struct prefix p, other;
	char canonical[PREFIX_TEXT];
	if (!prefix_parse(&p, text)) {
		(void)diag_error(diags, at, "bad-cidr", "`%s` is not a CIDR", text);
		diag_help(diags, "write it as in 10.200.0.0/24");
		return false;
	}
	struct prefix clean = prefix_canonical(&p);
	prefix_format(&clean, canonical);
	if (!prefix_is_canonical(&p)) {
		(void)diag_error(
			diags, at, "host-bits", "`%s` has bits set behind its length", text);
		diag_help(diags, "did you mean `%s`?", canonical);
		return false;
	}
	for (size_t i = 0; i < n->npod_cidrs; i++)
		if (prefix_parse(&other, n->pod_cidrs[i]) && other.base.family == p.base.family)
			return diag_error(diags, at, "node-family",
				"node `%s` has two pod CIDRs of one family", n->name);
	*ARENA_PUSH(c->arena, n->pod_cidrs, n->npod_cidrs) = arena_strdup(c->arena, canonical);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct node *left = a, *right = b;
	int order = text_compare_nocase(left->name, right->name);
	return order ? order : strcmp(left->name, right->name);
}

void nodes_sort(struct node_set *set)
{
	if (set->nnodes > 1)
		qsort(set->nodes, set->nnodes, sizeof *set->nodes, by_name);
	for (size_t i = 0; i < set->nnodes; i++)
		set->nodes[i].index = i;
}

static int by_name_of(const void *a, const void *b)
{
	return by_name(*(const struct node *const *)a, *(const struct node *const *)b);
}

bool nodes_check_unique(struct config *c, const struct node_set *set, struct diags *diags)
{
	const struct node **sorted = arena_alloc(c->arena, (set->nnodes + 1) * sizeof *sorted);
	for (size_t i = 0; i < set->nnodes; i++)
		sorted[i] = &set->nodes[i];
	if (set->nnodes > 1)
		qsort(sorted, set->nnodes, sizeof *sorted, by_name_of);
	bool good = true;
	for (size_t i = 1; i < set->nnodes; i++) {
		if (!text_same_nocase(sorted[i - 1]->name, sorted[i]->name))
			continue;
		good = diag_error(diags, place_key(c, sorted[i]->pointer), "node-duplicate",
			"node set `%s` has two nodes named `%s`", set->name, sorted[i]->name);
		diag_note(diags, place_key(c, sorted[i - 1]->pointer), "the other one");
	}
	return good;
}

struct reader {
	struct config *config;
	struct diags *diags;
	struct scope scope;
};

typedef bool add_fn(struct config *, struct node *, const char *, struct place, struct diags *);

/* `ip` or a list `ips`, `podCIDR` or `podCIDRs`. */
static bool read_addresses(struct reader *r, struct node *n, const json_t *value, const char *one,
	const char *many, add_fn *add)
{
	struct config *c = r->config;
	const json_t *single = json_object_get(value, one);
	const json_t *list = json_object_get(value, many);
	if (single && list)
		return diag_error(r->diags, place_key(c, pointer_add(c->arena, n->pointer, many)),
			"same-member-twice", "`%s` and `%s` say the same", one, many);
	if (!single && !list) {
		(void)diag_error(r->diags, place_key(c, n->pointer), "node-incomplete",
			"node `%s` has no `%s`", n->name, one);
		diag_help(r->diags, "give it `%s`, or `%s` for two families", one, many);
		return false;
	}
	if (list && !json_is_array(list))
		return wrong_type(r->diags, place_value(c, pointer_add(c->arena, n->pointer, many)),
			many, "a list", list);
	bool good = true;
	for (size_t i = 0; i < (list ? json_array_size(list) : 1); i++) {
		const char *at = pointer_add(c->arena, n->pointer, list ? many : one);
		if (list)
			at = pointer_add_index(c->arena, at, i);
		const json_t *item = list ? json_array_get(list, i) : single;
		const char *text = scope_text(&r->scope, at, item, one);
		good &= text && add(c, n, text, place_value(c, at), r->diags);
	}
	return good;
}

static bool read_inline_node(struct reader *r, struct node_set *set, const char *key,
	const json_t *value, const char *pointer)
{
	static const char *const members[] = { "name", "ip", "ips", "podCIDR", "podCIDRs", NULL };
	struct config *c = r->config;
	if (!json_is_object(value))
		return wrong_type(r->diags, place_value(c, pointer), key, "a map", value);
	if (!only_members(c, value, pointer, "a node", members, r->diags))
		return false;
	struct node n = { .name = key, .pointer = pointer, .ip_forwarding = -1 };
	const json_t *name = json_object_get(value, "name");
	if (name)
		n.name =
			scope_text(&r->scope, pointer_add(c->arena, pointer, "name"), name, "name");
	bool good = n.name && read_addresses(r, &n, value, "ip", "ips", node_add_ip);
	good = n.name && read_addresses(r, &n, value, "podCIDR", "podCIDRs", node_add_cidr) && good;
	if (good)
		*ARENA_PUSH(c->arena, set->nodes, set->nnodes) = n;
	return good;
}

static bool read_inline(
	struct reader *r, struct node_set *set, const json_t *nodes, const char *pointer)
{
	struct config *c = r->config;
	if (!json_is_object(nodes))
		return wrong_type(r->diags, place_value(c, pointer), "nodes", "a map", nodes);
	if (json_object_size(nodes) > CONFIG_NODES)
		return diag_error(r->diags, place_key(c, pointer), "too-many",
			"a node set has at most %zu nodes", CONFIG_NODES);
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)nodes, key, value)
		good &= read_inline_node(r, set, key, value, pointer_add(c->arena, pointer, key));
	set->is_read = true;
	nodes_sort(set);
	return good && nodes_check_unique(c, set, r->diags);
}

/* ---- range ---- */

struct range {
	json_int_t count, pod_length;
	const char *name, *name_pointer;
	struct ip first;
	struct prefix pods;
};

static bool read_number(struct reader *r, const json_t *value, const char *pointer,
	const char *member, json_int_t *out)
{
	struct config *c = r->config;
	const char *at = pointer_add(c->arena, pointer, member);
	const json_t *given = json_object_get(value, member);
	if (!given)
		return diag_error(r->diags, place_key(c, pointer), "missing-member",
			"a range needs `%s`", member);
	bool unknown = false;
	json_t *known = scope_value(&r->scope, at, given, &unknown);
	if (!known)
		return false;
	(void)arena_json(c->arena, known);
	if (!json_is_integer(known))
		return wrong_type(r->diags, place_value(c, at), member, "a whole number", known);
	*out = json_integer_value(known);
	return true;
}

static const char *read_text(
	struct reader *r, const json_t *value, const char *pointer, const char *member)
{
	struct config *c = r->config;
	const json_t *given = json_object_get(value, member);
	if (given)
		return scope_text(&r->scope, pointer_add(c->arena, pointer, member), given, member);
	(void)diag_error(
		r->diags, place_key(c, pointer), "missing-member", "this needs `%s`", member);
	return NULL;
}

/* The first node's address and CIDR are checked as any node's; the rest follow from them. */
static bool read_range_bounds(
	struct reader *r, const json_t *value, const char *pointer, struct range *out)
{
	struct config *c = r->config;
	struct node probe = { .name = "first" };
	const char *ip = read_text(r, value, pointer, "firstIP");
	const char *pods = read_text(r, value, pointer, "podCIDRs");
	bool good = ip && pods;
	good = good &&
		node_add_ip(c, &probe, ip,
			place_value(c, pointer_add(c->arena, pointer, "firstIP")), r->diags);
	good = good &&
		node_add_cidr(c, &probe, pods,
			place_value(c, pointer_add(c->arena, pointer, "podCIDRs")), r->diags);
	good &= read_number(r, value, pointer, "count", &out->count);
	good &= read_number(r, value, pointer, "podPrefixLength", &out->pod_length);
	if (!good)
		return false;
	(void)ip_parse(&out->first, ip);
	(void)prefix_parse(&out->pods, pods);
	if (out->count < 1 || out->count > (json_int_t)CONFIG_NODES)
		return diag_error(r->diags, place_value(c, pointer_add(c->arena, pointer, "count")),
			"out-of-range", "`count` must be from 1 to %zu", CONFIG_NODES);
	if (out->pod_length < (json_int_t)out->pods.length ||
		out->pod_length > (json_int_t)family_bits(out->pods.base.family))
		return diag_error(r->diags,
			place_value(c, pointer_add(c->arena, pointer, "podPrefixLength")),
			"out-of-range", "`podPrefixLength` must be from %u to %u", out->pods.length,
			family_bits(out->pods.base.family));
	return true;
}

static const char *range_name(
	struct reader *r, struct range *range, const struct text_template *t, struct node *n)
{
	if (!t)
		return arena_printf(r->config->arena, "%s%zu", range->name, n->index);
	struct scope s = r->scope;
	s.node = n;
	s.index_only = true;
	json_t *value = NULL;
	if (scope_evaluate_template(&s, t, range->name_pointer, range->name, &value) !=
		EXPRESSION_VALUE)
		return NULL;
	const char *name = json_is_string(value)
		? arena_strdup(r->config->arena, json_string_value(value))
		: NULL;
	json_decref(value);
	if (!name)
		(void)diag_error(r->diags, place_value(r->config, range->name_pointer),
			"wrong-type", "the name of a node must be text");
	return name;
}

static bool range_node(struct reader *r, const struct range *range, size_t index,
	const char *pointer, struct node *n)
{
	struct arena *a = r->config->arena;
	struct ip ip;
	struct prefix pods;
	char text[PREFIX_TEXT];
	if (!ip_add(&ip, &range->first, index))
		return diag_error(r->diags,
			place_value(r->config, pointer_add(a, pointer, "firstIP")),
			"range-too-long", "addresses end before node %zu", index);
	if (!prefix_subnet(&pods, &range->pods, (unsigned)range->pod_length, index))
		return diag_error(r->diags,
			place_value(r->config, pointer_add(a, pointer, "podCIDRs")),
			"range-too-long", "there are only %zu pod CIDRs of /%u in it", index,
			(unsigned)range->pod_length);
	*n = (struct node){ .pointer = pointer, .index = index, .ip_forwarding = -1 };
	ip_format(&ip, text);
	*ARENA_PUSH(a, n->ips, n->nips) = arena_strdup(a, text);
	prefix_format(&pods, text);
	*ARENA_PUSH(a, n->pod_cidrs, n->npod_cidrs) = arena_strdup(a, text);
	return true;
}

static bool read_range(
	struct reader *r, struct node_set *set, const json_t *value, const char *pointer)
{
	static const char *const members[] = { "count", "name", "firstIP", "podCIDRs",
		"podPrefixLength", NULL };
	struct config *c = r->config;
	struct range range = { 0 };
	if (!json_is_object(value))
		return wrong_type(r->diags, place_value(c, pointer), "range", "a map", value);
	if (!only_members(c, value, pointer, "a range", members, r->diags) ||
		!read_range_bounds(r, value, pointer, &range))
		return false;
	const json_t *name = json_object_get(value, "name");
	range.name_pointer = pointer_add(c->arena, pointer, "name");
	range.name = name ? json_string_value(name) : arena_printf(c->arena, "%s-", set->name);
	if (!range.name)
		return wrong_type(
			r->diags, place_value(c, range.name_pointer), "name", "text", name);
	const struct text_template *t =
		name ? scope_parse(&r->scope, range.name_pointer, range.name) : NULL;
	if (name && !t)
		return false;
	set->nodes = arena_alloc(c->arena, (size_t)range.count * sizeof *set->nodes);
	for (size_t i = 0; i < (size_t)range.count; i++) {
		struct node *n = &set->nodes[i];
		if (!range_node(r, &range, i, pointer, n))
			return false;
		n->name = range_name(r, &range, t, n);
		if (!n->name)
			return false;
		set->nnodes++;
	}
	set->is_read = true;
	return nodes_check_unique(c, set, r->diags);
}

/* ---- machines ---- */

static bool read_tags(
	struct reader *r, struct node_set *set, const json_t *tags, const char *pointer)
{
	if (!json_is_object(tags))
		return wrong_type(r->diags, place_value(r->config, pointer), "tags", "a map", tags);
	bool unknown = false;
	json_t *known = scope_value(&r->scope, pointer, tags, &unknown);
	set->tags = arena_json(r->config->arena, known);
	const char *key;
	json_t *value;
	json_object_foreach (known, key, value)
		if (!json_is_string(value))
			return wrong_type(r->diags,
				place_value(r->config, pointer_add(r->config->arena, pointer, key)),
				key, "text", value);
	return known != NULL;
}

static bool read_machines(
	struct reader *r, struct node_set *set, const json_t *value, const char *pointer)
{
	static const char *const members[] = { "name", "podCIDRTag", "resourceGroup",
		"subscription", "tags", NULL };
	struct config *c = r->config;
	if (!json_is_object(value))
		return wrong_type(
			r->diags, place_value(c, pointer), "virtualMachines", "a map", value);
	bool good = only_members(c, value, pointer, "a node set", members, r->diags);
	set->pod_cidr_tag = read_text(r, value, pointer, "podCIDRTag");
	set->name_pattern =
		json_object_get(value, "name") ? read_text(r, value, pointer, "name") : "*";
	set->resource_group = json_object_get(value, "resourceGroup")
		? read_text(r, value, pointer, "resourceGroup")
		: c->resource_group;
	set->subscription = json_object_get(value, "subscription")
		? read_text(r, value, pointer, "subscription")
		: c->subscription;
	const json_t *tags = json_object_get(value, "tags");
	if (tags)
		good &= read_tags(r, set, tags, pointer_add(c->arena, pointer, "tags"));
	if (!set->subscription && good)
		good = diag_error(r->diags, place_key(c, pointer), "missing-subscription",
			"no subscription is given to read machines from");
	return good && set->pod_cidr_tag && set->name_pattern;
}

/* ---- sets ---- */

struct source {
	const char *member;
	enum node_source source;
	bool (*read)(struct reader *, struct node_set *, const json_t *, const char *);
};

static const struct source sources[] = {
	{ "nodes", NODES_INLINE, read_inline },
	{ "range", NODES_RANGE, read_range },
	{ "virtualMachines", NODES_MACHINES, read_machines },
};

static bool read_incomplete(struct reader *r, struct node_set *set, const json_t *value)
{
	const char *word = json_string_value(json_object_get(value, "incomplete"));
	if (!json_object_get(value, "incomplete"))
		return true;
	set->skip_incomplete = word && strcmp(word, "skip") == 0;
	if (set->skip_incomplete || (word && strcmp(word, "error") == 0))
		return true;
	return diag_error(r->diags,
		place_value(r->config, pointer_add(r->config->arena, set->pointer, "incomplete")),
		"not-a-choice", "`incomplete` must be `error` or `skip`");
}

static bool refuse_later(struct reader *r, const json_t *value, const char *pointer)
{
	static const char *const later[] = { "kubernetes", "csv" };
	for (size_t i = 0; i < ARRAY_LEN(later); i++)
		if (json_object_get(value, later[i]))
			return diag_error(r->diags,
				place_key(r->config,
					pointer_add(r->config->arena, pointer, later[i])),
				"not-in-this-version", "nodes from `%s` come in a later version",
				later[i]);
	return true;
}

static bool read_set(struct reader *r, struct node_set *set, const json_t *value)
{
	static const char *const members[] = { "nodes", "range", "virtualMachines", "incomplete",
		NULL };
	struct config *c = r->config;
	if (!json_is_object(value))
		return wrong_type(
			r->diags, place_value(c, set->pointer), set->name, "a map", value);
	if (!refuse_later(r, value, set->pointer) ||
		!only_members(c, value, set->pointer, "a node set", members, r->diags))
		return false;
	const struct source *found = NULL;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (!json_object_get(value, sources[i].member))
			continue;
		if (found)
			return diag_error(r->diags,
				place_key(
					c, pointer_add(c->arena, set->pointer, sources[i].member)),
				"node-source", "a node set has one source, this one has `%s` too",
				found->member);
		found = &sources[i];
	}
	if (!found) {
		(void)diag_error(r->diags, place_key(c, set->pointer), "node-source",
			"node set `%s` has no source", set->name);
		diag_help(r->diags, "give it `nodes`, `range` or `virtualMachines`");
		return false;
	}
	set->source = found->source;
	return read_incomplete(r, set, value) &&
		found->read(r, set, json_object_get(value, found->member),
			pointer_add(c->arena, set->pointer, found->member));
}

bool nodes_load(struct config *c, struct diags *diags)
{
	const json_t *sets = json_object_get(c->merged, "nodeSets");
	if (!sets)
		return true;
	if (!json_is_object(sets))
		return wrong_type(diags, place_value(c, "/nodeSets"), "nodeSets", "a map", sets);
	struct reader r = { .config = c, .diags = diags, .scope = { .config = c, .diags = diags } };
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)sets, key, value) {
		struct node_set *set = ARENA_PUSH(c->arena, c->node_sets, c->nnode_sets);
		set->name = key;
		set->pointer = pointer_add(c->arena, "/nodeSets", key);
		good &= read_set(&r, set, value);
	}
	return good;
}
