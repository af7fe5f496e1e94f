/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - what came true, as records and history; the caller commits */
#ifndef WAYBILL_APPLY_RECORD_H
#define WAYBILL_APPLY_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/plan/plan.h"
#include "engine/plan/snapshot.h"
#include "state/state.h"

struct recorder {
	struct arena *arena;
	struct state *state;
	const struct snapshot *snapshot;
};

/* A change that needs no write: adopted, forgotten, let go, found deleted. */
bool record_change(struct recorder *, const struct change *, struct diags *);

/* What moved takes its new id, and what refers to it follows; NULL: nothing moved. */
bool record_followed(struct recorder *, const struct followed *, struct diags *);

/* The record takes what stands. What someone else wrote over a member of what is `existing` is
 * theirs from now on: it is ours, and known from before us, no longer. */
bool record_drift(struct recorder *, const struct drift *, struct diags *);

/* All changes of a step that is done; `standing` is what stands under its id, NULL: nothing. */
bool record_step(struct recorder *, const struct step *, const json_t *standing, struct diags *);

/* Of a step that failed on what stood: those of its changes that came true all the same. */
bool record_came_true(
	struct recorder *, const struct step *, const json_t *standing, struct diags *);

/* A record, or when `made` is false, none any more. */
bool record_put(
	struct recorder *, const char *id, const struct record *, bool made, struct diags *);

/* What was recorded inside something that is gone is gone with it. */
bool record_drop_inside(struct recorder *, const char *id, struct diags *);

/* A step's changes for the history: an array of {address, id, action, before, after}. New. */
json_t *record_history(const struct step *);

/* Adds what record_drift() makes of it: "refresh", or "forget". */
void record_drift_history(struct recorder *, json_t *changes, const struct drift *);

/* Adds what of a change is told without a write: that it moved, and of one that no step carries,
 * that it was adopted or forgotten. */
void record_unwritten_history(json_t *changes, const struct change *, bool is_carried);

#endif
