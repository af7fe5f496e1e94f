/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/apply/apply.h"
#include "engine/base/json.h"
#include "schemas/arm_id.h"
#include "tests/support/fake_cloud.h"

#define GROUP "/subscriptions/s/resourceGroups/g"
#define TABLES GROUP "/providers/Microsoft.Network/routeTables/"
#define SUBNETS GROUP "/providers/Microsoft.Network/virtualNetworks/v/subnets/"
#define FIRST_HOP "/properties/routes/0/properties/nextHopIpAddress"
#define PROVISIONING "/properties/provisioningState"
#define MOST 32

/* A plan built by hand, the cloud it meets, and the state it leaves. */
struct bench {
	struct arena *arena;
	const struct catalog *catalog;
	struct fake_cloud *cloud;
	struct config config;
	struct snapshot snapshot;
	struct plan plan;
	struct change changes[MOST];
	struct step steps[MOST];
	char *folder, *path;
	struct state *state;
	struct run run;
	struct apply_options options;
	struct apply_report report;
	struct diags diags;
	size_t ended, unjournaled;
	bool interrupt_at_write;
};

/* Every step is told of when it ends, in whichever way. */
static void watch(void *context, const struct apply_event *event)
{
	struct bench *b = context;
	b->ended += event->kind == APPLY_FINISHED;
}

/* What another program sees of the state as a write leaves: its intent must be there. */
static void check_intent(void *context, const struct operation *op)
{
	struct bench *b = context;
	if (op->verb == VERB_GET || op->verb == VERB_LIST)
		return;
	struct arena *arena = arena_new();
	struct state *other = state_open(b->path, STATE_READ, &b->diags);
	struct intent *intents = NULL;
	size_t count = 0;
	bool found = false;
	if (other && state_open_intents(other, arena, &intents, &count, &b->diags))
		for (size_t i = 0; i < count; i++)
			found = found || arm_id_same(intents[i].id, op->path);
	b->unjournaled += !found;
	if (b->interrupt_at_write)
		b->cloud->interrupted = SIGINT;
	state_close(other);
	arena_free(arena);
}

