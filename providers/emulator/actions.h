/* SPDX-License-Identifier: Apache-2.0 */
/* actions.h - what may be asked of a resource by one more word in its path */
#ifndef WAYBILL_EMULATOR_ACTIONS_H
#define WAYBILL_EMULATOR_ACTIONS_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/target.h"

bool actions_serve(
	struct emulator *, const struct target *, const struct request *, struct response *);

#endif
