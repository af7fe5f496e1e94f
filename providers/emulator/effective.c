/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/effective.h"

#include <string.h>

#include "engine/base/ip.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/machine_state.h"

struct effect {
	const json_t *network, *table; /* the table may be NULL */
	bool no_gateway_routes;
	json_t *value;
};

static const char *user_route_of(const struct effect *effect, const struct prefix *prefix)
{
	json_t *route;
	size_t i;

	json_array_foreach (json_at(effect->table, "/properties/routes"), i, route) {
		const char *text = json_text_at(route, "/properties/addressPrefix");
		struct prefix other;

		if (text != NULL && prefix_parse(&other, text) && prefix_same(&other, prefix))
			return json_text_at(route, "/name");
	}
	return NULL;
}

static void add_system(struct effect *effect, const char *text, const char *hop)
{
	struct prefix prefix;
	bool overridden = prefix_parse(&prefix, text) && user_route_of(effect, &prefix) != NULL;

	json_array_append_new(effect->value,
		json_pack("{s:s,s:s,s:[s],s:s,s:[],s:b}", "source", "Default", "state",
			overridden ? "Invalid" : "Active", "addressPrefix", text, "nextHopType",
			hop, "nextHopIpAddress", "disableBgpRoutePropagation",
			effect->no_gateway_routes));
}

static void add_all(struct effect *effect, const json_t *prefixes, const char *hop)
{
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)prefixes, i, item)
		add_system(effect, json_string_value(item), hop);
}

/* A peer is reached when both sides are Connected and this one lets its traffic through. */
static bool reaches(const json_t *peering)
{
	const char *state = json_text_at(peering, "/properties/peeringState");
	const json_t *access = json_at(peering, "/properties/allowVirtualNetworkAccess");

	return state != NULL && strcmp(state, "Connected") == 0 && !json_is_false(access);
}

static bool any_covers(const json_t *prefixes, const struct prefix *prefix, bool family_only)
{
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)prefixes, i, item) {
		struct prefix other;

		if (prefix_parse(&other, json_string_value(item)) &&
			(family_only ? other.base.family == prefix->base.family
				     : prefix_contains(&other, prefix)))
			return true;
	}
	return false;
}

static bool takes_all(const json_t *table)
{
	json_t *route;
	size_t i;

	json_array_foreach (json_at(table, "/properties/routes"), i, route) {
		const char *text = json_text_at(route, "/properties/addressPrefix");
		struct prefix prefix;

		if (text != NULL && prefix_parse(&prefix, text) && prefix.length == 0 &&
			prefix.base.family == FAMILY_IPV4)
			return true;
	}
	return false;
}

/* What is nobody's: the world, and the private ranges unless the network or a peer has them, or a
 * user's route takes the world. */
static void add_rest(struct effect *effect, const json_t *space)
{
	static const char *const nowhere[] = { "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12",
		"192.168.0.0/16" };
	struct prefix six;
	json_t *peering;
	size_t n;

	add_system(effect, "0.0.0.0/0", "Internet");
	if (prefix_parse(&six, "::/0") && any_covers(space, &six, true))
		add_system(effect, "::/0", "Internet");
	for (size_t i = 0; i < ARRAY_LEN(nowhere) && !takes_all(effect->table); i++) {
		struct prefix prefix;
		bool taken =
			!prefix_parse(&prefix, nowhere[i]) || any_covers(space, &prefix, false);

		json_array_foreach (
			json_at(effect->network, "/properties/virtualNetworkPeerings"), n, peering)
			taken = taken ||
				(reaches(peering) &&
					any_covers(json_at(peering,
							   "/properties/remoteAddressSpace/"
							   "addressPrefixes"),
						&prefix, false));
		if (!taken)
			add_system(effect, nowhere[i], "None");
	}
}

static void add_user(struct effect *effect)
{
	json_t *route;
	size_t i;

	json_array_foreach (json_at(effect->table, "/properties/routes"), i, route) {
		const char *ip = json_text_at(route, "/properties/nextHopIpAddress");
		json_t *several = json_at(route, "/properties/nextHop/nextHopIpAddresses");
		json_t *hops = several != NULL ? json_copy(several) : json_array();

		if (ip != NULL)
			json_array_append_new(hops, json_string(ip));
		json_array_append_new(effect->value,
			json_pack("{s:s,s:s,s:s,s:[s],s:s,s:o,s:b}", "name",
				json_text_at(route, "/name"), "source", "User", "state", "Active",
				"addressPrefix", json_text_at(route, "/properties/addressPrefix"),
				"nextHopType", json_text_at(route, "/properties/nextHopType"),
				"nextHopIpAddress", hops, "disableBgpRoutePropagation",
				effect->no_gateway_routes));
	}
}

bool effective_is_known(const struct cloud *cloud, const json_t *nic, struct arena *arena,
	const char *what, struct response *response)
{
	const char *id = json_text_at(nic, "/properties/virtualMachine/id");
	const json_t *machine = id != NULL ? cloud_by_id(cloud, arena, id, NULL) : NULL;
	const char *code =
		arena_printf(arena, "NicMustBeAttachedToRunningVmToGetEffective%s", what);

	if (machine != NULL && machine_runs(machine))
		return true;
	/* The text is recorded for security groups alone. */
	refuse(response, 400, code,
		"A network interface must be attached to a running virtual machine to get "
		"effective %s. The network interface %s is not attached to a running virtual "
		"machine.",
		strcmp(what, "Routes") == 0 ? "routes" : "security groups",
		json_text_at(nic, "/id"));
	json_put(response->body, "/error/details", json_array());
	return false;
}

json_t *effective_routes(const struct cloud *cloud, const json_t *nic, struct arena *arena,
	struct response *response)
{
	const char *subnet_id =
		json_text_at(nic, "/properties/ipConfigurations/0/properties/subnet/id");
	struct target where = { .kind = TARGET_UNKNOWN };
	const json_t *subnet =
		subnet_id != NULL ? cloud_by_id(cloud, arena, subnet_id, &where) : NULL;
	const char *table_id = json_text_at(subnet, "/properties/routeTable/id");
	struct effect effect = { .value = NULL };
	json_t *peering;
	size_t i;

	if (!effective_is_known(cloud, nic, arena, "Routes", response))
		return NULL;
	effect.network = subnet != NULL ? cloud_find(cloud, where.root_type, where.root_key) : NULL;
	effect.table = table_id != NULL ? cloud_by_id(cloud, arena, table_id, NULL) : NULL;
	effect.no_gateway_routes =
		json_is_true(json_at(effect.table, "/properties/disableBgpRoutePropagation"));
	effect.value = json_array();
	const json_t *space = json_at(effect.network, "/properties/addressSpace/addressPrefixes");

	add_all(&effect, space, "VnetLocal");
	json_array_foreach (
		json_at(effect.network, "/properties/virtualNetworkPeerings"), i, peering) {
		if (reaches(peering))
			add_all(&effect,
				json_at(peering, "/properties/remoteAddressSpace/addressPrefixes"),
				"VNetPeering");
	}
	add_rest(&effect, space);
	add_user(&effect);
	return json_pack("{s:o}", "value", effect.value);
}
