/* SPDX-License-Identifier: Apache-2.0 */
/* front.h - the paths beside ARM's: metadata, sign-in, identities, issuers
 *
 * In Azure these are other hosts; here they are told apart by path alone. None needs a token of
 * ARM; each checks what its own real one checks.
 */
#ifndef WAYBILL_EMULATOR_FRONT_H
#define WAYBILL_EMULATOR_FRONT_H

#include <stdbool.h>

#include "providers/emulator/message.h"

#define FRONT_WILD_MAX 4

struct emulator;

/* What stood at the stars of the pattern, in their order. */
struct front_path {
	const char *wild[FRONT_WILD_MAX];
};

/* False when it was refused; the response is complete either way. */
typedef bool front_fn(
	struct emulator *, const struct front_path *, const struct request *, struct response *);

/* False when the path is not one of these; else the response is complete. */
bool front_serve(struct emulator *, const struct request *, struct response *);

#endif
