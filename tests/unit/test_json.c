/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"

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

static json_t *parse(struct arena *a, const char *text)
{
	char *why = NULL;
	return arena_json(a, json_parse(a, text, strlen(text), 1000, &why));
}

static void test_pointer__token_with_slash_and_tilde_comes_back(void **state)
{
	struct arena *a = *state;
	char *pointer = pointer_add(a, pointer_add_index(a, "/list", 3), "a/b~c");
	assert_string_equal(pointer, "/list/3/a~1b~0c");
	assert_string_equal(pointer_last(a, pointer), "a/b~c");
	assert_string_equal(pointer_parent(a, pointer), "/list/3");
	assert_null(pointer_last(a, ""));
	assert_null(pointer_parent(a, ""));
	const char *rest = "/x//y";
	assert_string_equal(pointer_next(a, &rest), "x");
	assert_string_equal(pointer_next(a, &rest), "");
	assert_string_equal(pointer_next(a, &rest), "y");
	assert_null(pointer_next(a, &rest));
}

static void test_json_at__walks_objects_and_arrays(void **state)
{
	json_t *root = parse(*state, "{\"a/b\": [{\"c\": \"x\"}, 5], \"0\": {\"\": \"e\"}}");
	assert_string_equal(json_text_at(root, "/a~1b/0/c"), "x");
	assert_string_equal(json_text_at(root, "/0/"), "e");
	assert_ptr_equal(json_at(root, ""), root);
	assert_int_equal(json_integer_value(json_at(root, "/a~1b/1")), 5);
	assert_null(json_text_at(root, "/a~1b/1"));
	assert_null(json_at(root, "/a~1b/01"));
	assert_null(json_at(root, "/a~1b/2"));
	assert_null(json_at(root, "/a~1b/-1"));
	assert_null(json_at(root, "/a~1b/1/z"));
	assert_null(json_at(root, "a"));
}

static void test_json_put__makes_objects_on_the_way_but_no_items(void **state)
{
	json_t *root = parse(*state, "{\"list\": [1, {\"x\": 2}], \"text\": \"t\"}");
	assert_true(json_put(root, "/new/deep", json_integer(1)));
	assert_true(json_put(root, "/list/0", json_integer(7)));
	assert_true(json_put(root, "/list/1/y", json_null()));
	assert_false(json_put(root, "/list/2", json_null()));
	assert_false(json_put(root, "/text/x", json_null()));
	assert_false(json_put(root, "", json_null()));
	assert_string_equal(json_canonical(*state, root),
		"{\"list\":[7,{\"x\":2,\"y\":null}],\"new\":{\"deep\":1},\"text\":\"t\"}");
}

static void test_json_drop__removes_members_only(void **state)
{
	json_t *root = parse(*state, "{\"a\": {\"b\": 1, \"c~\": 2}, \"list\": [1]}");
	json_drop(root, "/a/c~0");
	json_drop(root, "/a/absent");
	json_drop(root, "/absent/b");
	json_drop(root, "/list/0");
	assert_string_equal(json_canonical(*state, root), "{\"a\":{\"b\":1},\"list\":[1]}");
}

static void test_json_canonical__is_the_same_for_equal_values(void **state)
{
	json_t *one = parse(*state, "{\"b\": 0.1, \"B\": [1.0, 1], \"a\": \"\\u00e9\"}");
	assert_string_equal(json_canonical(*state, one),
		"{\"B\":[1.0,1],\"a\":\"\xc3\xa9\",\"b\":0.10000000000000001}");
	assert_string_equal(json_canonical(*state, parse(*state, "\"x\"")), "\"x\"");
}

static void test_json_parse__refuses_what_is_large_deep_double_or_broken(void **state)
{
	static const char *const broken[] = { "", "{\"a\":1,\"a\":2}", "[1] x", "\"\\u0000\"",
		"\"\xff\"", "{" };
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		char *why = NULL;
		assert_null(json_parse(*state, broken[i], strlen(broken[i]), 1000, &why));
		assert_non_null(why);
	}
	char *why = NULL;
	assert_null(json_parse(*state, "[1, 2]", 6, 5, &why));
	assert_string_equal(why, "larger than 5 bytes");
	char deep[5000];
	memset(deep, '[', sizeof deep);
	assert_null(json_parse(*state, deep, sizeof deep, sizeof deep, &why));
}

