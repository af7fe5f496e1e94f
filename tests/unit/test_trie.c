/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/trie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A small generator of our own, so that a failure can be repeated anywhere. */
static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Few different bytes, so that prefixes nest and repeat often; IPv6 begins with `shared` equal
 * ones, so that they part at any depth. */
static struct ip random_ip(uint64_t *seed, unsigned shared)
{
	struct ip ip = { .family = random_next(seed) % 2 ? FAMILY_IPV4 : FAMILY_IPV6 };
	for (unsigned i = 0; i < family_bits(ip.family) / 8; i++)
		ip.bytes[i] = (uint8_t)(random_next(seed) % 4 * 0x55);
	for (unsigned i = 0; i < shared && ip.family == FAMILY_IPV6; i++)
		ip.bytes[i] = 0xfd;
	return ip;
}

static uint32_t scan(const struct trie_entry *entries, size_t count, const struct ip *ip)
{
	const struct trie_entry *best = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct trie_entry *e = &entries[i];
		if (e->prefix.base.family != ip->family || !prefix_has_ip(&e->prefix, ip))
			continue;
		if (!best || e->prefix.length > best->prefix.length ||
			(e->prefix.length == best->prefix.length && e->origin > best->origin))
			best = e;
	}
	return best ? best->value : TRIE_NONE;
}

static void test_trie__agrees_with_a_linear_scan(void **state)
{
	(void)state;
	uint64_t seed = 20261123;
	for (unsigned round = 0; round < 200; round++) {
		struct trie_entry entries[400];
		size_t count = random_next(&seed) % (round % 2 ? 400 : 40);
		for (size_t i = 0; i < count; i++) {
			struct ip ip = random_ip(&seed, round % 10);
			entries[i] = (struct trie_entry){
				.prefix = { ip,
					(unsigned)(random_next(&seed) %
						(family_bits(ip.family) + 1)) },
				.origin = (enum origin)(random_next(&seed) % 3),
				.value = (uint32_t)i,
			};
		}
		struct arena *a = arena_new();
		const struct trie *trie = trie_build(a, entries, count);
		for (unsigned i = 0; i < 100; i++) {
			struct ip ip = random_ip(&seed, round % 10);
			assert_int_equal(trie_find(trie, &ip), scan(entries, count, &ip));
		}
		for (size_t i = 0; i < count; i++) {
			const struct ip *ip = &entries[i].prefix.base;
			assert_int_equal(trie_find(trie, ip), scan(entries, count, ip));
		}
		arena_free(a);
	}
}

static struct trie_entry entry(const char *text, enum origin origin, uint32_t value)
{
	struct trie_entry e = { .origin = origin, .value = value };
	assert_true(prefix_parse(&e.prefix, text));
	return e;
}

static uint32_t find(const struct trie *t, const char *text)
{
	struct ip ip;
	assert_true(ip_parse(&ip, text));
	return trie_find(t, &ip);
}

static void test_trie__origin_decides_between_equal_prefixes(void **state)
{
	(void)state;
	const struct trie_entry entries[] = {
		entry("10.0.0.0/8", ORIGIN_SYSTEM, 1),
		entry("10.0.0.0/8", ORIGIN_USER, 2),
		entry("10.0.0.0/8", ORIGIN_BGP, 3),
		entry("10.0.0.0/8", ORIGIN_USER, 4),
		entry("10.1.0.0/16", ORIGIN_SYSTEM, 5),
	};
	struct arena *a = arena_new();
	const struct trie *t = trie_build(a, entries, ARRAY_LEN(entries));
	assert_int_equal(find(t, "10.200.0.1"), 2);
	assert_int_equal(find(t, "10.1.255.255"), 5);
	assert_int_equal(find(t, "11.0.0.0"), TRIE_NONE);
	assert_int_equal(find(t, "::10"), TRIE_NONE);
	arena_free(a);
}

static void test_trie__default_routes_and_single_addresses(void **state)
{
	(void)state;
	const struct trie_entry entries[] = {
		entry("0.0.0.0/0", ORIGIN_SYSTEM, 1),
		entry("::/0", ORIGIN_SYSTEM, 2),
		entry("10.0.0.7/32", ORIGIN_USER, 3),
		entry("fd00::7/128", ORIGIN_USER, 4),
		entry("fd00::/64", ORIGIN_USER, 5),
	};
	struct arena *a = arena_new();
	const struct trie *t = trie_build(a, entries, ARRAY_LEN(entries));
	assert_int_equal(find(t, "10.0.0.7"), 3);
	assert_int_equal(find(t, "10.0.0.6"), 1);
	assert_int_equal(find(t, "fd00::7"), 4);
	assert_int_equal(find(t, "fd00::ffff:0:0:7"), 5);
	assert_int_equal(find(t, "fd00:0:0:1::7"), 2);
	arena_free(a);
}

static void test_trie__empty_finds_nothing(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	const struct trie *t = trie_build(a, NULL, 0);
	assert_int_equal(find(t, "0.0.0.0"), TRIE_NONE);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trie__agrees_with_a_linear_scan),
		cmocka_unit_test(test_trie__origin_decides_between_equal_prefixes),
		cmocka_unit_test(test_trie__default_routes_and_single_addresses),
		cmocka_unit_test(test_trie__empty_finds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
