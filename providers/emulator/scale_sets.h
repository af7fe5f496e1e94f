/* SPDX-License-Identifier: Apache-2.0 */
/* scale_sets.h - uniform scale sets, as they are read
 *
 * A uniform set's machines and their NICs are no resources of their own: they stand inside the set
 * and are in no other list. The cloud keeps them in the set under names that no client sees
 * (`instances`: {ID: {tags, nics: {NAME: {ipForwarding, primary, addresses: [{name, ip,
 * subnet}]}}}}), and each LIST is made from that, as recorded at api-version 2025-04-01. A flexible
 * set holds nothing: its machines are ordinary ones that name it. How sets are written is in
 * scaling.h.
 */
#ifndef WAYBILL_EMULATOR_SCALE_SETS_H
#define WAYBILL_EMULATOR_SCALE_SETS_H

#include <jansson.h>

#include "providers/emulator/cloud.h"

#define SCALE_SET_INSTANCES "/properties/instances"
#define SCALE_SET_CAPACITY_MAX 1000 /* documented, for images of the marketplace */

struct response;

/* The machines of a set, and the NICs of all of them. New. */
json_t *scale_set_instances(const json_t *set);
json_t *scale_set_nics(const json_t *set);
/* The machine that the target names. New; NULL with a refusal. */
json_t *scale_set_instance(const json_t *set, const struct target *, struct response *);
/* How its instances are, counted. New. */
json_t *scale_set_view(const json_t *set);
/* The set as a client sees it. New. */
json_t *scale_set_told(const json_t *set);

/* Makes these its machines, and its sku say how many they are. */
void scale_set_hold(json_t *set, json_t *instances_new);

/* The address of one of its ipConfigurations, by the machine and the NIC that the target names;
 * NULL when there is none. */
const char *scale_set_address(const json_t *set, const struct target *, const char *configuration);

/* The addresses of a set in their subnets, or out of them. */
void scale_set_link(struct cloud *, const json_t *set, bool add);

#endif
