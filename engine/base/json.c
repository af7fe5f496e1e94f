/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/json.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

char *pointer_add(struct arena *a, const char *base, const char *token)
{
	size_t room = strlen(base) + 2;
	for (const char *c = token; *c; c++)
		room += *c == '~' || *c == '/' ? 2 : 1;
	char *pointer = arena_alloc(a, room);
	char *out = pointer;
	while (*base)
		*out++ = *base++;
	*out++ = '/';
	for (const char *c = token; *c; c++) {
		if (*c == '~' || *c == '/') {
			*out++ = '~';
			*out++ = *c == '~' ? '0' : '1';
		} else {
			*out++ = *c;
		}
	}
	return pointer;
}

char *pointer_add_index(struct arena *a, const char *base, size_t index)
{
	return arena_printf(a, "%s/%zu", base, index);
}

/* `out` has room for len + 1 bytes; returns the bytes written without the NUL. */
static size_t unescape(char *out, const char *token, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char c = token[i];
		if (c == '~' && i + 1 < len && (token[i + 1] == '0' || token[i + 1] == '1'))
			c = token[++i] == '0' ? '~' : '/';
		out[n++] = c;
	}
	out[n] = '\0';
	return n;
}

char *pointer_next(struct arena *a, const char **pointer)
{
	if (**pointer != '/')
		return NULL;
	const char *token = *pointer + 1;
	size_t len = strcspn(token, "/");
	*pointer = token + len;
	char *text = arena_alloc(a, len + 1);
	(void)unescape(text, token, len);
	return text;
}

char *pointer_last(struct arena *a, const char *pointer)
{
	const char *slash = strrchr(pointer, '/');
	return slash ? pointer_next(a, &slash) : NULL;
}

char *pointer_parent(struct arena *a, const char *pointer)
{
	const char *slash = strrchr(pointer, '/');
	return slash ? arena_strndup(a, pointer, (size_t)(slash - pointer)) : NULL;
}

/* A token while we walk: unescaped, and without memory of its own in the usual case. */
struct token {
	const char *text;
	size_t len;
	char *owned;
};

static bool token_next(struct token *token, const char **pointer)
{
	if (**pointer != '/')
		return false;
	const char *text = *pointer + 1;
	size_t len = strcspn(text, "/");
	*token = (struct token){ .text = text, .len = len };
	if (memchr(text, '~', len)) {
		token->owned = mem_alloc(len + 1);
		token->len = unescape(token->owned, text, len);
		token->text = token->owned;
	}
	*pointer = text + len;
	return true;
}

/* SIZE_MAX, which no array has, when the token is no index. */
static size_t token_index(const struct token *token)
{
	if (token->len == 0 || token->len > 18 || (token->text[0] == '0' && token->len > 1))
		return SIZE_MAX;
	size_t index = 0;
	for (size_t i = 0; i < token->len; i++) {
		char c = token->text[i];
		if (c < '0' || c > '9')
			return SIZE_MAX;
		index = index * 10 + (size_t)(c - '0');
	}
	return index;
}

static json_t *child(const json_t *value, const struct token *token)
{
	if (json_is_array(value))
		return json_array_get(value, token_index(token));
	return json_object_getn(value, token->text, token->len);
}

json_t *json_at(const json_t *root, const char *pointer)
{
	/* jansson's own accessors take const and give back what may be changed. */
	json_t *value = (json_t *)(uintptr_t)root;
	struct token token;
	while (value && token_next(&token, &pointer)) {
		value = child(value, &token);
		free(token.owned);
	}
	return *pointer ? NULL : value;
}

const char *json_text_at(const json_t *root, const char *pointer)
{
	return json_string_value(json_at(root, pointer));
}

static bool set_child(json_t *value, const struct token *token, json_t *child_new)
{
	if (json_is_array(value))
		return json_array_set_new(value, token_index(token), child_new) == 0;
	return json_object_setn_new(value, token->text, token->len, child_new) == 0;
}

