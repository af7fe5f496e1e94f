/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/scaling.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/addresses.h"
#include "providers/emulator/machines.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/scale_sets.h"

#define MODE "/properties/orchestrationMode"
#define NICS "/properties/virtualMachineProfile/networkProfile/networkInterfaceConfigurations"
/* Documented: of the largest machines, of a network. */
#define NICS_MAX 8
#define ADDRESSES_MAX 65536

static bool refuse_parameter(struct write *w, const char *name, const char *why)
{
	refuse(w->response, 400, "InvalidParameter", "%s", why);
	json_put(w->response->body, "/error/target", json_string(name));
	return false;
}

/* As scale_sets.h keeps it; NULL with a refusal. */
static json_t *new_address(struct pools *pools, const json_t *set, const json_t *configuration)
{
	enum family family = configuration_family(configuration);
	const json_t *subnet =
		subnet_for(pools->w, json_text_at(configuration, "/properties/subnet/id"), set);
	char given[IP_TEXT];

	if (subnet == NULL || !pool_give(pools, pool_of(pools, subnet), family, given))
		return NULL;
	return json_pack("{s:s,s:s,s:s}", "name", json_text_at(configuration, "/name"), "ip", given,
		"subnet", json_text_at(subnet, "/id"));
}

static json_t *new_nic(struct pools *pools, const json_t *set, const json_t *configuration)
{
	json_t *addresses = json_array();
	json_t *item;
	size_t i;

	json_array_foreach (json_at(configuration, "/properties/ipConfigurations"), i, item) {
		json_t *address = new_address(pools, set, item);

		if (address == NULL) {
			json_decref(addresses);
			return NULL;
		}
		json_array_append_new(addresses, address);
	}
	return json_pack("{s:b,s:b,s:o}", "ipForwarding",
		json_is_true(json_at(configuration, "/properties/enableIPForwarding")), "primary",
		json_is_true(json_at(configuration, "/properties/primary")), "addresses",
		addresses);
}

static json_t *new_instance(struct pools *pools, const json_t *set)
{
	json_t *nics = json_object();
	json_t *item;
	size_t i;

	json_array_foreach (json_at(set, NICS), i, item) {
		json_t *nic = new_nic(pools, set, item);

		if (nic == NULL) {
			json_decref(nics);
			return NULL;
		}
		json_object_set_new(nics, json_text_at(item, "/name"), nic);
	}
	return json_pack("{s:O*,s:o}", "tags", json_object_get(set, "tags"), "nics", nics);
}

/* The highest number of a machine, and its key; -1 when there is none. */
static long long newest(const json_t *instances, const char **key)
{
	long long highest = -1;
	const char *id;
	json_t *value;

	json_object_foreach ((json_t *)instances, id, value) {
		long long own = strtoll(id, NULL, 10);

		if (own > highest) {
			highest = own;
			*key = id;
		}
	}
	return highest;
}

static bool grow(struct write *w, const json_t *set, json_t *instances, size_t capacity)
{
	struct pools pools = { .w = w };
	const char *key;
	long long next = newest(instances, &key) + 1;
	json_t *instance = NULL;

	while (json_object_size(instances) < capacity &&
		(instance = new_instance(&pools, set)) != NULL)
		json_object_set_new(
			instances, arena_printf(w->request->arena, "%lld", next++), instance);
	pools_release(&pools);
	return json_object_size(instances) >= capacity;
}

static void shrink(json_t *instances, size_t capacity)
{
	const char *key;

	while (json_object_size(instances) > capacity && newest(instances, &key) >= 0)
		json_object_del(instances, key);
}

/* Unless it says another, a set stays what it is. */
static bool check_mode(struct write *w, json_t *set)
{
	const char *had = json_text_at(w->before, MODE);
	const char *mode;

	if (json_at(set, MODE) == NULL)
		json_put(set, MODE, json_string(had != NULL ? had : "Uniform"));
	mode = json_text_at(set, MODE);
	if (mode == NULL || (strcmp(mode, "Uniform") != 0 && strcmp(mode, "Flexible") != 0))
		return refuse_parameter(w, "orchestrationMode",
			"The orchestration mode of a scale set is Uniform or Flexible.");
	return had == NULL || strcmp(mode, had) == 0 ||
		refuse(w->response, 409, "PropertyChangeNotAllowed",
			"Changing property 'orchestrationMode' is not allowed.");
}

