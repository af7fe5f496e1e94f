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
#define HIDDEN "***"
#define JWT_LEAST 16

/* Letters and digits alone: what a word is made of, whatever the locale. */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define URL_END " \t\r\n\"<>\\"
#define TOKEN LETTERS DIGITS "-._~+/=:%"

static const char *const harmless_parameters[] = { "api-version", "$filter", "$expand", "$top",
	"comp", "restype" };

static const char *const sensitive_headers[] = { "X-IDENTITY-HEADER", "x-ms-lease-id",
	"x-ms-proposed-lease-id" };

/* Anywhere in the name of a header or of a JSON member. */
static const char *const sensitive_words[] = { "token", "secret", "password", "passphrase",
	"assertion", "credential", "sharedkey", "accesskey", "privatekey", "signature",
	"authorization", "cookie", "connectionstring", "sharedaccess", "kubeconfig",
	"protectedsettings", "customdata", "userdata", "sasuri", "sasurl" };

/* At its end. */
static const char *const sensitive_ends[] = { "key", "keys", "keydata", "sas", "pwd", "pfx" };

/* In text, before `=` or as a JSON member that is quoted inside of text. */
static const char *const sensitive_names[] = { "access_token", "refresh_token", "id_token",
	"client_secret", "client_assertion", "assertion", "password", "passwd", "pwd", "secret",
	"token", "sig", "sas", "accountkey", "sharedaccesskey", "sharedaccesssignature", "apikey",
	"api_key", "clientsecret", "accesstoken", "refreshtoken", "authorization" };

static const char *const schemes[] = { "Bearer", "Basic", "SharedKey", "SharedKeyLite",
	"SharedAccessSignature", "Negotiate", "PoP" };

/* A word of letters, in any case. Most do not even begin so, and bodies are long. */
static bool starts(const char *at, const char *word)
{
	return (*at | 0x20) == (*word | 0x20) && text_starts_nocase(at, word);
}

/* ---- text --------------------------------------------------------------------------------- */

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
			(void)buf_puts(out, "=" HIDDEN);
		if (amp)
			(void)buf_putc(out, '&');
		query += amp ? pair + 1 : pair;
		len -= amp ? pair + 1 : pair;
	}
}

/* Each of these appends what it knows to hide at `at`, where a word begins, and says how many bytes
 * it was; 0: it is none of it. */

static size_t hide_query(struct buf *out, const char *at)
{
	if (*at != '?' && *at != '&')
		return 0;
	size_t name = strcspn(at + 1, URL_END "'=&?;,");
	if (name == 0 || at[name + 1] != '=')
		return 0;
	/* Only now, since it may be long. A quote ends the URL that it is around, but may stand in
	 * a query. */
	size_t len = strcspn(at, URL_END);
	if (at[len - 1] == '\'')
		len--;
	(void)buf_putc(out, *at);
	redact_query(out, at + 1, len - 1);
	return len;
}

static size_t hide_scheme(struct buf *out, const char *at)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t len = strlen(schemes[i]);
		if (!starts(at, schemes[i]) || (at[len] != ' ' && at[len] != '+'))
			continue;
		size_t blanks = strspn(at + len, " +");
		const char *value = at + len + blanks;
		size_t value_len = strspn(value, TOKEN);
		while (value_len && (value[value_len - 1] == '.' || value[value_len - 1] == ':'))
			value_len--;
		/* Words of a sentence are letters alone. */
		if (value_len < SECRET_LEAST || strspn(value, LETTERS) >= value_len)
			continue;
		(void)buf_add(out, at, len + blanks);
		(void)buf_puts(out, HIDDEN);
		return len + blanks + value_len;
	}
	return 0;
}

static size_t hide_jwt(struct buf *out, const char *at)
{
	if (strncmp(at, "eyJ", 3) != 0)
		return 0;
	size_t len = strspn(at, LETTERS DIGITS "-_.=");
	if (len < JWT_LEAST)
		return 0;
	(void)buf_puts(out, HIDDEN);
	return len;
}

static size_t hide_user(struct buf *out, const char *at)
{
	if (strncmp(at, "://", 3) != 0)
		return 0;
	size_t len = strcspn(at + 3, URL_END "/?#@");
	if (len == 0 || at[3 + len] != '@')
		return 0;
	(void)buf_puts(out, "://" HIDDEN);
	return 3 + len;
}

