/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/retry.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define REFUSED_PART 60

/* Decimal digits with spaces around them and nothing else; -1 for any other text. */
static long whole_number(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	if (*text < '0' || *text > '9')
		return -1;
	char *end = NULL;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno == ERANGE || value > RETRY_ASKED_CAP_MS)
		value = RETRY_ASKED_CAP_MS;
	while (*end == ' ' || *end == '\t')
		end++;
	return *end ? -1 : (long)value;
}

static long seconds_or_date_ms(const char *text, time_t now)
{
	long long seconds = whole_number(text);
	if (seconds < 0) {
		/* curl_getdate() takes a bare "120.5" for a date of its own making. */
		while (*text == ' ' || *text == '\t')
			text++;
		bool begins_with_day = (*text | 0x20) >= 'a' && (*text | 0x20) <= 'z';
		time_t when = begins_with_day ? curl_getdate(text, NULL) : -1;
		if (when == -1)
			return -1;
		seconds = when > now ? (long long)(when - now) : 0;
	}
	if (seconds == 0)
		return -1;
	return seconds > RETRY_ASKED_CAP_MS / 1000 ? RETRY_ASKED_CAP_MS : (long)(seconds * 1000);
}

long retry_asked_ms(const struct retry_headers *headers, time_t now)
{
	long asked = headers->retry_after_ms ? whole_number(headers->retry_after_ms) : -1;
	if (asked < 0 && headers->x_ms_retry_after_ms)
		asked = whole_number(headers->x_ms_retry_after_ms);
	if (asked < 0 && headers->retry_after)
		asked = seconds_or_date_ms(headers->retry_after, now);
	return asked;
}

long retry_backoff_ms(unsigned failed, uint32_t random)
{
	unsigned doublings = failed ? failed - 1 : 0;
	long ceiling = doublings < 6 ? 500L << doublings : RETRY_BACKOFF_CAP_MS;
	if (ceiling > RETRY_BACKOFF_CAP_MS)
		ceiling = RETRY_BACKOFF_CAP_MS;
	return (long)(random % ((uint32_t)ceiling + 1));
}

long retry_refused_ms(long asked_ms, int64_t since_ms)
{
	int64_t least = since_ms / REFUSED_PART + 1;
	if (least > RETRY_ASKED_CAP_MS)
		least = RETRY_ASKED_CAP_MS;
	return asked_ms > least ? asked_ms : (long)least;
}

const char *retry_later_help(struct arena *arena, const char *who, long asked_ms)
{
	return arena_printf(arena,
		"%s asks to be left alone for %ld s, which is longer than is waited here: run the "
		"same command again after that",
		who, asked_ms / 1000);
}

long retry_interval_ms(unsigned n)
{
	long interval = RETRY_INTERVAL_FIRST_MS;
	while (n-- && interval < RETRY_INTERVAL_CAP_MS)
		interval += interval / 2;
	return interval < RETRY_INTERVAL_CAP_MS ? interval : RETRY_INTERVAL_CAP_MS;
}

bool retry_status_passes(int status)
{
	return status == 408 || status == 429 || (status >= 500 && status <= 599);
}

void jitter_seed(struct jitter *jitter)
{
	if (getentropy(&jitter->state, sizeof jitter->state) != 0)
		jitter->state = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
}

uint32_t jitter_next(struct jitter *jitter)
{
	/* splitmix64 */
	uint64_t z = jitter->state += 0x9e3779b97f4a7c15U;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return (uint32_t)((z ^ z >> 31) >> 32);
}
