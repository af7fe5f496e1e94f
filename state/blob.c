/* SPDX-License-Identifier: Apache-2.0 */
#include "state/blob.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "providers/net/timer.h"
#include "state/blob_call.h"

#define ARRANGEMENT "1"
#define RENEW_EVERY_MS 15000
#define RENEW_AGAIN_MS 2000
#define PATIENCE_MS 30000 /* with a service that fails, for one thing */
#define RELEASE_PATIENCE_MS 2000
#define READ_TRIES 5 /* a snapshot may be replaced while we read */
#define CREATE_TRIES 5
#define PART_BYTES ((size_t)8 << 20) /* of a snapshot, in one request */
#define PART_NAME_BYTES 16
#define HOLDER_HEADER_BYTES 4096

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
	const char *lost; /* why it is ours no more; NULL: it is */
	int64_t held_until_ms, renew_ms, renewal_sent_ms;
	bool is_renewing;
	struct root root;
	size_t log_len;              /* what is durable */
	struct store_contents first; /* of the log, as it was when the lease was taken */
	bool has_first;
};

static struct blob_store *blob_of(struct store *store)
{
	return (struct blob_store *)(void *)store;
}

static void root_release(struct root *root)
{
	free(root->snapshot);
	free(root->next);
	free(root->stale);
	free(root->holder);
	*root = (struct root){ 0 };
}

static void set(char **member, const char *value)
{
	char *copy = value ? mem_strdup(value) : NULL;
	free(*member);
	*member = copy;
}

/* ---- requests ---- */

static struct blob_request log_request(
	const struct blob_store *b, const char *method, const char *comp)
{
	struct blob_request request = { .method = method, .blob = b->key, .comp = comp };
	if (strcmp(method, "PUT") == 0)
		request.body = "";
	return request;
}

static int64_t patience(const struct blob_store *b)
{
	int64_t until = clock_ms() + PATIENCE_MS;
	return b->is_leased && b->held_until_ms < until ? b->held_until_ms : until;
}

static bool is_code(const struct blob_answer *answer, const char *code)
{
	return strcmp(answer->code, code) == 0;
}

