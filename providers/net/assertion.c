/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/assertion.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"

#define LIFETIME_S 600

/* ---- base64 ---- */

/* The letter of `to` that stands where `c` does in `from`, or `c`. */
static char exchanged(char c, const char *from, const char *to)
{
	const char *at = c ? strchr(from, c) : NULL;
	if (at)
		return to[at - from];
	return c;
}

char *base64_bytes(const char *text, size_t text_len, size_t *len)
{
	while (text_len && text[text_len - 1] == '=')
		text_len--;
	if (text_len == 0 || text_len > INT_MAX / 2 || text_len % 4 == 1)
		return NULL;
	size_t padded = (text_len + 3) / 4 * 4;
	char *plain = mem_alloc(padded + 1);
	for (size_t i = 0; i < padded; i++) {
		plain[i] = '=';
		if (i < text_len)
			plain[i] = exchanged(text[i], "-_=", "+/*");
		/* EVP_DecodeBlock() would trim white space. */
		if (plain[i] <= ' ')
			plain[i] = '*';
	}
	char *bytes = mem_alloc(padded + 1);
	int got = EVP_DecodeBlock((unsigned char *)bytes, (unsigned char *)plain, (int)padded);
	explicit_bzero(plain, padded);
	free(plain);
	if (got < 0) {
		free(bytes);
		return NULL;
	}
	*len = (size_t)got - (padded - text_len);
	bytes[*len] = '\0';
	return bytes;
}

static void add_base64url(struct buf *out, const void *bytes, size_t len)
{
	char *text = mem_alloc((len + 2) / 3 * 4 + 1);
	int got = EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	for (int i = 0; i < got; i++) {
		if (text[i] == '=')
			break;
		(void)buf_putc(out, exchanged(text[i], "+/", "-_"));
	}
	free(text);
}

/* ---- reading ---- */

static size_t part_len(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

bool assertion_has_shape(const char *text)
{
	if (strnlen(text, ASSERTION_BYTES + 1) > ASSERTION_BYTES)
		return false;
	for (int parts = 1;; parts++) {
		size_t len = part_len(text);
		if (len == 0)
			return false;
		text += len;
		if (parts == 3)
			return *text == '\0';
		if (*text++ != '.')
			return false;
	}
}

json_t *assertion_claims(const char *text)
{
	if (!assertion_has_shape(text))
		return NULL;
	const char *claims = strchr(text, '.') + 1;
	size_t len = 0;
	char *bytes = base64_bytes(claims, part_len(claims), &len);
	if (!bytes)
		return NULL;
	struct arena *arena = arena_new();
	char *why = NULL;
	json_t *value = json_parse(arena, bytes, len, ASSERTION_BYTES, &why);
	arena_free(arena);
	free(bytes);
	if (json_is_object(value))
		return value;
	json_decref(value);
	return NULL;
}

/* ---- signing ---- */

static void add_part(struct buf *out, json_t *value_new)
{
	char *text = json_dumps(value_new, JSON_COMPACT);
	json_decref(value_new);
	add_base64url(out, text ? text : "", text ? strlen(text) : 0);
	free(text);
}

static json_t *head_of(const struct certificate *certificate, const struct assertion_wish *wish)
{
	struct arena *arena = arena_new();
	struct buf thumbprint;
	buf_init(&thumbprint, BUF_OWN_TEXT);
	unsigned char digest[CERTIFICATE_DIGEST_BYTES];
	add_base64url(&thumbprint, digest, certificate_digest(certificate, wish->is_old, digest));
	json_t *head = json_pack("{s:s,s:s,s:s}", "alg", wish->is_old ? "RS256" : "PS256", "typ",
		"JWT", wish->is_old ? "x5t" : "x5t#S256", thumbprint.data);
	if (wish->sends_chain)
		(void)json_object_set_new(head, "x5c", certificate_chain(certificate, arena));
	buf_release(&thumbprint);
	arena_free(arena);
	return head;
}

static json_t *claims_of(const struct assertion_wish *wish)
{
	char id[37];
	json_int_t now = (json_int_t)wish->now;
	uuid_random(id);
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "aud", wish->audience, "iss",
		wish->client_id, "sub", wish->client_id, "jti", id, "nbf", now, "iat", now, "exp",
		now + LIFETIME_S);
}

static bool pad_pss(EVP_PKEY_CTX *key)
{
	return EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool add_signature(struct buf *out, const struct certificate *certificate, bool is_old)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key = NULL; /* the context's */
	unsigned char *signature = NULL;
	size_t len = 0;
	const unsigned char *text = (const unsigned char *)out->data;
	bool good = context &&
		EVP_DigestSignInit(context, &key, EVP_sha256(), NULL, certificate->key) == 1 &&
		(is_old || pad_pss(key)) &&
		EVP_DigestSign(context, NULL, &len, text, out->len) == 1;
	if (good) {
		signature = mem_alloc(len);
		good = EVP_DigestSign(context, signature, &len, text, out->len) == 1;
	}
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	if (good) {
		(void)buf_putc(out, '.');
		add_base64url(out, signature, len);
	}
	free(signature);
	return good;
}

char *assertion_sign(const struct certificate *certificate, const struct assertion_wish *wish)
{
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	add_part(&text, head_of(certificate, wish));
	(void)buf_putc(&text, '.');
	add_part(&text, claims_of(wish));
	char *token =
		add_signature(&text, certificate, wish->is_old) ? mem_strdup(text.data) : NULL;
	explicit_bzero(text.data, text.len);
	buf_release(&text);
	return token;
}
