/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/schedule.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

struct slot {
	enum step_result result;
	size_t waits_left;
	size_t *waiters; /* numbers of those that wait for this one */
	size_t nwaiters;
	size_t *settlers; /* numbers of those that settle after this one */
	size_t nsettlers;
	long not_before_ms;
	size_t after;  /* the step that `not_before_ms` comes from */
	size_t *holds; /* indexes into `held` */
};

struct schedule {
	struct arena *arena;
	const struct step *steps;
	size_t count, limit;
	struct slot *slots;
	size_t *order; /* numbers, those that should start early first */
	size_t first;  /* all before this place in `order` have started or ended */
	bool *held;
	size_t running, finished;
	long settle_ms, now_ms;
	size_t *settling; /* numbers of those that have only to settle, and of some that had */
	size_t nsettling, nsettling_told;
};

struct priority {
	size_t depth, number;
};

static int compare_priority(const void *a, const void *b)
{
	const struct priority *x = a, *y = b;
	if (x->depth != y->depth)
		return x->depth > y->depth ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void order_steps(struct schedule *s)
{
	struct priority *items = mem_alloc((s->count + 1) * sizeof *items);
	for (size_t i = 0; i < s->count; i++)
		items[i] = (struct priority){ s->steps[i].depth, i };
	qsort(items, s->count, sizeof *items, compare_priority);
	s->order = arena_alloc(s->arena, (s->count + 1) * sizeof *s->order);
	for (size_t i = 0; i < s->count; i++)
		s->order[i] = items[i].number;
	free(items);
}

/* Numbers the held ids, so that a conflict is found without comparing text. */
static void number_holds(struct schedule *s)
{
	json_auto_t *known = json_object();
	size_t count = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct step *step = &s->steps[i];
		s->slots[i].holds = arena_alloc(s->arena, (step->nholds + 1) * sizeof(size_t));
		for (size_t h = 0; h < step->nholds; h++) {
			json_t *index = json_object_get(known, step->holds[h]);
			if (!index) {
				index = json_integer((json_int_t)count++);
				int failed = json_object_set_new(known, step->holds[h], index);
				assert(failed == 0);
				(void)failed;
			}
			s->slots[i].holds[h] = (size_t)json_integer_value(index);
		}
	}
	s->held = arena_alloc(s->arena, (count + 1) * sizeof *s->held);
}

struct schedule *schedule_new(
	struct arena *arena, const struct step *steps, size_t count, size_t limit)
{
	struct schedule *s = ARENA_NEW(arena, struct schedule);
	*s = (struct schedule){ .arena = arena, .steps = steps, .count = count, .limit = limit };
	s->slots = arena_alloc(arena, (count + 1) * sizeof *s->slots);
	for (size_t i = 0; i < count; i++) {
		s->slots[i].waits_left = steps[i].nwaits;
		for (size_t w = 0; w < steps[i].nwaits; w++) {
			struct slot *cause = &s->slots[steps[i].waits[w]];
			*ARENA_PUSH(arena, cause->waiters, cause->nwaiters) = i;
		}
		for (size_t w = 0; w < steps[i].nsettles; w++) {
			struct slot *cause = &s->slots[steps[i].settles[w]];
			*ARENA_PUSH(arena, cause->settlers, cause->nsettlers) = i;
		}
	}
	order_steps(s);
	number_holds(s);
	return s;
}

static bool is_held(const struct schedule *s, size_t number)
{
	for (size_t h = 0; h < s->steps[number].nholds; h++)
		if (s->held[s->slots[number].holds[h]])
			return true;
	return false;
}

static void set_held(struct schedule *s, size_t number, bool held)
{
	for (size_t h = 0; h < s->steps[number].nholds; h++)
		s->held[s->slots[number].holds[h]] = held;
}

void schedule_settle(struct schedule *s, long settle_ms)
{
	s->settle_ms = settle_ms;
}

void schedule_at(struct schedule *s, long now_ms)
{
	s->now_ms = now_ms;
}

long schedule_wakes(const struct schedule *s)
{
	long first = -1;
	for (size_t i = 0; i < s->nsettling; i++) {
		const struct slot *slot = &s->slots[s->settling[i]];
		if (slot->result == STEP_PENDING && slot->not_before_ms > s->now_ms &&
			(first < 0 || slot->not_before_ms < first))
			first = slot->not_before_ms;
	}
	return first;
}

bool schedule_settling(struct schedule *s, size_t *number, size_t *after)
{
	if (s->nsettling_told == s->nsettling)
		return false;
	*number = s->settling[s->nsettling_told++];
	*after = s->slots[*number].after;
	return true;
}

size_t schedule_next(struct schedule *s)
{
	if (s->running >= s->limit)
		return SCHEDULE_NONE;
	while (s->first < s->count && s->slots[s->order[s->first]].result != STEP_PENDING)
		s->first++;
	for (size_t i = s->first; i < s->count; i++) {
		size_t number = s->order[i];
		struct slot *slot = &s->slots[number];
		if (slot->result != STEP_PENDING || slot->waits_left > 0 ||
			slot->not_before_ms > s->now_ms || is_held(s, number))
			continue;
		slot->result = STEP_RUNNING;
		set_held(s, number, true);
		s->running++;
		return number;
	}
	return SCHEDULE_NONE;
}

/* The waiters of a step may be many and deep: a list instead of recursion. */
static void skip_waiters(struct schedule *s, size_t number,
	void (*skipped)(void *context, size_t number, size_t cause), void *context)
{
	size_t *todo = mem_alloc((s->count + 1) * sizeof *todo);
	size_t ntodo = 0;
	todo[ntodo++] = number;
	for (size_t i = 0; i < ntodo; i++) {
		const struct slot *cause = &s->slots[todo[i]];
		for (size_t w = 0; w < cause->nwaiters; w++) {
			struct slot *waiter = &s->slots[cause->waiters[w]];
			if (waiter->result != STEP_PENDING)
				continue;
			waiter->result = STEP_SKIPPED;
			s->finished++;
			todo[ntodo++] = cause->waiters[w];
			if (skipped)
				skipped(context, cause->waiters[w], todo[i]);
		}
	}
	free(todo);
}

static void release_waiters(struct schedule *s, size_t number)
{
	const struct slot *slot = &s->slots[number];
	for (size_t i = 0; i < slot->nsettlers && s->settle_ms; i++) {
		struct slot *settler = &s->slots[slot->settlers[i]];
		settler->not_before_ms = s->now_ms + s->settle_ms;
		settler->after = number;
	}
	for (size_t w = 0; w < slot->nwaiters; w++) {
		struct slot *waiter = &s->slots[slot->waiters[w]];
		if (--waiter->waits_left == 0 && waiter->not_before_ms > s->now_ms)
			*ARENA_PUSH(s->arena, s->settling, s->nsettling) = slot->waiters[w];
	}
}

void schedule_finish(struct schedule *s, size_t number, enum step_result result,
	void (*skipped)(void *context, size_t number, size_t cause), void *context)
{
	struct slot *slot = &s->slots[number];
	assert(slot->result == STEP_RUNNING);
	assert(result != STEP_PENDING && result != STEP_RUNNING);
	slot->result = result;
	set_held(s, number, false);
	s->running--;
	s->finished++;
	if (result != STEP_DONE) {
		skip_waiters(s, number, skipped, context);
		return;
	}
	release_waiters(s, number);
}

enum step_result schedule_result(const struct schedule *s, size_t number)
{
	return s->slots[number].result;
}

size_t schedule_running(const struct schedule *s)
{
	return s->running;
}

size_t schedule_finished(const struct schedule *s)
{
	return s->finished;
}