bool json_put(json_t *root, const char *pointer, json_t *value_new)
{
	assert(value_new);
	json_t *value = root;
	struct token token;
	while (token_next(&token, &pointer)) {
		bool last = *pointer == '\0';
		json_t *next = last ? NULL : child(value, &token);
		bool fits = true;
		if (last)
			fits = set_child(value, &token, json_incref(value_new));
		else if (!next)
			fits = json_is_object(value) &&
				set_child(value, &token, next = json_object());
		free(token.owned);
		if (last || !fits) {
			json_decref(value_new);
			return fits;
		}
		value = next;
	}
	json_decref(value_new);
	return false;
}

bool json_has_leaf(const json_t *value)
{
	const char *key;
	json_t *member;
	if (!json_is_object(value))
		return value != NULL;
	json_object_foreach ((json_t *)value, key, member)
		if (json_has_leaf(member))
			return true;
	return false;
}

void json_drop(json_t *root, const char *pointer)
{
	json_t *value = root;
	struct token token;
	while (value && token_next(&token, &pointer)) {
		json_t *next = child(value, &token);
		if (*pointer == '\0' && next && json_is_object(value)) {
			/* Absent is fine, and it is not absent. */
			(void)json_object_deln(value, token.text, token.len);
			next = NULL;
		}
		free(token.owned);
		value = next;
	}
}

#define CANONICAL (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
#define SHORT_TEXT 512

char *json_canonical(struct arena *a, const json_t *json)
{
	char *text = json_dumps(json, CANONICAL);
	assert(text);
	arena_defer(a, free, text);
	return text;
}

/* A text, as far as it has been compared. */
struct spelling {
	const char *at, *end;
};

static bool spells(struct spelling *s, const char *bytes, size_t len)
{
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, bytes, len) != 0)
		return false;
	s->at += len;
	return true;
}

/* False also for what has to be escaped. */
static bool spells_text(struct spelling *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == '"' || text[i] == '\\')
			return false;
	return spells(s, "\"", 1) && spells(s, text, len) && spells(s, "\"", 1);
}

/* False also for whatever is no object or text, and where members stand in no order. */
static bool spells_plain(struct spelling *s, const json_t *json)
{
	const char *key, *before = NULL;
	json_t *value;
	if (json_is_string(json))
		return spells_text(s, json_string_value(json), json_string_length(json));
	if (!json_is_object(json) || !spells(s, "{", 1))
		return false;
	json_object_foreach ((json_t *)json, key, value) {
		if (before && (strcmp(before, key) > 0 || !spells(s, ",", 1)))
			return false;
		if (!spells_text(s, key, strlen(key)) || !spells(s, ":", 1) ||
			!spells_plain(s, value))
			return false;
		before = key;
	}
	return spells(s, "}", 1);
}

bool json_is_text(const json_t *json, const char *text, size_t len)
{
	char canonical[SHORT_TEXT];
	/* Bodies of routes, of which there may be 100,000, are compared without being written. */
	struct spelling plain = { text, text + len };
	if (len > sizeof canonical)
		return false;
	if (spells_plain(&plain, json) && plain.at == plain.end)
		return true;
	return json_dumpb(json, canonical, sizeof canonical, CANONICAL) == len &&
		memcmp(canonical, text, len) == 0;
}

char *sha256_hex(struct arena *a, const void *bytes, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;
	if (EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL) != 1)
		abort(); /* a libcrypto without SHA-256 */
	char *hex = arena_alloc(a, (size_t)digest_len * 2 + 1);
	for (unsigned int i = 0; i < digest_len; i++)
		(void)snprintf(hex + (size_t)i * 2, 3, "%02x", digest[i]);
	return hex;
}

json_t *json_parse(struct arena *a, const char *text, size_t len, size_t limit_bytes, char **why)
{
	if (len > limit_bytes) {
		*why = arena_printf(a, "larger than %zu bytes", limit_bytes);
		return NULL;
	}
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (!json)
		*why = arena_printf(
			a, "line %d, column %d: %s", error.line, error.column, error.text);
	return json;
}

void uuid_random(char out[37])
{
	unsigned char b[16];
	while (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) {
	}
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	size_t at = 0;
	for (size_t i = 0; i < sizeof b; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		(void)snprintf(out + at, 3, "%02x", b[i]);
		at += 2;
	}
}
