/* SPDX-License-Identifier: Apache-2.0 */
/* steps.c - changes become writes: which write carries which change
 *
 * A carrier is a resource that is written by requests of its own. A route is carried by its table,
 * always; a subnet by its network while that is made or deleted, else by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "schemas/arm_id.h"

/* All that is to be written of one carrier. */
struct carrier {
	const char *id;
	const struct schema *schema;
	const char *address;
	const struct change *own; /* NULL: only children */
	const struct change **children;
	size_t nchildren;
};

struct builder {
	struct planner *planner;
	struct arena *arena;
	struct carrier *carriers; /* sorted by id without case */
	size_t ncarriers;
	struct step *steps;
	size_t nsteps;
};

static bool is_written(const struct change *c)
{
	return c->action != ACTION_NONE && c->action != ACTION_FORGET;
}

/* Whether the change travels in its parent's body. */
static bool travels_with_parent(const struct planner *p, const struct change *c)
{
	if (c->schema->written == WRITTEN_WITH_PARENT)
		return true;
	const struct change *parent = planner_container(p, c);
	return c->schema->written == WRITTEN_WITH_NEW_PARENT && parent &&
		parent->schema == c->schema->parent &&
		(parent->action == ACTION_CREATE || change_removes(parent));
}

static const char *carrier_id(const struct planner *p, const struct change *c)
{
	struct arm_id id;
	if (travels_with_parent(p, c) && arm_id_parse(p->arena, c->id, &id) && id.parent)
		return id.parent;
	return c->id;
}

struct load {
	const char *id; /* of the carrier */
	const struct change *change;
};

static int compare_loads(const void *a, const void *b)
{
	const struct load *x = a, *y = b;
	int order = text_compare_nocase(x->id, y->id);
	return order ? order : text_compare_nocase(x->change->id, y->change->id);
}

static void add_load(struct builder *b, const struct load *load)
{
	struct carrier *last = b->ncarriers ? &b->carriers[b->ncarriers - 1] : NULL;
	const struct change *c = load->change;
	bool is_own = text_same_nocase(load->id, c->id);
	if (!last || !text_same_nocase(last->id, load->id)) {
		last = ARENA_PUSH(b->arena, b->carriers, b->ncarriers);
		last->id = load->id;
		last->schema = is_own ? c->schema : c->schema->parent;
		last->address =
			is_own ? c->address : config_address_of(b->planner->config, load->id);
	}
	if (is_own)
		last->own = c;
	else
		*ARENA_PUSH(b->arena, last->children, last->nchildren) = c;
}

static void find_carriers(struct builder *b)
{
	const struct plan *plan = b->planner->plan;
	struct load *loads = NULL;
	size_t nloads = 0;
	for (size_t i = 0; i < plan->nchanges; i++)
		if (is_written(&plan->changes[i]))
			*ARENA_PUSH(b->arena, loads, nloads) =
				(struct load){ carrier_id(b->planner, &plan->changes[i]),
					&plan->changes[i] };
	if (nloads)
		qsort(loads, nloads, sizeof *loads, compare_loads);
	for (size_t i = 0; i < nloads; i++)
		add_load(b, &loads[i]);
}

/* ---- steps ---- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void hold(struct builder *b, struct step *s, const char *id)
{
	const char *key = id ? arm_id_key(b->arena, id) : NULL;
	for (size_t i = 0; key && i < s->nholds; i++)
		if (strcmp(s->holds[i], key) == 0)
			return;
	if (key)
		*ARENA_PUSH(b->arena, s->holds, s->nholds) = key;
}

/* What a write holds: itself, its parent, and what it refers to before and after. */
static void find_holds(struct builder *b, struct step *s)
{
	const struct actual *actual = snapshot_actual(b->planner->snapshot, s->id);
	hold(b, s, s->id);
	for (size_t i = 0; i < s->schema->nholds; i++) {
		const char *pointer = s->schema->holds[i];
		if (strcmp(pointer, "parent") == 0) {
			hold(b, s, s->parent_id);
			s->settles_parent = s->parent_id != NULL;
			continue;
		}
		hold(b, s, actual ? json_text_at(actual->body, pointer) : NULL);
		hold(b, s, s->change ? json_text_at(s->change->after, pointer) : NULL);
	}
	qsort(s->holds, s->nholds, sizeof *s->holds, compare_texts);
}

static struct step *add_step(struct builder *b, const struct carrier *c, enum step_verb verb)
{
	struct arm_id id;
	struct step *s = ARENA_PUSH(b->arena, b->steps, b->nsteps);
	s->verb = verb;
	s->id = c->id;
	s->address = c->address;
	s->schema = c->schema;
	s->change = c->own;
	if (c->schema->parent && arm_id_parse(b->arena, c->id, &id))
		s->parent_id = id.parent;
	find_holds(b, s);
	return s;
}

