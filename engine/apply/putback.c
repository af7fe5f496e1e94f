/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/putback.h"

#include <string.h>

#include "engine/apply/merge.h"
#include "engine/base/json.h"
#include "engine/base/secrets.h"
#include "engine/plan/intent.h"
#include "engine/plan/reads.h"
#include "schemas/arm_id.h"

/* ---- what is kept ---- */

bool putback_covers(const struct step *s)
{
	return s->schema->role == ROLE_TABLE && s->verb == STEP_UPDATE && !s->detaches;
}

static json_t *value_or_null(json_t *value)
{
	return value ? json_incref(value) : json_null();
}

/* What is recorded of it now; what this run adopts stays adopted. */
static json_t *kept_record(const struct change *c)
{
	const struct record *r = c->record;
	if (c->adopts)
		return change_record_entry(c);
	if (!r)
		return json_null();
	return json_pack("{s:s, s:s?, s:o, s:o, s:o}", "origin", r->origin, "parent", r->parent,
		"before", value_or_null(r->before), "depends_on", value_or_null(r->depends_on),
		"extra", value_or_null(r->extra));
}

static json_t *change_json(const struct change *c, const json_t *before, const json_t *after)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:O?, s:O?, s:o, s:o}", "address", c->address,
		"id", c->id, "name", c->name, "type", c->schema->type, "action",
		action_name(c->action), "before", before, "after", after, "edits",
		edits_json(&c->edits), "record", kept_record(c));
}

static json_t *table_json(const struct step *s)
{
	json_t *routes = json_array();
	for (size_t i = 0; i < s->nchildren; i++)
		(void)json_array_append_new(routes,
			change_json(s->children[i].change, s->children[i].before,
				s->children[i].after));
	json_t *own = s->change ? change_json(s->change, s->change->before, s->change->after)
				: json_null();
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", s->id, "address", s->address, "type",
		s->schema->type, "own", own, "routes", routes);
}

json_t *putback_json(const struct plan *plan)
{
	json_t *tables = json_array();
	for (size_t i = 0; i < plan->nsteps; i++)
		if (putback_covers(&plan->steps[i]))
			(void)json_array_append_new(tables, table_json(&plan->steps[i]));
	return tables;
}

/* ---- the way back ---- */

struct back {
	struct arena *arena;
	const struct catalog *catalog;
	struct plan *plan;
	struct diags *diags;
	bool ok;
};

static const char *read_text(struct back *b, const json_t *json, const char *pointer)
{
	const char *text = json_text_at(json, pointer);
	b->ok = b->ok && text;
	return text ? text : "";
}

static const struct schema *read_schema(struct back *b, const json_t *json)
{
	const struct schema *schema = catalog_type(b->catalog, read_text(b, json, "/type"));
	b->ok = b->ok && schema;
	return schema;
}

static json_t *read_value(const json_t *json, const char *key)
{
	json_t *value = json_object_get(json, key);
	return json_is_null(value) ? NULL : value;
}

static enum action undone(const char *action)
{
	if (strcmp(action, action_name(ACTION_CREATE)) == 0)
		return ACTION_DELETE;
	if (strcmp(action, action_name(ACTION_DELETE)) == 0)
		return ACTION_CREATE;
	return strcmp(action, action_name(ACTION_REPLACE)) == 0 ? ACTION_REPLACE : ACTION_UPDATE;
}

/* What was kept, the other way round. */
static void read_change(struct back *b, const json_t *json, struct change *c)
{
	size_t i;
	json_t *item;
	*c = (struct change){
		.address = read_text(b, json, "/address"),
		.id = read_text(b, json, "/id"),
		.name = read_text(b, json, "/name"),
		.schema = read_schema(b, json),
		.action = undone(read_text(b, json, "/action")),
		.before = read_value(json, "after"),
		.after = read_value(json, "before"),
		.keeps = json_object_get(json, "record"),
	};
	json_array_foreach (json_object_get(json, "edits"), i, item)
		*ARENA_PUSH(b->arena, c->edits.items, c->edits.count) = (struct edit){
			.pointer = read_text(b, item, "/pointer"),
			.before = read_value(item, "after"),
			.after = read_value(item, "before"),
		};
}

static void warn_left(struct back *b, const char *address, const char *why)
{
	diag_warning(b->diags, PLACE_NONE, "put-back-conflict", "%s is left as it stands: %s",
		address, why);
	diag_about(b->diags, address);
	diag_help(b->diags, "the next plan shows what an apply would do about it");
}

/* A secret is not kept, so that it cannot be put back. */
static bool may_go_back(struct back *b, const json_t *json)
{
	if (json_is_null(json) || !json)
		return false;
	if (!secrets_sealed(json))
		return true;
	warn_left(b, read_text(b, json, "/address"), "it held a secret, which is not kept");
	return false;
}

static bool is_conflict(const struct merged *merged, const struct change *c)
{
	for (size_t i = 0; i < merged->nconflicts; i++)
		if (merged->conflicts[i].change == c)
			return true;
	return false;
}

/* What somebody changed since is theirs. */
static void leave_conflicts(struct back *b, struct step *s, const json_t *now)
{
	struct merged merged = merge_update(b->arena, s, now);
	if (merged.nconflicts == 0)
		return;
	size_t kept = 0;
	for (size_t i = 0; i < s->nchildren; i++) {
		if (!is_conflict(&merged, s->children[i].change))
			s->children[kept++] = s->children[i];
		else
			warn_left(b, s->children[i].change->address, "somebody changed it since");
	}
	s->nchildren = kept;
	if (s->change && is_conflict(&merged, s->change)) {
		warn_left(b, s->address, "somebody changed its own members since");
		s->change = NULL;
		s->edits.count = 0;
	}
}

