/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule by which Azure selects a route, as a network of its own. Nodes a and b stand in one
 * network unless a test says otherwise; their interfaces forward unless it says otherwise. */
#include "engine/network/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/network/explain.h"
#include "engine/network/survey.h"
#include "engine/plan/view.h"
#include "tests/support/declared.h"

#define HEAD "waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: japaneast\n"
#define NET(members)                                                                               \
	"virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.240.0.0/16]}\n" members
#define SUBNETS "    subnets:\n      one: {addressPrefix: 10.240.0.0/24, routeTable: t}\n"
#define NODES                                                                                      \
	"nodeSets:\n  w:\n    nodes:\n      a: {ip: 10.240.0.4, podCIDR: 10.200.0.0/24}\n"         \
	"      b: {ip: 10.240.0.5, podCIDR: 10.200.1.0/24}\n"
#define TABLE(routes) "routeTables:\n  t:\n    routes:\n" routes
#define VIA(name, prefix, hop)                                                                     \
	"      " name ": {addressPrefix: '" prefix                                                 \
	"', nextHopType: VirtualAppliance, nextHopIpAddress: '" hop "'}\n"
#define TYPE(name, prefix, type)                                                                   \
	"      " name ": {addressPrefix: '" prefix "', nextHopType: " type "}\n"
#define TO_A VIA("a", "10.200.0.0/24", "10.240.0.4")
#define TO_B VIA("b", "10.200.1.0/24", "10.240.0.5")

struct world {
	struct arena *arena;
	struct config *config;
	struct topology *topology;
	struct reach *reach;
	struct reach_path path;
};

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct world *w = ARENA_NEW(arena, struct world);
	w->arena = arena;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	arena_free(w->arena);
	return 0;
}

static void look(struct world *w)
{
	w->topology = view_declared(w->arena, w->config);
	w->reach = reach_new(w->arena, w->topology);
}

static void given(struct world *w, const char *yaml)
{
	w->config = declared(w->arena, yaml);
	for (size_t i = 0; i < w->config->nnode_sets; i++)
		for (size_t n = 0; n < w->config->node_sets[i].nnodes; n++)
			w->config->node_sets[i].nodes[n].ip_forwarding = 1;
	look(w);
}

static struct topology_node *node(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->topology->nnodes; i++)
		if (strcmp(w->topology->nodes[i].node->name, name) == 0)
			return &w->topology->nodes[i];
	fail_msg("no node %s", name);
	return NULL;
}

static void forwards(struct world *w, const char *name, int forwarding)
{
	((struct node *)node(w, name)->node)->ip_forwarding = forwarding;
	look(w);
}

static void assert_path(struct world *w, const char *from, const char *to,
	enum reach_verdict verdict, enum reach_fault fault)
{
	struct topology_node *n = node(w, to);
	reach_follow(w->reach, node(w, from), n, &n->pods.items[0], &w->path);
	assert_string_equal(verdict_name(w->path.verdict), verdict_name(verdict));
	assert_int_equal(w->path.fault, fault);
}

/* What is to be changed for the path asked last, and on which line. */
static void assert_remedy(const struct world *w, size_t line, const char *text)
{
	struct place at;
	assert_string_equal(explain_remedy(w->arena, w->config, &w->path, &at), text);
	assert_int_equal(at.line, line);
}

static void assert_prefix(const struct prefix *p, const char *text)
{
	char out[PREFIX_TEXT];
	prefix_format(p, out);
	assert_string_equal(out, text);
}

static void test_reach__node_routes_deliver_both_ways(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(TO_A TO_B));
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
	assert_path(w, "b", "a", REACH_OK, FAULT_NONE);
	assert_int_equal(w->path.nhops, 1);
}

static void test_reach__longest_prefix_wins(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(TO_B VIA("all", "10.200.0.0/16", "10.240.0.4")));
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
	given(w, HEAD NET(SUBNETS) NODES TABLE(TO_B TYPE("hole", "10.200.1.128/25", "None")));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
	assert_prefix(&w->path.hops[w->path.at].route->prefix, "10.200.1.128/25");
}

static void test_reach__a_hole_that_ends_inside_is_seen(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(VIA("low", "10.200.1.0/25", "10.240.0.5")));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
	assert_prefix(&w->path.hops[w->path.at].route->prefix, "10.0.0.0/8");
}

