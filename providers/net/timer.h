/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - what is to happen later, on the one thread
 *
 * A heap of moments of clock_ms(). There is no cancelling: who waits has one timer and lives until
 * it fires, or until the whole heap is dropped.
 */
#ifndef WAYBILL_PROVIDERS_NET_TIMER_H
#define WAYBILL_PROVIDERS_NET_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/clock.h"

struct timer {
	int64_t at_ms;
	uint64_t order; /* equal moments fire in the order they were added */
	void (*fire)(void *context);
	void *context;
};

struct timers {
	struct timer *heap;
	size_t count, room;
	uint64_t added;
};

void timers_add(struct timers *, int64_t at_ms, void (*fire)(void *), void *context);
/* When the next one is due; INT64_MAX when there is none. */
int64_t timers_due_ms(const struct timers *);
/* How long may be waited from `now_ms` until the next one is due or `deadline_ms` is there: 0 or
 * more, as poll() takes it. */
int timers_wait_ms(const struct timers *, int64_t deadline_ms, int64_t now_ms);
/* Fires the next one if it is due at `now_ms`; false when none was. */
bool timers_fire(struct timers *, int64_t now_ms);
void timers_release(struct timers *); /* fires nothing */

#endif
