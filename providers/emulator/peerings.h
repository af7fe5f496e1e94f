/* SPDX-License-Identifier: Apache-2.0 */
/* peerings.h - two networks that are peered, each by a peering of its own
 *
 * A peering is Initiated until the other network has one back, then both are Connected; the one
 * that is left when the other goes is Disconnected, and no new one connects to it until it is
 * written again. Each keeps the address space of the other as it last took it over (a PUT with
 * syncRemoteAddressSpace=true) and says how far behind the two are. Codes and messages are those
 * of responses quoted in public issues; api-version 2024-05-01 for the members.
 */
#ifndef WAYBILL_EMULATOR_PEERINGS_H
#define WAYBILL_EMULATOR_PEERINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "providers/emulator/cloud.h"

struct write;

/* Members that Azure computes, whoever sends them. */
#define PEERING_COMPUTED                                                                           \
	"peeringState peeringSyncLevel remoteAddressSpace remoteVirtualNetworkAddressSpace"

/* Of a network as it would be stored: refuses, or sets state and address space of each peering. */
bool check_peerings(struct write *, json_t *network);

/* Brings the peerings of a stored network and those back into agreement, or tells the latter that
 * the former are gone. */
void peerings_link(struct cloud *, const json_t *network, bool add);

#endif
