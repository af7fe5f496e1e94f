/* SPDX-License-Identifier: Apache-2.0 */
#include "state/remote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "state/backup.h"
#include "state/internal.h"
#include "tests/support/fake_store.h"
#include "tests/support/state_fixture.h"

static struct fake_place place;

static int set_up(void **unused)
{
	fake_place_init(&place);
	return fixture_set_up(unused);
}

static int tear_down(void **unused)
{
	fake_place_release(&place);
	return fixture_tear_down(unused);
}

/* One run: a remote with the lock and an open state. */
struct runner {
	struct remote *remote;
	struct state *state;
};

static struct runner start(void)
{
	struct runner r = { .remote = remote_new(fake_store_open(&place)) };
	if (!remote_lock(r.remote, "apply", 0, NULL, NULL, &fixture.diags) ||
		!(r.state = state_open_remote(r.remote, STATE_WRITE, &fixture.diags)))
		fail_msg("%s: %s", fixture.diags.items[0].code, fixture.diags.items[0].text);
	return r;
}

static void end(struct runner *r)
{
	state_close(r->state);
	remote_free(r->remote);
}

/* Everything that is known, as text, but for what is random. */
static const char *dump(struct state *s)
{
	static const char *const queries[] = {
		"SELECT id || '|' || address || '|' || origin || '|' || coalesce(body, '-')"
		" FROM resource ORDER BY id",
		"SELECT number || '|' || run || '|' || id || '|' || verb || '|' ||"
		" coalesce(step, '-') || '|' || coalesce(outcome, '-') || '|' || started ||"
		" coalesce(ended, '-') FROM intent ORDER BY number",
		"SELECT number || '|' || command || '|' || started || '|' ||"
		" coalesce(result, '-') || '|' || coalesce(outputs, '-') FROM run ORDER BY number",
		"SELECT run || '|' || sequence || '|' || time || '|' || coalesce(address, '-')"
		" || '|' || coalesce(before, '-') || '|' || coalesce(after, '-') || outcome"
		" FROM change ORDER BY run, sequence",
		"SELECT lineage || '|' || key || '|' || serial || '|' || coalesce(cloud, '-')"
		" FROM meta",
	};
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	for (size_t i = 0; s && s->db && i < ARRAY_LEN(queries); i++) {
		sqlite3_stmt *row = NULL;
		assert_int_equal(sqlite3_prepare_v2(s->db, queries[i], -1, &row, NULL), SQLITE_OK);
		while (sqlite3_step(row) == SQLITE_ROW)
			(void)buf_printf(&text, "%zu: %s\n", i, sqlite3_column_text(row, 0));
		assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
	}
	const char *copy = arena_strdup(fixture.arena, text.data);
	buf_release(&text);
	return copy;
}

/* What somebody elsewhere reads now. */
static const char *dump_elsewhere(void)
{
	struct remote *remote = remote_new(fake_store_open(&place));
	struct state *s = state_open_remote(remote, STATE_READ, &fixture.diags);
	if (!s)
		fail_msg("%s: %s", fixture.diags.items[0].code, fixture.diags.items[0].text);
	const char *text = dump(s);
	state_close(s);
	remote_free(remote);
	return text;
}

static const char *last_code(void)
{
	return fixture.diags.count ? fixture.diags.items[fixture.diags.count - 1].code : "(none)";
}

/* ---- what is written is read ---- */

static void test_remote__nothing_is_an_empty_state(void **unused)
{
	(void)unused;
	struct remote *remote = remote_new(fake_store_open(&place));
	struct state *s = state_open_remote(remote, STATE_READ, &fixture.diags);
	assert_non_null(s);
	assert_null(state_lineage(s));
	assert_int_equal(fixture_count(s), 0);
	state_close(s);
	remote_free(remote);
	assert_int_equal(place.appends + place.replaces, 0);
}

