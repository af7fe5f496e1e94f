/* SPDX-License-Identifier: Apache-2.0 */
#include "state/internal.h"

/* A format that was released is never edited: a change is a new entry. Ids compare without case,
 * which NOCASE does for ASCII alone, as ARM does. JSON is canonical text. */
static const char create[] =
	"CREATE TABLE meta (\n"
	"	one           INTEGER PRIMARY KEY CHECK (one = 1),\n"
	"	lineage       TEXT NOT NULL,\n"
	"	key           TEXT NOT NULL,\n" /* of the seals of secrets */
	"	serial        INTEGER NOT NULL,\n"
	"	cloud         TEXT,\n"
	"	tenant        TEXT,\n"
	"	subscriptions TEXT\n" /* JSON array */
	") STRICT;\n"
	"CREATE TABLE resource (\n"
	"	id         TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,\n"
	"	address    TEXT NOT NULL,\n"
	"	type       TEXT NOT NULL,\n"
	"	origin     TEXT NOT NULL CHECK (origin IN ('made', 'adopted', 'existing')),\n"
	"	parent     TEXT COLLATE NOCASE,\n"
	"	body       TEXT,\n"
	"	before     TEXT,\n"
	"	depends_on TEXT,\n"
	"	extra      TEXT\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE TABLE run (\n"
	"	number  INTEGER PRIMARY KEY,\n"
	"	command TEXT NOT NULL,\n"
	"	plan_id TEXT,\n"
	"	user    TEXT,\n"
	"	host    TEXT,\n"
	"	pid     INTEGER NOT NULL,\n"
	"	source  TEXT,\n"
	"	started TEXT NOT NULL,\n"
	"	ended   TEXT,\n"
	"	result  TEXT CHECK (result IN ('done', 'failed', 'interrupted')),\n"
	"	outputs TEXT,\n"
	"	notes   TEXT\n"
	") STRICT;\n"
	"CREATE TABLE intent (\n"
	"	number  INTEGER PRIMARY KEY,\n"
	"	run     INTEGER NOT NULL REFERENCES run,\n"
	"	id      TEXT NOT NULL COLLATE NOCASE,\n"
	"	verb    TEXT NOT NULL,\n"
	"	step    TEXT,\n" /* dropped when it is settled */
	"	started TEXT NOT NULL,\n"
	"	ended   TEXT,\n" /* NULL: open */
	"	outcome TEXT CHECK (outcome IN ('done', 'absent', 'failed', 'unknown'))\n"
	") STRICT;\n"
	"CREATE INDEX intent_open ON intent (number) WHERE ended IS NULL;\n"
	"CREATE TABLE change (\n"
	"	run      INTEGER NOT NULL REFERENCES run,\n"
	"	sequence INTEGER NOT NULL,\n"
	"	time     TEXT NOT NULL,\n"
	"	address  TEXT,\n"
	"	id       TEXT COLLATE NOCASE,\n"
	"	action   TEXT,\n"
	"	before   TEXT,\n"
	"	after    TEXT,\n"
	"	outcome  TEXT NOT NULL,\n"
	"	PRIMARY KEY (run, sequence)\n"
	") STRICT, WITHOUT ROWID;\n";

/* 1 to 2: what was sent, and where to ask for its end. */
static const char tell_what_was_sent[] = "ALTER TABLE intent ADD COLUMN request_id TEXT;\n"
					 "ALTER TABLE intent ADD COLUMN body_hash TEXT;\n"
					 "ALTER TABLE intent ADD COLUMN if_match TEXT;\n"
					 "ALTER TABLE intent ADD COLUMN handle TEXT;\n";

/* 2 to 3: what is put back unless somebody confirms in time; deadline in ms since 1970. */
static const char put_back_later[] = "CREATE TABLE putback (\n"
				     "	run      INTEGER PRIMARY KEY REFERENCES run,\n"
				     "	deadline INTEGER NOT NULL,\n"
				     "	tables   TEXT NOT NULL\n"
				     ") STRICT;\n";

const char *const state_migrations[STATE_FORMAT] = { create, tell_what_was_sent, put_back_later };

const char *const state_logged[STATEMENT_COUNT] = {
	[SQL_FOUND] = "found",
	[SQL_BIND] = "bind",
	[SQL_GROW_SERIAL] = "grow_serial",
	[SQL_PUT_RECORD] = "put_record",
	[SQL_DROP_RECORD] = "drop_record",
	[SQL_BEGIN_RUN] = "begin_run",
	[SQL_END_RUN] = "end_run",
	[SQL_INTEND] = "intend",
	[SQL_INTEND_AGAIN] = "intend_again",
	[SQL_ACCEPTED] = "accepted",
	[SQL_LEAVE_OPEN] = "leave_open",
	[SQL_SETTLE] = "settle",
	[SQL_ADD_CHANGE] = "add_change",
	[SQL_TELL_CHANGE] = "tell_change",
	[SQL_ADD_PUTBACK] = "add_putback",
	[SQL_SET_DEADLINE] = "set_deadline",
	[SQL_DROP_PUTBACK] = "drop_putback",
};

