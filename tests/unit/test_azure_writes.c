/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "tests/support/azure_fixture.h"

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

/* Keeps the last handle that was told, as its owner would. */
static void keep_handle(struct operation *operation, const char *handle)
{
	operation->owner = arena_strdup(operation->arena, handle);
}

static void test_azure__what_a_dead_run_began_is_only_asked_for_its_end(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("DELETE", TABLE, 202, "", "Location: $BASE/operations/1?t=signed", SOON),
		ANSWER("GET", "/operations/1", 202, "", "Location: $BASE/operations/2", SOON),
		ANSWER("GET", "/operations/2", 204, "", NULL),
		ANSWER("GET", "/operations/2", 202, "", SOON),
		ANSWER("GET", "/operations/2", 204, "", NULL),
		ANSWER("GET", "/operations/2", 409,
			"{\"error\": {\"code\": \"AnotherOperationInProgress\"}}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation first = make(&f, VERB_DELETE, TABLE);
	first.on_accepted = keep_handle;
	run(&f, &first);
	assert_int_equal(first.outcome, OUTCOME_DONE);
	const char *handle = first.owner;
	assert_ptr_equal(strstr(handle, "location http://"), handle);
	assert_non_null(strstr(handle, "/operations/2"));

	struct operation again = make(&f, VERB_DELETE, TABLE);
	again.resume = handle;
	run(&f, &again);
	assert_int_equal(again.outcome, OUTCOME_DONE);
	assert_int_equal(again.requests, 2);

	/* What failed is not sent again: nobody knows any more what it was. */
	struct operation failed = make(&f, VERB_DELETE, TABLE);
	failed.resume = handle;
	run(&f, &failed);
	assert_int_equal(failed.outcome, OUTCOME_FAILED);

	struct operation elsewhere = make(&f, VERB_DELETE, TABLE);
	elsewhere.resume = "location https://somewhere.else/operations/1";
	run(&f, &elsewhere);
	assert_int_equal(elsewhere.outcome, OUTCOME_UNKNOWN);
	assert_string_equal(elsewhere.failure.code, "foreign-url");

	struct operation noise = make(&f, VERB_DELETE, TABLE);
	noise.resume = "noise";
	run(&f, &noise);
	assert_int_equal(noise.outcome, OUTCOME_UNKNOWN);
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

static bool only_once(const struct operation *op)
{
	return op->requests == 0;
}

static bool never(const struct operation *op)
{
	(void)op;
	return false;
}

static void test_azure__a_write_leaves_only_when_it_may(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", TABLE, 429, NULL, SOON),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation put = make(&f, VERB_PUT, TABLE);
	put.may_leave = never;
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_FAILED);
	assert_string_equal(put.failure.code, "state-lost");
	assert_int_equal(put.requests, 0);
	put.may_leave = only_once;
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_FAILED);
	assert_string_equal(put.failure.code, "state-lost");
	close_all(&f, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_azure__put_polls_then_gets),
		cmocka_unit_test(test_azure__what_a_dead_run_began_is_only_asked_for_its_end),
		cmocka_unit_test(test_azure__contention_as_operation_failure_is_waited_out),
		cmocka_unit_test(test_azure__operation_failure_is_told),
		cmocka_unit_test(test_azure__lost_answer_to_a_write_is_unknown),
		cmocka_unit_test(test_azure__a_write_leaves_only_when_it_may),
		cmocka_unit_test(test_azure__delete),
		cmocka_unit_test(test_azure__polling_url_of_another_host_is_not_asked),
		cmocka_unit_test(test_azure__patch),
		cmocka_unit_test(test_azure__patience_with_a_missing_reference_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
