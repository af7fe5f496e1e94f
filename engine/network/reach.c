/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/reach.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/sort.h"
#include "engine/base/text.h"
#include "engine/network/reach_internal.h"

const char *verdict_name(enum reach_verdict v)
{
	static const char *const names[] = { "ok", "assumed", "unknown", "broken" };
	return names[v];
}

const char *hop_kind_name(enum hop_kind kind)
{
	static const char *const names[] = {
		[HOP_LOCAL] = "VnetLocal",
		[HOP_PEERING] = "VNetPeering",
		[HOP_APPLIANCE] = "VirtualAppliance",
		[HOP_GATEWAY] = "VirtualNetworkGateway",
		[HOP_INTERNET] = "Internet",
		[HOP_NONE] = "None",
		[HOP_UNKNOWN] = "unknown",
	};
	return names[kind];
}

bool verdict_reaches(enum reach_verdict v)
{
	return v == REACH_OK || v == REACH_ASSUMED;
}

/* ---- classes ---- */

static int compare_classes(const void *a, const void *b)
{
	const struct topology_subnet *x = *(const struct topology_subnet *const *)a;
	const struct topology_subnet *y = *(const struct topology_subnet *const *)b;
	if (x->network != y->network)
		return x->network < y->network ? -1 : 1;
	if (!x->table_id != !y->table_id)
		return x->table_id ? 1 : -1;
	return x->table_id ? text_compare_nocase(x->table_id, y->table_id) : 0;
}

static bool is_unread(const struct topology_peering *p)
{
	return p->remote ? p->remote->space.count == 0 : p->remote_space.count == 0;
}

static bool has_gateway(const struct topology_network *n)
{
	for (size_t i = 0; i < n->npeerings; i++)
		if (n->peerings[i]->connected && n->peerings[i]->uses_remote_gateways)
			return true;
	return n->gateway_subnet != NULL;
}

static void begin_class(struct reach_class *c, const struct topology_subnet *s)
{
	c->network = s->network && s->network->space.count ? s->network : NULL;
	c->table = s->table;
	c->table_unread = s->table_id && !s->table;
	if (!c->network)
		return;
	for (size_t i = 0; i < c->network->npeerings; i++)
		c->peer_unread = c->peer_unread || is_unread(c->network->peerings[i]);
	c->learns = has_gateway(c->network) && (!c->table || c->table->propagates);
}

static void find_classes(struct reach *r)
{
	const struct topology *t = r->topology;
	const struct topology_subnet **sorted =
		arena_alloc(r->arena, (t->nsubnets + 1) * sizeof(*sorted));
	r->classes = arena_alloc(r->arena, (t->nsubnets + 1) * sizeof *r->classes);
	r->class_of = arena_alloc(r->arena, (t->nsubnets + 1) * sizeof *r->class_of);
	for (size_t i = 0; i < t->nsubnets; i++)
		sorted[i] = &t->subnets[i];
	if (t->nsubnets)
		qsort(sorted, t->nsubnets, sizeof(*sorted), compare_classes);
	for (size_t i = 0; i < t->nsubnets; i++) {
		if (i == 0 || compare_classes(&sorted[i - 1], &sorted[i]) != 0)
			begin_class(&r->classes[r->nclasses++], sorted[i]);
		r->class_of[sorted[i] - t->subnets] = r->nclasses - 1;
	}
}

size_t reach_class(const struct reach *r, const struct topology_subnet *s)
{
	return s ? r->class_of[s - r->topology->subnets] : r->nclasses;
}

/* ---- the routes of a class ---- */

static struct reach_route *add_route(
	struct arena *a, struct reach_class *c, const struct prefix *prefix, enum hop_kind hop)
{
	struct reach_route *route = ARENA_PUSH(a, c->routes, c->nroutes);
	route->prefix = *prefix;
	route->hop = hop;
	return route;
}

static void add_peer_routes(struct reach *r, struct reach_class *c)
{
	for (size_t i = 0; i < c->network->npeerings; i++) {
		const struct topology_peering *p = c->network->peerings[i];
		const struct prefixes *space = p->remote ? &p->remote->space : &p->remote_space;
		for (size_t n = 0; p->connected && n < space->count; n++)
			add_route(r->arena, c, &space->items[n], HOP_PEERING)->peering = p;
	}
}

