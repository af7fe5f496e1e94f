/* SPDX-License-Identifier: Apache-2.0 */
/* shape.h - a body as Azure would store it
 *
 * From what was sent and what was there: name, id and type of its own making, the short form of
 * the location, read-only members as they were, defaults filled in, children likewise.
 */
#ifndef WAYBILL_EMULATOR_SHAPE_H
#define WAYBILL_EMULATOR_SHAPE_H

#include "providers/emulator/write.h"

/* The short form: "Japan East" is japaneast. */
char *location_short(struct arena *, const char *location);

/* The rule of the network provider for names of that type; groups also take parentheses. */
bool name_is_good(const struct resource_type *, const char *name);

/* A new body for a root or a child named `name` inside `parent_id`; NULL with a refusal. */
json_t *shape_item(struct write *, const struct resource_type *, const char *parent_id,
	const char *name, const json_t *sent, const json_t *before);

#endif
