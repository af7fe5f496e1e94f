/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "providers/net/known.h"
#include "providers/net/redact.h"

#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_"

static void test_redact__text(void **state)
{
	(void)state;
	static const struct {
		const char *text, *told;
	} rows[] = {
		{ "see https://h/p?api-version=1&t=sig&c=cert&s&h=x now, or ftp://x?y",
			"see https://h/p?api-version=1&t=***&c=***&s&h=*** now, or ftp://x?y" },
		{ "/subscriptions/s/operations/o?t=1&c=2&s=3&h=4&api-version=5",
			"/subscriptions/s/operations/o?t=***&c=***&s=***&h=***&api-version=5" },
		{ "'https://a.blob/c?sv=1&sig=ab%2Fc%3D'", "'https://a.blob/c?sv=***&sig=***'" },
		{ "'https://h/p?$filter='a'&sig=abc'", "'https://h/p?$filter='a'&sig=***'" },
		{ "no question? a=b", "no question? a=b" },
		{ "by http://user:pass@proxy:3128/ or https://user@h/p@q",
			"by http://***@proxy:3128/ or https://***@h/p@q" },
		{ "'foo://u:p@ss w@h'", "'foo://***@ss w@h'" },
		{ "https://h/p@q, ://, a://@b and mail a@b.c",
			"https://h/p@q, ://, a://@b and mail a@b.c" },
		{ "at /blob%3Fsv%3D2024%26sig%3Dab%252Fc%26se%3D1 and sig%3dx",
			"at /blob%3Fsv%3D2024%26sig%3D*** and sig%3d***" },
		{ "to=https%3A%2F%2Fa%3Fsig%3Dx", "to=https%3A%2F%2Fa%3Fsig%3D***" },
		{ "a key -----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n!",
			"a key ***\n!" },
		{ "-----BEGIN PRIVATE KEY-----\nMIIB is cut", "***" },
		{ "-----BEGIN CERTIFICATE-----\nMIIB", "-----BEGIN CERTIFICATE-----\nMIIB" },
		{ "Bearer abc123.def_ghi", "Bearer ***" },
		{ "the header 'authorization: bearer 0123456789'",
			"the header 'authorization: bearer ***'" },
		{ "SharedKey account:c2lnbmF0dXJl+/==", "SharedKey ***" },
		{ "a Bearer authentication. Basic usage", "a Bearer authentication. Basic usage" },
		{ "token " JWT " refused", "token *** refused" },
		{ "x=" JWT, "x=***" },
		{ "eyJ", "eyJ" },
		{ "grant_type=x&client_secret=a%20b&scope=y",
			"grant_type=x&client_secret=***&scope=***" },
		{ "AccountName=a;AccountKey=bm8=;EndpointSuffix=x",
			"AccountName=a;AccountKey=***;EndpointSuffix=x" },
		{ "got {\\\"access_token\\\": \\\"abc def\\\", \\\"n\\\": 1}",
			"got {\\\"access_token\\\": \\\"***\\\", \\\"n\\\": 1}" },
		{ "clientSecret = 'x y'", "clientSecret = '***'" },
		{ "sv=2024\\u0026sig=abc\\u0026x=1", "sv=2024\\u0026sig=***\\u0026x=1" },
		{ "the token is no token: it has significance",
			"the token is no token: it has significance" },
		{ "", "" },
		{ "?", "?" },
		{ "&=", "&=" },
		{ "Bearer ", "Bearer " },
		{ "sig=", "sig=" },
	};
	struct buf out;
	buf_init(&out, BUF_OWN_TEXT);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_clear(&out);
		redact_text(&out, rows[i].text);
		assert_string_equal(out.data, rows[i].told);
	}
	buf_release(&out);
}

/* What each byte of a text costs does not grow with the text: else who answers with the wrong bytes
 * keeps us busy for hours. */
static void test_redact__long_texts(void **state)
{
	(void)state;
	static const char *const parts[] = { "&", "?a", "?a'" };
	const size_t len = (size_t)2 << 20;
	char *text = mem_alloc(len + 1);
	struct buf out;
	buf_init(&out, BUF_OWN_TEXT);
	text[len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t part_len = strlen(parts[i]);
		for (size_t at = 0; at < len; at++)
			text[at] = parts[i][at % part_len];
		buf_clear(&out);
		redact_text(&out, text);
		assert_string_equal(out.data, text);
	}
	buf_release(&out);
	free(text);
}

