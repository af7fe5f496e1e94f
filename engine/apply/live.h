/* SPDX-License-Identifier: Apache-2.0 */
/* live.h - what stands in the cloud as far as this run knows: the snapshot, then its own writes
 *
 * Bodies that writes returned lie over what the snapshot read; children inside them are found by
 * their own ids.
 */
#ifndef WAYBILL_APPLY_LIVE_H
#define WAYBILL_APPLY_LIVE_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/plan/snapshot.h"
#include "schemas/schema.h"

struct live;

struct live *live_new(struct arena *, const struct snapshot *);
/* What now stands under an id; `body` NULL: nothing. */
void live_put(struct live *, const struct schema *, const char *id, json_t *body);
/* Is a config_lookup_fn: `context` is a struct live. */
json_t *live_lookup(void *context, const char *id, const char *pointer);

/* Whether a write of what this is the body of is under way. */
bool live_is_moving(const json_t *body);

#endif
