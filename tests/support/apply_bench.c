/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/apply_bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "schemas/arm_id.h"

#define TABLE_TYPE "Microsoft.Network/routeTables"
#define TABLE_BODY "{'location': 'japaneast', 'tags': {'a': '1'}}"

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

int bench_setup(void **state)
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

int bench_teardown(void **state)
{
	struct bench *b = *state;
	state_close(b->state);
	(void)unlink(b->path);
	assert_int_equal(rmdir(b->folder), 0);
	arena_free(b->arena);
	return 0;
}

struct change *bench_add_change(
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

struct step *bench_add_step(struct bench *b, enum step_verb verb, struct change *c)
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

struct step *bench_create_table(struct bench *b, const char *name)
{
	const char *id = arena_printf(b->arena, TABLES "%s", name);
	struct change *c = bench_add_change(b, TABLE_TYPE, id, ACTION_CREATE);
	c->after = fake_json(b->arena, TABLE_BODY);
	return bench_add_step(b, STEP_CREATE, c);
}

struct step *bench_update_table(struct bench *b, const char *name)
{
	const char *id = arena_printf(b->arena, TABLES "%s", name);
	struct change *c = bench_add_change(b, TABLE_TYPE, id, ACTION_UPDATE);
	c->after = fake_json(b->arena, "{'properties': {'disableBgpRoutePropagation': true}}");
	struct edit *e = ARENA_PUSH(b->arena, c->edits.items, c->edits.count);
	*e = (struct edit){ .pointer = "/properties/disableBgpRoutePropagation",
		.before = json_false(),
		.after = json_true() };
	return bench_add_step(b, STEP_UPDATE, c);
}

struct step *bench_delete_table(struct bench *b, const char *name)
{
	const char *id = arena_printf(b->arena, TABLES "%s", name);
	struct change *c = bench_add_change(b, TABLE_TYPE, id, ACTION_DELETE);
	c->before = fake_json(b->arena, TABLE_BODY);
	return bench_add_step(b, STEP_DELETE, c);
}

static json_t *route(struct bench *b, const char *hop)
{
	return arena_json(b->arena,
		json_pack("{s:{s:s, s:s, s:s}}", "properties", "addressPrefix", "10.1.0.0/16",
			"nextHopType", "VirtualAppliance", "nextHopIpAddress", hop));
}

void bench_add_route(
	struct bench *b, struct step *s, const char *name, const char *before, const char *after)
{
	const char *id = arena_printf(b->arena, "%s/routes/%s", s->id, name);
	enum action action = !before ? ACTION_CREATE : !after ? ACTION_DELETE : ACTION_UPDATE;
	struct change *c = bench_add_change(b, TABLE_TYPE "/routes", id, action);
	c->before = before ? route(b, before) : NULL;
	c->after = after ? route(b, after) : NULL;
	*ARENA_PUSH(b->arena, s->children, s->nchildren) =
		(struct step_child){ c, c->name, c->schema, c->before, c->after };
}

void bench_wait_for(struct bench *b, struct step *s, const struct step *other)
{
	*ARENA_PUSH(b->arena, s->waits, s->nwaits) = other->number;
}

bool bench_apply(struct bench *b)
{
	bool ok = apply_plan(
		&b->plan, b->state, &b->cloud->provider, &b->options, &b->report, &b->diags);
	assert_int_equal(b->unjournaled, 0);
	assert_true(b->ended == b->plan.nsteps || b->cloud->interrupted);
	b->ended = 0;
	return ok;
}

bool bench_has_diag(const struct bench *b, const char *code, const char *address)
{
	for (size_t i = 0; i < b->diags.count; i++) {
		const struct diag *d = &b->diags.items[i];
		if (strcmp(d->code, code) == 0 &&
			(!address || (d->address && strcmp(d->address, address) == 0)))
			return true;
	}
	return false;
}

const struct record *bench_recorded(struct bench *b, const char *id)
{
	struct record *records = NULL;
	size_t count = 0;
	assert_true(state_records(b->state, b->arena, NULL, &records, &count, &b->diags));
	for (size_t i = 0; i < count; i++)
		if (arm_id_same(records[i].id, id))
			return &records[i];
	return NULL;
}

size_t bench_open_intents(struct bench *b)
{
	assert_true(state_open_intents(b->state, b->arena, &b->snapshot.open_intents,
		&b->snapshot.nopen_intents, &b->diags));
	return b->snapshot.nopen_intents;
}

void bench_script_edit(
	struct bench *b, enum verb verb, const char *path, const char *pointer, const char *value)
{
	struct fake_script *script = fake_cloud_script(b->cloud, FAKE_EDIT, verb, path);
	script->pointer = pointer;
	script->value = value ? fake_json(b->arena, value) : NULL;
}
