/* SPDX-License-Identifier: Apache-2.0 */
/* effective.h - the routes that a NIC really has
 *
 * Told as Azure tells them: the system's routes for the network, its peers and the rest of the
 * world, then those of the table of the subnet. A system route that a table's route of the same
 * prefix overrides is Invalid; which of the others a packet takes is the longest prefix. Only a
 * machine that runs has any.
 */
#ifndef WAYBILL_EMULATOR_EFFECTIVE_H
#define WAYBILL_EMULATOR_EFFECTIVE_H

#include "providers/emulator/cloud.h"
#include "providers/emulator/message.h"

/* False with a refusal: the NIC's machine does not run. `what` is "Routes" or "SecurityGroups". */
bool effective_is_known(const struct cloud *, const json_t *nic, struct arena *, const char *what,
	struct response *);

/* The answer's body, new; NULL with a refusal. */
json_t *effective_routes(
	const struct cloud *, const json_t *nic, struct arena *, struct response *);

#endif
