/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody moved in Azure keeps its record. Applied in the group g of a cloud in memory; then
 * all that stands there is moved to the group h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/apply/apply.h"
#include "engine/base/json.h"
#include "engine/plan/moves.h"
#include "engine/plan/plan.h"
#include "tests/support/world.h"

#define OLD "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
#define NEW "/subscriptions/s/resourceGroups/h/providers/Microsoft.Network"

#define HEAD(group) "waybill: 1\nsubscription: s\nresourceGroup: " group "\nlocation: japaneast\n"
#define BODY                                                                                       \
	"virtualNetworks:\n  net:\n    existing: true\n    subnets:\n      a: {existing: true, "   \
	"routeTable: t}\nrouteTables:\n  t:\n    routes:\n      r: {addressPrefix: 10.9.1.0/24, "  \
	"nextHopType: None}\n"
#define MOVED                                                                                      \
	"moved:\n- {from: resourceGroups/g/virtualNetworks/net, to: virtualNetworks/net}\n"        \
	"- {from: resourceGroups/g/routeTables/t, to: " NEW "/routeTables/t}\n"

static void applied_in_g(struct world *w)
{
	fake_cloud_put(w->cloud, OLD "/virtualNetworks/net",
		"{'location':'japaneast','properties':{'addressSpace':{'addressPrefixes':["
		"'10.0.0.0/16']},'subnets':[{'name':'a','id':'" OLD
		"/virtualNetworks/net/subnets/a','properties':{'addressPrefix':'10.0.0.0/24'}}]}}");
	world_apply(w, HEAD("g") BODY);
}

/* As ARM does: all in the group, and what refers to it. */
static void move_all(struct world *w, char from, char to)
{
	char *text = json_dumps(w->cloud->bodies, 0);
	for (char *c = text; (c = strstr(c, "/resource")); c++) {
		bool group = strncmp(c + 9, "Groups/", 7) == 0 || strncmp(c + 9, "groups/", 7) == 0;
		if (group && c[16] == from && c[17] == '/')
			c[16] = to;
	}
	w->cloud->bodies = arena_json(w->arena, json_loads(text, 0, NULL));
	free(text);
}

static const char *told(struct world *w, const struct plan *p)
{
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	for (size_t i = 0; p && i < p->nchanges; i++)
		buf_printf(&text, "%s %s from %s\n", action_name(p->changes[i].action),
			p->changes[i].address,
			p->changes[i].moved_from ? p->changes[i].moved_from : "-");
	for (size_t i = 0; p && i < p->ndrifts; i++)
		buf_printf(&text, "drift %s\n", p->drifts[i].address);
	for (size_t i = 0; !p && i < w->diags.count; i++)
		buf_printf(&text, "%s: %s\n", w->diags.items[i].code, w->diags.items[i].text);
	char *copy = arena_strdup(w->arena, text.data);
	buf_release(&text);
	return copy;
}

static void expect(struct world *w, const char *yaml, const char *wanted)
{
	assert_string_equal(told(w, world_plan(w, yaml, NULL)), wanted);
}

static const char followed[] =
	"no-op routeTables/t from " OLD "/routeTables/t\n"
	"no-op virtualNetworks/net/subnets/a from " OLD "/virtualNetworks/net/subnets/a\n";

static void test_moves__what_moved_is_a_line_without_a_write(void **state)
{
	struct world *w = *state;
	applied_in_g(w);
	move_all(w, 'g', 'h');
	struct plan *p = world_plan(w, HEAD("h") BODY MOVED, NULL);
	assert_string_equal(told(w, p), followed);
	assert_int_equal(p->nsteps, 0);
	assert_int_equal(p->to_move, 2);
	assert_false(plan_is_empty(p));
}

static void test_moves__after_apply_the_plan_is_empty_and_the_entry_silent(void **state)
{
	struct world *w = *state;
	applied_in_g(w);
	move_all(w, 'g', 'h');
	world_apply(w, HEAD("h") BODY MOVED);
	expect(w, HEAD("h") BODY MOVED, "");
	expect(w, HEAD("h") BODY, "");
	struct record *records;
	size_t count;
	assert_true(state_records(w->state, w->arena, NULL, &records, &count, &w->diags));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(strstr(records[i].id, "/resourceGroups/h/"));
		assert_null(strstr(json_canonical(w->arena, records[i].depends_on), "Groups/g/"));
		assert_true(strncmp(records[i].address, "resourceGroups/", 15) != 0);
	}
}

