/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/confirming.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/waybill/program.h"
#include "cmd/waybill/progress.h"
#include "cmd/waybill/run.h"
#include "cmd/waybill/signals.h"
#include "engine/apply/apply.h"
#include "engine/apply/putback.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "state/history.h"
#include "state/putback.h"

#define LOOK_MS 1000
#define LOCK_MS 60000 /* another run that has found it too is as quick as we are */
#define ANSWER_BYTES 64
#define PATIENCE_MS 900000 /* a quarter of an hour */
#define RUNS_SINCE 1000

/* ---- what is told ---- */

/* "run 12 of ann@host" */
static const char *run_name(struct session *s, int64_t number)
{
	struct run run;
	bool found;
	struct diags ignored;
	diags_init(&ignored, s->arena);
	if (!state_run(s->state, s->arena, number, &run, &found, &ignored) || !found)
		return arena_printf(s->arena, "run %" PRId64, number);
	return arena_printf(s->arena, "run %" PRId64 " of %s@%s", number,
		text_escaped(s->arena, run.user), text_escaped(s->arena, run.host));
}

void confirming_announce(struct session *s, const struct plan *plan)
{
	const struct option_value *within = session_option(s, OPTION_CONFIRM_WITHIN);
	size_t tables = 0, others = 0;
	if (!within->given || s->json)
		return;
	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct step *step = &plan->steps[i];
		bool covered = putback_covers(step);
		others += !covered;
		if (!covered)
			continue;
		(void)buf_puts(&s->out, tables++ ? ", " : "\nPut back unless this is confirmed: ");
		text_escape(&s->out, step->address, false);
	}
	(void)buf_puts(
		&s->out, tables ? ".\n" : "\nNothing to confirm: no table is changed in place.\n");
	if (tables && others)
		(void)buf_printf(&s->out,
			"Not put back: %zu other write%s (what is made, deleted, or attached).\n",
			others, others == 1 ? "" : "s");
}

static const char what_ends_it[] = "`waybill confirm` keeps what it wrote; when the time is over, "
				   "`waybill apply` puts its tables "
				   "back first";

static const char *waits_or_waited(const struct putback *putback)
{
	return putback->left_ms > 0 ? "waits to be" : "was not";
}

static bool refuse_waiting(struct session *s, const struct putback *putback)
{
	(void)diag_error(&s->diags, PLACE_NONE, "run-unconfirmed", "%s %s confirmed until %s",
		run_name(s, putback->run), waits_or_waited(putback), putback->deadline);
	diag_help(&s->diags, "%s", what_ends_it);
	return false;
}

/* ---- keeping, and putting back ---- */

static bool find(struct session *s, struct putback *out, bool *found)
{
	return state_putback(s->state, s->arena, out, found, &s->diags);
}

/* The lock is held. */
static bool confirm(struct session *s, const struct putback *putback)
{
	struct run run = run_of(s), confirmed;
	bool found;
	run.command = "confirm";
	if (!session_state_alone(s, STATE_WRITE) ||
		!state_run(s->state, s->arena, putback->run, &confirmed, &found, &s->diags))
		return false;
	run.plan_id = found ? confirmed.plan_id : NULL;
	return state_begin_run(s->state, &run, &s->diags) &&
		state_drop_putback(s->state, putback->run, &s->diags) &&
		state_end_run(s->state, run.number, "done", NULL, NULL, &s->diags) &&
		state_commit(s->state, &s->diags);
}

/* The lock is held, and the provider open. */
static bool put_back(struct session *s, const struct putback *putback)
{
	struct run run = run_of(s);
	struct apply_report report;
	if (!s->catalog)
		s->catalog = catalog_new(s->arena);
	if (!session_state(s, STATE_WRITE))
		return false;
	struct plan *plan =
		putback_plan(s->arena, s->catalog, s->state, s->provider, putback, &s->diags);
	if (!plan)
		return false;
	run.command = "put back";
	run.plan_id = plan->id;
	struct apply_options options = {
		.grace_ms = LOCK_MS,
		.on_event = progress_tell,
		.run = &run,
	};
	if (!apply_plan(plan, s->state, s->provider, &options, &report, &s->diags))
		return false;
	tell("Put back what run %" PRId64 " changed in %zu table%s.\n", putback->run, plan->nsteps,
		plan->nsteps == 1 ? "" : "s");
	return true;
}

/* ---- at a terminal ---- */

