/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - a request and its response, without HTTP
 *
 * The server fills in a request and sends a response; everything between knows only these two, so
 * that tests need no socket and choose the time themselves. A function that may refuse returns
 * bool: false means that the response holds the refusal, in ARM's own envelope.
 */
#ifndef WAYBILL_EMULATOR_MESSAGE_H
#define WAYBILL_EMULATOR_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"

struct scripted_failure; /* faults.h */

struct request {
	struct arena *arena;
	const char *method;
	const char *url;  /* as it was sent, query included */
	const char *path; /* decoded, without the query */
	/* Query members and headers; NULL when absent. */
	const char *api_version, *skip_token;
	const char *authorization, *if_match, *if_none_match;
	const char *correlation_id, *client_request_id;
	bool echo_client_request_id;
	bool syncs_remote; /* ?syncRemoteAddressSpace=true */
	const char *body;  /* NUL-terminated */
	size_t body_len;
	const json_t *form; /* fields of a form, or NULL */
	/* All of them, text by name, headers by lower-cased name; NULL for none. */
	const json_t *query, *headers;
	uint64_t now_ms;     /* a clock that never goes back */
	uint64_t arrived_ms; /* by the same clock: before any latency */
	/* Made by the emulator itself (the start, a test's edit): needs no token and no version,
	 * waits for nobody and takes no time. */
	bool internal;
	const struct scripted_failure *failure; /* of the operation that it starts, or NULL */
};

struct header {
	const char *name, *value;
};

struct response {
	struct arena *arena;
	unsigned status;
	json_t *body; /* NULL for none */
	char *text;   /* the body as it is sent, to be freed; NULL for none */
	struct header *headers;
	size_t nheaders;
	/* What faults do to it: see faults.h. */
	bool dropped; /* the connection is closed without an answer */
	bool never;   /* it stays open and nothing is sent */
	bool cut;     /* it is closed after so many bytes of the text */
	size_t cut_bytes;
	uint64_t until_ms; /* it is not sent before, by the emulator's time; 0: at once */
	const char *raw;   /* what is sent instead of the body, and may be no JSON; or NULL */
};

/* NULL when absent. A header's name in lower case. */
const char *request_query(const struct request *, const char *name);
const char *request_header(const struct request *, const char *name);

void response_header(struct response *, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets status and body; steals `body_new`. Returns true. */
bool response_json(struct response *, unsigned status, json_t *body_new);

/* {"error":{"code","message"}}, replacing what the response had. Returns false. */
bool refuse(struct response *, unsigned status, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Adds to the `details` of the refusal. Returns false. */
bool refuse_detail(struct response *, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
