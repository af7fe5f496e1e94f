/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h - whether a request of ARM carries a token that ARM takes
 *
 * AUTH_BUILT_IN is a token that is always valid and may do everything, so that nobody needs a
 * credential to try the emulator. All others are those of sign_in.h and managed.h.
 */
#ifndef WAYBILL_EMULATOR_AUTH_H
#define WAYBILL_EMULATOR_AUTH_H

#include "providers/emulator/message.h"

#define AUTH_BUILT_IN "emulator"

struct emulator;

/* Whose token it was: borrowed from the request's arena, all NULL for the built-in one. */
struct principal {
	const char *client_id, *object_id, *tenant;
};

/* `subscription` is the one that the path names, or NULL. False with a 401. */
bool auth_check(struct emulator *, const struct request *, const char *subscription,
	struct principal *, struct response *);

#endif
