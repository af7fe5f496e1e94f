/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/plan/diff.h"

struct fixture {
	struct arena *arena;
	struct catalog *catalog;
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	f->arena = arena_new();
	f->catalog = catalog_new(f->arena);
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

static json_t *parse(struct fixture *f, const char *text)
{
	char *why = NULL;
	json_t *json = json_parse(f->arena, text, strlen(text), 1 << 20, &why);
	if (!json)
		fail_msg("%s", why);
	return arena_json(f->arena, json);
}

#define NETWORK "Microsoft.Network/virtualNetworks"
#define SUBNET "Microsoft.Network/virtualNetworks/subnets"
#define TABLE "Microsoft.Network/routeTables"
#define ROUTE "Microsoft.Network/routeTables/routes"

struct example {
	const char *type, *desired, *actual;
	const char *edit; /* pointer of the one edit, or NULL: none */
};

static const struct example noise[] = {
	{ TABLE, "{\"location\":\"Japan East\"}", "{\"location\":\"japaneast\"}", NULL },
	{ TABLE, "{\"properties\":{}}",
		"{\"properties\":{\"disableBgpRoutePropagation\":false,\"routes\":[]}}", NULL },
	{ TABLE, "{\"properties\":{\"disableBgpRoutePropagation\":false}}", "{}", NULL },
	{ TABLE, "{\"tags\":{}}", "{}", NULL },
	{ TABLE, "{\"tags\":{\"Env\":\"a\"}}", "{\"tags\":{\"env\":\"a\",\"theirs\":\"b\"}}",
		NULL },
	{ NETWORK,
		"{\"properties\":{\"addressSpace\":{\"addressPrefixes\":[\"10.0.0.0/8\",\"10.1.0.0/"
		"16\"]}}}",
		"{\"properties\":{\"addressSpace\":{\"addressPrefixes\":[\"10.1.0.0/"
		"16\",\"10.0.0.0/8\"]}}}",
		NULL },
	{ NETWORK, "{\"properties\":{\"dhcpOptions\":{\"dnsServers\":[]}}}", "{\"properties\":{}}",
		NULL },
	{ SUBNET, "{\"properties\":{\"addressPrefix\":\"10.0.0.0/24\"}}",
		"{\"properties\":{\"addressPrefixes\":[\"10.0.0.0/24\"]}}", NULL },
	{ SUBNET, "{\"properties\":{\"addressPrefixes\":[\"10.0.0.0/24\"]}}",
		"{\"properties\":{\"addressPrefix\":\"10.0.0.0/24\"}}", NULL },
	{ SUBNET,
		"{\"properties\":{\"routeTable\":{\"id\":\"/subscriptions/s/resourceGroups/G/"
		"x\"}}}",
		"{\"properties\":{\"routeTable\":{\"id\":\"/subscriptions/S/resourcegroups/g/"
		"X\"}}}",
		NULL },
	{ SUBNET,
		"{\"properties\":{\"delegations\":[{\"name\":\"a\",\"properties\":{\"serviceName\":"
		"\"S\"}}]}}",
		"{\"properties\":{\"delegations\":[{\"name\":\"A\",\"id\":\"x\",\"etag\":\"e\","
		"\"properties\":"
		"{\"serviceName\":\"S\",\"actions\":[\"join\"],\"provisioningState\":\"Succeeded\"}"
		"}]}}",
		NULL },
	{ ROUTE, "{\"properties\":{\"nextHopType\":\"VnetLocal\",\"nextHopIpAddress\":\"\"}}",
		"{\"properties\":{\"nextHopType\":\"vnetlocal\",\"hasBgpOverride\":false}}", NULL },
	{ ROUTE, "{\"properties\":{\"addressPrefix\":\"FD00::/64\"}}",
		"{\"properties\":{\"addressPrefix\":\"fd00:0::/64\"}}", NULL },
};

static const struct example changed[] = {
	{ TABLE, "{\"location\":\"westeurope\"}", "{\"location\":\"japaneast\"}", "/location" },
	{ TABLE, "{\"properties\":{\"disableBgpRoutePropagation\":true}}", "{}",
		"/properties/disableBgpRoutePropagation" },
	{ TABLE, "{\"tags\":{\"env\":\"b\"}}", "{\"tags\":{\"ENV\":\"a\"}}", "/tags/ENV" },
	{ TABLE, "{\"tags\":{\"env\":null}}", "{\"tags\":{\"env\":\"a\"}}", "/tags/env" },
	{ SUBNET, "{\"properties\":{\"routeTable\":{\"id\":\"/a\"}}}", "{\"properties\":{}}",
		"/properties/routeTable" },
	{ SUBNET, "{\"properties\":{\"routeTable\":null}}",
		"{\"properties\":{\"routeTable\":{\"id\":\"/a\"}}}", "/properties/routeTable" },
	{ SUBNET, "{\"properties\":{\"addressPrefix\":\"10.0.1.0/24\"}}",
		"{\"properties\":{\"addressPrefixes\":[\"10.0.0.0/24\"]}}",
		"/properties/addressPrefix" },
	{ ROUTE, "{\"properties\":{\"nextHopIpAddress\":\"10.0.0.4\"}}",
		"{\"properties\":{\"nextHopIpAddress\":\"10.0.0.5\"}}",
		"/properties/nextHopIpAddress" },
	{ NETWORK, "{\"properties\":{\"addressSpace\":{\"addressPrefixes\":[\"10.0.0.0/8\"]}}}",
		"{\"properties\":{\"addressSpace\":{\"addressPrefixes\":[\"10.0.0.0/8\",\"11.0.0.0/"
		"8\"]}}}",
		"/properties/addressSpace/addressPrefixes" },
};

static struct edits diff(struct fixture *f, const struct example *e)
{
	struct edits edits = { 0 };
	const struct schema *schema = catalog_type(f->catalog, e->type);
	assert_non_null(schema);
	diff_desired(f->arena, schema, parse(f, e->desired), parse(f, e->actual), &edits);
	return edits;
}

static void test_diff__noise_is_no_edit(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(noise); i++) {
		struct edits edits = diff(*state, &noise[i]);
		if (edits.count)
			fail_msg("%s against %s: %s", noise[i].desired, noise[i].actual,
				edits.items[0].pointer);
	}
}

