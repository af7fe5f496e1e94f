/* SPDX-License-Identifier: Apache-2.0 */
#include "state/history.h"

#include <assert.h>

#include "state/internal.h"

static const char *text_of(const json_t *change, const char *key)
{
	return json_string_value(json_object_get(change, key));
}

/* JSON null and an absent member are the same: there was nothing. */
static const json_t *value_of(const json_t *change, const char *key)
{
	const json_t *value = json_object_get(change, key);
	return json_is_null(value) ? NULL : value;
}

bool state_tell(struct state *s, int64_t run, json_t *changes, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	char now[TIME_TEXT];
	state_now(now);
	size_t i;
	json_t *change;
	json_array_foreach (changes, i, change)
		if (!state_write(s, SQL_TELL_CHANGE,
			    VALUES(NUMBER(run), TEXT(now), TEXT(text_of(change, "address")),
				    TEXT(text_of(change, "id")), TEXT(text_of(change, "action")),
				    JSON(value_of(change, "before")),
				    JSON(value_of(change, "after"))),
			    NULL, diags))
			return false;
	return true;
}

/* ---- reading ---- */

/* A query with one number. NULL with an error. */
static sqlite3_stmt *ask(struct state *s, enum statement which, int64_t number, struct diags *diags)
{
	sqlite3_stmt *row = state_select(s, which, diags);
	if (row && sqlite3_bind_int64(row, 1, number) != SQLITE_OK) {
		(void)state_fail(s, STATE_READING, diags);
		return NULL;
	}
	return row;
}

static struct run run_at(struct arena *a, sqlite3_stmt *row)
{
	return (struct run){
		.number = sqlite3_column_int64(row, 0),
		.command = state_text(a, row, 1),
		.plan_id = state_text(a, row, 2),
		.user = state_text(a, row, 3),
		.host = state_text(a, row, 4),
		.pid = sqlite3_column_int64(row, 5),
		.source = state_text(a, row, 6),
		.started = state_text(a, row, 7),
		.ended = state_text(a, row, 8),
		.result = state_text(a, row, 9),
	};
}

bool state_runs(struct state *s, struct arena *a, size_t most, struct run **out, size_t *out_count,
	struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	sqlite3_stmt *row = ask(s, SQL_RUNS, (int64_t)most, diags);
	for (bool more = true; row;) {
		if (!state_next(s, row, &more, diags))
			return false;
		if (!more)
			return true;
		*ARENA_PUSH(a, *out, *out_count) = run_at(a, row);
	}
	return false;
}

bool state_run(struct state *s, struct arena *a, int64_t number, struct run *out, bool *out_found,
	struct diags *diags)
{
	*out_found = false;
	if (!s->db)
		return true;
	sqlite3_stmt *row = ask(s, SQL_RUN, number, diags);
	if (!row || !state_next(s, row, out_found, diags))
		return false;
	if (*out_found)
		*out = run_at(a, row);
	(void)sqlite3_reset(row);
	return true;
}

bool state_count_changes(struct state *s, int64_t run, size_t *out, struct diags *diags)
{
	*out = 0;
	if (!s->db)
		return true;
	bool found;
	sqlite3_stmt *row = ask(s, SQL_COUNT_CHANGES, run, diags);
	if (!row || !state_next(s, row, &found, diags))
		return false;
	*out = (size_t)sqlite3_column_int64(row, 0);
	(void)sqlite3_reset(row);
	return true;
}

bool state_changes(struct state *s, struct arena *a, int64_t run, struct told_change **out,
	size_t *out_count, struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	sqlite3_stmt *row = ask(s, SQL_CHANGES, run, diags);
	for (bool more = true; row;) {
		if (!state_next(s, row, &more, diags))
			return false;
		if (!more)
			return true;
		struct told_change *change = ARENA_PUSH(a, *out, *out_count);
		*change = (struct told_change){
			.time = state_text(a, row, 0),
			.address = state_text(a, row, 1),
			.id = state_text(a, row, 2),
			.action = state_text(a, row, 3),
			.outcome = state_text(a, row, 4),
		};
		if (!state_json(s, a, row, 5, &change->before, diags) ||
			!state_json(s, a, row, 6, &change->after, diags))
			return false;
	}
	return false;
}

bool state_undone(struct state *s, struct arena *a, int64_t run, struct undone **out,
	size_t *out_count, struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	sqlite3_stmt *row = ask(s, SQL_UNDONE, run, diags);
	for (bool more = true; row;) {
		if (!state_next(s, row, &more, diags))
			return false;
		if (!more)
			return true;
		*ARENA_PUSH(a, *out, *out_count) = (struct undone){
			.time = state_text(a, row, 0),
			.id = state_text(a, row, 1),
			.verb = state_text(a, row, 2),
			.outcome = state_text(a, row, 3),
		};
	}
	return false;
}
