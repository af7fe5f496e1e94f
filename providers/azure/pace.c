/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/azure/pace.h"

#include <errno.h>
#include <stdlib.h>

#define LOW 50               /* from here down fewer at once */
#define HALVED_OFTEN_MS 1000 /* what was sent before a halving tells nothing of it */

const char *const pace_headers[PACE_KINDS] = {
	[PACE_READS] = "x-ms-ratelimit-remaining-subscription-reads",
	[PACE_WRITES] = "x-ms-ratelimit-remaining-subscription-writes",
	[PACE_DELETES] = "x-ms-ratelimit-remaining-subscription-deletes",
};

/* Into each bucket, a second. */
static const long refills[PACE_KINDS] = {
	[PACE_READS] = 25, [PACE_WRITES] = 10, [PACE_DELETES] = 10
};

void pace_init(struct pace *pace, int most)
{
	*pace = (struct pace){ .most = most, .allowed = most };
	for (int kind = 0; kind < PACE_KINDS; kind++)
		pace->kinds[kind].left = -1;
}

void pace_read(struct pace *pace, const char *const headers[PACE_KINDS], int64_t now_ms)
{
	for (int kind = 0; kind < PACE_KINDS; kind++) {
		const char *text = headers[kind];
		if (!text || *text < '0' || *text > '9')
			continue;
		char *end = NULL;
		errno = 0;
		long left = strtol(text, &end, 10);
		if (errno || *end)
			continue;
		pace->kinds[kind].left = left;
		pace->kinds[kind].told_ms = now_ms;
	}
}

void pace_answered(struct pace *pace)
{
	pace->allowed += 1 / pace->allowed;
	if (pace->allowed > pace->most)
		pace->allowed = pace->most;
}

void pace_throttled(struct pace *pace, int64_t now_ms)
{
	if (pace->halved_ms && now_ms - pace->halved_ms < HALVED_OFTEN_MS)
		return;
	pace->halved_ms = now_ms;
	pace->allowed = pace->allowed > 2 ? pace->allowed / 2 : 1;
}

void pace_pause(struct pace *pace, enum pace_kind kind, int64_t until_ms)
{
	if (until_ms > pace->paused_ms[kind])
		pace->paused_ms[kind] = until_ms;
}

int64_t pace_paused_ms(const struct pace *pace, enum pace_kind kind)
{
	return pace->paused_ms[kind];
}

int pace_allowed(const struct pace *pace, int64_t now_ms)
{
	int allowed = (int)pace->allowed;
	for (int kind = 0; kind < PACE_KINDS; kind++) {
		long left = pace->kinds[kind].left;
		int64_t since_ms = now_ms - pace->kinds[kind].told_ms;
		if (left < 0 || left >= LOW || since_ms > INT64_C(1000) * LOW)
			continue;
		left += (long)since_ms * refills[kind] / 1000;
		int most = left >= LOW ? pace->most : (int)(pace->most * left / LOW);
		allowed = most < allowed ? most : allowed;
	}
	return allowed > 1 ? allowed : 1;
}

void pace_left(const struct pace *pace, struct provider_left *out)
{
	*out = (struct provider_left){ pace->kinds[PACE_READS].left, pace->kinds[PACE_WRITES].left,
		pace->kinds[PACE_DELETES].left };
}
