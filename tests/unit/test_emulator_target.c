/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "providers/emulator/target.h"

#define GROUP "/subscriptions/S/resourceGroups/G"
#define NETWORK GROUP "/providers/Microsoft.Network/virtualNetworks/V"

static void test_parse__a_path_tells_what_it_speaks_of(void **state)
{
	static const struct {
		const char *path;
		enum target_kind kind;
		enum type_index type;
		const char *root, *child;
	} cases[] = {
		{ "/_emulator/requests", TARGET_HOOK, TYPE_COUNT, NULL, NULL },
		{ "/subscriptions/S/resourcegroups", TARGET_LIST, TYPE_GROUP, NULL, NULL },
		{ GROUP, TARGET_ITEM, TYPE_GROUP, NULL, NULL },
		{ GROUP "/resources", TARGET_CONTENT, TYPE_GROUP, NULL, NULL },
		{ NETWORK, TARGET_ITEM, TYPE_NETWORK, "V", NULL },
		{ NETWORK "/SUBNETS", TARGET_LIST, TYPE_SUBNET, "V", NULL },
		{ NETWORK "/subnets/x", TARGET_ITEM, TYPE_SUBNET, "V", "x" },
		{ "/subscriptions/S/providers/microsoft.compute/virtualmachines", TARGET_LIST,
			TYPE_VM, NULL, NULL },
		{ "/subscriptions/S/providers/Microsoft.Network/locations/l/operations/o",
			TARGET_OPERATION, TYPE_COUNT, NULL, NULL },
		{ "/subscriptions/S/providers/Microsoft.Network/locations/l/operationResults/o",
			TARGET_RESULT, TYPE_COUNT, NULL, NULL },
		{ "/subscriptions/S/operationresults/o", TARGET_RESULT, TYPE_COUNT, NULL, NULL },
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct target target = target_parse(arena, cases[i].path);

		assert_int_equal(target.kind, cases[i].kind);
		assert_int_equal(
			target.type != NULL ? target.type->index : TYPE_COUNT, cases[i].type);
		assert_int_equal(target.root != NULL, cases[i].root != NULL);
		assert_int_equal(target.child != NULL, cases[i].child != NULL);
		if (cases[i].root != NULL)
			assert_string_equal(target.root, cases[i].root);
		if (cases[i].child != NULL)
			assert_string_equal(target.child, cases[i].child);
	}
	arena_free(arena);
}

static void test_parse__what_is_unknown_is_not_guessed(void **state)
{
	static const char *const paths[] = { "", "/", "subscriptions/S/resourcegroups",
		GROUP "/providers", GROUP "/providers/Microsoft.Network",
		GROUP "/providers/Microsoft.Compute/virtualNetworks/V", NETWORK "/routes/r",
		NETWORK "/subnets/x/y", GROUP "/providers/Microsoft.Network/subnets/x",
		"/subscriptions/S/providers/Microsoft.Network/virtualNetworks/V",
		"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t" };
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_int_equal(target_parse(arena, paths[i]).kind, TARGET_UNKNOWN);
	arena_free(arena);
}

static void test_parse__slashes_too_many_mean_nothing(void **state)
{
	struct arena *arena = arena_new();
	struct target target = target_parse(arena, "/" GROUP "/");

	(void)state;
	assert_int_equal(target.kind, TARGET_ITEM);
	assert_string_equal(target.group_key, "/subscriptions/s/resourcegroups/g");
	target = target_parse(arena, NETWORK "//subnets///X");
	assert_int_equal(target.kind, TARGET_ITEM);
	assert_string_equal(target.child, "X");
	assert_string_equal(target_path(arena, "//a///b//"), "/a/b");
	assert_string_equal(target_path(arena, "/"), "/");
	assert_string_equal(target_path(arena, "//"), "/");
	assert_string_equal(target_path(arena, ""), "");
	arena_free(arena);
}

static void test_parse__keys_have_no_case(void **state)
{
	struct arena *arena = arena_new();
	struct target target = target_parse(arena, NETWORK "/subnets/X");

	(void)state;
	assert_string_equal(target.group_key, "/subscriptions/s/resourcegroups/g");
	assert_string_equal(target.root_key,
		"/subscriptions/s/resourcegroups/g/providers/microsoft.network/virtualnetworks/v");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__a_path_tells_what_it_speaks_of),
		cmocka_unit_test(test_parse__what_is_unknown_is_not_guessed),
		cmocka_unit_test(test_parse__slashes_too_many_mean_nothing),
		cmocka_unit_test(test_parse__keys_have_no_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