static int setup(void **state)
{
	struct arena *arena = arena_new();
	struct bench *b = ARENA_NEW(arena, struct bench);
	*b = (struct bench){ .arena = arena, .catalog = catalog_new(arena) };
	b->cloud = fake_cloud_new(arena, 7);
	b->cloud->on_submit = check_intent;
	b->cloud->context = b;
	b->config = (struct config){ .arena = arena, .catalog = b->catalog };
	b->snapshot = (struct snapshot){ .arena = arena, .catalog = b->catalog };
	b->plan = (struct plan){ .arena = arena,
		.config = &b->config,
		.catalog = b->catalog,
		.snapshot = &b->snapshot,
		.changes = b->changes,
		.steps = b->steps };
	b->run = (struct run){ .command = "apply", .user = "u", .host = "h", .pid = 1 };
	b->options = (struct apply_options){ .run = &b->run,
		.on_event = watch,
		.context = b,
		.interrupted = &b->cloud->interrupted };
	diags_init(&b->diags, arena);
	b->folder = arena_strdup(arena, "/tmp/waybill-test-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	b->path = arena_printf(arena, "%s/waybill.db", b->folder);
	b->state = state_open(b->path, STATE_WRITE, &b->diags);
	assert_non_null(b->state);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	state_close(b->state);
	(void)unlink(b->path);
	assert_int_equal(rmdir(b->folder), 0);
	arena_free(b->arena);
	return 0;
}

static struct change *add_change(
	struct bench *b, const char *type, const char *id, enum action action)
{
	struct change *c = &b->changes[b->plan.nchanges++];
	struct resource *r = ARENA_NEW(b->arena, struct resource);
	const char *name = strrchr(id, '/') + 1;
	const char *address =
		arena_printf(b->arena, "%s/%s", catalog_type(b->catalog, type)->section, name);
	*r = (struct resource){ .address = address, .id = id, .name = name, .pointer = "/x" };
	*c = (struct change){ .address = address, .id = id, .name = name, .action = action };
	c->schema = r->schema = catalog_type(b->catalog, type);
	c->resource = action == ACTION_DELETE ? NULL : r;
	return c;
}

static struct step *add_step(struct bench *b, enum step_verb verb, struct change *c)
{
	struct step *s = &b->steps[b->plan.nsteps];
	*s = (struct step){ .number = b->plan.nsteps++,
		.verb = verb,
		.id = c->id,
		.address = c->address,
		.schema = c->schema,
		.change = c,
		.body = c->after,
		.edits = c->edits };
	*ARENA_PUSH(b->arena, s->holds, s->nholds) = arm_id_key(b->arena, c->id);
	return s;
}

#define TABLE_TYPE "Microsoft.Network/routeTables"
#define TABLE_BODY "{'location': 'japaneast', 'tags': {'a': '1'}}"

static struct step *create_table(struct bench *b, const char *name)
{
	const char *id = arena_printf(b->arena, TABLES "%s", name);
	struct change *c = add_change(b, TABLE_TYPE, id, ACTION_CREATE);
	c->after = fake_json(b->arena, TABLE_BODY);
	return add_step(b, STEP_CREATE, c);
}

static struct step *update_table(struct bench *b, const char *name)
{
	const char *id = arena_printf(b->arena, TABLES "%s", name);
	struct change *c = add_change(b, TABLE_TYPE, id, ACTION_UPDATE);
	c->after = fake_json(b->arena, "{'properties': {'disableBgpRoutePropagation': true}}");
	struct edit *e = ARENA_PUSH(b->arena, c->edits.items, c->edits.count);
	*e = (struct edit){ .pointer = "/properties/disableBgpRoutePropagation",
		.before = json_false(),
		.after = json_true() };
	return add_step(b, STEP_UPDATE, c);
}

static struct step *delete_table(struct bench *b, const char *name)
{
	const char *id = arena_printf(b->arena, TABLES "%s", name);
	struct change *c = add_change(b, TABLE_TYPE, id, ACTION_DELETE);
	c->before = fake_json(b->arena, TABLE_BODY);
	return add_step(b, STEP_DELETE, c);
}

static json_t *route(struct bench *b, const char *hop)
{
	return arena_json(b->arena,
		json_pack("{s:{s:s, s:s, s:s}}", "properties", "addressPrefix", "10.1.0.0/16",
			"nextHopType", "VirtualAppliance", "nextHopIpAddress", hop));
}

static void add_route(
	struct bench *b, struct step *s, const char *name, const char *before, const char *after)
{
	const char *id = arena_printf(b->arena, "%s/routes/%s", s->id, name);
	enum action action = !before ? ACTION_CREATE : !after ? ACTION_DELETE : ACTION_UPDATE;
	struct change *c = add_change(b, TABLE_TYPE "/routes", id, action);
	c->before = before ? route(b, before) : NULL;
	c->after = after ? route(b, after) : NULL;
	*ARENA_PUSH(b->arena, s->children, s->nchildren) =
		(struct step_child){ c, c->name, c->schema, c->before, c->after };
}

static void wait_for(struct bench *b, struct step *s, const struct step *other)
{
	*ARENA_PUSH(b->arena, s->waits, s->nwaits) = other->number;
}

static bool apply(struct bench *b)
{
	bool ok = apply_plan(
		&b->plan, b->state, &b->cloud->provider, &b->options, &b->report, &b->diags);
	assert_int_equal(b->unjournaled, 0);
	assert_true(b->ended == b->plan.nsteps || b->cloud->interrupted);
	b->ended = 0;
	return ok;
}

static bool has_diag(const struct bench *b, const char *code, const char *address)
{
	for (size_t i = 0; i < b->diags.count; i++) {
		const struct diag *d = &b->diags.items[i];
		if (strcmp(d->code, code) == 0 &&
			(!address || (d->address && strcmp(d->address, address) == 0)))
			return true;
	}
	return false;
}

static const struct record *recorded(struct bench *b, const char *id)
{
	struct record *records = NULL;
	size_t count = 0;
	assert_true(state_records(b->state, b->arena, NULL, &records, &count, &b->diags));
	for (size_t i = 0; i < count; i++)
		if (arm_id_same(records[i].id, id))
			return &records[i];
	return NULL;
}

static size_t open_intents(struct bench *b)
{
	assert_true(state_open_intents(b->state, b->arena, &b->snapshot.open_intents,
		&b->snapshot.nopen_intents, &b->diags));
	return b->snapshot.nopen_intents;
}

#define STANDING_TABLE                                                                             \
	"{'location': 'japaneast', 'properties': {'disableBgpRoutePropagation': false,"            \
	" 'routes': [{'name': 'r1', 'properties': {'addressPrefix': '10.1.0.0/16',"                \
	" 'nextHopType': 'VirtualAppliance', 'nextHopIpAddress': '10.0.0.1'}}]}}"

/* Somebody else puts a value at a pointer right before the next such operation. */
static void script_edit(
	struct bench *b, enum verb verb, const char *path, const char *pointer, const char *value)
{
	struct fake_script *script = fake_cloud_script(b->cloud, FAKE_EDIT, verb, path);
	script->pointer = pointer;
	script->value = value ? fake_json(b->arena, value) : NULL;
}

/* ---- tests ---- */

static void test_apply__a_table_and_its_routes_are_one_put(void **state)
{
	struct bench *b = *state;
	struct step *s = create_table(b, "t");
	add_route(b, s, "r1", NULL, "10.0.0.1");
	assert_true(apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 1);
	assert_int_equal(fake_cloud_count(b->cloud, VERB_GET, NULL), 1);
	const struct record *r = recorded(b, TABLES "t/routes/r1");
	assert_non_null(r);
	assert_string_equal(r->origin, "made");
	assert_string_equal(json_text_at(r->body, "/properties/nextHopIpAddress"), "10.0.0.1");
	assert_non_null(recorded(b, TABLES "t"));
	assert_int_equal(b->report.added, 2);
	assert_int_equal(b->report.result, APPLY_DONE);
	assert_int_equal(open_intents(b), 0);
}

static void test_apply__a_create_never_overwrites(void **state)
{
	struct bench *b = *state;
	(void)create_table(b, "t");
	fake_cloud_put(b->cloud, TABLES "t", "{'location': 'japanwest'}");
	assert_false(apply(b));
	assert_true(has_diag(b, "not-ours", "routeTables/t"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 0);
	assert_null(recorded(b, TABLES "t"));
	assert_int_equal(b->report.failed, 1);
}

static void test_apply__an_edit_beside_ours_is_merged(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	struct step *s = update_table(b, "t");
	add_route(b, s, "r1", "10.0.0.1", "10.0.0.2");
	script_edit(b, VERB_PUT, TABLES "t", "/tags/theirs", "'x'");
	assert_true(apply(b));
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
	struct step *s = update_table(b, "t");
	add_route(b, s, "r1", "10.0.0.1", "10.0.0.2");
	script_edit(b, VERB_PUT, TABLES "t", FIRST_HOP, "'10.0.0.9'");
	assert_false(apply(b));
	assert_true(has_diag(b, "changed-since-plan", "routes/r1"));
	const json_t *now = fake_cloud_at(b->cloud, TABLES "t");
	assert_string_equal(json_text_at(now, FIRST_HOP), "10.0.0.9");
	assert_false(json_is_true(json_at(now, "/properties/disableBgpRoutePropagation")));
	assert_int_equal(open_intents(b), 0);
}

static void test_apply__a_lost_answer_is_read_and_not_repeated(void **state)
{
	struct bench *b = *state;
	(void)create_table(b, "t");
	(void)fake_cloud_script(b->cloud, FAKE_LOST_AFTER, VERB_PUT, TABLES "t");
	assert_true(apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 1);
	assert_non_null(recorded(b, TABLES "t"));
}

static void test_apply__a_lost_request_is_sent_again(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	fake_cloud_put(b->cloud, TABLES "gone", STANDING_TABLE);
	(void)update_table(b, "t");
	struct step *s = delete_table(b, "gone");
	add_route(b, s, "r1", "10.0.0.1", NULL);
	(void)fake_cloud_script(b->cloud, FAKE_LOST_BEFORE, VERB_PUT, TABLES "t");
	(void)fake_cloud_script(b->cloud, FAKE_LOST_BEFORE, VERB_DELETE, TABLES "gone");
	assert_true(apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 2);
	assert_int_equal(fake_cloud_count(b->cloud, VERB_DELETE, NULL), 2);
	assert_null(fake_cloud_at(b->cloud, TABLES "gone"));
	assert_int_equal(b->report.destroyed, 2);
}

static void test_apply__answers_lost_for_ever_end_in_an_error(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	(void)update_table(b, "t");
	for (size_t i = 0; i < 20; i++)
		(void)fake_cloud_script(b->cloud, FAKE_LOST_BEFORE, VERB_PUT, TABLES "t");
	assert_false(apply(b));
	assert_true(has_diag(b, "unknown-outcome", "routeTables/t"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, NULL), 6);
}

static void test_apply__a_failed_step_skips_what_waits_for_it(void **state)
{
	struct bench *b = *state;
	struct step *first = create_table(b, "first");
	add_route(b, first, "r1", NULL, "10.0.0.1");
	b->changes[1].at = (struct place){ .file = "w.yaml", .line = 7 };
	struct step *second = create_table(b, "second");
	wait_for(b, second, first);
	(void)create_table(b, "third");
	struct fake_script *script =
		fake_cloud_script(b->cloud, FAKE_FAIL, VERB_PUT, TABLES "first");
	script->code = "RouteConflict";
	script->message = "Route r1 conflicts with r10.";
	assert_false(apply(b));
	assert_true(has_diag(b, "arm:RouteConflict", "routes/r1"));
	assert_int_equal(b->diags.items[0].at.line, 7);
	assert_true(has_diag(b, "skipped", "routeTables/second"));
	assert_int_equal(b->report.results[0], STEP_FAILED);
	assert_int_equal(b->report.results[1], STEP_SKIPPED);
	assert_int_equal(b->report.results[2], STEP_DONE);
	assert_int_equal(b->report.result, APPLY_FAILED);
	assert_null(recorded(b, TABLES "first"));
	assert_non_null(recorded(b, TABLES "third"));
}

static void test_apply__what_a_failed_create_left_is_ours(void **state)
{
	struct bench *b = *state;
	(void)create_table(b, "t");
	struct fake_script *script =
		fake_cloud_script(b->cloud, FAKE_FAIL_LATE, VERB_PUT, TABLES "t");
	script->code = "InternalServerError";
	assert_false(apply(b));
	assert_non_null(recorded(b, TABLES "t"));
	assert_int_equal(open_intents(b), 0);
}

/* It is sent again until it stands whole, and not taken for somebody else's. */
static void test_apply__what_failed_late_and_was_sent_again_is_ours(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "u", STANDING_TABLE);
	(void)create_table(b, "t");
	(void)update_table(b, "u");
	(void)fake_cloud_script(b->cloud, FAKE_STALE_LATE, VERB_PUT, TABLES "t");
	(void)fake_cloud_script(b->cloud, FAKE_STALE_LATE, VERB_PUT, TABLES "u");
	assert_true(apply(b));
	static const char *const ids[] = { TABLES "t", TABLES "u" };
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const json_t *now = fake_cloud_at(b->cloud, ids[i]);
		assert_string_equal(
			json_text_at(now, "/properties/provisioningState"), "Succeeded");
		assert_int_equal(fake_cloud_count(b->cloud, VERB_PUT, ids[i]), 2);
		assert_non_null(recorded(b, ids[i]));
	}
}

