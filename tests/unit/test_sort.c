/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "engine/base/sort.h"

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void assert_sorted(const int *numbers, size_t count)
{
	for (size_t i = 1; i < count; i++)
		assert_true(numbers[i - 1] <= numbers[i]);
}

static void test_sort__any_order_ends_in_order(void **state)
{
	(void)state;
	int in_order[] = { 1, 2, 2, 3 }, last_first[] = { 2, 2, 3, 1 }, first_two[] = { 2, 1, 3 };
	sort_items(in_order, ARRAY_LEN(in_order), sizeof(int), by_number);
	sort_items(last_first, ARRAY_LEN(last_first), sizeof(int), by_number);
	sort_items(first_two, ARRAY_LEN(first_two), sizeof(int), by_number);
	assert_sorted(in_order, ARRAY_LEN(in_order));
	assert_sorted(last_first, ARRAY_LEN(last_first));
	assert_int_equal(last_first[0], 1);
	assert_sorted(first_two, ARRAY_LEN(first_two));
}

static void test_sort__nothing_needs_no_array(void **state)
{
	(void)state;
	int one[] = { 7 };
	sort_items(NULL, 0, sizeof(int), by_number);
	sort_items(one, 1, sizeof(int), by_number);
	assert_int_equal(one[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort__any_order_ends_in_order),
		cmocka_unit_test(test_sort__nothing_needs_no_array),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