/* Up to its end, or to that of the text: where it is cut, all that is left is the key's. */
static size_t hide_private_key(struct buf *out, const char *at)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ", rule[] = "-----";
	if (strncmp(at, begin, strlen(begin)) != 0)
		return 0;
	const char *label = at + strlen(begin);
	size_t label_len = strspn(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ");
	static const char key[] = "PRIVATE KEY";
	if (label_len < strlen(key) ||
		strncmp(label + label_len - strlen(key), key, strlen(key)) != 0)
		return 0;
	(void)buf_puts(out, HIDDEN);
	const char *close = strstr(label, end);
	close = close ? strstr(close + strlen(end), rule) : NULL;
	return close ? (size_t)(close - at) + strlen(rule) : strlen(at);
}

static size_t quote(const char *at)
{
	size_t len = strspn(at, "\\");
	return at[len] == '"' || at[len] == '\'' ? len + 1 : 0;
}

static size_t hide_named(struct buf *out, const char *at)
{
	for (size_t i = 0; i < ARRAY_LEN(sensitive_names); i++) {
		size_t len = strlen(sensitive_names[i]);
		if (!starts(at, sensitive_names[i]))
			continue;
		size_t quoted = quote(at + len);
		size_t to = len + quoted + strspn(at + len + quoted, " ");
		bool encoded = text_starts_nocase(at + to, "%3d");
		if (at[to] != '=' && !encoded && !(at[to] == ':' && quoted))
			continue;
		to += encoded ? 3 : 1;
		to += strspn(at + to, " ");
		size_t opened = quote(at + to);
		to += opened;
		const char *end = quoted || opened ? "\"'\\\r\n" : URL_END "'&;,}";
		size_t value_len = strcspn(at + to, end);
		if (value_len == 0)
			continue;
		(void)buf_add(out, at, to);
		(void)buf_puts(out, HIDDEN);
		return to + value_len;
	}
	return 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t hide(struct buf *out, const char *at, bool begins)
{
	size_t hidden = hide_query(out, at);
	if (!hidden && *at == ':')
		hidden = hide_user(out, at);
	if (!hidden && *at == '-')
		hidden = hide_private_key(out, at);
	if (hidden || !begins || !is_letter(*at))
		return hidden;
	hidden = hide_scheme(out, at);
	if (!hidden)
		hidden = hide_jwt(out, at);
	return hidden ? hidden : hide_named(out, at);
}

void redact_text(struct buf *out, const char *text)
{
	bool begins = true; /* a word may begin here */
	const char *plain = text;
	struct buf told;
	buf_init(&told, BUF_OWN_TEXT);
	for (const char *at = text; *at;) {
		size_t hidden = hide(&told, at, begins);
		if (hidden) {
			(void)buf_add(out, plain, (size_t)(at - plain));
			(void)buf_add(out, told.data, told.len);
			buf_clear(&told);
			plain = at + hidden;
		}
		at += hidden ? hidden : 1;
		/* Behind %3F, too, which ends in a letter. */
		begins = hidden || !is_letter(at[-1]) || (at - text >= 3 && at[-3] == '%');
	}
	(void)buf_puts(out, plain);
	buf_release(&told);
}

/* ---- headers and bodies ------------------------------------------------------------------- */

static bool is_sensitive(const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < ARRAY_LEN(sensitive_ends); i++) {
		size_t end = strlen(sensitive_ends[i]);
		if (len >= end && text_same_nocase(name + len - end, sensitive_ends[i]))
			return true;
	}
	for (const char *at = name; *at; at++)
		for (size_t i = 0; i < ARRAY_LEN(sensitive_words); i++)
			if (starts(at, sensitive_words[i]))
				return true;
	return false;
}

void redact_header(struct buf *out, const char *name, const char *value)
{
	bool hidden = is_sensitive(name);
	for (size_t i = 0; i < ARRAY_LEN(sensitive_headers); i++)
		hidden = hidden || text_same_nocase(name, sensitive_headers[i]);
	(void)buf_printf(out, "%s: ", name);
	redact_text(out, hidden ? HIDDEN : value);
}

static void redact_value(json_t *value, bool hidden)
{
	const char *key = NULL;
	json_t *member = NULL;
	size_t i = 0;
	json_object_foreach (value, key, member) {
		/* "tokenType" is no secret, but it costs nothing to hide more. */
		bool hides = hidden || is_sensitive(key);
		if (hides && !json_is_object(member) && !json_is_array(member))
			(void)json_object_set_new(value, key, json_string(HIDDEN));
		else
			redact_value(member, hides);
	}
	json_array_foreach (value, i, member) {
		if (hidden && !json_is_object(member) && !json_is_array(member))
			(void)json_array_set_new(value, i, json_string(HIDDEN));
		else
			redact_value(member, hidden);
	}
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
		redact_value(value, false);
		char *text = json_dumps(value, JSON_COMPACT);
		redact_text(out, text ? text : "");
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
