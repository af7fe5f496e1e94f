/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config/expression.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/buf.h"

struct part {
	const char *literal; /* NULL: an expression */
	size_t length;
	struct expression_path path;
	struct filter_call *filters;
	size_t nfilters;
};

struct text_template {
	struct part *parts;
	size_t nparts;
	size_t length;
};

struct reader {
	struct arena *arena;
	const char *text;
	size_t at;
	struct expression_failure *failure;
	size_t nfilters; /* in the whole text */
};

bool expression_in(const char *text)
{
	return strstr(text, "${") != NULL;
}

static bool fail_at(
	struct reader *r, size_t offset, size_t length, const char *text, const char *help)
{
	*r->failure = (struct expression_failure){ .code = "bad-expression",
		.text = text,
		.help = help,
		.offset = offset,
		.length = length ? length : 1 };
	return false;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char peek(const struct reader *r)
{
	return r->text[r->at];
}

static void skip_space(struct reader *r)
{
	while (is_space(peek(r)))
		r->at++;
}

static const char *read_word(struct reader *r)
{
	size_t start = r->at;
	while (is_word(peek(r)))
		r->at++;
	return r->at == start ? NULL : arena_strndup(r->arena, r->text + start, r->at - start);
}

static const char *read_quoted(struct reader *r)
{
	size_t start = r->at++;
	char *out = arena_alloc(r->arena, strlen(r->text + start) + 1);
	size_t len = 0;
	for (; peek(r) && peek(r) != '"'; r->at++) {
		if (peek(r) == '\\' && (r->text[r->at + 1] == '"' || r->text[r->at + 1] == '\\'))
			r->at++;
		out[len++] = peek(r);
	}
	if (!peek(r)) {
		(void)fail_at(r, start, r->at - start, "the quotation mark is not closed", NULL);
		return NULL;
	}
	r->at++;
	return out;
}

/* ["a.b"] behind a segment. */
static const char *read_bracket(struct reader *r)
{
	size_t start = r->at++;
	if (peek(r) != '"') {
		(void)fail_at(r, start, 1, "`[` must be followed by a quoted name",
			"write it as in tags[\"a.b\"]");
		return NULL;
	}
	const char *segment = read_quoted(r);
	if (segment && peek(r) != ']') {
		(void)fail_at(r, start, r->at - start, "`[` is not closed by `]`", NULL);
		return NULL;
	}
	if (segment)
		r->at++;
	return segment;
}

static bool read_path(struct reader *r, struct expression_path *path)
{
	path->offset = r->at;
	for (bool more = true; more;) {
		const char *segment;
		if (path->nsegments > 0 && peek(r) == '[') {
			segment = read_bracket(r);
			if (!segment)
				return false;
		} else {
			segment = read_word(r);
		}
		if (!segment)
			return fail_at(r, r->at, 1, "a name is missing here",
				"an expression is ${path} or ${path | filter}, as in "
				"${var.prefix}");
		if (path->nsegments == EXPRESSION_SEGMENTS)
			return fail_at(r, path->offset, r->at - path->offset,
				"the path has too many segments", NULL);
		path->segments[path->nsegments++] = segment;
		more = peek(r) == '.' || peek(r) == '[';
		if (peek(r) == '.')
			r->at++;
	}
	path->length = r->at - path->offset;
	return true;
}

static const char *read_argument(struct reader *r)
{
	if (peek(r) == '"')
		return read_quoted(r);
	size_t start = r->at;
	while (peek(r) && !is_space(peek(r)) && !strchr("|}\"", peek(r)))
		r->at++;
	return arena_strndup(r->arena, r->text + start, r->at - start);
}

static bool read_filter(struct reader *r, struct part *part)
{
	skip_space(r);
	struct filter_call call = { .offset = r->at };
	const char *name = read_word(r);
	call.length = r->at - call.offset;
	if (!name)
		return fail_at(r, r->at, 1, "the name of a filter is missing behind `|`", NULL);
	call.filter = filter_find(name);
	if (!call.filter) {
		const char *near = filter_nearest(name);
		(void)fail_at(r, call.offset, call.length,
			arena_printf(r->arena, "there is no filter `%s`", name),
			near ? arena_printf(r->arena, "did you mean `%s`?", near) : NULL);
		r->failure->code = "unknown-filter";
		return false;
	}
	for (skip_space(r); peek(r) && peek(r) != '|' && peek(r) != '}'; skip_space(r)) {
		const char *argument = read_argument(r);
		if (!argument)
			return false;
		if (call.narguments < EXPRESSION_ARGUMENTS)
			call.arguments[call.narguments] = argument;
		call.narguments++;
	}
	if (call.narguments != filter_arity(call.filter))
		return fail_at(r, call.offset, call.length,
			arena_printf(r->arena, "filter `%s` takes %zu arguments, not %zu", name,
				filter_arity(call.filter), call.narguments),
			NULL);
	if (r->nfilters++ == EXPRESSION_FILTERS)
		return fail_at(r, call.offset, call.length, "too many filters", NULL);
	*ARENA_PUSH(r->arena, part->filters, part->nfilters) = call;
	return true;
}

/* Stands behind `${`. */
static bool read_expression(struct reader *r, struct part *part)
{
	size_t start = r->at - 2;
	skip_space(r);
	if (!read_path(r, &part->path))
		return false;
	for (skip_space(r); peek(r) == '|'; skip_space(r)) {
		r->at++;
		if (!read_filter(r, part))
			return false;
	}
	if (peek(r) == '}') {
		r->at++;
		return true;
	}
	if (!peek(r))
		return fail_at(r, start, r->at - start, "`${` is not closed by `}`",
			"a literal `${` is written `$${`");
	return fail_at(r, r->at, 1, "this does not belong in an expression",
		"an expression is ${path} or ${path | filter}; other text must be quoted");
}

static void add_literal(struct reader *r, struct text_template *t, const char *bytes, size_t length)
{
	if (length == 0)
		return;
	*ARENA_PUSH(r->arena, t->parts, t->nparts) =
		(struct part){ .literal = arena_strndup(r->arena, bytes, length),
			.length = length };
}

const struct text_template *template_parse(
	struct arena *a, const char *text, struct expression_failure *failure)
{
	struct reader r = { .arena = a, .text = text, .failure = failure };
	struct text_template *t = ARENA_NEW(a, struct text_template);
	t->length = strlen(text);
	if (t->length > EXPRESSION_BYTES) {
		(void)fail_at(&r, 0, 1, "a text with expressions is longer than 4 KB", NULL);
		return NULL;
	}
	size_t literal = 0;
	while (text[r.at]) {
		if (strncmp(text + r.at, "$${", 3) == 0) {
			add_literal(&r, t, text + literal, r.at - literal);
			literal = r.at + 1;
			r.at += 3;
		} else if (strncmp(text + r.at, "${", 2) == 0) {
			add_literal(&r, t, text + literal, r.at - literal);
			r.at += 2;
			struct part part = { 0 };
			if (!read_expression(&r, &part))
				return NULL;
			*ARENA_PUSH(a, t->parts, t->nparts) = part;
			literal = r.at;
		} else {
			r.at++;
		}
	}
	add_literal(&r, t, text + literal, r.at - literal);
	return t;
}

bool expression_path_parse(struct arena *a, const char *text, struct expression_path *path,
	struct expression_failure *failure)
{
	struct reader r = { .arena = a, .text = text, .failure = failure };
	*path = (struct expression_path){ 0 };
	if (strlen(text) > EXPRESSION_BYTES)
		return fail_at(&r, 0, 1, "the path is longer than 4 KB", NULL);
	if (!read_path(&r, path))
		return false;
	if (peek(&r))
		return fail_at(&r, r.at, 1, "this does not belong in a path", NULL);
	return true;
}

static enum expression_result evaluate_part(struct arena *a, const struct part *part,
	expression_lookup_fn *lookup, void *context, json_t **value,
	struct expression_failure *failure)
{
	enum expression_result result = lookup(context, &part->path, value, failure);
	if (result == EXPRESSION_FAILED || result == EXPRESSION_UNKNOWN)
		return result;
	for (size_t i = 0; i < part->nfilters; i++) {
		const struct filter_call *call = &part->filters[i];
		if (result == EXPRESSION_MISSING && !filter_stands_in(call->filter))
			break;
		json_auto_t *old = result == EXPRESSION_VALUE ? *value : NULL;
		*value = filter_apply(a, call, old, failure);
		if (!*value)
			return EXPRESSION_FAILED;
		result = EXPRESSION_VALUE;
	}
	return result == EXPRESSION_MISSING ? EXPRESSION_FAILED : result;
}

static bool add_scalar(struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		return buf_add(out, json_string_value(value), json_string_length(value));
	if (json_is_integer(value)) { /* the index of each of 100,000 nodes */
		char number[32];
		(void)snprintf(
			number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return buf_puts(out, number);
	}
	char *text = json_dumps(value, JSON_ENCODE_ANY);
	bool fits = text && buf_puts(out, text);
	free(text);
	return fits;
}

static bool add_value(struct arena *a, struct buf *out, const struct part *part,
	const json_t *value, struct expression_failure *failure)
{
	*failure = (struct expression_failure){
		.code = "expression-type", .offset = part->path.offset, .length = part->path.length
	};
	if (json_is_object(value) || json_is_array(value) || json_is_null(value)) {
		failure->text = arena_printf(a, "%s cannot stand inside text",
			json_is_object(value)          ? "a map"
				: json_is_array(value) ? "a list"
						       : "no value");
		return false;
	}
	failure->text = "the text becomes too long";
	return add_scalar(out, value);
}

enum expression_result template_evaluate(struct arena *a, const struct text_template *t,
	expression_lookup_fn *lookup, void *context, json_t **value_new,
	struct expression_failure *failure)
{
	if (t->nparts == 1 && !t->parts[0].literal)
		return evaluate_part(a, &t->parts[0], lookup, context, value_new, failure);
	struct buf out;
	buf_init(&out, (size_t)1 << 20);
	enum expression_result result = EXPRESSION_VALUE;
	for (size_t i = 0; i < t->nparts && result == EXPRESSION_VALUE; i++) {
		const struct part *part = &t->parts[i];
		if (part->literal) {
			(void)buf_add(&out, part->literal, part->length);
			continue;
		}
		json_t *value = NULL;
		result = evaluate_part(a, part, lookup, context, &value, failure);
		if (result != EXPRESSION_VALUE)
			continue;
		if (!add_value(a, &out, part, value, failure))
			result = EXPRESSION_FAILED;
		json_decref(value);
	}
	if (result == EXPRESSION_VALUE)
		*value_new = json_stringn(out.data, out.len);
	buf_release(&out);
	return result;
}
