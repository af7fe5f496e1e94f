/* SPDX-License-Identifier: Apache-2.0 */
/* failing_disk.c - waybill on a disk that fails: a VFS of SQLite's own kind under the whole program
 *
 * Writes, truncations and syncs are counted together over all files of the state. The one whose
 * number WAYBILL_TEST_DISK tells ("NUMBER MODE MARK") fails, a write after half of its bytes:
 *   once   an I/O error, and the disk is sound again after it
 *   on     this one and all that follow: the disk is gone
 *   full   this one and all that follow: no space is left
 *   kill   the process dies in the middle of it
 * MARK is the path of a file that is made when it comes to that.
 */
#define _GNU_SOURCE /* environ */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/waybill/program.h"
#include "cmd/waybill/signals.h"
#include "engine/base/arena.h"
#include "tests/support/vfs.h"

enum mode {
	MODE_NONE,
	MODE_ONCE,
	MODE_ON,
	MODE_FULL,
	MODE_KILL
};

struct disk {
	struct vfs vfs;
	enum mode mode;
	long at, count;
	char mark[512];
};

/* Whether the next write or sync is to fail. */
static bool fails_now(struct disk *disk)
{
	disk->count++;
	bool now = disk->mode == MODE_ONCE || disk->mode == MODE_KILL ? disk->count == disk->at
								      : disk->count >= disk->at;
	if (disk->mode == MODE_NONE || !now)
		return false;
	int fd = open(disk->mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	(void)close(fd);
	return true;
}

static void die(struct vfs *vfs)
{
	if (((struct disk *)vfs)->mode == MODE_KILL)
		(void)kill(getpid(), SIGKILL);
}

static int before(struct vfs *vfs, int error)
{
	struct disk *disk = (struct disk *)vfs;
	if (!fails_now(disk))
		return SQLITE_OK;
	if (error != SQLITE_IOERR_WRITE)
		die(vfs);
	return disk->mode == MODE_FULL ? SQLITE_FULL : error;
}

static enum mode mode_of(const char *word)
{
	static const char *const words[] = { "none", "once", "on", "full", "kill" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], word) == 0)
			return (enum mode)i;
	abort();
}

static void install(struct disk *disk, const char *asked)
{
	char word[16];
	if (!asked || sscanf(asked, "%ld %15s %511s", &disk->at, word, disk->mark) != 3)
		abort();
	disk->mode = mode_of(word);
	disk->vfs.before = before;
	disk->vfs.torn = die;
	vfs_install(&disk->vfs);
}

int main(int argc, char **argv)
{
	struct disk disk = { .mode = MODE_NONE };
	mem_guard_jansson();
	signals_install();
	install(&disk, getenv("WAYBILL_TEST_DISK"));
	return program((const char *const *)(argc ? argv + 1 : argv), (const char *const *)environ);
}
