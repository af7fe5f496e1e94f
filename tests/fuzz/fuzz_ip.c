/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* assert() would be gone in a build with NDEBUG. */
static void expect(bool good)
{
	if (!good)
		abort();
}

static void check_prefix(const struct prefix *p)
{
	char text[PREFIX_TEXT];
	struct prefix again, canonical = prefix_canonical(p), subnet;
	prefix_format(p, text);
	expect(prefix_parse(&again, text));
	expect(ip_compare(&again.base, &p->base) == 0 && again.length == p->length);
	expect(prefix_is_canonical(&canonical));
	expect(prefix_same(p, &canonical) && prefix_contains(p, &canonical));
	expect(prefix_has_ip(&canonical, &p->base) && prefix_overlaps(p, &canonical));
	for (unsigned length = 0; length <= family_bits(p->base.family); length++) {
		expect(prefix_subnet(&subnet, p, length, 0) == (length >= p->length));
		if (length < p->length)
			continue;
		expect(prefix_contains(p, &subnet) && prefix_is_canonical(&subnet));
		if (prefix_subnet(&subnet, p, length, p->base.bytes[3]))
			expect(prefix_contains(p, &subnet) && prefix_is_canonical(&subnet));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, len);
	struct ip ip, sum;
	struct prefix p;
	if (ip_parse(&ip, text)) {
		char out[IP_TEXT];
		ip_format(&ip, out);
		expect(ip_parse(&sum, out) && ip_compare(&ip, &sum) == 0);
		if (ip_add(&sum, &ip, len * 12345))
			expect(len == 0 || ip_compare(&ip, &sum) < 0);
	}
	if (prefix_parse(&p, text))
		check_prefix(&p);
	arena_free(a);
	return 0;
}
