/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/apply/schedule.h"

#define MOST 200

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void test_schedule__deep_steps_start_first(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct step steps[] = { { .depth = 0 }, { .depth = 2 }, { .depth = 1 }, { .depth = 2 } };
	struct schedule *s = schedule_new(a, steps, 4, 3);
	assert_int_equal(schedule_next(s), 1);
	assert_int_equal(schedule_next(s), 3);
	assert_int_equal(schedule_next(s), 2);
	assert_int_equal(schedule_next(s), SCHEDULE_NONE);
	schedule_finish(s, 3, STEP_DONE, NULL, NULL);
	assert_int_equal(schedule_next(s), 0);
	arena_free(a);
}

static void test_schedule__a_held_id_keeps_others_waiting(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	const char *both[] = { "/a", "/b" }, *first[] = { "/a" }, *other[] = { "/c" };
	struct step steps[] = { { .depth = 1, .holds = both, .nholds = 2 },
		{ .holds = first, .nholds = 1 }, { .holds = other, .nholds = 1 } };
	struct schedule *s = schedule_new(a, steps, 3, 10);
	assert_int_equal(schedule_next(s), 0);
	assert_int_equal(schedule_next(s), 2);
	assert_int_equal(schedule_next(s), SCHEDULE_NONE);
	schedule_finish(s, 0, STEP_FAILED, NULL, NULL);
	assert_int_equal(schedule_next(s), 1);
	arena_free(a);
}

static void note_cause(void *context, size_t number, size_t cause)
{
	size_t *causes = context;
	causes[number] = cause;
}

static void test_schedule__what_waits_for_a_failed_step_is_skipped(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	size_t zero[] = { 0 }, one[] = { 1 };
	struct step steps[] = { { .depth = 2 }, { .waits = zero, .nwaits = 1, .depth = 1 },
		{ .waits = one, .nwaits = 1 }, { .depth = 0 } };
	size_t causes[4] = { MOST, MOST, MOST, MOST };
	struct schedule *s = schedule_new(a, steps, 4, 10);
	assert_int_equal(schedule_next(s), 0);
	schedule_finish(s, 0, STEP_FAILED, note_cause, causes);
	assert_int_equal(causes[1], 0);
	assert_int_equal(causes[2], 1);
	assert_int_equal(schedule_result(s, 2), STEP_SKIPPED);
	assert_int_equal(schedule_next(s), 3);
	schedule_finish(s, 3, STEP_DONE, NULL, NULL);
	assert_int_equal(schedule_finished(s), 4);
	arena_free(a);
}

static void test_schedule__what_settles_waits_and_nothing_else_does(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	size_t zero[] = { 0 }, one[] = { 1 }, number, after;
	struct step steps[] = { { .depth = 2 }, { .waits = zero, .nwaits = 1, .depth = 1 },
		{ .waits = one, .nwaits = 1, .settles = zero, .nsettles = 1 },
		{ .waits = zero, .nwaits = 1, .settles = zero, .nsettles = 1 } };
	struct schedule *s = schedule_new(a, steps, 4, 10);
	schedule_settle(s, 30);
	assert_int_equal(schedule_wakes(s), -1);
	assert_int_equal(schedule_next(s), 0);
	schedule_at(s, 100);
	schedule_finish(s, 0, STEP_DONE, NULL, NULL);
	assert_int_equal(schedule_next(s), 1);
	assert_int_equal(schedule_next(s), SCHEDULE_NONE);
	assert_true(schedule_settling(s, &number, &after));
	assert_int_equal(number, 3);
	assert_int_equal(after, 0);
	assert_false(schedule_settling(s, &number, &after));
	assert_int_equal(schedule_wakes(s), 130);
	schedule_at(s, 120);
	schedule_finish(s, 1, STEP_DONE, NULL, NULL);
	/* It is the end of 0 that counts, not that of 1. */
	assert_true(schedule_settling(s, &number, &after));
	assert_int_equal(number, 2);
	assert_int_equal(schedule_next(s), SCHEDULE_NONE);
	schedule_at(s, 130);
	assert_int_equal(schedule_wakes(s), -1);
	assert_int_equal(schedule_next(s), 2);
	assert_int_equal(schedule_next(s), 3);
	arena_free(a);
}

static void test_schedule__without_a_time_to_settle_nothing_waits(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	size_t zero[] = { 0 }, number, after;
	struct step steps[] = { { .depth = 1 },
		{ .waits = zero, .nwaits = 1, .settles = zero, .nsettles = 1 } };
	struct schedule *s = schedule_new(a, steps, 2, 10);
	assert_int_equal(schedule_next(s), 0);
	schedule_finish(s, 0, STEP_DONE, NULL, NULL);
	assert_false(schedule_settling(s, &number, &after));
	assert_int_equal(schedule_wakes(s), -1);
	assert_int_equal(schedule_next(s), 1);
	arena_free(a);
}

static void make_random_steps(struct arena *a, struct step *steps, unsigned *seed)
{
	for (size_t i = 0; i < MOST; i++) {
		steps[i] = (struct step){ .number = i, .depth = next_random(seed) % 5 };
		for (size_t w = 0; w < i && steps[i].nwaits < 3; w++)
			if (next_random(seed) % 10 == 0)
				*ARENA_PUSH(a, steps[i].waits, steps[i].nwaits) = w;
		unsigned hold = next_random(seed) % 7;
		*ARENA_PUSH(a, steps[i].holds, steps[i].nholds) = arena_printf(a, "/h%u", hold);
	}
}

static void check_start(const struct schedule *s, const struct step *steps, size_t number)
{
	assert_true(schedule_running(s) <= 4);
	for (size_t w = 0; w < steps[number].nwaits; w++)
		assert_int_equal(schedule_result(s, steps[number].waits[w]), STEP_DONE);
	for (size_t i = 0; i < MOST; i++)
		if (i != number && schedule_result(s, i) == STEP_RUNNING)
			assert_string_not_equal(steps[i].holds[0], steps[number].holds[0]);
}

static void test_schedule__random_graphs_end_whole(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 20; seed++) {
		struct arena *a = arena_new();
		unsigned random = seed;
		struct step steps[MOST];
		make_random_steps(a, steps, &random);
		struct schedule *s = schedule_new(a, steps, MOST, 4);
		size_t running[4] = { 0 }, nrunning = 0;
		do {
			size_t number = SCHEDULE_NONE;
			while ((number = schedule_next(s)) != SCHEDULE_NONE) {
				check_start(s, steps, number);
				running[nrunning++] = number;
			}
			assert_true(nrunning > 0);
			size_t at = next_random(&random) % (nrunning > 0 ? nrunning : 1);
			bool fails = next_random(&random) % 20 == 0;
			schedule_finish(
				s, running[at], fails ? STEP_FAILED : STEP_DONE, NULL, NULL);
			running[at] = running[--nrunning];
		} while (schedule_finished(s) < MOST);
		assert_int_equal(nrunning, 0);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedule__deep_steps_start_first),
		cmocka_unit_test(test_schedule__a_held_id_keeps_others_waiting),
		cmocka_unit_test(test_schedule__what_waits_for_a_failed_step_is_skipped),
		cmocka_unit_test(test_schedule__what_settles_waits_and_nothing_else_does),
		cmocka_unit_test(test_schedule__without_a_time_to_settle_nothing_waits),
		cmocka_unit_test(test_schedule__random_graphs_end_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
