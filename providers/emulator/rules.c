/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/addresses.h"
#include "providers/emulator/machines.h"
#include "providers/emulator/peerings.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/usages.h"
#include "providers/emulator/write.h"

/* Address prefixes of a network. Azure documents no limit, but each is held against all others. */
#define SPACE_MAX 4096

bool check_prefix(struct write *w, const char *owner, const char *text, struct prefix *out)
{
	char canonical[PREFIX_TEXT];
	struct prefix right;

	if (text == NULL || !prefix_parse(out, text))
		return refuse(w->response, 400, "InvalidAddressPrefixFormat",
			"Address prefix %s of resource %s is not formatted correctly. It should "
			"follow "
			"CIDR notation, for example 10.0.0.0/24.",
			text != NULL ? text : "", owner);
	if (prefix_is_canonical(out))
		return true;
	right = prefix_canonical(out);
	prefix_format(&right, canonical);
	return refuse(w->response, 400, "InvalidCIDRNotation",
		"The address prefix %s in resource %s has an invalid CIDR notation. For the given "
		"prefix length, the address prefix should be %s.",
		text, owner, canonical);
}

const char *subnet_range(const json_t *subnet, size_t i)
{
	const json_t *list = json_at(subnet, "/properties/addressPrefixes");
	const char *single = json_text_at(subnet, "/properties/addressPrefix");

	if (list != NULL)
		return json_string_value(json_array_get(list, i));
	return i == 0 ? single : NULL;
}

struct route_key {
	const char *name;
	const char *prefix; /* canonical, or a service tag in lower case */
};

static int compare_routes(const void *a, const void *b)
{
	return strcmp(((const struct route_key *)a)->prefix, ((const struct route_key *)b)->prefix);
}

#define ECMP "VirtualApplianceEcmp"
#define ECMP_SINCE "2025-07-01"
#define ECMP_HOPS_MIN 2
#define ECMP_HOPS_MAX 64

static bool check_next_hop_type(struct write *w, const char *name, json_t *properties)
{
	static const char *const allowed[] = { "VirtualNetworkGateway", "VnetLocal", "Internet",
		"VirtualAppliance", "None", ECMP };
	const char *given = json_text_at(properties, "/nextHopType");
	bool old = !w->request->internal && strcmp(w->request->api_version, ECMP_SINCE) < 0;
	size_t known = ARRAY_LEN(allowed) - (old ? 1 : 0);

	for (size_t i = 0; given != NULL && i < known; i++) {
		if (text_same_nocase(given, allowed[i])) {
			json_object_set_new(properties, "nextHopType", json_string(allowed[i]));
			return true;
		}
	}
	if (given == NULL)
		return refuse_format(w->response, "MissingJsonProperty",
			"Required property 'nextHopType' not found in JSON of route %s.", name);
	return refuse_format(w->response, "InvalidJson",
		"Error converting value \"%s\" to type 'RouteNextHopType'. Path "
		"'properties.nextHopType' of route %s.",
		given, name);
}

static bool address_can_route(const struct ip *ip)
{
	static const char *const never[] = { "127.0.0.0/8", "224.0.0.0/4", "169.254.0.0/16",
		"168.63.129.16/32", "255.255.255.255/32", "0.0.0.0/8", "::1/128", "ff00::/8",
		"::/128" };

	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		struct prefix prefix;

		if (prefix_parse(&prefix, never[i]) && prefix_has_ip(&prefix, ip))
			return false;
	}
	return true;
}

static bool check_hop(
	struct write *w, const char *name, const char *address, const struct prefix *range)
{
	struct ip ip;

	if (address == NULL || !ip_parse(&ip, address) || !address_can_route(&ip))
		return refuse(w->response, 400, "InvalidNextHopIpAddress",
			"NextHopIpAddress %s in route %s is not a valid next hop.",
			address != NULL ? address : "", name);
	if (range != NULL && range->base.family != ip.family)
		return refuse(w->response, 400, "RouteNextHopHasDifferentAddressFamilies",
			"NextHopIpAddress %s and the address prefix of route %s are of different "
			"address families.",
			address, name);
	return true;
}

/* Of these codes it is known what they are for, and of one what its text has in it. */
static bool check_next_hops(
	struct write *w, const char *name, json_t *properties, const struct prefix *range)
{
	json_t *hops = json_at(properties, "/nextHop/nextHopIpAddresses");
	size_t count = json_array_size(hops);

