/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h - which step may start next
 *
 * A step is ready when all it waits for are done. Of the ready ones the deepest starts first, then
 * the lowest number; one whose holds another running step has stays ready. At most `limit` run.
 * A step that settles after others starts only a while after the last of them has ended. A step
 * that does not end well makes all that wait for it skipped. Knows neither ARM nor SQL nor a
 * clock: same calls, same answers.
 */
#ifndef WAYBILL_APPLY_SCHEDULE_H
#define WAYBILL_APPLY_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/apply/apply.h"
#include "engine/base/arena.h"
#include "engine/plan/plan.h"

#define SCHEDULE_NONE ((size_t)-1)

struct schedule;

/* The steps are borrowed and must outlive the schedule. */
struct schedule *schedule_new(struct arena *, const struct step *steps, size_t count, size_t limit);

/* How long what `settles` has to wait; 0, as at first: not at all. */
void schedule_settle(struct schedule *, long settle_ms);
/* What time it is, on a clock that never goes back: from 0 on. Steps end at that time. */
void schedule_at(struct schedule *, long now_ms);
/* When the next step that has only to settle may start; -1: there is none. */
long schedule_wakes(const struct schedule *);
/* A step that has begun to settle, each once, and after which other; false: no more of them. */
bool schedule_settling(struct schedule *, size_t *number, size_t *after);

/* The number of a step that may start now, which then counts as running; or SCHEDULE_NONE. */
size_t schedule_next(struct schedule *);

/* Ends a running step with DONE, FAILED, SKIPPED or UNKNOWN. `skipped`, which may be NULL, is told
 * of each step that can now never start, and for which of those it waits for. */
void schedule_finish(struct schedule *, size_t number, enum step_result,
	void (*skipped)(void *context, size_t number, size_t cause), void *context);

enum step_result schedule_result(const struct schedule *, size_t number);
size_t schedule_running(const struct schedule *);
size_t schedule_finished(const struct schedule *); /* all that have ended, in whichever way */

#endif
