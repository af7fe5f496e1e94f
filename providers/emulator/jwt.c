/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/jwt.h"

#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"

const char *base64url(struct arena *arena, const void *bytes, size_t len)
{
	char *text = arena_alloc(arena, len / 3 * 4 + 5);
	int n = EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);

	while (n > 0 && text[n - 1] == '=')
		text[--n] = '\0';
	for (int i = 0; i < n; i++) {
		if (text[i] == '+')
			text[i] = '-';
		else if (text[i] == '/')
			text[i] = '_';
	}
	return text;
}

unsigned char *base64url_decode(struct arena *arena, const char *text, size_t len, size_t *out_len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *usual;
	unsigned char *bytes;
	size_t room;

	while (len > 0 && text[len - 1] == '=')
		len--;
	if (len > JWT_BYTES || len % 4 == 1)
		return NULL;
	room = (len + 3) / 4 * 4;
	usual = arena_alloc(arena, room + 1);
	memset(usual, '=', room);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || strchr(alphabet, text[i]) == NULL)
			return NULL;
		usual[i] = text[i];
		if (text[i] == '-')
			usual[i] = '+';
		else if (text[i] == '_')
			usual[i] = '/';
	}
	bytes = arena_alloc(arena, room + 1);
	if (EVP_DecodeBlock(bytes, (const unsigned char *)usual, (int)room) < 0)
		return NULL;
	*out_len = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
	bytes[*out_len] = '\0';
	return bytes;
}

/* The object in one part; NULL when there is none. */
static const json_t *part(struct arena *arena, const char *text, size_t len)
{
	size_t bytes_len = 0;
	char *why = NULL;
	unsigned char *bytes = base64url_decode(arena, text, len, &bytes_len);
	json_t *value = bytes != NULL
		? json_parse(arena, (const char *)bytes, bytes_len, JWT_BYTES, &why)
		: NULL;

	(void)arena_json(arena, value);
	return json_is_object(value) ? value : NULL;
}

bool jwt_parse(struct arena *arena, const char *text, struct jwt *out)
{
	const char *first = strchr(text, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

	*out = (struct jwt){ .text = text };
	if (second == NULL || strlen(text) > JWT_BYTES || strchr(second + 1, '.') != NULL)
		return false;
	out->len = (size_t)(second - text);
	out->header = part(arena, text, (size_t)(first - text));
	out->claims = part(arena, first + 1, (size_t)(second - first - 1));
	out->signature =
		base64url_decode(arena, second + 1, strlen(second + 1), &out->signature_len);
	return out->header != NULL && out->claims != NULL && out->signature != NULL;
}

bool jwt_verify(const struct jwt *jwt, EVP_PKEY *key)
{
	const char *algorithm = json_text_at(jwt->header, "/alg");
	bool pss = algorithm != NULL && strcmp(algorithm, "PS256") == 0;
	EVP_PKEY_CTX *how = NULL;
	EVP_MD_CTX *context;
	bool good;

	if (algorithm == NULL || (!pss && strcmp(algorithm, "RS256") != 0))
		return false;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < JWT_KEY_BITS)
		return false;
	context = EVP_MD_CTX_new();
	good = context != NULL &&
		EVP_DigestVerifyInit(context, &how, EVP_sha256(), NULL, key) == 1 &&
		(!pss ||
			(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
				EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) ==
					1)) &&
		EVP_DigestVerify(context, jwt->signature, jwt->signature_len,
			(const unsigned char *)jwt->text, jwt->len) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

const char *jwt_sign(struct arena *arena, EVP_PKEY *key, const char *kid, const json_t *claims)
{
	json_auto_t *header = json_pack(
		"{s:s,s:s,s:s,s:s}", "typ", "JWT", "alg", "RS256", "kid", kid, "x5t", kid);
	const char *head = json_canonical(arena, header), *body = json_canonical(arena, claims);
	const char *text = arena_printf(arena, "%s.%s", base64url(arena, head, strlen(head)),
		base64url(arena, body, strlen(body)));
	size_t len = (size_t)EVP_PKEY_get_size(key);
	unsigned char *signature = arena_alloc(arena, len);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	/* Only for want of memory, which ends the program elsewhere too. */
	if (context == NULL || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
		EVP_DigestSign(
			context, signature, &len, (const unsigned char *)text, strlen(text)) != 1)
		abort();
	EVP_MD_CTX_free(context);
	return arena_printf(arena, "%s.%s", text, base64url(arena, signature, len));
}
