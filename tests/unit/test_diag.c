/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/diag.h"
#include "engine/base/json.h"

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct buf out;
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	f->arena = arena_new();
	diags_init(&f->diags, f->arena);
	buf_init(&f->out, 100000);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	buf_release(&f->out);
	arena_free(f->arena);
	free(f);
	return 0;
}

static const char *rendered(struct fixture *f)
{
	diags_render(&f->diags, &f->out, 0, false);
	return f->out.data;
}

static void test_render__place_excerpt_notes_and_help(void **state)
{
	struct fixture *f = *state;
	struct place at = { .file = "waybill.yaml",
		.line = 14,
		.column = 9,
		.width = 15,
		.excerpt = "        nextHopIpAdress: 10.240.0.20" };
	struct place other = {
		.file = "b.yaml", .line = 100000, .column = 1, .width = 1, .excerpt = "x: 1"
	};
	assert_false(diag_error(&f->diags, at, "unknown-member", "`%s` is not a member of a route",
		"nextHopIpAdress"));
	diag_note(&f->diags, other, "first given here");
	diag_help(&f->diags, "did you mean `nextHopIpAddress`?");
	assert_string_equal(rendered(f),
		"waybill.yaml:14:9: error: `nextHopIpAdress` is not a member of a route "
		"[unknown-member]\n"
		"   14 |         nextHopIpAdress: 10.240.0.20\n"
		"      |         ^~~~~~~~~~~~~~~\n"
		"b.yaml:100000:1: note: first given here\n"
		"100000 | x: 1\n"
		"       | ^\n"
		"help: did you mean `nextHopIpAddress`?\n");
}

static void test_render__caret_stands_under_tabs_marks_and_escapes(void **state)
{
	struct fixture *f = *state;
	struct place at = {
		.file = "a", .line = 1, .column = 6, .width = 2, .excerpt = "\te\xcc\x81\x01:xy"
	};
	diag_warning(&f->diags, at, "c", "t");
	assert_string_equal(rendered(f),
		"a:1:6: warning: t [c]\n"
		"    1 | \te\xcc\x81\\x01:xy\n"
		"      | \t      ^~\n");
	assert_int_equal(f->diags.nerrors, 0);
}

static void test_render__without_a_place(void **state)
{
	struct fixture *f = *state;
	(void)diag_error(&f->diags, PLACE_NONE, "one", "no place");
	(void)diag_error(&f->diags, PLACE_NONE, "two", "of a resource");
	diag_about(&f->diags, "routeTables/t");
	(void)diag_error(&f->diags, (struct place){ .file = "f" }, "three", "of a file");
	assert_string_equal(rendered(f),
		"f: error: of a file [three]\n"
		"routeTables/t: error: of a resource [two]\n"
		"error: no place [one]\n");
}

static void test_render__long_line_is_cut_around_the_column(void **state)
{
	struct fixture *f = *state;
	char line[1001];
	memset(line, 'a', 1000);
	line[1000] = '\0';
	line[500] = 'X';
	struct place at = { .file = "f", .line = 1, .column = 501, .width = 1, .excerpt = line };
	(void)diag_error(&f->diags, at, "c", "t");
	const char *text = strchr(rendered(f), '\n') + 1;
	const char *caret = strchr(text, '\n') + 1;
	assert_true(caret - text < 180);
	assert_int_equal(strchr(text, 'X') - text, strchr(caret, '^') - caret);
}

static void test_render__text_of_others_is_escaped(void **state)
{
	struct fixture *f = *state;
	struct place at = { .file = ":", .line = 1, .column = 1, .excerpt = "::error::x" };
	(void)diag_error(&f->diags, at, "c", "%s", "\n::add-mask::1\x1b[0m");
	diag_help(&f->diags, "##vso[task]");
	const char *text = rendered(f);
	assert_null(strstr(text, "::"));
	assert_null(strstr(text, "##"));
	assert_null(strchr(text, '\x1b'));
	assert_int_equal(strncmp(text, ":\\:1:1: error: \\x0A", 19), 0);
}

static void test_render__most_counts_the_rest(void **state)
{
	struct fixture *f = *state;
	(void)diag_error(&f->diags, PLACE_NONE, "a", "one");
	(void)diag_error(&f->diags, PLACE_NONE, "b", "two");
	(void)diag_error(&f->diags, PLACE_NONE, "c", "three");
	diags_render(&f->diags, &f->out, 1, false);
	assert_string_equal(f->out.data, "error: one [a]\n... and 2 more\n");
}

static void test_sort__by_place_and_once(void **state)
{
	struct fixture *f = *state;
	struct place late = { .file = "a", .line = 10, .column = 1 };
	struct place early = { .file = "a", .line = 9, .column = 2 };
	(void)diag_error(&f->diags, late, "c", "late");
	(void)diag_error(&f->diags, early, "c", "early");
	(void)diag_error(&f->diags, late, "c", "late");
	diags_sort(&f->diags);
	assert_int_equal(f->diags.count, 2);
	assert_int_equal(f->diags.nerrors, 2);
	assert_string_equal(f->diags.items[0].text, "early");
}

static void test_json__terraforms_form_with_our_code(void **state)
{
	struct fixture *f = *state;
	struct place at = { .file = "a", .line = 2, .column = 3, .width = 4 };
	(void)diag_error(&f->diags, at, "c", "bad \xff");
	diag_about(&f->diags, "x/y");
	diag_help(&f->diags, "mend it");
	diag_note(&f->diags, PLACE_NONE, "n");
	json_t *json = arena_json(f->arena, diags_json(&f->diags));
	assert_string_equal(json_canonical(f->arena, json),
		"[{\"address\":\"x/y\",\"code\":\"c\",\"detail\":\"mend it\",\"help\":\"mend it\","
		"\"notes\":[{\"text\":\"n\"}],\"range\":{\"end\":{\"column\":7,\"line\":2},"
		"\"filename\":\"a\",\"start\":{\"column\":3,\"line\":2}},\"severity\":\"error\","
		"\"summary\":\"bad \\\\xFF\"}]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_render__place_excerpt_notes_and_help),
		TEST(test_render__caret_stands_under_tabs_marks_and_escapes),
		TEST(test_render__without_a_place),
		TEST(test_render__long_line_is_cut_around_the_column),
		TEST(test_render__text_of_others_is_escaped),
		TEST(test_render__most_counts_the_rest),
		TEST(test_sort__by_place_and_once),
		TEST(test_json__terraforms_form_with_our_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
