/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "engine/config/internal.h"

struct gather {
	struct arena *arena;
	struct inputs *inputs;
	struct diags *diags;
	size_t layer;
};

static bool read_text(struct gather *g, const char *path, size_t limit, struct text_file *out)
{
	size_t length = 0;
	char *text = text_read_file(path, limit, &length);
	struct place at = { .file = arena_strdup(g->arena, path) };
	if (!text && errno == EFBIG) {
		(void)diag_error(
			g->diags, at, "file-too-large", "is larger than %zu MB", limit >> 20);
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

static bool holds(const struct text_file *file, const char *bytes, size_t count)
{
	const char *at = file->text, *end = at + file->length;
	while (at < end && (at = memchr(at, bytes[0], (size_t)(end - at)))) {
		if ((size_t)(end - at) >= count && memcmp(at, bytes, count) == 0)
			return true;
		at++;
	}
	return false;
}

/* A cheap way to leave other YAML alone, even when it has faults: without the word there can be
 * no `waybill:`. What is left is decided after parsing. In UTF-16 the word must be seen as well,
 * else a file that an editor saved so would be passed over in silence. */
static bool may_be_ours(const struct text_file *file)
{
	static const char word[] = "waybill", wide[] = "w\0a\0y\0b\0i\0l\0l";
	return holds(file, word, sizeof word - 1) || holds(file, wide, sizeof wide - 1);
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
		if (!read_text(g, path, YAML_BYTES, &file))
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
	if (!read_text(g, path, YAML_BYTES, &file))
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
	inputs->roots = paths;
	bool good = true;
	for (size_t i = 0; i < npaths; i++) {
		g.layer = 2 * i;
		good &= gather_path(&g, paths[i]);
	}
	for (size_t i = 0; i < options->nvariable_files; i++) {
		struct text_file file;
		if (!read_text(&g, options->variable_files[i], YAML_BYTES, &file))
			good = false;
		else
			*ARENA_PUSH(a, inputs->variable_files, inputs->nvariable_files) = file;
	}
	inputs->variables = options->variables;
	inputs->nvariables = options->nvariables;
	inputs->environment = options->environment;
	inputs->default_subscription = options->default_subscription;
	inputs->default_context = options->default_context;
	inputs->allowed_environment = options->allowed_environment;
	inputs->nallowed_environment = options->nallowed_environment;
	return good;
}

/* ---- files that the configuration names ---- */

static const struct text_file *known_file(const struct inputs *in, const char *name)
{
	for (size_t i = 0; i < in->nnode_files; i++)
		if (strcmp(in->node_files[i]->name, name) == 0)
			return in->node_files[i];
	return NULL;
}

/* The folder that the file `name` of the configuration stands in. */
static const char *folder_of(struct arena *a, const char *name)
{
	const char *slash = strrchr(name, '/');
	return slash ? arena_strndup(a, name, slash == name ? 1 : (size_t)(slash - name)) : ".";
}

/* What a file of the configuration may not lead out of: the folder of its -f. */
static const char *root_of(struct config *c, const char *name)
{
	const struct inputs *in = &c->internal->inputs;
	for (size_t i = 0; i < in->nfiles; i++) {
		struct stat info;
		const char *root = in->roots[in->files[i].layer / 2];
		if (strcmp(in->files[i].name, name) == 0 && stat(root, &info) == 0 &&
			S_ISDIR(info.st_mode))
			return root;
	}
	return folder_of(c->arena, name);
}

static bool check_text(const struct text_file *file, struct diags *diags)
{
	size_t used = 0;
	for (size_t i = 0; i < file->length; i += used)
		if (text_decode(file->text + i, file->length - i, &used) < 0)
			return diag_error(diags, (struct place){ .file = file->name },
				"nodes-unreadable", "is not UTF-8");
	return true;
}

const struct text_file *files_beside(
	struct config *c, const char *path, struct place at, struct diags *diags)
{
	struct inputs *in = &c->internal->inputs;
	struct gather g = { .arena = c->arena, .inputs = in, .diags = diags };
	bool is_stdin = strcmp(path, "-") == 0;
	const char *from = at.file ? at.file : "";
	const char *name =
		is_stdin || *path == '/' ? path : join(c->arena, folder_of(c->arena, from), path);
	const struct text_file *known = known_file(in, name);
	if (known)
		return known;
	if (!in->roots) {
		(void)diag_error(diags, at, "plan-unreadable", "the plan does not hold `%s`", path);
		return NULL;
	}
	if (!is_stdin && access(name, F_OK) == 0 && !is_inside(root_of(c, from), name)) {
		(void)diag_error(diags, at, "path-outside", "`%s` leads out of the folder `%s`",
			path, root_of(c, from));
		diag_help(diags, "put the file beside the configuration, or give it on stdin: `-`");
		return NULL;
	}
	struct text_file *file = ARENA_NEW(c->arena, struct text_file);
	size_t before = diags->count;
	if (!read_text(&g, is_stdin ? "/dev/stdin" : name, NODE_FILE_BYTES, file)) {
		diag_note(diags, at, "named here");
		diags->items[before].help = "a path is relative to the file that it stands in";
		return NULL;
	}
	file->name = name;
	if (!check_text(file, diags))
		return NULL;
	*ARENA_PUSH(c->arena, in->node_files, in->nnode_files) = file;
	return file;
}
