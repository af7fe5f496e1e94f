/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h - how many requests may be under way at once
 *
 * Pure: the caller brings answers and the clock. ARM has a bucket of requests for each kind,
 * refilled every second, and tells what is left in it (arm-facts section 8); near its bottom fewer
 * may be under way, so that no 429 comes. One that comes all the same halves them; answers of use
 * let them grow again, by one for as many answers as may be under way.
 */
#ifndef WAYBILL_PROVIDERS_AZURE_PACE_H
#define WAYBILL_PROVIDERS_AZURE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "providers/provider.h"

enum pace_kind {
	PACE_READS,
	PACE_WRITES,
	PACE_DELETES,
	PACE_KINDS
};

extern const char *const pace_headers[PACE_KINDS]; /* where ARM tells what is left */

struct pace {
	int most;
	double allowed; /* 1 to `most` */
	int64_t halved_ms;
	int64_t paused_ms[PACE_KINDS]; /* until when nothing of that kind is sent */
	struct {
		long left; /* when it was told; -1: never */
		int64_t told_ms;
	} kinds[PACE_KINDS];
};

void pace_init(struct pace *, int most);
/* What an answer says: its headers by kind, NULL where one is missing. */
void pace_read(struct pace *, const char *const headers[PACE_KINDS], int64_t now_ms);
/* An answer of use; or a refusal because of too many requests. */
void pace_answered(struct pace *);
void pace_throttled(struct pace *, int64_t now_ms);
/* Nothing of this kind is taken before `until_ms`. */
void pace_pause(struct pace *, enum pace_kind, int64_t until_ms);
int64_t pace_paused_ms(const struct pace *, enum pace_kind);
/* How many may be under way now: at least one. */
int pace_allowed(const struct pace *, int64_t now_ms);
/* What is left by what was told last. */
void pace_left(const struct pace *, struct provider_left *);

#endif
