/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <yaml.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "engine/base/yaml_format.h"

#define INDENT 2

struct level {
	bool is_sequence;
	size_t was, now; /* columns */
};

struct writer {
	const char *text;
	size_t len;
	struct buf out;
	struct level levels[YAML_DEPTH + 2];
	size_t depth, seen; /* levels open; levels open when the last token was written */
	size_t flow_depth, flow_base;
	size_t at;     /* byte behind the last token */
	size_t column; /* of the output */
	size_t line_was, line_now;
	yaml_token_type_t last;
	bool is_entry; /* the entry at hand is of a list that stands at its map's own column */
	bool is_key;   /* a simple key begins with the next token */
	bool is_compact;
	/* Of the count from libyaml's characters to bytes. */
	size_t characters, bytes;
};

/* Marks only grow, so the whole text is walked once. */
static size_t byte_of(struct writer *w, const yaml_mark_t *mark)
{
	while (w->characters < mark->index && w->bytes < w->len) {
		size_t used = 1;
		(void)text_decode(w->text + w->bytes, w->len - w->bytes, &used);
		w->bytes += used;
		w->characters++;
	}
	return w->bytes;
}

static void put_blanks(struct writer *w, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)buf_putc(&w->out, ' ');
	w->column += count;
}

static void put(struct writer *w, const char *text, size_t len)
{
	(void)buf_add(&w->out, text, len);
	w->column += len;
}

static void end_line(struct writer *w)
{
	(void)buf_putc(&w->out, '\n');
	w->column = 0;
}

static size_t trimmed(const char *line, size_t len)
{
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r'))
		len--;
	return len;
}

static size_t blanks(const char *line, size_t len)
{
	size_t count = 0;
	while (count < len && (line[count] == ' ' || line[count] == '\t'))
		count++;
	return count;
}

/* A comment goes with what it stands in line with: what follows, or a level that is open. */
static size_t comment_column(const struct writer *w, size_t was, size_t next_was, size_t next_now)
{
	if (was == next_was)
		return next_now;
	size_t open = w->seen > w->depth ? w->seen : w->depth;
	for (size_t i = open; i-- > 0;)
		if (w->levels[i].was == was)
			return w->levels[i].now;
	if (next_now >= next_was)
		return was + (next_now - next_was);
	return was > next_was - next_now ? was - (next_was - next_now) : 0;
}

/* What stands between two tokens that are not on one line: comments and blank lines. */
static void put_lines(struct writer *w, const char *gap, size_t len, size_t was, size_t now)
{
	const char *end = gap + len;
	bool is_start = w->column == 0;
	for (const char *line = gap, *stop; (stop = memchr(line, '\n', (size_t)(end - line)));
		line = stop + 1, is_start = true) {
		size_t size = trimmed(line, (size_t)(stop - line));
		size_t skip = blanks(line, size);
		if (is_start && skip < size) {
			put_blanks(w, comment_column(w, skip, was, now));
			put(w, line + skip, size - skip);
		} else if (size) {
			put(w, line, size);
		}
		end_line(w);
	}
}

static bool is_property(yaml_token_type_t type)
{
	return type == YAML_ANCHOR_TOKEN || type == YAML_TAG_TOKEN || type == YAML_ALIAS_TOKEN ||
		type == YAML_VALUE_TOKEN;
}

/* How many blanks stand between two tokens of one line. */
static size_t spacing(const struct writer *w, yaml_token_type_t type, size_t gap)
{
	size_t some = gap ? 1 : 0;
	switch (type) {
	case YAML_FLOW_ENTRY_TOKEN:
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
		return is_property(w->last) ? some : 0;
	case YAML_VALUE_TOKEN:
		return w->last == YAML_SCALAR_TOKEN ? 0 : some;
	default:
		break;
	}
	switch (w->last) {
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
		return 0;
	case YAML_VALUE_TOKEN:
	case YAML_FLOW_ENTRY_TOKEN:
	case YAML_BLOCK_ENTRY_TOKEN:
	case YAML_KEY_TOKEN:
		return 1;
	default:
		return some;
	}
}

/* Where a token stands that begins its line. */
static size_t token_column(const struct writer *w, yaml_token_type_t type)
{
	if (w->flow_depth > 0) {
		bool closes =
			type == YAML_FLOW_SEQUENCE_END_TOKEN || type == YAML_FLOW_MAPPING_END_TOKEN;
		return w->flow_base + INDENT * (w->flow_depth - (closes ? 1 : 0));
	}
	if (w->depth == 0)
		return 0;
	const struct level *level = &w->levels[w->depth - 1];
	if (type == YAML_BLOCK_ENTRY_TOKEN)
		return level->now + (level->is_sequence ? 0 : INDENT);
	if (type == YAML_KEY_TOKEN || type == YAML_VALUE_TOKEN || w->is_key)
		return level->now;
	return level->now + INDENT + (w->is_entry && !level->is_sequence ? INDENT : 0);
}

