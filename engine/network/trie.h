/* SPDX-License-Identifier: Apache-2.0 */
/* trie.h - longest prefix match over prefixes of both families
 *
 * Built once from an array, then only read: trie_find() allocates nothing and takes as many steps
 * as prefixes nest around the address, at most. Of two entries with one prefix the higher origin
 * holds (Azure: user over BGP over system), of two of one origin the earlier entry.
 */
#ifndef WAYBILL_NETWORK_TRIE_H
#define WAYBILL_NETWORK_TRIE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/ip.h"

enum origin {
	ORIGIN_SYSTEM,
	ORIGIN_BGP,
	ORIGIN_USER
};

struct trie_entry {
	struct prefix prefix; /* host bits do not count */
	enum origin origin;
	uint32_t value; /* the caller's: an index; not TRIE_NONE */
};

#define TRIE_NONE UINT32_MAX

struct trie;

/* In the arena; the entries are not kept. At most 2^30 of them. */
struct trie *trie_build(struct arena *, const struct trie_entry *, size_t count);
/* The value of the longest prefix around the address, or TRIE_NONE. */
uint32_t trie_find(const struct trie *, const struct ip *);

#endif
