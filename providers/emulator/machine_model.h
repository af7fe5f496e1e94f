/* SPDX-License-Identifier: Apache-2.0 */
/* machine_model.h - what Azure makes of a machine's body
 *
 * Clients rely on members that nobody sends: profiles, a name of the disk, a principal for an
 * identity that the system assigns. As recorded at api-version 2025-04-01 where a recording has it.
 */
#ifndef WAYBILL_EMULATOR_MACHINE_MODEL_H
#define WAYBILL_EMULATOR_MACHINE_MODEL_H

#include <jansson.h>

#include "providers/emulator/write.h"

/* Before it is stored: less what Azure never tells, plus the ids of an identity. */
void machine_accept(const struct write *, json_t *machine);
/* As it is told: adds to `properties`, a copy of the machine's, what is usual and not there. */
void machine_complete(const json_t *machine, json_t *properties);

/* The sizes that a machine may have, as a LIST tells them. New. */
json_t *machine_sizes(void);

#endif