static void test_diff__difference_is_one_edit_at_its_member(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
		struct edits edits = diff(*state, &changed[i]);
		if (edits.count != 1)
			fail_msg("%s against %s: %zu edits", changed[i].desired, changed[i].actual,
				edits.count);
		assert_string_equal(edits.items[0].pointer, changed[i].edit);
	}
}

static void test_diff__applied_edits_leave_no_difference(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
		const struct schema *schema = catalog_type(f->catalog, changed[i].type);
		json_t *actual = parse(f, changed[i].actual);
		struct edits edits = diff(f, &changed[i]), after = { 0 };
		edit_apply(actual, schema, &edits.items[0]);
		diff_desired(f->arena, schema, parse(f, changed[i].desired), actual, &after);
		if (after.count)
			fail_msg("%s is still an edit", after.items[0].pointer);
	}
}

static void test_diff__location_replaces(void **state)
{
	assert_true(diff(*state, &changed[0]).items[0].replaces);
	assert_false(diff(*state, &changed[1]).items[0].replaces);
}

static void test_diff__dropped_member_goes_only_while_it_is_ours(void **state)
{
	struct fixture *f = *state;
	const struct schema *table = catalog_type(f->catalog, TABLE);
	json_t *recorded = parse(f, "{\"tags\":{\"a\":\"1\",\"b\":\"2\"}}");
	json_t *desired = parse(f, "{\"tags\":{\"a\":\"1\"}}");
	struct edits ours = { 0 }, theirs = { 0 };
	diff_dropped(f->arena, table, recorded, desired,
		parse(f, "{\"tags\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}"), &ours);
	assert_int_equal(ours.count, 1);
	assert_string_equal(ours.items[0].pointer, "/tags/b");
	assert_null(ours.items[0].after);
	diff_dropped(f->arena, table, recorded, desired,
		parse(f, "{\"tags\":{\"a\":\"1\",\"b\":\"changed\"}}"), &theirs);
	assert_int_equal(theirs.count, 0);
}

