/* SPDX-License-Identifier: Apache-2.0 */
/* throttle.h - ARM's token buckets
 *
 * One for each subscription, principal and kind of request (reads, writes, deletes), one for a
 * subscription as a whole of 15 times that, one for the tenant, and the network provider's own.
 * They fill by the emulator's clock. The same request (by method and path) that comes back before
 * its Retry-After is over is refused too, and waits anew, if it is among the last
 * THROTTLE_WAITING that its bucket refused; others are served as soon as there are
 * tokens. Without `throttles` nothing is counted and the headers tell of full buckets. Actions
 * (POST) count as writes; Azure's numbers as documented in 2024.
 */
#ifndef WAYBILL_EMULATOR_THROTTLE_H
#define WAYBILL_EMULATOR_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "providers/emulator/auth.h"
#include "providers/emulator/target.h"

#define THROTTLE_WAITING 16
#define THROTTLE_BUCKETS 1024 /* the one that was used longest ago makes room */

struct emulator;

struct bucket {
	char *key;
	double tokens;
	uint64_t filled_ms; /* when `tokens` was so */
	/* The last requests that were refused, and until when each is: a ring. */
	struct {
		uint64_t request, until_ms;
	} waiting[THROTTLE_WAITING];
	size_t refused;
};

struct throttle {
	struct bucket *buckets;
	size_t count;
};

void throttle_release(struct throttle *);

/* Takes a token from every bucket that the request draws on, and tells what is left. False with a
 * 429. */
bool throttle_take(struct emulator *, const struct principal *, const struct target *,
	const struct request *, struct response *);

#endif
