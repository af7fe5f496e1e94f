/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "schemas/schema.h"

static struct arena *arena;
static struct catalog *catalog;

static const struct schema *type(const char *name)
{
	const struct schema *s = catalog_type(catalog, name);
	assert_non_null(s);
	return s;
}

static bool same(const char *name, const char *pointer, const char *a, const char *b)
{
	json_auto_t *left = json_string(a);
	json_auto_t *right = json_string(b);
	return schema_same_scalar(schema_at(type(name)->root, pointer), left, right);
}

static void test_catalog__defaults_that_versions_change(void **state)
{
	(void)state;
	const struct schema *subnet = type("Microsoft.Network/virtualNetworks/subnets"), *any;
	size_t found = 0;
	for (size_t i = 0; i < subnet->nexplicit_defaults; i++) {
		const struct explicit_default *d = &subnet->explicit_defaults[i];
		assert_ptr_equal(d->value, schema_default(schema_at(subnet->root, d->pointer)));
		found += strcmp(d->pointer, "/properties/defaultOutboundAccess") == 0 &&
			json_is_true(d->value);
	}
	assert_int_equal(found, 1);
	for (size_t i = 0; (any = catalog_nth(catalog, i)); i++)
		assert_true(any == subnet || any->nexplicit_defaults == 0);
}

static void test_catalog__types_are_found_without_case(void **state)
{
	(void)state;
	assert_string_equal(type("microsoft.network/ROUTETABLES")->section, "routeTables");
	assert_null(catalog_type(catalog, "Microsoft.Network/unknown"));
	assert_ptr_equal(
		catalog_section(catalog, "routeTables"), type("Microsoft.Network/routeTables"));
	assert_null(catalog_section(catalog, "routes"));
	assert_ptr_equal(catalog_role(catalog, ROLE_SUBNET),
		type("Microsoft.Network/virtualNetworks/subnets"));
	size_t count = 0;
	(void)catalog_sections(catalog, &count);
	assert_int_equal(count, 3);
}

static void test_catalog__children_know_where_they_live(void **state)
{
	(void)state;
	const struct schema *table = type("Microsoft.Network/routeTables");
	const struct schema *route = schema_child(table, "routes");
	assert_ptr_equal(route->parent, table);
	assert_string_equal(route->child_pointer, "/properties/routes");
	assert_string_equal(route->api_version, "2024-05-01");
	assert_int_equal(route->written, WRITTEN_WITH_PARENT);
	assert_false(route->has_tags);
	assert_true(table->has_tags);
	const json_t *list = schema_at(table->root, "/properties/routes");
	assert_true(schema_is_child_list(list));
	assert_ptr_equal(schema_items(list), route->root);
	const struct schema *subnet = type("Microsoft.Network/virtualNetworks/subnets");
	assert_int_equal(subnet->nholds, 3);
	assert_string_equal(subnet->holds[0], "parent");
	assert_true(type("Microsoft.Resources/resourceGroups")->in_subscription);
}

static void test_node__facts_are_answered(void **state)
{
	(void)state;
	const json_t *network = type("Microsoft.Network/virtualNetworks")->root;
	const json_t *subnet = type("Microsoft.Network/virtualNetworks/subnets")->root;
	assert_false(schema_is_updatable(schema_at(network, "/location")));
	assert_true(schema_is_updatable(schema_at(network, "/tags")));
	assert_int_equal(schema_kind(schema_at(network, "/tags/any")), KIND_STRING);
	assert_true(schema_is_read_only(schema_at(network, "/properties/resourceGuid")));
	const json_t *prefixes = schema_at(network, "/properties/addressSpace/addressPrefixes/0");
	assert_string_equal(schema_format(prefixes), "cidr");
	assert_string_equal(schema_reference_type(schema_at(subnet, "/properties/routeTable")),
		"Microsoft.Network/routeTables");
	const json_t *delegations = schema_at(subnet, "/properties/delegations");
	assert_string_equal(schema_list_key(delegations), "name");
	assert_non_null(schema_properties_level(schema_items(delegations)));
	assert_null(schema_at(subnet, "/properties/unknown/deeper"));
	assert_true(schema_is_closed(subnet));
}

static void test_node__null_may_be_asked(void **state)
{
	(void)state;
	assert_int_equal(schema_kind(NULL), KIND_ANY);
	assert_null(schema_member(NULL, "a"));
	assert_null(schema_items(NULL));
	assert_null(schema_list_key(NULL));
	assert_null(schema_reference_type(NULL));
	assert_null(schema_default(NULL));
	assert_false(schema_is_read_only(NULL));
	assert_false(schema_is_closed(NULL));
	assert_true(schema_is_updatable(NULL));
	assert_true(schema_same_scalar(NULL, json_true(), json_true()));
}

static void test_same__case_location_prefix_and_id(void **state)
{
	(void)state;
	const char *table = "Microsoft.Network/routeTables";
	const char *route = "Microsoft.Network/routeTables/routes";
	assert_true(same(table, "/location", "Japan East", "japaneast"));
	assert_false(same(table, "/location", "Japan East", "japanwest"));
	assert_true(same(route, "/properties/nextHopType", "none", "None"));
	assert_true(same(route, "/properties/addressPrefix", "cab:cab:0::/96", "cab:cab::/96"));
	assert_false(same(route, "/properties/addressPrefix", "10.0.0.0/8", "10.0.0.0/9"));
	assert_true(same(route, "/properties/addressPrefix", "storage", "Storage"));
	assert_true(same(route, "/properties/nextHopIpAddress", "fd00::0:1", "fd00::1"));
	assert_false(same(table, "/tags/owner", "a", "A"));
	json_auto_t *left = json_pack("{s:s}", "id", "/subscriptions/a/resourceGroups/B");
	json_auto_t *right = json_pack("{s:s}", "id", "/subscriptions/A/resourcegroups/b");
	assert_true(schema_same_scalar(
		schema_at(type("Microsoft.Network/virtualNetworks/subnets")->root,
			"/properties/routeTable"),
		left, right));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_catalog__defaults_that_versions_change),
		cmocka_unit_test(test_catalog__types_are_found_without_case),
		cmocka_unit_test(test_catalog__children_know_where_they_live),
		cmocka_unit_test(test_node__facts_are_answered),
		cmocka_unit_test(test_node__null_may_be_asked),
		cmocka_unit_test(test_same__case_location_prefix_and_id),
	};
	arena = arena_new();
	catalog = catalog_new(arena);
	int failed = cmocka_run_group_tests_name("schema", tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
