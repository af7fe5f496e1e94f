/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - the tokens of one scope, fetched once for all who wait
 *
 * A source keeps one token, fetches a new one before its end, and at most one at a time. A refusal
 * by the sign-in service is kept and told to all who ask later: a wrong secret is tried once. az is
 * run in the place of a request, and blocks.
 */
#ifndef WAYBILL_PROVIDERS_NET_TOKEN_H
#define WAYBILL_PROVIDERS_NET_TOKEN_H

#include <stdbool.h>

#include "providers/net/credential.h"
#include "providers/net/http.h"
#include "providers/net/log.h"
#include "providers/net/retry.h"
#include "providers/net/timer.h"

struct token_options {
	struct http *http; /* these three are borrowed */
	struct timers *timers;
	struct jitter *jitter;
	struct credential *credential; /* borrowed; must outlive the source */
	const char *login;
	const char *scope;
	struct net_log log;
};

/* Lent for the time of the callback. */
struct token {
	const char *text; /* NULL: there is none */
	unsigned number;  /* which of the tokens of this source */
	const char *problem, *help;
};

struct token_source;

struct token_source *token_source_new(const struct token_options *);
void token_source_free(struct token_source *); /* calls nobody back; NULL is allowed */

/* Calls `ready` at once when a token is at hand, else later. */
void token_want(
	struct token_source *, void (*ready)(void *context, const struct token *), void *context);

/* The token of this number was answered by 401, with this WWW-Authenticate or NULL; a claims
 * challenge in it goes with the requests for tokens from now on. True when the next token_want()
 * brings another one; false when there is none to be had. */
bool token_refused(struct token_source *, unsigned number, const char *www_authenticate);

#endif
