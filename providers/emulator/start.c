/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/start.h"

#include <string.h>

#include "engine/base/ip.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "providers/emulator/addresses.h"
#include "providers/emulator/providers.h"
#include "providers/emulator/scale_sets.h"
#include "providers/emulator/shape.h"
#include "providers/emulator/start_identity.h"
#include "providers/emulator/usages.h"

#define ID_DIGITS 9 /* of a machine of a scale set */

/* Reading one file. */
struct start {
	struct emulator *emulator;
	struct arena *arena; /* of the whole file */
	const struct yaml *yaml;
	struct diags *diags;
};

/* One resource of it: an arena of its own, as there may be many. */
struct entry {
	struct arena *arena;
	const char *pointer, *name;
	const json_t *value;
	const char *group, *location;
};

/* The pointer may be of an entry's arena. */
static bool complain(struct start *start, const char *pointer, const char *text)
{
	return diag_error(start->diags,
		yaml_place(start->yaml, arena_strdup(start->arena, pointer), YAML_KEY), "bad-cloud",
		"%s", text);
}

static bool put(struct start *start, const struct entry *entry, const char *pointer, const char *id,
	json_t *body_new)
{
	struct response response;
	const char *message;
	bool made = emulator_change(start->emulator, entry->arena, "PUT", id, body_new, &response);

	json_decref(body_new);
	if (made)
		return true;
	message = json_text_at(response.body, "/error/message");
	return complain(
		start, pointer, arena_strdup(start->arena, message != NULL ? message : "refused"));
}

static const char *group_id(const struct start *start, const struct entry *entry)
{
	return arena_printf(entry->arena, "/subscriptions/%s/resourceGroups/%s",
		start->emulator->cloud.subscription, entry->group);
}

static const char *id_of(
	const struct start *start, const struct entry *entry, const char *type, const char *name)
{
	return arena_printf(entry->arena, "%s/providers/%s/%s", group_id(start, entry), type, name);
}

static bool make_group(struct start *start, const struct entry *entry)
{
	struct entry own = *entry;

	own.group = entry->name;
	return put(start, entry, entry->pointer, group_id(start, &own),
		json_pack("{s:s*,s:O*}", "location", json_text_at(entry->value, "/location"),
			"tags", json_object_get(entry->value, "tags")));
}

/* A map of named things as ARM's array: the name into each, the rest into its properties. */
static json_t *named_list(const json_t *map)
{
	json_t *list = json_array();
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)map, name, value)
		json_array_append_new(list,
			json_pack("{s:s,s:o}", "name", name, "properties",
				json_is_object(value) ? json_copy(value) : json_object()));
	return list;
}

static bool make_table(struct start *start, const struct entry *entry)
{
	return put(start, entry, entry->pointer,
		id_of(start, entry, "Microsoft.Network/routeTables", entry->name),
		json_pack("{s:s,s:O*,s:{s:o}}", "location", entry->location, "tags",
			json_object_get(entry->value, "tags"), "properties", "routes",
			named_list(json_object_get(entry->value, "routes"))));
}

static bool make_network(struct start *start, const struct entry *entry)
{
	json_t *subnets = named_list(json_object_get(entry->value, "subnets"));
	json_t *prefixes = json_object_get(entry->value, "addressPrefixes");
	json_t *subnet;
	size_t i;

	json_array_foreach (subnets, i, subnet) {
		const char *table = json_text_at(subnet, "/properties/routeTable");

		if (table != NULL)
			json_put(subnet, "/properties/routeTable",
				json_pack("{s:s}", "id",
					id_of(start, entry, "Microsoft.Network/routeTables",
						table)));
	}
	return put(start, entry, entry->pointer,
		id_of(start, entry, "Microsoft.Network/virtualNetworks", entry->name),
		json_pack("{s:s,s:O*,s:{s:{s:O*},s:o}}", "location", entry->location, "tags",
			json_object_get(entry->value, "tags"), "properties", "addressSpace",
			"addressPrefixes", prefixes, "subnets", subnets));
}

