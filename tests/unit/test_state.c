/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "state/internal.h"
#include "tests/support/folder.h"

static struct arena *a;
static struct diags diags;
static struct folder folder;
static const char *path;

static int setup(void **unused)
{
	(void)unused;
	a = arena_new();
	diags_init(&diags, a);
	folder_make(&folder);
	path = folder_path(&folder, a, "waybill.db");
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	folder_remove(&folder);
	arena_free(a);
	return 0;
}

static struct state *must_open(enum state_access access)
{
	struct state *s = state_open(path, access, &diags);
	if (!s)
		fail_msg("%s: %s", diags.items[0].code, diags.items[0].text);
	return s;
}

/* In a child, where a failed assertion must not go on with the tests. */
static struct state *child_open(enum state_access access)
{
	struct state *s = state_open(path, access, &diags);
	if (!s)
		_exit(253);
	return s;
}

static void must_fail_to_open(enum state_access access, const char *code)
{
	size_t before = diags.nerrors;
	assert_null(state_open(path, access, &diags));
	assert_int_equal(diags.nerrors, before + 1);
	const struct diag *diag = &diags.items[diags.count - 1];
	assert_string_equal(diag->code, code);
	assert_string_equal(diag->at.file, path);
	assert_non_null(diag->help);
}

static json_t *json(const char *text)
{
	char *why = NULL;
	json_t *value = json_parse(a, text, strlen(text), 10000, &why);
	assert_non_null(value);
	return arena_json(a, value);
}

static struct record record_of(const char *id)
{
	return (struct record){ .id = id,
		.address = "routeTables/t",
		.type = "Microsoft.Network/routeTables",
		.origin = "made" };
}

static void put(struct state *s, const char *id)
{
	struct record record = record_of(id);
	assert_true(state_put_record(s, &record, &diags));
}

static void commit(struct state *s)
{
	assert_true(state_commit(s, &diags));
}

static size_t count_records(struct state *s)
{
	struct record *records;
	size_t count;
	assert_true(state_records(s, a, &records, &count, &diags));
	return count;
}

static bool exists(const char *name)
{
	return access(folder_path(&folder, a, name), F_OK) == 0;
}

static int mode_of(const char *name)
{
	struct stat info;
	assert_int_equal(stat(folder_path(&folder, a, name), &info), 0);
	return (int)(info.st_mode & 0777);
}

