/* SPDX-License-Identifier: Apache-2.0 */
#include "state/internal.h"

#include <assert.h>
#include <string.h>

#include "engine/base/json.h"

/* The routes of a table follow each other, and have most but their names in common. */
struct repeated {
	const char *text;
	json_t *json;
};

static const char *repeated_text(struct arena *a, sqlite3_stmt *row, int column, const char *before)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	return text && before && strcmp(text, before) == 0 ? before : state_text(a, row, column);
}

static bool read_depends_on(struct state *s, struct arena *a, sqlite3_stmt *row,
	struct repeated *before, json_t **out, struct diags *diags)
{
	const char *text = repeated_text(a, row, 7, before->text);
	if (text && text == before->text) {
		*out = before->json;
		return true;
	}
	bool ok = state_json(s, a, row, 7, out, diags);
	*before = (struct repeated){ text, *out };
	return ok;
}

static bool read_body(struct state *s, struct arena *a, sqlite3_stmt *row,
	const struct record *likely, struct record *out, struct diags *diags)
{
	const char *text = (const char *)sqlite3_column_text(row, 5);
	if (!text || !likely->body ||
		!json_is_text(likely->body, text, (size_t)sqlite3_column_bytes(row, 5)))
		return state_json(s, a, row, 5, &out->body, diags);
	out->body = likely->body;
	out->as_likely = true;
	return true;
}

static bool read_record(struct state *s, struct arena *a, const struct likely_records *likely,
	sqlite3_stmt *row, const struct record *before, struct record *out, struct diags *diags)
{
	struct record known = { 0 };
	const char *id = (const char *)sqlite3_column_text(row, 0);
	if (!id || !likely || !likely->find(likely->context, id, &known))
		known = (struct record){ 0 };
	*out = (struct record){
		.id = repeated_text(a, row, 0, known.id),
		.address = repeated_text(a, row, 1, known.address),
		.type = repeated_text(a, row, 2, before ? before->type : NULL),
		.origin = repeated_text(a, row, 3, before ? before->origin : NULL),
		.parent = repeated_text(a, row, 4, before ? before->parent : NULL),
	};
	return read_body(s, a, row, &known, out, diags) &&
		state_json(s, a, row, 6, &out->before, diags) &&
		state_json(s, a, row, 8, &out->extra, diags);
}

bool state_records(struct state *s, struct arena *a, const struct likely_records *likely,
	struct record **out, size_t *out_count, struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	sqlite3_stmt *row = state_select(s, SQL_RECORDS, diags);
	if (!row)
		return false;
	struct repeated depends_on = { 0 };
	for (;;) {
		bool more;
		if (!state_next(s, row, &more, diags))
			return false;
		if (!more)
			return true;
		struct record *record = ARENA_PUSH(a, *out, *out_count);
		const struct record *before = *out_count > 1 ? record - 1 : NULL;
		if (!read_record(s, a, likely, row, before, record, diags) ||
			!read_depends_on(s, a, row, &depends_on, &record->depends_on, diags))
			return false;
	}
}

bool state_put_record(struct state *s, const struct record *record, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	int rows = 0;
	bool ok = state_write(s, SQL_PUT_RECORD,
		VALUES(TEXT(record->id), TEXT(record->address), TEXT(record->type),
			TEXT(record->origin), TEXT(record->parent), JSON(record->body),
			JSON(record->before), JSON(record->depends_on), JSON(record->extra)),
		&rows, diags);
	s->records_changed |= ok && rows > 0;
	return ok;
}

bool state_drop_record(struct state *s, const char *id, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	int rows = 0;
	bool ok = state_write(s, SQL_DROP_RECORD, VALUES(TEXT(id)), &rows, diags);
	s->records_changed |= ok && rows > 0;
	return ok;
}
