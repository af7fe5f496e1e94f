/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/throttle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "providers/emulator/emulator.h"

#define GLOBAL_TIMES 15 /* the buckets of one principal */

enum kind {
	READS,
	WRITES,
	DELETES
};

static const struct {
	const char *plural, *singular;
	double size, per_second;
} kinds[] = {
	[READS] = { "reads", "read", 250, 25 },
	[WRITES] = { "writes", "write", 200, 10 },
	[DELETES] = { "deletes", "delete", 200, 10 },
};

/* Of the network provider in five minutes, for a subscription; writes and deletes are one. */
#define NETWORK_READS 10000
#define NETWORK_WRITES 1000
#define NETWORK_SECONDS 300

/* One bucket that a request draws on. */
struct draw {
	const char *key;
	double size, per_second;
	const char *header; /* that tells what is left, or NULL */
};

void throttle_release(struct throttle *throttle)
{
	for (size_t i = 0; i < throttle->count; i++)
		free(throttle->buckets[i].key);
	free(throttle->buckets);
}

static enum kind kind_of(const struct request *request)
{
	if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0)
		return READS;
	return strcmp(request->method, "DELETE") == 0 ? DELETES : WRITES;
}

static struct bucket *new_bucket(struct throttle *throttle)
{
	size_t oldest = 0;

	if (throttle->buckets == NULL)
		throttle->buckets = mem_alloc(THROTTLE_BUCKETS * sizeof(*throttle->buckets));
	if (throttle->count < THROTTLE_BUCKETS)
		return &throttle->buckets[throttle->count++];
	for (size_t i = 1; i < throttle->count; i++) {
		if (throttle->buckets[i].filled_ms < throttle->buckets[oldest].filled_ms)
			oldest = i;
	}
	free(throttle->buckets[oldest].key);
	return &throttle->buckets[oldest];
}

/* Filled up to now. */
static struct bucket *bucket_of(struct throttle *throttle, const struct draw *draw, uint64_t now_ms)
{
	struct bucket *bucket = NULL;

	for (size_t i = 0; bucket == NULL && i < throttle->count; i++) {
		if (strcmp(throttle->buckets[i].key, draw->key) == 0)
			bucket = &throttle->buckets[i];
	}
	if (bucket == NULL) {
		bucket = new_bucket(throttle);
		*bucket = (struct bucket){
			.key = mem_strdup(draw->key),
			.tokens = draw->size,
			.filled_ms = now_ms,
		};
	}
	if (now_ms > bucket->filled_ms) {
		bucket->tokens += (double)(now_ms - bucket->filled_ms) / 1000 * draw->per_second;
		bucket->filled_ms = now_ms;
	}
	if (bucket->tokens > draw->size)
		bucket->tokens = draw->size;
	return bucket;
}

/* FNV-1a, of what makes two requests the same one. */
static uint64_t hash_of(const struct request *request)
{
	const char *const parts[] = { request->method, " ", request->path };
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (const char *at = parts[i]; *at != '\0'; at++)
			hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
	}
	return hash;
}

static bool must_wait(const struct bucket *bucket, uint64_t hash, uint64_t now_ms)
{
	for (size_t i = 0; i < THROTTLE_WAITING; i++) {
		if (bucket->waiting[i].request == hash && bucket->waiting[i].until_ms > now_ms)
			return true;
	}
	return false;
}

static void note_refused(struct bucket *bucket, uint64_t hash, uint64_t until_ms)
{
	size_t at = bucket->refused % THROTTLE_WAITING;

	for (size_t i = 0; i < THROTTLE_WAITING; i++) {
		if (bucket->waiting[i].request == hash)
			at = i;
	}
	if (at == bucket->refused % THROTTLE_WAITING)
		bucket->refused++;
	bucket->waiting[at].request = hash;
	bucket->waiting[at].until_ms = until_ms;
}

