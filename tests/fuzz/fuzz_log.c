/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the log of a remote state; when it begins with "SQLite format 3", its snapshot. It
 * is refused with an error or played; what was played can be read, written on and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "state/remote.h"
#include "tests/support/fake_store.h"

#define MAGIC "SQLite format 3"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* assert() would be gone in a build with NDEBUG. */
static void expect(bool good)
{
	if (!good)
		abort();
}

static size_t count_records(struct state *s, struct arena *arena, struct diags *diags)
{
	struct record *records = NULL;
	size_t count = 0;
	return state_records(s, arena, NULL, &records, &count, diags) ? count : (size_t)-1;
}

static void write_on(struct fake_place *place, struct arena *arena, struct diags *diags)
{
	struct remote *remote = remote_new(fake_store_open(place));
	expect(remote_lock(remote, "fuzz", 0, NULL, NULL, diags));
	struct state *s = state_open_remote(remote, STATE_WRITE, diags);
	struct record record = { .id = "/fuzz", .address = "fuzz", .type = "t", .origin = "made" };
	size_t count = s ? count_records(s, arena, diags) : (size_t)-1;
	if (count != (size_t)-1 && state_put_record(s, &record, diags) && state_commit(s, diags)) {
		size_t now = count_records(s, arena, diags);
		state_close(s);
		remote_free(remote);
		remote = remote_new(fake_store_open(place));
		s = state_open_remote(remote, STATE_READ, diags);
		expect(s && count_records(s, arena, diags) == now && now >= count);
	}
	state_close(s);
	remote_free(remote);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *arena = arena_new();
	struct diags diags;
	struct fake_place place;
	diags_init(&diags, arena);
	fake_place_init(&place);
	if (len >= sizeof MAGIC && memcmp(data, MAGIC, sizeof MAGIC) == 0) {
		place.snapshot = mem_alloc(len);
		memcpy(place.snapshot, data, len);
		place.snapshot_len = len;
	} else {
		(void)buf_add(&place.log, data, len);
	}
	struct remote *remote = remote_new(fake_store_open(&place));
	struct state *s = state_open_remote(remote, STATE_READ, &diags);
	expect(s ? diags.nerrors == 0 : diags.nerrors > 0);
	state_close(s);
	remote_free(remote);
	if (s)
		write_on(&place, arena, &diags);
	fake_place_release(&place);
	arena_free(arena);
	return 0;
}
