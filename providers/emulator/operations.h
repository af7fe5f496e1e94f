/* SPDX-License-Identifier: Apache-2.0 */
/* operations.h - long-running operations
 *
 * There are no timers: an operation knows when it ends, and operations_settle() carries out what
 * has ended before each request is served. At most one operation runs on a root at a time, and the
 * last OPERATIONS_KEPT are remembered for those who poll.
 */
#ifndef WAYBILL_EMULATOR_OPERATIONS_H
#define WAYBILL_EMULATOR_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "providers/emulator/cloud.h"
#include "providers/emulator/identity.h"
#include "providers/emulator/message.h"

#define OPERATIONS_KEPT 4096
#define ANSWERS_KEPT 256 /* of questions, among them */

struct operation {
	char id[37];
	const struct resource_type *type; /* of the item */
	const struct resource_type *root_type;
	char *root_key;
	char *child; /* or NULL */
	char *location;
	bool deletes;
	json_t *answer;    /* of a question, which changes nothing; or NULL */
	const char *power; /* that a machine will have (a literal), or NULL */
	bool settled;
	uint64_t ends_ms;
	uint64_t begins_ms, takes_ms;
	/* How it fails or is canceled, when it does: then it changes nothing. */
	bool canceled;
	unsigned status;
	char *code, *message;
};

struct operations {
	struct operation items[OPERATIONS_KEPT]; /* a ring */
	size_t begun;
	size_t running; /* not settled: mostly none, and then there is nothing to search */
};

void operations_release(struct operations *);

/* What fails is given by the request's `failure` (or NULL). Meanwhile what is stored has `state` as
 * its provisioningState. Borrowed until OPERATIONS_KEPT more have begun. */
struct operation *operation_begin(struct operations *, struct cloud *, const struct target *,
	const struct request *, uint64_t duration_ms, const char *state);
/* One that only answers, and holds up nobody. Steals `answer_new`. */
struct operation *operation_begin_question(struct operations *, struct cloud *,
	const struct target *, const struct request *, uint64_t duration_ms, json_t *answer_new);
/* One that starts or stops a machine: `power` as in machine_state.h, a literal. */
struct operation *operation_begin_power(struct operations *, struct cloud *, const struct target *,
	const struct request *, uint64_t duration_ms, const char *power);
void operations_settle(struct operations *, struct cloud *, uint64_t now_ms);

/* The operation that runs on this root, or NULL. */
const struct operation *operation_running(const struct operations *, const char *root_key);
const struct operation *operation_by_id(const struct operations *, const char *id);
/* Where it can be asked for, at the api-version of the request. */
const char *operation_status_address(const struct operation *, const struct cloud *,
	const char *endpoint, const struct request *);
uint64_t operation_remaining_ms(const struct operation *, uint64_t now_ms);

/* Retry-After and retry-after-ms. */
void operation_retry_headers(struct response *, uint64_t remaining_ms);
/* The headers of the answer that starts it. */
void operation_headers(const struct operation *, const struct cloud *, const char *endpoint,
	const struct request *, struct response *);
/* Answers to polls of Azure-AsyncOperation and Location. */
bool operation_status(const struct operation *, const struct identity *, const struct request *,
	struct response *);
bool operation_result(const struct operation *, const struct cloud *, const char *endpoint,
	const struct request *, struct response *);

#endif
