/* SPDX-License-Identifier: Apache-2.0 */
/* machine_state.h - whether a machine runs, and what Azure tells of that
 *
 * The state of a machine's power stands in its body under a name that no client sees: "running",
 * "stopped" (its place is kept) or "deallocated". It is told as an instance view, by itself or
 * inside the machine when `$expand=instanceView` (or `statusOnly=true` of a LIST) asks for it.
 */
#ifndef WAYBILL_EMULATOR_MACHINE_STATE_H
#define WAYBILL_EMULATOR_MACHINE_STATE_H

#include <jansson.h>
#include <stdbool.h>

#include "providers/emulator/message.h"

#define MACHINE_POWER "powerState"

bool machine_runs(const json_t *machine);
void machine_set_power(json_t *machine, const char *power);

/* The machine as a client sees it. New. */
json_t *machine_told(const json_t *machine);
/* The same with its instance view. New. */
json_t *machine_expanded(const json_t *machine);
json_t *machine_instance_view(const json_t *machine);
/* Whether the request wants it expanded. */
bool machine_is_expanded(const struct request *);

#endif
