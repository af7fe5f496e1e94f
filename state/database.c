/* SPDX-License-Identifier: Apache-2.0 */
#include "state/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/json.h"

#define WAL_VERSION_AT 18 /* two bytes of the file's header; 1: no write-ahead log */
#define SNAPSHOT_ROOM ((sqlite3_int64)4 << 30)

#define HELP_UNREADABLE                                                                            \
	"do not delete it: put back a copy from before (`waybill.db` of a backup), or move it "    \
	"aside and make it anew with `waybill import --all`"
#define HELP_PERMISSION                                                                            \
	"run as the user who owns the file, or give that user the right to read and write it "     \
	"and its folder"
#define HELP_FULL                                                                                  \
	"free space on the disk that holds it and run the command again; nothing that was "        \
	"committed is lost"
#define HELP_WRITE                                                                                 \
	"see that the disk is sound and writable, then run the command again: it first asks the "  \
	"cloud what became of the writes under way"

struct meaning {
	int sqlite;
	const char *code;
	const char *help;
};

static const struct meaning meanings[] = {
	{ SQLITE_NOTADB, "state-unreadable", HELP_UNREADABLE },
	{ SQLITE_CORRUPT, "state-unreadable", HELP_UNREADABLE },
	{ SQLITE_ERROR, "state-unreadable", HELP_UNREADABLE },
	{ SQLITE_FULL, "state-full", HELP_FULL },
	{ SQLITE_BUSY, "state-busy",
		"another program, not Waybill, holds the file locked: end it, then run again" },
	{ SQLITE_PERM, "state-permission", HELP_PERMISSION },
	{ SQLITE_READONLY, "state-permission", HELP_PERMISSION },
};

static const struct meaning otherwise[] = {
	[STATE_OPENING] = { 0, "state-open",
		"see that the path given by --state or WAYBILL_STATE is a file on a sound disk" },
	[STATE_READING] = { 0, "state-read", "see that the disk is sound, then run again" },
	[STATE_WRITING] = { 0, "state-write", HELP_WRITE },
};

static const char *const verbs[] = { "open", "read", "write" };

struct place state_place(const struct state *s, struct diags *diags)
{
	return (struct place){ .file = arena_strdup(diags->arena, s->path) };
}

bool state_unreadable(struct state *s, const char *why, struct diags *diags)
{
	diag_error(diags, state_place(s, diags), "state-unreadable", "the state cannot be read: %s",
		why);
	diag_help(diags, HELP_UNREADABLE);
	return false;
}

bool state_newer(struct state *s, int64_t format, struct diags *diags)
{
	diag_error(diags, state_place(s, diags), "state-newer",
		"the state has format %lld, this Waybill reads up to %d", (long long)format,
		STATE_FORMAT);
	diag_help(diags, "use the newer Waybill that last wrote it");
	return false;
}

bool state_fail_errno(struct state *s, int error, const char *what, struct diags *diags)
{
	const char *code = "state-open", *help = otherwise[STATE_OPENING].help;
	if (error == EACCES || error == EPERM || error == EROFS) {
		code = "state-permission";
		help = HELP_PERMISSION;
	} else if (error == ENOSPC || error == EDQUOT) {
		code = "state-full";
		help = HELP_FULL;
	}
	diag_error(diags, state_place(s, diags), code, "cannot %s the state: %s", what,
		strerror(error));
	diag_help(diags, "%s", help);
	return false;
}

bool state_fail(struct state *s, enum state_doing doing, struct diags *diags)
{
	int sqlite = sqlite3_extended_errcode(s->db);
	/* SQLite knows a cause only for these two; for others the number is of an older failure. */
	int primary = sqlite & 0xff;
	int error = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN
		? sqlite3_system_errno(s->db)
		: 0;
	if (error == EACCES || error == EPERM || error == EROFS)
		primary = SQLITE_PERM;
	else if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		primary = SQLITE_FULL;
	const struct meaning *meaning = &otherwise[doing];
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (meanings[i].sqlite == primary)
			meaning = &meanings[i];
	diag_error(diags, state_place(s, diags), meaning->code,
		"cannot %s the state: %s%s%s (SQLite %d)", verbs[doing], sqlite3_errmsg(s->db),
		error ? ": " : "", error ? strerror(error) : "", sqlite);
	diag_help(diags, "%s", meaning->help);
	return false;
}

