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

struct reader {
	struct state *state;
	struct arena *arena;
	sqlite3_stmt *row;
	const struct likely_records *likely; /* or NULL */
	struct repeated depends_on;
	struct diags *diags;
};

static bool read_json(const struct reader *r, int column, json_t **out)
{
	return state_json(r->state, r->arena, r->row, column, out, r->diags);
}

static bool read_depends_on(struct reader *r, json_t **out)
{
	struct repeated *before = &r->depends_on;
	const char *text = repeated_text(r->arena, r->row, 7, before->text);
	if (text && text == before->text) {
		*out = before->json;
		return true;
	}
	bool ok = read_json(r, 7, out);
	*before = (struct repeated){ text, *out };
	return ok;
}

static bool read_body(const struct reader *r, const struct record *likely, struct record *out)
{
	const char *text = (const char *)sqlite3_column_text(r->row, 5);
	if (!text || !likely->body ||
		!json_is_text(likely->body, text, (size_t)sqlite3_column_bytes(r->row, 5)))
		return read_json(r, 5, &out->body);
	out->body = likely->body;
	out->as_likely = true;
	return true;
}

static bool read_record(struct reader *r, const struct record *before, struct record *out)
{
	struct record likely = { 0 };
	const char *id = (const char *)sqlite3_column_text(r->row, 0);
	if (!id || !r->likely || !r->likely->find(r->likely->context, id, &likely))
		likely = (struct record){ 0 };
	*out = (struct record){
		.id = repeated_text(r->arena, r->row, 0, likely.id),
		.address = repeated_text(r->arena, r->row, 1, likely.address),
		.type = repeated_text(r->arena, r->row, 2, before ? before->type : NULL),
		.origin = repeated_text(r->arena, r->row, 3, before ? before->origin : NULL),
		.parent = repeated_text(r->arena, r->row, 4, before ? before->parent : NULL),
	};
	return read_body(r, &likely, out) && read_json(r, 6, &out->before) &&
		read_json(r, 8, &out->extra) && read_depends_on(r, &out->depends_on);
}

bool state_records(struct state *s, struct arena *a, const struct likely_records *likely,
	struct record **out, size_t *out_count, struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	struct reader r = { .state = s, .arena = a, .likely = likely, .diags = diags };
	r.row = state_select(s, SQL_RECORDS, diags);
	if (!r.row)
		return false;
	for (;;) {
		bool more;
		if (!state_next(s, r.row, &more, diags))
			return false;
		if (!more)
			return true;
		struct record *record = ARENA_PUSH(a, *out, *out_count);
		if (!read_record(&r, *out_count > 1 ? record - 1 : NULL, record))
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
