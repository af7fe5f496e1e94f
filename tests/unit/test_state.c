/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "state/internal.h"
#include "tests/support/state_fixture.h"

/* ---- records ---- */

static void test_state__record_comes_back_as_put(void **unused)
{
	(void)unused;
	struct record in = fixture_record("/subscriptions/S/a");
	in.parent = "/subscriptions/S";
	in.origin = "existing";
	in.body = fixture_json("{\"properties\":{\"x\":[1,2.5,\"\\u00e9\"]},\"etag\":null}");
	in.before = fixture_json("{\"/properties/y\":null}");
	in.depends_on = fixture_json("[\"/subscriptions/S\"]");
	in.extra = fixture_json("null");
	struct state *s = fixture_open(STATE_WRITE);
	assert_true(state_put_record(s, &in, &fixture.diags));
	fixture_commit(s);
	state_close(s);

	struct record *out;
	size_t count;
	s = fixture_open(STATE_READ);
	assert_true(state_records(s, fixture.arena, NULL, &out, &count, &fixture.diags));
	state_close(s);
	assert_int_equal(count, 1);
	assert_string_equal(out->id, in.id);
	assert_string_equal(out->address, in.address);
	assert_string_equal(out->type, in.type);
	assert_string_equal(out->origin, in.origin);
	assert_string_equal(out->parent, in.parent);
	assert_true(json_equal(out->body, in.body));
	assert_true(json_equal(out->before, in.before));
	assert_true(json_equal(out->depends_on, in.depends_on));
	assert_true(json_is_null(out->extra));
	assert_string_equal(
		fixture_ask("SELECT body FROM resource"), json_canonical(fixture.arena, in.body));
}

static bool find_body(void *context, const char *id, struct record *out)
{
	if (strcmp(id, "/b") < 0)
		return false;
	*out = (struct record){ .id = "/b", .address = "another", .body = context };
	return true;
}

static void test_state__record_shares_what_is_as_likely(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	static const char *const ids[] = { "/a", "/b", "/c" };
	struct record *out;
	size_t count;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct record in = fixture_record(ids[i]);
		in.body = fixture_json(i == 2 ? "{\"x\":2,\"y\":[]}" : "{\"x\":1,\"y\":[]}");
		assert_true(state_put_record(s, &in, &fixture.diags));
	}
	json_t *likely = fixture_json("{\"y\":[],\"x\":1}");
	assert_true(state_records(s, fixture.arena, &(struct likely_records){ find_body, likely },
		&out, &count, &fixture.diags));
	state_close(s);
	assert_int_equal(count, 3);
	assert_true(out[0].body != likely && json_equal(out[0].body, likely));
	assert_ptr_equal(out[1].body, likely);
	assert_string_equal(out[1].address, "routeTables/t");
	assert_int_equal(json_integer_value(json_object_get(out[2].body, "x")), 2);
	assert_string_equal(out[2].id, "/c");
}

static void test_state__absent_members_stay_absent(void **unused)
{
	(void)unused;
	struct record *out;
	size_t count;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	assert_true(state_records(s, fixture.arena, NULL, &out, &count, &fixture.diags));
	assert_int_equal(count, 1);
	assert_null(out->parent);
	assert_null(out->body);
	assert_null(out->before);
	assert_null(out->depends_on);
	assert_null(out->extra);
	state_close(s);
}

static void test_state__records_are_sorted_without_case(void **unused)
{
	(void)unused;
	static const char *const ids[] = { "/b", "/A_", "/C", "/aA", "/a-" };
	struct record *out;
	size_t count;
	struct state *s = fixture_open(STATE_WRITE);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		fixture_put(s, ids[i]);
	assert_true(state_records(s, fixture.arena, NULL, &out, &count, &fixture.diags));
	assert_int_equal(count, ARRAY_LEN(ids));
	for (size_t i = 1; i < count; i++)
		assert_true(text_compare_nocase(out[i - 1].id, out[i].id) < 0);
	state_close(s);
}

static void test_state__id_is_one_in_any_case(void **unused)
{
	(void)unused;
	struct record *out;
	size_t count;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/subscriptions/s/RG");
	fixture_put(s, "/SUBSCRIPTIONS/s/rg");
	assert_true(state_records(s, fixture.arena, NULL, &out, &count, &fixture.diags));
	assert_int_equal(count, 1);
	assert_string_equal(out->id, "/SUBSCRIPTIONS/s/rg");
	assert_true(state_drop_record(s, "/subscriptions/S/Rg", &fixture.diags));
	assert_int_equal(fixture_count(s), 0);
	assert_true(state_drop_record(s, "/never", &fixture.diags));
	state_close(s);
}

static void test_state__serial_grows_only_with_records(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	const char *lineage = arena_strdup(fixture.arena, state_lineage(s));
	assert_int_equal(state_serial(s), 0);
	fixture_put(s, "/a");
	fixture_put(s, "/b");
	fixture_commit(s);
	assert_int_equal(state_serial(s), 1);
	fixture_put(s, "/a");
	assert_true(state_drop_record(s, "/none", &fixture.diags));
	(void)fixture_begin_run(s);
	fixture_commit(s);
	fixture_commit(s);
	assert_int_equal(state_serial(s), 1);
	fixture_put(s, "/A");
	fixture_commit(s);
	assert_int_equal(state_serial(s), 2);
	state_close(s);
	s = fixture_open(STATE_READ);
	assert_int_equal(state_serial(s), 2);
	assert_string_equal(state_lineage(s), lineage);
	state_close(s);
}

