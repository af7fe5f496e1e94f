/* SPDX-License-Identifier: Apache-2.0 */
/* What is drawn of two topologies and the changes between them. */
#include "engine/plan/drawing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/text.h"
#include "engine/plan/view.h"
#include "tests/support/declared.h"

#define HEAD "waybill: 1\nsubscription: s\nresourceGroup: g\nlocation: japaneast\n"
#define NETWORK                                                                                    \
	"virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.240.0.0/16]}\n"         \
	"    subnets:\n"
#define SUBNET(name, number, table)                                                                \
	"      " name ": {addressPrefix: 10.240." number ".0/24" table "}\n"
#define NODES                                                                                      \
	"nodeSets:\n  w:\n    nodes:\n      a: {ip: 10.240.0.4, podCIDR: 10.200.0.0/24}\n"         \
	"      b: {ip: 10.240.0.5, podCIDR: 10.200.1.0/24}\n"
#define RANGE(count)                                                                               \
	"nodeSets:\n  w:\n    range: {count: " count ", name: \"w-${node.index}\", firstIP: "      \
	"10.240.0.4, podCIDRs: 10.200.0.0/16, podPrefixLength: 26}\n"
#define NODE_ROUTES "routeTables:\n  t:\n    nodeRoutes: [{nodeSet: w}]\n"
#define OWN(routes) NODE_ROUTES "    routes:\n" routes
#define VIA(name, prefix, hop)                                                                     \
	"      " name ": {addressPrefix: " prefix                                                  \
	", nextHopType: VirtualAppliance, nextHopIpAddress: " hop "}\n"
#define NET_ID "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/net"
#define TABLE_ID "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"

struct world {
	struct arena *arena;
	struct plan plan;
	struct topology *now;
	struct drawing *drawing;
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

static void stands(struct world *w, const char *yaml)
{
	w->now = view_declared(w->arena, declared(w->arena, yaml));
}

static void changes(struct world *w, const char *id, enum action action)
{
	struct change *c = ARENA_PUSH(w->arena, w->plan.changes, w->plan.nchanges);
	*c = (struct change){ .id = id, .action = action };
}

static const struct drawing *draw(struct world *w, const char *yaml)
{
	w->plan.config = declared(w->arena, yaml);
	struct topology *planned = view_declared(w->arena, w->plan.config);
	w->drawing = drawing_make(w->arena, &w->plan, planned, w->now ? w->now : planned);
	return w->drawing;
}

/* Everything drawn, as text: kind, mark, name and lines; what is inside is in brackets. */
static void tell(struct buf *out, struct drawing_box *const *boxes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct drawing_box *b = boxes[i];
		(void)buf_printf(out, "%s%s %s %s", i ? "; " : "", drawing_kind_name(b->kind),
			drawing_mark_name(b->mark), b->name);
		for (size_t n = 0; n < b->nlines; n++)
			(void)buf_printf(out, ", %s", b->lines[n]);
		if (b->ninside) {
			(void)buf_puts(out, " [");
			tell(out, b->inside, b->ninside);
			(void)buf_puts(out, "]");
		}
	}
}

static void assert_box(const struct world *w, size_t top, const char *expected)
{
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	assert_true(top < w->drawing->ntop);
	tell(&text, &w->drawing->boxes[top], 1);
	char *told = arena_strdup(w->arena, text.data);
	buf_release(&text);
	assert_string_equal(told, expected);
}

static void assert_line(
	const struct drawing_line *line, enum drawing_mark mark, const char *from, const char *to)
{
	assert_string_equal(drawing_mark_name(line->mark), drawing_mark_name(mark));
	assert_string_equal(line->from->name, from);
	assert_string_equal(line->to->name, to);
}