/* Whether somebody types yes before the time is over, or a signal comes. */
static bool read_yes(struct session *s, int wait_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char answer[ANSWER_BYTES];
	bool asks = s->terminal.can_ask && !s->json;
	if (poll(&in, asks ? 1 : 0, wait_ms) <= 0)
		return false;
	if (!fgets(answer, sizeof answer, stdin)) {
		s->terminal.can_ask = false;
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, "yes") == 0)
		return true;
	tell("Only 'yes' is accepted: ");
	return false;
}

static bool ask_for(struct session *s, const struct putback *putback)
{
	if (!s->terminal.can_ask || s->json)
		return false;
	tell("%s waits to be confirmed until %s. Keep what it wrote? Only 'yes' is accepted: ",
		run_name(s, putback->run), putback->deadline);
	return read_yes(s, -1);
}

bool confirming_settle(struct session *s)
{
	struct putback putback;
	bool found;
	if (!find(s, &putback, &found) || !found)
		return !found && s->diags.nerrors == 0;
	if (putback.left_ms > 0 && !ask_for(s, &putback))
		return refuse_waiting(s, &putback);
	if (putback.left_ms > 0)
		return confirm(s, &putback) && session_state(s, STATE_READ);
	tell("Putting back first what %s changed: it was not confirmed until %s.\n",
		run_name(s, putback.run), putback.deadline);
	return put_back(s, &putback) && session_state(s, STATE_READ);
}

void confirming_tell_left(const struct run *run)
{
	tell("Run %" PRId64 " waits to be confirmed: `waybill confirm` keeps what it wrote, else "
	     "the next apply puts its tables back first.\n",
		run->number);
}

bool confirming_nothing_waits(struct session *s)
{
	struct putback putback;
	bool found;
	if (!find(s, &putback, &found))
		return false;
	return !found || refuse_waiting(s, &putback);
}

bool confirming_warn(struct session *s)
{
	struct putback putback;
	bool found;
	if (!find(s, &putback, &found))
		return false;
	if (!found)
		return true;
	diag_warning(&s->diags, PLACE_NONE, "run-unconfirmed", "%s %s confirmed until %s",
		run_name(s, putback.run), waits_or_waited(&putback), putback.deadline);
	diag_help(&s->diags, "%s", what_ends_it);
	return true;
}

/* ---- after an apply ---- */

enum waited {
	WAITED_FAILED,
	WAITED_OVER, /* somebody confirmed, or put back already */
	WAITED_TYPED,
	WAITED_OVERDUE, /* or interrupted */
};

/* What was changed may have cut the way to the state too. It is what the wait is for, so that we go
 * on until the time is over, and some time longer. */
struct patience {
	struct diags before;
	int64_t over_ms;
	bool told;
};

static bool tries_again(struct session *s, struct patience *patience)
{
	if (s->diags.nerrors == patience->before.nerrors || clock_ms() > patience->over_ms)
		return false;
	const struct diag *why = &s->diags.items[s->diags.count - 1];
	if (strcmp(why->code, "state-locked") == 0)
		return false;
	if (!patience->told)
		tell("The state cannot be reached, which is tried again: %s\n",
			text_escaped(s->arena, why->text));
	patience->told = true;
	s->diags = patience->before;
	return true;
}

/* The promise is read anew each time: it is another process that confirms. */
static enum waited look(
	struct session *s, int64_t run, const volatile sig_atomic_t *interrupted, bool *typed)
{
	struct putback putback;
	bool found;
	if (!session_state_alone(s, STATE_READ) || !find(s, &putback, &found))
		return WAITED_FAILED;
	state_close(s->state);
	s->state = NULL;
	if (!found || putback.run != run)
		return WAITED_OVER;
	if (putback.left_ms <= 0 || *interrupted)
		return WAITED_OVERDUE;
	*typed = read_yes(s, putback.left_ms < LOOK_MS ? (int)putback.left_ms : LOOK_MS);
	return WAITED_TYPED;
}

static enum waited wait_for_it(
	struct session *s, int64_t run, const volatile sig_atomic_t *interrupted)
{
	struct patience patience = { .before = s->diags,
		.over_ms = clock_ms() + session_option(s, OPTION_CONFIRM_WITHIN)->number +
			PATIENCE_MS };
	enum waited end = WAITED_TYPED;
	for (bool typed = false; end == WAITED_TYPED && !typed;) {
		end = look(s, run, interrupted, &typed);
		if (end != WAITED_FAILED || *interrupted || !tries_again(s, &patience))
			continue;
		typed = read_yes(s, LOOK_MS);
		end = WAITED_TYPED;
	}
	/* A signal has woken the provider, which has nothing to tell. */
	if (signals_release())
		(void)s->provider->reap(s->provider, 0);
	return end;
}

