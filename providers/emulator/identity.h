/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - what the emulator knows of who is who, while it runs
 *
 * Who exists is the cloud's (directory.h); this is what issuers need besides: their keys, the time
 * of day, what must not be used twice. All times in here are seconds of the time of day, which goes
 * by the clock of requests, so that whoever moves that moves both.
 */
#ifndef WAYBILL_EMULATOR_IDENTITY_H
#define WAYBILL_EMULATOR_IDENTITY_H

#include <jansson.h>
#include <stdint.h>

#include "providers/emulator/message.h"
#include "providers/emulator/signer.h"

/* Whose tokens. Each has a key of its own, so that none passes for another. */
enum issuer {
	ISSUER_ENTRA,
	ISSUER_GITHUB,
	ISSUER_PIPELINES,
	ISSUER_KUBERNETES,
	ISSUER_COUNT,
};

struct identity {
	uint64_t lifetime_s;   /* of an access token */
	int64_t day_offset_ms; /* the time of day less the clock of requests */
	struct signer signers[ISSUER_COUNT];
	char bearers[ISSUER_COUNT][37]; /* what a job or a pod shows its issuer; Entra: the header
					   of App Service */
	json_t *used;                   /* assertion that may not come again: its end */
	int64_t revoked_s; /* older tokens need one that answers the challenge; 0: none do */
};

void identity_init(struct identity *, uint64_t lifetime_s);
void identity_release(struct identity *);

/* The time of day, since 1970, of a moment of the clock of requests, and of the request. */
int64_t identity_s(const struct identity *, uint64_t ms);
int64_t identity_now_s(const struct identity *, const struct request *);
/* YYYY-MM-DDTHH:MM:SSZ, in the arena. */
const char *identity_time(struct arena *, int64_t seconds);

#endif
