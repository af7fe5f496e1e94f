/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "providers/azure/azure.h"
#include "tests/support/scripted.h"

#define TABLE "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
#define TABLES "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables"
#define LOGIN "/our-tenant/oauth2/v2.0/token"
#define SECRET "s3cret-of-the-client"
#define TOKEN_1 "token-number-one"
#define TOKEN_2 "token-number-two"
#define SOON "retry-after-ms: 1"

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct scripted *server;
	struct provider *provider;
	struct buf log;
};

static const char *const environment[] = { "AZURE_TENANT_ID=our-tenant", "AZURE_CLIENT_ID=client",
	"AZURE_CLIENT_SECRET=" SECRET, NULL };

static void keep_line(void *context, enum net_log_level level, const char *line)
{
	(void)level;
	(void)buf_printf(context, "%s\n", line);
}

static void open_on(
	struct fixture *f, const struct scripted_answer *answers, size_t count, bool emulator)
{
	*f = (struct fixture){ .arena = arena_new() };
	diags_init(&f->diags, f->arena);
	buf_init(&f->log, BUF_OWN_TEXT);
	f->server = scripted_start(answers, count);
	struct azure_cloud cloud = { "test", scripted_base(f->server), scripted_base(f->server),
		"https://audience", emulator };
	f->provider = azure_open(&(struct azure_options){ .cloud = &cloud,
					 .environment = environment,
					 .version = "0",
					 .log = { keep_line, &f->log, NET_LOG_TRACE } },
		&f->diags);
	assert_non_null(f->provider);
}

#define OPEN(f, answers) open_on((f), (answers), ARRAY_LEN(answers), true)
#define OPEN_WITH_SECRET(f, answers) open_on((f), (answers), ARRAY_LEN(answers), false)

/* Ends the test: every scripted answer was asked for, nothing else, and nothing secret was told. */
static void close_all(struct fixture *f, size_t expected)
{
	assert_int_equal(scripted_surprises(f->server), 0);
	assert_int_equal(scripted_served(f->server), expected);
	assert_null(strstr(f->log.data, SECRET));
	assert_null(strstr(f->log.data, TOKEN_1));
	assert_null(strstr(f->log.data, TOKEN_2));
	f->provider->close(f->provider);
	scripted_stop(f->server);
	buf_release(&f->log);
	arena_free(f->arena);
}

static struct operation make(struct fixture *f, enum verb verb, const char *path)
{
	struct operation operation = { .verb = verb,
		.path = path,
		.api_version = "2024-05-01",
		.arena = f->arena,
		.owner = f };
	if (verb == VERB_PUT || verb == VERB_PATCH)
		operation.body = arena_json(f->arena, json_pack("{s:s}", "location", "japaneast"));
	return operation;
}

static void run(struct fixture *f, struct operation *operation)
{
	f->provider->submit(f->provider, operation);
	assert_ptr_equal(f->provider->reap(f->provider, 30000), operation);
	assert_null(f->provider->reap(f->provider, -1));
}

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

static void test_azure__put_polls_then_gets(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", TABLE, 201, "{\"properties\": {\"provisioningState\": \"Updating\"}}",
			"Azure-AsyncOperation: $BASE/operations/1?t=signed", SOON),
		ANSWER("GET", "/operations/1", 200, "{\"status\": \"InProgress\"}", SOON),
		ANSWER("GET", "/operations/1", 503, "busy", SOON),
		ANSWER("GET", "/operations/1", 200, "{\"status\": \"succeeded\"}", NULL),
		ANSWER("GET", TABLE, 200, "{\"properties\": {\"provisioningState\": \"Updating\"}}",
			SOON),
		ANSWER("GET", TABLE, 200,
			"{\"etag\": \"W/2\", \"properties\": {\"provisioningState\": "
			"\"Succeeded\"}}",
			NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation put = make(&f, VERB_PUT, TABLE);
	put.if_match = "W/\"1\"";
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_DONE);
	assert_string_equal(put.etag, "W/2");
	assert_int_equal(put.requests, 6);
	assert_true(put.accepted);
	assert_null(strstr(f.log.data, "t=signed"));
	assert_string_equal(scripted_request(f.server, 0)->if_match, "W/\"1\"");
	assert_string_equal(scripted_request(f.server, 0)->body, "{\"location\":\"japaneast\"}");
	assert_string_equal(scripted_request(f.server, 1)->if_match, "");
	close_all(&f, 6);
}

static void test_azure__contention_as_operation_failure_is_waited_out(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", TABLE, 429,
			"{\"error\": {\"code\": \"RetryableError\", \"details\": [{\"code\": "
			"\"ReferencedResourceNotProvisioned\"}]}}",
			SOON),
		ANSWER("PUT", TABLE, 200, "{\"properties\": {\"provisioningState\": \"Updating\"}}",
			"Azure-AsyncOperation: $BASE/operations/1", SOON),
		ANSWER("GET", "/operations/1", 200,
			"{\"status\": \"Failed\", \"error\": {\"code\": "
			"\"AnotherOperationInProgress\", \"message\": \"wait\"}}",
			SOON),
		ANSWER("PUT", TABLE, 200,
			"{\"properties\": {\"provisioningState\": \"Succeeded\"}}",
			"Azure-AsyncOperation: $BASE/operations/2"),
		ANSWER("GET", TABLE, 200, "{\"name\": \"t\"}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation put = make(&f, VERB_PUT, TABLE);
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_DONE);
	close_all(&f, 5);
}

