/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/arm.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/actions.h"
#include "providers/emulator/filter.h"
#include "providers/emulator/inventory.h"
#include "providers/emulator/machine_state.h"
#include "providers/emulator/providers.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/regions.h"
#include "providers/emulator/roles.h"
#include "providers/emulator/scale_sets.h"
#include "providers/emulator/shape.h"
#include "providers/emulator/usages.h"
#include "providers/emulator/versions.h"
#include "providers/emulator/write.h"

/* A page also ends after so many routes or subnets, as ARM bounds an answer at 8 MB. */
#define PAGE_CHILDREN 10000

static json_t *told(const struct resource_type *type, json_t *body, const struct request *request)
{
	if (type->index == TYPE_VM && machine_is_expanded(request))
		return machine_expanded(body);
	return type_told(type, body);
}

/* Steals the instance. */
static json_t *told_instance(json_t *instance, const struct request *request)
{
	if (machine_is_expanded(request))
		json_put(instance, "/properties/instanceView", machine_instance_view(instance));
	return instance;
}

static bool get_instance(const struct target *target, const json_t *set,
	const struct request *request, struct response *response)
{
	json_t *instance = scale_set_instance(set, target, response);

	return instance != NULL && response_json(response, 200, told_instance(instance, request));
}

/* One by one they are not told: nobody has asked. */
static bool refuse_derived(struct response *response, const struct target *target)
{
	return refuse(response, 405, "MethodNotAllowed",
		"The requested resource %s/%s can be listed alone.", target->type->name,
		target->child);
}

static bool get_item(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	json_t *item = cloud_seen(&emulator->cloud, target->root_type, target->root_key);
	const char *etag;

	if (target->type->index == TYPE_INSTANCE && item != NULL)
		return get_instance(target, item, request, response);
	if (target->type->derive != NULL && item != NULL)
		return refuse_derived(response, target);
	if (item != NULL && target->child != NULL)
		item = cloud_child(target->type, item, target->child, NULL);
	if (item == NULL)
		return refuse_missing(response, target, &emulator->cloud);
	etag = json_text_at(item, "/etag");
	if (etag != NULL)
		response_header(response, "ETag", "%s", etag);
	return response_json(response, 200, told(target->type, item, request));
}

static bool head_item(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	bool found = get_item(emulator, target, request, response);

	response_json(response, found ? 204 : response->status, NULL);
	return found;
}

/* One LIST: a page of it. */
struct listing {
	struct emulator *emulator;
	const struct target *target;
	const struct request *request;
	json_t *value;
	size_t children;
	size_t most; /* items; 0: as many as a page of the type has */
	struct filter filter;
};

static bool page_is_full(const struct listing *list)
{
	size_t most = list->emulator->options.page_size;

	if (most == 0)
		most = list->target->type->page;
	if (list->most > 0 && list->most < most)
		most = list->most;
	return json_array_size(list->value) >= most || list->children >= PAGE_CHILDREN;
}

static bool answer_list(const struct listing *list, struct response *response, const char *next)
{
	json_t *body = json_pack("{s:O}", "value", list->value);

	if (next != NULL)
		json_object_set_new(body, "nextLink",
			json_string(inventory_next(list->emulator, list->request, next)));
	return response_json(response, 200, body);
}

static bool list_roots(struct listing *list, struct response *response)
{
	const struct target *target = list->target;
	json_t *items = list->emulator->cloud.items[target->type->index];
	const char *token = list->request->skip_token;
	struct arena *arena = list->request->arena;
	const char *scope = target->group_key != NULL
		? target->group_key
		: text_lower(arena, arena_printf(arena, "/subscriptions/%s", target->subscription));
	const char *location =
		target->location != NULL ? location_short(arena, target->location) : NULL;
	void *at = token != NULL ? json_object_iter_at(items, token) : json_object_iter(items);

	if (token != NULL && at == NULL)
		return refuse(response, 400, "InvalidSkipToken", "The skip token is not valid.");
	for (; at != NULL; at = json_object_iter_next(items, at)) {
		const char *key = json_object_iter_key(at);
		json_t *body = cloud_seen(&list->emulator->cloud, target->type, key);

		if (body == NULL || !cloud_in_group(key, scope) ||
			(location != NULL &&
				strcmp(json_text_at(body, "/location"), location) != 0) ||
			!filter_wants(&list->filter, arena, body))
			continue;
		if (page_is_full(list))
			return answer_list(list, response, key);
		json_array_append_new(list->value, told(target->type, body, list->request));
		for (size_t i = 0; i < target->type->nchildren; i++)
			list->children += json_array_size(
				type_children(type_at(target->type->children[i]), body));
	}
	return answer_list(list, response, NULL);
}

static bool list_children(struct listing *list, struct response *response)
{
	const struct target *target = list->target;
	json_t *root = cloud_seen(&list->emulator->cloud, target->root_type, target->root_key);
	json_t *item;
	size_t i;

	if (root == NULL)
		return refuse_missing(response, target, &list->emulator->cloud);
	if (target->type->derive != NULL) {
		json_auto_t *derived = target->type->derive(root);

		json_array_foreach (derived, i, item) {
			if (target->type->index == TYPE_INSTANCE)
				(void)told_instance(item, list->request);
		}
		json_array_extend(list->value, derived);
		return answer_list(list, response, NULL);
	}
	json_array_extend(list->value, type_children(target->type, root));
	return answer_list(list, response, NULL);
}