static void test_apply__a_delete_spares_what_is_foreign(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", STANDING_TABLE);
	(void)delete_table(b, "t");
	assert_false(apply(b));
	assert_true(has_diag(b, "foreign-inside", "routeTables/t/routes/r1"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_DELETE, NULL), 0);
}

static void test_apply__a_group_goes_only_when_nobody_put_something_in(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, GROUP, "{'location': 'japaneast'}");
	fake_cloud_put(b->cloud, TABLES "theirs", STANDING_TABLE);
	struct change *c =
		add_change(b, "Microsoft.Resources/resourceGroups", GROUP, ACTION_DELETE);
	(void)add_step(b, STEP_DELETE, c);
	assert_false(apply(b));
	assert_true(has_diag(b, "foreign-inside", TABLES "theirs"));
	assert_non_null(fake_cloud_at(b->cloud, GROUP));
	struct content seen = { .container = GROUP, .id = TABLES "theirs" };
	b->snapshot.contents = &seen;
	b->snapshot.ncontents = 1;
	(void)apply(b);
	assert_int_equal(b->report.result, APPLY_DONE);
	assert_null(fake_cloud_at(b->cloud, GROUP));
}

static void test_apply__tags_alone_are_patched_whole(void **state)
{
	struct bench *b = *state;
	fake_cloud_put(b->cloud, TABLES "t", "{'tags': {'theirs': 'x', 'old': '1'}}");
	struct change *c = add_change(b, TABLE_TYPE, TABLES "t", ACTION_UPDATE);
	c->after = fake_json(b->arena, "{'tags': {'ours': '2'}}");
	*ARENA_PUSH(b->arena, c->edits.items, c->edits.count) =
		(struct edit){ .pointer = "/tags/ours", .after = json_at(c->after, "/tags/ours") };
	*ARENA_PUSH(b->arena, c->edits.items, c->edits.count) =
		(struct edit){ .pointer = "/tags/old", .before = fake_json(b->arena, "'1'") };
	(void)add_step(b, STEP_TAGS, c);
	assert_true(apply(b));
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
	(void)delete_table(b, "t");
	(void)delete_table(b, "lags");
	script_edit(b, VERB_GET, TABLES "lags", "/tags/x", "'1'");
	script_edit(b, VERB_GET, TABLES "lags", "/properties/subnets", NULL);
	assert_false(apply(b));
	assert_true(has_diag(b, "still-attached", "routeTables/t"));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_GET, TABLES "t"), 10);
	assert_null(fake_cloud_at(b->cloud, TABLES "lags"));
	assert_int_equal(b->report.results[1], STEP_DONE);
}