static bool ok_status(const struct blob_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

static void add_metadata(struct blob_request *request, struct arena *a, const struct root *root)
{
	blob_header(request, "x-ms-meta-waybill", ARRANGEMENT);
	blob_header(
		request, "x-ms-meta-sequence", arena_printf(a, "%lld", (long long)root->sequence));
	if (root->snapshot)
		blob_header(request, "x-ms-meta-snapshot", root->snapshot);
	if (root->next)
		blob_header(request, "x-ms-meta-next", root->next);
	if (root->stale)
		blob_header(request, "x-ms-meta-stale", root->stale);
	if (root->holder)
		blob_header(request, "x-ms-meta-holder", root->holder);
}

static const char *snapshot_name(struct arena *a, const struct blob_store *b, const char *snapshot)
{
	return arena_printf(a, "%s.snapshot.%s", b->key, snapshot);
}

/* ---- what is not as it must be ---- */

static struct place place_of(const struct blob_store *b, struct diags *diags)
{
	return (struct place){ .file = arena_strdup(diags->arena, b->store.name) };
}

static bool unreadable(const struct blob_store *b, const char *why, struct diags *diags)
{
	diag_error(
		diags, place_of(b, diags), "state-unreadable", "the state cannot be read: %s", why);
	diag_help(diags,
		"if the account keeps versions or deleted blobs, put back the blobs of "
		"this state as they were; else name another `key` and take the resources "
		"over again with `waybill import`");
	return false;
}

static bool refuse_lost(const struct blob_store *b, struct diags *diags)
{
	diag_error(diags, place_of(b, diags), "state-lost", "the lease of the state is lost: %s",
		b->lost ? b->lost : "it could not be renewed in time");
	diag_help(diags,
		"run the command again: it first asks Azure what became of the writes "
		"under way");
	return false;
}

static const char *why_lost(const struct blob_answer *answer)
{
	static const struct {
		const char *code, *why;
	} known[] = {
		{ "LeaseIdMismatchWithLeaseOperation", "another run has taken it" },
		{ "LeaseIdMismatchWithBlobOperation", "another run has taken it" },
		{ "LeaseLost", "another run has taken it" },
		{ "LeaseNotPresentWithLeaseOperation", "it was broken" },
		{ "LeaseNotPresentWithBlobOperation", "it was broken" },
		{ "LeaseIdMissing", "another run has taken it" },
		{ "LeaseIsBrokenAndCannotBeRenewed", "it was broken" },
		{ "LeaseIsBreakingAndCannotBeChanged", "it was broken" },
		{ "BlobNotFound", "the blob is gone" },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (is_code(answer, known[i].code))
			return known[i].why;
	return NULL;
}

/* Of a write or a renewal under the lease. */
static bool refused_under_lease(struct blob_store *b, const struct blob_answer *answer,
	const char *doing, struct diags *diags)
{
	const char *why = why_lost(answer);
	if (!why)
		return blob_refused(b->line, answer, doing, diags);
	b->lost = why;
	b->held_until_ms = 0;
	return refuse_lost(b, diags);
}

/* ---- reading ---- */

static bool is_uuid(const char *text)
{
	return text && strlen(text) == 36 && strspn(text, "0123456789abcdef-") == 36;
}

static bool read_number(const char *text, int64_t *out)
{
	char *end = NULL;
	errno = 0;
	long long number = text ? strtoll(text, &end, 10) : -1;
	*out = number;
	return text && end != text && !*end && errno == 0 && number >= 0;
}

static bool read_root(const struct blob_store *b, const struct blob_answer *answer,
	struct root *out, struct diags *diags)
{
	const char *arrangement = blob_answer_header(answer, "x-ms-meta-waybill");
	const char *snapshot = blob_answer_header(answer, "x-ms-meta-snapshot");
	const char *next = blob_answer_header(answer, "x-ms-meta-next");
	const char *stale = blob_answer_header(answer, "x-ms-meta-stale");
	const char *holder = blob_answer_header(answer, "x-ms-meta-holder");
	if (!arrangement)
		return unreadable(b, "the blob is not one of Waybill's", diags);
	if (strcmp(arrangement, ARRANGEMENT) != 0) {
		diag_error(diags, place_of(b, diags), "state-newer",
			"the state is kept in a way that this Waybill does not know");
		diag_help(diags, "use the newer Waybill that last wrote it");
		return false;
	}
	root_release(out);
	if (!read_number(blob_answer_header(answer, "x-ms-meta-sequence"), &out->sequence) ||
		(snapshot && !is_uuid(snapshot)) || (next && !is_uuid(next)) ||
		(stale && !is_uuid(stale)))
		return unreadable(b, "the metadata of its blob are damaged", diags);
	set(&out->snapshot, snapshot);
	set(&out->next, next);
	set(&out->stale, stale);
	set(&out->holder, holder);
	return true;
}

static bool is_held(const struct blob_answer *answer)
{
	const char *state = blob_answer_header(answer, "x-ms-lease-state");
	return state && (strcmp(state, "leased") == 0 || strcmp(state, "breaking") == 0);
}

static char *copy_of(const void *bytes, size_t len)
{
	char *copy = mem_alloc(len + 1);
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

/* The log and what its metadata say. *out_found false: there is none. */
static bool read_log(struct blob_store *b, struct root *root, struct store_contents *out,
	bool *out_found, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = log_request(b, "GET", NULL);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	*out_found = ok_status(&answer);
	int64_t appends = 0;
	bool ok = *out_found || is_code(&answer, "BlobNotFound");
	if (!ok && answer.result == HTTP_TOO_LARGE)
		(void)unreadable(b, "its log is larger than Waybill lets it grow", diags);
	else if (!ok)
		(void)blob_refused(b->line, &answer, "read the state", diags);
	if (*out_found)
		ok = read_root(b, &answer, root, diags) &&
			(answer.body_len <= STORE_LOG_BYTES ||
				unreadable(
					b, "its log is larger than Waybill lets it grow", diags));
	if (*out_found && ok) {
		(void)read_number(
			blob_answer_header(&answer, "x-ms-blob-committed-block-count"), &appends);
		*out = (struct store_contents){ .sequence = root->sequence,
			.log = copy_of(answer.body, answer.body_len),
			.log_len = answer.body_len,
			.appends = appends > 0 ? (size_t)appends : 0,
			.is_held = is_held(&answer) };
		set(&out->holder, root->holder);
	}
	arena_free(scratch);
	return ok;
}

/* Of "bytes 0-99/1234". */
static bool read_total(const struct blob_answer *answer, int64_t *out)
{
	const char *range = blob_answer_header(answer, "Content-Range");
	const char *slash = range ? strchr(range, '/') : NULL;
	return slash && read_number(slash + 1, out);
}

static bool read_part(struct blob_store *b, const char *name, struct buf *bytes, int64_t *total,
	bool *out_gone, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = { .method = "GET", .blob = name };
	blob_header(&request, "x-ms-range",
		arena_printf(scratch, "bytes=%zu-%zu", bytes->len, bytes->len + PART_BYTES - 1));
	struct blob_answer answer = blob_ask(b->line, scratch, &request, clock_ms() + PATIENCE_MS);
	*out_gone = is_code(&answer, "BlobNotFound");
	bool ok = !*out_gone;
	if (ok && answer.status != 206)
		ok = answer.status == 416 || answer.status == 200
			? unreadable(b, "its snapshot is not what it was written as", diags)
			: blob_refused(b->line, &answer, "read the state", diags);
	else if (ok)
		ok = (read_total(&answer, total) && answer.body_len > 0 &&
			     *total <= (int64_t)STORE_SNAPSHOT_BYTES &&
			     buf_add(bytes, answer.body, answer.body_len)) ||
			unreadable(b, "its snapshot is larger than Waybill takes", diags);
	arena_free(scratch);
	return ok;
}

static bool read_snapshot(struct blob_store *b, const char *snapshot, struct store_contents *out,
	bool *out_gone, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct buf bytes;
	int64_t total = 1;
	bool ok = true;
	const char *name = snapshot_name(scratch, b, snapshot);
	*out_gone = false;
	buf_init(&bytes, STORE_SNAPSHOT_BYTES);
	while (ok && !*out_gone && (int64_t)bytes.len < total)
		ok = read_part(b, name, &bytes, &total, out_gone, diags);
	if (ok && !*out_gone) {
		out->snapshot = bytes.data;
		out->snapshot_len = bytes.len;
	} else {
		buf_release(&bytes);
	}
	arena_free(scratch);
	return ok;
}

static bool read_fresh(
	struct blob_store *b, struct store_contents *out, bool *out_gone, struct diags *diags)
{
	struct root root = { 0 };
	bool found = false;
	*out_gone = false;
	bool ok = read_log(b, &root, out, &found, diags);
	if (ok && found && root.snapshot)
		ok = read_snapshot(b, root.snapshot, out, out_gone, diags);
	root_release(&root);
	return ok;
}

static bool read_all(struct store *store, struct store_contents *out, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	bool gone = false;
	*out = (struct store_contents){ 0 };
	if (b->has_first) {
		*out = b->first;
		b->first = (struct store_contents){ 0 };
		b->has_first = false;
		if (!b->root.snapshot)
			return true;
		return read_snapshot(b, b->root.snapshot, out, &gone, diags) &&
			(!gone || unreadable(b, "its snapshot is gone", diags));
	}
	for (int tries = 0; tries < READ_TRIES; tries++) {
		if (!read_fresh(b, out, &gone, diags))
			return false;
		if (!gone)
			return true;
		store_contents_clear(out);
	}
	return unreadable(b, "its snapshot is gone", diags);
}

/* ---- the lease ---- */

static void was_renewed(struct blob_store *b, int64_t sent_ms)
{
	b->held_until_ms = sent_ms + STORE_LEASE_MS;
	b->renew_ms = sent_ms + RENEW_EVERY_MS;
}

static void on_renewed(void *context, const struct blob_answer *answer)
{
	struct blob_store *b = context;
	b->is_renewing = false;
	if (ok_status(answer)) {
		was_renewed(b, b->renewal_sent_ms);
		return;
	}
	b->renew_ms = clock_ms() + RENEW_AGAIN_MS;
	b->lost = why_lost(answer);
	if (b->lost)
		b->held_until_ms = 0;
}

static struct blob_request lease_request(const struct blob_store *b, const char *action)
{
	struct blob_request request = log_request(b, "PUT", "lease");
	blob_header(&request, "x-ms-lease-action", action);
	blob_header(&request, "x-ms-lease-id", b->lease);
	return request;
}

static bool is_ours(const struct blob_store *b)
{
	return b->is_leased && !b->lost;
}

static void begin_renewal(struct blob_store *b)
{
	if (b->is_renewing)
		return;
	struct blob_request request = lease_request(b, "renew");
	b->is_renewing = true;
	b->renewal_sent_ms = clock_ms();
	blob_begin(b->line, &request, on_renewed, b);
}

static int64_t due_ms(void *context)
{
	const struct blob_store *b = context;
	return is_ours(b) && !b->is_renewing ? b->renew_ms : INT64_MAX;
}

static void renew_when_due(void *context)
{
	struct blob_store *b = context;
	if (due_ms(b) <= clock_ms())
		begin_renewal(b);
}

static void keep(struct store *store)
{
	struct blob_store *b = blob_of(store);
	renew_when_due(b);
	if (b->is_renewing)
		blob_step(b->line, 0);
}

#define WHILE_RENEWING_MS 50

static int64_t keep_due_ms(struct store *store)
{
	struct blob_store *b = blob_of(store);
	return b->is_renewing ? clock_ms() + WHILE_RENEWING_MS : due_ms(b);
}

static int64_t held_until_ms(struct store *store)
{
	const struct blob_store *b = blob_of(store);
	return is_ours(b) ? b->held_until_ms : 0;
}

static bool holds(const struct blob_store *b)
{
	return is_ours(b) && b->held_until_ms >= clock_ms() + STORE_REQUEST_MS;
}

/* A lease that ended may still be renewed if nobody took it or changed the blob since: then all
 * that was read is true. */
static bool hold(struct store *store, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	int64_t end = clock_ms() + STORE_REQUEST_MS;
	while (!holds(b) && is_ours(b) && clock_ms() < end)
		blob_step(b->line, WHILE_RENEWING_MS);
	return holds(b) || refuse_lost(b, diags);
}

static enum store_taken refuse_taking(
	struct blob_store *b, const struct blob_answer *answer, struct diags *diags)
{
	if (is_code(answer, "LeaseAlreadyPresent") ||
		is_code(answer, "LeaseIsBreakingAndCannotBeAcquired"))
		return STORE_HELD;
	(void)blob_refused(b->line, answer, "take the lease of the state", diags);
	return STORE_FAILED;
}

/* True when there is a blob to be leased, ours or just made by another. */
static bool create(struct blob_store *b, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct root none = { 0 };
	struct blob_request request = log_request(b, "PUT", NULL);
	blob_header(&request, "x-ms-blob-type", "AppendBlob");
	blob_header(&request, "If-None-Match", "*");
	add_metadata(&request, scratch, &none);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer) || answer.status == 409 || answer.status == 412 ||
		blob_refused(b->line, &answer, "make the state", diags);
	arena_free(scratch);
	return ok;
}

static enum store_taken take_lease(struct blob_store *b, struct diags *diags)
{
	for (int tries = 0; tries < CREATE_TRIES; tries++) {
		struct arena *scratch = arena_new();
		struct blob_request request = log_request(b, "PUT", "lease");
		blob_header(&request, "x-ms-lease-action", "acquire");
		blob_header(&request, "x-ms-lease-duration",
			arena_printf(scratch, "%d", STORE_LEASE_MS / 1000));
		blob_header(&request, "x-ms-proposed-lease-id", b->lease);
		int64_t sent = clock_ms();
		struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
		bool absent = is_code(&answer, "BlobNotFound");
		enum store_taken taken = STORE_FAILED;
		if (ok_status(&answer)) {
			taken = STORE_TAKEN;
			was_renewed(b, sent);
		} else if (!absent) {
			taken = refuse_taking(b, &answer, diags);
		}
		arena_free(scratch);
		if (!absent || !create(b, diags))
			return taken;
	}
	(void)unreadable(b, "its blob comes and goes", diags);
	return STORE_FAILED;
}

static bool put_metadata(struct blob_store *b, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = log_request(b, "PUT", "metadata");
	blob_header(&request, "x-ms-lease-id", b->lease);
	add_metadata(&request, scratch, &b->root);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer) ||
		refused_under_lease(b, &answer, "write the holder's name", diags);
	arena_free(scratch);
	return ok;
}

/* Nobody reads it any more. What stays is told to the next holder by the metadata. */
static bool drop_snapshot(struct blob_store *b, const char *snapshot)
{
	struct arena *scratch = arena_new();
	struct blob_request request = { .method = "DELETE",
		.blob = snapshot_name(scratch, b, snapshot) };
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer) || is_code(&answer, "BlobNotFound");
	arena_free(scratch);
	return ok;
}

