/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "providers/azure/lro.h"

#define RESOURCE "https://arm/resource?api-version=1"
#define STATE(S) "{\"properties\": {\"provisioningState\": \"" S "\"}}"

static struct arena *arena;

static int begin_group(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int end_group(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct lro_answer answer(int status, const char *body)
{
	json_error_t why;
	json_t *parsed = body ? json_loads(body, 0, &why) : NULL;
	if (parsed)
		(void)arena_json(arena, parsed);
	return (struct lro_answer){
		.status = status, .body = parsed, .absent = status == 404, .asked_ms = -1
	};
}

static struct lro_answer headed(
	int status, const char *body, const char *async, const char *location)
{
	struct lro_answer made = answer(status, body);
	made.async_operation = async;
	made.location = location;
	return made;
}

static enum lro_action begin(struct lro *lro, enum verb verb, struct lro_answer first)
{
	return lro_begin(lro, arena, verb, FINAL_USUAL, RESOURCE, &first).action;
}

static enum lro_action poll(struct lro *lro, struct lro_answer next)
{
	return lro_poll(lro, arena, &next).action;
}

static void test_lro__first_answers(void **state)
{
	(void)state;
	static const struct {
		enum verb verb;
		int status;
		const char *body, *async, *location;
		enum lro_action action;
		const char *url;
	} rows[] = {
		{ VERB_PUT, 201, STATE("Updating"), "https://arm/a", "https://arm/l", LRO_POLL,
			"https://arm/a" },
		{ VERB_PUT, 202, NULL, NULL, "/l?t=1", LRO_POLL, "https://arm/l?t=1" },
		{ VERB_PUT, 201, STATE("Updating"), NULL, NULL, LRO_POLL, RESOURCE },
		{ VERB_PUT, 200, STATE("succeeded"), "https://arm/a", NULL, LRO_FINAL_GET, NULL },
		{ VERB_PUT, 200, "{}", NULL, NULL, LRO_FINAL_GET, NULL },
		{ VERB_PUT, 200, NULL, NULL, NULL, LRO_FINAL_GET, NULL },
		{ VERB_PUT, 200, STATE("Failed"), NULL, NULL, LRO_FAILED, NULL },
		{ VERB_PUT, 200, STATE("Failed"), "https://arm/a", NULL, LRO_POLL,
			"https://arm/a" },
		{ VERB_PATCH, 200, STATE("Succeeded"), NULL, NULL, LRO_DONE, NULL },
		{ VERB_PATCH, 200, "{}", NULL, NULL, LRO_DONE, NULL },
		{ VERB_PATCH, 200, NULL, NULL, NULL, LRO_FINAL_GET, NULL },
		{ VERB_PATCH, 202, NULL, NULL, "https://arm/l", LRO_POLL, "https://arm/l" },
		{ VERB_DELETE, 204, NULL, NULL, NULL, LRO_DONE, NULL },
		{ VERB_DELETE, 200, NULL, NULL, NULL, LRO_DONE, NULL },
		{ VERB_DELETE, 200, NULL, "https://arm/a", "https://arm/l", LRO_POLL,
			"https://arm/a" },
		{ VERB_DELETE, 202, NULL, NULL, NULL, LRO_POLL, RESOURCE },
		{ VERB_POST, 200, "{\"value\": []}", NULL, NULL, LRO_DONE, NULL },
		{ VERB_POST, 200, STATE("Succeeded"), "https://arm/a", NULL, LRO_DONE, NULL },
		{ VERB_POST, 202, NULL, NULL, "/l", LRO_POLL, "https://arm/l" },
		{ VERB_POST, 202, NULL, "https://arm/a", "/l", LRO_POLL, "https://arm/a" },
		{ VERB_POST, 202, NULL, NULL, NULL, LRO_LOST, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lro lro;
		assert_int_equal(begin(&lro, rows[i].verb,
					 headed(rows[i].status, rows[i].body, rows[i].async,
						 rows[i].location)),
			rows[i].action);
		if (rows[i].url)
			assert_string_equal(lro.url, rows[i].url);
	}
}

static void test_lro__status_document(void **state)
{
	(void)state;
	struct lro lro;
	(void)begin(&lro, VERB_PUT, headed(201, NULL, "https://arm/a", NULL));
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"InProgress\"}")), LRO_POLL);
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"Accepted\"}")), LRO_POLL);
	assert_int_equal(poll(&lro, answer(202, NULL)), LRO_POLL);
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"CANCELLED\"}")), LRO_FAILED);
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"failed\"}")), LRO_FAILED);
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"Completed\"}")), LRO_FINAL_GET);
	(void)begin(&lro, VERB_DELETE, headed(202, NULL, "https://arm/a", NULL));
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"Succeeded\"}")), LRO_DONE);
}

static void test_lro__location(void **state)
{
	(void)state;
	struct lro lro;
	(void)begin(&lro, VERB_DELETE, headed(202, NULL, NULL, "https://arm/l"));
	assert_int_equal(poll(&lro, headed(202, NULL, NULL, "https://arm/moved")), LRO_POLL);
	assert_string_equal(lro.url, "https://arm/moved");
	assert_int_equal(poll(&lro, answer(409, NULL)), LRO_FAILED);
	assert_int_equal(poll(&lro, answer(200, NULL)), LRO_DONE);
	(void)begin(&lro, VERB_PUT, headed(202, NULL, NULL, "https://arm/l"));
	assert_int_equal(poll(&lro, answer(200, STATE("Updating"))), LRO_POLL);
	assert_int_equal(poll(&lro, answer(200, STATE("Succeeded"))), LRO_FINAL_GET);
}

