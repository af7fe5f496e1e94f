/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/redact.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

#define SECRET_LEAST 8
#define BODY_READ ((size_t)1 << 20) /* larger bodies are told by their size */
#define BODY_TOLD ((size_t)16 << 10)

static const char *const harmless_parameters[] = { "api-version", "$filter", "$expand", "$top",
	"comp", "restype" };

static const char *const sensitive_headers[] = { "Authorization", "Proxy-Authorization", "Cookie",
	"Set-Cookie", "x-ms-authorization-auxiliary", "X-IDENTITY-HEADER", "x-ms-lease-id",
	"x-ms-proposed-lease-id" };

static const char *const sensitive_words[] = { "token", "secret", "password", "assertion",
	"credential", "sharedkey", "accesskey", "privatekey", "signature", "authorization" };

static bool is_harmless(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(harmless_parameters); i++)
		if (strlen(harmless_parameters[i]) == len &&
			memcmp(harmless_parameters[i], name, len) == 0)
			return true;
	return false;
}

/* Appends the query that begins at `query`, which is `len` bytes long. */
static void redact_query(struct buf *out, const char *query, size_t len)
{
	while (len) {
		const char *amp = memchr(query, '&', len);
		size_t pair = amp ? (size_t)(amp - query) : len;
		const char *equals = memchr(query, '=', pair);
		size_t name = equals ? (size_t)(equals - query) : pair;
		(void)buf_add(out, query, equals && !is_harmless(query, name) ? name : pair);
		if (equals && !is_harmless(query, name))
			(void)buf_puts(out, "=***");
		if (amp)
			(void)buf_putc(out, '&');
		query += amp ? pair + 1 : pair;
		len -= amp ? pair + 1 : pair;
	}
}

void redact_urls(struct buf *out, const char *text)
{
	for (;;) {
		const char *url = strstr(text, "://");
		if (!url)
			break;
		size_t len = strcspn(url, " \t\r\n\"'<>\\");
		const char *query = memchr(url, '?', len);
		if (query) {
			(void)buf_add(out, text, (size_t)(query + 1 - text));
			redact_query(out, query + 1, len - (size_t)(query + 1 - url));
		} else {
			(void)buf_add(out, text, (size_t)(url - text) + len);
		}
		text = url + len;
	}
	(void)buf_puts(out, text);
}

void redact_header(struct buf *out, const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(sensitive_headers); i++)
		if (text_same_nocase(name, sensitive_headers[i]))
			value = "***";
	(void)buf_printf(out, "%s: ", name);
	redact_urls(out, value);
}

static bool is_sensitive(struct arena *arena, const char *key)
{
	const char *lower = text_lower(arena, key);
	for (size_t i = 0; i < ARRAY_LEN(sensitive_words); i++)
		if (strstr(lower, sensitive_words[i]))
			return true;
	return false;
}

static void redact_value(struct arena *arena, json_t *value)
{
	const char *key = NULL;
	json_t *member = NULL;
	size_t i = 0;
	json_object_foreach (value, key, member) {
		/* "tokenType" and "expires_in" are no secrets, but it costs nothing to hide more.
		 */
		if (is_sensitive(arena, key) && !json_is_object(member) && !json_is_array(member))
			(void)json_object_set_new(value, key, json_string("***"));
		else
			redact_value(arena, member);
	}
	json_array_foreach (value, i, member)
		redact_value(arena, member);
}

void redact_body(struct buf *out, const char *bytes, size_t len)
{
	if (!len)
		return;
	struct arena *arena = arena_new();
	char *why = NULL;
	json_auto_t *value =
		len <= BODY_READ ? json_parse(arena, bytes, len, BODY_READ, &why) : NULL;
	if (json_is_object(value) || json_is_array(value)) {
		redact_value(arena, value);
		char *text = json_dumps(value, JSON_COMPACT);
		if (text && strlen(text) > BODY_TOLD)
			text[BODY_TOLD] = '\0';
		if (text)
			redact_urls(out, text);
		free(text);
	} else {
		(void)buf_printf(out, "(%zu bytes)", len);
	}
	arena_free(arena);
}

void redact_known(char *text, const char *secret)
{
	size_t len = secret ? strlen(secret) : 0;
	if (len < SECRET_LEAST)
		return;
	for (char *at = strstr(text, secret); at; at = strstr(at + len, secret))
		memset(at, '*', len);
}
