/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/halfway.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

struct halfway {
	struct planner *planner;
	struct arena *scratch;
	struct between *between;
	struct breaks *breaks;
	json_t *known_states, *known_cases; /* key: index */
	struct between_decision sorted[BETWEEN_STEPS];
	struct buf key;
	size_t *found; /* states of the path at hand */
	size_t nfound;
};

/* ---- turns ---- */

struct turner {
	struct arena *arena;
	struct turn *turns;
	size_t count;
};

static void add_turn(struct turner *t, const char *id, size_t step, enum turn_to to)
{
	*ARENA_PUSH(t->arena, t->turns, t->count) = (struct turn){ id, step, to };
}

static bool stands_alone(const struct schema *s)
{
	return s->role == ROLE_NETWORK || s->role == ROLE_SUBNET || s->role == ROLE_TABLE ||
		s->role == ROLE_PEERING;
}

static void add_turns(struct turner *t, size_t number, const struct step *s)
{
	bool deletes = s->verb == STEP_DELETE;
	if (s->verb == STEP_TAGS)
		return;
	if (stands_alone(s->schema)) {
		enum turn_to to = deletes || s->detaches ? TURN_NOTHING : TURN_AFTER;
		if (s->detaches && s->schema->role == ROLE_SUBNET)
			to = TURN_DETACHED;
		add_turn(t, s->id, number, to);
	}
	for (size_t i = 0; i < s->nchildren; i++)
		if (stands_alone(s->children[i].schema))
			add_turn(t, s->children[i].change->id, number,
				s->children[i].after ? TURN_AFTER : TURN_NOTHING);
}

static int compare_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	int order = text_compare_nocase(x->id, y->id);
	return order ? order : (x->step > y->step) - (x->step < y->step);
}

static void free_json(void *json)
{
	json_decref(json);
}

static json_t *new_index(struct arena *a)
{
	json_t *index = json_object();
	arena_defer(a, free_json, index);
	return index;
}

static void release_key(void *key)
{
	buf_release(key);
}

struct halfway *halfway_new(
	struct planner *p, struct arena *scratch, struct reach *now, const struct reach *after)
{
	struct turner t = { .arena = scratch };
	for (size_t i = 0; i < p->plan->nsteps; i++)
		add_turns(&t, i, &p->plan->steps[i]);
	if (t.count == 0)
		return NULL;
	qsort(t.turns, t.count, sizeof *t.turns, compare_turns);
	struct between *between = between_new(scratch, now, after, t.turns, t.count);
	if (!between)
		return NULL;
	struct halfway *h = ARENA_NEW(scratch, struct halfway);
	p->breaks = ARENA_NEW(p->arena, struct breaks);
	*h = (struct halfway){ .planner = p,
		.scratch = scratch,
		.between = between,
		.breaks = p->breaks,
		.known_states = new_index(scratch),
		.known_cases = new_index(scratch) };
	buf_init(&h->key, BUF_OWN_TEXT);
	arena_defer(scratch, release_key, &h->key);
	return h;
}

/* ---- states and cases ---- */

/* The index that a key has, which is *next when it is new. */
static size_t index_of(json_t *known, const char *key, size_t next)
{
	const json_t *index = json_object_get(known, key);
	if (index)
		return (size_t)json_integer_value(index);
	int failed = json_object_set_new(known, key, json_integer((json_int_t)next));
	assert(failed == 0);
	(void)failed;
	return next;
}

static int compare_decisions(const void *a, const void *b)
{
	size_t x = ((const struct between_decision *)a)->step;
	size_t y = ((const struct between_decision *)b)->step;
	return (x > y) - (x < y);
}

/* Told by between_follow(). */
static void note_state(void *context, const struct between_decision *decisions, size_t count)
{
	struct halfway *h = context;
	struct between_decision *sorted = h->sorted;
	size_t done = 0;
	for (size_t i = 0; i < count; i++)
		done += decisions[i].done;
	/* What stands now and what will stand is the survey's to judge. */
	if (done == 0 || done == count)
		return;
	memcpy(sorted, decisions, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_decisions);
	buf_clear(&h->key);
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(&h->key, "%zu%c", sorted[i].step, sorted[i].done ? '+' : '-');
	size_t index = index_of(h->known_states, h->key.data, h->breaks->nstates);
	if (index == h->breaks->nstates) {
		struct break_state *state =
			ARENA_PUSH(h->planner->arena, h->breaks->states, h->breaks->nstates);
		state->items = arena_alloc(h->planner->arena, (count + 1) * sizeof *sorted);
		memcpy(state->items, sorted, count * sizeof *sorted);
		state->count = count;
	}
	*ARENA_PUSH(h->scratch, h->found, h->nfound) = index;
}

