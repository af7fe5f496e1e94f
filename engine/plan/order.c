/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/order.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/mend.h"
#include "schemas/arm_id.h"

/* The steps that write one id, its own as a carrier or as a child in the carrier's body. */
struct writer {
	const char *id;
	size_t step;
};

struct edge {
	size_t step, waits_for;
};

struct orderer {
	struct planner *planner;
	struct arena *arena;
	struct step *steps;
	size_t nsteps;
	struct writer *writers; /* sorted by id without case, then step */
	size_t nwriters;
	struct edge *edges;
	size_t nedges;
	bool careful; /* also what Azure would not ask for: updates before what attaches, and what
			 takes children out after what may use them */
};

static int compare_writers(const void *a, const void *b)
{
	const struct writer *x = a, *y = b;
	int order = text_compare_nocase(x->id, y->id);
	return order ? order : (x->step > y->step) - (x->step < y->step);
}

static int compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return (x->waits_for > y->waits_for) - (x->waits_for < y->waits_for);
}

static void find_writers(struct orderer *o)
{
	for (size_t i = 0; i < o->nsteps; i++) {
		*ARENA_PUSH(o->arena, o->writers, o->nwriters) =
			(struct writer){ o->steps[i].id, i };
		for (size_t n = 0; n < o->steps[i].nchildren; n++)
			*ARENA_PUSH(o->arena, o->writers, o->nwriters) =
				(struct writer){ o->steps[i].children[n].change->id, i };
	}
	qsort(o->writers, o->nwriters, sizeof *o->writers, compare_writers);
}

