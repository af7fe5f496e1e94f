/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static void test_escape__nothing_hides_or_breaks_the_line(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{ "plain \xc3\xa9 text", "plain \xc3\xa9 text" },
		{ "a\nb\r\tc\x1b[31m\x7f", "a\\x0Ab\\x0D\\x09c\\x1B[31m\\x7F" },
		{ "\xc2\x85\xe2\x80\xa8\xe2\x80\xa9", "\\u{0085}\\u{2028}\\u{2029}" },
		{ "\xe2\x80\xae\xe2\x80\xac\xe2\x81\xa6\xe2\x81\xa9",
			"\\u{202E}\\u{202C}\\u{2066}\\u{2069}" },
		{ "\xe2\x80\x8b\xef\xbb\xbf", "\\u{200B}\\u{FEFF}" },
		{ "\xff\xc0\xaf\xed\xa0\x80", "\\xFF\\xC0\\xAF\\xED\\xA0\\x80" },
		{ "\xe2\x80", "\\xE2\\x80" },
		{ "\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(text_escaped(*state, cases[i].text), cases[i].escaped);
}

static void test_escape__no_ci_command_survives(void **state)
{
	assert_string_equal(text_escaped(*state, "::error::x"), ":\\:error:\\:x");
	assert_string_equal(text_escaped(*state, ":::"), ":\\:\\:");
	assert_string_equal(text_escaped(*state, "##vso[x]##[y]"), "#\\#vso[x]#\\#[y]");
	assert_string_equal(text_escaped(*state, "::add-mask::1"), ":\\:add-mask:\\:1");
	assert_string_equal(text_escaped(*state, "::debug::1"), ":\\:debug:\\:1");
}

static void test_escape__a_pair_across_two_calls_is_broken_too(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 100);
	text_escape(&b, "a:", true);
	text_escape(&b, ":b\t", true);
	assert_string_equal(b.data, "a:\\:b\t");
	buf_release(&b);
}

static void test_escape__an_ipv6_address_stays_readable(void **state)
{
	static const char *const kept[] = { "fd00:10::/64", "route to `::/0`", "[fd00::1]", "::1",
		"a (fd00::ff, fd00::2)" };
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		assert_string_equal(text_escaped(*state, kept[i]), kept[i]);
	assert_string_equal(text_escaped(*state, "fd00::1::2"), "fd00:\\:1:\\:2");
	assert_string_equal(text_escaped(*state, "xfd00::1"), "xfd00:\\:1");
}

static void test_case__ascii_only(void **state)
{
	assert_true(text_same_nocase("Microsoft.Network", "MICROSOFT.network"));
	assert_false(text_same_nocase("\xc3\x89", "\xc3\xa9"));
	assert_false(text_same_nocase("ab", "abc"));
	assert_true(text_compare_nocase("a", "B") < 0);
	assert_true(text_compare_nocase("\xc3", "z") > 0);
	assert_string_equal(text_lower(*state, "AbZ\xc3\x89"), "abz\xc3\x89");
	assert_true(text_starts_nocase("Providers/x", "pROV"));
	assert_false(text_starts_nocase("pro", "prov"));
}

static void test_nearest__a_typing_error_and_nothing_else(void **state)
{
	(void)state;
	static const char *const words[] = { "nextHopType", "nextHopIpAddress", "tags", "id" };
	const size_t n = ARRAY_LEN(words);
	assert_string_equal(text_nearest("nextHopIpAdress", words, n), "nextHopIpAddress");
	assert_string_equal(text_nearest("NEXTHOPTYPE", words, n), "nextHopType");
	assert_string_equal(text_nearest("tgas", words, n), "tags");
	assert_null(text_nearest("location", words, n));
	assert_null(text_nearest("x", words, n));
	assert_null(text_nearest("tag", words, 0));
	char *longer = arena_alloc(*state, 1000);
	memset(longer, 'x', 999);
	assert_null(text_nearest(longer, words, n));
}

static void test_nearest__an_address_by_its_last_part(void **state)
{
	(void)state;
	static const char *const words[] = { "tables/a", "tables/a/routes/b", "nets/c", "c" };
	const size_t n = ARRAY_LEN(words);
	assert_string_equal(text_nearest_address("A", words, n), "tables/a");
	assert_string_equal(text_nearest_address("b", words, n), "tables/a/routes/b");
	assert_string_equal(text_nearest_address("tables.a", words, n), "tables/a");
	static const char *const twice[] = { "tables/a", "nets/a" };
	assert_null(text_nearest_address("a", twice, ARRAY_LEN(twice)));
}

static void test_columns__combining_marks_take_none(void **state)
{
	(void)state;
	assert_int_equal(text_columns("e\xcc\x81\xc3\xa9"), 2);
	assert_int_equal(text_columns("\xff\xff"), 2);
}

static void test_read_file__says_why_it_cannot(void **state)
{
	(void)state;
	size_t len = 0;
	errno = 0;
	assert_null(text_read_file("/nonexistent/file", 10, &len));
	assert_int_equal(errno, ENOENT);
	assert_null(text_read_file("/dev/zero", 100000, &len));
	assert_int_equal(errno, EFBIG);
	assert_null(text_read_file("/", 10, &len));
	assert_int_equal(errno, EISDIR);
	char *empty = text_read_file("/dev/null", 10, &len);
	assert_non_null(empty);
	assert_int_equal(len, 0);
	free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape__nothing_hides_or_breaks_the_line),
		cmocka_unit_test(test_escape__no_ci_command_survives),
		cmocka_unit_test(test_escape__a_pair_across_two_calls_is_broken_too),
		cmocka_unit_test(test_escape__an_ipv6_address_stays_readable),
		cmocka_unit_test(test_case__ascii_only),
		cmocka_unit_test(test_nearest__a_typing_error_and_nothing_else),
		cmocka_unit_test(test_nearest__an_address_by_its_last_part),
		cmocka_unit_test(test_columns__combining_marks_take_none),
		cmocka_unit_test(test_read_file__says_why_it_cannot),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
