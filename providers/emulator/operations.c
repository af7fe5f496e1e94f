/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/operations.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/faults.h"
#include "providers/emulator/machine_state.h"

#define ANY_API_VERSION "2024-05-01"

static void operation_clear(struct operation *operation)
{
	free(operation->root_key);
	free(operation->child);
	free(operation->location);
	free(operation->code);
	free(operation->message);
	json_decref(operation->answer);
	*operation = (struct operation){ .settled = true };
}

void operations_release(struct operations *operations)
{
	for (size_t i = 0; i < OPERATIONS_KEPT; i++)
		operation_clear(&operations->items[i]);
}

static const char *outsider(const json_t *users, const char *group_key)
{
	struct arena *arena = arena_new();
	const char *found = NULL;
	json_t *user;
	size_t i;

	json_array_foreach (users, i, user) {
		const char *id = json_text_at(user, "/id");

		if (!cloud_in_group(text_lower(arena, id), group_key))
			found = id;
	}
	arena_free(arena);
	return found;
}

/* A group goes with all that is in it; what uses a part of it from outside stops that. NULL when
 * nothing does. */
static const char *group_holder(const struct cloud *cloud, const char *group_key)
{
	const char *found = NULL;
	const char *key;
	json_t *body, *subnet;
	size_t i;

	json_object_foreach (cloud->items[TYPE_TABLE], key, body) {
		if (found == NULL && cloud_in_group(key, group_key))
			found = outsider(json_at(body, "/properties/subnets"), group_key);
	}
	json_object_foreach (cloud->items[TYPE_NETWORK], key, body) {
		if (!cloud_in_group(key, group_key))
			continue;
		json_array_foreach (json_at(body, "/properties/subnets"), i, subnet) {
			if (found == NULL)
				found = outsider(
					json_at(subnet, "/properties/ipConfigurations"), group_key);
		}
	}
	return found;
}

static void delete_group(struct operation *operation, struct cloud *cloud)
{
	const char *holder = group_holder(cloud, operation->root_key);
	const char *key;
	json_t *body;
	void *next;

	if (holder != NULL) {
		operation->status = 409;
		operation->code = mem_strdup("ResourceGroupDeletionBlocked");
		operation->message = mem_strdup(holder);
		cloud_set_state(operation->root_type,
			cloud_find(cloud, operation->root_type, operation->root_key), "Succeeded");
		return;
	}
	for (size_t i = TYPE_COUNT; i-- > 0;) {
		json_object_foreach_safe (cloud->items[i], next, key, body) {
			if (json_is_object(body) && cloud_in_group(key, operation->root_key))
				cloud_remove(cloud, type_at((enum type_index)i), key);
		}
	}
}

static void delete_child(const struct operation *operation, struct cloud *cloud, json_t *root)
{
	json_t *after = json_deep_copy(root);
	size_t index;

	if (cloud_child(operation->type, after, operation->child, &index) != NULL) {
		json_array_remove(type_children(operation->type, after), index);
		cloud_stamp(operation->root_type, after);
	}
	cloud_set_state(operation->root_type, after, "Succeeded");
	cloud_set(cloud, operation->root_type, operation->root_key, after);
}

static void operation_settle(
	struct operations *operations, struct operation *operation, struct cloud *cloud)
{
	json_t *root = cloud_find(cloud, operation->root_type, operation->root_key);

	operation->settled = true;
	operations->running--;
	if (root == NULL || operation->answer != NULL)
		return;
	cloud->changed = true;
	if (operation->power != NULL && operation->code == NULL)
		machine_set_power(root, operation->power);
	if (!operation->deletes || operation->code != NULL)
		cloud_set_state(operation->root_type, root, "Succeeded");
	else if (operation->type->index == TYPE_GROUP)
		delete_group(operation, cloud);
	else if (operation->child != NULL)
		delete_child(operation, cloud, root);
	else
		cloud_remove(cloud, operation->root_type, operation->root_key);
}

void operations_settle(struct operations *operations, struct cloud *cloud, uint64_t now_ms)
{
	for (size_t i = 0; operations->running > 0 && i < OPERATIONS_KEPT; i++) {
		struct operation *operation = &operations->items[i];

		if (operation->root_key != NULL && !operation->settled &&
			operation->ends_ms <= now_ms)
			operation_settle(operations, operation, cloud);
	}
}

/* An operation on a child makes its root Updating too, but none of the child's sisters. */
static void set_states(const struct operation *operation, json_t *root, const char *state)
{
	json_t *child;

	if (operation->child == NULL) {
		cloud_set_state(operation->root_type, root, state);
		return;
	}
	json_put(root, "/properties/provisioningState", json_string("Updating"));
	child = cloud_child(operation->type, root, operation->child, NULL);
	if (child != NULL)
		json_put(child, "/properties/provisioningState", json_string(state));
}