static void test_sha256__is_the_published_one(void **state)
{
	assert_string_equal(sha256_hex(*state, "abc", 3),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_json_is_text__compares_with_the_canonical_one(void **state)
{
	static const char text[] = "{\"a\":[1,\"x\"],\"b\":{}}";
	json_t *value = parse(*state, "{\"b\": {}, \"a\": [1, \"x\"]}");
	assert_true(json_is_text(value, text, strlen(text)));
	assert_false(json_is_text(value, text, strlen(text) - 1));
	assert_false(json_is_text(value, "{\"a\":[1,\"y\"],\"b\":{}}", strlen(text)));
	char of_512[513];
	memset(of_512, 'x', sizeof of_512);
	of_512[0] = of_512[511] = of_512[512] = '"';
	json_t *short_one = arena_json(*state, json_stringn(of_512 + 1, 510));
	json_t *long_one = arena_json(*state, json_stringn(of_512 + 1, 511));
	assert_true(json_is_text(short_one, of_512, 512));
	assert_false(json_is_text(long_one, of_512, 513));
}

static void test_json_is_text__is_of_objects_of_texts_too(void **state)
{
	static const struct {
		const char *value, *text;
		bool same;
	} cases[] = {
		{ "{\"a\":{\"b\":\"x\",\"c\":\"\"}}", "{\"a\":{\"b\":\"x\",\"c\":\"\"}}", true },
		{ "{\"b\":\"x\",\"a\":\"y\"}", "{\"a\":\"y\",\"b\":\"x\"}", true },
		{ "{\"b\":\"x\",\"a\":\"y\"}", "{\"b\":\"x\",\"a\":\"y\"}", false },
		{ "{\"a\":\"x\\n\\\"\"}", "{\"a\":\"x\\n\\\"\"}", true },
		{ "{\"a\":\"\u00e9\"}", "{\"a\":\"\u00e9\"}", true },
		{ "{\"a\\n\":\"x\"}", "{\"a\\n\":\"x\"}", true },
		{ "{\"a\":\"x\"}", "{\"a\":\"y\"}", false },
		{ "{\"a\":\"x\"}", "{\"a\":\"x\"", false },
		{ "{\"a\":\"x\"}", "{\"a\":\"x\"}}", false },
		{ "{\"a\":\"x\"}", "{\"a\":\"x\",\"b\":\"y\"}", false },
		{ "{\"a\":\"x\",\"b\":\"y\"}", "{\"a\":\"x\"}", false },
		{ "{}", "", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(json_is_text(parse(*state, cases[i].value), cases[i].text,
					 strlen(cases[i].text)),
			cases[i].same);
}

static void test_uuid__has_its_form_and_differs(void **state)
{
	(void)state;
	char one[37], two[37];
	uuid_random(one);
	uuid_random(two);
	assert_int_equal(strlen(one), 36);
	assert_int_equal(one[14], '4');
	assert_non_null(strchr("89ab", one[19]));
	assert_int_equal(strspn(one, "0123456789abcdef-"), 36);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointer__token_with_slash_and_tilde_comes_back),
		cmocka_unit_test(test_json_at__walks_objects_and_arrays),
		cmocka_unit_test(test_json_put__makes_objects_on_the_way_but_no_items),
		cmocka_unit_test(test_json_drop__removes_members_only),
		cmocka_unit_test(test_json_canonical__is_the_same_for_equal_values),
		cmocka_unit_test(test_json_parse__refuses_what_is_large_deep_double_or_broken),
		cmocka_unit_test(test_sha256__is_the_published_one),
		cmocka_unit_test(test_json_is_text__compares_with_the_canonical_one),
		cmocka_unit_test(test_json_is_text__is_of_objects_of_texts_too),
		cmocka_unit_test(test_uuid__has_its_form_and_differs),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