static void drop_named(struct blob_store *b, char **snapshot)
{
	if (*snapshot && drop_snapshot(b, *snapshot))
		set(snapshot, NULL);
}

static void release(struct store *store);

static enum store_taken acquire(struct store *store, const char *holder, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	bool found = false;
	enum store_taken taken = take_lease(b, diags);
	if (taken != STORE_TAKEN)
		return taken;
	b->is_leased = true;
	b->lost = NULL;
	if (!read_log(b, &b->root, &b->first, &found, diags)) {
		release(store);
		return STORE_FAILED;
	}
	b->has_first = found;
	b->log_len = b->first.log_len;
	drop_named(b, &b->root.next);
	drop_named(b, &b->root.stale);
	set(&b->root.holder, strlen(holder) < HOLDER_HEADER_BYTES ? holder : NULL);
	if (found && put_metadata(b, diags))
		return STORE_TAKEN;
	if (!found) {
		b->lost = "the blob is gone";
		(void)refuse_lost(b, diags);
	}
	release(store);
	return STORE_FAILED;
}

static void release(struct store *store)
{
	struct blob_store *b = blob_of(store);
	if (is_ours(b)) {
		struct arena *scratch = arena_new();
		struct blob_request request = lease_request(b, "release");
		b->renew_ms = INT64_MAX;
		(void)blob_ask(b->line, scratch, &request, clock_ms() + RELEASE_PATIENCE_MS);
		arena_free(scratch);
	}
	b->is_leased = false;
	b->has_first = false;
	store_contents_clear(&b->first);
}

