/* SPDX-License-Identifier: Apache-2.0 */
/* planfile.c - a plan as one JSON value: what was decided, and what it was decided from */
#include <assert.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/plan.h"

#define PLAN_FORMAT 1

static const enum action actions[] = { ACTION_NONE, ACTION_CREATE, ACTION_UPDATE, ACTION_REPLACE,
	ACTION_DELETE, ACTION_FORGET };

/* ---- writing ---- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *texts_json(const char *const *texts, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(texts[i]));
	return list;
}

static json_t *shown_edits(const struct edits *edits)
{
	json_t *list = edits_json(edits);
	for (size_t i = 0; i < edits->count; i++)
		json_object_set_new(json_array_get(list, i), "replaces",
			json_boolean(edits->items[i].replaces));
	return list;
}

static json_t *place_json(const struct place *at)
{
	if (!at->file)
		return json_null();
	return json_pack("{s:s, s:I, s:I}", "file", at->file, "line", (json_int_t)at->line,
		"column", (json_int_t)at->column);
}

static json_t *change_json(const struct change *c)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s*}", "address",
		c->address, "id", c->id, "name", c->name, "type", c->schema->type, "action",
		action_name(c->action), "adopts", c->adopts, "lets_go", c->lets_go, "restores",
		c->restores, "moved_from", c->moved_from);
	json_object_set(json, "before", c->before);
	json_object_set(json, "after", c->after);
	json_object_set_new(json, "edits", shown_edits(&c->edits));
	json_object_set_new(json, "replaced_by", text_or_null(c->replaced_by));
	json_object_set_new(json, "why", text_or_null(c->why));
	json_object_set_new(json, "unknown", texts_json(c->unknown, c->nunknown));
	if (c->nexplicit_defaults)
		json_object_set_new(json, "explicit_defaults",
			texts_json(c->explicit_defaults, c->nexplicit_defaults));
	json_object_set_new(json, "at", place_json(&c->at));
	return json;
}

static json_t *drift_json(const struct drift *d)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:o}", "address", d->address, "id", d->id, "type",
		d->schema->type, "removed", d->removed, "edits", shown_edits(&d->edits));
}

static json_t *foreign_json(const struct foreign *f)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:O}", "address", f->address, "id", f->id,
		"name", f->name, "type", f->schema->type, "parent", f->parent_address, "tags",
		f->is_tags, "body", f->body);
}

static json_t *options_json(const struct plan_options *o)
{
	return json_pack("{s:b, s:s, s:o, s:o, s:o, s:o, s:I, s:b}", "destroy", o->destroy,
		"refresh", refresh_name(o->refresh), "target", texts_json(o->target, o->ntarget),
		"adopt", texts_json(o->adopt, o->nadopt), "replace",
		texts_json(o->replace, o->nreplace), "delete_foreign",
		texts_json(o->delete_foreign, o->ndelete_foreign), "max_deletes",
		(json_int_t)o->max_deletes, "allow_unreachable", o->allow_unreachable);
}

static json_t *counts_json(const struct survey_counts *c)
{
	json_t *json = json_pack("{s:I}", "total", (json_int_t)c->total);
	for (int v = 0; v < REACH_VERDICTS; v++)
		json_object_set_new(json, verdict_name((enum reach_verdict)v),
			json_integer((json_int_t)c->of[v]));
	return json;
}

static json_t *cut_json(const struct plan_cut *cut)
{
	json_t *first = json_array();
	for (size_t i = 0; i < cut->nfirst; i++)
		json_array_append_new(first,
			json_pack("{s:s, s:s, s:s}", "from", cut->first[i].from, "to",
				cut->first[i].to, "pods", cut->first[i].pods));
	return json_pack("{s:{s:s, s:s}, s:{s:s, s:s}, s:I, s:o}", "from", "verb", cut->from_verb,
		"address", cut->from, "until", "verb", cut->until_verb, "address", cut->until,
		"paths", (json_int_t)cut->paths, "first", first);
}

json_t *plan_reach_json(const struct plan_reach *r)
{
	json_t *cuts = json_array();
	for (size_t i = 0; i < r->ncuts; i++)
		json_array_append_new(cuts, cut_json(&r->cuts[i]));
	return json_pack("{s:o, s:o, s:I, s:o, s:o, s:I}", "after", counts_json(&r->after), "now",
		counts_json(&r->now), "lost", (json_int_t)r->lost, "leaving",
		texts_json(r->leaving, r->nleaving), "cuts", cuts, "unjudged",
		(json_int_t)r->unjudged);
}

json_t *plan_save(const struct plan *whole, const struct plan_options *options)
{
	const struct plan *plan = plan_masked(whole);
	json_t *changes = json_array(), *drifts = json_array(), *foreigns = json_array();
	for (size_t i = 0; i < plan->nchanges; i++)
		json_array_append_new(changes, change_json(&plan->changes[i]));
	for (size_t i = 0; i < plan->ndrifts; i++)
		json_array_append_new(drifts, drift_json(&plan->drifts[i]));
	for (size_t i = 0; i < plan->nforeigns; i++)
		json_array_append_new(foreigns, foreign_json(&plan->foreigns[i]));
	return json_pack("{s:i, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:O?}",
		"waybill_plan", PLAN_FORMAT, "left_out",
		texts_json((const char *const *)plan->left_out, plan->nleft_out),
		"new_subscriptions", texts_json(plan->new_subscriptions, plan->nnew_subscriptions),
		"id", plan->id, "reachability", plan_reach_json(&plan->reach), "options",
		options_json(options), "inputs", config_inputs(plan->config), "changes", changes,
		"drifts", drifts, "foreigns", foreigns, "outputs", plan->outputs, "outputs_before",
		plan->outputs_before);
}

/* ---- reading ---- */