/* Whole seconds until a token is there; 0: it is. */
static uint64_t wait_of(
	const struct bucket *bucket, const struct draw *draw, uint64_t hash, uint64_t now_ms)
{
	double missing = 1 - bucket->tokens;

	if (missing <= 0)
		return must_wait(bucket, hash, now_ms) ? 1 : 0;
	return (uint64_t)(missing / draw->per_second) + 1;
}

static size_t draws_of(struct draw out[3], const struct principal *principal,
	const struct target *target, const struct request *request)
{
	struct arena *arena = request->arena;
	enum kind kind = kind_of(request);
	const char *plural = kinds[kind].plural;
	const char *who = principal->object_id != NULL ? principal->object_id : AUTH_BUILT_IN;
	const char *where =
		text_lower(arena, target->subscription != NULL ? target->subscription : "tenant");
	bool tenant = target->subscription == NULL;
	bool network =
		target->provider != NULL && text_same_nocase(target->provider, "Microsoft.Network");

	out[0] = (struct draw){ arena_printf(arena, "%s %s %s", plural, where, who),
		kinds[kind].size, kinds[kind].per_second,
		arena_printf(arena, "x-ms-ratelimit-remaining-%s-%s",
			tenant ? "tenant" : "subscription", plural) };
	if (tenant)
		return 1;
	out[1] = (struct draw){ arena_printf(arena, "%s %s", plural, where),
		GLOBAL_TIMES * kinds[kind].size, GLOBAL_TIMES * kinds[kind].per_second,
		arena_printf(arena, "x-ms-ratelimit-remaining-subscription-global-%s", plural) };
	if (!network)
		return 2;
	double size = kind == READS ? NETWORK_READS : NETWORK_WRITES;

	out[2] = (struct draw){ arena_printf(arena, "network %s %s",
					kind == READS ? "reads" : "writes", where),
		size, size / NETWORK_SECONDS, NULL };
	return 3;
}

static bool refuse_by(const struct draw *draw, uint64_t wait_s, const char *who,
	const struct target *target, const struct request *request, struct response *response)
{
	if (draw->header == NULL)
		/* That the provider has limits of its own is documented, its text is not. */
		refuse(response, 429, "TooManyRequests",
			"The request is being throttled as the limit of the provider has been "
			"reached. Please try again after '%" PRIu64 "' seconds.",
			wait_s);
	else
		refuse(response, 429,
			target->subscription != NULL ? "SubscriptionRequestsThrottled"
						     : "TenantRequestsThrottled",
			"Number of '%s' requests for %s '%s' actor '%s' exceeded. Please try again "
			"after '%" PRIu64 "' seconds.",
			kinds[kind_of(request)].singular,
			target->subscription != NULL ? "subscription" : "tenant",
			target->subscription != NULL ? target->subscription : "", who, wait_s);
	response_header(response, "Retry-After", "%" PRIu64, wait_s);
	return false;
}

bool throttle_take(struct emulator *emulator, const struct principal *principal,
	const struct target *target, const struct request *request, struct response *response)
{
	const char *who = principal->object_id != NULL ? principal->object_id : AUTH_BUILT_IN;
	struct bucket *buckets[3];
	struct draw draws[3];
	size_t count = draws_of(draws, principal, target, request);
	uint64_t hash = hash_of(request);
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		double left = draws[i].size - 1;

		if (emulator->options.throttles) {
			buckets[i] = bucket_of(&emulator->throttle, &draws[i], request->now_ms);
			uint64_t wait_s = wait_of(buckets[i], &draws[i], hash, request->now_ms);

			if (wait_s > 0 && good) {
				note_refused(buckets[i], hash, request->now_ms + wait_s * 1000);
				good = refuse_by(&draws[i], wait_s, who, target, request, response);
			}
			left = buckets[i]->tokens - 1;
		}
		if (draws[i].header != NULL)
			response_header(response, draws[i].header, "%d", left > 0 ? (int)left : 0);
	}
	for (size_t i = 0; good && emulator->options.throttles && i < count; i++)
		buckets[i]->tokens -= 1;
	return good;
}
