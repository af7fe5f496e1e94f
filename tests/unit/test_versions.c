/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "providers/azure/versions.h"

#define GROUP "/subscriptions/s/resourceGroups/g"
#define TABLE GROUP "/providers/Microsoft.Network/routeTables/t"
#define NOW "2024-05-01"

static struct arm_error refusal(const char *code, const char *message)
{
	struct arm_error error = { .failure = { .status = 400, .message = message }, .ncodes = 1 };
	error.codes[0] = code;
	return error;
}

static void test_versions__type_of_a_path(void **state)
{
	(void)state;
	static const struct {
		const char *path, *type;
	} rows[] = {
		{ TABLE, "Microsoft.Network/routeTables" },
		{ GROUP "/providers/Microsoft.Network/routeTables",
			"Microsoft.Network/routeTables" },
		{ TABLE "/routes/r", "Microsoft.Network/routeTables/routes" },
		{ TABLE "/routes", "Microsoft.Network/routeTables/routes" },
		{ GROUP, "Microsoft.Resources/resourceGroups" },
		{ "/subscriptions/s/PROVIDERS/a.b/c", "a.b/c" },
		{ "/providers/", "" },
	};
	struct arena *arena = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(versions_type(arena, rows[i].path), rows[i].type);
	arena_free(arena);
}

static void test_versions__newest_that_is_listed(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct versions versions;
	versions_init(&versions, catalog_new(arena));
	struct arm_error error = refusal("NoRegisteredProviderFound",
		"API version '" NOW "' ... supported api-versions are '2024-03-01-preview, "
		"2023-09-01, 2024-01-01'.");
	assert_string_equal(versions_for(&versions, TABLE, NOW), NOW);
	assert_true(versions_refused(&versions, TABLE, NOW, &error));
	assert_string_equal(versions_for(&versions, TABLE, NOW), "2024-01-01");
	assert_string_equal(versions_for(&versions, TABLE, "2018-10-01"), "2018-10-01");
	assert_string_equal(versions_for(&versions, GROUP, "2021-04-01"), "2021-04-01");
	/* The same answer to the version that it has itself: there is no other. */
	assert_false(versions_refused(&versions, TABLE, NOW, &error));
	versions_release(&versions);
	arena_free(arena);
}

static void test_versions__never_in_a_circle(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct versions versions;
	versions_init(&versions, catalog_new(arena));
	struct arm_error older = refusal("NoRegisteredProviderFound", "it has 2023-09-01");
	struct arm_error newer = refusal("NoRegisteredProviderFound", "it has 2024-01-01");
	assert_true(versions_refused(&versions, TABLE, NOW, &older));
	assert_false(versions_refused(&versions, TABLE, NOW, &newer));
	assert_string_equal(versions_for(&versions, TABLE, NOW), "2023-09-01");
	versions_release(&versions);
	arena_free(arena);
}

static void test_versions__one_after_the_other_where_none_is_listed(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct versions versions;
	versions_init(&versions, catalog_new(arena));
	struct arm_error error = refusal("InvalidApiVersionParameter", "it is invalid");
	unsigned tries = 0;
	while (versions_refused(&versions, TABLE, NOW, &error) && tries < 100)
		tries++;
	assert_int_equal(tries, 4);
	error = refusal("InvalidParameter", "2024-01-01");
	assert_false(versions_refused(&versions, TABLE, NOW, &error));
	error = refusal("InvalidApiVersionParameter", "2015-06-15");
	assert_false(versions_refused(&versions, GROUP, "2021-04-01", &error));
	assert_false(versions_refused(&versions, "/subscriptions/s/providers/a/b", NOW, &error));
	versions_release(&versions);
	arena_free(arena);
}

static void test_versions__unknown_type_is_a_404(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct versions versions;
	versions_init(&versions, catalog_new(arena));
	struct arm_error error = refusal("InvalidResourceType",
		"The resource type 'routeTables' could not be found in the namespace "
		"'Microsoft.Network' for api version '" NOW
		"'. The supported api-versions are '2015-06-15,2023-11-01'.");
	error.failure.status = 404;
	assert_true(versions_refused(&versions, TABLE, NOW, &error));
	assert_string_equal(versions_for(&versions, TABLE, NOW), "2023-11-01");
	error = refusal("ResourceNotFound", "2024-01-01");
	error.failure.status = 404;
	assert_false(versions_refused(&versions, TABLE "2", NOW, &error));
	error = refusal("NoRegisteredProviderFound", "2024-01-01");
	error.failure.status = 500;
	assert_false(versions_concern(&error));
	versions_release(&versions);
	arena_free(arena);
}

static void test_versions__what_is_no_type_of_ours(void **state)
{
	(void)state;
	static const struct {
		const char *path, *version, *next;
	} rows[] = {
		{ GROUP "/providers/Microsoft.Network/networkInterfaces/n/effectiveRouteTable", NOW,
			"2024-01-01" },
		{ "/subscriptions/s/providers/microsoft.network/locations/l/usages", NOW,
			"2024-01-01" },
		{ "/subscriptions/s/providers/Microsoft.Network/locations/l/usages", "2018-01-01",
			NULL },
		{ "/subscriptions/s/providers/Microsoft.Networking/locations/l/usages", NOW, NULL },
		{ GROUP "/providers/Microsoft.Compute/virtualMachineScaleSets/s/virtualMachines",
			"2024-07-01", "2024-03-01" },
		{ GROUP "/providers/Microsoft.Compute/virtualMachineScaleSets/s/networkInterfaces",
			"2018-10-01", NULL },
		{ GROUP "/providers/Microsoft.Authorization/permissions", "2022-04-01", NULL },
		{ "/providers/", NOW, NULL },
	};
	struct arena *arena = arena_new();
	struct versions versions;
	versions_init(&versions, catalog_new(arena));
	struct arm_error error = refusal("NoRegisteredProviderFound", "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		error.failure.message = strstr(rows[i].path, "Compute")
			? "it has 2017-03-30, 2024-03-01"
			: "it has 2017-03-30, 2024-01-01";
		assert_int_equal(versions_refused(&versions, rows[i].path, rows[i].version, &error),
			rows[i].next != NULL);
		assert_string_equal(versions_for(&versions, rows[i].path, rows[i].version),
			rows[i].next ? rows[i].next : rows[i].version);
	}
	versions_release(&versions);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions__type_of_a_path),
		cmocka_unit_test(test_versions__newest_that_is_listed),
		cmocka_unit_test(test_versions__never_in_a_circle),
		cmocka_unit_test(test_versions__one_after_the_other_where_none_is_listed),
		cmocka_unit_test(test_versions__unknown_type_is_a_404),
		cmocka_unit_test(test_versions__what_is_no_type_of_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
