/* SPDX-License-Identifier: Apache-2.0 */
/* diff.h - desired against actual, by the sense of the schema
 *
 * Noise is no edit: members the server fills in, defaults, case, order of sets and keyed lists,
 * spelling of locations, ids and CIDRs, empty against absent, one prefix against a list of one.
 */
#ifndef WAYBILL_PLAN_DIFF_H
#define WAYBILL_PLAN_DIFF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "schemas/schema.h"

/* One member that differs. A tag is an edit of its own: /tags/KEY. */
struct edit {
	const char *pointer; /* in the ARM body */
	json_t *before;      /* NULL: absent */
	json_t *after;       /* NULL: to be removed */
	bool replaces;       /* cannot be updated in place */
};

struct edits {
	struct edit *items;
	size_t count;
};

/* [{pointer, before, after}], without those of the two that are not there; new. */
json_t *edits_json(const struct edits *);

/* Appends the edits that make `actual` hold all of `desired`; members that `desired` lacks are
 * not looked at. Child lists and what is read-only are left out. */
void diff_desired(struct arena *, const struct schema *, const json_t *desired,
	const json_t *actual, struct edits *out);
/* Appends the edits that remove what `recorded` has and `desired` has not, where `actual` still
 * holds what was recorded. `desired` may be NULL. */
void diff_dropped(struct arena *, const struct schema *, const json_t *recorded,
	const json_t *desired, const json_t *actual, struct edits *out);

/* Whether two values at a node mean the same: NULL is absent. */
bool diff_same(const json_t *node, const json_t *a, const json_t *b);

/* The name of a tag as `tags` spells it: ARM compares them without case and keeps the spelling it
 * was first given. `name` itself when it is not among them. */
const char *diff_tag_key(const json_t *tags, const char *name);

/* Puts an edit's `after` into a body (removes it when NULL), and removes what says the same in
 * another form (addressPrefixes beside addressPrefix). */
void edit_apply(json_t *body, const struct schema *, const struct edit *);

/* `wanted`, in which everything that the schema does not know of what it replaces is kept: of items
 * of lists, too, that stand and stay. New. */
json_t *value_with_newer(const json_t *node, json_t *wanted, const json_t *standing);

/* A copy of an ARM body with all that is read-only or filled in by the server removed, unknown
 * members kept: what may be sent back. With `children` false, child lists are left out too. New. */
json_t *body_writable(const struct schema *, const json_t *body, bool children);
/* The part of `actual` at which `shape` has members; without what is absent. New. */
json_t *body_project(const json_t *shape, const json_t *actual);

#endif
