/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/yaml_format.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/yaml.h"

#define ROUNDS_MOST 4
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A key of the top level with its value and the comment right above it. */
struct chunk {
	size_t rank, order;
	size_t line;       /* its first, from 0 */
	size_t start, end; /* bytes, without the blank lines behind */
};

struct lines {
	const char *text;
	size_t *starts; /* count + 1 of them */
	size_t count;
};

static struct lines lines_of(struct arena *a, const char *text, size_t len)
{
	struct lines lines = { .text = text };
	*ARENA_PUSH(a, lines.starts, lines.count) = 0;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			*ARENA_PUSH(a, lines.starts, lines.count) = i + 1;
	lines.count--;
	return lines;
}

static bool is_blank(const struct lines *lines, size_t line)
{
	return lines->text[lines->starts[line]] == '\n';
}

static size_t rank_of(const struct yaml_order *order, const char *key)
{
	size_t nfirst = 0;
	for (; order->first[nfirst]; nfirst++)
		if (strcmp(order->first[nfirst], key) == 0)
			return nfirst;
	for (size_t i = 0; order->last[i]; i++)
		if (strcmp(order->last[i], key) == 0)
			return nfirst + 1 + i;
	return nfirst;
}

static int by_rank(const void *a, const void *b)
{
	const struct chunk *left = a, *right = b;
	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static bool is_comment(const struct lines *lines, size_t line)
{
	return lines->text[lines->starts[line]] == '#';
}

/* Behind the last chunk: a comment at the end, apart from what is above it, is that of the file. */
static size_t end_of_last(const struct lines *lines)
{
	size_t end = lines->count, line = end;
	while (line > 0 && (is_blank(lines, line - 1) || is_comment(lines, line - 1)))
		line--;
	for (; line < end; line++)
		if (is_blank(lines, line))
			return line;
	return end;
}

/* The comment right above a key goes with it, unless it is the first line: that of the file. */
static void find_chunks(struct chunk *chunks, size_t count, const struct lines *lines)
{
	for (size_t i = 0; i < count; i++) {
		size_t line = chunks[i].line;
		while (line > 0 && is_comment(lines, line - 1))
			line--;
		chunks[i].line = line > 0 ? line : chunks[i].line;
	}
	for (size_t i = 0; i < count; i++) {
		size_t end = i + 1 < count ? chunks[i + 1].line : end_of_last(lines);
		while (end > chunks[i].line + 1 && is_blank(lines, end - 1))
			end--;
		chunks[i].start = lines->starts[chunks[i].line];
		chunks[i].end = lines->starts[end];
	}
}

/* The text with its top level in order, blank lines left where they are; the text itself when it
 * is in order, or is not written one key a line. */
static char *in_order(struct arena *a, const struct yaml *yaml, char *text, size_t len,
	const struct yaml_order *order)
{
	json_t *root = yaml_value(yaml);
	size_t count = 0;
	struct chunk *chunks = NULL;
	struct lines lines = lines_of(a, text, len);
	bool is_sorted = true;
	const char *key;
	json_t *value;
	json_object_foreach (root, key, value) {
		struct place at = yaml_place(yaml, pointer_add(a, "", key), YAML_KEY);
		struct chunk chunk = {
			.rank = rank_of(order, key), .order = count, .line = at.line - 1
		};
		if (at.column != 1 || at.line == 0 || at.line > lines.count)
			return text;
		if (count > 0 && chunks[count - 1].line >= chunk.line)
			return text;
		is_sorted = is_sorted && (count == 0 || chunks[count - 1].rank <= chunk.rank);
		*ARENA_PUSH(a, chunks, count) = chunk;
	}
	if (is_sorted)
		return text;
	find_chunks(chunks, count, &lines);
	struct chunk *sorted = arena_alloc(a, count * sizeof *sorted);
	memcpy(sorted, chunks, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, by_rank);
	char *out = arena_alloc(a, len + 1);
	size_t at = chunks[0].start;
	memcpy(out, text, at);
	for (size_t i = 0; i < count; i++) {
		size_t size = sorted[i].end - sorted[i].start;
		memcpy(out + at, text + sorted[i].start, size);
		at += size;
		size_t next = i + 1 < count ? chunks[i + 1].start : len;
		memcpy(out + at, text + chunks[i].end, next - chunks[i].end);
		at += next - chunks[i].end;
	}
	return out;
}

/* Whether the text is YAML of the same value. */
static bool means(const char *text, size_t len, const json_t *value)
{
	struct arena *scratch = arena_new();
	struct diags diags;
	diags_init(&diags, scratch);
	const struct yaml *yaml = yaml_parse(scratch, "formatted", text, len, &diags);
	bool same = yaml && json_equal(yaml_value(yaml), value);
	arena_free(scratch);
	return same;
}

/* One round; NULL when the value would not be the same. */
static char *format_once(struct arena *a, const char *text, size_t *len, const json_t *value,
	const struct yaml_order *order)
{
	size_t out_len = 0;
	char *out = yaml_respace(a, text, *len, &out_len);
	if (!out || !means(out, out_len, value))
		return NULL;
	struct diags unused;
	diags_init(&unused, a);
	const struct yaml *yaml = yaml_parse(a, "formatted", out, out_len, &unused);
	char *ordered = yaml ? in_order(a, yaml, out, out_len, order) : out;
	*len = out_len;
	return ordered != out && means(ordered, out_len, value) ? ordered : out;
}

/* CR alone ends a line as well, and is written as others are. */
static void end_lines_alike(char *text)
{
	for (char *c = text; (c = strchr(c, '\r')); c++)
		if (c[1] != '\n')
			*c = '\n';
}

/* What one round moves may be in line with something else then, so rounds go on until one changes
 * nothing. NULL when none does. */
static char *settle(struct arena *a, const char *text, size_t len, const json_t *value,
	const struct yaml_order *order, size_t *out_len)
{
	for (size_t i = 0; i < ROUNDS_MOST; i++) {
		size_t size = len;
		char *out = format_once(a, text, &size, value, order);
		if (!out)
			return NULL;
		if (size == len && memcmp(out, text, len) == 0) {
			*out_len = size;
			return out;
		}
		text = out;
		len = size;
	}
	return NULL;
}

char *yaml_format(const char *name, const char *text, size_t len, const struct yaml_order *order,
	size_t *out_len, struct diags *diags)
{
	struct arena *a = diags->arena;
	const struct yaml *yaml = yaml_parse(a, name, text, len, diags);
	if (!yaml)
		return NULL;
	size_t mark = strlen(BYTE_ORDER_MARK);
	size_t skipped = len >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
	char *plain = arena_strndup(a, text + skipped, len - skipped);
	char *out = NULL;
	end_lines_alike(plain);
	/* A byte order mark that does not stand first is not seen by everyone. */
	if (!strstr(plain, BYTE_ORDER_MARK))
		out = settle(a, plain, len - skipped, yaml_value(yaml), order, out_len);
	if (out)
		return out;
	(void)diag_error(diags, (struct place){ .file = name }, "format-unsafe",
		"cannot be formatted without changing what it means");
	diag_help(diags, "write it more plainly; it was left as it is");
	return NULL;
}
