/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/secrets.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"

#define SEAL_START SECRET_SHOWN ":"
#define SEAL_DIGITS ((size_t)64)

struct secrets *secrets_new(struct arena *a)
{
	struct secrets *s = ARENA_NEW(a, struct secrets);
	*s = (struct secrets){ .arena = a,
		.texts = arena_json(a, json_object()),
		.seals = arena_json(a, json_object()) };
	return s;
}

static void add_form(struct secrets *s, const char *text, bool within)
{
	bool is_long = strlen(text) >= SECRET_LEAST;
	if (*text && !json_is_true(json_object_get(s->texts, text)))
		(void)json_object_set_new(s->texts, text, json_boolean(within && is_long));
}

/* As JSON writes it between its quotes; in the arena. */
static const char *json_form(struct secrets *s, const char *text)
{
	json_auto_t *string = json_string(text);
	char *quoted = json_dumps(string, JSON_ENCODE_ANY);
	const char *form = quoted ? arena_strndup(s->arena, quoted + 1, strlen(quoted) - 2) : text;
	free(quoted);
	return form;
}

void secrets_add(struct secrets *s, const char *text, bool within)
{
	if (secrets_is_seal(text))
		return;
	add_form(s, text, within);
	/* Within text it may also stand as JSON has it, and in JSON that holds JSON as text. */
	const char *form = within ? json_form(s, text) : text;
	if (strcmp(form, text) != 0) {
		add_form(s, json_form(s, form), true);
		add_form(s, form, true);
	}
}

void secrets_add_all(struct secrets *s, const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;
	if (json_is_string(value))
		secrets_add(s, json_string_value(value), true);
	json_object_foreach ((json_t *)value, key, member)
		secrets_add_all(s, member);
	json_array_foreach (value, i, member)
		secrets_add_all(s, member);
}

void secrets_add_pair(struct secrets *s, const json_t *before, const json_t *after)
{
	const char *key;
	json_t *member;
	size_t i;
	if (!before || !after || json_object_size(s->texts) == 0)
		return;
	const char *old = json_string_value(before), *new = json_string_value(after);
	if (old && new && (secrets_hold(s, old) || secrets_hold(s, new))) {
		secrets_add(s, old, false);
		secrets_add(s, new, false);
	}
	json_object_foreach ((json_t *)before, key, member)
		secrets_add_pair(s, member, json_object_get(after, key));
	json_array_foreach (before, i, member)
		secrets_add_pair(s, member, json_array_get(after, i));
}

bool secrets_is_seal(const char *text)
{
	size_t start = strlen(SEAL_START);
	return strncmp(text, SEAL_START, start) == 0 && strlen(text) == start + SEAL_DIGITS &&
		strspn(text + start, "0123456789abcdef") == SEAL_DIGITS;
}

bool secrets_hold(const struct secrets *s, const char *text)
{
	const char *secret;
	json_t *within;
	if (secrets_is_seal(text))
		return true;
	if (!s || json_object_size(s->texts) == 0)
		return false;
	if (json_object_get(s->texts, text))
		return true;
	json_object_foreach (s->texts, secret, within)
		if (json_is_true(within) && strstr(text, secret))
			return true;
	return false;
}

static const char *seal_of(const struct secrets *s, const char *text)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	if (!s || !s->key)
		return SECRET_SHOWN;
	if (!HMAC(EVP_sha256(), s->key, (int)strlen(s->key), (const unsigned char *)text,
		    strlen(text), digest, &len))
		abort(); /* a libcrypto without SHA-256 */
	struct buf seal;
	buf_init(&seal, BUF_OWN_TEXT);
	(void)buf_puts(&seal, SEAL_START);
	for (unsigned int i = 0; i < len; i++)
		(void)buf_printf(&seal, "%02x", digest[i]);
	const char *kept = arena_strdup(s->arena, seal.data);
	buf_release(&seal);
	return kept;
}

/* ---- whole values ---- */

typedef const char *change_fn(const struct secrets *, const char *text);

/* New; what holds no such text is shared. */
static json_t *change(const struct secrets *s, const json_t *value, change_fn *to)
{
	const char *key;
	json_t *member;
	size_t i;
	if (json_is_string(value)) {
		const char *text = to(s, json_string_value(value));
		return text ? json_string(text) : json_incref((json_t *)value);
	}
	if (!json_is_object(value) && !json_is_array(value))
		return json_incref((json_t *)value);
	json_t *out = json_is_object(value) ? json_object() : json_array();
	int failed = 0;
	json_object_foreach ((json_t *)value, key, member)
		failed |= json_object_set_new(out, key, change(s, member, to));
	json_array_foreach (value, i, member)
		failed |= json_array_append_new(out, change(s, member, to));
	assert(failed == 0);
	(void)failed;
	return out;
}

