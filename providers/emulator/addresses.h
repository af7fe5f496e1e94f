/* SPDX-License-Identifier: Apache-2.0 */
/* addresses.h - the addresses of a subnet, and whose they are
 *
 * A subnet lists the ipConfigurations that are in it, those of NICs and those of a scale set's
 * machines. `taken` is what such a list comes to: each address in use, in its usual text, and the
 * id of the ipConfiguration that has it.
 */
#ifndef WAYBILL_EMULATOR_ADDRESSES_H
#define WAYBILL_EMULATOR_ADDRESSES_H

#include "engine/base/ip.h"
#include "providers/emulator/write.h"

/* Azure's own: the first ones of a range, and its last one. */
#define ADDRESSES_RESERVED_FIRST 4
bool address_is_reserved(const struct prefix *range, const struct ip *);

bool subnet_has(const json_t *subnet, const struct ip *);
/* The subnet that a resource refers to, which must be in the same region. NULL with a refusal. */
json_t *subnet_for(struct write *, const char *subnet_id, const json_t *resource);

/* The private address of an ipConfiguration by its id; NULL when there is none. */
const char *configuration_address(
	const struct cloud *, struct arena *, const char *configuration_id);

/* New. */
json_t *addresses_taken(const struct cloud *, const json_t *subnet);
/* One more; passes over what is no address. */
void address_take(json_t *taken, const char *text, const char *configuration_id);
bool address_is_taken(const json_t *taken, const struct ip *);
/* The first free one of the family, from the place *from on, which it moves behind what it gives: 0
 * is the first of all. False with a refusal when there is none. */
bool address_give(struct write *, const json_t *subnet, const json_t *taken, enum family,
	uint64_t *from, char out[IP_TEXT]);

#endif