/* All kinds of writes, in several groups. False at the first that fails. */
static bool work(struct state *s)
{
	struct diags *diags = &fixture.diags;
	struct run run = { .command = "apply", .user = "\xc3\xa9va \"q\"", .host = "h", .pid = 7 };
	struct state_binding binding = { .cloud = "public" };
	struct record record = fixture_record("/subscriptions/S/a");
	record.body = fixture_json("{\"x\":[null,1,\"\\n\\u0001\"],\"y\":{}}");
	if (!state_bind(s, &binding, diags) || !state_begin_run(s, &run, diags) ||
		!state_commit(s, diags))
		return false;
	for (int i = 0; i < 3; i++) {
		struct intent intent = { .run = run.number,
			.id = arena_printf(fixture.arena, "/i%d", i),
			.verb = "put",
			.step = fixture_json("{\"s\":1}") };
		record.id = intent.id;
		if (!state_intend(s, &intent, diags) || !state_commit(s, diags) ||
			!state_put_record(s, &record, diags) ||
			!state_settle(s, intent.number, i == 2 ? "unknown" : "done",
				fixture_json("[{\"address\":\"a\",\"before\":null,\"after\":[1]}]"),
				diags) ||
			!state_commit(s, diags))
			return false;
	}
	return state_drop_record(s, "/i0", diags) &&
		state_end_run(s, run.number, "done", fixture_json("{\"o\":[]}"), NULL, diags) &&
		state_commit(s, diags);
}

static void test_remote__log_gives_the_same_rows_elsewhere(void **unused)
{
	(void)unused;
	struct runner r = start();
	assert_true(work(r.state));
	const char *here = dump(r.state);
	assert_string_equal(dump_elsewhere(), here);
	end(&r);
	assert_int_equal(place.replaces, 0);
	assert_int_equal(place.appends, 8);
	assert_null(place.holder);
	assert_string_equal(dump_elsewhere(), here);
}

static void test_remote__commit_without_news_asks_nothing(void **unused)
{
	(void)unused;
	struct runner r = start();
	fixture_put(r.state, "/a");
	fixture_commit(r.state);
	size_t before = place.appends;
	fixture_put(r.state, "/a");
	fixture_commit(r.state);
	fixture_commit(r.state);
	assert_int_equal(place.appends, before);
	end(&r);
}

static void test_remote__what_was_not_committed_is_not_there(void **unused)
{
	(void)unused;
	struct runner r = start();
	fixture_put(r.state, "/a");
	fixture_commit(r.state);
	fixture_put(r.state, "/b");
	end(&r);
	r = start();
	assert_int_equal(fixture_count(r.state), 1);
	fixture_put(r.state, "/c");
	fixture_commit(r.state);
	end(&r);
	assert_non_null(strstr(dump_elsewhere(), "/c|"));
	assert_null(strstr(dump_elsewhere(), "/b|"));
}

static void test_remote__a_run_reads_once(void **unused)
{
	(void)unused;
	struct remote *remote = remote_new(fake_store_open(&place));
	assert_true(remote_lock(remote, "apply", 0, NULL, NULL, &fixture.diags));
	for (int i = 0; i < 3; i++) {
		struct state *s = state_open_remote(remote, STATE_READ, &fixture.diags);
		assert_int_equal(fixture_count(s), (size_t)i);
		state_close(s);
		s = state_open_remote(remote, STATE_WRITE, &fixture.diags);
		fixture_put(s, arena_printf(fixture.arena, "/a%d", i));
		fixture_commit(s);
		state_close(s);
	}
	remote_free(remote);
	assert_int_equal(place.reads, 1);
}

/* ---- snapshots ---- */

static void put_large(struct state *s, const char *id, size_t bytes)
{
	struct record record = fixture_record(id);
	char *text = arena_alloc(fixture.arena, bytes + 1);
	memset(text, 'x', bytes);
	record.body = arena_json(fixture.arena, json_pack("{s:s}", "t", text));
	assert_true(state_put_record(s, &record, &fixture.diags));
}

static void test_remote__bytes_follow_changes(void **unused)
{
	(void)unused;
	struct runner r = start();
	size_t changed = 0;
	for (int i = 0; i < 400; i++) {
		put_large(r.state, arena_printf(fixture.arena, "/a%d", i), 10000);
		fixture_commit(r.state);
		changed += 10000;
	}
	const char *here = dump(r.state);
	end(&r);
	assert_in_range(place.replaces, 2, 5);
	assert_in_range(place.bytes, changed, changed * 4);
	assert_string_equal(dump_elsewhere(), here);
}

