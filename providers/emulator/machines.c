/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/machines.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/addresses.h"
#include "providers/emulator/machine_model.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/rules.h"
#include "providers/emulator/shape.h"

/* In one of the subnet's ranges that has the address. */
static bool reserved_in(const json_t *subnet, const struct ip *ip)
{
	const char *text;
	size_t i = 0;

	while ((text = subnet_range(subnet, i++)) != NULL) {
		struct prefix range;

		if (prefix_parse(&range, text) && prefix_has_ip(&range, ip))
			return address_is_reserved(&range, ip);
	}
	return false;
}

/* Of a start of many thousand machines, which is trusted, only that it is in the subnet. */
static bool check_address(
	struct write *w, struct pools *pools, const json_t *subnet, const char *text)
{
	struct pool *pool;
	struct ip ip;

	if (!ip_parse(&ip, text) || !subnet_has(subnet, &ip))
		return refuse(w->response, 400, "PrivateIPAddressNotInSubnet",
			"Private static IP address %s does not belong to the range of subnet "
			"prefix "
			"%s.",
			text, subnet_range(subnet, 0));
	if (w->request->internal)
		return true;
	if (reserved_in(subnet, &ip))
		return refuse(w->response, 400, "PrivateIPAddressInReservedRange",
			"Private static IP address %s falls within reserved IP range of subnet "
			"prefix %s.",
			text, subnet_range(subnet, 0));
	pool = pool_of(pools, subnet);
	if (address_is_taken(pool->taken, &ip))
		return refuse(w->response, 400, "PrivateIPAddressInUse",
			"Private static IP address %s in use by another resource.", text);
	pool_take(pool, &ip);
	return true;
}

static bool check_configuration(
	struct write *w, struct pools *pools, const json_t *nic, json_t *item, size_t i)
{
	json_t *properties = json_object_get(item, "properties");
	const char *subnet_id = json_text_at(properties, "/subnet/id");
	const char *nic_id = json_text_at(nic, "/id");
	const char *version = json_text_at(properties, "/privateIPAddressVersion");
	const char *address = json_text_at(properties, "/privateIPAddress");
	const json_t *subnet;

	if (subnet_id == NULL)
		return refuse_format(w->response, "MissingJsonProperty",
			"An ipConfiguration of %s has no subnet.", nic_id);
	subnet = subnet_for(w, subnet_id, nic);
	if (subnet == NULL || (address != NULL && !check_address(w, pools, subnet, address)))
		return false;
	if (version == NULL)
		version = address != NULL && strchr(address, ':') != NULL ? "IPv6" : "IPv4";
	json_put(properties, "/subnet", json_pack("{s:s}", "id", json_text_at(subnet, "/id")));
	json_put(properties, "/privateIPAddressVersion", json_string(version));
	if (json_object_get(properties, "privateIPAllocationMethod") == NULL)
		json_put(properties, "/privateIPAllocationMethod", json_string("Dynamic"));
	if (json_object_get(properties, "primary") == NULL)
		json_put(properties, "/primary", json_boolean(i == 0));
	json_put(properties, "/provisioningState", json_string("Succeeded"));
	json_put(item, "/id",
		json_sprintf("%s/ipConfigurations/%s", nic_id, json_text_at(item, "/name")));
	return json_put(
		item, "/type", json_sprintf("%s/ipConfigurations", type_at(TYPE_NIC)->name));
}

/* To one that has none, once it is known which others have. */
static bool give_address(struct write *w, struct pools *pools, const json_t *nic, json_t *item)
{
	enum family family = configuration_family(item);
	const json_t *subnet;
	char given[IP_TEXT];

	if (json_text_at(item, "/properties/privateIPAddress") != NULL)
		return true;
	subnet = subnet_for(w, json_text_at(item, "/properties/subnet/id"), nic);
	return pool_give(pools, pool_of(pools, subnet), family, given) &&
		json_put(item, "/properties/privateIPAddress", json_string(given));
}

/* Those that are given, so that no other gets them: an internal write has not looked. */
static void take_given(struct pools *pools, const json_t *nic, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *text = json_text_at(item, "/properties/privateIPAddress");
		const json_t *subnet =
			subnet_for(pools->w, json_text_at(item, "/properties/subnet/id"), nic);
		struct ip ip;

		if (text != NULL && ip_parse(&ip, text))
			pool_take(pool_of(pools, subnet), &ip);
	}
}

/* Each sees the addresses of all others. */
static bool settle_addresses(struct write *w, const json_t *nic, json_t *list)
{
	struct pools pools = { .w = w, .except_id = json_text_at(nic, "/id") };
	bool good = true, all_given = true;
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		good = good && check_configuration(w, &pools, nic, item, i);
		all_given &= json_text_at(item, "/properties/privateIPAddress") != NULL;
	}
	if (good && !all_given)
		take_given(&pools, nic, list);
	json_array_foreach (list, i, item)
		good = good && give_address(w, &pools, nic, item);
	pools_release(&pools);
	return good;
}

