/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/providers.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/regions.h"
#include "providers/emulator/versions.h"

static const char *const namespaces[] = { "Microsoft.Network", "Microsoft.Compute",
	"Microsoft.Resources" };

/* Types that are no resources, in front of those that are. */
static const char *const beside[] = { "locations", "locations/operations",
	"locations/operationResults", "operations" };

static const char *namespace_of(const char *name)
{
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(namespaces); i++) {
		if (text_same_nocase(namespaces[i], name))
			return namespaces[i];
	}
	return NULL;
}

json_t *providers_new(void)
{
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
		json_object_set_new(out, namespaces[i],
			json_pack("{s:s,s:o,s:{}}", "registrationState", "Registered",
				"apiVersions", versions_published(namespaces[i]), "changes"));
	return out;
}

void providers_load(struct cloud *cloud, const json_t *stored)
{
	const char *name, *subscription;
	json_t *entry, *change;

	json_object_update(cloud->providers, (json_t *)stored);
	json_object_foreach (cloud->providers, name, entry) {
		json_object_foreach (json_object_get(entry, "changes"), subscription, change)
			json_object_set_new(change, "until", json_integer(0));
	}
}

bool providers_set(struct cloud *cloud, const char *provider, const json_t *value)
{
	const char *name = namespace_of(provider);
	json_t *state = json_object_get(value, "registrationState");
	json_t *versions = json_object_get(value, "apiVersions");
	json_t *entry = name != NULL ? json_object_get(cloud->providers, name) : NULL;
	json_t *version;
	size_t i;

	if (entry == NULL || !json_is_object(value) || (state != NULL && !json_is_string(state)) ||
		(versions != NULL && !json_is_array(versions)))
		return false;
	json_array_foreach (versions, i, version) {
		if (!json_is_string(version))
			return false;
	}
	if (state != NULL)
		json_object_set(entry, "registrationState", state);
	if (versions != NULL)
		json_object_set(entry, "apiVersions", versions);
	return true;
}

/* What has been asked for takes its time; each subscription has its own. */
static const char *state_of(const struct emulator *emulator, const char *provider,
	const char *subscription, const struct request *request)
{
	const json_t *entry = json_object_get(emulator->cloud.providers, provider);
	const json_t *change = json_object_get(json_object_get(entry, "changes"),
		text_lower(request->arena, subscription != NULL ? subscription : ""));
	json_int_t until = json_integer_value(json_object_get(change, "until"));

	if (change == NULL)
		return json_text_at(entry, "/registrationState");
	return json_text_at(
		change, request->now_ms < (uint64_t)until ? "/passing" : "/registrationState");
}

static const char *listed(struct arena *arena, const json_t *words)
{
	struct buf text;
	const char *out;
	json_t *word;
	size_t i;

	buf_init(&text, BUF_OWN_TEXT);
	json_array_foreach ((json_t *)words, i, word)
		buf_printf(&text, "%s%s", i > 0 ? ", " : "", json_string_value(word));
	out = arena_strdup(arena, text.data != NULL ? text.data : "");
	buf_release(&text);
	return out;
}

static bool has_word(const json_t *words, const char *word)
{
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)words, i, item) {
		if (text_same_nocase(json_string_value(item), word))
			return true;
	}
	return false;
}

/* Of the item, or else of its group; how ARM says it of a LIST of the subscription is not known. */
static const char *location_of(const struct emulator *emulator, const struct target *target)
{
	const struct cloud *cloud = &emulator->cloud;
	const json_t *item = target->root != NULL
		? cloud_find(cloud, target->root_type, target->root_key)
		: NULL;

	if (item == NULL && target->group_key != NULL)
		item = cloud_find(cloud, type_at(TYPE_GROUP), target->group_key);
	return item != NULL ? json_text_at(item, "/location") : "global";
}

static bool check_version(const struct emulator *emulator, const char *provider,
	const struct target *target, const struct request *request, struct response *response)
{
	const json_t *versions = json_object_get(
		json_object_get(emulator->cloud.providers, provider), "apiVersions");
	const char *type = target->type != NULL ? target->type->name + strlen(provider) + 1
						: "locations/operations";

	if (json_array_size(versions) == 0 || has_word(versions, request->api_version))
		return true;
	return refuse(response, 400, "NoRegisteredProviderFound",
		"No registered resource provider found for location '%s' and API version '%s' for "
		"type '%s'. The supported api-versions are '%s'. The supported locations are '%s'.",
		location_of(emulator, target), request->api_version, type,
		listed(request->arena, versions), regions_text(request->arena, ", "));
}

static bool refuse_namespace(struct response *response, const struct target *target)
{
	return refuse(response, 404, "InvalidResourceNamespace",
		"The resource namespace '%s' is invalid.", target->provider);
}

