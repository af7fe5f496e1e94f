/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "providers/net/assertion.h"
#include "providers/net/credential.h"
#include "tests/support/certificate.h"

static const char *refused(const char *text, const char *password)
{
	struct certificate certificate;
	const char *problem = NULL;
	assert_false(certificate_read(text, strlen(text), password, &certificate, &problem));
	assert_null(certificate.key);
	return problem;
}

static void test_assertion__signed_by_a_certificate(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	const char *own, *key, *other, *other_key, *problem = NULL;
	certificate_make_rsa(arena, 2048, 3600, &own, &key);
	certificate_make_rsa(arena, 2048, 3600, &other, &other_key);
	const char *file = arena_printf(arena, "%s%s%s", other, key, own);
	struct certificate certificate;
	assert_true(certificate_read(file, strlen(file), NULL, &certificate, &problem));
	assert_int_equal(certificate.nissuers, 1);
	assert_false(certificate_has_ended(&certificate));

	const struct assertion_wish wish = { .client_id = "client",
		.audience = "https://login/t",
		.sends_chain = true,
		.now = 1000 };
	char *token = assertion_sign(&certificate, &wish);
	assert_true(assertion_has_shape(token));
	json_auto_t *claims = assertion_claims(token);
	assert_string_equal(json_text_at(claims, "/iss"), "client");
	assert_string_equal(json_text_at(claims, "/sub"), "client");
	assert_string_equal(json_text_at(claims, "/aud"), "https://login/t");
	assert_int_equal(json_integer_value(json_at(claims, "/exp")), 1600);
	size_t len = 0;
	char *bytes = base64_bytes(token, strcspn(token, "."), &len);
	char *why = NULL;
	json_auto_t *head = json_parse(arena, bytes, len, ASSERTION_BYTES, &why);
	assert_string_equal(json_text_at(head, "/alg"), "PS256");
	assert_int_equal(strlen(json_text_at(head, "/x5t#S256")), 43);
	/* Its own before its issuers, whatever the order of the file. */
	json_auto_t *chain = certificate_chain(&certificate, arena);
	assert_true(json_equal(chain, json_at(head, "/x5c")));
	assert_int_equal(json_array_size(chain), 2);
	free(bytes);
	credential_clear(token);
	certificate_release(&certificate);

	assert_string_equal(refused(arena_printf(arena, "%s%s", own, other_key), NULL),
		"its key is not that of a certificate in it");
	assert_string_equal(refused(arena_printf(arena, "%s%s%s", key, own, other_key), NULL),
		"it holds more than one key");
	arena_free(arena);
}

static void test_assertion__as_adfs_takes_it(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	const char *own, *key, *problem = NULL;
	certificate_make_rsa(arena, 2048, 3600, &own, &key);
	const char *file = arena_printf(arena, "%s%s", key, own);
	struct certificate certificate;
	assert_true(certificate_read(file, strlen(file), NULL, &certificate, &problem));
	const struct assertion_wish wish = { .client_id = "c",
		.audience = "https://adfs/adfs/oauth2/token",
		.is_old = true,
		.now = 1000 };
	char *token = assertion_sign(&certificate, &wish);
	size_t len = 0;
	char *bytes = base64_bytes(token, strcspn(token, "."), &len);
	char *why = NULL;
	json_auto_t *head = json_parse(arena, bytes, len, ASSERTION_BYTES, &why);
	assert_string_equal(json_text_at(head, "/alg"), "RS256");
	assert_int_equal(strlen(json_text_at(head, "/x5t")), 27); /* 20 bytes */
	assert_null(json_at(head, "/x5t#S256"));
	assert_null(json_at(head, "/x5c"));
	free(bytes);
	credential_clear(token);
	certificate_release(&certificate);
	arena_free(arena);
}

static void test_assertion__certificates_that_do_not_do(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	const char *own, *key, *problem = NULL;
	struct certificate certificate;
	certificate_make_rsa(arena, 2048, -3600, &own, &key);
	const char *file = arena_printf(arena, "%s%s", own, key);
	assert_true(certificate_read(file, strlen(file), NULL, &certificate, &problem));
	assert_true(certificate_has_ended(&certificate));
	certificate_release(&certificate);
	assert_string_equal(refused(own, NULL), "it holds no private key");
	assert_string_equal(refused(key, NULL), "it holds no certificate");

	certificate_make_rsa(arena, 1024, 3600, &own, &key);
	assert_non_null(strstr(refused(arena_printf(arena, "%s%s", own, key), NULL), "2048"));
	certificate_make(arena, &own, &key);
	assert_string_equal(
		refused(arena_printf(arena, "%s%s", own, key), NULL), "its key is not RSA");
	assert_string_equal(refused("", NULL), "it is neither PEM nor PKCS#12");
	assert_string_equal(
		refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL),
		"a certificate in it cannot be read");
	char *large = arena_alloc(arena, CERTIFICATE_FILE_BYTES + 2);
	memset(large, 'x', CERTIFICATE_FILE_BYTES + 1);
	assert_string_equal(refused(large, NULL), "it is too large");
	arena_free(arena);
}

static void test_assertion__what_is_none(void **state)
{
	(void)state;
	static const char *const none[] = { "", "a", "a.b", "a.b.", ".b.c", "a..c", "a.b.c.d",
		"a.b.c\n", "a.b c.d", "a.b=.c" };
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		assert_false(assertion_has_shape(none[i]));
		assert_null(assertion_claims(none[i]));
	}
	assert_true(assertion_has_shape("a.b.c"));
	assert_null(assertion_claims("a.b.c"));
	assert_null(assertion_claims("a.WzFd.c"));
	json_auto_t *claims = assertion_claims("a.eyJhIjoxfQ.c");
	assert_int_equal(json_integer_value(json_object_get(claims, "a")), 1);
}

static void test_assertion__base64_of_both_kinds(void **state)
{
	(void)state;
	static const char *const good[] = { "_-8=", "_-8", "/+8=", "/+8" };
	static const char *const bad[] = { "", "a", "=", "a=bc", "ab c", "ab\n", "ab*d", "abcde" };
	size_t len = 0;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char *bytes = base64_bytes(good[i], strlen(good[i]), &len);
		assert_int_equal(len, 2);
		assert_memory_equal(bytes, "\xff\xef", 3);
		free(bytes);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(base64_bytes(bad[i], strlen(bad[i]), &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assertion__signed_by_a_certificate),
		cmocka_unit_test(test_assertion__as_adfs_takes_it),
		cmocka_unit_test(test_assertion__certificates_that_do_not_do),
		cmocka_unit_test(test_assertion__what_is_none),
		cmocka_unit_test(test_assertion__base64_of_both_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