static void test_reach__user_wins_over_system_on_an_equal_prefix(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(VIA("ten", "10.0.0.0/8", "10.240.0.5")));
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
	given(w,
		HEAD "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: "
		     "[10.240.0.0/16, 10.200.1.0/24]}\n" SUBNETS NODES TABLE(TO_B));
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
}

static void test_reach__private_ranges_are_dropped_and_others_leave(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *pods;
		enum reach_fault fault;
	} cases[] = { { "10.200.1.0/24", FAULT_DROPPED }, { "172.31.0.0/24", FAULT_DROPPED },
		{ "172.32.0.0/24", FAULT_INTERNET }, { "192.168.9.0/24", FAULT_DROPPED },
		{ "100.127.0.0/24", FAULT_DROPPED }, { "100.128.0.0/24", FAULT_INTERNET } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		given(w,
			arena_printf(w->arena,
				"%snodeSets:\n  w:\n    nodes:\n      a: {ip: 10.240.0.4, "
				"podCIDR: 10.200.0.0/24}\n      b: {ip: 10.240.0.5, podCIDR: %s}\n",
				HEAD NET(SUBNETS) TABLE(TO_A), cases[i].pods));
		assert_path(w, "a", "b", REACH_BROKEN, cases[i].fault);
	}
}

static void test_reach__a_range_of_the_network_takes_the_place_of_a_dropped_one(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: "
		     "[10.0.0.0/8]}\n" SUBNETS NODES TABLE(TO_A));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_LOCAL);
	given(w,
		HEAD "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: "
		     "[10.0.0.0/7]}\n" SUBNETS NODES TABLE(TO_A));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_LOCAL);
}

static void test_reach__each_kind_of_next_hop(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *type;
		enum reach_verdict verdict;
		enum reach_fault fault;
	} cases[] = { { "None", REACH_BROKEN, FAULT_DROPPED },
		{ "Internet", REACH_BROKEN, FAULT_INTERNET },
		{ "VnetLocal", REACH_BROKEN, FAULT_LOCAL },
		{ "VirtualNetworkGateway", REACH_UNKNOWN, FAULT_GATEWAY } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		given(w,
			arena_printf(w->arena,
				"%s      b: {addressPrefix: 10.200.1.0/24, nextHopType: %s}\n",
				HEAD NET(SUBNETS) NODES TABLE(TO_A), cases[i].type));
		assert_path(w, "a", "b", cases[i].verdict, cases[i].fault);
		assert_path(w, "b", "a", REACH_OK, FAULT_NONE);
	}
}

static void test_reach__a_service_tag_is_no_pod_route(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(TO_B TYPE("tag", "Storage", "Internet")));
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
}

static void test_reach__interfaces_have_to_forward(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(TO_A TO_B));
	forwards(w, "b", -1);
	assert_path(w, "a", "b", REACH_ASSUMED, FAULT_NONE);
	forwards(w, "b", 0);
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_HOP_NIC);
	assert_path(w, "b", "a", REACH_BROKEN, FAULT_SOURCE_NIC);
}

static void test_reach__next_hop_has_to_be_near(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(VIA("b", "10.200.1.0/24", "10.99.0.4")));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_HOP_OUTSIDE);
	given(w, HEAD NET(SUBNETS) NODES TABLE(VIA("b", "10.200.1.0/24", "10.240.9.4")));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_HOP_NO_SUBNET);
}

static void test_reach__a_route_to_nobody_leads_back(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(VIA("b", "10.200.1.0/24", "10.240.0.99")));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_NOBODY);
	assert_int_equal(w->path.at, 0);
}

static void test_reach__a_route_to_another_node_loops(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(SUBNETS) NODES TABLE(VIA("b", "10.200.1.0/24", "10.240.0.4")));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_LOOP);
	assert_int_equal(w->path.at, 0);
}

#define APPLIANCE                                                                                  \
	"    subnets:\n      one: {addressPrefix: 10.240.0.0/24, routeTable: t}\n"                 \
	"      two: {addressPrefix: 10.240.1.0/24, routeTable: u}\n"
#define THROUGH "  u:\n    routes:\n" TO_A TO_B

