/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c - nodes from a CSV file as RFC 4180 describes it: a heading, then a node a line */
#include <string.h>

#include "engine/base/text.h"
#include "engine/config/sources.h"

enum column {
	COLUMN_NAME,
	COLUMN_IP,
	COLUMN_IP6,
	COLUMN_PODS,
	COLUMN_PODS6,
	COLUMNS
};

static const char *const column_names[COLUMNS] = { "name", "ip", "ip6", "podCIDR", "podCIDR6" };

struct field {
	const char *text;
	struct place at;
};

struct table {
	struct node_reader *reader;
	struct node_set *set;
	const char *pointer;
	const char *next, *end; /* of the text */
	const char *line_start;
	struct place at; /* of what comes next */
	struct field fields[COLUMNS];
	size_t nfields;
	size_t ncolumns;
	enum column columns[COLUMNS];
};

static bool refuse(const struct table *t, struct place at, const char *text)
{
	(void)diag_error(t->reader->diags, at, "csv-syntax", "%s", text);
	diag_help(t->reader->diags, "write it as in `name,ip,podCIDR`, one line a node");
	return false;
}

static void advance(struct table *t)
{
	if (*t->next == '\n') {
		t->at.line++;
		t->at.column = 1;
		t->line_start = ++t->next;
		return;
	}
	size_t used = 0;
	(void)text_decode(t->next, (size_t)(t->end - t->next), &used);
	t->next += used;
	t->at.column++;
}

static struct place place_here(const struct table *t, size_t width)
{
	struct place at = t->at;
	size_t length = (size_t)(t->end - t->line_start);
	const char *stop = memchr(t->line_start, '\n', length);
	length = stop ? (size_t)(stop - t->line_start) : length;
	if (length && t->line_start[length - 1] == '\r')
		length--;
	at.excerpt = arena_strndup(t->reader->config->arena, t->line_start, length);
	at.width = width ? width : 1;
	return at;
}

static bool at_field_end(const struct table *t)
{
	return t->next == t->end || *t->next == ',' || *t->next == '\n' ||
		(*t->next == '\r' && t->next + 1 < t->end && t->next[1] == '\n');
}

/* One character of a quoted field, byte by byte so that none is lost; false at its end. */
static bool take_quoted(struct table *t, struct buf *text)
{
	bool quote = *t->next == '"';
	if (quote)
		advance(t);
	if (quote && (t->next == t->end || *t->next != '"'))
		return false;
	(void)buf_putc(text, *t->next);
	if (*t->next == '\n') {
		advance(t);
		return true;
	}
	/* Columns count characters: those bytes that begin one. */
	t->at.column += ((unsigned char)*t->next & 0xc0) != 0x80;
	t->next++;
	return true;
}

static bool read_quoted(struct table *t, struct field *f)
{
	struct buf text;
	buf_init(&text, NODE_FILE_BYTES);
	f->at = place_here(t, 1);
	advance(t);
	bool open = true;
	while (open && t->next < t->end)
		open = take_quoted(t, &text);
	f->text = arena_strndup(t->reader->config->arena, text.data ? text.data : "", text.len);
	buf_release(&text);
	if (open)
		return refuse(t, f->at, "the quote is not closed");
	return at_field_end(t) || refuse(t, place_here(t, 1), "text stands behind the quote");
}

static bool read_plain(struct table *t, struct field *f)
{
	const char *start = t->next;
	f->at = place_here(t, 1);
	while (!at_field_end(t)) {
		if (*t->next == '"')
			return refuse(t, place_here(t, 1), "a quote stands inside a field");
		advance(t);
	}
	f->text = arena_strndup(t->reader->config->arena, start, (size_t)(t->next - start));
	if (t->at.column > f->at.column)
		f->at.width = t->at.column - f->at.column;
	return true;
}

static bool read_row(struct table *t)
{
	t->nfields = 0;
	for (;;) {
		if (t->nfields == COLUMNS)
			return refuse(t, place_here(t, 1), "the line has too many fields");
		struct field *f = &t->fields[t->nfields++];
		if (!(t->next < t->end && *t->next == '"' ? read_quoted(t, f) : read_plain(t, f)))
			return false;
		if (t->next == t->end || *t->next != ',')
			break;
		advance(t);
	}
	if (t->next < t->end && *t->next == '\r')
		advance(t);
	if (t->next < t->end)
		advance(t);
	return true;
}

