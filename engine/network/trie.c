/* SPDX-License-Identifier: Apache-2.0 */
/* trie.c - a binary trie with its paths compressed: an inner node stands only where prefixes part
 * or end. A node is 32 bytes, so that two share a cache line, and addresses are two numbers, so
 * that a node is compared in a few instructions. Below the node where most prefixes part, the hub,
 * a table answers for the next bits at once: a walk through 100,000 prefixes would else wait for
 * memory at each of 17 nodes. */
#include "engine/network/trie.h"

#include "engine/base/sort.h"
#include <assert.h>
#include <stdbool.h>

/* Bits of an address, first bit highest; IPv4 fills the first 32. */
struct bits {
	uint64_t high, low;
};

struct trie_node {
	struct bits key; /* no bit set behind `length` */
	uint32_t child[2];
	uint32_t value; /* TRIE_NONE: prefixes only part here */
	uint8_t length;
	uint8_t origin;
};

/* Where a walk from the hub has come to once its next bits are read. */
struct slot {
	uint32_t value; /* the last one met, or TRIE_NONE */
	uint32_t next;  /* the node to go on with */
};

struct half {
	uint32_t root;
	uint32_t hub; /* 0: none */
	unsigned bits;
	struct slot *slots;
};

struct trie {
	struct trie_node *nodes; /* [0] is nobody's child: 0 means none */
	size_t count;
	struct half halves[2]; /* IPv4, IPv6 */
};

#define HUB_ENTRIES 32 /* fewer are as fast without a table */
#define HUB_BITS 20

static struct bits bits_of(const struct ip *ip)
{
	struct bits b = { 0, 0 };
	for (unsigned i = 0; i < 4; i++)
		b.high = b.high << 8 | ip->bytes[i];
	if (ip->family == FAMILY_IPV4) {
		b.high <<= 32;
		return b;
	}
	for (unsigned i = 4; i < 8; i++)
		b.high = b.high << 8 | ip->bytes[i];
	for (unsigned i = 8; i < 16; i++)
		b.low = b.low << 8 | ip->bytes[i];
	return b;
}

static unsigned bit_at(const struct bits *b, unsigned at)
{
	return (unsigned)(at < 64 ? b->high >> (63 - at) : b->low >> (127 - at)) & 1;
}

/* How many of the first `most` bits are the same. */
static unsigned common_bits(const struct bits *a, const struct bits *b, unsigned most)
{
	uint64_t high = a->high ^ b->high, low = a->low ^ b->low;
	unsigned same = high ? (unsigned)__builtin_clzll(high)
		: low        ? 64 + (unsigned)__builtin_clzll(low)
			     : 128;
	return same < most ? same : most;
}

static bool begins_with(const struct bits *address, const struct trie_node *n)
{
	if (n->length == 0)
		return true;
	if (n->length <= 64)
		return (address->high ^ n->key.high) >> (64 - n->length) == 0;
	return address->high == n->key.high &&
		(address->low ^ n->key.low) >> (128 - n->length) == 0;
}

static struct bits cut(struct bits b, unsigned length)
{
	if (length <= 64)
		return (struct bits){ length ? b.high & UINT64_MAX << (64 - length) : 0, 0 };
	return (struct bits){ b.high, b.low & UINT64_MAX << (128 - length) };
}

static uint32_t add_node(struct trie *t, struct bits key, unsigned length)
{
	struct trie_node *n = &t->nodes[t->count];
	*n = (struct trie_node){
		.key = cut(key, length), .value = TRIE_NONE, .length = (uint8_t)length
	};
	return (uint32_t)t->count++;
}

/* The node of exactly this prefix, made where it is missing. */
static struct trie_node *place_of(struct trie *t, uint32_t *link, struct bits key, unsigned length)
{
	for (;;) {
		struct trie_node *n = &t->nodes[*link];
		if (*link == 0) {
			*link = add_node(t, key, length);
			return &t->nodes[*link];
		}
		unsigned most = n->length < length ? n->length : length;
		unsigned same = common_bits(&n->key, &key, most);
		if (same == n->length && same == length)
			return n;
		if (same == n->length) {
			link = &n->child[bit_at(&key, same)];
			continue;
		}
		/* They part inside n's path: a node stands there now, with n under it. */
		uint32_t below = *link;
		uint32_t made = add_node(t, key, same);
		t->nodes[made].child[bit_at(&n->key, same)] = below;
		*link = made;
		if (same == length)
			return &t->nodes[made];
		link = &t->nodes[made].child[bit_at(&key, same)];
	}
}

/* ---- the hub ---- */

/* How many prefixes end at each node or below it. */
static uint32_t count_below(const struct trie *t, uint32_t at, uint32_t *counts)
{
	const struct trie_node *n = &t->nodes[at];
	if (at == 0)
		return 0;
	counts[at] = (n->value != TRIE_NONE) + count_below(t, n->child[0], counts) +
		count_below(t, n->child[1], counts);
	return counts[at];
}