static void test_apply__a_round_is_one_commit(void **state)
{
	struct bench *b = *state;
	for (size_t i = 0; i < 10; i++)
		(void)create_table(b, arena_printf(b->arena, "t%zu", i));
	int64_t before = state_serial(b->state);
	assert_true(apply(b));
	assert_int_equal(b->cloud->most_pending, 10);
	assert_int_equal(state_serial(b->state), before + 1);
}

static void test_apply__an_interrupt_starts_nothing_new(void **state)
{
	struct bench *b = *state;
	b->options.parallelism = 1;
	b->options.grace_ms = 60000;
	for (size_t i = 0; i < 3; i++)
		(void)create_table(b, arena_printf(b->arena, "t%zu", i));
	b->cloud->interrupt_after = 2;
	assert_false(apply(b));
	assert_int_equal(b->report.result, APPLY_INTERRUPTED);
	assert_int_equal(b->report.results[0], STEP_DONE);
	assert_int_equal(b->report.skipped, 2);
	assert_int_equal(b->cloud->nrequests, 2);
	assert_true(has_diag(b, "interrupted", NULL));
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
	(void)create_table(b, "lost");
	struct step *s = create_table(b, "made");
	add_route(b, s, "r1", NULL, "10.0.0.1");
	(void)fake_cloud_script(b->cloud, FAKE_HANG, VERB_PUT, TABLES "made");
	(void)fake_cloud_script(b->cloud, FAKE_HANG, VERB_PUT, TABLES "lost");
	b->interrupt_at_write = true;
	assert_false(apply(b));
	assert_int_equal(b->report.unknown, 2);
	assert_int_equal(open_intents(b), 2);
	fake_cloud_put(b->cloud, TABLES "made",
		"{'location': 'japaneast', 'tags': {'a': '1'}, 'properties': {'routes':"
		" [{'name': 'r1', 'properties': {'addressPrefix': '10.1.0.0/16',"
		" 'nextHopType': 'VirtualAppliance', 'nextHopIpAddress': '10.0.0.1'}}]}}");
	script_edit(b, VERB_GET, TABLES "made", PROVISIONING, "'Creating'");
	script_edit(b, VERB_GET, TABLES "made", PROVISIONING, "'Succeeded'");
	struct provider *provider = &b->cloud->provider;
	assert_true(intents_wait(b->arena, b->catalog, b->state, provider, &b->diags));
	assert_string_equal(
		json_text_at(fake_cloud_at(b->cloud, TABLES "made"), PROVISIONING), "Succeeded");
	add_actual(b, TABLE_TYPE, TABLES "made");
	add_actual(b, TABLE_TYPE "/routes", TABLES "made/routes/r1");
	assert_true(intents_settle(&b->snapshot, b->state, NULL, NULL, &b->diags));
	assert_non_null(recorded(b, TABLES "made"));
	assert_non_null(recorded(b, TABLES "made/routes/r1"));
	assert_null(recorded(b, TABLES "lost"));
	assert_int_equal(open_intents(b), 0);
}

