/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/cloud.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/links.h"
#include "providers/emulator/providers.h"

#define STORE_BYTES ((size_t)4 << 30)
#define STORE_FORMAT 2
#define HOLES_MAX 1000

void cloud_init(struct cloud *cloud)
{
	*cloud = (struct cloud){
		.subscription = mem_strdup(CLOUD_SUBSCRIPTION),
		.tenant = mem_strdup(CLOUD_TENANT),
		.limits = json_object(),
		.directory = json_object(),
		.more = json_array(),
		.providers = providers_new(),
	};
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		cloud->items[i] = json_object();
		cloud->before[i] = json_object();
	}
	cloud->times = json_object();
}

void cloud_release(struct cloud *cloud)
{
	json_decref(cloud->times);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		json_decref(cloud->items[i]);
		json_decref(cloud->before[i]);
	}
	json_decref(cloud->limits);
	json_decref(cloud->directory);
	json_decref(cloud->providers);
	free(cloud->subscription);
	free(cloud->tenant);
	json_decref(cloud->more);
}

void cloud_name(struct cloud *cloud, const char *subscription, const char *tenant)
{
	if (subscription != NULL) {
		free(cloud->subscription);
		cloud->subscription = mem_strdup(subscription);
	}
	if (tenant != NULL) {
		free(cloud->tenant);
		cloud->tenant = mem_strdup(tenant);
	}
}

const char *cloud_subscription(const struct cloud *cloud, const char *id)
{
	size_t i;
	json_t *item;

	if (text_same_nocase(cloud->subscription, id))
		return cloud->subscription;
	json_array_foreach (cloud->more, i, item) {
		if (text_same_nocase(json_string_value(item), id))
			return json_string_value(item);
	}
	return NULL;
}

void cloud_add_subscription(struct cloud *cloud, const char *id)
{
	if (cloud_subscription(cloud, id) == NULL)
		json_array_append_new(cloud->more, json_string(id));
}

json_t *cloud_find(
	const struct cloud *cloud, const struct resource_type *root_type, const char *key)
{
	json_t *body = json_object_get(cloud->items[root_type->index], key);

	return json_is_object(body) ? body : NULL;
}

json_t *cloud_child(
	const struct resource_type *child_type, const json_t *root, const char *name, size_t *index)
{
	json_t *child;
	size_t i;

	json_array_foreach (type_children(child_type, root), i, child) {
		const char *other = json_text_at(child, "/name");

		if (other != NULL && text_same_nocase(other, name)) {
			if (index != NULL)
				*index = i;
			return child;
		}
	}
	return NULL;
}

json_t *cloud_by_id(
	const struct cloud *cloud, struct arena *arena, const char *id, struct target *of)
{
	struct target target = target_parse(arena, id);

	if (of != NULL)
		*of = target;
	if (target.kind != TARGET_ITEM)
		return NULL;
	json_t *root = cloud_find(cloud, target.root_type, target.root_key);

	return target.child == NULL ? root : cloud_child(target.type, root, target.child, NULL);
}

json_t *cloud_seen(
	const struct cloud *cloud, const struct resource_type *root_type, const char *key)
{
	const json_t *entry =
		cloud->lag_ms > 0 ? json_object_get(cloud->before[root_type->index], key) : NULL;
	json_int_t until = json_integer_value(json_object_get(entry, "until"));

	if (entry == NULL || (uint64_t)until <= cloud->now_ms)
		return cloud_find(cloud, root_type, key);
	return json_object_get(entry, "body");
}

/* What is over is forgotten when something new comes. */
static void remember(
	struct cloud *cloud, const struct resource_type *root_type, const char *key, json_t *before)
{
	json_t *entries = cloud->before[root_type->index];
	uint64_t until = cloud->now_ms + cloud->lag_ms;
	const char *name;
	json_t *entry;
	void *next;

	if (cloud->lag_ms == 0)
		return;
	json_object_foreach_safe (entries, next, name, entry) {
		if ((uint64_t)json_integer_value(json_object_get(entry, "until")) <= cloud->now_ms)
			json_object_del(entries, name);
	}
	json_object_set_new(
		entries, key, json_pack("{s:I,s:O*}", "until", (json_int_t)until, "body", before));
}

/* Pages that go on after what was removed can do so until there are very many of those. */
static void count_hole(struct cloud *cloud)
{
	const char *key;
	json_t *body;
	void *next;

	if (++cloud->holes < HOLES_MAX)
		return;
	cloud->holes = 0;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		json_object_foreach_safe (cloud->items[i], next, key, body) {
			if (json_is_null(body))
				json_object_del(cloud->items[i], key);
		}
	}
}

