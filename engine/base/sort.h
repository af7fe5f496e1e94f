/* SPDX-License-Identifier: Apache-2.0 */
/* sort.h - qsort() for what comes in order most of the time
 *
 * ARM lists by id, node sets give addresses and CIDRs in order: one look at neighbours then spares
 * the sort, which would compare each item with many others all the same.
 */
#ifndef WAYBILL_BASE_SORT_H
#define WAYBILL_BASE_SORT_H

#include <stddef.h>

/* As qsort(); `items` may be NULL when there are none. */
void sort_items(
	void *items, size_t count, size_t item_bytes, int (*compare)(const void *, const void *));

#endif
