/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of the state share
 *
 * All SQL stands in sql.c. Statements are prepared once and kept. A write begins a transaction when
 * none is open; state_commit() ends it. After a write that failed the transaction is rolled back
 * and nothing more is written: what the caller believes and what the file holds have parted, and
 * only opening it again brings them together.
 */
#ifndef WAYBILL_STATE_INTERNAL_H
#define WAYBILL_STATE_INTERNAL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "state/state.h"

#define STATE_APPLICATION_ID 0x57594249      /* "WYBI" in the file's header */
#define STATE_TEXT_BYTES ((size_t)256 << 20) /* of one column at most */
#define STATE_BUSY_MS 10000                  /* another program's short locks are waited out */
#define TIME_TEXT 25                         /* bytes of 2026-01-02T03:04:05.678Z and NUL */

enum statement {
	SQL_BEGIN,
	SQL_BEGIN_WRITE,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_FOUND,
	SQL_META,
	SQL_BIND,
	SQL_GROW_SERIAL,
	SQL_RECORDS,
	SQL_PUT_RECORD,
	SQL_DROP_RECORD,
	SQL_BEGIN_RUN,
	SQL_END_RUN,
	SQL_LAST_RUN,
	SQL_INTEND,
	SQL_INTEND_AGAIN,
	SQL_ACCEPTED,
	SQL_LEAVE_OPEN,
	SQL_SETTLE,
	SQL_ADD_CHANGE,
	SQL_OPEN_INTENTS,
	SQL_TELL_CHANGE,
	SQL_RUNS,
	SQL_RUN,
	SQL_COUNT_CHANGES,
	SQL_CHANGES,
	SQL_UNDONE,
	SQL_ADD_PUTBACK,
	SQL_SET_DEADLINE,
	SQL_DROP_PUTBACK,
	SQL_PUTBACK,
	STATEMENT_COUNT
};

extern const char *const state_sql[STATEMENT_COUNT];
/* What the log of a remote state (log.h) calls those that write; NULL: no write of the state. A new
 * one needs a name here. */
extern const char *const state_logged[STATEMENT_COUNT];
/* The nth brings a file of format n to n + 1. */
extern const char *const state_migrations[STATE_FORMAT];

struct state {
	char *path;            /* as the user wrote it; of a remote one, its name */
	struct remote *remote; /* NULL: a local file */
	bool is_noted;         /* `remote` is told of each write */
	enum state_access access;
	sqlite3 *db; /* NULL: no file, and nothing to read */
	sqlite3_stmt *statements[STATEMENT_COUNT];
	char lineage[37], key[65];
	int64_t serial;
	char run_started[TIME_TEXT];
	bool writing;         /* a transaction is open */
	bool records_changed; /* in it */
	bool broken;          /* a write failed */
	/* Of a local one for writing: */
	const struct lock *lock; /* or NULL */
	dev_t device;            /* of the file, and its inode; 0: not asked for */
	ino_t inode;
	bool lost; /* and that was told */
};

enum state_doing {
	STATE_OPENING,
	STATE_READING,
	STATE_WRITING
};

/* Each adds one error at the state's path and returns false: SQLite's newest, errno's, ours. */
bool state_fail(struct state *, enum state_doing, struct diags *);
bool state_fail_errno(struct state *, int error, const char *what, struct diags *);
bool state_unreadable(struct state *, const char *why, struct diags *);
bool state_newer(struct state *, int64_t format, struct diags *);
struct place state_place(const struct state *, struct diags *);

/* Opens `file`, which exists, into `db`, guarded against hostile contents. */
bool state_connect(struct state *, const char *file, struct diags *);
/* Copies the open database, as it stands at one instant, over the file at the absolute path. */
bool state_copy_to(struct state *, const char *path, struct diags *);
/* Goes on with a copy in memory, which may be migrated, instead of the file. */
bool state_read_in_memory(struct state *, struct diags *);
/* The same for a database in memory that holds these bytes; NULL: nothing yet. */
bool state_connect_memory(struct state *, const void *bytes, size_t len, struct diags *);
/* The bytes of the open database at rest, and in *out_len how many; sqlite3_free(). NULL with an
 * error. */
unsigned char *state_bytes(struct state *, size_t *out_len, struct diags *);
bool state_check_format(struct state *, int64_t *out_format, struct diags *);
bool state_read_meta(struct state *, struct diags *);
/* Ends the transaction of a group of the log that was played. */
bool state_play_end(struct state *, struct diags *);
/* Finalizes the statements and closes the connection. */
void state_disconnect(struct state *);
/* Finalizes the statements alone. */
void state_forget_statements(struct state *);
bool state_execute(struct state *, const char *sql, enum state_doing, struct diags *);
/* The one number or short text that a PRAGMA answers. */
bool state_pragma(struct state *, const char *sql, int64_t *out, struct diags *);
bool state_is_wal(struct state *, const char *sql, bool *out, struct diags *);

enum value_kind {
	VALUE_TEXT,
	VALUE_JSON,
	VALUE_NUMBER
};

struct value {
	enum value_kind kind;
	const char *text;   /* NULL is stored as NULL */
	const json_t *json; /* kept as canonical text; NULL is stored as NULL */
	int64_t number;
};

#define TEXT(content) ((struct value){ .kind = VALUE_TEXT, .text = (content) })
#define JSON(content) ((struct value){ .kind = VALUE_JSON, .json = (content) })
#define NUMBER(content) ((struct value){ .kind = VALUE_NUMBER, .number = (content) })
/* Two arguments: the values for a statement's parameters in order, and their count. */
#define VALUES(...)                                                                                \
	((const struct value[]){ __VA_ARGS__ }), ARRAY_LEN(((struct value[]){ __VA_ARGS__ }))

/* In *out_rows, when not NULL, how many rows it changed. */
bool state_write(struct state *, enum statement, const struct value *, size_t count, int *out_rows,
	struct diags *);
/* Begins a query whose rows state_next() steps through; the last one makes *out_row false. */
sqlite3_stmt *state_select(struct state *, enum statement, struct diags *);
bool state_next(struct state *, sqlite3_stmt *, bool *out_row, struct diags *);
/* A column of the row, NULL for NULL. */
char *state_text(struct arena *, sqlite3_stmt *, int column);
bool state_json(
	struct state *, struct arena *, sqlite3_stmt *, int column, json_t **out, struct diags *);

/* Makes an empty state at the path, whole or not at all. */
bool state_create(struct state *, struct diags *);
/* Brings the open file from `format` to STATE_FORMAT in one transaction. */
bool state_migrate(struct state *, int64_t format, struct diags *);

/* ---- standing.c ---- */

/* From now on the open file must stay where it is. */
bool state_note_place(struct state *, struct diags *);
/* Whether the lock is where it was; false with `state-lost` when there are diagnostics. */
bool state_is_locked(struct state *, struct diags *);
/* The same of the lock and the file. What a file held that is gone is saved beside it. */
bool state_stands(struct state *, struct diags *);
/* It shows that another run has written: false, with `state-lost` when there are diagnostics. */
bool state_lose_lock(struct state *, struct diags *);

/* ---- remote.c ---- */

/* A write that was made. */
bool remote_note(
	struct state *, const char *name, const struct value *, size_t count, struct diags *);
/* Makes what was noted durable; or leaves it to remote_replace_due(), after the commit. */
bool remote_append(struct state *, struct diags *);
bool remote_replace_due(struct state *, struct diags *);
/* The state is closed: the database stays with the remote while that is locked. */
void remote_give_back(struct state *);

void state_now(char out[TIME_TEXT]);

#endif
