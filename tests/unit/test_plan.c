/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as text: a line a change, then a line a step. What is recorded comes from having applied an
 * earlier configuration to a cloud in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/apply/apply.h"
#include "engine/base/json.h"
#include "engine/plan/plan.h"
#include "tests/support/world.h"

#define GROUP "/subscriptions/s/resourceGroups/g"
#define NETWORK GROUP "/providers/Microsoft.Network/virtualNetworks/net"
#define TABLE GROUP "/providers/Microsoft.Network/routeTables/t"

#define HEAD "waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: japaneast\n"
#define NET                                                                                        \
	"virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.0.0.0/16]}\n    "       \
	"subnets:\n"
#define SUBNET(name, prefix, table)                                                                \
	"      " name ": {addressPrefix: " prefix ", routeTable: " table "}\n"
#define ROUTE(name, prefix)                                                                        \
	"      " name ": {addressPrefix: " prefix                                                  \
	", nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.0.4}\n"

static void put_changes(struct buf *out, const struct plan *p)
{
	for (size_t i = 0; i < p->nchanges; i++) {
		const struct change *c = &p->changes[i];
		buf_printf(out, "%s %s", action_name(c->action), c->address);
		for (size_t n = 0; n < c->edits.count && c->action == ACTION_UPDATE; n++)
			buf_printf(out, " %s", c->edits.items[n].pointer);
		buf_printf(out, "%s%s\n", c->adopts ? " adopts" : "", c->lets_go ? " lets go" : "");
	}
	for (size_t i = 0; i < p->nforeigns; i++)
		buf_printf(out, "foreign %s\n", p->foreigns[i].address);
	for (size_t i = 0; i < p->ndrifts; i++)
		buf_printf(out, "drift %s%s\n", p->drifts[i].address,
			p->drifts[i].removed ? " removed" : "");
}

static void put_steps(struct buf *out, const struct plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];
		buf_printf(out, "%zu: %s %s%s", s->number, step_verb_name(s->verb), s->address,
			s->detaches ? " detaches" : "");
		if (s->nchildren)
			buf_printf(out, " [%zu]", s->nchildren);
		for (size_t n = 0; n < s->nwaits; n++)
			buf_printf(out, "%s%zu", n ? "," : " after ", s->waits[n]);
		buf_putc(out, '\n');
	}
}

/* The plan, or the codes of what was wrong, is this text. */
static void expect_with(
	struct world *w, const char *yaml, const struct plan_options *options, const char *wanted)
{
	struct plan *p = world_plan(w, yaml, options);
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	if (p) {
		put_changes(&text, p);
		put_steps(&text, p);
	}
	for (size_t i = 0; !p && i < w->diags.count; i++)
		buf_printf(&text, "%s: %s\n", w->diags.items[i].code, w->diags.items[i].text);
	char *got = arena_strdup(w->arena, text.data);
	buf_release(&text);
	assert_string_equal(got, wanted);
}

static void expect(struct world *w, const char *yaml, const char *wanted)
{
	const struct plan_options options = { .max_deletes = 1000 };
	expect_with(w, yaml, &options, wanted);
}

static const char one_table[] = HEAD NET SUBNET("a", "10.0.0.0/24", "t") SUBNET(
	"b", "10.0.1.0/24", "t") "routeTables:\n  t:\n    routes:\n" ROUTE("r1", "10.9.1.0/24")
	ROUTE("r2", "10.9.2.0/24");

static void test_plan__fills_a_table_before_its_network_uses_it(void **state)
{
	expect(*state, one_table,
		"create routeTables/t\n"
		"create routeTables/t/routes/r1\n"
		"create routeTables/t/routes/r2\n"
		"create virtualNetworks/net\n"
		"create virtualNetworks/net/subnets/a\n"
		"create virtualNetworks/net/subnets/b\n"
		"0: create routeTables/t [2]\n"
		"1: create virtualNetworks/net [2] after 0\n");
}

static void test_plan__is_empty_after_apply(void **state)
{
	world_apply(*state, one_table);
	expect(*state, one_table, "");
}

