/* SPDX-License-Identifier: Apache-2.0 */
/* lro.h - long-running operations as a state machine
 *
 * Pure: an answer goes in, what to do next comes out; the exchange does the asking. The order of
 * Azure's SDKs: Azure-AsyncOperation, Operation-Location, Location, then the resource's own
 * provisioningState; a first answer that says Succeeded ends it; PUT ends in a GET of the resource.
 * The result of a POST is what stands at its Location in the end. `via` may say otherwise.
 * Where an operation's status cannot be read, the resource itself is asked. arm-facts section 6.
 */
#ifndef WAYBILL_PROVIDERS_AZURE_LRO_H
#define WAYBILL_PROVIDERS_AZURE_LRO_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/arena.h"
#include "providers/provider.h"

enum lro_style {
	LRO_ASYNC,    /* a status document */
	LRO_LOCATION, /* 202 until the end */
	LRO_RESOURCE, /* the resource itself */
};

struct lro {
	enum verb verb; /* PUT, PATCH, DELETE or POST */
	enum final_via via;
	enum lro_style style;
	const char *resource_url;
	const char *final_url; /* of the final GET; NULL: there is none */
	const char *location;  /* of the first answer, or NULL */
	const char *url;       /* to ask next */
	unsigned asked;        /* looks so far, for the interval */
	unsigned not_found;    /* 404s in a row */
	unsigned moves;        /* times that the URL changed */
	unsigned unreadable;   /* status documents in a row that said nothing */
	unsigned standing; /* looks at a resource that was to be deleted and shows no sign of it */
};

struct lro_answer {
	int status;         /* never 0 */
	bool absent;        /* a 404 whose code says that the resource is not there */
	const json_t *body; /* NULL: none, or not JSON */
	const char *async_operation, *operation_location, *location; /* headers, NULL: not there */
	long asked_ms;                                               /* Retry-After; -1: none */
};

enum lro_action {
	LRO_DONE, /* the operation has ended; this answer's body is the resource, if it has one */
	LRO_POLL, /* ask lro->url after `wait_ms` */
	LRO_FINAL_GET, /* it has ended well: GET `final_url` at once, then lro_final() */
	LRO_FAILED,    /* it has failed; this answer's body says why */
	LRO_LOST,      /* nobody can tell how it ended */
};

struct lro_next {
	enum lro_action action;
	long wait_ms;
};

/* The first answer to the write, a 2xx. Polling URLs are resolved and kept in the arena. */
struct lro_next lro_begin(struct lro *, struct arena *, enum verb, enum final_via,
	const char *resource_url, const struct lro_answer *);
/* Where the end is asked for, as text that outlives the process; NULL: at the resource itself. */
const char *lro_handle(const struct lro *, struct arena *);
/* Goes on from such a text. False when it is none. */
bool lro_resume(
	struct lro *, struct arena *, enum verb verb, const char *resource_url, const char *handle);
/* The resource is asked for at another URL from now on: in another API version. */
void lro_resource_is_at(struct lro *, const char *resource_url);
/* An answer to a poll; passing failures (408, 429, 5xx) are the caller's to repeat. */
struct lro_next lro_poll(struct lro *, struct arena *, const struct lro_answer *);
/* An answer to the final GET. */
struct lro_next lro_final(struct lro *, struct arena *, const struct lro_answer *);

/* When to ask again after a passing failure. */
long lro_wait_ms(struct lro *, long asked_ms);

#endif
