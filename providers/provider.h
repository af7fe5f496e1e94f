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

/* Whose answer is the result of a long-running operation. */
enum final_via {
	FINAL_USUAL,    /* PUT, PATCH: the resource's; POST: that of Location, else of the status */
	FINAL_STATUS,   /* of the last look at its status */
	FINAL_LOCATION, /* of the URL in Location; without one the usual */
	FINAL_ORIGINAL, /* of a GET of the URL that was asked */
};

struct raw_header {
	const char *name, *value;
};

/* A request as somebody wrote it, in place of one that the engine means: the verb only says of
 * which kind its method is, GET for whatever reads. Nothing is waited for unless `poll`; the reply
 * is whatever JSON the cloud answered, other text as a string, NULL for none. */
struct raw_request {
	const char *method; /* "HEAD" */
	const char *url; /* encoded, and sent as it is: path, api_version and query are not used */
	const struct raw_header
		*headers; /* of the request itself and its pages; they win over ours */
	size_t nheaders;  /* at most RAW_HEADERS_MOST */
	bool poll;
	long poll_interval_ms; /* between polls, whatever the cloud asks for; 0: as it asks */
	enum final_via final_via;
	const char *items, *next; /* of a LIST: pointers, in place of "/value" and "/nextLink" */

	/* Set by the provider, of the last answer: 0 when there was none. Each line is
	 * "name: value", and may be shown. */
	int status;
	const char **lines;
	size_t nlines;
};

#define RAW_HEADERS_MOST 32

struct operation {
	/* Set by the engine. */
	enum verb verb;
	struct raw_request *raw; /* or NULL */
	const char *path;        /* ARM id, or a collection's path; begins with "/" */
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

/* How many requests a cloud still takes at this moment, as it told last. -1: it did not. */
struct provider_left {
	long reads, writes, deletes;
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
	void (*left)(struct provider *, struct provider_left *);
};

#endif
