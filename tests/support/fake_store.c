/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_store.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"

#define LOG_BYTES ((size_t)64 << 20)

/* `store` comes first: a struct store * is a struct fake_store *. */
struct fake_store {
	struct store store;
	struct fake_place *place;
};

static struct fake_place *place_of(struct store *store)
{
	return ((struct fake_store *)(void *)store)->place;
}

void fake_place_init(struct fake_place *place)
{
	*place = (struct fake_place){ .held_ms = STORE_LEASE_MS };
	buf_init(&place->log, LOG_BYTES);
}

void fake_place_release(struct fake_place *place)
{
	free(place->snapshot);
	free(place->holder_name);
	buf_release(&place->log);
}

void fake_place_expire(struct fake_place *place)
{
	place->holder = NULL;
}

static char *copy_of(const void *bytes, size_t len)
{
	char *copy = mem_alloc(len + 1);
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

static bool read_all(struct store *store, struct store_contents *out, struct diags *diags)
{
	struct fake_place *place = place_of(store);
	(void)diags;
	place->reads++;
	*out = (struct store_contents){ .sequence = place->sequence,
		.is_held = place->holder != NULL };
	if (place->snapshot) {
		out->snapshot = copy_of(place->snapshot, place->snapshot_len);
		out->snapshot_len = place->snapshot_len;
	}
	out->log = copy_of(place->log.data, place->log.len);
	out->log_len = place->log.len;
	if (place->holder_name)
		out->holder = mem_strdup(place->holder_name);
	return true;
}

static enum store_taken acquire(struct store *store, const char *holder, struct diags *diags)
{
	struct fake_place *place = place_of(store);
	(void)diags;
	if (place->holder && place->holder != store)
		return STORE_HELD;
	place->holder = store;
	free(place->holder_name);
	place->holder_name = mem_strdup(holder);
	return STORE_TAKEN;
}

static void keep(struct store *store)
{
	place_of(store)->kept++;
}

static int64_t keep_due_ms(struct store *store)
{
	(void)store;
	return 20000;
}

static int64_t held_ms(struct store *store)
{
	const struct fake_place *place = place_of(store);
	return place->holder == store ? place->held_ms : 0;
}

static bool refuse(struct store *store, struct diags *diags)
{
	(void)diag_error(diags, (struct place){ .file = store->name }, "state-lost",
		"the lease of the state is lost");
	diag_help(diags, "run again");
	return false;
}

static bool hold(struct store *store, struct diags *diags)
{
	return held_ms(store) >= STORE_REQUEST_MS || refuse(store, diags);
}

/* What befalls this write. */
static enum fake_failure fate(struct fake_place *place)
{
	return place->fail_at && --place->fail_at == 0 ? place->failure : FAKE_NONE;
}

static bool answer(struct store *store, enum fake_failure failure, struct diags *diags)
{
	if (failure == FAKE_NONE || failure == FAKE_TWICE)
		return true;
	(void)diag_error(diags, (struct place){ .file = store->name }, "backend-unreachable",
		"no answer came");
	diag_help(diags, "run again");
	return false;
}

static bool append(struct store *store, const char *bytes, size_t len, struct diags *diags)
{
	struct fake_place *place = place_of(store);
	if (place->holder != store)
		return refuse(store, diags);
	enum fake_failure failure = fate(place);
	place->appends++;
	place->bytes += len;
	if (failure != FAKE_NOT_DONE)
		(void)buf_add(&place->log, bytes, failure == FAKE_TORN ? len / 2 : len);
	if (failure == FAKE_TWICE)
		(void)buf_add(&place->log, bytes, len);
	return answer(store, failure, diags);
}

static bool replace(struct store *store, const void *snapshot, size_t len, int64_t sequence,
	struct diags *diags)
{
	struct fake_place *place = place_of(store);
	if (place->holder != store)
		return refuse(store, diags);
	enum fake_failure failure = fate(place);
	place->replaces++;
	place->bytes += len;
	if (failure != FAKE_NOT_DONE) {
		free(place->snapshot);
		place->snapshot = copy_of(snapshot, len);
		place->snapshot_len = len;
		place->sequence = sequence;
		buf_clear(&place->log);
	}
	return answer(store, failure, diags);
}

static void give_up_lease(struct store *store)
{
	struct fake_place *place = place_of(store);
	if (place->holder == store)
		place->holder = NULL;
}

static bool holder_now(struct store *store, char **out, struct diags *diags)
{
	const struct fake_place *place = place_of(store);
	*out = place->holder ? arena_strdup(diags->arena, place->holder_name) : NULL;
	return true;
}

static bool break_lease(struct store *store, struct diags *diags)
{
	(void)diags;
	place_of(store)->holder = NULL;
	return true;
}

static void close_store(struct store *store)
{
	give_up_lease(store);
	free(store);
}

struct store *fake_store_open(struct fake_place *place)
{
	struct fake_store *fake = mem_alloc(sizeof *fake);
	*fake = (struct fake_store){
		.store = { "fake://state", read_all, acquire, keep, keep_due_ms, held_ms, hold,
			append, replace, give_up_lease, holder_now, break_lease, close_store },
		.place = place,
	};
	return &fake->store;
}