bool providers_refuse(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *provider = namespace_of(target->provider);

	if (target->provider == NULL || target->asked == NULL)
		return refuse_path(response, request);
	if (provider == NULL)
		return refuse_namespace(response, target);
	return refuse(response, 404, "InvalidResourceType",
		"The resource type '%s%s%s' could not be found in the namespace '%s' for api "
		"version "
		"'%s'. The supported api-versions are '%s'.",
		target->asked, target->asked_below != NULL ? "/" : "",
		target->asked_below != NULL ? target->asked_below : "", provider,
		request->api_version,
		listed(request->arena,
			json_object_get(json_object_get(emulator->cloud.providers, provider),
				"apiVersions")));
}

bool providers_check(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *provider = namespace_of(target->provider);
	const char *state;

	if (provider == NULL || target->kind == TARGET_PROVIDER ||
		target->kind == TARGET_REGISTRATION)
		return true;
	if (!check_version(emulator, provider, target, request, response))
		return false;
	state = state_of(emulator, provider, target->subscription, request);
	if (target->subscription == NULL || strcmp(state, "Registered") == 0)
		return true;
	refuse(response, 409, "MissingSubscriptionRegistration",
		"The subscription is not registered to use namespace '%s'. See "
		"https://aka.ms/rps-not-found for how to register subscriptions.",
		provider);
	refuse_detail(response, "MissingSubscriptionRegistration",
		"The subscription is not registered to use namespace '%s'. See "
		"https://aka.ms/rps-not-found for how to register subscriptions.",
		provider);
	json_put(response->body, "/error/details/0/target", json_string(provider));
	return false;
}

static json_t *type_offered(
	const char *name, const json_t *locations, const json_t *versions, bool tagged)
{
	json_t *newest_first = json_array();

	for (size_t i = json_array_size(versions); i-- > 0;)
		json_array_append(newest_first, json_array_get(versions, i));
	if (json_array_size(versions) == 0)
		json_array_append_new(newest_first, json_string("2021-04-01"));
	return json_pack("{s:s,s:O,s:o,s:s}", "resourceType", name, "locations", locations,
		"apiVersions", newest_first, "capabilities",
		tagged ? "SupportsTags, SupportsLocation" : "None");
}

static json_t *told(const struct emulator *emulator, const char *provider,
	const struct target *target, const struct request *request)
{
	const json_t *entry = json_object_get(emulator->cloud.providers, provider);
	const json_t *versions = json_object_get(entry, "apiVersions");
	const char *subscription = target->subscription != NULL
		? cloud_subscription(&emulator->cloud, target->subscription)
		: NULL;
	json_auto_t *regions = regions_displayed();
	json_auto_t *none = json_array();
	json_t *types = json_array();

	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const struct resource_type *type = type_at((enum type_index)i);
		bool root = type->parent == TYPE_GROUP || i == TYPE_GROUP;

		if (strcmp(type->provider, provider) == 0)
			json_array_append_new(types,
				type_offered(type->name + strlen(provider) + 1, regions, versions,
					root));
	}
	for (size_t i = 0; i < ARRAY_LEN(beside); i++)
		json_array_append_new(types, type_offered(beside[i], none, versions, false));
	return json_pack("{s:o,s:s,s:s,s:s,s:o}", "id",
		subscription != NULL
			? json_sprintf("/subscriptions/%s/providers/%s", subscription, provider)
			: json_sprintf("/providers/%s", provider),
		"namespace", provider, "registrationPolicy",
		strcmp(provider, "Microsoft.Resources") == 0 ? "RegistrationFree"
							     : "RegistrationRequired",
		"registrationState", state_of(emulator, provider, subscription, request),
		"resourceTypes", types);
}

bool providers_list(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	json_t *value = json_array();

	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
		json_array_append_new(value, told(emulator, namespaces[i], target, request));
	return response_json(response, 200, json_pack("{s:o}", "value", value));
}

bool provider_get(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *provider = namespace_of(target->provider);

	if (provider == NULL)
		return refuse_namespace(response, target);
	return response_json(response, 200, told(emulator, provider, target, request));
}

bool provider_register(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *provider = namespace_of(target->provider);
	bool joins = text_same_nocase(target->action, "register");
	const char *wanted = joins ? "Registered" : "Unregistered";
	uint64_t until = request->now_ms + emulator->options.operation_ms;
	json_t *body, *changes;

	if (provider == NULL)
		return refuse_namespace(response, target);
	body = told(emulator, provider, target, request);
	changes = json_object_get(json_object_get(emulator->cloud.providers, provider), "changes");
	if (strcmp(json_text_at(body, "/registrationState"), wanted) != 0) {
		const char *passing = joins ? "Registering" : "Unregistering";

		json_object_set_new(changes, text_lower(request->arena, target->subscription),
			json_pack("{s:s,s:s,s:I}", "registrationState", wanted, "passing", passing,
				"until", (json_int_t)until));
		json_object_set_new(body, "registrationState", json_string(passing));
		emulator->cloud.changed = true;
	}
	return response_json(response, 200, body);
}
