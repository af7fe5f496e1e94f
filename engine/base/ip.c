/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/ip.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

unsigned family_bits(enum family family)
{
	return family == FAMILY_IPV4 ? 32 : 128;
}

static int socket_family(enum family family)
{
	return family == FAMILY_IPV4 ? AF_INET : AF_INET6;
}

bool ip_parse(struct ip *out, const char *text)
{
	*out = (struct ip){ .family = strchr(text, ':') ? FAMILY_IPV6 : FAMILY_IPV4 };
	return inet_pton(socket_family(out->family), text, out->bytes) == 1;
}

/* Below 1,000; returns where it ends. */
static char *put_number(char *out, unsigned number)
{
	if (number >= 100)
		*out++ = (char)('0' + number / 100);
	if (number >= 10)
		*out++ = (char)('0' + number / 10 % 10);
	*out++ = (char)('0' + number % 10);
	return out;
}

void ip_format(const struct ip *ip, char out[IP_TEXT])
{
	/* inet_ntop() prints these by sprintf(), and there are many. */
	if (ip->family == FAMILY_IPV4) {
		for (unsigned i = 0; i < 4; i++) {
			out = put_number(out, ip->bytes[i]);
			*out++ = i < 3 ? '.' : '\0';
		}
		return;
	}
	const char *text = inet_ntop(socket_family(ip->family), ip->bytes, out, IP_TEXT);
	assert(text);
	(void)text;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* Adds n << shift. False past the end of the family. */
static bool add_shifted(struct ip *ip, uint64_t n, unsigned shift)
{
	unsigned bits = family_bits(ip->family), carry = 0;
	if (bits - shift < 64 && n >> (bits - shift))
		return false;
	for (unsigned i = bits / 8, at = 0; i-- > 0; at += 8) {
		/* What n << shift has at the bits from `at` on. */
		uint64_t part = 0;
		if (at < shift)
			part = shift - at < 8 ? n << (shift - at) : 0;
		else
			part = at - shift < 64 ? n >> (at - shift) : 0;
		unsigned sum = ip->bytes[i] + (unsigned)(part & 0xff) + carry;
		ip->bytes[i] = (uint8_t)(sum & 0xff);
		carry = sum >> 8;
	}
	return carry == 0;
}

bool ip_add(struct ip *out, const struct ip *ip, uint64_t n)
{
	struct ip sum = *ip;
	if (!add_shifted(&sum, n, 0))
		return false;
	*out = sum;
	return true;
}

/* LENGTH as people write it: no sign, no space, no zero in front. */
static bool parse_length(const char *text, unsigned most, unsigned *out)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 3 || text[digits] || (text[0] == '0' && digits > 1))
		return false;
	unsigned length = 0;
	for (size_t i = 0; i < digits; i++)
		length = length * 10 + (unsigned)(text[i] - '0');
	*out = length;
	return length <= most;
}

bool prefix_parse(struct prefix *out, const char *text)
{
	*out = (struct prefix){ 0 };
	const char *slash = strchr(text, '/');
	char address[IP_TEXT];
	if (!slash || (size_t)(slash - text) >= sizeof address)
		return false;
	size_t len = (size_t)(slash - text);
	memcpy(address, text, len);
	address[len] = '\0';
	return ip_parse(&out->base, address) &&
		parse_length(slash + 1, family_bits(out->base.family), &out->length);
}

void prefix_format(const struct prefix *prefix, char out[PREFIX_TEXT])
{
	ip_format(&prefix->base, out);
	out += strlen(out);
	*out++ = '/';
	*put_number(out, prefix->length) = '\0';
}

/* The bits of byte `i` of an address that a prefix of this length says. */
static uint8_t kept_bits(unsigned length, unsigned i)
{
	unsigned kept = length > i * 8 ? length - i * 8 : 0;
	return (uint8_t)(kept < 8 ? 0xff00U >> kept : 0xffU);
}

struct prefix prefix_canonical(const struct prefix *prefix)
{
	struct prefix canonical = *prefix;
	for (unsigned i = prefix->length / 8; i < family_bits(prefix->base.family) / 8; i++)
		canonical.base.bytes[i] &= kept_bits(prefix->length, i);
	return canonical;
}

bool prefix_is_canonical(const struct prefix *prefix)
{
	struct prefix canonical = prefix_canonical(prefix);
	return ip_compare(&canonical.base, &prefix->base) == 0;
}

bool prefix_has_ip(const struct prefix *prefix, const struct ip *ip)
{
	unsigned whole = prefix->length / 8;
	const uint8_t *ours = prefix->base.bytes, *theirs = ip->bytes;
	return prefix->base.family == ip->family && memcmp(ours, theirs, whole) == 0 &&
		(prefix->length % 8 == 0 ||
			((ours[whole] ^ theirs[whole]) & kept_bits(prefix->length, whole)) == 0);
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	return outer->length <= inner->length && prefix_has_ip(outer, &inner->base);
}

bool prefix_same(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && prefix_has_ip(a, &b->base);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, b) || prefix_contains(b, a);
}

bool prefix_subnet(struct prefix *out, const struct prefix *prefix, unsigned length, uint64_t n)
{
	unsigned bits = family_bits(prefix->base.family);
	if (length < prefix->length || length > bits)
		return false;
	unsigned free_bits = length - prefix->length;
	if (free_bits < 64 && n >> free_bits)
		return false;
	struct prefix subnet = prefix_canonical(prefix);
	subnet.length = length;
	if (n && !add_shifted(&subnet.base, n, bits - length))
		return false;
	*out = subnet;
	return true;
}
