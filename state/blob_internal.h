/* SPDX-License-Identifier: Apache-2.0 */
/* blob_internal.h - what the files of the store in blobs share
 *
 *   blob.c  requests and refusals   blob_read.c   blob_lease.c   blob_write.c
 */
#ifndef WAYBILL_STATE_BLOB_INTERNAL_H
#define WAYBILL_STATE_BLOB_INTERNAL_H

#include "state/blob.h"
#include "state/blob_call.h"

#define BLOB_ARRANGEMENT "1"
#define BLOB_PART_BYTES ((size_t)8 << 20) /* of a snapshot, in one request */

/* What the metadata of the log say; NULL: absent. */
struct root {
	char *snapshot, *next, *stale, *holder;
	int64_t sequence;
};

/* `store` comes first: a struct store * is a struct blob_store *. */
struct blob_store {
	struct store store;
	struct arena *arena;
	struct blob_line *line;
	const char *key;
	/* While the lease is ours, or was. */
	char lease[37];
	bool is_leased;
	const char *lost;                                 /* why it is ours no more; NULL: it is */
	int64_t held_until_ms, renew_ms, renewal_sent_ms; /* of lease_clock() */
	bool is_renewing;
	struct root root;
	char *etag;     /* of the log as we left it: no write may land on another, however late */
	size_t log_len; /* what is durable */
	struct store_contents first; /* of the log, as it was when the lease was taken */
	bool has_first;
};

/* ---- blob.c ---- */

struct blob_store *blob_of(struct store *);
void blob_root_release(struct root *);
void blob_set(char **member, const char *value); /* copies; NULL is allowed */

/* To the log. */
struct blob_request blob_log_request(
	const struct blob_store *, const char *method, const char *comp);
/* The same under the lease, and of the log as we left it. */
struct blob_request blob_log_write(const struct blob_store *, const char *comp);
/* After a write, or a read under the lease: the log is now this one. */
void blob_note_etag(struct blob_store *, const struct blob_answer *);
/* Until when to ask again, of clock_ms(). */
int64_t blob_patience(struct blob_store *);
bool blob_is_code(const struct blob_answer *, const char *code);
bool blob_is_good(const struct blob_answer *);
void blob_add_metadata(struct blob_request *, struct arena *, const struct root *);
const char *blob_snapshot_name(struct arena *, const struct blob_store *, const char *snapshot);

struct place blob_place(const struct blob_store *, struct diags *);
/* These return false, with an error. */
bool blob_unreadable(const struct blob_store *, const char *why, struct diags *);
bool blob_refuse_lost(const struct blob_store *, struct diags *);
/* The lease may still be ours by its id, but nothing more is written. */
bool blob_lose(struct blob_store *, const char *why, struct diags *);
/* Why an answer says that the lease is ours no more; NULL: it does not. */
const char *blob_why_lost(const struct blob_answer *);
/* Of a write or a renewal under the lease. */
bool blob_refused_under_lease(
	struct blob_store *, const struct blob_answer *, const char *doing, struct diags *);

/* ---- blob_read.c ---- */

bool blob_read(struct store *, struct store_contents *out, struct diags *);
/* The log and what its metadata say. *out_found false: there is none. */
bool blob_read_log(struct blob_store *, struct root *, struct store_contents *out, bool *out_found,
	struct diags *);
/* What the metadata of an answer about the log say. */
bool blob_read_root(
	const struct blob_store *, const struct blob_answer *, struct root *out, struct diags *);
/* Of "bytes 0-99/1234". */
bool blob_read_total(const struct blob_answer *, int64_t *out);
bool blob_is_leased(const struct blob_answer *);

/* ---- blob_lease.c: as store.h says ---- */

enum store_taken blob_acquire(struct store *, const char *holder, struct diags *);
void blob_keep(struct store *);
int64_t blob_keep_due_ms(struct store *);
int64_t blob_held_ms(struct store *);
bool blob_hold(struct store *, struct diags *);
void blob_release(struct store *);
bool blob_holder(struct store *, char **out, struct diags *);
bool blob_break(struct store *, struct diags *);
/* For blob_line_idle(): in how long, INT64_MAX: never. */
int64_t blob_due_ms(void *context);
void blob_renew_when_due(void *context);

/* ---- blob_write.c: as store.h says ---- */

bool blob_append(struct store *, const char *bytes, size_t len, struct diags *);
bool blob_replace(
	struct store *, const void *snapshot, size_t len, int64_t sequence, struct diags *);
bool blob_put_metadata(struct blob_store *, struct diags *);
/* Deletes the snapshot of this name, if there is one, and forgets the name. */
void blob_drop_named(struct blob_store *, char **snapshot);

#endif