static void test_remote__a_group_too_large_is_made_a_snapshot(void **unused)
{
	(void)unused;
	struct runner r = start();
	put_large(r.state, "/a", (size_t)5 << 20);
	fixture_commit(r.state);
	assert_int_equal(place.replaces, 1);
	assert_int_equal(place.appends, 0);
	fixture_put(r.state, "/b");
	fixture_commit(r.state);
	assert_int_equal(place.appends, 1);
	const char *here = dump(r.state);
	end(&r);
	assert_string_equal(dump_elsewhere(), here);
}

/* ---- what fails ---- */

/* Each write of a run fails in turn: the next run anywhere has what was durable, or one group
 * more, and goes on. */
static void fail_each(enum fake_failure failure)
{
	for (size_t nth = 1; nth <= 8; nth++) {
		fake_place_release(&place);
		fake_place_init(&place);
		struct runner r = start();
		place.fail_at = nth;
		place.failure = failure;
		bool ended = work(r.state);
		assert_int_equal(ended, failure == FAKE_TWICE);
		const char *durable = dump(r.state);
		if (!ended) {
			assert_false(state_commit(r.state, &fixture.diags));
			assert_string_equal(last_code(), "state-write");
		}
		end(&r);
		const char *there = dump_elsewhere();
		if (failure == FAKE_DONE)
			assert_string_not_equal(there, durable);
		else
			assert_string_equal(there, nth == 1 && !ended ? "" : durable);
		r = start();
		assert_true(work(r.state));
		const char *here = dump(r.state);
		end(&r);
		assert_string_equal(dump_elsewhere(), here);
	}
}

static void test_remote__an_append_that_never_arrived(void **unused)
{
	(void)unused;
	fail_each(FAKE_NOT_DONE);
}

static void test_remote__an_append_whose_answer_was_lost(void **unused)
{
	(void)unused;
	fail_each(FAKE_DONE);
}

static void test_remote__half_an_append_is_left_out_and_nothing_follows_it(void **unused)
{
	(void)unused;
	fail_each(FAKE_TORN);
	assert_int_equal(place.replaces, 1);
}

static void test_remote__an_append_that_is_there_twice_counts_once(void **unused)
{
	(void)unused;
	fail_each(FAKE_TWICE);
}

static void test_remote__a_snapshot_that_fails(void **unused)
{
	(void)unused;
	static const enum fake_failure failures[] = { FAKE_NOT_DONE, FAKE_DONE };
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		fake_place_release(&place);
		fake_place_init(&place);
		struct runner r = start();
		fixture_put(r.state, "/a");
		fixture_commit(r.state);
		put_large(r.state, "/b", (size_t)5 << 20);
		place.fail_at = 1;
		place.failure = failures[i];
		assert_false(state_commit(r.state, &fixture.diags));
		end(&r);
		r = start();
		assert_int_equal(fixture_count(r.state), failures[i] == FAKE_DONE ? 2 : 1);
		fixture_put(r.state, "/c");
		fixture_commit(r.state);
		const char *here = dump(r.state);
		end(&r);
		assert_string_equal(dump_elsewhere(), here);
	}
}

static void test_remote__a_run_that_lost_its_lease_writes_nothing(void **unused)
{
	(void)unused;
	struct runner dead = start();
	fixture_put(dead.state, "/a");
	fixture_commit(dead.state);
	fake_place_expire(&place);
	assert_false(state_held(dead.state, NULL));
	struct runner next = start();
	fixture_put(next.state, "/b");
	fixture_commit(next.state);
	const char *here = dump(next.state);
	fixture_put(dead.state, "/c");
	assert_false(state_commit(dead.state, &fixture.diags));
	assert_string_equal(last_code(), "state-lost");
	end(&dead);
	assert_string_equal(dump_elsewhere(), here);
	assert_non_null(place.holder); /* the one that lost it did not release the other's */
	end(&next);
}

