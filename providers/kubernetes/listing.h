/* SPDX-License-Identifier: Apache-2.0 */
/* listing.h - one LIST on its way, from the first page to the last */
#ifndef WAYBILL_PROVIDERS_KUBERNETES_LISTING_H
#define WAYBILL_PROVIDERS_KUBERNETES_LISTING_H

#include "providers/kubernetes/identity.h"
#include "providers/net/http.h"
#include "providers/net/retry.h"
#include "providers/net/timer.h"
#include "providers/provider.h"

struct listing;

/* What all listings of a provider share; borrowed. */
struct listing_world {
	struct http *http;
	struct timers timers;
	struct jitter jitter;
	struct identity *identity;
	const char *server;
	long request_ms;
	/* The listing is done, and its operation holds what came of it. */
	void (*finished)(struct listing_world *, struct listing *);
};

/* Begins; the first thing happens on a timer, never at once. */
struct listing *listing_start(struct listing_world *, struct operation *);
struct operation *listing_operation(const struct listing *);
void listing_free(struct listing *); /* NULL is allowed */

#endif
