/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/emulator/auth.h"

#define LIFETIME_S UINT64_C(10)

/* The code of the refusal at this time, or NULL. */
static const char *refusal(
	struct tokens *tokens, struct arena *arena, const char *header, uint64_t now_ms)
{
	struct request request = { .arena = arena, .authorization = header, .now_ms = now_ms };
	struct response response = { .arena = arena };

	if (auth_check(tokens, &request, &response))
		return NULL;
	assert_int_equal(response.status, 401);
	return json_text_at(arena_json(arena, response.body), "/error/code");
}

static json_t *issue(struct tokens *tokens, struct arena *arena, const char *secret)
{
	json_t *form = arena_json(arena,
		json_pack("{s:s,s:s,s:s,s:s*}", "grant_type", "client_credentials", "client_id",
			"c", "scope", "s", "client_secret", secret));
	struct request request = { .arena = arena, .method = "POST", .form = form };
	struct response response = { .arena = arena };

	(void)auth_issue(tokens, &request, &response);
	return arena_json(arena, response.body);
}

static void test_check__a_token_ends_with_its_lifetime(void **state)
{
	struct arena *arena = arena_new();
	struct tokens tokens;

	(void)state;
	auth_init(&tokens, LIFETIME_S);
	const json_t *answer = issue(&tokens, arena, "any");
	const char *header =
		arena_printf(arena, "bearer %s", json_text_at(answer, "/access_token"));

	assert_null(refusal(&tokens, arena, header, LIFETIME_S * 1000 - 1));
	assert_string_equal(
		refusal(&tokens, arena, header, LIFETIME_S * 1000), "ExpiredAuthenticationToken");
	assert_null(refusal(&tokens, arena, "Bearer " AUTH_BUILT_IN, UINT64_MAX));
	auth_release(&tokens);
	arena_free(arena);
}

static void test_check__what_is_no_token_is_refused(void **state)
{
	struct arena *arena = arena_new();
	struct tokens tokens;

	(void)state;
	auth_init(&tokens, LIFETIME_S);
	assert_string_equal(refusal(&tokens, arena, NULL, 0), "AuthenticationFailed");
	assert_string_equal(
		refusal(&tokens, arena, "Basic x", 0), "AuthenticationFailedInvalidHeader");
	assert_string_equal(refusal(&tokens, arena, "Bearer ", 0), "InvalidAuthenticationToken");
	auth_release(&tokens);
	arena_free(arena);
}

static void test_issue__a_wrong_secret_gets_no_token(void **state)
{
	static const char *const secrets[] = { "wrong", "", NULL };
	struct arena *arena = arena_new();
	struct tokens tokens;

	(void)state;
	auth_init(&tokens, LIFETIME_S);
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		const json_t *answer = issue(&tokens, arena, secrets[i]);

		assert_string_equal(json_text_at(answer, "/error"), "invalid_client");
		assert_null(json_object_get(answer, "access_token"));
	}
	auth_release(&tokens);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check__a_token_ends_with_its_lifetime),
		cmocka_unit_test(test_check__what_is_no_token_is_refused),
		cmocka_unit_test(test_issue__a_wrong_secret_gets_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