static void guard(sqlite3 *db)
{
	static const struct {
		int which, value;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, (int)STATE_TEXT_BYTES },
		{ SQLITE_LIMIT_SQL_LENGTH, 100000 },
		{ SQLITE_LIMIT_COLUMN, 64 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 10 },
		{ SQLITE_LIMIT_VDBE_OP, 25000 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 16 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100 },
		{ SQLITE_LIMIT_VARIABLE_NUMBER, 32 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		(void)sqlite3_limit(db, limits[i].which, limits[i].value);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_busy_timeout(db, STATE_BUSY_MS);
}

static bool connect(struct state *s, const char *file, int flags, struct diags *diags)
{
	if (sqlite3_open_v2(file, &s->db, flags | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		return state_fail(s, STATE_OPENING, diags);
	guard(s->db);
	return state_execute(s,
		"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
		"PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
		/* The end of a run folds its log into the file, once; before that a commit is one
		 * sync, whatever the size of the log. */
		"PRAGMA wal_autocheckpoint = 0;"
		"PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;",
		STATE_OPENING, diags);
}

bool state_connect(struct state *s, const char *file, struct diags *diags)
{
	return connect(s, file,
		s->access == STATE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, diags);
}

/* All pages at once, so that the copy is of one instant. */
static int copy_pages(sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *copying = sqlite3_backup_init(to, "main", from, "main");
	if (!copying)
		return sqlite3_extended_errcode(to);
	int stepped = sqlite3_backup_step(copying, -1);
	int finished = sqlite3_backup_finish(copying);
	return stepped == SQLITE_DONE ? finished : stepped;
}

bool state_copy_to(struct state *s, const char *path, struct diags *diags)
{
	struct state copy = { .path = s->path };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return state_fail_errno(s, errno, "copy", diags);
	(void)close(fd);
	bool ok = connect(&copy, path, SQLITE_OPEN_READWRITE, diags) &&
		(copy_pages(copy.db, s->db) == SQLITE_OK ||
			state_fail(&copy, STATE_WRITING, diags));
	state_disconnect(&copy);
	return ok;
}

bool state_read_in_memory(struct state *s, struct diags *diags)
{
	sqlite3 *file = s->db;
	s->db = NULL;
	bool ok = connect(s, ":memory:", SQLITE_OPEN_READWRITE, diags) &&
		(copy_pages(s->db, file) == SQLITE_OK || state_fail(s, STATE_OPENING, diags));
	(void)sqlite3_close(file);
	return ok;
}

bool state_connect_memory(struct state *s, const void *bytes, size_t len, struct diags *diags)
{
	if (!connect(s, ":memory:", SQLITE_OPEN_READWRITE, diags))
		return false;
	if (bytes) {
		unsigned char *copy = sqlite3_malloc64(len);
		if (!copy)
			return state_unreadable(s, "it is larger than this machine holds", diags);
		memcpy(copy, bytes, len);
		if (sqlite3_deserialize(s->db, "main", copy, (sqlite3_int64)len, (sqlite3_int64)len,
			    SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) !=
			SQLITE_OK)
			return state_fail(s, STATE_OPENING, diags);
		sqlite3_int64 most = SNAPSHOT_ROOM;
		(void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_SIZE_LIMIT, &most);
	}
	return true;
}

unsigned char *state_bytes(struct state *s, size_t *out_len, struct diags *diags)
{
	sqlite3_int64 len = 0;
	unsigned char *bytes = sqlite3_serialize(s->db, "main", &len, 0);
	if (!bytes || len < WAL_VERSION_AT + 2) {
		sqlite3_free(bytes);
		(void)state_fail(s, STATE_READING, diags);
		return NULL;
	}
	/* Beside a live log the file says WAL; the copy has no log and holds all of it. */
	bytes[WAL_VERSION_AT] = bytes[WAL_VERSION_AT + 1] = 1;
	*out_len = (size_t)len;
	return bytes;
}

void state_forget_statements(struct state *s)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		(void)sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
}

void state_disconnect(struct state *s)
{
	state_forget_statements(s);
	(void)sqlite3_close(s->db);
	s->db = NULL;
}

bool state_execute(struct state *s, const char *sql, enum state_doing doing, struct diags *diags)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
		state_fail(s, doing, diags);
}

bool state_pragma(struct state *s, const char *sql, int64_t *out, struct diags *diags)
{
	sqlite3_stmt *statement = NULL;
	bool ok = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW;
	if (ok)
		*out = sqlite3_column_int64(statement, 0);
	else
		state_fail(s, STATE_OPENING, diags);
	(void)sqlite3_finalize(statement);
	return ok;
}

bool state_is_wal(struct state *s, const char *sql, bool *out, struct diags *diags)
{
	sqlite3_stmt *statement = NULL;
	bool ok = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW;
	if (ok) {
		const char *mode = (const char *)sqlite3_column_text(statement, 0);
		*out = mode && strcmp(mode, "wal") == 0;
	} else {
		state_fail(s, STATE_OPENING, diags);
	}
	(void)sqlite3_finalize(statement);
	return ok;
}

static sqlite3_stmt *prepared(struct state *s, enum statement which)
{
	sqlite3_stmt **kept = &s->statements[which];
	if (!*kept)
		(void)sqlite3_prepare_v3(
			s->db, state_sql[which], -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
	return *kept;
}

static bool bind_value(sqlite3_stmt *statement, int at, const struct value *value)
{
	if (value->kind == VALUE_NUMBER)
		return sqlite3_bind_int64(statement, at, value->number) == SQLITE_OK;
	if (value->kind == VALUE_TEXT)
		return sqlite3_bind_text(statement, at, value->text, -1, SQLITE_TRANSIENT) ==
			SQLITE_OK;
	if (!value->json)
		return sqlite3_bind_null(statement, at) == SQLITE_OK;
	struct arena *scratch = arena_new();
	const char *text = json_canonical(scratch, value->json);
	int result = sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
	arena_free(scratch);
	return result == SQLITE_OK;
}

static bool run_statement(
	struct state *s, enum statement which, const struct value *values, size_t count)
{
	sqlite3_stmt *statement = prepared(s, which);
	if (!statement)
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < count; i++)
		ok = bind_value(statement, (int)i + 1, &values[i]);
	ok = ok && sqlite3_step(statement) == SQLITE_DONE;
	/* The reset repeats the error of the step, so that the message stays to be read. */
	(void)sqlite3_reset(statement);
	if (ok)
		(void)sqlite3_clear_bindings(statement);
	return ok;
}

static bool give_up(struct state *s)
{
	s->broken = true;
	if (!sqlite3_get_autocommit(s->db))
		(void)run_statement(s, SQL_ROLLBACK, NULL, 0);
	s->writing = s->records_changed = false;
	return false;
}

static bool break_off(struct state *s, struct diags *diags)
{
	state_fail(s, STATE_WRITING, diags);
	return give_up(s);
}

static bool refuse_broken(struct state *s, struct diags *diags)
{
	if (s->lost)
		return false;
	diag_error(diags, state_place(s, diags), "state-write",
		"the state takes nothing more after a write that failed");
	diag_help(diags, HELP_WRITE);
	return false;
}

bool state_write(struct state *s, enum statement which, const struct value *values, size_t count,
	int *out_rows, struct diags *diags)
{
	if (s->broken)
		return refuse_broken(s, diags);
	if (!s->writing && !state_is_locked(s, diags))
		return give_up(s);
	if (!s->writing && !run_statement(s, SQL_BEGIN_WRITE, NULL, 0))
		return break_off(s, diags);
	s->writing = true;
	if (!run_statement(s, which, values, count))
		return break_off(s, diags);
	int rows = sqlite3_changes(s->db);
	if (out_rows)
		*out_rows = rows;
	/* What changed nothing here changes nothing when it is played. */
	if (s->is_noted && rows > 0 && !remote_note(s, state_logged[which], values, count, diags))
		return give_up(s);
	return true;
}

bool state_play_end(struct state *s, struct diags *diags)
{
	if (!s->writing)
		return true;
	if (!run_statement(s, SQL_COMMIT, NULL, 0))
		return break_off(s, diags);
	s->writing = false;
	return true;
}

bool state_commit(struct state *s, struct diags *diags)
{
	if (s->broken)
		return refuse_broken(s, diags);
	if (!s->writing)
		return true;
	if (!state_is_locked(s, diags))
		return give_up(s);
	bool grows = s->records_changed;
	if (grows && !state_write(s, SQL_GROW_SERIAL, NULL, 0, NULL, diags))
		return false;
	/* The store first: what is in memory here dies with us. */
	if (s->is_noted && !remote_append(s, diags))
		return give_up(s);
	if (!run_statement(s, SQL_COMMIT, NULL, 0))
		return break_off(s, diags);
	s->writing = s->records_changed = false;
	s->serial += grows;
	if (!state_stands(s, diags))
		return give_up(s);
	if (s->is_noted && !remote_replace_due(s, diags))
		return give_up(s);
	return true;
}

sqlite3_stmt *state_select(struct state *s, enum statement which, struct diags *diags)
{
	sqlite3_stmt *statement = prepared(s, which);
	if (!statement)
		state_fail(s, STATE_READING, diags);
	return statement;
}

bool state_next(struct state *s, sqlite3_stmt *statement, bool *out_row, struct diags *diags)
{
	int result = sqlite3_step(statement);
	*out_row = result == SQLITE_ROW;
	if (*out_row)
		return true;
	bool ok = result == SQLITE_DONE || state_fail(s, STATE_READING, diags);
	(void)sqlite3_reset(statement);
	return ok;
}

char *state_text(struct arena *a, sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	return text ? arena_strndup(a, text, (size_t)sqlite3_column_bytes(statement, column))
		    : NULL;
}

bool state_json(struct state *s, struct arena *a, sqlite3_stmt *statement, int column, json_t **out,
	struct diags *diags)
{
	*out = NULL;
	const char *text = (const char *)sqlite3_column_text(statement, column);
	if (!text)
		return true;
	char *why = NULL;
	size_t len = (size_t)sqlite3_column_bytes(statement, column);
	*out = arena_json(a, json_parse(a, text, len, STATE_TEXT_BYTES, &why));
	if (*out)
		return true;
	(void)sqlite3_reset(statement);
	return state_unreadable(s,
		arena_printf(a, "column `%s`: %s", sqlite3_column_name(statement, column), why),
		diags);
}

void state_now(char out[TIME_TEXT])
{
	struct timespec now;
	struct tm utc;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	char seconds[TIME_TEXT];
	(void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(out, TIME_TEXT, "%.19s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
}