	if (count < ECMP_HOPS_MIN || count > ECMP_HOPS_MAX)
		return refuse(w->response, 400, "InvalidNextHopIpAddressCount",
			"Route %s has %zu next hops. NextHopType is %s, which takes from %d to "
			"%d.",
			name, count, ECMP, ECMP_HOPS_MIN, ECMP_HOPS_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *address = json_string_value(json_array_get(hops, i));

		if (!check_hop(w, name, address, range))
			return false;
		for (size_t n = 0; n < i; n++) {
			if (text_same_nocase(address, json_string_value(json_array_get(hops, n))))
				return refuse(w->response, 400, "DuplicateNextHopIpAddress",
					"Duplicate NextHopIpAddress %s in route %s.", address,
					name);
		}
	}
	return true;
}

/* `range` is NULL for a service tag. */
static bool check_next_hop(
	struct write *w, const char *name, json_t *properties, const struct prefix *range)
{
	const char *type = json_text_at(properties, "/nextHopType");
	const char *address = json_text_at(properties, "/nextHopIpAddress");
	bool appliance = strcmp(type, "VirtualAppliance") == 0;

	if (address != NULL && address[0] == '\0') {
		json_object_del(properties, "nextHopIpAddress");
		address = NULL;
	}
	if (appliance && address == NULL)
		return refuse(w->response, 400, "MissingNextHopIpAddress",
			"NextHopIpAddress cannot be Null or Empty in route %s when NextHopType is "
			"VirtualAppliance.",
			name);
	if (address == NULL)
		return strcmp(type, ECMP) != 0 || check_next_hops(w, name, properties, range);
	/* That an address is refused for the other types is known, its code is not. */
	if (!appliance)
		return refuse(w->response, 400, "InvalidNextHopIpAddress",
			"NextHopIpAddress is not allowed in route %s when NextHopType is %s.", name,
			type);
	return check_hop(w, name, address, range);
}

static bool check_route(struct write *w, json_t *route, struct route_key *key)
{
	json_t *properties = json_object_get(route, "properties");
	const char *text = json_text_at(properties, "/addressPrefix");
	char canonical[PREFIX_TEXT];
	struct prefix prefix = { .length = 0 };
	bool tag;

	key->name = json_text_at(route, "/name");
	tag = text != NULL && isalpha((unsigned char)text[0]) && strpbrk(text, "/:") == NULL;
	if (tag) {
		key->prefix = text_lower(w->request->arena, text);
	} else {
		if (!check_prefix(w, json_text_at(route, "/id"), text, &prefix))
			return false;
		prefix_format(&prefix, canonical);
		key->prefix = arena_strdup(w->request->arena, canonical);
	}
	return check_next_hop_type(w, key->name, properties) &&
		check_next_hop(w, key->name, properties, tag ? NULL : &prefix);
}

static int compare_names(const void *a, const void *b)
{
	return text_compare_nocase(*(const char *const *)a, *(const char *const *)b);
}

bool check_names(struct write *w, const json_t *root, const json_t *children)
{
	size_t count = json_array_size(children);
	const char **names = arena_alloc(w->request->arena, (count + 1) * sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = json_text_at(json_array_get(children, i), "/name");
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 1; i < count; i++) {
		if (text_same_nocase(names[i - 1], names[i]))
			return refuse_format(w->response, "DuplicateResourceName",
				"Resource %s has two child resources with the same name (%s).",
				json_text_at(root, "/id"), names[i]);
	}
	return true;
}

bool check_table(struct write *w, json_t *table)
{
	json_t *routes = json_at(table, "/properties/routes");
	size_t count = json_array_size(routes);
	struct route_key *keys;
	json_t *route;
	size_t i;

	if (!check_names(w, table, routes))
		return false;
	if (!check_table_count(w, table))
		return false;
	/* The limit is documented, the code of the refusal is not confirmed. */
	if (count > usage_limit(w->emulator, "RoutesPerRouteTable"))
		return refuse(w->response, 400, "RouteTableRoutesLimitExceeded",
			"Route table %s has %zu routes. The maximum number of routes is %zu.",
			json_text_at(table, "/name"), count,
			usage_limit(w->emulator, "RoutesPerRouteTable"));
	keys = arena_alloc(w->request->arena, (count + 1) * sizeof(*keys));
	json_array_foreach (routes, i, route) {
		if (!check_route(w, route, &keys[i]))
			return false;
	}
	qsort(keys, count, sizeof(*keys), compare_routes);
	for (i = 1; i < count; i++) {
		if (strcmp(keys[i - 1].prefix, keys[i].prefix) == 0)
			return refuse(w->response, 400, "RouteConflict",
				"Route: %s conflicts with Route: %s. Routes cannot have the same "
				"AddressPrefix.",
				keys[i - 1].name, keys[i].name);
	}
	return true;
}

