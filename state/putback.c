/* SPDX-License-Identifier: Apache-2.0 */
#include "state/putback.h"

#include <assert.h>
#include <time.h>

#include "state/internal.h"

static int64_t now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool state_add_putback(
	struct state *s, int64_t run, int64_t within_ms, json_t *tables, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	return state_write(s, SQL_ADD_PUTBACK,
		VALUES(NUMBER(run), NUMBER(now_ms() + within_ms), JSON(tables)), NULL, diags);
}

bool state_set_deadline(struct state *s, int64_t run, int64_t within_ms, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	return state_write(s, SQL_SET_DEADLINE, VALUES(NUMBER(run), NUMBER(now_ms() + within_ms)),
		NULL, diags);
}

bool state_drop_putback(struct state *s, int64_t run, struct diags *diags)
{
	assert(s->access == STATE_WRITE);
	return state_write(s, SQL_DROP_PUTBACK, VALUES(NUMBER(run)), NULL, diags);
}

static const char *time_text(struct arena *a, int64_t ms)
{
	char text[TIME_TEXT];
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;
	if (!gmtime_r(&seconds, &utc) ||
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		return "?";
	return arena_strdup(a, text);
}

bool state_putback(
	struct state *s, struct arena *a, struct putback *out, bool *out_found, struct diags *diags)
{
	*out_found = false;
	if (!s->db)
		return true;
	sqlite3_stmt *row = state_select(s, SQL_PUTBACK, diags);
	if (!row || !state_next(s, row, out_found, diags))
		return false;
	if (!*out_found)
		return true;
	int64_t deadline = sqlite3_column_int64(row, 1);
	*out = (struct putback){
		.run = sqlite3_column_int64(row, 0),
		.left_ms = deadline - now_ms(),
		.deadline = time_text(a, deadline),
	};
	bool ok = state_json(s, a, row, 2, &out->tables, diags);
	(void)sqlite3_reset(row);
	return ok;
}
