/* SPDX-License-Identifier: Apache-2.0 */
/* machines.h - names inside NICs and scale sets, and what holds a resource in use */
#ifndef WAYBILL_EMULATOR_MACHINES_H
#define WAYBILL_EMULATOR_MACHINES_H

#include "providers/emulator/write.h"

#define NIC_CONFIGURATIONS_MAX 256 /* documented */

/* Of ipConfigurations or NICs inside `owner`: ids are made of them, and nothing has two of one. */
bool check_item_names(struct write *, const json_t *owner, const json_t *list);

/* Refused while something uses it. */
bool check_subnet_unused(struct write *, const json_t *subnet);
bool check_unused(struct write *, const struct resource_type *root_type, const json_t *root);

#endif
