/* SPDX-License-Identifier: Apache-2.0 */
/* links.h - members that Azure computes from other resources
 *
 * A table lists the subnets that use it, a subnet the addresses in it, a NIC its machine (and a
 * MAC address as long as it has one); peerings
 * know of each other. Etags do not change with them.
 */
#ifndef WAYBILL_EMULATOR_LINKS_H
#define WAYBILL_EMULATOR_LINKS_H

#include "providers/emulator/cloud.h"

/* Puts an id into a list of references, or takes it and what is below it out: `member` of the
 * resource `to`. */
void links_list(struct cloud *, const char *to, const char *member, const char *id, bool add);
/* Writes what `root` refers to into what it refers to, or takes it out there. */
void links_add(struct cloud *, const struct resource_type *root_type, const json_t *root);
void links_drop(struct cloud *, const struct resource_type *root_type, const json_t *root);

#endif
