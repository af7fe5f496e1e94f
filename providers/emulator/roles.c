/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/roles.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/refusals.h"

#define PROVIDERS "/providers/"
#define PERMISSIONS "/providers/Microsoft.Authorization/permissions"

/* As Azure defines them, less what no request here can need. */
static const struct {
	const char *name, *actions, *not_actions; /* space-separated */
} builtin[] = {
	{ "Owner", "*", "" },
	{ "Contributor", "*",
		"Microsoft.Authorization/*/Delete Microsoft.Authorization/*/Write "
		"Microsoft.Authorization/elevateAccess/Action" },
	{ "Reader", "*/read", "" },
	{ "Network Contributor",
		"Microsoft.Authorization/*/read Microsoft.Network/* "
		"Microsoft.Resources/deployments/* "
		"Microsoft.Resources/subscriptions/resourceGroups/read",
		"" },
};

/* What a PUT or a PATCH needs on what it refers to, by the member that refers. */
static const struct {
	const char *member, *action;
} links[] = {
	{ "routeTable", "Microsoft.Network/routeTables/join/action" },
	{ "networkSecurityGroup", "Microsoft.Network/networkSecurityGroups/join/action" },
	{ "natGateway", "Microsoft.Network/natGateways/join/action" },
	{ "subnet", "Microsoft.Network/virtualNetworks/subnets/join/action" },
	{ "remoteVirtualNetwork", "Microsoft.Network/virtualNetworks/peer/action" },
	{ "networkInterfaces", "Microsoft.Network/networkInterfaces/join/action" },
};

static json_t *words(const char *text)
{
	json_t *out = json_array();

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		json_array_append_new(out, json_stringn(text, len));
		text += len + strspn(text + len, " ");
	}
	return out;
}

json_t *roles_builtin(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(builtin); i++) {
		if (text_same_nocase(builtin[i].name, name))
			return json_pack("{s:o,s:o}", "actions", words(builtin[i].actions),
				"notActions", words(builtin[i].not_actions));
	}
	return NULL;
}

/* Both in lower case; a star stands for any text. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static bool any_matches(struct arena *arena, const json_t *patterns, const char *action)
{
	const char *lower = text_lower(arena, action);
	json_t *item;
	size_t i;

	json_array_foreach (patterns, i, item) {
		if (matches(text_lower(arena, json_string_value(item)), lower))
			return true;
	}
	return false;
}

/* Whether `scope` is, or lies below, that of the assignment. */
static bool covers(const json_t *assignment, const char *scope)
{
	const char *of = json_text_at(assignment, "/scope");
	size_t len = strlen(of);

	if (len > 0 && of[len - 1] == '/')
		len--;
	return strlen(scope) >= len && (len == 0 || text_starts_nocase(scope, of)) &&
		(len == 0 || scope[len] == '/' || scope[len] == '\0');
}

static const json_t *assignments(const struct emulator *emulator)
{
	return json_object_get(emulator->cloud.directory, "roleAssignments");
}

static bool is_free(const struct emulator *emulator, const struct principal *principal)
{
	return principal->object_id == NULL || json_array_size(assignments(emulator)) == 0;
}

static bool is_of(const json_t *assignment, const struct principal *principal)
{
	return text_same_nocase(json_text_at(assignment, "/objectId"), principal->object_id);
}

static bool may(const struct emulator *emulator, const struct principal *principal,
	struct arena *arena, const char *action, const char *scope)
{
	json_t *item;
	size_t i;

	json_array_foreach (assignments(emulator), i, item) {
		if (is_of(item, principal) && covers(item, scope) &&
			any_matches(arena, json_object_get(item, "actions"), action) &&
			!any_matches(arena, json_object_get(item, "notActions"), action))
			return true;
	}
	return false;
}

/* What a request wants, and where. */
struct want {
	const char *action, *scope;
};

/* The names of types in TYPE/NAME/TYPE/NAME, and in *scope_len what of the path is the item or,
 * of a collection, what it is in. */
static const char *types_of(struct arena *arena, const char *path, const char *from, bool post,
	const char **last, size_t *scope_len)
{
	const char *out = "";
	bool name = false;

	*scope_len = (size_t)(from - path);
	*last = NULL;
	while (*from == '/' && from[1] != '\0') {
		size_t len = strcspn(from + 1, "/");

		if (!name) {
			*last = arena_strndup(arena, from + 1, len);
			if (!post || from[1 + len] != '\0')
				out = arena_printf(arena, "%s/%s", out, *last);
		} else {
			*scope_len = (size_t)(from + 1 + len - path);
		}
		name = !name;
		from += 1 + len;
	}
	return out;
}

static const char *verb_of(const char *method)
{
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return "read";
	return strcmp(method, "DELETE") == 0 ? "delete" : "write";
}

static const char *last_providers(const char *path)
{
	const char *found = NULL;

	for (const char *at = path; *at != '\0'; at++) {
		if (text_starts_nocase(at, PROVIDERS))
			found = at;
	}
	return found;
}

static struct want want_of(struct arena *arena, const struct request *request)
{
	const char *path = request->path, *providers = last_providers(path);
	const char *space = "Microsoft.Resources", *from = path, *types, *last;
	bool post = strcmp(request->method, "POST") == 0;
	size_t base = 0, scope_len;
	struct want want;

