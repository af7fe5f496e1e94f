/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/apply/merge.h"
#include "engine/base/json.h"
#include "tests/support/fake_cloud.h"

static struct arena *arena;
static struct catalog *catalog;

static const struct schema *type(const char *name)
{
	return catalog_type(catalog, name);
}

#define TABLE "Microsoft.Network/routeTables"
#define SUBNET "Microsoft.Network/virtualNetworks/subnets"

static struct step table_step(enum step_verb verb)
{
	return (struct step){
		.verb = verb, .id = "/t", .address = "routeTables/t", .schema = type(TABLE)
	};
}

static json_t *route(const char *prefix, const char *hop)
{
	return arena_json(arena,
		json_pack("{s:{s:s, s:s, s:s}}", "properties", "addressPrefix", prefix,
			"nextHopType", "VirtualAppliance", "nextHopIpAddress", hop));
}

static void add_child(struct step *step, const char *name, json_t *before, json_t *after)
{
	struct step_child *child = ARENA_PUSH(arena, step->children, step->nchildren);
	struct change *change = ARENA_NEW(arena, struct change);
	change->address = arena_printf(arena, "routeTables/t/routes/%s", name);
	*child = (struct step_child){ change, name, type(TABLE "/routes"), before, after };
}

static void add_edit(struct step *step, const char *pointer, const char *before, const char *after)
{
	struct edit *e = ARENA_PUSH(arena, step->edits.items, step->edits.count);
	e->pointer = pointer;
	e->before = before ? fake_json(arena, before) : NULL;
	e->after = after ? fake_json(arena, after) : NULL;
}

#define STANDING                                                                                   \
	"{'id': '/t', 'etag': 'W', 'location': 'japaneast', 'tags': {'theirs': 'x'},"              \
	" 'properties': {'newer': 1, 'routes': ["                                                  \
	"  {'name': 'r1', 'id': '/t/routes/r1', 'properties': {'addressPrefix': '10.1.0.0/16',"    \
	"   'nextHopType': 'VirtualAppliance', 'nextHopIpAddress': '10.0.0.1', 'newer': 2,"        \
	"   'provisioningState': 'Succeeded'}},"                                                   \
	"  {'name': 'foreign', 'properties': {'addressPrefix': '10.9.0.0/16',"                     \
	"   'nextHopType': 'None'}}]}}"

static const char *hop(const json_t *body, const char *name)
{
	return json_text_at(merge_item(json_at(body, "/properties/routes"), name),
		"/properties/nextHopIpAddress");
}

static void test_merge__what_stands_beside_survives(void **state)
{
	(void)state;
	struct step step = table_step(STEP_UPDATE);
	add_child(&step, "r1", route("10.1.0.0/16", "10.0.0.1"), route("10.1.0.0/16", "10.0.0.2"));
	add_child(&step, "r2", NULL, route("10.2.0.0/16", "10.0.0.3"));
	struct merged merged = merge_update(arena, &step, fake_json(arena, STANDING));
	assert_int_equal(merged.nconflicts, 0);
	assert_non_null(merged.body);
	assert_string_equal(hop(merged.body, "r1"), "10.0.0.2");
	assert_string_equal(hop(merged.body, "r2"), "10.0.0.3");
	const json_t *routes = json_at(merged.body, "/properties/routes");
	assert_int_equal(json_array_size(routes), 3);
	assert_non_null(merge_item(routes, "foreign"));
	const json_t *kept = json_at(merge_item(routes, "r1"), "/properties/newer");
	assert_int_equal(json_integer_value(kept), 2);
	assert_int_equal(json_integer_value(json_at(merged.body, "/properties/newer")), 1);
	assert_string_equal(json_text_at(merged.body, "/tags/theirs"), "x");
	assert_null(json_at(merged.body, "/etag"));
}

static void test_merge__what_is_as_planned_needs_no_write(void **state)
{
	(void)state;
	struct step step = table_step(STEP_UPDATE);
	add_child(&step, "R1", route("10.1.0.0/16", "10.0.0.9"), route("10.1.0.0/16", "10.0.0.1"));
	add_child(&step, "gone", route("10.3.0.0/16", "10.0.0.9"), NULL);
	add_edit(&step, "/properties/disableBgpRoutePropagation", "true", "false");
	struct merged merged = merge_update(arena, &step, fake_json(arena, STANDING));
	assert_int_equal(merged.nconflicts, 0);
	assert_null(merged.body);
}

static void test_merge__an_edit_on_ours_is_a_conflict_by_name(void **state)
{
	(void)state;
	struct step step = table_step(STEP_UPDATE);
	add_child(&step, "r1", route("10.1.0.0/16", "10.0.0.5"), route("10.1.0.0/16", "10.0.0.6"));
	add_child(&step, "foreign", NULL, route("10.4.0.0/16", "10.0.0.6"));
	add_child(&step, "r3", route("10.5.0.0/16", "10.0.0.5"), route("10.5.0.0/16", "10.0.0.6"));
	add_edit(&step, "/tags/theirs", "'y'", "'z'");
	struct merged merged = merge_update(arena, &step, fake_json(arena, STANDING));
	assert_null(merged.body);
	assert_int_equal(merged.nconflicts, 4);
	assert_string_equal(merged.conflicts[0].member, "/tags/theirs");
	assert_string_equal(merged.conflicts[1].address, "routeTables/t/routes/r1");
	assert_string_equal(merged.conflicts[2].address, "routeTables/t/routes/foreign");
	assert_null(merged.conflicts[3].now);
}

