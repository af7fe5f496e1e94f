/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "providers/azure/arm_error.h"

static struct arena *arena;

static struct arm_error read_error(int status, const char *body, const char *header_code)
{
	struct arm_error error;
	json_error_t why;
	json_t *parsed = json_loads(body, 0, &why);
	arm_error_read(arena, status, parsed, header_code, &error);
	json_decref(parsed);
	return error;
}

static int begin(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void test_arm_error__shapes(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body, *header, *code, *message;
	} rows[] = {
		{ 400, "{\"error\": {\"code\": \"A\", \"message\": \"m\"}}", NULL, "A", "m" },
		{ 400, "{\"code\": \"A\", \"message\": \"m\"}", NULL, "A", "m" },
		{ 400, "{\"Error\": {\"Code\": \"A\", \"Message\": \"m\"}}", NULL, "A", "m" },
		{ 400, "{\"error\": {\"code\": 40, \"message\": \"m\"}}", NULL, "40", "m" },
		{ 401, "{\"error\": \"invalid_client\"}", NULL, "invalid_client",
			"Azure answered 401 without saying why" },
		{ 500, "", NULL, "HTTP500", "Azure answered 500 without saying why" },
		{ 409, "", "ScopeLocked", "ScopeLocked", "Azure answered 409 without saying why" },
		{ 400, "{\"error\": {\"code\": null, \"details\": 3}}", NULL, "HTTP400",
			"Azure answered 400 without saying why" },
		{ 400,
			"{\"error\": {\"code\": \"InvalidRequestFormat\", \"message\": \"Cannot "
			"parse.\", \"details\": [{\"code\": \"B\", \"message\": \"Line 1.\"}]}}",
			NULL, "B", "Cannot parse. Line 1." },
		{ 400,
			"{\"error\": {\"code\": \"Outer\", \"message\": \"o\", \"details\": "
			"[{\"code\": \"B\", \"message\": \"o\"}]}}",
			NULL, "Outer", "o" },
		{ 400, "{\"error\": {\"code\": \"A\", \"innerError\": \"deep\"}}", NULL, "A",
			"deep" },
		{ 400, "[]", NULL, "HTTP400", "Azure answered 400 without saying why" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arm_error error = read_error(rows[i].status, rows[i].body, rows[i].header);
		assert_string_equal(error.failure.code, rows[i].code);
		assert_string_equal(error.failure.message, rows[i].message);
		assert_int_equal(error.failure.status, rows[i].status);
	}
}

static void test_arm_error__absent_only_by_code(void **state)
{
	(void)state;
	static const char *const absent[] = { "ResourceNotFound", "NotFound",
		"ResourceGroupNotFound", "ParentResourceNotFound" };
	static const char *const present[] = { "SubscriptionNotFound", "InvalidSubscriptionId",
		"AuthorizationFailed", "Whatever" };
	for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
		const char *body =
			arena_printf(arena, "{\"error\": {\"code\": \"%s\"}}", absent[i]);
		struct arm_error error = read_error(404, body, NULL);
		assert_true(arm_error_is_absent(&error));
		error = read_error(403, body, NULL);
		assert_false(arm_error_is_absent(&error));
		body = arena_printf(arena, "{\"error\": {\"code\": \"%s\"}}", present[i]);
		error = read_error(404, body, NULL);
		assert_false(arm_error_is_absent(&error));
	}
	/* What the details call not found is not the resource asked for. */
	struct arm_error error = read_error(404,
		"{\"error\": {\"code\": \"SubscriptionNotFound\", \"details\": [{\"code\": "
		"\"NotFound\"}]}}",
		NULL);
	assert_false(arm_error_is_absent(&error));
	error = read_error(404, "", NULL);
	assert_false(arm_error_is_absent(&error));
}

static void test_arm_error__contention_is_seen_in_details(void **state)
{
	(void)state;
	struct arm_error error = read_error(200,
		"{\"status\": \"Canceled\", \"error\": {\"code\": \"Canceled\", \"details\": "
		"[{\"code\": \"CanceledAndSupersededDueToAnotherOperation\", \"message\": "
		"\"gone\"}]}}",
		NULL);
	assert_int_equal(arm_error_contention(&error), CONTENTION_WAIT);
	assert_string_equal(error.failure.code, "CanceledAndSupersededDueToAnotherOperation");
	error = read_error(
		400, "{\"error\": {\"code\": \"InUseRouteTableCannotBeDeleted\"}}", NULL);
	assert_int_equal(arm_error_contention(&error), CONTENTION_BRIEF);
	error = read_error(400, "{\"error\": {\"code\": \"InvalidResourceReference\"}}", NULL);
	assert_int_equal(arm_error_contention(&error), CONTENTION_FEW);
	error = read_error(409, "{\"error\": {\"code\": \"ScopeLocked\"}}", NULL);
	assert_int_equal(arm_error_contention(&error), CONTENTION_NONE);
}

static void test_arm_error__text_is_bounded(void **state)
{
	(void)state;
	char *nested = arena_strdup(arena, "{\"code\": \"Deep\"}");
	for (int i = 0; i < 100; i++)
		nested = arena_printf(arena, "{\"code\": \"L%d\", \"details\": [%s]}", i, nested);
	struct arm_error error = read_error(400, nested, NULL);
	assert_true(error.ncodes <= ARM_ERROR_CODES);
	assert_false(arm_error_has(&error, "Deep"));
	char *longest = arena_alloc(arena, 100001);
	memset(longest, 'x', 100000);
	error = read_error(400,
		arena_printf(arena, "{\"code\": \"%s\", \"message\": \"%s\"}", longest, longest),
		NULL);
	assert_true(strlen(error.failure.code) < 200);
	assert_true(strlen(error.failure.message) < 5000);
}

static void test_arm_error__which_right_is_missing(void **state)
{
	(void)state;
	struct failure failure = { .code = "AuthorizationFailed",
		.message = "The client 'c' with object id 'o' does not have authorization to "
			   "perform action 'Microsoft.Network/routeTables/write' over scope "
			   "'/subscriptions/s' or the scope is invalid." };
	assert_non_null(strstr(arm_error_help(arena, &failure),
		"`Microsoft.Network/routeTables/write` on `/subscriptions/s`"));
	failure.code = "LinkedAuthorizationFailed";
	failure.message = "The client 'c' has permission to perform action 'A/write' on scope 'S'; "
			  "however, it does not have permission to perform action 'B/join/action' "
			  "on the linked scope(s) '/T' or the linked scope(s) are invalid.";
	assert_non_null(strstr(arm_error_help(arena, &failure), "`B/join/action` on `/T`"));
	failure.message = "does not have permission to perform action 'B";
	assert_non_null(strstr(arm_error_help(arena, &failure), "referred to"));
	failure.message = NULL;
	failure.code = "AuthorizationFailed";
	assert_non_null(strstr(arm_error_help(arena, &failure), "a role that allows it"));
	failure.code = "ScopeLocked";
	assert_non_null(strstr(arm_error_help(arena, &failure), "lock"));
	failure.code = "NobodyKnows";
	assert_null(arm_error_help(arena, &failure));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arm_error__which_right_is_missing),
		cmocka_unit_test(test_arm_error__shapes),
		cmocka_unit_test(test_arm_error__absent_only_by_code),
		cmocka_unit_test(test_arm_error__contention_is_seen_in_details),
		cmocka_unit_test(test_arm_error__text_is_bounded),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
