/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_cloud.h"

#include <assert.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

json_t *fake_json(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json_t *value = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert(value);
	return arena_json(arena, value);
}

/* The list in the parent's body that an id's last two segments name, or NULL. */
static json_t *enclosing_list(struct fake_cloud *cloud, const char *id)
{
	struct arm_id parsed;
	if (!arm_id_parse(cloud->arena, id, &parsed) || !parsed.parent)
		return NULL;
	json_t *parent = json_object_get(cloud->bodies, arm_id_key(cloud->arena, parsed.parent));
	const char *section = strrchr(parsed.type, '/') + 1;
	return json_at(parent, arena_printf(cloud->arena, "/properties/%s", section));
}

json_t *fake_cloud_at(struct fake_cloud *cloud, const char *id)
{
	json_t *body = json_object_get(cloud->bodies, arm_id_key(cloud->arena, id));
	if (body)
		return body;
	const char *name = strrchr(id, '/') + 1;
	size_t i;
	json_t *item;
	json_array_foreach (enclosing_list(cloud, id), i, item) {
		if (text_same_nocase(json_text_at(item, "/name"), name))
			return item;
	}
	return NULL;
}

static const char *next_etag(struct fake_cloud *cloud)
{
	return arena_printf(cloud->arena, "W/\"%u\"", ++cloud->etag);
}

static void name_body(struct fake_cloud *cloud, const char *id, json_t *body)
{
	json_object_set_new(body, "id", json_string(id));
	json_object_set_new(body, "name", json_string(strrchr(id, '/') + 1));
	json_object_set_new(body, "etag", json_string(next_etag(cloud)));
	(void)json_put(body, "/properties/provisioningState", json_string("Succeeded"));
}

static void put(struct fake_cloud *cloud, const char *id, json_t *body)
{
	json_t *copy = json_deep_copy(body);
	name_body(cloud, id, copy);
	json_t *list = enclosing_list(cloud, id);
	if (list) {
		json_t *old = fake_cloud_at(cloud, id);
		for (size_t i = json_array_size(list); i-- > 0;)
			if (json_array_get(list, i) == old)
				json_array_remove(list, i);
		json_array_append_new(list, copy);
		return;
	}
	json_object_set_new(cloud->bodies, arm_id_key(cloud->arena, id), copy);
}

void fake_cloud_put(struct fake_cloud *cloud, const char *id, const char *text)
{
	put(cloud, id, fake_json(cloud->arena, text));
}

struct fake_script *fake_cloud_script(
	struct fake_cloud *cloud, enum fake_event event, enum verb verb, const char *path)
{
	assert(cloud->nscripts < FAKE_MOST);
	struct fake_script *script = &cloud->scripts[cloud->nscripts++];
	*script = (struct fake_script){ .event = event, .verb = verb, .path = path };
	return script;
}

size_t fake_cloud_count(const struct fake_cloud *cloud, enum verb verb, const char *path)
{
	size_t count = 0, i;
	json_t *request;
	json_array_foreach (cloud->requests, i, request) {
		bool same = json_integer_value(json_object_get(request, "verb")) == (int)verb;
		count += same && (!path || arm_id_same(path, json_text_at(request, "/path")));
	}
	return count;
}

static struct fake_script *script_of(struct fake_cloud *cloud, const struct operation *op)
{
	for (size_t i = 0; i < cloud->nscripts; i++) {
		struct fake_script *script = &cloud->scripts[i];
		if (!script->used && script->verb == op->verb &&
			arm_id_same(script->path, op->path))
			return script;
	}
	return NULL;
}

/* ---- acting ---- */

static void remove_body(struct fake_cloud *cloud, const char *id)
{
	json_t *list = enclosing_list(cloud, id);
	json_t *old = fake_cloud_at(cloud, id);
	for (size_t i = json_array_size(list); i-- > 0;)
		if (json_array_get(list, i) == old)
			json_array_remove(list, i);
	json_object_del(cloud->bodies, arm_id_key(cloud->arena, id));
}

/* What is in a collection, or (LIST of /CONTAINER/resources) everything inside of a container. */
static void list(struct fake_cloud *cloud, struct operation *op)
{
	const char *last = strrchr(op->path, '/');
	bool all = strcmp(last, "/resources") == 0;
	size_t len = all ? (size_t)(last - op->path) + 1 : strlen(op->path) + 1;
	const char *prefix = arm_id_key(op->arena, arena_printf(op->arena, "%s/", op->path));
	op->outcome = OUTCOME_DONE;
	op->reply = arena_json(op->arena, json_array());
	const char *key;
	json_t *body;
	json_object_foreach (cloud->bodies, key, body) {
		if (strncmp(key, prefix, len) == 0 && (all || !strchr(key + len, '/')))
			json_array_append(op->reply, body);
	}
}

