/* SPDX-License-Identifier: Apache-2.0 */
#include "state/query.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "engine/base/buf.h"
#include "state/internal.h"

#define STEPS_BETWEEN_LOOKS 10000
#define HELP_READS                                                                                 \
	"it takes one SELECT on the tables resource, run, intent, change, putback and meta; "      \
	"there is no "                                                                             \
	"ATTACH, no PRAGMA and nothing that writes"

static long now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool refuse(
	struct state *s, struct diags *diags, const char *help, const char *what, const char *why)
{
	diag_error(diags, state_place(s, diags), "state-sql", "%s%s", what, why);
	diag_help(diags, "%s", help);
	return false;
}

/* What a SELECT may do. Functions that load code, and the optional ones that read files, are not in
 * the library; these are what it has beside computing. */
static int authorize(void *unused, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	static const char *const functions[] = { "load_extension", "fts3_tokenizer", "sqlite_log" };
	(void)unused;
	(void)database;
	(void)trigger;
	if (action == SQLITE_SELECT || action == SQLITE_RECURSIVE)
		return SQLITE_OK;
	if (action == SQLITE_READ && strcasecmp(first, "meta") == 0 &&
		strcasecmp(second, "key") == 0)
		return SQLITE_IGNORE;
	if (action == SQLITE_READ)
		return SQLITE_OK;
	if (action != SQLITE_FUNCTION)
		return SQLITE_DENY;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (strcasecmp(second, functions[i]) == 0)
			return SQLITE_DENY;
	return SQLITE_OK;
}

static int is_late(void *deadline)
{
	return now_ms() > *(const long *)deadline;
}

static sqlite3_stmt *prepare(struct state *s, const char *sql, struct diags *diags)
{
	sqlite3_stmt *statement = NULL, *more = NULL;
	const char *tail = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, &tail);
	if (result != SQLITE_OK) {
		refuse(s, diags, HELP_READS,
			"the question is not understood: ", sqlite3_errmsg(s->db));
		return NULL;
	}
	/* What is only blanks and comments gives no statement. */
	if (statement && sqlite3_prepare_v2(s->db, tail, -1, &more, NULL) == SQLITE_OK && !more &&
		sqlite3_stmt_readonly(statement) && sqlite3_column_count(statement) > 0)
		return statement;
	(void)sqlite3_finalize(statement);
	(void)sqlite3_finalize(more);
	refuse(s, diags, HELP_READS, "this is not one statement that reads", "");
	return NULL;
}

static json_t *blob_new(sqlite3_stmt *row, int column)
{
	const unsigned char *bytes = sqlite3_column_blob(row, column);
	int len = sqlite3_column_bytes(row, column);
	struct buf text;
	buf_init(&text, QUERY_BYTES * 3);
	(void)buf_puts(&text, "x'");
	for (int i = 0; i < len; i++)
		(void)buf_printf(&text, "%02x", bytes[i]);
	(void)buf_puts(&text, "'");
	json_t *json = json_string(text.data);
	buf_release(&text);
	return json;
}

static json_t *value_new(sqlite3_stmt *row, int column)
{
	json_t *json = NULL;
	switch (sqlite3_column_type(row, column)) {
	case SQLITE_INTEGER:
		return json_integer(sqlite3_column_int64(row, column));
	case SQLITE_FLOAT:
		json = json_real(sqlite3_column_double(row, column));
		break;
	case SQLITE_TEXT:
		json = json_stringn((const char *)sqlite3_column_text(row, column),
			(size_t)sqlite3_column_bytes(row, column));
		/* Not UTF-8: its bytes can still be told. */
		if (!json)
			json = blob_new(row, column);
		break;
	case SQLITE_BLOB:
		json = blob_new(row, column);
		break;
	default:
		break;
	}
	/* Infinity, which JSON cannot tell, is null as NULL is. */
	return json ? json : json_null();
}

static size_t bytes_of(sqlite3_stmt *row, size_t ncolumns)
{
	size_t bytes = 0;
	for (size_t i = 0; i < ncolumns; i++)
		bytes += (size_t)sqlite3_column_bytes(row, (int)i) + sizeof(void *);
	return bytes;
}

static bool read_rows(
	struct state *s, sqlite3_stmt *row, struct query_answer *out, struct diags *diags)
{
	size_t bytes = 0;
	for (;;) {
		int result = sqlite3_step(row);
		if (result == SQLITE_DONE)
			return true;
		if (result == SQLITE_INTERRUPT)
			return refuse(s, diags, "ask for less, or read a copy with sqlite3",
				"the question takes longer than ten seconds", "");
		if (result != SQLITE_ROW)
			return refuse(
				s, diags, HELP_READS, "this SQL failed: ", sqlite3_errmsg(s->db));
		if (json_array_size(out->rows) == QUERY_ROWS) {
			out->is_truncated = true;
			return true;
		}
		bytes += bytes_of(row, out->ncolumns);
		if (bytes > QUERY_BYTES)
			return refuse(s, diags, "ask for fewer rows or columns",
				"the answer is larger than 64 MB", "");
		json_t *values = json_array();
		for (size_t i = 0; i < out->ncolumns; i++)
			(void)json_array_append_new(values, value_new(row, (int)i));
		(void)json_array_append_new(out->rows, values);
	}
}

static bool ask(struct state *s, struct arena *a, const char *sql, struct query_answer *out,
	struct diags *diags)
{
	sqlite3_stmt *row = prepare(s, sql, diags);
	if (!row)
		return false;
	for (int i = 0; i < sqlite3_column_count(row); i++)
		*ARENA_PUSH(a, out->columns, out->ncolumns) =
			arena_strdup(a, sqlite3_column_name(row, i));
	bool ok = read_rows(s, row, out, diags);
	(void)sqlite3_finalize(row);
	return ok;
}

bool state_query(struct state *s, struct arena *a, const char *sql, struct query_answer *out,
	struct diags *diags)
{
	*out = (struct query_answer){ .rows = arena_json(a, json_array()) };
	if (!s->db)
		return true;
	long deadline = now_ms() + QUERY_MS;
	sqlite3_progress_handler(s->db, STEPS_BETWEEN_LOOKS, is_late, &deadline);
	(void)sqlite3_set_authorizer(s->db, authorize, NULL);
	bool ok = ask(s, a, sql, out, diags);
	(void)sqlite3_set_authorizer(s->db, NULL, NULL);
	sqlite3_progress_handler(s->db, 0, NULL, NULL);
	return ok;
}
