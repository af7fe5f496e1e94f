/* SPDX-License-Identifier: Apache-2.0 */
#include "state/putback.h"
#include "state/state.h"

#include <setjmp.h>
#include <signal.h>
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

#include "state/internal.h"
#include "tests/support/state_fixture.h"

/* ---- the file ---- */

static void test_state__reading_an_absent_file_makes_nothing(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_READ);
	struct state_binding binding = { .cloud = "public" };
	struct intent *intents;
	size_t count;
	assert_int_equal(fixture_count(s), 0);
	assert_true(state_open_intents(s, fixture.arena, &intents, &count, &fixture.diags));
	assert_int_equal(count, 0);
	assert_null(state_lineage(s));
	assert_true(state_bind(s, &binding, &fixture.diags));
	state_close(s);
	assert_int_equal(rmdir(fixture.folder.path), 0);
	assert_int_equal(mkdir(fixture.folder.path, 0700), 0);
}

static void test_state__at_rest_is_one_file(void **unused)
{
	(void)unused;
	mode_t old = umask(0);
	struct state *s = fixture_open(STATE_WRITE);
	(void)umask(old);
	fixture_put(s, "/a");
	fixture_commit(s);
	assert_int_equal(fixture_mode_of("waybill.db"), 0600);
	assert_int_equal(fixture_mode_of("waybill.db-wal"), 0600);
	assert_int_equal(fixture_mode_of("waybill.db-shm"), 0600);
	state_close(s);
	s = fixture_open(STATE_READ);
	assert_int_equal(fixture_count(s), 1);
	state_close(s);
	assert_int_equal(unlink(fixture.path), 0);
	assert_int_equal(rmdir(fixture.folder.path), 0);
	assert_int_equal(mkdir(fixture.folder.path, 0700), 0);
}

static void test_state__noise_is_unreadable(void **unused)
{
	(void)unused;
	char noise[10000];
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (char)(i * 7919 >> 3);
	folder_write(&fixture.folder, "waybill.db", noise, sizeof noise);
	fixture_fails_to_open(STATE_READ, "state-unreadable");
	fixture_fails_to_open(STATE_WRITE, "state-unreadable");
	folder_write(&fixture.folder, "waybill.db", "", 0);
	fixture_fails_to_open(STATE_READ, "state-unreadable");
	fixture_fails_to_open(STATE_WRITE, "state-unreadable");
}

static void test_state__truncated_is_unreadable(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
	state_close(s);
	static const off_t sizes[] = { 8192, 5000, 4096, 700, 60 };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_int_equal(truncate(fixture.path, sizes[i]), 0);
		fixture_fails_to_open(STATE_READ, "state-unreadable");
		fixture_fails_to_open(STATE_WRITE, "state-unreadable");
	}
}

static void test_state__broken_json_is_unreadable(void **unused)
{
	(void)unused;
	struct record *records;
	size_t count;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
	state_close(s);
	fixture_meddle("UPDATE resource SET body = '{'");
	s = fixture_open(STATE_READ);
	assert_false(state_records(s, fixture.arena, NULL, &records, &count, &fixture.diags));
	assert_string_equal(fixture.diags.items[0].code, "state-unreadable");
	state_close(s);
}

static void test_state__file_of_another_program_is_refused(void **unused)
{
	(void)unused;
	fixture_meddle("CREATE TABLE resource (id TEXT)");
	fixture_fails_to_open(STATE_READ, "state-unreadable");
	fixture_fails_to_open(STATE_WRITE, "state-unreadable");
	assert_string_equal(fixture_ask("SELECT count(*) FROM sqlite_schema"), "1");
}

