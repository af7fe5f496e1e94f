/* SPDX-License-Identifier: Apache-2.0 */
/* versions.h - the api-versions that ARM has published
 *
 * Networks' types share one list, and so do those of compute. Groups and what else ARM itself
 * answers take any version that looks like one, as ARM does for groups.
 */
#ifndef WAYBILL_EMULATOR_VERSIONS_H
#define WAYBILL_EMULATOR_VERSIONS_H

#include <jansson.h>

/* Of a namespace as in ARM ("Microsoft.Network"), oldest first; empty: any. New. */
json_t *versions_published(const char *provider);

#endif
