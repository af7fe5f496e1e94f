/* SPDX-License-Identifier: Apache-2.0 */
/* blob_call.h - requests to one container of Azure Storage, on one thread
 *
 * Every request may be sent again by itself: it says the same twice, or what it says holds once.
 * blob_ask() does so after passing failures; blob_begin() sends once and tells later. While
 * anything waits, `idle` is called when it is due, so that a lease is renewed meanwhile.
 */
#ifndef WAYBILL_STATE_BLOB_CALL_H
#define WAYBILL_STATE_BLOB_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "state/blob.h"
#include "state/blob_sign.h"

#define BLOB_HEADERS_MOST 16

struct blob_line;

struct blob_request {
	const char *method;
	const char *blob;  /* its name */
	const char *comp;  /* of the query, or NULL */
	const char *block; /* `blockid` of the query, or NULL */
	struct http_header headers[BLOB_HEADERS_MOST];
	size_t nheaders;
	const void *body; /* borrowed until it is answered; NULL: none */
	size_t body_len;
};

void blob_header(struct blob_request *, const char *name, const char *value);

/* In the arena of the call. */
struct blob_answer {
	enum http_result result;
	bool no_token;              /* not sent: the sign-in chain gave none */
	int status;                 /* 0: none came */
	const char *code;           /* x-ms-error-code, or "" */
	const char *problem, *help; /* when none came */
	const struct http_header *headers;
	size_t nheaders;
	const char *body;
	size_t body_len;
};

const char *blob_answer_header(const struct blob_answer *, const char *name); /* or NULL */

struct blob_line *blob_line_open(const struct blob_options *, struct diags *);
void blob_line_close(struct blob_line *); /* NULL is allowed */
/* `due` says in how long `idle` wants to be called; INT64_MAX: never. */
void blob_line_idle(struct blob_line *, void (*idle)(void *context),
	int64_t (*due_ms)(void *context), void *context);

/* Sends once; `done` is called within a later blob_ask() or blob_step(). */
void blob_begin(struct blob_line *, const struct blob_request *,
	void (*done)(void *context, const struct blob_answer *), void *context);
/* Moves what can be moved, waiting for at most `timeout_ms`. */
void blob_step(struct blob_line *, int timeout_ms);
/* Waits for an answer, and asks again while that may help, until `until_ms` of clock_ms(). */
struct blob_answer blob_ask(
	struct blob_line *, struct arena *, const struct blob_request *, int64_t until_ms);

/* Adds an error that says why an answer is no good; returns false. */
bool blob_refused(
	struct blob_line *, const struct blob_answer *, const char *doing, struct diags *);

#endif
