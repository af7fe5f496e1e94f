/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/waybill/options.h"

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct arguments arguments;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	f->arena = arena_new();
	diags_init(&f->diags, f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	arena_free(f->arena);
	free(f);
	return 0;
}

static bool parse(struct fixture *f, const char *const *argv)
{
	return options_parse(f->arena, argv, &f->arguments, &f->diags);
}

static const struct option_value *value(const struct fixture *f, enum option_id id)
{
	return &f->arguments.values[id];
}

static void test_options__every_spelling_of_a_value_is_read(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "-f", "a", "plan", "--file=b", "-file", "c", "-out=p", "-f=d",
		NULL };
	assert_true(parse(f, argv));
	assert_int_equal(value(f, OPTION_FILE)->ntexts, 4);
	assert_string_equal(value(f, OPTION_FILE)->texts[0], "a");
	assert_string_equal(value(f, OPTION_FILE)->texts[1], "b");
	assert_string_equal(value(f, OPTION_FILE)->texts[2], "c");
	assert_string_equal(value(f, OPTION_FILE)->texts[3], "d");
	assert_string_equal(value(f, OPTION_OUT)->text, "p");
	assert_int_equal(f->arguments.nwords, 1);
	assert_string_equal(f->arguments.words[0], "plan");
}

static void test_options__a_switch_takes_no_word(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "apply", "-auto-approve", "file", "--limits=false", NULL };
	assert_true(parse(f, argv));
	assert_true(value(f, OPTION_AUTO_APPROVE)->on);
	assert_true(value(f, OPTION_LIMITS)->given);
	assert_false(value(f, OPTION_LIMITS)->on);
	assert_int_equal(f->arguments.nwords, 2);
	assert_string_equal(f->arguments.words[1], "file");
}

static void test_options__two_dashes_end_them(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "apply", "--", "--json", NULL };
	assert_true(parse(f, argv));
	assert_false(value(f, OPTION_JSON)->given);
	assert_string_equal(f->arguments.words[1], "--json");
}

static void test_options__a_typing_error_is_suggested(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "plan", "--detailed-exit-code", NULL };
	assert_false(parse(f, argv));
	assert_int_equal(f->diags.nerrors, 1);
	assert_string_equal(f->diags.items[0].code, "unknown-option");
	assert_non_null(strstr(f->diags.items[0].help, "--detailed-exitcode"));
}

static void test_options__values_out_of_bounds_are_refused(void **state)
{
	static const char *const wrong[] = { "--parallelism=0", "--parallelism=257",
		"--parallelism=-1", "--parallelism=3x", "--parallelism=99999999999999999999",
		"--lock-timeout=30", "--lock-timeout=25h", "--lock-timeout=s",
		"--max-deletes=", "--log-level=tex", "--json=maybe", "--state=", "--out" };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct fixture *f = *state;
		size_t before = f->diags.nerrors;
		const char *argv[] = { wrong[i], NULL };
		assert_false(parse(f, argv));
		assert_int_equal(f->diags.nerrors, before + 1);
		assert_string_equal(f->diags.items[before].code, "option-value");
	}
}

static void test_options__durations_have_units(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "--lock-timeout", "2m", NULL };
	assert_true(parse(f, argv));
	assert_int_equal(value(f, OPTION_LOCK_TIMEOUT)->number, 120000);
}

static void test_options__the_command_line_wins_over_the_variable(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "--state=mine.db", NULL };
	uint64_t allowed =
		OPTION_BIT(OPTION_STATE) | OPTION_BIT(OPTION_CLOUD) | OPTION_BIT(OPTION_VAR_FILE);
	assert_int_equal(setenv("WAYBILL_STATE", "other.db", 1), 0);
	assert_int_equal(setenv("WAYBILL_CLOUD", "china", 1), 0);
	assert_int_equal(setenv("WAYBILL_VAR_FILE", "a.yaml\nb.yaml\n", 1), 0);
	assert_true(parse(f, argv));
	assert_true(options_settle(f->arena, &f->arguments, allowed, NULL, "plan", &f->diags));
	assert_string_equal(value(f, OPTION_STATE)->text, "mine.db");
	assert_string_equal(value(f, OPTION_CLOUD)->text, "china");
	assert_int_equal(value(f, OPTION_VAR_FILE)->ntexts, 2);
	assert_string_equal(value(f, OPTION_VAR_FILE)->texts[1], "b.yaml");
	assert_int_equal(unsetenv("WAYBILL_STATE"), 0);
	assert_int_equal(unsetenv("WAYBILL_CLOUD"), 0);
	assert_int_equal(unsetenv("WAYBILL_VAR_FILE"), 0);
}

static void test_options__an_option_of_another_command_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "--merged", NULL };
	assert_true(parse(f, argv));
	assert_false(options_settle(
		f->arena, &f->arguments, OPTION_BIT(OPTION_STATE), NULL, "plan", &f->diags));
	assert_string_equal(f->diags.items[0].code, "unknown-option");
}

static void test_options__a_command_has_formats_of_its_own(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "--format=svg", NULL };
	uint64_t allowed = OPTION_BIT(OPTION_FORMAT);
	assert_true(parse(f, argv));
	assert_true(options_settle(
		f->arena, &f->arguments, allowed, "text dot svg", "graph", &f->diags));
	assert_false(
		options_settle(f->arena, &f->arguments, allowed, "text json", "plan", &f->diags));
	assert_string_equal(f->diags.items[0].code, "option-value");
	assert_non_null(strstr(f->diags.items[0].help, "text json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_options__every_spelling_of_a_value_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_options__a_switch_takes_no_word, setup, teardown),
		cmocka_unit_test_setup_teardown(test_options__two_dashes_end_them, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_options__a_typing_error_is_suggested, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_options__a_command_has_formats_of_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_options__values_out_of_bounds_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_options__durations_have_units, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_options__the_command_line_wins_over_the_variable, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_options__an_option_of_another_command_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
