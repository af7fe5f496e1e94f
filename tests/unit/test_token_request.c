/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "providers/net/aadsts.h"
#include "providers/net/assertion.h"
#include "providers/net/token_request.h"
#include "tests/support/certificate.h"

static const struct credential client = { .kind = CREDENTIAL_SECRET };

static struct token_answer answer(struct arena *arena, int status, const char *body)
{
	const struct http_response response = {
		.result = HTTP_ANSWERED, .status = status, .body = body, .body_len = strlen(body)
	};
	struct token_answer out;
	token_answer_read(arena, &client, NULL, &response, &out);
	return out;
}

static void test_token_request__of_a_client_secret(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct credential credential = { .kind = CREDENTIAL_SECRET,
		.tenant = "t1",
		.client_id = "c1",
		.secret = "s 1&x=\xc3\xa4" };
	struct token_request request;
	const char *problem = NULL;
	assert_true(token_request_make(arena, &credential,
		&(struct token_wish){ .login = "https://login", .scope = "https://a/.default" },
		&request, &problem));
	assert_string_equal(request.method, "POST");
	assert_string_equal(request.url, "https://login/t1/oauth2/v2.0/token");
	assert_string_equal(request.form.data,
		"grant_type=client_credentials&client_id=c1&scope=https%3A%2F%2Fa%2F.default&"
		"claims=%7B%22access_token%22%3A%7B%22xms_cc%22%3A%7B%22values%22%3A%5B%22cp1%22"
		"%5D%7D%7D%7D&client_secret=s%201%26x%3D%C3%A4");
	token_request_clear(&request);
	arena_free(arena);
}

static void test_token_request__of_adfs(void **state)
{
	(void)state;
	static const struct {
		const char *login, *tenant, *url;
	} cases[] = {
		{ "https://adfs.stack/adfs", "adfs", "https://adfs.stack/adfs/oauth2/token" },
		{ "https://adfs.stack/ADFS", "t1", "https://adfs.stack/ADFS/oauth2/token" },
		{ "https://adfs.stack", "adfs", "https://adfs.stack/adfs/oauth2/token" },
		{ "https://adfs.stack/noadfs", "t",
			"https://adfs.stack/noadfs/t/oauth2/v2.0/token" },
	};
	struct arena *arena = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct credential credential = { .kind = CREDENTIAL_SECRET,
			.tenant = (char *)cases[i].tenant,
			.client_id = "c1",
			.secret = "s" };
		struct token_request request;
		const char *problem = NULL;
		assert_true(token_request_make(arena, &credential,
			&(struct token_wish){ .login = cases[i].login,
				.scope = "https://a/1/.default",
				.claims = "{}" },
			&request, &problem));
		assert_string_equal(request.url, cases[i].url);
		if (i + 1 < ARRAY_LEN(cases))
			assert_string_equal(request.form.data,
				"grant_type=client_credentials&client_id=c1&"
				"resource=https%3A%2F%2Fa%2F1&client_secret=s");
		token_request_clear(&request);
	}
	arena_free(arena);
}

static const char *algorithm_at(
	struct arena *arena, const struct credential *credential, const char *login)
{
	static const char field[] = "client_assertion=";
	struct token_request request;
	const char *problem = NULL;
	assert_true(token_request_make(arena, credential,
		&(struct token_wish){ .login = login, .scope = "https://a/.default" }, &request,
		&problem));
	const char *assertion = strstr(request.form.data, field);
	assert_non_null(assertion);
	assertion += strlen(field);
	size_t len = 0;
	char *bytes = base64_bytes(assertion, strcspn(assertion, "."), &len);
	char *why = NULL;
	json_auto_t *head = json_parse(arena, bytes, len, ASSERTION_BYTES, &why);
	const char *algorithm = json_text_at(head, "/alg");
	const char *copy = algorithm ? arena_strdup(arena, algorithm) : NULL;
	free(bytes);
	token_request_clear(&request);
	return copy;
}

static void test_token_request__signed_as_each_service_takes_it(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	const char *own, *key, *problem = NULL;
	certificate_make_rsa(arena, 2048, 3600, &own, &key);
	const char *file = arena_printf(arena, "%s%s", key, own);
	struct credential credential = {
		.kind = CREDENTIAL_CERTIFICATE, .tenant = "t1", .client_id = "c1"
	};
	assert_true(certificate_read(file, strlen(file), NULL, &credential.certificate, &problem));
	assert_string_equal(algorithm_at(arena, &credential, "https://login"), "PS256");
	assert_string_equal(algorithm_at(arena, &credential, "https://stack/adfs"), "RS256");
	certificate_release(&credential.certificate);
	arena_free(arena);
}

