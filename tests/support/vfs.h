/* SPDX-License-Identifier: Apache-2.0 */
/* vfs.h - the disk under SQLite, watched: a VFS that counts what is written, and may fail
 *
 * Writes, truncations and syncs of all files are handed on to SQLite's own VFS, unless `before`
 * says otherwise. A write that fails has written half of its bytes.
 */
#ifndef WAYBILL_TESTS_VFS_H
#define WAYBILL_TESTS_VFS_H

#include <sqlite3.h>

struct vfs {
	sqlite3_vfs base; /* first: a sqlite3_vfs * is a struct vfs * */
	sqlite3_vfs *real;
	long writes, syncs;
	long long bytes;
	/* Before each write, truncation (`error` SQLITE_IOERR_WRITE, _TRUNCATE) and sync
	 * (SQLITE_IOERR_FSYNC): SQLITE_OK, or the error with which it is to fail. May be NULL. */
	int (*before)(struct vfs *, int error);
	/* Between the half of a write that fails and its failure. May be NULL. */
	void (*torn)(struct vfs *);
	void *context;
};

/* Makes it the VFS of all databases that are opened from now on; it must outlive them. */
void vfs_install(struct vfs *);

#endif
