/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "engine/plan/order.h"
#include "engine/plan/view.h"
#include "schemas/arm_id.h"

const char *action_name(enum action action)
{
	static const char *const names[] = {
		[ACTION_NONE] = "no-op",
		[ACTION_CREATE] = "create",
		[ACTION_UPDATE] = "update",
		[ACTION_REPLACE] = "replace",
		[ACTION_DELETE] = "delete",
		[ACTION_FORGET] = "forget",
	};
	return names[action];
}

const char *step_verb_name(enum step_verb verb)
{
	static const char *const names[] = {
		[STEP_CREATE] = "create",
		[STEP_UPDATE] = "update",
		[STEP_TAGS] = "tags",
		[STEP_DELETE] = "delete",
	};
	return names[verb];
}

bool change_is_ours(const struct change *c)
{
	bool recorded = c->record && strcmp(c->record->origin, "existing") != 0;
	bool adopted = c->adopts && !c->resource->existing;
	return recorded || adopted || c->action == ACTION_CREATE;
}

bool change_removes(const struct change *c)
{
	return c->action == ACTION_DELETE || c->action == ACTION_REPLACE;
}

bool change_refers(const struct change *c, const char *id)
{
	for (size_t i = 0; c->resource && i < c->resource->nreferences; i++)
		if (text_same_nocase(c->resource->references[i].id, id))
			return true;
	return false;
}

int change_by_id(const void *a, const void *b)
{
	return text_compare_nocase(((const struct change *)a)->id, ((const struct change *)b)->id);
}

const char *refresh_name(enum refresh refresh)
{
	static const char *const names[] = {
		[REFRESH_TRUE] = "true",
		[REFRESH_FALSE] = "false",
		[REFRESH_ONLY] = "only",
	};
	return names[refresh];
}

struct change *planner_change(const struct planner *p, const char *id)
{
	const struct change wanted = { .id = id };
	return p->nall ? bsearch(&wanted, p->all, p->nall, sizeof *p->all, change_by_id) : NULL;
}

struct change *planner_container(const struct planner *p, const struct change *c)
{
	struct arm_id id;
	if (c->resource && c->resource->parent)
		return planner_change(p, c->resource->parent->id);
	return arm_id_parse(p->arena, c->id, &id) && id.parent ? planner_change(p, id.parent)
							       : NULL;
}

bool planner_names(
	const struct planner *p, const char *const *given, size_t count, const struct change *c)
{
	(void)p;
	for (size_t i = 0; i < count; i++)
		if (text_same_nocase(given[i], c->address) || text_same_nocase(given[i], c->id))
			return true;
	return false;
}

/* An address on the command line that nothing has is a typing error, not a wish fulfilled; but what
 * only permits a deletion has nothing left to permit when the run before ended behind it. */
static void check_named(
	struct planner *p, const char *option, const char *const *given, size_t count, bool permits)
{
	static const char text[] = "%s names `%s`, which is neither declared nor recorded";
	const char **addresses = NULL;
	size_t naddresses = 0;
	for (size_t i = 0; count && i < p->nall; i++)
		*ARENA_PUSH(p->arena, addresses, naddresses) = p->all[i].address;
	for (size_t i = 0; i < count; i++) {
		bool found = false;
		for (size_t k = 0; k < p->nall; k++)
			found |= planner_names(p, &given[i], 1, &p->all[k]);
		if (found)
			continue;
		const char *nearest = text_nearest_address(given[i], addresses, naddresses);
		if (permits)
			diag_warning(
				p->diags, PLACE_NONE, "unknown-address", text, option, given[i]);
		else
			(void)diag_error(
				p->diags, PLACE_NONE, "unknown-address", text, option, given[i]);
		diag_help(p->diags, nearest ? "did you mean `%s`?" : "%s",
			nearest ? nearest
				: "an address is SECTION/NAME, as plan and `state list` show it");
	}
}

static void check_options(struct planner *p)
{
	const struct plan_options *o = p->options;
	check_named(p, "--adopt", o->adopt, o->nadopt, false);
	check_named(p, "--target", o->target, o->ntarget, false);
	check_named(p, "--replace", o->replace, o->nreplace, false);
	check_named(p, "--delete-foreign", o->delete_foreign, o->ndelete_foreign, true);
}

int change_by_address(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int order = strcmp(x->address, y->address);
	return order ? order : text_compare_nocase(x->id, y->id);
}

/* What a reader has to see, in the order of addresses; and how much of it there is. */
void planner_keep_changes(struct planner *p)
{
	struct plan *plan = p->plan;
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *c = &p->all[i];
		if (c->action == ACTION_NONE && !c->adopts && !c->lets_go && !c->moved_from)
			continue;
		planner_fill_before(p, &p->all[i]);
		*ARENA_PUSH(p->arena, plan->changes, plan->nchanges) = *c;
		bool replaces = c->action == ACTION_REPLACE;
		plan->to_add += c->action == ACTION_CREATE || replaces;
		plan->to_change += c->action == ACTION_UPDATE;
		plan->to_destroy += c->action == ACTION_DELETE || replaces;
		plan->to_adopt += c->adopts;
		plan->to_forget += c->action == ACTION_FORGET || c->lets_go;
		plan->to_move += c->moved_from != NULL;
	}
	if (plan->nchanges)
		qsort(plan->changes, plan->nchanges, sizeof *plan->changes, change_by_address);
}

struct live {
	const struct planner *planner;
};

