/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/keeping.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/clock.h"

/* `provider` comes first: a struct provider * is a struct keeping *. */
struct keeping {
	struct provider provider;
	struct provider *inner;
	struct state *const *state;
	void (*waited)(void *context);
	void *context;
	volatile sig_atomic_t interrupted;
};

static struct keeping *keeping_of(struct provider *provider)
{
	return (struct keeping *)(void *)provider;
}

static void submit(struct provider *provider, struct operation *operation)
{
	struct provider *inner = keeping_of(provider)->inner;
	inner->submit(inner, operation);
}

static int shorter(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static struct operation *reap(struct provider *provider, int timeout_ms)
{
	struct keeping *k = keeping_of(provider);
	int64_t end = clock_ms() + timeout_ms;
	for (;;) {
		struct state *state = *k->state;
		int left = timeout_ms < 0 ? -1 : (int)(end - clock_ms() > 0 ? end - clock_ms() : 0);
		int slice = shorter(left, state ? state_keep_due_ms(state) : -1);
		int64_t began = clock_ms();
		struct operation *op = k->inner->reap(k->inner, slice);
		if (state)
			state_keep(state);
		if (op)
			return op;
		k->waited(k->context);
		/* Early: nothing is in flight. Late: what was asked for. Between: our own slice. */
		if (k->interrupted || left == 0 || slice < 0 || clock_ms() - began < slice) {
			k->interrupted = 0;
			return NULL;
		}
	}
}

static void interrupt_reap(struct provider *provider)
{
	struct keeping *k = keeping_of(provider);
	k->interrupted = 1;
	k->inner->interrupt(k->inner);
}

static void close_provider(struct provider *provider)
{
	if (!provider)
		return;
	struct keeping *k = keeping_of(provider);
	k->inner->close(k->inner);
	free(k);
}

static void tell_left(struct provider *provider, struct provider_left *out)
{
	struct provider *inner = keeping_of(provider)->inner;
	inner->left(inner, out);
}

static unsigned count_requests(struct provider *provider)
{
	struct provider *inner = keeping_of(provider)->inner;
	return inner->requests(inner);
}

struct provider *keeping_new(struct provider *inner, struct state *const *state,
	void (*waited)(void *context), void *context)
{
	struct keeping *k = mem_alloc(sizeof *k);
	*k = (struct keeping){
		.provider = { submit, reap, interrupt_reap, close_provider, count_requests,
			tell_left },
		.inner = inner,
		.state = state,
		.waited = waited,
		.context = context,
	};
	return &k->provider;
}
