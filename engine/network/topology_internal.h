/* SPDX-License-Identifier: Apache-2.0 */
/* topology_internal.h - shared by the files that make a topology, whole or in part */
#ifndef WAYBILL_NETWORK_TOPOLOGY_INTERNAL_H
#define WAYBILL_NETWORK_TOPOLOGY_INTERNAL_H

#include "engine/network/topology.h"

/* Its parts, linked; without nodes and NICs, and no subnet is found by address. */
struct topology *topology_bare(struct arena *, const struct catalog *,
	const struct topology_part *parts, size_t nparts, bool planned);
/* Nodes and NICs, once subnets can be found. addresses.c */
void topology_add_machines(struct topology *, const struct config *);

#endif
