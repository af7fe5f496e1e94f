/* SPDX-License-Identifier: Apache-2.0 */
/* addresses.h - the addresses of a subnet, and whose they are
 *
 * A subnet lists the ipConfigurations that are in it, those of NICs and those of a scale set's
 * machines. Who gives or checks several addresses keeps a pool for each subnet it meets.
 */
#ifndef WAYBILL_EMULATOR_ADDRESSES_H
#define WAYBILL_EMULATOR_ADDRESSES_H

#include "engine/base/ip.h"
#include "providers/emulator/write.h"

/* Azure's own: the first ones of a range, and its last one. */
#define ADDRESSES_RESERVED_FIRST 4
bool address_is_reserved(const struct prefix *range, const struct ip *);

bool subnet_has(const json_t *subnet, const struct ip *);
/* The subnet that a resource refers to, which must be in the same subscription and region, and not
 * about to go. NULL with a refusal. */
json_t *subnet_for(struct write *, const char *subnet_id, const json_t *resource);

/* IPv4, unless its privateIPAddressVersion says otherwise. */
enum family configuration_family(const json_t *configuration);
/* The private address of an ipConfiguration by its id; NULL when there is none. */
const char *configuration_address(
	const struct cloud *, struct arena *, const char *configuration_id);

/* The addresses in use, in their usual text; those of what is below `except_id` (may be NULL) are
 * left out. New. */
json_t *addresses_taken(const struct cloud *, const json_t *subnet, const char *except_id);
bool address_is_taken(const json_t *taken, const struct ip *);

/* What a subnet has: `taken`, and by family the place from which on one may be free. */
struct pool {
	const json_t *subnet;
	json_t *taken;
	uint64_t from4, from6;
};

/* Those of one write. All zero but the first two, then pools_release() it. */
struct pools {
	struct write *w;
	const char *except_id; /* as above */
	struct pool *items;    /* in the arena of the request */
	size_t count;
};

/* Borrowed until the next pool is asked for. */
struct pool *pool_of(struct pools *, const json_t *subnet);
void pool_take(struct pool *, const struct ip *);
/* The first free one of the family, which is no longer free then; false with a refusal when there
 * is none. */
bool pool_give(struct pools *, struct pool *, enum family, char out[IP_TEXT]);
void pools_release(struct pools *);

#endif
