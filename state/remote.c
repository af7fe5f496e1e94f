/* SPDX-License-Identifier: Apache-2.0 */
#include "state/remote.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/json.h"
#include "engine/base/secrets.h"
#include "providers/net/timer.h"
#include "state/history.h"
#include "state/holder.h"
#include "state/internal.h"
#include "state/log.h"

#define APPEND_BYTES ((size_t)4 << 20)    /* of one group; a larger one is made a snapshot */
#define APPENDS_MOST 20000                /* a blob takes 50,000 */
#define LOG_LEAST_BYTES ((size_t)1 << 20) /* a log this short is not worth a snapshot */
#define LOG_MOST_BYTES ((size_t)16 << 20)
#define PAUSE_MS 1000
#define NAME_TRIES 10
#define NAME_PAUSE_MS 200

struct remote {
	struct store *store;
	bool is_locked;
	char run[37];
	/* What is known, while it is locked; NULL: not read yet. */
	sqlite3 *db;
	bool is_founded;  /* it has a lineage: there is a state */
	int64_t sequence; /* of the last group that is durable */
	size_t snapshot_bytes, log_bytes, appends;
	bool must_replace; /* nothing may be appended to the log that is there */
	struct buf writes; /* noted since the last commit */
	bool is_held;      /* by somebody, when it was read */
	char *holder;
};

void store_contents_clear(struct store_contents *contents)
{
	free(contents->snapshot);
	free(contents->log);
	free(contents->holder);
	*contents = (struct store_contents){ 0 };
}

struct remote *remote_new(struct store *store)
{
	struct remote *r = mem_alloc(sizeof *r);
	*r = (struct remote){ .store = store };
	uuid_random(r->run);
	buf_init(&r->writes, BUF_OWN_TEXT);
	return r;
}

static void forget(struct remote *r)
{
	(void)sqlite3_close(r->db);
	r->db = NULL;
	free(r->holder);
	r->holder = NULL;
}

void remote_free(struct remote *r)
{
	if (!r)
		return;
	forget(r);
	r->store->close(r->store);
	buf_release(&r->writes);
	free(r);
}

/* ---- the lock ---- */

static void pause_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	(void)nanosleep(&left, NULL);
}

/* A new holder needs a moment to write its name; until then there is none, or that of the one
 * before. NULL in *out: nobody holds it any more. */
static bool read_holder(struct remote *r, char **out, struct diags *diags)
{
	for (int tries = 0; tries < NAME_TRIES; tries++) {
		pause_ms(NAME_PAUSE_MS);
		if (!r->store->holder(r->store, out, diags))
			return false;
		if (!*out || **out)
			break;
	}
	return true;
}

static bool refuse_locked(struct remote *r, int timeout_ms, struct diags *diags)
{
	char *holder = NULL;
	if (!read_holder(r, &holder, diags))
		return false;
	diag_error(diags, (struct place){ .file = arena_strdup(diags->arena, r->store->name) },
		"state-locked", "the state is locked by %s",
		holder_describe_text(diags->arena, holder));
	diag_help(diags,
		"wait for it to end, longer than %d s with --lock-timeout; a run that died frees "
		"it within %d s, and `waybill unlock` at once",
		timeout_ms / 1000, STORE_LEASE_MS / 1000);
	return false;
}

static bool tell_waiting(
	struct remote *r, lock_waiting_fn *waiting, void *context, struct diags *diags)
{
	char *holder = NULL;
	if (!waiting)
		return true;
	if (!read_holder(r, &holder, diags))
		return false;
	/* It may have ended since. */
	if (holder)
		waiting(context, holder_describe_text(diags->arena, holder));
	return true;
}

