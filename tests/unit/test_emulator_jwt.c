/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/emulator/signer.h"

static void test_base64url__goes_there_and_back(void **state)
{
	static const char *const texts[] = { "", "f", "fo", "foo", "foob", "\xff\xfe\xfd\xfc" };
	struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(base64url(arena, "\xff\xef\xbe", 3), "_---");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *encoded = base64url(arena, texts[i], strlen(texts[i]));
		size_t len = 0;
		const unsigned char *back = base64url_decode(arena, encoded, strlen(encoded), &len);

		assert_non_null(back);
		assert_int_equal(len, strlen(texts[i]));
		assert_memory_equal(back, texts[i], len);
		assert_null(strchr(encoded, '='));
	}
	arena_free(arena);
}

static void test_base64url__takes_nothing_else(void **state)
{
	static const char *const texts[] = { "a", "abcde", "a+bc", "a/bc", " abc", "abc\n",
		"ab=c" };
	struct arena *arena = arena_new();
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_null(base64url_decode(arena, texts[i], strlen(texts[i]), &len));
	assert_non_null(base64url_decode(arena, "Zg==", 4, &len));
	assert_int_equal(len, 1);
	arena_free(arena);
}

static void test_parse__takes_three_parts_alone(void **state)
{
	static const char *const texts[] = { "", ".", "..", "a.b.c", "e30.e30", "e30.e30.",
		"e30.W10.", "e30.e30.a", "e30.e30.YQ.YQ", "e30..YQ" };
	struct arena *arena = arena_new();
	struct jwt jwt;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		bool bare = strcmp(texts[i], "e30.e30.") == 0; /* its signature is empty, no more */

		assert_int_equal(jwt_parse(arena, texts[i], &jwt), bare);
	}
	assert_true(jwt_parse(arena, "eyJhIjoxfQ.eyJiIjoyfQ.YQ", &jwt));
	assert_int_equal(json_integer_value(json_object_get(jwt.header, "a")), 1);
	assert_int_equal(json_integer_value(json_object_get(jwt.claims, "b")), 2);
	assert_int_equal(jwt.signature_len, 1);
	arena_free(arena);
}

static void test_verify__holds_for_its_own_key_and_text_alone(void **state)
{
	struct arena *arena = arena_new();
	struct signer own = { 0 }, other = { 0 };
	json_t *claims = arena_json(arena, json_pack("{s:s}", "sub", "a"));
	const char *token = signer_sign(&own, arena, claims);
	const char *none = arena_printf(arena, "eyJhbGciOiJub25lIn0%s", strchr(token, '.'));
	EVP_PKEY *curve = EVP_EC_gen("P-256"), *small = EVP_RSA_gen(1024);
	struct jwt jwt;

	(void)state;
	assert_true(jwt_parse(arena, token, &jwt));
	assert_true(signer_verify(&own, &jwt));
	assert_false(signer_verify(&other, &jwt));
	(void)signer_sign(&other, arena, claims);
	assert_false(signer_verify(&other, &jwt));
	assert_false(jwt_verify(&jwt, curve));
	assert_true(jwt_parse(arena, none, &jwt));
	assert_false(signer_verify(&own, &jwt));
	assert_true(jwt_parse(arena, jwt_sign(arena, small, "k", claims), &jwt));
	assert_false(jwt_verify(&jwt, small));
	EVP_PKEY_free(curve);
	EVP_PKEY_free(small);
	signer_release(&own);
	signer_release(&other);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64url__goes_there_and_back),
		cmocka_unit_test(test_base64url__takes_nothing_else),
		cmocka_unit_test(test_parse__takes_three_parts_alone),
		cmocka_unit_test(test_verify__holds_for_its_own_key_and_text_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
