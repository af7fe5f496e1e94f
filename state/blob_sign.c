/* SPDX-License-Identifier: Apache-2.0 */
#include "state/blob_sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

#define SECRET_BYTES 4096
#define SIGNATURE_BYTES 32

static const char *variable(const char *const *environment, const char *name)
{
	size_t len = strlen(name);
	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return (*environment)[len + 1] ? *environment + len + 1 : NULL;
	return NULL;
}

static const char *first_of(
	const char *const *environment, const char *const names[2], const char **out_name)
{
	for (size_t i = 0; i < 2; i++) {
		const char *value = variable(environment, names[i]);
		if (value) {
			*out_name = names[i];
			return value;
		}
	}
	return NULL;
}

static bool refuse(struct diags *diags, const char *name, const char *wanted)
{
	diag_error(diags, PLACE_NONE, "backend-secret", "%s does not hold %s", name, wanted);
	diag_help(diags, "give its value as the portal or az shows it, in one line");
	return false;
}

static bool is_query(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f ||
			strchr("#\"<>\\", *text))
			return false;
	return true;
}

static bool take_sas(const char *text, bool is_pinned, struct blob_secret *out, struct diags *diags)
{
	text += strspn(text, " \t\r\n?");
	size_t len = strcspn(text, " \t\r\n");
	if (!is_pinned) {
		diag_error(diags, PLACE_NONE, "backend-secret",
			"%s would be sent to whatever account the configuration names",
			out->source);
		diag_help(diags,
			"say which account it is for: --backend-account, "
			"WAYBILL_BACKEND_ACCOUNT or AZURE_STORAGE_ACCOUNT");
		return false;
	}
	if (len > SECRET_BYTES || text[len + strspn(text + len, " \t\r\n")])
		return refuse(diags, out->source, "a SAS");
	out->auth = BLOB_SAS;
	out->sas = mem_alloc(len + 1);
	memcpy(out->sas, text, len);
	out->sas[len] = '\0';
	return (is_query(out->sas) && strstr(out->sas, "sig=")) ||
		refuse(diags, out->source, "a SAS");
}

static bool take_key(const char *text, struct blob_secret *out, struct diags *diags)
{
	unsigned char decoded[BLOB_KEY_BYTES + 6];
	text += strspn(text, " \t\r\n");
	size_t len = strcspn(text, " \t\r\n");
	bool good = len % 4 == 0 && len >= 4 && len <= (size_t)(BLOB_KEY_BYTES + 2) / 3 * 4 &&
		!text[len + strspn(text + len, " \t\r\n")] &&
		EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)len) > 0;
	if (!good)
		return refuse(diags, out->source, "the key of a storage account");
	out->auth = BLOB_KEY;
	out->key_len = len / 4 * 3 - (text[len - 1] == '=') - (text[len - 2] == '=');
	memcpy(out->key, decoded, out->key_len);
	explicit_bzero(decoded, sizeof decoded);
	return true;
}

bool blob_secret_find(const char *const *environment, bool is_pinned, struct blob_secret *out,
	struct diags *diags)
{
	static const char *const sas_names[] = { "AZURE_STORAGE_SAS_TOKEN", "ARM_SAS_TOKEN" };
	static const char *const key_names[] = { "AZURE_STORAGE_KEY", "ARM_ACCESS_KEY" };
	*out = (struct blob_secret){ .auth = BLOB_TOKEN };
	const char *text = first_of(environment, sas_names, &out->source);
	if (text)
		return take_sas(text, is_pinned, out, diags);
	text = first_of(environment, key_names, &out->source);
	return !text || take_key(text, out, diags);
}

void blob_secret_release(struct blob_secret *secret)
{
	if (secret->sas)
		explicit_bzero(secret->sas, strlen(secret->sas));
	free(secret->sas);
	explicit_bzero(secret, sizeof *secret);
}

/* ---- Shared Key ---- */

static const char *header(const struct blob_signed *request, const char *name)
{
	for (size_t i = 0; i < request->nheaders; i++)
		if (text_same_nocase(request->headers[i].name, name))
			return request->headers[i].value;
	return "";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct http_header *)a)->name, ((const struct http_header *)b)->name);
}

static void add_own_headers(
	struct buf *out, struct arena *scratch, const struct blob_signed *request)
{
	struct http_header *own = NULL;
	size_t count = 0;
	for (size_t i = 0; i < request->nheaders; i++) {
		const struct http_header *h = &request->headers[i];
		if (text_starts_nocase(h->name, "x-ms-"))
			*ARENA_PUSH(scratch, own, count) =
				(struct http_header){ text_lower(scratch, h->name), h->value };
	}
	if (own)
		qsort(own, count, sizeof *own, by_name);
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(out, "%s:%s\n", own[i].name, own[i].value);
}

static void add_what_is_signed(
	struct buf *out, struct arena *scratch, const struct blob_signed *request)
{
	static const char *const plain[] = { "Content-MD5", "Content-Type", "Date",
		"If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range" };
	(void)buf_printf(out, "%s\n\n\n", request->method);
	if (request->body_len)
		(void)buf_printf(out, "%zu", request->body_len);
	(void)buf_puts(out, "\n");
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		(void)buf_printf(out, "%s\n", header(request, plain[i]));
	add_own_headers(out, scratch, request);
	(void)buf_printf(out, "/%s%s", request->account, request->path);
	for (size_t i = 0; i < request->nqueries; i++)
		(void)buf_printf(
			out, "\n%s:%s", request->queries[i].name, request->queries[i].value);
}

char *blob_shared_key(
	struct arena *a, const struct blob_secret *secret, const struct blob_signed *request)
{
	struct arena *scratch = arena_new();
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	add_what_is_signed(&text, scratch, request);
	unsigned char signature[SIGNATURE_BYTES];
	unsigned char encoded[(SIGNATURE_BYTES + 2) / 3 * 4 + 1];
	if (!HMAC(EVP_sha256(), secret->key, (int)secret->key_len, (unsigned char *)text.data,
		    text.len, signature, NULL))
		abort();
	(void)EVP_EncodeBlock(encoded, signature, sizeof signature);
	buf_release(&text);
	arena_free(scratch);
	return arena_printf(a, "SharedKey %s:%s", request->account, (const char *)encoded);
}
