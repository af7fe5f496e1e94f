/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - one place where a credential may be found, for credential.c alone
 *
 * A source looks at the environment and fills a credential, or says why not. The reasons are for
 * the log: they name variables, never values.
 */
#ifndef WAYBILL_PROVIDERS_NET_SOURCE_H
#define WAYBILL_PROVIDERS_NET_SOURCE_H

#include "providers/net/credential.h"
#include "providers/net/variables.h"

enum source_result {
	SOURCE_TAKEN,
	SOURCE_ABSENT, /* with a reason */
	SOURCE_WRONG   /* it is meant, and does not do: with an error */
};

struct source_look {
	struct arena *arena; /* of reasons */
	const char *const *environment;
	struct diags *diags;
	const char *reason;
};

typedef enum source_result source_fn(struct source_look *, struct credential *);

/* One of these, each in its own words. */
source_fn source_ready;
source_fn source_secret;
source_fn source_certificate;
source_fn source_federated;
source_fn source_github;
source_fn source_pipelines;
source_fn source_identity;
source_fn source_az;

/* Whether AZURE_TOKEN_CREDENTIALS leaves this source out; `group` is "prod" or "dev". */
bool source_is_left_out(struct source_look *, const char *name, const char *group);

/* SOURCE_ABSENT, for the reason that is printed. */
enum source_result source_absent(struct source_look *, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* SOURCE_WRONG: `variable` is set, and of what goes with it `missing` is not. */
enum source_result source_half(
	struct source_look *, const char *variable, const char *missing, const char *help);

#endif
