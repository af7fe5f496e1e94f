/* SPDX-License-Identifier: Apache-2.0 */
/* sign_in.h - the token endpoints: client credentials for access tokens
 *
 * /TENANT/oauth2/token (a `resource`), /TENANT/oauth2/v2.0/token (a `scope`) and /adfs/oauth2/token
 * (either). An application shows a secret, an assertion that one of its certificates signed, or
 * one of a federated issuer (assertion.h). Codes and texts of refusals are Entra's, as quoted in
 * its documentation and in public issues; where neither is known, the place says so.
 */
#ifndef WAYBILL_EMULATOR_SIGN_IN_H
#define WAYBILL_EMULATOR_SIGN_IN_H

#include "providers/emulator/front.h"

front_fn sign_in_v1, sign_in_v2, sign_in_adfs;

/* What becomes AADSTSnnnnn. */
struct sign_in_error {
	const char *error; /* of OAuth: invalid_client, ... */
	int number;
	unsigned status;
	const char *text;
};

/* The refusal, in Entra's envelope. Returns false. */
bool sign_in_refuse(
	struct emulator *, const struct request *, struct response *, const struct sign_in_error *);
bool sign_in_refuse_tenant(
	struct emulator *, const struct request *, struct response *, const char *name);

/* Whom a token is for and what it is for. */
struct sign_in_grant {
	const char *tenant, *client_id, *object_id;
	const char *audience;
	const char *proof;       /* appidacr: "1" a secret, "2" an assertion */
	int64_t challenge_s;     /* what a challenge asked for, or 0 */
	const char *resource_id; /* of a managed identity, or NULL */
};

/* A signed token; in the arena. */
const char *sign_in_token(struct emulator *, const struct request *, const struct sign_in_grant *);

/* What follows the origin, when a URL is of the emulator: its public URL, or any name of this
 * machine, as clients come by several. Else NULL. */
const char *sign_in_own_path(const struct emulator *, const char *url);
/* Whether there is such a resource: ARM, storage and a few that clients ask for. */
bool sign_in_is_resource(const struct emulator *, const char *resource);
/* Whether ARM takes a token for that audience. */
bool sign_in_is_arm(const struct emulator *, const char *audience);

#endif
