/* SPDX-License-Identifier: Apache-2.0 */
/* usages.h - how many of a kind there may be in a region, as the cloud itself tells
 *
 * The schemas know the limits that everybody has at first (`limits`); a subscription's own may be
 * higher or lower. They are asked only where the first are nearly used up, or when somebody wants
 * to know: engine/plan/usages.h reads them, the checks of limits judge by them.
 */
#ifndef WAYBILL_NETWORK_USAGES_H
#define WAYBILL_NETWORK_USAGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/network/topology.h"

/* One subscription's one region: texts in lower case, the location without blanks. */
struct region {
	const char *subscription, *location;
};

struct usage {
	struct region region;
	const char *name; /* as ARM calls it: "RouteTables" */
	size_t limit;
	size_t used; /* with what the plan adds and takes away; of a limit by resource 0 */
};

struct usages {
	struct usage *items;
	size_t count;
};

/* Of a resource with a location; false when it has none. */
bool region_of(struct arena *, const char *id, const json_t *body, struct region *out);
int region_compare(const struct region *, const struct region *);
const struct usage *usage_find(const struct usages *, const struct region *, const char *name);

/* The regions of declared tables and networks; without `all` only those where something is more
 * than four fifths of what the schemas allow. Sorted, in the arena. */
struct region *regions_near_limits(
	struct arena *, const struct topology *, bool all, size_t *count);

/* [{subscription, location, name, used, limit, address?}] of all that was read and is known to the
 * schemas; `used` of a limit by resource is that of the fullest one, at `address`. New. */
json_t *usages_json(struct arena *, const struct topology *, const struct usages *);

#endif