static void test_state__uncommitted_is_lost(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	fixture_put(s, "/a");
	fixture_commit(s);
	fixture_put(s, "/b");
	assert_int_equal(fixture_count(s), 2);
	state_close(s);
	s = fixture_open(STATE_READ);
	assert_int_equal(fixture_count(s), 1);
	state_close(s);
}

/* ---- runs, intents, history ---- */

static void test_state__intent_survives_until_settled(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	int64_t run = fixture_begin_run(s);
	int64_t first = fixture_intend(s, run, "/a"), second = fixture_intend(s, run, "/b");
	assert_true(state_settle(s, first, "done", NULL, &fixture.diags));
	fixture_commit(s);
	state_close(s);

	struct intent *open;
	size_t count;
	s = fixture_open(STATE_WRITE);
	assert_true(state_open_intents(s, fixture.arena, &open, &count, &fixture.diags));
	assert_int_equal(count, 1);
	assert_int_equal(open->number, second);
	assert_int_equal(open->run, run);
	assert_string_equal(open->id, "/b");
	assert_string_equal(open->verb, "put");
	assert_string_equal(json_canonical(fixture.arena, open->step), "{\"a\":null,\"b\":[1]}");
	assert_true(state_settle(s, second, "unknown", NULL, &fixture.diags));
	assert_true(state_open_intents(s, fixture.arena, &open, &count, &fixture.diags));
	assert_int_equal(count, 1);
	assert_true(state_settle(s, second, "absent", NULL, &fixture.diags));
	assert_true(state_open_intents(s, fixture.arena, &open, &count, &fixture.diags));
	assert_int_equal(count, 0);
	state_close(s);
}

static void test_state__history_keeps_every_change(void **unused)
{
	(void)unused;
	struct state *s = fixture_open(STATE_WRITE);
	int64_t run = fixture_begin_run(s);
	json_t *two = fixture_json(
		"[{\"address\":\"x\",\"id\":\"/x\",\"action\":\"create\",\"before\":null,"
		"\"after\":{\"k\":1}},{\"address\":\"y\",\"id\":\"/y\",\"action\":\"delete\","
		"\"before\":{\"k\":2}}]");
	int64_t first = fixture_intend(s, run, "/x");
	assert_true(state_settle(s, first, "unknown", two, &fixture.diags));
	assert_true(state_settle(s, first, "done", two, &fixture.diags));
	fixture_commit(s);
	state_close(s);
	assert_string_equal(
		fixture_ask("SELECT group_concat(run||' '||sequence||' '||address||' '||id||' "
			    "'||action||' "
			    "'"
			    "||coalesce(before,'-')||' '||coalesce(after,'-')||' '||outcome, '\n')"
			    " FROM (SELECT * FROM change ORDER BY run, sequence)"),
		"1 1 x /x create - {\"k\":1} unknown\n1 2 y /y delete {\"k\":2} - unknown\n"
		"1 3 x /x create - {\"k\":1} done\n1 4 y /y delete {\"k\":2} - done");
	assert_string_equal(
		fixture_ask("SELECT count(*) FROM change WHERE time GLOB"
			    " '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T*:*:[0-5][0-9].[0-9][0-9][0-9]Z'"),
		"4");
}

static void test_state__last_run_is_the_newest_that_told_something(void **unused)
{
	(void)unused;
	struct run last;
	bool found;
	struct state *s = fixture_open(STATE_WRITE);
	assert_true(state_last_run(s, fixture.arena, &last, &found, &fixture.diags));
	assert_false(found);
	int64_t told = fixture_begin_run(s);
	assert_true(state_end_run(s, told, "failed", fixture_json("{\"o\":1}"),
		fixture_json("{\"n\":2}"), &fixture.diags));
	assert_true(state_end_run(s, fixture_begin_run(s), "done", NULL, NULL, &fixture.diags));
	assert_true(state_end_run(
		s, fixture_begin_run(s), "interrupted", fixture_json("{}"), NULL, &fixture.diags));
	(void)fixture_begin_run(s);
	assert_true(state_last_run(s, fixture.arena, &last, &found, &fixture.diags));
	assert_true(found);
	assert_int_equal(last.number, told);
	assert_string_equal(last.command, "apply");
	assert_string_equal(last.plan_id, "p1");
	assert_string_equal(last.user, "u");
	assert_string_equal(last.host, "h");
	assert_int_equal(last.pid, 7);
	assert_string_equal(last.source, "abc");
	assert_string_equal(last.result, "failed");
	assert_non_null(last.ended);
	assert_string_equal(json_canonical(fixture.arena, last.outputs), "{\"o\":1}");
	assert_string_equal(json_canonical(fixture.arena, last.notes), "{\"n\":2}");
	state_close(s);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state__record_comes_back_as_put),
		TEST(test_state__record_shares_what_is_as_likely),
		TEST(test_state__absent_members_stay_absent),
		TEST(test_state__records_are_sorted_without_case),
		TEST(test_state__id_is_one_in_any_case),
		TEST(test_state__serial_grows_only_with_records),
		TEST(test_state__uncommitted_is_lost),
		TEST(test_state__intent_survives_until_settled),
		TEST(test_state__history_keeps_every_change),
		TEST(test_state__last_run_is_the_newest_that_told_something),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
