/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/yaml.h"

struct fixture {
	struct arena *arena;
	struct diags diags;
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	f->arena = arena_new();
	diags_init(&f->diags, f->arena);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	arena_free(f->arena);
	free(f);
	return 0;
}

static struct yaml *parse(struct fixture *f, const char *text)
{
	diags_init(&f->diags, f->arena);
	struct yaml *y = yaml_parse(f->arena, "f.yaml", text, strlen(text), &f->diags);
	assert_true((y == NULL) == (f->diags.nerrors > 0));
	return y;
}

static void assert_value(struct fixture *f, const char *text, const char *json)
{
	struct yaml *y = parse(f, text);
	assert_non_null(y);
	assert_string_equal(json_canonical(f->arena, yaml_value(y)), json);
}

/* The first error has this code and place. */
static const struct diag *assert_error(
	struct fixture *f, const char *text, const char *code, size_t line, size_t column)
{
	assert_null(parse(f, text));
	const struct diag *diag = &f->diags.items[0];
	assert_string_equal(diag->code, code);
	assert_int_equal(diag->at.line, line);
	assert_int_equal(diag->at.column, column);
	return diag;
}

static void assert_place(
	const struct yaml *y, const char *pointer, enum yaml_side side, const size_t want[3])
{
	struct place at = yaml_place(y, pointer, side);
	assert_string_equal(at.file, "f.yaml");
	assert_int_equal(at.line, want[0]);
	assert_int_equal(at.column, want[1]);
	assert_int_equal(at.width, want[2]);
}

#define PLACE(y, pointer, side, ...) assert_place(y, pointer, side, (size_t[]){ __VA_ARGS__ })

static void test_scalar__yaml_1_2_core(void **state)
{
	assert_value(*state, "[no, yes, ~, null, Null, NULL, true, FALSE]",
		"[\"no\",\"yes\",null,null,null,null,true,false]");
}

static void test_scalar__numbers(void **state)
{
	assert_value(*state, "[0o14, 0x1F, 007, -0, +7, 0o9, -0x1, 1_000, 1e, ., 1.2.3]",
		"[12,31,7,0,7,\"0o9\",\"-0x1\",\"1_000\",\"1e\",\".\",\"1.2.3\"]");
	assert_value(*state, "[.5, 1., -1e3, 9223372036854775807, 9223372036854775808]",
		"[0.5,1.0,-1000.0,9223372036854775807,9.2233720368547758e18]");
	assert_error(*state, "a: .inf", "not-a-number", 1, 4);
	assert_error(*state, "a: -.Inf", "not-a-number", 1, 4);
	assert_error(*state, "a: .nan", "not-a-number", 1, 4);
	assert_error(*state, "a: 1e999", "not-a-number", 1, 4);
	assert_value(*state, "-.nan", "\"-.nan\"");
}

static void test_scalar__quotes_and_tags_decide(void **state)
{
	assert_value(*state, "['1', \"true\", !!str 1, ! 1, !!int '1', !!float 1, !!null '']",
		"[\"1\",\"true\",\"1\",\"1\",1,1.0,null]");
	assert_value(*state, "!!map {a: !!seq [1]}", "{\"a\":[1]}");
	assert_error(*state, "a: !Ref x", "unknown-tag", 1, 4);
	assert_error(*state, "a: !!seq {}", "unknown-tag", 1, 4);
	assert_error(*state, "a: !!timestamp x", "unknown-tag", 1, 4);
	assert_error(*state, "a: !!int x", "yaml-syntax", 1, 4);
}

static void test_document__one_or_none(void **state)
{
	assert_value(*state, "", "null");
	assert_value(*state, "# only a comment\n", "null");
	assert_value(*state, "---\na: 1\n...\n", "{\"a\":1}");
	assert_error(*state, "a: 1\n---\nb: 2\n", "yaml-multiple-documents", 2, 1);
}

static void test_key__what_it_may_be(void **state)
{
	assert_value(*state, "{1: a, true: b, '<<': c, \"\": d}",
		"{\"\":\"d\",\"1\":\"a\",\"<<\":\"c\",\"true\":\"b\"}");
	assert_error(*state, "? [x]\n: 1\n", "yaml-key", 1, 3);
	assert_error(*state, "?\n: 1\n", "yaml-key", 1, 2);
	assert_error(*state, "a: &a x\n*a : 1\n", "yaml-key", 2, 1);
	assert_error(*state, "a: {<<: {}}\n", "merge-key", 1, 5);
	assert_error(*state, "\"a\\0b\": 1\n", "yaml-syntax", 1, 1);
	assert_error(*state, "a: \"\\0\"\n", "yaml-syntax", 1, 4);
}