static void test_merge__a_route_changed_beside_our_member_is_a_conflict(void **state)
{
	(void)state;
	struct step step = table_step(STEP_UPDATE);
	add_child(&step, "r1", route("10.8.0.0/16", "10.0.0.1"), route("10.8.0.0/16", "10.0.0.6"));
	struct merged merged = merge_update(arena, &step, fake_json(arena, STANDING));
	assert_int_equal(merged.nconflicts, 1);
}

static void test_merge__a_removed_route_goes_and_a_dropped_member_too(void **state)
{
	(void)state;
	struct step step = table_step(STEP_UPDATE);
	json_t *after = fake_json(
		arena, "{'properties': {'addressPrefix': '10.1.0.0/16', 'nextHopType': 'None'}}");
	add_child(&step, "r1", route("10.1.0.0/16", "10.0.0.1"), after);
	add_child(&step, "foreign", fake_json(arena, "{'properties': {'nextHopType': 'None'}}"),
		NULL);
	struct change *change = ARENA_NEW(arena, struct change);
	struct edit *e = ARENA_PUSH(arena, change->edits.items, change->edits.count);
	e->pointer = "/properties/nextHopIpAddress";
	e->before = fake_json(arena, "'10.0.0.1'");
	step.children[0].change = change;
	struct merged merged = merge_update(arena, &step, fake_json(arena, STANDING));
	assert_non_null(merged.body);
	assert_null(hop(merged.body, "r1"));
	assert_int_equal(json_array_size(json_at(merged.body, "/properties/routes")), 1);
}

static void test_merge__tags_are_merged_into_those_that_stand(void **state)
{
	(void)state;
	struct step step = table_step(STEP_TAGS);
	add_edit(&step, "/tags/ours", NULL, "'1'");
	struct merged merged = merge_update(arena, &step, fake_json(arena, STANDING));
	json_t *expected = fake_json(arena, "{'tags': {'theirs': 'x', 'ours': '1'}}");
	assert_true(json_equal(merged.body, expected));
}

static void test_merge__a_prefix_in_its_other_form_is_no_conflict(void **state)
{
	(void)state;
	struct step step = { .verb = STEP_UPDATE, .address = "s", .schema = type(SUBNET) };
	add_edit(&step, "/properties/addressPrefix", "'10.0.0.0/24'", "'10.0.0.0/23'");
	json_t *now = fake_json(arena, "{'properties': {'addressPrefixes': ['10.0.0.0/24']}}");
	struct merged merged = merge_update(arena, &step, now);
	assert_int_equal(merged.nconflicts, 0);
	json_t *expected = fake_json(arena, "{'properties': {'addressPrefix': '10.0.0.0/23'}}");
	assert_true(json_equal(merged.body, expected));
}

static void test_merge__a_create_carries_its_children(void **state)
{
	(void)state;
	struct step step = table_step(STEP_CREATE);
	step.body = fake_json(arena, "{'location': 'japaneast'}");
	add_child(&step, "r1", NULL, route("10.1.0.0/16", "10.0.0.1"));
	json_t *body = arena_json(arena, merge_create(&step));
	assert_string_equal(json_text_at(body, "/properties/routes/0/name"), "r1");
	assert_true(merge_is_as_created(arena, &step, fake_json(arena, STANDING)));
	add_child(&step, "r2", NULL, route("10.2.0.0/16", "10.0.0.1"));
	assert_false(merge_is_as_created(arena, &step, fake_json(arena, STANDING)));
}

static void test_merge__a_delete_names_what_is_foreign_inside(void **state)
{
	(void)state;
	struct step step = table_step(STEP_DELETE);
	step.id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t";
	add_child(&step, "r1", route("10.1.0.0/16", "10.0.0.1"), NULL);
	struct snapshot snapshot = { .arena = arena, .catalog = catalog };
	struct merged merged = merge_delete(arena, &step, &snapshot, fake_json(arena, STANDING));
	assert_int_equal(merged.nconflicts, 1);
	assert_string_equal(merged.conflicts[0].address, "routeTables/t/routes/foreign");
}

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	catalog = catalog_new(arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge__what_stands_beside_survives),
		cmocka_unit_test(test_merge__what_is_as_planned_needs_no_write),
		cmocka_unit_test(test_merge__an_edit_on_ours_is_a_conflict_by_name),
		cmocka_unit_test(test_merge__a_route_changed_beside_our_member_is_a_conflict),
		cmocka_unit_test(test_merge__a_removed_route_goes_and_a_dropped_member_too),
		cmocka_unit_test(test_merge__tags_are_merged_into_those_that_stand),
		cmocka_unit_test(test_merge__a_prefix_in_its_other_form_is_no_conflict),
		cmocka_unit_test(test_merge__a_create_carries_its_children),
		cmocka_unit_test(test_merge__a_delete_names_what_is_foreign_inside),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
