/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/apply.h"

#include <assert.h>
#include <time.h>

#include "engine/apply/blame.h"
#include "engine/apply/journal.h"
#include "engine/apply/live.h"
#include "engine/apply/putback.h"
#include "engine/apply/schedule.h"
#include "engine/apply/step.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/secrets.h"
#include "state/putback.h"

#define DEFAULT_PARALLELISM 10
#define STILL_RUNNING_MS 10000
#define NAP_MS 200

struct task {
	struct work work;
	struct apply *apply;
	const struct step *planned;
	long started_ms, told_ms;
	bool in_flight; /* its operation is lent to the provider */
	bool is_queued; /* its operation is to be submitted in this round */
};

struct apply {
	struct plan *plan;
	struct provider *provider;
	const struct apply_options *options;
	struct apply_report *report;
	struct diags *diags;
	struct schedule *schedule;
	struct journal journal;
	struct live *live;
	struct task **tasks; /* by step number; NULL: not started */
	size_t *running;     /* numbers of the steps that have begun and not ended */
	size_t nrunning;
	size_t in_flight;
	unsigned char *made; /* by change: MADE_* bits, so that each counts once */
	bool stopping;
	bool lost;        /* the state is no longer known to be ours */
	long deadline_ms; /* once stopping */
};

enum {
	MADE_ADDED = 1,
	MADE_CHANGED = 2,
	MADE_DESTROYED = 4
};

static long now_ms(void)
{
	return (long)clock_ms();
}

static void tell_event(struct apply *a, struct apply_event event)
{
	event.finished = schedule_finished(a->schedule);
	event.total = a->plan->nsteps;
	if (a->options->on_event)
		a->options->on_event(a->options->context, &event);
}

static void tell(struct apply *a, enum apply_event_kind kind, const struct step *step,
	enum step_result result, long elapsed_ms)
{
	tell_event(a,
		(struct apply_event){
			.kind = kind, .step = step, .result = result, .elapsed_ms = elapsed_ms });
}

/* ---- what was made ---- */

static void count(struct apply *a, const struct change *change, unsigned char bit, size_t *total)
{
	unsigned char *made = &a->made[change - a->plan->changes];
	if (!(*made & bit))
		(*total)++;
	*made |= bit;
}

/* A replacement is two steps, of which each is half; inside one PUT it is whole. */
static void count_change(struct apply *a, const struct step *step, const struct change *change)
{
	bool replaces = change->action == ACTION_REPLACE;
	bool adds = replaces && step->verb != STEP_DELETE;
	bool destroys = replaces && step->verb != STEP_CREATE;
	if (change->action == ACTION_CREATE || adds)
		count(a, change, MADE_ADDED, &a->report->added);
	if (change->action == ACTION_UPDATE)
		count(a, change, MADE_CHANGED, &a->report->changed);
	if (change->action == ACTION_DELETE || destroys)
		count(a, change, MADE_DESTROYED, &a->report->destroyed);
}

static void count_step(struct apply *a, const struct step *step)
{
	if (step->detaches)
		return;
	if (step->change)
		count_change(a, step, step->change);
	for (size_t i = 0; i < step->nchildren; i++)
		count_change(a, step, step->children[i].change);
}

/* ---- one step ---- */

static void on_skipped(void *context, size_t number, size_t cause)
{
	struct apply *a = context;
	const struct step *step = &a->plan->steps[number];
	if (!a->stopping) {
		diag_warning(a->diags, blame_place(step), "skipped",
			"%s was left as it is: it waits for %s", step->address,
			a->plan->steps[cause].address);
		diag_about(a->diags, step->address);
	}
	tell(a, APPLY_FINISHED, step, STEP_SKIPPED, 0);
}

static void finish_task(struct apply *a, struct task *task)
{
	struct work *w = &task->work;
	size_t number = task->planned->number;
	journal_outcome(&a->journal, w->step, w->result, w->has_standing, w->standing);
	if (w->result == STEP_DONE) {
		live_put(a->live, w->step->schema, w->step->id, w->standing);
		count_step(a, task->planned);
	}
	for (size_t i = 0; i < a->nrunning; i++)
		if (a->running[i] == number) {
			a->running[i] = a->running[--a->nrunning];
			break;
		}
	schedule_finish(a->schedule, number, w->result, on_skipped, a);
	tell(a, APPLY_FINISHED, task->planned, w->result, now_ms() - task->started_ms);
	work_release(w);
}

