/* SPDX-License-Identifier: Apache-2.0 */
/* scaling.h - scale sets, written
 *
 * A client says by `sku.capacity` how many machines a uniform set has, and by its
 * virtualMachineProfile what NICs they are given, each with the first free address of its subnet.
 * Machines that are there stay as they were made; of too many the newest go. Flexible sets hold
 * nothing: the emulator makes no ordinary machines for them.
 */
#ifndef WAYBILL_EMULATOR_SCALING_H
#define WAYBILL_EMULATOR_SCALING_H

#include <jansson.h>
#include <stdbool.h>

struct write;

bool check_scale_set(struct write *, json_t *set);

#endif