static void test_token_request__of_an_identity(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct credential credential = { .kind = CREDENTIAL_MACHINE,
		.url = "http://169.254.169.254/metadata/identity/oauth2/token",
		.resource_id = "/subscriptions/s" };
	struct token_request request;
	const char *problem = NULL;
	const struct token_wish wish = { .scope = "https://a/.default" };
	assert_true(token_request_make(arena, &credential, &wish, &request, &problem));
	assert_string_equal(request.url,
		"http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
		"resource=https%3A%2F%2Fa&msi_res_id=%2Fsubscriptions%2Fs");
	assert_true(request.on_host && !request.has_form);
	assert_string_equal(request.headers[0].name, "Metadata");
	token_request_clear(&request);
	arena_free(arena);
}

static void test_token_request__answers(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct token_answer out =
		answer(arena, 200, "{\"access_token\": \"abc\", \"expires_in\": \"7200\"}");
	assert_string_equal(out.token, "abc");
	assert_int_equal(out.lifetime_s, 7200);
	assert_int_equal(out.use_s, 6900);
	credential_clear(out.token);
	out = answer(arena, 200,
		"{\"access_token\": \"abc\", \"expires_in\": 86399, \"refresh_in\": 43199}");
	assert_int_equal(out.use_s, 43199);
	credential_clear(out.token);
	char body[128];
	(void)snprintf(body, sizeof body, "{\"access_token\": \"abc\", \"expires_on\": \"%lld\"}",
		(long long)time(NULL) + 1000);
	out = answer(arena, 200, body);
	assert_in_range(out.lifetime_s, 900, 1000);
	credential_clear(out.token);
	out = answer(arena, 200, "{\"access_token\": \"abc\", \"expires_in\": -1e300}");
	assert_int_equal(out.lifetime_s, 1);
	credential_clear(out.token);
	out = answer(arena, 200, "{\"access_token\": \"a\\r\\nX: y\"}");
	assert_null(out.token);
	assert_false(out.passing);
	out = answer(arena, 400,
		"{\"error\": \"x\", \"error_description\": \"AADSTS7000222: old\\r\\nTrace\", "
		"\"correlation_id\": \"id-1\"}");
	assert_string_equal(out.problem, "AADSTS7000222: old (correlation id id-1)");
	assert_non_null(strstr(out.help, "expired"));
	assert_false(out.passing);
	out = answer(arena, 400, "{\"error\": \"x\", \"error_codes\": [90002]}");
	assert_string_equal(out.problem, "AADSTS90002: x");
	assert_true(answer(arena, 503, "<html>").passing);
	arena_free(arena);
}

static void test_token_request__used_until_shortly_before_the_end(void **state)
{
	(void)state;
	assert_int_equal(token_use_s(3600), 3300);
	assert_int_equal(token_use_s(400), 200);
	assert_int_equal(token_use_s(1), 0);
}

static void test_token_request__challenges(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	assert_string_equal(token_challenge(arena,
				    "Bearer realm=\"\", error=\"insufficient_claims\", "
				    "claims=\"eyJhIjoxfQ==\""),
		"{\"a\":1}");
	static const char *const none[] = { "Bearer realm=\"\"", "Basic claims=\"eyJhIjoxfQ==\"",
		"Bearer claims=\"\"", "Bearer claims=\"!\"", "Bearer claims=\"WzFd\"",
		"Bearer claims=\"e30", "" };
	for (size_t i = 0; i + 2 < ARRAY_LEN(none); i++)
		assert_null(token_challenge(arena, none[i]));
	assert_null(token_challenge(arena, NULL));
	arena_free(arena);
}

static void test_token_request__az_old_and_new(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct token_answer out;
	static const char old[] =
		"{\"accessToken\": \"abc\", \"expiresOn\": \"2099-01-01 10:00:00.000000\"}";
	token_az_read(arena, old, strlen(old), &out);
	assert_string_equal(out.token, "abc");
	assert_int_equal(out.lifetime_s, 7 * 24 * 3600);
	credential_clear(out.token);
	static const char untold[] = "{\"accessToken\": \"abc\"}";
	token_az_read(arena, untold, strlen(untold), &out);
	assert_int_equal(out.lifetime_s, 300);
	credential_clear(out.token);
	token_az_read(arena, "[]", 2, &out);
	assert_null(out.token);
	assert_non_null(out.problem);
	arena_free(arena);
}

static void test_token_request__numbers_of_refusals(void **state)
{
	(void)state;
	assert_int_equal(aadsts_number("AADSTS7000215: no"), 7000215);
	assert_int_equal(aadsts_number("ERROR: AADSTS50076: no"), 50076);
	assert_int_equal(aadsts_number("no"), 0);
	assert_int_equal(aadsts_number("AADSTS-1"), 0);
	assert_int_equal(aadsts_number("AADSTS99999999999999999999"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_request__of_a_client_secret),
		cmocka_unit_test(test_token_request__of_adfs),
		cmocka_unit_test(test_token_request__signed_as_each_service_takes_it),
		cmocka_unit_test(test_token_request__of_an_identity),
		cmocka_unit_test(test_token_request__answers),
		cmocka_unit_test(test_token_request__used_until_shortly_before_the_end),
		cmocka_unit_test(test_token_request__challenges),
		cmocka_unit_test(test_token_request__az_old_and_new),
		cmocka_unit_test(test_token_request__numbers_of_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
