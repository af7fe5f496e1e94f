/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/target.h"

#include <string.h>

#include "engine/base/text.h"

#define SEGMENTS_MAX 16

struct segments {
	const char *at[SEGMENTS_MAX];
	size_t count; /* 0 for a path that has too many */
};

/* Into the same segments: ARM passes over slashes too many. */
const char *target_path(struct arena *arena, const char *path)
{
	char *out = arena_strdup(arena, path);
	size_t len = 0;

	for (const char *at = path; *at != '\0'; at++) {
		if (*at != '/' || (at[1] != '/' && (at[1] != '\0' || len == 0)))
			out[len++] = *at;
	}
	out[len] = '\0';
	return out;
}

static struct segments split(struct arena *arena, const char *path)
{
	struct segments out = { .count = 0 };

	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if (out.count == SEGMENTS_MAX)
			return (struct segments){ .count = 0 };
		if (len > 0)
			out.at[out.count++] = arena_strndup(arena, path, len);
		path += len;
	}
	return out;
}

static bool is(const struct segments *path, size_t i, const char *word)
{
	return i < path->count && text_same_nocase(path->at[i], word);
}

/* PROVIDER/TYPE/NAME/WORD, or the same below an item that is only derived, where a NIC's name may
 * follow. */
static bool parse_action(const struct segments *path, size_t i, struct target *out)
{
	size_t n = path->count - i;
	bool derived = (n == 6 || n == 7) && out->type != NULL && out->type->derive != NULL;

	if ((n != 4 && !derived) || (n == 7 && !is(path, i + 5, "networkInterfaces")))
		return false;
	out->kind = TARGET_ACTION;
	out->action = path->at[i + (n == 4 ? 3 : 5)];
	if (n == 7)
		out->part = path->at[i + 6];
	if (n == 4)
		out->type = out->root_type;
	return true;
}

/* The part from the provider's name on: PROVIDER/TYPE[/NAME[/TYPE[/NAME]]][/WORD]. */
static void parse_resource(const struct segments *path, size_t i, struct target *out)
{
	size_t n = path->count - i;

	if (n < 2 || n > 7 || (n > 2 && out->group == NULL))
		return;
	out->root_type = type_root(path->at[i], path->at[i + 1]);
	out->type = out->root_type;
	if (out->root_type == NULL)
		return;
	if (n > 2)
		out->root = path->at[i + 2];
	if (n > 3)
		out->type = type_child(out->root_type, path->at[i + 3]);
	if (n > 4)
		out->child = path->at[i + 4];
	if ((out->type == NULL || n >= 6) && parse_action(path, i, out))
		return;
	if (out->type != NULL && n < 6)
		out->kind = n % 2 == 0 ? TARGET_LIST : TARGET_ITEM;
}

/* What a provider has beside resources, when asked of the subscription or of the tenant. */
static void parse_namespace(const struct segments *path, size_t i, struct target *out)
{
	size_t n = path->count - i;

	if (n == 0)
		out->kind = TARGET_PROVIDERS;
	else if (n == 1)
		out->kind = TARGET_PROVIDER;
	else if (out->subscription != NULL && n == 2 &&
		(is(path, i + 1, "register") || is(path, i + 1, "unregister")))
		out->kind = TARGET_REGISTRATION;
	if (n > 0)
		out->provider = path->at[i];
	if (n > 1)
		out->action = path->at[i + 1];
}

/* PROVIDER/locations/LOCATION/WORD: usages, or the machines that are there. */
static void parse_location(const struct segments *path, size_t i, struct target *out)
{
	out->location = path->at[i + 2];
	if (is(path, i, "Microsoft.Network") && is(path, i + 3, "usages")) {
		out->kind = TARGET_USAGES;
	} else if (is(path, i, "Microsoft.Compute")) {
		out->type = out->root_type = type_root(path->at[i], path->at[i + 3]);
		out->kind = out->type != NULL ? TARGET_LIST : TARGET_UNKNOWN;
	}
}

static void parse_provider(const struct segments *path, size_t i, struct target *out)
{
	if (i < path->count)
		out->provider = path->at[i];
	if (i + 1 < path->count)
		out->asked = path->at[i + 1];
	if (i + 3 < path->count)
		out->asked_below = path->at[i + 3];
	if (out->group == NULL && path->count == i + 5 && is(path, i + 1, "locations")) {
		out->operation = path->at[i + 4];
		if (is(path, i + 3, "operations"))
			out->kind = TARGET_OPERATION;
		else if (is(path, i + 3, "operationResults"))
			out->kind = TARGET_RESULT;
		return;
	}
	if (out->group == NULL && path->count == i + 4 && is(path, i + 1, "locations")) {
		parse_location(path, i, out);
		return;
	}
	if (out->group == NULL)
		parse_namespace(path, i, out);
	if (out->kind == TARGET_UNKNOWN && i < path->count)
		parse_resource(path, i, out);
}

static void parse_subscription(const struct segments *path, struct target *out)
{
	out->subscription = path->at[1];
	if (path->count == 2) {
		out->kind = TARGET_SUBSCRIPTION;
	} else if (is(path, 2, "locations") && path->count == 3) {
		out->kind = TARGET_LOCATIONS;
	} else if (is(path, 2, "resources") && path->count == 3) {
		out->kind = TARGET_RESOURCES;
	} else if (is(path, 2, "operationresults") && path->count == 4) {
		out->kind = TARGET_RESULT;
		out->operation = path->at[3];
	} else if (is(path, 2, "providers")) {
		parse_provider(path, 3, out);
	} else if (is(path, 2, "resourceGroups")) {
		out->type = out->root_type = type_at(TYPE_GROUP);
		if (path->count > 3)
			out->group = path->at[3];
		if (path->count <= 4)
			out->kind = path->count == 3 ? TARGET_LIST : TARGET_ITEM;
		else if (is(path, 4, "providers"))
			parse_provider(path, 5, out);
		else if (is(path, 4, "resources") && path->count == 5)
			out->kind = TARGET_CONTENT;
	}
}

static void parse_tenant(const struct segments *path, struct target *out)
{
	if (path->count == 1 && is(path, 0, "subscriptions"))
		out->kind = TARGET_SUBSCRIPTIONS;
	else if (path->count == 1 && is(path, 0, "tenants"))
		out->kind = TARGET_TENANTS;
	else if (is(path, 0, "providers") && path->count <= 2)
		parse_namespace(path, 1, out);
}

static void add_keys(struct arena *arena, struct target *out)
{
	if (out->group != NULL)
		out->group_key = text_lower(arena,
			arena_printf(arena, "/subscriptions/%s/resourceGroups/%s",
				out->subscription, out->group));
	out->root_key = out->group_key;
	out->name = out->group;
	if (out->root == NULL)
		return;
	out->root_key = text_lower(arena,
		arena_printf(arena, "%s/providers/%s/%s", out->group_key, out->root_type->name,
			out->root));
	out->name = out->child != NULL ? out->child : out->root;
}

struct target target_parse(struct arena *arena, const char *path)
{
	struct segments segments = split(arena, path);
	struct target out = { .kind = TARGET_UNKNOWN };

	if (strncmp(path, "/_emulator/", strlen("/_emulator/")) == 0) {
		out.kind = TARGET_HOOK;
		out.hook = arena_strdup(arena, path + strlen("/_emulator/"));
	} else if (segments.count >= 2 && is(&segments, 0, "subscriptions")) {
		parse_subscription(&segments, &out);
		add_keys(arena, &out);
	} else {
		parse_tenant(&segments, &out);
	}
	return out;
}
