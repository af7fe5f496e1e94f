/* SPDX-License-Identifier: Apache-2.0 */
/* target.c - which changes a targeted plan keeps: the targets, what is inside them, what they need
 *
 * Nothing is kept without what has to be written before it: what a step would wait for by order.c,
 * told by change. What only keeps paths is not: paths are judged on the network that is left.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"

/* `user` has to be written when `id` is. */
struct tie {
	const char *id;
	size_t user;
};

struct keeper {
	struct planner *planner; /* with everything decided */
	struct arena *arena;
	bool *kept; /* by place in planner->all */
	size_t *queue;
	size_t nqueue;
	struct tie *ties; /* sorted by id without case */
	size_t nties;
	json_t *by_pointer; /* entry of the YAML: place of what was recorded of it, and goes */
};

static bool has_effect(const struct change *c)
{
	return c->action != ACTION_NONE || c->adopts || c->lets_go || c->not_ours;
}

static bool is_made(const struct change *c)
{
	return c->action == ACTION_CREATE || c->action == ACTION_REPLACE;
}

static void keep(struct keeper *k, const struct change *c)
{
	size_t i = (size_t)(c - k->planner->all);
	if (k->kept[i])
		return;
	k->kept[i] = true;
	k->queue[k->nqueue++] = i;
}

static bool is_inside(const struct change *c, const char *id)
{
	return text_starts_nocase(c->id, id) && c->id[strlen(id)] == '/';
}

/* The first that may be inside: behind it are all that are, among others whose names begin alike.
 */
