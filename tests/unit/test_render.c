/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/render_table.h"
#include "engine/base/json.h"
#include "engine/base/yaml.h"

/* All that a name of somebody else's can try: a CI command, an escape, a new line, bidi. */
#define HOSTILE "::error::x\x1b[31m\n##vso[task]\xe2\x80\x8e"

static int setup(void **state)
{
	struct buf *out = calloc(1, sizeof *out);
	assert_non_null(out);
	buf_init(out, BUF_OWN_TEXT);
	*state = out;
	return 0;
}

static int teardown(void **state)
{
	buf_release(*state);
	free(*state);
	return 0;
}

static void assert_harmless(const char *text)
{
	assert_null(strstr(text, "::"));
	assert_null(strstr(text, "##"));
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "\xe2\x80\x8e"));
}

static void test_render__columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct buf *out = *state;
	struct arena *a = arena_new();
	struct table table;
	table_init(&table, a, 3);
	table_add_heading(&table, (const char *[]){ "Name", "Prefix", "Kind" });
	table_add(&table, (const char *[]){ "a-long-name", "10.0.0.0/8", "None" }, NULL);
	table_add(&table, (const char *[]){ "b", NULL, "Internet" }, NULL);
	table_add(&table, (const char *[]){ "c", "10.0.0.0/16", "" }, NULL);
	table_render(&table, out, 0, false);
	assert_string_equal(out->data,
		"Name         Prefix       Kind\n"
		"-----------  -----------  --------\n"
		"a-long-name  10.0.0.0/8   None\n"
		"b                         Internet\n"
		"c            10.0.0.0/16\n");
	arena_free(a);
}

static void test_render__a_hostile_cell_stays_in_its_row(void **state)
{
	struct buf *out = *state;
	struct arena *a = arena_new();
	struct table table;
	table_init(&table, a, 2);
	table_add(&table, (const char *[]){ HOSTILE, "x" }, NULL);
	table_render(&table, out, 2, true);
	assert_harmless(out->data);
	assert_ptr_equal(strchr(out->data, '\n'), out->data + out->len - 1);
	arena_free(a);
}

static void test_render__hostile_text_in_json_is_harmless_and_the_same(void **state)
{
	struct buf *out = *state;
	struct arena *a = arena_new();
	char *why = NULL;
	json_auto_t *value = json_pack("{s:s,s:[s,s]}", HOSTILE, "key", "list", HOSTILE, "\x7f:::");
	document_json(out, value);
	assert_harmless(out->data);
	assert_null(strchr(out->data, '\x7f'));
	json_auto_t *again = json_parse(a, out->data, out->len, out->len, &why);
	assert_true(json_equal(value, again));
	arena_free(a);
}

static void test_render__yaml_reads_back_as_it_was(void **state)
{
	struct buf *out = *state;
	struct arena *a = arena_new();
	struct diags diags;
	diags_init(&diags, a);
	json_auto_t *value =
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:b,s:n,s:[],s:{},s:[s,{s:s}],s:s}",
			HOSTILE, HOSTILE, "no", "no", "number", "0x10", "float", "1e3", "empty", "",
			"prefix", "10.0.0.0/8", "count", 3, "flag", 1, "nothing", "none", "nested",
			"list", "a: b", "key", "- c # d", "tilde", "~");
	document_yaml(out, value);
	assert_harmless(out->data);
	struct yaml *yaml = yaml_parse(a, "test", out->data, out->len, &diags);
	assert_non_null(yaml);
	assert_true(json_equal(value, yaml_value(yaml)));
	arena_free(a);
}

static void test_render__an_address_stays_readable(void **state)
{
	struct buf *out = *state;
	json_auto_t *value = json_pack("[s,s]", "fd00:20:0:16::/64", "::1");
	document_inline(out, value);
	assert_string_equal(out->data, "[\"fd00:20:0:16::/64\", \"::1\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_render__columns_are_as_wide_as_their_widest_cell, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_render__a_hostile_cell_stays_in_its_row, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_render__hostile_text_in_json_is_harmless_and_the_same, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			test_render__an_address_stays_readable, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_render__yaml_reads_back_as_it_was, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
