/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - what Azure demands of a resource beyond its shape
 *
 * Each sees a whole root as it would be stored, may bring it into the form in which Azure answers
 * it, and refuses with Azure's code.
 */
#ifndef WAYBILL_EMULATOR_RULES_H
#define WAYBILL_EMULATOR_RULES_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/ip.h"

struct write;

bool check_table(struct write *, json_t *table);
bool check_network(struct write *, json_t *network);
bool check_nic(struct write *, json_t *nic);
bool check_vm(struct write *, json_t *machine);

/* No two children (or what else has names) of one name, whatever its case: ARM cannot tell them
 * apart. Each has a name. */
bool check_names(struct write *, const json_t *root, const json_t *children);

/* An address range without host bits; `owner` is the id of what it belongs to. */
bool check_prefix(struct write *, const char *owner, const char *text, struct prefix *out);
/* The range or ranges of a subnet: addressPrefix or addressPrefixes; visits each text. */
const char *subnet_range(const json_t *subnet, size_t i);

#endif
