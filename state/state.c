/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "state/internal.h"

/* SQLite would play the log of a file that is gone into a new one of the same name. */
static bool check_no_orphan(struct state *s, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct stat info;
	bool orphan =
		stat(arena_printf(scratch, "%s-wal", s->path), &info) == 0 && info.st_size > 0;
	arena_free(scratch);
	if (!orphan)
		return true;
	return state_unreadable(s, "the file is gone but its log (-wal) is still there", diags);
}

static bool look(struct state *s, bool *out_absent, struct diags *diags)
{
	struct stat info;
	*out_absent = false;
	if (stat(s->path, &info) != 0) {
		if (errno != ENOENT)
			return state_fail_errno(s, errno, "open", diags);
		*out_absent = true;
		return check_no_orphan(s, diags);
	}
	if (!S_ISREG(info.st_mode))
		return state_fail_errno(s, S_ISDIR(info.st_mode) ? EISDIR : EINVAL, "open", diags);
	/* We never leave an empty file, and SQLite would take it for a database without tables. */
	return info.st_size > 0 || state_unreadable(s, "the file is empty", diags);
}

static bool connect_path(struct state *s, struct diags *diags)
{
	/* Absolute, or SQLite might take it for one of its special names. */
	char *file = realpath(s->path, NULL);
	if (!file)
		return state_fail_errno(s, errno, "open", diags);
	bool ok = access(file, R_OK) == 0 ? state_connect(s, file, diags)
					  : state_fail_errno(s, errno, "open", diags);
	free(file);
	return ok;
}

bool state_check_format(struct state *s, int64_t *out_format, struct diags *diags)
{
	int64_t application = 0;
	if (!state_pragma(s, "PRAGMA application_id", &application, diags) ||
		!state_pragma(s, "PRAGMA user_version", out_format, diags))
		return false;
	if (application != STATE_APPLICATION_ID || *out_format < 1)
		return state_unreadable(s, "it is a database of another program", diags);
	return *out_format <= STATE_FORMAT || state_newer(s, *out_format, diags);
}

/* Between runs the file is in rollback mode, so that it is one file, complete in itself, that can
 * be read in a folder where nothing may be made. A writer turns it to WAL and back. Only bytes of
 * the file's first sector differ, so the step is whole on any disk and needs no journal; with one
 * (the default), a kill here would leave a journal that readers may not roll back. */
static bool start_writing(struct state *s, int64_t format, struct diags *diags)
{
	if (sqlite3_db_readonly(s->db, "main") == 1)
		return state_fail_errno(s, EACCES, "write", diags);
	bool wal = false;
	if (!state_is_wal(s, "PRAGMA journal_mode", &wal, diags))
		return false;
	if (!wal &&
		(!state_is_wal(s, "PRAGMA journal_mode = MEMORY", &wal, diags) ||
			!state_is_wal(s, "PRAGMA journal_mode = WAL", &wal, diags)))
		return false;
	if (!wal) {
		diag_error(diags, state_place(s, diags), "state-open",
			"SQLite cannot use a write-ahead log for the state");
		diag_help(diags, "put the state on a local disk");
		return false;
	}
	if (format == STATE_FORMAT)
		return true;
	struct arena *scratch = arena_new();
	const char *file = sqlite3_db_filename(s->db, "main");
	bool ok = state_copy_to(s, arena_printf(scratch, "%s.format-%lld", file, (long long)format),
			  diags) &&
		state_migrate(s, format, diags);
	arena_free(scratch);
	return ok;
}

bool state_read_meta(struct state *s, struct diags *diags)
{
	bool row = false;
	sqlite3_stmt *meta = state_select(s, SQL_META, diags);
	if (!meta || !state_next(s, meta, &row, diags))
		return false;
	const char *lineage = row ? (const char *)sqlite3_column_text(meta, 0) : NULL;
	const char *key = row ? (const char *)sqlite3_column_text(meta, 5) : NULL;
	bool ok = lineage && strlen(lineage) < sizeof s->lineage && key &&
		strlen(key) < sizeof s->key;
	if (ok) {
		memcpy(s->key, key, strlen(key) + 1);
		memcpy(s->lineage, lineage, strlen(lineage) + 1);
		s->serial = sqlite3_column_int64(meta, 1);
	}
	(void)sqlite3_reset(meta);
	return ok || state_unreadable(s, "its table `meta` is empty", diags);
}

/* Beside a live writer a reader sees one instant to its end. In a file at rest it holds nothing,
 * since there a reader's lock would keep a writer from starting. */
static bool start_reading(struct state *s, struct diags *diags)
{
	bool wal = false;
	return state_execute(s, state_sql[SQL_BEGIN], STATE_OPENING, diags) &&
		state_read_meta(s, diags) && state_is_wal(s, "PRAGMA journal_mode", &wal, diags) &&
		(wal || state_execute(s, state_sql[SQL_COMMIT], STATE_OPENING, diags));
}

static bool open_file(struct state *s, struct diags *diags)
{
	bool absent;
	int64_t format;
	if (!look(s, &absent, diags))
		return false;
	if (absent && s->access == STATE_READ)
		return true;
	if (absent && !state_create(s, diags))
		return false;
	if (!connect_path(s, diags) || !state_check_format(s, &format, diags))
		return false;
	if (s->access == STATE_READ && format < STATE_FORMAT)
		return state_read_in_memory(s, diags) && state_migrate(s, format, diags) &&
			state_read_meta(s, diags);
	if (s->access == STATE_READ)
		return start_reading(s, diags);
	return start_writing(s, format, diags) && state_note_place(s, diags) &&
		state_read_meta(s, diags);
}

struct state *state_open(const char *path, enum state_access access, struct diags *diags)
{
	struct state *s = mem_alloc(sizeof *s);
	*s = (struct state){ .path = mem_strdup(path), .access = access };
	if (open_file(s, diags))
		return s;
	state_close(s);
	return NULL;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	if (s->remote) {
		remote_give_back(s);
	} else if (s->db && s->access == STATE_WRITE) {
		if (!sqlite3_get_autocommit(s->db))
			(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		/* Fails while somebody reads; then the log stays, as after a kill. */
		(void)sqlite3_busy_timeout(s->db, 0);
		(void)sqlite3_exec(s->db, "PRAGMA journal_mode = MEMORY", NULL, NULL, NULL);
	}
	state_disconnect(s);
	free(s->path);
	free(s);
}

const char *state_lineage(struct state *s)
{
	return s->db ? s->lineage : NULL;
}

const char *state_key(struct state *s)
{
	return s->db ? s->key : NULL;
}

int64_t state_serial(struct state *s)
{
	return s->serial;
}
