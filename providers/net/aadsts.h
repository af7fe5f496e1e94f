/* SPDX-License-Identifier: Apache-2.0 */
/* aadsts.h - what to do about a refusal by the sign-in service
 *
 * Its errors are numbers, AADSTS7000215; the texts that go with them tell what it saw, seldom what
 * to do here.
 */
#ifndef WAYBILL_PROVIDERS_NET_AADSTS_H
#define WAYBILL_PROVIDERS_NET_AADSTS_H

#include "engine/base/arena.h"
#include "providers/net/credential.h"

/* The number in a text, 0: none. */
long aadsts_number(const char *text);

/* What to do; in the arena. `assertion` is what was shown, so that it can be told what it says;
 * NULL: none was. Never NULL. */
const char *aadsts_help(
	struct arena *, long number, const struct credential *, const char *assertion);

#endif
