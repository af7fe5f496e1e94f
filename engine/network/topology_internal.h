/* SPDX-License-Identifier: Apache-2.0 */
/* topology_internal.h - shared by the two files that make a topology
 */
#ifndef WAYBILL_NETWORK_TOPOLOGY_INTERNAL_H
#define WAYBILL_NETWORK_TOPOLOGY_INTERNAL_H

#include "engine/network/topology.h"

/* Nodes and NICs, once subnets can be found. addresses.c */
void topology_add_machines(struct topology *, const struct config *);

#endif
