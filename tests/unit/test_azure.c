/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "tests/support/azure_fixture.h"

static void test_azure__get_answers_resource_and_etag(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLE, 200, "{\"name\": \"t\"}", "ETag: W/\"1\""),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_DONE);
	assert_string_equal(json_text_at(get.reply, "/name"), "t");
	assert_string_equal(get.etag, "W/\"1\"");
	assert_int_equal(get.requests, 1);
	const struct scripted_request *seen = scripted_request(f.server, 0);
	assert_string_equal(seen->authorization, "Bearer emulator");
	assert_string_equal(seen->client_request_id, get.request_id);
	assert_int_equal(strlen(seen->correlation_id), 36);
	close_all(&f, 1);
}

static void test_azure__only_not_found_codes_are_absent(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLE, 404,
			"{\"error\": {\"code\": \"ResourceNotFound\", \"message\": \"no\"}}", NULL),
		ANSWER("GET", TABLE, 404,
			"{\"error\": {\"code\": \"SubscriptionNotFound\", \"message\": \"no\"}}",
			"x-ms-request-id: the-id"),
		ANSWER("GET", TABLE, 404, NULL, NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_ABSENT);
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_FAILED);
	assert_string_equal(get.failure.code, "SubscriptionNotFound");
	assert_string_equal(get.failure.request_id, "the-id");
	assert_int_equal(get.failure.status, 404);
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_FAILED);
	close_all(&f, 3);
}

static void test_azure__list_joins_pages(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLES, 200,
			"{\"value\": [1, 2], \"nextLink\": \"$BASE/second?token=x\"}", NULL),
		ANSWER("GET", "/second", 200, "{\"value\": [], \"nextLink\": \"$BASE/third\"}",
			NULL),
		ANSWER("GET", "/third", 200, "{\"value\": [3], \"nextLink\": null}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation list = make(&f, VERB_LIST, TABLES);
	run(&f, &list);
	assert_int_equal(list.outcome, OUTCOME_DONE);
	assert_int_equal(json_array_size(list.reply), 3);
	close_all(&f, 3);
}

static void test_azure__list_in_a_circle_fails(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLES, 200, "{\"value\": [1], \"nextLink\": \"$BASE/again\"}", NULL),
		ANSWER("GET", "/again", 200, "{\"value\": [1], \"nextLink\": \"$BASE/again\"}",
			NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation list = make(&f, VERB_LIST, TABLES);
	run(&f, &list);
	assert_int_equal(list.outcome, OUTCOME_FAILED);
	assert_string_equal(list.failure.code, "bad-answer");
	close_all(&f, 2);
}

static void test_azure__next_link_to_another_host_is_not_asked(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLES, 200,
			"{\"value\": [1], \"nextLink\": \"http://127.0.0.1:1/stolen\"}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation list = make(&f, VERB_LIST, TABLES);
	run(&f, &list);
	assert_int_equal(list.outcome, OUTCOME_FAILED);
	assert_string_equal(list.failure.code, "foreign-url");
	assert_int_equal(f.provider->requests(f.provider), 1);
	close_all(&f, 1);
}

static void test_azure__reads_are_repeated(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		CUT(SCRIPTED_TRUNCATED, "GET", TABLE, 200, "{\"name\": \"a long enough body\"}"),
		ANSWER("GET", TABLE, 503, NULL, SOON),
		ANSWER("GET", TABLE, 200, "{\"name\": ", SOON),
		ANSWER("GET", TABLE, 429, NULL, SOON),
		ANSWER("GET", TABLE, 200, "{\"name\": \"t\"}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_DONE);
	assert_int_equal(get.requests, 5);
	close_all(&f, 5);
}

static const char token_1[] = "{\"access_token\": \"" TOKEN_1 "\", \"expires_in\": 3600}";
static const char token_2[] = "{\"access_token\": \"" TOKEN_2 "\", \"expires_in\": \"3600\"}";

static void test_azure__one_token_for_all_and_a_new_one_after_401(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("POST", LOGIN, 503, "busy", "Retry-After: 0"),
		ANSWER("POST", LOGIN, 200, token_1, NULL),
		ANSWER("GET", TABLE, 200, "{}", NULL),
		ANSWER("GET", TABLE, 200, "{}", NULL),
		ANSWER("GET", TABLE, 401, "{\"error\": {\"code\": \"ExpiredAuthenticationToken\"}}",
			NULL),
		ANSWER("POST", LOGIN, 200, token_2, NULL),
		ANSWER("GET", TABLE, 200, "{}", NULL),
	};
	struct fixture f;
	OPEN_WITH_SECRET(&f, answers);
	struct operation first = make(&f, VERB_GET, TABLE);
	struct operation second = make(&f, VERB_GET, TABLE);
	f.provider->submit(f.provider, &first);
	f.provider->submit(f.provider, &second);
	assert_non_null(f.provider->reap(f.provider, 30000));
	assert_non_null(f.provider->reap(f.provider, 30000));
	assert_int_equal(scripted_served(f.server), 4);
	run(&f, &first);
	assert_int_equal(first.outcome, OUTCOME_DONE);
	assert_non_null(strstr(scripted_request(f.server, 0)->body, "client_secret=" SECRET));
	assert_string_equal(scripted_request(f.server, 4)->authorization, "Bearer " TOKEN_1);
	assert_string_equal(scripted_request(f.server, 6)->authorization, "Bearer " TOKEN_2);
	close_all(&f, 7);
}

