/* SPDX-License-Identifier: Apache-2.0 */
/* mask.c - secrets in a plan: which they are, and a plan that may be shown and saved */
#include "engine/plan/internal.h"

void planner_find_secrets(struct planner *p)
{
	struct secrets *s = p->config->secrets;
	if (json_object_size(s->texts) == 0)
		return;
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *c = &p->all[i];
		secrets_add_pair(s, c->before, c->after);
		for (size_t e = 0; e < c->edits.count; e++)
			secrets_add_pair(s, c->edits.items[e].before, c->edits.items[e].after);
	}
}

struct masking {
	struct arena *arena;
	const struct secrets *secrets;
};

static json_t *masked(const struct masking *m, const json_t *value)
{
	return value ? arena_json(m->arena, secrets_mask(m->secrets, value)) : NULL;
}

static struct edits masked_edits(const struct masking *m, const struct edits *edits)
{
	struct edits out = { 0 };
	for (size_t i = 0; i < edits->count; i++) {
		struct edit *e = ARENA_PUSH(m->arena, out.items, out.count);
		*e = edits->items[i];
		e->before = masked(m, e->before);
		e->after = masked(m, e->after);
	}
	return out;
}

const struct plan *plan_masked(const struct plan *plan)
{
	const struct secrets *secrets = plan->config ? plan->config->secrets : NULL;
	struct masking m = { plan->arena, secrets };
	struct plan *out = ARENA_NEW(plan->arena, struct plan);
	*out = *plan;
	out->outputs = masked(&m, plan->outputs);
	out->outputs_before = masked(&m, plan->outputs_before);
	if (!secrets || json_object_size(secrets->texts) == 0)
		return out;
	out->changes = arena_alloc(plan->arena, (plan->nchanges + 1) * sizeof *out->changes);
	for (size_t i = 0; i < plan->nchanges; i++) {
		struct change *c = &out->changes[i];
		*c = plan->changes[i];
		c->before = masked(&m, c->before);
		c->after = masked(&m, c->after);
		c->edits = masked_edits(&m, &c->edits);
	}
	out->drifts = arena_alloc(plan->arena, (plan->ndrifts + 1) * sizeof *out->drifts);
	for (size_t i = 0; i < plan->ndrifts; i++) {
		out->drifts[i] = plan->drifts[i];
		out->drifts[i].edits = masked_edits(&m, &plan->drifts[i].edits);
	}
	out->foreigns = arena_alloc(plan->arena, (plan->nforeigns + 1) * sizeof *out->foreigns);
	for (size_t i = 0; i < plan->nforeigns; i++) {
		out->foreigns[i] = plan->foreigns[i];
		out->foreigns[i].body = masked(&m, plan->foreigns[i].body);
	}
	return out;
}