static void note_time(struct cloud *cloud, const char *key, bool made)
{
	json_t *entry = json_object_get(cloud->times, key);
	json_int_t now = (json_int_t)cloud->now_ms;

	if (made || entry == NULL)
		json_object_set_new(
			cloud->times, key, json_pack("{s:I,s:I}", "created", now, "changed", now));
	else
		json_object_set_new(entry, "changed", json_integer(now));
}

bool cloud_times(const struct cloud *cloud, const char *key, uint64_t *created, uint64_t *changed)
{
	const json_t *entry = json_object_get(cloud->times, key);

	*created = (uint64_t)json_integer_value(json_object_get(entry, "created"));
	*changed = (uint64_t)json_integer_value(json_object_get(entry, "changed"));
	return entry != NULL;
}

void cloud_set(struct cloud *cloud, const struct resource_type *root_type, const char *key,
	json_t *body_new)
{
	json_t *before = cloud_find(cloud, root_type, key);

	remember(cloud, root_type, key, before);
	if (before != NULL)
		links_drop(cloud, root_type, before);
	json_object_set_new(cloud->items[root_type->index], key, body_new);
	note_time(cloud, key, before == NULL);
	links_add(cloud, root_type, body_new);
	cloud->changed = true;
}

void cloud_remove(struct cloud *cloud, const struct resource_type *root_type, const char *key)
{
	json_t *before = cloud_find(cloud, root_type, key);

	if (before == NULL)
		return;
	remember(cloud, root_type, key, before);
	links_drop(cloud, root_type, before);
	json_object_set_new(cloud->items[root_type->index], key, json_null());
	json_object_del(cloud->times, key);
	cloud->changed = true;
	count_hole(cloud);
}

static void stamp_list(json_t *list, const json_t *etag)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		json_object_set(item, "etag", (json_t *)etag);
}

void cloud_stamp(const struct resource_type *root_type, json_t *root)
{
	char text[64];

	if (root_type->index == TYPE_GROUP)
		return;
	if (root_type->numbered_etag) {
		const char *before = json_text_at(root, "/etag");
		long number = before != NULL ? strtol(before + 1, NULL, 10) : 0;

		(void)snprintf(text, sizeof(text), "\"%ld\"", number + 1);
	} else {
		char id[37];

		uuid_random(id);
		(void)snprintf(text, sizeof(text), "W/\"%s\"", id);
	}
	json_t *etag = json_string(text);

	json_object_set_new(root, "etag", etag);
	for (size_t i = 0; i < root_type->nchildren; i++)
		stamp_list(type_children(type_at(root_type->children[i]), root), etag);
	stamp_list(json_at(root, "/properties/ipConfigurations"), etag);
}

void cloud_set_state(const struct resource_type *root_type, json_t *root, const char *state)
{
	json_t *child;
	size_t i;

	json_put(root, "/properties/provisioningState", json_string(state));
	for (size_t n = 0; n < root_type->nchildren; n++) {
		json_array_foreach (type_children(type_at(root_type->children[n]), root), i, child)
			json_put(child, "/properties/provisioningState", json_string(state));
	}
}

bool cloud_in_group(const char *key, const char *group_key)
{
	size_t len = strlen(group_key);

	return strncmp(key, group_key, len) == 0 && (key[len] == '/' || key[len] == '\0');
}

static json_t *all_bodies(const struct cloud *cloud)
{
	json_t *out = json_array();
	const char *key;
	json_t *body;

	for (size_t i = 0; i < TYPE_COUNT; i++) {
		json_object_foreach (cloud->items[i], key, body) {
			if (json_is_object(body))
				json_array_append(out, body);
		}
	}
	return out;
}

bool cloud_save(struct cloud *cloud, const char *path, struct diags *diags)
{
	struct arena *arena = arena_new();
	const char *beside = arena_printf(arena, "%s.%ld.new", path, (long)getpid());
	json_auto_t *file = json_pack("{s:i,s:s,s:O,s:s,s:O,s:O,s:O,s:o}", "format", STORE_FORMAT,
		"subscription", cloud->subscription, "subscriptions", cloud->more, "tenant",
		cloud->tenant, "limits", cloud->limits, "directory", cloud->directory, "providers",
		cloud->providers, "resources", all_bodies(cloud));
	bool saved = json_dump_file(file, beside, JSON_COMPACT) == 0 && rename(beside, path) == 0;

	if (saved) {
		cloud->changed = false;
	} else {
		diag_error(diags, PLACE_NONE, "store-not-written", "cannot write `%s`: %s",
			arena_strdup(diags->arena, path), strerror(errno));
		(void)unlink(beside);
	}
	arena_free(arena);
	return saved;
}