static void test_plan__replaced_table_is_detached_deleted_made_and_attached(void **state)
{
	const char *const replace[] = { "routeTables/t" };
	const struct plan_options options = {
		.max_deletes = 1000, .replace = replace, .nreplace = 1
	};
	world_apply(*state, one_table);
	expect_with(*state, one_table, &options,
		"replace routeTables/t\n"
		"replace routeTables/t/routes/r1\n"
		"replace routeTables/t/routes/r2\n"
		"update virtualNetworks/net/subnets/a\n"
		"update virtualNetworks/net/subnets/b\n"
		"0: update virtualNetworks/net/subnets/a detaches\n"
		"1: update virtualNetworks/net/subnets/b detaches\n"
		"2: delete routeTables/t [2] after 0,1\n"
		"3: create routeTables/t [2] after 2\n"
		"4: update virtualNetworks/net/subnets/a after 0,3\n"
		"5: update virtualNetworks/net/subnets/b after 1,3\n");
}

static void test_plan__subnet_moves_to_the_new_table_before_the_old_one_goes(void **state)
{
	world_apply(*state, one_table);
	expect(*state,
		HEAD NET SUBNET("a", "10.0.0.0/24", "u") SUBNET("b", "10.0.1.0/24",
			"u") "routeTables:\n  u:\n    routes:\n" ROUTE("r1", "10.9.1.0/24"),
		"delete routeTables/t\n"
		"delete routeTables/t/routes/r1\n"
		"delete routeTables/t/routes/r2\n"
		"create routeTables/u\n"
		"create routeTables/u/routes/r1\n"
		"update virtualNetworks/net/subnets/a /properties/routeTable\n"
		"update virtualNetworks/net/subnets/b /properties/routeTable\n"
		"0: create routeTables/u [1]\n"
		"1: update virtualNetworks/net/subnets/a after 0\n"
		"2: update virtualNetworks/net/subnets/b after 0\n"
		"3: delete routeTables/t [2] after 1,2\n");
}

static void test_plan__swapped_prefixes_are_one_write(void **state)
{
	world_apply(*state, one_table);
	expect(*state,
		HEAD NET SUBNET("a", "10.0.0.0/24", "t")
			SUBNET("b", "10.0.1.0/24", "t") "routeTables:\n  t:\n    routes:\n" ROUTE(
				"r1", "10.9.2.0/24") ROUTE("r2", "10.9.1.0/24"),
		"update routeTables/t/routes/r1 /properties/addressPrefix\n"
		"update routeTables/t/routes/r2 /properties/addressPrefix\n"
		"0: update routeTables/t [2]\n");
}

static void test_plan__foreign_and_drift_are_told_apart(void **state)
{
	struct world *w = *state;
	world_apply(w, one_table);
	fake_cloud_put(w->cloud, TABLE,
		"{'location':'japaneast','properties':{'routes':["
		"{'name':'r1','id':'" TABLE
		"/routes/r1','properties':{'addressPrefix':'10.9.1.0/24',"
		"'nextHopType':'VirtualAppliance','nextHopIpAddress':'10.0.0.99'}},"
		"{'name':'x','id':'" TABLE "/routes/x','properties':{'addressPrefix':'10.8.0.0/16',"
		"'nextHopType':'None'}}]}}");
	expect(w, one_table,
		"update routeTables/t/routes/r1 /properties/nextHopIpAddress\n"
		"create routeTables/t/routes/r2\n"
		"foreign routeTables/t/routes/x\n"
		"drift routeTables/t/routes/r1\n"
		"drift routeTables/t/routes/r2 removed\n"
		"0: update routeTables/t [2]\n");
}

static void test_plan__foreign_route_with_our_prefix_is_a_conflict(void **state)
{
	struct world *w = *state;
	world_apply(w, HEAD "routeTables:\n  t: {}\n");
	fake_cloud_put(w->cloud, TABLE,
		"{'location':'japaneast','properties':{'routes':[{'name':'x','id':'" TABLE
		"/routes/x','properties':{'addressPrefix':'10.9.1.0/24','nextHopType':'None'}}]}}");
	expect(w, HEAD "routeTables:\n  t:\n    routes:\n" ROUTE("r1", "10.9.1.0/24"),
		"route-duplicate-prefix: routeTables/t/routes/r1 and routeTables/t/routes/x, which "
		"is "
		"not ours, have the same /properties/addressPrefix: 10.9.1.0/24\n");
}

static void test_plan__table_with_a_foreign_route_is_not_deleted(void **state)
{
	struct world *w = *state;
	const struct plan_options options = { .destroy = true, .max_deletes = -1 };
	world_apply(w, HEAD "routeTables:\n  t: {}\n");
	fake_cloud_put(w->cloud, TABLE,
		"{'location':'japaneast','properties':{'routes':[{'name':'x','id':'" TABLE
		"/routes/x','properties':{'addressPrefix':'10.8.0.0/16','nextHopType':'None'}}]}}");
	expect_with(w, HEAD "routeTables:\n  t: {}\n", &options,
		"foreign-inside: routeTables/t would be deleted, and routeTables/t/routes/x inside "
		"it is not ours\n");
}

