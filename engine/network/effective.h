/* SPDX-License-Identifier: Apache-2.0 */
/* effective.h - Azure's own effective routes of a network interface, beside ours
 *
 * Compared prefix by prefix: the next hop that Azure names active, and the one that a packet would
 * be followed to from the interface's subnet. Routes that Azure took from a gateway or a service
 * endpoint are counted, not compared: no body that a plan reads tells of them. So are those of a
 * score of public ranges that Azure drops of its own accord, as 25.176.0.0/13, unless a node has
 * pods there. The answer is an
 * EffectiveRouteListResult (Microsoft.Network, networkInterface.json).
 */
#ifndef WAYBILL_NETWORK_EFFECTIVE_H
#define WAYBILL_NETWORK_EFFECTIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/network/reach.h"

struct effective_difference {
	struct prefix prefix;
	const char *azure, *ours; /* "VirtualAppliance 10.240.0.21"; NULL: no such route */
};

struct effective {
	size_t alike;
	size_t others;                            /* active routes that are not compared */
	struct effective_difference *differences; /* sorted by prefix */
	size_t ndifferences;
};

/* False when the answer is no list of routes. In the arena. */
bool effective_compare(struct arena *, struct reach *, const struct topology_subnet *,
	const json_t *answer, struct effective *out);

#endif
