/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/write.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/machines.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/shape.h"

/* Half of what a store can be read with, which has bodies some levels deeper. */
#define BODY_LEVELS 1000

/* The value between the quotes: W/"x", "x" and x are one. */
static const char *etag_value(struct arena *arena, const char *etag)
{
	size_t len;

	if (strncmp(etag, "W/", 2) == 0)
		etag += 2;
	len = strlen(etag);
	if (len >= 2 && etag[0] == '"' && etag[len - 1] == '"')
		return arena_strndup(arena, etag + 1, len - 2);
	return etag;
}

static bool refuse_precondition(struct write *w, const json_t *item, const char *given)
{
	const char *etag = json_text_at(item, "/etag");

	if (w->target->type->numbered_etag)
		return refuse(w->response, 412, "PreconditionFailed",
			"Etag provided in if-match header \"%s\" does not match etag %s of "
			"resource.",
			given, etag);
	refuse(w->response, 412, "PreconditionFailed", "Precondition failed.");
	return refuse_detail(w->response, "PreconditionFailedEtagMismatch",
		"Etag provided in if-match header W/\"%s\" does not match etag %s of resource %s "
		"in "
		"NRP data store.",
		given, etag != NULL ? etag : "", json_text_at(item, "/id"));
}

static bool check_preconditions(struct write *w, const json_t *item)
{
	struct arena *arena = w->request->arena;
	const char *match = w->request->if_match, *none_match = w->request->if_none_match;

	if (none_match != NULL && item != NULL) {
		refuse(w->response, 412, "PreconditionFailed", "Precondition failed.");
		return refuse_detail(w->response, "PreconditionFailedResourceExists",
			"Resource %s exists already.", json_text_at(item, "/id"));
	}
	if (match == NULL)
		return true;
	if (item == NULL) {
		refuse(w->response, 412, "PreconditionFailed", "Precondition failed.");
		return refuse_detail(w->response, "PreconditionFailedResourceMissing",
			"The resource does not exist.");
	}
	const char *etag = json_text_at(item, "/etag");

	if (strcmp(match, "*") == 0 || etag == NULL)
		return true;
	match = etag_value(arena, match);
	return strcmp(match, etag_value(arena, etag)) == 0 || refuse_precondition(w, item, match);
}

static bool check_free(struct write *w)
{
	const struct emulator *emulator = w->emulator;
	const struct operation *group =
		operation_running(&emulator->operations, w->target->group_key);
	const struct operation *running =
		operation_running(&emulator->operations, w->target->root_key);

	if (w->request->internal)
		return true;
	if (group != NULL)
		return refuse(w->response, 409, "ResourceGroupBeingDeleted",
			"The resource group '%s' is in deprovisioning state and cannot perform "
			"this "
			"operation.",
			w->target->group);
	return running == NULL ||
		refuse_busy(w->response, w->request, emulator->endpoint, &emulator->cloud, running);
}

static json_t *item_of(const struct target *target, json_t *root)
{
	if (root == NULL || target->child == NULL)
		return root;
	return cloud_child(target->type, root, target->child, NULL);
}

/* NOLINTNEXTLINE(misc-no-recursion): by as much as `levels` */
static bool is_deeper(const json_t *value, size_t levels)
{
	const char *key;
	json_t *item;
	size_t i;

	json_object_foreach ((json_t *)value, key, item) {
		if (levels == 0 || is_deeper(item, levels - 1))
			return true;
	}
	json_array_foreach (value, i, item) {
		if (levels == 0 || is_deeper(item, levels - 1))
			return true;
	}
	return false;
}

static json_t *parse_body(struct write *w)
{
	char *why = NULL;
	json_t *body = json_parse(w->request->arena, w->request->body, w->request->body_len,
		w->request->body_len, &why);

	if (body == NULL) {
		refuse_content(w->response, why);
	} else if (!json_is_object(body)) {
		refuse_content(w->response, "an object was expected");
		json_decref(body);
		body = NULL;
	} else if (is_deeper(body, BODY_LEVELS)) {
		refuse_content(w->response, "it is nested too deeply");
		json_decref(body);
		body = NULL;
	}
	return body;
}

/* The root as it would be; NULL with a refusal. */
static json_t *build_root(struct write *w, const json_t *sent)
{
	const struct target *target = w->target;
	const struct cloud *cloud = &w->emulator->cloud;
	const char *parent = arena_printf(w->request->arena, "/subscriptions/%s",
		cloud_subscription(cloud, target->subscription));
	const json_t *before;
	json_t *root, *child;
	size_t index;

	if (target->child == NULL) {
		if (target->type->index != TYPE_GROUP)
			parent = json_text_at(
				cloud_find(cloud, type_at(TYPE_GROUP), target->group_key), "/id");
		return shape_item(w, target->type, parent, target->name, sent, w->before);
	}
	before = cloud_child(target->type, w->before, target->child, &index);
	child = shape_item(
		w, target->type, json_text_at(w->before, "/id"), target->child, sent, before);
	if (child == NULL)
		return NULL;
	root = json_deep_copy(w->before);
	if (before != NULL)
		json_array_set_new(type_children(target->type, root), index, child);
	else
		json_array_append_new(type_children(target->type, root), child);
	return root;
}

