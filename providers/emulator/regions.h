/* SPDX-License-Identifier: Apache-2.0 */
/* regions.h - Azure's regions, and the tenant and subscriptions of the cloud
 *
 * The regions are a part of Azure's public ones, by the names and groups that it gives them.
 */
#ifndef WAYBILL_EMULATOR_REGIONS_H
#define WAYBILL_EMULATOR_REGIONS_H

#include "providers/emulator/emulator.h"
#include "providers/emulator/target.h"

/* The names as Azure shows them: "Japan East". New. */
json_t *regions_displayed(void);
/* "eastus, eastus2": as ARM lists them in refusals, of which some have no blank between them. */
const char *regions_text(struct arena *, const char *between);
/* By the short name. */
bool regions_has(const char *name);

bool regions_list(
	struct emulator *, const struct target *, const struct request *, struct response *);
bool tenants_list(
	struct emulator *, const struct target *, const struct request *, struct response *);
bool subscriptions_list(
	struct emulator *, const struct target *, const struct request *, struct response *);
bool subscription_get(
	struct emulator *, const struct target *, const struct request *, struct response *);

#endif