/* A member of what stands now, unless this plan makes it anew. */
static json_t *lookup_now(void *context, const char *id, const char *pointer)
{
	const struct planner *p = ((struct live *)context)->planner;
	const struct change *c = planner_change(p, id);
	const struct actual *actual = snapshot_actual(p->snapshot, id);
	if (!actual || (c && change_removes(c)))
		return NULL;
	return json_at(actual->body, pointer);
}

void planner_find_outputs(struct planner *p)
{
	struct live live = { p };
	json_t *outputs = p->options->destroy
		? json_object()
		: config_outputs(p->config, lookup_now, &live, p->diags);
	p->plan->outputs = arena_json(p->arena, outputs);
	p->plan->outputs_before = p->snapshot->last_run.outputs;
}

static json_t *change_identity(const struct change *c)
{
	/* An update is its edits alone: what stands beside them is not what the plan decided on. */
	bool updates = c->action == ACTION_UPDATE || c->action == ACTION_NONE;
	return json_pack("{s:s, s:s, s:b, s:b, s:s*, s:o, s:O?, s:O?}", "id", c->id, "action",
		action_name(c->action), "adopts", c->adopts, "lets_go", c->lets_go, "moved_from",
		c->moved_from, "edits", edits_json(&c->edits), "before", updates ? NULL : c->before,
		"after", updates ? NULL : c->after);
}

static json_t *step_identity(const struct step *s)
{
	json_t *waits = json_array();
	for (size_t i = 0; i < s->nwaits; i++)
		json_array_append_new(waits, json_integer((json_int_t)s->waits[i]));
	return json_pack(
		"{s:s, s:s, s:o}", "verb", step_verb_name(s->verb), "id", s->id, "waits", waits);
}

static json_t *drifts_identity(const struct plan *plan)
{
	json_t *list = json_array();
	for (size_t i = 0; i < plan->ndrifts; i++) {
		const struct drift *d = &plan->drifts[i];
		json_array_append_new(list,
			json_pack("{s:s, s:b, s:o}", "id", d->id, "removed", d->removed, "edits",
				edits_json(&d->edits)));
	}
	return list;
}

void planner_make_id(struct planner *p)
{
	struct plan *plan = p->plan;
	json_auto_t *changes = json_array(), *steps = json_array();
	for (size_t i = 0; i < plan->nchanges; i++)
		json_array_append_new(changes, change_identity(&plan->changes[i]));
	for (size_t i = 0; i < plan->nsteps; i++)
		json_array_append_new(steps, step_identity(&plan->steps[i]));
	json_auto_t *plain = json_pack("{s:O, s:O}", "changes", changes, "steps", steps);
	if (plan->drift_only)
		(void)json_object_set_new(plain, "drifts", drifts_identity(plan));
	/* The id is public, and a short secret could be guessed from it. */
	json_auto_t *all = secrets_mask(p->config->secrets, plain);
	struct arena *scratch = arena_new();
	const char *text = json_canonical(scratch, all);
	plan->id = sha256_hex(p->arena, text, strlen(text));
	arena_free(scratch);
}

/* Nothing is decided: what is recorded takes what stands, and follows what moved. */
static struct plan *plan_drift(struct planner *p)
{
	struct plan *plan = p->plan;
	planner_find_foreign(p);
	planner_find_drift(p);
	planner_keep_changes(p);
	plan->outputs_before = p->snapshot->last_run.outputs;
	plan->outputs =
		plan->outputs_before ? plan->outputs_before : arena_json(p->arena, json_object());
	plan->topology = view_planned(p->arena, p->config, p->snapshot, plan);
	planner_make_id(p);
	return plan;
}

struct plan *plan_make(struct arena *a, struct config *config, struct snapshot *snapshot,
	const struct plan_options *options, struct diags *diags)
{
	struct plan *plan = ARENA_NEW(a, struct plan);
	*plan = (struct plan){ .arena = a,
		.config = config,
		.catalog = config->catalog,
		.snapshot = snapshot,
		.destroy = options->destroy,
		.targets = options->target,
		.ntargets = options->ntarget,
		.drift_only = options->refresh == REFRESH_ONLY };
	struct planner p = {
		.arena = a,
		.config = config,
		.snapshot = snapshot,
		.options = options,
		.diags = diags,
		.plan = plan,
	};
	size_t errors = diags->nerrors;

	/* Whoever is wrong about where things stand is wrong about all that follows from it. */
	planner_follow_moves(&p);
	if (diags->nerrors > errors)
		return NULL;
	if (options->ntarget && !plan->drift_only)
		planner_keep_targets(&p);
	planner_pair(&p);
	planner_mark_moved(&p);
	planner_tell_newer(&p);
	if (plan->drift_only)
		return plan_drift(&p);
	check_options(&p);
	planner_decide(&p);
	planner_spread_replacement(&p);
	planner_spell_defaults(&p);
	planner_mend_peerings(&p);
	planner_find_foreign(&p);
	planner_find_drift(&p);
	planner_guard(&p);
	planner_find_secrets(&p);
	planner_keep_changes(&p);
	planner_find_outputs(&p);
	if (diags->nerrors == errors) {
		planner_make_steps(&p);
		plan->topology = view_planned(a, config, snapshot, plan);
		planner_judge_paths(&p);
	}
	if (diags->nerrors > errors || !order_steps(&p))
		return NULL;
	if (!options->destroy && !plan_is_empty(plan)) {
		plan->new_subscriptions = snapshot->new_subscriptions;
		plan->nnew_subscriptions = snapshot->nnew_subscriptions;
	}
	planner_make_id(&p);
	return plan;
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->nchanges == 0 && !(plan->drift_only && plan->ndrifts);
}
