/* SPDX-License-Identifier: Apache-2.0 */
/* merge.h - a fresh body and a step: what to send, or what stands in the way
 *
 * Pure. A value that already is as planned needs nothing; one that is as the plan saw it is
 * changed; any other is a conflict, by name. All that stands beside survives: foreign children,
 * unknown members, tags of others.
 */
#ifndef WAYBILL_APPLY_MERGE_H
#define WAYBILL_APPLY_MERGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/plan/plan.h"
#include "engine/plan/snapshot.h"

struct conflict {
	const char *address;         /* of the resource or child */
	const struct change *change; /* that asked for it, or NULL */
	const char *member;          /* pointer of the member, or NULL: the whole of it */
	const json_t *planned;       /* what the plan saw; NULL: absent */
	const json_t *now;           /* what stands; NULL: absent */
};

struct merged {
	json_t *body; /* what to send, in the arena; NULL: nothing is left to do */
	struct conflict *conflicts;
	size_t nconflicts;
};

/* The body of a PUT that creates. New. */
json_t *merge_create(const struct step *);

/* The body of a PUT (STEP_UPDATE) or a PATCH (STEP_TAGS) of what stands; with conflicts there is
 * none. */
struct merged merge_update(struct arena *, const struct step *, const json_t *now);

/* Whether all that a STEP_CREATE sends stands in a body. */
bool merge_is_as_created(struct arena *, const struct step *, const json_t *now);

/* What a STEP_DELETE would destroy unasked: children that are neither the step's nor recorded. */
struct merged merge_delete(
	struct arena *, const struct step *, const struct snapshot *, const json_t *now);

/* The same of what a LIST found inside it: what was not there when the plan looked. */
struct merged merge_contents(
	struct arena *, const struct step *, const struct snapshot *, const json_t *contents);

/* The item of a child list with this name, compared as ARM does. Borrowed, or NULL. */
json_t *merge_item(const json_t *items, const char *name);

#endif
