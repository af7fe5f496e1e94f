/* SPDX-License-Identifier: Apache-2.0 */
/* openid.h - where a tenant's endpoints are and whose keys sign its tokens
 *
 * /adfs is the tenant too, in the manner of an authority that is not Entra: clients then ask no
 * other host whether it may be trusted. An access token of ARM is of version 1 whatever endpoint
 * gave it, so the issuer of all of them is that of the first configuration.
 */
#ifndef WAYBILL_EMULATOR_OPENID_H
#define WAYBILL_EMULATOR_OPENID_H

#include "providers/emulator/front.h"

front_fn openid_configuration, openid_configuration_v2, openid_configuration_adfs;
front_fn openid_instance, openid_keys;

/* The `iss` of a tenant's tokens; in the arena. */
const char *openid_issuer(const struct emulator *, struct arena *, const char *tenant);

#endif
