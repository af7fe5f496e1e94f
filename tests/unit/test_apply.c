/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "schemas/arm_id.h"
#include "tests/support/apply_bench.h"

#define SUBNETS GROUP "/providers/Microsoft.Network/virtualNetworks/v/subnets/"
#define FIRST_HOP "/properties/routes/0/properties/nextHopIpAddress"
#define PROVISIONING "/properties/provisioningState"
#define TABLE_TYPE "Microsoft.Network/routeTables"

static void test_apply__a_table_and_its_routes_are_one_put(void **state)
{
	struct bench *b = *state;
	struct step *s = bench_create_table(b, "t");
	bench_add_route(b, s, "r1", NULL, "10.0.0.1");
	assert_true(bench_apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 1);
	assert_int_equal(fake_cloud_count(b->cloud, VERB_GET, NULL), 1);
	const struct record *r = bench_recorded(b, TABLES "t/routes/r1");
	assert_non_null(r);
	assert_string_equal(r->origin, "made");
	assert_string_equal(json_text_at(r->body, "/properties/nextHopIpAddress"), "10.0.0.1");
	assert_non_null(bench_recorded(b, TABLES "t"));
	assert_int_equal(b->report.added, 2);
	assert_int_equal(b->report.result, APPLY_DONE);
	assert_int_equal(bench_open_intents(b), 0);
}

static void test_apply__a_create_never_overwrites(void **state)
{
	struct bench *b = *state;
	(void)bench_create_table(b, "t");
	fake_cloud_put(b->cloud, TABLES "t", "{'location': 'japanwest'}");
	assert_false(bench_apply(b));
	assert_true(bench_has_diag(b, "not-ours", "routeTables/t"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 0);
	assert_null(bench_recorded(b, TABLES "t"));
	assert_int_equal(b->report.failed, 1);
}

static void test_apply__an_edit_beside_ours_is_merged(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	struct step *s = bench_update_table(b, "t");
	bench_add_route(b, s, "r1", "10.0.0.1", "10.0.0.2");
	bench_script_edit(b, VERB_PUT, TABLES "t", "/tags/theirs", "'x'");
	assert_true(bench_apply(b));
	const json_t *now = fake_cloud_at(b->cloud, TABLES "t");
	assert_string_equal(json_text_at(now, "/tags/theirs"), "x");
	assert_string_equal(json_text_at(now, FIRST_HOP), "10.0.0.2");
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 2);
	assert_int_equal(b->report.changed, 2);
}

static void test_apply__an_edit_on_ours_is_refused_by_name(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	struct step *s = bench_update_table(b, "t");
	bench_add_route(b, s, "r1", "10.0.0.1", "10.0.0.2");
	bench_script_edit(b, VERB_PUT, TABLES "t", FIRST_HOP, "'10.0.0.9'");
	assert_false(bench_apply(b));
	assert_true(bench_has_diag(b, "changed-since-plan", "routes/r1"));
	const json_t *now = fake_cloud_at(b->cloud, TABLES "t");
	assert_string_equal(json_text_at(now, FIRST_HOP), "10.0.0.9");
	assert_false(json_is_true(json_at(now, "/properties/disableBgpRoutePropagation")));
	assert_int_equal(bench_open_intents(b), 0);
}

static void test_apply__a_lost_answer_is_read_and_not_repeated(void **state)
{
	struct bench *b = *state;
	(void)bench_create_table(b, "t");
	(void)fake_cloud_script(b->cloud, FAKE_LOST_AFTER, VERB_PUT, TABLES "t");
	assert_true(bench_apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 1);
	assert_non_null(bench_recorded(b, TABLES "t"));
}

static void test_apply__a_lost_request_is_sent_again(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	fake_cloud_put(b->cloud, TABLES "gone", STANDING_TABLE);
	(void)bench_update_table(b, "t");
	struct step *s = bench_delete_table(b, "gone");
	bench_add_route(b, s, "r1", "10.0.0.1", NULL);
	(void)fake_cloud_script(b->cloud, FAKE_LOST_BEFORE, VERB_PUT, TABLES "t");
	(void)fake_cloud_script(b->cloud, FAKE_LOST_BEFORE, VERB_DELETE, TABLES "gone");
	assert_true(bench_apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 2);
	assert_int_equal(fake_cloud_count(b->cloud, VERB_DELETE, NULL), 2);
	assert_null(fake_cloud_at(b->cloud, TABLES "gone"));
	assert_int_equal(b->report.destroyed, 2);
}