struct reader {
	struct arena *arena;
	const struct catalog *catalog;
	bool ok;
};

static const char *read_text(struct reader *r, const json_t *json, const char *pointer)
{
	const char *text = json_text_at(json, pointer);
	if (!text)
		r->ok = false;
	return text ? text : "";
}

static json_t *read_value(const json_t *json, const char *key)
{
	json_t *value = json_object_get(json, key);
	return json_is_null(value) ? NULL : value;
}

static const char *const *read_texts(struct reader *r, const json_t *list, size_t *count)
{
	const char **texts = NULL;
	size_t i;
	json_t *item;
	*count = 0;
	json_array_foreach (list, i, item) {
		const char **text = ARENA_PUSH(r->arena, texts, *count);
		*text = json_string_value(item) ? json_string_value(item) : "";
	}
	return texts;
}

static const struct schema *read_schema(struct reader *r, const json_t *json)
{
	const struct schema *schema = catalog_type(r->catalog, read_text(r, json, "/type"));
	if (!schema)
		r->ok = false;
	return schema;
}

static struct edits read_edits(struct reader *r, const json_t *list)
{
	struct edits edits = { 0 };
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item)
		*ARENA_PUSH(r->arena, edits.items, edits.count) = (struct edit){
			.pointer = read_text(r, item, "/pointer"),
			.before = read_value(item, "before"),
			.after = read_value(item, "after"),
			.replaces = json_is_true(json_object_get(item, "replaces")),
		};
	return edits;
}

static enum action read_action(struct reader *r, const json_t *json)
{
	const char *name = read_text(r, json, "/action");
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (strcmp(action_name(actions[i]), name) == 0)
			return actions[i];
	r->ok = false;
	return ACTION_NONE;
}

