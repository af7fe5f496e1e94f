/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/links.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/peerings.h"
#include "providers/emulator/scale_sets.h"

static void list_add(json_t *item, const char *member, const char *id)
{
	json_t *properties = json_object_get(item, "properties");
	json_t *list = json_object_get(properties, member);

	if (list == NULL) {
		list = json_array();
		json_object_set_new(properties, member, list);
	}
	json_array_append_new(list, json_pack("{s:s}", "id", id));
}

/* What is below the id, too. The member is absent, not empty, when nothing is left: as recorded. */
static void list_drop(json_t *item, const char *member, const char *id)
{
	size_t len = strlen(id);
	json_t *properties = json_object_get(item, "properties");
	json_t *list = json_object_get(properties, member);

	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *listed = json_text_at(json_array_get(list, i), "/id");

		if (text_starts_nocase(listed, id) && (listed[len] == '\0' || listed[len] == '/'))
			json_array_remove(list, i);
	}
	if (json_array_size(list) == 0)
		json_object_del(properties, member);
}

void links_list(struct cloud *cloud, const char *to, const char *member, const char *id, bool add)
{
	struct arena *arena = arena_new();
	json_t *item = to != NULL ? cloud_by_id(cloud, arena, to, NULL) : NULL;

	if (item != NULL && add)
		list_add(item, member, id);
	else if (item != NULL)
		list_drop(item, member, id);
	arena_free(arena);
}

/* Of Azure's range, and always the same for a NIC. */
static json_t *mac_of(struct arena *arena, const char *nic_id)
{
	const char *key = text_lower(arena, nic_id);
	char *hex = sha256_hex(arena, key, strlen(key));

	for (char *at = hex; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	return json_sprintf("00-0D-3A-%.2s-%.2s-%.2s", hex, hex + 2, hex + 4);
}

static void link_machine(struct cloud *cloud, const char *nic_id, const char *id, bool add)
{
	struct arena *arena = arena_new();
	json_t *nic = nic_id != NULL ? cloud_by_id(cloud, arena, nic_id, NULL) : NULL;
	json_t *properties = json_object_get(nic, "properties");

	if (properties != NULL && add) {
		json_object_set_new(properties, "virtualMachine", json_pack("{s:s}", "id", id));
		json_object_set_new(properties, "macAddress", mac_of(arena, nic_id));
	} else if (properties != NULL) {
		json_object_del(properties, "virtualMachine");
		json_object_del(properties, "macAddress");
	}
	arena_free(arena);
}

static void links_each(
	struct cloud *cloud, const struct resource_type *root_type, const json_t *root, bool add)
{
	json_t *item;
	size_t i;

	if (root_type->index == TYPE_NETWORK) {
		peerings_link(cloud, root, add);
		json_array_foreach (json_at(root, "/properties/subnets"), i, item)
			links_list(cloud, json_text_at(item, "/properties/routeTable/id"),
				"subnets", json_text_at(item, "/id"), add);
	} else if (root_type->index == TYPE_NIC) {
		json_array_foreach (json_at(root, "/properties/ipConfigurations"), i, item)
			links_list(cloud, json_text_at(item, "/properties/subnet/id"),
				"ipConfigurations", json_text_at(item, "/id"), add);
	} else if (root_type->index == TYPE_SCALE_SET) {
		scale_set_link(cloud, root, add);
	} else if (root_type->index == TYPE_VM) {
		json_array_foreach (
			json_at(root, "/properties/networkProfile/networkInterfaces"), i, item)
			link_machine(
				cloud, json_text_at(item, "/id"), json_text_at(root, "/id"), add);
	}
}

void links_add(struct cloud *cloud, const struct resource_type *root_type, const json_t *root)
{
	links_each(cloud, root_type, root, true);
}

void links_drop(struct cloud *cloud, const struct resource_type *root_type, const json_t *root)
{
	links_each(cloud, root_type, root, false);
}
