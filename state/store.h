/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - a place elsewhere that keeps a state: all that a remote state needs of a service
 *
 * A stored state is a snapshot (the bytes of a SQLite database, or none: it began empty) and a log,
 * the groups of writes that were committed since. append() adds to the log; replace() puts a new
 * snapshot in the place of the old one and of the whole log, in one atomic act: whoever reads sees
 * either. Reading needs no lease and never waits.
 *
 * One run at a time holds the lease, which ends LEASE_MS after it was last renewed. Both writes
 * hold only under it: from a run that lost it they change nothing. Each call that returns true is
 * durable; after false it may or may not have happened, and the run must write nothing more.
 *
 * Implementations: blob.h. docs/remote-state.md says how PostgreSQL would be one.
 */
#ifndef WAYBILL_STATE_STORE_H
#define WAYBILL_STATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/diag.h"

#define STORE_LEASE_MS 60000
/* A lease that is known to last at least this long covers a request that leaves now. */
#define STORE_REQUEST_MS 15000
#define STORE_LOG_BYTES ((size_t)32 << 20)     /* of a log at most; a longer one is refused */
#define STORE_SNAPSHOT_BYTES ((size_t)1 << 30) /* of a snapshot at most */

struct store_contents {
	char *snapshot; /* NULL: none. This and the others: free() by store_contents_clear() */
	size_t snapshot_len;
	int64_t sequence; /* the number of the last group that is in the snapshot */
	char *log;        /* NULL when it is empty */
	size_t log_len;
	size_t appends; /* by which it was written, as far as that is known; else 0 */
	bool is_held;   /* by a run: its lease has not ended */
	char *holder;   /* who holds it or held it last: JSON of holder.h, or NULL */
};

void store_contents_clear(struct store_contents *);

enum store_taken {
	STORE_TAKEN,
	STORE_HELD,   /* by another; no error is added */
	STORE_FAILED, /* with an error */
};

struct store {
	const char *name; /* for people, and the place of diagnostics: "https://.../waybill" */

	/* Nothing there is an empty state. With the lease held, what it returns stays true. */
	bool (*read)(struct store *, struct store_contents *out, struct diags *);
	/* `holder` is JSON in ASCII without line breaks; others read it. Makes what is missing. */
	enum store_taken (*acquire)(struct store *, const char *holder, struct diags *);
	/* Does what is due for the lease, without waiting. */
	void (*keep)(struct store *);
	/* In how long keep() wants to be called again; INT64_MAX: never. */
	int64_t (*keep_due_ms)(struct store *);
	/* For how long from now the lease is known to be ours; 0: it is not. By a clock that goes
	 * on while the machine sleeps. */
	int64_t (*held_ms)(struct store *);
	/* Makes sure that it is held for the length of a request, waiting for a renewal if it must.
	 * False with `state-lost` or why nobody can tell. */
	bool (*hold)(struct store *, struct diags *);
	bool (*append)(struct store *, const char *bytes, size_t len, struct diags *);
	bool (*replace)(
		struct store *, const void *snapshot, size_t len, int64_t sequence, struct diags *);
	void (*release)(struct store *); /* of what is not held: nothing */
	/* Who holds it now, JSON in the diagnostics' arena; *out NULL: nobody. */
	bool (*holder)(struct store *, char **out, struct diags *);
	/* Ends the lease of whoever holds it. */
	bool (*break_lease)(struct store *, struct diags *);
	void (*close)(struct store *); /* releases first; frees */
};

#endif
