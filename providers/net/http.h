/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - HTTP over curl's multi interface, on one thread
 *
 * Requests go in by http_send(); http_step() moves all of them and calls back who got an answer.
 * It retries nothing, follows no redirect and knows no cloud. Plain http goes to loopback hosts
 * only. Sizes and times are bounded: HTTP_*_LIMIT. HTTP/2 is spoken where it is offered. Whom to
 * trust is in trust.h, what is never asked through a proxy in proxy.h.
 */
#ifndef WAYBILL_PROVIDERS_NET_HTTP_H
#define WAYBILL_PROVIDERS_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "providers/net/log.h"

#define HTTP_BODY_LIMIT ((size_t)64 << 20)
#define HTTP_HEADERS_LIMIT ((size_t)256 << 10) /* all of one answer */
#define HTTP_HEADERS_MOST 256
#define HTTP_CONNECT_LIMIT_MS 10000L
#define HTTP_TOTAL_LIMIT_MS 120000L
#define HTTP_SILENCE_LIMIT_S 90L /* ARM itself waits 60 s for a resource provider */

struct http;

struct http_options {
	const char *user_agent;
	int max_connections; /* requests under way at once; the others wait their turn */
	struct net_log log;
};

struct http_header {
	const char *name;
	const char *value;
};

/* Whom to trust, and who we are to them, where that is not the system's to say. PEM texts; NULL
 * members stand for what is usual. */
struct http_tls {
	const char *authority;         /* these CAs alone; NULL: the system's */
	const char *certificate, *key; /* ours, both or neither; a key under a password fails */
	const char *server_name;       /* that the server's certificate is for; NULL: the URL's */
};

enum http_result {
	HTTP_ANSWERED,  /* `status`, headers and the whole body are there */
	HTTP_NOT_SENT,  /* no connection could be made: the server saw no request */
	HTTP_UNTRUSTED, /* the server's certificate did not hold; nothing was sent */
	HTTP_BARRED,    /* a proxy would not let it through; nothing was sent */
	HTTP_LOST,      /* sent, at least in part, and no whole answer came */
	HTTP_TIMED_OUT, /* sent, and time ran out */
	HTTP_TOO_LARGE, /* the answer passed a bound */
	HTTP_REFUSED,   /* we would not send it: bad URL, plain http, control characters, a
			   certificate of ours that cannot be used */
};

/* Lent for the time of the callback. */
struct http_response {
	enum http_result result;
	int status; /* 0 unless HTTP_ANSWERED */
	const struct http_header *headers;
	size_t nheaders;
	const char *body; /* NUL-terminated; "" when there is none */
	size_t body_len;
	const char *problem; /* for people; NULL when HTTP_ANSWERED */
	/* What failed, as a code, and what might be done about it (trouble.h), or NULL. Both NULL
	 * when HTTP_ANSWERED. */
	const char *kind, *help;
	unsigned sent; /* how often the request left: twice when a kept connection was dead */
};

struct http_request {
	const char *method;
	const char *url;
	const struct http_header *headers; /* copied */
	size_t nheaders;
	const char *body; /* borrowed until `done`; NULL: none */
	size_t body_len;
	const struct http_tls *tls; /* copied; NULL: what is usual */
	long limit_ms;              /* of time for all of it; 0: HTTP_TOTAL_LIMIT_MS */
	bool repeatable; /* curl may send it again when a kept connection turns out to be dead */
	bool on_host;    /* to a service that the machine's host offers: plain http to a link-local
			    address, too, and never through a proxy */
	bool secret; /* the bodies of request and answer are never told, and cleared after use */
	void (*done)(void *context, const struct http_response *);
	void *context;
};

struct http *http_open(const struct http_options *);
void http_close(struct http *); /* calls nobody back; NULL is allowed */

/* Never calls back at once: `done` runs within a later http_step(). */
void http_send(struct http *, const struct http_request *);
/* Moves what can be moved and waits at most `timeout_ms` (negative: no bound) for something to
 * move. Returns early after a call back or http_interrupt(). */
void http_step(struct http *, int timeout_ms);
/* How many requests may be under way at once from now on, within `max_connections`. */
void http_allow(struct http *, int most);
/* Wakes http_step(). Async-signal-safe. */
void http_interrupt(struct http *);
unsigned http_requests(const struct http *); /* sent so far */

/* Cuts this value out of all that is told from now on; the last kept are known (known.h). */
void http_keep_secret(struct http *, const char *secret);
/* Overwrites the secrets that are known in `len` bytes, which may hold NULs, and one NUL more. */
void http_cut_secrets(const struct http *, char *text, size_t len);
/* `text` without the secrets that are known, and without the queries of signed URLs. */
char *http_scrubbed(const struct http *, struct arena *, const char *text);

/* Whether what got no answer may get one later: there was no connection, it broke, or it took too
 * long. */
bool http_may_pass(enum http_result);
/* The value of a header, by name without case; NULL when it is not there. */
const char *http_header(const struct http_response *, const char *name);

#endif