static void test_state__what_is_put_back_waits_until_it_goes(void **unused)
{
	(void)unused;
	struct run run = { .command = "apply", .user = "u", .host = "h" };
	struct putback found;
	bool is_there;
	struct state *s = fixture_open(STATE_WRITE);
	assert_true(state_putback(s, fixture.arena, &found, &is_there, &fixture.diags));
	assert_false(is_there);
	assert_true(state_begin_run(s, &run, &fixture.diags));
	assert_true(state_add_putback(
		s, run.number, 3600000, fixture_json("[{\"id\":\"/t\"}]"), &fixture.diags));
	fixture_commit(s);
	state_close(s);
	s = fixture_open(STATE_WRITE);
	assert_true(state_putback(s, fixture.arena, &found, &is_there, &fixture.diags));
	assert_true(is_there && found.run == run.number && found.left_ms > 0);
	assert_int_equal(json_array_size(found.tables), 1);
	assert_true(state_set_deadline(s, run.number, -1000, &fixture.diags));
	assert_true(state_putback(s, fixture.arena, &found, &is_there, &fixture.diags));
	assert_true(is_there && found.left_ms <= 0);
	assert_true(state_drop_putback(s, run.number, &fixture.diags));
	fixture_commit(s);
	assert_true(state_putback(s, fixture.arena, &found, &is_there, &fixture.diags));
	assert_false(is_there);
	state_close(s);
}

static void test_state__newer_format_is_refused(void **unused)
{
	(void)unused;
	state_close(fixture_open(STATE_WRITE));
	fixture_meddle("PRAGMA user_version = 999");
	fixture_fails_to_open(STATE_READ, "state-newer");
	fixture_fails_to_open(STATE_WRITE, "state-newer");
	assert_string_equal(fixture_ask("PRAGMA user_version"), "999");
}

static void test_state__a_log_without_its_file_is_not_overwritten(void **unused)
{
	(void)unused;
	folder_write(&fixture.folder, "waybill.db-wal", "log", 3);
	fixture_fails_to_open(STATE_READ, "state-unreadable");
	fixture_fails_to_open(STATE_WRITE, "state-unreadable");
	assert_false(fixture_exists("waybill.db"));
}

static void test_state__folder_or_missing_folder_is_an_error(void **unused)
{
	(void)unused;
	fixture.path = fixture.folder.path;
	fixture_fails_to_open(STATE_READ, "state-open");
	fixture.path = folder_path(&fixture.folder, fixture.arena, "none/waybill.db");
	fixture_fails_to_open(STATE_WRITE, "state-open");
}

