/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for what so that no path breaks on the way, and the cuts that are left, as text: a
 * line a step, then a line a cut. What stands now comes from having applied an earlier
 * configuration to a cloud in memory. Node a stands in subnet a, and so on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/apply/apply.h"
#include "engine/plan/plan.h"
#include "schemas/arm_id.h"
#include "tests/support/declared.h"
#include "tests/support/world.h"

#define HEAD                                                                                       \
	"waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: japaneast\n"                     \
	"nodeSets:\n  w:\n    nodes:\n      a: {ip: 10.0.0.4, podCIDR: 10.200.0.0/24}\n"           \
	"      b: {ip: 10.0.1.4, podCIDR: 10.200.1.0/24}\n"
#define C "      c: {ip: 10.0.2.4, podCIDR: 10.200.2.0/24}\n"
#define NET(name, number, more)                                                                    \
	"  " name ":\n    addressSpace: {addressPrefixes: [10." number ".0.0/16]}\n" more          \
	"    subnets:\n"
#define SUBNET(name, number, table)                                                                \
	"      " name ": {addressPrefix: 10.0." number ".0/24, routeTable: " table "}\n"
#define TABLE(name, routes) "  " name ":\n    routes:\n" routes
#define ROUTE(name, pods, hop)                                                                     \
	"      " name ": {addressPrefix: 10.200." pods                                             \
	".0/24, nextHopType: VirtualAppliance, nextHopIpAddress: " hop "}\n"
#define TO_A ROUTE("a", "0", "10.0.0.4")
#define TO_B(hop) ROUTE("b", "1", hop)
#define TO_C ROUTE("c", "2", "10.0.2.4")
#define DIRECT "10.0.1.4"

static struct plan *plan(struct world *w, const char *yaml, const char *replace)
{
	const struct plan_options options = {
		.max_deletes = 1000, .replace = &replace, .nreplace = replace != NULL
	};
	struct plan *p = world_plan(w, yaml, &options);
	if (!p)
		declared_fail(&w->diags);
	return p;
}

static void put_numbers(struct buf *out, const char *word, const size_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%zu", i ? "," : word, numbers[i]);
}

static void expect(struct world *w, const char *yaml, const char *replace, const char *wanted)
{
	const struct plan *p = plan(w, yaml, replace);
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];
		buf_printf(&text, "%zu: %s %s", s->number, step_verb_name(s->verb), s->address);
		put_numbers(&text, " after ", s->waits, s->nwaits);
		put_numbers(&text, " settles ", s->settles, s->nsettles);
		buf_putc(&text, '\n');
	}
	for (size_t i = 0; i < p->reach.ncuts; i++) {
		const struct plan_cut *c = &p->reach.cuts[i];
		buf_printf(&text, "cut %zu: %s %s, %s %s: %s to %s of %s\n", c->paths, c->from_verb,
			c->from, c->until_verb, c->until, c->first[0].from, c->first[0].pods,
			c->first[0].to);
	}
	char *got = arena_strdup(w->arena, text.data ? text.data : "");
	buf_release(&text);
	assert_string_equal(got, wanted);
	size_t warnings = 0;
	for (size_t i = 0; i < w->diags.count; i++)
		warnings += strcmp(w->diags.items[i].code, "path-cut") == 0;
	assert_int_equal(warnings, p->reach.ncuts);
}

/* Three subnets of one network, each with a table of its own. */
#define THREE(a, b, c, routes)                                                                     \
	HEAD C "virtualNetworks:\n" NET("net", "0", "") SUBNET("a", "0", a) SUBNET("b", "1", b)    \
		SUBNET("c", "2", c) "routeTables:\n" routes
#define TB TABLE("tb", TO_A TO_C)

static void test_halfway__two_tables_exchange_their_next_hops(void **state)
{
	world_apply(*state,
		THREE("ta", "tb", "tc",
			TABLE("ta", TO_B("10.0.2.4")) TB TABLE("tc", TO_A TO_B(DIRECT))));
	expect(*state,
		THREE("ta", "tb", "tc",
			TABLE("ta", TO_B(DIRECT)) TB TABLE("tc", TO_A TO_B("10.0.0.4"))),
		NULL,
		"0: update routeTables/ta\n"
		"1: update routeTables/tc after 0 settles 0\n");
}

static void test_halfway__a_subnet_moves_to_a_new_table(void **state)
{
	world_apply(*state, THREE("ta", "tb", "tb", TABLE("ta", TO_B(DIRECT)) TB));
	expect(*state, THREE("tn", "tb", "tb", TABLE("tn", TO_B(DIRECT)) TB), NULL,
		"0: create routeTables/tn\n"
		"1: update virtualNetworks/net/subnets/a after 0 settles 0\n"
		"2: delete routeTables/ta after 1 settles 1\n");
}