/* Networks name each other, so all of them stand before. */
static bool make_peerings(struct start *start, const struct entry *entry)
{
	const char *network = id_of(start, entry, "Microsoft.Network/virtualNetworks", entry->name);
	const char *at = pointer_add(entry->arena, entry->pointer, "peerings");
	const char *name;
	json_t *value;
	bool good = true;

	json_object_foreach (json_object_get(entry->value, "peerings"), name, value) {
		const char *remote = json_text_at(value, "/remote");
		json_t *properties = json_deep_copy(value);

		json_drop(properties, "/remote");
		if (remote != NULL)
			json_put(properties, "/remoteVirtualNetwork",
				json_pack("{s:s}", "id",
					id_of(start, entry, "Microsoft.Network/virtualNetworks",
						remote)));
		good = put(start, entry, pointer_add(entry->arena, at, name),
			       arena_printf(
				       entry->arena, "%s/virtualNetworkPeerings/%s", network, name),
			       json_pack("{s:o}", "properties", properties)) &&
			good;
	}
	return good;
}

/* Without an address Azure chooses one. */
static void add_address(json_t *list, const char *address, const char *subnet)
{
	size_t n = json_array_size(list);

	json_array_append_new(list,
		json_pack("{s:o,s:{s:s*,s:s,s:b,s:{s:s}}}", "name",
			json_sprintf("ipconfig%zu", n + 1), "properties", "privateIPAddress",
			address, "privateIPAllocationMethod",
			address != NULL ? "Static" : "Dynamic", "primary", n == 0, "subnet", "id",
			subnet));
}

/* NULL: complained. */
static const char *subnet_id_of(
	struct start *start, const struct entry *machine, const char *pointer, const json_t *nic)
{
	const char *subnet = json_text_at(nic, "/subnet");
	const char *slash = subnet != NULL ? strchr(subnet, '/') : NULL;

	if (slash == NULL) {
		complain(start, pointer, "a NIC has a `subnet`, written NETWORK/SUBNET");
		return NULL;
	}
	const char *network = arena_strndup(machine->arena, subnet, (size_t)(slash - subnet));

	return arena_printf(machine->arena, "%s/subnets/%s",
		id_of(start, machine, "Microsoft.Network/virtualNetworks", network), slash + 1);
}

static bool make_nic(struct start *start, const struct entry *machine, const char *pointer,
	const char *name, const json_t *value)
{
	const char *subnet_id = subnet_id_of(start, machine, pointer, value);
	const char *ip = json_text_at(value, "/ip");
	json_t *item;
	size_t i;

	if (subnet_id == NULL)
		return false;
	json_t *list = json_array();

	if (ip != NULL || json_object_get(value, "ips") == NULL)
		add_address(list, ip, subnet_id);
	json_array_foreach (json_object_get(value, "ips"), i, item)
		add_address(list, json_is_string(item) ? json_string_value(item) : "", subnet_id);
	return put(start, machine, pointer,
		id_of(start, machine, "Microsoft.Network/networkInterfaces", name),
		json_pack("{s:s,s:{s:o,s:b}}", "location", machine->location, "properties",
			"ipConfigurations", list, "enableIPForwarding",
			json_is_true(json_object_get(value, "ipForwarding"))));
}

/* The NIC that says so, or the first. */
static bool is_primary(const json_t *machine, const char *nic)
{
	json_t *nics = json_object_get(machine, "nics");
	const char *first = json_object_iter_key(json_object_iter(nics));
	const char *name;
	json_t *value;

	json_object_foreach (nics, name, value) {
		if (json_is_true(json_object_get(value, "primary")))
			return strcmp(name, nic) == 0;
	}
	return first != NULL && strcmp(first, nic) == 0;
}

