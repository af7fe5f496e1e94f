/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/machines.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/addresses.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/rules.h"

#define CONFIGURATIONS_MAX 256

/* Less what this configuration may have: it, and what its NIC has had. */
static json_t *taken_by_others(
	struct write *w, const json_t *subnet, const json_t *nic, const json_t *configuration)
{
	json_t *taken = addresses_taken(&w->emulator->cloud, subnet);
	const char *nic_id = json_text_at(nic, "/id");
	size_t len = strlen(nic_id), i;
	const char *address;
	json_t *id, *sister;
	void *next;

	json_object_foreach_safe (taken, next, address, id) {
		if (text_starts_nocase(json_string_value(id), nic_id) &&
			json_string_value(id)[len] == '/')
			json_object_del(taken, address);
	}
	json_array_foreach (json_at(nic, "/properties/ipConfigurations"), i, sister) {
		if (sister != configuration)
			address_take(taken, json_text_at(sister, "/properties/privateIPAddress"),
				nic_id);
	}
	return taken;
}

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

/* `taken` is NULL for a start of many thousand machines, which is trusted. */
static bool check_address(
	struct write *w, const json_t *subnet, const json_t *taken, const char *text)
{
	struct ip ip;

	if (!ip_parse(&ip, text) || !subnet_has(subnet, &ip))
		return refuse(w->response, 400, "PrivateIPAddressNotInSubnet",
			"Private static IP address %s does not belong to the range of subnet "
			"prefix "
			"%s.",
			text, subnet_range(subnet, 0));
	if (taken == NULL)
		return true;
	if (reserved_in(subnet, &ip))
		return refuse(w->response, 400, "PrivateIPAddressInReservedRange",
			"Private static IP address %s falls within reserved IP range of subnet "
			"prefix %s.",
			text, subnet_range(subnet, 0));
	if (address_is_taken(taken, &ip))
		return refuse(w->response, 400, "PrivateIPAddressInUse",
			"Private static IP address %s in use by another resource.", text);
	return true;
}

static bool settle_address(struct write *w, const json_t *subnet, const json_t *nic,
	json_t *configuration, enum family family)
{
	const char *text = json_text_at(configuration, "/properties/privateIPAddress");
	json_auto_t *taken = text != NULL && w->request->internal
		? NULL
		: taken_by_others(w, subnet, nic, configuration);
	char given[IP_TEXT];
	uint64_t from = 0;

	if (text != NULL)
		return check_address(w, subnet, taken, text);
	return address_give(w, subnet, taken, family, &from, given) &&
		json_put(configuration, "/properties/privateIPAddress", json_string(given));
}

static bool check_configuration(struct write *w, const json_t *nic, json_t *item, size_t i)
{
	json_t *properties = json_object_get(item, "properties");
	const char *subnet_id = json_text_at(properties, "/subnet/id");
	const char *nic_id = json_text_at(nic, "/id");
	const char *version = json_text_at(properties, "/privateIPAddressVersion");
	const char *address = json_text_at(properties, "/privateIPAddress");
	const json_t *subnet;

	if (json_text_at(item, "/name") == NULL || subnet_id == NULL)
		return refuse_format(w->response, "MissingJsonProperty",
			"An ipConfiguration of %s has no name or no subnet.", nic_id);
	subnet = subnet_for(w, subnet_id, nic);
	if (subnet == NULL)
		return false;
	if (version == NULL)
		version = address != NULL && strchr(address, ':') != NULL ? "IPv6" : "IPv4";
	if (!settle_address(
		    w, subnet, nic, item, strcmp(version, "IPv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4))
		return false;
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

/* What one of a name was given is its own until it goes, or moves to another subnet. */
static void keep_address(struct write *w, json_t *item)
{
	const char *name = json_text_at(item, "/name");
	const char *subnet = json_text_at(item, "/properties/subnet/id");
	const char *version = json_text_at(item, "/properties/privateIPAddressVersion");
	const json_t *before = name != NULL ? configuration_named(w->before, name) : NULL;
	const char *had_version = json_text_at(before, "/properties/privateIPAddressVersion");

	if (before == NULL || subnet == NULL ||
		json_at(item, "/properties/privateIPAddress") != NULL ||
		!text_same_nocase(json_text_at(before, "/properties/subnet/id"), subnet) ||
		(version != NULL && strcmp(version, had_version) != 0))
		return;
	json_put(item, "/properties/privateIPAddress",
		json_string(json_text_at(before, "/properties/privateIPAddress")));
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
	if (json_array_size(list) > CONFIGURATIONS_MAX)
		return refuse(w->response, 400, "IpConfigurationsLimitExceeded",
			"Network interface %s has %zu ipConfigurations. The maximum number is %d.",
			json_text_at(nic, "/name"), json_array_size(list), CONFIGURATIONS_MAX);
	json_array_foreach (list, i, item)
		keep_address(w, item);
	json_array_foreach (list, i, item) {
		if (!check_configuration(w, nic, item, i))
			return false;
	}
	json_object_set_new(nic, "kind", json_string("Regular"));
	return true;
}

bool check_vm(struct write *w, json_t *machine)
{
	json_t *item;
	size_t i;

	/* Azure takes it and never gives it back. */
	json_drop(machine, "/properties/osProfile/adminPassword");
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
