/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h - how long to wait before asking again
 *
 * Pure: the caller brings the headers, the clock and the randomness. A delay that the server asked
 * for always wins; without one, passing failures wait with full jitter, so that many clients of a
 * service that comes back do not return together.
 */
#ifndef WAYBILL_PROVIDERS_NET_RETRY_H
#define WAYBILL_PROVIDERS_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "engine/base/arena.h"

#define RETRY_TRIES 6                /* requests for one answer, the first included */
#define RETRY_BACKOFF_CAP_MS 30000   /* of one wait that nobody asked for */
#define RETRY_ASKED_CAP_MS 3600000   /* of one wait that the server asked for */
#define RETRY_FAILING_CAP_MS 300000  /* of passing failures in a row, with their waits */
#define RETRY_INTERVAL_FIRST_MS 1000 /* between polls, without a Retry-After */
#define RETRY_INTERVAL_CAP_MS 10000

/* Headers of an answer; NULL: not there. */
struct retry_headers {
	const char *retry_after_ms;
	const char *x_ms_retry_after_ms;
	const char *retry_after; /* seconds or an HTTP date */
};

/* What the server asked for, in that order; -1 when it did not, or not in a form we know. A
 * "Retry-After: 0" is no answer to the question how long, so it is -1 too. */
long retry_asked_ms(const struct retry_headers *, time_t now);

/* The wait before try `failed` + 1, after `failed` (from 1) tries. */
long retry_backoff_ms(unsigned failed, uint32_t random);

/* The wait of who has been refused again and again for `since_ms`, where `asked_ms` (0 or more) is
 * asked for: who asks for nothing would be asked a thousand times a second. Longer each time, by a
 * sixtieth of all the time. */
long retry_refused_ms(long asked_ms, int64_t since_ms);

/* What to do where whom we asked wants a wait that is longer than is waited. In the arena. */
const char *retry_later_help(struct arena *, const char *who, long asked_ms);

/* The wait before the nth (from 0) look at something that takes its time: 1 s, x1.5, up to 10 s. */
long retry_interval_ms(unsigned n);

/* Whether an HTTP status says that the same request may succeed later. */
bool retry_status_passes(int status);

/* Randomness for jitter alone: fast, and nothing secret hangs on it. */
struct jitter {
	uint64_t state;
};
void jitter_seed(struct jitter *);
uint32_t jitter_next(struct jitter *);

#endif
