/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/config/pattern.h"

static bool matches(const char *pattern, const char *text)
{
	struct arena *a = arena_new();
	const char *why = NULL;
	const struct pattern *p = pattern_compile(a, pattern, &why);
	assert_non_null(p);
	bool result = pattern_matches(p, text);
	arena_free(a);
	return result;
}

static void test_pattern__must_match_the_whole_text(void **state)
{
	(void)state;
	assert_true(matches("[a-z][a-z0-9-]*", "worker-0"));
	assert_false(matches("[a-z][a-z0-9-]*", "worker_0"));
	assert_false(matches("b", "abc"));
	assert_true(matches("a|ab", "ab"));
	assert_true(matches("", ""));
	assert_true(matches("[]{3}]{2}", "}]"));
	assert_true(matches("[[:alpha:]]{2,3}(x|y)?", "abcy"));
	assert_true(matches("a\\{2", "a{2"));
}

static void test_pattern__refuses_what_has_no_bound(void **state)
{
	(void)state;
	static const char *const patterns[] = { "((a{99}){99}){99}", "(a*)\\1", "[", "(", "a{2,1}",
		"(((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))", "a{99999}",
		"((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+", "([[:alpha:]{9}]{999}){99}" };
	struct arena *a = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		const char *why = NULL;
		assert_null(pattern_compile(a, patterns[i], &why));
		assert_non_null(why);
	}
	char longer[PATTERN_BYTES + 2];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	const char *why = NULL;
	assert_null(pattern_compile(a, longer, &why));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern__must_match_the_whole_text),
		cmocka_unit_test(test_pattern__refuses_what_has_no_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