static bool holder_now(struct store *store, char **out, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	struct arena *scratch = arena_new();
	struct blob_request request = log_request(b, "HEAD", NULL);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer) || answer.status == 404 ||
		blob_refused(b->line, &answer, "read who holds the state", diags);
	const char *holder = blob_answer_header(&answer, "x-ms-meta-holder");
	*out = NULL;
	if (ok && ok_status(&answer) && is_held(&answer))
		*out = arena_strdup(diags->arena, holder ? holder : "");
	arena_free(scratch);
	return ok;
}

static bool break_lease(struct store *store, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	struct arena *scratch = arena_new();
	struct blob_request request = log_request(b, "PUT", "lease");
	blob_header(&request, "x-ms-lease-action", "break");
	blob_header(&request, "x-ms-lease-break-period", "0");
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer) || is_code(&answer, "LeaseNotPresentWithLeaseOperation") ||
		is_code(&answer, "BlobNotFound") ||
		blob_refused(b->line, &answer, "break the lease of the state", diags);
	arena_free(scratch);
	return ok;
}

/* ---- writing ---- */

/* After an answer that was lost: whether these bytes are where they were to be, and are the last.
 */
static bool is_there(
	struct blob_store *b, const char *bytes, size_t len, bool *out_there, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = log_request(b, "GET", NULL);
	int64_t total = 0;
	blob_header(&request, "x-ms-lease-id", b->lease);
	blob_header(&request, "x-ms-range",
		arena_printf(scratch, "bytes=%zu-%zu", b->log_len, b->log_len + len - 1));
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = answer.status == 206 || answer.status == 416 ||
		refused_under_lease(b, &answer, "read what was appended", diags);
	*out_there = ok && answer.status == 206 && answer.body_len == len &&
		memcmp(answer.body, bytes, len) == 0 && read_total(&answer, &total) &&
		total == (int64_t)(b->log_len + len);
	arena_free(scratch);
	return ok;
}