static void test_duplicate__all_are_told_with_both_places(void **state)
{
	struct fixture *f = *state;
	const struct diag *diag =
		assert_error(f, "a: 1\nb: {x: 1, x: 2}\na: 3\n", "duplicate-key", 2, 11);
	assert_int_equal(f->diags.count, 2);
	assert_int_equal(diag->nnotes, 1);
	assert_int_equal(diag->notes[0].at.line, 2);
	assert_int_equal(diag->notes[0].at.column, 5);
	assert_int_equal(diag[1].at.line, 3);
	assert_int_equal(diag[1].notes[0].at.line, 1);
}

static void test_alias__is_a_copy_within_bounds(void **state)
{
	struct fixture *f = *state;
	assert_value(f, "a: &x {k: [1]}\nb: *x\n", "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]}}");
	assert_value(f, "&k key: 1\nb: *k\n", "{\"b\":\"key\",\"key\":1}");
	assert_value(f, "a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}");
	assert_error(f, "a: &x [*x]\n", "yaml-alias", 1, 8);
	assert_error(f, "a: *y\n", "yaml-alias", 1, 4);
	struct yaml *y = parse(f, "a: &x {k: [1]}\nb: *x\n");
	assert_true(yaml_has(y, "/b/k/0"));
	PLACE(y, "/b/k/0", YAML_VALUE, 2, 4, 2);
}

static void test_alias__a_bomb_of_values_or_bytes_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf b;
	buf_init(&b, BUF_OWN_TEXT);
	(void)buf_puts(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 20; i++)
		(void)buf_printf(
			&b, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1);
	assert_null(parse(f, b.data));
	assert_string_equal(f->diags.items[0].code, "yaml-alias");
	buf_clear(&b);
	(void)buf_puts(&b, "a: &a ");
	for (size_t i = 0; i < 1000000; i++)
		(void)buf_putc(&b, 'x');
	for (int i = 0; i < 100; i++)
		(void)buf_printf(&b, "\nb%d: *a", i);
	assert_null(parse(f, b.data));
	assert_string_equal(f->diags.items[0].code, "yaml-alias");
	buf_release(&b);
}

static void test_depth__is_bounded_with_and_without_aliases(void **state)
{
	struct fixture *f = *state;
	struct buf b;
	buf_init(&b, BUF_OWN_TEXT);
	for (int i = 0; i < 100000; i++)
		(void)buf_putc(&b, '[');
	assert_error(f, b.data, "yaml-depth", 1, YAML_DEPTH + 1);
	buf_clear(&b);
	(void)buf_puts(&b, "- &a0 [x]\n");
	for (int i = 1; i < 100; i++)
		(void)buf_printf(&b, "- &a%d [*a%d]\n", i, i - 1);
	assert_error(f, b.data, "yaml-depth", 64, 9);
	buf_clear(&b);
	for (int i = 0; i < YAML_DEPTH; i++)
		(void)buf_puts(&b, "- ");
	assert_non_null(parse(f, b.data));
	buf_release(&b);
}

static void test_size__is_bounded(void **state)
{
	struct fixture *f = *state;
	assert_null(yaml_parse(f->arena, "f", "", YAML_BYTES + 1, &f->diags));
	assert_string_equal(f->diags.items[0].code, "file-too-large");
	assert_null(yaml_load(f->arena, "/nonexistent/file", &f->diags));
	assert_string_equal(f->diags.items[1].code, "file-unreadable");
}

static void test_values__a_bounded_number(void **state)
{
	struct fixture *f = *state;
	struct buf b;
	buf_init(&b, BUF_OWN_TEXT);
	(void)buf_putc(&b, '[');
	for (size_t i = 0; i < YAML_NODES; i++)
		(void)buf_puts(&b, "~,");
	(void)buf_putc(&b, ']');
	assert_error(f, b.data, "file-too-large", 1, 2 * YAML_NODES);
	buf_release(&b);
}

