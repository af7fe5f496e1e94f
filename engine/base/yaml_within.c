/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/text.h"
#include "engine/base/yaml_internal.h"

/* libyaml tells where a scalar begins, and not where its characters came from. So the file and the
 * value are walked side by side: each takes what the other has, and where they do not meet (a line
 * that ends in escapes, an alias) the caller is told of the whole scalar. */
struct walk {
	const char *source, *end;
	const char *value;
	char quote;
};

/* Each line of the file ends in a NUL, behind which the rest of CRLF may stand. */
static bool is_break(char c)
{
	return c == '\0' || c == '\n';
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || is_break(c);
}

static void skip_line(struct walk *w)
{
	while (w->source < w->end && !is_break(*w->source))
		w->source++;
}

/* To the first character of the value, past tags, anchors, comments, a quote, `|` and `>`. */
static void enter(struct walk *w)
{
	while (w->source < w->end) {
		if (*w->source == '#')
			skip_line(w);
		else if (*w->source == '&' || *w->source == '!')
			while (w->source < w->end && !is_white(*w->source))
				w->source++;
		else if (!is_white(*w->source))
			break;
		else
			w->source++;
	}
	if (w->source == w->end)
		return;
	if (*w->source == '"' || *w->source == '\'')
		w->quote = *w->source++;
	else if (*w->source == '|' || *w->source == '>')
		skip_line(w);
}

/* Bytes of the escape sequence that begins with this backslash. */
static size_t escape_bytes(const struct walk *w)
{
	size_t digits = w->source[1] == 'x' ? 2
		: w->source[1] == 'u'       ? 4
		: w->source[1] == 'U'       ? 8
					    : 0;
	size_t left = (size_t)(w->end - w->source);
	return digits + 2 < left ? digits + 2 : left;
}

static bool step_escape(struct walk *w)
{
	bool joins_lines = is_break(w->source[1]);
	size_t used;
	w->source += escape_bytes(w);
	if (joins_lines) {
		while (w->source < w->end && is_white(*w->source))
			w->source++;
		return true;
	}
	(void)text_decode(w->value, strlen(w->value), &used);
	w->value += used;
	return true;
}

/* Past the break, and past what either side makes of it: indentation, a space, a line or none. */
static bool step_break(struct walk *w)
{
	while (w->source < w->end && is_white(*w->source))
		w->source++;
	while (*w->value && is_white(*w->value))
		w->value++;
	return true;
}

/* Whether white space stands here up to the end of the line: folding drops it. */
static bool ends_line(const struct walk *w)
{
	const char *at = w->source;
	while (at < w->end && (*at == ' ' || *at == '\t'))
		at++;
	return at == w->end || is_break(*at);
}

static bool step(struct walk *w)
{
	if (w->source >= w->end)
		return false;
	if (w->quote == '"' && *w->source == '\\')
		return step_escape(w);
	if (ends_line(w))
		return step_break(w);
	if (*w->source != *w->value)
		return false;
	if (w->quote == '\'' && *w->source == '\'')
		w->source++;
	w->source++;
	w->value++;
	return true;
}

static bool walk_to(struct walk *w, const char *value)
{
	while (w->value < value)
		if (!step(w))
			return false;
	return w->value == value;
}

struct place yaml_place_within(
	const struct yaml *y, struct place whole, const char *text, size_t offset, size_t length)
{
	size_t len = strlen(text);
	if (whole.line == 0 || offset > len || length > len - offset)
		return whole;
	size_t left = strlen(whole.excerpt), bytes = 0, used;
	for (size_t i = 1; i < whole.column && bytes < left; i++, bytes += used)
		(void)text_decode(whole.excerpt + bytes, left - bytes, &used);
	struct walk w = { .source = whole.excerpt + bytes, .end = y->text + y->len, .value = text };
	enter(&w);
	if (!walk_to(&w, text + offset))
		return whole;
	/* A break behind the text before it is still to be passed. */
	while (w.source < w.end && is_break(*w.source))
		(void)step_break(&w);
	if (w.value != text + offset)
		return whole;
	const char *start = w.source;
	if (!walk_to(&w, text + offset + (length ? length : 1)))
		return whole;
	size_t width = memchr(start, '\0', (size_t)(w.source - start))
		? 0
		: yaml_characters(start, (size_t)(w.source - start));
	return yaml_place_at_byte(y, (size_t)(start - y->text), width);
}