static void test_diff__writable_body_keeps_the_unknown_and_drops_what_the_server_fills(void **state)
{
	struct fixture *f = *state;
	json_t *body = parse(f,
		"{\"id\":\"/"
		"t\",\"etag\":\"e\",\"location\":\"x\",\"newer\":{\"a\":1},\"properties\":"
		"{\"provisioningState\":\"Succeeded\",\"newerStill\":true,\"subnets\":[{\"id\":\"/"
		"s\"}],"
		"\"routes\":[{\"name\":\"r\",\"id\":\"/"
		"r\",\"etag\":\"e\",\"properties\":{\"addressPrefix\":"
		"\"10.0.0.0/"
		"8\",\"provisioningState\":\"Succeeded\",\"hasBgpOverride\":false,\"n\":2}}]}}");
	json_t *wanted = parse(f,
		"{\"location\":\"x\",\"newer\":{\"a\":1},\"properties\":{\"newerStill\":true,"
		"\"routes\":"
		"[{\"name\":\"r\",\"properties\":{\"addressPrefix\":\"10.0.0.0/8\",\"n\":2}}]}}");
	json_auto_t *writable = body_writable(catalog_type(f->catalog, TABLE), body, true);
	assert_string_equal(json_canonical(f->arena, writable), json_canonical(f->arena, wanted));
}

static void test_diff__a_list_that_is_written_anew_keeps_the_unknown(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *pointer, *wanted, *standing, *sent;
	} rows[] = {
		/* By its key, in whichever order; and what goes takes its own along. */
		{ "/properties/serviceEndpoints", "[{'service':'b'},{'service':'A'}]",
			"[{'service':'a','n':1},{'service':'c','n':2}]",
			"[{'service':'b'},{'service':'A','n':1}]" },
		{ "/properties/delegations", "[{'name':'d','properties':{'serviceName':'x'}}]",
			"[{'name':'d','n':1,'properties':{'serviceName':'w','m':[2]}}]",
			"[{'name':'d','n':1,'properties':{'serviceName':'x','m':[2]}}]" },
		/* Without a key, what says the same. */
		{ "/properties/ipamPoolPrefixAllocations",
			"[{'numberOfIpAddresses':'8'},{'numberOfIpAddresses':'4'}]",
			"[{'numberOfIpAddresses':'4','n':1},{'numberOfIpAddresses':'5','n':2}]",
			"[{'numberOfIpAddresses':'8'},{'numberOfIpAddresses':'4','n':1}]" },
		/* What is known and left out is not taken over; a reference is its id. */
		{ "/properties/serviceEndpoints", "[{'service':'a'}]",
			"[{'service':'a','locations':['x']}]", "[{'service':'a'}]" },
		{ "/properties/routeTable", "{'id':'/a'}", "{'id':'/b','n':1}", "{'id':'/a'}" },
		{ "/properties/addressPrefixes", "['10.0.0.0/8']", "['11.0.0.0/8']",
			"['10.0.0.0/8']" },
		{ "/properties/unheard", "{'a':{'b':1}}", "{'a':{'c':2}}", "{'a':{'b':1}}" },
	};
	const struct schema *subnet = catalog_type(f->catalog, SUBNET);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *texts[] = { arena_strdup(f->arena, rows[i].wanted),
			arena_strdup(f->arena, rows[i].standing),
			arena_strdup(f->arena, rows[i].sent) };
		json_t *values[ARRAY_LEN(texts)];
		for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
			for (char *c = texts[t]; *c; c++)
				if (*c == '\'')
					*c = '"';
			values[t] = parse(f, texts[t]);
		}
		json_auto_t *sent = value_with_newer(
			schema_at(subnet->root, rows[i].pointer), values[0], values[1]);
		assert_string_equal(
			json_canonical(f->arena, sent), json_canonical(f->arena, values[2]));
	}
}

int main(void)
{
	mem_guard_jansson();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_diff__noise_is_no_edit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_diff__difference_is_one_edit_at_its_member, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_diff__applied_edits_leave_no_difference, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_diff__location_replaces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_diff__dropped_member_goes_only_while_it_is_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_diff__writable_body_keeps_the_unknown_and_drops_what_the_server_fills,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_diff__a_list_that_is_written_anew_keeps_the_unknown, set_up,
			tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
