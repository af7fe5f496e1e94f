/* SPDX-License-Identifier: Apache-2.0 */
#include "state/internal.h"

#include <assert.h>
#include <string.h>

bool state_begin_run(struct state *s, struct run *run, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	state_now(s->run_started);
	if (!state_write(s, SQL_BEGIN_RUN,
		    VALUES(TEXT(run->command), TEXT(run->plan_id), TEXT(run->user), TEXT(run->host),
			    NUMBER(run->pid), TEXT(run->source), TEXT(s->run_started)),
		    NULL, diags))
		return false;
	run->number = sqlite3_last_insert_rowid(s->db);
	run->started = s->run_started;
	return true;
}

bool state_end_run(struct state *s, int64_t run, const char *result, json_t *outputs, json_t *notes,
	struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	char now[TIME_TEXT];
	state_now(now);
	return state_write(s, SQL_END_RUN,
		VALUES(NUMBER(run), TEXT(now), TEXT(result), JSON(outputs), JSON(notes)), NULL,
		diags);
}

bool state_last_run(
	struct state *s, struct arena *a, struct run *out, bool *out_found, struct diags *diags)
{
	*out_found = false;
	if (!s->db)
		return true;
	sqlite3_stmt *row = state_select(s, SQL_LAST_RUN, diags);
	if (!row || !state_next(s, row, out_found, diags))
		return false;
	if (!*out_found)
		return true;
	*out = (struct run){
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
	bool ok = state_json(s, a, row, 10, &out->outputs, diags) &&
		state_json(s, a, row, 11, &out->notes, diags);
	(void)sqlite3_reset(row);
	return ok;
}

bool state_intend(struct state *s, struct intent *intent, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	char now[TIME_TEXT];
	state_now(now);
	if (!state_write(s, SQL_INTEND,
		    VALUES(NUMBER(intent->run), TEXT(intent->id), TEXT(intent->verb),
			    JSON(intent->step), TEXT(now), TEXT(intent->request_id),
			    TEXT(intent->body_hash), TEXT(intent->if_match)),
		    NULL, diags))
		return false;
	intent->number = sqlite3_last_insert_rowid(s->db);
	return true;
}

bool state_intend_again(struct state *s, const struct intent *intent, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	return state_write(s, SQL_INTEND_AGAIN,
		VALUES(NUMBER(intent->number), TEXT(intent->request_id), TEXT(intent->body_hash),
			TEXT(intent->if_match)),
		NULL, diags);
}

bool state_accepted(struct state *s, int64_t intent, const char *handle, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	return state_write(s, SQL_ACCEPTED, VALUES(NUMBER(intent), TEXT(handle)), NULL, diags);
}

/* JSON null and an absent member are the same: there was nothing. */
static const json_t *something(const json_t *value)
{
	return json_is_null(value) ? NULL : value;
}

static bool add_changes(struct state *s, int64_t intent, const char *outcome, const char *time,
	json_t *changes, struct diags *diags)
{
	size_t i;
	json_t *change;
	json_array_foreach (changes, i, change) {
		if (!state_write(s, SQL_ADD_CHANGE,
			    VALUES(NUMBER(intent), TEXT(time),
				    TEXT(json_string_value(json_object_get(change, "address"))),
				    TEXT(json_string_value(json_object_get(change, "id"))),
				    TEXT(json_string_value(json_object_get(change, "action"))),
				    JSON(something(json_object_get(change, "before"))),
				    JSON(something(json_object_get(change, "after"))),
				    TEXT(outcome)),
			    NULL, diags))
			return false;
	}
	return true;
}

bool state_settle(
	struct state *s, int64_t intent, const char *outcome, json_t *changes, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	char now[TIME_TEXT];
	state_now(now);
	int rows = 0;
	bool stays_open = strcmp(outcome, "unknown") == 0;
	bool ok = stays_open
		? state_write(
			  s, SQL_LEAVE_OPEN, VALUES(NUMBER(intent), TEXT(outcome)), &rows, diags)
		: state_write(s, SQL_SETTLE, VALUES(NUMBER(intent), TEXT(outcome), TEXT(now)),
			  &rows, diags);
	if (ok && rows != 1)
		return state_lose_lock(s, diags);
	return ok && add_changes(s, intent, outcome, now, changes, diags);
}

static bool read_intent(struct state *s, struct arena *a, sqlite3_stmt *row, struct intent *out,
	struct diags *diags)
{
	*out = (struct intent){
		.number = sqlite3_column_int64(row, 0),
		.run = sqlite3_column_int64(row, 1),
		.id = state_text(a, row, 2),
		.verb = state_text(a, row, 3),
		.started = state_text(a, row, 5),
		.request_id = state_text(a, row, 6),
		.body_hash = state_text(a, row, 7),
		.if_match = state_text(a, row, 8),
		.handle = state_text(a, row, 9),
	};
	return state_json(s, a, row, 4, &out->step, diags);
}

bool state_open_intents(struct state *s, struct arena *a, struct intent **out, size_t *out_count,
	struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	sqlite3_stmt *row = state_select(s, SQL_OPEN_INTENTS, diags);
	if (!row)
		return false;
	for (;;) {
		bool more;
		if (!state_next(s, row, &more, diags))
			return false;
		if (!more)
			return true;
		if (!read_intent(s, a, row, ARENA_PUSH(a, *out, *out_count), diags))
			return false;
	}
}