static void test_remote__held_means_for_the_length_of_a_request(void **unused)
{
	(void)unused;
	struct runner r = start();
	assert_true(state_held(r.state, NULL));
	assert_in_range(state_keep_due_ms(r.state), 1, 20000);
	state_keep(r.state);
	assert_int_equal(place.kept, 1);
	place.held_ms = STORE_REQUEST_MS - 1000;
	assert_false(state_held(r.state, NULL));
	assert_false(state_held(r.state, &fixture.diags));
	assert_string_equal(last_code(), "state-lost");
	end(&r);
	struct state *local = fixture_open(STATE_WRITE);
	assert_true(state_held(local, &fixture.diags));
	assert_int_equal(state_keep_due_ms(local), -1);
	state_close(local);
}

/* ---- the lock ---- */

static void remember(void *context, const char *holder)
{
	*(char **)context = arena_strdup(fixture.arena, holder);
}

static void test_remote__the_holder_is_named(void **unused)
{
	(void)unused;
	struct runner r = start();
	struct remote *other = remote_new(fake_store_open(&place));
	char *told = NULL, *holder = NULL;
	assert_false(remote_lock(other, "destroy", 10, remember, &told, &fixture.diags));
	assert_string_equal(last_code(), "state-locked");
	assert_non_null(strstr(fixture.diags.items[0].text, ", apply"));
	assert_non_null(strstr(told, ", apply"));
	assert_true(remote_holder(other, fixture.arena, &holder, &fixture.diags));
	assert_string_equal(holder, told);
	assert_true(remote_break(other, &fixture.diags));
	assert_true(remote_lock(other, "destroy", 0, NULL, NULL, &fixture.diags));
	remote_free(other);
	end(&r);
	struct remote *reader = remote_new(fake_store_open(&place));
	assert_true(remote_holder(reader, fixture.arena, &holder, &fixture.diags));
	assert_null(holder);
	remote_free(reader);
}

static void test_remote__a_reader_sees_what_is_in_flight(void **unused)
{
	(void)unused;
	struct runner r = start();
	(void)fixture_intend(r.state, fixture_begin_run(r.state), "/x");
	fixture_commit(r.state);
	struct remote *remote = remote_new(fake_store_open(&place));
	struct state *s = state_open_remote(remote, STATE_READ, &fixture.diags);
	struct intent *intents;
	size_t count;
	char *holder = NULL;
	assert_true(state_open_intents(s, fixture.arena, &intents, &count, &fixture.diags));
	assert_int_equal(count, 1);
	assert_string_equal(intents[0].id, "/x");
	assert_true(remote_holder(remote, fixture.arena, &holder, &fixture.diags));
	assert_non_null(strstr(holder, ", apply"));
	state_close(s);
	remote_free(remote);
	end(&r);
}

/* ---- from a file and back ---- */

static void test_remote__a_local_state_moves_there_and_back(void **unused)
{
	(void)unused;
	struct state *local = fixture_open(STATE_WRITE);
	assert_true(work(local));
	const char *here = dump(local);
	state_close(local);
	local = fixture_open(STATE_READ);
	struct remote *remote = remote_new(fake_store_open(&place));
	assert_true(remote_lock(remote, "state push", 0, NULL, NULL, &fixture.diags));
	assert_true(remote_push(remote, local, false, &fixture.diags));
	assert_true(remote_push(remote, local, false, &fixture.diags)); /* the same once more */
	state_close(local);
	remote_free(remote);
	assert_string_equal(dump_elsewhere(), here);

	struct runner r = start();
	fixture_put(r.state, "/more");
	fixture_commit(r.state);
	here = dump(r.state);
	const char *back = folder_path(&fixture.folder, fixture.arena, "back.db");
	assert_true(state_backup(r.state, back, &fixture.diags));
	assert_false(state_backup(r.state, back, &fixture.diags));
	end(&r);
	assert_int_equal(fixture_mode_of("back.db"), 0600);
	local = state_open(back, STATE_WRITE, &fixture.diags);
	assert_string_equal(dump(local), here);
	state_close(local);
}

