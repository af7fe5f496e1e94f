/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/render_table.h"
#include "cmd/waybill/shape.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"
#include "state/history.h"

#define MOST_RUNS ((size_t)1000)
#define SHORT_HASH 12

/* Killed, or alive: only the holder of the lock knows, and it settles what is left. */
#define NOT_ENDED "not ended"

static json_t *run_json(struct session *s, const struct run *run)
{
	size_t changes = 0;
	if (!state_count_changes(s->state, run->number, &changes, &s->diags))
		return NULL;
	return json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:I, s:s?, s:s?, s:I}", "run",
		(json_int_t)run->number, "command", run->command, "started", run->started, "ended",
		run->ended, "result", run->result, "user", run->user, "host", run->host, "pid",
		(json_int_t)run->pid, "plan_id", run->plan_id, "source", run->source, "changes",
		(json_int_t)changes);
}

static const char *cut(struct arena *a, const json_t *text)
{
	const char *whole = json_string_value(text);
	size_t len = whole ? strlen(whole) : 0;
	return arena_strndup(a, whole ? whole : "", len < SHORT_HASH ? len : SHORT_HASH);
}

static void add_row(struct session *s, struct table *table, const json_t *run)
{
	const char *result = json_string_value(json_object_get(run, "result"));
	const char *user = json_string_value(json_object_get(run, "user"));
	const char *host = json_string_value(json_object_get(run, "host"));
	const char *cells[] = {
		arena_printf(s->arena, "%lld",
			(long long)json_integer_value(json_object_get(run, "run"))),
		json_string_value(json_object_get(run, "started")),
		json_string_value(json_object_get(run, "command")),
		arena_printf(s->arena, "%s@%s", user ? user : "?", host ? host : "?"),
		cut(s->arena, json_object_get(run, "plan_id")),
		cut(s->arena, json_object_get(run, "source")),
		arena_printf(s->arena, "%lld",
			(long long)json_integer_value(json_object_get(run, "changes"))),
		result ? result : NOT_ENDED,
	};
	table_add(table, cells, NULL);
}

static void render_runs(struct session *s, const json_t *runs)
{
	static const char *const heading[] = { "Run", "Started", "Command", "By", "Plan", "Commit",
		"Changes", "Result" };
	struct table table;
	size_t i;
	json_t *run;
	table_init(&table, s->arena, ARRAY_LEN(heading));
	table_add_heading(&table, heading);
	json_array_foreach (runs, i, run)
		add_row(s, &table, run);
	table_render(&table, &s->out, 0, false);
}

int history_command(struct session *s)
{
	struct run *runs;
	size_t count;
	if (!session_state_alone(s, STATE_READ) ||
		!state_runs(s->state, s->arena, MOST_RUNS, &runs, &count, &s->diags))
		return EXIT_ERROR;
	json_auto_t *array = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *json = run_json(s, &runs[i]);
		if (!json)
			return EXIT_ERROR;
		(void)json_array_append_new(array, json);
	}
	if (s->json)
		(void)json_object_set(s->document, "runs", array);
	else if (count)
		render_runs(s, array);
	else
		(void)buf_puts(&s->out, "No run has written to this state.\n");
	return EXIT_DONE;
}

/* ---- one run ---- */

static bool read_number(struct session *s, int64_t *out)
{
	char *end = NULL;
	errno = 0;
	long long number = strtoll(s->words[0], &end, 10);
	*out = number;
	if (errno == 0 && end != s->words[0] && *end == '\0' && number > 0)
		return true;
	(void)diag_error(&s->diags, PLACE_NONE, "unknown-run", "`%s` is not the number of a run",
		s->words[0]);
	diag_help(&s->diags, "`waybill history` lists the runs with their numbers");
	return false;
}

static bool find_run(struct session *s, struct run *out)
{
	int64_t number;
	bool found;
	if (!read_number(s, &number) ||
		!state_run(s->state, s->arena, number, out, &found, &s->diags))
		return false;
	if (found)
		return true;
	(void)diag_error(&s->diags, PLACE_NONE, "unknown-run", "there was no run %s", s->words[0]);
	diag_help(&s->diags, "`waybill history` lists the runs with their numbers");
	return false;
}

static json_t *change_json(const struct told_change *change)
{
	json_auto_t *before = secrets_mask(NULL, change->before);
	json_auto_t *after = secrets_mask(NULL, change->after);
	return json_pack("{s:s, s:s?, s:s?, s:s?, s:s, s:O?, s:O?}", "time", change->time,
		"address", change->address, "id", change->id, "action", change->action, "outcome",
		change->outcome, "before", before, "after", after);
}

