/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "tests/support/azure_fixture.h"

#define NEWEST "?api-version=2024-05-01"
#define OLDER "?api-version=2024-01-01"
#define SUPPORTED "The supported api-versions are '2015-06-15, 2023-09-01, 2024-01-01'."
#define NO_PROVIDER                                                                                \
	"{\"error\": {\"code\": \"NoRegisteredProviderFound\", \"message\": \"No registered "      \
	"resource provider found for location 'japaneast' and API version '2024-05-01' for type "  \
	"'routeTables'. " SUPPORTED "\"}}"
#define NO_VERSION                                                                                 \
	"{\"error\": {\"code\": \"InvalidApiVersionParameter\", \"message\": \"The api-version "   \
	"'2024-05-01' is invalid. The supported versions are "                                     \
	"'2024-01-01,2024-03-01-preview,2023-09-01'.\"}}"
#define NO_TYPE                                                                                    \
	"{\"error\": {\"code\": \"InvalidResourceType\", \"message\": \"The resource type "        \
	"'routeTables' could not be found in the namespace 'Microsoft.Network' for api version "   \
	"'2024-05-01'. " SUPPORTED "\"}}"
#define STANDS "{\"etag\": \"W/1\", \"value\": [], \"properties\": {}}"
#define DIFFERENT "{\"error\": {\"code\": \"InvalidParameter\", \"message\": \"2024-01-01\"}}"

/* Whatever is asked, and however it is refused: once more in the newest that is listed, and that
 * is remembered. */
static void test_azure__a_version_refused_is_one_request_more(void **state)
{
	(void)state;
	static const struct {
		enum verb verb;
		const char *method;
	} verbs[] = { { VERB_GET, "GET" }, { VERB_LIST, "GET" }, { VERB_PUT, "PUT" },
		{ VERB_PATCH, "PATCH" }, { VERB_DELETE, "DELETE" }, { VERB_POST, "POST" } };
	static const struct {
		int status;
		const char *body;
	} refusals[] = { { 400, NO_PROVIDER }, { 400, NO_VERSION }, { 404, NO_TYPE } };
	for (size_t v = 0; v < ARRAY_LEN(verbs); v++)
		for (size_t r = 0; r < ARRAY_LEN(refusals); r++) {
			const struct scripted_answer answers[] = {
				ANSWER(verbs[v].method, TABLE NEWEST, refusals[r].status,
					refusals[r].body, NULL),
				ANSWER(verbs[v].method, TABLE OLDER, 200, STANDS, NULL),
				ANSWER("GET", TABLE OLDER, 200, STANDS, NULL),
				ANSWER("GET", TABLE OLDER, 200, STANDS, NULL),
			};
			/* A write of a whole resource is read in the end. */
			unsigned reads = verbs[v].verb == VERB_PUT ? 1 : 0;
			struct fixture f;
			OPEN(&f, answers);
			struct operation first = make(&f, verbs[v].verb, TABLE);
			first.if_match = "W/\"1\"";
			run(&f, &first);
			assert_int_equal(first.outcome, OUTCOME_DONE);
			assert_int_equal(first.requests, 2 + reads);
			assert_string_equal(scripted_request(f.server, 0)->body,
				scripted_request(f.server, 1)->body);
			assert_string_equal(scripted_request(f.server, 0)->if_match,
				scripted_request(f.server, 1)->if_match);
			struct operation second = make(&f, VERB_GET, TABLE);
			run(&f, &second);
			assert_int_equal(second.outcome, OUTCOME_DONE);
			close_all(&f, 3 + reads);
		}
}

/* What a run before began: the status is asked for as it was told, and then the resource. */
static void test_azure__what_is_read_in_the_end_is_asked_for_in_an_older_version(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", "/operations/1?api-version=2030-01-01", 200,
			"{\"status\": \"Succeeded\"}", NULL),
		ANSWER("GET", TABLE NEWEST, 400, NO_PROVIDER, NULL),
		ANSWER("GET", TABLE OLDER, 200, STANDS, NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation put = make(&f, VERB_PUT, TABLE);
	put.resume = arena_printf(
		f.arena, "status %s/operations/1?api-version=2030-01-01", scripted_base(f.server));
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_DONE);
	assert_string_equal(put.etag, "W/1");
	close_all(&f, 3);
}

/* The URL of a page is the cloud's own: what it refuses there is told, and nothing is listed twice.
 */
static void test_azure__a_next_page_is_asked_for_as_it_was_told(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLES NEWEST, 200,
			"{\"value\": [{\"name\": \"a\"}], \"nextLink\": \"$BASE/page2\"}", NULL),
		ANSWER("GET", "/page2", 400, NO_PROVIDER, NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation list = make(&f, VERB_LIST, TABLES);
	run(&f, &list);
	assert_int_equal(list.outcome, OUTCOME_FAILED);
	assert_string_equal(list.failure.code, "NoRegisteredProviderFound");
	close_all(&f, 2);
}

/* Two at once: the one that comes second is refused for what it asked, in the version of before. */
static void test_azure__another_refusal_is_no_matter_of_versions(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLE NEWEST, 400, NO_PROVIDER, NULL),
		ANSWER("GET", TABLE OLDER, 200, STANDS, NULL),
		ANSWER("PUT", TABLE OLDER, 400, DIFFERENT, NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation get = make(&f, VERB_GET, TABLE);
	run(&f, &get);
	assert_int_equal(get.outcome, OUTCOME_DONE);
	struct operation put = make(&f, VERB_PUT, TABLE);
	run(&f, &put);
	assert_int_equal(put.outcome, OUTCOME_FAILED);
	assert_string_equal(put.failure.code, "InvalidParameter");
	close_all(&f, 3);
}

/* `waybill rest`: the version is that of whoever asks. */
static void test_azure__a_version_that_somebody_gave_is_kept(void **state)
{
	(void)state;
	static const struct scripted_answer answers[] = {
		ANSWER("GET", TABLE NEWEST, 400, NO_PROVIDER, NULL),
		ANSWER("GET", TABLE OLDER, 200, STANDS, NULL),
		ANSWER("GET", TABLE NEWEST, 404, NO_TYPE, NULL),
	};
	struct fixture f;
	OPEN(&f, answers);
	struct operation ours = make(&f, VERB_GET, TABLE);
	run(&f, &ours);
	assert_int_equal(ours.outcome, OUTCOME_DONE);
	struct raw_request request = { .method = "GET",
		.url = arena_printf(f.arena, "%s" TABLE NEWEST, scripted_base(f.server)) };
	struct operation raw = { .verb = VERB_GET, .raw = &request, .arena = f.arena };
	run(&f, &raw);
	assert_int_equal(raw.outcome, OUTCOME_FAILED);
	assert_string_equal(raw.failure.code, "InvalidResourceType");
	close_all(&f, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_azure__a_version_refused_is_one_request_more),
		cmocka_unit_test(
			test_azure__what_is_read_in_the_end_is_asked_for_in_an_older_version),
		cmocka_unit_test(test_azure__a_next_page_is_asked_for_as_it_was_told),
		cmocka_unit_test(test_azure__another_refusal_is_no_matter_of_versions),
		cmocka_unit_test(test_azure__a_version_that_somebody_gave_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