static void test_azure__operation_failure_is_told(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", TABLE, 201, "{}", "Azure-AsyncOperation: $BASE/operations/1", SOON),
		ANSWER("GET", "/operations/1", 200,
			"{\"status\": \"Failed\", \"error\": {\"code\": \"RouteConflict\", "
			"\"message\": \"Route a conflicts with b\"}}",
			NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation put = make(&f, VERB_PUT, TABLE);
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_FAILED);
	assert_string_equal(put.failure.code, "RouteConflict");
	assert_string_equal(put.failure.message, "Route a conflicts with b");
	close_all(&f, 2);
}

static void test_azure__lost_answer_to_a_write_is_unknown(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLE, 200, "{}", NULL), /* leaves a kept connection */
		CUT(SCRIPTED_RESET, "PUT", TABLE, 200, NULL),
		ANSWER("PUT", TABLE, 500, "oops", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	run(&f, &get);
	struct operation put = make(&f, VERB_PUT, TABLE);
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_UNKNOWN);
	assert_string_equal(put.failure.code, "network");
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_UNKNOWN);
	assert_int_equal(put.failure.status, 500);
	close_all(&f, 3);
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

static void test_azure__delete(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("DELETE", TABLE, 202, NULL, "Azure-AsyncOperation: $BASE/operations/1",
			"Location: $BASE/results/1", SOON),
		ANSWER("GET", "/operations/1", 200, "{\"status\": \"Succeeded\"}", NULL),
		ANSWER("DELETE", TABLE, 202, NULL, "Location: $BASE/results/2", SOON),
		ANSWER("GET", "/results/2", 202, NULL, SOON),
		ANSWER("GET", "/results/2", 204, NULL, NULL),
		ANSWER("DELETE", TABLE, 204, NULL, NULL),
		ANSWER("DELETE", TABLE, 404,
			"{\"error\": {\"code\": \"ResourceNotFound\", \"message\": \"no\"}}", NULL),
		ANSWER("DELETE", TABLE, 412, "{\"error\": {\"code\": \"PreconditionFailed\"}}",
			NULL),
	};
	static const enum outcome outcomes[] = { OUTCOME_DONE, OUTCOME_DONE, OUTCOME_DONE,
		OUTCOME_ABSENT, OUTCOME_STALE };
	struct fixture f;
	OPEN(&f, answers);
	struct operation delete = make(&f, VERB_DELETE, TABLE);
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		run(&f, &delete);
		assert_int_equal(delete.outcome, outcomes[i]);
	}
	close_all(&f, ARRAY_LEN(answers));
}

static void test_azure__polling_url_of_another_host_is_not_asked(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", TABLE, 201, "{}",
			"Azure-AsyncOperation: http://localhost:1/operations", SOON),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation put = make(&f, VERB_PUT, TABLE);
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_UNKNOWN); /* it was accepted, after all */
	assert_string_equal(put.failure.code, "foreign-url");
	assert_true(put.accepted);
	close_all(&f, 1);
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

static void test_azure__patch(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PATCH", TABLE, 200, "{\"tags\": {\"a\": \"b\"}}", NULL),
		ANSWER("PATCH", TABLE, 202, NULL, "Location: /results/1", SOON),
		ANSWER("GET", "/results/1", 200, NULL, NULL),
		ANSWER("GET", TABLE, 200, "{\"tags\": {\"a\": \"b\"}}", NULL),
		ANSWER("PATCH", TABLE, 404, "{\"error\": {\"code\": \"ResourceNotFound\"}}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation patch = make(&f, VERB_PATCH, TABLE);
	for (int i = 0; i < 2; i++) {
		run(&f, &patch);
		assert_int_equal(patch.outcome, OUTCOME_DONE);
		assert_string_equal(json_text_at(patch.reply, "/tags/a"), "b");
	}
	run(&f, &patch);
	assert_int_equal(patch.outcome, OUTCOME_ABSENT);
	close_all(&f, ARRAY_LEN(answers));
}

static void test_azure__patience_with_a_missing_reference_ends(void **state)
{
	(void)state;
	static const char body[] =
		"{\"error\": {\"code\": \"InvalidResourceReference\", \"message\": \"no\"}}";
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", TABLE, 400, body, SOON),
		ANSWER("PUT", TABLE, 400, body, SOON),
		ANSWER("PUT", TABLE, 400, body, SOON),
		ANSWER("PUT", TABLE, 400, body, SOON),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation put = make(&f, VERB_PUT, TABLE);
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_FAILED);
	assert_string_equal(put.failure.code, "InvalidResourceReference");
	close_all(&f, ARRAY_LEN(answers));
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
		cmocka_unit_test(test_azure__put_polls_then_gets),
		cmocka_unit_test(test_azure__contention_as_operation_failure_is_waited_out),
		cmocka_unit_test(test_azure__operation_failure_is_told),
		cmocka_unit_test(test_azure__lost_answer_to_a_write_is_unknown),
		cmocka_unit_test(test_azure__reads_are_repeated),
		cmocka_unit_test(test_azure__delete),
		cmocka_unit_test(test_azure__polling_url_of_another_host_is_not_asked),
		cmocka_unit_test(test_azure__one_token_for_all_and_a_new_one_after_401),
		cmocka_unit_test(test_azure__second_401_is_the_end),
		cmocka_unit_test(test_azure__wrong_secret_is_tried_once),
		cmocka_unit_test(test_azure__interrupt_ends_one_reap),
		cmocka_unit_test(test_azure__close_forgets_what_is_under_way),
		cmocka_unit_test(test_azure__dot_segments_are_refused),
		cmocka_unit_test(test_azure__patch),
		cmocka_unit_test(test_azure__patience_with_a_missing_reference_ends),
		cmocka_unit_test(test_azure__many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
