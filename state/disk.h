/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - whether a file's locks and shared memory hold where it stands
 *
 * SQLite's write-ahead log needs memory that all users of a file share, and our lock ends with its
 * holder only where one kernel keeps it: neither is so over a network (sqlite.org/wal.html, "All
 * processes using a database must be on the same host").
 */
#ifndef WAYBILL_STATE_DISK_H
#define WAYBILL_STATE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/diag.h"

/* What a type of file system (statfs(2), f_type) that others may mount too is called, or NULL. */
const char *disk_network_name(uint32_t type);

/* The same of a file system in user space, by its type ("fuse", "fuse.sshfs") and its source as the
 * table of mounts has them: of those that keep files of their own machine (or cannot be told) NULL.
 */
const char *disk_user_network_name(const char *type, const char *source);

/* False with `state-network-disk` when the folder of the path is on one of those. */
bool disk_check(const char *path, struct diags *);

#endif
