/* SPDX-License-Identifier: Apache-2.0 */
/* assertion.h - JSON Web Tokens: ours made, others' looked at
 *
 * Pure but for time and randomness, over libcrypto and jansson. What is read is not believed: a
 * token's signature is for whoever it is shown to; we only tell what it says.
 */
#ifndef WAYBILL_PROVIDERS_NET_ASSERTION_H
#define WAYBILL_PROVIDERS_NET_ASSERTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "engine/base/arena.h"
#include "providers/net/certificate.h"

#define ASSERTION_BYTES ((size_t)64 << 10)

/* Three parts of base64url, the last not empty: what may be sent as an assertion. */
bool assertion_has_shape(const char *text);
/* Its claims, new; NULL when it is none that we can read (an opaque token is no error). */
json_t *assertion_claims(const char *text);

struct assertion_wish {
	const char *client_id, *audience;
	bool sends_chain; /* with the certificate and its issuers, for applications that trust a
			     subject's name */
	bool is_old;      /* RS256 and x5t: AD FS knows no PS256 and no x5t#S256 (as MSAL has it) */
	time_t now;
};

/* A client assertion: that `client_id` holds the certificate's key, said to `audience`, for ten
 * minutes from `now` (arm-facts 9.3). NULL when libcrypto refuses. Cleared and freed by
 * credential_clear(). */
char *assertion_sign(const struct certificate *, const struct assertion_wish *);

/* Bytes of base64 or base64url, with or without padding; NULL for anything else. free() it after
 * clearing; NUL-terminated behind *len bytes. */
char *base64_bytes(const char *text, size_t text_len, size_t *len);

#endif
