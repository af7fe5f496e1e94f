/* SPDX-License-Identifier: Apache-2.0 */
/* machines.h - addresses of NICs, and what holds a resource in use */
#ifndef WAYBILL_EMULATOR_MACHINES_H
#define WAYBILL_EMULATOR_MACHINES_H

#include "engine/base/ip.h"
#include "providers/emulator/write.h"

/* The private address of an ipConfiguration by its id; NULL when there is none. */
const char *nic_address(const struct cloud *, struct arena *, const char *configuration_id);
bool subnet_has(const json_t *subnet, const struct ip *);

/* Azure's own: the first ones of a range, and its last one. */
#define ADDRESSES_RESERVED_FIRST 4
bool address_is_reserved(const struct prefix *range, const struct ip *);

/* Refused while something uses it. */
bool check_subnet_unused(struct write *, const json_t *subnet);
bool check_unused(struct write *, const struct resource_type *root_type, const json_t *root);

#endif
