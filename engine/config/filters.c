/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config/expression.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/ip.h"
#include "engine/base/text.h"

/* A filter may run for each of 100,000 nodes: what passes through it stays small. */
#define FILTERED_BYTES EXPRESSION_BYTES

struct filter {
	const char *name;
	size_t arity;
	/* NULL, with *why in the arena, when it does not apply. */
	json_t *(*apply)(
		struct arena *, const char *text, const char *const *arguments, const char **why);
};

static char ascii_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static char ascii_upper(char c)
{
	return (char)(c >= 'a' && c <= 'z' ? c & ~0x20 : c);
}

static json_t *map_letters(const char *text, char (*map)(char))
{
	char out[FILTERED_BYTES + 1];
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		out[i] = map(text[i]);
	return json_stringn(out, len);
}

static json_t *apply_lower(
	struct arena *a, const char *text, const char *const *arguments, const char **why)
{
	(void)a;
	(void)arguments;
	(void)why;
	return map_letters(text, ascii_lower);
}

static json_t *apply_upper(
	struct arena *a, const char *text, const char *const *arguments, const char **why)
{
	(void)a;
	(void)arguments;
	(void)why;
	return map_letters(text, ascii_upper);
}

static json_t *apply_slug(
	struct arena *a, const char *text, const char *const *arguments, const char **why)
{
	(void)a;
	(void)arguments;
	(void)why;
	char out[FILTERED_BYTES + 1];
	size_t len = 0;
	for (; *text; text++) {
		char c = ascii_lower(*text);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[len++] = c;
		else if (len > 0 && out[len - 1] != '-')
			out[len++] = '-';
	}
	if (len > 0 && out[len - 1] == '-')
		len--;
	return json_stringn(out, len);
}

static json_t *apply_replace(
	struct arena *a, const char *text, const char *const *arguments, const char **why)
{
	(void)a;
	const char *old = arguments[0];
	if (!*old) {
		*why = "cannot replace empty text";
		return NULL;
	}
	struct buf out;
	buf_init(&out, FILTERED_BYTES);
	for (const char *found; (found = strstr(text, old)); text = found + strlen(old)) {
		(void)buf_add(&out, text, (size_t)(found - text));
		(void)buf_puts(&out, arguments[1]);
	}
	(void)buf_puts(&out, text);
	json_t *result = out.full ? NULL : json_stringn(out.data, out.len);
	if (!result)
		*why = "the text becomes too long";
	buf_release(&out);
	return result;
}

static bool read_count(const char *text, uint64_t *out)
{
	if (*text < '0' || *text > '9')
		return false;
	char *end = NULL;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	*out = value;
	return errno == 0 && *end == '\0';
}

static json_t *apply_cidrsubnet(
	struct arena *a, const char *text, const char *const *arguments, const char **why)
{
	struct prefix prefix, subnet;
	uint64_t bits = 0, n = 0;
	if (!prefix_parse(&prefix, text)) {
		*why = arena_printf(a, "`%s` is not a CIDR", text);
		return NULL;
	}
	if (!read_count(arguments[0], &bits) || !read_count(arguments[1], &n)) {
		*why = "its arguments are two numbers: how many bits, and which subnet";
		return NULL;
	}
	if (bits > family_bits(prefix.base.family) - prefix.length ||
		!prefix_subnet(&subnet, &prefix, prefix.length + (unsigned)bits, n)) {
		*why = arena_printf(a, "`%s` has no subnet %s of %s more bits", text, arguments[1],
			arguments[0]);
		return NULL;
	}
	char out[PREFIX_TEXT];
	prefix_format(&subnet, out);
	return json_string(out);
}

static json_t *apply_cidrhost(
	struct arena *a, const char *text, const char *const *arguments, const char **why)
{
	struct prefix prefix;
	uint64_t n = 0;
	if (!prefix_parse(&prefix, text)) {
		*why = arena_printf(a, "`%s` is not a CIDR", text);
		return NULL;
	}
	if (!read_count(arguments[0], &n)) {
		*why = "its argument is a number: which address";
		return NULL;
	}
	struct prefix whole = prefix_canonical(&prefix);
	struct ip host;
	if (!ip_add(&host, &whole.base, n) || !prefix_has_ip(&whole, &host)) {
		*why = arena_printf(a, "`%s` has no address %s", text, arguments[0]);
		return NULL;
	}
	char out[IP_TEXT];
	ip_format(&host, out);
	return json_string(out);
}

static const struct filter filters[] = {
	{ "slug", 0, apply_slug },
	{ "lower", 0, apply_lower },
	{ "upper", 0, apply_upper },
	{ "replace", 2, apply_replace },
	{ "default", 1, NULL },
	{ "cidrsubnet", 2, apply_cidrsubnet },
	{ "cidrhost", 1, apply_cidrhost },
};

const struct filter *filter_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (strcmp(filters[i].name, name) == 0)
			return &filters[i];
	return NULL;
}

const char *filter_nearest(const char *name)
{
	const char *names[ARRAY_LEN(filters)];
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		names[i] = filters[i].name;
	return text_nearest(name, names, ARRAY_LEN(filters));
}

size_t filter_arity(const struct filter *filter)
{
	return filter->arity;
}

bool filter_stands_in(const struct filter *filter)
{
	return !filter->apply;
}

json_t *filter_apply(struct arena *a, const struct filter_call *call, const json_t *value,
	struct expression_failure *failure)
{
	*failure = (struct expression_failure){ .code = "expression-type",
		.help = "filters take text; `cidrsubnet BITS N` and `cidrhost N` take a CIDR",
		.offset = call->offset,
		.length = call->length };
	if (filter_stands_in(call->filter))
		return value && !json_is_null(value) ? json_incref((json_t *)value)
						     : json_string(call->arguments[0]);
	const char *text = json_string_value(value);
	if (json_is_number(value) || json_is_boolean(value)) {
		char *dump = json_dumps(value, JSON_ENCODE_ANY);
		text = arena_strdup(a, dump ? dump : "");
		free(dump);
	}
	if (!text || strlen(text) > FILTERED_BYTES) {
		failure->text = arena_printf(a, "filter `%s` takes text%s", call->filter->name,
			text ? " of at most 4 KB" : "");
		return NULL;
	}
	json_t *result = call->filter->apply(a, text, call->arguments, &failure->text);
	if (!result)
		failure->text = arena_printf(a, "filter `%s`: %s", call->filter->name,
			failure->text ? failure->text : "the result is not UTF-8");
	return result;
}