/* One that has not changed anything yet. */
static struct operation *operation_new(struct operations *operations, struct cloud *cloud,
	const struct target *target, const struct request *request, uint64_t duration_ms)
{
	struct operation *operation = &operations->items[operations->begun++ % OPERATIONS_KEPT];
	json_t *root = cloud_find(cloud, target->root_type, target->root_key);
	const char *location = json_text_at(root, "/location");

	/* What could not be made is nowhere: its group is where it was to be. */
	if (location == NULL)
		location = json_text_at(
			cloud_find(cloud, type_at(TYPE_GROUP), target->group_key), "/location");
	if (operation->root_key != NULL && !operation->settled)
		operation_settle(operations, operation, cloud);
	operation_clear(operation);
	*operation = (struct operation){
		.type = target->type,
		.root_type = target->root_type,
		.root_key = mem_strdup(target->root_key),
		.child = target->child != NULL ? mem_strdup(target->child) : NULL,
		.location = mem_strdup(location != NULL ? location : "global"),
		.deletes = strcmp(request->method, "DELETE") == 0,
		.ends_ms = request->now_ms + duration_ms,
		.begins_ms = request->now_ms,
		.takes_ms = duration_ms,
	};
	uuid_random(operation->id);
	if (request->failure != NULL) {
		operation->canceled = request->failure->canceled;
		operation->status = request->failure->status;
		operation->code = mem_strdup(request->failure->code);
		operation->message = mem_strdup(request->failure->message);
	}
	operations->running++;
	return operation;
}

/* A failing one may fail at once, too: nothing is to be seen of it in between. */
static struct operation *operation_run(struct operations *operations, struct cloud *cloud,
	struct operation *operation, const struct request *request, const char *state)
{
	json_t *root = cloud_find(cloud, operation->root_type, operation->root_key);

	if (root != NULL && operation->answer == NULL)
		set_states(operation, root, state);
	if (operation->ends_ms <= request->now_ms)
		operation_settle(operations, operation, cloud);
	return operation;
}

struct operation *operation_begin(struct operations *operations, struct cloud *cloud,
	const struct target *target, const struct request *request, uint64_t duration_ms,
	const char *state)
{
	return operation_run(operations, cloud,
		operation_new(operations, cloud, target, request, duration_ms), request, state);
}

/* Answers are large: of those that are ready, only the last are remembered. */
static void forget_answers(struct operations *operations)
{
	size_t kept = 0;

	for (size_t n = 1; n <= OPERATIONS_KEPT && n <= operations->begun; n++) {
		struct operation *operation =
			&operations->items[(operations->begun - n) % OPERATIONS_KEPT];

		if (operation->answer != NULL && operation->settled && ++kept > ANSWERS_KEPT)
			operation_clear(operation);
	}
}

struct operation *operation_begin_question(struct operations *operations, struct cloud *cloud,
	const struct target *target, const struct request *request, uint64_t duration_ms,
	json_t *answer_new)
{
	struct operation *operation =
		operation_new(operations, cloud, target, request, duration_ms);

	operation->answer = answer_new;
	forget_answers(operations);
	return operation_run(operations, cloud, operation, request, NULL);
}

struct operation *operation_begin_power(struct operations *operations, struct cloud *cloud,
	const struct target *target, const struct request *request, uint64_t duration_ms,
	const char *power)
{
	struct operation *operation =
		operation_new(operations, cloud, target, request, duration_ms);

	operation->power = power;
	return operation_run(operations, cloud, operation, request, "Updating");
}

const struct operation *operation_running(const struct operations *operations, const char *root_key)
{
	for (size_t i = 0; operations->running > 0 && i < OPERATIONS_KEPT; i++) {
		const struct operation *operation = &operations->items[i];

		if (operation->root_key != NULL && !operation->settled &&
			operation->answer == NULL && strcmp(operation->root_key, root_key) == 0)
			return operation;
	}
	return NULL;
}

const struct operation *operation_by_id(const struct operations *operations, const char *id)
{
	for (size_t i = 0; i < OPERATIONS_KEPT; i++) {
		if (operations->items[i].root_key != NULL &&
			text_same_nocase(operations->items[i].id, id))
			return &operations->items[i];
	}
	return NULL;
}

static const char *subscription_of(
	const struct operation *operation, const struct cloud *cloud, struct arena *arena)
{
	const char *id = operation->root_key + strlen("/subscriptions/");

	return cloud_subscription(cloud, arena_strndup(arena, id, strcspn(id, "/")));
}

