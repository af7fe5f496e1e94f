/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/arena.h"

static void test_printf__leaves_what_is_free_zeroed(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	char long_text[3000];
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	/* Through the ends of several blocks, with texts that do not fit there. */
	for (size_t i = 0; i < 200; i++) {
		char *text = arena_printf(a, "%s%zu", long_text, i);
		assert_int_equal(strlen(text),
			sizeof long_text - 1 +
				(i < 10                   ? 1
						: i < 100 ? 2
							  : 3));
		char *zeroed = arena_alloc(a, 100);
		for (size_t n = 0; n < 100; n++)
			assert_int_equal(zeroed[n], 0);
	}
	arena_free(a);
}

static void test_printf__a_text_as_long_as_a_block_leaves_it_zeroed(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	char huge[70000];
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	(void)arena_alloc(a, 16);
	assert_int_equal(strlen(arena_printf(a, "%s", huge)), sizeof huge - 1);
	char *zeroed = arena_alloc(a, 16000);
	for (size_t n = 0; n < 16000; n++)
		assert_int_equal(zeroed[n], 0);
	arena_free(a);
}

static void test_join__puts_texts_one_behind_another(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	assert_string_equal(arena_join(a, (const char *const[]){ "ab", "", "/", "c" }, 4), "ab/c");
	assert_string_equal(arena_join(a, NULL, 0), "");
	arena_free(a);
}

static void test_array__goes_on_with_push(void **state)
{
	(void)state;
	for (size_t count = 0; count < 10; count++) {
		struct arena *a = arena_new();
		size_t n = 0, *items = arena_array(a, count, sizeof *items);
		for (; n < count; n++) {
			assert_int_equal(items[n], 0);
			items[n] = n;
		}
		while (n < 20) {
			size_t *pushed = ARENA_PUSH(a, items, n);
			assert_int_equal(*pushed, 0);
			*pushed = n - 1;
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(items[i], i);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printf__leaves_what_is_free_zeroed),
		cmocka_unit_test(test_printf__a_text_as_long_as_a_block_leaves_it_zeroed),
		cmocka_unit_test(test_array__goes_on_with_push),
		cmocka_unit_test(test_join__puts_texts_one_behind_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
