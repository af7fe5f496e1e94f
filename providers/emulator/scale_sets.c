/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/scale_sets.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/links.h"
#include "providers/emulator/refusals.h"

static const char *id_of(const json_t *set)
{
	return json_text_at(set, "/id");
}

static json_t *nic_id(const json_t *set, const char *instance, const char *nic)
{
	return json_sprintf(
		"%s/virtualMachines/%s/networkInterfaces/%s", id_of(set), instance, nic);
}

static json_t *told_instance(const json_t *set, const char *instance, const json_t *value)
{
	json_t *nics = json_array();
	const char *name;
	json_t *nic;

	json_object_foreach (json_object_get(value, "nics"), name, nic)
		json_array_append_new(nics, json_pack("{s:o}", "id", nic_id(set, instance, name)));
	return json_pack("{s:o,s:o,s:s,s:O,s:s,s:O*,s:{s:b,s:s,s:s,s:{s:o}},s:O}", "name",
		json_sprintf("%s_%s", json_text_at(set, "/name"), instance), "id",
		json_sprintf("%s/virtualMachines/%s", id_of(set), instance), "type",
		type_at(TYPE_INSTANCE)->name, "location", json_object_get(set, "location"),
		"instanceId", instance, "tags", json_object_get(value, "tags"), "properties",
		"latestModelApplied", 1, "modelDefinitionApplied", "VirtualMachineScaleSet",
		"provisioningState", "Succeeded", "networkProfile", "networkInterfaces", nics,
		"etag", json_object_get(set, "etag"));
}

json_t *scale_set_instances(const json_t *set)
{
	json_t *list = json_array();
	const char *instance;
	json_t *value;

	json_object_foreach (json_at(set, SCALE_SET_INSTANCES), instance, value)
		json_array_append_new(list, told_instance(set, instance, value));
	return list;
}

json_t *scale_set_instance(
	const json_t *set, const struct target *target, struct response *response)
{
	const char *id = target->child;
	const json_t *value = json_object_get(json_at(set, SCALE_SET_INSTANCES), id);

	if (id[strspn(id, "0123456789")] != '\0') {
		refuse(response, 400, "InvalidParameter",
			"Virtual Machine Scale Set VM instanceId must be a number.");
		json_put(response->body, "/error/target", json_string("instanceId"));
		return NULL;
	}
	if (value != NULL)
		return told_instance(set, id, value);
	refuse(response, 404, "NotFound", "The entity was not found in this Azure location.");
	return NULL;
}

static json_t *told_addresses(const json_t *id, const json_t *nic)
{
	json_t *list = json_array();
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(nic, "addresses"), i, item) {
		const char *name = json_text_at(item, "/name");
		const char *ip = json_text_at(item, "/ip");

		json_array_append_new(list,
			json_pack("{s:s,s:o,s:{s:s,s:s,s:s,s:s,s:b,s:{s:s}}}", "name", name, "id",
				json_sprintf("%s/ipConfigurations/%s", json_string_value(id), name),
				"properties", "provisioningState", "Succeeded", "privateIPAddress",
				ip, "privateIPAllocationMethod", "Dynamic",
				"privateIPAddressVersion",
				strchr(ip, ':') != NULL ? "IPv6" : "IPv4", "primary", i == 0,
				"subnet", "id", json_text_at(item, "/subnet")));
	}
	return list;
}

static json_t *told_nic(
	const json_t *set, const char *instance, const char *name, const json_t *nic)
{
	json_t *id = nic_id(set, instance, name);

	return json_pack("{s:s,s:o,s:{s:s,s:o,s:b,s:b,s:{s:o}}}", "name", name, "id", id,
		"properties", "provisioningState", "Succeeded", "ipConfigurations",
		told_addresses(id, nic), "enableIPForwarding",
		json_is_true(json_object_get(nic, "ipForwarding")), "primary",
		json_is_true(json_object_get(nic, "primary")), "virtualMachine", "id",
		json_sprintf("%s/virtualMachines/%s", id_of(set), instance));
}

json_t *scale_set_nics(const json_t *set)
{
	json_t *list = json_array();
	const char *instance, *name;
	json_t *value, *nic;

	json_object_foreach (json_at(set, SCALE_SET_INSTANCES), instance, value) {
		json_object_foreach (json_object_get(value, "nics"), name, nic)
			json_array_append_new(list, told_nic(set, instance, name, nic));
	}
	return list;
}

json_t *scale_set_view(const json_t *set)
{
	size_t count = json_object_size(json_at(set, SCALE_SET_INSTANCES));

	return json_pack("{s:{s:[{s:s,s:I}]},s:[{s:s,s:s,s:s}]}", "virtualMachine",
		"statusesSummary", "code", "ProvisioningState/succeeded", "count",
		(json_int_t)count, "statuses", "code", "ProvisioningState/succeeded", "level",
		"Info", "displayStatus", "Provisioning succeeded");
}

json_t *scale_set_told(const json_t *set)
{
	json_t *copy = json_copy((json_t *)set);

	json_object_set_new(copy, "properties", json_copy(json_object_get(set, "properties")));
	json_drop(copy, SCALE_SET_INSTANCES);
	return copy;
}

void scale_set_hold(json_t *set, json_t *instances_new)
{
	size_t count = json_object_size(instances_new);
	json_auto_t *usual = json_pack("{s:s,s:s}", "name", "Standard_D2s_v3", "tier", "Standard");

	json_put(set, SCALE_SET_INSTANCES, instances_new);
	json_put(set, "/sku/capacity", json_integer((json_int_t)count));
	json_object_update_missing(json_object_get(set, "sku"), usual);
}

const char *scale_set_address(
	const json_t *set, const struct target *target, const char *configuration)
{
	const json_t *nics = json_object_get(json_at(set, SCALE_SET_INSTANCES), target->child);
	json_t *item;
	size_t i;

	nics = json_object_get(nics, "nics");
	json_array_foreach (
		json_object_get(json_object_get(nics, target->part), "addresses"), i, item) {
		if (text_same_nocase(json_text_at(item, "/name"), configuration))
			return json_text_at(item, "/ip");
	}
	return NULL;
}

/* Puts the addresses of a NIC into their subnets; only notes which subnets when `subnets` is given.
 */
static void link_nic(struct cloud *cloud, const json_t *nic, const char *id, json_t *subnets)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(nic, "addresses"), i, item) {
		const char *subnet = json_text_at(item, "/subnet");

		if (subnets != NULL) {
			json_object_set_new(subnets, subnet, json_true());
			continue;
		}
		json_auto_t *configuration =
			json_sprintf("%s/ipConfigurations/%s", id, json_text_at(item, "/name"));

		links_list(
			cloud, subnet, "ipConfigurations", json_string_value(configuration), true);
	}
}

void scale_set_link(struct cloud *cloud, const json_t *set, bool add)
{
	json_auto_t *subnets = add ? NULL : json_object();
	const char *instance, *name, *subnet;
	json_t *value, *nic;

	json_object_foreach (json_at(set, SCALE_SET_INSTANCES), instance, value) {
		json_object_foreach (json_object_get(value, "nics"), name, nic) {
			json_auto_t *id = nic_id(set, instance, name);

			link_nic(cloud, nic, json_string_value(id), subnets);
		}
	}
	/* Out of a subnet all at once, since it may list very many. */
	json_object_foreach (subnets, subnet, value)
		links_list(cloud, subnet, "ipConfigurations", id_of(set), false);
}
