/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/diag.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"

#define EXCERPT_COLUMNS 160

void diags_init(struct diags *diags, struct arena *a)
{
	*diags = (struct diags){ .arena = a };
}

__attribute__((format(printf, 3, 0))) static void add(
	struct diags *diags, struct diag diag, const char *fmt, va_list args)
{
	diag.text = arena_vprintf(diags->arena, fmt, args);
	struct diag *added = ARENA_PUSH(diags->arena, diags->items, diags->count);
	*added = diag;
}

bool diag_error(struct diags *diags, struct place at, const char *code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	add(diags, (struct diag){ .severity = SEVERITY_ERROR, .at = at, .code = code }, fmt, args);
	va_end(args);
	diags->nerrors++;
	return false;
}

void diag_warning(struct diags *diags, struct place at, const char *code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	add(diags, (struct diag){ .severity = SEVERITY_WARNING, .at = at, .code = code }, fmt,
		args);
	va_end(args);
}

static struct diag *newest(struct diags *diags)
{
	assert(diags->count);
	return &diags->items[diags->count - 1];
}

void diag_note(struct diags *diags, struct place at, const char *fmt, ...)
{
	struct diag *diag = newest(diags);
	va_list args;
	va_start(args, fmt);
	struct diag_note *note = ARENA_PUSH(diags->arena, diag->notes, diag->nnotes);
	*note = (struct diag_note){ .at = at, .text = arena_vprintf(diags->arena, fmt, args) };
	va_end(args);
}

void diag_help(struct diags *diags, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	newest(diags)->help = arena_vprintf(diags->arena, fmt, args);
	va_end(args);
}

void diag_about(struct diags *diags, const char *address)
{
	newest(diags)->address = arena_strdup(diags->arena, address);
}

/* Nowhere comes last. */
static int compare_text(const char *a, const char *b)
{
	if (!a || !b)
		return (a == NULL) - (b == NULL);
	return strcmp(a, b);
}

