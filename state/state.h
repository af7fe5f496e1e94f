/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what is known: a SQLite database that outlives any death of the process
 *
 * A record is what the last run knew of one resource that is ours (or of the members that are ours
 * in an existing one). An intent is a write that was announced and whose outcome is not yet
 * recorded. The state does not interpret the JSON it keeps.
 *
 * Durability: state_intend(), state_settle() and the others change memory and an open
 * transaction; state_commit() makes all of it durable in one sync. The caller commits before a
 * request leaves and before anything that depends on an outcome. kill -9 at any instant leaves the
 * last commit. Opening for writing needs the lock (lock.h); reading needs none and never waits.
 *
 * Strings and json_t values passed in are borrowed for the call; what is returned lives in the
 * arena given.
 */
#ifndef WAYBILL_STATE_STATE_H
#define WAYBILL_STATE_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

#define STATE_FORMAT 3 /* the newest format this program reads and the one it writes */

struct lock;
struct state;

enum state_access {
	STATE_READ,  /* never writes, not even recovery; an absent file is an empty state */
	STATE_WRITE, /* creates the file (0600) and migrates older formats */
};

/* To what a state belongs. Any other cloud or tenant, or subscriptions none of which is bound, is
 * the error `state-of-another-cloud`. NULL members are not checked and not yet bound. */
struct state_binding {
	const char *cloud;
	const char *tenant;
	const char *const *subscriptions; /* ids; the first ones given are those bound */
	size_t nsubscriptions;
	const char *const *former; /* in which something recorded stood until it was moved: they
				      vouch for the others, and are not bound */
	size_t nformer;
	bool grows; /* the caller has had them checked, and shown which are new: those are bound too
		     */
};

/* NULL with errors: `state-unreadable` (not a database, truncated, corrupt), `state-newer` (format
 * above ours), `state-permission`, `state-open`. Each with a help that says what to do.
 * Later, the functions below fail with `state-full`, `state-busy`, `state-read` or `state-write`;
 * after a write that failed, or a commit, all later ones fail too, until it is opened again.
 * A reader beside a live writer sees the instant of its opening until it is closed. */
struct state *state_open(const char *path, enum state_access, struct diags *);
/* Drops what was not committed. NULL is allowed. */
void state_close(struct state *);

/* ---- whether it stays ours ----
 *
 * A local state is ours as long as its file and its lock are where others look for them: when
 * somebody deletes or replaces one of them, nothing more is written, and nothing more may leave for
 * the cloud. A remote one (remote.h) is leased: somebody has to call state_keep() when it is due,
 * and nothing may leave unless state_held() says that the lease is known to outlast a request. */
/* The lock that a local state was opened under, which outlives it; or NULL. */
void state_guard(struct state *, const struct lock *);
void state_keep(struct state *); /* never waits */
/* Milliseconds until it is due; -1: never. */
int state_keep_due_ms(struct state *);
/* With diagnostics it waits for a renewal if it must, and false comes with `state-lost`, or why
 * nobody can tell. */
bool state_held(struct state *, struct diags *);

/* Checks the binding, and in a state open for writing records it at first use, or when it grows. */
bool state_bind(struct state *, const struct state_binding *, struct diags *);
/* Those of the subscriptions that a state with bound ones would grow by. In the arena. */
bool state_unbound(struct state *, struct arena *, const struct state_binding *, const char ***out,
	size_t *out_count, struct diags *);
const char *state_lineage(struct state *); /* UUID made with the file; NULL for an absent file */
/* Random and the state's own, 64 hex digits, for seals of what must not be stored; NULL as above.
 */
const char *state_key(struct state *);
int64_t state_serial(struct state *); /* grows with each commit that changed records */

/* ---- records ---- */

struct record {
	const char *id; /* ARM id: the key, compared without case */
	const char *address;
	const char *type;   /* ARM type */
	const char *origin; /* "made", "adopted" or "existing" (only members are ours) */
	const char *parent; /* id of the enclosing record's resource, or NULL */
	json_t *body;       /* members that are ours, as ARM last had them; ARM's shape */
	json_t *before;     /* existing: {pointer: value or null} as it was before us; else NULL */
	json_t *depends_on; /* array of ids */
	json_t *extra;      /* engine's own notes, or NULL */
	bool as_likely;     /* `body` is what was likely, and shared: see state_records() */
};

/* What a record is likely to say, known from elsewhere: id, address and body; true when anything is
 * known of the id. Asked in the order of ids. */
struct likely_records {
	bool (*find)(void *context, const char *id, struct record *out);
	void *context;
};

/* All records, sorted by id without case. Where one says just what was likely, it shares texts and
 * body with that, which must outlive it; `likely` may be NULL. */
bool state_records(struct state *, struct arena *, const struct likely_records *likely,
	struct record **out, size_t *out_count, struct diags *);
bool state_put_record(struct state *, const struct record *, struct diags *);
bool state_drop_record(struct state *, const char *id, struct diags *); /* absent is fine */

/* ---- runs, intents, history ---- */

struct run {
	int64_t number;
	const char *command; /* "apply", "destroy", "import", ... */
	const char *plan_id; /* or NULL */
	const char *user, *host;
	int64_t pid;
	const char *source;  /* git commit or CI job, or NULL */
	const char *started; /* RFC 3339 UTC, filled by state_begin_run() */
	const char *ended;   /* or NULL: still running, or killed */
	const char *result;  /* "done", "failed", "interrupted", or NULL */
	json_t *outputs;     /* or NULL */
	json_t *notes;       /* engine's own, such as node-set sizes; or NULL */
};

bool state_begin_run(struct state *, struct run *, struct diags *); /* fills number, started */
bool state_end_run(struct state *, int64_t run, const char *result, json_t *outputs, json_t *notes,
	struct diags *);
/* The newest run that ended with "done" or "failed" and has outputs or notes; *out_found false
 * when there is none. */
bool state_last_run(
	struct state *, struct arena *, struct run *out, bool *out_found, struct diags *);

struct intent {
	int64_t number; /* filled by state_intend() */
	int64_t run;
	const char *id;   /* ARM id that is written */
	const char *verb; /* "put", "patch", "delete" */
	json_t *step;     /* what the engine needs to resolve it: the step as JSON */
	const char *started;
	/* What was sent: x-ms-client-request-id, the body's SHA-256, the etag it stands under; NULL
	 * members were not sent. */
	const char *request_id, *body_hash, *if_match;
	const char *handle; /* where the cloud tells of its end (provider.h), or NULL */
};

bool state_intend(struct state *, struct intent *, struct diags *);
/* The same write is sent once more: its request_id, body_hash and if_match are these now. */
bool state_intend_again(struct state *, const struct intent *, struct diags *);
/* The cloud has taken it on. The handle goes when the intent is settled. */
bool state_accepted(struct state *, int64_t intent, const char *handle, struct diags *);
/* Ends an intent: `outcome` is "done", "absent", "failed" or "unknown" ("unknown" keeps it open).
 * `changes` is an array of {address, id, action, before, after} for the history; or NULL. */
bool state_settle(
	struct state *, int64_t intent, const char *outcome, json_t *changes, struct diags *);
/* Intents without an outcome, oldest first. */
bool state_open_intents(
	struct state *, struct arena *, struct intent **out, size_t *out_count, struct diags *);

/* Makes everything since the last commit durable: one sync, or none when nothing changed. */
bool state_commit(struct state *, struct diags *);

#endif