struct ranges {
	struct prefix *items;
	const char **owners; /* names of subnets */
	size_t count, nowners;
};

static void add_range(
	struct arena *arena, struct ranges *ranges, struct prefix prefix, const char *owner)
{
	*ARENA_PUSH(arena, ranges->items, ranges->count) = prefix;
	*ARENA_PUSH(arena, ranges->owners, ranges->nowners) = owner;
}

static bool check_range(struct write *w, const json_t *network, const struct ranges *space,
	struct ranges *taken, struct prefix range, const char *subnet)
{
	const char *name = json_text_at(network, "/name");
	bool inside = false;

	for (size_t i = 0; i < space->count; i++)
		inside |= prefix_contains(&space->items[i], &range);
	if (!inside)
		return refuse(w->response, 400, "NetcfgSubnetRangeOutsideVnet",
			"Subnet '%s' is not valid because its IP address range is outside the IP "
			"address range of virtual network '%s'.",
			subnet, name);
	for (size_t i = 0; i < taken->count; i++) {
		if (prefix_overlaps(&taken->items[i], &range))
			return refuse(w->response, 400, "NetcfgSubnetRangesOverlap",
				"Subnet '%s' is not valid because its IP address range overlaps "
				"with "
				"that of an existing subnet in virtual network '%s'.",
				subnet, name);
	}
	add_range(w->request->arena, taken, range, subnet);
	return true;
}

/* Only tables are known here: references to other things are kept as they came. */
static bool check_subnet_table(struct write *w, const json_t *network, json_t *subnet)
{
	json_t *reference = json_at(subnet, "/properties/routeTable");
	const char *id = json_text_at(reference, "/id");
	const char *from = json_text_at(subnet, "/id");
	const struct operation *running;
	struct target target;
	json_t *table;

	if (reference == NULL)
		return true;
	table = id != NULL ? cloud_by_id(&w->emulator->cloud, w->request->arena, id, &target)
			   : NULL;
	if (id == NULL || target.kind != TARGET_ITEM || target.type->index != TYPE_TABLE)
		return refuse(w->response, 400, "LinkedInvalidPropertyId",
			"Property id '%s' at path 'properties.routeTable.id' is invalid. Expect "
			"fully qualified resource Id.",
			id != NULL ? id : "");
	if (table == NULL || !text_same_nocase(target.subscription, w->target->subscription) ||
		strcmp(json_text_at(table, "/location"), json_text_at(network, "/location")) != 0)
		return refuse_reference(w->response, id, from);

	const json_t *before =
		cloud_child(type_at(TYPE_SUBNET), w->before, json_text_at(subnet, "/name"), NULL);
	const char *had = json_text_at(before, "/properties/routeTable/id");

	running = operation_running(&w->emulator->operations, target.root_key);
	if (running != NULL && !w->request->internal && (had == NULL || !text_same_nocase(had, id)))
		return refuse_busy(w->response, w->request, w->emulator->endpoint,
			&w->emulator->cloud, running);
	/* Last: it replaces what `id` is a part of. */
	return json_put(subnet, "/properties/routeTable",
		json_pack("{s:s}", "id", json_text_at(table, "/id")));
}

static bool check_allocations(struct write *w, const json_t *subnet)
{
	json_auto_t *taken = addresses_taken(&w->emulator->cloud, subnet, NULL);
	const char *address;
	json_t *value;

	json_object_foreach (taken, address, value) {
		struct ip ip;

		if (!ip_parse(&ip, address) || subnet_has(subnet, &ip))
			continue;
		return refuse(w->response, 400, "InUsePrefixCannotBeDeleted",
			"IpPrefix of address %s on Subnet %s has active allocations and cannot be "
			"deleted.",
			address, json_text_at(subnet, "/name"));
	}
	return true;
}

