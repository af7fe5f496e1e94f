/* SPDX-License-Identifier: Apache-2.0 */
#include "state/blob_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "providers/net/timer.h"

#define PATIENCE_MS 30000 /* for one part of a snapshot */
#define READ_TRIES 5      /* a snapshot may be replaced while we read */

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

bool blob_read_root(const struct blob_store *b, const struct blob_answer *answer, struct root *out,
	struct diags *diags)
{
	const char *arrangement = blob_answer_header(answer, "x-ms-meta-waybill");
	const char *snapshot = blob_answer_header(answer, "x-ms-meta-snapshot");
	const char *next = blob_answer_header(answer, "x-ms-meta-next");
	const char *stale = blob_answer_header(answer, "x-ms-meta-stale");
	const char *holder = blob_answer_header(answer, "x-ms-meta-holder");
	if (!arrangement)
		return blob_unreadable(b, "the blob is not one of Waybill's", diags);
	if (strcmp(arrangement, BLOB_ARRANGEMENT) != 0) {
		diag_error(diags, blob_place(b, diags), "state-newer",
			"the state is kept in a way that this Waybill does not know");
		diag_help(diags, "use the newer Waybill that last wrote it");
		return false;
	}
	blob_root_release(out);
	if (!read_number(blob_answer_header(answer, "x-ms-meta-sequence"), &out->sequence) ||
		(snapshot && !is_uuid(snapshot)) || (next && !is_uuid(next)) ||
		(stale && !is_uuid(stale)))
		return blob_unreadable(b, "the metadata of its blob are damaged", diags);
	blob_set(&out->snapshot, snapshot);
	blob_set(&out->next, next);
	blob_set(&out->stale, stale);
	blob_set(&out->holder, holder);
	return true;
}

bool blob_is_leased(const struct blob_answer *answer)
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
bool blob_read_log(struct blob_store *b, struct root *root, struct store_contents *out,
	bool *out_found, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct blob_request request = blob_log_request(b, "GET", NULL);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	*out_found = blob_is_good(&answer);
	int64_t appends = 0;
	bool ok = *out_found || blob_is_code(&answer, "BlobNotFound");
	if (!ok && answer.result == HTTP_TOO_LARGE)
		(void)blob_unreadable(b, "its log is larger than Waybill lets it grow", diags);
	else if (!ok)
		(void)blob_refused(b->line, &answer, "read the state", diags);
	if (*out_found)
		ok = blob_read_root(b, &answer, root, diags) &&
			(answer.body_len <= STORE_LOG_BYTES ||
				blob_unreadable(
					b, "its log is larger than Waybill lets it grow", diags));
	if (*out_found && ok) {
		blob_note_etag(b, &answer);
		(void)read_number(
			blob_answer_header(&answer, "x-ms-blob-committed-block-count"), &appends);
		*out = (struct store_contents){ .sequence = root->sequence,
			.log = copy_of(answer.body, answer.body_len),
			.log_len = answer.body_len,
			.appends = appends > 0 ? (size_t)appends : 0,
			.is_held = blob_is_leased(&answer) };
		blob_set(&out->holder, root->holder);
	}
	arena_free(scratch);
	return ok;
}

/* Of "bytes 0-99/1234". */
bool blob_read_total(const struct blob_answer *answer, int64_t *out)
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
		arena_printf(
			scratch, "bytes=%zu-%zu", bytes->len, bytes->len + BLOB_PART_BYTES - 1));
	struct blob_answer answer = blob_ask(b->line, scratch, &request, clock_ms() + PATIENCE_MS);
	*out_gone = blob_is_code(&answer, "BlobNotFound");
	bool ok = true;
	if (!*out_gone && answer.status != 206)
		ok = answer.status == 416 || answer.status == 200
			? blob_unreadable(b, "its snapshot is not what it was written as", diags)
			: blob_refused(b->line, &answer, "read the state", diags);
	else if (!*out_gone)
		ok = (blob_read_total(&answer, total) && answer.body_len > 0 &&
			     *total <= (int64_t)STORE_SNAPSHOT_BYTES &&
			     buf_add(bytes, answer.body, answer.body_len)) ||
			blob_unreadable(b, "its snapshot is larger than Waybill takes", diags);
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
	const char *name = blob_snapshot_name(scratch, b, snapshot);
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
	bool ok = blob_read_log(b, &root, out, &found, diags);
	if (ok && found && root.snapshot)
		ok = read_snapshot(b, root.snapshot, out, out_gone, diags);
	blob_root_release(&root);
	return ok;
}

bool blob_read(struct store *store, struct store_contents *out, struct diags *diags)
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
			(!gone || blob_unreadable(b, "its snapshot is gone", diags));
	}
	for (int tries = 0; tries < READ_TRIES; tries++) {
		if (!read_fresh(b, out, &gone, diags))
			return false;
		if (!gone)
			return true;
		store_contents_clear(out);
	}
	return blob_unreadable(b, "its snapshot is gone", diags);
}