static bool get_list(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	json_auto_t *value = json_array();
	struct listing list = {
		.emulator = emulator, .target = target, .request = request, .value = value
	};
	bool group_missing = target->group != NULL &&
		cloud_find(&emulator->cloud, type_at(TYPE_GROUP), target->group_key) == NULL;

	if (group_missing)
		return refuse_group_missing(response, target->group);
	if (target->root != NULL)
		return list_children(&list, response);
	/* Networks' types know neither: what they do not know, Azure passes over. */
	if (target->type->filtered &&
		(!filter_read(&list.filter, request, response) ||
			!inventory_top(request, &list.most, response)))
		return false;
	return list_roots(&list, response);
}

static bool get_operation(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const struct operation *operation =
		operation_by_id(&emulator->operations, target->operation);

	if (operation == NULL)
		return refuse(response, 404, "OperationNotFound", "Operation '%s' was not found.",
			target->operation);
	if (target->kind == TARGET_OPERATION)
		return operation_status(operation, &emulator->identity, request, response);
	return operation_result(operation, &emulator->cloud, emulator->endpoint, request, response);
}

typedef bool serve_fn(
	struct emulator *, const struct target *, const struct request *, struct response *);

static const struct {
	enum target_kind kind;
	const char *method;
	serve_fn *serve;
} verbs[] = {
	{ TARGET_ITEM, "GET", get_item },
	{ TARGET_ITEM, "HEAD", head_item },
	{ TARGET_ITEM, "PUT", write_put },
	{ TARGET_ITEM, "PATCH", write_patch },
	{ TARGET_ITEM, "DELETE", write_delete },
	{ TARGET_LIST, "GET", get_list },
	{ TARGET_CONTENT, "GET", inventory_list },
	{ TARGET_RESOURCES, "GET", inventory_list },
	{ TARGET_ACTION, "GET", actions_serve },
	{ TARGET_ACTION, "POST", actions_serve },
	{ TARGET_TENANTS, "GET", tenants_list },
	{ TARGET_SUBSCRIPTIONS, "GET", subscriptions_list },
	{ TARGET_SUBSCRIPTION, "GET", subscription_get },
	{ TARGET_LOCATIONS, "GET", regions_list },
	{ TARGET_PROVIDERS, "GET", providers_list },
	{ TARGET_PROVIDER, "GET", provider_get },
	{ TARGET_REGISTRATION, "POST", provider_register },
	{ TARGET_USAGES, "GET", usages_list },
	{ TARGET_OPERATION, "GET", get_operation },
	{ TARGET_RESULT, "GET", get_operation },
};

/* YYYY-MM-DD with an optional suffix; which there are, providers_check() knows. */
static bool check_version(
	const struct target *target, const struct request *request, struct response *response)
{
	static const char shape[] = "0000-00-00";
	const char *version = request->api_version;
	bool good = version != NULL && strlen(version) >= strlen(shape) && strlen(version) <= 32;

	if (version == NULL || version[0] == '\0')
		return refuse(response, 400, "MissingApiVersionParameter",
			"The api-version query parameter (?api-version=) is required for all "
			"requests.");
	for (size_t i = 0; good && version[i] != '\0'; i++) {
		if (i < strlen(shape) && shape[i] == '0')
			good = isdigit((unsigned char)version[i]);
		else
			good = version[i] == '-' || (i > strlen(shape) && islower(version[i]));
	}
	if (good &&
		(target->provider == NULL || target->kind == TARGET_PROVIDER ||
			target->kind == TARGET_REGISTRATION))
		good = versions_arm_takes(version);
	return good ||
		refuse(response, 400, "InvalidApiVersionParameter",
			"The api-version '%s' is invalid. The supported versions are '%s'.",
			version, versions_of_arm());
}

static bool is_id(const char *text)
{
	static const char shape[] = "00000000-0000-0000-0000-000000000000";

	for (size_t i = 0; i < strlen(shape); i++) {
		if (shape[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return text[strlen(shape)] == '\0';
}

static bool check_subscription(
	const struct emulator *emulator, const struct target *target, struct response *response)
{
	const char *subscription = target->subscription;

	if (subscription == NULL || cloud_subscription(&emulator->cloud, subscription) != NULL)
		return true;
	if (!is_id(subscription))
		return refuse(response, 400, "InvalidSubscriptionId",
			"The provided subscription identifier '%s' is malformed or invalid.",
			subscription);
	return refuse(response, 404, "SubscriptionNotFound",
		"The subscription '%s' could not be found.", subscription);
}

static bool check_request(struct emulator *emulator, const struct target *target,
	const struct request *request, struct principal *principal, struct response *response)
{
	if (!auth_check(emulator, request, target->subscription, principal, response) ||
		!throttle_take(emulator, principal, target, request, response) ||
		!check_version(target, request, response))
		return false;
	return check_subscription(emulator, target, response);
}

bool arm_serve(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *scope = roles_permissions_scope(request->arena, request->path);
	struct principal principal = { 0 };

	emulator->cloud.now_ms = request->now_ms;
	operations_settle(&emulator->operations, &emulator->cloud, request->now_ms);
	if (!request->internal && !check_request(emulator, target, request, &principal, response))
		return false;
	if (scope != NULL)
		return roles_permissions(emulator, &principal, scope, request, response);
	if (!request->internal && !roles_check(emulator, &principal, target, request, response))
		return false;
	if (target->kind == TARGET_UNKNOWN)
		return providers_refuse(emulator, target, request, response);
	if (!request->internal && !providers_check(emulator, target, request, response))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (verbs[i].kind == target->kind && strcmp(verbs[i].method, request->method) == 0)
			return verbs[i].serve(emulator, target, request, response);
	}
	return refuse_method(response, request);
}
