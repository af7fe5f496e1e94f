/* SPDX-License-Identifier: Apache-2.0 */
/* takeover.c - a plan that writes nothing: what is declared and stands becomes known
 *
 * Of what is `existing`, the members that stand as declared are ours, with no record of what was
 * before us. All else that is declared and stands is adopted as it stands.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"

static bool is_known(const struct change *c)
{
	bool as_existing = c->record && strcmp(c->record->origin, "existing") == 0;
	return c->record && (!as_existing || c->resource->existing);
}

static bool is_asked_for(const struct change *c, const struct resource *only)
{
	if (!only)
		return true;
	const struct resource *r = c->resource;
	return r == only || (r->parent == only && !r->existing);
}

static void tell_differing(struct planner *p, struct change *c)
{
	const struct edits *edits = &c->edits;
	if (edits->count == 0)
		return;
	const char *more = edits->count == 1
		? ""
		: arena_printf(p->arena, ", and %zu more with it", edits->count - 1);
	c->why = arena_printf(
		p->arena, "%s stands otherwise than declared%s", edits->items[0].pointer, more);
	p->plan->ndiffering++;
}

/* False when nothing of it becomes known. */
static bool take_over(struct planner *p, struct change *c)
{
	json_t *stands = arena_json(p->arena, body_project(c->after, c->actual->body));
	secrets_add_pair(p->config->secrets, stands, c->after);
	for (size_t i = 0; c->resource->existing && i < c->edits.count; i++)
		json_drop(stands, c->edits.items[i].pointer);
	tell_differing(p, c);
	if (c->resource->existing && !json_has_leaf(stands))
		return false;
	c->adopts = true;
	c->action = ACTION_NONE;
	c->edits = (struct edits){ 0 };
	c->before = c->after = stands;
	c->nunknown = 0;
	return true;
}

/* What is not taken over is left to the next plan. */
static void leave(struct change *c)
{
	c->adopts = c->lets_go = false;
	c->action = ACTION_NONE;
}

static void decide(struct planner *p, const struct resource *only)
{
	struct plan *plan = p->plan;
	for (size_t i = 0; i < p->nall; i++) {
		struct change *c = &p->all[i];
		bool asked = c->resource && is_asked_for(c, only);
		if (asked && !c->actual)
			*ARENA_PUSH(p->arena, plan->absent, plan->nabsent) = c->address;
		if (!asked || !c->actual || is_known(c) || !take_over(p, c))
			leave(c);
	}
}

struct plan *plan_takeover(struct arena *a, struct config *config, struct snapshot *snapshot,
	const struct resource *only, struct diags *diags)
{
	static const struct plan_options options = { .max_deletes = -1 };
	struct plan *plan = ARENA_NEW(a, struct plan);
	*plan = (struct plan){
		.arena = a, .config = config, .catalog = config->catalog, .snapshot = snapshot
	};
	/* What stands wrongly is told by the next plan, and no reason to know less. */
	struct diags own;
	diags_init(&own, a);
	struct planner p = {
		.arena = a,
		.config = config,
		.snapshot = snapshot,
		.options = &options,
		.diags = diags,
		.plan = plan,
		.adopts_all = true,
	};
	size_t errors = diags->nerrors;
	planner_follow_moves(&p);
	if (diags->nerrors > errors)
		return NULL;
	p.diags = &own;
	planner_pair(&p);
	planner_mark_moved(&p);
	planner_decide(&p);
	decide(&p, only);
	planner_find_foreign(&p);
	planner_find_secrets(&p);
	planner_keep_changes(&p);
	planner_find_outputs(&p);
	/* With nothing to take over there is no run that would tell of outputs. */
	if (plan_is_empty(plan))
		plan->outputs =
			plan->outputs_before ? plan->outputs_before : arena_json(a, json_object());
	plan->new_subscriptions = snapshot->new_subscriptions;
	plan->nnew_subscriptions = snapshot->nnew_subscriptions;
	planner_make_id(&p);
	return plan;
}
