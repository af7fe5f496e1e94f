/* SPDX-License-Identifier: Apache-2.0 */
/* step.h - one step as a small machine over operations
 *
 * READ -> decide and merge -> WRITE -> (no usable answer: READ again and decide) -> wait for the
 * parent to leave Updating -> end. The machine prepares operations; its driver submits them, makes
 * the intent durable before each write, and may stop it between two.
 */
#ifndef WAYBILL_APPLY_STEP_H
#define WAYBILL_APPLY_STEP_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/apply/apply.h"
#include "engine/apply/live.h"
#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/plan/plan.h"
#include "providers/provider.h"

enum work_phase {
	WORK_READ,     /* `op` reads the step's resource */
	WORK_CONTENTS, /* `op` lists what is inside, right before a delete */
	WORK_WRITE,    /* `op` writes it */
	WORK_SETTLE,   /* `op` reads its parent, until that has left Updating */
	WORK_INSPECT,  /* `op` reads what a failed write left */
	WORK_ENDED,
};

struct work {
	const struct step *step; /* as planned, with what was unknown filled in */
	const struct config *config;
	const struct snapshot *snapshot;
	struct diags *diags;
	enum work_phase phase;
	struct operation op;     /* to be submitted, or under way */
	struct arena *arena;     /* of the operation */
	struct arena *kept;      /* of the run */
	const char *etag;        /* to be deleted, while its contents are listed */
	bool was_accepted;       /* the cloud began a long-running write of ours */
	bool in_doubt;           /* a write may or may not have happened */
	enum step_result result; /* in WORK_ENDED */
	bool has_standing;       /* in WORK_ENDED: `standing` is what the cloud last said */
	json_t *standing;        /* NULL: nothing; owned */
	unsigned stale, unknown, moving, attached, settling;
};

/* Prepares the first read. False, ended as failed, when a value that should be known by now is
 * not. */
bool work_begin(struct work *, struct arena *, struct config *, const struct step *, struct live *);

/* The operation came back: decides, and prepares the next one or ends. */
void work_advance(struct work *);

/* No further operation may start: ends with what is known. */
void work_stop(struct work *);

/* Frees what an operation that came back, or never left, used. */
void work_release(struct work *);

#endif
