/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/sources.h"

struct range {
	json_int_t count, pod_length;
	const char *name, *name_pointer;
	struct ip first;
	struct prefix pods;
};

static bool read_number(struct node_reader *r, const json_t *value, const char *pointer,
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

/* The first node's address and CIDR are checked as any node's; the rest follow from them. */
static bool read_range_bounds(
	struct node_reader *r, const json_t *value, const char *pointer, struct range *out)
{
	struct config *c = r->config;
	struct node probe = { .name = "first" };
	const char *ip = source_text(r, value, pointer, "firstIP");
	const char *pods = source_text(r, value, pointer, "podCIDRs");
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
	struct node_reader *r, struct range *range, const struct text_template *t, struct node *n)
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

static bool range_node(struct node_reader *r, const struct range *range, size_t index,
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

bool range_read(
	struct node_reader *r, struct node_set *set, const json_t *value, const char *pointer)
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
	size_t count = (size_t)range.count;
	struct node *nodes = arena_array(c->arena, set->nnodes + count, sizeof *nodes);
	if (set->nnodes)
		memcpy(nodes, set->nodes, set->nnodes * sizeof *nodes);
	set->nodes = nodes;
	for (size_t i = 0; i < count; i++) {
		struct node *n = &nodes[set->nnodes];
		if (!range_node(r, &range, i, pointer, n))
			return false;
		n->name = range_name(r, &range, t, n);
		if (!n->name)
			return false;
		set->nnodes++;
	}
	return true;
}