/* The first of the writers of an id; *count of them follow each other. */
static const struct writer *writers_of(const struct orderer *o, const char *id, size_t *count)
{
	size_t low = 0, high = o->nwriters;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (text_compare_nocase(o->writers[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < o->nwriters && text_same_nocase(o->writers[low + *count].id, id))
		++*count;
	return &o->writers[low];
}

static void wait_for(struct orderer *o, size_t step, size_t waits_for)
{
	if (step != waits_for)
		*ARENA_PUSH(o->arena, o->edges, o->nedges) = (struct edge){ step, waits_for };
}

static bool makes(const struct step *s)
{
	return s->verb != STEP_DELETE && !s->detaches;
}

/* Whether the step takes uses away: it deletes, or it takes children out. */
static bool takes_away(const struct orderer *o, const struct step *s)
{
	if (s->verb == STEP_DELETE)
		return true;
	for (size_t i = 0; i < s->nchildren && o->careful; i++)
		if (!s->children[i].after)
			return true;
	return false;
}

/* `user` makes something that refers to `id`: it waits until that stands, and with all it is to
 * have inside. */
static void wait_until_made(struct orderer *o, size_t user, const char *id)
{
	size_t count;
	const struct writer *w = writers_of(o, id, &count);
	for (size_t i = 0; i < count; i++) {
		const struct step *s = &o->steps[w[i].step];
		if (s->verb == STEP_CREATE || (makes(s) && o->careful))
			wait_for(o, user, w[i].step);
	}
}

/* `user` lets its reference to `id` go: what takes `id` away waits for that. */
static void hold_back(struct orderer *o, size_t user, const char *id)
{
	size_t count;
	const struct writer *w = writers_of(o, id, &count);
	for (size_t i = 0; i < count; i++)
		if (takes_away(o, &o->steps[w[i].step]) && o->steps[user].verb != STEP_CREATE)
			wait_for(o, w[i].step, user);
}

static void add_edit_edges(struct orderer *o, size_t step, const struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++) {
		const char *before = json_text_at(edits->items[i].before, "/id");
		const char *after = json_text_at(edits->items[i].after, "/id");
		if (after)
			wait_until_made(o, step, after);
		if (before && (!after || !text_same_nocase(before, after)))
			hold_back(o, step, before);
	}
}

static void add_change_edges(struct orderer *o, size_t step, const struct change *c)
{
	const struct step *s = &o->steps[step];
	bool goes = s->verb == STEP_DELETE || c->action == ACTION_DELETE;
	for (size_t i = 0; c->resource && i < c->resource->nreferences; i++) {
		const char *id = c->resource->references[i].id;
		if (makes(s))
			wait_until_made(o, step, id);
		if (goes)
			hold_back(o, step, id);
	}
	size_t i;
	json_t *id;
	json_array_foreach (c->record ? c->record->depends_on : NULL, i, id) {
		const char *text = json_string_value(id);
		if (text && (goes || !change_refers(c, text)))
			hold_back(o, step, text);
	}
}

/* The enclosing resource or group: made before, deleted after. */
static void add_container_edges(struct orderer *o, size_t step)
{
	const struct step *s = &o->steps[step];
	struct arm_id id;
	if (!arm_id_parse(o->arena, s->id, &id) || !id.parent)
		return;
	/* An address range may shrink only when the subnet in it is gone, and has to grow before.
	 */
	size_t count;
	const struct writer *w = writers_of(o, id.parent, &count);
	for (size_t i = 0; i < count; i++) {
		if (s->verb == STEP_DELETE)
			wait_for(o, w[i].step, step);
		else if (makes(s) && makes(&o->steps[w[i].step]))
			wait_for(o, step, w[i].step);
	}
}

/* What is written again has to be so after the other side went and before it is made. */
static void add_reconnection_edges(struct orderer *o, size_t step, const struct change *c)
{
	size_t count = 0;
	const struct writer *w = c->reconnects ? writers_of(o, c->reconnects, &count) : NULL;
	for (size_t i = 0; i < count; i++)
		if (o->steps[w[i].step].verb != STEP_DELETE)
			wait_for(o, w[i].step, step);
	count = 0;
	w = c->follows ? writers_of(o, c->follows, &count) : NULL;
	for (size_t i = 0; i < count; i++)
		if (o->steps[w[i].step].verb == STEP_DELETE)
			wait_for(o, step, w[i].step);
}

/* The steps of one id in their order: detach, delete, create, attach as they were added. */
static void add_same_id_edges(struct orderer *o)
{
	for (size_t i = 1; i < o->nsteps; i++)
		if (o->steps[i].id == o->steps[i - 1].id)
			wait_for(o, i, i - 1);
}

/* Each once. */
static void find_edges(struct orderer *o, bool careful)
{
	o->edges = NULL;
	o->nedges = 0;
	o->careful = careful;
	for (size_t i = 0; i < o->nsteps; i++) {
		const struct step *s = &o->steps[i];
		add_container_edges(o, i);
		add_edit_edges(o, i, &s->edits);
		if (s->change && !s->detaches) {
			add_change_edges(o, i, s->change);
			add_reconnection_edges(o, i, s->change);
		}
		for (size_t n = 0; n < s->nchildren; n++) {
			add_change_edges(o, i, s->children[n].change);
			if (s->verb == STEP_UPDATE)
				add_edit_edges(o, i, &s->children[n].change->edits);
		}
	}
	add_same_id_edges(o);
	if (o->nedges)
		qsort(o->edges, o->nedges, sizeof *o->edges, compare_edges);
	size_t kept = 0;
	for (size_t i = 0; i < o->nedges; i++)
		if (kept == 0 || compare_edges(&o->edges[kept - 1], &o->edges[i]) != 0)
			o->edges[kept++] = o->edges[i];
	o->nedges = kept;
}

/* The edges found last become the waits, and nothing else. */
static void use_edges(struct orderer *o)
{
	for (size_t i = 0; i < o->nsteps; i++) {
		o->steps[i].waits = NULL;
		o->steps[i].nwaits = 0;
	}
	for (size_t i = 0; i < o->nedges; i++) {
		struct step *s = &o->steps[o->edges[i].step];
		*ARENA_PUSH(o->arena, s->waits, s->nwaits) = o->edges[i].waits_for;
	}
}

/* ---- sorting ---- */

enum mark {
	MARK_NEW,
	MARK_OPEN,
	MARK_DONE
};

/* Levels by depth-first search with a stack of our own: chains may be long. */
static size_t *find_levels(struct orderer *o, size_t *loop)
{
	size_t *level = arena_alloc(o->arena, o->nsteps * sizeof *level);
	size_t *stack = arena_alloc(o->arena, (o->nsteps + 1) * sizeof *stack);
	size_t *next = arena_alloc(o->arena, o->nsteps * sizeof *next);
	enum mark *mark = arena_alloc(o->arena, o->nsteps * sizeof *mark);
	for (size_t root = 0; root < o->nsteps; root++) {
		size_t depth = 0;
		if (mark[root] == MARK_NEW) {
			mark[root] = MARK_OPEN;
			stack[depth++] = root;
		}
		while (depth) {
			size_t at = stack[depth - 1];
			const struct step *s = &o->steps[at];
			if (next[at] == s->nwaits) {
				for (size_t i = 0; i < s->nwaits; i++)
					if (level[s->waits[i]] + 1 > level[at])
						level[at] = level[s->waits[i]] + 1;
				mark[at] = MARK_DONE;
				depth--;
				continue;
			}
			assert(s->waits);
			size_t to = s->waits[next[at]++];
			if (mark[to] == MARK_OPEN) {
				*loop = to;
				return NULL;
			}
			if (mark[to] == MARK_NEW) {
				mark[to] = MARK_OPEN;
				stack[depth++] = to;
			}
		}
	}
	return level;
}

struct place_in_order {
	size_t level, step;
	const char *address;
};

static int compare_places(const void *a, const void *b)
{
	const struct place_in_order *x = a, *y = b;
	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	int order = strcmp(x->address, y->address);
	return order ? order : (x->step > y->step) - (x->step < y->step);
}

static int compare_numbers(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

static const size_t *sort_steps(struct orderer *o, const size_t *level)
{
	struct place_in_order *places = arena_alloc(o->arena, o->nsteps * sizeof *places);
	size_t *number = arena_alloc(o->arena, o->nsteps * sizeof *number);
	struct step *sorted = arena_alloc(o->arena, o->nsteps * sizeof *sorted);
	for (size_t i = 0; i < o->nsteps; i++)
		places[i] = (struct place_in_order){ level[i], i, o->steps[i].address };
	qsort(places, o->nsteps, sizeof *places, compare_places);
	for (size_t i = 0; i < o->nsteps; i++)
		number[places[i].step] = i;
	for (size_t i = 0; i < o->nsteps; i++) {
		struct step *s = &sorted[i];
		*s = o->steps[places[i].step];
		s->number = i;
		for (size_t n = 0; n < s->nwaits; n++)
			s->waits[n] = number[s->waits[n]];
		if (s->nwaits)
			qsort(s->waits, s->nwaits, sizeof *s->waits, compare_numbers);
	}
	for (size_t i = o->nsteps; i-- > 0;)
		for (size_t n = 0; n < sorted[i].nwaits; n++) {
			struct step *before = &sorted[sorted[i].waits[n]];
			if (before->depth < sorted[i].depth + 1)
				before->depth = sorted[i].depth + 1;
		}
	o->planner->plan->steps = sorted;
	return number;
}

static bool refuse_loop(struct planner *p, const struct step *s)
{
	(void)diag_error(p->diags, PLACE_NONE, "step-cycle",
		"the writes cannot be ordered: %s would have to come before itself", s->address);
	diag_help(p->diags, "make the change in two applies: what is added first, then what goes");
	return false;
}

/* Adds those of the edges that make no loop. */
static void add_edges(struct orderer *o, struct waits *w)
{
	for (size_t i = 0; i < o->nsteps; i++)
		if (o->steps[i].nwaits)
			qsort(o->steps[i].waits, o->steps[i].nwaits, sizeof(size_t),
				compare_numbers);
	size_t *known = arena_alloc(o->arena, o->nsteps * sizeof *known);
	for (size_t i = 0; i < o->nsteps; i++)
		known[i] = o->steps[i].nwaits;
	for (size_t i = 0; i < o->nedges; i++) {
		const struct edge *e = &o->edges[i];
		const struct step *s = &o->steps[e->step];
		if (!known[e->step] ||
			!bsearch(&e->waits_for, s->waits, known[e->step], sizeof(size_t),
				compare_numbers))
			(void)waits_add(w, e->step, e->waits_for);
	}
}

/* What only care asks for gives way to what keeps a path, and to itself: tables that exchange their
 * subnets would wait for each other. */
static void find_waits(struct orderer *o, bool *loops, size_t *loop)
{
	struct waits w;
	const struct breaks *breaks = o->planner->breaks;
	waits_init(&w, o->arena, o->steps, o->nsteps);
	find_edges(o, true);
	use_edges(o);
	*loops = false;
	bool careful = find_levels(o, loop) != NULL;
	size_t cut = careful && breaks ? mend_steps(&w, breaks) : 0;
	if (careful && cut == 0)
		return;
	find_edges(o, false);
	use_edges(o);
	*loops = find_levels(o, loop) == NULL;
	if (*loops)
		return;
	bool better = (breaks ? mend_steps(&w, breaks) : 0) < cut || !careful;
	find_edges(o, true);
	if (better) {
		add_edges(o, &w);
		return;
	}
	use_edges(o);
	(void)mend_steps(&w, breaks);
}

bool order_steps(struct planner *p)
{
	struct plan *plan = p->plan;
	struct orderer o = {
		.planner = p, .arena = p->arena, .steps = plan->steps, .nsteps = plan->nsteps
	};
	if (o.nsteps == 0)
		return true;
	bool loops;
	size_t loop = 0;
	find_writers(&o);
	find_waits(&o, &loops, &loop);
	if (loops)
		return refuse_loop(p, &o.steps[loop]);
	const size_t *number = sort_steps(&o, find_levels(&o, &loop));
	if (p->breaks)
		mend_tell(p, p->breaks, number);
	return true;
}
