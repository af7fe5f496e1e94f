/* SPDX-License-Identifier: Apache-2.0 */
/* history.h - what runs did: read back, and told of what no write made
 *
 * Rows are only ever added. What is returned lives in the arena given.
 */
#ifndef WAYBILL_STATE_HISTORY_H
#define WAYBILL_STATE_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "state/state.h"

/* What became ours, was let go or followed a move, without a write to the cloud: `changes` is an
 * array of {address, id, action, before, after}, as of state_settle(). */
bool state_tell(struct state *, int64_t run, json_t *changes, struct diags *);

struct told_change {
	const char *time; /* RFC 3339 UTC */
	const char *address, *id, *action;
	const char *outcome;    /* "done", or that of the intent that carried it */
	json_t *before, *after; /* NULL: absent */
};

/* The newest runs, newest first, at most `most`; outputs and notes are left out. */
bool state_runs(struct state *, struct arena *, size_t most, struct run **out, size_t *out_count,
	struct diags *);
/* One run; *out_found false when there is none of that number. */
bool state_run(struct state *, struct arena *, int64_t number, struct run *out, bool *out_found,
	struct diags *);
/* How many changes a run has made. */
bool state_count_changes(struct state *, int64_t run, size_t *out, struct diags *);
/* The changes of a run, in the order in which they were told. */
bool state_changes(struct state *, struct arena *, int64_t run, struct told_change **out,
	size_t *out_count, struct diags *);

/* A write of a run that did not end well. */
struct undone {
	const char *time, *id, *verb;
	const char *outcome; /* "absent" (not written), "failed", "unknown"; NULL: still open */
};

/* In the order in which they were announced. */
bool state_undone(struct state *, struct arena *, int64_t run, struct undone **out,
	size_t *out_count, struct diags *);

#endif