static void test_plan__what_exists_is_not_ours_until_adopted(void **state)
{
	struct world *w = *state;
	fake_cloud_put(w->cloud, TABLE, "{'location':'japaneast','properties':{'routes':[]}}");
	expect(w, HEAD "routeTables:\n  t: {}\n",
		"not-ours: routeTables/t exists already and is not ours\n");
	expect(w, HEAD "routeTables:\n  t: {adopt: true}\n", "no-op routeTables/t adopts\n");
	world_apply(w, HEAD "routeTables:\n  t: {adopt: true}\n");
	expect(w, HEAD "routeTables:\n  t: {}\n", "");
}

static void test_plan__what_is_inside_of_what_is_not_ours_needs_no_word_of_its_own(void **state)
{
	struct world *w = *state;
	static const char text[] =
		HEAD "routeTables:\n  t:\n    routes:\n" ROUTE("x", "10.8.0.0/16");
	const char *const names[] = { "routeTables/t" };
	const struct plan_options options = { .adopt = names, .nadopt = 1, .max_deletes = -1 };
	fake_cloud_put(w->cloud, TABLE,
		"{'location':'japaneast','properties':{'routes':[{'name':'x','id':'" TABLE
		"/routes/x','properties':{'addressPrefix':'10.8.0.0/16','nextHopType':'None'}}]}}");
	expect(w, text, "not-ours: routeTables/t exists already and is not ours\n");
	expect_with(w, text, &options,
		"no-op routeTables/t adopts\nupdate routeTables/t/routes/x /properties/nextHopType "
		"/properties/nextHopIpAddress adopts\n0: update routeTables/t [1]\n");
}

static void test_plan__an_address_that_nothing_has_is_refused(void **state)
{
	struct world *w = *state;
	const char *const names[] = { "routeTables/r" };
	const struct plan_options options = { .adopt = names,
		.nadopt = 1,
		.replace = names,
		.nreplace = 1,
		.delete_foreign = names,
		.ndelete_foreign = 1,
		.max_deletes = -1 };
	expect_with(w, HEAD "routeTables:\n  t: {}\n", &options,
		"unknown-address: --adopt names `routeTables/r`, which is neither declared nor "
		"recorded\n"
		"unknown-address: --replace names `routeTables/r`, which is neither declared nor "
		"recorded\n"
		"unknown-address: --delete-foreign names `routeTables/r`, which is neither "
		"declared nor recorded\n");
}

static const char existing[] = HEAD
	"virtualNetworks:\n  net:\n    existing: true\n    subnets:\n      a: {existing: true, "
	"routeTable: t}\nrouteTables:\n  t: {}\n";

static void put_network(struct world *w)
{
	fake_cloud_put(w->cloud, NETWORK,
		"{'location':'japaneast','properties':{'addressSpace':{'addressPrefixes':["
		"'10.0.0.0/16']},'subnets':[{'name':'a','id':'" NETWORK
		"/subnets/a','properties':{'addressPrefix':'10.0.0.0/24'}}]}}");
}

static void test_plan__destroy_gives_an_existing_member_back_first(void **state)
{
	const struct plan_options options = { .destroy = true, .max_deletes = -1 };
	put_network(*state);
	expect(*state, existing,
		"create routeTables/t\n"
		"update virtualNetworks/net/subnets/a /properties/routeTable\n"
		"0: create routeTables/t\n"
		"1: update virtualNetworks/net/subnets/a after 0\n");
	world_apply(*state, existing);
	expect_with(*state, existing, &options,
		"delete routeTables/t\n"
		"update virtualNetworks/net/subnets/a /properties/routeTable\n"
		"0: update virtualNetworks/net/subnets/a\n"
		"1: delete routeTables/t after 0\n");
}

static void test_plan__what_a_failed_update_wrote_is_given_back_too(void **state)
{
	struct world *w = *state;
	const struct plan_options options = { .destroy = true, .max_deletes = 1000 };
	put_network(w);
	fake_cloud_script(w->cloud, FAKE_FAIL_LATE, VERB_PUT, NETWORK "/subnets/a")->code = "Late";
	assert_false(world_run(w, world_plan(w, existing, NULL), NULL));
	expect_with(w, existing, &options,
		"delete routeTables/t\n"
		"update virtualNetworks/net/subnets/a /properties/routeTable\n"
		"0: update virtualNetworks/net/subnets/a\n"
		"1: delete routeTables/t after 0\n");
}