static void test_reach__an_appliance_routes_by_its_own_subnet(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD NET(APPLIANCE) NODES TABLE(VIA("all", "10.200.0.0/16", "10.240.1.4")) THROUGH);
	assert_path(w, "a", "b", REACH_ASSUMED, FAULT_NONE);
	assert_int_equal(w->path.nhops, 2);
	given(w,
		HEAD NET(APPLIANCE)
			NODES TABLE(VIA("all", "10.200.0.0/16", "10.240.1.4")) "  u: {}\n");
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
	assert_int_equal(w->path.at, 1);
}

static void test_reach__a_default_route_takes_the_dropped_ranges_away(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(APPLIANCE) NODES TABLE(VIA("all", "0.0.0.0/0", "10.240.1.4")) THROUGH);
	assert_path(w, "a", "b", REACH_ASSUMED, FAULT_NONE);
	/* Of the other family it does not, and a shorter range than theirs does not win. */
	given(w,
		HEAD NET(APPLIANCE) NODES TABLE(VIA("all", "8.0.0.0/6", "10.240.1.4")
				VIA("six", "::/0", "fd00::4")) THROUGH);
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
	given(w,
		HEAD NET(APPLIANCE) NODES TABLE(VIA("all", "8.0.0.0/6", "10.240.1.4")
				TYPE("out", "0.0.0.0/0", "Internet")) THROUGH);
	assert_path(w, "a", "b", REACH_ASSUMED, FAULT_NONE);
}

static void test_reach__two_appliances_that_point_at_each_other_loop(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD NET(APPLIANCE) NODES TABLE(
			VIA("all", "10.200.0.0/16", "10.240.1.4")) "  u:\n    routes:\n" VIA("back",
			"10.200.0.0/16", "10.240.0.4"));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_NOBODY);
	assert_int_equal(w->path.at, 0);
}

#define GATEWAY                                                                                    \
	"    subnets:\n      one: {addressPrefix: 10.240.0.0/24, routeTable: t}\n"                 \
	"      GatewaySubnet: {addressPrefix: 10.240.255.0/27}\n"

static void test_reach__a_gateway_may_have_learned_what_no_route_of_ours_says(void **state)
{
	struct world *w = *state;
	given(w, HEAD NET(GATEWAY) NODES TABLE(TO_A));
	assert_path(w, "a", "b", REACH_UNKNOWN, FAULT_GATEWAY_LEARNS);
	assert_path(w, "b", "a", REACH_OK, FAULT_NONE);
	given(w, HEAD NET(GATEWAY) NODES TABLE(VIA("all", "10.200.0.0/16", "10.240.0.5")));
	assert_path(w, "a", "b", REACH_UNKNOWN, FAULT_GATEWAY_LEARNS);
	given(w,
		HEAD NET(GATEWAY) NODES
		"routeTables:\n  t:\n    disableBgpRoutePropagation: true\n    routes:\n" TO_A);
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
}

static void test_reach__what_is_inside_the_network_is_never_learned(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: "
		     "[10.240.0.0/16, 10.200.0.0/16]}\n" GATEWAY NODES TABLE(TO_A));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_LOCAL);
}

#define PEER(name, prefix, subnet, remote, members)                                                \
	"  " name ":\n    addressSpace: {addressPrefixes: [" prefix "]}\n    subnets:\n"           \
	"      one: {addressPrefix: " subnet ", routeTable: t}\n"                                  \
	"    virtualNetworkPeerings:\n      p: {remoteVirtualNetwork: " remote members "}\n"
#define FORWARDS ", allowForwardedTraffic: true"
#define FAR_NODES                                                                                  \
	"nodeSets:\n  w:\n    nodes:\n      a: {ip: 10.240.0.4, podCIDR: 10.200.0.0/24}\n"         \
	"      b: {ip: 10.241.0.5, podCIDR: 10.200.1.0/24}\n"
#define FAR_TO_B VIA("b", "10.200.1.0/24", "10.241.0.5")
#define LEFT(members) PEER("left", "10.240.0.0/16", "10.240.0.0/24", "right", members)
#define RIGHT(members) PEER("right", "10.241.0.0/16", "10.241.0.0/24", "left", members)

