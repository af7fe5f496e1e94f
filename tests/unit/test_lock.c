/* SPDX-License-Identifier: Apache-2.0 */
#include "state/lock.h"

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

#include "state/names.h"
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

static struct lock *take(int timeout_ms)
{
	return lock_take(path, "apply", timeout_ms, NULL, NULL, &diags);
}

/* A child that holds the lock until it is killed. */
static pid_t fork_holder(void)
{
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct lock *lock = lock_take(path, "destroy", 0, NULL, NULL, &diags);
		(void)!write(ready[1], lock ? "y" : "n", 1);
		for (;;)
			(void)pause();
	}
	char answer = 'n';
	assert_int_equal(read(ready[0], &answer, 1), 1);
	assert_int_equal(answer, 'y');
	(void)close(ready[0]);
	(void)close(ready[1]);
	return child;
}

static void end_holder(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_lock__nobody_holds_a_lock_never_taken(void **unused)
{
	(void)unused;
	assert_null(lock_holder(a, path));
	assert_int_equal(access(folder_path(&folder, a, "waybill.db.lock"), F_OK), -1);
}

static void test_lock__released_is_free(void **unused)
{
	(void)unused;
	struct lock *lock = take(0);
	assert_non_null(lock);
	assert_non_null(lock_holder(a, path));
	lock_release(lock);
	assert_null(lock_holder(a, path));
	lock = take(0);
	assert_non_null(lock);
	lock_release(lock);
}

static void test_lock__file_is_for_its_owner_alone(void **unused)
{
	(void)unused;
	struct stat info;
	struct lock *lock = take(0);
	assert_non_null(lock);
	assert_int_equal(stat(folder_path(&folder, a, "waybill.db.lock"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	lock_release(lock);
}

static char waited_for[512];

static void waiting(void *context, const char *holder)
{
	++*(int *)context;
	(void)snprintf(waited_for, sizeof waited_for, "%s", holder);
}

static void test_lock__second_one_names_the_holder(void **unused)
{
	(void)unused;
	pid_t child = fork_holder();
	int calls = 0;
	const char *pid = arena_printf(a, ", pid %d, since 2", (int)child);
	assert_null(lock_take(path, "apply", 150, waiting, &calls, &diags));
	assert_int_equal(calls, 1);
	assert_non_null(strstr(waited_for, pid));
	assert_string_equal(diags.items[0].code, "state-locked");
	assert_non_null(strstr(diags.items[0].text, pid));
	assert_non_null(strstr(diags.items[0].text, ", destroy"));
	assert_non_null(strstr(lock_holder(a, path), pid));
	end_holder(child);
}

static void test_lock__ends_with_its_killed_holder(void **unused)
{
	(void)unused;
	pid_t child = fork_holder();
	end_holder(child);
	/* Its text is still there, and is not believed. */
	struct stat info;
	assert_int_equal(stat(folder_path(&folder, a, "waybill.db.lock"), &info), 0);
	assert_true(info.st_size > 0);
	assert_null(lock_holder(a, path));
	struct lock *lock = take(0);
	assert_non_null(lock);
	const char *us = arena_printf(a, ", pid %d, ", (int)getpid());
	assert_non_null(strstr(lock_holder(a, path), us));
	lock_release(lock);
}

static void test_lock__waits_until_it_is_free(void **unused)
{
	(void)unused;
	pid_t child = fork_holder();
	pid_t killer = fork();
	if (killer == 0) {
		(void)usleep(100000);
		(void)kill(child, SIGKILL);
		_exit(0);
	}
	struct lock *lock = take(60000);
	assert_non_null(lock);
	lock_release(lock);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_lock__foreign_text_names_nobody(void **unused)
{
	(void)unused;
	struct lock *lock = take(0);
	folder_write(&folder, "waybill.db.lock", "[1", 2);
	assert_non_null(strstr(lock_holder(a, path), "did not leave its name"));
	lock_release(lock);
}

static void test_lock__symbolic_link_is_refused(void **unused)
{
	(void)unused;
	folder_write(&folder, "precious", "keep", 4);
	assert_int_equal(symlink("precious", folder_path(&folder, a, "waybill.db.lock")), 0);
	assert_null(take(0));
	assert_string_equal(diags.items[0].code, "state-permission");
	struct stat info;
	assert_int_equal(stat(folder_path(&folder, a, "precious"), &info), 0);
	assert_int_equal(info.st_size, 4);
}

static void test_lock__missing_folder_is_an_error(void **unused)
{
	(void)unused;
	path = folder_path(&folder, a, "none/waybill.db");
	assert_null(take(0));
	assert_string_equal(diags.items[0].code, "state-permission");
	assert_non_null(diags.items[0].help);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static void test_lock__it_stands_until_its_file_is_another(void **unused)
{
	(void)unused;
	struct lock *lock = take(0);
	assert_true(lock_stands(lock));
	assert_int_equal(unlink(folder_path(&folder, a, "waybill.db.lock")), 0);
	assert_false(lock_stands(lock));
	struct lock *other = take(0);
	assert_non_null(other);
	assert_false(lock_stands(lock));
	assert_true(lock_stands(other));
	lock_release(lock);
	assert_true(lock_stands(other));
	lock_release(other);
}

static void test_lock__names_of_a_state(void **unused)
{
	(void)unused;
	const char *link = folder_path(&folder, a, "link"), *far = folder_path(&folder, a, "far");
	assert_int_equal(symlink("link", far), 0);
	assert_int_equal(symlink("waybill.db", link), 0);
	assert_true(state_is_same_file(state_follow(a, far), path));
	assert_ptr_equal(state_follow(a, path), path);
	assert_true(state_names(path, arena_printf(a, "%s-wal", path)));
	assert_false(state_names(path, path));
	assert_false(state_names(path, arena_printf(a, "%s-walrus", path)));
	assert_false(state_names(path, "waybill.db-wal"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lock__nobody_holds_a_lock_never_taken),
		TEST(test_lock__released_is_free),
		TEST(test_lock__file_is_for_its_owner_alone),
		TEST(test_lock__second_one_names_the_holder),
		TEST(test_lock__ends_with_its_killed_holder),
		TEST(test_lock__waits_until_it_is_free),
		TEST(test_lock__foreign_text_names_nobody),
		TEST(test_lock__symbolic_link_is_refused),
		TEST(test_lock__missing_folder_is_an_error),
		TEST(test_lock__it_stands_until_its_file_is_another),
		TEST(test_lock__names_of_a_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
