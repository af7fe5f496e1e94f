/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "schemas/arm_id.h"

#define GROUP "/subscriptions/s/resourceGroups/g"
#define TABLE GROUP "/providers/Microsoft.Network/routeTables/t"

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

static void test_parse__each_level_knows_its_parent(void **state)
{
	static const struct {
		const char *id, *group, *type, *name, *parent;
	} cases[] = {
		{ "/subscriptions/s", NULL, NULL, "s", NULL },
		{ GROUP, "g", "Microsoft.Resources/resourceGroups", "g", "/subscriptions/s" },
		{ TABLE, "g", "Microsoft.Network/routeTables", "t", GROUP },
		{ TABLE "/routes/r", "g", "Microsoft.Network/routeTables/routes", "r", TABLE },
		{ TABLE "/routes/r/x/y", "g", "Microsoft.Network/routeTables/routes/x", "y",
			TABLE "/routes/r" },
		{ "/SUBSCRIPTIONS/s/RESOURCEgroups/g", "g", "Microsoft.Resources/resourceGroups",
			"g", "/SUBSCRIPTIONS/s" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arm_id id;
		assert_true(arm_id_parse(*state, cases[i].id, &id));
		assert_string_equal(id.subscription, "s");
		assert_string_equal(id.name, cases[i].name);
		const char *const got[] = { id.resource_group, id.type, id.parent };
		const char *const want[] = { cases[i].group, cases[i].type, cases[i].parent };
		for (size_t k = 0; k < ARRAY_LEN(got); k++) {
			if (want[k])
				assert_string_equal(got[k], want[k]);
			else
				assert_null(got[k]);
		}
	}
}

static void test_parse__refuses_what_is_no_id(void **state)
{
	static const char *const broken[] = { "", "/", "subscriptions/s", "/subscriptions",
		"/subscriptions/", "/subscriptions//resourceGroups/g", GROUP "/", TABLE "/",
		TABLE "/routes", TABLE "/routes/", TABLE "//r",
		GROUP "/providers/Microsoft.Network",
		GROUP "/providers/Microsoft.Network/routeTables", "/subscriptions/s/x/g",
		TABLE "/providers/Microsoft.Authorization/locks/l" };
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct arm_id id;
		assert_false(arm_id_parse(*state, broken[i], &id));
	}
}

static void test_make__is_what_parse_takes_apart(void **state)
{
	struct arena *a = *state;
	char *group = arm_id_make(a, "/subscriptions/s", "Microsoft.Resources/resourceGroups", "g");
	assert_string_equal(group, GROUP);
	char *table = arm_id_make(a, group, "Microsoft.Network/routeTables", "t");
	assert_string_equal(table, TABLE);
	assert_string_equal(arm_id_make(a, table, "Microsoft.Network/routeTables/routes", "r"),
		TABLE "/routes/r");
}

static void test_same__in_any_case(void **state)
{
	assert_true(arm_id_same(GROUP, "/SUBSCRIPTIONS/S/resourcegroups/G"));
	assert_false(arm_id_same(GROUP, TABLE));
	assert_string_equal(arm_id_key(*state, "/Subscriptions/S"), "/subscriptions/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__each_level_knows_its_parent),
		cmocka_unit_test(test_parse__refuses_what_is_no_id),
		cmocka_unit_test(test_make__is_what_parse_takes_apart),
		cmocka_unit_test(test_same__in_any_case),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