/* Its handle becomes durable at once: reap() returns, and the round ends with a commit. */
static void on_accepted(struct operation *op, const char *handle)
{
	struct task *task = op->owner;
	struct apply *a = task->apply;
	journal_accepted(&a->journal, task->work.step, handle);
	a->provider->interrupt(a->provider);
}

/* After a step decided: queues its next operation, or ends it. */
static void follow(struct apply *a, struct task *task)
{
	if (task->work.phase != WORK_ENDED && a->stopping)
		work_stop(&task->work);
	if (task->work.phase == WORK_ENDED) {
		finish_task(a, task);
		return;
	}
	task->is_queued = true;
	if (task->work.phase == WORK_WRITE) {
		task->work.op.on_accepted = on_accepted;
		journal_intend(&a->journal, task->work.step, &task->work.op);
	}
}

static void start_step(struct apply *a, size_t number)
{
	struct task *task = ARENA_NEW(a->plan->arena, struct task);
	const struct step *step = &a->plan->steps[number];
	*task = (struct task){ .apply = a, .planned = step, .started_ms = now_ms() };
	task->told_ms = task->started_ms;
	task->work.config = a->plan->config;
	task->work.snapshot = a->plan->snapshot;
	task->work.diags = a->diags;
	a->tasks[number] = task;
	a->running[a->nrunning++] = number;
	tell(a, APPLY_STARTED, step, STEP_RUNNING, 0);
	(void)work_begin(&task->work, a->plan->arena, a->plan->config, step, a->live);
	follow(a, task);
}

static void start_ready(struct apply *a)
{
	size_t number, after;
	schedule_at(a->schedule, now_ms());
	while (!a->stopping && (number = schedule_next(a->schedule)) != SCHEDULE_NONE)
		start_step(a, number);
	while (!a->stopping && schedule_settling(a->schedule, &number, &after))
		tell_event(a,
			(struct apply_event){ .kind = APPLY_SETTLING,
				.step = &a->plan->steps[number],
				.after = &a->plan->steps[after],
				.elapsed_ms = a->plan->config->settle_ms });
}

/* ---- one round ---- */

static void stop(struct apply *a)
{
	if (a->stopping)
		return;
	a->stopping = true;
	a->deadline_ms = now_ms() + a->options->grace_ms;
}

static void check_interrupt(struct apply *a)
{
	if (a->options->interrupted && *a->options->interrupted)
		stop(a);
}

/* What had not left yet never leaves. */
static void drop_queued(struct apply *a)
{
	for (size_t i = a->nrunning; i-- > 0;) {
		struct task *task = a->tasks[a->running[i]];
		if (!task->is_queued)
			continue;
		task->is_queued = false;
		work_stop(&task->work);
		finish_task(a, task);
	}
}

/* Asked right before a write leaves, also when the provider sends it again much later. */
static bool may_leave(const struct operation *op)
{
	const struct task *task = op->owner;
	return state_held(task->apply->journal.state, NULL);
}

/* Nothing leaves for the cloud unless the state is ours for as long as a request takes. */
static void check_held(struct apply *a)
{
	if (a->stopping || a->nrunning == 0 || state_held(a->journal.state, a->diags))
		return;
	a->lost = true;
	stop(a);
}

/* All intents and outcomes of the round become durable by one sync; only then do writes leave. */
static void submit_queued(struct apply *a)
{
	bool writes_may_leave = !a->journal.dirty || journal_commit(&a->journal);
	check_interrupt(a);
	if (!writes_may_leave || a->journal.broken)
		stop(a);
	check_held(a);
	if (a->stopping) {
		drop_queued(a);
		(void)journal_commit(&a->journal);
		return;
	}
	for (size_t i = 0; i < a->nrunning; i++) {
		struct task *task = a->tasks[a->running[i]];
		if (!task->is_queued)
			continue;
		task->is_queued = false;
		task->in_flight = true;
		a->in_flight++;
		task->work.op.may_leave = may_leave;
		a->provider->submit(a->provider, &task->work.op);
	}
}

