/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - a file written whole or not at all, and never over what somebody else made */
#ifndef WAYBILL_CMD_FILE_H
#define WAYBILL_CMD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

/* Whether a result may be written to `path`: nothing is there, an empty file, or one that begins
 * with `ours`, as the result itself does. False with `file-exists`, whose text calls it `what`
 * ("saved plan"). */
bool file_may_replace(const char *path, const char *ours, const char *what, struct diags *);

/* Writes beside the file, then puts it in its place; false with errno set, and the file as it was.
 */
bool file_write(struct arena *, const char *path, const char *text, size_t len, mode_t mode);

/* The same in pieces. Each is false with errno set; file_end() ends it whatever came before, and
 * with `good` false only takes away what was written. */
struct file_pieces {
	const char *path, *beside;
	int fd;
};

bool file_begin(struct arena *, const char *path, struct file_pieces *);
bool file_add(struct file_pieces *, const char *text, size_t len);
bool file_end(struct file_pieces *, mode_t mode, bool good);

#endif
