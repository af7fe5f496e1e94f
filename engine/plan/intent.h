/* SPDX-License-Identifier: Apache-2.0 */
/* intent.h - what a step was to do, as kept in its intent, and what of it came true
 *
 * An intent's step is JSON: {verb, id, address, changes: [{address, id, type, action, test, record,
 * before}]}. `test` is the body that must stand ({pointer-free ARM shape}; null members: absent),
 * or null when the resource must be gone; `untouched` the same for the state before the write;
 * `record` is what the state keeps when it came true, or null when the record goes.
 */
#ifndef WAYBILL_PLAN_INTENT_H
#define WAYBILL_PLAN_INTENT_H

#include <jansson.h>

#include "engine/base/arena.h"
#include "engine/plan/plan.h"
#include "state/state.h"

enum came {
	CAME_TRUE,
	CAME_NOT,
	CAME_OTHERWISE
};

/* What became of one entry of an intent's `changes`, by what stands now (NULL: nothing). */
enum came intent_came(
	struct arena *, const struct catalog *, const json_t *entry, const json_t *actual);

/* The same of a change of this run. */
enum came change_came(
	struct arena *, const struct catalog *, const struct change *, const json_t *actual);

/* What an intent keeps of the record that a change leaves: `record` above. New. */
json_t *change_record_entry(const struct change *);

/* The record that a change leaves when `actual` stands after it; false when the record goes. The
 * strings are borrowed from the change, the values are in the arena. */
bool change_record(struct arena *, const struct change *, const json_t *actual, struct record *out);
/* The same of an intent's entry. */
bool intent_record(struct arena *, const json_t *entry, const json_t *actual, struct record *out);

#endif
