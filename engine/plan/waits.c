/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/waits.h"

void waits_init(struct waits *w, struct arena *a, struct step *steps, size_t nsteps)
{
	*w = (struct waits){ .arena = a, .steps = steps, .nsteps = nsteps };
	w->seen = arena_alloc(a, (nsteps + 1) * sizeof *w->seen);
	w->todo = arena_alloc(a, (nsteps + 1) * sizeof *w->todo);
}

static void visit(struct waits *w, size_t step, size_t *ntodo)
{
	if (w->seen[step] == w->walk)
		return;
	w->seen[step] = w->walk;
	w->todo[(*ntodo)++] = step;
}

void waits_walk(struct waits *w, size_t step)
{
	size_t ntodo = 0;
	w->walk++;
	visit(w, step, &ntodo);
	while (ntodo) {
		const struct step *s = &w->steps[w->todo[--ntodo]];
		for (size_t i = 0; i < s->nwaits; i++)
			visit(w, s->waits[i], &ntodo);
	}
}

bool waits_seen(const struct waits *w, size_t step)
{
	return w->seen[step] == w->walk;
}

bool waits_add(struct waits *w, size_t step, size_t waits_for)
{
	struct step *s = &w->steps[step];
	waits_walk(w, waits_for);
	if (waits_seen(w, step))
		return false;
	*ARENA_PUSH(w->arena, s->waits, s->nwaits) = waits_for;
	return true;
}
