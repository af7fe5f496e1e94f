/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/overlap.h"

#include "engine/base/sort.h"

/* Equal prefixes are pushed once, so a stack holds at most one of each length. */
#define DEPTH 129u

struct stack {
	const struct overlap_item *items[DEPTH];
	size_t count;
};

static int by_prefix(const void *a, const void *b)
{
	const struct overlap_item *left = a, *right = b;
	int order = ip_compare(&left->prefix.base, &right->prefix.base);
	if (order)
		return order;
	if (left->prefix.length != right->prefix.length)
		return left->prefix.length < right->prefix.length ? -1 : 1;
	if (left->order == right->order)
		return 0;
	return left->order < right->order ? -1 : 1;
}

void overlap_scan(struct overlap_item *items, size_t count, overlap_fn *fn, void *context)
{
	struct stack stacks[OVERLAP_KINDS] = { 0 };
	sort_items(items, count, sizeof *items, by_prefix);
	for (size_t i = 0; i < count; i++) {
		const struct overlap_item *inner = &items[i];
		for (unsigned kind = 0; kind < OVERLAP_KINDS; kind++) {
			struct stack *s = &stacks[kind];
			while (s->count &&
				!prefix_contains(&s->items[s->count - 1]->prefix, &inner->prefix))
				s->count--;
			if (s->count)
				fn(context, s->items[s->count - 1], inner);
		}
		struct stack *own = &stacks[inner->kind];
		if (!own->count ||
			own->items[own->count - 1]->prefix.length != inner->prefix.length)
			own->items[own->count++] = inner;
	}
}
