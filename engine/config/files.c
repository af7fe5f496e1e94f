/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/text.h"
#include "engine/config/internal.h"

struct gather {
	struct arena *arena;
	struct inputs *inputs;
	struct diags *diags;
	size_t layer;
};

static bool read_text(struct gather *g, const char *path, struct text_file *out)
{
	size_t length = 0;
	char *text = text_read_file(path, YAML_BYTES, &length);
	struct place at = { .file = arena_strdup(g->arena, path) };
	if (!text && errno == EFBIG) {
		(void)diag_error(
			g->diags, at, "file-too-large", "is larger than %zu MB", YAML_BYTES >> 20);
		return false;
	}
	if (!text) {
		(void)diag_error(
			g->diags, at, "file-unreadable", "cannot be read: %s", strerror(errno));
		diag_help(g->diags, "check the path and its permissions");
		return false;
	}
	*out = (struct text_file){ .name = at.file,
		.text = arena_strndup(g->arena, text, length),
		.length = length,
		.layer = g->layer };
	free(text);
	return true;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), wanted = strlen(suffix);
	return length > wanted && strcmp(name + length - wanted, suffix) == 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether what `path` leads to, links followed, is inside the folder `root`. */
static bool is_inside(const char *root, const char *path)
{
	char *real_root = realpath(root, NULL);
	char *real_path = realpath(path, NULL);
	bool inside = false;
	if (real_root && real_path) {
		size_t length = strlen(real_root);
		inside = strcmp(real_root, "/") == 0 ||
			(strncmp(real_root, real_path, length) == 0 && real_path[length] == '/');
	}
	free(real_root);
	free(real_path);
	return inside;
}

static const char *join(struct arena *a, const char *folder, const char *name)
{
	if (strcmp(folder, ".") == 0)
		return name;
	return arena_printf(a, "%s%s%s", folder, has_suffix(folder, "/") ? "" : "/", name);
}

static bool list_folder(struct gather *g, const char *folder, const char ***names, size_t *count)
{
	DIR *dir = opendir(folder);
	struct place at = { .file = folder };
	if (!dir)
		return diag_error(
			g->diags, at, "file-unreadable", "cannot be read: %s", strerror(errno));
	bool fits = true;
	for (struct dirent *entry; fits && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' ||
			!(has_suffix(entry->d_name, ".yaml") || has_suffix(entry->d_name, ".yml")))
			continue;
		*ARENA_PUSH(g->arena, *names, *count) = arena_strdup(g->arena, entry->d_name);
		fits = *count <= CONFIG_FILES;
	}
	(void)closedir(dir);
	if (!fits)
		return diag_error(g->diags, at, "file-too-large", "holds more than %zu YAML files",
			CONFIG_FILES);
	if (*names)
		qsort(*names, *count, sizeof **names, by_bytes);
	return true;
}

/* A cheap way to leave other YAML alone, even when it has faults: without the word there can be
 * no `waybill:`. What is left is decided after parsing. */
static bool may_be_ours(const struct text_file *file)
{
	return strstr(file->text, "waybill") != NULL;
}

static bool gather_folder(struct gather *g, const char *folder)
{
	const char **names = NULL;
	size_t count = 0;
	if (!list_folder(g, folder, &names, &count))
		return false;
	bool good = true;
	for (size_t i = 0; names && i < count; i++) {
		const char *path = join(g->arena, folder, names[i]);
		struct stat info;
		if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
			continue;
		if (!is_inside(folder, path)) {
			good = diag_error(g->diags, (struct place){ .file = path }, "path-outside",
				"leads out of the folder `%s`", folder);
			diag_help(g->diags, "name the file itself with -f if it is meant");
			continue;
		}
		struct text_file file;
		if (!read_text(g, path, &file))
			good = false;
		else if (may_be_ours(&file))
			*ARENA_PUSH(g->arena, g->inputs->files, g->inputs->nfiles) = file;
	}
	return good;
}

static bool gather_path(struct gather *g, const char *path)
{
	struct stat info;
	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
		/* An odd layer is a folder: its other YAML files are passed over. */
		g->layer = g->layer / 2 * 2 + 1;
		return gather_folder(g, path);
	}
	g->layer = g->layer / 2 * 2;
	struct text_file file;
	if (!read_text(g, path, &file))
		return false;
	*ARENA_PUSH(g->arena, g->inputs->files, g->inputs->nfiles) = file;
	return true;
}

bool files_gather(struct arena *a, const struct config_options *options, struct inputs *inputs,
	struct diags *diags)
{
	static const char *const here[] = { "." };
	struct gather g = { .arena = a, .inputs = inputs, .diags = diags };
	bool is_here = options->npaths == 0;
	const char *const *paths = is_here ? here : options->paths;
	size_t npaths = is_here ? 1 : options->npaths;
	inputs->root = paths[0];
	bool good = true;
	for (size_t i = 0; i < npaths; i++) {
		g.layer = 2 * i;
		good &= gather_path(&g, paths[i]);
	}
	for (size_t i = 0; i < options->nvariable_files; i++) {
		struct text_file file;
		if (!read_text(&g, options->variable_files[i], &file))
			good = false;
		else
			*ARENA_PUSH(a, inputs->variable_files, inputs->nvariable_files) = file;
	}
	inputs->variables = options->variables;
	inputs->nvariables = options->nvariables;
	inputs->environment = options->environment;
	inputs->allowed_environment = options->allowed_environment;
	inputs->nallowed_environment = options->nallowed_environment;
	return good;
}
