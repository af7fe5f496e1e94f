/* SPDX-License-Identifier: Apache-2.0 */
/* putback.h - what a run puts back unless somebody confirms in time
 *
 * It is written before the first write of the run, and goes when it was confirmed or put back. No
 * run begins beside it, so there is one at most. The lock decides between the two: who holds it and
 * still finds it may do either.
 */
#ifndef WAYBILL_STATE_PUTBACK_H
#define WAYBILL_STATE_PUTBACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "state/state.h"

struct putback {
	int64_t run;
	int64_t left_ms; /* until the deadline, by this machine's clock; not above 0: overdue */
	const char *deadline; /* RFC 3339 UTC */
	json_t *tables;       /* the engine's own */
};

/* The deadline is `within_ms` from now. */
bool state_add_putback(
	struct state *, int64_t run, int64_t within_ms, json_t *tables, struct diags *);
bool state_set_deadline(struct state *, int64_t run, int64_t within_ms, struct diags *);
bool state_drop_putback(struct state *, int64_t run, struct diags *);
/* *out_found false when nothing waits. In the arena. */
bool state_putback(
	struct state *, struct arena *, struct putback *out, bool *out_found, struct diags *);

#endif