static void test_halfway__nothing_waits_where_nothing_was_reached(void **state)
{
	world_apply(*state, THREE("ta", "tb", "tb", TABLE("ta", TO_C) TB));
	expect(*state,
		THREE("ta", "tb", "tb",
			TABLE("ta", TO_C TO_B(DIRECT)) TABLE("tb", TO_A TO_C TO_B("10.0.0.4"))),
		NULL,
		"0: update routeTables/ta\n"
		"1: update routeTables/tb\n");
}

static void test_halfway__two_subnets_exchange_tables_of_equal_use(void **state)
{
	static const char tables[] =
		TABLE("ta", TO_A TO_B(DIRECT) TO_C) TB TABLE("tc", TO_A TO_B(DIRECT) TO_C);
	(void)tables;
	world_apply(*state,
		THREE("ta", "tb", "tc",
			TABLE("ta", TO_A TO_B(DIRECT) TO_C)
				TB TABLE("tc", TO_A TO_B(DIRECT) TO_C)));
	expect(*state,
		THREE("tc", "tb", "ta",
			TABLE("ta", TO_A TO_B(DIRECT) TO_C) TB TABLE("tc", TO_A TO_B(DIRECT) TO_C)),
		NULL,
		"0: update virtualNetworks/net/subnets/a\n"
		"1: update virtualNetworks/net/subnets/c\n");
}

static void test_halfway__two_subnets_exchange_tables_that_change(void **state)
{
	/* Packets go on from a over c to b: c must never have the table that leads back to it. */
	world_apply(*state,
		THREE("ta", "tb", "tc",
			TABLE("ta", TO_B("10.0.2.4")) TB TABLE("tc", TO_B(DIRECT))));
	expect(*state,
		THREE("tc", "tb", "ta", TABLE("ta", TO_B(DIRECT)) TB TABLE("tc", TO_B("10.0.2.4"))),
		NULL,
		"0: update routeTables/ta\n"
		"1: update virtualNetworks/net/subnets/c after 0 settles 0\n"
		"2: update routeTables/tc after 1 settles 1\n"
		"3: update virtualNetworks/net/subnets/a after 2\n");
}

/* An appliance that is no node in each of the subnets c and d. */
#define APPLIANCES(routes)                                                                         \
	HEAD "virtualNetworks:\n" NET("net", "0", "") SUBNET("a", "0", "ta")                       \
		SUBNET("b", "1", "tb") SUBNET("c", "2", "tc")                                      \
			SUBNET("d", "3", "td") "routeTables:\n" TABLE("tb", TO_A) routes

static void test_halfway__a_path_changes_to_another_appliance(void **state)
{
	world_apply(*state,
		APPLIANCES(TABLE("ta", TO_B("10.0.2.9")) TABLE("tc", TO_B(DIRECT))
				TABLE("td", ROUTE("x", "9", "10.0.0.4"))));
	expect(*state,
		APPLIANCES(TABLE("ta", TO_B("10.0.3.9")) TABLE("tc", ROUTE("x", "9", "10.0.0.4"))
				TABLE("td", TO_B(DIRECT))),
		NULL,
		"0: update routeTables/td\n"
		"1: update routeTables/ta after 0 settles 0\n"
		"2: update routeTables/tc after 1 settles 1\n");
}

static void test_halfway__a_table_made_anew_is_a_cut(void **state)
{
	const char *yaml = THREE("ta", "tb", "tb", TABLE("ta", TO_B(DIRECT) TO_C) TB);
	world_apply(*state, yaml);
	expect(*state, yaml, "routeTables/ta",
		"0: update virtualNetworks/net/subnets/a\n"
		"1: delete routeTables/ta after 0\n"
		"2: create routeTables/ta after 1\n"
		"3: update virtualNetworks/net/subnets/a after 0,2\n"
		"cut 2: update virtualNetworks/net/subnets/a, update "
		"virtualNetworks/net/subnets/a: a to 10.200.1.0/24 of b\n");
}

static void test_halfway__a_detour_keeps_a_table_made_anew_from_being_a_cut(void **state)
{
	/* Nothing of this is b's own: what is beside it goes on. */
	const char *yaml = THREE(
		"ta", "tb", "tc", TABLE("ta", TO_B(DIRECT)) TB TABLE("tc", TO_A TO_B(DIRECT)));
	world_apply(*state, yaml);
	expect(*state, yaml, "routeTables/tc",
		"0: update virtualNetworks/net/subnets/c\n"
		"1: delete routeTables/tc after 0\n"
		"2: create routeTables/tc after 1\n"
		"3: update virtualNetworks/net/subnets/c after 0,2\n"
		"cut 2: update virtualNetworks/net/subnets/c, update "
		"virtualNetworks/net/subnets/c: c to 10.200.0.0/24 of a\n");
}

