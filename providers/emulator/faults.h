/* SPDX-License-Identifier: Apache-2.0 */
/* faults.h - what shall happen to requests, in place of what Azure would do
 *
 * A fault matches requests by `method`, `path` (a glob over the decoded path, without case; a star
 * takes slashes too) and `contains` (a part of the URL, without case), absent ones matching all.
 * It springs at the `nth` match (1), then at each `every`-th one (1), `times` times: 1 where `nth`
 * stands, else without end. All that match spring, in their order. What a fault can do:
 *   delay: MS           before the answer is sent
 *   edits: [{method, id, body}]  by somebody else, just before
 *   status, code, message, headers: {NAME: VALUE}, body, retry_after_ms  the answer; the request is
 *                       not performed. A body that is a text is sent as it is
 *   operation: {state: Failed|Canceled, status, code, message}  what becomes of the operation that
 *                       the request starts
 *   cut: N              the connection closes after N bytes of the answer's body
 *   drop: before|after  it closes without any answer, the request not performed or performed
 *   never: true         the request is performed, and no answer comes while the client waits
 *   kill: PID           SIGKILL to that process, then like drop: only for hooks.h
 * The paths below /_emulator/ do not count.
 */
#ifndef WAYBILL_EMULATOR_FAULTS_H
#define WAYBILL_EMULATOR_FAULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/diag.h"
#include "providers/emulator/message.h"

#define FAULTS_MAX 1000
#define FAULT_WAIT_MAX_MS 3600000

struct emulator;
struct fault;

struct faults {
	struct fault *items;
	size_t count;
	json_t *refused; /* answers to edits that could not be made */
};

/* What has become of the operation that a request starts; the request itself is accepted. */
struct scripted_failure {
	bool canceled;
	unsigned status;
	const char *code, *message;
};

struct faults_verdict {
	bool serve; /* false: the response is complete */
	bool drop_after;
	pid_t kill_after; /* 0: nobody */
	const struct scripted_failure *failure;
};

void faults_init(struct faults *);
void faults_release(struct faults *);
void faults_clear(struct faults *);

/* Adds one as described above; NULL, or why it is none (in the arena). */
const char *faults_add(struct faults *, struct arena *, const json_t *spec);
/* Those of a file: a list in YAML. */
bool faults_load(struct faults *, const char *path, struct diags *);
/* All that can spring still, with "seen" and "sprung". New. */
json_t *faults_told(const struct faults *);

/* Around every request. */
struct faults_verdict faults_before(struct emulator *, const struct request *, struct response *);
void faults_after(const struct faults_verdict *, struct response *);

/* Makes edits now; false and in *results what was answered when one is refused. */
bool faults_edit(struct emulator *, struct arena *, const json_t *edits, json_t *results);

#endif
