/* SPDX-License-Identifier: Apache-2.0 */
/* blob_sign.h - how a request to Azure Storage shows that it may
 *
 * Pure. Of the environment: a SAS (AZURE_STORAGE_SAS_TOKEN, ARM_SAS_TOKEN), else the account's key
 * (AZURE_STORAGE_KEY, ARM_ACCESS_KEY), else a token of the sign-in chain. The rules of Shared Key:
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
#ifndef WAYBILL_STATE_BLOB_SIGN_H
#define WAYBILL_STATE_BLOB_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "providers/net/http.h"

enum blob_auth {
	BLOB_TOKEN,
	BLOB_SAS,
	BLOB_KEY
};

#define BLOB_KEY_BYTES 64

struct blob_secret {
	enum blob_auth auth;
	const char *source; /* the variable it was found by */
	char *sas;          /* a query without "?" */
	unsigned char key[BLOB_KEY_BYTES];
	size_t key_len;
};

/* False with `backend-secret` when a variable holds none, or a SAS would be sent to an account that
 * nobody but the configuration names: `is_pinned` says whether somebody else does. */
bool blob_secret_find(
	const char *const *environment, bool is_pinned, struct blob_secret *, struct diags *);
void blob_secret_release(struct blob_secret *);

struct blob_query {
	const char *name, *value;
};

/* What is signed. */
struct blob_signed {
	const char *method;
	const char *account;
	const char *path;                 /* of the URL, from its first "/" */
	const struct blob_query *queries; /* sorted by name */
	size_t nqueries;
	const struct http_header *headers; /* any order; those that are not signed may be there */
	size_t nheaders;
	size_t body_len;
};

/* The value of Authorization, in the arena. */
char *blob_shared_key(struct arena *, const struct blob_secret *, const struct blob_signed *);

#endif