bool remote_lock(struct remote *r, const char *command, int timeout_ms, lock_waiting_fn *waiting,
	void *context, struct diags *diags)
{
	int64_t end = clock_ms() + timeout_ms;
	bool told = false;
	json_t *name = holder_new(command);
	char *holder = json_dumps(name, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	json_decref(name);
	enum store_taken taken;
	while ((taken = r->store->acquire(r->store, holder, diags)) == STORE_HELD) {
		int64_t left = end - clock_ms();
		if (left <= 0) {
			(void)refuse_locked(r, timeout_ms, diags);
			break;
		}
		if (!told && !tell_waiting(r, waiting, context, diags))
			break;
		told = true;
		pause_ms(left < PAUSE_MS ? left : PAUSE_MS);
	}
	free(holder);
	r->is_locked = taken == STORE_TAKEN;
	return r->is_locked;
}

bool remote_holder(struct remote *r, struct arena *a, char **out, struct diags *diags)
{
	char *holder = NULL;
	*out = NULL;
	if (r->holder || r->is_held) {
		*out = r->is_held ? holder_describe_text(a, r->holder) : NULL;
		return true;
	}
	if (!r->store->holder(r->store, &holder, diags))
		return false;
	*out = holder ? holder_describe_text(a, holder) : NULL;
	return true;
}

bool remote_break(struct remote *r, struct diags *diags)
{
	return r->store->break_lease(r->store, diags);
}

/* ---- opening ---- */

static bool has_row(struct state *s, bool *out, struct diags *diags)
{
	sqlite3_stmt *meta = state_select(s, SQL_META, diags);
	if (!meta || !state_next(s, meta, out, diags))
		return false;
	(void)sqlite3_reset(meta);
	return true;
}

static bool build(struct remote *r, struct state *s, const struct store_contents *contents,
	struct diags *diags)
{
	int64_t format = 0;
	struct log_end end = { .sequence = contents->sequence };
	if (!state_connect_memory(s, contents->snapshot, contents->snapshot_len, diags) ||
		(contents->snapshot && !state_check_format(s, &format, diags)) ||
		!state_migrate(s, format, diags) ||
		!log_play(s, contents->log, contents->log_len, &end, diags) ||
		!has_row(s, &r->is_founded, diags))
		return false;
	r->sequence = end.sequence;
	r->snapshot_bytes = contents->snapshot_len;
	r->log_bytes = contents->log_len;
	r->appends = contents->appends > end.groups ? contents->appends : end.groups;
	/* An older Waybill must not play what we append onto a format that we brought up to date,
	 * and nothing may follow half a line. */
	r->must_replace = end.is_torn || (contents->snapshot && format < STATE_FORMAT);
	return r->is_founded || end.sequence == 0 ||
		state_unreadable(s, "it has no table `meta`", diags);
}

static bool load(struct remote *r, struct state *s, struct diags *diags)
{
	if (r->db) {
		s->db = r->db;
		return true;
	}
	struct store_contents contents = { 0 };
	bool ok = r->store->read(r->store, &contents, diags) && build(r, s, &contents, diags);
	free(r->holder);
	r->is_held = contents.is_held;
	r->holder = contents.holder;
	contents.holder = NULL;
	store_contents_clear(&contents);
	return ok;
}

static bool found(struct state *s, struct diags *diags)
{
	char lineage[37], key[65];
	uuid_random(lineage);
	secrets_new_key(key);
	return state_write(s, SQL_FOUND, VALUES(TEXT(lineage), TEXT(key)), NULL, diags);
}

static bool open_loaded(struct remote *r, struct state *s, struct diags *diags)
{
	if (!load(r, s, diags))
		return false;
	if (r->is_locked)
		r->db = s->db;
	if (!r->is_founded && s->access == STATE_READ) {
		/* An absent state, as a file that is not there. */
		if (!r->is_locked)
			state_disconnect(s);
		state_forget_statements(s);
		s->db = NULL;
		return true;
	}
	s->is_noted = s->access == STATE_WRITE;
	if (!r->is_founded && !found(s, diags))
		return false;
	return state_read_meta(s, diags);
}

struct state *state_open_remote(struct remote *r, enum state_access access, struct diags *diags)
{
	assert(access == STATE_READ || r->is_locked);
	struct state *s = mem_alloc(sizeof *s);
	*s = (struct state){ .path = mem_strdup(r->store->name), .access = access, .remote = r };
	buf_clear(&r->writes);
	if (open_loaded(r, s, diags))
		return s;
	s->broken = true;
	state_close(s);
	return NULL;
}

void remote_give_back(struct state *s)
{
	struct remote *r = s->remote;
	state_forget_statements(s);
	if (s->db && !sqlite3_get_autocommit(s->db))
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	buf_clear(&r->writes);
	if (s->db != r->db)
		return;
	/* What is in memory and what is stored have parted: it is read again. */
	if (s->broken)
		r->db = NULL;
	else
		s->db = NULL;
}

/* ---- writing ---- */

bool remote_note(struct state *s, const char *name, const struct value *values, size_t count,
	struct diags *diags)
{
	assert(name);
	if (log_add(&s->remote->writes, name, values, count))
		return true;
	diag_error(diags, state_place(s, diags), "state-write",
		"the state cannot keep a text that is not UTF-8, or larger than it holds");
	diag_help(diags, "see what the names of the user, the host and the resources are made of");
	return false;
}

static bool is_too_long(const struct remote *r, size_t len)
{
	return r->must_replace || len > APPEND_BYTES || r->log_bytes + len > LOG_MOST_BYTES ||
		r->appends >= APPENDS_MOST;
}

bool remote_append(struct state *s, struct diags *diags)
{
	struct remote *r = s->remote;
	if (r->writes.len == 0)
		return true;
	struct buf line;
	buf_init(&line, BUF_OWN_TEXT);
	log_line(&line, r->sequence + 1, r->run, &r->writes);
	bool ok = true;
	if (is_too_long(r, line.len))
		r->must_replace = true;
	else
		ok = r->store->append(r->store, line.data, line.len, diags);
	if (ok && !r->must_replace) {
		r->sequence++;
		r->log_bytes += line.len;
		r->appends++;
		r->is_founded = true;
		buf_clear(&r->writes);
	}
	buf_release(&line);
	return ok;
}

static bool replace(struct state *s, int64_t sequence, struct diags *diags)
{
	struct remote *r = s->remote;
	size_t len = 0;
	unsigned char *bytes = state_bytes(s, &len, diags);
	if (!bytes)
		return false;
	bool ok = r->store->replace(r->store, bytes, len, sequence, diags);
	sqlite3_free(bytes);
	if (!ok)
		return false;
	r->sequence = sequence;
	r->snapshot_bytes = len;
	r->log_bytes = r->appends = 0;
	r->must_replace = false;
	r->is_founded = true;
	buf_clear(&r->writes);
	return true;
}

/* A snapshot costs as much as the log has cost since the last one. */
bool remote_replace_due(struct state *s, struct diags *diags)
{
	struct remote *r = s->remote;
	size_t worth = r->snapshot_bytes > LOG_LEAST_BYTES ? r->snapshot_bytes : LOG_LEAST_BYTES;
	if (r->writes.len)
		return replace(s, r->sequence + 1, diags);
	return r->log_bytes < worth || replace(s, r->sequence, diags);
}

/* ---- a whole state from elsewhere ---- */

static bool newest_run(struct state *s, struct arena *a, int64_t *out, struct diags *diags)
{
	struct run *runs;
	size_t count;
	bool ok = state_runs(s, a, 1, &runs, &count, diags);
	*out = ok && count ? runs[0].number : 0;
	return ok;
}

/* A run that changed no record may still have left an intent, or a promise to put back. */
static bool is_newer(struct state *there, struct state *local, bool *out, struct diags *diags)
{
	struct arena *scratch = arena_new();
	int64_t its = 0, ours = 0;
	bool ok =
		newest_run(there, scratch, &its, diags) && newest_run(local, scratch, &ours, diags);
	*out = state_serial(there) > state_serial(local) || its > ours;
	arena_free(scratch);
	return ok;
}

static bool check_replaceable(struct state *there, struct state *local, struct diags *diags)
{
	if (!there->db)
		return true;
	bool same = strcmp(state_lineage(there), state_lineage(local)) == 0, newer = true;
	if (same && !is_newer(there, local, &newer, diags))
		return false;
	if (!newer)
		return true;
	diag_error(diags, state_place(there, diags), "state-exists",
		same ? "there is a newer state of the same origin already"
		     : "there is another state already");
	diag_help(diags, "%s",
		same ? "runs have gone on with that one since this was a copy of it: move this "
		       "file away; --force puts the older one in its place"
		     : "name another `key`; to put this one in its place all the same, give "
		       "--force");
	return false;
}

bool remote_push(struct remote *r, struct state *local, bool force, struct diags *diags)
{
	assert(r->is_locked && local->db);
	struct state *there = state_open_remote(r, STATE_READ, diags);
	if (!there)
		return false;
	size_t len = 0;
	unsigned char *bytes = NULL;
	bool ok = (force || check_replaceable(there, local, diags)) &&
		(bytes = state_bytes(local, &len, diags)) != NULL &&
		r->store->replace(r->store, bytes, len, r->sequence + 1, diags);
	sqlite3_free(bytes);
	there->broken = true; /* it is another one now */
	state_close(there);
	forget(r);
	return ok;
}

/* ---- whether it stays ours ---- */

void state_keep(struct state *s)
{
	if (s->remote && s->remote->is_locked)
		s->remote->store->keep(s->remote->store);
}

int state_keep_due_ms(struct state *s)
{
	if (!s->remote || !s->remote->is_locked)
		return -1;
	int64_t left = s->remote->store->keep_due_ms(s->remote->store);
	if (left > INT_MAX)
		return INT_MAX;
	return left > 0 ? (int)left : 0;
}

bool state_held(struct state *s, struct diags *diags)
{
	if (!s->remote)
		return state_stands(s, diags);
	struct store *store = s->remote->store;
	if (store->held_ms(store) >= STORE_REQUEST_MS)
		return true;
	return diags && store->hold(store, diags);
}