static const struct change *new_change(struct back *b, const json_t *json)
{
	struct change *c = ARENA_NEW(b->arena, struct change);
	read_change(b, json, c);
	return c;
}

/* The plan has the changes that are left: what no step carries would be recorded without one. */
static const struct change *add_change(struct back *b, const struct change *c)
{
	struct change *kept = &b->plan->changes[b->plan->nchanges++];
	*kept = *c;
	return kept;
}

static void add_step(struct back *b, const json_t *table, const json_t *now)
{
	struct plan *plan = b->plan;
	struct step *s = &plan->steps[plan->nsteps];
	*s = (struct step){
		.number = plan->nsteps,
		.verb = STEP_UPDATE,
		.id = read_text(b, table, "/id"),
		.address = read_text(b, table, "/address"),
		.schema = read_schema(b, table),
	};
	*ARENA_PUSH(b->arena, s->holds, s->nholds) = arm_id_key(b->arena, s->id);
	const json_t *own = json_object_get(table, "own");
	if (may_go_back(b, own)) {
		s->change = new_change(b, own);
		s->edits = s->change->edits;
	}
	size_t i;
	json_t *route;
	json_array_foreach (json_object_get(table, "routes"), i, route) {
		if (!may_go_back(b, route))
			continue;
		const struct change *c = new_change(b, route);
		*ARENA_PUSH(b->arena, s->children, s->nchildren) = (struct step_child){
			.change = c,
			.name = c->name,
			.schema = c->schema,
			.before = c->before,
			.after = c->after,
		};
	}
	if (!b->ok)
		return;
	leave_conflicts(b, s, now);
	s->change = s->change ? add_change(b, s->change) : NULL;
	for (i = 0; i < s->nchildren; i++)
		s->children[i].change = add_change(b, s->children[i].change);
	plan->nsteps += s->change || s->nchildren;
}

static const json_t *standing(const struct reads *reads, const char *id)
{
	for (size_t i = 0; i < reads->count; i++)
		if (arm_id_same(reads->items[i].operation.path, id))
			return reads->items[i].operation.outcome == OUTCOME_DONE
				? reads->items[i].operation.reply
				: NULL;
	return NULL;
}

static bool read_tables(
	struct back *b, const json_t *tables, struct provider *provider, struct reads *reads)
{
	size_t i;
	json_t *table;
	reads_init(reads, b->arena);
	json_array_foreach (tables, i, table) {
		const struct schema *schema = read_schema(b, table);
		if (b->ok)
			reads_add(reads, VERB_GET, read_text(b, table, "/id"), schema);
	}
	return b->ok && reads_run(reads, provider, b->diags);
}

static void name_plan(struct back *b)
{
	json_auto_t *steps = json_array();
	for (size_t i = 0; i < b->plan->nsteps; i++)
		(void)json_array_append_new(steps, step_json(&b->plan->steps[i]));
	const char *text = json_canonical(b->arena, steps);
	b->plan->id = sha256_hex(b->arena, text, strlen(text));
}

static size_t count_changes(const json_t *tables)
{
	size_t i, count = 0;
	json_t *table;
	json_array_foreach (tables, i, table)
		count += 1 + json_array_size(json_object_get(table, "routes"));
	return count;
}

static struct plan *plan_new(struct arena *a, const struct catalog *catalog, const json_t *tables)
{
	struct plan *plan = ARENA_NEW(a, struct plan);
	struct config *names = ARENA_NEW(a, struct config);
	struct snapshot *snapshot = ARENA_NEW(a, struct snapshot);
	*names = (struct config){ .arena = a, .catalog = catalog };
	*snapshot = (struct snapshot){ .arena = a, .catalog = catalog };
	*plan = (struct plan){
		.arena = a,
		.config = names,
		.catalog = catalog,
		.snapshot = snapshot,
		.changes = arena_alloc(a, (count_changes(tables) + 1) * sizeof(struct change)),
		.steps = arena_alloc(a, (json_array_size(tables) + 1) * sizeof(struct step)),
		.outputs = arena_json(a, json_object()),
	};
	return plan;
}

static bool add_steps(struct back *b, const json_t *tables, struct provider *provider)
{
	struct reads reads;
	size_t i;
	json_t *table;
	if (!read_tables(b, tables, provider, &reads))
		return false;
	json_array_foreach (tables, i, table) {
		const json_t *now = standing(&reads, read_text(b, table, "/id"));
		if (now)
			add_step(b, table, now);
		else
			warn_left(b, read_text(b, table, "/address"), "it is gone");
	}
	return b->ok;
}

struct plan *putback_plan(struct arena *a, const struct catalog *catalog, struct state *state,
	struct provider *provider, const struct putback *putback, struct diags *diags)
{
	struct plan *plan = plan_new(a, catalog, putback->tables);
	struct back b = { a, catalog, plan, diags, json_is_array(putback->tables) };
	struct snapshot *snapshot = plan->snapshot;
	plan->puts_back = putback->run;
	if (!state_records(state, a, NULL, &snapshot->records, &snapshot->nrecords, diags))
		return NULL;
	if (b.ok && add_steps(&b, putback->tables, provider)) {
		name_plan(&b);
		return plan;
	}
	if (!b.ok) {
		(void)diag_error(diags, PLACE_NONE, "state-unreadable",
			"what run %lld would put back is damaged", (long long)putback->run);
		diag_help(diags, "`waybill confirm` keeps what stands");
	}
	return NULL;
}
