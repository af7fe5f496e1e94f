/* SPDX-License-Identifier: Apache-2.0 */
#include "state/blob_internal.h"

#include <string.h>
#include <time.h>

#include "providers/net/timer.h"

#define RENEW_EVERY_MS 15000
#define RENEW_AGAIN_MS 2000
#define WHILE_RENEWING_MS 50
#define RELEASE_PATIENCE_MS 2000
#define CREATE_TRIES 5
#define HOLDER_HEADER_BYTES 4096

/* It goes on while the machine sleeps, as the service's own does. */
static int64_t lease_clock(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void was_renewed(struct blob_store *b, int64_t sent_ms)
{
	b->held_until_ms = sent_ms + STORE_LEASE_MS;
	b->renew_ms = sent_ms + RENEW_EVERY_MS;
}

static void on_renewed(void *context, const struct blob_answer *answer)
{
	struct blob_store *b = context;
	b->is_renewing = false;
	if (blob_is_good(answer)) {
		was_renewed(b, b->renewal_sent_ms);
		return;
	}
	b->renew_ms = lease_clock() + RENEW_AGAIN_MS;
	if (!b->lost)
		b->lost = blob_why_lost(answer);
	if (b->lost)
		b->held_until_ms = 0;
}

static struct blob_request lease_request(const struct blob_store *b, const char *action)
{
	struct blob_request request = blob_log_request(b, "PUT", "lease");
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
	b->renewal_sent_ms = lease_clock();
	blob_begin(b->line, &request, on_renewed, b);
}

int64_t blob_due_ms(void *context)
{
	const struct blob_store *b = context;
	if (!is_ours(b) || b->is_renewing || b->renew_ms == INT64_MAX)
		return INT64_MAX;
	int64_t left = b->renew_ms - lease_clock();
	return left > 0 ? left : 0;
}

void blob_renew_when_due(void *context)
{
	struct blob_store *b = context;
	if (blob_due_ms(b) == 0)
		begin_renewal(b);
}

void blob_keep(struct store *store)
{
	struct blob_store *b = blob_of(store);
	blob_renew_when_due(b);
	if (b->is_renewing)
		blob_step(b->line, 0);
}

int64_t blob_keep_due_ms(struct store *store)
{
	struct blob_store *b = blob_of(store);
	return b->is_renewing ? WHILE_RENEWING_MS : blob_due_ms(b);
}

int64_t blob_held_ms(struct store *store)
{
	const struct blob_store *b = blob_of(store);
	int64_t left = is_ours(b) ? b->held_until_ms - lease_clock() : 0;
	return left > 0 ? left : 0;
}

/* A lease that ended may still be renewed if nobody took it or changed the blob since: then all
 * that was read is true. */
bool blob_hold(struct store *store, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	int64_t end = clock_ms() + STORE_REQUEST_MS;
	while (blob_held_ms(store) < STORE_REQUEST_MS && is_ours(b) && clock_ms() < end)
		blob_step(b->line, WHILE_RENEWING_MS);
	return blob_held_ms(store) >= STORE_REQUEST_MS || blob_refuse_lost(b, diags);
}

static enum store_taken refuse_taking(
	struct blob_store *b, const struct blob_answer *answer, struct diags *diags)
{
	if (blob_is_code(answer, "LeaseAlreadyPresent") ||
		blob_is_code(answer, "LeaseIsBreakingAndCannotBeAcquired"))
		return STORE_HELD;
	(void)blob_refused(b->line, answer, "take the lease of the state", diags);
	return STORE_FAILED;
}

/* True when there is a blob to be leased, ours or just made by another. */
static bool create(struct blob_store *b, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct root none = { 0 };
	struct blob_request request = blob_log_request(b, "PUT", NULL);
	blob_header(&request, "x-ms-blob-type", "AppendBlob");
	blob_header(&request, "If-None-Match", "*");
	blob_add_metadata(&request, scratch, &none);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = blob_is_good(&answer) || answer.status == 409 || answer.status == 412 ||
		blob_refused(b->line, &answer, "make the state", diags);
	arena_free(scratch);
	return ok;
}

static enum store_taken take_lease(struct blob_store *b, struct diags *diags)
{
	for (int tries = 0; tries < CREATE_TRIES; tries++) {
		struct arena *scratch = arena_new();
		struct blob_request request = blob_log_request(b, "PUT", "lease");
		blob_header(&request, "x-ms-lease-action", "acquire");
		blob_header(&request, "x-ms-lease-duration",
			arena_printf(scratch, "%d", STORE_LEASE_MS / 1000));
		blob_header(&request, "x-ms-proposed-lease-id", b->lease);
		int64_t sent = lease_clock();
		struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
		bool absent = blob_is_code(&answer, "BlobNotFound");
		enum store_taken taken = STORE_FAILED;
		if (blob_is_good(&answer)) {
			taken = STORE_TAKEN;
			was_renewed(b, sent);
		} else if (!absent) {
			taken = refuse_taking(b, &answer, diags);
		}
		arena_free(scratch);
		if (!absent || !create(b, diags))
			return taken;
	}
	(void)blob_unreadable(b, "its blob comes and goes", diags);
	return STORE_FAILED;
}

enum store_taken blob_acquire(struct store *store, const char *holder, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	bool found = false;
	enum store_taken taken = take_lease(b, diags);
	if (taken != STORE_TAKEN)
		return taken;
	b->is_leased = true;
	b->lost = NULL;
	if (!blob_read_log(b, &b->root, &b->first, &found, diags)) {
		blob_release(store);
		return STORE_FAILED;
	}
	b->has_first = found;
	b->log_len = b->first.log_len;
	blob_drop_named(b, &b->root.next);
	blob_drop_named(b, &b->root.stale);
	blob_set(&b->root.holder, strlen(holder) < HOLDER_HEADER_BYTES ? holder : NULL);
	if (found && blob_put_metadata(b, diags))
		return STORE_TAKEN;
	if (!found) {
		b->lost = "the blob is gone";
		(void)blob_refuse_lost(b, diags);
	}
	blob_release(store);
	return STORE_FAILED;
}

void blob_release(struct store *store)
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

bool blob_holder(struct store *store, char **out, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	struct arena *scratch = arena_new();
	struct blob_request request = blob_log_request(b, "HEAD", NULL);
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = blob_is_good(&answer) || blob_is_code(&answer, "BlobNotFound") ||
		blob_refused(b->line, &answer, "read who holds the state", diags);
	const char *holder = blob_answer_header(&answer, "x-ms-meta-holder");
	*out = NULL;
	if (ok && blob_is_good(&answer) && blob_is_leased(&answer))
		*out = arena_strdup(diags->arena, holder ? holder : "");
	arena_free(scratch);
	return ok;
}

bool blob_break(struct store *store, struct diags *diags)
{
	struct blob_store *b = blob_of(store);
	struct arena *scratch = arena_new();
	struct blob_request request = blob_log_request(b, "PUT", "lease");
	blob_header(&request, "x-ms-lease-action", "break");
	blob_header(&request, "x-ms-lease-break-period", "0");
	struct blob_answer answer = blob_ask(b->line, scratch, &request, blob_patience(b));
	bool ok = blob_is_good(&answer) ||
		blob_is_code(&answer, "LeaseNotPresentWithLeaseOperation") ||
		blob_is_code(&answer, "BlobNotFound") ||
		blob_refused(b->line, &answer, "break the lease of the state", diags);
	arena_free(scratch);
	return ok;
}
