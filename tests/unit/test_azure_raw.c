/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "tests/support/azure_fixture.h"

#define STATE(S) "{\"properties\": {\"provisioningState\": \"" S "\"}}"

/* The request is the fixture's own, with a method and what follows the server's origin. */
static struct operation raw(struct fixture *f, struct raw_request *request, enum verb verb,
	const char *method, const char *path)
{
	request->method = method;
	request->url = arena_printf(f->arena, "%s%s", scripted_base(f->server), path);
	return (struct operation){
		.verb = verb, .raw = request, .path = request->url, .arena = f->arena
	};
}

static bool tells(const struct raw_request *request, const char *line)
{
	for (size_t i = 0; i < request->nlines; i++)
		if (strcmp(request->lines[i], line) == 0)
			return true;
	return false;
}

static void test_azure_raw__a_read_brings_body_status_and_headers(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", "/anything", 200, "[1, \"emulator's\"]", "ETag: W/\"1\"",
			"Set-Cookie: a=b", "Location: /x?t=signed&api-version=1"),
		ANSWER("HEAD", "/anything", 204, NULL, NULL),
		ANSWER("GET", "/text", 200, "not JSON", NULL),
	};
	static const struct raw_header given[] = { { "accept", "text/plain" } };
	struct fixture f;
	OPEN(&f, answers);
	struct raw_request first = { .headers = given, .nheaders = 1 };
	struct operation get = raw(&f, &first, VERB_GET, "GET", "/anything?b=%20&a=1");
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_DONE);
	assert_int_equal(json_array_size(get.reply), 2);
	assert_int_equal(first.status, 200);
	assert_true(tells(&first, "ETag: W/\"1\""));
	assert_true(tells(&first, "Set-Cookie: ***"));
	assert_true(strstr(f.log.data, "accept: text/plain"));
	assert_null(strstr(f.log.data, "application/json"));
	struct raw_request second = { 0 };
	struct operation head = raw(&f, &second, VERB_GET, "HEAD", "/anything");
	run(&f, &head);
	assert_int_equal(head.outcome, OUTCOME_DONE);
	assert_null(head.reply);
	assert_int_equal(second.status, 204);
	struct operation text = raw(&f, &second, VERB_GET, "GET", "/text");
	run(&f, &text);
	assert_string_equal(json_string_value(text.reply), "not JSON");
	close_all(&f, 3);
}

static void test_azure_raw__a_failure_brings_status_and_code(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", "/a", 409,
			"{\"error\": {\"code\": \"Conflict1\", \"message\": \"m\"}}",
			"x-ms-request-id: the-id"),
		ANSWER("POST", "/a", 503, NULL, NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct raw_request request = { 0 };
	struct operation put = raw(&f, &request, VERB_PUT, "PUT", "/a");
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_FAILED);
	assert_string_equal(put.failure.code, "Conflict1");
	assert_int_equal(request.status, 409);
	assert_true(tells(&request, "x-ms-request-id: the-id"));
	struct operation post = raw(&f, &request, VERB_POST, "POST", "/a");
	run(&f, &post);
	assert_int_equal(post.outcome, OUTCOME_UNKNOWN);
	assert_int_equal(post.requests, 1);
	close_all(&f, 2);
}