static void read_change(struct reader *r, struct plan *plan, const json_t *json)
{
	struct change *c = ARENA_PUSH(r->arena, plan->changes, plan->nchanges);
	const char *file = json_text_at(json, "/at/file");
	*c = (struct change){
		.address = read_text(r, json, "/address"),
		.id = read_text(r, json, "/id"),
		.name = read_text(r, json, "/name"),
		.schema = read_schema(r, json),
		.action = read_action(r, json),
		.adopts = json_is_true(json_object_get(json, "adopts")),
		.lets_go = json_is_true(json_object_get(json, "lets_go")),
		.restores = json_is_true(json_object_get(json, "restores")),
		.moved_from = json_text_at(json, "/moved_from"),
		.before = read_value(json, "before"),
		.after = read_value(json, "after"),
		.edits = read_edits(r, json_object_get(json, "edits")),
		.replaced_by = json_text_at(json, "/replaced_by"),
		.why = json_text_at(json, "/why"),
		.at = { .file = file,
			.line = (size_t)json_integer_value(json_at(json, "/at/line")),
			.column = (size_t)json_integer_value(json_at(json, "/at/column")),
			.width = 1 },
	};
	c->unknown = (const char **)read_texts(r, json_object_get(json, "unknown"), &c->nunknown);
	c->explicit_defaults = (const char **)read_texts(
		r, json_object_get(json, "explicit_defaults"), &c->nexplicit_defaults);
	plan->to_add += c->action == ACTION_CREATE || c->action == ACTION_REPLACE;
	plan->to_change += c->action == ACTION_UPDATE;
	plan->to_destroy += c->action == ACTION_DELETE || c->action == ACTION_REPLACE;
	plan->to_adopt += c->adopts;
	plan->to_forget += c->action == ACTION_FORGET || c->lets_go;
	plan->to_move += c->moved_from != NULL;
}

static void read_drift(struct reader *r, struct plan *plan, const json_t *json)
{
	*ARENA_PUSH(r->arena, plan->drifts, plan->ndrifts) = (struct drift){
		.address = read_text(r, json, "/address"),
		.id = read_text(r, json, "/id"),
		.schema = read_schema(r, json),
		.removed = json_is_true(json_object_get(json, "removed")),
		.edits = read_edits(r, json_object_get(json, "edits")),
	};
}

static void read_foreign(struct reader *r, struct plan *plan, const json_t *json)
{
	*ARENA_PUSH(r->arena, plan->foreigns, plan->nforeigns) = (struct foreign){
		.address = read_text(r, json, "/address"),
		.id = read_text(r, json, "/id"),
		.name = read_text(r, json, "/name"),
		.schema = read_schema(r, json),
		.parent_address = read_text(r, json, "/parent"),
		.is_tags = json_is_true(json_object_get(json, "tags")),
		.body = json_object_get(json, "body"),
	};
}

/* A plan of a Waybill that did not save it yet has none. */
static enum refresh read_refresh(struct reader *r, const json_t *json)
{
	const char *name = json_text_at(json, "/refresh");
	for (int i = REFRESH_TRUE; name && i <= REFRESH_ONLY; i++)
		if (strcmp(refresh_name((enum refresh)i), name) == 0)
			return (enum refresh)i;
	r->ok = r->ok && !name;
	return REFRESH_TRUE;
}

static void read_options(struct reader *r, const json_t *json, struct plan_options *out)
{
	const json_t *max = json_object_get(json, "max_deletes");
	*out = (struct plan_options){
		.destroy = json_is_true(json_object_get(json, "destroy")),
		.refresh = read_refresh(r, json),
		.max_deletes = json_is_integer(max) ? (long)json_integer_value(max) : -1,
		.allow_unreachable = json_is_true(json_object_get(json, "allow_unreachable")),
	};
	out->target = read_texts(r, json_object_get(json, "target"), &out->ntarget);
	out->adopt = read_texts(r, json_object_get(json, "adopt"), &out->nadopt);
	out->replace = read_texts(r, json_object_get(json, "replace"), &out->nreplace);
	out->delete_foreign =
		read_texts(r, json_object_get(json, "delete_foreign"), &out->ndelete_foreign);
}

