/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - the certificate of a client, with its key, out of a file
 *
 * PEM (the key, the certificate, and its issuers, in any order) or PKCS#12, each with or without a
 * password. The key is RSA, as the sign-in service wants it. Everything is bounded, the work of
 * turning a password into a key, too.
 */
#ifndef WAYBILL_PROVIDERS_NET_CERTIFICATE_H
#define WAYBILL_PROVIDERS_NET_CERTIFICATE_H

#include <jansson.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

#define CERTIFICATE_FILE_BYTES ((size_t)1 << 20)
#define CERTIFICATE_DIGEST_BYTES 32 /* room for each of them */
#define CERTIFICATE_ISSUERS 16

struct certificate {
	EVP_PKEY *key;
	X509 *own;
	X509 *issuers[CERTIFICATE_ISSUERS]; /* in the order of the file */
	size_t nissuers;
};

/* `password` may be NULL. False with *problem, a constant text; then nothing is to be released. */
bool certificate_read(const char *bytes, size_t len, const char *password, struct certificate *out,
	const char **problem);
void certificate_release(struct certificate *); /* clears the key */

/* SHA-256 of the certificate, or SHA-1; its length. */
size_t certificate_digest(
	const struct certificate *, bool sha1, unsigned char out[static CERTIFICATE_DIGEST_BYTES]);
/* An array of base64, its own first, as JOSE's x5c has them; new. */
json_t *certificate_chain(const struct certificate *, struct arena *scratch);
/* Whether its time is over. */
bool certificate_has_ended(const struct certificate *);

#endif
