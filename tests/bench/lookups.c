/* SPDX-License-Identifier: Apache-2.0 */
/* lookups.c - ten million lookups in the trie of a table
 *
 *   lookups ROUTES      at most 100,000; Azure allows 1,000 in a table
 *
 * So many pod CIDRs of length 26, and Azure's own routes; addresses at random over twice the pods'
 * range, so that half of the lookups end at a pod CIDR and half at one of Azure's. The sum that is
 * printed depends on each of them, so that none is left out by the compiler.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/network/trie.h"

#define MOST_ROUTES 100000UL
#define LOOKUPS 10000000U

static double processor_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct ip address(uint32_t number)
{
	struct ip ip = { .family = FAMILY_IPV4 };
	for (unsigned i = 0; i < 4; i++)
		ip.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
	return ip;
}

static struct trie *make(struct arena *a, uint32_t routes)
{
	static const char *const own[] = { "0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "100.64.0.0/10", "10.0.0.0/16", "10.100.0.0/16" };
	struct trie_entry *entries = arena_alloc(a, (routes + ARRAY_LEN(own)) * sizeof *entries);
	size_t count = 0;
	for (uint32_t i = 0; i < routes; i++)
		entries[count++] = (struct trie_entry){
			.prefix = { .base = address((11U << 24) + (i << 6)), .length = 26 },
			.origin = ORIGIN_USER,
			.value = i,
		};
	for (uint32_t i = 0; i < ARRAY_LEN(own); i++) {
		entries[count].value = routes + i;
		if (prefix_parse(&entries[count].prefix, own[i]))
			count++;
	}
	return trie_build(a, entries, count);
}

int main(int argc, char **argv)
{
	unsigned long asked = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (asked == 0 || asked > MOST_ROUTES) {
		(void)fprintf(stderr, "usage: %s ROUTES\n", argv[0]);
		return 1;
	}
	uint32_t routes = (uint32_t)asked;
	struct arena *a = arena_new();
	double begin = processor_s();
	const struct trie *trie = make(a, routes);
	double built = processor_s();
	uint64_t random = 88172645463325252U, sum = 0;
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		struct ip ip = address((11U << 24) + (uint32_t)(random % ((uint64_t)routes * 128)));
		sum += trie_find(trie, &ip);
	}
	double done = processor_s();
	printf("{\"routes\": %u, \"build_s\": %.3f, \"lookups\": %u, \"lookup_s\": %.3f, "
	       "\"sum\": %llu}\n",
		routes, built - begin, LOOKUPS, done - built, (unsigned long long)sum);
	arena_free(a);
	return 0;
}