static bool append_again(struct blob_store *b, const char *bytes, size_t len, struct diags *diags)
{
	bool there = false;
	if (!is_there(b, bytes, len, &there, diags))
		return false;
	if (there)
		return true;
	b->lost = "its log is not as we left it";
	b->held_until_ms = 0;
	return refuse_lost(b, diags);
}

static bool append(struct store *store, const char *bytes, size_t len, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	if (!hold(store, diags))
		return false;
	struct arena *scratch = arena_new();
	struct blob_request request = log_request(b, "PUT", "appendblock");
	request.body = bytes;
	request.body_len = len;
	blob_header(&request, "x-ms-lease-id", b->lease);
	blob_header(&request, "x-ms-blob-condition-appendpos",
		arena_printf(scratch, "%zu", b->log_len));
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer);
	if (!ok && is_code(&answer, "AppendPositionConditionNotMet"))
		ok = append_again(b, bytes, len, diags);
	else if (!ok)
		ok = refused_under_lease(b, &answer, "keep what was done", diags);
	if (ok)
		b->log_len += len;
	arena_free(scratch);
	return ok;
}

static bool put_part(struct blob_store *b, const char *name, size_t number, const char *bytes,
	size_t len, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = { .method = "PUT",
		.blob = name,
		.comp = "block",
		.block = arena_printf(scratch, "%0*zu", PART_NAME_BYTES, number),
		.body = bytes,
		.body_len = len };
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer) ||
		blob_refused(b->line, &answer, "write a snapshot of the state", diags);
	arena_free(scratch);
	return ok;
}