/* Does with the file what another program might. */
static void meddle(const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static char *ask(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	char *answer = arena_strdup(a, (const char *)sqlite3_column_text(row, 0));
	(void)sqlite3_finalize(row);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return answer;
}

static int64_t begin_run(struct state *s)
{
	struct run run = { .command = "apply",
		.plan_id = "p1",
		.user = "u",
		.host = "h",
		.pid = 7,
		.source = "abc" };
	assert_true(state_begin_run(s, &run, &diags));
	assert_int_equal(strlen(run.started), 24);
	return run.number;
}

static int64_t intend(struct state *s, int64_t run, const char *id)
{
	struct intent intent = { .run = run,
		.id = id,
		.verb = "put",
		.body_hash = "00ff",
		.if_match = "W/\"1\"",
		.request_id = "r-1",
		.step = json("{\"b\":[1],\"a\":null}") };
	assert_true(state_intend(s, &intent, &diags));
	return intent.number;
}

/* ---- records ---- */

static void test_state__record_comes_back_as_put(void **unused)
{
	(void)unused;
	struct record in = record_of("/subscriptions/S/a");
	in.parent = "/subscriptions/S";
	in.origin = "existing";
	in.body = json("{\"properties\":{\"x\":[1,2.5,\"\\u00e9\"]},\"etag\":null}");
	in.before = json("{\"/properties/y\":null}");
	in.depends_on = json("[\"/subscriptions/S\"]");
	in.extra = json("null");
	struct state *s = must_open(STATE_WRITE);
	assert_true(state_put_record(s, &in, &diags));
	commit(s);
	state_close(s);

	struct record *out;
	size_t count;
	s = must_open(STATE_READ);
	assert_true(state_records(s, a, &out, &count, &diags));
	state_close(s);
	assert_int_equal(count, 1);
	assert_string_equal(out->id, in.id);
	assert_string_equal(out->address, in.address);
	assert_string_equal(out->type, in.type);
	assert_string_equal(out->origin, in.origin);
	assert_string_equal(out->parent, in.parent);
	assert_true(json_equal(out->body, in.body));
	assert_true(json_equal(out->before, in.before));
	assert_true(json_equal(out->depends_on, in.depends_on));
	assert_true(json_is_null(out->extra));
	assert_string_equal(ask("SELECT body FROM resource"), json_canonical(a, in.body));
}

static void test_state__absent_members_stay_absent(void **unused)
{
	(void)unused;
	struct record *out;
	size_t count;
	struct state *s = must_open(STATE_WRITE);
	put(s, "/a");
	assert_true(state_records(s, a, &out, &count, &diags));
	assert_int_equal(count, 1);
	assert_null(out->parent);
	assert_null(out->body);
	assert_null(out->before);
	assert_null(out->depends_on);
	assert_null(out->extra);
	state_close(s);
}

static void test_state__records_are_sorted_without_case(void **unused)
{
	(void)unused;
	static const char *const ids[] = { "/b", "/A_", "/C", "/aA", "/a-" };
	struct record *out;
	size_t count;
	struct state *s = must_open(STATE_WRITE);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		put(s, ids[i]);
	assert_true(state_records(s, a, &out, &count, &diags));
	assert_int_equal(count, ARRAY_LEN(ids));
	for (size_t i = 1; i < count; i++)
		assert_true(text_compare_nocase(out[i - 1].id, out[i].id) < 0);
	state_close(s);
}

static void test_state__id_is_one_in_any_case(void **unused)
{
	(void)unused;
	struct record *out;
	size_t count;
	struct state *s = must_open(STATE_WRITE);
	put(s, "/subscriptions/s/RG");
	put(s, "/SUBSCRIPTIONS/s/rg");
	assert_true(state_records(s, a, &out, &count, &diags));
	assert_int_equal(count, 1);
	assert_string_equal(out->id, "/SUBSCRIPTIONS/s/rg");
	assert_true(state_drop_record(s, "/subscriptions/S/Rg", &diags));
	assert_int_equal(count_records(s), 0);
	assert_true(state_drop_record(s, "/never", &diags));
	state_close(s);
}

static void test_state__serial_grows_only_with_records(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	const char *lineage = arena_strdup(a, state_lineage(s));
	assert_int_equal(state_serial(s), 0);
	put(s, "/a");
	put(s, "/b");
	commit(s);
	assert_int_equal(state_serial(s), 1);
	put(s, "/a");
	assert_true(state_drop_record(s, "/none", &diags));
	(void)begin_run(s);
	commit(s);
	commit(s);
	assert_int_equal(state_serial(s), 1);
	put(s, "/A");
	commit(s);
	assert_int_equal(state_serial(s), 2);
	state_close(s);
	s = must_open(STATE_READ);
	assert_int_equal(state_serial(s), 2);
	assert_string_equal(state_lineage(s), lineage);
	state_close(s);
}

static void test_state__uncommitted_is_lost(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	put(s, "/a");
	commit(s);
	put(s, "/b");
	assert_int_equal(count_records(s), 2);
	state_close(s);
	s = must_open(STATE_READ);
	assert_int_equal(count_records(s), 1);
	state_close(s);
}

/* ---- runs, intents, history ---- */

static void test_state__intent_survives_until_settled(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	int64_t run = begin_run(s);
	int64_t first = intend(s, run, "/a"), second = intend(s, run, "/b");
	assert_true(state_note_operation(s, second, "https://o/1", &diags));
	assert_true(state_settle(s, first, "done", NULL, &diags));
	commit(s);
	state_close(s);

	struct intent *open;
	size_t count;
	s = must_open(STATE_WRITE);
	assert_true(state_open_intents(s, a, &open, &count, &diags));
	assert_int_equal(count, 1);
	assert_int_equal(open->number, second);
	assert_int_equal(open->run, run);
	assert_string_equal(open->id, "/b");
	assert_string_equal(open->verb, "put");
	assert_string_equal(open->body_hash, "00ff");
	assert_string_equal(open->if_match, "W/\"1\"");
	assert_string_equal(open->request_id, "r-1");
	assert_string_equal(open->operation_url, "https://o/1");
	assert_string_equal(json_canonical(a, open->step), "{\"a\":null,\"b\":[1]}");
	assert_true(state_settle(s, second, "unknown", NULL, &diags));
	assert_true(state_open_intents(s, a, &open, &count, &diags));
	assert_int_equal(count, 1);
	assert_true(state_settle(s, second, "absent", NULL, &diags));
	assert_true(state_open_intents(s, a, &open, &count, &diags));
	assert_int_equal(count, 0);
	state_close(s);
}

static void test_state__history_keeps_every_change(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	int64_t run = begin_run(s);
	json_t *two =
		json("[{\"address\":\"x\",\"id\":\"/x\",\"action\":\"create\",\"before\":null,"
		     "\"after\":{\"k\":1}},{\"address\":\"y\",\"id\":\"/y\",\"action\":\"delete\","
		     "\"before\":{\"k\":2}}]");
	int64_t first = intend(s, run, "/x");
	assert_true(state_settle(s, first, "unknown", two, &diags));
	assert_true(state_settle(s, first, "done", two, &diags));
	commit(s);
	state_close(s);
	assert_string_equal(
		ask("SELECT group_concat(run||' '||sequence||' '||address||' '||id||' '||action||' "
		    "'"
		    "||coalesce(before,'-')||' '||coalesce(after,'-')||' '||outcome, '\n')"
		    " FROM (SELECT * FROM change ORDER BY run, sequence)"),
		"1 1 x /x create - {\"k\":1} unknown\n1 2 y /y delete {\"k\":2} - unknown\n"
		"1 3 x /x create - {\"k\":1} done\n1 4 y /y delete {\"k\":2} - done");
	assert_string_equal(
		ask("SELECT count(*) FROM change WHERE time GLOB"
		    " '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T*:*:[0-5][0-9].[0-9][0-9][0-9]Z'"),
		"4");
}

static void test_state__last_run_is_the_newest_that_told_something(void **unused)
{
	(void)unused;
	struct run last;
	bool found;
	struct state *s = must_open(STATE_WRITE);
	assert_true(state_last_run(s, a, &last, &found, &diags));
	assert_false(found);
	int64_t told = begin_run(s);
	assert_true(state_end_run(s, told, "failed", json("{\"o\":1}"), json("{\"n\":2}"), &diags));
	assert_true(state_end_run(s, begin_run(s), "done", NULL, NULL, &diags));
	assert_true(state_end_run(s, begin_run(s), "interrupted", json("{}"), NULL, &diags));
	(void)begin_run(s);
	assert_true(state_last_run(s, a, &last, &found, &diags));
	assert_true(found);
	assert_int_equal(last.number, told);
	assert_string_equal(last.command, "apply");
	assert_string_equal(last.plan_id, "p1");
	assert_string_equal(last.user, "u");
	assert_string_equal(last.host, "h");
	assert_int_equal(last.pid, 7);
	assert_string_equal(last.source, "abc");
	assert_string_equal(last.result, "failed");
	assert_non_null(last.ended);
	assert_string_equal(json_canonical(a, last.outputs), "{\"o\":1}");
	assert_string_equal(json_canonical(a, last.notes), "{\"n\":2}");
	state_close(s);
}

/* ---- the file ---- */

static void test_state__reading_an_absent_file_makes_nothing(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_READ);
	struct state_binding binding = { .cloud = "public" };
	struct intent *intents;
	size_t count;
	assert_int_equal(count_records(s), 0);
	assert_true(state_open_intents(s, a, &intents, &count, &diags));
	assert_int_equal(count, 0);
	assert_null(state_lineage(s));
	assert_true(state_bind(s, &binding, &diags));
	state_close(s);
	assert_int_equal(rmdir(folder.path), 0);
	assert_int_equal(mkdir(folder.path, 0700), 0);
}

