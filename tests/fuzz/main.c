/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/text.h"

#define INPUT_BYTES ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void run_file(const char *path)
{
	size_t len = 0;
	char *text = text_read_file(path, INPUT_BYTES, &len);
	if (!text) {
		perror(path);
		exit(1);
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)text, len);
	free(text);
}

/* Corpora are flat: a folder's files, not deeper. */
static size_t run_folder(DIR *folder, const char *path)
{
	size_t count = 0;
	struct arena *a = arena_new();
	for (const struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.')
			continue;
		run_file(arena_printf(a, "%s/%s", path, entry->d_name));
		count++;
	}
	arena_free(a);
	return count;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		if (folder) {
			count += run_folder(folder, argv[i]);
			(void)closedir(folder);
		} else {
			run_file(argv[i]);
			count++;
		}
	}
	(void)printf("%zu inputs\n", count);
	return 0;
}