static const char *to_shown(const struct secrets *s, const char *text)
{
	return secrets_hold(s, text) ? SECRET_SHOWN : NULL;
}

static const char *to_seal(const struct secrets *s, const char *text)
{
	return !secrets_is_seal(text) && secrets_hold(s, text) ? seal_of(s, text) : NULL;
}

static const char *to_text(const struct secrets *s, const char *text)
{
	return secrets_is_seal(text) ? json_string_value(json_object_get(s->seals, text)) : NULL;
}

json_t *secrets_mask(const struct secrets *s, const json_t *value)
{
	return value ? change(s, value, to_shown) : NULL;
}

json_t *secrets_seal(const struct secrets *s, const json_t *value)
{
	if (!s || !value || json_object_size(s->texts) == 0)
		return json_incref((json_t *)value);
	return change(s, value, to_seal);
}

const char *secrets_seal_whole(const struct secrets *s, const json_t *value)
{
	const char *text = json_string_value(value);
	return seal_of(s, text ? text : json_canonical(s->arena, value));
}

bool secrets_sealed(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;
	if (json_is_string(value))
		return secrets_is_seal(json_string_value(value));
	json_object_foreach ((json_t *)value, key, member)
		if (secrets_sealed(member))
			return true;
	json_array_foreach (value, i, member)
		if (secrets_sealed(member))
			return true;
	return false;
}

static void learn(struct secrets *s, const char *text)
{
	if (!secrets_is_seal(text))
		(void)json_object_set_new(s->seals, seal_of(s, text), json_string(text));
}

static void learn_all(struct secrets *s, const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;
	if (json_is_string(value))
		learn(s, json_string_value(value));
	json_object_foreach ((json_t *)value, key, member)
		learn_all(s, member);
	json_array_foreach (value, i, member)
		learn_all(s, member);
}

static void add_opened(struct secrets *s, const json_t *stored)
{
	const char *key;
	json_t *member;
	size_t i;
	const char *text = json_is_string(stored) ? to_text(s, json_string_value(stored)) : NULL;
	if (text)
		secrets_add(s, text, true);
	json_object_foreach ((json_t *)stored, key, member)
		add_opened(s, member);
	json_array_foreach (stored, i, member)
		add_opened(s, member);
}

json_t *secrets_open(struct secrets *s, const json_t *stored, const json_t *actual)
{
	const char *text;
	json_t *within;
	if (!s || !s->key || !stored || !secrets_sealed(stored))
		return json_incref((json_t *)stored);
	json_object_foreach (s->texts, text, within)
		learn(s, text);
	learn_all(s, actual);
	add_opened(s, stored);
	return change(s, stored, to_text);
}

/* ---- text ---- */

const char *secrets_mask_text(const struct secrets *s, struct arena *a, const char *text)
{
	const char *secret;
	json_t *within;
	if (!s || !text)
		return text;
	json_object_foreach (s->texts, secret, within) {
		const char *found = json_is_true(within) ? strstr(text, secret) : NULL;
		/* What stands for it may hold a secret's text, so the search goes on behind it. */
		for (size_t from = 0; found; found = strstr(text + from, secret)) {
			size_t before = (size_t)(found - text);
			text = arena_printf(a, "%.*s%s%s", (int)before, text, SECRET_SHOWN,
				found + strlen(secret));
			from = before + strlen(SECRET_SHOWN);
		}
	}
	return text;
}

void secrets_mask_diags(const struct secrets *s, struct diags *diags, size_t first)
{
	if (!s || json_object_size(s->texts) == 0)
		return;
	for (size_t i = first; i < diags->count; i++) {
		struct diag *d = &diags->items[i];
		d->text = secrets_mask_text(s, diags->arena, d->text);
		d->help = secrets_mask_text(s, diags->arena, d->help);
		d->at.excerpt = secrets_mask_text(s, diags->arena, d->at.excerpt);
		for (size_t n = 0; n < d->nnotes; n++) {
			struct diag_note *note = &d->notes[n];
			note->text = secrets_mask_text(s, diags->arena, note->text);
			note->at.excerpt = secrets_mask_text(s, diags->arena, note->at.excerpt);
		}
	}
}

void secrets_new_key(char out[65])
{
	unsigned char bytes[32];
	while (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(out + i * 2, 3, "%02x", bytes[i]);
}