static void test_errors__a_bounded_number(void **state)
{
	struct fixture *f = *state;
	struct buf b;
	buf_init(&b, BUF_OWN_TEXT);
	for (int i = 0; i < 1000; i++)
		(void)buf_puts(&b, "a: 1\n");
	assert_null(parse(f, b.data));
	assert_int_equal(f->diags.nerrors, 100);
	buf_release(&b);
}

static void test_syntax__says_where_and_helps(void **state)
{
	struct fixture *f = *state;
	const char *quote = "in flow style `${...}` must be quoted: \"${...}\"";
	const struct diag *diag = assert_error(f, "a: {b: ${var.x | slug}}\n", "yaml-syntax", 1, 9);
	assert_string_equal(diag->help, quote);
	diag = assert_error(f, "a: [\n  ${x}]\n", "yaml-syntax", 2, 4);
	assert_string_equal(diag->help, quote);
	diag = assert_error(f, "a: ${x}\nb: [1 2\n", "yaml-syntax", 3, 1);
	assert_string_not_equal(diag->help, quote);
	diag = assert_error(f, "a:\n\t- b\n", "yaml-syntax", 2, 1);
	assert_non_null(diag->help);
	assert_error(f, "a: 1\nb: \xc3\xa9\xff\n", "yaml-syntax", 2, 5);
	assert_error(f, "a: \xe4\xbe:\n", "yaml-syntax", 1, 4);
	diag = assert_error(f,
		"\xff\xfe"
		"a",
		"yaml-syntax", 1, 1);
	assert_string_equal(diag->help, "save it as UTF-8");
	assert_error(f, "a: \x01\n", "yaml-syntax", 1, 4);
}

static void test_place__keys_values_and_items(void **state)
{
	struct yaml *y = parse(*state,
		"top:\n  name: value\n  list:\n    - 10.0.0.0/8\n"
		"    - {a/b: \"q\"}\n  text: |\n    long\n");
	PLACE(y, "", YAML_VALUE, 1, 1, 1);
	PLACE(y, "/top", YAML_KEY, 1, 1, 3);
	PLACE(y, "/top", YAML_VALUE, 2, 3, 1);
	PLACE(y, "/top/name", YAML_KEY, 2, 3, 4);
	PLACE(y, "/top/name", YAML_VALUE, 2, 9, 5);
	PLACE(y, "/top/list/0", YAML_KEY, 4, 7, 10);
	PLACE(y, "/top/list/1/a~1b", YAML_KEY, 5, 8, 3);
	PLACE(y, "/top/list/1/a~1b", YAML_VALUE, 5, 13, 3);
	PLACE(y, "/top/text", YAML_VALUE, 6, 9, 1);
	assert_string_equal(yaml_place(y, "/top/name", YAML_KEY).excerpt, "  name: value");
}

static void test_place__absent_is_the_nearest_ancestor(void **state)
{
	struct yaml *y = parse(*state, "a:\n  b: 1\n  c: [1]\n");
	PLACE(y, "/a/x/y", YAML_KEY, 1, 1, 1);
	PLACE(y, "/a/c/7", YAML_KEY, 3, 3, 1);
	PLACE(y, "/a/c/00", YAML_KEY, 3, 3, 1);
	PLACE(y, "/a/b/z", YAML_VALUE, 2, 6, 1);
	assert_true(yaml_has(y, "/a/b"));
	assert_false(yaml_has(y, "/a/x"));
}

static void test_place__columns_are_characters_and_lines_end_in_three_ways(void **state)
{
	struct yaml *y = parse(*state,
		"\xef\xbb\xbf"
		"\xc3\xa9\xc3\xa9: \xf0\x9f\x9a\x80 # x\r\n"
		"b:\tc\r"
		"d: \"e\" \n"
		"f: e\xcc\x81\n");
	assert_non_null(y);
	PLACE(y, "/\xc3\xa9\xc3\xa9", YAML_KEY, 1, 1, 2);
	PLACE(y, "/\xc3\xa9\xc3\xa9", YAML_VALUE, 1, 5, 1);
	PLACE(y, "/b", YAML_VALUE, 2, 4, 1);
	PLACE(y, "/d", YAML_VALUE, 3, 4, 3);
	PLACE(y, "/f", YAML_VALUE, 4, 4, 2);
	assert_string_equal(yaml_place(y, "/b", YAML_KEY).excerpt, "b:\tc");
	assert_string_equal(yaml_place(y, "/f", YAML_KEY).excerpt, "f: e\xcc\x81");
}