/* How long a reap may wait before there is something to say or to write down. */
static int wait_ms(const struct apply *a)
{
	long now = now_ms();
	long until = now + STILL_RUNNING_MS;
	for (size_t i = 0; i < a->nrunning; i++) {
		long next = a->tasks[a->running[i]]->told_ms + STILL_RUNNING_MS;
		until = next < until ? next : until;
	}
	long wakes = schedule_wakes(a->schedule);
	if (!a->stopping && wakes >= 0 && wakes < until)
		until = wakes;
	if (a->stopping && a->deadline_ms < until)
		until = a->deadline_ms;
	return until > now ? (int)(until - now) : 0;
}

static void tell_running(struct apply *a)
{
	long now = now_ms();
	for (size_t i = 0; i < a->nrunning; i++) {
		struct task *task = a->tasks[a->running[i]];
		if (now - task->told_ms < STILL_RUNNING_MS)
			continue;
		task->told_ms = now;
		tell(a, APPLY_STILL_RUNNING, task->planned, STEP_RUNNING, now - task->started_ms);
	}
}

/* With nothing in flight the provider does not wait. A signal may come just before the nap begins:
 * so it is a short one. */
static void nap(const struct apply *a)
{
	int ms = wait_ms(a);
	ms = clock_wait_ms(ms < NAP_MS ? ms : NAP_MS);
	struct timespec time = { 0, ms * 1000000L };
	(void)nanosleep(&time, NULL);
}

/* All that has finished by now, so that one commit serves them all. */
static void reap_round(struct apply *a)
{
	if (a->in_flight == 0)
		nap(a);
	struct operation *op = a->provider->reap(a->provider, wait_ms(a));
	schedule_at(a->schedule, now_ms());
	check_interrupt(a);
	while (op) {
		struct task *task = op->owner;
		task->in_flight = false;
		a->in_flight--;
		work_advance(&task->work);
		follow(a, task);
		op = a->provider->reap(a->provider, 0);
	}
	tell_running(a);
}

static void free_arena(void *arena)
{
	arena_free(arena);
}

/* The provider keeps what is still in flight until it is closed: its memory stays. */
static void abandon(struct apply *a)
{
	while (a->nrunning > 0) {
		struct task *task = a->tasks[a->running[0]];
		struct work *w = &task->work;
		bool sent = w->phase == WORK_WRITE;
		arena_defer(a->plan->arena, free_arena, w->arena);
		w->arena = NULL;
		work_stop(w);
		if (sent)
			w->result = STEP_UNKNOWN;
		finish_task(a, task);
	}
}

static void run_steps(struct apply *a)
{
	for (;;) {
		check_interrupt(a);
		start_ready(a);
		submit_queued(a);
		bool settles = schedule_wakes(a->schedule) >= 0;
		if (a->in_flight == 0 && (a->stopping || (a->nrunning == 0 && !settles)))
			break;
		reap_round(a);
		if (a->stopping && now_ms() >= a->deadline_ms && a->in_flight > 0) {
			drop_queued(a);
			abandon(a);
			break;
		}
	}
	(void)journal_commit(&a->journal);
}

/* ---- the whole run ---- */

/* What was only aimed at in part says nothing of how large the sets are that are applied. */
static json_t *notes_new(const struct plan *plan)
{
	json_t *before = plan->ntargets ? plan->snapshot->last_run.notes : NULL;
	if (before)
		return json_incref(before);
	json_t *sets = json_object();
	for (size_t i = 0; !plan->destroy && i < plan->config->nnode_sets; i++) {
		const struct node_set *set = &plan->config->node_sets[i];
		int failed =
			json_object_set_new(sets, set->name, json_integer((json_int_t)set->nnodes));
		assert(failed == 0);
		(void)failed;
	}
	return json_pack("{s:o}", "node_sets", sets);
}

static void count_results(struct apply *a)
{
	struct apply_report *report = a->report;
	for (size_t i = 0; i < a->plan->nsteps; i++) {
		enum step_result result = schedule_result(a->schedule, i);
		report->results[i] = result == STEP_PENDING ? STEP_SKIPPED : result;
		report->failed += result == STEP_FAILED;
		report->skipped += report->results[i] == STEP_SKIPPED;
		report->unknown += result == STEP_UNKNOWN;
	}
	bool whole = report->failed + report->skipped + report->unknown == 0;
	if (whole && !a->journal.broken)
		report->result = APPLY_DONE;
	else if (a->stopping && !a->journal.broken && !a->lost)
		report->result = APPLY_INTERRUPTED;
	else
		report->result = APPLY_FAILED;
	if (report->result == APPLY_INTERRUPTED) {
		size_t left = report->failed + report->skipped + report->unknown;
		(void)diag_error(a->diags, PLACE_NONE, "interrupted",
			"interrupted: %zu of %zu steps did not end", left, a->plan->nsteps);
		diag_help(
			a->diags, "what was done is recorded; run the same command again to go on");
	}
}