/* The further lines of a text move as its first line did. */
static void put_token(struct writer *w, const char *token, size_t len)
{
	const char *end = token + len, *stop;
	while ((stop = memchr(token, '\n', (size_t)(end - token)))) {
		size_t size = (size_t)(stop - token);
		put(w, token, size && token[size - 1] == '\r' ? size - 1 : size);
		end_line(w);
		token = stop + 1;
		size_t spaces = strspn(token, " "), left = (size_t)(end - token);
		spaces = spaces < left ? spaces : left;
		if (spaces == left || token[spaces] == '\n' || token[spaces] == '\r')
			continue;
		if (w->line_now >= w->line_was) {
			put_blanks(w, w->line_now - w->line_was);
		} else {
			size_t fewer = w->line_was - w->line_now;
			token += fewer < spaces ? fewer : spaces;
		}
	}
	put(w, token, (size_t)(end - token));
}

static void open_level(struct writer *w, bool is_sequence, size_t column)
{
	const struct level *parent = w->depth ? &w->levels[w->depth - 1] : NULL;
	struct level level = { .is_sequence = is_sequence, .was = column };
	if (w->is_compact)
		level.now = w->column + 1;
	else if (parent)
		level.now =
			parent->now + INDENT + (w->is_entry && !parent->is_sequence ? INDENT : 0);
	w->levels[w->depth++] = level;
	w->is_entry = false;
}

static void write_token(struct writer *w, const yaml_token_t *token, size_t start, size_t end)
{
	const char *gap = w->text + w->at;
	size_t gap_len = start - w->at;
	bool begins = w->column == 0 || memchr(gap, '\n', gap_len);
	if (begins) {
		w->line_was = token->start_mark.column;
		w->line_now = token_column(w, token->type);
		put_lines(w, gap, gap_len, w->line_was, w->line_now);
		put_blanks(w, w->line_now);
	} else {
		put_blanks(w, spacing(w, token->type, gap_len));
	}
	put_token(w, w->text + start, end - start);
	w->at = end;
	w->last = token->type;
	w->seen = w->depth;
	w->is_key = false;
}

/* What a token does to the levels, before it is written. */
static void enter(struct writer *w, const yaml_token_t *token, size_t start)
{
	size_t gap = start - w->at;
	w->is_compact = w->column > 0 && !memchr(w->text + w->at, '\n', gap);
	switch (token->type) {
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
		open_level(w, token->type == YAML_BLOCK_SEQUENCE_START_TOKEN,
			token->start_mark.column);
		break;
	case YAML_BLOCK_END_TOKEN:
		w->depth -= w->depth > 0;
		/* Whether an entry is going on around it is known from where the next token is. */
		w->is_entry = w->depth > 0 && !w->levels[w->depth - 1].is_sequence;
		break;
	case YAML_BLOCK_ENTRY_TOKEN:
		w->is_entry = true;
		break;
	case YAML_KEY_TOKEN:
		w->is_key = true;
		w->is_entry = w->is_entry && w->flow_depth > 0;
		break;
	default:
		break;
	}
}

static void leave(struct writer *w, yaml_token_type_t type)
{
	if (type == YAML_FLOW_SEQUENCE_START_TOKEN || type == YAML_FLOW_MAPPING_START_TOKEN) {
		if (w->flow_depth++ == 0)
			w->flow_base = w->line_now;
	} else if (type == YAML_FLOW_SEQUENCE_END_TOKEN || type == YAML_FLOW_MAPPING_END_TOKEN) {
		w->flow_depth -= w->flow_depth > 0;
	}
}

/* False when libyaml stops, or the nesting is deeper than any configuration's. */
static bool write_all(struct writer *w, yaml_parser_t *parser)
{
	for (bool ended = false; !ended;) {
		yaml_token_t token;
		if (!yaml_parser_scan(parser, &token))
			return false;
		size_t start = byte_of(w, &token.start_mark);
		size_t end = token.end_mark.index > token.start_mark.index
			? byte_of(w, &token.end_mark)
			: start;
		start = start < w->at ? w->at : start;
		enter(w, &token, start);
		if (end > start)
			write_token(w, &token, start, end);
		leave(w, token.type);
		ended = token.type == YAML_STREAM_END_TOKEN;
		yaml_token_delete(&token);
		if (w->depth > YAML_DEPTH)
			return false;
	}
	put_lines(w, w->text + w->at, w->len - w->at, 0, 0);
	return true;
}

char *yaml_respace(struct arena *a, const char *text, size_t len, size_t *out_len)
{
	/* A last line without its end is a line too. */
	bool is_ended = len == 0 || text[len - 1] == '\n';
	char *whole = arena_printf(a, "%.*s%s", (int)len, text, is_ended ? "" : "\n");
	struct writer w = { .text = whole, .len = strlen(whole) };
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return NULL;
	buf_init(&w.out, BUF_OWN_TEXT);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)whole, w.len);
	bool good = write_all(&w, &parser) && !w.out.full;
	yaml_parser_delete(&parser);
	char *out = good ? arena_strndup(a, w.out.data, w.out.len) : NULL;
	*out_len = w.out.len;
	buf_release(&w.out);
	return out;
}