static void test_apply__answers_lost_for_ever_end_in_an_error(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	(void)bench_update_table(b, "t");
	for (size_t i = 0; i < 20; i++)
		(void)fake_cloud_script(b->cloud, FAKE_LOST_BEFORE, VERB_PUT, TABLES "t");
	assert_false(bench_apply(b));
	assert_true(bench_has_diag(b, "unknown-outcome", "routeTables/t"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 6);
}

static void test_apply__a_failed_step_skips_what_waits_for_it(void **state)
{
	struct bench *b = *state;
	struct step *first = bench_create_table(b, "first");
	bench_add_route(b, first, "r1", NULL, "10.0.0.1");
	b->changes[1].at = (struct place){ .file = "w.yaml", .line = 7 };
	struct step *second = bench_create_table(b, "second");
	bench_wait_for(b, second, first);
	(void)bench_create_table(b, "third");
	struct fake_script *script =
		fake_cloud_script(b->cloud, FAKE_FAIL, VERB_PUT, TABLES "first");
	script->code = "RouteConflict";
	script->message = "Route r1 conflicts with r10.";
	assert_false(bench_apply(b));
	assert_true(bench_has_diag(b, "arm:RouteConflict", "routes/r1"));
	assert_int_equal(b->diags.items[0].at.line, 7);
	assert_true(bench_has_diag(b, "skipped", "routeTables/second"));
	assert_int_equal(b->report.results[0], STEP_FAILED);
	assert_int_equal(b->report.results[1], STEP_SKIPPED);
	assert_int_equal(b->report.results[2], STEP_DONE);
	assert_int_equal(b->report.result, APPLY_FAILED);
	assert_null(bench_recorded(b, TABLES "first"));
	assert_non_null(bench_recorded(b, TABLES "third"));
}

static void test_apply__what_a_failed_create_left_is_ours(void **state)
{
	struct bench *b = *state;
	(void)bench_create_table(b, "t");
	struct fake_script *script =
		fake_cloud_script(b->cloud, FAKE_FAIL_LATE, VERB_PUT, TABLES "t");
	script->code = "InternalServerError";
	assert_false(bench_apply(b));
	assert_non_null(bench_recorded(b, TABLES "t"));
	assert_int_equal(bench_open_intents(b), 0);
}

/* It is sent again until it stands whole, and not taken for somebody else's. */
static void test_apply__what_failed_late_and_was_sent_again_is_ours(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "u", STANDING_TABLE);
	(void)bench_create_table(b, "t");
	(void)bench_update_table(b, "u");
	(void)fake_cloud_script(b->cloud, FAKE_STALE_LATE, VERB_PUT, TABLES "t");
	(void)fake_cloud_script(b->cloud, FAKE_STALE_LATE, VERB_PUT, TABLES "u");
	assert_true(bench_apply(b));
	static const char *const ids[] = { TABLES "t", TABLES "u" };
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const json_t *now = fake_cloud_at(b->cloud, ids[i]);
		assert_string_equal(
			json_text_at(now, "/properties/provisioningState"), "Succeeded");
		assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, ids[i]), 2);
		assert_non_null(bench_recorded(b, ids[i]));
	}
}

static void test_apply__a_delete_spares_what_is_foreign(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	(void)bench_delete_table(b, "t");
	assert_false(bench_apply(b));
	assert_true(bench_has_diag(b, "foreign-inside", "routeTables/t/routes/r1"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_DELETE, NULL), 0);
}

static void test_apply__a_group_goes_only_when_nobody_put_something_in(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, GROUP, "{'location': 'japaneast'}");
	fake_cloud_put(b->cloud, TABLES "theirs", STANDING_TABLE);
	struct change *c =
		bench_add_change(b, "Microsoft.Resources/resourceGroups", GROUP, ACTION_DELETE);
	(void)bench_add_step(b, STEP_DELETE, c);
	assert_false(bench_apply(b));
	assert_true(bench_has_diag(b, "foreign-inside", TABLES "theirs"));
	assert_non_null(fake_cloud_at(b->cloud, GROUP));
	struct content seen = { .container = GROUP, .id = TABLES "theirs" };
	b->snapshot.contents = &seen;
	b->snapshot.ncontents = 1;
	(void)bench_apply(b);
	assert_int_equal(b->report.result, APPLY_DONE);
	assert_null(fake_cloud_at(b->cloud, GROUP));
}

