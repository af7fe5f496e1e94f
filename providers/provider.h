/* SPDX-License-Identifier: Apache-2.0 */
/* provider.h - all the engine knows of a cloud: a queue of operations
 *
 * One thread. submit() starts an operation and never blocks; reap() waits for the next finished
 * one. Retries, throttling, long-running operations, paging and tokens happen between the two;
 * plans, dependencies and merging are the engine's. An operation and its inputs are lent to the
 * provider from submit() until reap() returns it.
 *
 * What a provider repeats by itself: reads, after any passing failure; writes, only when the cloud
 * said that it did nothing (429 and contention codes, also as the failure of a long-running
 * operation: arm-facts section 7). Any other lost or 5xx answer to a write is OUTCOME_UNKNOWN, and
 * the engine reads before it repeats.
 */
#ifndef WAYBILL_PROVIDERS_PROVIDER_H
#define WAYBILL_PROVIDERS_PROVIDER_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/arena.h"

enum verb {
	VERB_LIST,   /* `path` is a collection; the reply is an array of all its pages' items */
	VERB_GET,    /* the reply is the resource */
	VERB_PUT,    /* waits for the operation's end, then GETs: the reply is what now stands */
	VERB_PATCH,  /* of {tags}; the reply is the resource */
	VERB_DELETE, /* waits for the operation's end; no reply */
	VERB_POST,   /* an action: `path` names it; waits for its end; the reply is its result, or
			NULL when it has none */
};

enum outcome {
	OUTCOME_DONE,
	OUTCOME_ABSENT,  /* no such resource (or, for a LIST, no such group): an answer, no error */
	OUTCOME_STALE,   /* If-Match or If-None-Match did not hold (412); nothing was done */
	OUTCOME_FAILED,  /* the cloud refused or failed; `failure` says why */
	OUTCOME_UNKNOWN, /* no usable answer to a write: it may or may not have happened */
};

/* Why an operation did not end well. NULL members were not told. All in the operation's arena. */
struct failure {
	const char *code; /* ARM's error code, or ours: "network", "timeout", "sign-in", ... */
	const char *message;
	const char *target;     /* ARM's `target`, often a property path */
	const char *request_id; /* x-ms-request-id */
	const char *help;       /* what to do, where we know it */
	int status;             /* HTTP status, 0 when there was no answer */
};

struct operation {
	/* Set by the engine. */
	enum verb verb;
	const char *path; /* ARM id, or a collection's path; begins with "/" */
	const char *api_version;
	const char *query;         /* NAME=VALUE that goes with the request itself, or NULL */
	json_t *body;              /* for PUT, PATCH and POST, where NULL is none; borrowed */
	const char *if_match;      /* an etag, or NULL */
	const char *if_none_match; /* "*", or NULL */
	int delay_ms;              /* do not send before this long from submit() */
	/* The handle of this write, which a run before this one sent: only its end is asked for.
	 * NULL: it is to be sent. */
	const char *resume;
	/* Called from within reap() when the cloud says where to ask for the end of a long-running
	 * write; `handle` is what `resume` takes, lent for the call. May be NULL. */
	void (*on_accepted)(struct operation *, const char *handle);
	/* Asked right before a write leaves, each time it does. False: it does not, and the
	 * operation ends FAILED as `state-lost`. NULL: it may. */
	bool (*may_leave)(const struct operation *);
	struct arena *arena; /* what the provider allocates for this operation */
	void *owner;         /* the engine's own; the provider does not look */

	/* Set by the provider before reap() returns it. */
	enum outcome outcome;
	bool accepted;          /* the cloud began a long-running write, however it ended */
	json_t *reply;          /* in the operation's arena, or NULL */
	const char *etag;       /* of the reply, or NULL */
	struct failure failure; /* for FAILED and UNKNOWN */
	char request_id[37];    /* x-ms-client-request-id of the last request sent for it; not ""
				   at submit(): that of the first one */
	unsigned requests;      /* HTTP requests it cost */

	/* The provider's own. */
	void *internal;
};

struct provider {
	void (*submit)(struct provider *, struct operation *);
	/* The next finished operation. NULL when none is in flight, when `timeout_ms` passed
	 * (negative: no bound), or when interrupt() was called. */
	struct operation *(*reap)(struct provider *, int timeout_ms);
	/* Makes the reap() under way, or the next one, return NULL once. Async-signal-safe. */
	void (*interrupt)(struct provider *);
	/* Forgets operations in flight without finishing them, frees all. NULL is allowed. */
	void (*close)(struct provider *);
	/* What a run tells about itself, for people: requests sent so far. */
	unsigned (*requests)(struct provider *);
};

#endif
