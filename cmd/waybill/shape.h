/* SPDX-License-Identifier: Apache-2.0 */
/* shape.h - an ARM body as the YAML writes it
 *
 * The three flattening rules of the YAML, backwards: what ARM nests under `properties` comes up a
 * level, arrays known by a member become maps, references become the id. Scalars keep their
 * identity: the flat value holds the very json_t of the body.
 */
#ifndef WAYBILL_CMD_SHAPE_H
#define WAYBILL_CMD_SHAPE_H

#include <jansson.h>

#include "engine/base/arena.h"
#include "schemas/schema.h"
#include "state/state.h"

/* A value whose schema is `node` (NULL: unknown), flat; new. */
json_t *shape_flat(const json_t *node, const json_t *value);
/* A pointer in a body as people write it: "addressPrefix", "tags.owner". */
char *shape_member(struct arena *, const struct schema *, const char *pointer);
/* All records in sections, children inside their parents; new. */
json_t *shape_records(struct arena *, const struct catalog *, const struct record *, size_t count);

#endif
