/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/yaml_internal.h"

static void add_line(struct yaml *y, size_t start)
{
	*ARENA_PUSH(y->arena, y->starts, y->nlines) = (uint32_t)start;
}

static void split_lines(struct yaml *y, const char *text, size_t len)
{
	y->text = arena_strndup(y->arena, text, len);
	y->len = len;
	add_line(y, 0);
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n' && text[i] != '\r')
			continue;
		y->text[i] = '\0';
		i += text[i] == '\r' && i + 1 < len && text[i + 1] == '\n';
		add_line(y, i + 1);
	}
}

size_t yaml_characters(const char *text, size_t len)
{
	size_t count = 0;
	for (size_t i = 0, used; i < len; i += used, count++)
		(void)text_decode(text + i, len - i, &used);
	return count;
}

struct place yaml_place_at(const struct yaml *y, size_t line, size_t column, size_t width)
{
	const char *excerpt = line <= y->nlines ? y->text + y->starts[line - 1] : "";
	if (width == 0) {
		size_t count = yaml_characters(excerpt, strlen(excerpt));
		width = count > column ? count - column : 1;
	}
	return (struct place){
		.file = y->name,
		.line = line,
		.column = column + 1,
		.width = width,
		.excerpt = excerpt,
	};
}

const struct yaml_node *yaml_member(json_t *object, const struct yaml_node *first, const char *key)
{
	const struct yaml_node *node = first;
	for (void *i = json_object_iter(object); i && node; i = json_object_iter_next(object, i)) {
		if (strcmp(json_object_iter_key(i), key) == 0)
			return node;
		node = node->next;
	}
	return NULL;
}

struct place yaml_place_at_byte(const struct yaml *y, size_t byte, size_t width)
{
	size_t low = 0, high = y->nlines;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (y->starts[middle] <= byte)
			low = middle;
		else
			high = middle;
	}
	const char *start = y->text + y->starts[low];
	return yaml_place_at(y, low + 1, yaml_characters(start, byte - y->starts[low]), width);
}

/* The first of the characters that end a line in YAML 1.1 and to libyaml, but neither in YAML 1.2
 * nor to an editor: what follows one in a comment would be read, and reviewed by nobody. */
static const char *old_break(const char *text, size_t len)
{
	static const char *const breaks[] = { "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9" };
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\xc2' && text[i] != '\xe2')
			continue;
		for (size_t k = 0; k < ARRAY_LEN(breaks); k++)
			if (strncmp(text + i, breaks[k], strlen(breaks[k])) == 0)
				return text + i;
	}
	return NULL;
}

static bool is_utf16(const char *text, size_t len)
{
	return len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
}

/* Whether these are characters that YAML 1.2 and libyaml read alike. */
static bool check_characters(struct yaml *y, struct diags *diags)
{
	if (is_utf16(y->text, y->len)) {
		(void)yaml_error(diags, yaml_place_at(y, 1, 0, 1), "yaml-syntax",
			"the file is UTF-16 or UTF-32, not UTF-8");
		diag_help(diags, "save it as UTF-8");
		return false;
	}
	const char *at = old_break(y->text, y->len);
	if (!at)
		return true;
	size_t used;
	unsigned code = (unsigned)text_decode(at, 3, &used);
	(void)yaml_error(diags, yaml_place_at_byte(y, (size_t)(at - y->text), 1), "yaml-syntax",
		"U+%04X ends a line to some readers of YAML and not to others", code);
	diag_help(diags, "take it out, or write it as \\u%04X in double quotes", code);
	return false;
}

static struct yaml *parse(struct yaml *y, const char *text, size_t len, struct diags *diags)
{
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	split_lines(y, text, len);
	return check_characters(y, diags) && yaml_read(y, text, len, diags) ? y : NULL;
}

/* What to do about each kind of fault, unless its place knows better. */
static const struct {
	const char *code, *help;
} helps[] = {
	{ "file-too-large", "split it, or let a node set make what repeats" },
	{ "file-unreadable", "check the path and its permissions" },
	{ "yaml-syntax", "mend the YAML here; an editor with YAML support shows such places" },
	{ "yaml-alias", "write the value out where it is needed" },
	{ "yaml-depth", "no configuration needs that; look for a bracket or an indent too many" },
	{ "yaml-key", "write `key: value`, and put a key with special characters in quotes" },
	{ "yaml-multiple-documents", "write one document a file" },
	{ "unknown-tag", "take the tag away, or use one of YAML's core tags such as !!str" },
	{ "not-a-number", "write a finite number, or put it in quotes to mean text" },
	{ "duplicate-key", "keep one of the two" },
};

bool yaml_error(struct diags *diags, struct place at, const char *code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = arena_vprintf(diags->arena, fmt, args);
	va_end(args);
	(void)diag_error(diags, at, code, "%s", text);
	for (size_t i = 0; i < ARRAY_LEN(helps); i++)
		if (strcmp(helps[i].code, code) == 0)
			diag_help(diags, "%s", helps[i].help);
	return false;
}

static struct yaml *too_large(const char *name, struct diags *diags)
{
	(void)yaml_error(diags, (struct place){ .file = name }, "file-too-large",
		"the file is larger than %zu MiB", YAML_BYTES >> 20);
	return NULL;
}

static struct yaml *yaml_new(struct arena *a, const char *name)
{
	struct yaml *y = ARENA_NEW(a, struct yaml);
	*y = (struct yaml){ .arena = a, .name = arena_strdup(a, name) };
	return y;
}

struct yaml *yaml_parse(
	struct arena *a, const char *name, const char *text, size_t len, struct diags *diags)
{
	struct yaml *y = yaml_new(a, name);
	return len > YAML_BYTES ? too_large(y->name, diags) : parse(y, text, len, diags);
}

struct yaml *yaml_load(struct arena *a, const char *path, struct diags *diags)
{
	struct yaml *y = yaml_new(a, path);
	size_t len;
	char *text = text_read_file(path, YAML_BYTES, &len);
	if (!text && errno == EFBIG)
		return too_large(y->name, diags);
	if (!text) {
		(void)yaml_error(diags, (struct place){ .file = y->name }, "file-unreadable",
			"cannot be read: %s", strerror(errno));
		return NULL;
	}
	struct yaml *parsed = parse(y, text, len, diags);
	free(text);
	return parsed;
}

const char *yaml_name(const struct yaml *y)
{
	return y->name;
}

json_t *yaml_value(const struct yaml *y)
{
	return y->value;
}

bool yaml_has(const struct yaml *y, const char *pointer)
{
	return json_at(y->value, pointer) != NULL;
}

struct place yaml_place(const struct yaml *y, const char *pointer, enum yaml_side side)
{
	const struct yaml_node *node = &y->root;
	json_t *value = y->value;
	struct arena *scratch = arena_new();
	char *token;
	while (value && (token = pointer_next(scratch, &pointer))) {
		json_t *next = json_at(value, pointer_add(scratch, "", token));
		const struct yaml_node *found = next ? yaml_item(y, node, value, token) : NULL;
		if (!found)
			break;
		node = found;
		value = next;
	}
	arena_free(scratch);
	if (side == YAML_KEY && node->key_line)
		return yaml_place_at(y, node->key_line, node->key_column, node->key_width);
	return yaml_place_at(y, node->line, node->column, node->width);
}