static void test_drawing__two_nodes_stand_in_their_subnet_and_routes_lead_to_them(void **state)
{
	struct world *w = *state;
	const struct drawing *d =
		draw(w, HEAD NETWORK SUBNET("one", "0", ", routeTable: t") NODES NODE_ROUTES);
	assert_int_equal(d->ntop, 2);
	assert_box(w, 0,
		"network unchanged net, 10.240.0.0/16 [subnet unchanged one, 10.240.0.0/24 "
		"[nodes unchanged a, 10.240.0.4, pods 10.200.0.0/24; "
		"nodes unchanged b, 10.240.0.5, pods 10.200.1.0/24]]");
	assert_box(w, 1,
		"table unchanged t [routes unchanged 10.200.0.0/24, to 10.240.0.4, a; "
		"routes unchanged 10.200.1.0/24, to 10.240.0.5, b]");
	assert_int_equal(d->nattachments, 1);
	assert_line(&d->attachments[0], MARK_UNCHANGED, "one", "t");
	assert_int_equal(d->nleads, 2);
	assert_line(&d->leads[0], MARK_UNCHANGED, "10.200.0.0/24", "a");
	assert_line(&d->leads[1], MARK_UNCHANGED, "10.200.1.0/24", "b");
	assert_true(d->has[MARK_UNCHANGED] && !d->has[MARK_ADDED]);
}

static void test_drawing__many_that_are_alike_are_one(void **state)
{
	struct world *w = *state;
	const struct drawing *d = draw(w,
		HEAD NETWORK SUBNET("one", "0", ", routeTable: t")
			SUBNET("two", "1", ", routeTable: t") RANGE("400") NODE_ROUTES);
	assert_box(w, 0,
		"network unchanged net, 10.240.0.0/16 [subnet unchanged one, 10.240.0.0/24 "
		"[nodes unchanged w-0 ... w-251, 252 nodes of set w, 10.240.0.4 ... 10.240.0.255, "
		"pods 10.200.0.0/26 ... 10.200.62.192/26]; subnet unchanged two, 10.240.1.0/24 "
		"[nodes unchanged w-252 ... w-399, 148 nodes of set w, 10.240.1.0 ... "
		"10.240.1.147, pods 10.200.63.0/26 ... 10.200.99.192/26]]");
	assert_box(w, 1,
		"table unchanged t [routes unchanged 400 node routes of set w, "
		"10.200.0.0/26 ... 10.200.99.192/26]");
	assert_int_equal(d->boxes[0]->inside[0]->inside[0]->count, 252);
	assert_int_equal(d->nleads, 2);
	assert_line(&d->leads[1], MARK_UNCHANGED, "400 node routes of set w", "w-252 ... w-399");
}

static void test_drawing__as_many_as_are_alike_stand_alone(void **state)
{
	struct world *w = *state;
	const struct drawing *d =
		draw(w, HEAD NETWORK SUBNET("one", "0", "") RANGE("8") NODE_ROUTES);
	assert_int_equal(d->boxes[0]->inside[0]->ninside, DRAWING_ALIKE);
	assert_int_equal(d->boxes[1]->ninside, DRAWING_ALIKE);
	d = draw(w, HEAD NETWORK SUBNET("one", "0", "") RANGE("9") NODE_ROUTES);
	assert_int_equal(d->boxes[0]->inside[0]->ninside, 1);
	assert_int_equal(d->boxes[1]->ninside, 1);
	assert_int_equal(d->nattachments, 0);
}

