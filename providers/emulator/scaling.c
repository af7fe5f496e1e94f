/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/scaling.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/addresses.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/scale_sets.h"

#define NICS "/properties/virtualMachineProfile/networkProfile/networkInterfaceConfigurations"
#define CAPACITY_MAX 1000 /* documented, for images of the marketplace */

/* A set that is being given machines. */
struct scaling {
	struct write *w;
	json_t *set;
	json_t *taken; /* by the id of a subnet: its addresses in use, and those given here */
};

static bool refuse_parameter(struct write *w, const char *name, const char *why)
{
	refuse(w->response, 400, "InvalidParameter", "%s", why);
	json_put(w->response->body, "/error/target", json_string(name));
	return false;
}

static json_t *taken_in(struct scaling *s, const json_t *subnet)
{
	const char *id = json_text_at(subnet, "/id");
	json_t *taken = json_object_get(s->taken, id);

	if (taken == NULL) {
		taken = addresses_taken(&s->w->emulator->cloud, subnet);
		json_object_set_new(s->taken, id, taken);
	}
	return taken;
}

/* As scale_sets.h keeps it; NULL with a refusal. */
static json_t *new_address(struct scaling *s, const json_t *configuration)
{
	const char *name = json_text_at(configuration, "/name");
	const char *subnet_id = json_text_at(configuration, "/properties/subnet/id");
	const char *version = json_text_at(configuration, "/properties/privateIPAddressVersion");
	enum family family =
		version != NULL && strcmp(version, "IPv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4;
	char given[IP_TEXT];

	if (name == NULL || subnet_id == NULL) {
		refuse_parameter(s->w, "ipConfigurations",
			"An ipConfiguration of the scale set has no name or no subnet.");
		return NULL;
	}
	const json_t *subnet = subnet_for(s->w, subnet_id, s->set);

	if (subnet == NULL || !address_give(s->w, subnet, taken_in(s, subnet), family, given))
		return NULL;
	address_take(taken_in(s, subnet), given, name);
	return json_pack(
		"{s:s,s:s,s:s}", "name", name, "ip", given, "subnet", json_text_at(subnet, "/id"));
}

static json_t *new_nic(struct scaling *s, const json_t *configuration)
{
	json_t *addresses = json_array();
	json_t *item;
	size_t i;

	json_array_foreach (json_at(configuration, "/properties/ipConfigurations"), i, item) {
		json_t *address = new_address(s, item);

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

static json_t *new_instance(struct scaling *s)
{
	json_t *nics = json_object();
	json_t *item;
	size_t i;

	json_array_foreach (json_at(s->set, NICS), i, item) {
		const char *name = json_text_at(item, "/name");
		json_t *nic = name != NULL ? new_nic(s, item) : NULL;

		if (name == NULL)
			refuse_parameter(s->w, "networkInterfaceConfigurations",
				"A NIC of the scale set has no name.");
		if (nic == NULL) {
			json_decref(nics);
			return NULL;
		}
		json_object_set_new(nics, name, nic);
	}
	return json_pack("{s:O*,s:o}", "tags", json_object_get(s->set, "tags"), "nics", nics);
}

/* One more than the newest; 0 when there is none. */
static unsigned long next_id(const json_t *instances)
{
	unsigned long next = 0;
	const char *id;
	json_t *value;

	json_object_foreach ((json_t *)instances, id, value) {
		unsigned long own = strtoul(id, NULL, 10);

		if (own >= next)
			next = own + 1;
	}
	return next;
}

static bool scale(struct scaling *s, size_t capacity)
{
	json_t *instances = json_at(s->set, SCALE_SET_INSTANCES);
	char id[24];

	while (json_object_size(instances) > capacity) {
		snprintf(id, sizeof(id), "%lu", next_id(instances) - 1);
		json_object_del(instances, id);
	}
	while (json_object_size(instances) < capacity) {
		json_t *instance = new_instance(s);

		if (instance == NULL)
			return false;
		snprintf(id, sizeof(id), "%lu", next_id(instances));
		json_object_set_new(instances, id, instance);
	}
	return true;
}

static bool check_mode(struct write *w, const json_t *set)
{
	const char *mode = json_text_at(set, "/properties/orchestrationMode");
	const char *had = json_text_at(w->before, "/properties/orchestrationMode");

	if (mode == NULL || (strcmp(mode, "Uniform") != 0 && strcmp(mode, "Flexible") != 0))
		return refuse_parameter(w, "orchestrationMode",
			"The orchestration mode of a scale set is Uniform or Flexible.");
	return had == NULL || strcmp(mode, had) == 0 ||
		refuse(w->response, 409, "PropertyChangeNotAllowed",
			"Changing property 'orchestrationMode' is not allowed.");
}

/* Codes and words of these refusals are made as those of other parameters. */
static bool check_capacity(struct write *w, const json_t *set, size_t *out)
{
	const char *mode = json_text_at(set, "/properties/orchestrationMode");
	const json_t *sku = json_object_get(set, "sku");
	const json_t *capacity = json_object_get(sku, "capacity");
	json_int_t number = json_integer_value(capacity);

	*out = json_object_size(json_at(set, SCALE_SET_INSTANCES));
	if (sku != NULL && !json_is_object(sku))
		return refuse_parameter(w, "sku", "The sku of a scale set is an object.");
	if (capacity == NULL)
		return true;
	if (!json_is_integer(capacity) || number < 0 || number > CAPACITY_MAX)
		return refuse_parameter(w, "sku.capacity",
			"The capacity of a scale set is a number from 0 to 1000.");
	if (strcmp(mode, "Flexible") == 0 && number > 0)
		return refuse_parameter(w, "sku.capacity",
			"This emulator makes no machines for a flexible scale set: make machines "
			"that name it as their virtualMachineScaleSet.");
	*out = (size_t)number;
	return true;
}

/* Who writes a set does not say which machines it has; the start alone does. */
static void keep_instances(const struct write *w, json_t *set)
{
	json_t *had = json_at(w->before, SCALE_SET_INSTANCES);

	if (w->request->internal && json_is_object(json_at(set, SCALE_SET_INSTANCES)))
		return;
	json_put(set, SCALE_SET_INSTANCES, had != NULL ? json_deep_copy(had) : json_object());
}

bool check_scale_set(struct write *w, json_t *set)
{
	struct scaling s = { w, set, NULL };
	size_t capacity;
	bool good;

	keep_instances(w, set);
	if (json_at(set, "/properties/orchestrationMode") == NULL)
		json_put(set, "/properties/orchestrationMode", json_string("Uniform"));
	/* Azure takes it and never gives it back. */
	json_drop(set, "/properties/virtualMachineProfile/osProfile/adminPassword");
	if (!check_mode(w, set) || !check_capacity(w, set, &capacity))
		return false;
	s.taken = json_object();
	good = scale(&s, capacity);
	json_decref(s.taken);
	return good;
}