static void test_syntax__breaks_of_yaml_1_1_are_refused(void **state)
{
	assert_error(*state, "a: b\n# c\xe2\x80\xa8\x64: e\n", "yaml-syntax", 2, 4);
	assert_error(*state, "\xc3\xa9: \xc2\x85\n", "yaml-syntax", 1, 4);
	assert_error(*state, "a: '\xe2\x80\xa9'", "yaml-syntax", 1, 5);
	assert_value(*state, "\"\\L\\P\\N\xe2\x80\xa0\"",
		"\"\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\xe2\x80\xa0\"");
}

/* Where `part` of the value at /a is said to stand. */
static void assert_within(
	struct fixture *f, const char *text, const char *part, const size_t want[3])
{
	struct yaml *y = parse(f, text);
	assert_non_null(y);
	const char *value = json_string_value(json_object_get(yaml_value(y), "a"));
	const char *found = strstr(value, part);
	assert_non_null(found);
	struct place at = yaml_place_within(
		y, yaml_place(y, "/a", YAML_VALUE), value, (size_t)(found - value), strlen(part));
	assert_int_equal(at.line, want[0]);
	assert_int_equal(at.column, want[1]);
	assert_int_equal(at.width, want[2]);
}

#define WITHIN(f, text, part, ...) assert_within(f, text, part, (size_t[]){ __VA_ARGS__ })

static void test_within__in_every_style(void **state)
{
	struct fixture *f = *state;
	WITHIN(f, "a: one two", "two", 1, 8, 3);
	WITHIN(f, "a: &x !!str\n  one two", "two", 2, 7, 3);
	WITHIN(f, "a: one\n\n  two three", "three", 3, 7, 5);
	WITHIN(f, "a: one\n  two", "one two", 1, 4, 3);
	WITHIN(f, "a: 'it''s two'", "two", 1, 11, 3);
	WITHIN(f, "a: \"\\x41\\u00e9\\U0001F600 two\"", "two", 1, 26, 3);
	WITHIN(f, "a: \"on\\\n  e two\"", "two", 2, 5, 3);
	WITHIN(f, "a: \"\\\"two\\\"\"", "\"two", 1, 5, 5);
	WITHIN(f, "a: |2- # c\r\n    one\r\n\r\n  two\r\n", "two", 4, 3, 3);
	WITHIN(f, "a: >\n  one\n  two\n\n    three\n  four\n", "four", 6, 3, 4);
	WITHIN(f, "a: e\xcc\x81\xf0\x9f\x98\x80 two", "two", 1, 8, 3);
}

static void test_within__the_whole_where_it_cannot_be_told(void **state)
{
	struct fixture *f = *state;
	WITHIN(f, "b: &x one two\na: *x", "two", 2, 4, 2);
	WITHIN(f, "b: &x one two\na: *x", "one", 2, 4, 2);
	struct yaml *y = parse(f, "a: one");
	struct place whole = yaml_place(y, "/a", YAML_VALUE);
	assert_int_equal(yaml_place_within(y, whole, "one", 4, 0).column, 4);
	assert_int_equal(yaml_place_within(y, whole, "one", 2, 2).column, 4);
	assert_int_equal(yaml_place_within(y, whole, "ono", 2, 1).column, 4);
	assert_int_equal(yaml_place_within(y, PLACE_NONE, "one", 0, 1).line, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_scalar__yaml_1_2_core),
		TEST(test_scalar__numbers),
		TEST(test_scalar__quotes_and_tags_decide),
		TEST(test_document__one_or_none),
		TEST(test_key__what_it_may_be),
		TEST(test_duplicate__all_are_told_with_both_places),
		TEST(test_alias__is_a_copy_within_bounds),
		TEST(test_alias__a_bomb_of_values_or_bytes_is_refused),
		TEST(test_depth__is_bounded_with_and_without_aliases),
		TEST(test_size__is_bounded),
		TEST(test_values__a_bounded_number),
		TEST(test_errors__a_bounded_number),
		TEST(test_syntax__says_where_and_helps),
		TEST(test_place__keys_values_and_items),
		TEST(test_place__absent_is_the_nearest_ancestor),
		TEST(test_place__columns_are_characters_and_lines_end_in_three_ways),
		TEST(test_syntax__breaks_of_yaml_1_1_are_refused),
		TEST(test_within__in_every_style),
		TEST(test_within__the_whole_where_it_cannot_be_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
