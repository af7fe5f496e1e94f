/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/kubernetes/kubernetes.h"

#include <signal.h>
#include <stdlib.h>

#include "providers/kubernetes/listing.h"

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

/* `provider` comes first: a struct provider * is a struct kubernetes *. One list after another is
 * read: there are a few of them, and a page of one is the server's work enough. */
struct kubernetes {
	struct provider provider;
	struct listing_world world;
	struct arena *arena;
	struct kube_access access;
	struct listing *under_way;
	struct operation *finished;
	struct operation **waiting; /* in the arena */
	size_t nwaiting, begun;
	volatile sig_atomic_t interrupted;
};

static struct kubernetes *kubernetes_of(struct provider *provider)
{
	return (struct kubernetes *)(void *)provider;
}

static void submit(struct provider *provider, struct operation *operation)
{
	struct kubernetes *k = kubernetes_of(provider);
	*ARENA_PUSH(k->arena, k->waiting, k->nwaiting) = operation;
}

static void on_finished(struct listing_world *world, struct listing *listing)
{
	struct kubernetes *k =
		(struct kubernetes *)(void *)((char *)world - offsetof(struct kubernetes, world));
	k->finished = listing_operation(listing);
	k->under_way = NULL;
	listing_free(listing);
}

static bool begin_next(struct kubernetes *k)
{
	if (!k->under_way && k->begun < k->nwaiting)
		k->under_way = listing_start(&k->world, k->waiting[k->begun++]);
	return k->under_way != NULL;
}

static struct operation *reap(struct provider *provider, int timeout_ms)
{
	struct kubernetes *k = kubernetes_of(provider);
	int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;
	for (bool last = false;;) {
		struct operation *finished = k->finished;
		if (k->interrupted) {
			k->interrupted = 0;
			return NULL;
		}
		k->finished = NULL;
		if (finished)
			return finished;
		if (last || !begin_next(k))
			return NULL;
		int64_t now_ms = clock_ms();
		while (timers_fire(&k->world.timers, now_ms))
			continue;
		if (k->finished)
			continue;
		http_step(k->world.http, timers_wait_ms(&k->world.timers, deadline_ms, now_ms));
		last = clock_ms() >= deadline_ms;
	}
}

static void interrupt_reap(struct provider *provider)
{
	struct kubernetes *k = kubernetes_of(provider);
	k->interrupted = 1;
	http_interrupt(k->world.http);
}

static void tell_left(struct provider *provider, struct provider_left *out)
{
	(void)provider;
	*out = (struct provider_left){ -1, -1, -1 };
}

static unsigned count_requests(struct provider *provider)
{
	return http_requests(kubernetes_of(provider)->world.http);
}

static void close_provider(struct provider *provider)
{
	if (!provider)
		return;
	struct kubernetes *k = kubernetes_of(provider);
	listing_free(k->under_way);
	identity_free(k->world.identity);
	timers_release(&k->world.timers);
	http_close(k->world.http);
	arena_free(k->arena);
	free(k);
}

static bool no_kubeconfig(const char *context, struct diags *diags)
{
	if (context)
		(void)diag_error(diags, PLACE_NONE, "kubeconfig-missing",
			"there is no kubeconfig to look for context `%s` in", context);
	else
		(void)diag_error(diags, PLACE_NONE, "kubeconfig-missing",
			"a node set is read from a cluster, and no kubeconfig is given");
	diag_help(diags,
		"name one by --kubeconfig FILE or KUBECONFIG; ~/.kube/config is not read by "
		"itself");
	return false;
}

static bool find_access(const struct kubernetes_options *options, struct arena *a,
	struct kube_access *access, struct diags *diags)
{
	if (options->kubeconfig)
		return kubeconfig_read(
			a, arena_strdup(a, options->kubeconfig), options->context, access, diags);
	if (options->context || !kubeconfig_in_cluster(a, ACCOUNT, options->environment, access))
		return no_kubeconfig(options->context, diags);
	return true;
}

static bool check_exec(const struct kubernetes_options *options, const struct kube_access *access,
	struct diags *diags)
{
	if (!access->exec || options->allow_exec)
		return true;
	(void)diag_error(diags, PLACE_NONE, "exec-not-allowed",
		"context `%s` of the kubeconfig wants to run the plugin `%s`", access->context,
		access->exec->command);
	diag_help(diags, "if that is meant, allow it with --allow-exec");
	return false;
}

struct provider *kubernetes_open(const struct kubernetes_options *options, struct diags *diags)
{
	struct arena *a = arena_new();
	struct kube_access access = { 0 };
	if (!find_access(options, a, &access, diags) || !check_exec(options, &access, diags)) {
		arena_free(a);
		return NULL;
	}
	struct kubernetes *k = mem_alloc(sizeof *k);
	*k = (struct kubernetes){
		.provider = { submit, reap, interrupt_reap, close_provider, count_requests,
			tell_left },
		.arena = a,
		.access = access,
	};
	struct listing_world *world = &k->world;
	world->http = http_open(&(struct http_options){
		.user_agent = arena_printf(a, "waybill/%s", options->version),
		.max_connections = 1,
		.log = options->log });
	world->server = access.server;
	world->request_ms = options->request_ms ? options->request_ms : KUBE_REQUEST_MS;
	world->finished = on_finished;
	jitter_seed(&world->jitter);
	world->identity = identity_new(&(struct identity_options){ .access = &k->access,
		.http = world->http,
		.environment = options->environment,
		.exec_ms = options->exec_ms });
	return &k->provider;
}
