/* SPDX-License-Identifier: Apache-2.0 */
#include "state/names.h"

#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MOST 40 /* as many as Linux follows */

const char *state_follow(struct arena *a, const char *path)
{
	const char *at = path;
	for (int i = 0; i < LINKS_MOST; i++) {
		char target[PATH_MAX];
		ssize_t len = readlink(at, target, sizeof target - 1);
		if (len < 0)
			return at;
		target[len] = '\0';
		const char *folder = dirname(arena_strdup(a, at));
		at = *target == '/' ? arena_strdup(a, target)
				    : arena_printf(a, "%s/%s", folder, target);
	}
	return path;
}

static bool is_same_folder(struct arena *a, const char *one, const char *other)
{
	struct stat here, there;
	return stat(dirname(arena_strdup(a, one)), &here) == 0 &&
		stat(dirname(arena_strdup(a, other)), &there) == 0 && here.st_dev == there.st_dev &&
		here.st_ino == there.st_ino;
}

bool state_is_same_file(const char *one, const char *other)
{
	struct arena *a = arena_new();
	bool same = is_same_folder(a, one, other) &&
		strcmp(basename(arena_strdup(a, one)), basename(arena_strdup(a, other))) == 0;
	arena_free(a);
	return same;
}

bool state_names(const char *state_path, const char *path)
{
	static const char *const suffixes[] = { ".lock", ".new", "-wal", "-shm", "-journal" };
	struct arena *a = arena_new();
	bool found = false;
	for (size_t i = 0; i < ARRAY_LEN(suffixes) && !found; i++)
		found = state_is_same_file(arena_printf(a, "%s%s", state_path, suffixes[i]), path);
	arena_free(a);
	return found;
}