static void test_redact__headers(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *told;
	} rows[] = {
		{ "authorization", "Bearer x", "authorization: ***" },
		{ "Proxy-Authorization", "Basic x", "Proxy-Authorization: ***" },
		{ "Set-Cookie", "a=b", "Set-Cookie: ***" },
		{ "X-IDENTITY-HEADER", "x", "X-IDENTITY-HEADER: ***" },
		{ "x-ms-lease-id", "x", "x-ms-lease-id: ***" },
		{ "Ocp-Apim-Subscription-Key", "x", "Ocp-Apim-Subscription-Key: ***" },
		{ "x-ms-copy-source", "https://a.blob/c?sig=x",
			"x-ms-copy-source: https://a.blob/c?sig=***" },
		{ "Location", "/o?t=1&s=2", "Location: /o?t=***&s=***" },
		{ "x-ms-request-id", "x", "x-ms-request-id: x" },
		{ "ETag", "W/\"1\"", "ETag: W/\"1\"" },
	};
	struct buf out;
	buf_init(&out, BUF_OWN_TEXT);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_clear(&out);
		redact_header(&out, rows[i].name, rows[i].value);
		assert_string_equal(out.data, rows[i].told);
	}
	buf_release(&out);
}

static void test_redact__bodies(void **state)
{
	(void)state;
	static const struct {
		const char *body, *told;
	} rows[] = {
		{ "{\"a\": [{\"access_token\": \"x\", \"clientSecret\": 1}], \"name\": \"t\"}",
			"{\"a\":[{\"access_token\":\"***\",\"clientSecret\":\"***\"}],\"name\":"
			"\"t\"}" },
		{ "{\"keys\": [{\"keyName\": \"k\", \"value\": \"x\"}, \"y\"], \"n\": \"z\"}",
			"{\"keys\":[{\"keyName\":\"***\",\"value\":\"***\"},\"***\"],\"n\":"
			"\"z\"}" },
		{ "{\"kubeconfigs\": [{\"value\": \"x\"}], \"primaryConnectionString\": \"x\"}",
			"{\"kubeconfigs\":[{\"value\":\"***\"}],\"primaryConnectionString\":\"***"
			"\"}" },
		{ "{\"accessSAS\": \"https://x\", \"properties\": {\"customData\": \"x\"}}",
			"{\"accessSAS\":\"***\",\"properties\":{\"customData\":\"***\"}}" },
		{ "{\"status\": {\"token\": \"x\", \"clientKeyData\": \"y\"}}",
			"{\"status\":{\"token\":\"***\",\"clientKeyData\":\"***\"}}" },
		{ "{\"error\": {\"message\": \"Bearer abc123def is no good\"}}",
			"{\"error\":{\"message\":\"Bearer *** is no good\"}}" },
		{ "{\"nextLink\": \"https://h/p?api-version=1&$skiptoken=x\"}",
			"{\"nextLink\":\"https://h/p?api-version=1&$skiptoken=***\"}" },
		{ "client_secret=x", "(15 bytes)" },
		{ "\"text\"", "(6 bytes)" },
		{ "", "" },
	};
	struct buf out;
	buf_init(&out, BUF_OWN_TEXT);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_clear(&out);
		redact_body(&out, rows[i].body, strlen(rows[i].body));
		assert_string_equal(out.data, rows[i].told);
	}
	buf_release(&out);
}

static void test_redact__known_secrets(void **state)
{
	(void)state;
	char echo[] = "a long-secret and a long-secret";
	redact_known(echo, "long-secret");
	assert_string_equal(echo, "a *********** and a ***********");
	char brief[] = "short";
	redact_known(brief, "short");
	assert_string_equal(brief, "short");
}

static void test_known__in_bodies(void **state)
{
	(void)state;
	static const char body[] = "{\"a\": \"it was a-long-secret here\", \"b\": "
				   "\"a \\\"quoted\\\\secret\"}";
	struct known known = { 0 };
	struct buf out;
	buf_init(&out, BUF_OWN_TEXT);
	known_keep(&known, "a-long-secret");
	known_keep(&known, "a \"quoted\\secret");
	known_body(&known, &out, body, strlen(body), 1000);
	assert_string_equal(
		out.data, "{\"a\":\"it was ************* here\",\"b\":\"******************\"}");
	/* Cut inside of the secret, nothing of it is left. */
	buf_clear(&out);
	known_body(&known, &out, body, strlen(body), 20);
	assert_string_equal(out.data, "{\"a\":\"it was *******");
	/* And where a character begins. */
	buf_clear(&out);
	known_body(&known, &out, "{\"a\": \"\xc3\xa9\xc3\xa9\"}", 13, 8);
	assert_string_equal(out.data, "{\"a\":\"\xc3\xa9");
	buf_release(&out);
	known_release(&known);
}

static void test_known__behind_a_nul(void **state)
{
	(void)state;
	char echo[] = "a-long-secret\0and\0\0a-long-secret";
	struct known known = { 0 };
	known_keep(&known, "a-long-secret");
	known_cut_bytes(&known, echo, sizeof echo - 1);
	assert_memory_equal(echo, "*************\0and\0\0*************", sizeof echo);
	known_release(&known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redact__text),
		cmocka_unit_test(test_redact__long_texts),
		cmocka_unit_test(test_redact__headers),
		cmocka_unit_test(test_redact__bodies),
		cmocka_unit_test(test_redact__known_secrets),
		cmocka_unit_test(test_known__in_bodies),
		cmocka_unit_test(test_known__behind_a_nul),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