static void test_apply__tags_alone_are_patched_whole(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", "{'tags': {'theirs': 'x', 'old': '1'}}");
	struct change *c = bench_add_change(b, TABLE_TYPE, TABLES "t", ACTION_UPDATE);
	c->after = fake_json(b->arena, "{'tags': {'ours': '2'}}");
	*ARENA_PUSH(b->arena, c->edits.items, c->edits.count) =
		(struct edit){ .pointer = "/tags/ours", .after = json_at(c->after, "/tags/ours") };
	*ARENA_PUSH(b->arena, c->edits.items, c->edits.count) =
		(struct edit){ .pointer = "/tags/old", .before = fake_json(b->arena, "'1'") };
	(void)bench_add_step(b, STEP_TAGS, c);
	assert_true(bench_apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PATCH, NULL), 1);
	const json_t *tags = json_at(fake_cloud_at(b->cloud, TABLES "t"), "/tags");
	assert_true(json_equal(tags, fake_json(b->arena, "{'theirs': 'x', 'ours': '2'}")));
}

static void test_apply__what_is_in_use_is_waited_for_and_then_refused(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(
		b->cloud, TABLES "t", "{'properties': {'subnets': [{'id': '" SUBNETS "s'}]}}");
	fake_cloud_put(b->cloud, TABLES "lags", "{'properties': {'subnets': [{'id': 'x'}]}}");
	(void)bench_delete_table(b, "t");
	(void)bench_delete_table(b, "lags");
	bench_script_edit(b, VERB_GET, TABLES "lags", "/tags/x", "'1'");
	bench_script_edit(b, VERB_GET, TABLES "lags", "/properties/subnets", NULL);
	assert_false(bench_apply(b));
	assert_true(bench_has_diag(b, "still-attached", "routeTables/t"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_GET, TABLES "t"), 10);
	assert_null(fake_cloud_at(b->cloud, TABLES "lags"));
	assert_int_equal(b->report.results[1], STEP_DONE);
}

static void test_apply__a_round_is_one_commit(void **state)
{
	struct bench *b = *state;
	for (size_t i = 0; i < 10; i++)
		(void)bench_create_table(b, arena_printf(b->arena, "t%zu", i));
	int64_t before = state_serial(b->state);
	assert_true(bench_apply(b));
	assert_int_equal(b->cloud->most_pending, 10);
	assert_int_equal(state_serial(b->state), before + 1);
}

static void test_apply__an_interrupt_starts_nothing_new(void **state)
{
	struct bench *b = *state;
	b->options.parallelism = 1;
	b->options.grace_ms = 60000;
	for (size_t i = 0; i < 3; i++)
		(void)bench_create_table(b, arena_printf(b->arena, "t%zu", i));
	b->cloud->interrupt_after = 2;
	assert_false(bench_apply(b));
	assert_int_equal(b->report.result, APPLY_INTERRUPTED);
	assert_int_equal(b->report.results[0], STEP_DONE);
	assert_int_equal(b->report.skipped, 2);
	assert_int_equal(b->cloud->nrequests, 2);
	assert_true(bench_has_diag(b, "interrupted", NULL));
}

static void add_actual(struct bench *b, const char *type, const char *id)
{
	json_t *body = fake_cloud_at(b->cloud, id);
	struct actual *actual = ARENA_PUSH(b->arena, b->snapshot.actuals, b->snapshot.nactuals);
	*actual =
		(struct actual){ .id = id, .schema = catalog_type(b->catalog, type), .body = body };
}

static void test_apply__what_hangs_is_settled_by_the_next_run(void **state)
{
	struct bench *b = *state;
	(void)bench_create_table(b, "lost");
	struct step *s = bench_create_table(b, "made");
	bench_add_route(b, s, "r1", NULL, "10.0.0.1");
	(void)fake_cloud_script(b->cloud, FAKE_HANG, VERB_PUT, TABLES "made");
	(void)fake_cloud_script(b->cloud, FAKE_HANG, VERB_PUT, TABLES "lost");
	b->interrupt_at_write = true;
	assert_false(bench_apply(b));
	assert_int_equal(b->report.unknown, 2);
	assert_int_equal(bench_open_intents(b), 2);
	fake_cloud_put(b->cloud, TABLES "made",
		"{'location': 'japaneast', 'tags': {'a': '1'}, 'properties': {'routes':"
		" [{'name': 'r1', 'properties': {'addressPrefix': '10.1.0.0/16',"
		" 'nextHopType': 'VirtualAppliance', 'nextHopIpAddress': '10.0.0.1'}}]}}");
	bench_script_edit(b, VERB_GET, TABLES "made", PROVISIONING, "'Creating'");
	bench_script_edit(b, VERB_GET, TABLES "made", PROVISIONING, "'Succeeded'");
	struct provider *provider = &b->cloud->provider;
	assert_true(intents_wait(b->arena, b->catalog, b->state, provider, &b->diags));
	assert_string_equal(
		json_text_at(fake_cloud_at(b->cloud, TABLES "made"), PROVISIONING), "Succeeded");
	add_actual(b, TABLE_TYPE, TABLES "made");
	add_actual(b, TABLE_TYPE "/routes", TABLES "made/routes/r1");
	assert_true(intents_settle(&b->snapshot, b->state, NULL, NULL, &b->diags));
	assert_non_null(bench_recorded(b, TABLES "made"));
	assert_non_null(bench_recorded(b, TABLES "made/routes/r1"));
	assert_null(bench_recorded(b, TABLES "lost"));
	assert_int_equal(bench_open_intents(b), 0);
}

