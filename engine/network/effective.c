/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/effective.h"

#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/network/reach_internal.h"

#define MOST_ROUTES 100000 /* of one answer; a service tag counts as many */

/* One next hop for one prefix, of Azure's or of ours. */
struct sent {
	struct prefix prefix;
	bool is_azure;
	bool is_dropped; /* by Azure's own route */
	unsigned rank;   /* of two for one prefix the lower holds */
	const char *to;
};

struct list {
	struct arena *arena;
	bool families[FAMILY_IPV6 + 1]; /* that Azure told of: not both, where there are not both */
	struct sent *items;
	size_t count;
};

static int compare_prefixes(const struct prefix *a, const struct prefix *b)
{
	int order = ip_compare(&a->base, &b->base);
	return order ? order : (int)a->length - (int)b->length;
}

static int compare_sent(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;
	int order = compare_prefixes(&x->prefix, &y->prefix);
	if (order)
		return order;
	if (x->is_azure != y->is_azure)
		return x->is_azure ? -1 : 1;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* ---- what Azure says ---- */

static const char *azure_hop(struct arena *a, const json_t *route, const char *type)
{
	if (text_same_nocase(type, hop_kind_name(HOP_APPLIANCE))) {
		const char *ip = json_text_at(route, "/nextHopIpAddress/0");
		struct ip parsed;
		char text[IP_TEXT];
		if (ip && ip_parse(&parsed, ip)) {
			ip_format(&parsed, text);
			return arena_printf(a, "%s %s", hop_kind_name(HOP_APPLIANCE), text);
		}
	}
	if (text_same_nocase(type, "VNetGlobalPeering"))
		return hop_kind_name(HOP_PEERING);
	for (int kind = HOP_LOCAL; kind <= HOP_NONE; kind++)
		if (text_same_nocase(type, hop_kind_name((enum hop_kind)kind)))
			return hop_kind_name((enum hop_kind)kind);
	return arena_strdup(a, type);
}

static bool is_compared(const json_t *route, const char *type)
{
	const char *source = json_text_at(route, "/source");
	bool known =
		source && (text_same_nocase(source, "Default") || text_same_nocase(source, "User"));
	return known && !text_same_nocase(type, "VirtualNetworkServiceEndpoint");
}

static void add_azure(struct list *list, const json_t *route, size_t *others)
{
	const char *state = json_text_at(route, "/state");
	const char *type = json_text_at(route, "/nextHopType");
	if (!type || (state && !text_same_nocase(state, "Active")))
		return;
	if (!is_compared(route, type)) {
		++*others;
		return;
	}
	const char *to = azure_hop(list->arena, route, type);
	const char *source = json_text_at(route, "/source");
	bool is_dropped = text_same_nocase(source, "Default") &&
		text_same_nocase(type, hop_kind_name(HOP_NONE));
	size_t i;
	const json_t *text;
	json_array_foreach (json_object_get(route, "addressPrefix"), i, text) {
		struct prefix prefix;
		if (list->count >= MOST_ROUTES || !json_is_string(text) ||
			!prefix_parse(&prefix, json_string_value(text)))
			continue;
		list->families[prefix.base.family] = true;
		*ARENA_PUSH(list->arena, list->items, list->count) = (struct sent){
			.prefix = prefix, .is_azure = true, .is_dropped = is_dropped, .to = to
		};
	}
}

/* ---- what we would follow ---- */

static const char *our_hop(struct arena *a, const struct reach_route *route)
{
	if (route->hop != HOP_APPLIANCE || !route->has_next_hop)
		return hop_kind_name(route->hop);
	char text[IP_TEXT];
	ip_format(&route->next_hop, text);
	return arena_printf(a, "%s %s", hop_kind_name(route->hop), text);
}

/* User routes come last in a class and win; of Azure's own the earlier one does. */
static void add_ours(struct list *list, struct reach *r, const struct topology_subnet *subnet)
{
	size_t count;
	const struct reach_route *routes = reach_routes(r, subnet, &count);
	for (size_t i = 0; i < count; i++) {
		if (!list->families[routes[i].prefix.base.family])
			continue;
		struct sent *sent = ARENA_PUSH(list->arena, list->items, list->count);
		*sent = (struct sent){ .prefix = prefix_canonical(&routes[i].prefix),
			.rank = (unsigned)(routes[i].origin == ORIGIN_USER ? i : count + i),
			.to = our_hop(list->arena, &routes[i]) };
	}
}

static bool holds_pods(const struct topology *t, const struct prefix *prefix)
{
	for (size_t i = 0; i < t->nnodes; i++)
		for (size_t n = 0; n < t->nodes[i].pods.count; n++)
			if (prefix_overlaps(prefix, &t->nodes[i].pods.items[n]))
				return true;
	return false;
}

static void compare_one(struct list *list, const struct topology *t, size_t first, size_t end,
	struct effective *out)
{
	const char *azure = NULL, *ours = NULL;
	for (size_t i = first; i < end; i++) {
		const struct sent *sent = &list->items[i];
		const char **to = sent->is_azure ? &azure : &ours;
		if (!*to)
			*to = sent->to;
	}
	if (azure && ours && text_same_nocase(azure, ours))
		out->alike++;
	else if (!ours && list->items[first].is_dropped &&
		!holds_pods(t, &list->items[first].prefix))
		out->others++;
	else
		*ARENA_PUSH(list->arena, out->differences, out->ndifferences) =
			(struct effective_difference){ list->items[first].prefix, azure, ours };
}

bool effective_compare(struct arena *a, struct reach *r, const struct topology_subnet *subnet,
	const json_t *answer, struct effective *out)
{
	*out = (struct effective){ 0 };
	const json_t *value = json_object_get(answer, "value");
	if (!json_is_array(value))
		return false;
	struct list list = { .arena = a };
	size_t i;
	const json_t *route;
	json_array_foreach (value, i, route)
		add_azure(&list, route, &out->others);
	add_ours(&list, r, subnet);
	if (list.count > 1)
		qsort(list.items, list.count, sizeof *list.items, compare_sent);
	for (size_t first = 0, end; first < list.count; first = end) {
		for (end = first + 1; end < list.count &&
			compare_prefixes(&list.items[first].prefix, &list.items[end].prefix) == 0;
			end++)
			continue;
		compare_one(&list, r->topology, first, end, out);
	}
	return true;
}
