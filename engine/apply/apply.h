/* SPDX-License-Identifier: Apache-2.0 */
/* apply.h - runs the steps of a plan through a provider
 *
 * Every ready step: GET, merge with what stands now, intent (durable), write, outcome, release of
 * what waited. A failed step skips all that depends on it; the rest goes on. A step refuses, by
 * name, what changed since the plan in anything that the plan decided on; edits beside it are
 * merged. An unknown answer is read, never repeated blindly. The loop knows neither ARM nor SQL.
 */
#ifndef WAYBILL_APPLY_APPLY_H
#define WAYBILL_APPLY_APPLY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/diag.h"
#include "engine/plan/plan.h"
#include "providers/provider.h"
#include "state/state.h"

enum step_result {
	STEP_PENDING,
	STEP_RUNNING,
	STEP_DONE,
	STEP_FAILED,
	STEP_SKIPPED, /* something it depends on failed, or the run was interrupted before it */
	STEP_UNKNOWN, /* sent, outcome not known: its intent stays open */
};

enum apply_event_kind {
	APPLY_SETTLING, /* it waits for the effect of `after` to arrive */
	APPLY_STARTED,
	APPLY_STILL_RUNNING,
	APPLY_FINISHED
};

struct apply_event {
	enum apply_event_kind kind;
	const struct step *step;
	const struct step *after; /* of APPLY_SETTLING */
	enum step_result result;  /* of APPLY_FINISHED */
	long elapsed_ms;          /* since the step started; of APPLY_SETTLING, how long it waits */
	size_t finished, total;   /* steps */
};

struct apply_options {
	size_t parallelism; /* steps at once; 0: 10 */
	int grace_ms;       /* after an interrupt, how long running steps may finish */
	/* Set to a signal's number by a handler, which also calls provider->interrupt(). */
	const volatile sig_atomic_t *interrupted;
	void (*on_event)(void *context, const struct apply_event *); /* or NULL */
	void *context;
	/* Not 0: unless it is confirmed this long after the last step, the tables that it changes
	 * are put back, by whoever comes (putback.h). */
	long confirm_within_ms;
	/* For the run's record: command, user, host, pid, source; number is filled in. */
	struct run *run;
};

enum apply_result {
	APPLY_DONE,
	APPLY_FAILED,
	APPLY_INTERRUPTED
};

struct apply_report {
	enum apply_result result;
	size_t added, changed, destroyed; /* changes that were made */
	size_t failed, skipped, unknown;  /* steps */
	bool awaits;                      /* there is something to confirm */
	json_t *outputs;                  /* name: value, final; in the plan's arena */
	enum step_result *results;        /* one a step of the plan */
};

/* False when anything failed or was refused: then errors are added, each at the YAML that caused
 * it where that can be found. The state then holds exactly what happened. */
bool apply_plan(struct plan *, struct state *, struct provider *, const struct apply_options *,
	struct apply_report *, struct diags *);

/* Waits until no write of a dead run is under way any more, so that what is read next is what it
 * came to: a delete that the cloud has begun still shows its resource. Call with the lock held,
 * before reading. False only when the state cannot be read. */
bool intents_wait(
	struct arena *, const struct catalog *, struct state *, struct provider *, struct diags *);

/* Writes into the state what the snapshot found out about open intents of dead runs: done, absent
 * or failed (somebody else changed it: `intent-conflict`, a warning). One line each through
 * `told`, which may be NULL. Call with the lock held, before planning. */
bool intents_settle(struct snapshot *, struct state *,
	void (*told)(void *context, const char *line), void *context, struct diags *);

#endif
