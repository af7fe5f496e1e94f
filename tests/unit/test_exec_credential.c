/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "providers/kubernetes/exec_credential.h"
#include "tests/support/certificate.h"

#define V1 "client.authentication.k8s.io/v1"
#define ANSWER(STATUS)                                                                             \
	"{\"kind\": \"ExecCredential\", \"apiVersion\": \"" V1 "\", \"status\": " STATUS "}"

static struct arena *arena;
static struct exec_credential read;
static const char *problem;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	exec_credential_clear(&read);
	arena_free(arena);
	return 0;
}

static bool try(const char *text)
{
	exec_credential_clear(&read);
	return exec_credential_read(text, strlen(text), V1, &read, &problem);
}

static void refuse(const char *text, const char *why)
{
	assert_false(try(text));
	assert_non_null(strstr(problem, why));
	assert_null(read.token);
	assert_null(read.key);
}

static void test_exec_credential__a_token(void **state)
{
	(void)state;
	assert_true(try(ANSWER("{\"token\": \"t\"}")));
	assert_string_equal(read.token, "t");
	assert_null(read.certificate);
	assert_int_equal(read.ends, 0);
	assert_true(try("{\"kind\": \"ExecCredential\", \"apiVersion\": \"" V1
			"\", \"spec\": {\"interactive\": false}, \"status\": {\"token\": \"t\","
			"\"expirationTimestamp\": null, \"clientKeyData\": \"\"}}"));
}

static void test_exec_credential__a_certificate(void **state)
{
	(void)state;
	const char *certificate = NULL, *key = NULL;
	certificate_make(arena, &certificate, &key);
	json_auto_t *status =
		json_pack("{s:s, s:s}", "clientCertificateData", certificate, "clientKeyData", key);
	json_auto_t *answer = json_pack(
		"{s:s, s:s, s:O}", "kind", "ExecCredential", "apiVersion", V1, "status", status);
	assert_true(try(json_canonical(arena, answer)));
	assert_string_equal(read.certificate, certificate);
	assert_string_equal(read.key, key);
	(void)json_object_set_new(status, "clientKeyData", json_string(certificate));
	refuse(json_canonical(arena, answer), "private key");
	(void)json_object_set_new(status, "clientCertificateData", json_string("x"));
	refuse(json_canonical(arena, answer), "certificate in PEM");
	(void)json_object_del(status, "clientKeyData");
	refuse(json_canonical(arena, answer), "belong together");
}

static void test_exec_credential__times_of_rfc_3339(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		time_t ends;
	} times[] = {
		{ "2026-01-02T03:04:05Z", 1767323045 },
		{ "2026-01-02T03:04:05.123456789Z", 1767323045 },
		{ "2026-01-02T12:04:05+09:00", 1767323045 },
		{ "2026-01-01T22:04:05-05:00", 1767323045 },
	};
	static const char *const bad[] = { "2026-01-02", "2026-01-02T03:04:05", "soon",
		"2026-01-02T03:04:05Z and on", "2026-13-02T03:04:05Z" };
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		assert_true(try(arena_printf(arena,
			ANSWER("{\"token\": \"t\", \"expirationTimestamp\": \"%s\"}"),
			times[i].text)));
		assert_int_equal(read.ends, times[i].ends);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refuse(arena_printf(arena,
			       ANSWER("{\"token\": \"t\", \"expirationTimestamp\": \"%s\"}"),
			       bad[i]),
			"RFC 3339");
}

static void test_exec_credential__what_is_none_is_refused_without_quoting_it(void **state)
{
	(void)state;
	refuse("", "not JSON");
	refuse("secret", "not JSON");
	refuse("[]", "no ExecCredential");
	refuse("{\"kind\": \"secret\", \"apiVersion\": \"" V1 "\"}", "no ExecCredential");
	refuse("{\"kind\": \"ExecCredential\", \"apiVersion\": \"secret\"}", "another version");
	refuse(ANSWER("{}"), "without a token");
	refuse(ANSWER("{\"token\": 5}"), "without a token");
	refuse(ANSWER("null"), "without a token");
}

static void test_exec_credential__what_the_plugin_is_told(void **state)
{
	(void)state;
	struct kube_exec exec = { .api_version = V1 };
	struct kube_access access = { .server = "https://s", .token = "t", .exec = &exec };
	assert_string_equal(exec_credential_info(arena, &access),
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":"
		"false}}");
	exec.wants_cluster = true;
	exec.config = arena_json(arena, json_pack("{s:s}", "a", "b"));
	access.authority = "ca";
	access.server_name = "n";
	assert_string_equal(exec_credential_info(arena, &access),
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"spec\":{\"cluster\":{"
		"\"certificate-authority-data\":\"Y2E=\",\"config\":{\"a\":\"b\"},\"server\":"
		"\"https://s\",\"tls-server-name\":\"n\"},\"interactive\":false}}");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_exec_credential__a_token),
		CASE(test_exec_credential__a_certificate),
		CASE(test_exec_credential__times_of_rfc_3339),
		CASE(test_exec_credential__what_is_none_is_refused_without_quoting_it),
		CASE(test_exec_credential__what_the_plugin_is_told),
	};
	mem_guard_jansson();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
