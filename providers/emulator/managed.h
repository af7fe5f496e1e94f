/* SPDX-License-Identifier: Apache-2.0 */
/* managed.h - tokens for managed identities: of a machine (IMDS) and of App Service
 *
 * Which identity: the one that client_id, object_id or msi_res_id (mi_res_id) names; without a name
 * the system's own, or the only one there is. Texts of refusals are those of the services where
 * public issues quote them; those of App Service are unconfirmed.
 */
#ifndef WAYBILL_EMULATOR_MANAGED_H
#define WAYBILL_EMULATOR_MANAGED_H

#include "providers/emulator/front.h"

front_fn managed_imds; /* GET /metadata/identity/oauth2/token */
/* GET /msi/token: 2019-08-01, and 2017-09-01 with its own header and its dates in words, which az
 * reads in one form alone; the other, of Windows, is that of /msi/windows/token. */
front_fn managed_app_service, managed_app_service_windows;

#endif
