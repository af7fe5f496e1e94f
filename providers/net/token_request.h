/* SPDX-License-Identifier: Apache-2.0 */
/* token_request.h - what is asked to get a token, and what the answers say
 *
 * Pure: writes requests and reads answers; token.c sends them. Where a credential's proof is an
 * assertion that a pipeline gives out, that is asked for first.
 */
#ifndef WAYBILL_PROVIDERS_NET_TOKEN_REQUEST_H
#define WAYBILL_PROVIDERS_NET_TOKEN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "engine/base/buf.h"
#include "providers/net/credential.h"
#include "providers/net/http.h"

#define TOKEN_HEADERS 4

/* What a token is wanted for. */
struct token_wish {
	const char *login;
	const char *scope;     /* "https://management.azure.com/.default" */
	const char *claims;    /* JSON that a challenge asked for; NULL: none did */
	const char *assertion; /* of those that need one; NULL: it is to be asked for first */
};

struct token_request {
	const char *method, *url; /* in the arena */
	struct http_header headers[TOKEN_HEADERS];
	size_t nheaders;
	struct buf form; /* the body; not initialised: none */
	bool has_form;
	bool on_host;
};

/* Whether an assertion is to be asked for, and whether this is one who gives it at once. */
bool token_wants_issuer(const struct credential *);

/* Fills a request, for an assertion or for a token. False with *problem. To be cleared. */
bool token_request_assertion(
	struct arena *, const struct credential *, struct token_request *, const char **problem);
bool token_request_make(struct arena *, const struct credential *, const struct token_wish *,
	struct token_request *, const char **problem);
void token_request_clear(struct token_request *);

/* The same scope as v1 endpoints, identities and az know it: "https://management.azure.com". */
const char *token_resource(struct arena *, const char *scope);

struct token_answer {
	char *token;         /* free by credential_clear(); NULL when refused */
	long lifetime_s;     /* from now, at least 1 */
	long use_s;          /* from now: how long before a new one is fetched */
	const char *problem; /* why not; in the arena */
	const char *help;
	bool passing;   /* the same request may be answered later */
	bool unreached; /* there was no connection to whom to ask */
};

/* `assertion` as in aadsts_help(). */
void token_answer_read(struct arena *, const struct credential *, const char *assertion,
	const struct http_response *, struct token_answer *out);
/* An assertion, free by credential_clear(); NULL with `out` saying why. */
char *token_assertion_read(struct arena *, const struct credential *, const struct http_response *,
	struct token_answer *out);
/* The JSON of `az account get-access-token`. */
void token_az_read(struct arena *, const char *text, size_t len, struct token_answer *out);

/* How long a token of this life time is used before a new one is fetched: until five minutes
 * before its end, half its life when that is short. */
long token_use_s(long lifetime_s);

/* What a claims challenge (RFC 9470, arm-facts section 7) asks for: JSON, in the arena. NULL when
 * the header is none. */
const char *token_challenge(struct arena *, const char *www_authenticate);

#endif