static void test_state__at_rest_is_one_file(void **unused)
{
	(void)unused;
	mode_t old = umask(0);
	struct state *s = must_open(STATE_WRITE);
	(void)umask(old);
	put(s, "/a");
	commit(s);
	assert_int_equal(mode_of("waybill.db"), 0600);
	assert_int_equal(mode_of("waybill.db-wal"), 0600);
	assert_int_equal(mode_of("waybill.db-shm"), 0600);
	state_close(s);
	s = must_open(STATE_READ);
	assert_int_equal(count_records(s), 1);
	state_close(s);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder.path), 0);
	assert_int_equal(mkdir(folder.path, 0700), 0);
}

static void test_state__noise_is_unreadable(void **unused)
{
	(void)unused;
	char noise[10000];
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (char)(i * 7919 >> 3);
	folder_write(&folder, "waybill.db", noise, sizeof noise);
	must_fail_to_open(STATE_READ, "state-unreadable");
	must_fail_to_open(STATE_WRITE, "state-unreadable");
	folder_write(&folder, "waybill.db", "", 0);
	must_fail_to_open(STATE_READ, "state-unreadable");
	must_fail_to_open(STATE_WRITE, "state-unreadable");
}

static void test_state__truncated_is_unreadable(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	put(s, "/a");
	commit(s);
	state_close(s);
	static const off_t sizes[] = { 8192, 5000, 4096, 700, 60 };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_int_equal(truncate(path, sizes[i]), 0);
		must_fail_to_open(STATE_READ, "state-unreadable");
		must_fail_to_open(STATE_WRITE, "state-unreadable");
	}
}

