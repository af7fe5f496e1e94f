/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/state_fixture.h"

/* ---- others at the same time, and deaths ---- */

static void test_state__reader_beside_a_writer_sees_one_instant(void **unused)
{
	(void)unused;
	struct state *writer = fixture_open(STATE_WRITE);
	fixture_put(writer, "/a");
	fixture_commit(writer);
	struct state *reader = fixture_open(STATE_READ);
	fixture_put(writer, "/b");
	struct state *second = fixture_open(STATE_READ);
	assert_int_equal(fixture_count(second), 1);
	state_close(second);
	fixture_commit(writer);
	assert_int_equal(fixture_count(reader), 1);
	second = fixture_open(STATE_READ);
	assert_int_equal(fixture_count(second), 2);
	state_close(second);
	state_close(writer);
	assert_int_equal(fixture_count(reader), 1);
	state_close(reader);
	reader = fixture_open(STATE_READ);
	assert_int_equal(fixture_count(reader), 2);
	state_close(reader);
}

/* Leaves a file of one record whose writer died without closing it. */
static void crash_with_one_record(void)
{
	pid_t child = fork();
	if (child == 0) {
		struct state *s = fixture_open_in_child(STATE_WRITE);
		fixture_put(s, "/a");
		fixture_commit(s);
		fixture_put(s, "/b");
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(fixture_exists("waybill.db-wal"));
}

#define UNREACHABLE 252

/* The number of records that a user without rights on the folder reads; 253 when none. */
static int read_in_sealed_folder(void)
{
	/* SQLite goes by the whole path, which may lead through a folder that only root enters. */
	char *whole = realpath(fixture.folder.path, NULL);
	assert_non_null(whole);
	assert_int_equal(chmod(fixture.folder.path, 0555), 0);
	pid_t child = fork();
	if (child == 0) {
		if (getuid() == 0 && setuid(65534) != 0)
			_exit(254);
		if (access(whole, X_OK) != 0)
			_exit(UNREACHABLE);
		_exit((int)fixture_count(fixture_open_in_child(STATE_READ)));
	}
	int status = 0;
	free(whole);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(fixture.folder.path, 0755), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == UNREACHABLE)
		skip(); /* run by root in a home of its own */
	return WEXITSTATUS(status);
}

/* Root may write anywhere, so that a test run by it needs files that another user may read. */
static void give_away(const char *name)
{
	if (getuid() == 0)
		assert_int_equal(
			chown(folder_path(&fixture.folder, fixture.arena, name), 65534, 65534), 0);
}

static void test_state__reads_in_a_folder_without_write_permission(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
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
			struct state *s = fixture_open_in_child(STATE_WRITE);
			for (unsigned i = 0;; i++) {
				fixture_put(s, arena_printf(fixture.arena, "/first-%u", i));
				fixture_put(s, arena_printf(fixture.arena, "/second-%u", i));
				if (!state_commit(s, &fixture.diags) || write(told[1], "+", 1) != 1)
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
		struct state *s = fixture_open(round % 2 ? STATE_READ : STATE_WRITE);
		size_t count = fixture_count(s);
		assert_int_equal(count % 2, 0);
		assert_in_range(count / 2, commits, commits + 1);
		state_close(s);
		s = fixture_open(STATE_WRITE);
		struct record *records;
		assert_true(
			state_records(s, fixture.arena, NULL, &records, &count, &fixture.diags));
		for (size_t i = 0; i < count; i++)
			assert_true(state_drop_record(s, records[i].id, &fixture.diags));
		fixture_commit(s);
		state_close(s);
		assert_false(fixture_exists("waybill.db-wal"));
	}
}

/* Opens, commits one record and closes, again and again, with a byte to `told` after each. */
static void open_and_close_for_ever(int round, int told)
{
	for (unsigned i = 0;; i++) {
		struct state *s = fixture_open_in_child(STATE_WRITE);
		fixture_put(s, arena_printf(fixture.arena, "/%d-%u", round, i));
		if (!state_commit(s, &fixture.diags))
			_exit(1);
		state_close(s);
		if (write(told, "+", 1) != 1)
			_exit(1);
	}
}

static void test_state__killed_while_opening_or_closing_stays_readable(void **unused)
{
	(void)unused;
	size_t seen = 0;
	for (int round = 0; round < 50; round++) {
		int told[2];
		assert_int_equal(pipe(told), 0);
		pid_t child = fork();
		if (child == 0) {
			(void)close(told[0]);
			open_and_close_for_ever(round, told[1]);
		}
		(void)close(told[1]);
		/* Every third round may die before its first commit, however slow the disk is. */
		size_t commits = 0;
		char plus;
		while (commits < (size_t)round % 3 && read(told[0], &plus, 1) == 1)
			commits++;
		(void)usleep((useconds_t)(round * 997 % 10000));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		while (read(told[0], &plus, 1) == 1)
			commits++;
		(void)close(told[0]);
		assert_true(commits >= (size_t)round % 3);

		struct state *s = fixture_open(STATE_READ);
		size_t count = fixture_count(s);
		assert_in_range(count, seen + commits, seen + commits + 1);
		seen = count;
		state_close(s);
	}
}

static void test_state__readers_do_not_mind_writers_that_come_and_go(void **unused)
{
	(void)unused;
	state_close(fixture_open(STATE_WRITE));
	pid_t child = fork();
	if (child == 0) {
		for (unsigned i = 0; i < 40; i++) {
			struct state *s = fixture_open_in_child(STATE_WRITE);
			fixture_put(s, arena_printf(fixture.arena, "/%u", i));
			if (!state_commit(s, &fixture.diags))
				_exit(1);
			state_close(s);
		}
		_exit(0);
	}
	size_t seen = 0;
	int status = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct state *s = fixture_open(STATE_READ);
		size_t count = fixture_count(s);
		assert_true(count >= seen);
		seen = count;
		state_close(s);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	struct state *s = fixture_open(STATE_WRITE);
	assert_int_equal(fixture_count(s), 40);
	state_close(s);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state__reader_beside_a_writer_sees_one_instant),
		TEST(test_state__reads_in_a_folder_without_write_permission),
		TEST(test_state__reads_what_a_crash_left_without_write_permission),
		TEST(test_state__killed_between_commits_keeps_the_committed),
		TEST(test_state__killed_while_opening_or_closing_stays_readable),
		TEST(test_state__readers_do_not_mind_writers_that_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