static void test_remote__push_does_not_overwrite_what_is_newer_or_another(void **unused)
{
	(void)unused;
	struct runner r = start();
	fixture_put(r.state, "/a");
	fixture_commit(r.state);
	const char *there = dump(r.state);
	const char *copy = folder_path(&fixture.folder, fixture.arena, "copy.db");
	assert_true(state_backup(r.state, copy, &fixture.diags));
	state_close(r.state);
	struct state *local = fixture_open(STATE_WRITE);
	fixture_put(local, "/other");
	fixture_commit(local);
	assert_false(remote_push(r.remote, local, false, &fixture.diags));
	assert_string_equal(last_code(), "state-exists");
	state_close(local);
	assert_string_equal(dump_elsewhere(), there);
	r.state = state_open_remote(r.remote, STATE_WRITE, &fixture.diags);
	fixture_put(r.state, "/b");
	fixture_commit(r.state);
	state_close(r.state);
	local = state_open(copy, STATE_READ, &fixture.diags);
	assert_false(remote_push(r.remote, local, false, &fixture.diags));
	assert_string_equal(last_code(), "state-exists");
	assert_true(remote_push(r.remote, local, true, &fixture.diags));
	assert_string_equal(dump_elsewhere(), dump(local));
	state_close(local);
	remote_free(r.remote);
}

/* ---- what is not as we write it ---- */

static void refuses(const char *log, const char *code)
{
	buf_clear(&place.log);
	(void)buf_puts(&place.log, log);
	struct remote *remote = remote_new(fake_store_open(&place));
	assert_null(state_open_remote(remote, STATE_READ, &fixture.diags));
	assert_string_equal(last_code(), code);
	remote_free(remote);
}

static void test_remote__strange_logs_are_refused(void **unused)
{
	(void)unused;
	refuses("noise\n", "state-unreadable");
	refuses("{}\n", "state-unreadable");
	refuses("{\"format\":1,\"n\":2,\"run\":\"\",\"writes\":[]}\n", "state-unreadable");
	refuses("{\"format\":1,\"n\":1,\"run\":\"\",\"writes\":[[\"no_such\"]]}\n",
		"state-unreadable");
	refuses("{\"format\":1,\"n\":1,\"run\":\"\",\"writes\":[[\"drop_record\",1.5]]}\n",
		"state-unreadable");
	refuses("{\"format\":1,\"n\":1,\"run\":\"\",\"writes\":[[\"drop_record\",\"a\",\"b\"]]}\n",
		"state-unreadable");
	refuses("{\"format\":1,\"n\":1,\"run\":\"\",\"writes\":[]}\n", "state-unreadable");
	refuses("{\"format\":99,\"n\":1,\"run\":\"\",\"writes\":[]}\n", "state-newer");
}

static void test_remote__a_snapshot_of_noise_is_refused(void **unused)
{
	(void)unused;
	place.snapshot = mem_strdup("this is not a database, but long enough to look at it twice");
	place.snapshot_len = strlen(place.snapshot);
	refuses("", "state-unreadable");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_remote__##name, set_up, tear_down)
		TEST(nothing_is_an_empty_state),
		TEST(log_gives_the_same_rows_elsewhere),
		TEST(commit_without_news_asks_nothing),
		TEST(what_was_not_committed_is_not_there),
		TEST(a_run_reads_once),
		TEST(bytes_follow_changes),
		TEST(a_group_too_large_is_made_a_snapshot),
		TEST(an_append_that_never_arrived),
		TEST(an_append_whose_answer_was_lost),
		TEST(half_an_append_is_left_out_and_nothing_follows_it),
		TEST(an_append_that_is_there_twice_counts_once),
		TEST(a_snapshot_that_fails),
		TEST(a_run_that_lost_its_lease_writes_nothing),
		TEST(held_means_for_the_length_of_a_request),
		TEST(the_holder_is_named),
		TEST(a_reader_sees_what_is_in_flight),
		TEST(a_local_state_moves_there_and_back),
		TEST(push_does_not_overwrite_what_is_newer_or_another),
		TEST(strange_logs_are_refused),
		TEST(a_snapshot_of_noise_is_refused),
	};
	mem_guard_jansson();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
