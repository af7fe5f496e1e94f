/* SPDX-License-Identifier: Apache-2.0 */
/* start.h - the cloud at first, from YAML
 *
 * The format is described in examples/hard-way/cloud.yaml. Each resource is made by the same PUT
 * that a client would send, so that a start cannot hold what Azure would refuse.
 */
#ifndef WAYBILL_EMULATOR_START_H
#define WAYBILL_EMULATOR_START_H

#include "providers/emulator/emulator.h"

bool start_load(struct emulator *, const char *path, struct diags *);

#endif
