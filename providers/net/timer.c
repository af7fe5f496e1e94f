/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/timer.h"

#include <limits.h>
#include <stdlib.h>

#include "engine/base/arena.h"

static bool earlier(const struct timer *a, const struct timer *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void timers_add(struct timers *timers, int64_t at_ms, void (*fire)(void *), void *context)
{
	if (timers->count == timers->room) {
		timers->room = timers->room ? timers->room * 2 : 16;
		timers->heap = mem_realloc(timers->heap, timers->room * sizeof *timers->heap);
	}
	struct timer new_timer = { at_ms, timers->added++, fire, context };
	size_t i = timers->count++;
	while (i && earlier(&new_timer, &timers->heap[(i - 1) / 2])) {
		timers->heap[i] = timers->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	timers->heap[i] = new_timer;
}

int64_t timers_due_ms(const struct timers *timers)
{
	return timers->count ? timers->heap[0].at_ms : INT64_MAX;
}

int timers_wait_ms(const struct timers *timers, int64_t deadline_ms, int64_t now_ms)
{
	int64_t until = timers_due_ms(timers);
	if (deadline_ms < until)
		until = deadline_ms;
	if (until <= now_ms)
		return 0;
	return until - now_ms > INT_MAX ? INT_MAX : (int)(until - now_ms);
}

bool timers_fire(struct timers *timers, int64_t now_ms)
{
	if (timers_due_ms(timers) > now_ms || !timers->count)
		return false;
	struct timer due = timers->heap[0];
	struct timer last = timers->heap[--timers->count];
	size_t i = 0;
	for (size_t child = 1; child < timers->count; child = 2 * i + 1) {
		if (child + 1 < timers->count &&
			earlier(&timers->heap[child + 1], &timers->heap[child]))
			child++;
		if (!earlier(&timers->heap[child], &last))
			break;
		timers->heap[i] = timers->heap[child];
		i = child;
	}
	if (timers->count)
		timers->heap[i] = last;
	due.fire(due.context);
	return true;
}

void timers_release(struct timers *timers)
{
	free(timers->heap);
	*timers = (struct timers){ 0 };
}
