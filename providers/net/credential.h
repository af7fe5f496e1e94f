/* SPDX-License-Identifier: Apache-2.0 */
/* credential.h - who we are
 *
 * Finds a credential in an environment: reads variables and the files that they name, asks nobody.
 * The sources are looked at in the order of the kinds below; the first that is there is taken, and
 * one that is half there is an error, which names what is missing. token.h does the asking.
 * Secrets are copied into the credential and cleared by credential_release().
 */
#ifndef WAYBILL_PROVIDERS_NET_CREDENTIAL_H
#define WAYBILL_PROVIDERS_NET_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "providers/net/certificate.h"
#include "providers/net/log.h"

enum credential_kind {
	CREDENTIAL_BUILT_IN,    /* of an emulator: a token that is no secret */
	CREDENTIAL_READY,       /* WAYBILL_ACCESS_TOKEN */
	CREDENTIAL_SECRET,      /* of a client */
	CREDENTIAL_CERTIFICATE, /* of a client */
	CREDENTIAL_FEDERATED,   /* an assertion of somebody else, in a file that rotates or given */
	CREDENTIAL_GITHUB,      /* an assertion that GitHub Actions is asked for */
	CREDENTIAL_PIPELINES,   /* one that Azure Pipelines is asked for */
	CREDENTIAL_APP_SERVICE, /* the identity of an application that Azure runs */
	CREDENTIAL_MACHINE,     /* the identity of a machine in Azure (IMDS) */
	CREDENTIAL_AZ,          /* whoever is signed in with az */
};

/* What a kind has no use for is NULL. */
struct credential {
	enum credential_kind kind;
	const char *source; /* the variable it was found by, or words for people; constant */
	char *token;        /* READY, BUILT_IN */
	char *tenant;       /* of all that ask the sign-in service; of AZ: the one to ask for */
	char *client_id;    /* the same; of an identity: the one that is meant */
	char *secret;       /* SECRET; FEDERATED: the assertion itself; GITHUB, PIPELINES: what
			       opens `url`; APP_SERVICE: the header that opens it */
	char *file;         /* FEDERATED: where the assertion is, read for each token */
	char *url;          /* GITHUB, PIPELINES, APP_SERVICE, MACHINE: whom to ask */
	char *connection;   /* PIPELINES: id of the service connection */
	char *resource_id, *principal_id; /* of an identity, in the place of client_id */
	struct certificate certificate;
	bool sends_chain;
	char *az;      /* AZ, and what comes after a MACHINE: its file */
	bool is_guess; /* MACHINE that nobody asked for: without an identity, az is asked */
	const char *const *environment; /* AZ: what it inherits; lent */
};

struct credential_options {
	const char *const *environment; /* NAME=VALUE, NULL-terminated; lent as long as a credential
					   that is found by it */
	const char *cloud;              /* its name; NULL: not told */
	const char *login;              /* its sign-in service: secrets go nowhere else */
	const char *arm;                /* its ARM; NULL: not told */
	struct net_log log;
};

/* The emulator's own token; whoever listens on a loopback port may know it. */
#define CREDENTIAL_EMULATOR_TOKEN "emulator"

void credential_built_in(struct credential *);
/* Tells the log (debug) which source was taken and why the others were not. False with `sign-in`
 * when there is none, or half of one, or the environment means another cloud. */
bool credential_find(const struct credential_options *, struct credential *, struct diags *);
void credential_release(struct credential *);
/* Overwrites and frees. NULL is allowed. */
void credential_clear(char *secret);

/* Whether another token can be had when one was refused, and whether one is worth asking for after
 * a claims challenge: what it asks is passed on, or it is an identity's, whose service takes no
 * claims but may have a token from after what was revoked. az has the same one until it ends. */
bool credential_renews(const struct credential *);
bool credential_answers_claims(const struct credential *);

#endif
