/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "engine/apply/apply.h"
#include "engine/apply/live.h"
#include "engine/apply/record.h"
#include "engine/base/json.h"
#include "engine/plan/intent.h"
#include "schemas/arm_id.h"

#define FIRST_WAIT_MS 250
#define MOST_WAIT_MS 2000
#define MOST_WAITS 300 /* ten minutes */

static const struct schema *schema_of(
	const struct catalog *catalog, struct arena *arena, const char *id)
{
	struct arm_id parsed;
	bool known = arm_id_parse(arena, id, &parsed) && parsed.type;
	return known ? catalog_type(catalog, parsed.type) : NULL;
}

static enum verb verb_of(const struct intent *intent)
{
	if (strcmp(intent->verb, "delete") == 0)
		return VERB_DELETE;
	return strcmp(intent->verb, "patch") == 0 ? VERB_PATCH : VERB_PUT;
}

/* However it ends, and when nobody can tell any more, what stands is read next. */
static void await_end(
	const struct catalog *catalog, struct provider *provider, const struct intent *intent)
{
	struct arena *arena = arena_new();
	const struct schema *schema = schema_of(catalog, arena, intent->id);
	if (schema) {
		struct operation op = {
			.verb = verb_of(intent),
			.path = intent->id,
			.api_version = schema->api_version,
			.resume = intent->handle,
			.arena = arena,
		};
		provider->submit(provider, &op);
		while (provider->reap(provider, -1) != &op)
			continue;
	}
	arena_free(arena);
}

/* One read of what an intent was to write. What cannot be read is left to those who read next. */
static bool is_under_way(
	const struct catalog *catalog, struct provider *provider, const char *id, int delay_ms)
{
	struct arena *arena = arena_new();
	const struct schema *schema = schema_of(catalog, arena, id);
	bool moving = false;
	if (schema) {
		struct operation op = {
			.verb = VERB_GET,
			.path = id,
			.api_version = schema->api_version,
			.delay_ms = delay_ms,
			.arena = arena,
		};
		provider->submit(provider, &op);
		while (provider->reap(provider, -1) != &op)
			continue;
		moving = op.outcome == OUTCOME_DONE && live_is_moving(op.reply);
	}
	arena_free(arena);
	return moving;
}

bool intents_wait(struct arena *arena, const struct catalog *catalog, struct state *state,
	struct provider *provider, struct diags *diags)
{
	struct intent *intents = NULL;
	size_t count = 0;
	if (!state_open_intents(state, arena, &intents, &count, diags))
		return false;
	for (size_t i = 0; i < count; i++) {
		int delay_ms = 0;
		if (intents[i].handle)
			await_end(catalog, provider, &intents[i]);
		for (size_t n = 0; n < MOST_WAITS; n++) {
			if (!is_under_way(catalog, provider, intents[i].id, delay_ms))
				break;
			delay_ms = delay_ms == 0 ? FIRST_WAIT_MS : delay_ms * 2;
			delay_ms = delay_ms > MOST_WAIT_MS ? MOST_WAIT_MS : delay_ms;
		}
	}
	return true;
}

struct settling {
	struct snapshot *snapshot;
	bool is_anothers; /* what the intent at hand was to make */
	struct state *state;
	struct recorder recorder;
	struct diags *diags;
};

/* What became of one intent: how many of its changes came true, did not, or became otherwise. */
struct verdict {
	size_t done, absent, otherwise;
	json_t *history;
};

static void add_history(json_t *history, const json_t *entry)
{
	json_t *change = json_pack("{s:O?, s:O?, s:O?, s:O?, s:O?}", "address",
		json_object_get(entry, "address"), "id", json_object_get(entry, "id"), "action",
		json_object_get(entry, "action"), "before", json_object_get(entry, "untouched"),
		"after", json_object_get(entry, "after"));
	int failed = json_array_append_new(history, change);
	assert(failed == 0);
	(void)failed;
}

