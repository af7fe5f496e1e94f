/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vfs.h"

#include <stdlib.h>

struct vfs_file {
	sqlite3_file base;
	struct vfs *vfs;
	sqlite3_file real[]; /* of vfs->real->szOsFile bytes */
};

static struct vfs *vfs_of(sqlite3_file *file)
{
	return ((struct vfs_file *)file)->vfs;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct vfs_file *)file)->real;
}

static int ask(struct vfs *vfs, int error)
{
	return vfs->before ? vfs->before(vfs, error) : SQLITE_OK;
}

/* ---- what is watched ---- */

static int watch_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
	struct vfs *vfs = vfs_of(file);
	sqlite3_file *real = real_of(file);
	vfs->writes++;
	vfs->bytes += count;
	int error = ask(vfs, SQLITE_IOERR_WRITE);
	if (error == SQLITE_OK)
		return real->pMethods->xWrite(real, bytes, count, offset);
	(void)real->pMethods->xWrite(real, bytes, count / 2, offset);
	if (vfs->torn)
		vfs->torn(vfs);
	return error;
}

static int watch_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int error = ask(vfs_of(file), SQLITE_IOERR_TRUNCATE);
	return error == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : error;
}

static int watch_sync(sqlite3_file *file, int flags)
{
	vfs_of(file)->syncs++;
	int error = ask(vfs_of(file), SQLITE_IOERR_FSYNC);
	return error == SQLITE_OK ? real_of(file)->pMethods->xSync(real_of(file), flags) : error;
}

/* ---- the rest is handed on ---- */

static int pass_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int pass_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
}

static int pass_size(sqlite3_file *file, sqlite3_int64 *out)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int pass_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int pass_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int pass_check_lock(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int pass_control(sqlite3_file *file, int op, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int pass_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int pass_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int pass_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int pass_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void pass_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int pass_shm_unmap(sqlite3_file *file, int delete_too)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_too);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, /* without memory mapping, which waybill does not use */
	.xClose = pass_close,
	.xRead = pass_read,
	.xWrite = watch_write,
	.xTruncate = watch_truncate,
	.xSync = watch_sync,
	.xFileSize = pass_size,
	.xLock = pass_lock,
	.xUnlock = pass_unlock,
	.xCheckReservedLock = pass_check_lock,
	.xFileControl = pass_control,
	.xSectorSize = pass_sector_size,
	.xDeviceCharacteristics = pass_characteristics,
	.xShmMap = pass_shm_map,
	.xShmLock = pass_shm_lock,
	.xShmBarrier = pass_shm_barrier,
	.xShmUnmap = pass_shm_unmap,
};

static int watch_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct vfs *watched = (struct vfs *)vfs;
	struct vfs_file *opened = (struct vfs_file *)file;
	opened->vfs = watched;
	int result = watched->real->xOpen(watched->real, name, opened->real, flags, out_flags);
	/* SQLite closes what has methods, also after a failure. */
	opened->base.pMethods = opened->real->pMethods ? &methods : NULL;
	return result;
}

void vfs_install(struct vfs *vfs)
{
	vfs->real = sqlite3_vfs_find(NULL);
	/* All but opening is the real one's, which finds its own data in pAppData. */
	vfs->base = *vfs->real;
	vfs->base.zName = "watched";
	vfs->base.szOsFile = (int)sizeof(struct vfs_file) + vfs->real->szOsFile;
	vfs->base.xOpen = watch_open;
	if (sqlite3_vfs_register(&vfs->base, 1) != SQLITE_OK)
		abort();
}