static void read_counts(const json_t *json, struct survey_counts *out)
{
	out->total = (size_t)json_integer_value(json_object_get(json, "total"));
	for (int v = 0; v < REACH_VERDICTS; v++)
		out->of[v] = (size_t)json_integer_value(
			json_object_get(json, verdict_name((enum reach_verdict)v)));
}

static void read_cut(struct reader *r, const json_t *json, struct plan_cut *out)
{
	size_t i;
	json_t *item;
	*out = (struct plan_cut){
		.from_verb = read_text(r, json, "/from/verb"),
		.from = read_text(r, json, "/from/address"),
		.until_verb = read_text(r, json, "/until/verb"),
		.until = read_text(r, json, "/until/address"),
		.paths = (size_t)json_integer_value(json_object_get(json, "paths")),
	};
	json_array_foreach (json_object_get(json, "first"), i, item)
		*ARENA_PUSH(r->arena, out->first, out->nfirst) =
			(struct plan_path){ read_text(r, item, "/from"), read_text(r, item, "/to"),
				read_text(r, item, "/pods") };
}

/* A plan of a Waybill that did not judge paths yet has none. */
static void read_reach(struct reader *r, const json_t *json, struct plan_reach *out)
{
	read_counts(json_object_get(json, "after"), &out->after);
	read_counts(json_object_get(json, "now"), &out->now);
	out->lost = (size_t)json_integer_value(json_object_get(json, "lost"));
	out->leaving =
		(const char **)read_texts(r, json_object_get(json, "leaving"), &out->nleaving);
	out->unjudged = (size_t)json_integer_value(json_object_get(json, "unjudged"));
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(json, "cuts"), i, item)
		read_cut(r, item, ARENA_PUSH(r->arena, out->cuts, out->ncuts));
}

static bool refuse_plan(struct diags *diags, const char *code, const char *text)
{
	(void)diag_error(diags, PLACE_NONE, code, "%s", text);
	diag_help(diags, "make a new one with `waybill plan --out FILE`");
	return false;
}

bool plan_load(struct arena *a, const struct catalog *catalog, const json_t *saved,
	struct saved_plan *out, struct diags *diags)
{
	struct reader r = { a, catalog, true };
	const json_t *format = json_object_get(saved, "waybill_plan");
	if (!json_is_integer(format))
		return refuse_plan(diags, "plan-unreadable", "this is no saved plan");
	if (json_integer_value(format) != PLAN_FORMAT)
		return refuse_plan(diags, "plan-version",
			arena_printf(a,
				"the saved plan has format %lld, and this version reads format %d",
				(long long)json_integer_value(format), PLAN_FORMAT));
	arena_json(a, json_incref((json_t *)saved));
	struct plan *plan = ARENA_NEW(a, struct plan);
	*out = (struct saved_plan){ .inputs = json_object_get(saved, "inputs"), .shown = plan };
	read_options(&r, json_object_get(saved, "options"), &out->options);
	plan->arena = a;
	plan->catalog = catalog;
	plan->destroy = out->options.destroy;
	plan->drift_only = out->options.refresh == REFRESH_ONLY;
	plan->targets = out->options.target;
	plan->ntargets = out->options.ntarget;
	plan->left_out =
		(const char **)read_texts(&r, json_object_get(saved, "left_out"), &plan->nleft_out);
	plan->id = out->id = read_text(&r, saved, "/id");
	read_reach(&r, json_object_get(saved, "reachability"), &plan->reach);
	plan->new_subscriptions = (const char **)read_texts(
		&r, json_object_get(saved, "new_subscriptions"), &plan->nnew_subscriptions);
	plan->outputs = json_object_get(saved, "outputs");
	plan->outputs_before = read_value(saved, "outputs_before");
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(saved, "changes"), i, item)
		read_change(&r, plan, item);
	json_array_foreach (json_object_get(saved, "drifts"), i, item)
		read_drift(&r, plan, item);
	json_array_foreach (json_object_get(saved, "foreigns"), i, item)
		read_foreign(&r, plan, item);
	if (!r.ok || !json_is_object(out->inputs))
		return refuse_plan(diags, "plan-unreadable",
			"the saved plan is damaged: something that every plan has is missing");
	return true;
}

