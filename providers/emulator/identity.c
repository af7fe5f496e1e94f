/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/identity.h"

#include <time.h>

#include "engine/base/json.h"
#include "providers/emulator/emulator.h"

void identity_init(struct identity *identity, uint64_t lifetime_s)
{
	struct timespec now;

	*identity = (struct identity){ .lifetime_s = lifetime_s, .used = json_object() };
	(void)clock_gettime(CLOCK_REALTIME, &now);
	identity->day_offset_ms =
		(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - (int64_t)emulator_clock_ms();
	for (size_t i = 0; i < ISSUER_COUNT; i++)
		uuid_random(identity->bearers[i]);
}

void identity_release(struct identity *identity)
{
	for (size_t i = 0; i < ISSUER_COUNT; i++)
		signer_release(&identity->signers[i]);
	json_decref(identity->used);
}

int64_t identity_s(const struct identity *identity, uint64_t ms)
{
	return ((int64_t)ms + identity->day_offset_ms) / 1000;
}

int64_t identity_now_s(const struct identity *identity, const struct request *request)
{
	return identity_s(identity, request->now_ms);
}

const char *identity_time(struct arena *arena, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm utc;
	char text[64] = "";

	if (gmtime_r(&when, &utc) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return arena_strdup(arena, text);
}
