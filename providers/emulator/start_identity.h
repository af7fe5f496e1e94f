/* SPDX-License-Identifier: Apache-2.0 */
/* start_identity.h - who exists at first: the part of cloud.yaml about sign-in
 *
 *   tenants: [ID]
 *   applications:
 *     NAME: {clientId, objectId?, tenant?, singleUse?,
 *            secrets: [{value, expires?: YYYY-MM-DDTHH:MM:SSZ}],
 *            certificates: [{file} or {pem}],
 *            federatedCredentials: [{issuer, subject, audiences?}]}
 *   managedIdentities:
 *     NAME: {clientId, objectId?, resourceId?, systemAssigned?}
 *   roleAssignments: [{principal: NAME or object id, role or actions and notActions?, scope?}]
 */
#ifndef WAYBILL_EMULATOR_START_IDENTITY_H
#define WAYBILL_EMULATOR_START_IDENTITY_H

#include "engine/base/yaml.h"
#include "providers/emulator/cloud.h"

/* Into the cloud's directory. A certificate's file is beside the YAML's. */
bool start_identity(struct cloud *, const struct yaml *, struct diags *);

#endif
