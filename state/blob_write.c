/* SPDX-License-Identifier: Apache-2.0 */
#include "state/blob_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "providers/net/timer.h"

#define PART_NAME_BYTES 16

/* The log is not as we left it: a request of ours whose answer was lost did its work after all, or
 * something else is the matter. */
static bool is_moved(const struct blob_answer *answer)
{
	return blob_is_code(answer, "ConditionNotMet") ||
		blob_is_code(answer, "AppendPositionConditionNotMet");
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_root(const struct root *a, const struct root *b)
{
	return a->sequence == b->sequence && same_text(a->snapshot, b->snapshot) &&
		same_text(a->next, b->next) && same_text(a->stale, b->stale) &&
		same_text(a->holder, b->holder);
}

/* Whether the metadata are what we wanted them to be. */
static bool check_root(struct blob_store *b, const struct root *wanted, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct root seen = { 0 };
	struct blob_request request = blob_log_request(b, "HEAD", NULL);
	blob_header(&request, "x-ms-lease-id", b->lease);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = blob_is_good(&answer)
		? blob_read_root(b, &answer, &seen, diags) &&
			(same_root(&seen, wanted) ||
				blob_lose(b, "its blob is not as we left it", diags))
		: blob_refused_under_lease(b, &answer, "read what was written", diags);
	if (ok)
		blob_note_etag(b, &answer);
	blob_root_release(&seen);
	arena_free(scratch);
	return ok;
}

/* Of a write that gives the log these metadata. */
static bool write_root(struct blob_store *b, struct blob_request *request, const struct root *root,
	const char *doing, struct diags *diags)
{
	struct arena *scratch = arena_new();
	blob_add_metadata(request, scratch, root);
	struct blob_answer answer = blob_ask(b->line, scratch, request, blob_patience(b));
	bool ok = true;
	if (blob_is_good(&answer))
		blob_note_etag(b, &answer);
	else if (is_moved(&answer))
		ok = check_root(b, root, diags);
	else
		ok = blob_refused_under_lease(b, &answer, doing, diags);
	arena_free(scratch);
	return ok;
}

bool blob_put_metadata(struct blob_store *b, struct diags *diags)
{
	struct blob_request request = blob_log_write(b, "metadata");
	return write_root(b, &request, &b->root, "write the holder's name", diags);
}

/* Nobody reads it any more. What stays is told to the next holder by the metadata. */
static bool drop_snapshot(struct blob_store *b, const char *snapshot)
{
	struct arena *scratch = arena_new();
	struct blob_request request = { .method = "DELETE",
		.blob = blob_snapshot_name(scratch, b, snapshot) };
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = blob_is_good(&answer) || blob_is_code(&answer, "BlobNotFound");
	arena_free(scratch);
	return ok;
}

void blob_drop_named(struct blob_store *b, char **snapshot)
{
	if (*snapshot && drop_snapshot(b, *snapshot))
		blob_set(snapshot, NULL);
}

/* After an answer that was lost: whether these bytes are where they were to be, and are the last.
 */
static bool is_there(
	struct blob_store *b, const char *bytes, size_t len, bool *out_there, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = blob_log_request(b, "GET", NULL);
	int64_t total = 0;
	blob_header(&request, "x-ms-lease-id", b->lease);
	blob_header(&request, "x-ms-range",
		arena_printf(scratch, "bytes=%zu-%zu", b->log_len, b->log_len + len - 1));
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = answer.status == 206 || answer.status == 416 ||
		blob_refused_under_lease(b, &answer, "read what was appended", diags);
	*out_there = ok && answer.status == 206 && answer.body_len == len &&
		memcmp(answer.body, bytes, len) == 0 && blob_read_total(&answer, &total) &&
		total == (int64_t)(b->log_len + len);
	if (*out_there)
		blob_note_etag(b, &answer);
	arena_free(scratch);
	return ok;
}

static bool append_again(struct blob_store *b, const char *bytes, size_t len, struct diags *diags)
{
	bool there = false;
	if (!is_there(b, bytes, len, &there, diags))
		return false;
	return there || blob_lose(b, "its log is not as we left it", diags);
}

bool blob_append(struct store *store, const char *bytes, size_t len, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	if (!blob_hold(store, diags))
		return false;
	struct arena *scratch = arena_new();
	struct blob_request request = blob_log_write(b, "appendblock");
	request.body = bytes;
	request.body_len = len;
	blob_header(&request, "x-ms-blob-condition-appendpos",
		arena_printf(scratch, "%zu", b->log_len));
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = true;
	if (blob_is_good(&answer))
		blob_note_etag(b, &answer);
	else if (is_moved(&answer))
		ok = append_again(b, bytes, len, diags);
	else
		ok = blob_refused_under_lease(b, &answer, "keep what was done", diags);
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
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = blob_is_good(&answer) ||
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
	for (size_t at = 0; ok && at < len; at += BLOB_PART_BYTES, count++) {
		size_t part = len - at < BLOB_PART_BYTES ? len - at : BLOB_PART_BYTES;
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
		struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
		ok = blob_is_good(&answer) ||
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
	const char *name = blob_snapshot_name(scratch, b, snapshot);
	bool ok;
	if (len > BLOB_PART_BYTES) {
		ok = put_parts(b, name, bytes, len, diags);
	} else {
		struct blob_request request = {
			.method = "PUT", .blob = name, .body = bytes, .body_len = len
		};
		blob_header(&request, "x-ms-blob-type", "BlockBlob");
		struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
		ok = blob_is_good(&answer) ||
			blob_refused(b->line, &answer, "write a snapshot of the state", diags);
	}
	arena_free(scratch);
	return ok;
}

/* The one act by which what is read changes from the old snapshot and log to the new. */
static bool put_root(struct blob_store *b, const struct root *root, struct diags *diags)
{
	struct blob_request request = blob_log_write(b, NULL);
	blob_header(&request, "x-ms-blob-type", "AppendBlob");
	return write_root(b, &request, root, "begin a new log", diags);
}

bool blob_replace(struct store *store, const void *snapshot, size_t len, int64_t sequence,
	struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	char name[37];
	uuid_random(name);
	if (!blob_hold(store, diags))
		return false;
	blob_drop_named(b, &b->root.stale);
	blob_set(&b->root.next, name);
	if (!blob_put_metadata(b, diags) || !put_snapshot(b, name, snapshot, len, diags) ||
		!blob_hold(store, diags))
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
	blob_set(&b->root.next, NULL);
	b->log_len = 0;
	blob_drop_named(b, &b->root.stale);
	return true;
}