static bool make_machine(struct start *start, const struct entry *entry)
{
	json_t *nics = json_array();
	const char *name;
	json_t *value;
	bool good = true;

	json_object_foreach (json_object_get(entry->value, "nics"), name, value) {
		const char *pointer = pointer_add(
			entry->arena, pointer_add(entry->arena, entry->pointer, "nics"), name);

		good = make_nic(start, entry, pointer, name, value) && good;
		json_array_append_new(nics,
			json_pack("{s:s,s:{s:b}}", "id",
				id_of(start, entry, "Microsoft.Network/networkInterfaces", name),
				"properties", "primary", is_primary(entry->value, name)));
	}
	if (!good) {
		json_decref(nics);
		return false;
	}
	const char *set = json_text_at(entry->value, "/scaleSet");
	json_t *of = set != NULL
		? json_pack("{s:s}", "id",
			  id_of(start, entry, "Microsoft.Compute/virtualMachineScaleSets", set))
		: NULL;
	return put(start, entry, entry->pointer,
		id_of(start, entry, "Microsoft.Compute/virtualMachines", entry->name),
		json_pack("{s:s,s:O*,s:{s:{s:o},s:o*}}", "location", entry->location, "tags",
			json_object_get(entry->value, "tags"), "properties", "networkProfile",
			"networkInterfaces", nics, "virtualMachineScaleSet", of));
}

/* One NIC of a scale set's machine, while its addresses are read. */
struct instance_nic {
	struct start *start;
	const char *pointer;
	const json_t *subnet;
	json_t *addresses;
};

static bool is_map(struct start *start, const char *pointer, const json_t *value)
{
	return value == NULL || json_is_object(value) ||
		complain(start, pointer, "a map was expected here");
}

static bool add_instance_address(const struct instance_nic *nic, const json_t *value)
{
	const char *text = json_string_value(value);
	struct ip ip;

	if (text == NULL || !ip_parse(&ip, text))
		return complain(nic->start, nic->pointer, "a NIC's `ip` or `ips` is no address");
	if (!subnet_has(nic->subnet, &ip))
		return complain(nic->start, nic->pointer, "a NIC's address is not in its subnet");
	json_array_append_new(nic->addresses,
		json_pack("{s:o,s:s,s:s}", "name",
			json_sprintf("ipconfig%zu", json_array_size(nic->addresses) + 1), "ip",
			text, "subnet", json_text_at(nic->subnet, "/id")));
	return true;
}

static bool add_instance_addresses(const struct instance_nic *nic, const json_t *value)
{
	json_t *ip = json_object_get(value, "ip"), *ips = json_object_get(value, "ips");
	bool good = ip == NULL || add_instance_address(nic, ip);
	json_t *item;
	size_t i;

	if (ips != NULL && !json_is_array(ips))
		good = complain(nic->start, nic->pointer, "a NIC's `ips` is a list");
	json_array_foreach (ips, i, item)
		good = add_instance_address(nic, item) && good;
	return good;
}

/* As scale_sets.h keeps it; NULL: complained. */
static json_t *instance_nic(struct start *start, const struct entry *set, const char *pointer,
	const json_t *value, bool primary)
{
	const char *subnet = subnet_id_of(start, set, pointer, value);
	struct instance_nic nic = { start, pointer, NULL, NULL };

	if (subnet == NULL)
		return NULL;
	nic.subnet = cloud_by_id(&start->emulator->cloud, set->arena, subnet, NULL);
	if (nic.subnet == NULL) {
		complain(start, pointer, "a NIC's `subnet` is not among the networks");
		return NULL;
	}
	nic.addresses = json_array();
	if (!add_instance_addresses(&nic, value)) {
		json_decref(nic.addresses);
		return NULL;
	}
	return json_pack("{s:b,s:b,s:o}", "ipForwarding",
		json_is_true(json_object_get(value, "ipForwarding")), "primary", primary,
		"addresses", nic.addresses);
}