static void test_plan__routes_of_a_failed_update_are_ours(void **state)
{
	struct world *w = *state;
	world_apply(w, HEAD "routeTables:\n  t: {}\n");
	fake_cloud_script(w->cloud, FAKE_FAIL_LATE, VERB_PUT, TABLE)->code = "Late";
	const char *yaml = HEAD "routeTables:\n  t:\n    routes:\n" ROUTE("r1", "10.9.1.0/24");
	assert_false(world_run(w, world_plan(w, yaml, NULL), NULL));
	expect(w, yaml, "");
}

static void test_plan__existing_that_is_not_there_is_an_error(void **state)
{
	struct world *w = *state;
	assert_null(world_plan(w, existing, &(struct plan_options){ .max_deletes = -1 }));
	assert_int_equal(w->diags.nerrors, 2);
	assert_string_equal(w->diags.items[0].code, "existing-missing");
}

static void test_plan__losing_most_of_what_is_recorded_needs_a_word(void **state)
{
	struct world *w = *state;
	const struct plan_options careful = { .max_deletes = -1 };
	world_apply(w, one_table);
	assert_null(world_plan(w, HEAD NET "      a: {addressPrefix: 10.0.0.0/24}\n", &careful));
	assert_string_equal(w->diags.items[0].code, "mass-delete");
}

static void test_plan__location_replaces_and_says_so(void **state)
{
	struct world *w = *state;
	world_apply(w, HEAD "routeTables:\n  t: {}\n");
	struct plan *p = world_plan(w, HEAD "routeTables:\n  t: {location: westeurope}\n",
		&(struct plan_options){ .max_deletes = 9 });
	assert_non_null(p);
	assert_int_equal(p->changes[0].action, ACTION_REPLACE);
	assert_string_equal(p->changes[0].replaced_by, "/location");
}

static void test_plan__equal_inputs_have_equal_ids(void **state)
{
	struct world *w = *state;
	const struct plan_options options = { .max_deletes = -1 };
	const char *first = world_plan(w, one_table, &options)->id;
	const char *shuffled = HEAD "routeTables:\n  t:\n    routes:\n" ROUTE("r2", "10.9.2.0/24")
		ROUTE("r1", "10.9.1.0/24") NET SUBNET("b", "10.0.1.0/24", "t")
			SUBNET("a", "10.0.0.0/24", "t");
	assert_string_equal(world_plan(w, shuffled, &options)->id, first);
	assert_int_equal(strlen(first), 64);
	assert_string_not_equal(world_plan(w, HEAD "routeTables:\n  t: {}\n", &options)->id, first);
}

static void test_plan__drift_alone_plans_no_change(void **state)
{
	struct world *w = *state;
	const struct plan_options options = { .max_deletes = -1, .refresh = REFRESH_ONLY };
	world_apply(w, one_table);
	assert_true(plan_is_empty(world_plan(w, one_table, &options)));
	json_t *route = fake_cloud_at(w->cloud, TABLE "/routes/r1");
	assert_true(json_put(route, "/properties/addressPrefix", json_string("10.9.9.0/24")));
	struct plan *p = world_plan(w, HEAD "routeTables:\n  t: {}\n", &options);
	assert_non_null(p);
	assert_int_equal(p->nchanges + p->nsteps, 0);
	assert_int_equal(p->ndrifts, 1);
	assert_string_equal(p->drifts[0].address, "routeTables/t/routes/r1");
	assert_false(plan_is_empty(p));
	struct saved_plan saved;
	json_auto_t *json = plan_save(p, &options);
	assert_true(plan_load(w->arena, w->catalog, json, &saved, &w->diags));
	assert_true(saved.options.refresh == REFRESH_ONLY && saved.shown->drift_only);
}

