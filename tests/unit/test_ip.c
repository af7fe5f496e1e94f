/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/ip.h"

static struct ip ip(const char *text)
{
	struct ip parsed;
	assert_true(ip_parse(&parsed, text));
	return parsed;
}

static struct prefix prefix(const char *text)
{
	struct prefix parsed;
	assert_true(prefix_parse(&parsed, text));
	return parsed;
}

static void assert_ip(const struct ip *address, const char *text)
{
	char out[IP_TEXT];
	ip_format(address, out);
	assert_string_equal(out, text);
}

static void assert_prefix(const struct prefix *p, const char *text)
{
	char out[PREFIX_TEXT];
	prefix_format(p, out);
	assert_string_equal(out, text);
}

static void test_parse__refuses_what_is_no_address(void **state)
{
	(void)state;
	static const char *const addresses[] = { "", "010.0.0.1", "1.2.3", "1.2.3.4 ", "1.2.3.256",
		"fd00::1%eth0", "::1::", "fd00::/8" };
	static const char *const prefixes[] = { "", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33",
		"10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8/8", "::/129",
		"10.0.0.0/99999999999" };
	struct ip address;
	struct prefix p;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		assert_false(ip_parse(&address, addresses[i]));
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		assert_false(prefix_parse(&p, prefixes[i]));
}

static void test_format__longest_fit_and_host_bits_stay(void **state)
{
	(void)state;
	struct prefix p = prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/128");
	assert_prefix(&p, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/128");
	p = prefix("10.0.0.5/24");
	assert_prefix(&p, "10.0.0.5/24");
	assert_false(prefix_is_canonical(&p));
	p = prefix_canonical(&p);
	assert_prefix(&p, "10.0.0.0/24");
	assert_true(prefix_is_canonical(&p));
	p = prefix("255.255.255.255/13");
	p = prefix_canonical(&p);
	assert_prefix(&p, "255.248.0.0/13");
	p = prefix("fd00::ffff/0");
	p = prefix_canonical(&p);
	assert_prefix(&p, "::/0");
}

static void test_compare__families_then_numbers(void **state)
{
	(void)state;
	struct ip low = ip("9.0.0.0"), high = ip("10.0.0.0"), six = ip("::");
	assert_true(ip_compare(&low, &high) < 0);
	assert_true(ip_compare(&high, &six) < 0);
	assert_int_equal(ip_compare(&six, &six), 0);
}

static void test_add__carries_and_ends_with_the_family(void **state)
{
	(void)state;
	struct ip start = ip("10.0.255.250"), sum;
	assert_true(ip_add(&sum, &start, 10));
	assert_ip(&sum, "10.1.0.4");
	start = ip("255.255.255.255");
	assert_true(ip_add(&sum, &start, 0));
	assert_false(ip_add(&sum, &start, 1));
	assert_false(ip_add(&sum, &start, UINT64_MAX));
	start = ip("::ffff:ffff:ffff:ffff");
	assert_true(ip_add(&sum, &start, 1));
	assert_ip(&sum, "0:0:0:1::");
}

static void test_contains__by_bits_within_a_family(void **state)
{
	(void)state;
	struct prefix outer = prefix("10.200.0.7/13"), inner = prefix("10.207.1.0/24");
	struct prefix any4 = prefix("0.0.0.0/0"), any6 = prefix("::/0");
	struct ip inside = ip("10.207.255.255"), outside = ip("10.208.0.0");
	assert_true(prefix_contains(&outer, &inner));
	assert_false(prefix_contains(&inner, &outer));
	assert_true(prefix_overlaps(&inner, &outer));
	assert_true(prefix_has_ip(&outer, &inside));
	assert_false(prefix_has_ip(&outer, &outside));
	assert_true(prefix_contains(&any4, &outer));
	assert_false(prefix_contains(&any6, &outer));
	assert_false(prefix_overlaps(&any6, &any4));
	struct prefix same = prefix("10.200.0.0/13");
	assert_true(prefix_same(&outer, &same));
	assert_false(prefix_same(&outer, &inner));
}

static void test_subnet__nth_or_none(void **state)
{
	(void)state;
	struct prefix base = prefix("10.200.0.9/16"), out;
	assert_true(prefix_subnet(&out, &base, 24, 255));
	assert_prefix(&out, "10.200.255.0/24");
	assert_false(prefix_subnet(&out, &base, 24, 256));
	assert_false(prefix_subnet(&out, &base, 15, 0));
	assert_false(prefix_subnet(&out, &base, 33, 0));
	assert_true(prefix_subnet(&out, &base, 16, 0));
	assert_false(prefix_subnet(&out, &base, 16, 1));
	base = prefix("::/0");
	assert_true(prefix_subnet(&out, &base, 128, UINT64_MAX));
	assert_prefix(&out, "::ffff:ffff:ffff:ffff/128");
	assert_true(prefix_subnet(&out, &base, 64, UINT64_MAX));
	assert_prefix(&out, "ffff:ffff:ffff:ffff::/64");
	assert_false(prefix_subnet(&out, &base, 63, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__refuses_what_is_no_address),
		cmocka_unit_test(test_format__longest_fit_and_host_bits_stay),
		cmocka_unit_test(test_compare__families_then_numbers),
		cmocka_unit_test(test_add__carries_and_ends_with_the_family),
		cmocka_unit_test(test_contains__by_bits_within_a_family),
		cmocka_unit_test(test_subnet__nth_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
