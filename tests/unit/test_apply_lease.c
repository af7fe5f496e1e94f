/* SPDX-License-Identifier: Apache-2.0 */
/* An apply whose state is leased: what leaves, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/apply/apply.h"
#include "engine/base/json.h"
#include "schemas/arm_id.h"
#include "state/remote.h"
#include "tests/support/fake_cloud.h"
#include "tests/support/fake_store.h"

#define TABLES "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/"
#define TABLE_TYPE "Microsoft.Network/routeTables"

struct bench {
	struct arena *arena;
	struct fake_cloud *cloud;
	struct fake_place place;
	struct remote *remote;
	struct state *state;
	struct config config;
	struct snapshot snapshot;
	struct plan plan;
	struct change change;
	struct step step;
	struct apply_report report;
	struct diags diags;
	bool is_asked; /* the write may ask whether it may leave */
	bool answer;
};

static void make_plan(struct bench *b)
{
	const struct catalog *catalog = catalog_new(b->arena);
	struct resource *r = ARENA_NEW(b->arena, struct resource);
	*r = (struct resource){ .address = "routeTables/t",
		.id = TABLES "t",
		.name = "t",
		.pointer = "/x",
		.schema = catalog_type(catalog, TABLE_TYPE) };
	b->config = (struct config){ .arena = b->arena, .catalog = catalog };
	b->snapshot = (struct snapshot){ .arena = b->arena, .catalog = catalog };
	b->change = (struct change){ .address = r->address,
		.id = r->id,
		.name = r->name,
		.action = ACTION_CREATE,
		.schema = r->schema,
		.resource = r,
		.after = fake_json(b->arena, "{'location': 'japaneast'}") };
	b->step = (struct step){ .verb = STEP_CREATE,
		.id = r->id,
		.address = r->address,
		.schema = r->schema,
		.change = &b->change,
		.body = b->change.after };
	*ARENA_PUSH(b->arena, b->step.holds, b->step.nholds) = arm_id_key(b->arena, r->id);
	b->plan = (struct plan){ .arena = b->arena,
		.config = &b->config,
		.catalog = catalog,
		.snapshot = &b->snapshot,
		.changes = &b->change,
		.nchanges = 1,
		.steps = &b->step,
		.nsteps = 1 };
}

static int setup(void **state)
{
	struct arena *arena = arena_new();
	struct bench *b = ARENA_NEW(arena, struct bench);
	b->arena = arena;
	b->cloud = fake_cloud_new(arena, 7);
	b->cloud->context = b;
	diags_init(&b->diags, arena);
	fake_place_init(&b->place);
	make_plan(b);
	b->remote = remote_new(fake_store_open(&b->place));
	assert_true(remote_lock(b->remote, "apply", 0, NULL, NULL, &b->diags));
	b->state = state_open_remote(b->remote, STATE_WRITE, &b->diags);
	assert_non_null(b->state);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	state_close(b->state);
	remote_free(b->remote);
	fake_place_release(&b->place);
	arena_free(b->arena);
	return 0;
}

static bool apply(struct bench *b)
{
	struct run run = { .command = "apply", .user = "u", .host = "h", .pid = 1 };
	struct apply_options options = { .run = &run };
	return apply_plan(&b->plan, b->state, &b->cloud->provider, &options, &b->report, &b->diags);
}

static size_t writes(const struct bench *b)
{
	return fake_cloud_count(b->cloud, VERB_PUT, NULL);
}

static bool is_told(const struct bench *b, const char *code)
{
	for (size_t i = 0; i < b->diags.count; i++)
		if (strcmp(b->diags.items[i].code, code) == 0)
			return true;
	return false;
}

static size_t open_intents(struct bench *b)
{
	struct intent *intents;
	size_t count;
	assert_true(state_open_intents(b->state, b->arena, &intents, &count, &b->diags));
	return count;
}

static void test_apply_lease__its_intent_is_stored_before_the_write_leaves(void **state)
{
	struct bench *b = *state;
	assert_true(apply(b));
	assert_int_equal(writes(b), 1);
	assert_non_null(strstr(b->place.log.data, "[\"intend\",1,\"" TABLES "t\",\"put\""));
	assert_non_null(strstr(b->place.log.data, "[\"settle\",1,\"done\""));
}

/* From the first read on the lease is known for less than a request takes. */
static void lease_runs_out(void *context, const struct operation *op)
{
	struct bench *b = context;
	(void)op;
	b->place.held_ms = STORE_REQUEST_MS - 1000;
}

static void test_apply_lease__nothing_leaves_when_it_may_run_out_meanwhile(void **state)
{
	struct bench *b = *state;
	b->cloud->on_submit = lease_runs_out;
	assert_false(apply(b));
	assert_int_equal(writes(b), 0);
	assert_true(is_told(b, "state-lost"));
	assert_false(is_told(b, "interrupted"));
	assert_int_equal(b->report.result, APPLY_FAILED);
	assert_int_equal(open_intents(b), 0); /* it is known that it was not sent */
}

static void ask_whether_it_may_leave(void *context, const struct operation *op)
{
	struct bench *b = context;
	if (op->verb != VERB_PUT)
		return;
	b->is_asked = op->may_leave != NULL;
	fake_place_expire(&b->place);
	b->answer = op->may_leave && op->may_leave(op);
}

/* The provider may hold a write back for long, or send it again. */
static void test_apply_lease__a_write_that_waited_asks_again(void **state)
{
	struct bench *b = *state;
	b->cloud->on_submit = ask_whether_it_may_leave;
	(void)apply(b);
	assert_true(b->is_asked);
	assert_false(b->answer);
	assert_true(is_told(b, "state-lost"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_apply_lease__##name, setup, teardown)
		TEST(its_intent_is_stored_before_the_write_leaves),
		TEST(nothing_leaves_when_it_may_run_out_meanwhile),
		TEST(a_write_that_waited_asks_again),
	};
	mem_guard_jansson();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
