/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h - /_emulator/...: what tests can see and set up, and Azure has not
 *
 *   GET|DELETE requests   those served, or forget them     GET cloud   everything, by id
 *   GET environment       variables for jobs, machines and apps    PUT revoke   all tokens issued
 *   GET clock             the time            PUT clock {"advance_ms"}   moves it on
 *   GET|DELETE faults     those that can spring still, or forget them
 *   PUT faults [..]       these and no others    POST faults {..} or [..]   these too: faults.h
 *   GET armed             how many faults are left, and edits refused
 * Short forms of single faults, which take "nth" (1), "method" and "path" (a part of the URL):
 *   PUT edit {"before": {"method", "path"}, "nth", "edits", "abort"}; without "before" it is now
 *   PUT drop {"when": "before"|"after"}    PUT kill {"when", "pid"}
 *   PUT fail {"status","code","message","retry_after_ms","async"}
 */
#ifndef WAYBILL_EMULATOR_HOOKS_H
#define WAYBILL_EMULATOR_HOOKS_H

#include <jansson.h>
#include <stdbool.h>

#include "providers/emulator/message.h"

#define HOOKS_RECORDED_MAX 100000
#define HOOKS_RECORDED_BYTES ((size_t)16 << 20) /* of their texts */
#define HOOKS_CLOCK_MAX_MS (UINT64_C(100) * 365 * 86400000)

struct emulator;

/* One request that was served. */
struct hooks_record {
	size_t begins; /* its text, "METHOD URL", in all texts that were ever recorded */
	unsigned status;
	uint64_t took_ms, at_ms;
};

/* Two rings, the last HOOKS_RECORDED_MAX requests and the last HOOKS_RECORDED_BYTES of their texts.
 * Each grows until it is full: what came and went with each request would leave the heap in
 * pieces. */
struct hooks {
	struct hooks_record *recorded;
	char *texts;
	size_t recorded_room, texts_room;
	size_t first, end; /* those that are there, of all that were ever recorded */
	size_t texts_end;
	uint64_t began_ms;
};

void hooks_init(struct hooks *);
void hooks_release(struct hooks *);

/* A request to /_emulator/NAME. */
void hooks_serve(struct emulator *, const char *name, const struct request *, struct response *);
void hooks_record(struct hooks *, const struct request *, const struct response *);

#endif
