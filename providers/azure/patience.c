/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/azure/exchange.h"

/* These are told in docs/wire.md. */
#define CONTENTION_LIMIT_MS 600000
#define CONTENTION_BRIEF_LIMIT_MS 20000
#define CONTENTION_FEW_TRIES 3
#define FAILING_TRIES_MOST 60 /* of passing failures in a row, however little is waited */
#define QUIET_LIMIT_MS 900000 /* of the whole run without an answer of use */
#define QUIET_THROTTLED_LIMIT_MS 1800000
#define THROTTLE_LIMIT_MS 1800000 /* of 429s in a row */
#define SILENCE_LIMIT_MS 900000   /* of polls without an answer, in a row */

static void send_again(struct exchange *e, long wait_ms)
{
	exchange_go(e, e->url, wait_ms);
}

int64_t exchange_elapsed(int64_t *since)
{
	int64_t now = clock_ms();
	if (!*since)
		*since = now;
	return now - *since;
}

bool exchange_resubmit(struct exchange *e, struct arm_error *error, long asked_ms)
{
	int64_t waited = exchange_elapsed(&e->contended_ms);
	bool patient = false;
	if (e->operation->resume)
		return false;
	switch (arm_error_contention(error)) {
	case CONTENTION_WAIT:
		patient = waited < CONTENTION_LIMIT_MS;
		break;
	case CONTENTION_BRIEF:
		patient = waited < CONTENTION_BRIEF_LIMIT_MS;
		break;
	case CONTENTION_FEW:
		patient = e->resubmitted < CONTENTION_FEW_TRIES;
		break;
	case CONTENTION_NONE:
		break;
	}
	if (!patient)
		return false;
	if (asked_ms > CONTENTION_LIMIT_MS) {
		error->failure.help = retry_later_help(e->arena, "the cloud", asked_ms);
		return false;
	}
	long wait = asked_ms >= 0 ? asked_ms : retry_interval_ms(e->resubmitted);
	e->resubmitted++;
	e->phase = EXCHANGE_REQUEST;
	e->accepted = false;
	e->accepted_ms = 0;
	e->tries = 0;
	e->failing_ms = 0;
	exchange_go(e, exchange_first_url(e), retry_refused_ms(wait, waited));
	return true;
}

/* The whole run has waited for the cloud as long as it may: who still asks gets one answer. */
static bool run_is_over(struct exchange_world *world, int64_t limit_ms)
{
	return exchange_elapsed(&world->quiet_ms) > limit_ms;
}

/* Whether the passing failures in a row would last too long with this wait. */
static bool is_too_long(struct exchange *e, long wait_ms)
{
	return exchange_elapsed(&e->failing_ms) + wait_ms > RETRY_FAILING_CAP_MS;
}

static bool asks_too_much(struct exchange *e, long asked_ms)
{
	return asked_ms > 0 && is_too_long(e, asked_ms);
}

/* What was waited for in vain, told with the answer that was the last. */
static void give_up(struct exchange *e, const struct failure *failure, long asked_ms)
{
	struct failure told = *failure;
	if (run_is_over(e->world, QUIET_LIMIT_MS))
		told.help = "the cloud has given no answer of use for a quarter of an hour: when "
			    "it is well again, the same command goes on from what was done";
	else if (!told.help && asks_too_much(e, asked_ms))
		told.help = retry_later_help(e->arena, "the cloud", asked_ms);
	exchange_fail(e, &told);
}

/* Whether it is worth while to ask once more, `wait_ms` from now. A cloud that has answered in this
 * run is waited for longer than one that may not even be there. */
static bool is_patient(struct exchange *e, long asked_ms, long wait_ms)
{
	e->tries++;
	if (run_is_over(e->world, QUIET_LIMIT_MS) || asks_too_much(e, asked_ms))
		return false;
	if (e->tries < RETRY_TRIES)
		return true;
	return e->world->answered && e->tries < FAILING_TRIES_MOST && !is_too_long(e, wait_ms);
}

void exchange_passing(struct exchange *e, const struct failure *failure, long asked_ms, bool unsent)
{
	if (e->phase == EXCHANGE_POLL) {
		bool over = run_is_over(e->world, QUIET_LIMIT_MS) ||
			exchange_elapsed(&e->silent_ms) >= SILENCE_LIMIT_MS ||
			asked_ms > SILENCE_LIMIT_MS;
		if (over)
			give_up(e, failure, asked_ms);
		else
			send_again(e, lro_wait_ms(&e->lro, asked_ms));
		return;
	}
	bool lost_write = exchange_writes(e) && e->phase == EXCHANGE_REQUEST && !unsent;
	if (lost_write) {
		(void)run_is_over(e->world, QUIET_LIMIT_MS);
		exchange_finish(e, OUTCOME_UNKNOWN, failure);
		return;
	}
	long wait = asked_ms;
	if (wait < 0)
		wait = retry_backoff_ms(e->tries + 1, jitter_next(&e->world->jitter));
	if (is_patient(e, asked_ms, wait))
		send_again(e, wait);
	else
		give_up(e, failure, asked_ms);
}

void exchange_throttled(struct exchange *e, struct arm_error *error, long asked_ms)
{
	bool writes = exchange_writes(e) && e->phase == EXCHANGE_REQUEST;
	if (writes && arm_error_contention(error) != CONTENTION_NONE) {
		if (!exchange_resubmit(e, error, asked_ms))
			exchange_fail(e, &error->failure);
		return;
	}
	int64_t now = clock_ms();
	long wait = asked_ms;
	pace_throttled(&e->world->pace, now);
	if (wait < 0)
		wait = retry_backoff_ms(++e->tries, jitter_next(&e->world->jitter)) +
			RETRY_INTERVAL_FIRST_MS;
	int64_t since_ms = exchange_elapsed(&e->throttled_ms);
	wait = retry_refused_ms(wait, since_ms);
	if (since_ms + wait > THROTTLE_LIMIT_MS ||
		run_is_over(e->world, QUIET_THROTTLED_LIMIT_MS)) {
		error->failure.help = arena_printf(e->arena,
			"Azure has had more requests than it takes%s: run the same command again "
			"later, with a smaller --parallelism when others share the subscription",
			wait > THROTTLE_LIMIT_MS ? ", and asks to wait longer than is waited here"
						 : "");
		exchange_fail(e, &error->failure);
		return;
	}
	/* Whoever asks earlier is refused too, and begins the wait anew. */
	if (arm_error_has(error, "SubscriptionRequestsThrottled") && asked_ms > 0)
		pace_pause(&e->world->pace, exchange_kind(e), now + asked_ms);
	send_again(e, wait);
}
