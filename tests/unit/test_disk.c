/* SPDX-License-Identifier: Apache-2.0 */
#include "state/disk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/vfs.h>

#include <cmocka.h>

#include "state/lock.h"
#include "tests/support/folder.h"

static uint32_t told_type;
static int told_error;

/* Stands before the C library's, so that a test needs no network file system.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int statfs(const char *path, struct statfs *out)
{
	assert_non_null(path);
	*out = (struct statfs){ .f_type = told_type };
	errno = told_error;
	return told_error ? -1 : 0;
}

static void test_disk__a_state_on_a_network_file_system_is_refused(void **unused)
{
	(void)unused;
	struct arena *a = arena_new();
	struct diags diags;
	struct folder folder;
	diags_init(&diags, a);
	folder_make(&folder);
	const char *path = folder_path(&folder, a, "waybill.db");
	told_type = 0x6969;
	assert_null(lock_take(path, "apply", 0, NULL, NULL, &diags));
	assert_int_equal(diags.nerrors, 1);
	assert_string_equal(diags.items[0].code, "state-network-disk");
	assert_non_null(strstr(diags.items[0].text, "NFS"));
	folder_remove(&folder);
	arena_free(a);
}

static void test_disk__local_ones_and_what_cannot_be_asked_are_not(void **unused)
{
	(void)unused;
	struct arena *a = arena_new();
	struct diags diags;
	diags_init(&diags, a);
	told_type = 0xEF53; /* ext4 */
	assert_true(disk_check("waybill.db", &diags));
	told_type = 0x6969;
	told_error = EACCES;
	assert_true(disk_check("/folder/waybill.db", &diags));
	told_error = 0;
	assert_false(disk_check("/folder/waybill.db", &diags));
	assert_string_equal(disk_network_name(0xFE534D42), "SMB");
	assert_null(disk_network_name(0x01021994)); /* tmpfs */
	arena_free(a);
}

static void test_disk__in_user_space_by_its_name(void **unused)
{
	(void)unused;
	assert_string_equal(disk_user_network_name("fuse.sshfs", "ann@far:/x"), "sshfs");
	assert_string_equal(disk_user_network_name("fuse", "blobfuse2"), "blobfuse2");
	assert_null(disk_user_network_name("fuse.ntfs-3g", "/dev/sdb1"));
	assert_null(disk_user_network_name("fuse", "/dev/sdb1"));
	assert_null(disk_user_network_name("fuseblk", "sshfs"));
	assert_null(disk_user_network_name("ext4", "sshfs"));
	/* One of which the table of mounts does not know is taken for local. */
	struct arena *a = arena_new();
	struct diags diags;
	diags_init(&diags, a);
	told_type = 0x65735546;
	assert_true(disk_check("waybill.db", &diags));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disk__a_state_on_a_network_file_system_is_refused),
		cmocka_unit_test(test_disk__local_ones_and_what_cannot_be_asked_are_not),
		cmocka_unit_test(test_disk__in_user_space_by_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
