/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/program.h"
#include "cmd/waybill/run.h"
#include "engine/base/text.h"
#include "engine/plan/intent.h"
#include "schemas/arm_id.h"

/* What is taken over: the resource at the address, then what is declared inside it and exists. */
struct import {
	struct session *session;
	struct snapshot *snapshot;
	json_t *taken; /* addresses */
};

static const struct resource *find(struct session *s, const char *address)
{
	const struct resource *resource = config_find(s->config, address);
	if (resource)
		return resource;
	const char **addresses = NULL;
	size_t count = 0;
	for (size_t i = 0; i < s->config->nresources; i++)
		*ARENA_PUSH(s->arena, addresses, count) = s->config->resources[i]->address;
	const char *nearest = text_nearest(address, addresses, count);
	(void)diag_error(&s->diags, PLACE_NONE, "unknown-address",
		"the configuration declares no `%s`", address);
	if (nearest)
		diag_help(&s->diags, "did you mean `%s`?", nearest);
	else
		diag_help(&s->diags, "declare it first: what is imported is what the YAML says");
	return NULL;
}

static bool check(
	struct session *s, const struct resource *resource, const struct snapshot *snapshot)
{
	struct place at = config_place(s->config, resource->pointer, YAML_KEY);
	if (s->nwords > 1 && !arm_id_same(s->words[1], resource->id)) {
		(void)diag_error(&s->diags, at, "import-id", "`%s` is %s, not %s",
			resource->address, resource->id, s->words[1]);
		diag_help(
			&s->diags, "leave the id out, or correct what the configuration declares");
		return false;
	}
	if (resource->existing) {
		(void)diag_error(&s->diags, at, "import-existing",
			"`%s` is `existing`: it stays someone else's", resource->address);
		diag_help(&s->diags, "take `existing: true` away to make it yours");
		return false;
	}
	const struct record *record = snapshot_record(snapshot, resource->id);
	if (record && strcmp(record->origin, "existing") != 0) {
		(void)diag_error(
			&s->diags, at, "already-ours", "`%s` is ours already", resource->address);
		diag_help(&s->diags,
			"nothing has to be done; `waybill plan` shows what would change");
		return false;
	}
	if (!snapshot_actual(snapshot, resource->id)) {
		(void)diag_error(&s->diags, at, "import-absent",
			"`%s` does not exist: there is nothing to take over", resource->address);
		diag_help(&s->diags, "`waybill apply` would create it");
		return false;
	}
	return true;
}

static bool put(struct import *import, const struct resource *resource)
{
	struct session *s = import->session;
	const struct actual *actual = snapshot_actual(import->snapshot, resource->id);
	const struct change change = {
		.address = resource->address,
		.id = resource->id,
		.schema = resource->schema,
		.resource = resource,
		.adopts = true,
		.after = resource->body,
	};
	struct record record;
	(void)json_array_append_new(import->taken, json_string(resource->address));
	return change_record(s->arena, &change, actual->body, &record) &&
		state_put_record(s->state, &record, &s->diags);
}

static bool put_all(struct import *import, const struct resource *resource)
{
	struct session *s = import->session;
	if (!put(import, resource))
		return false;
	for (size_t i = 0; i < s->config->nresources; i++) {
		const struct resource *child = s->config->resources[i];
		if (child->parent != resource || child->existing ||
			snapshot_record(import->snapshot, child->id) ||
			!snapshot_actual(import->snapshot, child->id))
			continue;
		if (!put(import, child))
			return false;
	}
	return true;
}

static bool write(struct import *import, const struct resource *resource)
{
	struct session *s = import->session;
	struct run run = run_of(s);
	size_t count;
	const char *const *subscriptions = config_subscriptions(s->config, &count);
	return session_state(s, STATE_WRITE) && session_bind(s, subscriptions, count) &&
		state_begin_run(s->state, &run, &s->diags) && put_all(import, resource) &&
		state_end_run(s->state, run.number, "done", NULL, NULL, &s->diags) &&
		state_commit(s->state, &s->diags);
}

static void report(struct session *s, const json_t *taken)
{
	size_t i;
	json_t *address;
	json_array_foreach (taken, i, address) {
		(void)buf_puts(&s->out, "Imported ");
		text_escape(&s->out, json_string_value(address), false);
		(void)buf_puts(&s->out, "\n");
	}
}

int import_command(struct session *s)
{
	struct snapshot_options options = { .refresh = true, .clusters = &s->clusters };
	if (!session_cloud(s, true) || !session_config(s) || !session_lock(s) ||
		!session_state(s, STATE_READ) || !session_provider(s))
		return EXIT_ERROR;
	struct import import = { .session = s };
	import.snapshot =
		snapshot_read(s->arena, s->config, s->state, s->provider, &options, &s->diags);
	if (!import.snapshot)
		return EXIT_ERROR;
	const struct resource *resource = find(s, s->words[0]);
	if (!resource || !check(s, resource, import.snapshot))
		return EXIT_ERROR;
	json_auto_t *taken = json_array();
	import.taken = taken;
	if (!write(&import, resource))
		return EXIT_ERROR;
	if (s->json)
		(void)json_object_set(s->document, "imported", taken);
	else
		report(s, taken);
	return EXIT_DONE;
}
