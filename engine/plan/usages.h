/* SPDX-License-Identifier: Apache-2.0 */
/* usages.h - reads what a region's limits are: one LIST a region */
#ifndef WAYBILL_PLAN_USAGES_H
#define WAYBILL_PLAN_USAGES_H

#include "engine/network/usages.h"
#include "engine/plan/plan.h"

/* False with errors. */
bool usages_read(const struct plan *, const struct region *, size_t count, struct provider *,
	struct usages *out, struct diags *);

#endif
