/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/waybill/file.h"
#include "cmd/waybill/program.h"
#include "engine/base/text.h"
#include "engine/base/yaml_format.h"

#define CONTEXT 3

static const char *const first_words[] = { "waybill", "requires", "subscription", "resourceGroup",
	"location", "variables", NULL };
static const char *const last_words[] = { "outputs", NULL };
static const struct yaml_order order = { first_words, last_words };

/* ---- --diff ---- */

struct lines {
	const char **items;
	size_t count;
};

static struct lines split(struct arena *a, const char *text)
{
	struct lines lines = { 0 };
	while (*text) {
		size_t len = strcspn(text, "\n");
		*ARENA_PUSH(a, lines.items, lines.count) = arena_strndup(a, text, len);
		text += len;
		text += *text == '\n';
	}
	return lines;
}

static void diff_line(struct buf *out, char sign, const char *line)
{
	(void)buf_putc(out, sign);
	text_escape(out, line, true);
	(void)buf_putc(out, '\n');
}

/* One hunk from the first line that differs to the last: spacing keeps the number of lines, so
 * that lines in it that are the same stand side by side. */
static void diff(struct session *s, const char *name, const char *was, const char *now)
{
	struct lines old = split(s->arena, was), new = split(s->arena, now);
	size_t least = old.count < new.count ? old.count : new.count, head = 0, tail = 0;
	while (head < least && strcmp(old.items[head], new.items[head]) == 0)
		head++;
	while (tail < least - head &&
		strcmp(old.items[old.count - tail - 1], new.items[new.count - tail - 1]) == 0)
		tail++;
	size_t from = head > CONTEXT ? head - CONTEXT : 0;
	size_t after = tail < CONTEXT ? tail : CONTEXT;
	size_t old_end = old.count - tail, new_end = new.count - tail;
	(void)buf_puts(&s->out, "--- ");
	text_escape(&s->out, name, false);
	(void)buf_puts(&s->out, "\n+++ ");
	text_escape(&s->out, name, false);
	(void)buf_printf(&s->out, "\n@@ -%zu,%zu +%zu,%zu @@\n", from + 1, old_end + after - from,
		from + 1, new_end + after - from);
	for (size_t i = from; i < head; i++)
		diff_line(&s->out, ' ', old.items[i]);
	for (size_t i = head, k = head; i < old_end || k < new_end;) {
		size_t left = i, right = k;
		bool same = old_end == new_end;
		while (i < old_end && !(same && strcmp(old.items[i], new.items[i]) == 0))
			diff_line(&s->out, '-', old.items[i++]);
		while (k < new_end && !(same && strcmp(old.items[k], new.items[k]) == 0))
			diff_line(&s->out, '+', new.items[k++]);
		if (left != i || right != k)
			continue;
		diff_line(&s->out, ' ', old.items[i]);
		i++;
		k++;
	}
	for (size_t i = old_end; i < old_end + after; i++)
		diff_line(&s->out, ' ', old.items[i]);
}

/* ---- files ---- */

/* A link stays one: what it leads to is written. */
static bool rewrite(struct session *s, const struct config_file *file, const char *text, size_t len)
{
	struct stat info;
	char *real = realpath(file->name, NULL);
	bool good = real && stat(real, &info) == 0 &&
		file_write(s->arena, real, text, len, info.st_mode & 07777);
	int why = errno;
	free(real);
	if (good)
		return true;
	(void)diag_error(&s->diags, (struct place){ .file = file->name }, "file-not-written",
		"cannot be written: %s", strerror(why));
	diag_help(&s->diags, "it was left as it is: check its permissions and its folder's");
	return false;
}

/* Whether the file is in form; `*good` turns false with errors. */
static bool format(struct session *s, const struct config_file *file, bool *good)
{
	size_t len = 0;
	const char *text =
		yaml_format(file->name, file->text, file->length, &order, &len, &s->diags);
	*good = *good && text;
	if (!text || (len == file->length && memcmp(text, file->text, len) == 0))
		return true;
	bool checks = session_switch(s, OPTION_CHECK, false);
	bool shows = session_switch(s, OPTION_DIFF, false);
	if (shows && !s->json)
		diff(s, file->name, file->text, text);
	if (!checks && !shows)
		*good = rewrite(s, file, text, len) && *good;
	if (s->json) {
		(void)json_array_append_new(
			json_object_get(s->document, "rewritten"), json_string(file->name));
	} else if (!shows) {
		text_escape(&s->out, file->name, false);
		(void)buf_putc(&s->out, '\n');
	}
	return false;
}

int fmt_command(struct session *s)
{
	const struct option_value *given = session_option(s, OPTION_FILE);
	struct config_options options = { .paths = given->texts, .npaths = given->ntexts };
	struct config_file *files = NULL;
	size_t count = 0;
	if (s->json)
		(void)json_object_set_new(s->document, "rewritten", json_array());
	bool good = config_files(s->arena, &options, &files, &count, &s->diags);
	bool in_form = true;
	for (size_t i = 0; good && i < count; i++)
		in_form = format(s, &files[i], &good) && in_form;
	diags_sort(&s->diags);
	if (!good)
		return EXIT_ERROR;
	return in_form || !session_switch(s, OPTION_CHECK, false) ? EXIT_DONE : EXIT_UNFORMATTED;
}
