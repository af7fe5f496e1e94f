/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes.h - a Kubernetes API server as a provider that only lists
 *
 * VERB_LIST alone, of a path such as "/api/v1/nodes", with the operation's `query`, such as a
 * labelSelector. The reply holds of each item what makes a node: metadata.name and .labels,
 * spec.podCIDR and .podCIDRs, status.addresses; a node's images and conditions are ten times that.
 *
 * A list is read in pages. A page may be too late for the server to know its list (410): then all
 * is read again, from the start. Passing failures are tried again, as long as KUBE_PATIENCE_MS
 * allows. Who we are goes to the server of the kubeconfig alone: no redirect is followed.
 */
#ifndef WAYBILL_PROVIDERS_KUBERNETES_KUBERNETES_H
#define WAYBILL_PROVIDERS_KUBERNETES_KUBERNETES_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "providers/net/log.h"
#include "providers/provider.h"

#define KUBE_PAGE_ITEMS 500
#define KUBE_PAGES_MOST 2000
#define KUBE_ITEMS_MOST 200000
#define KUBE_BYTES_MOST ((size_t)4 << 30) /* of all pages, as they come */
#define KUBE_RESTARTS_MOST 3
#define KUBE_REQUEST_MS 60000   /* for one page; the server itself gives up after 60 s */
#define KUBE_PATIENCE_MS 300000 /* of one list: after it nothing is tried again */
#define KUBE_LIST_MS 1200000    /* for all of its pages */

struct kubernetes_options {
	const char *kubeconfig; /* files as kubeconfig_read() takes them; NULL: the account of the
				   pod that we run in */
	const char *context;    /* NULL: the current one */
	bool allow_exec;
	const char *const *environment; /* that plugins inherit; NULL-terminated NAME=VALUE */
	const char *version;            /* for User-Agent */
	struct net_log log;
	long request_ms, exec_ms; /* bounds of one request and of a plugin; 0: as above */
};

/* NULL with errors: those of kubeconfig_read(), `kubeconfig-missing` or `exec-not-allowed`. No
 * request is sent and no plugin runs before the first operation. Strings are copied; the
 * environment is borrowed. Failures of operations have the codes `cluster-unreachable`,
 * `cluster-untrusted`, `cluster-sign-in`, `cluster-refused`, `cluster-answer` and `exec-failed`. */
struct provider *kubernetes_open(const struct kubernetes_options *, struct diags *);

#endif