/* Codes and words of these refusals are made as those of other parameters. */
static bool check_capacity(struct write *w, const json_t *set, size_t had, size_t *out)
{
	const json_t *sku = json_object_get(set, "sku");
	const json_t *capacity = json_object_get(sku, "capacity");
	json_int_t number = json_integer_value(capacity);

	*out = had;
	if (sku != NULL && !json_is_object(sku))
		return refuse_parameter(w, "sku", "The sku of a scale set is an object.");
	if (capacity == NULL || json_is_null(capacity))
		return true;
	if (!json_is_integer(capacity) || number < 0 || number > SCALE_SET_CAPACITY_MAX)
		return refuse_parameter(w, "sku.capacity",
			"The capacity of a scale set is a number from 0 to 1000.");
	if (strcmp(json_text_at(set, MODE), "Flexible") == 0 && number > 0)
		return refuse_parameter(w, "sku.capacity",
			"This emulator makes no machines for a flexible scale set: make machines "
			"that name it as their virtualMachineScaleSet.");
	*out = (size_t)number;
	return true;
}

static bool check_configurations(struct write *w, const json_t *set, const json_t *nic)
{
	const json_t *list = json_at(nic, "/properties/ipConfigurations");
	json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0 ||
		json_array_size(list) > NIC_CONFIGURATIONS_MAX)
		return refuse_parameter(w, "ipConfigurations",
			"A NIC of the scale set has no ipConfigurations, or too many.");
	json_array_foreach (list, i, item) {
		const char *subnet = json_text_at(item, "/properties/subnet/id");

		if (subnet == NULL)
			return refuse_parameter(w, "ipConfigurations",
				"An ipConfiguration of the scale set has no subnet.");
		if (subnet_for(w, subnet, set) == NULL)
			return false;
	}
	return check_item_names(w, set, list);
}

static bool check_nics(struct write *w, const json_t *set, size_t capacity)
{
	const json_t *profile = json_at(set, "/properties/virtualMachineProfile");
	const json_t *nics = json_at(set, NICS);
	size_t i, addresses = 0;
	json_t *nic;

	if (profile != NULL && !json_is_object(profile))
		return refuse_parameter(w, "virtualMachineProfile",
			"The virtualMachineProfile of a scale set is an object.");
	if (nics != NULL && !json_is_null(nics) &&
		(!json_is_array(nics) || json_array_size(nics) > NICS_MAX))
		return refuse_parameter(w, "networkInterfaceConfigurations",
			"The NICs of the scale set are no list, or too many.");
	json_array_foreach (nics, i, nic) {
		if (!check_configurations(w, set, nic))
			return false;
		addresses += json_array_size(json_at(nic, "/properties/ipConfigurations"));
	}
	if (addresses * capacity > ADDRESSES_MAX)
		return refuse_parameter(w, "sku.capacity",
			"The machines of the scale set would have more addresses than a network "
			"can have.");
	return check_item_names(w, set, nics);
}

bool check_scale_set(struct write *w, json_t *set)
{
	/* Who writes a set does not say which machines it has. */
	json_t *had = json_at(w->before, SCALE_SET_INSTANCES);
	json_t *instances = had != NULL ? json_deep_copy(had) : json_object();
	size_t capacity;
	bool good;

	/* Azure takes it and never gives it back. */
	json_drop(set, "/properties/virtualMachineProfile/osProfile/adminPassword");
	good = check_mode(w, set) &&
		check_capacity(w, set, json_object_size(instances), &capacity) &&
		check_nics(w, set, capacity);
	if (good)
		shrink(instances, capacity);
	good = good && grow(w, set, instances, capacity);
	scale_set_hold(set, instances);
	return good;
}
