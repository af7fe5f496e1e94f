/* SPDX-License-Identifier: Apache-2.0 */
/* credential.h - who we are, and how a token is asked for
 *
 * Pure: finds a credential in an environment, writes the token request, reads its answer. token.h
 * does the asking. Secrets are copied into the credential and cleared by credential_release().
 */
#ifndef WAYBILL_PROVIDERS_NET_CREDENTIAL_H
#define WAYBILL_PROVIDERS_NET_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/diag.h"

enum credential_kind {
	CREDENTIAL_BUILT_IN, /* of an emulator: a token that is no secret */
	CREDENTIAL_READY,    /* WAYBILL_ACCESS_TOKEN */
	CREDENTIAL_SECRET,   /* tenant, client and client secret */
};

struct credential {
	enum credential_kind kind;
	char *token; /* READY, BUILT_IN */
	char *tenant, *client_id, *secret;
	const char *source; /* the variable it was found by */
};

/* The emulator's own token; whoever listens on a loopback port may know it. */
#define CREDENTIAL_EMULATOR_TOKEN "emulator"

void credential_built_in(struct credential *);
/* False with `sign-in` when `environment` (NAME=VALUE, NULL-terminated) holds none, or half of one:
 * the text names what is missing. */
bool credential_find(const char *const *environment, struct credential *, struct diags *);
void credential_release(struct credential *);

/* The token endpoint under `login`. In the arena. */
char *credential_url(struct arena *, const struct credential *, const char *login);
/* Appends the body of a token request, form-encoded. */
void credential_form(struct buf *out, const struct credential *, const char *scope);

struct token_answer {
	char *token;         /* free by credential_clear(); NULL when refused */
	long lifetime_s;     /* from now, at least 1 */
	const char *problem; /* why not; in the arena */
	const char *help;
	bool passing; /* the same request may be answered later */
};

void credential_read_answer(
	struct arena *, int status, const char *body, size_t len, struct token_answer *out);
/* Overwrites and frees. NULL is allowed. */
void credential_clear(char *secret);

/* How long a token of this life time is used before a new one is fetched: until five minutes
 * before its end, half its life when that is short. */
long credential_use_s(long lifetime_s);

#endif
