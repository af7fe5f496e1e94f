/* SPDX-License-Identifier: Apache-2.0 */
/* Which LISTs node sets from machines cost, and in which subscriptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "engine/plan/snapshot.h"
#include "tests/support/declared.h"
#include "tests/support/world.h"

#define MACHINES(sub)                                                                              \
	"/subscriptions/" sub "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines"
#define NICS(sub, group)                                                                           \
	"/subscriptions/" sub "/resourceGroups/" group                                             \
	"/providers/Microsoft.Network/networkInterfaces"
#define SETS(sub)                                                                                  \
	"/subscriptions/" sub                                                                      \
	"/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets"

static void add_machine(struct world *w, const char *machines, const char *nics, const char *name,
	const char *number)
{
	const char *nic = arena_printf(w->arena, "%s/%s-nic", nics, name);
	fake_cloud_put(w->cloud, arena_printf(w->arena, "%s/%s", machines, name),
		arena_printf(w->arena,
			"{'name':'%s','id':'%s/%s','tags':{'pods':'10.200.%s.0/24'},'properties':{"
			"'networkProfile':{'networkInterfaces':[{'id':'%s'}]}}}",
			name, machines, name, number, nic));
	fake_cloud_put(w->cloud, nic,
		arena_printf(w->arena,
			"{'id':'%s','properties':{'ipConfigurations':[{'properties':{"
			"'privateIPAddress':'10.0.0.%s','primary':true}}]}}",
			nic, number));
}

static struct config *resolve(struct world *w, const char *sets)
{
	const char *yaml = arena_printf(w->arena,
		"waybill: 1\nsubscription: a\nresourceGroup: g\nlocation: l\nnodeSets:\n%s", sets);
	struct config *c = declared_load(w->arena, w->catalog, yaml, &w->diags);
	assert_non_null(c);
	const struct snapshot_options how = { .refresh = true };
	assert_true(snapshot_resolve(w->arena, c, &w->cloud->provider, &how, &w->diags));
	return c;
}

static void test_machines__each_subscription_is_asked_for_its_own(void **state)
{
	struct world *w = *state;
	add_machine(w, MACHINES("a"), NICS("a", "g"), "one", "4");
	add_machine(w, MACHINES("b"), NICS("b", "elsewhere"), "two", "5");
	const struct config *c = resolve(w,
		"  near: {virtualMachines: {podCIDRTag: pods}}\n"
		"  far: {virtualMachines: {podCIDRTag: pods, subscription: b}}\n"
		"  again: {virtualMachines: {podCIDRTag: pods, name: on*}}\n");
	assert_int_equal(c->nnode_sets, 3);
	assert_string_equal(c->node_sets[0].nodes[0].ips[0], "10.0.0.4");
	assert_string_equal(c->node_sets[1].nodes[0].ips[0], "10.0.0.5");
	assert_string_equal(c->node_sets[2].nodes[0].name, "one");
	assert_int_equal(fake_cloud_count(w->cloud, VERB_LIST, NULL), 4);
	assert_int_equal(fake_cloud_count(w->cloud, VERB_LIST, MACHINES("a")), 1);
	assert_int_equal(fake_cloud_count(w->cloud, VERB_LIST, NICS("b", "elsewhere")), 1);
}

static void test_machines__a_scale_set_costs_one_list_a_kind(void **state)
{
	struct world *w = *state;
	fake_cloud_put(w->cloud, SETS("b") "/s",
		"{'name':'s','id':'" SETS("b") "/s','properties':{'orchestrationMode':'Uniform'}}");
	for (int i = 0; i < 3; i++) {
		add_machine(w, SETS("b") "/s/virtualMachines", SETS("b") "/s/networkInterfaces",
			arena_printf(w->arena, "%d", i), arena_printf(w->arena, "%d", i + 4));
	}
	const struct config *c = resolve(
		w, "  far: {virtualMachines: {podCIDRTag: pods, subscription: b, scaleSet: S}}\n");
	assert_int_equal(c->node_sets[0].nnodes, 3);
	assert_string_equal(c->node_sets[0].nodes[2].ips[0], "10.0.0.6");
	assert_int_equal(fake_cloud_count(w->cloud, VERB_LIST, NULL), 3);
	assert_int_equal(fake_cloud_count(w->cloud, VERB_LIST, SETS("b")), 1);
	assert_int_equal(fake_cloud_count(w->cloud, VERB_LIST, SETS("b") "/s/virtualMachines"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_machines__each_subscription_is_asked_for_its_own),
		WORLD_TEST(test_machines__a_scale_set_costs_one_list_a_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
