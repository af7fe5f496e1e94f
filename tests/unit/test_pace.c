/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "providers/azure/pace.h"

#define MOST 16

static void tell(struct pace *pace, const char *reads, const char *writes, const char *deletes,
	int64_t now_ms)
{
	const char *headers[PACE_KINDS] = {
		[PACE_READS] = reads, [PACE_WRITES] = writes, [PACE_DELETES] = deletes
	};
	pace_read(pace, headers, now_ms);
}

static void test_pace__begins_at_full_speed(void **state)
{
	(void)state;
	struct pace pace;
	pace_init(&pace, MOST);
	assert_int_equal(pace_allowed(&pace, 1000), MOST);
	tell(&pace, "3749", NULL, "11999", 1000);
	assert_int_equal(pace_allowed(&pace, 1000), MOST);
	struct provider_left left;
	pace_left(&pace, &left);
	assert_int_equal(left.reads, 3749);
	assert_int_equal(left.writes, -1);
	assert_int_equal(left.deletes, 11999);
}

static void test_pace__shrinks_before_the_bucket_is_empty_and_grows_as_it_fills(void **state)
{
	(void)state;
	struct pace pace;
	pace_init(&pace, MOST);
	tell(&pace, "200", "25", NULL, 1000);
	assert_int_equal(pace_allowed(&pace, 1000), MOST / 2);
	tell(&pace, NULL, "0", NULL, 1000);
	assert_int_equal(pace_allowed(&pace, 1000), 1);
	assert_int_equal(pace_allowed(&pace, 1000 + 2500), MOST / 2);
	assert_int_equal(pace_allowed(&pace, 1000 + 5000), MOST);
	assert_int_equal(pace_allowed(&pace, INT64_C(1) << 50), MOST);
}

static void test_pace__halves_when_throttled_and_grows_by_answers(void **state)
{
	(void)state;
	struct pace pace;
	pace_init(&pace, MOST);
	/* A burst that was under way at once is one reason. */
	for (int i = 0; i < 10; i++)
		pace_throttled(&pace, 5000 + i);
	assert_int_equal(pace_allowed(&pace, 6000), MOST / 2);
	for (int i = 0; i < 10; i++)
		pace_throttled(&pace, 10000 + i * 2000);
	assert_int_equal(pace_allowed(&pace, 40000), 1);
	pace_answered(&pace);
	assert_int_equal(pace_allowed(&pace, 40000), 2);
	int answers = 0;
	for (; pace_allowed(&pace, 40000) < MOST && answers < 1000; answers++)
		pace_answered(&pace);
	assert_in_range(answers, MOST * MOST / 4, MOST * MOST);
	for (int i = 0; i < 1000; i++)
		pace_answered(&pace);
	assert_int_equal(pace_allowed(&pace, 40000), MOST);
}

static void test_pace__takes_no_nonsense(void **state)
{
	(void)state;
	struct pace pace;
	pace_init(&pace, MOST);
	tell(&pace, "-1", "x", "99999999999999999999999", 0);
	tell(&pace, "", " 3", "3x", 0);
	assert_int_equal(pace_allowed(&pace, 0), MOST);
	struct provider_left left;
	pace_left(&pace, &left);
	assert_int_equal(left.reads, -1);
	assert_int_equal(left.writes, -1);
	assert_int_equal(left.deletes, -1);
	pace_init(&pace, 1);
	pace_throttled(&pace, 1);
	assert_int_equal(pace_allowed(&pace, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace__begins_at_full_speed),
		cmocka_unit_test(
			test_pace__shrinks_before_the_bucket_is_empty_and_grows_as_it_fills),
		cmocka_unit_test(test_pace__halves_when_throttled_and_grows_by_answers),
		cmocka_unit_test(test_pace__takes_no_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
