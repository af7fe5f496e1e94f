/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h - the sign-in: tokens for client credentials
 *
 * Any secret is right but "" and "wrong". AUTH_BUILT_IN is a token that is always valid, so that
 * nobody needs a credential to try the emulator.
 */
#ifndef WAYBILL_EMULATOR_AUTH_H
#define WAYBILL_EMULATOR_AUTH_H

#include "providers/emulator/message.h"

#define AUTH_BUILT_IN "emulator"

struct tokens {
	json_t *issued; /* token to the time of its end */
	uint64_t lifetime_s;
};

void auth_init(struct tokens *, uint64_t lifetime_s);
void auth_release(struct tokens *);

/* The token endpoint. */
bool auth_issue(struct tokens *, const struct request *, struct response *);
/* Whether a request carries a valid token. */
bool auth_check(struct tokens *, const struct request *, struct response *);

#endif
