/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/scale_sets.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/links.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/write.h"

#define INSTANCES "/properties/instances"

bool check_scale_set(struct write *w, json_t *set)
{
	if (!w->request->internal)
		return refuse_method(w->response, w->request);
	if (json_at(set, "/properties/orchestrationMode") == NULL)
		json_put(set, "/properties/orchestrationMode", json_string("Uniform"));
	return true;
}

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

	json_object_foreach (json_at(set, INSTANCES), instance, value)
		json_array_append_new(list, told_instance(set, instance, value));
	return list;
}

json_t *scale_set_instance(
	const json_t *set, const struct target *target, struct response *response)
{
	const char *id = target->child;
	const json_t *value = json_object_get(json_at(set, INSTANCES), id);

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
		json_t *name = json_sprintf("ipconfig%zu", i + 1);
		const char *ip = json_text_at(item, "/ip");

		json_array_append_new(list,
			json_pack("{s:O,s:o,s:{s:s,s:s,s:s,s:s,s:b,s:{s:s}}}", "name", name, "id",
				json_sprintf("%s/ipConfigurations/%s", json_string_value(id),
					json_string_value(name)),
				"properties", "provisioningState", "Succeeded", "privateIPAddress",
				ip, "privateIPAllocationMethod", "Dynamic",
				"privateIPAddressVersion",
				strchr(ip, ':') != NULL ? "IPv6" : "IPv4", "primary", i == 0,
				"subnet", "id", json_text_at(item, "/subnet")));
		json_decref(name);
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

	json_object_foreach (json_at(set, INSTANCES), instance, value) {
		json_object_foreach (json_object_get(value, "nics"), name, nic)
			json_array_append_new(list, told_nic(set, instance, name, nic));
	}
	return list;
}

json_t *scale_set_view(const json_t *set)
{
	size_t count = json_object_size(json_at(set, INSTANCES));

	return json_pack("{s:{s:[{s:s,s:I}]},s:[{s:s,s:s,s:s}]}", "virtualMachine",
		"statusesSummary", "code", "ProvisioningState/succeeded", "count",
		(json_int_t)count, "statuses", "code", "ProvisioningState/succeeded", "level",
		"Info", "displayStatus", "Provisioning succeeded");
}

json_t *scale_set_told(const json_t *set)
{
	json_t *copy = json_deep_copy(set);

	json_put(copy, "/sku",
		json_pack("{s:s,s:s,s:I}", "name", "Standard_D2s_v3", "tier", "Standard",
			"capacity", (json_int_t)json_object_size(json_at(set, INSTANCES))));
	json_drop(copy, INSTANCES);
	return copy;
}

void scale_set_link(struct cloud *cloud, const json_t *set, bool add)
{
	json_t *nics = scale_set_nics(set);
	json_t *nic, *item;
	size_t i, n;

	json_array_foreach (nics, i, nic) {
		json_array_foreach (json_at(nic, "/properties/ipConfigurations"), n, item)
			links_list(cloud, json_text_at(item, "/properties/subnet/id"),
				"ipConfigurations", json_text_at(item, "/id"), add);
	}
	json_decref(nics);
}