static void test_reach__peerings_let_forwarded_traffic_pass_both_ways(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n" LEFT(FORWARDS) RIGHT(FORWARDS)
			FAR_NODES TABLE(TO_A FAR_TO_B));
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
	assert_path(w, "b", "a", REACH_OK, FAULT_NONE);
	given(w, HEAD "virtualNetworks:\n" LEFT(FORWARDS) RIGHT("") FAR_NODES TABLE(TO_A FAR_TO_B));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_PEERING_FORWARD);
	assert_path(w, "b", "a", REACH_BROKEN, FAULT_PEERING_FORWARD);
	given(w,
		HEAD "virtualNetworks:\n" LEFT(FORWARDS) RIGHT(FORWARDS
			", allowVirtualNetworkAccess: false") FAR_NODES TABLE(TO_A FAR_TO_B));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_PEERING_ACCESS);
}

static void test_reach__a_peering_needs_its_other_side(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n" LEFT(
			FORWARDS) "  right:\n    addressSpace: {addressPrefixes: "
				  "[10.241.0.0/16]}\n    subnets:\n"
				  "      one: {addressPrefix: 10.241.0.0/24, routeTable: "
				  "t}\n" FAR_NODES TABLE(TO_A FAR_TO_B));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_PEERING);
	assert_path(w, "b", "a", REACH_BROKEN, FAULT_HOP_OUTSIDE);
}

#define ENOUGH "`existing: true` is enough to read"
#define UNREAD(section) "declare " section "/elsewhere; " ENOUGH " it"

static void test_reach__a_peer_that_was_not_read_is_unknown(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n" PEER("net", "10.240.0.0/16", "10.240.0.0/24",
			"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
			"virtualNetworks/elsewhere",
			FORWARDS) NODES TABLE(TO_A));
	assert_path(w, "a", "b", REACH_UNKNOWN, FAULT_PEER_UNREAD);
	assert_remedy(w, 11, UNREAD("virtualNetworks"));
	assert_path(w, "b", "a", REACH_OK, FAULT_NONE);
}

static void test_reach__a_subnet_without_table_has_system_routes_alone(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD NET("    subnets:\n      one: {addressPrefix: 10.240.0.0/24}\n")
			NODES TABLE(TO_A TO_B));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
}

static void test_reach__a_table_that_was_not_read_is_unknown(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD NET("    subnets:\n      one: {addressPrefix: 10.240.0.0/24, routeTable: "
			 "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
			 "routeTables/elsewhere}\n") NODES);
	assert_path(w, "a", "b", REACH_UNKNOWN, FAULT_TABLE_UNREAD);
	assert_remedy(w, 9, UNREAD("routeTables"));
}

static void test_reach__a_node_in_no_subnet_is_unknown(void **state)
{
	struct world *w = *state;
	given(w, HEAD NODES TABLE(TO_A TO_B));
	assert_path(w, "a", "b", REACH_UNKNOWN, FAULT_SUBNET_UNKNOWN);
}

#define TWIN(name, size, table)                                                                    \
	"  " name ":\n    addressSpace: {addressPrefixes: [10.240.0.0/16]}\n    subnets:\n"        \
	"      one: {addressPrefix: 10.240.0.0/24, routeTable: " table "}\n"                       \
	"      two: {addressPrefix: 10.240.1.0/" size ", routeTable: through-" table "}\n"
#define TWIN_TABLE(name, set, all)                                                                 \
	"  through-" name ": {nodeRoutes: [{nodeSet: " set "}]}\n  " name                          \
	":\n    routes:\n" VIA("all", all, "10.240.1.10")
#define TWIN_SET(name, a, b, pods)                                                                 \
	"  " name ":\n    nodes:\n      " a ": {ip: 10.240.0.4, podCIDR: 10." pods ".0.0/24}\n"    \
	"      " b ": {ip: 10.240.0.5, podCIDR: 10." pods ".1.0/24}\n"