static json_t *configuration_named(const json_t *nic, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_at(nic, "/properties/ipConfigurations"), i, item) {
		if (text_same_nocase(json_text_at(item, "/name"), name))
			return item;
	}
	return NULL;
}

/* What one of a name was given is its own until it goes, or moves to another subnet: then one that
 * is not fixed is given anew, though it may be sent as it was read. */
static void keep_address(struct write *w, json_t *item)
{
	const json_t *before = configuration_named(w->before, json_text_at(item, "/name"));
	const char *subnet = json_text_at(item, "/properties/subnet/id");
	const char *version = json_text_at(item, "/properties/privateIPAddressVersion");
	const char *method = json_text_at(item, "/properties/privateIPAllocationMethod");
	const char *address = json_text_at(item, "/properties/privateIPAddress");
	const char *had = json_text_at(before, "/properties/privateIPAddress");
	const char *had_version = json_text_at(before, "/properties/privateIPAddressVersion");

	if (before == NULL || subnet == NULL ||
		(version != NULL && strcmp(version, had_version) != 0))
		return;
	bool stays = text_same_nocase(json_text_at(before, "/properties/subnet/id"), subnet);

	if (stays && address == NULL)
		json_put(item, "/properties/privateIPAddress", json_string(had));
	else if (!stays && address != NULL && strcmp(address, had) == 0 && method != NULL &&
		strcmp(method, "Dynamic") == 0)
		json_drop(item, "/properties/privateIPAddress");
}

bool check_item_names(struct write *w, const json_t *owner, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *name = json_text_at(item, "/name");

		if (name == NULL)
			return refuse_format(w->response, "MissingJsonProperty",
				"An item of %s has no name.", json_text_at(owner, "/id"));
		if (!name_is_good(type_at(TYPE_NIC), name))
			return refuse(w->response, 400, "InvalidResourceName",
				"The name of an item of %s is invalid.",
				json_text_at(owner, "/id"));
	}
	return check_names(w, owner, list);
}

bool check_nic(struct write *w, json_t *nic)
{
	json_t *list = json_at(nic, "/properties/ipConfigurations");
	json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return refuse_format(w->response, "MissingJsonProperty",
			"Network interface %s has no ipConfigurations.",
			json_text_at(nic, "/name"));
	/* The limit is documented, the code of the refusal is not confirmed. */
	if (json_array_size(list) > NIC_CONFIGURATIONS_MAX)
		return refuse(w->response, 400, "IpConfigurationsLimitExceeded",
			"Network interface %s has %zu ipConfigurations. The maximum number is %d.",
			json_text_at(nic, "/name"), json_array_size(list), NIC_CONFIGURATIONS_MAX);
	if (!check_item_names(w, nic, list))
		return false;
	json_array_foreach (list, i, item)
		keep_address(w, item);
	if (!settle_addresses(w, nic, list))
		return false;
	json_object_set_new(nic, "kind", json_string("Regular"));
	return true;
}

bool check_vm(struct write *w, json_t *machine)
{
	json_t *item;
	size_t i;

	machine_accept(w, machine);
	json_array_foreach (
		json_at(machine, "/properties/networkProfile/networkInterfaces"), i, item) {
		const char *id = json_text_at(item, "/id");
		struct target target;

		if (id == NULL ||
			cloud_by_id(&w->emulator->cloud, w->request->arena, id, &target) == NULL ||
			target.type->index != TYPE_NIC)
			return refuse_reference(
				w->response, id != NULL ? id : "", json_text_at(machine, "/id"));
	}
	return true;
}

bool check_subnet_unused(struct write *w, const json_t *subnet)
{
	const char *user = json_text_at(subnet, "/properties/ipConfigurations/0/id");

	if (user == NULL)
		return true;
	return refuse(w->response, 400, "InUseSubnetCannotBeDeleted",
		"Subnet %s is in use by %s and cannot be deleted. In order to delete the subnet, "
		"delete all the resources within the subnet. See aka.ms/deletesubnet.",
		json_text_at(subnet, "/name"), user);
}

bool check_unused(struct write *w, const struct resource_type *root_type, const json_t *root)
{
	const char *machine = json_text_at(root, "/properties/virtualMachine/id");
	json_t *subnet;
	size_t i;

	if (root_type->index == TYPE_TABLE &&
		json_array_size(json_at(root, "/properties/subnets")) > 0)
		return refuse(w->response, 400, "InUseRouteTableCannotBeDeleted",
			"Route table %s is in use and cannot be deleted.",
			json_text_at(root, "/name"));
	if (root_type->index == TYPE_NIC && machine != NULL)
		return refuse(w->response, 400, "NicInUse",
			"Network Interface %s is used by existing resource %s. In order to delete "
			"the "
			"network interface, it must be dissociated from the resource.",
			json_text_at(root, "/id"), machine);
	if (root_type->index != TYPE_NETWORK)
		return true;
	json_array_foreach (json_at(root, "/properties/subnets"), i, subnet) {
		if (!check_subnet_unused(w, subnet))
			return false;
	}
	return true;
}
