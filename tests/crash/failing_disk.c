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
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/waybill/program.h"
#include "cmd/waybill/signals.h"
#include "engine/base/arena.h"

enum mode {
	MODE_NONE,
	MODE_ONCE,
	MODE_ON,
	MODE_FULL,
	MODE_KILL
};

struct disk {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	sqlite3_io_methods methods;
	enum mode mode;
	long at, count;
	char mark[512];
};

struct disk_file {
	sqlite3_file base;
	struct disk *disk;
	sqlite3_file real[]; /* of disk->real->szOsFile bytes */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct disk_file *)file)->real;
}

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

static int failure(const struct disk *disk, int code)
{
	if (disk->mode == MODE_KILL)
		(void)kill(getpid(), SIGKILL);
	return disk->mode == MODE_FULL ? SQLITE_FULL : code;
}

/* ---- the three that fail ---- */

static int disk_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
	struct disk *disk = ((struct disk_file *)file)->disk;
	sqlite3_file *real = real_of(file);
	if (!fails_now(disk))
		return real->pMethods->xWrite(real, bytes, count, offset);
	(void)real->pMethods->xWrite(real, bytes, count / 2, offset);
	return failure(disk, SQLITE_IOERR_WRITE);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct disk *disk = ((struct disk_file *)file)->disk;
	sqlite3_file *real = real_of(file);
	return fails_now(disk) ? failure(disk, SQLITE_IOERR_TRUNCATE)
			       : real->pMethods->xTruncate(real, size);
}

static int disk_sync(sqlite3_file *file, int flags)
{
	struct disk *disk = ((struct disk_file *)file)->disk;
	sqlite3_file *real = real_of(file);
	return fails_now(disk) ? failure(disk, SQLITE_IOERR_FSYNC)
			       : real->pMethods->xSync(real, flags);
}

/* ---- the rest is handed on ---- */

static int disk_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int disk_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *out)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int disk_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int disk_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int disk_check_lock(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int disk_control(sqlite3_file *file, int op, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int disk_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int disk_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void disk_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int disk_shm_unmap(sqlite3_file *file, int delete_too)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_too);
}

static const sqlite3_io_methods handed_on = {
	.iVersion = 2, /* without memory mapping, which waybill does not use */
	.xClose = disk_close,
	.xRead = disk_read,
	.xWrite = disk_write,
	.xTruncate = disk_truncate,
	.xSync = disk_sync,
	.xFileSize = disk_size,
	.xLock = disk_lock,
	.xUnlock = disk_unlock,
	.xCheckReservedLock = disk_check_lock,
	.xFileControl = disk_control,
	.xSectorSize = disk_sector_size,
	.xDeviceCharacteristics = disk_characteristics,
	.xShmMap = disk_shm_map,
	.xShmLock = disk_shm_lock,
	.xShmBarrier = disk_shm_barrier,
	.xShmUnmap = disk_shm_unmap,
};

static int disk_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct disk *disk = (struct disk *)vfs;
	struct disk_file *opened = (struct disk_file *)file;
	opened->disk = disk;
	int result = disk->real->xOpen(disk->real, name, opened->real, flags, out_flags);
	/* SQLite closes what has methods, also after a failure. */
	opened->base.pMethods = opened->real->pMethods ? &disk->methods : NULL;
	return result;
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
	disk->real = sqlite3_vfs_find(NULL);
	disk->methods = handed_on;
	/* All but opening is the real one's, which finds its own data in pAppData. */
	disk->vfs = *disk->real;
	disk->vfs.zName = "failing";
	disk->vfs.szOsFile = (int)sizeof(struct disk_file) + disk->real->szOsFile;
	disk->vfs.xOpen = disk_open;
	if (sqlite3_vfs_register(&disk->vfs, 1) != SQLITE_OK)
		abort();
}

int main(int argc, char **argv)
{
	struct disk disk = { .mode = MODE_NONE };
	mem_guard_jansson();
	signals_install();
	install(&disk, getenv("WAYBILL_TEST_DISK"));
	return program((const char *const *)(argc ? argv + 1 : argv), (const char *const *)environ);
}