/* The ranges that Azure drops unless the network has them: its own range of the same size takes
 * the place of one of these, and so does a larger one. A user's route of 0.0.0.0/0 takes them all
 * away (Azure's page on traffic routing says so below its example): that is how spokes reach each
 * other through the firewall that their default routes lead to. */
size_t reach_dropped(
	const struct prefixes *space, bool takes_all, struct prefix dropped[REACH_DROPPED])
{
	static const char *const texts[REACH_DROPPED] = { "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "100.64.0.0/10" };
	size_t count = 0;
	for (size_t n = 0; n < REACH_DROPPED && !takes_all; n++) {
		struct prefix *p = &dropped[count];
		bool drops = prefix_parse(p, texts[n]);
		for (size_t i = 0; i < space->count; i++)
			drops = drops && !prefix_contains(&space->items[i], p);
		count += drops;
	}
	return count;
}

static void add_system_routes(struct reach *r, struct reach_class *c)
{
	static const char *const everything[] = { "0.0.0.0/0", "::/0" };
	for (size_t i = 0; i < c->network->space.count; i++)
		(void)add_route(r->arena, c, &c->network->space.items[i], HOP_LOCAL);
	add_peer_routes(r, c);
	struct prefix dropped[REACH_DROPPED];
	bool takes_all = c->table && c->table->takes_all;
	size_t ndropped = reach_dropped(&c->network->space, takes_all, dropped);
	for (size_t i = 0; i < ndropped; i++)
		(void)add_route(r->arena, c, &dropped[i], HOP_NONE);
	for (size_t i = 0; i < ARRAY_LEN(everything); i++) {
		struct prefix prefix;
		if (prefix_parse(&prefix, everything[i]))
			(void)add_route(r->arena, c, &prefix, HOP_INTERNET);
	}
}

/* Service tags hold public addresses: no pod path meets them. */
static void add_user_routes(struct arena *a, struct reach_class *c)
{
	for (size_t i = 0; c->table && i < c->table->nroutes; i++) {
		const struct topology_route *user = c->table->routes[i];
		if (!user->is_prefix)
			continue;
		struct reach_route *route = add_route(a, c, &user->prefix, user->hop);
		route->origin = ORIGIN_USER;
		route->next_hop = user->next_hop;
		route->has_next_hop = user->has_next_hop;
		route->user = user;
	}
}

static void index_routes(struct arena *a, struct reach_class *c)
{
	struct trie_entry *entries = mem_alloc((c->nroutes + 1) * sizeof *entries);
	for (size_t i = 0; i < c->nroutes; i++)
		entries[i] = (struct trie_entry){ c->routes[i].prefix, c->routes[i].origin,
			(uint32_t)i };
	c->trie = trie_build(a, entries, c->nroutes);
	free(entries);
}

static void build_class(struct reach *r, struct reach_class *c)
{
	add_system_routes(r, c);
	add_user_routes(r->arena, c);
	index_routes(r->arena, c);
}

const struct reach_route *reach_routes(
	struct reach *r, const struct topology_subnet *subnet, size_t *count)
{
	struct reach_class *c = &r->classes[reach_class(r, subnet)];
	if (c->network && !c->trie)
		build_class(r, c);
	*count = c->nroutes;
	return c->routes;
}

void reach_index_table(struct arena *a, struct reach_class *c)
{
	add_user_routes(a, c);
	index_routes(a, c);
}

/* ---- following one packet ---- */

/* Ends the walk at the hop made last. */
static bool end(struct walk *w, enum reach_fault fault)
{
	struct reach_path *p = w->path;
	p->verdict = fault >= FAULT_DROPPED ? REACH_BROKEN : REACH_UNKNOWN;
	p->fault = fault;
	p->at = p->nhops ? p->nhops - 1 : 0;
	return false;
}

/* 1, 0 or -1 as in struct node. */
static bool forwards(struct walk *w, int forwarding, enum reach_fault fault)
{
	if (forwarding < 0)
		w->path->verdict = REACH_ASSUMED;
	return forwarding != 0 || end(w, fault);
}

/* What a gateway learned is preferred only where it is more specific, and never to the network's
 * and its peers' own ranges. So a route of ours for just these pods cannot lose. */
static bool may_be_learned(
	const struct reach_class *c, const struct reach_route *route, const struct prefix *pods)
{
	if (!c->learns)
		return false;
	if (route->origin == ORIGIN_USER)
		return route->prefix.length < pods->length;
	return route->hop != HOP_LOCAL && route->hop != HOP_PEERING;
}

static const struct reach_route *look_up(struct walk *w)
{
	struct reach_path *p = w->path;
	if (p->nhops == REACH_HOPS) {
		(void)end(w, FAULT_TOO_LONG);
		return NULL;
	}
	struct reach_hop *hop = &p->hops[p->nhops++];
	*hop = (struct reach_hop){ .subnet = w->subnet };
	if (w->reach->between) {
		hop->route = between_route(w->reach->between, w->subnet, p);
		if (!hop->route)
			(void)end(w, FAULT_DROPPED);
		return hop->route;
	}
	if (w->reach->watched && w->reach->watched[w->subnet - w->reach->topology->subnets])
		p->watched = true;
	struct reach_class *c = &w->reach->classes[reach_class(w->reach, w->subnet)];
	if (c->table_unread || !c->network) {
		(void)end(w, c->network ? FAULT_TABLE_UNREAD : FAULT_NETWORK_UNREAD);
		return NULL;
	}
	if (!c->trie)
		build_class(w->reach, c);
	/* The default routes hold every address of both families. */
	hop->route = &c->routes[trie_find(c->trie, &p->address)];
	bool is_default = hop->route->origin == ORIGIN_SYSTEM && hop->route->hop != HOP_LOCAL &&
		hop->route->hop != HOP_PEERING;
	if (may_be_learned(c, hop->route, p->pods))
		(void)end(w, FAULT_GATEWAY_LEARNS);
	else if (is_default && c->peer_unread)
		(void)end(w, FAULT_PEER_UNREAD);
	else
		return hop->route;
	return NULL;
}

/* The peerings between two networks; false when the first has none. */
static bool find_link(const struct walk *w, const struct topology_network *from,
	const struct topology_network *to, struct reach_link *out)
{
	if (w->reach->between)
		return between_link(w->reach->between, from, to, out);
	const struct topology_peering *there = topology_peering_with(from, to);
	const struct topology_peering *back = there ? there->back : NULL;
	*out = (struct reach_link){ 0 };
	if (there && back)
		*out = (struct reach_link){
			.connected = there->connected && back->connected,
			.allows_access = there->allows_access && back->allows_access,
			.allows_forwarded = there->allows_forwarded && back->allows_forwarded,
		};
	return there != NULL;
}

/* Whether a packet that a machine forwards may pass from one network to the other. */
static bool crosses(struct walk *w, const struct topology_network *to)
{
	const struct topology_network *from = w->subnet->network;
	struct reach_link link;
	if (from == to)
		return true;
	if (!to || !find_link(w, from, to, &link))
		return end(w, FAULT_HOP_OUTSIDE);
	if (!link.connected)
		return end(w, FAULT_PEERING);
	if (!link.allows_access)
		return end(w, FAULT_PEERING_ACCESS);
	return link.allows_forwarded || end(w, FAULT_PEERING_FORWARD);
}

/* ---- where somebody is ---- */

static const struct topology_subnet *subnet_of(
	const struct walk *w, const struct topology_address *a)
{
	return w->reach->between ? between_subnet_of(w->reach->between, a) : a->subnet;
}

static const struct topology_subnet *subnet_around(const struct walk *w, const struct ip *ip)
{
	const struct topology_network *here = w->subnet->network;
	return w->reach->between ? between_subnet_around(w->reach->between, here, ip)
				 : topology_subnet_near(w->reach->topology, here, ip);
}

/* Whether a next hop may be there at all: in the network itself, or in a peer. */
static bool is_near(const struct walk *w, const struct topology_network *there)
{
	const struct topology_network *here = w->subnet->network;
	if (here == there || !here || !there)
		return here == there;
	return w->reach->between ? between_peers(w->reach->between, here, there)
				 : topology_peering_with(here, there) != NULL;
}

/* Which of those that have the next hop's address is meant: in the network itself before a peer.
 * One of a network that nothing joins is not, where a subnet here may hold an appliance that was
 * not read; a node of which nobody can tell where it is may be. */
static const struct topology_address *owner_of(
	const struct walk *w, const struct ip *ip, const struct topology_subnet **subnet)
{
	size_t count;
	const struct topology_address *all = topology_address(w->reach->topology, ip, &count);
	const struct topology_address *peer = NULL, *unplaced = NULL;
	for (size_t i = 0; i < count; i++) {
		*subnet = subnet_of(w, &all[i]);
		const struct topology_network *there = *subnet ? (*subnet)->network : NULL;
		if (there == w->subnet->network)
			return &all[i];
		if (!peer && is_near(w, there))
			peer = &all[i];
		/* Whose interface is in a subnet that was not read is not here. */
		if (!unplaced && !*subnet && all[i].node && !all[i].node->node->subnet)
			unplaced = &all[i];
	}
	if (peer) {
		*subnet = subnet_of(w, peer);
		return peer;
	}
	*subnet = subnet_around(w, ip);
	if (count == 0 || (*subnet && is_near(w, (*subnet)->network)))
		return unplaced;
	*subnet = subnet_of(w, all);
	return all;
}

/* No subnet has the next hop: where it would have to be tells what is wrong. */
static bool end_nowhere(struct walk *w, const struct ip *ip)
{
	if (w->reach->between)
		return end(w, FAULT_HOP_NO_SUBNET);
	const struct topology_network *n = w->subnet->network;
	if (prefixes_have(&n->space, ip))
		return end(w, FAULT_HOP_NO_SUBNET);
	for (size_t i = 0; i < n->npeerings; i++) {
		const struct topology_peering *p = n->peerings[i];
		if (p->remote && prefixes_have(&p->remote->space, ip))
			return end(w, FAULT_HOP_NO_SUBNET);
		if (is_unread(p) || (!p->remote && prefixes_have(&p->remote_space, ip)))
			return end(w, FAULT_PEER_UNREAD);
	}
	return end(w, FAULT_HOP_OUTSIDE);
}

/* Whether an earlier hop went to the same appliance; it is the one at fault. */
static bool loops(struct walk *w, const struct topology_subnet *next)
{
	struct reach_path *p = w->path;
	const struct reach_hop *last = &p->hops[p->nhops - 1];
	for (size_t i = 0; i + 1 < p->nhops; i++) {
		const struct reach_hop *h = &p->hops[i];
		if (ip_compare(&h->route->next_hop, &last->route->next_hop) != 0 ||
			p->hops[i + 1].subnet->network != next->network)
			continue;
		(void)end(w, h->next ? FAULT_LOOP : FAULT_NOBODY);
		p->at = i;
		return true;
	}
	return false;
}

/* Whether the walk goes on, from the subnet of an appliance. */
static bool pass_appliance(struct walk *w, const struct reach_route *route)
{
	struct reach_path *p = w->path;
	if (!route->has_next_hop)
		return end(w, FAULT_NO_NEXT_HOP);
	const struct topology_subnet *subnet = NULL;
	const struct topology_address *owner = owner_of(w, &route->next_hop, &subnet);
	p->hops[p->nhops - 1].next = owner;
	if (!subnet)
		return end_nowhere(w, &route->next_hop);
	if (owner && !subnet_of(w, owner))
		return end(w, FAULT_SUBNET_UNKNOWN);
	if (!crosses(w, subnet->network))
		return false;
	if (loops(w, subnet) || !forwards(w, owner ? owner->forwarding : -1, FAULT_HOP_NIC))
		return false;
	w->subnet = subnet;
	return !owner || !owner->node || !topology_same_machine(owner->node, p->to);
}

static void follow(struct walk *w)
{
	for (;;) {
		const struct reach_route *route = look_up(w);
		if (!route)
			return;
		switch (route->hop) {
		case HOP_APPLIANCE:
			if (!pass_appliance(w, route))
				return;
			continue;
		case HOP_LOCAL:
		case HOP_PEERING:
			(void)end(w, FAULT_LOCAL);
			return;
		case HOP_GATEWAY:
			(void)end(w, FAULT_GATEWAY);
			return;
		case HOP_INTERNET:
			(void)end(w, FAULT_INTERNET);
			return;
		case HOP_NONE:
			(void)end(w, FAULT_DROPPED);
			return;
		case HOP_UNKNOWN:
			(void)end(w, FAULT_HOP_UNKNOWN);
			return;
		}
	}
}

void reach_follow_address(struct reach *r, const struct ip *address, struct reach_path *path)
{
	struct walk w = { r, path,
		r->between ? between_subnet_of_node(r->between, path->from) : path->from->subnet };
	path->address = *address;
	path->verdict = REACH_OK;
	path->fault = FAULT_NONE;
	path->nhops = 0;
	path->at = 0;
	if (!w.subnet)
		(void)end(&w, FAULT_SUBNET_UNKNOWN);
	else if (forwards(&w, path->from->forwarding, FAULT_SOURCE_NIC))
		follow(&w);
}

/* ---- all of a pod CIDR ---- */

static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = ip_compare(&x->base, &y->base);
	return order ? order : (x->length > y->length) - (x->length < y->length);
}