static void test_plan__a_takeover_knows_what_stands_as_it_stands(void **state)
{
	struct world *w = *state;
	const struct plan_options options = { .max_deletes = -1 };
	struct run run = { .command = "import", .user = "u", .host = "h" };
	const struct apply_options how = { .run = &run };
	fake_cloud_put(w->cloud, TABLE,
		"{'location':'japaneast','properties':{'routes':[{'name':'r1','properties':"
		"{'addressPrefix':'10.9.9.0/24','nextHopType':'None'}}]}}");
	assert_null(world_plan(w, one_table, &options));
	assert_string_equal(w->diags.items[0].code, "not-ours");
	diags_init(&w->diags, w->arena);
	struct plan *p = plan_takeover(w->arena, w->config, w->snapshot, NULL, &w->diags);
	assert_non_null(p);
	assert_int_equal(p->nsteps, 0);
	assert_int_equal(p->to_adopt, 2);
	assert_int_equal(p->ndiffering, 1);
	assert_int_equal(p->nabsent, 4);
	assert_true(world_run(w, p, &how));
	assert_int_equal(fake_cloud_count(w->cloud, VERB_PUT, NULL), 0);
	p = world_plan(w, one_table, &options);
	assert_non_null(p);
	assert_int_equal(p->to_change, 1);
	assert_int_equal(p->to_add, 4);
	assert_int_equal(p->ndrifts, 0);
}

static void test_plan__a_target_brings_what_it_waits_for(void **state)
{
	struct world *w = *state;
	const char *const subnet[] = { "virtualNetworks/net/subnets/a" };
	const char *const route[] = { "routeTables/t/routes/r1" };
	struct plan_options options = { .max_deletes = -1, .target = subnet, .ntarget = 1 };
	struct plan *p = world_plan(w, one_table, &options);
	assert_non_null(p);
	assert_int_equal(p->nchanges, 5); /* the network, the table and both of its routes */
	assert_int_equal(p->nleft_out, 1);
	assert_string_equal(p->left_out[0], "virtualNetworks/net/subnets/b");
	options.target = route;
	p = world_plan(w, one_table, &options);
	assert_int_equal(p->nchanges, 2);
	assert_int_equal(p->nleft_out, 4);
	json_auto_t *json = plan_save(p, &options);
	struct saved_plan saved;
	assert_true(plan_load(w->arena, w->catalog, json, &saved, &w->diags));
	assert_string_equal(saved.options.target[0], route[0]);
	assert_int_equal(saved.shown->nleft_out, 4);
}

static void test_plan__saved_plan_comes_back_with_its_id(void **state)
{
	struct world *w = *state;
	const struct plan_options options = { .max_deletes = 7 };
	struct plan *made = world_plan(w, one_table, &options);
	struct saved_plan saved;
	json_auto_t *json = plan_save(made, &options);
	assert_true(plan_load(w->arena, w->catalog, json, &saved, &w->diags));
	assert_string_equal(saved.id, made->id);
	assert_int_equal(saved.options.max_deletes, 7);
	assert_int_equal(saved.shown->to_add, made->to_add);
	plan_explain_difference(
		saved.shown, world_plan(w, HEAD "routeTables:\n  t: {}\n", &options), &w->diags);
	assert_string_equal(w->diags.items[0].code, "plan-stale");
	assert_int_equal(w->diags.nerrors, 5);
}

#define TEST(name) WORLD_TEST(test_plan__##name)

int main(void)
{
	mem_guard_jansson();
	const struct CMUnitTest tests[] = {
		TEST(fills_a_table_before_its_network_uses_it),
		TEST(is_empty_after_apply),
		TEST(replaced_table_is_detached_deleted_made_and_attached),
		TEST(subnet_moves_to_the_new_table_before_the_old_one_goes),
		TEST(swapped_prefixes_are_one_write),
		TEST(foreign_and_drift_are_told_apart),
		TEST(foreign_route_with_our_prefix_is_a_conflict),
		TEST(table_with_a_foreign_route_is_not_deleted),
		TEST(what_exists_is_not_ours_until_adopted),
		TEST(what_is_inside_of_what_is_not_ours_needs_no_word_of_its_own),
		TEST(an_address_that_nothing_has_is_refused),
		TEST(destroy_gives_an_existing_member_back_first),
		TEST(what_a_failed_update_wrote_is_given_back_too),
		TEST(routes_of_a_failed_update_are_ours),
		TEST(existing_that_is_not_there_is_an_error),
		TEST(losing_most_of_what_is_recorded_needs_a_word),
		TEST(location_replaces_and_says_so),
		TEST(equal_inputs_have_equal_ids),
		TEST(a_target_brings_what_it_waits_for),
		TEST(drift_alone_plans_no_change),
		TEST(a_takeover_knows_what_stands_as_it_stands),
		TEST(saved_plan_comes_back_with_its_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