static bool not_confirmed(struct session *s)
{
	(void)diag_error(&s->diags, PLACE_NONE, "not-confirmed",
		"this was not confirmed in time: the tables are as they were before");
	diag_help(&s->diags, "apply again, and confirm it by `waybill confirm` or a typed yes");
	return false;
}

static bool confirmed(struct session *s, int64_t run)
{
	if (!s->json)
		(void)buf_printf(&s->out, "Confirmed: what run %" PRId64 " wrote stays.\n", run);
	return true;
}

/* The promise is gone: somebody confirmed, or put back, and the history says which. */
static bool tell_end(struct session *s, int64_t run)
{
	struct run *runs;
	size_t count;
	if (!session_state_alone(s, STATE_READ) ||
		!state_runs(s->state, s->arena, RUNS_SINCE, &runs, &count, &s->diags))
		return false;
	for (size_t i = count; i-- > 0;) {
		if (runs[i].number <= run)
			continue;
		if (strcmp(runs[i].command, "put back") == 0)
			return not_confirmed(s);
		if (strcmp(runs[i].command, "confirm") == 0)
			return confirmed(s, run);
	}
	(void)diag_error(&s->diags, PLACE_NONE, "not-confirmed",
		"nobody confirmed this, and the state does not know of it any more");
	diag_help(&s->diags,
		"somebody deleted the state, or put another one in its place, so that nothing was "
		"put back: see by `waybill plan` what stands");
	return false;
}

/* The lock, and what is promised under it. */
static bool lock_and_find(struct session *s, struct putback *putback, bool *found)
{
	return session_lock_within(s, LOCK_MS) && session_state(s, STATE_READ) &&
		find(s, putback, found);
}

bool confirming_wait(struct session *s, int64_t run)
{
	struct patience patience = { .before = s->diags };
	struct putback putback;
	bool found;
	if (!session_flush(s))
		return false;
	const volatile sig_atomic_t *interrupted = signals_hold(s->provider);
	session_unlock(s);
	tell("Unless confirmed within %ld s, the tables are put back. %s`waybill confirm`, with "
	     "this state, confirms.\n",
		session_option(s, OPTION_CONFIRM_WITHIN)->number / 1000,
		s->terminal.can_ask && !s->json ? "Type yes here; or " : "");
	enum waited end = wait_for_it(s, run, interrupted);
	if (end == WAITED_FAILED)
		return false;
	if (end == WAITED_OVER)
		return tell_end(s, run);
	patience.over_ms = clock_ms() + PATIENCE_MS;
	while (!lock_and_find(s, &putback, &found)) {
		if (!tries_again(s, &patience))
			return false;
		session_unlock(s);
		(void)read_yes(s, LOOK_MS);
	}
	/* Whoever had the lock before us may have done it all. */
	if (!found || putback.run != run)
		return tell_end(s, run);
	if (end == WAITED_TYPED)
		return confirm(s, &putback) && confirmed(s, run);
	return put_back(s, &putback) && not_confirmed(s);
}

/* ---- waybill confirm ---- */

static bool is_meant(struct session *s, const struct putback *putback, bool found)
{
	if (found &&
		(s->nwords == 0 ||
			strcmp(s->words[0], arena_printf(s->arena, "%" PRId64, putback->run)) == 0))
		return true;
	(void)diag_error(&s->diags, PLACE_NONE, "nothing-to-confirm",
		found ? "not run %s waits to be confirmed, but %s" : "no run waits to be confirmed",
		found ? s->words[0] : "", found ? run_name(s, putback->run) : "");
	diag_help(&s->diags, "`waybill history` shows what was confirmed and what was put back");
	return false;
}

int confirm_command(struct session *s)
{
	struct putback putback;
	bool found;
	if (!session_lock(s) || !session_state_alone(s, STATE_READ) || !find(s, &putback, &found) ||
		!is_meant(s, &putback, found) || !confirm(s, &putback))
		return EXIT_ERROR;
	if (s->json)
		(void)json_object_set_new(s->document, "confirmed", json_integer(putback.run));
	(void)confirmed(s, putback.run);
	return EXIT_DONE;
}