#define PEERED(flag)                                                                               \
	"waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: japaneast\n"                     \
	"nodeSets:\n  w:\n    nodes:\n      a: {ip: 10.0.0.4, podCIDR: 10.200.0.0/24}\n"           \
	"      b: {ip: 10.1.0.4, podCIDR: 10.200.1.0/24}\n"                                        \
	"virtualNetworks:\n" NET("left", "0",                                                      \
		"    virtualNetworkPeerings:\n      r: {remoteVirtualNetwork: right, "             \
		"allowForwardedTraffic: true}\n") SUBNET("a", "0", "t") NET("right", "1",          \
		"    virtualNetworkPeerings:\n      l: {remoteVirtualNetwork: left, "              \
		"allowForwardedTraffic: " flag                                                     \
		"}\n") "      b: {addressPrefix: 10.1.0.0/24, routeTable: "                        \
		       "t}\nrouteTables:\n" TABLE("t", TO_A TO_B("10.1.0.4"))

#define NETWORKS "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/"

/* The cloud in memory knows no peerings: they are put as Azure tells them, inside their networks.
 */
static void connect_peerings(struct world *w)
{
	static const char *const ids[][2] = {
		{ NETWORKS "left", NETWORKS "left/virtualNetworkPeerings/r" },
		{ NETWORKS "right", NETWORKS "right/virtualNetworkPeerings/l" },
	};
	for (size_t i = 0; i < 2; i++) {
		json_t *peering = json_deep_copy(fake_cloud_at(w->cloud, ids[i][1]));
		json_t *network = json_object_get(fake_cloud_at(w->cloud, ids[i][0]), "properties");
		json_object_set_new(json_object_get(peering, "properties"), "peeringState",
			json_string("Connected"));
		json_object_set_new(network, "virtualNetworkPeerings", json_pack("[o]", peering));
		json_object_del(w->cloud->bodies, arm_id_key(w->arena, ids[i][1]));
	}
}

static void test_halfway__a_peering_made_anew_is_a_cut(void **state)
{
	world_apply(*state, PEERED("true"));
	connect_peerings(*state);

	expect(*state, PEERED("true"), "virtualNetworks/left/virtualNetworkPeerings/r",
		"0: delete virtualNetworks/left/virtualNetworkPeerings/r\n"
		"1: update virtualNetworks/right/virtualNetworkPeerings/l after 0\n"
		"2: create virtualNetworks/left/virtualNetworkPeerings/r after 0,1\n"
		"cut 2: delete virtualNetworks/left/virtualNetworkPeerings/r, create "
		"virtualNetworks/left/virtualNetworkPeerings/r: b to 10.200.0.0/24 of a\n");
}

/* A chain of appliances, of which each is another one in the same subnet afterwards. */
static char *chain(struct world *w, unsigned appliances, unsigned host)
{
	struct buf b;
	buf_init(&b, BUF_OWN_TEXT);
	buf_puts(&b,
		HEAD "virtualNetworks:\n" NET("net", "0", "") SUBNET("a", "0", "t2")
			SUBNET("b", "1", "tb"));
	for (unsigned i = 2; i < 2 + appliances; i++)
		buf_printf(&b, "      s%u: {addressPrefix: 10.0.%u.0/24, routeTable: t%u}\n", i, i,
			i + 1);
	buf_puts(&b, "routeTables:\n" TABLE("tb", TO_A));
	for (unsigned i = 2; i < 2 + appliances; i++)
		buf_printf(&b, "  t%u:\n    routes:\n" ROUTE("b", "1", "10.0.%u.%u"), i, i, host);
	buf_printf(&b, "  t%u:\n    routes:\n" TO_B(DIRECT), 2 + appliances);
	char *text = arena_strdup(w->arena, b.data);
	buf_release(&b);
	return text;
}

static void test_halfway__many_steps_on_one_path_are_judged_up_to_a_bound(void **state)
{
	struct world *w = *state;
	world_apply(w, chain(w, 12, 8));
	assert_int_equal(plan(w, chain(w, 12, 9), NULL)->reach.unjudged, 0);
	assert_int_equal(w->diags.count, 0);
	world_apply(w, chain(w, 13, 8));
	assert_int_equal(plan(w, chain(w, 13, 9), NULL)->reach.unjudged, 1);
	assert_string_equal(w->diags.items[0].code, "path-cut");
}

