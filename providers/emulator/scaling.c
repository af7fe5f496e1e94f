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
/* Documented: for images of the marketplace, of the largest machines, of a NIC, of a network. */
#define CAPACITY_MAX 1000
#define NICS_MAX 8
#define CONFIGURATIONS_MAX 256
#define ADDRESSES_MAX 65536

/* What a subnet has, while machines are given of it. */
struct pool {
	const json_t *subnet;
	json_t *taken;
	uint64_t from4, from6;
};

/* A set that is being given machines. */
struct scaling {
	struct write *w;
	json_t *set;
	struct pool *pools;
	size_t npools;
};

static bool refuse_parameter(struct write *w, const char *name, const char *why)
{
	refuse(w->response, 400, "InvalidParameter", "%s", why);
	json_put(w->response->body, "/error/target", json_string(name));
	return false;
}

static struct pool *pool_of(struct scaling *s, const json_t *subnet)
{
	struct pool *pool;

	for (size_t i = 0; i < s->npools; i++) {
		if (s->pools[i].subnet == subnet)
			return &s->pools[i];
	}
	pool = ARENA_PUSH(s->w->request->arena, s->pools, s->npools);
	*pool = (struct pool){ subnet, addresses_taken(&s->w->emulator->cloud, subnet), 0, 0 };
	return pool;
}

/* As scale_sets.h keeps it; NULL with a refusal. */
static json_t *new_address(struct scaling *s, const json_t *configuration)
{
	const char *name = json_text_at(configuration, "/name");
	const char *subnet_id = json_text_at(configuration, "/properties/subnet/id");
	const char *version = json_text_at(configuration, "/properties/privateIPAddressVersion");
	bool ipv6 = version != NULL && strcmp(version, "IPv6") == 0;
	char given[IP_TEXT];

	const json_t *subnet = subnet_for(s->w, subnet_id, s->set);

	if (subnet == NULL)
		return NULL;
	struct pool *pool = pool_of(s, subnet);

	if (!address_give(s->w, subnet, pool->taken, ipv6 ? FAMILY_IPV6 : FAMILY_IPV4,
		    ipv6 ? &pool->from6 : &pool->from4, given))
		return NULL;
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
		json_t *nic = new_nic(s, item);

		if (nic == NULL) {
			json_decref(nics);
			return NULL;
		}
		json_object_set_new(nics, json_text_at(item, "/name"), nic);
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

static bool grow(struct scaling *s, size_t capacity)
{
	json_t *instances = json_at(s->set, SCALE_SET_INSTANCES);
	unsigned long next = next_id(instances);
	char id[24];

	while (json_object_size(instances) < capacity) {
		json_t *instance = new_instance(s);

		if (instance == NULL)
			return false;
		snprintf(id, sizeof(id), "%lu", next++);
		json_object_set_new(instances, id, instance);
	}
	return true;
}

static void shrink(json_t *instances, size_t capacity)
{
	char id[24];

	while (json_object_size(instances) > capacity) {
		snprintf(id, sizeof(id), "%lu", next_id(instances) - 1);
		json_object_del(instances, id);
	}
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

static bool check_configurations(struct write *w, const json_t *nic, json_t *seen)
{
	const json_t *list = json_at(nic, "/properties/ipConfigurations");
	const char *name;
	json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0 ||
		json_array_size(list) > CONFIGURATIONS_MAX)
		return refuse_parameter(w, "ipConfigurations",
			"A NIC of the scale set has no ipConfigurations, or too many.");
	json_object_clear(seen);
	json_array_foreach (list, i, item) {
		name = json_text_at(item, "/name");
		if (name == NULL || json_object_get(seen, name) != NULL ||
			json_text_at(item, "/properties/subnet/id") == NULL)
			return refuse_parameter(w, "ipConfigurations",
				"An ipConfiguration of the scale set has no subnet or no name of "
				"its own.");
		json_object_set_new(seen, name, json_true());
	}
	return true;
}

static bool check_nics(struct write *w, const json_t *set, size_t capacity)
{
	const json_t *nics = json_at(set, NICS);
	json_auto_t *names = json_object(), *seen = json_object();
	size_t i, addresses = 0;
	const char *name;
	json_t *nic;

	if (nics != NULL && (!json_is_array(nics) || json_array_size(nics) > NICS_MAX))
		return refuse_parameter(w, "networkInterfaceConfigurations",
			"The NICs of the scale set are no list, or too many.");
	json_array_foreach (nics, i, nic) {
		name = json_text_at(nic, "/name");
		if (name == NULL || json_object_get(names, name) != NULL)
			return refuse_parameter(w, "networkInterfaceConfigurations",
				"A NIC of the scale set has no name of its own.");
		json_object_set_new(names, name, json_true());
		if (!check_configurations(w, nic, seen))
			return false;
		addresses += json_object_size(seen) * capacity;
	}
	return addresses <= ADDRESSES_MAX ||
		refuse_parameter(w, "sku.capacity",
			"The machines of the scale set would have more addresses than a network "
			"can have.");
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
	struct scaling s = { .w = w, .set = set };
	size_t capacity;
	bool good;

	keep_instances(w, set);
	if (json_at(set, "/properties/orchestrationMode") == NULL)
		json_put(set, "/properties/orchestrationMode", json_string("Uniform"));
	/* Azure takes it and never gives it back. */
	json_drop(set, "/properties/virtualMachineProfile/osProfile/adminPassword");
	if (!check_mode(w, set) || !check_capacity(w, set, &capacity) ||
		!check_nics(w, set, capacity))
		return false;
	shrink(json_at(set, SCALE_SET_INSTANCES), capacity);
	good = grow(&s, capacity);
	for (size_t i = 0; i < s.npools; i++)
		json_decref(s.pools[i].taken);
	return good;
}