static void drop_leaving(json_t *children)
{
	for (size_t i = json_array_size(children); i-- > 0;) {
		const char *state =
			json_text_at(json_array_get(children, i), "/properties/provisioningState");

		if (state != NULL && strcmp(state, "Deleting") == 0)
			json_array_remove(children, i);
	}
}

/* What was in progress has ended while nobody looked. */
static void load_body(struct cloud *cloud, struct arena *arena, json_t *body)
{
	const char *id = json_text_at(body, "/id");
	struct target target = target_parse(arena, id != NULL ? id : "");
	const char *state = json_text_at(body, "/properties/provisioningState");

	if (target.kind != TARGET_ITEM || target.child != NULL)
		return;
	if (state != NULL && strcmp(state, "Deleting") == 0)
		return;
	for (size_t n = 0; n < target.root_type->nchildren; n++)
		drop_leaving(type_children(type_at(target.root_type->children[n]), body));
	cloud_set_state(target.root_type, body, "Succeeded");
	json_object_set(cloud->items[target.root_type->index], target.root_key, body);
}

/* The members that are computed are built anew, since something may have been left out. */
static void relink(struct cloud *cloud)
{
	const char *key;
	json_t *body, *child;
	size_t i;

	json_object_foreach (cloud->items[TYPE_TABLE], key, body)
		json_drop(body, "/properties/subnets");
	json_object_foreach (cloud->items[TYPE_NIC], key, body) {
		json_drop(body, "/properties/virtualMachine");
		json_drop(body, "/properties/macAddress");
	}
	json_object_foreach (cloud->items[TYPE_NETWORK], key, body) {
		json_array_foreach (json_at(body, "/properties/subnets"), i, child)
			json_drop(child, "/properties/ipConfigurations");
	}
	for (i = 0; i < TYPE_COUNT; i++) {
		json_object_foreach (cloud->items[i], key, body)
			links_add(cloud, type_at((enum type_index)i), body);
	}
}

bool cloud_load(struct cloud *cloud, const char *path, struct diags *diags)
{
	struct arena *arena = arena_new();
	char *why = NULL;
	size_t len = 0;
	char *text = text_read_file(path, STORE_BYTES, &len);
	json_auto_t *file = text != NULL ? json_parse(arena, text, len, STORE_BYTES, &why) : NULL;
	json_t *body;
	size_t i;
	bool good = json_is_object(file) &&
		json_integer_value(json_object_get(file, "format")) == STORE_FORMAT;

	if (!good) {
		diag_error(diags, PLACE_NONE, "store-unreadable", "cannot read the store `%s`: %s",
			path,
			why != NULL            ? why
				: text == NULL ? strerror(errno)
					       : "another format");
	} else {
		cloud_name(
			cloud, json_text_at(file, "/subscription"), json_text_at(file, "/tenant"));
		json_object_update(cloud->limits, json_object_get(file, "limits"));
		json_object_update(cloud->directory, json_object_get(file, "directory"));
		providers_load(cloud, json_object_get(file, "providers"));
		json_array_foreach (json_object_get(file, "subscriptions"), i, body) {
			if (json_is_string(body))
				cloud_add_subscription(cloud, json_string_value(body));
		}
		json_array_foreach (json_object_get(file, "resources"), i, body)
			load_body(cloud, arena, body);
		relink(cloud);
	}
	free(text);
	arena_free(arena);
	return good;
}

static void drop_noise(json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_object(value)) {
		json_object_del(value, "etag");
		json_object_del(value, "provisioningState");
		json_object_foreach (value, key, item)
			drop_noise(item);
	}
	json_array_foreach (value, i, item)
		drop_noise(item);
}

json_t *cloud_dump(const struct cloud *cloud)
{
	json_auto_t *bodies = all_bodies(cloud);
	json_t *out = json_object();
	json_t *body;
	size_t i;

	json_array_foreach (bodies, i, body) {
		json_t *copy = json_deep_copy(body);

		drop_noise(copy);
		json_object_set_new(out, json_string_value(json_object_get(body, "id")), copy);
	}
	return out;
}