static void add_children(struct builder *b, struct step *s, const struct carrier *c)
{
	for (size_t i = 0; i < c->nchildren; i++) {
		const struct change *child = c->children[i];
		bool deletes = s->verb == STEP_DELETE;
		if (deletes ? child->action == ACTION_CREATE
			    : child->action == ACTION_DELETE && s->verb == STEP_CREATE)
			continue;
		*ARENA_PUSH(b->arena, s->children, s->nchildren) = (struct step_child){
			.change = child,
			.name = child->name,
			.schema = child->schema,
			.before = s->verb == STEP_CREATE ? NULL : child->before,
			.after = deletes ? NULL : child->after,
		};
	}
}

static bool is_tags_only(const struct carrier *c)
{
	for (size_t i = 0; i < c->own->edits.count; i++)
		if (strncmp(c->own->edits.items[i].pointer, "/tags/", 6) != 0)
			return false;
	return c->schema->has_tags && c->nchildren == 0;
}

/* The references of a change that must be taken out while their targets are made anew. */
static struct edits detachments(struct builder *b, const struct change *c)
{
	struct edits out = { 0 };
	const struct actual *actual = c->actual;
	bool stays = c->action == ACTION_UPDATE || c->action == ACTION_NONE;
	for (size_t i = 0; stays && actual && c->resource && i < c->resource->nreferences; i++) {
		const struct reference *r = &c->resource->references[i];
		const struct change *target = planner_change(b->planner, r->id);
		json_t *now = r->pointer ? json_at(actual->body, r->pointer) : NULL;
		const char *now_id = json_text_at(now, "/id");
		if (!target || target->action != ACTION_REPLACE || !now_id ||
			!text_same_nocase(now_id, r->id))
			continue;
		*ARENA_PUSH(b->arena, out.items, out.count) =
			(struct edit){ .pointer = r->pointer, .before = now };
	}
	return out;
}

static void add_update(struct builder *b, const struct carrier *c)
{
	struct edits detached = c->own ? detachments(b, c->own) : (struct edits){ 0 };
	if (detached.count) {
		struct step *first = add_step(b, c, STEP_UPDATE);
		first->detaches = true;
		first->edits = detached;
	}
	bool tags = c->own && !detached.count && !c->own->rewrites && is_tags_only(c);
	struct step *s = add_step(b, c, tags ? STEP_TAGS : STEP_UPDATE);
	for (size_t i = 0; c->own && i < c->own->edits.count; i++)
		*ARENA_PUSH(b->arena, s->edits.items, s->edits.count) = c->own->edits.items[i];
	s->rewrites = c->own && c->own->rewrites;
	for (size_t i = 0; i < detached.count; i++)
		*ARENA_PUSH(b->arena, s->edits.items, s->edits.count) =
			(struct edit){ .pointer = detached.items[i].pointer,
				.after = detached.items[i].before };
	add_children(b, s, c);
}

static void add_steps(struct builder *b, const struct carrier *c)
{
	enum action action = c->own ? c->own->action : ACTION_UPDATE;
	if (action == ACTION_DELETE || action == ACTION_REPLACE)
		add_children(b, add_step(b, c, STEP_DELETE), c);
	if (action == ACTION_CREATE || action == ACTION_REPLACE) {
		struct step *s = add_step(b, c, STEP_CREATE);
		s->body = c->own->after;
		add_children(b, s, c);
	}
	if (action == ACTION_UPDATE)
		add_update(b, c);
}

/* What is only detached for a while is a change all the same: a reader must see the cut. */
static void show_detachments(struct builder *b)
{
	struct plan *plan = b->planner->plan;
	bool added = false;
	for (size_t i = 0; i < b->planner->nall; i++) {
		struct change *c = &b->planner->all[i];
		struct edits detached = detachments(b, c);
		if (detached.count == 0)
			continue;
		c->why = "detached while what it refers to is made anew, then attached again";
		if (c->action == ACTION_NONE && !c->adopts && !c->lets_go) {
			c->action = ACTION_UPDATE;
			planner_fill_before(b->planner, c);
			*ARENA_PUSH(b->arena, plan->changes, plan->nchanges) = *c;
			plan->to_change++;
			added = true;
			continue;
		}
		for (size_t n = 0; n < plan->nchanges; n++)
			if (plan->changes[n].id == c->id) {
				plan->to_change += plan->changes[n].action == ACTION_NONE;
				plan->changes[n].action = ACTION_UPDATE;
				plan->changes[n].why = c->why;
			}
	}
	if (added)
		qsort(plan->changes, plan->nchanges, sizeof *plan->changes, change_by_address);
}

void planner_make_steps(struct planner *p)
{
	struct builder b = { .planner = p, .arena = p->arena };
	show_detachments(&b);
	find_carriers(&b);
	for (size_t i = 0; i < b.ncarriers; i++)
		add_steps(&b, &b.carriers[i]);
	p->plan->steps = b.steps;
	p->plan->nsteps = b.nsteps;
}
