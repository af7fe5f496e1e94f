/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - who we are to the API server at this moment
 *
 * What the kubeconfig says stays; a file is read each time; a plugin is asked once, again when
 * what it gave comes to its end, and when it was refused. One thread, and a plugin blocks it.
 */
#ifndef WAYBILL_PROVIDERS_KUBERNETES_IDENTITY_H
#define WAYBILL_PROVIDERS_KUBERNETES_IDENTITY_H

#include <stdbool.h>

#include "providers/kubernetes/kubeconfig.h"
#include "providers/net/http.h"
#include "providers/provider.h"

struct identity_options {
	const struct kube_access *access; /* all are borrowed */
	struct http *http;
	const char *const *environment;
	long exec_ms;
};

struct identity;

struct identity *identity_new(const struct identity_options *);
void identity_free(struct identity *); /* NULL is allowed */

/* Lent until the next call. False with a failure, whose texts are in the arena. */
bool identity_get(struct identity *, struct arena *, const char **token, struct http_tls *tls,
	struct failure *);
/* What was given last was answered by 401. True when the next identity_get() may give another. */
bool identity_refused(struct identity *);

#endif