static void test_reach__networks_that_nothing_joins_may_have_one_range(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n" TWIN("left", "24", "t")
			TWIN("right", "26", "u") "nodeSets:\n" TWIN_SET("w", "a", "b", "200")
				TWIN_SET("x", "c", "d", "201") "routeTables:\n" TWIN_TABLE("t", "w",
					"10.200.0.0/16") TWIN_TABLE("u", "x", "10.201.0.0/16"));
	/* The tables that serve the sets are those of the appliances: nobody can tell. */
	assert_path(w, "a", "b", REACH_UNKNOWN, FAULT_SUBNET_UNKNOWN);
	((struct node *)node(w, "a")->node)->subnet = w->topology->subnets[0].part->id;
	look(w);
	assert_path(w, "a", "b", REACH_UNKNOWN, FAULT_SUBNET_UNKNOWN);
	assert_remedy(w, 20, "declare its network and subnet; " ENOUGH " them");
	((struct node *)node(w, "b")->node)->subnet = "/elsewhere";
	((struct node *)node(w, "d")->node)->subnet = "/elsewhere";
	look(w);
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_NOBODY);
	for (size_t i = 0; i < w->topology->nnodes; i++)
		w->topology->nodes[i].subnet = topology_subnet_in(
			&w->topology->networks[i / 2], &w->topology->nodes[i].ips[0]);
	for (size_t i = 0; i < w->topology->naddresses; i++)
		w->topology->addresses[i].subnet = w->topology->addresses[i].node->subnet;
	assert_path(w, "a", "b", REACH_ASSUMED, FAULT_NONE);
	assert_path(w, "c", "d", REACH_ASSUMED, FAULT_NONE);
	assert_string_equal(w->path.hops[1].subnet->part->resource->address,
		"virtualNetworks/right/subnets/two");
}

static void test_reach__a_table_tells_in_which_network_nodes_are(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n" TWIN("left", "24", "through-t") TWIN(
			"right", "26", "through-u") "nodeSets:\n" TWIN_SET("w", "a", "b",
			"200") TWIN_SET("x", "c", "d", "201") "routeTables:\n" TWIN_TABLE("t", "w",
			"10.200.0.0/16") TWIN_TABLE("u", "x",
			"10.201.0.0/16") "  through-through-t: {}\n  through-through-u: {}\n");
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
	assert_path(w, "c", "d", REACH_OK, FAULT_NONE);
	assert_ptr_not_equal(node(w, "a")->subnet, node(w, "c")->subnet);
}

static void test_explain__what_is_to_be_changed(void **state)
{
	struct world *w = *state;
	given(w, HEAD "virtualNetworks:\n" LEFT(FORWARDS) RIGHT("") FAR_NODES TABLE(TO_A FAR_TO_B));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_PEERING_FORWARD);
	assert_remedy(w, 17,
		"set allowForwardedTraffic: true in virtualNetworks/right/virtualNetworkPeerings/p:"
		" both sides need it");
	assert_path(w, "b", "a", REACH_BROKEN, FAULT_PEERING_FORWARD);
	assert_int_equal(w->path.at, 0);

	/* A route for many is not the one to change. */
	given(w, HEAD NET(SUBNETS) NODES TABLE(VIA("all", "10.200.0.0/16", "10.250.0.4")));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_HOP_OUTSIDE);
	assert_remedy(w, 16, "add a route for 10.200.1.0/24 to 10.240.0.5 in routeTables/t");
	given(w, HEAD NET(SUBNETS) NODES TABLE(TYPE("hole", "10.200.1.0/25", "None") TO_B));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
	assert_remedy(w, 18, "send 10.200.1.0/25 to 10.240.0.5 in routeTables/t/routes/hole");

	/* An appliance that sends it back has the wrong route, not who sent it there. */
	given(w,
		HEAD NET(APPLIANCE) NODES TABLE(VIA("all", "10.200.0.0/16",
			"10.240.1.4")) "  u:\n    routes:\n" VIA("all", "0.0.0.0/0", "10.240.1.4"));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_NOBODY);
	assert_remedy(w, 20, "add a route for 10.200.1.0/24 to 10.240.0.5 in routeTables/u");
}

static void test_explain__no_route_leads_to_a_network_that_is_no_peer(void **state)
{
	struct world *w = *state;
	given(w,
		HEAD "virtualNetworks:\n" PEER("left", "10.240.0.0/16", "10.240.0.0/24", "hub",
			FORWARDS) PEER("right", "10.241.0.0/16", "10.241.0.0/24", "hub", FORWARDS)
			PEER("hub", "10.242.0.0/16", "10.242.0.0/24", "left", FORWARDS)
				FAR_NODES TABLE(TO_A));
	assert_path(w, "a", "b", REACH_BROKEN, FAULT_DROPPED);
	assert_remedy(w, 30,
		"peer virtualNetworks/left with virtualNetworks/right, or send 10.200.1.0/24 from "
		"virtualNetworks/left/subnets/one to an appliance in a network that both are peered"
		" with");
}

