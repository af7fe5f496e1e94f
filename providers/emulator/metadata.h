/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.h - GET /metadata/endpoints: what a cloud says of itself, before anybody signs in
 *
 * Three shapes, by api-version: of the oldest with a few endpoints, an array of clouds since
 * 2019-05-01, one object since 2022-09-01. Every host named is the emulator's own.
 */
#ifndef WAYBILL_EMULATOR_METADATA_H
#define WAYBILL_EMULATOR_METADATA_H

#include "providers/emulator/front.h"

#define METADATA_NAME "WaybillEmulator"
/* Behind an account's name: every name below it is this machine (RFC 6761), so that a client which
 * goes there with its token reaches nobody else. */
#define METADATA_SUFFIX "localhost"

front_fn metadata_endpoints;

#endif