static void test_lro__resource_itself(void **state)
{
	(void)state;
	struct lro lro;
	(void)begin(&lro, VERB_PUT, answer(201, STATE("Creating")));
	assert_int_equal(poll(&lro, answer(200, STATE("Updating"))), LRO_POLL);
	assert_int_equal(poll(&lro, answer(200, STATE("Succeeded"))), LRO_DONE);
	(void)begin(&lro, VERB_DELETE, answer(202, NULL));
	assert_int_equal(poll(&lro, answer(200, STATE("Deleting"))), LRO_POLL);
	assert_int_equal(poll(&lro, answer(200, STATE("Failed"))), LRO_FAILED);
	struct lro_answer elsewhere = answer(404, NULL);
	elsewhere.absent = false;
	assert_int_equal(poll(&lro, elsewhere), LRO_POLL);
	assert_int_equal(poll(&lro, answer(200, NULL)), LRO_POLL);
	assert_int_equal(poll(&lro, answer(404, NULL)), LRO_DONE);
	(void)begin(&lro, VERB_DELETE, answer(202, NULL));
	unsigned looks = 1;
	while (poll(&lro, answer(200, STATE("Succeeded"))) == LRO_POLL && looks < 100)
		looks++;
	assert_int_equal(looks, 20);
}

static void test_lro__status_that_is_gone_leads_to_the_resource(void **state)
{
	(void)state;
	struct lro lro;
	(void)begin(&lro, VERB_PUT, headed(201, NULL, "https://arm/a", NULL));
	unsigned looks = 1;
	while (poll(&lro, answer(404, NULL)) == LRO_POLL && looks < 100)
		looks++;
	assert_int_equal(looks, 5);
	(void)begin(&lro, VERB_DELETE, headed(202, NULL, "https://arm/a", NULL));
	for (looks = 0; strcmp(lro.url, RESOURCE) != 0 && looks < 100; looks++)
		assert_int_equal(poll(&lro, answer(200, "{\"no\": \"status\"}")), LRO_POLL);
	assert_int_equal(looks, 5);
	assert_int_equal(poll(&lro, answer(404, NULL)), LRO_DONE);
}

static void test_lro__final_get(void **state)
{
	(void)state;
	struct lro lro;
	(void)begin(&lro, VERB_PUT, answer(200, "{}"));
	struct lro_answer next = answer(200, STATE("Updating"));
	assert_int_equal(lro_final(&lro, arena, &next).action, LRO_POLL);
	next = answer(200, "{\"name\": \"no state\"}");
	assert_int_equal(lro_final(&lro, arena, &next).action, LRO_DONE);
	next = answer(200, STATE("Failed"));
	assert_int_equal(lro_final(&lro, arena, &next).action, LRO_FAILED);
	next = answer(403, NULL);
	assert_int_equal(lro_final(&lro, arena, &next).action, LRO_LOST);
	next = answer(404, NULL);
	assert_int_equal(lro_final(&lro, arena, &next).action, LRO_POLL);
}

static void test_lro__result_of_an_action_is_at_its_location(void **state)
{
	(void)state;
	struct lro lro;
	(void)begin(&lro, VERB_POST, headed(202, NULL, "https://arm/a", "/result"));
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"Succeeded\"}")), LRO_FINAL_GET);
	assert_string_equal(lro.final_url, "https://arm/result");
	struct lro_answer next = answer(404, NULL);
	assert_int_equal(lro_final(&lro, arena, &next).action, LRO_POLL);
	assert_string_equal(lro.url, "https://arm/result");
	next = answer(200, "{\"value\": []}");
	assert_int_equal(lro_final(&lro, arena, &next).action, LRO_DONE);

	(void)begin(&lro, VERB_POST, headed(202, NULL, "https://arm/a", NULL));
	assert_int_equal(poll(&lro, answer(200, "{\"status\": \"Succeeded\"}")), LRO_DONE);
	(void)begin(&lro, VERB_POST, headed(202, NULL, NULL, "/result"));
	assert_int_equal(poll(&lro, answer(202, NULL)), LRO_POLL);
	assert_int_equal(poll(&lro, answer(200, "{\"value\": []}")), LRO_DONE);
}

static void test_lro__waits(void **state)
{
	(void)state;
	struct lro lro;
	struct lro_answer first = headed(201, NULL, "https://arm/a", NULL);
	assert_int_equal(
		lro_begin(&lro, arena, VERB_PUT, FINAL_USUAL, RESOURCE, &first).wait_ms, 1000);
	struct lro_answer next = answer(200, "{\"status\": \"InProgress\"}");
	assert_int_equal(lro_poll(&lro, arena, &next).wait_ms, 1500);
	next.asked_ms = 120;
	assert_int_equal(lro_poll(&lro, arena, &next).wait_ms, 120);
	next.asked_ms = 0;
	assert_int_equal(lro_poll(&lro, arena, &next).wait_ms, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lro__first_answers),
		cmocka_unit_test(test_lro__status_document),
		cmocka_unit_test(test_lro__location),
		cmocka_unit_test(test_lro__resource_itself),
		cmocka_unit_test(test_lro__status_that_is_gone_leads_to_the_resource),
		cmocka_unit_test(test_lro__final_get),
		cmocka_unit_test(test_lro__result_of_an_action_is_at_its_location),
		cmocka_unit_test(test_lro__waits),
	};
	return cmocka_run_group_tests(tests, begin_group, end_group);
}
