/* SPDX-License-Identifier: Apache-2.0 */
/* overlap.h - which of many prefixes overlap, by one sort and one scan
 *
 * Two prefixes are apart or one holds the other, so in the order of their first addresses the open
 * ones form a stack. Each item is told once for each kind with the nearest item of that kind that
 * holds it: at most `kinds` calls an item, however many overlap.
 */
#ifndef WAYBILL_NETWORK_OVERLAP_H
#define WAYBILL_NETWORK_OVERLAP_H

#include <stddef.h>

#include "engine/base/ip.h"

#define OVERLAP_KINDS 2u

struct overlap_item {
	struct prefix prefix; /* canonical */
	unsigned kind;        /* below OVERLAP_KINDS */
	size_t order;         /* of two equal prefixes the lower one counts as the outer */
	const void *owner;    /* the caller's */
	size_t index;         /* the caller's */
};

typedef void overlap_fn(
	void *context, const struct overlap_item *outer, const struct overlap_item *inner);

/* Sorts the items and calls back in the order of the inner ones. */
void overlap_scan(struct overlap_item *, size_t count, overlap_fn *, void *context);

#endif
