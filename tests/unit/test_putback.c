/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that are put back as they were before a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/apply/apply.h"
#include "engine/apply/putback.h"
#include "engine/base/json.h"
#include "engine/plan/plan.h"
#include "state/putback.h"
#include "tests/support/fake_cloud.h"
#include "tests/support/folder.h"

#define TABLE "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
#define HEAD                                                                                       \
	"waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: japaneast\n"                     \
	"routeTables:\n  t:\n    routes:\n"
#define ROUTE(name, prefix) "      " name ": {addressPrefix: " prefix ", nextHopType: None}\n"

static const char before[] = HEAD ROUTE("a", "10.1.0.0/16") ROUTE("b", "10.2.0.0/16");
static const char after[] = HEAD ROUTE("a", "10.3.0.0/16") ROUTE("c", "10.2.0.0/16");

struct world {
	struct arena *arena;
	struct catalog *catalog;
	struct folder folder;
	struct fake_cloud *cloud;
	struct diags diags;
	struct state *state;
};

static int set_up(void **state)
{
	struct world *w = mem_alloc(sizeof *w);
	w->arena = arena_new();
	w->catalog = catalog_new(w->arena);
	w->cloud = fake_cloud_new(w->arena, 1);
	folder_make(&w->folder);
	diags_init(&w->diags, w->arena);
	w->state =
		state_open(folder_path(&w->folder, w->arena, "waybill.db"), STATE_WRITE, &w->diags);
	*state = w;
	return w->state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	state_close(w->state);
	folder_remove(&w->folder);
	arena_free(w->arena);
	free(w);
	return 0;
}

static bool apply(struct world *w, const char *yaml, long confirm_within_ms)
{
	static const char *const nothing[] = { NULL };
	const char *paths[] = { folder_path(&w->folder, w->arena, "waybill.yaml") };
	const struct config_options inputs = {
		.paths = paths, .npaths = 1, .environment = nothing
	};
	const struct snapshot_options how = { .refresh = true };
	const struct plan_options options = { .max_deletes = 9 };
	struct run run = { .command = "apply", .user = "u", .host = "h" };
	const struct apply_options doing = { .run = &run, .confirm_within_ms = confirm_within_ms };
	struct apply_report report;
	folder_write(&w->folder, "waybill.yaml", yaml, strlen(yaml));
	struct config *config = config_load(w->arena, w->catalog, &inputs, &w->diags);
	struct snapshot *snapshot = config
		? snapshot_read(w->arena, config, w->state, &w->cloud->provider, &how, &w->diags)
		: NULL;
	struct plan *plan =
		snapshot ? plan_make(w->arena, config, snapshot, &options, &w->diags) : NULL;
	return plan && apply_plan(plan, w->state, &w->cloud->provider, &doing, &report, &w->diags);
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
	struct apply_report report;
	assert_true(find(w, &putback));
	struct plan *plan = putback_plan(
		w->arena, w->catalog, w->state, &w->cloud->provider, &putback, &w->diags);
	assert_non_null(plan);
	assert_int_equal(plan->nsteps, steps);
	return apply_plan(plan, w->state, &w->cloud->provider, &doing, &report, &w->diags);
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

#define TEST(name) cmocka_unit_test_setup_teardown(test_putback__##name, set_up, tear_down)

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