static void act(struct fake_cloud *cloud, struct operation *op)
{
	if (op->verb == VERB_LIST) {
		list(cloud, op);
		return;
	}
	json_t *now = fake_cloud_at(cloud, op->path);
	const char *etag = json_text_at(now, "/etag");
	op->outcome = OUTCOME_DONE;
	if ((op->if_match && (!etag || strcmp(op->if_match, etag) != 0)) ||
		(op->if_none_match && now)) {
		op->outcome = OUTCOME_STALE;
		return;
	}
	if (op->verb == VERB_PUT)
		put(cloud, op->path, op->body);
	else if (!now)
		op->outcome = OUTCOME_ABSENT;
	else if (op->verb == VERB_DELETE)
		remove_body(cloud, op->path);
	else if (op->verb == VERB_PATCH) {
		json_object_set(now, "tags", json_object_get(op->body, "tags"));
		json_object_set_new(now, "etag", json_string(next_etag(cloud)));
	}
	now = fake_cloud_at(cloud, op->path);
	if (now) {
		op->reply = arena_json(op->arena, json_deep_copy(now));
		op->etag = json_text_at(op->reply, "/etag");
	}
}

static void edit(struct fake_cloud *cloud, const struct fake_script *script, const char *path)
{
	json_t *body = fake_cloud_at(cloud, path);
	assert(body);
	if (script->value)
		(void)json_put(body, script->pointer, json_deep_copy(script->value));
	else
		json_drop(body, script->pointer);
	json_object_set_new(body, "etag", json_string(next_etag(cloud)));
}

static void fail(struct operation *op, const struct fake_script *script)
{
	op->reply = NULL;
	op->outcome = OUTCOME_FAILED;
	op->failure = (struct failure){
		.code = script->code, .message = script->message, .status = 400, .request_id = "r"
	};
}

static void finish(struct fake_cloud *cloud, struct operation *op)
{
	struct fake_script *script = script_of(cloud, op);
	if (script)
		script->used = true;
	if (script && script->event == FAKE_EDIT)
		edit(cloud, script, op->path);
	if (script && script->event == FAKE_FAIL) {
		fail(op, script);
		return;
	}
	op->accepted =
		script && (script->event == FAKE_FAIL_LATE || script->event == FAKE_STALE_LATE);
	if (!script || script->event != FAKE_LOST_BEFORE)
		act(cloud, op);
	if (script && script->event == FAKE_FAIL_LATE)
		fail(op, script);
	if (script && script->event == FAKE_STALE_LATE) {
		(void)json_put(fake_cloud_at(cloud, op->path), "/properties/provisioningState",
			json_string("Failed"));
		op->reply = NULL;
		op->outcome = OUTCOME_STALE;
	}
	if (script && (script->event == FAKE_LOST_AFTER || script->event == FAKE_LOST_BEFORE)) {
		op->reply = NULL;
		op->outcome = OUTCOME_UNKNOWN;
	}
}

/* ---- the queue ---- */

static void submit(struct provider *provider, struct operation *op)
{
	struct fake_cloud *cloud = (struct fake_cloud *)provider;
	json_t *request = json_pack("{s:i, s:s, s:s*, s:O*}", "verb", (int)op->verb, "path",
		op->path, "match", op->if_match, "body", op->body);
	json_array_append_new(cloud->requests, request);
	assert(cloud->npending < FAKE_MOST);
	cloud->pending[cloud->npending++] = op;
	if (cloud->npending > cloud->most_pending)
		cloud->most_pending = cloud->npending;
	cloud->nrequests++;
	if (cloud->on_submit)
		cloud->on_submit(cloud->context, op);
}

static bool hangs(struct fake_cloud *cloud, const struct operation *op)
{
	const struct fake_script *script = script_of(cloud, op);
	return script && script->event == FAKE_HANG;
}

static struct operation *reap(struct provider *provider, int timeout_ms)
{
	struct fake_cloud *cloud = (struct fake_cloud *)provider;
	(void)timeout_ms;
	if (cloud->npending == 0)
		return NULL;
	cloud->seed = cloud->seed * 1103515245u + 12345u;
	size_t from = (cloud->seed >> 16) % cloud->npending;
	for (size_t i = 0; i < cloud->npending; i++) {
		size_t at = (from + i) % cloud->npending;
		struct operation *op = cloud->pending[at];
		if (hangs(cloud, op))
			continue;
		cloud->pending[at] = cloud->pending[--cloud->npending];
		finish(cloud, op);
		if (cloud->interrupt_after && --cloud->interrupt_after == 0)
			cloud->interrupted = SIGINT;
		return op;
	}
	return NULL;
}

static void interrupt(struct provider *provider)
{
	(void)provider;
}

static void close_cloud(struct provider *provider)
{
	(void)provider;
}

static void left(struct provider *provider, struct provider_left *out)
{
	(void)provider;
	*out = (struct provider_left){ -1, -1, -1 };
}

static unsigned requests(struct provider *provider)
{
	return ((struct fake_cloud *)provider)->nrequests;
}

struct fake_cloud *fake_cloud_new(struct arena *arena, unsigned seed)
{
	struct fake_cloud *cloud = ARENA_NEW(arena, struct fake_cloud);
	cloud->provider = (struct provider){ submit, reap, interrupt, close_cloud, requests, left };
	cloud->arena = arena;
	cloud->seed = seed;
	cloud->bodies = arena_json(arena, json_object());
	cloud->requests = arena_json(arena, json_array());
	return cloud;
}
