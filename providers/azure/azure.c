/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/azure/azure.h"

#include <signal.h>
#include <stdlib.h>

#include "engine/base/json.h"
#include "providers/azure/exchange.h"
#include "providers/net/url.h"

#define CONNECTIONS_USUAL 16

/* `provider` comes first: a struct provider * is a struct azure *. */
struct azure {
	struct provider provider;
	struct exchange_world world;
	struct arena *arena;
	struct credential credential;
	struct exchange *under_way;
	struct operation **finished;
	size_t nfinished, taken, room;
	volatile sig_atomic_t interrupted;
};

static struct azure *azure_of(struct provider *provider)
{
	return (struct azure *)(void *)provider;
}

static void submit(struct provider *provider, struct operation *operation)
{
	struct azure *azure = azure_of(provider);
	struct exchange *exchange = exchange_start(&azure->world, operation);
	exchange->next = azure->under_way;
	if (azure->under_way)
		azure->under_way->previous = exchange;
	azure->under_way = exchange;
}

static void on_finished(struct exchange_world *world, struct exchange *exchange)
{
	struct azure *azure =
		(struct azure *)(void *)((char *)world - offsetof(struct azure, world));
	if (azure->taken == azure->nfinished)
		azure->taken = azure->nfinished = 0;
	if (azure->nfinished == azure->room) {
		azure->room = azure->room ? azure->room * 2 : 64;
		azure->finished =
			mem_realloc(azure->finished, azure->room * sizeof(struct operation *));
	}
	azure->finished[azure->nfinished++] = exchange->operation;
	if (exchange->previous)
		exchange->previous->next = exchange->next;
	else
		azure->under_way = exchange->next;
	if (exchange->next)
		exchange->next->previous = exchange->previous;
	exchange_free(exchange);
}

static struct operation *reap(struct provider *provider, int timeout_ms)
{
	struct azure *azure = azure_of(provider);
	int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;
	for (bool last = false;;) {
		if (azure->interrupted) {
			azure->interrupted = 0;
			return NULL;
		}
		if (azure->taken < azure->nfinished)
			return azure->finished[azure->taken++];
		if (!azure->under_way || last)
			return NULL;
		int64_t now_ms = clock_ms();
		while (timers_fire(&azure->world.timers, now_ms))
			continue;
		if (azure->taken < azure->nfinished)
			continue;
		http_allow(azure->world.http, pace_allowed(&azure->world.pace, now_ms));
		http_step(azure->world.http,
			timers_wait_ms(&azure->world.timers, deadline_ms, now_ms));
		last = clock_ms() >= deadline_ms;
	}
}

static void interrupt_reap(struct provider *provider)
{
	struct azure *azure = azure_of(provider);
	azure->interrupted = 1;
	http_interrupt(azure->world.http);
}

static unsigned count_requests(struct provider *provider)
{
	return http_requests(azure_of(provider)->world.http);
}

static void tell_left(struct provider *provider, struct provider_left *out)
{
	pace_left(&azure_of(provider)->world.pace, out);
}

static void close_provider(struct provider *provider)
{
	if (!provider)
		return;
	struct azure *azure = azure_of(provider);
	while (azure->under_way) {
		struct exchange *next = azure->under_way->next;
		exchange_free(azure->under_way);
		azure->under_way = next;
	}
	token_source_free(azure->world.tokens);
	timers_release(&azure->world.timers);
	versions_release(&azure->world.versions);
	http_close(azure->world.http);
	credential_release(&azure->credential);
	free(azure->finished);
	arena_free(azure->arena);
	free(azure);
}

/* Nothing secret goes over a network in the clear. */
static bool may_know_secrets(const char *origin)
{
	return url_has_scheme(origin, "https") || url_is_loopback(origin);
}

static bool find_credential(
	const struct azure_options *options, struct credential *out, struct diags *diags)
{
	if (options->cloud->emulator) {
		credential_built_in(out);
		return true;
	}
	if (!may_know_secrets(options->cloud->arm) || !may_know_secrets(options->cloud->login))
		return diag_error(diags, PLACE_NONE, "cloud-unknown",
			"the cloud `%s` is not reached by https", options->cloud->name);
	return credential_find(&(struct credential_options){ .environment = options->environment,
				       .cloud = options->cloud->name,
				       .login = options->cloud->login,
				       .arm = options->cloud->arm,
				       .log = options->log },
		out, diags);
}

struct provider *azure_open(const struct azure_options *options, struct diags *diags)
{
	struct credential credential = { 0 };
	if (!find_credential(options, &credential, diags))
		return NULL;
	struct azure *azure = mem_alloc(sizeof *azure);
	*azure = (struct azure){
		.provider = { submit, reap, interrupt_reap, close_provider, count_requests,
			tell_left },
		.arena = arena_new(),
		.credential = credential,
	};
	struct exchange_world *world = &azure->world;
	int most = options->max_connections > 0 ? options->max_connections : CONNECTIONS_USUAL;
	world->http = http_open(&(struct http_options){
		.user_agent = arena_printf(azure->arena, "waybill/%s", options->version),
		.max_connections = most,
		.log = options->log });
	world->arm = arena_strdup(azure->arena, options->cloud->arm);
	world->finished = on_finished;
	pace_init(&world->pace, most);
	versions_init(&world->versions, options->catalog);
	world->registers = options->registers;
	jitter_seed(&world->jitter);
	uuid_random(world->correlation_id);
	world->tokens = token_source_new(&(struct token_options){ .http = world->http,
		.timers = &world->timers,
		.jitter = &world->jitter,
		.credential = &azure->credential,
		.log = options->log,
		.login = arena_strdup(azure->arena, options->cloud->login),
		.scope = arena_printf(azure->arena, "%s/.default", options->cloud->audience) });
	return &azure->provider;
}
