/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/sources.h"

typedef bool add_fn(struct config *, struct node *, const char *, struct place, struct diags *);

/* `ip` or a list `ips`, `podCIDR` or `podCIDRs`; neither may be what another source says. */
static bool read_addresses(struct node_reader *r, struct node *n, const json_t *value,
	const char *one, const char *many, add_fn *add)
{
	struct config *c = r->config;
	const json_t *single = json_object_get(value, one);
	const json_t *list = json_object_get(value, many);
	if (single && list)
		return diag_error(r->diags, place_key(c, pointer_add(c->arena, n->pointer, many)),
			"same-member-twice", "`%s` and `%s` say the same", one, many);
	if (!single && !list)
		return true;
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

static bool read_own(struct node_reader *r, struct node_set *set, const char *key,
	const json_t *value, const char *pointer)
{
	static const char *const members[] = { "name", "ip", "ips", "podCIDR", "podCIDRs", NULL };
	struct config *c = r->config;
	if (!json_is_object(value))
		return wrong_type(r->diags, place_value(c, pointer), key, "a map", value);
	if (!only_members(c, value, pointer, "a node", members, r->diags))
		return false;
	struct node n = { .name = key, .pointer = pointer, .ip_forwarding = -1 };
	if (json_object_get(value, "name"))
		n.name = source_text(r, value, pointer, "name");
	bool good = n.name && read_addresses(r, &n, value, "ip", "ips", node_add_ip);
	good = n.name && read_addresses(r, &n, value, "podCIDR", "podCIDRs", node_add_cidr) && good;
	if (good)
		*ARENA_PUSH(c->arena, set->own, set->nown) = n;
	return good;
}

bool inline_read(
	struct node_reader *r, struct node_set *set, const json_t *nodes, const char *pointer)
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
		good &= read_own(r, set, key, value, pointer_add(c->arena, pointer, key));
	return good;
}
