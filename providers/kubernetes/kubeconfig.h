/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig.h - which API server, and who we are to it
 *
 * Reads the files that kubectl reads, as it merges them: of several, the first that has a cluster,
 * a user or a context of a name gives it, and the first `current-context` holds. What would make a
 * connection weaker or another than what is written is refused, never passed over: skipped
 * verification, passwords, impersonation, proxies. Members that say nothing of that are not read.
 *
 * Diagnostics have a place and no excerpt, and never quote a value: a kubeconfig is full of
 * secrets. Keys and tokens are overwritten when the arena is freed.
 */
#ifndef WAYBILL_PROVIDERS_KUBERNETES_KUBECONFIG_H
#define WAYBILL_PROVIDERS_KUBERNETES_KUBECONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

#define KUBECONFIG_BYTES ((size_t)4 << 20) /* of one file, and of one that it names */
#define KUBECONFIG_FILES 64
#define KUBE_EXEC_WORDS 256 /* arguments, and variables, of a plugin */

/* A program that tells who we are (client.authentication.k8s.io). */
struct kube_exec {
	const char *api_version; /* ".../v1" or ".../v1beta1" */
	const char *command;     /* a path, or a name to be found through PATH */
	const char **arguments;
	size_t narguments;
	const char **variables; /* NAME=VALUE, beside our own environment */
	size_t nvariables;
	bool wants_cluster; /* provideClusterInfo */
	json_t *config;     /* what the cluster has for it, or NULL */
	const char *hint;   /* how to install it, or NULL */
};

struct kube_access {
	const char *context;           /* NULL: inside of a cluster */
	const char *server;            /* https (or http of a loopback host), no slash at its end */
	const char *server_name;       /* of its certificate, or NULL: that of `server` */
	const char *authority;         /* PEM; NULL: the system's */
	const char *certificate, *key; /* PEM, or NULL */
	const char *token;             /* or NULL */
	const char *token_file;        /* read for each request; or NULL */
	const struct kube_exec *exec;  /* when there is no token and no certificate, or NULL */
};

/* `paths` is one file, or several with `:` between, of which those may be missing that do not
 * exist. `context` NULL is the current one. False with `kubeconfig-unreadable`,
 * `kubeconfig-invalid`, `kubeconfig-context` or `kubeconfig-unsupported`. */
bool kubeconfig_read(struct arena *, const char *paths, const char *context,
	struct kube_access *out, struct diags *);

/* The account that a pod has: token and CA in `folder`, and where the server is in the
 * environment. False without an error when there is none. */
bool kubeconfig_in_cluster(struct arena *, const char *folder, const char *const *environment,
	struct kube_access *out);

#endif