static void test_reach__ipv6_follows_the_same_rules(void **state)
{
	struct world *w = *state;
	const char *head = HEAD
		"virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: ['fd00:1::/48']}\n"
		"    subnets:\n      one: {addressPrefix: 'fd00:1::/64', routeTable: t}\n"
		"nodeSets:\n  w:\n    nodes:\n      a: {ip: 'fd00:1::4', podCIDR: 'fd00:2::/64'}\n"
		"      b: {ip: 'fd00:1::5', podCIDR: 'fd00:2:0:1::/64'}\n";
	given(w,
		arena_printf(
			w->arena, "%s%s", head, TABLE(VIA("b", "fd00:2:0:1::/64", "fd00:1::5"))));
	assert_path(w, "a", "b", REACH_OK, FAULT_NONE);
	assert_path(w, "b", "a", REACH_BROKEN, FAULT_INTERNET);
}

static void count(void *context, const struct survey_paths *p)
{
	survey_count(context, p->after->verdict, p->count);
}

static struct survey_counts survey(struct world *w)
{
	struct survey_counts counts = { 0 };
	const struct survey s = { .config = w->config, .reach = w->reach, .topology = w->topology };
	survey_run(w->arena, &s, count, &counts);
	return counts;
}

static void test_survey__counts_ordered_pairs_of_sets_that_belong_together(void **state)
{
	struct world *w = *state;
	const char *more = "  x:\n    nodes:\n      c: {ip: 10.240.0.6, podCIDR: 10.200.2.0/24}\n"
			   "  y:\n    nodes:\n      d: {ip: 10.240.0.7, podCIDR: 10.200.3.0/24}\n";
	given(w, arena_printf(w->arena, "%s%s%s", HEAD NET(SUBNETS) NODES, more, TABLE(TO_A TO_B)));
	assert_int_equal(survey(w).total, 2);
	assert_int_equal(survey(w).of[REACH_OK], 2);
	given(w,
		arena_printf(w->arena, "%s%s%sreach: [[w, x], [x, w]]\n", HEAD NET(SUBNETS) NODES,
			more, TABLE(TO_A TO_B)));
	assert_int_equal(survey(w).total, 6);
	assert_int_equal(survey(w).of[REACH_OK], 4);
	assert_int_equal(survey(w).of[REACH_BROKEN], 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reach__node_routes_deliver_both_ways),
		TEST(test_reach__longest_prefix_wins),
		TEST(test_reach__a_hole_that_ends_inside_is_seen),
		TEST(test_reach__user_wins_over_system_on_an_equal_prefix),
		TEST(test_reach__private_ranges_are_dropped_and_others_leave),
		TEST(test_reach__a_range_of_the_network_takes_the_place_of_a_dropped_one),
		TEST(test_reach__each_kind_of_next_hop),
		TEST(test_reach__a_service_tag_is_no_pod_route),
		TEST(test_reach__interfaces_have_to_forward),
		TEST(test_reach__next_hop_has_to_be_near),
		TEST(test_reach__a_route_to_nobody_leads_back),
		TEST(test_reach__a_route_to_another_node_loops),
		TEST(test_reach__an_appliance_routes_by_its_own_subnet),
		TEST(test_reach__a_default_route_takes_the_dropped_ranges_away),
		TEST(test_reach__two_appliances_that_point_at_each_other_loop),
		TEST(test_reach__a_gateway_may_have_learned_what_no_route_of_ours_says),
		TEST(test_reach__what_is_inside_the_network_is_never_learned),
		TEST(test_reach__peerings_let_forwarded_traffic_pass_both_ways),
		TEST(test_reach__a_peering_needs_its_other_side),
		TEST(test_reach__a_peer_that_was_not_read_is_unknown),
		TEST(test_reach__a_subnet_without_table_has_system_routes_alone),
		TEST(test_reach__a_table_that_was_not_read_is_unknown),
		TEST(test_reach__a_node_in_no_subnet_is_unknown),
		TEST(test_reach__networks_that_nothing_joins_may_have_one_range),
		TEST(test_reach__a_table_tells_in_which_network_nodes_are),
		TEST(test_explain__what_is_to_be_changed),
		TEST(test_explain__no_route_leads_to_a_network_that_is_no_peer),
		TEST(test_reach__ipv6_follows_the_same_rules),
		TEST(test_survey__counts_ordered_pairs_of_sets_that_belong_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