static void test_azure__second_401_is_the_end(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("POST", LOGIN, 200, token_1, NULL),
		ANSWER("GET", TABLE, 401, NULL, NULL),
		ANSWER("POST", LOGIN, 200, token_2, NULL),
		ANSWER("GET", TABLE, 401,
			"{\"error\": {\"code\": \"InvalidAuthenticationToken\", \"message\": "
			"\"echo of " TOKEN_2 "\"}}",
			NULL),
	};
	struct fixture f;
	OPEN_WITH_SECRET(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_FAILED);
	assert_string_equal(get.failure.code, "InvalidAuthenticationToken");
	assert_null(strstr(get.failure.message, TOKEN_2));
	close_all(&f, 4);
}

static void test_azure__wrong_secret_is_tried_once(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("POST", LOGIN, 401,
			"{\"error\": \"invalid_client\", \"error_description\": \"AADSTS7000215: "
			"Invalid client secret " SECRET ".\\r\\nTrace\"}",
			NULL),
	};
	struct fixture f;
	OPEN_WITH_SECRET(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	for (int i = 0; i < 2; i++) {
		run(&f, &get);
		assert_int_equal(get.outcome, OUTCOME_FAILED);
		assert_string_equal(get.failure.code, "sign-in");
		assert_non_null(strstr(get.failure.message, "AADSTS7000215"));
		assert_null(strstr(get.failure.message, SECRET));
	}
	close_all(&f, 1);
}

static void test_azure__interrupt_ends_one_reap(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = { ANSWER("GET", TABLE, 200, "{}", NULL) };
	struct fixture f;
	OPEN(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	f.provider->submit(f.provider, &get);
	f.provider->interrupt(f.provider);
	assert_null(f.provider->reap(f.provider, -1));
	assert_ptr_equal(f.provider->reap(f.provider, -1), &get);
	close_all(&f, 1);
}

static void test_azure__close_forgets_what_is_under_way(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = { ANSWER(
		"GET", TABLE, 429, NULL, "Retry-After: 100") };
	struct fixture f;
	OPEN(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	struct operation later = make(&f, VERB_GET, TABLE);
	later.delay_ms = 100000;
	f.provider->submit(f.provider, &get);
	f.provider->submit(f.provider, &later);
	while (!scripted_served(f.server))
		assert_null(f.provider->reap(f.provider, 10));
	close_all(&f, 1);
}

static void test_azure__dot_segments_are_refused(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = { ANSWER("GET", "", 200, "{}", NULL) };
	static const char *const paths[] = { "/a/../b", "/a/./b", "/a/..", "/.", "/../a", "a" };
	struct fixture f;
	OPEN(&f, answers);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct operation get = make(&f, VERB_GET, paths[i]);
		run(&f, &get);
		assert_string_equal(get.failure.code, "bad-path");
	}
	struct operation get = make(&f, VERB_GET, "/a..b/.c/d e?f#g");
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_DONE);
	assert_string_equal(scripted_request(f.server, 0)->path, "/a..b/.c/d e?f#g");
	close_all(&f, 1);
}

/* One who is told to come back in an hour gives up; the others hear it for themselves. */
static void test_azure__an_hour_asked_of_one_is_not_waited_by_all(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLE, 429,
			"{\"error\": {\"code\": \"SubscriptionRequestsThrottled\"}}",
			"Retry-After: 3600"),
		ANSWER("GET", TABLE, 200, "{}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation gets[2];
	for (size_t i = 0; i < ARRAY_LEN(gets); i++) {
		gets[i] = make(&f, VERB_GET, TABLE);
		f.provider->submit(f.provider, &gets[i]);
		assert_ptr_equal(f.provider->reap(f.provider, 30000), &gets[i]);
	}
	assert_int_equal(gets[0].outcome, OUTCOME_FAILED);
	assert_int_equal(gets[1].outcome, OUTCOME_DONE);
	close_all(&f, 2);
}

/* More than connections, timers and the server's script at once; half of them are throttled. */
static void test_azure__many_at_once(void **state)
{
	(void)state;
	enum {
		MANY = 160
	};
	static struct scripted_answer answers[MANY + MANY / 2];
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		answers[i] = i < MANY / 2
			? (struct scripted_answer)ANSWER("GET", TABLE, 429, NULL, SOON)
			: (struct scripted_answer)ANSWER("GET", TABLE, 200, "{}", NULL);
	struct fixture f;
	OPEN(&f, answers);
	struct operation gets[MANY];
	for (size_t i = 0; i < MANY; i++) {
		gets[i] = make(&f, VERB_GET, TABLE);
		f.provider->submit(f.provider, &gets[i]);
	}
	for (size_t i = 0; i < MANY; i++) {
		struct operation *done = f.provider->reap(f.provider, 30000);
		assert_non_null(done);
		assert_int_equal(done->outcome, OUTCOME_DONE);
	}
	assert_null(f.provider->reap(f.provider, -1));
	close_all(&f, ARRAY_LEN(answers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_azure__get_answers_resource_and_etag),
		cmocka_unit_test(test_azure__only_not_found_codes_are_absent),
		cmocka_unit_test(test_azure__list_joins_pages),
		cmocka_unit_test(test_azure__list_in_a_circle_fails),
		cmocka_unit_test(test_azure__next_link_to_another_host_is_not_asked),
		cmocka_unit_test(test_azure__reads_are_repeated),
		cmocka_unit_test(test_azure__one_token_for_all_and_a_new_one_after_401),
		cmocka_unit_test(test_azure__second_401_is_the_end),
		cmocka_unit_test(test_azure__wrong_secret_is_tried_once),
		cmocka_unit_test(test_azure__interrupt_ends_one_reap),
		cmocka_unit_test(test_azure__close_forgets_what_is_under_way),
		cmocka_unit_test(test_azure__dot_segments_are_refused),
		cmocka_unit_test(test_azure__an_hour_asked_of_one_is_not_waited_by_all),
		cmocka_unit_test(test_azure__many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
