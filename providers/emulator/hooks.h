/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h - /_emulator/...: what tests can see and set up, and Azure has not
 *
 * A trap waits for the nth request from now that matches (the paths below do not count) and then
 * springs once. All take "nth" (1), "method" and "path" (a part of the URL, without case); edit
 * takes the last two inside "before". Traps that cut the connection do so "when" "before" (the
 * request is not performed) or "after" (it is, but nobody learns of it).
 *   GET|DELETE requests   those served, or forget them     GET cloud   everything, by id
 *   GET environment       variables for jobs, machines and apps    PUT revoke   all tokens issued
 *   GET armed             traps left, edits refused
 *   PUT edit {"before"?, "edits": [{"method","id","body"}], "abort"}  by somebody else, or now
 *   PUT drop {"when"}     PUT kill {"when", "pid"}: SIGKILL to that process, then like drop
 *   PUT fail {"status","code","message","retry_after_ms","async"}  refuse, or fail the operation
 */
#ifndef WAYBILL_EMULATOR_HOOKS_H
#define WAYBILL_EMULATOR_HOOKS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "providers/emulator/message.h"

#define HOOKS_RECORDED_MAX 100000

struct emulator;
struct trap;

/* How the operation that a request starts will fail; the request itself is accepted. */
struct scripted_failure {
	unsigned status;
	const char *code, *message;
};

struct hooks {
	json_t *recorded; /* requests served, oldest first */
	json_t *refused;  /* answers to edits that could not be made */
	struct trap *traps;
	size_t ntraps;
	uint64_t began_ms;
};

struct hooks_verdict {
	bool serve; /* false: the response is complete */
	bool drop_after;
	pid_t kill_after; /* 0: nobody */
	const struct scripted_failure *failure;
};

void hooks_init(struct hooks *);
void hooks_release(struct hooks *);

/* A request to /_emulator/NAME. */
void hooks_serve(struct emulator *, const char *name, const struct request *, struct response *);
/* Around every other request. */
struct hooks_verdict hooks_before(struct emulator *, const struct request *, struct response *);
void hooks_after(const struct hooks_verdict *, struct response *);
void hooks_record(struct hooks *, const struct request *, const struct response *);

#endif