static void test_state__broken_json_is_unreadable(void **unused)
{
	(void)unused;
	struct record *records;
	size_t count;
	struct state *s = must_open(STATE_WRITE);
	put(s, "/a");
	commit(s);
	state_close(s);
	meddle("UPDATE resource SET body = '{'");
	s = must_open(STATE_READ);
	assert_false(state_records(s, a, &records, &count, &diags));
	assert_string_equal(diags.items[0].code, "state-unreadable");
	state_close(s);
}

static void test_state__file_of_another_program_is_refused(void **unused)
{
	(void)unused;
	meddle("CREATE TABLE resource (id TEXT)");
	must_fail_to_open(STATE_READ, "state-unreadable");
	must_fail_to_open(STATE_WRITE, "state-unreadable");
	assert_string_equal(ask("SELECT count(*) FROM sqlite_schema"), "1");
}

static void test_state__newer_format_is_refused(void **unused)
{
	(void)unused;
	state_close(must_open(STATE_WRITE));
	meddle("PRAGMA user_version = 2");
	must_fail_to_open(STATE_READ, "state-newer");
	must_fail_to_open(STATE_WRITE, "state-newer");
	assert_string_equal(ask("PRAGMA user_version"), "2");
}

static void test_state__a_log_without_its_file_is_not_overwritten(void **unused)
{
	(void)unused;
	folder_write(&folder, "waybill.db-wal", "log", 3);
	must_fail_to_open(STATE_READ, "state-unreadable");
	must_fail_to_open(STATE_WRITE, "state-unreadable");
	assert_false(exists("waybill.db"));
}

static void test_state__folder_or_missing_folder_is_an_error(void **unused)
{
	(void)unused;
	path = folder.path;
	must_fail_to_open(STATE_READ, "state-open");
	path = folder_path(&folder, a, "none/waybill.db");
	must_fail_to_open(STATE_WRITE, "state-open");
}

static void test_state__is_bound_to_one_cloud(void **unused)
{
	(void)unused;
	static const char *const one[] = { "S-1" }, *const two[] = { "s-1", "s-2" };
	struct state_binding binding = { "public", "T", one, 1 };
	struct state *s = must_open(STATE_WRITE);
	assert_true(state_bind(s, &binding, &diags));
	commit(s);
	state_close(s);

	s = must_open(STATE_READ);
	struct state_binding same = { "PUBLIC", "t", two, 1 }, unknown = { 0 };
	assert_true(state_bind(s, &same, &diags));
	assert_true(state_bind(s, &unknown, &diags));
	const struct state_binding others[] = {
		{ .cloud = "china" },
		{ .cloud = "public", .tenant = "U" },
		{ .cloud = "public", .subscriptions = two, .nsubscriptions = 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_false(state_bind(s, &others[i], &diags));
		assert_int_equal(diags.nerrors, i + 1);
		assert_string_equal(diags.items[i].code, "state-of-another-cloud");
	}
	state_close(s);
}

static void test_state__nothing_is_written_after_a_failed_write(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	put(s, "/a");
	commit(s);
	put(s, "/b");
	struct record bad = record_of("/c");
	bad.origin = "stolen";
	assert_false(state_put_record(s, &bad, &diags));
	assert_string_equal(diags.items[0].code, "state-write");
	bad.origin = "made";
	assert_false(state_put_record(s, &bad, &diags));
	assert_false(state_commit(s, &diags));
	state_close(s);
	s = must_open(STATE_WRITE);
	assert_int_equal(count_records(s), 1);
	state_close(s);
}

static void test_state__full_disk_is_told_as_such(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	assert_true(state_execute(s, "PRAGMA max_page_count = 1", STATE_WRITING, &diags));
	struct record record = record_of("/a");
	record.extra = json_array();
	for (int i = 0; i < 3000; i++)
		assert_int_equal(json_array_append_new(record.extra, json_integer(i)), 0);
	assert_false(state_put_record(s, &record, &diags));
	json_decref(record.extra);
	assert_string_equal(diags.items[0].code, "state-full");
	assert_non_null(diags.items[0].help);
	state_close(s);
}

/* A bound on the size of a file fails as a full disk does not, and is an error all the same. */
static void test_state__a_disk_that_takes_no_more_is_an_error(void **unused)
{
	(void)unused;
	state_close(must_open(STATE_WRITE));
	pid_t child = fork();
	if (child == 0) {
		struct state *s = child_open(STATE_WRITE);
		const struct rlimit bound = { 100000, 100000 };
		(void)signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &bound) != 0)
			_exit(254);
		unsigned i = 0;
		for (bool ok = true; ok; i++) {
			struct record record = record_of(arena_printf(a, "/%u", i));
			ok = state_put_record(s, &record, &diags) && state_commit(s, &diags);
		}
		state_close(s);
		_exit(strcmp(diags.items[0].code, "state-write") == 0 ? (int)i : 255);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 2, 100);
	struct state *s = must_open(STATE_READ);
	assert_int_equal(count_records(s), WEXITSTATUS(status) - 1);
	state_close(s);
}