static bool check_place(struct write *w)
{
	const struct target *target = w->target;

	if (target->type->index == TYPE_GROUP)
		return true;
	if (cloud_find(&w->emulator->cloud, type_at(TYPE_GROUP), target->group_key) == NULL)
		return refuse_group_missing(w->response, target->group);
	if (target->child != NULL && w->before == NULL)
		return refuse_parent_missing(w->response, target);
	return true;
}

/* Stores the root and starts what follows. Steals `root_new`. */
static void put_root(struct write *w, json_t *root_new, bool existed)
{
	struct emulator *emulator = w->emulator;
	const struct resource_type *type = w->target->type;
	uint64_t duration = w->request->internal ? 0 : emulator->options.operation_ms;
	const char *state = existed ? "Updating" : type->new_state;
	json_t *root = json_incref(root_new);

	cloud_stamp(w->target->root_type, root);
	if (w->request->failure == NULL)
		cloud_set(&emulator->cloud, w->target->root_type, w->target->root_key, root_new);
	else
		json_decref(root_new);
	/* What will fail never says at first that it has succeeded: clients would believe it. */
	if (w->request->failure != NULL)
		json_put(item_of(w->target, root), "/properties/provisioningState",
			json_string(state));
	if (existed ? type->again_waits : type->new_waits)
		operation_headers(operation_begin(&emulator->operations, &emulator->cloud,
					  w->target, w->request, duration, state),
			&emulator->cloud, emulator->endpoint, w->request, w->response);
	if (type->numbered_etag)
		response_header(w->response, "ETag", "%s", json_text_at(root, "/etag"));
	response_json(w->response, existed ? type->again_status : 201,
		type_told(type, item_of(w->target, root)));
	json_decref(root);
}

/* Steals the root. */
static bool put_checked(struct write *w, json_t *root_new, bool existed)
{
	const struct resource_type *type = w->target->root_type;

	if (type->check != NULL && !type->check(w, root_new)) {
		json_decref(root_new);
		return false;
	}
	put_root(w, root_new, existed);
	return true;
}

bool write_put(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	struct write w = { emulator, request, response, target,
		cloud_find(&emulator->cloud, target->root_type, target->root_key) };
	const json_t *item = item_of(target, (json_t *)w.before);
	json_t *root;

	if (target->type->derive != NULL)
		return refuse_method(response, request);
	json_auto_t *sent = parse_body(&w);
	if (sent == NULL || !check_place(&w) || !check_preconditions(&w, item) || !check_free(&w))
		return false;
	root = build_root(&w, sent);
	return root != NULL && put_checked(&w, root, item != NULL);
}

/* An object member by member; a null says nothing. */
/* NOLINTNEXTLINE(misc-no-recursion): by BODY_LEVELS */
static void merge(json_t *into, const json_t *sent)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)sent, key, value) {
		if (json_is_object(value) && !json_is_object(json_object_get(into, key)))
			json_object_set_new(into, key, json_object());
		if (json_is_object(value))
			merge(json_object_get(into, key), value);
		else if (!json_is_null(value))
			json_object_set(into, key, value);
	}
}

/* What a PUT would have to say for what a PATCH says. Tags are replaced as a whole. New. */
static json_t *patched(const struct resource_type *type, const json_t *before, const json_t *sent)
{
	json_t *root = json_deep_copy(before), *tags = json_object_get(sent, "tags");

	if (type->patched)
		merge(root, sent);
	if (tags != NULL && !json_is_null(tags))
		json_object_set(root, "tags", tags);
	return root;
}

bool write_patch(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	struct write w = { emulator, request, response, target,
		cloud_find(&emulator->cloud, target->root_type, target->root_key) };
	json_t *root;

	if (target->child != NULL)
		return refuse_method(response, request);
	if (w.before == NULL)
		return refuse_missing(response, target, &emulator->cloud);
	json_auto_t *sent = parse_body(&w);
	if (sent == NULL || !check_preconditions(&w, w.before) || !check_free(&w))
		return false;
	json_auto_t *said = patched(target->type, w.before, sent);
	root = build_root(&w, said);
	if (root == NULL)
		return false;
	if (target->type->patched)
		return put_checked(&w, root, true);
	cloud_stamp(target->root_type, root);
	cloud_set(&emulator->cloud, target->root_type, target->root_key, root);
	return response_json(response, 200, type_told(target->type, root));
}

bool write_delete(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	json_t *root = cloud_find(&emulator->cloud, target->root_type, target->root_key);
	json_t *item = item_of(target, root);
	struct write w = { emulator, request, response, target, root };
	uint64_t duration = request->internal ? 0 : emulator->options.operation_ms;

	if (cloud_find(&emulator->cloud, type_at(TYPE_GROUP), target->group_key) == NULL)
		return refuse_group_missing(response, target->group);
	if (target->type->derive != NULL)
		return refuse_method(response, request);
	if (item == NULL)
		return response_json(response, 204, NULL);
	if (!check_preconditions(&w, item) || !check_free(&w))
		return false;
	if (target->child == NULL && !check_unused(&w, target->root_type, root))
		return false;
	if (target->type->index == TYPE_SUBNET && !check_subnet_unused(&w, item))
		return false;
	operation_headers(operation_begin(&emulator->operations, &emulator->cloud, target, request,
				  duration, "Deleting"),
		&emulator->cloud, emulator->endpoint, request, response);
	emulator->cloud.changed = true;
	return response_json(response, target->type->delete_status, NULL);
}
