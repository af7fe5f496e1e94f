/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h - intents before writes and outcomes after them, in groups that share one commit
 *
 * A step has one intent, made before its first write and told anew of each further one. Whoever
 * drives the steps calls journal_commit() before any write is submitted. After a failure of the
 * state nothing may be written any more: `broken`.
 */
#ifndef WAYBILL_APPLY_JOURNAL_H
#define WAYBILL_APPLY_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/apply/apply.h"
#include "engine/apply/record.h"
#include "engine/base/arena.h"
#include "engine/plan/plan.h"
#include "providers/provider.h"

struct journal {
	struct arena *arena;
	struct state *state;
	struct diags *diags;
	struct recorder recorder;
	int64_t run;
	int64_t *intents; /* by step number; 0: none */
	bool dirty;       /* something waits for a commit */
	bool broken;
};

void journal_init(struct journal *, const struct plan *, struct state *, struct diags *);

/* Records what needs no write. */
void journal_unwritten(struct journal *, const struct plan *);
/* Before each write of a step; only the first makes an intent. Gives the operation its request_id.
 */
void journal_intend(struct journal *, const struct step *, struct operation *);
/* The cloud has taken the step's write on. */
void journal_accepted(struct journal *, const struct step *, const char *handle);
/* The step ended; with `has_standing`, `standing` is what the cloud last said of it. */
void journal_outcome(struct journal *, const struct step *, enum step_result, bool has_standing,
	const json_t *standing);
/* One sync for all of the above since the last; false when the state is broken. */
bool journal_commit(struct journal *);

#endif
