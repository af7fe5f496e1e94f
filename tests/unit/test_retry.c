/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "providers/net/retry.h"
#include "providers/net/timer.h"

#define NOW 1700000000 /* Tue, 14 Nov 2023 22:13:20 GMT */

static long asked(const char *ms, const char *x_ms, const char *plain)
{
	return retry_asked_ms(&(struct retry_headers){ ms, x_ms, plain }, NOW);
}

static void test_retry__milliseconds_come_first(void **state)
{
	(void)state;
	assert_int_equal(asked("150", "200", "3"), 150);
	assert_int_equal(asked(NULL, "200", "3"), 200);
	assert_int_equal(asked("soon", NULL, "3"), 3000);
	assert_int_equal(asked("0", NULL, NULL), 0);
	assert_int_equal(asked(NULL, NULL, NULL), -1);
}

static void test_retry__seconds_or_date(void **state)
{
	(void)state;
	assert_int_equal(asked(NULL, NULL, " 17 "), 17000);
	assert_int_equal(asked(NULL, NULL, "Tue, 14 Nov 2023 22:13:30 GMT"), 10000);
	assert_int_equal(asked(NULL, NULL, "Tue, 14 Nov 2023 22:13:00 GMT"), -1);
	assert_int_equal(asked(NULL, NULL, "Fri, 14 Nov 2098 22:13:00 GMT"), RETRY_ASKED_CAP_MS);
	assert_int_equal(asked(NULL, NULL, "99999999999999999999999"), RETRY_ASKED_CAP_MS);
	static const char *const nothing[] = { "", "0", "-5", "1.5", "+3", "3s", "never", " " };
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
		assert_int_equal(asked(NULL, NULL, nothing[i]), -1);
}

static void test_retry__backoff_doubles_to_its_cap(void **state)
{
	(void)state;
	static const long ceilings[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	for (unsigned i = 0; i < ARRAY_LEN(ceilings); i++) {
		assert_int_equal(retry_backoff_ms(i + 1, 0), 0);
		assert_int_equal(retry_backoff_ms(i + 1, (uint32_t)ceilings[i]), ceilings[i]);
		assert_true(retry_backoff_ms(i + 1, UINT32_MAX) <= ceilings[i]);
	}
	assert_true(retry_backoff_ms(UINT32_MAX, UINT32_MAX) <= RETRY_BACKOFF_CAP_MS);
}

static void test_retry__interval_grows_to_ten_seconds(void **state)
{
	(void)state;
	static const long intervals[] = { 1000, 1500, 2250, 3375, 5062, 7593, 10000, 10000 };
	for (unsigned i = 0; i < ARRAY_LEN(intervals); i++)
		assert_int_equal(retry_interval_ms(i), intervals[i]);
	assert_int_equal(retry_interval_ms(UINT32_MAX), 10000);
}

static void test_retry__who_is_refused_at_once_asks_ever_less(void **state)
{
	(void)state;
	const int64_t half_an_hour_ms = 1800000;
	unsigned requests = 0;
	for (int64_t at_ms = 0; at_ms < half_an_hour_ms; requests++)
		at_ms += retry_refused_ms(0, at_ms);
	assert_in_range(requests, 100, 1000);
	assert_int_equal(retry_refused_ms(0, 0), 1);
	assert_int_equal(retry_refused_ms(5000, 0), 5000);
	assert_int_equal(retry_refused_ms(5000, 60000), 5000);
	assert_int_equal(retry_refused_ms(5000, 600000), 10001);
	assert_int_equal(retry_refused_ms(0, INT64_MAX), RETRY_ASKED_CAP_MS);
}

struct firing {
	int order[64];
	int count;
};

struct alarm {
	struct firing *firing;
	int name;
};

static void note(void *context)
{
	struct alarm *alarm = context;
	alarm->firing->order[alarm->firing->count++] = alarm->name;
}

static void test_retry__timers_fire_in_order(void **state)
{
	(void)state;
	static const int moments[] = { 5, 3, 9, 3, 7, 1, 8, 2, 6, 3, 4, 0, 3 };
	struct timers timers = { 0 };
	struct firing firing = { 0 };
	struct alarm alarms[ARRAY_LEN(moments)];
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		alarms[i] = (struct alarm){ &firing, moments[i] * 100 + (int)i };
		timers_add(&timers, moments[i], note, &alarms[i]);
	}
	assert_int_equal(timers_due_ms(&timers), 0);
	assert_int_equal(timers_wait_ms(&timers, INT64_MAX, -5), 5);
	assert_int_equal(timers_wait_ms(&timers, -2, -5), 3);
	assert_int_equal(timers_wait_ms(&timers, INT64_MAX, 1), 0);
	assert_int_equal(timers_wait_ms(&timers, INT64_MAX, -((int64_t)INT_MAX + 1)), INT_MAX);
	while (timers_fire(&timers, 7))
		continue;
	assert_int_equal(timers_due_ms(&timers), 8);
	while (timers_fire(&timers, 9))
		continue;
	assert_int_equal(firing.count, ARRAY_LEN(moments));
	for (int i = 1; i < firing.count; i++)
		assert_true(firing.order[i - 1] < firing.order[i]);
	timers_release(&timers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry__milliseconds_come_first),
		cmocka_unit_test(test_retry__seconds_or_date),
		cmocka_unit_test(test_retry__backoff_doubles_to_its_cap),
		cmocka_unit_test(test_retry__interval_grows_to_ten_seconds),
		cmocka_unit_test(test_retry__who_is_refused_at_once_asks_ever_less),
		cmocka_unit_test(test_retry__timers_fire_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
