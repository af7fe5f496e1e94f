/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/git_commit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/text.h"

#define LINE_BYTES ((size_t)4096)
#define PACKED_BYTES ((size_t)64 << 20)

/* The first line of a small file, or NULL. */
static char *first_line(struct arena *a, const char *path)
{
	size_t len = 0;
	char *text = text_read_file(path, LINE_BYTES, &len);
	char *line = text ? arena_strndup(a, text, strcspn(text, "\r\n")) : NULL;
	free(text);
	return line;
}

static const char *inside(struct arena *a, const char *folder, const char *path)
{
	return path[0] == '/' ? path : arena_printf(a, "%s/%s", folder, path);
}

/* ".git" is a folder, or in a worktree a file that names one. */
static const char *git_folder(struct arena *a, const char *folder)
{
	struct stat about;
	const char *git = arena_printf(a, "%s/.git", folder);
	if (stat(git, &about) != 0)
		return NULL;
	if (S_ISDIR(about.st_mode))
		return git;
	const char *line = first_line(a, git);
	return line && strncmp(line, "gitdir: ", 8) == 0 ? inside(a, folder, line + 8) : NULL;
}

static const char *find_git(struct arena *a, const char *path)
{
	char *real = realpath(path, NULL);
	char *folder = arena_strdup(a, real ? real : "");
	free(real);
	for (;;) {
		const char *git = git_folder(a, folder);
		char *slash = strrchr(folder, '/');
		if (git || !slash)
			return git;
		*slash = '\0';
	}
}

static const char *hash(const char *text)
{
	size_t len = text ? strspn(text, "0123456789abcdef") : 0;
	return text && !text[len] && (len == 40 || len == 64) ? text : NULL;
}

/* "HASH NAME", one a line. */
static const char *packed(struct arena *a, const char *common, const char *name)
{
	size_t len = 0, name_len = strlen(name);
	char *text = text_read_file(arena_printf(a, "%s/packed-refs", common), PACKED_BYTES, &len);
	const char *found = NULL;
	for (char *line = text; line && *line && !found; line += strspn(line, "\n")) {
		size_t line_len = strcspn(line, "\n");
		const char *blank = memchr(line, ' ', line_len);
		size_t before = blank ? (size_t)(blank - line) : 0;
		if (blank && line_len - before - 1 == name_len &&
			memcmp(blank + 1, name, name_len) == 0)
			found = hash(arena_strndup(a, line, before));
		line += line_len;
	}
	free(text);
	return found;
}

const char *git_commit(struct arena *a, const char *path)
{
	const char *git = find_git(a, path);
	const char *head = git ? first_line(a, arena_printf(a, "%s/HEAD", git)) : NULL;
	if (!head || strncmp(head, "ref: ", 5) != 0)
		return hash(head);
	const char *name = head + 5;
	if (strncmp(name, "refs/", 5) != 0 || strstr(name, ".."))
		return NULL;
	const char *common = first_line(a, arena_printf(a, "%s/commondir", git));
	common = common ? inside(a, git, common) : git;
	const char *found = hash(first_line(a, arena_printf(a, "%s/%s", common, name)));
	return found ? found : packed(a, common, name);
}