static bool read_heading(struct table *t)
{
	if (t->next == t->end)
		return refuse(t, place_here(t, 1), "the file is empty: it begins with a heading");
	if (!read_row(t))
		return false;
	bool seen[COLUMNS] = { false };
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		size_t column = 0;
		while (column < COLUMNS && strcmp(column_names[column], f->text) != 0)
			column++;
		if (column == COLUMNS)
			return unknown_member(t->reader->diags, f->at, f->text, "a file of nodes",
				column_names, COLUMNS);
		if (seen[column])
			return refuse(t, f->at, "the column stands here twice");
		seen[column] = true;
		t->columns[i] = (enum column)column;
	}
	t->ncolumns = t->nfields;
	if (!seen[COLUMN_NAME] || !(seen[COLUMN_IP] || seen[COLUMN_IP6]) ||
		!(seen[COLUMN_PODS] || seen[COLUMN_PODS6]))
		return refuse(t, t->fields[0].at, "the heading needs `name`, `ip` and `podCIDR`");
	return true;
}

static bool take_field(const struct table *t, size_t i, struct node *n)
{
	struct config *c = t->reader->config;
	const struct field *f = &t->fields[i];
	if (!*f->text)
		return t->columns[i] != COLUMN_NAME || refuse(t, f->at, "the node has no name");
	switch (t->columns[i]) {
	case COLUMN_IP:
	case COLUMN_IP6:
		return node_add_ip(c, n, f->text, f->at, t->reader->diags);
	case COLUMN_PODS:
	case COLUMN_PODS6:
		return node_add_cidr(c, n, f->text, f->at, t->reader->diags);
	case COLUMN_NAME:
	case COLUMNS:
		break;
	}
	n->name = f->text;
	n->at = f->at;
	return true;
}

static bool read_node(struct table *t)
{
	struct place at = place_here(t, 1);
	if (!read_row(t))
		return false;
	if (t->nfields == 1 && !*t->fields[0].text)
		return true;
	if (t->nfields != t->ncolumns)
		return refuse(t, at, "the line has another number of fields than the heading");
	struct node n = { .pointer = t->pointer, .ip_forwarding = -1 };
	bool good = true;
	for (size_t i = 0; i < t->nfields; i++)
		if (t->columns[i] == COLUMN_NAME)
			good &= take_field(t, i, &n);
	for (size_t i = 0; i < t->nfields; i++)
		if (t->columns[i] != COLUMN_NAME)
			good &= take_field(t, i, &n);
	if (t->set->nnodes == CONFIG_NODES)
		return diag_error(t->reader->diags, at, "too-many",
			"a node set has at most %zu nodes", CONFIG_NODES);
	if (good)
		*ARENA_PUSH(t->reader->config->arena, t->set->nodes, t->set->nnodes) = n;
	return good;
}

static bool read_table(struct table *t)
{
	if (!read_heading(t))
		return false;
	size_t before = t->set->nnodes, errors = t->reader->diags->nerrors;
	bool good = true;
	while (t->next < t->end && t->reader->diags->nerrors < errors + 100)
		good &= read_node(t);
	if (!good || t->set->nnodes > before)
		return good;
	return diag_error(t->reader->diags, (struct place){ .file = t->at.file }, "node-set-empty",
		"lists no node");
}

bool csv_read(struct node_reader *r, struct node_set *set, const json_t *value, const char *pointer)
{
	static const char *const members[] = { "file", NULL };
	struct config *c = r->config;
	if (!json_is_object(value))
		return wrong_type(r->diags, place_value(c, pointer), "csv", "a map", value);
	if (!only_members(c, value, pointer, "`csv`", members, r->diags))
		return false;
	const struct text_file *file = source_file(r, value, pointer);
	if (!file)
		return false;
	static const char mark[] = "\xef\xbb\xbf";
	size_t skipped = strncmp(file->text, mark, 3) == 0 ? 3 : 0;
	struct table t = { .reader = r,
		.set = set,
		.pointer = pointer,
		.next = file->text + skipped,
		.end = file->text + file->length,
		.line_start = file->text + skipped,
		.at = { .file = file->name, .line = 1, .column = 1, .width = 1 } };
	return read_table(&t);
}