const char *const state_sql[STATEMENT_COUNT] = {
	[SQL_BEGIN] = "BEGIN",
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",

	[SQL_FOUND] = "INSERT INTO meta (one, lineage, serial, key) VALUES (1, ?, 0, ?)",
	[SQL_META] = "SELECT lineage, serial, cloud, tenant, subscriptions, key FROM meta",
	[SQL_BIND] = "UPDATE meta SET cloud = coalesce(cloud, ?), tenant = coalesce(tenant, ?),"
		     " subscriptions = coalesce(?, subscriptions)",
	[SQL_GROW_SERIAL] = "UPDATE meta SET serial = serial + 1",

	[SQL_RECORDS] = "SELECT id, address, type, origin, parent, body, before, depends_on, extra"
			" FROM resource ORDER BY id",
	/* A record that is already as given costs no write. */
	[SQL_PUT_RECORD] =
		"INSERT INTO resource"
		" (id, address, type, origin, parent, body, before, depends_on, extra)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (id) DO UPDATE SET id = excluded.id, address = excluded.address,"
		" type = excluded.type, origin = excluded.origin, parent = excluded.parent,"
		" body = excluded.body, before = excluded.before,"
		" depends_on = excluded.depends_on, extra = excluded.extra"
		" WHERE (id || '', address, type, origin, parent || '', body, before, depends_on,"
		" extra) IS NOT (excluded.id || '', excluded.address, excluded.type,"
		" excluded.origin, excluded.parent || '', excluded.body, excluded.before,"
		" excluded.depends_on, excluded.extra)",
	[SQL_DROP_RECORD] = "DELETE FROM resource WHERE id = ?",

	[SQL_BEGIN_RUN] = "INSERT INTO run (command, plan_id, user, host, pid, source, started)"
			  " VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_END_RUN] = "UPDATE run SET ended = ?2, result = ?3, outputs = ?4, notes = ?5"
			" WHERE number = ?1",
	[SQL_LAST_RUN] = "SELECT number, command, plan_id, user, host, pid, source, started, ended,"
			 " result, outputs, notes FROM run"
			 " WHERE result IN ('done', 'failed')"
			 " AND (outputs IS NOT NULL OR notes IS NOT NULL)"
			 " ORDER BY number DESC LIMIT 1",

	[SQL_INTEND] = "INSERT INTO intent"
		       " (run, id, verb, step, started, request_id, body_hash, if_match)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_INTEND_AGAIN] = "UPDATE intent SET request_id = ?2, body_hash = ?3, if_match = ?4,"
			     " handle = NULL WHERE number = ?1 AND ended IS NULL",
	[SQL_ACCEPTED] = "UPDATE intent SET handle = ?2 WHERE number = ?1 AND ended IS NULL",
	[SQL_LEAVE_OPEN] = "UPDATE intent SET outcome = ?2 WHERE number = ?1 AND ended IS NULL",
	[SQL_SETTLE] = "UPDATE intent SET outcome = ?2, ended = ?3, step = NULL, handle = NULL"
		       " WHERE number = ?1 AND ended IS NULL",
	[SQL_ADD_CHANGE] = "INSERT INTO change"
			   " (run, sequence, time, address, id, action, before, after, outcome)"
			   " SELECT run, (SELECT coalesce(max(sequence), 0) + 1 FROM change"
			   " WHERE change.run = intent.run), ?2, ?3, ?4, ?5, ?6, ?7, ?8"
			   " FROM intent WHERE number = ?1",
	[SQL_OPEN_INTENTS] = "SELECT number, run, id, verb, step, started, request_id, body_hash,"
			     " if_match, handle FROM intent"
			     " WHERE ended IS NULL ORDER BY number",

	[SQL_TELL_CHANGE] = "INSERT INTO change"
			    " (run, sequence, time, address, id, action, before, after, outcome)"
			    " VALUES (?1, (SELECT coalesce(max(sequence), 0) + 1 FROM change"
			    " WHERE run = ?1), ?2, ?3, ?4, ?5, ?6, ?7, 'done')",
	[SQL_RUNS] = "SELECT number, command, plan_id, user, host, pid, source, started, ended,"
		     " result FROM run ORDER BY number DESC LIMIT ?1",
	[SQL_RUN] = "SELECT number, command, plan_id, user, host, pid, source, started, ended,"
		    " result FROM run WHERE number = ?1",
	[SQL_COUNT_CHANGES] = "SELECT count(*) FROM change WHERE run = ?1",
	[SQL_CHANGES] = "SELECT time, address, id, action, outcome, before, after FROM change"
			" WHERE run = ?1 ORDER BY sequence",

	[SQL_UNDONE] = "SELECT started, id, verb, outcome FROM intent"
		       " WHERE run = ?1 AND outcome IS NOT 'done' ORDER BY number",
	[SQL_ADD_PUTBACK] = "INSERT INTO putback (run, deadline, tables) VALUES (?, ?, ?)",
	[SQL_SET_DEADLINE] = "UPDATE putback SET deadline = ?2 WHERE run = ?1",
	[SQL_DROP_PUTBACK] = "DELETE FROM putback WHERE run = ?1",
	[SQL_PUTBACK] = "SELECT run, deadline, tables FROM putback ORDER BY run LIMIT 1",
};