/* ---- settling ---- */

struct events {
	struct world *w;
	struct buf text;
	bool interrupts;
};

static void note_event(void *context, const struct apply_event *event)
{
	struct events *e = context;
	if (event->kind == APPLY_STARTED)
		buf_printf(&e->text, "%s %s\n", step_verb_name(event->step->verb),
			event->step->address);
	if (event->kind != APPLY_SETTLING)
		return;
	buf_printf(&e->text, "%s settles after %s\n", event->step->address, event->after->address);
	if (e->interrupts)
		e->w->cloud->interrupted = SIGINT;
}

static enum apply_result apply_and_tell(
	struct world *w, const char *yaml, bool interrupts, const char *wanted)
{
	struct events events = { .w = w, .interrupts = interrupts };
	struct plan *p = plan(w, yaml, NULL);
	const struct apply_options how = {
		.on_event = note_event, .context = &events, .interrupted = &w->cloud->interrupted
	};
	buf_init(&events.text, BUF_OWN_TEXT);
	(void)world_run(w, p, &how);
	char *got = arena_strdup(w->arena, events.text.data);
	buf_release(&events.text);
	assert_string_equal(got, wanted);
	return w->report.result;
}

/* Nobody stands in d: its subnet and its old table go on while a's wait. */
#define WITH_D(table, old)                                                                         \
	HEAD "virtualNetworks:\n" NET("net", "0", "") SUBNET("a", "0", table)                      \
		SUBNET("b", "1", "tb") SUBNET("d", "3", table) "routeTables:\n" old                \
		TABLE(table, TO_B(DIRECT)) TABLE("tb", TO_A)

static void test_halfway__what_settles_waits_alone(void **state)
{
	world_apply(*state, WITH_D("ta", ""));
	assert_int_equal(apply_and_tell(*state,
				 "settle: 1s\n" WITH_D("tn", TABLE("ta", TO_B(DIRECT))), false,
				 "create routeTables/tn\n"
				 "update virtualNetworks/net/subnets/d\n"
				 "virtualNetworks/net/subnets/a settles after routeTables/tn\n"
				 "update virtualNetworks/net/subnets/a\n"),
		APPLY_DONE);
}

static void test_halfway__an_interrupt_ends_the_wait(void **state)
{
	world_apply(*state, WITH_D("ta", ""));
	assert_int_equal(apply_and_tell(*state,
				 "settle: 99m\n" WITH_D("tn", TABLE("ta", TO_B(DIRECT))), true,
				 "create routeTables/tn\n"
				 "update virtualNetworks/net/subnets/d\n"
				 "virtualNetworks/net/subnets/a settles after routeTables/tn\n"),
		APPLY_INTERRUPTED);
}

static void test_halfway__a_saved_plan_keeps_its_cuts(void **state)
{
	struct world *w = *state;
	const char *yaml = THREE("ta", "tb", "tb", TABLE("ta", TO_B(DIRECT) TO_C) TB);
	world_apply(w, yaml);
	const struct plan *p = plan(w, yaml, "routeTables/ta");
	const struct plan_options options = { .max_deletes = 1000 };
	struct saved_plan saved;
	json_auto_t *text = plan_save(p, &options);
	assert_true(plan_load(w->arena, w->catalog, text, &saved, &w->diags));
	assert_int_equal(saved.shown->reach.ncuts, 1);
	assert_int_equal(saved.shown->reach.cuts[0].paths, 2);
	assert_string_equal(saved.shown->reach.cuts[0].from, p->reach.cuts[0].from);
	assert_string_equal(saved.shown->reach.cuts[0].first[1].pods, "10.200.2.0/24");
}

#define TEST(name) WORLD_TEST(test_halfway__##name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_tables_exchange_their_next_hops),
		TEST(a_subnet_moves_to_a_new_table),
		TEST(nothing_waits_where_nothing_was_reached),
		TEST(two_subnets_exchange_tables_of_equal_use),
		TEST(two_subnets_exchange_tables_that_change),
		TEST(a_path_changes_to_another_appliance),
		TEST(a_table_made_anew_is_a_cut),
		TEST(a_detour_keeps_a_table_made_anew_from_being_a_cut),
		TEST(a_peering_made_anew_is_a_cut),
		TEST(many_steps_on_one_path_are_judged_up_to_a_bound),
		TEST(what_settles_waits_alone),
		TEST(an_interrupt_ends_the_wait),
		TEST(a_saved_plan_keeps_its_cuts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