static void test_drawing__what_changes_is_marked_and_what_goes_is_still_there(void **state)
{
	struct world *w = *state;
	stands(w,
		HEAD NETWORK SUBNET("old", "1", ", routeTable: t") SUBNET("one", "0", "")
			NODES OWN(VIA("gone", "10.9.0.0/16", "10.240.0.9")
					VIA("x", "10.8.0.0/16", "10.240.0.8")));
	changes(w, NET_ID "/subnets/one", ACTION_UPDATE);
	changes(w, NET_ID "/subnets/OLD", ACTION_DELETE);
	changes(w, NET_ID "/subnets/new", ACTION_CREATE);
	changes(w, TABLE_ID "/routes/gone", ACTION_DELETE);
	changes(w, TABLE_ID "/routes/x", ACTION_UPDATE);
	changes(w, TABLE_ID, ACTION_REPLACE);
	const struct drawing *d = draw(w,
		HEAD NETWORK SUBNET("new", "2", ", routeTable: t") SUBNET("one", "0",
			", routeTable: t") NODES OWN(VIA("x", "10.8.0.0/16", "10.240.0.4")));
	assert_box(w, 0,
		"network unchanged net, 10.240.0.0/16 [subnet added new, 10.240.2.0/24; "
		"subnet changed one, 10.240.0.0/24 "
		"[nodes unchanged a, 10.240.0.4, pods 10.200.0.0/24; "
		"nodes unchanged b, 10.240.0.5, pods 10.200.1.0/24]; "
		"subnet destroyed old, 10.240.1.0/24]");
	assert_box(w, 1,
		"table replaced t [routes unchanged 10.200.0.0/24, to 10.240.0.4, a; "
		"routes unchanged 10.200.1.0/24, to 10.240.0.5, b; "
		"routes changed 10.8.0.0/16, to 10.240.0.4, a, was 10.240.0.8; "
		"routes destroyed 10.9.0.0/16, to 10.240.0.9]");
	assert_int_equal(d->nattachments, 3);
	assert_line(&d->attachments[0], MARK_ADDED, "new", "t");
	assert_line(&d->attachments[1], MARK_ADDED, "one", "t");
	assert_line(&d->attachments[2], MARK_DESTROYED, "old", "t");
}

static void test_drawing__all_of_it_may_go(void **state)
{
	struct world *w = *state;
	const char *all = HEAD NETWORK SUBNET("one", "0", ", routeTable: t") NODES NODE_ROUTES;
	stands(w, all);
	const struct drawing *d = draw(w, HEAD NODES);
	assert_int_equal(d->ntop, 2);
	assert_box(w, 0,
		"network destroyed net, 10.240.0.0/16 [subnet destroyed one, 10.240.0.0/24 "
		"[nodes unchanged a, 10.240.0.4, pods 10.200.0.0/24; "
		"nodes unchanged b, 10.240.0.5, pods 10.200.1.0/24]]");
	assert_box(w, 1,
		"table destroyed t [routes destroyed 10.200.0.0/24, to 10.240.0.4, a; "
		"routes destroyed 10.200.1.0/24, to 10.240.0.5, b]");
	assert_int_equal(d->nleads, 0);
	assert_line(&d->attachments[0], MARK_DESTROYED, "one", "t");
}

static void test_drawing__an_attachment_moves(void **state)
{
	struct world *w = *state;
	stands(w,
		HEAD NETWORK SUBNET("one", "0", ", routeTable: t") "routeTables: {t: {}, u: {}}\n");
	const struct drawing *d = draw(w,
		HEAD NETWORK SUBNET("one", "0", ", routeTable: u") "routeTables: {t: {}, u: {}}\n");
	assert_int_equal(d->nattachments, 2);
	assert_line(&d->attachments[0], MARK_DESTROYED, "one", "t");
	assert_line(&d->attachments[1], MARK_ADDED, "one", "u");
}

static void test_drawing__next_hops_of_nobody_stand_in_their_subnet(void **state)
{
	struct world *w = *state;
	const struct drawing *d = draw(w,
		HEAD NETWORK SUBNET("fw", "9", "") SUBNET("one", "0", ", routeTable: t") NODES OWN(
			VIA("x", "10.8.0.0/16", "10.240.9.4") VIA("y", "10.9.0.0/16", "10.240.9.4")
				VIA("z", "10.7.0.0/16", "172.16.0.1")));
	assert_box(w, 0,
		"network unchanged net, 10.240.0.0/16 [subnet unchanged fw, 10.240.9.0/24 "
		"[addresses unchanged 10.240.9.4, next hop, no node]; "
		"subnet unchanged one, 10.240.0.0/24 "
		"[nodes unchanged a, 10.240.0.4, pods 10.200.0.0/24; "
		"nodes unchanged b, 10.240.0.5, pods 10.200.1.0/24]]");
	assert_int_equal(d->nleads, 4);
	assert_line(&d->leads[2], MARK_UNCHANGED, "10.8.0.0/16", "10.240.9.4");
	assert_line(&d->leads[3], MARK_UNCHANGED, "10.9.0.0/16", "10.240.9.4");
}