/* The `count` bits behind the first `from` ones, as a number. */
static uint32_t bits_behind(const struct bits *b, unsigned from, unsigned count)
{
	uint64_t word = from < 64 ? b->high << from : b->low << (from - 64);
	if (from > 0 && from < 64)
		word |= b->low >> (64 - from);
	return (uint32_t)(word >> (64 - count));
}

/* Slots that begin alike: `count` of them, of which the node `at` is the next below `value`. */
static void fill_slots(const struct trie *t, const struct half *h, struct slot *slots,
	uint32_t count, uint32_t at, uint32_t value)
{
	const struct trie_node *n = &t->nodes[at];
	unsigned start = t->nodes[h->hub].length;
	for (uint32_t i = 0; i < count; i++)
		slots[i] = (struct slot){ value, 0 };
	if (at == 0)
		return;
	/* The node's own slots among these, or the one that it stands in with others like it. */
	uint32_t first = bits_behind(&n->key, start, h->bits) & (count - 1);
	if (n->length >= start + h->bits) {
		slots[first].next = at;
		return;
	}
	uint32_t half = (uint32_t)1 << (start + h->bits - n->length - 1);
	value = n->value != TRIE_NONE ? n->value : value;
	fill_slots(t, h, slots + first, half, n->child[0], value);
	fill_slots(t, h, slots + first + half, half, n->child[1], value);
}

/* The first node from the root on below which no side holds nearly all. */
static void find_hub(struct arena *a, struct trie *t, struct half *h, unsigned family)
{
	uint32_t *counts = mem_alloc((t->count + 1) * sizeof *counts);
	counts[0] = 0;
	uint32_t below = count_below(t, h->root, counts);
	uint32_t at = h->root;
	while (below >= HUB_ENTRIES) {
		const struct trie_node *n = &t->nodes[at];
		uint32_t larger = n->child[counts[n->child[1]] > counts[n->child[0]]];
		if (counts[larger] < below - below / 8)
			break;
		at = larger;
		below = counts[at];
	}
	free(counts);
	if (below < HUB_ENTRIES)
		return;
	h->hub = at;
	unsigned room = family - t->nodes[at].length;
	while (h->bits < HUB_BITS && h->bits < room && (uint32_t)1 << h->bits < 4 * below)
		h->bits++;
	h->slots = arena_alloc(a, ((size_t)1 << h->bits) * sizeof *h->slots);
	fill_slots(t, h, h->slots, (uint32_t)1 << h->bits, at, TRIE_NONE);
}

/* ---- all of it ---- */

struct sorted_entry {
	struct bits key;
	const struct trie_entry *entry;
};

/* By number, so that neighbours in the address space are neighbours in memory. */
static int compare_entries(const void *a, const void *b)
{
	const struct sorted_entry *x = a, *y = b;
	if (x->key.high != y->key.high)
		return x->key.high < y->key.high ? -1 : 1;
	if (x->key.low != y->key.low)
		return x->key.low < y->key.low ? -1 : 1;
	if (x->entry->prefix.length != y->entry->prefix.length)
		return x->entry->prefix.length < y->entry->prefix.length ? -1 : 1;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

struct trie *trie_build(struct arena *a, const struct trie_entry *entries, size_t count)
{
	assert(count <= (size_t)1 << 30);
	struct trie *t = ARENA_NEW(a, struct trie);
	/* Each entry adds at most itself and one node where it parts from the others. */
	t->nodes = arena_alloc(a, (2 * count + 1) * sizeof *t->nodes);
	t->count = 1;
	struct sorted_entry *sorted = mem_alloc((count + 1) * sizeof *sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct sorted_entry){
			cut(bits_of(&entries[i].prefix.base), entries[i].prefix.length), &entries[i]
		};
	sort_items(sorted, count, sizeof *sorted, compare_entries);
	for (size_t i = 0; i < count; i++) {
		const struct trie_entry *e = sorted[i].entry;
		uint32_t *root = &t->halves[e->prefix.base.family == FAMILY_IPV6].root;
		struct trie_node *n = place_of(t, root, sorted[i].key, e->prefix.length);
		if (n->value == TRIE_NONE || e->origin > n->origin) {
			n->value = e->value;
			n->origin = (uint8_t)e->origin;
		}
	}
	free(sorted);
	find_hub(a, t, &t->halves[0], 32);
	find_hub(a, t, &t->halves[1], 128);
	return t;
}

uint32_t trie_find(const struct trie *t, const struct ip *ip)
{
	const struct bits address = bits_of(ip);
	const struct half *h = &t->halves[ip->family == FAMILY_IPV6];
	unsigned bits = family_bits(ip->family);
	uint32_t found = TRIE_NONE;
	uint32_t at = h->root;
	while (at) {
		const struct trie_node *n = &t->nodes[at];
		if (!begins_with(&address, n))
			break;
		if (n->value != TRIE_NONE)
			found = n->value;
		if (n->length >= bits)
			break;
		if (at == h->hub) {
			const struct slot *slot =
				&h->slots[bits_behind(&address, n->length, h->bits)];
			found = slot->value != TRIE_NONE ? slot->value : found;
			at = slot->next;
			continue;
		}
		at = n->child[bit_at(&address, n->length)];
	}
	return found;
}