static bool check_subnet(struct write *w, const json_t *network, json_t *subnet,
	const struct ranges *space, struct ranges *taken)
{
	const char *text;
	size_t i = 0;

	/* The code for a subnet without any range is not confirmed. */
	if (subnet_range(subnet, 0) == NULL)
		return refuse_format(w->response, "MissingJsonProperty",
			"Subnet %s has neither addressPrefix nor addressPrefixes.",
			json_text_at(subnet, "/name"));
	while ((text = subnet_range(subnet, i++)) != NULL) {
		struct prefix range;

		if (!check_prefix(w, json_text_at(subnet, "/id"), text, &range) ||
			!check_range(
				w, network, space, taken, range, json_text_at(subnet, "/name")))
			return false;
	}
	return check_allocations(w, subnet) && check_subnet_table(w, network, subnet);
}

/* A subnet that a PUT of its network leaves out is a subnet deleted. */
static bool check_left_out(struct write *w, const json_t *network)
{
	json_t *subnet;
	size_t i;

	json_array_foreach (json_at(w->before, "/properties/subnets"), i, subnet) {
		const char *name = json_text_at(subnet, "/name");

		if (cloud_child(type_at(TYPE_SUBNET), network, name, NULL) == NULL &&
			!check_subnet_unused(w, subnet))
			return false;
	}
	return true;
}

/* The codes are known, what they are for is what their names say. */
static bool check_space(struct write *w, const json_t *network, const struct ranges *space,
	const struct prefix *prefix)
{
	static const char *const never[] = { "224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8",
		"169.254.0.0/16", "168.63.129.16/32" };
	char text[PREFIX_TEXT];
	struct prefix other;

	prefix_format(prefix, text);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		if (prefix_parse(&other, never[i]) && prefix_contains(&other, prefix))
			return refuse(w->response, 400, "NetcfgInvalidIPAddressPrefix",
				"IP address prefix %s of virtual network '%s' is not allowed: it "
				"is a part of %s.",
				text, json_text_at(network, "/name"), never[i]);
	}
	for (size_t i = 0; i < space->count; i++) {
		if (prefix_overlaps(&space->items[i], prefix))
			return refuse(w->response, 400, "NetcfgInvalidVirtualNetworkSite",
				"IP address prefix %s of virtual network '%s' overlaps another one "
				"of it.",
				text, json_text_at(network, "/name"));
	}
	return true;
}

/* The limits are documented, the codes of the refusals are made as those of other types. */
static bool check_counts(struct write *w, const json_t *network)
{
	static const struct {
		const char *list, *usage, *code;
	} limits[] = {
		{ "/properties/subnets", "SubnetsPerVirtualNetwork", "SubnetCountLimitReached" },
		{ "/properties/virtualNetworkPeerings", "PeeringsPerVirtualNetwork",
			"PeeringCountLimitReached" },
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		size_t limit = usage_limit(w->emulator, limits[i].usage);

		if (json_array_size(json_at(network, limits[i].list)) > limit)
			return refuse(w->response, 400, limits[i].code,
				"Virtual network %s cannot have more than %zu of %s.",
				json_text_at(network, "/name"), limit, limits[i].usage);
	}
	return true;
}

bool check_network(struct write *w, json_t *network)
{
	struct ranges space = { 0 }, taken = { 0 };
	json_t *prefixes = json_at(network, "/properties/addressSpace/addressPrefixes");
	json_t *item;
	size_t i;

	/* The code for an empty address space is not confirmed. */
	if (json_array_size(prefixes) == 0)
		return refuse_format(w->response, "MissingJsonProperty",
			"Virtual network %s has no address space.", json_text_at(network, "/name"));
	if (json_array_size(prefixes) > SPACE_MAX)
		return refuse(w->response, 400, "AddressPrefixCountLimitReached",
			"Virtual network %s cannot have more than %d address prefixes.",
			json_text_at(network, "/name"), SPACE_MAX);
	if (!check_counts(w, network))
		return false;
	json_array_foreach (prefixes, i, item) {
		struct prefix prefix;

		if (!check_prefix(
			    w, json_text_at(network, "/id"), json_string_value(item), &prefix) ||
			!check_space(w, network, &space, &prefix))
			return false;
		add_range(w->request->arena, &space, prefix, NULL);
	}
	item = json_at(network, "/properties/subnets");
	if (!check_names(w, network, item) || !check_left_out(w, network))
		return false;
	for (i = 0; i < json_array_size(item); i++) {
		if (!check_subnet(w, network, json_array_get(item, i), &space, &taken))
			return false;
	}
	return check_names(w, network, json_at(network, "/properties/virtualNetworkPeerings")) &&
		check_peerings(w, network);
}
