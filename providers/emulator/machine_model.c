/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/machine_model.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

#define OS_DISK_MB 1047552 /* of every size */

/* Some that are documented. */
static const struct size {
	const char *name;
	int cores, memory_mb, resource_disk_mb, data_disks;
} sizes[] = {
	{ "Standard_B1s", 1, 1024, 4096, 2 },
	{ "Standard_B2s", 2, 4096, 8192, 4 },
	{ "Standard_B2ms", 2, 8192, 16384, 4 },
	{ "Standard_DS2_v2", 2, 7168, 14336, 8 },
	{ "Standard_D2s_v3", 2, 8192, 16384, 4 },
	{ "Standard_D4s_v3", 4, 16384, 32768, 8 },
	{ "Standard_D8s_v3", 8, 32768, 65536, 16 },
	{ "Standard_D2s_v5", 2, 8192, 0, 4 },
	{ "Standard_D4s_v5", 4, 16384, 0, 8 },
	{ "Standard_E2s_v3", 2, 16384, 32768, 4 },
	{ "Standard_F2s_v2", 2, 4096, 16384, 4 },
};

json_t *machine_sizes(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		json_array_append_new(list,
			json_pack("{s:s,s:i,s:i,s:i,s:i,s:i}", "name", sizes[i].name,
				"numberOfCores", sizes[i].cores, "osDiskSizeInMB", OS_DISK_MB,
				"resourceDiskSizeInMB", sizes[i].resource_disk_mb, "memoryInMB",
				sizes[i].memory_mb, "maxDataDiskCount", sizes[i].data_disks));
	return list;
}

/* Whether the system gives it one: "SystemAssigned", or that and "UserAssigned". */
static bool has_principal(const json_t *machine)
{
	const char *type = json_text_at(machine, "/identity/type");

	return type != NULL && text_starts_nocase(type, "SystemAssigned");
}

/* An identity of type None is none: recorded. */
static void accept_identity(const struct write *w, json_t *machine)
{
	const char *type = json_text_at(machine, "/identity/type");
	char id[37];

	json_drop(machine, "/identity/principalId");
	json_drop(machine, "/identity/tenantId");
	if (json_is_null(json_at(machine, "/identity/userAssignedIdentities")))
		json_drop(machine, "/identity/userAssignedIdentities");
	if (type == NULL || text_same_nocase(type, "None"))
		json_object_del(machine, "identity");
	if (!has_principal(machine))
		return;
	uuid_random(id);
	json_put(machine, "/identity/principalId",
		json_string(has_principal(w->before)
				? json_text_at(w->before, "/identity/principalId")
				: id));
	json_put(machine, "/identity/tenantId", json_string(w->emulator->cloud.tenant));
}

void machine_accept(const struct write *w, json_t *machine)
{
	const json_t *capabilities = json_at(machine, "/properties/additionalCapabilities");

	json_drop(machine, "/properties/osProfile/adminPassword");
	/* Terraform sends it empty for none, and takes one that is told for a change. */
	if (json_is_object(capabilities) && json_object_size(capabilities) == 0)
		json_drop(machine, "/properties/additionalCapabilities");
	accept_identity(w, machine);
}

/* What is missing, in objects inside it too. */
/* NOLINTNEXTLINE(misc-no-recursion): by what is usual, which is ours */
static void add_missing(json_t *into, const json_t *usual)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)usual, key, value) {
		json_t *had = json_object_get(into, key);

		if (had == NULL || json_is_null(had)) {
			json_object_set(into, key, value);
		} else if (json_is_object(had) && json_is_object(value)) {
			json_object_set_new(into, key, json_copy(had));
			add_missing(json_object_get(into, key), value);
		}
	}
}

void machine_complete(const json_t *machine, json_t *properties)
{
	const char *name = json_text_at(machine, "/name");
	/* Without the id of its disk, which clients would delete: there are no disks here. */
	json_auto_t *usual = json_pack(
		"{s:{s:s},s:{s:{s:s,s:o,s:s,s:s,s:{s:s},s:s,s:i},s:[]},s:{s:s,s:[],s:b,s:b}}",
		"hardwareProfile", "vmSize", "Standard_D2s_v3", "storageProfile", "osDisk",
		"osType", "Linux", "name", json_sprintf("%s_OsDisk_1", name), "createOption",
		"FromImage", "caching", "ReadWrite", "managedDisk", "storageAccountType",
		"Premium_LRS", "deleteOption", "Detach", "diskSizeGB", 30, "dataDisks", "osProfile",
		"computerName", name, "secrets", "allowExtensionOperations", 1,
		"requireGuestProvisionSignal", 1);

	add_missing(properties, usual);
}