static void test_apply__a_subnet_waits_until_its_network_is_settled(void **state)
{
	struct bench *b = *state;
	const char *network = GROUP "/providers/Microsoft.Network/virtualNetworks/v";
	fake_cloud_put(b->cloud, network,
		"{'properties': {'subnets': [{'name': 's',"
		" 'properties': {'addressPrefix': '10.0.0.0/24'}}]}}");
	struct change *c = bench_add_change(
		b, "Microsoft.Network/virtualNetworks/subnets", SUBNETS "s", ACTION_UPDATE);
	struct resource existing = *c->resource;
	existing.existing = true;
	c->resource = &existing;
	c->after = fake_json(b->arena, "{'properties': {'routeTable': {'id': '" TABLES "t'}}}");
	struct edit *e = ARENA_PUSH(b->arena, c->edits.items, c->edits.count);
	e->pointer = "/properties/routeTable";
	e->after = json_at(c->after, e->pointer);
	struct step *s = bench_add_step(b, STEP_UPDATE, c);
	s->settles_parent = true;
	s->parent_id = network;
	bench_script_edit(b, VERB_GET, network, PROVISIONING, "'Updating'");
	bench_script_edit(b, VERB_GET, network, PROVISIONING, "'Succeeded'");
	assert_true(bench_apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_GET, network), 2);
	const struct record *r = bench_recorded(b, SUBNETS "s");
	assert_non_null(r);
	assert_string_equal(r->origin, "existing");
	assert_true(json_is_null(json_object_get(r->before, "/properties/routeTable")));
	assert_null(json_at(r->body, "/properties/addressPrefix"));
	const json_t *now = fake_cloud_at(b->cloud, SUBNETS "s");
	assert_string_equal(json_text_at(now, "/properties/addressPrefix"), "10.0.0.0/24");
}

static void test_apply__random_orders_end_the_same(void **state)
{
	struct bench *b = *state;
	b->cloud->seed = 99;
	b->options.parallelism = 3;
	for (size_t i = 0; i < 20; i++) {
		struct step *s = bench_create_table(b, arena_printf(b->arena, "t%zu", i));
		if (i >= 3)
			bench_wait_for(b, s, &b->steps[i - 3]);
		if (i % 4 == 0)
			(void)fake_cloud_script(b->cloud,
				i % 8 ? FAKE_LOST_AFTER : FAKE_LOST_BEFORE, VERB_PUT, s->id);
	}
	assert_true(bench_apply(b));
	assert_int_equal(b->report.added, 20);
	assert_true(b->cloud->most_pending <= 3);
	assert_int_equal(bench_open_intents(b), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_apply__a_table_and_its_routes_are_one_put),
		TEST(test_apply__a_create_never_overwrites),
		TEST(test_apply__an_edit_beside_ours_is_merged),
		TEST(test_apply__an_edit_on_ours_is_refused_by_name),
		TEST(test_apply__a_lost_answer_is_read_and_not_repeated),
		TEST(test_apply__a_lost_request_is_sent_again),
		TEST(test_apply__answers_lost_for_ever_end_in_an_error),
		TEST(test_apply__a_failed_step_skips_what_waits_for_it),
		TEST(test_apply__what_a_failed_create_left_is_ours),
		TEST(test_apply__what_failed_late_and_was_sent_again_is_ours),
		TEST(test_apply__a_delete_spares_what_is_foreign),
		TEST(test_apply__a_group_goes_only_when_nobody_put_something_in),
		TEST(test_apply__tags_alone_are_patched_whole),
		TEST(test_apply__what_is_in_use_is_waited_for_and_then_refused),
		TEST(test_apply__a_round_is_one_commit),
		TEST(test_apply__an_interrupt_starts_nothing_new),
		TEST(test_apply__what_hangs_is_settled_by_the_next_run),
		TEST(test_apply__a_subnet_waits_until_its_network_is_settled),
		TEST(test_apply__random_orders_end_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
