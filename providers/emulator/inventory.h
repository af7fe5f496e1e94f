/* SPDX-License-Identifier: Apache-2.0 */
/* inventory.h - everything in a subscription or a group, whatever its type */
#ifndef WAYBILL_EMULATOR_INVENTORY_H
#define WAYBILL_EMULATOR_INVENTORY_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/target.h"

#define INVENTORY_PAGE 1000

bool inventory_list(
	struct emulator *, const struct target *, const struct request *, struct response *);

/* $top of a request; 0 when it has none. False with a refusal. */
bool inventory_top(const struct request *, size_t *top, struct response *);

/* The address of the page that begins at `key`: the request's own, gone on. */
const char *inventory_next(const struct emulator *, const struct request *, const char *key);

#endif
