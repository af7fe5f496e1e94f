/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that are put back as they were before a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/apply/apply.h"
#include "engine/apply/putback.h"
#include "engine/base/json.h"
#include "engine/plan/plan.h"
#include "state/putback.h"
#include "tests/support/world.h"

#define TABLE "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
#define HEAD                                                                                       \
	"waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: japaneast\n"                     \
	"routeTables:\n  t:\n    routes:\n"
#define ROUTE(name, prefix) "      " name ": {addressPrefix: " prefix ", nextHopType: None}\n"

static const char before[] = HEAD ROUTE("a", "10.1.0.0/16") ROUTE("b", "10.2.0.0/16");
static const char after[] = HEAD ROUTE("a", "10.3.0.0/16") ROUTE("c", "10.2.0.0/16");

static bool apply(struct world *w, const char *yaml, long confirm_within_ms)
{
	const struct apply_options how = { .confirm_within_ms = confirm_within_ms };
	return world_run(w, world_plan(w, yaml, NULL), &how);
}

static bool find(struct world *w, struct putback *out)
{
	bool found;
	assert_true(state_putback(w->state, w->arena, out, &found, &w->diags));
	return found;
}

static bool put_back(struct world *w, size_t steps)
{
	struct putback putback;
	struct run run = { .command = "put back", .user = "u", .host = "h" };
	const struct apply_options doing = { .run = &run };
	assert_true(find(w, &putback));
	struct plan *plan = putback_plan(
		w->arena, w->catalog, w->state, &w->cloud->provider, &putback, &w->diags);
	assert_non_null(plan);
	assert_int_equal(plan->nsteps, steps);
	return world_run(w, plan, &doing);
}

static const char *prefix(struct world *w, const char *route)
{
	const char *id = arena_printf(w->arena, TABLE "/routes/%s", route);
	return json_text_at(fake_cloud_at(w->cloud, id), "/properties/addressPrefix");
}

static void expect_before(struct world *w)
{
	struct putback putback;
	assert_string_equal(prefix(w, "a"), "10.1.0.0/16");
	assert_string_equal(prefix(w, "b"), "10.2.0.0/16");
	assert_null(prefix(w, "c"));
	assert_false(find(w, &putback));
	struct record *records;
	size_t count;
	assert_true(state_records(w->state, w->arena, NULL, &records, &count, &w->diags));
	assert_int_equal(count, 3);
	assert_string_equal(records[2].address, "routeTables/t/routes/b");
	assert_string_equal(records[2].origin, "made");
}

static void test_putback__restores_routes_and_records_by_one_write(void **state)
{
	struct world *w = *state;
	struct putback putback;
	assert_true(apply(w, before, 0));
	assert_false(find(w, &putback));
	assert_true(apply(w, after, 60000));
	size_t writes = fake_cloud_count(w->cloud, VERB_PUT, NULL);
	assert_true(put_back(w, 1));
	assert_int_equal(fake_cloud_count(w->cloud, VERB_PUT, NULL), writes + 1);
	expect_before(w);
}

static void test_putback__is_promised_before_the_first_write_and_outlives_a_failure(void **state)
{
	struct world *w = *state;
	assert_true(apply(w, before, 0));
	struct fake_script *refusal = fake_cloud_script(w->cloud, FAKE_FAIL, VERB_PUT, TABLE);
	refusal->code = "RouteConflict";
	refusal->message = "no";
	assert_false(apply(w, after, 60000));
	diags_init(&w->diags, w->arena);
	assert_true(put_back(w, 1));
	expect_before(w);
}

static void test_putback__survives_a_lost_answer(void **state)
{
	struct world *w = *state;
	assert_true(apply(w, before, 0));
	assert_true(apply(w, after, 60000));
	(void)fake_cloud_script(w->cloud, FAKE_LOST_AFTER, VERB_PUT, TABLE);
	assert_true(put_back(w, 1));
	expect_before(w);
}

static void test_putback__leaves_what_somebody_changed_since_and_its_record(void **state)
{
	struct world *w = *state;
	struct record *records;
	size_t count;
	assert_true(apply(w, before, 0));
	assert_true(apply(w, after, 60000));
	json_t *route = fake_cloud_at(w->cloud, TABLE "/routes/a");
	assert_true(json_put(route, "/properties/addressPrefix", json_string("10.7.0.0/16")));
	assert_true(put_back(w, 1));
	assert_string_equal(w->diags.items[0].code, "put-back-conflict");
	assert_string_equal(prefix(w, "a"), "10.7.0.0/16");
	assert_string_equal(prefix(w, "b"), "10.2.0.0/16");
	assert_true(state_records(w->state, w->arena, NULL, &records, &count, &w->diags));
	assert_int_equal(count, 3);
	assert_string_equal(
		json_text_at(records[1].body, "/properties/addressPrefix"), "10.3.0.0/16");
}

static void test_putback__keeps_nothing_of_what_is_made(void **state)
{
	struct world *w = *state;
	struct putback putback;
	assert_true(apply(w, before, 60000));
	assert_false(find(w, &putback));
}

static void test_putback__damaged_is_an_error(void **state)
{
	struct world *w = *state;
	static const char *const texts[] = { "{}", "[{}]",
		"[{'id':'" TABLE "','address':'a','type':'Microsoft.Network/none'}]",
		"[{'id':'" TABLE "','address':'a','type':'Microsoft.Network/routeTables',"
		"'routes':[{'id':1}]}]" };
	assert_true(apply(w, before, 0));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct putback putback = { .run = 1,
			.tables = fake_json(w->arena, texts[i]) };
		diags_init(&w->diags, w->arena);
		assert_null(putback_plan(
			w->arena, w->catalog, w->state, &w->cloud->provider, &putback, &w->diags));
		assert_string_equal(w->diags.items[0].code, "state-unreadable");
	}
}

#define TEST(name) WORLD_TEST(test_putback__##name)

int main(void)
{
	mem_guard_jansson();
	const struct CMUnitTest tests[] = {
		TEST(restores_routes_and_records_by_one_write),
		TEST(is_promised_before_the_first_write_and_outlives_a_failure),
		TEST(survives_a_lost_answer),
		TEST(leaves_what_somebody_changed_since_and_its_record),
		TEST(keeps_nothing_of_what_is_made),
		TEST(damaged_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