static void test_apply__a_subnet_waits_until_its_network_is_settled(void **state)
{
	struct bench *b = *state;
	const char *network = GROUP "/providers/Microsoft.Network/virtualNetworks/v";
	fake_cloud_put(b->cloud, network,
		"{'properties': {'subnets': [{'name': 's',"
		" 'properties': {'addressPrefix': '10.0.0.0/24'}}]}}");
	struct change *c = add_change(
		b, "Microsoft.Network/virtualNetworks/subnets", SUBNETS "s", ACTION_UPDATE);
	struct resource existing = *c->resource;
	existing.existing = true;
	c->resource = &existing;
	c->after = fake_json(b->arena, "{'properties': {'routeTable': {'id': '" TABLES "t'}}}");
	struct edit *e = ARENA_PUSH(b->arena, c->edits.items, c->edits.count);
	e->pointer = "/properties/routeTable";
	e->after = json_at(c->after, e->pointer);
	struct step *s = add_step(b, STEP_UPDATE, c);
	s->settles_parent = true;
	s->parent_id = network;
	script_edit(b, VERB_GET, network, PROVISIONING, "'Updating'");
	script_edit(b, VERB_GET, network, PROVISIONING, "'Succeeded'");
	assert_true(apply(b));
	assert_int_equal(fake_cloud_count(b->cloud, VERB_GET, network), 2);
	const struct record *r = recorded(b, SUBNETS "s");
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
		struct step *s = create_table(b, arena_printf(b->arena, "t%zu", i));
		if (i >= 3)
			wait_for(b, s, &b->steps[i - 3]);
		if (i % 4 == 0)
			(void)fake_cloud_script(b->cloud,
				i % 8 ? FAKE_LOST_AFTER : FAKE_LOST_BEFORE, VERB_PUT, s->id);
	}
	assert_true(apply(b));
	assert_int_equal(b->report.added, 20);
	assert_true(b->cloud->most_pending <= 3);
	assert_int_equal(open_intents(b), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