static const struct change *behind(const struct keeper *k, const char *id)
{
	const struct planner *p = k->planner;
	size_t low = 0, high = p->nall;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (text_compare_nocase(p->all[middle].id, id) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return p->all + low;
}

/* With `whole`, only what is written in one body with that. */
static void keep_inside(struct keeper *k, const char *id, const struct schema *whole)
{
	const struct change *end = k->planner->all + k->planner->nall;
	for (const struct change *c = behind(k, id); c < end && text_starts_nocase(c->id, id); c++)
		if (is_inside(c, id) && has_effect(c) &&
			(!whole ||
				(c->schema->parent == whole &&
					c->schema->written == WRITTEN_WITH_PARENT)))
			keep(k, c);
}

/* ---- what has to be written with another ---- */

static int compare_ties(const void *a, const void *b)
{
	const struct tie *x = a, *y = b;
	int order = text_compare_nocase(x->id, y->id);
	return order ? order : (x->user > y->user) - (x->user < y->user);
}

static void tie(struct keeper *k, const char *id, size_t user)
{
	*ARENA_PUSH(k->arena, k->ties, k->nties) = (struct tie){ id, user };
}

/* Whether what it refers to is made anew, so that it is detached for a while: steps.c. */
static bool is_detached(const struct keeper *k, const struct change *c, const struct reference *r)
{
	const struct change *target = r->pointer ? planner_change(k->planner, r->id) : NULL;
	const char *now = target && target->action == ACTION_REPLACE && c->actual
		? json_text_at(json_at(c->actual->body, r->pointer), "/id")
		: NULL;
	return now && text_same_nocase(now, r->id);
}

/* Who lets go of what is referred to lets go before that goes. */
static void tie_change(struct keeper *k, size_t user)
{
	const struct change *c = &k->planner->all[user];
	bool goes = change_removes(c);
	for (size_t i = 0; i < c->edits.count; i++) {
		const char *before = json_text_at(c->edits.items[i].before, "/id");
		if (before)
			tie(k, before, user);
	}
	for (size_t i = 0; c->resource && i < c->resource->nreferences; i++)
		if (goes || is_detached(k, c, &c->resource->references[i]))
			tie(k, c->resource->references[i].id, user);
	size_t i;
	json_t *id;
	json_array_foreach (c->record ? c->record->depends_on : NULL, i, id) {
		const char *text = json_string_value(id);
		if (text && has_effect(c) && (goes || !change_refers(c, text)))
			tie(k, text, user);
	}
	if (c->reconnects)
		tie(k, c->reconnects, user);
	if (c->follows)
		tie(k, c->follows, user);
	const char *pointer = c->record ? json_text_at(c->record->extra, "/pointer") : NULL;
	if (pointer && c->action == ACTION_DELETE && !c->resource)
		(void)json_object_set_new(k->by_pointer, pointer, json_integer((json_int_t)user));
}

static void keep_tied(struct keeper *k, const char *id)
{
	size_t low = 0, high = k->nties;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (text_compare_nocase(k->ties[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < k->nties && text_same_nocase(k->ties[low].id, id); low++)
		keep(k, &k->planner->all[k->ties[low].user]);
}

/* ---- what has to be written before another ---- */

/* What is referred to stands, and is filled. */
static void keep_referred(struct keeper *k, const char *id)
{
	const struct change *target = planner_change(k->planner, id);
	if (!target)
		return;
	if (has_effect(target))
		keep(k, target);
	keep_inside(k, id, target->schema);
}

static void keep_container(struct keeper *k, const struct change *c)
{
	const struct change *container = planner_container(k->planner, c);
	if (!container || c->action == ACTION_DELETE)
		return;
	bool alone = c->schema->written != WRITTEN_WITH_PARENT;
	if (is_made(container) || container->adopts || container->not_ours ||
		(alone && container->action == ACTION_UPDATE))
		keep(k, container);
}

static const json_t *unique_value(const struct change *c, const json_t *body)
{
	const char *pointer = json_text_at(c->schema->facts, "/unique/pointer");
	return pointer && body ? json_at(body, pointer) : NULL;
}

/* What ARM wants to be unique among siblings: who has the value now has to let it go. */
static void keep_rival(struct keeper *k, const struct change *c)
{
	const struct change *container = planner_container(k->planner, c);
	const struct change *end = k->planner->all + k->planner->nall;
	const json_t *wanted = unique_value(c, c->after);
	if (!wanted || !container)
		return;
	const json_t *node =
		schema_at(c->schema->root, json_text_at(c->schema->facts, "/unique/pointer"));
	for (const struct change *other = behind(k, container->id);
		other < end && text_starts_nocase(other->id, container->id); other++) {
		bool leaves = other != c && other->schema == c->schema && has_effect(other) &&
			is_inside(other, container->id);
		const json_t *value =
			leaves && other->actual ? unique_value(other, other->actual->body) : NULL;
		if (value && schema_same_scalar(node, wanted, value))
			keep(k, other);
	}
}

static void keep_makers(struct keeper *k, const struct change *c)
{
	for (size_t i = 0; c->resource && i < c->resource->nreferences; i++)
		keep_referred(k, c->resource->references[i].id);
	for (size_t i = 0; i < c->edits.count; i++) {
		const char *after = json_text_at(c->edits.items[i].after, "/id");
		if (after)
			keep_referred(k, after);
	}
	const json_t *former =
		c->resource ? json_object_get(k->by_pointer, c->resource->pointer) : NULL;
	if (former && c->action == ACTION_CREATE && !c->resource->node)
		keep(k, &k->planner->all[json_integer_value(former)]);
	keep_rival(k, c);
	if (c->follows && planner_change(k->planner, c->follows))
		keep(k, planner_change(k->planner, c->follows));
}

/* A range of addresses may shrink only when the subnets in it are gone. */
static void keep_leaving_inside(struct keeper *k, const struct change *c)
{
	const struct change *end = k->planner->all + k->planner->nall;
	for (const struct change *in = behind(k, c->id);
		in < end && text_starts_nocase(in->id, c->id); in++)
		if (is_inside(in, c->id) && change_removes(in) &&
			in->schema->written != WRITTEN_WITH_PARENT)
			keep(k, in);
}

static void keep_needed(struct keeper *k, const struct change *c)
{
	const struct change *container = planner_container(k->planner, c);
	if (!has_effect(c))
		return;
	keep_container(k, c);
	if (c->action != ACTION_DELETE)
		keep_makers(k, c);
	if (c->action == ACTION_UPDATE)
		keep_leaving_inside(k, c);
	if (is_made(c) || change_removes(c))
		keep_tied(k, c->id);
	if (change_removes(c))
		keep_inside(k, c->id, NULL);
	if (c->action == ACTION_DELETE && container && c->schema->written == WRITTEN_WITH_PARENT)
		keep_tied(k, container->id);
}

/* ---- the whole ---- */

static void decide_all(struct planner *p, struct diags *own)
{
	/* What is wrong with what is left out is told when it is planned. */
	diags_init(own, p->arena);
	p->diags = own;
	planner_pair(p);
	planner_decide(p);
	planner_spread_replacement(p);
	planner_mend_peerings(p);
}

static void keep_targets(struct keeper *k)
{
	const struct planner *p = k->planner;
	const struct plan_options *o = p->options;
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *c = &p->all[i];
		if (!planner_names(p, o->target, o->ntarget, c))
			continue;
		keep(k, c);
		keep_inside(k, c->id, NULL);
	}
}

void planner_keep_targets(struct planner *p)
{
	struct plan *plan = p->plan;
	struct diags own;
	struct planner whole = *p;
	decide_all(&whole, &own);
	struct keeper k = {
		.planner = &whole,
		.arena = p->arena,
		.kept = arena_alloc(p->arena, whole.nall + 1),
		.queue = arena_alloc(p->arena, (whole.nall + 1) * sizeof(size_t)),
		.by_pointer = arena_json(p->arena, json_object()),
	};
	for (size_t i = 0; i < whole.nall; i++)
		tie_change(&k, i);
	if (k.nties)
		qsort(k.ties, k.nties, sizeof *k.ties, compare_ties);
	keep_targets(&k);
	for (size_t i = 0; i < k.nqueue; i++)
		keep_needed(&k, &whole.all[k.queue[i]]);
	for (size_t i = 0; i < whole.nall; i++)
		if (!k.kept[i] && has_effect(&whole.all[i]))
			*ARENA_PUSH(p->arena, plan->left_out, plan->nleft_out) =
				whole.all[i].address;
	p->kept = k.kept;
}