static void test_state__is_bound_to_one_cloud(void **unused)
{
	(void)unused;
	static const char *const one[] = { "S-1" }, *const two[] = { "s-1", "s-2" },
				 *const other[] = { "s-2" };
	struct state_binding binding = {
		.cloud = "public", .tenant = "T", .subscriptions = one, .nsubscriptions = 1
	};
	struct state *s = fixture_open(STATE_WRITE);
	assert_true(state_bind(s, &binding, &fixture.diags));
	fixture_commit(s);
	state_close(s);

	s = fixture_open(STATE_READ);
	struct state_binding same = {
		.cloud = "PUBLIC", .tenant = "t", .subscriptions = two, .nsubscriptions = 2
	};
	struct state_binding unknown = { 0 };
	assert_true(state_bind(s, &same, &fixture.diags));
	assert_true(state_bind(s, &unknown, &fixture.diags));
	const struct state_binding others[] = {
		{ .cloud = "china" },
		{ .cloud = "public", .tenant = "U" },
		{ .cloud = "public", .subscriptions = other, .nsubscriptions = 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_false(state_bind(s, &others[i], &fixture.diags));
		assert_int_equal(fixture.diags.nerrors, i + 1);
		assert_string_equal(fixture.diags.items[i].code, "state-of-another-cloud");
	}
	state_close(s);
}

static void expect_new(struct state *s, const struct state_binding *binding, const char *wanted)
{
	const char **found;
	size_t count;
	assert_true(state_unbound(s, fixture.arena, binding, &found, &count, &fixture.diags));
	assert_int_equal(count, wanted != NULL);
	if (wanted)
		assert_string_equal(found[0], wanted);
}

static void test_state__grows_into_a_subscription_only_beside_one_of_its_own(void **unused)
{
	(void)unused;
	static const char *const one[] = { "S-1" }, *const two[] = { "s-1", "s-2" },
				 *const other[] = { "S-2" };
	struct state_binding first = { .subscriptions = one, .nsubscriptions = 1 };
	struct state_binding both = { .subscriptions = two, .nsubscriptions = 2 };
	struct state_binding moved = {
		.subscriptions = other, .nsubscriptions = 1, .former = one, .nformer = 1
	};
	struct state *s = fixture_open(STATE_WRITE);
	expect_new(s, &both, NULL);
	assert_true(state_bind(s, &first, &fixture.diags));
	assert_true(state_bind(s, &both, &fixture.diags));
	assert_true(state_bind(s, &moved, &fixture.diags));
	expect_new(s, &both, "s-2");
	expect_new(s, &moved, "S-2");
	moved.nformer = 0;
	assert_false(state_bind(s, &moved, &fixture.diags));
	both.grows = true;
	assert_true(state_bind(s, &both, &fixture.diags));
	fixture_commit(s);
	state_close(s);

	s = fixture_open(STATE_READ);
	assert_true(state_bind(s, &moved, &fixture.diags));
	expect_new(s, &both, NULL);
	state_close(s);
	assert_string_equal(fixture_ask("SELECT subscriptions FROM meta"), "[\"S-1\",\"s-2\"]");
}

static void test_state__nothing_is_written_after_a_failed_write(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
	fixture_put(s, "/b");
	struct record bad = fixture_record("/c");
	bad.origin = "stolen";
	assert_false(state_put_record(s, &bad, &fixture.diags));
	assert_string_equal(fixture.diags.items[0].code, "state-write");
	bad.origin = "made";
	assert_false(state_put_record(s, &bad, &fixture.diags));
	assert_false(state_commit(s, &fixture.diags));
	state_close(s);
	s = fixture_open(STATE_WRITE);
	assert_int_equal(fixture_count(s), 1);
	state_close(s);
}

static void test_state__full_disk_is_told_as_such(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	assert_true(state_execute(s, "PRAGMA max_page_count = 1", STATE_WRITING, &fixture.diags));
	struct record record = fixture_record("/a");
	record.extra = json_array();
	for (int i = 0; i < 3000; i++)
		assert_int_equal(json_array_append_new(record.extra, json_integer(i)), 0);
	assert_false(state_put_record(s, &record, &fixture.diags));
	json_decref(record.extra);
	assert_string_equal(fixture.diags.items[0].code, "state-full");
	assert_non_null(fixture.diags.items[0].help);
	state_close(s);
}

/* A bound on the size of a file fails as a full disk does not, and is an error all the same. */
static void test_state__a_disk_that_takes_no_more_is_an_error(void **unused)
{
	(void)unused;
	state_close(fixture_open(STATE_WRITE));
	pid_t child = fork();
	if (child == 0) {
		struct state *s = fixture_open_in_child(STATE_WRITE);
		const struct rlimit bound = { 100000, 100000 };
		(void)signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &bound) != 0)
			_exit(254);
		unsigned i = 0;
		for (bool ok = true; ok; i++) {
			struct record record =
				fixture_record(arena_printf(fixture.arena, "/%u", i));
			ok = state_put_record(s, &record, &fixture.diags) &&
				state_commit(s, &fixture.diags);
		}
		state_close(s);
		_exit(strcmp(fixture.diags.items[0].code, "state-write") == 0 ? (int)i : 255);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 2, 100);
	struct state *s = fixture_open(STATE_READ);
	assert_int_equal(fixture_count(s), WEXITSTATUS(status) - 1);
	state_close(s);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state__reading_an_absent_file_makes_nothing),
		TEST(test_state__at_rest_is_one_file),
		TEST(test_state__noise_is_unreadable),
		TEST(test_state__truncated_is_unreadable),
		TEST(test_state__broken_json_is_unreadable),
		TEST(test_state__file_of_another_program_is_refused),
		TEST(test_state__what_is_put_back_waits_until_it_goes),
		TEST(test_state__newer_format_is_refused),
		TEST(test_state__a_log_without_its_file_is_not_overwritten),
		TEST(test_state__folder_or_missing_folder_is_an_error),
		TEST(test_state__is_bound_to_one_cloud),
		TEST(test_state__grows_into_a_subscription_only_beside_one_of_its_own),
		TEST(test_state__nothing_is_written_after_a_failed_write),
		TEST(test_state__full_disk_is_told_as_such),
		TEST(test_state__a_disk_that_takes_no_more_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
