/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store.h - a store in memory, that fails where a test wants it
 *
 * The place outlives those who use it, as a service does: each fake_store_open() is another runner.
 */
#ifndef WAYBILL_TESTS_FAKE_STORE_H
#define WAYBILL_TESTS_FAKE_STORE_H

#include "engine/base/buf.h"
#include "state/store.h"

enum fake_failure {
	FAKE_NONE,
	FAKE_NOT_DONE, /* the write never arrived */
	FAKE_DONE,     /* it did, and its answer was lost */
	FAKE_TORN,     /* an append arrived in part, which no service should do */
	FAKE_TWICE,    /* an append arrived twice, and was answered */
};

struct fake_place {
	char *snapshot;
	size_t snapshot_len;
	int64_t sequence;
	struct buf log;
	const struct store *holder; /* who has the lease, or NULL */
	char *holder_name;          /* who had it last, or NULL */
	/* What is to happen at the nth write (from 1) of now on; 0: nothing. */
	size_t fail_at;
	enum fake_failure failure;
	/* What was asked. */
	size_t reads, appends, replaces, bytes;
	int64_t held_ms; /* how long a lease is known to last from now */
	size_t kept;     /* calls of keep() */
};

void fake_place_init(struct fake_place *);
void fake_place_release(struct fake_place *);
/* The lease of whoever holds it has ended, without its knowing. */
void fake_place_expire(struct fake_place *);

struct store *fake_store_open(struct fake_place *); /* borrowed */

#endif
