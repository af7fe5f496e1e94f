/* SPDX-License-Identifier: Apache-2.0 */
#include "state/internal.h"

#include <assert.h>

static bool read_record(struct state *s, struct arena *a, sqlite3_stmt *row, struct record *out,
	struct diags *diags)
{
	*out = (struct record){
		.id = state_text(a, row, 0),
		.address = state_text(a, row, 1),
		.type = state_text(a, row, 2),
		.origin = state_text(a, row, 3),
		.parent = state_text(a, row, 4),
	};
	return state_json(s, a, row, 5, &out->body, diags) &&
		state_json(s, a, row, 6, &out->before, diags) &&
		state_json(s, a, row, 7, &out->depends_on, diags) &&
		state_json(s, a, row, 8, &out->extra, diags);
}

bool state_records(struct state *s, struct arena *a, struct record **out, size_t *out_count,
	struct diags *diags)
{
	*out = NULL;
	*out_count = 0;
	if (!s->db)
		return true;
	sqlite3_stmt *row = state_select(s, SQL_RECORDS, diags);
	if (!row)
		return false;
	for (;;) {
		bool more;
		if (!state_next(s, row, &more, diags))
			return false;
		if (!more)
			return true;
		if (!read_record(s, a, row, ARENA_PUSH(a, *out, *out_count), diags))
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
