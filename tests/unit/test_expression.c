/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/expression.h"

static struct arena *arena;

/* a.text, a.number, a.list, a.null, "a.b".c; gone.*: missing; later.*: unknown. */
static enum expression_result lookup(void *context, const struct expression_path *path,
	json_t **value_new, struct expression_failure *failure)
{
	(void)context;
	if (strcmp(path->segments[0], "later") == 0)
		return EXPRESSION_UNKNOWN;
	json_auto_t *values = json_pack("{s:{s:s, s:i, s:[s], s:n}, s:{s:s}}", "a", "text",
		"Kube_1.Node", "number", 7, "list", "x", "null", "a.b", "c", "dotted");
	const json_t *at = values;
	for (size_t i = 0; i < path->nsegments; i++)
		at = json_object_get(at, path->segments[i]);
	*value_new = json_incref((json_t *)at);
	*failure = (struct expression_failure){
		.code = "missing", .text = "nothing", .offset = path->offset, .length = path->length
	};
	return at ? EXPRESSION_VALUE : EXPRESSION_MISSING;
}

/* The value as JSON, "unknown", or the code and offset of the failure. */
static const char *evaluate(const char *text)
{
	struct expression_failure failure = { 0 };
	const struct text_template *t = template_parse(arena, text, &failure);
	json_t *value = NULL;
	enum expression_result result = EXPRESSION_FAILED;
	if (t)
		result = template_evaluate(arena, t, lookup, NULL, &value, &failure);
	if (result == EXPRESSION_FAILED)
		return arena_printf(
			arena, "%s@%zu+%zu", failure.code, failure.offset, failure.length);
	if (result == EXPRESSION_UNKNOWN)
		return "unknown";
	return json_canonical(arena, arena_json(arena, value));
}

struct example {
	const char *text, *result;
};

static void check(const struct example *examples, size_t count)
{
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++) {
		const char *got = evaluate(examples[i].text);
		if (strcmp(got, examples[i].result) == 0)
			continue;
		wrong++;
		print_error("%s\n  wanted %s\n  got    %s\n", examples[i].text, examples[i].result,
			got);
	}
	assert_int_equal(wrong, 0);
}

static void test_template__values_keep_their_type_or_become_text(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "", "\"\"" },
		{ "plain $ {text}", "\"plain $ {text}\"" },
		{ "${a.number}", "7" },
		{ "${a.list}", "[\"x\"]" },
		{ "n${a.number}", "\"n7\"" },
		{ "${a.text}${a.number}!", "\"Kube_1.Node7!\"" },
		{ "${ a.text }", "\"Kube_1.Node\"" },
		{ "${[\"a.b\"].c}", "bad-expression@2+1" },
		{ "${a[\"text\"]}", "\"Kube_1.Node\"" },
		{ "$${a.text}", "\"${a.text}\"" },
		{ "$$${a.text}", "\"$${a.text}\"" },
		{ "${later.x}", "unknown" },
		{ "a ${later.x | upper}", "unknown" },
		{ "x${a.list}", "expression-type@3+6" },
		{ "x${a.null}", "expression-type@3+6" },
		{ "x${gone.y}", "missing@3+6" },
	};
	check(examples, ARRAY_LEN(examples));
}

static void test_filter__each_does_what_it_says(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "${a.text | slug}", "\"kube-1-node\"" },
		{ "${a.text | lower | upper}", "\"KUBE_1.NODE\"" },
		{ "${a.text | replace _ \"-\"}", "\"Kube-1.Node\"" },
		{ "${a.text | replace e \"\"}", "\"Kub_1.Nod\"" },
		{ "${a.text | replace \"\" x}", "expression-type@11+7" },
		{ "${gone.x | default y}", "\"y\"" },
		{ "${gone.x | default \"a \\\"b\\\"\" | upper}", "\"A \\\"B\\\"\"" },
		{ "${gone.x | upper}", "missing@2+6" },
		{ "${a.null | default y}", "\"y\"" },
		{ "${a.text | default y}", "\"Kube_1.Node\"" },
		{ "${later.x | default y}", "unknown" },
		{ "${a.number | upper}", "\"7\"" },
		{ "${a.list | upper}", "expression-type@11+5" },
		{ "${g.x | default 10.0.0.0/16 | cidrsubnet 8 2}", "\"10.0.2.0/24\"" },
		{ "${g.x | default 10.0.0.0/16 | cidrsubnet 8 256}", "expression-type@30+10" },
		{ "${g.x | default 10.0.0.0/16 | cidrsubnet 17 0}", "expression-type@30+10" },
		{ "${g.x | default 10.0.0.0/24 | cidrhost 20}", "\"10.0.0.20\"" },
		{ "${g.x | default 10.0.0.0/24 | cidrhost 256}", "expression-type@30+8" },
		{ "${g.x | default fd00::/64 | cidrhost 16}", "\"fd00::10\"" },
		{ "${g.x | default 10 | cidrhost 1}", "expression-type@21+8" },
	};
	check(examples, ARRAY_LEN(examples));
}

static void test_template__what_is_wrong_is_told_where(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "x${a.text", "bad-expression@1+8" },
		{ "${}", "bad-expression@2+1" },
		{ "${a.}", "bad-expression@4+1" },
		{ "${a..b}", "bad-expression@4+1" },
		{ "${a b}", "bad-expression@4+1" },
		{ "${a |}", "bad-expression@5+1" },
		{ "${a | nothing}", "unknown-filter@6+7" },
		{ "${a | upper x}", "bad-expression@6+5" },
		{ "${a | replace x}", "bad-expression@6+7" },
		{ "${a | replace x y z}", "bad-expression@6+7" },
		{ "${a | default \"x}", "bad-expression@14+3" },
		{ "${a[b]}", "bad-expression@3+1" },
		{ "${a[\"b\"}", "bad-expression@3+4" },
	};
	check(examples, ARRAY_LEN(examples));
}

static void test_template__length_and_depth_are_bounded(void **state)
{
	(void)state;
	char text[EXPRESSION_BYTES + 8];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_string_equal(evaluate(text), "bad-expression@0+1");
	(void)snprintf(text, sizeof text, "${a");
	for (size_t i = 0; i < EXPRESSION_SEGMENTS; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), ".a");
	(void)snprintf(text + strlen(text), sizeof text - strlen(text), "}");
	assert_memory_equal(evaluate(text), "bad-expression", 14);
}

static void test_path__alone(void **state)
{
	(void)state;
	struct expression_path path;
	struct expression_failure failure;
	assert_true(expression_path_parse(arena, "tags[\"a.b\"].c", &path, &failure));
	assert_int_equal(path.nsegments, 3);
	assert_string_equal(path.segments[1], "a.b");
	assert_false(expression_path_parse(arena, "tags.a b", &path, &failure));
	assert_false(expression_path_parse(arena, "", &path, &failure));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_template__values_keep_their_type_or_become_text),
		cmocka_unit_test(test_filter__each_does_what_it_says),
		cmocka_unit_test(test_template__what_is_wrong_is_told_where),
		cmocka_unit_test(test_template__length_and_depth_are_bounded),
		cmocka_unit_test(test_path__alone),
	};
	arena = arena_new();
	int failed = cmocka_run_group_tests_name("expression", tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
