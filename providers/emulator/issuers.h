/* SPDX-License-Identifier: Apache-2.0 */
/* issuers.h - the issuers of other clouds: GitHub Actions, Azure Pipelines, a Kubernetes cluster
 *
 * Each gives the tokens that its real one would give to a job or a pod, signed by a key of its own,
 * to whom shows the bearer that /_emulator/environment tells. `iss` is the real one's, so that a
 * federated credential is written in cloud.yaml as it is registered in Entra.
 */
#ifndef WAYBILL_EMULATOR_ISSUERS_H
#define WAYBILL_EMULATOR_ISSUERS_H

#include "providers/emulator/front.h"
#include "providers/emulator/identity.h"

#define ISSUER_GITHUB_URL "https://token.actions.githubusercontent.com"
#define ISSUER_PIPELINES_URL "https://vstoken.dev.azure.com/00000000-0000-0000-0000-0000000000ad"
#define ISSUER_KUBERNETES_URL "https://kubernetes.default.svc.cluster.local"

#define ISSUER_GITHUB_REPOSITORY "waybill/emulated"
#define ISSUER_GITHUB_SUBJECT "repo:" ISSUER_GITHUB_REPOSITORY ":ref:refs/heads/main"
#define ISSUER_PIPELINES_CONNECTION "00000000-0000-0000-0000-0000000000ac"
#define ISSUER_PIPELINES_SUBJECT "sc://waybill/emulated/azure"

/* GET with an `audience`; POST for a service connection; POST of a TokenRequest for the service
 * account in the path. */
front_fn issuers_github, issuers_pipelines, issuers_kubernetes;
front_fn issuers_keys; /* of the one that the path names first */

/* ISSUER_COUNT when it is none of them. */
enum issuer issuer_by_url(const char *url);

#endif