static void find_cuts(struct reach *r)
{
	const struct topology *t = r->topology;
	size_t room = t->nroutes;
	for (size_t i = 0; i < t->nnetworks; i++)
		room += t->networks[i].space.count;
	for (size_t i = 0; i < t->npeerings; i++)
		room += t->peerings[i].remote_space.count;
	r->cuts = arena_alloc(r->arena, (room + 1) * sizeof *r->cuts);
	for (size_t i = 0; i < t->nroutes; i++)
		if (t->routes[i].is_prefix)
			r->cuts[r->ncuts++] = t->routes[i].prefix;
	for (size_t i = 0; i < t->nnetworks; i++)
		for (size_t n = 0; n < t->networks[i].space.count; n++)
			r->cuts[r->ncuts++] = t->networks[i].space.items[n];
	for (size_t i = 0; i < t->npeerings; i++)
		for (size_t n = 0; n < t->peerings[i].remote_space.count; n++)
			r->cuts[r->ncuts++] = t->peerings[i].remote_space.items[n];
	sort_items(r->cuts, r->ncuts, sizeof *r->cuts, compare_prefixes);
}

struct reach *reach_new(struct arena *a, const struct topology *t)
{
	struct reach *r = ARENA_NEW(a, struct reach);
	r->arena = a;
	r->topology = t;
	find_classes(r);
	find_cuts(r);
	return r;
}