uint64_t operation_remaining_ms(const struct operation *operation, uint64_t now_ms)
{
	return operation->settled || operation->ends_ms <= now_ms ? 0 : operation->ends_ms - now_ms;
}

void operation_retry_headers(struct response *response, uint64_t remaining_ms)
{
	response_header(response, "Retry-After", "1");
	response_header(response, "retry-after-ms", "%" PRIu64, remaining_ms);
}

/* The signature is made up; it is there so that clients use the address as it came. */
static const char *poll_address(const struct operation *operation, const struct cloud *cloud,
	const char *endpoint, const struct request *request, const char *kind)
{
	const char *version = request->api_version != NULL ? request->api_version : ANY_API_VERSION;
	const char *subscription = subscription_of(operation, cloud, request->arena);

	if (operation->type->index == TYPE_GROUP)
		return arena_printf(request->arena,
			"%s/subscriptions/%s/operationresults/%s?api-version=%s&t=t&c=c&s=s&h=h",
			endpoint, subscription, operation->id, version);
	return arena_printf(request->arena,
		"%s/subscriptions/%s/providers/%s/locations/%s/%s/"
		"%s?api-version=%s&t=t&c=c&s=s&h=h",
		endpoint, subscription, operation->type->provider, operation->location, kind,
		operation->id, version);
}

const char *operation_status_address(const struct operation *operation, const struct cloud *cloud,
	const char *endpoint, const struct request *request)
{
	return poll_address(operation, cloud, endpoint, request, "operations");
}

void operation_headers(const struct operation *operation, const struct cloud *cloud,
	const char *endpoint, const struct request *request, struct response *response)
{
	if (operation->type->index != TYPE_GROUP) {
		response_header(response, "Azure-AsyncOperation", "%s",
			operation_status_address(operation, cloud, endpoint, request));
		response_header(response, "Azure-AsyncNotification", "Enabled");
	}
	if (operation->deletes || operation->answer != NULL || operation->power != NULL)
		response_header(response, "Location", "%s",
			poll_address(operation, cloud, endpoint, request, "operationResults"));
	operation_retry_headers(response, operation_remaining_ms(operation, request->now_ms));
}

/* Compute also tells when it was. */
static json_t *status_told(const struct operation *operation, const struct identity *identity,
	const struct request *request, const char *status)
{
	json_t *out = json_pack("{s:s}", "status", status);

	if (!operation->type->numbered_etag)
		return out;
	json_object_set_new(out, "name", json_string(operation->id));
	json_object_set_new(out, "startTime",
		json_string(
			identity_time(request->arena, identity_s(identity, operation->begins_ms))));
	if (operation->settled)
		json_object_set_new(out, "endTime",
			json_string(identity_time(request->arena,
				identity_s(identity, operation->begins_ms + operation->takes_ms))));
	return out;
}

bool operation_status(const struct operation *operation, const struct identity *identity,
	const struct request *request, struct response *response)
{
	if (!operation->settled) {
		operation_retry_headers(
			response, operation_remaining_ms(operation, request->now_ms));
		return response_json(
			response, 200, status_told(operation, identity, request, "InProgress"));
	}
	if (operation->code == NULL)
		return response_json(
			response, 200, status_told(operation, identity, request, "Succeeded"));
	json_t *told = status_told(
		operation, identity, request, operation->canceled ? "Canceled" : "Failed");

	json_object_set_new(told, "error",
		json_pack("{s:s,s:s,s:[]}", "code", operation->code, "message", operation->message,
			"details"));
	return response_json(response, 200, told);
}

/* What a PUT has made, as its own answer would have told it; NULL when it has gone since. */
static json_t *told_item(const struct operation *operation, const struct cloud *cloud)
{
	json_t *item = cloud_find(cloud, operation->root_type, operation->root_key);

	if (item != NULL && operation->child != NULL)
		item = cloud_child(operation->type, item, operation->child, NULL);
	return item != NULL ? type_told(operation->type, item) : NULL;
}

bool operation_result(const struct operation *operation, const struct cloud *cloud,
	const char *endpoint, const struct request *request, struct response *response)
{
	if (!operation->settled) {
		operation_headers(operation, cloud, endpoint, request, response);
		return response_json(response, 202, NULL);
	}
	if (operation->code != NULL)
		return refuse(
			response, operation->status, operation->code, "%s", operation->message);
	if (operation->answer != NULL)
		return response_json(response, 200, json_incref(operation->answer));
	if (operation->deletes && operation->type->index != TYPE_GROUP)
		return response_json(response, 204, NULL);
	return response_json(response, 200,
		operation->deletes || operation->power != NULL ? NULL
							       : told_item(operation, cloud));
}
