/* SPDX-License-Identifier: Apache-2.0 */
/* versions.h - the api-versions that ARM has published
 *
 * Networks' types share one list, and so do those of compute. Groups and what else ARM itself
 * answers have a list of their own, of which no client needs to know all: what is not
 * older than its oldest and not of a later year than its newest is taken, too.
 */
#ifndef WAYBILL_EMULATOR_VERSIONS_H
#define WAYBILL_EMULATOR_VERSIONS_H

#include <jansson.h>
#include <stdbool.h>

/* Of a namespace as in ARM ("Microsoft.Network"), oldest first; empty: any. New. */
json_t *versions_published(const char *provider);

/* For what belongs to no namespace: how ARM lists them in a refusal, and whether it takes one. */
const char *versions_of_arm(void);
bool versions_arm_takes(const char *version);

#endif