static void test_azure_raw__a_write_is_followed_only_when_asked(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("PUT", "/a", 201, STATE("Updating"), "Azure-AsyncOperation: $BASE/op", SOON),
		ANSWER("PUT", "/a", 201, STATE("Updating"), "Azure-AsyncOperation: $BASE/op", SOON),
		ANSWER("GET", "/op", 200, "{\"status\": \"InProgress\"}", "retry-after-ms: 60000"),
		ANSWER("GET", "/op", 200, "{\"status\": \"succeeded\"}", NULL),
		ANSWER("GET", "/a", 200, STATE("Succeeded"), NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct raw_request request = { 0 };
	struct operation once = raw(&f, &request, VERB_PUT, "PUT", "/a");
	run(&f, &once);
	assert_string_equal(json_text_at(once.reply, "/properties/provisioningState"), "Updating");
	request.poll = true;
	request.poll_interval_ms = 1;
	struct operation followed = raw(&f, &request, VERB_PUT, "PUT", "/a");
	run(&f, &followed);
	assert_string_equal(
		json_text_at(followed.reply, "/properties/provisioningState"), "Succeeded");
	assert_int_equal(followed.requests, 4);
	close_all(&f, 5);
}

/* POST .../a is taken on, its status ends well, and then `last` is asked for, if anything is. */
static struct operation act(struct fixture *f, struct raw_request *request, enum final_via via,
	const struct scripted_answer *last)
{
	static struct scripted_answer answers[3] = {
		ANSWER("POST", "/a", 202, NULL, "Azure-AsyncOperation: $BASE/op",
			"Location: $BASE/result", SOON),
		ANSWER("GET", "/op", 200, "{\"status\": \"Succeeded\", \"properties\": {}}", NULL),
	};
	if (last)
		answers[2] = *last;
	open_on(f, answers, last ? 3 : 2, true);
	*request = (struct raw_request){ .poll = true, .final_via = via };
	struct operation post = raw(f, request, VERB_POST, "POST", "/a");
	run(f, &post);
	assert_int_equal(post.outcome, OUTCOME_DONE);
	return post;
}

static void test_azure_raw__the_final_state_is_where_it_is_said_to_be(void **state)
{
	(void)state;
	static const struct scripted_answer at_location =
		ANSWER("GET", "/result", 200, "{\"at\": \"location\"}", NULL);
	static const struct scripted_answer at_original =
		ANSWER("GET", "/a", 200, "{\"at\": \"original\"}", NULL);
	static const struct scripted_answer nothing = ANSWER("GET", "/result", 204, NULL, NULL);
	struct fixture f;
	struct raw_request request;
	struct operation post = act(&f, &request, FINAL_USUAL, &at_location);
	assert_string_equal(json_text_at(post.reply, "/at"), "location");
	close_all(&f, 3);
	post = act(&f, &request, FINAL_LOCATION, &nothing);
	assert_null(post.reply);
	assert_int_equal(request.status, 204);
	close_all(&f, 3);
	post = act(&f, &request, FINAL_ORIGINAL, &at_original);
	assert_string_equal(json_text_at(post.reply, "/at"), "original");
	close_all(&f, 3);
	post = act(&f, &request, FINAL_STATUS, NULL);
	assert_string_equal(json_text_at(post.reply, "/status"), "Succeeded");
	close_all(&f, 2);
}

static void test_azure_raw__all_pages_by_other_names(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", "/l", 200, "{\"d\": {\"rows\": [1]}, \"more\": \"$BASE/m?x=1\"}",
			NULL),
		ANSWER("GET", "/m", 200, "{\"d\": {\"rows\": [2, 3]}}", NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct raw_request request = { .items = "/d/rows", .next = "/more" };
	struct operation list = raw(&f, &request, VERB_LIST, "GET", "/l");
	run(&f, &list);
	assert_int_equal(json_array_size(list.reply), 3);
	assert_int_equal(list.requests, 2);
	close_all(&f, 2);
}

static void test_azure_raw__nothing_goes_elsewhere(void **state)
{
	(void)state;
	static const struct scripted_answer none[] = { ANSWER("GET", "/", 200, NULL, NULL) };
	static const char *const paths[] = { "/a/../b", "/a/%2E%2e/b?x=1", "/a/.", "/%2e" };
	struct fixture f;
	OPEN(&f, none);
	struct raw_request request = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct operation get = raw(&f, &request, VERB_GET, "GET", paths[i]);
		run(&f, &get);
		assert_string_equal(get.failure.code, "bad-path");
	}
	struct operation away = raw(&f, &request, VERB_GET, "GET", "");
	request.url = "https://management.azure.com/subscriptions?api-version=2022-12-01";
	run(&f, &away);
	assert_string_equal(away.failure.code, "foreign-url");
	assert_int_equal(request.status, 0);
	close_all(&f, 0);
}

static void test_azure_raw__a_token_that_is_echoed_is_cut_out(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("POST", LOGIN, 200, "{\"access_token\": \"" TOKEN_1 "\"}", NULL),
		ANSWER("GET", "/echo", 200, "{\"Authorization\": \"Bearer " TOKEN_1 "\"}",
			"x-echo: " TOKEN_1),
	};
	struct fixture f;
	OPEN_WITH_SECRET(&f, answers);
	struct raw_request request = { 0 };
	struct operation get = raw(&f, &request, VERB_GET, "GET", "/echo");
	run(&f, &get);
	assert_string_equal(json_text_at(get.reply, "/Authorization"), "Bearer ****************");
	assert_true(tells(&request, "x-echo: ****************"));
	close_all(&f, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_azure_raw__a_read_brings_body_status_and_headers),
		cmocka_unit_test(test_azure_raw__a_failure_brings_status_and_code),
		cmocka_unit_test(test_azure_raw__a_write_is_followed_only_when_asked),
		cmocka_unit_test(test_azure_raw__the_final_state_is_where_it_is_said_to_be),
		cmocka_unit_test(test_azure_raw__all_pages_by_other_names),
		cmocka_unit_test(test_azure_raw__nothing_goes_elsewhere),
		cmocka_unit_test(test_azure_raw__a_token_that_is_echoed_is_cut_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
