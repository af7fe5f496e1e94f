/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - what a path meets, in words for people
 *
 * Names in the texts come as they are, and are escaped when they are rendered.
 */
#ifndef WAYBILL_NETWORK_EXPLAIN_H
#define WAYBILL_NETWORK_EXPLAIN_H

#include "engine/base/diag.h"
#include "engine/network/reach.h"

/* "subnet A sends it by route B (10.200.1.0/24) to 10.240.0.21, worker-1" */
const char *explain_hop(
	struct arena *, const struct config *, const struct reach_path *, size_t hop_number);
/* What is wrong at the first hop at fault; of a path that is unknown, what is not known. */
const char *explain_fault(struct arena *, const struct config *, const struct reach_path *);
/* What to change, and in *at where in the YAML (PLACE_NONE: nothing there says it). */
const char *explain_remedy(
	struct arena *, const struct config *, const struct reach_path *, struct place *at);
/* The fault alone: "it is dropped". */
const char *fault_text(enum reach_fault);
/* A short word for programs: "dropped", "loop"; NULL when nothing is wrong. */
const char *fault_name(enum reach_fault);

#endif
