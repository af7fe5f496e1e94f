/* SPDX-License-Identifier: Apache-2.0 */
/* arm.h - requests to Azure Resource Manager */
#ifndef WAYBILL_EMULATOR_ARM_H
#define WAYBILL_EMULATOR_ARM_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/target.h"

/* False when it was refused; the response is complete either way. */
bool arm_serve(struct emulator *, const struct target *, const struct request *, struct response *);

#endif
