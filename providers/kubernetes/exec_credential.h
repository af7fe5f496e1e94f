/* SPDX-License-Identifier: Apache-2.0 */
/* exec_credential.h - what a plugin is told, and what it answers (ExecCredential)
 *
 * Pure. Of client.authentication.k8s.io/v1 and v1beta1, which say the same.
 */
#ifndef WAYBILL_PROVIDERS_KUBERNETES_EXEC_CREDENTIAL_H
#define WAYBILL_PROVIDERS_KUBERNETES_EXEC_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "providers/kubernetes/kubeconfig.h"

#define EXEC_ANSWER_BYTES ((size_t)1 << 20)

/* Secrets, each to be freed by exec_credential_clear(). A token, a certificate, or both. */
struct exec_credential {
	char *token;
	char *certificate, *key; /* PEM, both or neither */
	time_t ends;             /* 0: not told */
};

/* What the plugin finds in KUBERNETES_EXEC_INFO. In the arena. */
char *exec_credential_info(struct arena *, const struct kube_access *);

/* False with *problem, which never quotes the text. */
bool exec_credential_read(const char *text, size_t len, const char *api_version,
	struct exec_credential *out, const char **problem);
void exec_credential_clear(struct exec_credential *);

#endif