/* ---- comparing ---- */

static bool same_value(const json_t *a, const json_t *b)
{
	return a == b || (a && b && json_equal((json_t *)a, (json_t *)b));
}

static bool same_change(const struct change *a, const struct change *b)
{
	if (!a->moved_from != !b->moved_from || a->action != b->action || a->adopts != b->adopts ||
		a->edits.count != b->edits.count)
		return false;
	for (size_t i = 0; i < a->edits.count; i++) {
		const struct edit *x = &a->edits.items[i], *y = &b->edits.items[i];
		if (strcmp(x->pointer, y->pointer) != 0 || !same_value(x->before, y->before) ||
			!same_value(x->after, y->after))
			return false;
	}
	return a->action == ACTION_UPDATE ||
		(same_value(a->before, b->before) && same_value(a->after, b->after));
}

static void tell_difference(
	const struct change *saved, const struct change *now, struct diags *diags)
{
	const struct change *c = saved ? saved : now;
	assert(c);
	const char *now_to = !now ? "leave it"
		: saved && saved->action == now->action
		? "do so from another value"
		: arena_printf(diags->arena, "%s it", action_name(now->action));
	diag_error(diags, now ? now->at : PLACE_NONE, "plan-stale",
		"%s has changed since the plan was made: it planned to %s it, and now it would %s",
		c->address, saved ? action_name(saved->action) : "leave", now_to);
	diag_about(diags, c->address);
	diag_help(diags, "plan again, and review what is new");
}

static bool same_drift(const struct drift *a, const struct drift *b)
{
	if (a->removed != b->removed || a->edits.count != b->edits.count)
		return false;
	for (size_t i = 0; i < a->edits.count; i++) {
		const struct edit *x = &a->edits.items[i], *y = &b->edits.items[i];
		if (strcmp(x->pointer, y->pointer) != 0 || !same_value(x->after, y->after))
			return false;
	}
	return true;
}

/* Both are sorted by id. */
static void explain_drifts(const struct plan *saved, const struct plan *now, struct diags *diags)
{
	size_t i = 0, n = 0;
	while (i < saved->ndrifts || n < now->ndrifts) {
		const struct drift *a = i < saved->ndrifts ? &saved->drifts[i] : NULL;
		const struct drift *b = n < now->ndrifts ? &now->drifts[n] : NULL;
		int order = a && b ? text_compare_nocase(a->id, b->id) : a ? -1 : 1;
		const struct drift *first = a && order <= 0 ? a : b;
		assert(first);
		if (order != 0 || !same_drift(a, b)) {
			(void)diag_error(diags, PLACE_NONE, "plan-stale",
				"%s stands otherwise than when the plan was made", first->address);
			diag_about(diags, first->address);
			diag_help(diags, "plan again, and review what is new");
		}
		i += order <= 0;
		n += order >= 0;
	}
}

void plan_explain_difference(const struct plan *saved, const struct plan *now, struct diags *diags)
{
	now = plan_masked(now);
	size_t errors = diags->nerrors, i = 0, n = 0;
	/* Both are sorted by address. */
	while (i < saved->nchanges || n < now->nchanges) {
		const struct change *a = i < saved->nchanges ? &saved->changes[i] : NULL;
		const struct change *b = n < now->nchanges ? &now->changes[n] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->address, b->address);
		if (order != 0 || !same_change(a, b))
			tell_difference(order <= 0 ? a : NULL, order >= 0 ? b : NULL, diags);
		i += order <= 0;
		n += order >= 0;
	}
	if (now->drift_only)
		explain_drifts(saved, now, diags);
	if (diags->nerrors == errors) {
		(void)diag_error(diags, PLACE_NONE, "plan-stale",
			"the order of the writes is another than when the plan was made");
		diag_help(diags, "plan again, and review what is new");
	}
}