static void test_drawing__two_sides_of_a_peering_are_one_line(void **state)
{
	struct world *w = *state;
	const char *peered =
		HEAD "virtualNetworks:\n"
		     "  na:\n    addressSpace: {addressPrefixes: [10.1.0.0/16]}\n"
		     "    virtualNetworkPeerings:\n"
		     "      to-b: {remoteVirtualNetwork: nb, allowForwardedTraffic: true}\n"
		     "  nb:\n    addressSpace: {addressPrefixes: [10.2.0.0/16]}\n"
		     "    virtualNetworkPeerings:\n"
		     "      to-a: {remoteVirtualNetwork: na, allowVirtualNetworkAccess: false}\n"
		     "      away: {remoteVirtualNetwork: /subscriptions/s/resourceGroups/other/"
		     "providers/Microsoft.Network/virtualNetworks/nc}\n";
	const struct drawing *d = draw(w, peered);
	assert_int_equal(d->ntop, 3);
	assert_box(w, 0,
		"network unchanged na, 10.1.0.0/16 "
		"[peering unchanged to-b, to nb, connected, forwarded traffic]");
	assert_box(w, 1,
		"network unchanged nb, 10.2.0.0/16 [peering unchanged away, to nc, not connected; "
		"peering unchanged to-a, to na, connected, no access]");
	assert_box(w, 2, "network foreign nc, not read, foreign");
	assert_int_equal(d->npeerings, 2);
	assert_line(&d->peerings[0], MARK_UNCHANGED, "to-b", "to-a");
	assert_line(&d->peerings[1], MARK_UNCHANGED, "away", "nc");
}

static void test_drawing__nodes_in_no_subnet_are_not_lost(void **state)
{
	struct world *w = *state;
	(void)draw(w, HEAD NODES NODE_ROUTES);
	assert_box(w, 0,
		"outside unchanged in no known subnet "
		"[nodes unchanged a, 10.240.0.4, pods 10.200.0.0/24; "
		"nodes unchanged b, 10.240.0.5, pods 10.200.1.0/24]");
	(void)draw(w, HEAD);
	assert_int_equal(w->drawing->ntop, 0);
}

static void test_drawing__secrets_are_masked(void **state)
{
	struct world *w = *state;
	w->plan.config = declared(w->arena,
		HEAD NETWORK SUBNET("one", "0", ", routeTable: t")
			NODES OWN(VIA("x", "10.8.0.0/16", "10.240.9.4")));
	secrets_add(w->plan.config->secrets, "10.8.0.0/16", true);
	struct topology *planned = view_declared(w->arena, w->plan.config);
	w->drawing = drawing_make(w->arena, &w->plan, planned, planned);
	assert_string_equal(w->drawing->boxes[1]->inside[2]->name, SECRET_SHOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_drawing__##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_nodes_stand_in_their_subnet_and_routes_lead_to_them),
		TEST(many_that_are_alike_are_one),
		TEST(as_many_as_are_alike_stand_alone),
		TEST(what_changes_is_marked_and_what_goes_is_still_there),
		TEST(all_of_it_may_go),
		TEST(an_attachment_moves),
		TEST(next_hops_of_nobody_stand_in_their_subnet),
		TEST(two_sides_of_a_peering_are_one_line),
		TEST(nodes_in_no_subnet_are_not_lost),
		TEST(secrets_are_masked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
