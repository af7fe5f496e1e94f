/* SPDX-License-Identifier: Apache-2.0 */
/* blob.h - a store in Azure Blob Storage
 *
 * Blobs of one container. KEY is an append blob: the log, what is leased, and the root of it all.
 * Its metadata name the snapshot, KEY.snapshot.UUID, a block blob that is written once under a name
 * of its own and never changed. To replace a snapshot is: write the new one, which nobody reads
 * yet; put an empty KEY with metadata that name it in the place of the old one, the one atomic
 * act; delete the old one. A death between any two leaves the old state or the new, and a blob
 * that the next holder deletes, since its name was announced in the metadata before it was made.
 *
 *   waybill   1, this arrangement        snapshot  UUID; absent: none
 *   sequence  groups in the snapshot     holder    JSON of who holds the lease, or held it last
 *   next      UUID of a snapshot in the making     stale     UUID of one that is to be deleted
 *
 * Every write of KEY carries the lease's id, so that a run whose lease another has taken changes
 * nothing, and the etag of KEY as we left it, so that no request of ours that was given up does,
 * however late it arrives. After a lost answer what stands there tells whether it was done.
 */
#ifndef WAYBILL_STATE_BLOB_H
#define WAYBILL_STATE_BLOB_H

#include <stdbool.h>

#include "engine/base/diag.h"
#include "providers/net/log.h"
#include "state/store.h"

struct blob_options {
	const char *account, *container, *key; /* parts of a URL as they are: config.h */
	struct place at;                       /* where the configuration names them */
	/* Of the cloud: its name, "core.windows.net", its sign-in and ARM, and whether it is an
	 * emulator, of which no real credential is asked. */
	const char *cloud, *suffix, *login, *arm;
	bool is_emulator;
	const char *endpoint;           /* the origin of an emulator of storage, or NULL */
	bool is_pinned;                 /* the account is named by more than the configuration */
	const char *const *environment; /* NULL-terminated NAME=VALUE; lent until it is closed */
	const char *version;            /* for User-Agent */
	struct net_log log;
};

/* Sends nothing yet. NULL with `sign-in`, `backend-secret` or `backend-endpoint`. Strings are
 * copied. */
struct store *blob_open(const struct blob_options *, struct diags *);

#endif
