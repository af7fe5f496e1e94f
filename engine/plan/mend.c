/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/mend.h"

#include <stdlib.h>

#define CUTS_WARNED 10 /* the plan itself tells all */

/* A done step and one that is not done yet: the first could wait for the second. */
struct pair {
	size_t step, waits_for;
};

struct mender {
	struct arena *arena; /* scratch */
	struct waits *waits;
	const struct breaks *breaks;
	struct pair *pairs; /* of all states, sorted, each as often as it comes up */
	size_t npairs;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return (x->waits_for > y->waits_for) - (x->waits_for < y->waits_for);
}

static void list_pairs(struct mender *m)
{
	for (size_t i = 0; i < m->breaks->nstates; i++) {
		const struct break_state *s = &m->breaks->states[i];
		for (size_t a = 0; a < s->count; a++)
			for (size_t b = 0; b < s->count; b++)
				if (s->items[a].done && !s->items[b].done)
					*ARENA_PUSH(m->arena, m->pairs, m->npairs) =
						(struct pair){ s->items[a].step, s->items[b].step };
	}
	if (m->npairs)
		qsort(m->pairs, m->npairs, sizeof *m->pairs, compare_pairs);
}

/* How many of all pairs are smaller than this one; with `or_equal` those that are it, too. */
static size_t count_below(const struct mender *m, const struct pair *pair, bool or_equal)
{
	size_t low = 0, high = m->npairs;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_pairs(&m->pairs[middle], pair) < (or_equal ? 1 : 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t frequency(const struct mender *m, const struct pair *pair)
{
	return count_below(m, pair, true) - count_below(m, pair, false);
}

/* The first pair by which the state is impossible; false: it may come up. */
static bool is_prevented(struct waits *w, const struct break_state *s, struct pair *by)
{
	for (size_t a = 0; a < s->count; a++) {
		if (!s->items[a].done)
			continue;
		waits_walk(w, s->items[a].step);
		for (size_t b = 0; b < s->count; b++)
			if (!s->items[b].done && waits_seen(w, s->items[b].step)) {
				*by = (struct pair){ s->items[a].step, s->items[b].step };
				return true;
			}
	}
	return false;
}

/* Of the waits that would prevent the state and make no loop, the one that prevents most others. */
static bool choose_wait(struct mender *m, const struct break_state *s, struct pair *best)
{
	size_t most = 0;
	for (size_t b = 0; b < s->count; b++) {
		if (s->items[b].done)
			continue;
		waits_walk(m->waits, s->items[b].step);
		for (size_t a = 0; a < s->count; a++) {
			struct pair pair = { s->items[a].step, s->items[b].step };
			if (!s->items[a].done || waits_seen(m->waits, pair.step))
				continue;
			size_t many = frequency(m, &pair);
			if (many > most || (many == most && compare_pairs(&pair, best) < 0)) {
				most = many;
				*best = pair;
			}
		}
	}
	return most > 0;
}

struct choice {
	size_t pairs, state;
};

static int compare_choices(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;
	if (x->pairs != y->pairs)
		return x->pairs < y->pairs ? -1 : 1;
	return (x->state > y->state) - (x->state < y->state);
}

/* Those that leave least to choose first. */
static struct choice *sort_states(struct mender *m)
{
	struct choice *order = arena_alloc(m->arena, (m->breaks->nstates + 1) * sizeof *order);
	for (size_t i = 0; i < m->breaks->nstates; i++) {
		const struct break_state *s = &m->breaks->states[i];
		size_t done = 0;
		for (size_t n = 0; n < s->count; n++)
			done += s->items[n].done;
		order[i] = (struct choice){ done * (s->count - done), i };
	}
	qsort(order, m->breaks->nstates, sizeof *order, compare_choices);
	return order;
}

static size_t count_cut(const struct breaks *breaks, const bool *possible)
{
	size_t paths = 0;
	for (size_t i = 0; i < breaks->ncases; i++) {
		const struct break_case *c = &breaks->cases[i];
		bool is_cut = false;
		for (size_t n = 0; n < c->nstates; n++)
			is_cut = is_cut || possible[c->states[n]];
		paths += is_cut ? c->paths : 0;
	}
	return paths;
}

size_t mend_steps(struct waits *w, const struct breaks *breaks)
{
	struct mender m = { .arena = arena_new(), .waits = w, .breaks = breaks };
	list_pairs(&m);
	const struct choice *order = sort_states(&m);
	for (size_t i = 0; i < breaks->nstates; i++) {
		const struct break_state *s = &breaks->states[order[i].state];
		struct pair pair;
		if (!is_prevented(w, s, &pair) && choose_wait(&m, s, &pair))
			(void)waits_add(w, pair.step, pair.waits_for);
	}
	bool *possible = arena_alloc(m.arena, breaks->nstates + 1);
	for (size_t i = 0; i < breaks->nstates; i++) {
		struct pair pair;
		possible[i] = !is_prevented(w, &breaks->states[i], &pair);
	}
	size_t cut = count_cut(breaks, possible);
	arena_free(m.arena);
	return cut;
}

/* ---- what is left ---- */

static bool waits_directly(const struct step *s, size_t number)
{
	for (size_t i = 0; i < s->nwaits; i++)
		if (s->waits[i] == number)
			return true;
	return false;
}

static bool settles_after(const struct step *s, size_t number)
{
	for (size_t i = 0; i < s->nsettles; i++)
		if (s->settles[i] == number)
			return true;
	return false;
}

/* One of the waits that prevent a state is enough: one that settles already, or a direct one. */
static void settle(struct waits *w, const struct break_state *s, struct pair by)
{
	bool found = false;
	for (size_t a = 0; a < s->count; a++) {
		const struct step *step = &w->steps[s->items[a].step];
		for (size_t b = 0; b < s->count && s->items[a].done; b++) {
			size_t other = s->items[b].step;
			if (s->items[b].done)
				continue;
			if (settles_after(step, other))
				return;
			if (!found && waits_directly(step, other)) {
				by = (struct pair){ s->items[a].step, other };
				found = true;
			}
		}
	}
	struct step *step = &w->steps[by.step];
	*ARENA_PUSH(w->arena, step->settles, step->nsettles) = by.waits_for;
}

/* A path that is cut all the same is not to wait longer than it must. */
static void settle_all(
	struct waits *w, const struct breaks *breaks, const bool *possible, struct arena *scratch)
{
	bool *matters = arena_alloc(scratch, breaks->nstates + 1);
	for (size_t i = 0; i < breaks->ncases; i++) {
		const struct break_case *c = &breaks->cases[i];
		bool is_cut = false;
		for (size_t n = 0; n < c->nstates; n++)
			is_cut = is_cut || possible[c->states[n]];
		for (size_t n = 0; n < c->nstates && !is_cut; n++)
			matters[c->states[n]] = true;
	}
	for (size_t i = 0; i < breaks->nstates; i++) {
		struct pair by;
		if (matters[i] && is_prevented(w, &breaks->states[i], &by))
			settle(w, &breaks->states[i], by);
	}
}

/* From the last of the done ones to the first of the others, by their places. */
static struct pair span(const struct break_state *s)
{
	struct pair span = { 0, (size_t)-1 };
	for (size_t i = 0; i < s->count; i++) {
		size_t step = s->items[i].step;
		if (s->items[i].done && step > span.step)
			span.step = step;
		if (!s->items[i].done && step < span.waits_for)
			span.waits_for = step;
	}
	return span;
}

struct cut {
	struct pair span;
	const struct break_case *paths;
};

static int compare_cuts(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;
	int order = compare_pairs(&x->span, &y->span);
	return order ? order : (x->paths > y->paths) - (x->paths < y->paths);
}

static void add_cut(struct planner *p, const struct cut *cut, bool begins)
{
	struct plan_reach *reach = &p->plan->reach;
	const struct step *from = &p->plan->steps[cut->span.step];
	const struct step *until = &p->plan->steps[cut->span.waits_for];
	if (begins) {
		*ARENA_PUSH(p->arena, reach->cuts, reach->ncuts) = (struct plan_cut){
			.from_verb = step_verb_name(from->verb),
			.from = from->address,
			.until_verb = step_verb_name(until->verb),
			.until = until->address,
		};
	}
	struct plan_cut *out = &reach->cuts[reach->ncuts - 1];
	out->paths += cut->paths->paths;
	for (size_t i = 0; i < cut->paths->nfirst && out->nfirst < CUT_TOLD; i++)
		*ARENA_PUSH(p->arena, out->first, out->nfirst) = cut->paths->first[i];
}

static const char *first_paths(struct arena *a, const struct plan_cut *cut)
{
	const char *text = "";
	for (size_t i = 0; i < cut->nfirst; i++)
		text = arena_printf(a, "%s%s%s to %s of %s", text, i ? ", " : "",
			cut->first[i].from, cut->first[i].pods, cut->first[i].to);
	if (cut->paths > cut->nfirst)
		text = arena_printf(a, "%s and %zu more", text, cut->paths - cut->nfirst);
	return text;
}

static void warn(struct planner *p, const struct plan_cut *cut, const struct step *from)
{
	struct place at = PLACE_NONE;
	if (from->change)
		at = from->change->at;
	else if (from->nchildren)
		at = from->children[0].change->at;
	diag_warning(p->diags, at, "path-cut",
		"pods that reach each other before and after this plan do not always on the way: "
		"%s",
		first_paths(p->arena, cut));
	diag_note(p->diags, PLACE_NONE, "from `%s %s` until `%s %s`", cut->from_verb, cut->from,
		cut->until_verb, cut->until);
	diag_help(p->diags,
		"make what replaces the path in an apply before the one that takes it away, or "
		"apply when a short cut does no harm");
}

static void warn_unjudged(struct planner *p)
{
	diag_warning(p->diags, PLACE_NONE, "path-cut",
		"%zu pod paths depend on too many steps to be judged, and may be cut on the way",
		p->plan->reach.unjudged);
	diag_help(p->diags, "make the change in several applies");
}

/* A path is cut from the first state that breaks it to the end of the last. */
static void tell_cuts(struct planner *p, const struct breaks *breaks, const struct pair *spans,
	const bool *possible, struct arena *scratch)
{
	struct cut *cuts = NULL;
	size_t ncuts = 0;
	for (size_t i = 0; i < breaks->ncases; i++) {
		const struct break_case *c = &breaks->cases[i];
		struct cut cut = { { (size_t)-1, 0 }, c };
		for (size_t n = 0; n < c->nstates; n++) {
			const struct pair *span = &spans[c->states[n]];
			if (!possible[c->states[n]])
				continue;
			if (span->step < cut.span.step)
				cut.span.step = span->step;
			if (span->waits_for > cut.span.waits_for)
				cut.span.waits_for = span->waits_for;
		}
		if (cut.span.step != (size_t)-1)
			*ARENA_PUSH(scratch, cuts, ncuts) = cut;
	}
	if (ncuts)
		qsort(cuts, ncuts, sizeof *cuts, compare_cuts);
	for (size_t i = 0; i < ncuts; i++)
		add_cut(p, &cuts[i],
			i == 0 || compare_pairs(&cuts[i - 1].span, &cuts[i].span) != 0);
	for (size_t i = 0, n = 0; i < ncuts && n < CUTS_WARNED; i++)
		if (i == 0 || compare_pairs(&cuts[i - 1].span, &cuts[i].span) != 0)
			warn(p, &p->plan->reach.cuts[n++], &p->plan->steps[cuts[i].span.step]);
	if (p->plan->reach.unjudged)
		warn_unjudged(p);
}

static int compare_numbers(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

void mend_tell(struct planner *p, const struct breaks *breaks, const size_t *number)
{
	struct arena *scratch = arena_new();
	struct waits w;
	struct pair *spans = arena_alloc(scratch, (breaks->nstates + 1) * sizeof *spans);
	bool *possible = arena_alloc(scratch, breaks->nstates + 1);
	waits_init(&w, scratch, p->plan->steps, p->plan->nsteps);
	w.arena = p->arena; /* of what stays with the steps */
	for (size_t i = 0; i < breaks->nstates; i++) {
		struct break_state *s = &breaks->states[i];
		for (size_t n = 0; n < s->count; n++)
			s->items[n].step = number[s->items[n].step];
		spans[i] = span(s);
	}
	for (size_t i = 0; i < breaks->nstates; i++) {
		struct pair by;
		possible[i] = !is_prevented(&w, &breaks->states[i], &by);
	}
	settle_all(&w, breaks, possible, scratch);
	for (size_t i = 0; i < p->plan->nsteps; i++)
		if (p->plan->steps[i].nsettles)
			qsort(p->plan->steps[i].settles, p->plan->steps[i].nsettles, sizeof(size_t),
				compare_numbers);
	tell_cuts(p, breaks, spans, possible, scratch);
	arena_free(scratch);
}
