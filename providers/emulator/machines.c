/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/machines.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/rules.h"

#define SEARCHED_MAX 65536
#define CONFIGURATIONS_MAX 256

const char *nic_address(
	const struct cloud *cloud, struct arena *arena, const char *configuration_id)
{
	const char *end = strstr(configuration_id, "/ipConfigurations/");
	const json_t *nic;
	json_t *item;
	size_t i;

	if (end == NULL)
		return NULL;
	nic = cloud_by_id(cloud, arena,
		arena_strndup(arena, configuration_id, (size_t)(end - configuration_id)), NULL);
	json_array_foreach (json_at(nic, "/properties/ipConfigurations"), i, item) {
		if (text_same_nocase(json_text_at(item, "/id"), configuration_id))
			return json_text_at(item, "/properties/privateIPAddress");
	}
	return NULL;
}

bool subnet_has(const json_t *subnet, const struct ip *ip)
{
	const char *text;
	size_t i = 0;

	while ((text = subnet_range(subnet, i++)) != NULL) {
		struct prefix range;

		if (prefix_parse(&range, text) && prefix_has_ip(&range, ip))
			return true;
	}
	return false;
}

static bool has_address(const json_t *configuration, const struct ip *ip)
{
	const char *text = json_text_at(configuration, "/properties/privateIPAddress");
	struct ip own;

	return text != NULL && ip_parse(&own, text) && ip_compare(&own, ip) == 0;
}

/* Whether another NIC has the address, or another configuration of this one. */
static bool address_taken(struct write *w, const json_t *subnet, const json_t *nic,
	const json_t *configuration, const struct ip *ip)
{
	const char *nic_id = json_text_at(nic, "/id");
	size_t len = strlen(nic_id);
	json_t *reference, *sister;
	size_t i;

	json_array_foreach (json_at(nic, "/properties/ipConfigurations"), i, sister) {
		if (sister != configuration && has_address(sister, ip))
			return true;
	}
	json_array_foreach (json_at(subnet, "/properties/ipConfigurations"), i, reference) {
		const char *id = json_text_at(reference, "/id");
		const char *text = nic_address(&w->emulator->cloud, w->request->arena, id);
		struct ip other;

		if (text_starts_nocase(id, nic_id) && id[len] == '/')
			continue;
		if (text != NULL && ip_parse(&other, text) && ip_compare(&other, ip) == 0)
			return true;
	}
	return false;
}

bool address_is_reserved(const struct prefix *range, const struct ip *ip)
{
	struct ip next, at;

	for (uint64_t n = 0; n < ADDRESSES_RESERVED_FIRST; n++) {
		if (ip_add(&at, &range->base, n) && ip_compare(&at, ip) == 0)
			return true;
	}
	return !ip_add(&next, ip, 1) || !prefix_has_ip(range, &next);
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

static bool give_address(struct write *w, const json_t *subnet, const json_t *nic,
	json_t *configuration, enum family family)
{
	char given[IP_TEXT];
	const char *text;
	size_t i = 0;

	while ((text = subnet_range(subnet, i++)) != NULL) {
		struct prefix range;
		struct ip ip;

		if (!prefix_parse(&range, text) || range.base.family != family)
			continue;
		for (uint64_t n = ADDRESSES_RESERVED_FIRST; n < SEARCHED_MAX; n++) {
			if (!ip_add(&ip, &range.base, n) || !prefix_has_ip(&range, &ip))
				break;
			if (!address_is_reserved(&range, &ip) &&
				!address_taken(w, subnet, nic, configuration, &ip)) {
				ip_format(&ip, given);
				return json_put(configuration, "/properties/privateIPAddress",
					json_string(given));
			}
		}
	}
	return refuse(w->response, 400, "SubnetIsFull",
		"Subnet %s does not have enough capacity for 1 IP addresses.",
		json_text_at(subnet, "/name"));
}

static bool check_address(struct write *w, const json_t *subnet, const json_t *nic,
	const json_t *configuration, const char *text)
{
	struct ip ip;

	if (!ip_parse(&ip, text) || !subnet_has(subnet, &ip))
		return refuse(w->response, 400, "PrivateIPAddressNotInSubnet",
			"Private static IP address %s does not belong to the range of subnet "
			"prefix "
			"%s.",
			text, subnet_range(subnet, 0));
	if (!w->request->internal && reserved_in(subnet, &ip))
		return refuse(w->response, 400, "PrivateIPAddressInReservedRange",
			"Private static IP address %s falls within reserved IP range of subnet "
			"prefix %s.",
			text, subnet_range(subnet, 0));
	/* A start of many thousand machines is trusted. */
	if (!w->request->internal && address_taken(w, subnet, nic, configuration, &ip))
		return refuse(w->response, 400, "PrivateIPAddressInUse",
			"Private static IP address %s in use by another resource.", text);
	return true;
}

static bool check_configuration(struct write *w, const json_t *nic, json_t *item, size_t i)
{
	json_t *properties = json_object_get(item, "properties");
	const char *subnet_id = json_text_at(properties, "/subnet/id");
	const char *nic_id = json_text_at(nic, "/id");
	const char *version = json_text_at(properties, "/privateIPAddressVersion");
	const char *address = json_text_at(properties, "/privateIPAddress");
	struct target target;
	const json_t *network, *subnet;

	if (json_text_at(item, "/name") == NULL || subnet_id == NULL)
		return refuse_format(w->response, "MissingJsonProperty",
			"An ipConfiguration of %s has no name or no subnet.", nic_id);
	subnet = cloud_by_id(&w->emulator->cloud, w->request->arena, subnet_id, &target);
	if (subnet == NULL || target.type->index != TYPE_SUBNET)
		return refuse_reference(w->response, subnet_id, nic_id);
	network = cloud_find(&w->emulator->cloud, target.root_type, target.root_key);
	if (strcmp(json_text_at(network, "/location"), json_text_at(nic, "/location")) != 0)
		return refuse_reference(w->response, subnet_id, nic_id);
	if (version == NULL)
		version = address != NULL && strchr(address, ':') != NULL ? "IPv6" : "IPv4";
	if (address == NULL) {
		enum family family = strcmp(version, "IPv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4;

		if (!give_address(w, subnet, nic, item, family))
			return false;
	} else if (!check_address(w, subnet, nic, item, address)) {
		return false;
	}
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
