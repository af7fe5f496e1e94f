/* SPDX-License-Identifier: Apache-2.0 */
/* reach_effective.h - what Azure itself says that packets of running machines follow
 *
 * One network interface is asked for each group of subnets that route alike, and another where that
 * machine does not run. It needs the right networkInterfaces/effectiveRouteTable/action.
 */
#ifndef WAYBILL_CMD_REACH_EFFECTIVE_H
#define WAYBILL_CMD_REACH_EFFECTIVE_H

#include "cmd/waybill/reach_report.h"
#include "engine/network/effective.h"

struct effective_group {
	const struct topology_subnet *subnet; /* the first of those that route alike */
	size_t nsubnets;
	const char **nics; /* ids to be asked in turn */
	size_t nnics, tried;
	const char *asked;   /* the one that answered, or NULL */
	const char *problem; /* why none did; NULL: there is none, or one answered */
	struct effective compared;
};

/* Asks, and shows or puts into the document how the answers compare with what stands. False with
 * errors. *out_differs: in anything. */
bool reach_effective(const struct reach_report *, bool *out_differs);

#endif