/* Into `nics`, as scale_sets.h keeps them. */
static bool make_instance_nics(struct start *start, const struct entry *set, const char *at,
	const json_t *value, json_t *out)
{
	json_t *nics = json_object_get(value, "nics");
	bool good = is_map(start, at, nics);
	const char *name;
	json_t *nic;

	json_object_foreach (nics, name, nic) {
		const char *pointer =
			pointer_add(set->arena, pointer_add(set->arena, at, "nics"), name);
		json_t *made = NULL;

		if (name_is_good(type_at(TYPE_NIC), name))
			made = instance_nic(start, set, pointer, nic, is_primary(value, name));
		else
			complain(start, pointer, "this is no name of a NIC");
		if (made != NULL)
			json_object_set_new(out, name, made);
		good = good && made != NULL;
	}
	return good;
}

/* An id is a number, as Azure gives them. */
static bool make_instance(struct start *start, const struct entry *set, const char *pointer,
	const char *id, const json_t *value, json_t *out)
{
	json_t *nics;
	bool good;

	if (id[0] == '\0' || strlen(id) > ID_DIGITS || id[strspn(id, "0123456789")] != '\0' ||
		(id[0] == '0' && id[1] != '\0'))
		return complain(start, pointer, "the id of a scale set's machine is a number");
	if (!is_map(start, pointer, value))
		return false;
	nics = json_object();
	good = make_instance_nics(start, set, pointer, value, nics);
	json_object_set_new(out, id,
		json_pack("{s:O*,s:o}", "tags", json_object_get(value, "tags"), "nics", nics));
	return good;
}

/* What no client may say of a set: which machines it has. Steals the instances. */
static void fill_scale_set(
	struct start *start, const struct entry *entry, const char *id, json_t *instances_new)
{
	struct cloud *cloud = &start->emulator->cloud;
	struct target target;
	json_t *set = json_deep_copy(cloud_by_id(cloud, entry->arena, id, &target));

	scale_set_hold(set, instances_new);
	cloud_set(cloud, target.root_type, target.root_key, set);
}

static bool make_scale_set(struct start *start, const struct entry *entry)
{
	const char *own =
		id_of(start, entry, "Microsoft.Compute/virtualMachineScaleSets", entry->name);
	const char *at = pointer_add(entry->arena, entry->pointer, "instances");
	const char *mode = json_text_at(entry->value, "/mode"), *id;
	json_t *given = json_object_get(entry->value, "instances"), *instances = json_object();
	bool good = is_map(start, entry->pointer, given);
	json_t *value;

	json_object_foreach (given, id, value)
		good = make_instance(start, entry, pointer_add(entry->arena, at, id), id, value,
			       instances) &&
			good;
	if (mode != NULL && strcmp(mode, "Flexible") == 0 && json_object_size(given) > 0)
		good = complain(start, at,
			"a flexible scale set holds no machines: they are among `virtualMachines`");
	if (json_object_size(given) > SCALE_SET_CAPACITY_MAX)
		good = complain(start, at, "a scale set has at most 1,000 machines");
	good = put(start, entry, entry->pointer, own,
		       json_pack("{s:s,s:O*,s:{s:s*}}", "location", entry->location, "tags",
			       json_object_get(entry->value, "tags"), "properties",
			       "orchestrationMode", mode)) &&
		good;
	if (good)
		fill_scale_set(start, entry, own, instances);
	else
		json_decref(instances);
	return good;
}

/* In the order in which they refer to each other. */
static const struct {
	const char *name;
	bool (*make)(struct start *, const struct entry *);
	bool in_group;
} sections[] = {
	{ "resourceGroups", make_group, false },
	{ "routeTables", make_table, true },
	{ "virtualNetworks", make_network, true },
	{ "virtualNetworks", make_peerings, true },
	{ "virtualMachineScaleSets", make_scale_set, true },
	{ "virtualMachines", make_machine, true },
};

