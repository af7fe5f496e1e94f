/* SPDX-License-Identifier: Apache-2.0 */
/* exec_plugin.h - runs a plugin that a kubeconfig names, and takes what it says
 *
 * It blocks. Who may call it has been allowed to: --allow-exec.
 */
#ifndef WAYBILL_PROVIDERS_KUBERNETES_EXEC_PLUGIN_H
#define WAYBILL_PROVIDERS_KUBERNETES_EXEC_PLUGIN_H

#include <stdbool.h>

#include "engine/base/buf.h"
#include "providers/kubernetes/kubeconfig.h"

#define EXEC_LIMIT_MS 60000
#define EXEC_ERROR_BYTES ((size_t)64 << 10)

struct exec_run {
	const char *const *environment; /* that it inherits */
	const char *info;               /* the text of KUBERNETES_EXEC_INFO */
	long limit_ms;
	struct buf out, errors; /* what it printed; to be initialised with their bounds */
};

/* True when it ended well. False with *problem, in the arena; `errors` is filled either way. */
bool exec_plugin_run(
	struct arena *, const struct kube_exec *, struct exec_run *, const char **problem);

#endif
