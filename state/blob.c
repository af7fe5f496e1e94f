/* SPDX-License-Identifier: Apache-2.0 */
#include "state/blob_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/net/timer.h"

#define PATIENCE_MS 30000 /* with a service that fails, for one thing */

struct blob_store *blob_of(struct store *store)
{
	return (struct blob_store *)(void *)store;
}

void blob_root_release(struct root *root)
{
	free(root->snapshot);
	free(root->next);
	free(root->stale);
	free(root->holder);
	*root = (struct root){ 0 };
}

void blob_set(char **member, const char *value)
{
	char *copy = value ? mem_strdup(value) : NULL;
	free(*member);
	*member = copy;
}

/* ---- requests ---- */

struct blob_request blob_log_request(
	const struct blob_store *b, const char *method, const char *comp)
{
	struct blob_request request = { .method = method, .blob = b->key, .comp = comp };
	if (strcmp(method, "PUT") == 0)
		request.body = "";
	return request;
}

struct blob_request blob_log_write(const struct blob_store *b, const char *comp)
{
	struct blob_request request = blob_log_request(b, "PUT", comp);
	blob_header(&request, "x-ms-lease-id", b->lease);
	if (b->etag)
		blob_header(&request, "If-Match", b->etag);
	return request;
}

void blob_note_etag(struct blob_store *b, const struct blob_answer *answer)
{
	blob_set(&b->etag, blob_answer_header(answer, "ETag"));
}

int64_t blob_patience(struct blob_store *b)
{
	int64_t patience = PATIENCE_MS;
	if (b->is_leased && blob_held_ms(&b->store) < patience)
		patience = blob_held_ms(&b->store);
	return clock_ms() + patience;
}

bool blob_is_code(const struct blob_answer *answer, const char *code)
{
	return strcmp(answer->code, code) == 0;
}

bool blob_is_good(const struct blob_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

void blob_add_metadata(struct blob_request *request, struct arena *a, const struct root *root)
{
	blob_header(request, "x-ms-meta-waybill", BLOB_ARRANGEMENT);
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

const char *blob_snapshot_name(struct arena *a, const struct blob_store *b, const char *snapshot)
{
	return arena_printf(a, "%s.snapshot.%s", b->key, snapshot);
}

/* ---- what is not as it must be ---- */

struct place blob_place(const struct blob_store *b, struct diags *diags)
{
	return (struct place){ .file = arena_strdup(diags->arena, b->store.name) };
}

bool blob_unreadable(const struct blob_store *b, const char *why, struct diags *diags)
{
	diag_error(diags, blob_place(b, diags), "state-unreadable", "the state cannot be read: %s",
		why);
	diag_help(diags,
		"if the account keeps versions or deleted blobs, put back the blobs of "
		"this state as they were; else name another `key` and make the state anew "
		"with `waybill import --all`");
	return false;
}

bool blob_refuse_lost(const struct blob_store *b, struct diags *diags)
{
	diag_error(diags, blob_place(b, diags), "state-lost", "the lease of the state is lost: %s",
		b->lost ? b->lost : "it could not be renewed in time");
	diag_help(diags,
		"run the command again: it first asks Azure what became of the writes "
		"under way");
	return false;
}

bool blob_lose(struct blob_store *b, const char *why, struct diags *diags)
{
	b->lost = why;
	b->held_until_ms = 0;
	return blob_refuse_lost(b, diags);
}

const char *blob_why_lost(const struct blob_answer *answer)
{
	static const struct {
		const char *code, *why;
	} known[] = {
		{ "LeaseIdMismatchWithLeaseOperation", "another run has taken it" },
		{ "LeaseIdMismatchWithBlobOperation", "another run has taken it" },
		{ "LeaseLost", "it ended before it was renewed" },
		{ "LeaseNotPresentWithLeaseOperation", "it was broken" },
		{ "LeaseNotPresentWithBlobOperation", "it was broken" },
		{ "LeaseIdMissing", "another run has taken it" },
		{ "LeaseIsBrokenAndCannotBeRenewed", "it was broken" },
		{ "LeaseIsBreakingAndCannotBeChanged", "it was broken" },
		{ "BlobNotFound", "the blob is gone" },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (blob_is_code(answer, known[i].code))
			return known[i].why;
	return NULL;
}

/* Of a write or a renewal under the lease. */
bool blob_refused_under_lease(struct blob_store *b, const struct blob_answer *answer,
	const char *doing, struct diags *diags)
{
	const char *why = blob_why_lost(answer);
	return why ? blob_lose(b, why, diags) : blob_refused(b->line, answer, doing, diags);
}

/* ---- opening and closing ---- */

static void close_store(struct store *store)
{
	struct blob_store *b = blob_of(store);
	blob_release(store);
	blob_line_close(b->line);
	blob_root_release(&b->root);
	free(b->etag);
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
			blob_read, blob_acquire, blob_keep, blob_keep_due_ms, blob_held_ms,
			blob_hold, blob_append, blob_replace, blob_release, blob_holder, blob_break,
			close_store },
		.arena = a,
		.line = line,
		.key = arena_strdup(a, options->key),
	};
	uuid_random(b->lease);
	blob_line_idle(line, blob_renew_when_due, blob_due_ms, b);
	return &b->store;
}
