/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/sort.h"

#include <stdlib.h>

void sort_items(
	void *items, size_t count, size_t item_bytes, int (*compare)(const void *, const void *))
{
	const char *bytes = items;
	for (size_t i = 1; i < count; i++)
		if (compare(bytes + (i - 1) * item_bytes, bytes + i * item_bytes) > 0) {
			qsort(items, count, item_bytes, compare);
			return;
		}
}
