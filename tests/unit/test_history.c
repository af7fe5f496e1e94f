/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of runs, questions in SQL, copies of a state and their return. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "state/backup.h"
#include "state/history.h"
#include "state/query.h"
#include "tests/support/state_fixture.h"

static int64_t begin(struct state *s, const char *command)
{
	struct run run = { .command = command, .user = "u", .host = "h", .pid = 7, .source = "c" };
	assert_true(state_begin_run(s, &run, &fixture.diags));
	return run.number;
}

static void test_history__changes_without_a_write_follow_those_of_intents(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	int64_t run = begin(s, "apply");
	int64_t intent = fixture_intend(s, run, "/a");
	json_t *told = fixture_json("[{\"address\":\"a\",\"id\":\"/a\",\"action\":\"adopt\","
				    "\"before\":null,\"after\":{\"x\":1}}]");
	assert_true(state_tell(s, run, told, &fixture.diags));
	assert_true(state_settle(s, intent, "done",
		fixture_json(
			"[{\"address\":\"b\",\"id\":\"/b\",\"action\":\"create\",\"after\":{}}]"),
		&fixture.diags));
	assert_true(state_end_run(s, run, "done", NULL, NULL, &fixture.diags));
	fixture_commit(s);
	struct told_change *changes;
	size_t count;
	assert_true(state_changes(s, fixture.arena, run, &changes, &count, &fixture.diags));
	assert_int_equal(count, 2);
	assert_string_equal(changes[0].action, "adopt");
	assert_null(changes[0].before);
	assert_int_equal(json_integer_value(json_at(changes[0].after, "/x")), 1);
	assert_string_equal(changes[1].address, "b");
	assert_string_equal(changes[1].outcome, "done");
	assert_true(state_count_changes(s, run, &count, &fixture.diags));
	assert_int_equal(count, 2);
	state_close(s);
}

static void test_history__runs_come_newest_first_and_bounded(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	for (int i = 0; i < 5; i++)
		(void)begin(s, i == 4 ? "destroy" : "apply");
	fixture_commit(s);
	struct run *runs, one;
	size_t count;
	bool found;
	assert_true(state_runs(s, fixture.arena, 3, &runs, &count, &fixture.diags));
	assert_int_equal(count, 3);
	assert_string_equal(runs[0].command, "destroy");
	assert_string_equal(runs[0].source, "c");
	assert_null(runs[0].ended);
	assert_true(state_run(s, fixture.arena, runs[2].number, &one, &found, &fixture.diags));
	assert_true(found);
	assert_int_equal(one.pid, 7);
	assert_true(state_run(s, fixture.arena, 99, &one, &found, &fixture.diags));
	assert_false(found);
	state_close(s);
}

static void test_history__of_no_state_is_empty(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_READ);
	struct run *runs, one;
	struct told_change *changes;
	struct query_answer answer;
	size_t count;
	bool found;
	assert_true(state_runs(s, fixture.arena, 3, &runs, &count, &fixture.diags));
	assert_int_equal(count, 0);
	assert_true(state_run(s, fixture.arena, 1, &one, &found, &fixture.diags));
	assert_false(found);
	assert_true(state_changes(s, fixture.arena, 1, &changes, &count, &fixture.diags));
	assert_int_equal(count, 0);
	assert_true(state_query(s, fixture.arena, "select 1", &answer, &fixture.diags));
	assert_int_equal(json_array_size(answer.rows), 0);
	state_close(s);
}

/* ---- query ---- */

static void test_query__leaves_the_state_usable(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
	struct query_answer answer;
	assert_false(
		state_query(s, fixture.arena, "delete from resource", &answer, &fixture.diags));
	assert_string_equal(fixture.diags.items[0].code, "state-sql");
	assert_true(state_query(
		s, fixture.arena, "select id, key from resource, meta", &answer, &fixture.diags));
	assert_int_equal(answer.ncolumns, 2);
	assert_string_equal(json_string_value(json_at(answer.rows, "/0/0")), "/a");
	assert_true(json_is_null(json_at(answer.rows, "/0/1")));
	fixture_put(s, "/b");
	fixture_commit(s);
	assert_int_equal(fixture_count(s), 2);
	state_close(s);
}

/* ---- backup ---- */

static const char *beside(const char *name)
{
	return folder_path(&fixture.folder, fixture.arena, name);
}

static void test_backup__is_of_one_instant_beside_a_writer(void **unused)
{
	(void)unused;
	struct state *writer = fixture_open(STATE_WRITE);
	fixture_put(writer, "/a");
	fixture_commit(writer);
	fixture_put(writer, "/b");
	struct state *reader = fixture_open(STATE_READ);
	assert_true(state_backup(reader, beside("copy"), &fixture.diags));
	fixture_commit(writer);
	state_close(reader);
	state_close(writer);
	struct state *copy = state_open(beside("copy"), STATE_READ, &fixture.diags);
	assert_non_null(copy);
	assert_int_equal(fixture_count(copy), 1);
	state_close(copy);
	assert_int_equal(fixture_mode_of("copy"), 0600);
	assert_false(fixture_exists("copy-wal"));
}

static void test_backup__comes_back_over_a_later_state(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
	assert_true(state_backup(s, beside("copy"), &fixture.diags));
	fixture_put(s, "/b");
	fixture_commit(s);
	state_close(s);
	struct restored restored;
	assert_true(state_restore(
		fixture.path, beside("copy"), false, fixture.arena, &restored, &fixture.diags));
	assert_int_equal(restored.serial, 1);
	assert_int_equal(restored.previous_serial, 2);
	s = fixture_open(STATE_READ);
	assert_int_equal(fixture_count(s), 1);
	state_close(s);
	s = state_open(restored.kept, STATE_READ, &fixture.diags);
	assert_int_equal(fixture_count(s), 2);
	state_close(s);
}

/* Its log holds what the backup does not know, and must not be played into it. */
static void test_backup__a_log_that_was_left_goes_with_its_file(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
	assert_true(state_backup(s, beside("copy"), &fixture.diags));
	struct state *reader = fixture_open(STATE_READ);
	fixture_put(s, "/b");
	fixture_commit(s);
	state_close(s);
	assert_true(fixture_exists("waybill.db-wal"));
	struct restored restored;
	assert_true(state_restore(
		fixture.path, beside("copy"), false, fixture.arena, &restored, &fixture.diags));
	state_close(reader);
	s = fixture_open(STATE_WRITE);
	assert_int_equal(fixture_count(s), 1);
	state_close(s);
	s = state_open(restored.kept, STATE_READ, &fixture.diags);
	assert_int_equal(fixture_count(s), 2);
	state_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	mem_guard_jansson();
	const struct CMUnitTest tests[] = {
		TEST(test_history__changes_without_a_write_follow_those_of_intents),
		TEST(test_history__runs_come_newest_first_and_bounded),
		TEST(test_history__of_no_state_is_empty),
		TEST(test_query__leaves_the_state_usable),
		TEST(test_backup__is_of_one_instant_beside_a_writer),
		TEST(test_backup__comes_back_over_a_later_state),
		TEST(test_backup__a_log_that_was_left_goes_with_its_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