static int compare_number(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare(const struct diag *a, const struct diag *b)
{
	int order = compare_text(a->at.file, b->at.file);
	if (order == 0)
		order = compare_number(a->at.line, b->at.line);
	if (order == 0)
		order = compare_number(a->at.column, b->at.column);
	if (order == 0)
		order = compare_text(a->address, b->address);
	if (order == 0)
		order = compare_number(a->severity, b->severity);
	if (order == 0)
		order = compare_text(a->code, b->code);
	if (order == 0)
		order = compare_text(a->text, b->text);
	return order;
}

struct entry {
	const struct diag *diag;
};

/* Of equal ones the first given comes first, so that qsort() is stable. */
static int compare_entries(const void *left, const void *right)
{
	const struct diag *a = ((const struct entry *)left)->diag;
	const struct diag *b = ((const struct entry *)right)->diag;
	int order = compare(a, b);
	return order ? order : (a > b) - (a < b);
}

void diags_sort(struct diags *diags)
{
	if (diags->count == 0)
		return;
	struct entry *order = arena_alloc(diags->arena, diags->count * sizeof *order);
	for (size_t i = 0; i < diags->count; i++)
		order[i].diag = &diags->items[i];
	qsort(order, diags->count, sizeof *order, compare_entries);
	struct diag *items = NULL;
	size_t count = 0, nerrors = 0;
	for (size_t i = 0; i < diags->count; i++) {
		if (i && compare(order[i - 1].diag, order[i].diag) == 0)
			continue;
		struct diag *kept = ARENA_PUSH(diags->arena, items, count);
		*kept = *order[i].diag;
		nerrors += kept->severity == SEVERITY_ERROR;
	}
	diags->items = items;
	diags->count = count;
	diags->nerrors = nerrors;
}

struct renderer {
	struct arena *arena;
	struct buf *out;
	bool colour;
};

static void paint(struct renderer *r, const char *escape)
{
	if (r->colour)
		(void)buf_puts(r->out, escape);
}

#define PLAIN "\x1b[0m"
#define BOLD "\x1b[1m"
#define RED "\x1b[1;31m"
#define YELLOW "\x1b[1;33m"
#define GREEN "\x1b[1;32m"
#define CYAN "\x1b[1;36m"

/* "file:line:column: " */
static void render_place(struct renderer *r, const struct place *at, const char *instead)
{
	const char *name = at->file ? at->file : instead;
	if (!name)
		return;
	paint(r, BOLD);
	text_escape(r->out, name, false);
	/* Our colon must not make a pair of the name's. */
	if (r->out->len && r->out->data[r->out->len - 1] == ':')
		(void)buf_putc(r->out, '\\');
	if (at->file && at->line)
		(void)buf_printf(r->out, ":%zu", at->line);
	if (at->file && at->line && at->column)
		(void)buf_printf(r->out, ":%zu", at->column);
	(void)buf_puts(r->out, ":");
	paint(r, PLAIN);
	(void)buf_puts(r->out, " ");
}

/* The bytes of the first `count` characters, or of all there are. */
static size_t characters(const char *text, size_t count)
{
	size_t len = strlen(text), at = 0;
	for (size_t used; count && at < len; count--, at += used)
		(void)text_decode(text + at, len - at, &used);
	return at;
}

static size_t count_characters(const char *text)
{
	size_t len = strlen(text), count = 0;
	for (size_t at = 0, used; at < len; at += used, count++)
		(void)text_decode(text + at, len - at, &used);
	return count;
}

/* What stands under `text`: blanks as wide as it is, its tabs kept. */
static void render_blank(struct renderer *r, const char *text)
{
	for (const char *rest = text; *rest;) {
		size_t len = strcspn(rest, "\t");
		size_t columns = text_columns(arena_strndup(r->arena, rest, len));
		while (columns--)
			(void)buf_putc(r->out, ' ');
		rest += len;
		if (*rest) {
			(void)buf_putc(r->out, '\t');
			rest++;
		}
	}
}

/* Escaped, because the escapes are what the reader sees. */
static char *visible(struct renderer *r, const char *text, size_t len)
{
	struct buf b;
	buf_init(&b, BUF_OWN_TEXT);
	text_escape(&b, arena_strndup(r->arena, text, len), true);
	char *copy = arena_strndup(r->arena, b.data, b.len);
	buf_release(&b);
	return copy;
}

static void render_caret(struct renderer *r, const char *before, const char *under, bool cut)
{
	(void)buf_puts(r->out, "| ");
	if (cut)
		(void)buf_puts(r->out, "   ");
	render_blank(r, before);
	paint(r, GREEN);
	(void)buf_putc(r->out, '^');
	for (size_t n = text_columns(under); n > 1; n--)
		(void)buf_putc(r->out, '~');
	paint(r, PLAIN);
	(void)buf_puts(r->out, "\n");
}

static void render_excerpt(struct renderer *r, const struct place *at)
{
	if (!at->excerpt || at->line == 0)
		return;
	size_t column = at->column ? at->column - 1 : 0;
	size_t count = count_characters(at->excerpt);
	size_t from = 0;
	if (count > EXCERPT_COLUMNS && column > EXCERPT_COLUMNS / 2)
		from = column - EXCERPT_COLUMNS / 2;
	if (from > count)
		from = count;
	const char *start = at->excerpt + characters(at->excerpt, from);
	size_t shown = characters(start, EXCERPT_COLUMNS);
	size_t before = characters(start, column - from);
	before = before < shown ? before : shown;
	size_t under = characters(start + before, at->width ? at->width : 1);
	under = under < shown - before ? under : shown - before;

	size_t line_start = r->out->len;
	(void)buf_printf(r->out, "%5zu ", at->line);
	int gutter = (int)(r->out->len - line_start);
	(void)buf_puts(r->out, "| ");
	if (from)
		(void)buf_puts(r->out, "...");
	(void)buf_puts(r->out, visible(r, start, shown));
	(void)buf_puts(r->out, start[shown] ? "...\n" : "\n");
	if (at->column == 0)
		return;
	(void)buf_printf(r->out, "%*s", gutter, "");
	render_caret(r, visible(r, start, before), visible(r, start + before, under), from > 0);
}

static void render_text(struct renderer *r, const char *label, const char *colour, const char *text)
{
	paint(r, colour);
	(void)buf_printf(r->out, "%s:", label);
	paint(r, PLAIN);
	(void)buf_puts(r->out, " ");
	text_escape(r->out, text, false);
}

static void render(struct renderer *r, const struct diag *diag)
{
	bool error = diag->severity == SEVERITY_ERROR;
	render_place(r, &diag->at, diag->address);
	render_text(r, error ? "error" : "warning", error ? RED : YELLOW, diag->text);
	/* A cloud's own codes are among them. */
	(void)buf_puts(r->out, " [");
	text_escape(r->out, diag->code, false);
	(void)buf_puts(r->out, "]\n");
	render_excerpt(r, &diag->at);
	for (size_t i = 0; i < diag->nnotes; i++) {
		render_place(r, &diag->notes[i].at, NULL);
		render_text(r, "note", CYAN, diag->notes[i].text);
		(void)buf_puts(r->out, "\n");
		render_excerpt(r, &diag->notes[i].at);
	}
	if (diag->help) {
		render_text(r, "help", CYAN, diag->help);
		(void)buf_puts(r->out, "\n");
	}
}

void diags_render(struct diags *diags, struct buf *out, size_t most, bool colour)
{
	diags_sort(diags);
	struct renderer r = { .arena = arena_new(), .out = out, .colour = colour };
	size_t shown = most && most < diags->count ? most : diags->count;
	for (size_t i = 0; i < shown; i++)
		render(&r, &diags->items[i]);
	if (shown < diags->count)
		(void)buf_printf(out, "... and %zu more\n", diags->count - shown);
	arena_free(r.arena);
}

/* JSON escapes by itself; only bytes that are not UTF-8 need our help. */
static json_t *string_new(struct arena *a, const char *text)
{
	json_t *json = json_string(text);
	return json ? json : json_string(text_escaped(a, text));
}

static json_t *place_new(struct arena *a, const struct place *at)
{
	size_t end_column = at->column + (at->width ? at->width : 1);
	json_t *range = json_pack("{s:o}", "filename", string_new(a, at->file));
	if (at->line) {
		json_t *start = json_pack("{s:I,s:I}", "line", (json_int_t)at->line, "column",
			(json_int_t)at->column);
		json_t *end = json_pack("{s:I,s:I}", "line", (json_int_t)at->line, "column",
			(json_int_t)end_column);
		(void)json_object_set_new(range, "start", start);
		(void)json_object_set_new(range, "end", end);
	}
	return range;
}

static json_t *diag_new(struct arena *a, const struct diag *diag)
{
	json_t *json = json_pack("{s:s,s:o,s:o,s:o}", "severity",
		diag->severity == SEVERITY_ERROR ? "error" : "warning", "code",
		string_new(a, diag->code), "summary", string_new(a, diag->text), "detail",
		string_new(a, diag->help ? diag->help : ""));
	if (diag->address)
		(void)json_object_set_new(json, "address", string_new(a, diag->address));
	if (diag->at.file)
		(void)json_object_set_new(json, "range", place_new(a, &diag->at));
	json_t *notes = json_array();
	for (size_t i = 0; i < diag->nnotes; i++) {
		const struct diag_note *note = &diag->notes[i];
		json_t *item = json_pack("{s:o}", "text", string_new(a, note->text));
		if (note->at.file)
			(void)json_object_set_new(item, "range", place_new(a, &note->at));
		(void)json_array_append_new(notes, item);
	}
	if (diag->nnotes)
		(void)json_object_set(json, "notes", notes);
	json_decref(notes);
	if (diag->help)
		(void)json_object_set_new(json, "help", string_new(a, diag->help));
	return json;
}

json_t *diags_json(struct diags *diags)
{
	diags_sort(diags);
	struct arena *a = arena_new();
	json_t *array = json_array();
	for (size_t i = 0; i < diags->count; i++)
		(void)json_array_append_new(array, diag_new(a, &diags->items[i]));
	arena_free(a);
	return array;
}
