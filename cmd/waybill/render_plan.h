/* SPDX-License-Identifier: Apache-2.0 */
/* render_plan.h - a plan for people, and for programs
 *
 * The text: what others changed, then the changes by resource, then outputs, counts and plan id.
 * Routes are rows of a table under their route table: one row each, however many. The JSON is
 * Terraform's layout with ours beside it (docs/json.md). Neither knows where it is printed.
 */
#ifndef WAYBILL_CMD_RENDER_PLAN_H
#define WAYBILL_CMD_RENDER_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/buf.h"
#include "engine/plan/plan.h"

struct canvas {
	struct arena *arena;
	struct buf *out;
	bool colour;
	const struct config *config; /* shortens ids to addresses; NULL: they stay long */
};

/* `emulator`: the heading says so. */
void render_plan(struct canvas *, const struct plan *, bool emulator);

/* The resources that change, and what others made inside them. render_changes.c */
void render_changes(struct canvas *, const struct plan *);
/* "a -> b" of one member, without its name. In the arena. */
const char *render_edit(
	struct canvas *, const struct schema *, const struct edit *, const char *after);
/* A value of a member in one line: ids as addresses, strings in quotes, NULL as "(none)". */
const char *render_value(
	struct canvas *, const struct schema *, const char *pointer, const json_t *value);
/* " (waybill.yaml:14)", or "" when nothing in the YAML asks for it. */
const char *render_position(struct canvas *, const struct place *);

/* Sets the plan's members of a document. plan_json.c */
void plan_document(struct arena *, const struct plan *, json_t *document);
/* The rows of all node sets; new. */
json_t *nodes_json(const struct config *);

/* Whether an apply would change an output that is known now. */
bool plan_changes_outputs(const struct plan *);
/* Nothing for an apply to do. */
bool plan_changes_nothing(const struct plan *);

#endif
