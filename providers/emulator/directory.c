/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/directory.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

const char *directory_tenant(const struct cloud *cloud, const char *name)
{
	static const char *const own[] = { "adfs", "common", "organizations" };
	json_t *item;
	size_t i;

	for (i = 0; i < ARRAY_LEN(own); i++) {
		if (text_same_nocase(own[i], name))
			return cloud->tenant;
	}
	if (text_same_nocase(cloud->tenant, name))
		return cloud->tenant;
	json_array_foreach (json_object_get(cloud->directory, "tenants"), i, item) {
		if (text_same_nocase(json_string_value(item), name))
			return json_string_value(item);
	}
	return NULL;
}

bool directory_is_open(const struct cloud *cloud)
{
	return json_object_size(json_object_get(cloud->directory, "applications")) == 0;
}

const char *directory_object_id(struct arena *arena, const char *client_id)
{
	const char *text = arena_printf(arena, "object of %s", text_lower(arena, client_id));
	const char *hash = sha256_hex(arena, text, strlen(text));

	return arena_printf(arena, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hash, hash + 8, hash + 12,
		hash + 15, hash + 18);
}

const json_t *directory_application(
	const struct cloud *cloud, struct arena *arena, const char *tenant, const char *client_id)
{
	const json_t *applications = json_object_get(cloud->directory, "applications");
	const json_t *found;
	const char *of;

	if (directory_is_open(cloud))
		return arena_json(arena,
			json_pack("{s:s,s:s,s:s}", "clientId", client_id, "objectId",
				directory_object_id(arena, client_id), "tenant", tenant));
	found = json_object_get(applications, text_lower(arena, client_id));
	of = json_text_at(found, "/tenant");
	if (of == NULL)
		of = cloud->tenant;
	return found != NULL && text_same_nocase(of, tenant) ? found : NULL;
}

const json_t *directory_managed(const struct cloud *cloud, struct arena *arena)
{
	static const char client_id[] = "00000000-0000-0000-0000-00000000001d";
	const json_t *declared = json_object_get(cloud->directory, "managedIdentities");

	if (json_array_size(declared) > 0)
		return declared;
	return arena_json(arena,
		json_pack("[{s:s,s:s,s:b}]", "clientId", client_id, "objectId",
			directory_object_id(arena, client_id), "systemAssigned", true));
}
