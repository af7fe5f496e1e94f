/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - a file written whole or not at all */
#ifndef WAYBILL_CMD_FILE_H
#define WAYBILL_CMD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "engine/base/arena.h"

/* Writes beside the file, then puts it in its place; false with errno set, and the file as it was.
 */
bool file_write(struct arena *, const char *path, const char *text, size_t len, mode_t mode);

#endif
