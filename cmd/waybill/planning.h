/* SPDX-License-Identifier: Apache-2.0 */
/* planning.h - what plan, apply, destroy and graph share: from options to a plan
 */
#ifndef WAYBILL_CMD_PLANNING_H
#define WAYBILL_CMD_PLANNING_H

#include <stdbool.h>

#include "cmd/waybill/session.h"
#include "engine/plan/plan.h"

struct planning {
	struct plan_options options;
	struct snapshot *snapshot;
	struct plan *plan;
};

/* What the command line asks for. */
struct planning planning_asked(const struct session *);
/* Reads the configuration, or, where the command line names a saved plan, that plan: it brings its
 * own configuration and options. *saved has no id when none is named. False with errors,
 * `saved-plan-options` for what cannot stand beside one. */
bool planning_configuration(struct planning *, struct session *, struct saved_plan *saved);
/* Reads recorded and actual. Needs configuration, state and provider. */
bool planning_read(struct planning *, struct session *);
bool planning_make(struct planning *, struct session *);
/* The same for a command that looks at a network: what a plan would warn of, refuse to lose or find
 * wrong with it is what that command is to show. */
bool planning_look(struct planning *, struct session *);

/* A saved plan from a file. False with `plan-unreadable` or `plan-version`. */
bool planning_load(struct session *, const char *path, struct saved_plan *out);
/* Whether the plan comes to the saved one's id. False with `plan-stale`, for each difference. */
bool planning_still_true(const struct planning *, struct session *, const struct saved_plan *);
/* Whether planning_save() may write there; false with `file-exists` or `state-file`. */
bool planning_may_save(struct session *, const char *path);
/* False with `plan-write`. The file appears whole or not at all. */
bool planning_save(const struct planning *, struct session *, const char *path);

/* Shows a plan: into the text, or into the document. */
void planning_show(struct session *, const struct plan *);

#endif
