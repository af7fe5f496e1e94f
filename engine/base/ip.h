/* SPDX-License-Identifier: Apache-2.0 */
/* ip.h - addresses and prefixes, IPv4 and IPv6 alike
 *
 * An address is 16 bytes in network order; IPv4 uses the first four. Text is read by inet_pton,
 * so 010.0.0.1 and 1.2.3 are refused.
 */
#ifndef WAYBILL_BASE_IP_H
#define WAYBILL_BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

enum family {
	FAMILY_IPV4 = 4,
	FAMILY_IPV6 = 6
};

struct ip {
	enum family family;
	uint8_t bytes[16]; /* zero behind an IPv4 address */
};

struct prefix {
	struct ip base; /* as written: host bits may be set */
	unsigned length;
};

#define IP_TEXT 46     /* bytes of the longest address with its NUL */
#define PREFIX_TEXT 50 /* bytes of the longest prefix with its NUL */

bool ip_parse(struct ip *out, const char *text);
void ip_format(const struct ip *, char out[IP_TEXT]);
int ip_compare(const struct ip *, const struct ip *); /* IPv4 before IPv6, then by number */
/* *out = the address + n. False past the end of the family. */
bool ip_add(struct ip *out, const struct ip *, uint64_t n);
unsigned family_bits(enum family); /* 32 or 128 */

/* False for anything but ADDRESS/LENGTH. Host bits are kept: see prefix_is_canonical(). */
bool prefix_parse(struct prefix *out, const char *text);
void prefix_format(const struct prefix *, char out[PREFIX_TEXT]);
bool prefix_is_canonical(const struct prefix *); /* no host bits set */
struct prefix prefix_canonical(const struct prefix *);
bool prefix_same(const struct prefix *, const struct prefix *);
bool prefix_has_ip(const struct prefix *, const struct ip *);
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *, const struct prefix *);
/* The nth subnet of `length` bits inside the prefix; false when there is none. */
bool prefix_subnet(struct prefix *out, const struct prefix *, unsigned length, uint64_t n);

#endif