static int compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

/* The case of the states that were found, each once. */
static struct break_case *case_of(struct halfway *h)
{
	struct breaks *all = h->breaks;
	size_t count = 0;
	qsort(h->found, h->nfound, sizeof *h->found, compare_sizes);
	buf_clear(&h->key);
	for (size_t i = 0; i < h->nfound; i++) {
		if (count && h->found[count - 1] == h->found[i])
			continue;
		h->found[count++] = h->found[i];
		(void)buf_printf(&h->key, "%zu ", h->found[i]);
	}
	size_t index = index_of(h->known_cases, h->key.data, all->ncases);
	if (index == all->ncases) {
		struct break_case *c = ARENA_PUSH(h->planner->arena, all->cases, all->ncases);
		c->states = arena_alloc(h->planner->arena, count * sizeof *c->states);
		memcpy(c->states, h->found, count * sizeof *c->states);
		c->nstates = count;
	}
	return &all->cases[index];
}

/* ---- paths ---- */

/* Nodes of a group whose packets take the same way in every state. */
struct sort {
	size_t key;
	const struct topology_node **nodes;
	size_t nnodes;
};

struct sorts {
	struct sort *items;
	size_t count;
};

static const struct topology_node *node_now(
	const struct survey *s, const struct topology_node *after)
{
	return &s->topology_now->nodes[after - s->topology->nodes];
}

static struct sorts *sorts_of(
	struct halfway *h, const struct survey *s, const struct survey_paths *paths)
{
	struct sorts *sorts = *paths->memo;
	if (sorts)
		return sorts;
	*paths->memo = sorts = ARENA_NEW(h->scratch, struct sorts);
	struct sort *last = NULL;
	for (size_t i = 0; i < paths->nfrom; i++) {
		size_t key = between_kind(h->between, node_now(s, paths->from[i]));
		for (size_t k = 0; (!last || last->key != key) && k < sorts->count; k++)
			last = &sorts->items[k];
		if (!last || last->key != key) {
			last = ARENA_PUSH(h->scratch, sorts->items, sorts->count);
			last->key = key;
		}
		*ARENA_PUSH(h->scratch, last->nodes, last->nnodes) = paths->from[i];
	}
	return sorts;
}

static void add_paths(struct halfway *h, struct break_case *c, const struct sort *sort,
	const struct reach_path *path)
{
	char pods[PREFIX_TEXT];
	prefix_format(path->pods, pods);
	for (size_t i = 0; i < sort->nnodes; i++) {
		if (sort->nodes[i] == path->to)
			continue;
		c->paths++;
		if (c->nfirst < CUT_TOLD)
			c->first[c->nfirst++] = (struct plan_path){ sort->nodes[i]->node->name,
				path->to->node->name, arena_strdup(h->planner->arena, pods) };
	}
}

static void judge_sort(struct halfway *h, const struct survey *s, const struct sort *sort,
	const struct reach_path *after)
{
	bool is_member = sort->nodes[0] == after->to;
	if (is_member && sort->nnodes == 1)
		return;
	const struct topology_node *from = sort->nodes[is_member];
	h->nfound = 0;
	bool judged = between_follow(
		h->between, node_now(s, from), node_now(s, after->to), after->pods, note_state, h);
	if (h->nfound)
		add_paths(h, case_of(h), sort, after);
	for (size_t i = 0; !judged && i < sort->nnodes; i++)
		h->planner->plan->reach.unjudged += sort->nodes[i] != after->to;
}

void halfway_judge(struct halfway *h, const struct survey *s, const struct survey_paths *paths)
{
	const struct sorts *sorts = sorts_of(h, s, paths);
	for (size_t i = 0; i < sorts->count; i++)
		judge_sort(h, s, &sorts->items[i], paths->after);
}
