/* SPDX-License-Identifier: Apache-2.0 */
/* usages.h - how many of a kind there may be in a region, and how many there are
 *
 * The limits are those documented in 2026 unless the start gives another: `limits: {NAME: N}`.
 * What is counted by resource (`...PerRouteTable`) has no current value, as in Azure's answers.
 */
#ifndef WAYBILL_EMULATOR_USAGES_H
#define WAYBILL_EMULATOR_USAGES_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/target.h"

struct write;

bool usage_is_known(const char *name);
size_t usage_limit(const struct emulator *, const char *name);
bool usages_list(
	struct emulator *, const struct target *, const struct request *, struct response *);
/* Refuses one more table than there may be. */
bool check_table_count(struct write *, const json_t *table);

#endif