/* ---- others at the same time, and deaths ---- */

static void test_state__reader_beside_a_writer_sees_one_instant(void **unused)
{
	(void)unused;
	struct state *writer = must_open(STATE_WRITE);
	put(writer, "/a");
	commit(writer);
	struct state *reader = must_open(STATE_READ);
	put(writer, "/b");
	struct state *second = must_open(STATE_READ);
	assert_int_equal(count_records(second), 1);
	state_close(second);
	commit(writer);
	assert_int_equal(count_records(reader), 1);
	second = must_open(STATE_READ);
	assert_int_equal(count_records(second), 2);
	state_close(second);
	state_close(writer);
	assert_int_equal(count_records(reader), 1);
	state_close(reader);
	reader = must_open(STATE_READ);
	assert_int_equal(count_records(reader), 2);
	state_close(reader);
}

/* Leaves a file of one record whose writer died without closing it. */
static void crash_with_one_record(void)
{
	pid_t child = fork();
	if (child == 0) {
		struct state *s = child_open(STATE_WRITE);
		put(s, "/a");
		commit(s);
		put(s, "/b");
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(exists("waybill.db-wal"));
}

#define UNREACHABLE 252

/* The number of records that a user without rights on the folder reads; 253 when none. */
static int read_in_sealed_folder(void)
{
	assert_int_equal(chmod(folder.path, 0555), 0);
	pid_t child = fork();
	if (child == 0) {
		if (getuid() == 0 && setuid(65534) != 0)
			_exit(254);
		if (access(folder.path, X_OK) != 0)
			_exit(UNREACHABLE);
		_exit((int)count_records(child_open(STATE_READ)));
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(folder.path, 0755), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == UNREACHABLE)
		skip(); /* run by root in a home of its own */
	return WEXITSTATUS(status);
}

/* Root may write anywhere, so that a test run by it needs files that another user may read. */
static void give_away(const char *name)
{
	if (getuid() == 0)
		assert_int_equal(chown(folder_path(&folder, a, name), 65534, 65534), 0);
}

static void test_state__reads_in_a_folder_without_write_permission(void **unused)
{
	(void)unused;
	struct state *s = must_open(STATE_WRITE);
	put(s, "/a");
	commit(s);
	state_close(s);
	give_away("waybill.db");
	assert_int_equal(read_in_sealed_folder(), 1);
}

static void test_state__reads_what_a_crash_left_without_write_permission(void **unused)
{
	(void)unused;
	crash_with_one_record();
	give_away("waybill.db");
	give_away("waybill.db-wal");
	give_away("waybill.db-shm");
	assert_int_equal(read_in_sealed_folder(), 1);
}

static void test_state__killed_between_commits_keeps_the_committed(void **unused)
{
	(void)unused;
	for (int round = 0; round < 50; round++) {
		int told[2];
		assert_int_equal(pipe(told), 0);
		pid_t child = fork();
		if (child == 0) {
			struct state *s = child_open(STATE_WRITE);
			for (unsigned i = 0;; i++) {
				put(s, arena_printf(a, "/first-%u", i));
				put(s, arena_printf(a, "/second-%u", i));
				if (!state_commit(s, &diags) || write(told[1], "+", 1) != 1)
					_exit(1);
			}
		}
		(void)close(told[1]);
		size_t commits = 0;
		char plus;
		for (int i = 0; i <= round % 10 && read(told[0], &plus, 1) == 1; i++)
			commits++;
		(void)usleep((useconds_t)(round * 37 % 500));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		while (read(told[0], &plus, 1) == 1)
			commits++;
		(void)close(told[0]);

		/* A commit may have been made and not told. Both halves of each are there. */
		struct state *s = must_open(round % 2 ? STATE_READ : STATE_WRITE);
		size_t count = count_records(s);
		assert_int_equal(count % 2, 0);
		assert_in_range(count / 2, commits, commits + 1);
		state_close(s);
		s = must_open(STATE_WRITE);
		struct record *records;
		assert_true(state_records(s, a, &records, &count, &diags));
		for (size_t i = 0; i < count; i++)
			assert_true(state_drop_record(s, records[i].id, &diags));
		commit(s);
		state_close(s);
		assert_false(exists("waybill.db-wal"));
	}
}

static void test_state__killed_while_opening_or_closing_stays_readable(void **unused)
{
	(void)unused;
	size_t seen = 0;
	for (int round = 0; round < 50; round++) {
		pid_t child = fork();
		if (child == 0) {
			for (unsigned i = 0;; i++) {
				struct state *s = child_open(STATE_WRITE);
				put(s, arena_printf(a, "/%d-%u", round, i));
				(void)state_commit(s, &diags);
				state_close(s);
			}
		}
		(void)usleep((useconds_t)(round * 997 % 10000));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		struct state *s = must_open(STATE_READ);
		size_t count = count_records(s);
		assert_true(count >= seen);
		seen = count;
		state_close(s);
	}
	assert_true(seen > 0);
}

static void test_state__readers_do_not_mind_writers_that_come_and_go(void **unused)
{
	(void)unused;
	state_close(must_open(STATE_WRITE));
	pid_t child = fork();
	if (child == 0) {
		for (unsigned i = 0; i < 40; i++) {
			struct state *s = child_open(STATE_WRITE);
			put(s, arena_printf(a, "/%u", i));
			if (!state_commit(s, &diags))
				_exit(1);
			state_close(s);
		}
		_exit(0);
	}
	size_t seen = 0;
	int status = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct state *s = must_open(STATE_READ);
		size_t count = count_records(s);
		assert_true(count >= seen);
		seen = count;
		state_close(s);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	struct state *s = must_open(STATE_WRITE);
	assert_int_equal(count_records(s), 40);
	state_close(s);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state__record_comes_back_as_put),
		TEST(test_state__absent_members_stay_absent),
		TEST(test_state__records_are_sorted_without_case),
		TEST(test_state__id_is_one_in_any_case),
		TEST(test_state__serial_grows_only_with_records),
		TEST(test_state__uncommitted_is_lost),
		TEST(test_state__intent_survives_until_settled),
		TEST(test_state__history_keeps_every_change),
		TEST(test_state__last_run_is_the_newest_that_told_something),
		TEST(test_state__reading_an_absent_file_makes_nothing),
		TEST(test_state__at_rest_is_one_file),
		TEST(test_state__noise_is_unreadable),
		TEST(test_state__truncated_is_unreadable),
		TEST(test_state__broken_json_is_unreadable),
		TEST(test_state__file_of_another_program_is_refused),
		TEST(test_state__newer_format_is_refused),
		TEST(test_state__a_log_without_its_file_is_not_overwritten),
		TEST(test_state__folder_or_missing_folder_is_an_error),
		TEST(test_state__is_bound_to_one_cloud),
		TEST(test_state__nothing_is_written_after_a_failed_write),
		TEST(test_state__full_disk_is_told_as_such),
		TEST(test_state__a_disk_that_takes_no_more_is_an_error),
		TEST(test_state__reader_beside_a_writer_sees_one_instant),
		TEST(test_state__reads_in_a_folder_without_write_permission),
		TEST(test_state__reads_what_a_crash_left_without_write_permission),
		TEST(test_state__killed_between_commits_keeps_the_committed),
		TEST(test_state__killed_while_opening_or_closing_stays_readable),
		TEST(test_state__readers_do_not_mind_writers_that_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
