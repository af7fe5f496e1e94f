/* SPDX-License-Identifier: Apache-2.0 */
/* arm_id.h - ARM resource ids
 *
 * An id is /subscriptions/S, /subscriptions/S/resourceGroups/G or
 * /subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME[/TYPE/NAME...].
 * Ids compare without case (common-api-details.md of the resource provider contract).
 */
#ifndef WAYBILL_SCHEMAS_ARM_ID_H
#define WAYBILL_SCHEMAS_ARM_ID_H

#include <stdbool.h>

#include "engine/base/arena.h"

struct arm_id {
	const char *subscription;
	const char *resource_group; /* NULL: a subscription */
	const char *type;           /* "Microsoft.Network/virtualNetworks/subnets"; a group has
				       "Microsoft.Resources/resourceGroups"; NULL: a subscription */
	const char *name;           /* of the last segment */
	const char *parent; /* id of the enclosing resource (a subnet's network); the group of a
			       top-level resource; the subscription of a group; NULL above that */
};

/* False for text that is no id. The strings are in the arena. */
bool arm_id_parse(struct arena *, const char *text, struct arm_id *out);

/* The id of a resource `name` of `type` ("NS/a" or "NS/a/b") inside `parent_id`: the id of its
 * group, of its subscription (for a group), or of its parent resource (for "NS/a/b"). */
char *arm_id_make(struct arena *, const char *parent_id, const char *type, const char *name);

bool arm_id_same(const char *a, const char *b);
/* Lower-cased, for sorting and as a key. */
char *arm_id_key(struct arena *, const char *id);

#endif