static void test_moves__destroy_gives_back_and_deletes_where_it_stands_now(void **state)
{
	struct world *w = *state;
	applied_in_g(w);
	move_all(w, 'g', 'h');
	const struct plan_options options = { .max_deletes = 1000, .destroy = true };
	assert_string_equal(told(w, world_plan(w, HEAD("h") BODY MOVED, &options)),
		"delete routeTables/t from " OLD "/routeTables/t\n"
		"delete routeTables/t/routes/r from -\n"
		"update virtualNetworks/net/subnets/a from " OLD
		"/virtualNetworks/net/subnets/a\n");
}

static void test_moves__without_refresh_both_places_are_asked_for(void **state)
{
	struct world *w = *state;
	applied_in_g(w);
	move_all(w, 'g', 'h');
	const struct plan_options options = { .max_deletes = 1000, .refresh = REFRESH_FALSE };
	assert_string_equal(told(w, world_plan(w, HEAD("h") BODY MOVED, &options)), followed);
}

static void test_moves__a_change_beside_the_move_is_made_where_it_stands_now(void **state)
{
	struct world *w = *state;
	static const char yaml[] =
		HEAD("h") BODY "      r2: {addressPrefix: 10.9.2.0/24, nextHopType: None}\n" MOVED;
	applied_in_g(w);
	move_all(w, 'g', 'h');
	world_apply(w, yaml);
	assert_non_null(fake_cloud_at(w->cloud, NEW "/routeTables/t/routes/r2"));
	expect(w, yaml, "");
}

static void test_moves__a_chain_leads_to_its_end(void **state)
{
	struct world *w = *state;
	applied_in_g(w);
	move_all(w, 'g', 'h');
	expect(w,
		HEAD("h") BODY
		"moved:\n- {from: resourceGroups/g/virtualNetworks/net, to: "
		"resourceGroups/i/virtualNetworks/net}\n"
		"- {from: resourceGroups/i/virtualNetworks/net, to: virtualNetworks/net}\n"
		"- {from: resourceGroups/g/routeTables/t, to: resourceGroups/i/routeTables/t}\n"
		"- {from: resourceGroups/i/routeTables/t, to: routeTables/t}\n",
		followed);
}

static void test_moves__what_still_stands_was_not_moved(void **state)
{
	struct world *w = *state;
	applied_in_g(w);
	fake_cloud_put(w->cloud, NEW "/routeTables/t",
		"{'location':'japaneast','properties':{'routes':[]}}");
	expect(w, HEAD("g") "moved: [{from: routeTables/t, to: resourceGroups/h/routeTables/t}]\n",
		"moved-still-there: routeTables/t still stands in Azure: nothing was moved\n");
}

static void test_moves__what_does_not_stand_is_refused(void **state)
{
	struct world *w = *state;
	applied_in_g(w);
	json_object_clear(w->cloud->bodies);
	expect(w, HEAD("g") "moved: [{from: routeTables/t, to: resourceGroups/h/routeTables/t}]\n",
		"moved-absent: resourceGroups/h/routeTables/t does not stand in Azure\n");
}

static void test_moves__two_records_do_not_become_one(void **state)
{
	struct world *w = *state;
	static const char both[] = HEAD("g") "routeTables:\n  t: {}\n  other: {name: t, "
					     "resourceGroup: h}\n";
	world_apply(w, both);
	json_object_del(w->cloud->bodies,
		arena_printf(w->arena, "%s",
			"/subscriptions/s/resourcegroups/g/providers/microsoft.network/routetables/"
			"t"));
	expect(w,
		HEAD("h") "routeTables:\n  t: {}\n"
			  "moved: [{from: resourceGroups/g/routeTables/t, to: routeTables/t}]\n",
		"moved-onto-recorded: routeTables/t is recorded already\n");
}

/* What is wrong with a configuration, whatever stands. */
static void refused(
	struct world *w, const char *moved, const char *code, size_t line, size_t column)
{
	const char *yaml =
		arena_printf(w->arena, "%s%s", HEAD("g") "routeTables:\n  d: {}\n", moved);
	assert_null(world_plan(w, yaml, NULL));
	assert_string_equal(w->diags.items[0].code, code);
	assert_int_equal(w->diags.items[0].at.line, line);
	assert_int_equal(w->diags.items[0].at.column, column);
	assert_non_null(w->diags.items[0].help);
}

#define T "routeTables/t"
#define H "resourceGroups/h/"

