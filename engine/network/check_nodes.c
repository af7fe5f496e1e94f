/* SPDX-License-Identifier: Apache-2.0 */
/* check_nodes.c - addresses of nodes, and whether their NICs forward */
#include <string.h>

#include "engine/base/text.h"
#include "engine/network/checks_internal.h"

/* ---- outside of every subnet ---- */

static const struct topology_network *network_around(const struct checking *ck, const struct ip *ip)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nnetworks; i++)
		if (prefixes_have(&t->networks[i].space, ip))
			return &t->networks[i];
	return NULL;
}

static void tell_outside(struct checking *ck, const struct tally *found)
{
	const struct topology_node *n = found->one;
	const struct ip *ip = found->other;
	if (!check_found(ck, address_place(ck, n, ip), subject_of_set(n->set),
		    (struct subject){ 0 }, "no declared subnet holds %s of node `%s`%s",
		    ip_name(ck, ip), n->node->name, tally_more(ck, found)))
		return;
	const struct topology_network *around = network_around(ck, ip);
	if (around)
		diag_note(ck->diags, range_place(ck, around->part, 0),
			"the network has it, but none of its subnets");
	else if (ck->topology->networks)
		diag_note(ck->diags, range_place(ck, ck->topology->networks->part, 0),
			"the address space is another");
	diag_help(ck->diags, "correct the address, or declare the subnet it is in");
}

void check_node_outside(struct checking *ck)
{
	const struct topology *t = ck->topology;
	struct tallies all = tallies_new(ck);
	if (t->nsubnets == 0 || !all_networks_are_whole(ck))
		return;
	for (size_t i = 0; i < t->nnodes; i++) {
		const struct topology_node *n = &t->nodes[i];
		/* Where a NIC says that it is, it is. */
		for (size_t k = 0; k < n->nips && !n->node->subnet; k++)
			if (!topology_subnet_of(t, &n->ips[k]))
				tally_add(ck, &all, n->node->pointer, "",
					(struct tally){ .one = n, .other = &n->ips[k] });
	}
	for (size_t i = 0; i < all.count; i++)
		tell_outside(ck, &all.items[i]);
}

/* ---- the five reserved addresses ---- */

void check_node_reserved(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nnodes; i++) {
		const struct topology_node *n = &t->nodes[i];
		for (size_t k = 0; k < n->nips; k++) {
			size_t range = 0;
			const struct topology_subnet *s = topology_subnet_near(
				t, n->subnet ? n->subnet->network : NULL, &n->ips[k]);
			if (!s || !is_reserved(s, &n->ips[k], &range) ||
				!check_found(ck, address_place(ck, n, &n->ips[k]),
					subject_of_set(n->set), subject_of(s->part),
					"Azure keeps %s of node `%s` for itself in %s",
					ip_name(ck, &n->ips[k]), n->node->name,
					part_name(ck, s->part)))
				continue;
			diag_note(ck->diags, range_place(ck, s->part, range), "the subnet");
			diag_help(ck->diags,
				"the first four addresses of a subnet and the last "
				"one are no machine's");
		}
	}
}

/* ---- one address twice ---- */

static bool is_same_node(const struct topology_node *a, const struct topology_node *b)
{
	return a == b || (a->set != b->set && text_same_nocase(a->node->name, b->node->name));
}

/* Private addresses may stand in two networks that do not meet. */
static bool may_share(const struct topology_address *a, const struct topology_address *b)
{
	return a->subnet && b->subnet && a->subnet != b->subnet;
}

static void tell_twice(struct checking *ck, const struct tally *found)
{
	const struct topology_address *address = found->one, *other = found->other;
	const struct topology_node *a = address->node, *b = other->node;
	if (!check_found(ck, address_place(ck, b, &other->ip), subject_of_set(b->set),
		    subject_of_set(a->set), "nodes `%s` and `%s` both have the address %s%s",
		    a->node->name, b->node->name, ip_name(ck, &other->ip), tally_more(ck, found)))
		return;
	diag_note(ck->diags, address_place(ck, a, &address->ip), "node `%s`", a->node->name);
	diag_help(ck->diags, "give each node an address of its own");
}

void check_node_twice(struct checking *ck)
{
	const struct topology *t = ck->topology;
	struct tallies all = tallies_new(ck);
	for (size_t i = 1; i < t->naddresses; i++) {
		const struct topology_address *a = &t->addresses[i - 1], *b = &t->addresses[i];
		if (!a->node || !b->node || ip_compare(&a->ip, &b->ip) != 0 ||
			is_same_node(a->node, b->node) || may_share(a, b))
			continue;
		tally_add(ck, &all, a->node->node->pointer, b->node->node->pointer,
			(struct tally){ .one = a, .other = b });
	}
	for (size_t i = 0; i < all.count; i++)
		tell_twice(ck, &all.items[i]);
}

/* ---- forwarding ---- */

void check_node_forwarding(struct checking *ck)
{
	const struct topology *t = ck->topology;
	struct tallies all = tallies_new(ck);
	for (size_t i = 0; i < t->nnodes; i++)
		if (t->nodes[i].forwarding == 0)
			tally_add(ck, &all, t->nodes[i].node->pointer, "",
				(struct tally){ .one = &t->nodes[i] });
	for (size_t i = 0; i < all.count; i++) {
		const struct topology_node *n = all.items[i].one;
		if (!check_found(ck, row_place(ck, n), subject_of_set(n->set),
			    (struct subject){ 0 },
			    "the NIC of node `%s` does not forward: Azure drops what its pods "
			    "send%s",
			    n->node->name, tally_more(ck, &all.items[i])))
			continue;
		diag_help(ck->diags,
			"turn IP forwarding on: az network nic update "
			"--ip-forwarding true");
	}
}
