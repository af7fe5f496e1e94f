/* SPDX-License-Identifier: Apache-2.0 */
/* signer.h - a key that signs tokens, and how it is published
 *
 * Made at its first use, as that takes a tenth of a second and most emulators sign nothing; ends
 * with the process, and so do all tokens.
 */
#ifndef WAYBILL_EMULATOR_SIGNER_H
#define WAYBILL_EMULATOR_SIGNER_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>

#include "engine/base/arena.h"
#include "providers/emulator/jwt.h"

struct signer {
	EVP_PKEY *key; /* NULL before the first use */
	char kid[65];
};

void signer_release(struct signer *);
const char *signer_sign(struct signer *, struct arena *, const json_t *claims);
/* False of a signer that has signed nothing. */
bool signer_verify(const struct signer *, const struct jwt *);
/* {"keys": [...]}, RFC 7517. New. */
json_t *signer_jwks(struct signer *, struct arena *);

#endif