	if (providers != NULL) {
		const char *name = providers + strlen(PROVIDERS);

		space = arena_strndup(arena, name, strcspn(name, "/"));
		from = name + strlen(space);
		base = (size_t)(providers - path);
	}
	types = types_of(arena, path, from, post, &last, &scope_len);
	if (providers != NULL && scope_len <= (size_t)(from - path))
		scope_len = base;
	/* A namespace alone is looked up among those of the subscription. */
	if (providers != NULL && types[0] == '\0' && !post) {
		space = "Microsoft.Resources";
		types = "/subscriptions/providers";
	}
	want.scope = scope_len > 0 ? arena_strndup(arena, path, scope_len) : "/";
	want.action = post && last != NULL
		? arena_printf(arena, "%s%s/%s/action", space, types, last)
		: arena_printf(arena, "%s%s/%s", space, types, verb_of(request->method));
	return want;
}

static const char *client(struct arena *arena, const struct principal *principal)
{
	return arena_printf(arena, "The client '%s' with object id '%s'", principal->client_id,
		principal->object_id);
}

/* One PUT or PATCH whose body is looked through for what it refers to. */
struct linking {
	struct emulator *emulator;
	const struct principal *principal;
	const struct request *request;
	struct response *response;
	struct want want;
};

static bool refuse_link(struct linking *linking, const char *action, const char *id)
{
	return refuse(linking->response, 403, "LinkedAuthorizationFailed",
		"%s has permission to perform action '%s' on scope '%s'; however, it does not "
		"have permission to perform action '%s' on the linked scope(s) '%s' or the linked "
		"scope(s) are invalid.",
		client(linking->request->arena, linking->principal), linking->want.action,
		linking->want.scope, action, id);
}

static bool check_link(struct linking *linking, const char *member, const json_t *value)
{
	const char *id = json_text_at(value, "/id");

	for (size_t i = 0; id != NULL && i < ARRAY_LEN(links); i++) {
		if (strcmp(links[i].member, member) == 0 &&
			!may(linking->emulator, linking->principal, linking->request->arena,
				links[i].action, id))
			return refuse_link(linking, links[i].action, id);
	}
	return true;
}

/* As deep as jansson has let the body be. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool check_links(struct linking *linking, const char *member, const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (member != NULL && !check_link(linking, member, value))
		return false;
	json_object_foreach ((json_t *)value, key, item) {
		if (!check_links(linking, key, item))
			return false;
	}
	json_array_foreach (value, i, item) {
		if (!check_links(linking, member, item))
			return false;
	}
	return true;
}

bool roles_check(struct emulator *emulator, const struct principal *principal,
	const struct target *target, const struct request *request, struct response *response)
{
	bool polls = target->kind == TARGET_OPERATION || target->kind == TARGET_RESULT;
	struct linking linking = { emulator, principal, request, response,
		want_of(request->arena, request) };
	char *why = NULL;

	if (is_free(emulator, principal) || polls ||
		!text_starts_nocase(request->path, "/subscriptions/"))
		return true;
	if (!may(emulator, principal, request->arena, linking.want.action, linking.want.scope))
		return refuse(response, 403, "AuthorizationFailed",
			"%s does not have authorization to perform action '%s' over scope '%s' or "
			"the scope is invalid. If access was recently granted, please refresh "
			"your credentials.",
			client(request->arena, principal), linking.want.action, linking.want.scope);
	bool puts = strcmp(request->method, "PUT") == 0;
	bool patches = strcmp(request->method, "PATCH") == 0 && target->type != NULL &&
		target->type->patched;

	if (!puts && !patches)
		return true;
	json_auto_t *body = json_parse(
		request->arena, request->body, request->body_len, request->body_len, &why);
	return check_links(&linking, NULL, body);
}

const char *roles_permissions_scope(struct arena *arena, const char *path)
{
	size_t len = strlen(path), end = strlen(PERMISSIONS);

	if (len > end && path[len - 1] == '/')
		len--;
	if (len <= end || !text_starts_nocase(path, "/subscriptions/") ||
		!text_starts_nocase(path + len - end, PERMISSIONS))
		return NULL;
	return arena_strndup(arena, path, len - end);
}

bool roles_permissions(struct emulator *emulator, const struct principal *principal,
	const char *scope, const struct request *request, struct response *response)
{
	struct target target = target_parse(request->arena, scope);
	json_t *value, *item;
	size_t i;

	if (strcmp(request->method, "GET") != 0)
		return refuse_method(response, request);
	if (target.group != NULL &&
		cloud_find(&emulator->cloud, type_at(TYPE_GROUP), target.group_key) == NULL)
		return refuse_group_missing(response, target.group);
	value = json_array();
	if (is_free(emulator, principal)) {
		json_array_append_new(value,
			json_pack("{s:[s],s:[],s:[],s:[]}", "actions", "*", "notActions",
				"dataActions", "notDataActions"));
		return response_json(response, 200, json_pack("{s:o}", "value", value));
	}
	json_array_foreach (assignments(emulator), i, item) {
		json_t *not_actions = json_object_get(item, "notActions");

		if (!is_of(item, principal) || !covers(item, scope))
			continue;
		json_array_append_new(value,
			json_pack("{s:O,s:o,s:[],s:[]}", "actions",
				json_object_get(item, "actions"), "notActions",
				not_actions != NULL ? json_incref(not_actions) : json_array(),
				"dataActions", "notDataActions"));
	}
	return response_json(response, 200, json_pack("{s:o}", "value", value));
}
