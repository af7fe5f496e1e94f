/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.h - one operation's way from submit() to its outcome
 *
 * A small state machine: the request, polls, the final GET. Exactly one thing is under way for an
 * exchange at any time: a token wanted, an answer awaited, or a timer; each calls the next. What is
 * the same for every answer (tokens, throttling, passing failures) is in exchange.c, what each verb
 * makes of its answers in answer.c. The exchange has an arena of its own; only the outcome is
 * copied to the operation's.
 */
#ifndef WAYBILL_PROVIDERS_AZURE_EXCHANGE_H
#define WAYBILL_PROVIDERS_AZURE_EXCHANGE_H

#include <stdint.h>

#include "providers/azure/arm_error.h"
#include "providers/azure/lro.h"
#include "providers/azure/pace.h"
#include "providers/azure/versions.h"
#include "providers/net/http.h"
#include "providers/net/retry.h"
#include "providers/net/timer.h"
#include "providers/net/token.h"
#include "providers/provider.h"

struct exchange;

/* What all exchanges of a provider share; borrowed. */
struct exchange_world {
	struct http *http;
	struct timers timers;
	struct jitter jitter;
	struct token_source *tokens;
	const char *arm; /* origin: nothing is sent elsewhere */
	/* Since when the cloud has given no answer of use, of clock_ms(); 0: it gives them. */
	int64_t quiet_ms;
	bool answered; /* it has given one in this run */
	struct pace pace;
	struct versions versions;
	bool registers; /* providers that are not registered are */
	char correlation_id[37];
	void (*finished)(struct exchange_world *, struct exchange *);
};

enum exchange_phase {
	EXCHANGE_REQUEST,
	EXCHANGE_POLL,
	EXCHANGE_FINAL,
	EXCHANGE_REGISTER,    /* its provider is being registered, before it is sent again */
	EXCHANGE_REGISTERING, /* until that is done */
};

struct exchange {
	struct exchange *next, *previous; /* the provider's list */
	struct exchange_world *world;
	struct operation *operation;
	struct arena *arena;
	enum exchange_phase phase;
	const char *resource_url;
	const char *url;                      /* of the request under way */
	const struct http_response *response; /* lent, while it is read; else NULL */
	char *body;                           /* as text; free() */

	unsigned token_number;
	bool signed_again;  /* a 401 was answered with a new token; another 401 is the end */
	unsigned tries;     /* passing failures in a row */
	unsigned redirects; /* in a row */
	unsigned resubmitted;
	/* Moments of clock_ms(); 0: not since then. */
	int64_t contended_ms, throttled_ms, failing_ms, silent_ms, accepted_ms, registering_ms;

	bool accepted; /* the cloud has taken the write on */
	struct lro lro;
	const char *told_url; /* of the last handle that was told */

	json_t *items; /* of a LIST so far */
	json_t *links; /* the pages seen, as members of an object */
	size_t listed_bytes;
};

/* An answer with a status, read as far as every verb needs it. */
struct answer {
	int status;
	json_t *body; /* NULL: none, or not JSON */
	const char *text;
	size_t body_len;
	const char *etag;       /* header */
	struct lro_answer lro;  /* the same, as lro.h sees it */
	struct arm_error error; /* of a status from 300 on */
	const char *error_code; /* x-ms-error-code */
	const char *request_id;
	const char *www_authenticate;
};

/* Begins; the first thing happens on a timer, never at once. */
struct exchange *exchange_start(struct exchange_world *, struct operation *);
void exchange_free(struct exchange *);

/* ---- In exchange.c ---- */

bool exchange_writes(const struct exchange *);
/* Of the request under way. */
enum pace_kind exchange_kind(const struct exchange *);
/* With the query that goes with the request itself, not with the reads that follow it. */
const char *exchange_first_url(struct exchange *);
/* Asks `url` after `wait_ms`; ends the exchange when the URL leads out of the cloud. */
void exchange_go(struct exchange *, const char *url, long wait_ms);
/* `failure` may be NULL. The exchange is done and must not be used after it. */
void exchange_finish(struct exchange *, enum outcome, const struct failure *);
/* FAILED, or UNKNOWN when the cloud has taken a write on and we cannot tell what came of it. */
void exchange_fail(struct exchange *, const struct failure *);

/* ---- In patience.c: how long what is waited for ---- */

/* Milliseconds since *since, which begins now if it had not. */
int64_t exchange_elapsed(int64_t *since);
/* Sends the write again after contention; false when its patience is used up, or too short for the
 * wait that is asked for: then the remedy is put into the failure. */
bool exchange_resubmit(struct exchange *, struct arm_error *, long asked_ms);
/* An answer that may come better later. */
void exchange_passing(struct exchange *, const struct failure *, long asked_ms, bool unsent);
/* There were too many requests. */
void exchange_throttled(struct exchange *, struct arm_error *, long asked_ms);

/* ---- In registration.c ---- */

/* Whether the answer is about a provider that is not registered, and has been dealt with: by
 * registering it where that is wanted. Else the remedy is put into the failure. */
bool registration_reads(struct exchange *, struct answer *);

/* ---- In answer.c: what the verb makes of it ---- */

void answer_read(struct exchange *, struct answer *);

#endif