static bool settle_entry(struct settling *s, const struct intent *intent, const json_t *entry,
	struct verdict *verdict)
{
	struct arena *arena = s->snapshot->arena;
	const char *id = json_text_at(entry, "/id");
	if (!id)
		return true;
	const struct actual *actual = snapshot_actual(s->snapshot, id);
	const json_t *body = actual ? actual->body : NULL;
	enum came came = intent_came(arena, s->snapshot->catalog, entry, body);
	if (s->is_anothers && came == CAME_TRUE)
		came = CAME_OTHERWISE;
	/* The first half of a replacement: what was to be there again is not, and rightly. */
	if (!body && strcmp(intent->verb, "delete") == 0)
		came = CAME_TRUE;
	if (came == CAME_NOT)
		verdict->absent++;
	if (came == CAME_OTHERWISE)
		verdict->otherwise++;
	if (came != CAME_TRUE)
		return true;
	verdict->done++;
	add_history(verdict->history, entry);
	struct record record;
	bool made = body && intent_record(arena, entry, body, &record);
	return record_put(&s->recorder, id, &record, made, s->diags);
}

static const char *tell_verdict(
	struct settling *s, const struct intent *intent, const struct verdict *verdict)
{
	const char *address = json_text_at(intent->step, "/address");
	if (!address)
		address = intent->id;
	if (verdict->otherwise > 0) {
		diag_warning(s->diags, PLACE_NONE, "intent-conflict",
			"%s is neither as it was nor as an interrupted run wanted it", address);
		diag_about(s->diags, address);
		diag_help(s->diags, "somebody else changed it since; the plan shows what is left");
	}
	bool deletes = strcmp(intent->verb, "delete") == 0;
	const char *what = deletes ? "it is gone" : "it was written";
	if (verdict->otherwise > 0)
		what = s->is_anothers ? "someone else made it"
				      : "it was changed by someone else since";
	else if (verdict->absent > 0)
		what = deletes ? "it still stands" : "it was not written";
	return arena_printf(s->snapshot->arena, "%s: the last run ended while it was %s; %s",
		address, deletes ? "deleted" : "written", what);
}

static bool settle_intent(struct settling *s, const struct intent *intent, const char **line)
{
	struct verdict verdict = { .history = json_array() };
	bool ok = true;
	s->is_anothers = snapshot_is_made_by_another(s->snapshot, intent);
	const json_t *changes = json_at(intent->step, "/changes");
	for (size_t i = 0; i < json_array_size(changes) && ok; i++)
		ok = settle_entry(s, intent, json_array_get(changes, i), &verdict);
	if (ok && strcmp(intent->verb, "delete") == 0 && !snapshot_actual(s->snapshot, intent->id))
		ok = record_drop_inside(&s->recorder, intent->id, s->diags);
	const char *outcome = verdict.otherwise > 0 ? "failed"
		: verdict.absent > 0                ? "absent"
						    : "done";
	*line = tell_verdict(s, intent, &verdict);
	json_auto_t *history =
		verdict.done > 0 ? secrets_seal(s->snapshot->secrets, verdict.history) : NULL;
	ok = ok && state_settle(s->state, intent->number, outcome, history, s->diags);
	json_decref(verdict.history);
	return ok;
}

bool intents_settle(struct snapshot *snapshot, struct state *state,
	void (*told)(void *context, const char *line), void *context, struct diags *diags)
{
	struct settling s = { .snapshot = snapshot,
		.state = state,
		.recorder = { snapshot->arena, state, snapshot },
		.diags = diags };
	for (size_t i = 0; i < snapshot->nopen_intents; i++) {
		const char *line = NULL;
		if (!settle_intent(&s, &snapshot->open_intents[i], &line))
			return false;
		if (told)
			told(context, line);
	}
	return snapshot->nopen_intents == 0 || state_commit(state, diags);
}