static void test_moves__what_cannot_be_is_refused_with_its_place(void **state)
{
	struct world *w = *state;
	refused(w, "moved: {}\n", "wrong-type", 7, 8);
	refused(w, "moved: [a]\n", "wrong-type", 7, 9);
	refused(w, "moved: [{from: " T "}]\n", "missing-member", 7, 9);
	refused(w, "moved: [{from: " T ", to: " H T ", too: x}]\n", "unknown-member", 7, 67);
	refused(w, "moved: [{from: " T ", to: nothing/t}]\n", "bad-address", 7, 35);
	refused(w, "moved: [{from: " T ", to: " T "}]\n", "moved-impossible", 7, 35);
	refused(w, "moved: [{from: " T ", to: routeTables/u}]\n", "moved-impossible", 7, 35);
	refused(w, "moved: [{from: " T ", to: virtualNetworks/t}]\n", "moved-impossible", 7, 35);
	refused(w, "moved: [{from: " T "/routes/r, to: " H T "/routes/r}]\n", "moved-impossible", 7,
		44);
	refused(w, "moved: [{from: resourceGroups/g, to: subscriptions/x/resourceGroups/g}]\n",
		"moved-impossible", 7, 38);
	refused(w, "moved: [{from: routeTables/d, to: " H "routeTables/d}]\n", "moved-declared", 7,
		16);
	refused(w,
		"moved:\n- {from: " T ", to: " H T "}\n- {from: " T ", to: resourceGroups/i/" T
		"}\n",
		"moved-twice", 9, 10);
	refused(w,
		"moved:\n- {from: " T ", to: " H T "}\n- {from: resourceGroups/i/" T ", to: " H T
		"}\n",
		"moved-twice", 9, 46);
	refused(w, "moved:\n- {from: " T ", to: " H T "}\n- {from: " H T ", to: " T "}\n",
		"moved-cycle", 8, 3);
}

static void test_moves__many_are_refused(void **state)
{
	struct world *w = *state;
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	buf_puts(&text, "moved:\n");
	for (int i = 0; i <= 1000; i++)
		buf_printf(&text, "- {from: routeTables/t%d, to: " H "routeTables/t%d}\n", i, i);
	refused(w, text.data, "too-many", 7, 1);
	buf_release(&text);
}

static void test_moves__every_id_in_a_record_follows_and_what_only_begins_like_one_does_not(
	void **state)
{
	struct world *w = *state;
	static const char id[] = NEW "/virtualNetworks/net/subnets/a";
	struct record records[] = { {
		.id = id,
		.address = "virtualNetworks/net/subnets/a",
		.type = "Microsoft.Network/virtualNetworks/subnets",
		.origin = "existing",
		.parent = NEW "/virtualNetworks/net",
		.body = fake_json(w->arena,
			"{'properties':{'routeTable':{'id':'" OLD "/ROUTETABLES/t'},"
			"'other':['" OLD "/routeTables/t-2','text']}}"),
		.before = fake_json(w->arena,
			"{'/properties/routeTable':{'id':'" OLD "/routeTables/t/routes/r'}}"),
		.depends_on = fake_json(w->arena, "['" OLD "/routeTables/t']"),
	} };
	const struct config_move move = { OLD "/routeTables/t", NEW "/routeTables/t", NULL };
	const struct moves moves = { &move, 1 };
	struct config names = { .arena = w->arena, .catalog = w->catalog };
	struct followed out;
	json_t *before = records[0].body;
	moves_follow(w->arena, &names, records, 1, &moves, &out);
	const struct record *r = &out.records[0];
	assert_true(out.differs[0]);
	assert_null(out.old_ids[0]);
	assert_string_equal(r->id, id);
	assert_string_equal(
		json_text_at(r->body, "/properties/routeTable/id"), NEW "/routeTables/t");
	assert_string_equal(json_text_at(r->body, "/properties/other/0"), OLD "/routeTables/t-2");
	assert_string_equal(
		json_text_at(json_object_get(r->before, "/properties/routeTable"), "/id"),
		NEW "/routeTables/t/routes/r");
	assert_string_equal(json_text_at(r->depends_on, "/0"), NEW "/routeTables/t");
	assert_ptr_equal(records[0].body, before);
	assert_string_equal(
		json_text_at(before, "/properties/routeTable/id"), OLD "/ROUTETABLES/t");
}

#define TEST(name) WORLD_TEST(test_moves__##name)

int main(void)
{
	mem_guard_jansson();
	const struct CMUnitTest tests[] = {
		TEST(what_moved_is_a_line_without_a_write),
		TEST(after_apply_the_plan_is_empty_and_the_entry_silent),
		TEST(destroy_gives_back_and_deletes_where_it_stands_now),
		TEST(without_refresh_both_places_are_asked_for),
		TEST(a_change_beside_the_move_is_made_where_it_stands_now),
		TEST(a_chain_leads_to_its_end),
		TEST(what_still_stands_was_not_moved),
		TEST(what_does_not_stand_is_refused),
		TEST(two_records_do_not_become_one),
		TEST(what_cannot_be_is_refused_with_its_place),
		TEST(many_are_refused),
		TEST(every_id_in_a_record_follows_and_what_only_begins_like_one_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