/* The first address behind a prefix; false at the end of the family. */
static bool address_behind(struct ip *out, const struct prefix *p)
{
	*out = p->base;
	for (unsigned bit = p->length; bit-- > 0;) {
		uint8_t mask = (uint8_t)(0x80U >> bit % 8);
		out->bytes[bit / 8] ^= mask;
		if (out->bytes[bit / 8] & mask)
			return true;
	}
	return false;
}

void reach_each_address(const struct reach *r, const struct prefix *pods,
	void (*visit)(void *context, const struct ip *), void *context)
{
	size_t low = 0, high = r->ncuts;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ip_compare(&r->cuts[middle].base, &pods->base) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < r->ncuts && prefix_has_ip(pods, &r->cuts[low].base); low++) {
		const struct prefix *cut = &r->cuts[low];
		struct ip behind;
		if (cut->length <= pods->length)
			continue;
		visit(context, &cut->base);
		if (address_behind(&behind, cut) && prefix_has_ip(pods, &behind))
			visit(context, &behind);
	}
}

struct worst {
	struct reach *reach;
	struct reach_path *path;
};

static void keep_worst(void *context, const struct ip *address)
{
	struct reach_path *worst = ((struct worst *)context)->path;
	struct reach_path other = { .from = worst->from, .to = worst->to, .pods = worst->pods };
	reach_follow_address(((struct worst *)context)->reach, address, &other);
	other.watched = other.watched || worst->watched;
	worst->watched = other.watched;
	if (other.verdict > worst->verdict)
		*worst = other;
}

void reach_follow(struct reach *r, const struct topology_node *from, const struct topology_node *to,
	const struct prefix *pods, struct reach_path *out)
{
	struct worst worst = { r, out };
	out->from = from;
	out->to = to;
	out->pods = pods;
	out->watched = false;
	reach_follow_address(r, &pods->base, out);
	reach_each_address(r, pods, keep_worst, &worst);
}
