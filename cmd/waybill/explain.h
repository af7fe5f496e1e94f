/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - what a member or a word of the YAML means, from the schemas */
#ifndef WAYBILL_CMD_EXPLAIN_H
#define WAYBILL_CMD_EXPLAIN_H

#include <jansson.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "schemas/schema.h"

/* Of "routeTables", "routeTables.routes" or "subnets.addressPrefix": a new object of {member,
 * meaning?, type, default?, allowed?, required?, required_when?, changing?, members}; NULL: there
 * is no such. */
json_t *explain_member(struct arena *, const struct catalog *, const char *text);
void explain_render(struct buf *out, const json_t *member);

#endif