static bool put_parts(
	struct blob_store *b, const char *name, const char *bytes, size_t len, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct buf list;
	bool ok = true;
	size_t count = 0;
	buf_init(&list, BUF_OWN_TEXT);
	(void)buf_puts(&list, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
	for (size_t at = 0; ok && at < len; at += PART_BYTES, count++) {
		size_t part = len - at < PART_BYTES ? len - at : PART_BYTES;
		ok = put_part(b, name, count, bytes + at, part, diags);
		(void)buf_printf(&list, "<Latest>%0*zu</Latest>", PART_NAME_BYTES, count);
	}
	(void)buf_puts(&list, "</BlockList>");
	struct blob_request request = { .method = "PUT",
		.blob = name,
		.comp = "blocklist",
		.body = list.data,
		.body_len = list.len };
	if (ok) {
		struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
		ok = ok_status(&answer) ||
			blob_refused(b->line, &answer, "write a snapshot of the state", diags);
	}
	buf_release(&list);
	arena_free(scratch);
	return ok;
}

static bool put_snapshot(struct blob_store *b, const char *snapshot, const void *bytes, size_t len,
	struct diags *diags)
{
	struct arena *scratch = arena_new();
	const char *name = snapshot_name(scratch, b, snapshot);
	bool ok;
	if (len > PART_BYTES) {
		ok = put_parts(b, name, bytes, len, diags);
	} else {
		struct blob_request request = {
			.method = "PUT", .blob = name, .body = bytes, .body_len = len
		};
		blob_header(&request, "x-ms-blob-type", "BlockBlob");
		struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
		ok = ok_status(&answer) ||
			blob_refused(b->line, &answer, "write a snapshot of the state", diags);
	}
	arena_free(scratch);
	return ok;
}

/* The one act by which what is read changes from the old snapshot and log to the new. */
static bool put_root(struct blob_store *b, const struct root *root, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = log_request(b, "PUT", NULL);
	blob_header(&request, "x-ms-blob-type", "AppendBlob");
	blob_header(&request, "x-ms-lease-id", b->lease);
	add_metadata(&request, scratch, root);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, patience(b));
	bool ok = ok_status(&answer) || refused_under_lease(b, &answer, "begin a new log", diags);
	arena_free(scratch);
	return ok;
}

static bool replace(struct store *store, const void *snapshot, size_t len, int64_t sequence,
	struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	char name[37];
	uuid_random(name);
	if (!hold(store, diags))
		return false;
	drop_named(b, &b->root.stale);
	set(&b->root.next, name);
	if (!put_metadata(b, diags) || !put_snapshot(b, name, snapshot, len, diags) ||
		!hold(store, diags))
		return false;
	struct root root = { .snapshot = name,
		.stale = b->root.snapshot,
		.holder = b->root.holder,
		.sequence = sequence };
	if (!put_root(b, &root, diags))
		return false;
	free(b->root.stale);
	b->root.stale = b->root.snapshot;
	b->root.snapshot = mem_strdup(name);
	b->root.sequence = sequence;
	set(&b->root.next, NULL);
	b->log_len = 0;
	drop_named(b, &b->root.stale);
	return true;
}

/* ---- opening and closing ---- */

static void close_store(struct store *store)
{
	struct blob_store *b = blob_of(store);
	release(store);
	blob_line_close(b->line);
	root_release(&b->root);
	arena_free(b->arena);
	free(b);
}

struct store *blob_open(const struct blob_options *options, struct diags *diags)
{
	struct blob_line *line = blob_line_open(options, diags);
	if (!line)
		return NULL;
	struct blob_store *b = mem_alloc(sizeof *b);
	struct arena *a = arena_new();
	*b = (struct blob_store){
		.store = { arena_printf(a, "azureBlob:%s/%s/%s", options->account,
				   options->container, options->key),
			read_all, acquire, keep, keep_due_ms, held_until_ms, hold, append, replace,
			release, holder_now, break_lease, close_store },
		.arena = a,
		.line = line,
		.key = arena_strdup(a, options->key),
	};
	uuid_random(b->lease);
	blob_line_idle(line, renew_when_due, due_ms, b);
	return &b->store;
}
