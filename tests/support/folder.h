/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - a folder of its own for a test, under $TMPDIR or build/
 *
 * Every failure ends the test program: a test cannot go on without its files.
 */
#ifndef WAYBILL_TESTS_FOLDER_H
#define WAYBILL_TESTS_FOLDER_H

#include <limits.h>
#include <stddef.h>

#include "engine/base/arena.h"

struct folder {
	char path[PATH_MAX];
};

void folder_make(struct folder *);
/* With the files in it; it has no folders. */
void folder_remove(const struct folder *);
char *folder_path(const struct folder *, struct arena *, const char *name);
/* The whole new content of a file. */
void folder_write(const struct folder *, const char *name, const void *bytes, size_t len);

#endif