static const char *result_word(enum apply_result result)
{
	switch (result) {
	case APPLY_DONE:
		return "done";
	case APPLY_FAILED:
		return "failed";
	case APPLY_INTERRUPTED:
		break;
	}
	return "interrupted";
}

static bool end_run(struct apply *a, struct state *state)
{
	struct plan *plan = a->plan;
	count_results(a);
	/* What came of the last apply is still what came of it. */
	if (plan->drift_only || plan->puts_back) {
		a->report->outputs = plan->outputs;
		return !a->journal.broken &&
			state_end_run(state, a->journal.run, result_word(a->report->result), NULL,
				NULL, a->diags) &&
			(!plan->puts_back || a->report->result != APPLY_DONE ||
				state_drop_putback(state, plan->puts_back, a->diags)) &&
			state_commit(state, a->diags);
	}
	bool gives = !plan->destroy && json_at(plan->config->merged, "/outputs");
	json_t *outputs =
		gives ? config_outputs(plan->config, live_lookup, a->live, a->diags) : NULL;
	outputs = outputs ? outputs : json_object();
	a->report->outputs = arena_json(plan->arena, outputs);
	if (a->journal.broken)
		return false;
	json_auto_t *notes = notes_new(plan);
	return state_end_run(state, a->journal.run, result_word(a->report->result),
		       a->report->outputs, notes, a->diags) &&
		(!a->report->awaits ||
			state_set_deadline(
				state, a->journal.run, a->options->confirm_within_ms, a->diags)) &&
		state_commit(state, a->diags);
}

/* Durable with the run itself, before its first write; a run that is killed on the way is overdue
 * as if it had ended at once. */
static bool promise_putback(struct apply *a, struct state *state)
{
	const struct apply_options *options = a->options;
	if (!options->confirm_within_ms)
		return true;
	json_auto_t *plain = putback_json(a->plan);
	if (json_array_size(plain) == 0)
		return true;
	json_auto_t *tables = secrets_seal(a->plan->snapshot->secrets, plain);
	a->report->awaits = true;
	return state_add_putback(
		state, a->journal.run, options->confirm_within_ms, tables, a->diags);
}

bool apply_plan(struct plan *plan, struct state *state, struct provider *provider,
	const struct apply_options *options, struct apply_report *report, struct diags *diags)
{
	size_t limit = options->parallelism ? options->parallelism : DEFAULT_PARALLELISM;
	size_t nerrors = diags->nerrors;
	struct arena *arena = plan->arena;
	*report = (struct apply_report){ .result = APPLY_FAILED };
	report->results = arena_alloc(arena, (plan->nsteps + 1) * sizeof *report->results);
	struct apply a = {
		.plan = plan,
		.provider = provider,
		.options = options,
		.report = report,
		.diags = diags,
		.schedule = schedule_new(arena, plan->steps, plan->nsteps, limit),
		.live = live_new(arena, plan->snapshot),
		.tasks = arena_alloc(arena, (plan->nsteps + 1) * sizeof(struct task *)),
		.running = arena_alloc(arena, (plan->nsteps + 1) * sizeof *a.running),
		.made = arena_alloc(arena, plan->nchanges + 1),
	};
	if (plan->config)
		schedule_settle(a.schedule, plan->config->settle_ms);
	if (plan->config && plan->config->secrets)
		plan->config->secrets->key = arena_strdup(arena, state_key(state));
	if (!state_begin_run(state, options->run, diags))
		return false;
	journal_init(&a.journal, plan, state, diags);
	a.journal.run = options->run->number;
	journal_unwritten(&a.journal, plan);
	a.journal.dirty = true;
	if (!promise_putback(&a, state) || !journal_commit(&a.journal))
		return false;
	run_steps(&a);
	bool ended = end_run(&a, state);
	return ended && diags->nerrors == nerrors && report->result == APPLY_DONE;
}
