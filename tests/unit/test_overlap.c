/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/network/overlap.h"

#define ITEMS 60u
#define ROUNDS 400

/* By order of the inner item and kind of the outer one: order of the outer one, or -1. */
struct told {
	long outer[ITEMS][OVERLAP_KINDS];
	size_t calls;
};

static void note(void *context, const struct overlap_item *outer, const struct overlap_item *inner)
{
	struct told *told = context;
	assert_int_equal(told->outer[inner->order][outer->kind], -1);
	told->outer[inner->order][outer->kind] = (long)outer->order;
	told->calls++;
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Few bits, so that many nest and some are equal. */
static struct prefix some_prefix(uint32_t *seed)
{
	bool is_ipv4 = next(seed) % 3 != 0;
	struct prefix p = { .base.family = is_ipv4 ? FAMILY_IPV4 : FAMILY_IPV6 };
	p.base.bytes[0] = (uint8_t)(next(seed) % 4 * 64);
	p.base.bytes[1] = (uint8_t)(next(seed) % 4 * 64);
	p.base.bytes[3] = (uint8_t)next(seed);
	p.length = next(seed) % (is_ipv4 ? 33 : 40);
	return prefix_canonical(&p);
}

static bool is_outer(const struct overlap_item *a, const struct overlap_item *b)
{
	if (prefix_same(&a->prefix, &b->prefix))
		return a->order < b->order;
	return prefix_contains(&a->prefix, &b->prefix);
}

/* The longest around it; of equal ones the first. */
static long nearest(
	const struct overlap_item *items, const struct overlap_item *inner, unsigned kind)
{
	const struct overlap_item *best = NULL;
	for (size_t i = 0; i < ITEMS; i++) {
		const struct overlap_item *item = &items[i];
		if (item->kind != kind || item == inner || !is_outer(item, inner))
			continue;
		if (!best || item->prefix.length > best->prefix.length ||
			(item->prefix.length == best->prefix.length && item->order < best->order))
			best = item;
	}
	return best ? (long)best->order : -1;
}

static void test_overlap__agrees_with_comparing_all_pairs(void **state)
{
	(void)state;
	uint32_t seed = 7;
	size_t calls = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct overlap_item items[ITEMS], sorted[ITEMS];
		struct told told = { .calls = 0 };
		for (size_t i = 0; i < ITEMS; i++) {
			items[i] = (struct overlap_item){ .prefix = some_prefix(&seed),
				.kind = next(&seed) % OVERLAP_KINDS,
				.order = i };
			sorted[i] = items[i];
			for (unsigned kind = 0; kind < OVERLAP_KINDS; kind++)
				told.outer[i][kind] = -1;
		}
		overlap_scan(sorted, ITEMS, note, &told);
		for (size_t i = 0; i < ITEMS; i++)
			for (unsigned kind = 0; kind < OVERLAP_KINDS; kind++)
				assert_int_equal(
					told.outer[i][kind], nearest(items, &items[i], kind));
		calls += told.calls;
	}
	/* Networks without any overlap would prove nothing. */
	assert_true(calls > (size_t)ROUNDS * 10);
}

static void test_overlap__nothing_overlaps_nothing(void **state)
{
	(void)state;
	struct told told = { .calls = 0 };
	overlap_scan(NULL, 0, note, &told);
	assert_int_equal(told.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlap__agrees_with_comparing_all_pairs),
		cmocka_unit_test(test_overlap__nothing_overlaps_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
