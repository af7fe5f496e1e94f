/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/emulator/emulator.h"

#define LIFETIME_S UINT64_C(10)
#define BEGIN_MS UINT64_C(1000000)
#define GROUPS "/subscriptions/" CLOUD_SUBSCRIPTION "/resourcegroups"

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct emulator *emulator;
};

static int set_up(void **state)
{
	static const struct emulator_options options = { .token_lifetime_s = LIFETIME_S };
	struct fixture *f = mem_alloc(sizeof(*f));

	f->arena = arena_new();
	diags_init(&f->diags, f->arena);
	f->emulator = emulator_new(&options, &f->diags);
	assert_non_null(f->emulator);
	/* The time of day is that of the requests, to the second. */
	f->emulator->identity.day_offset_ms = 0;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	emulator_free(f->emulator);
	arena_free(f->arena);
	free(f);
	return 0;
}

static const json_t *serve(struct fixture *f, struct request *request, unsigned *status)
{
	struct response response = { .arena = f->arena };
	char *why = NULL;
	json_t *body;

	request->arena = f->arena;
	emulator_serve(f->emulator, request, &response);
	*status = response.status;
	body = json_parse(f->arena, response.text, strlen(response.text), SIZE_MAX, &why);
	free(response.text);
	return arena_json(f->arena, body);
}

/* The code of the refusal at this time, or NULL. */
static const char *refusal(struct fixture *f, const char *header, uint64_t now_ms)
{
	struct request request = { .method = "GET", .url = GROUPS, .path = GROUPS, .body = "" };
	unsigned status;

	request.api_version = "2021-04-01";
	request.authorization = header;
	request.now_ms = now_ms;
	const json_t *answer = serve(f, &request, &status);

	if (status == 200)
		return NULL;
	assert_int_equal(status, 401);
	return json_text_at(answer, "/error/code");
}

static const json_t *issue(struct fixture *f, const char *secret)
{
	static const char path[] = "/" CLOUD_TENANT "/oauth2/v2.0/token";
	struct request request = { .method = "POST", .url = path, .path = path, .body = "" };
	unsigned status;

	request.form = arena_json(f->arena,
		json_pack("{s:s,s:s,s:s,s:s*}", "grant_type", "client_credentials", "client_id",
			"c", "scope", "https://management.azure.com/.default", "client_secret",
			secret));
	request.now_ms = BEGIN_MS;
	return serve(f, &request, &status);
}

static void test_check__a_token_ends_with_its_lifetime(void **state)
{
	struct fixture *f = *state;
	const uint64_t end_ms = BEGIN_MS + LIFETIME_S * 1000;
	const char *token = json_text_at(issue(f, "any"), "/access_token");

	assert_non_null(token);
	const char *header = arena_printf(f->arena, "bearer %s", token);

	assert_null(refusal(f, header, end_ms - 1));
	assert_string_equal(refusal(f, header, end_ms), "ExpiredAuthenticationToken");
	assert_null(refusal(f, "Bearer " AUTH_BUILT_IN, UINT64_MAX / 4));
}

static void test_check__what_is_no_token_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *token = json_text_at(issue(f, "any"), "/access_token");

	assert_string_equal(refusal(f, NULL, 0), "AuthenticationFailed");
	assert_string_equal(refusal(f, "Basic x", 0), "AuthenticationFailedInvalidHeader");
	assert_string_equal(refusal(f, "Bearer ", 0), "InvalidAuthenticationToken");
	assert_string_equal(refusal(f, "Bearer a.b.c", 0), "InvalidAuthenticationToken");
	/* One letter of its end, which is the signature. */
	char *changed = arena_printf(f->arena, "Bearer %s", token);
	size_t at = strlen(changed) - 20;

	changed[at] = changed[at] == 'A' ? 'B' : 'A';
	assert_string_equal(refusal(f, changed, BEGIN_MS), "InvalidAuthenticationToken");
}

static void test_check__a_token_of_another_emulator_is_none(void **state)
{
	struct fixture *f = *state;
	struct fixture *other;
	void *made = NULL;

	(void)set_up(&made);
	other = made;
	const char *token = json_text_at(issue(other, "any"), "/access_token");
	const char *header = arena_printf(f->arena, "Bearer %s", token);

	assert_null(refusal(other, header, BEGIN_MS));
	assert_string_equal(refusal(f, header, BEGIN_MS), "InvalidAuthenticationToken");
	assert_non_null(json_text_at(issue(f, "any"), "/access_token"));
	assert_string_equal(refusal(f, header, BEGIN_MS), "InvalidAuthenticationToken");
	(void)tear_down(&made);
}

static void test_issue__a_wrong_secret_gets_no_token(void **state)
{
	static const char *const secrets[] = { "wrong", "", NULL };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		const json_t *answer = issue(f, secrets[i]);

		assert_string_equal(json_text_at(answer, "/error"), "invalid_client");
		assert_null(json_object_get(answer, "access_token"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_check__a_token_ends_with_its_lifetime, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_check__what_is_no_token_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_check__a_token_of_another_emulator_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_issue__a_wrong_secret_gets_no_token, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
