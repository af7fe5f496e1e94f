/* SPDX-License-Identifier: Apache-2.0 */
/* emulator.h - a local Azure Resource Manager for networks
 *
 * emulator_serve() turns a request into a response and is all there is to it; server.h puts HTTP
 * around it. Requests are served one at a time, whatever the thread; nothing in here waits.
 */
#ifndef WAYBILL_EMULATOR_EMULATOR_H
#define WAYBILL_EMULATOR_EMULATOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/base/diag.h"
#include "providers/emulator/auth.h"
#include "providers/emulator/cloud.h"
#include "providers/emulator/faults.h"
#include "providers/emulator/hooks.h"
#include "providers/emulator/identity.h"
#include "providers/emulator/message.h"
#include "providers/emulator/operations.h"
#include "providers/emulator/throttle.h"

#define EMULATOR_TOKEN_LIFETIME_S 3599
#define EMULATOR_MAX_ROUTES 1000
#define EMULATOR_STORE_WAIT_MS 10000 /* for another emulator to let go of the store */

struct emulator_options {
	uint64_t operation_ms;     /* how long an operation takes */
	uint64_t token_lifetime_s; /* 0: EMULATOR_TOKEN_LIFETIME_S */
	size_t max_routes;         /* in a table; 0: EMULATOR_MAX_ROUTES */
	size_t page_size;          /* of every LIST; 0: each type's own */
	const char *store;         /* file, or NULL: nothing is kept */
	const char *start;         /* YAML of the cloud at first, or NULL: empty */
	const char *faults;        /* file of faults.h, or NULL */
	const char *trace;         /* file of trace.h, or NULL */
	bool throttles;            /* as throttle.h; else its buckets never run low */
	uint64_t consistency_ms;   /* how long a read may see what was before a write */
	bool remote;               /* others than this machine may come */
};

struct emulator {
	struct emulator_options options;
	char *endpoint; /* http://ADDRESS:PORT, for addresses in answers */
	struct cloud cloud;
	struct operations operations;
	struct identity identity;
	struct hooks hooks;
	struct faults faults;
	struct throttle throttle;
	FILE *trace;          /* or NULL */
	uint64_t ahead_ms;    /* of the emulator's time before the clock of who asks */
	int store_lock;       /* file that keeps other emulators from the store, or -1 */
	pthread_mutex_t lock; /* held while a request is served or the cloud saved */
};

/* From the store if it exists, else from the start. NULL with errors. */
struct emulator *emulator_new(const struct emulator_options *, struct diags *);
void emulator_free(struct emulator *);
void emulator_set_endpoint(struct emulator *, const char *endpoint);

/* Serves a request from outside and writes it down. The response has `text`, no `body`: values of
 * the cloud leave the lock only as text. */
void emulator_serve(struct emulator *, const struct request *, struct response *);
/* Serves one of the emulator's own making; the body of `out` is borrowed until the arena goes.
 * False when it is refused. */
bool emulator_change(struct emulator *, struct arena *, const char *method, const char *id,
	const json_t *body, struct response *out);

/* Saves to the store what has changed since. */
bool emulator_save(struct emulator *, struct diags *);

/* Milliseconds of a clock that never goes back, and of the emulator's own, which tests move on. */
uint64_t emulator_clock_ms(void);
uint64_t emulator_now_ms(struct emulator *);

#endif