/* "addressPrefix: 10.1.0.0/16 -> 10.2.0.0/16" of each member that differs. */
static void tell_members(struct session *s, struct buf *out, const char *name, const json_t *before,
	const json_t *after)
{
	const char *key;
	json_t *value;
	if (before && after && json_equal(before, after))
		return;
	if (!json_is_object(before) || !json_is_object(after)) {
		(void)buf_printf(out, "%s%s: ", out->len ? ", " : "", name);
		if (before)
			document_inline(out, before);
		(void)buf_puts(out, before ? " -> " : "(none) -> ");
		if (after)
			document_inline(out, after);
		else
			(void)buf_puts(out, "(none)");
		return;
	}
	const char *dot = *name ? "." : "";
	json_object_foreach ((json_t *)before, key, value)
		tell_members(s, out, arena_printf(s->arena, "%s%s%s", name, dot, key), value,
			json_object_get(after, key));
	json_object_foreach ((json_t *)after, key, value)
		if (!json_object_get(before, key))
			tell_members(s, out, arena_printf(s->arena, "%s%s%s", name, dot, key), NULL,
				value);
}

/* What appears or goes is told whole by its address. */
static const char *members_of(struct session *s, const json_t *change)
{
	const json_t *before = json_object_get(change, "before");
	const json_t *after = json_object_get(change, "after");
	struct arm_id id;
	if (!json_is_object(before) || !json_is_object(after) ||
		!arm_id_parse(s->arena, json_string_value(json_object_get(change, "id")), &id))
		return NULL;
	const struct schema *schema = catalog_type(s->catalog, id.type);
	json_auto_t *was = shape_flat(schema ? schema->root : NULL, before);
	json_auto_t *is = shape_flat(schema ? schema->root : NULL, after);
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	tell_members(s, &text, "", was, is);
	const char *kept = arena_strdup(s->arena, text.data ? text.data : "");
	buf_release(&text);
	return kept;
}

static void render_changes_of(struct session *s, const json_t *changes)
{
	static const char *const heading[] = { "Time", "Action", "Address", "Outcome", "Members" };
	struct table table;
	size_t i;
	json_t *change;
	if (json_array_size(changes) == 0)
		return;
	(void)buf_puts(&s->out, "\n");
	table_init(&table, s->arena, ARRAY_LEN(heading));
	table_add_heading(&table, heading);
	json_array_foreach (changes, i, change) {
		const char *cells[] = { json_string_value(json_object_get(change, "time")),
			json_string_value(json_object_get(change, "action")),
			json_string_value(json_object_get(change, "address")),
			json_string_value(json_object_get(change, "outcome")),
			members_of(s, change) };
		table_add(&table, cells, NULL);
	}
	table_render(&table, &s->out, 0, false);
}

static json_t *undone_json(const struct undone *undone)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "time", undone->time, "id", undone->id, "verb",
		undone->verb, "outcome", undone->outcome ? undone->outcome : "open");
}

static void render_undone(struct session *s, const json_t *undone)
{
	static const char *const heading[] = { "Time", "Write", "Of", "Outcome" };
	struct table table;
	size_t i;
	json_t *write;
	if (json_array_size(undone) == 0)
		return;
	(void)buf_puts(&s->out, "\nWrites that did not end well:\n\n");
	table_init(&table, s->arena, ARRAY_LEN(heading));
	table_add_heading(&table, heading);
	json_array_foreach (undone, i, write) {
		const char *cells[] = { json_string_value(json_object_get(write, "time")),
			json_string_value(json_object_get(write, "verb")),
			json_string_value(json_object_get(write, "id")),
			json_string_value(json_object_get(write, "outcome")) };
		table_add(&table, cells, NULL);
	}
	table_render(&table, &s->out, 0, false);
}

static void render_run(struct session *s, json_t *run)
{
	const char *key;
	json_t *value;
	json_object_foreach (run, key, value) {
		if (json_is_null(value))
			continue;
		(void)buf_printf(&s->out, "%-9s ", key);
		if (json_is_string(value))
			text_escape(&s->out, json_string_value(value), false);
		else
			document_inline(&s->out, value);
		(void)buf_puts(&s->out, "\n");
	}
	if (json_is_null(json_object_get(run, "result")))
		(void)buf_printf(&s->out, "%-9s %s\n", "result", NOT_ENDED);
}

int history_show_command(struct session *s)
{
	struct run run;
	struct told_change *changes;
	struct undone *writes;
	size_t count, nwrites;
	s->catalog = catalog_new(s->arena);
	if (!session_state_alone(s, STATE_READ) || !find_run(s, &run) ||
		!state_changes(s->state, s->arena, run.number, &changes, &count, &s->diags) ||
		!state_undone(s->state, s->arena, run.number, &writes, &nwrites, &s->diags))
		return EXIT_ERROR;
	json_auto_t *json = run_json(s, &run), *array = json_array(), *undone = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, change_json(&changes[i]));
	for (size_t i = 0; i < nwrites; i++)
		(void)json_array_append_new(undone, undone_json(&writes[i]));
	if (!json)
		return EXIT_ERROR;
	if (!s->json) {
		render_run(s, json);
		render_changes_of(s, array);
		render_undone(s, undone);
		return EXIT_DONE;
	}
	(void)json_object_set(json, "changes", array);
	(void)json_object_set(json, "undone", undone);
	(void)json_object_set(s->document, "run", json);
	return EXIT_DONE;
}
