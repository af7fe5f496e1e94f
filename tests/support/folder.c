/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

void folder_make(struct folder *folder)
{
	const char *base = getenv("TMPDIR");
	if (!base || !*base) {
		base = "build";
		(void)mkdir(base, 0777);
	}
	int len = snprintf(folder->path, sizeof folder->path, "%s/test-XXXXXX", base);
	check(len > 0 && (size_t)len < sizeof folder->path, base);
	check(mkdtemp(folder->path) != NULL, folder->path);
}

char *folder_path(const struct folder *folder, struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", folder->path, name);
}

void folder_write(const struct folder *folder, const char *name, const void *bytes, size_t len)
{
	struct arena *a = arena_new();
	const char *path = folder_path(folder, a, name);
	FILE *file = fopen(path, "we");
	check(file != NULL, path);
	check(fwrite(bytes, 1, len, file) == len, path);
	check(fclose(file) == 0, path);
	arena_free(a);
}

void folder_remove(const struct folder *folder)
{
	struct arena *a = arena_new();
	DIR *entries = opendir(folder->path);
	check(entries != NULL, folder->path);
	for (struct dirent *entry; (entry = readdir(entries));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		const char *path = folder_path(folder, a, entry->d_name);
		check(unlink(path) == 0, path);
	}
	check(closedir(entries) == 0, folder->path);
	check(rmdir(folder->path) == 0, folder->path);
	arena_free(a);
}