/* The location of a resource is that of its group unless it says another. */
static bool find_group(struct start *start, struct entry *entry)
{
	const json_t *group;

	entry->group = json_text_at(entry->value, "/resourceGroup");
	if (entry->group == NULL)
		return complain(start, entry->pointer, "`resourceGroup` is missing");
	group = cloud_by_id(&start->emulator->cloud, entry->arena, group_id(start, entry), NULL);
	entry->location = json_text_at(entry->value, "/location");
	if (entry->location == NULL)
		entry->location = json_text_at(group, "/location");
	return group != NULL ||
		complain(start, entry->pointer, "`resourceGroup` is not among `resourceGroups`");
}

static bool make_section(struct start *start, size_t section, const json_t *map)
{
	bool good = true;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)map, name, value) {
		struct arena *arena = arena_new();
		struct entry entry = { .arena = arena, .name = name, .value = value };

		entry.pointer = pointer_add(
			arena, arena_printf(arena, "/%s", sections[section].name), name);
		if (sections[section].in_group && !find_group(start, &entry))
			good = false;
		else
			good = sections[section].make(start, &entry) && good;
		arena_free(arena);
	}
	return good;
}

static bool check_members(struct start *start, const json_t *root)
{
	static const char *const known[] = { "subscription", "subscriptions", "tenant", "tenants",
		"limits", "providers", "applications", "managedIdentities", "roleAssignments",
		"resourceGroups", "routeTables", "virtualNetworks", "virtualMachineScaleSets",
		"virtualMachines" };
	const char *key, *told = known[0];
	bool good = true;
	json_t *value;

	if (!json_is_object(root))
		return complain(start, "", "a cloud is a map");
	for (size_t i = 1; i < ARRAY_LEN(known); i++)
		told = arena_printf(start->arena, "%s, %s", told, known[i]);
	json_object_foreach ((json_t *)root, key, value) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found = found || strcmp(key, known[i]) == 0;
		if (found)
			continue;
		good = complain(
			start, pointer_add(start->arena, "", key), "not a member of a cloud");
		diag_help(start->diags, "there are %s", told);
	}
	return good;
}

static bool set_limits(struct start *start, const json_t *limits)
{
	bool good = true;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)limits, name, value) {
		if (usage_is_known(name) && json_integer_value(value) > 0)
			json_object_set(start->emulator->cloud.limits, name, value);
		else
			good = complain(start, pointer_add(start->arena, "/limits", name),
				"not a limit of a region, or no number above 0");
	}
	return good;
}

static bool set_providers(struct start *start, const json_t *providers)
{
	bool good = true;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)providers, name, value) {
		if (!providers_set(&start->emulator->cloud, name, value))
			good = complain(start, pointer_add(start->arena, "/providers", name),
				"not a namespace of this cloud, or not {registrationState, "
				"apiVersions}");
	}
	return good;
}

bool start_load(struct emulator *emulator, const char *path, struct diags *diags)
{
	struct start start = { .emulator = emulator, .arena = diags->arena, .diags = diags };
	const json_t *root;
	json_t *other;
	size_t n;
	bool good = true;

	start.yaml = yaml_load(start.arena, path, diags);
	if (start.yaml == NULL)
		return false;
	root = yaml_value(start.yaml);
	if (!check_members(&start, root))
		return false;
	cloud_name(&emulator->cloud, json_text_at(root, "/subscription"),
		json_text_at(root, "/tenant"));
	good = set_limits(&start, json_object_get(root, "limits")) &&
		set_providers(&start, json_object_get(root, "providers"));
	json_array_foreach (json_object_get(root, "subscriptions"), n, other) {
		if (json_is_string(other))
			cloud_add_subscription(&emulator->cloud, json_string_value(other));
		else
			good = complain(&start, pointer_add_index(start.arena, "/subscriptions", n),
				"a subscription is a text");
	}
	good = start_identity(&emulator->cloud, start.yaml, diags) && good;
	/* What refers to something that was refused is not to blame. */
	for (size_t i = 0; good && i < ARRAY_LEN(sections); i++)
		good = make_section(&start, i, json_object_get(root, sections[i].name));
	return good;
}
