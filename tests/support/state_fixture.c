/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/state_fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/json.h"

struct fixture fixture;

int fixture_set_up(void **unused)
{
	(void)unused;
	fixture.arena = arena_new();
	diags_init(&fixture.diags, fixture.arena);
	folder_make(&fixture.folder);
	fixture.path = folder_path(&fixture.folder, fixture.arena, "waybill.db");
	return 0;
}

int fixture_tear_down(void **unused)
{
	(void)unused;
	folder_remove(&fixture.folder);
	arena_free(fixture.arena);
	return 0;
}

struct state *fixture_open(enum state_access access)
{
	struct state *s = state_open(fixture.path, access, &fixture.diags);
	if (!s)
		fail_msg("%s: %s", fixture.diags.items[0].code, fixture.diags.items[0].text);
	return s;
}

/* In a child, where a failed assertion must not go on with the tests. */
struct state *fixture_open_in_child(enum state_access access)
{
	struct state *s = state_open(fixture.path, access, &fixture.diags);
	if (!s)
		_exit(253);
	return s;
}

void fixture_fails_to_open(enum state_access access, const char *code)
{
	size_t before = fixture.diags.nerrors;
	assert_null(state_open(fixture.path, access, &fixture.diags));
	assert_int_equal(fixture.diags.nerrors, before + 1);
	const struct diag *diag = &fixture.diags.items[fixture.diags.count - 1];
	assert_string_equal(diag->code, code);
	assert_string_equal(diag->at.file, fixture.path);
	assert_non_null(diag->help);
}

json_t *fixture_json(const char *text)
{
	char *why = NULL;
	json_t *value = json_parse(fixture.arena, text, strlen(text), 10000, &why);
	assert_non_null(value);
	return arena_json(fixture.arena, value);
}

struct record fixture_record(const char *id)
{
	return (struct record){ .id = id,
		.address = "routeTables/t",
		.type = "Microsoft.Network/routeTables",
		.origin = "made" };
}

void fixture_put(struct state *s, const char *id)
{
	struct record record = fixture_record(id);
	assert_true(state_put_record(s, &record, &fixture.diags));
}

void fixture_commit(struct state *s)
{
	assert_true(state_commit(s, &fixture.diags));
}

size_t fixture_count(struct state *s)
{
	struct record *records;
	size_t count;
	assert_true(state_records(s, fixture.arena, NULL, &records, &count, &fixture.diags));
	return count;
}

bool fixture_exists(const char *name)
{
	return access(folder_path(&fixture.folder, fixture.arena, name), F_OK) == 0;
}

int fixture_mode_of(const char *name)
{
	struct stat info;
	assert_int_equal(stat(folder_path(&fixture.folder, fixture.arena, name), &info), 0);
	return (int)(info.st_mode & 0777);
}

/* Does with the file what another program might. */
void fixture_meddle(const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

char *fixture_ask(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;
	assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	char *answer = arena_strdup(fixture.arena, (const char *)sqlite3_column_text(row, 0));
	(void)sqlite3_finalize(row);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return answer;
}

int64_t fixture_begin_run(struct state *s)
{
	struct run run = { .command = "apply",
		.plan_id = "p1",
		.user = "u",
		.host = "h",
		.pid = 7,
		.source = "abc" };
	assert_true(state_begin_run(s, &run, &fixture.diags));
	assert_int_equal(strlen(run.started), 24);
	return run.number;
}

int64_t fixture_intend(struct state *s, int64_t run, const char *id)
{
	struct intent intent = {
		.run = run, .id = id, .verb = "put", .step = fixture_json("{\"b\":[1],\"a\":null}")
	};
	assert_true(state_intend(s, &intent, &fixture.diags));
	return intent.number;
}
