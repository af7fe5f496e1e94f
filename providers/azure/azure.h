/* SPDX-License-Identifier: Apache-2.0 */
/* azure.h - Azure Resource Manager as a provider
 *
 * Speaks ARM over providers/net: etags, paging, long-running operations, retries and contention.
 * The cloud, never the configuration, decides where requests and tokens go.
 */
#ifndef WAYBILL_PROVIDERS_AZURE_AZURE_H
#define WAYBILL_PROVIDERS_AZURE_AZURE_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "providers/net/log.h"
#include "providers/provider.h"
#include "schemas/schema.h"

/* A cloud: where ARM and its sign-in are, and for whom tokens are asked (arm-facts 9.1). */
struct azure_cloud {
	const char *name;     /* "public", "usgovernment", "china", "emulator"; else its origin */
	const char *arm;      /* "https://management.azure.com", without a final slash */
	const char *login;    /* "https://login.microsoftonline.com" */
	const char *audience; /* "https://management.azure.com": the scope is this + "/.default" */
	const char
		*storage; /* the suffix of its storage accounts: "core.windows.net"; NULL: none */
	bool emulator;    /* uses the emulator's built-in token and reads no credential */
	const char *metadata; /* of one given by URL: where it tells the others, which are NULL
				 until azure_cloud_ask(); of one that is known NULL */
};

/* "public", "usgovernment" or "china"; an https URL is a cloud that tells its own endpoints; an
 * http URL of a loopback host is an emulator that already runs, or with the path
 * /metadata/endpoints a cloud that is signed in to like any other. False with an error for anything
 * else
 * (`cloud-unknown`, `cloud-not-loopback`). Strings in the arena. */
bool azure_cloud_find(
	struct arena *, const char *name_or_url, struct azure_cloud *out, struct diags *);

/* Asks a cloud given by URL for its endpoints; what it names is its own from now on. `version` is
 * for User-Agent. It blocks. False with `cloud-metadata`. */
bool azure_cloud_ask(
	struct arena *, struct azure_cloud *, const char *version, struct net_log, struct diags *);
/* The endpoints in such an answer. False with *problem. Pure. */
bool azure_cloud_read(
	struct arena *, const char *body, size_t len, struct azure_cloud *, const char **problem);

struct azure_options {
	const struct azure_cloud *cloud;
	const char *const
		*environment; /* NULL-terminated NAME=VALUE, as environ; lent until close */
	const char *version;  /* for User-Agent: waybill/VERSION */
	struct net_log log;   /* where requests are told; all NULL: nowhere */
	int max_connections;  /* at once; 0: 16 */
	const struct catalog *catalog; /* whose api versions have fallbacks; NULL: none has */
	bool registers; /* registers a provider that the subscription is not registered for */
};

/* NULL with errors (no credential found: `sign-in`, naming each variable that is missing). No
 * request is sent: the first token is fetched with the first operation. Close by ->close(). */
struct provider *azure_open(const struct azure_options *, struct diags *);

#endif
