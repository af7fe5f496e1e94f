/* SPDX-License-Identifier: Apache-2.0 */
/* jwt.h - signed tokens (RFC 7515 and 7519), made and checked by libcrypto
 *
 * RS256 and PS256 alone, as Entra takes them; `none` and everything else is no signature. A parsed
 * token has proved nothing before jwt_verify() says so.
 */
#ifndef WAYBILL_EMULATOR_JWT_H
#define WAYBILL_EMULATOR_JWT_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"

#define JWT_BYTES ((size_t)32 << 10)
#define JWT_KEY_BITS 2048 /* of a key at least */

struct jwt {
	const json_t *header, *claims; /* objects */
	const char *text;              /* what was signed, and its length */
	size_t len;
	const unsigned char *signature;
	size_t signature_len;
};

/* Everything is the arena's, `text` borrowed. False for what is not three parts of which the first
 * two are JSON objects. */
bool jwt_parse(struct arena *, const char *text, struct jwt *out);
/* By the algorithm that the header names. False, too, when the key is not of that kind. */
bool jwt_verify(const struct jwt *, EVP_PKEY *key);
/* RS256. In the arena. */
const char *jwt_sign(struct arena *, EVP_PKEY *key, const char *kid, const json_t *claims);

/* Without padding. In the arena. */
const char *base64url(struct arena *, const void *bytes, size_t len);
/* NULL for what is not base64url; padding is taken. NUL-terminated. In the arena. */
unsigned char *base64url_decode(struct arena *, const char *text, size_t len, size_t *out_len);

#endif
