/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/between_internal.h"

/* ---- states ---- */

static bool is_done(struct between *b, size_t step)
{
	for (size_t i = 0; i < b->ndecisions; i++)
		if (b->decisions[i].step == step)
			return b->decisions[i].done;
	if (b->ndecisions == BETWEEN_STEPS) {
		b->too_many = true;
		return false;
	}
	b->decisions[b->ndecisions++] = (struct between_decision){ step, false };
	return false;
}

/* The turn made last; NULL: none yet, it is as it stands now. */
static const struct turn *last_turn(struct between *b, const struct turns *turns)
{
	for (size_t i = turns->count; i-- > 0;)
		if (is_done(b, turns->items[i].step))
			return &turns->items[i];
	return NULL;
}

bool turns_delete(const struct turns *turns)
{
	for (size_t i = 0; i < turns->count; i++)
		if (turns->items[i].to == TURN_NOTHING)
			return true;
	return false;
}

static const struct topology_network *network_in(
	struct between *b, const struct topology_network *n)
{
	const struct network *own = &b->networks[n - b->all->networks];
	const struct turn *turn = last_turn(b, &own->turns);
	if (!turn)
		return own->now ? own->now : own->turns.count ? NULL : own->after;
	return turn->to == TURN_AFTER ? own->after : NULL;
}

/* As it stands; its table is to be left out when it is detached. */
static const struct topology_subnet *subnet_in(struct between *b, size_t index, bool *detached)
{
	const struct subnet *own = &b->subnets[index];
	const struct turn *turn = last_turn(b, &own->turns);
	*detached = turn && turn->to == TURN_DETACHED;
	if (!turn || *detached)
		return own->now ? own->now : own->turns.count ? NULL : own->after;
	return turn->to == TURN_AFTER ? own->after : NULL;
}

static const struct topology_peering *peering_in(
	struct between *b, const struct topology_peering *p)
{
	const struct peering *own = &b->peerings[p - b->all->peerings];
	const struct turn *turn = last_turn(b, &own->turns);
	if (!turn)
		return own->now ? own->now : own->turns.count ? NULL : own->after;
	return turn->to == TURN_AFTER ? own->after : NULL;
}

/* ---- where somebody is ---- */

static const struct topology_subnet *subnet_if_there(struct between *b, size_t index)
{
	bool detached;
	/* Being there is not what most steps of a subnet decide. */
	return !b->subnets[index].moves || subnet_in(b, index, &detached) ? &b->all->subnets[index]
									  : NULL;
}

/* Of subnets around one address: the nearest one, and of equally near ones the smallest. */
struct nearest {
	const struct topology_network *here;
	const struct topology_subnet *subnet;
	unsigned distance, length;
};

static unsigned distance_to(struct between *b, const struct topology_network *here,
	const struct topology_network *there)
{
	if (!here || here == there)
		return 0;
	return there && between_peers(b, here, there) ? 1 : 2;
}

/* `s` is as it stands, `own` the same subnet of `all`. */
static void take_nearest(struct between *b, struct nearest *best, const struct topology_subnet *s,
	const struct topology_subnet *own, const struct ip *ip)
{
	unsigned distance = distance_to(b, best->here, own->network);
	for (size_t i = 0; i < s->prefixes.count; i++) {
		unsigned length = s->prefixes.items[i].length;
		if (!prefix_has_ip(&s->prefixes.items[i], ip) ||
			(best->subnet &&
				(distance > best->distance ||
					(distance == best->distance && length <= best->length))))
			continue;
		best->subnet = own;
		best->distance = distance;
		best->length = length;
	}
}

/* Of the subnets of a network that do not move. */
static void take_still(struct between *b, struct nearest *best, const struct topology_network *n,
	const struct ip *ip)
{
	for (size_t i = 0; n && i < n->nsubnets; i++)
		if (!b->subnets[n->subnets[i] - b->all->subnets].moves)
			take_nearest(b, best, n->subnets[i], n->subnets[i], ip);
}

const struct topology_subnet *between_subnet_around(
	struct between *b, const struct topology_network *here, const struct ip *ip)
{
	struct nearest best = { .here = here };
	uint32_t found = trie_find(b->still, ip);
	if (found != TRIE_NONE)
		take_nearest(b, &best, &b->all->subnets[found], &b->all->subnets[found], ip);
	/* Networks that nothing joins may have the same ranges. */
	if (best.subnet && best.distance > 0)
		take_still(b, &best, here, ip);
	for (size_t i = 0; best.subnet && best.distance > 1 && here && i < here->npeerings; i++)
		take_still(b, &best, here->peerings[i]->remote, ip);
	for (size_t i = 0; i < b->nmoving; i++) {
		const struct subnet *own = &b->subnets[b->moving[i]];
		bool detached;
		if (!(own->now && prefixes_have(&own->now->prefixes, ip)) &&
			!(own->after && prefixes_have(&own->after->prefixes, ip)))
			continue;
		const struct topology_subnet *s = subnet_in(b, b->moving[i], &detached);
		if (s)
			take_nearest(b, &best, s, &b->all->subnets[b->moving[i]], ip);
	}
	return best.subnet;
}

const struct topology_subnet *between_subnet_of_node(
	struct between *b, const struct topology_node *n)
{
	const struct topology_subnet *after = b->after->nodes[n - b->now->nodes].subnet;
	const struct topology_subnet *at = NULL;
	if (n->subnet)
		at = &b->all->subnets[b->subnet_of_now[n->subnet - b->now->subnets]];
	else if (after)
		at = &b->all->subnets[b->subnet_of_after[after - b->after->subnets]];
	if (!n->node->subnet && b->nmoving)
		return n->nips ? between_subnet_around(b, at ? at->network : NULL, &n->ips[0])
			       : NULL;
	return at ? subnet_if_there(b, (size_t)(at - b->all->subnets)) : NULL;
}

const struct topology_subnet *between_subnet_of(struct between *b, const struct topology_address *a)
{
	if (a->node && !a->nic_id)
		return between_subnet_of_node(b, a->node);
	return a->subnet ? subnet_if_there(b, b->subnet_of_now[a->subnet - b->now->subnets]) : NULL;
}

/* ---- peerings ---- */

static const struct topology_network *remote_of(
	const struct between *b, const struct topology_peering *p)
{
	return p && p->remote ? topology_network(b->all, p->remote->part->id) : NULL;
}

static bool leads_to(const struct between *b, const struct topology_peering *p,
	const struct topology_network *to)
{
	return p && remote_of(b, p) == to;
}

/* The peering of one network with another, as far as either moment has it. */
static const struct topology_peering *peering_with(struct between *b,
	const struct topology_network *from, const struct topology_network *to, bool has_to_stand)
{
	for (size_t i = 0; i < from->npeerings; i++) {
		const struct topology_peering *p = from->peerings[i];
		const struct peering *own = &b->peerings[p - b->all->peerings];
		if (!leads_to(b, own->now, to) && !leads_to(b, own->after, to))
			continue;
		if (!has_to_stand || leads_to(b, peering_in(b, p), to))
			return p;
	}
	return NULL;
}

bool between_peers(
	struct between *b, const struct topology_network *from, const struct topology_network *to)
{
	return peering_with(b, from, to, false) != NULL;
}

/* Azure connects the two sides when the second is made, and disconnects the other when one is
 * deleted: that one connects again only once it was written, too. */
static bool is_connected(struct between *b, const struct topology_peering *p,
	const struct topology_network *from, const struct topology_network *to)
{
	const struct peering *own = &b->peerings[p - b->all->peerings];
	const struct topology_peering *there = peering_in(b, p);
	/* Of two that follow each other, the one that stands. */
	const struct topology_peering *other = to ? peering_with(b, to, from, true) : NULL;
	if (to && !other)
		other = peering_with(b, to, from, false);
	const struct topology_peering *back = other ? peering_in(b, other) : NULL;
	if (!there)
		return false;
	if (!other)
		return there->connected;
	const struct peering *its = &b->peerings[other - b->all->peerings];
	bool was = own->now && own->now->connected;
	if (!back)
		return !its->now && there == own->now && was;
	if (there == own->now && back == its->now)
		return was;
	bool anew = (there == own->after && turns_delete(&own->turns)) ||
		(back == its->after && turns_delete(&its->turns));
	if (anew &&
		((there == own->now && own->turns.count) || (back == its->now && its->turns.count)))
		return false;
	return own->after ? own->after->connected : was;
}

bool between_link(struct between *b, const struct topology_network *from,
	const struct topology_network *to, struct reach_link *out)
{
	const struct topology_peering *p = peering_with(b, from, to, true);
	const struct topology_peering *q = p ? peering_with(b, to, from, true) : NULL;
	*out = (struct reach_link){ 0 };
	if (!p || !q)
		return p != NULL;
	const struct topology_peering *there = peering_in(b, p), *back = peering_in(b, q);
	*out = (struct reach_link){
		.connected = is_connected(b, p, from, to) && is_connected(b, q, to, from),
		.allows_access = there->allows_access && back->allows_access,
		.allows_forwarded = there->allows_forwarded && back->allows_forwarded,
	};
	return true;
}

/* ---- lookups ---- */

/* What a table says about an address. */
struct entry {
	const struct reach_route *route; /* NULL: nothing */
	bool propagates;
	bool takes_all;
};

static struct entry find_entry(struct between *b, const struct topology_table *table,
	struct reach_class *routes, const struct ip *address)
{
	if (!table)
		return (struct entry){ .propagates = true };
	if (!routes->trie) {
		routes->table = table;
		reach_index_table(b->arena, routes);
	}
	uint32_t found = trie_find(routes->trie, address);
	return (struct entry){ found == TRIE_NONE ? NULL : &routes->routes[found],
		table->propagates, table->takes_all };
}

static bool same_entry(const struct entry *x, const struct entry *y)
{
	if (x->propagates != y->propagates || !x->route != !y->route)
		return false;
	if (!x->route)
		return true;
	const struct reach_route *r = x->route, *s = y->route;
	if (x->takes_all != y->takes_all && r->prefix.length < REACH_DROPPED_LONGEST)
		return false;
	return r->prefix.length == s->prefix.length && r->hop == s->hop &&
		r->has_next_hop == s->has_next_hop &&
		(!r->has_next_hop || ip_compare(&r->next_hop, &s->next_hop) == 0);
}

/* A table's step decides only where it changes what is found. */
static struct entry entry_in(struct between *b, struct table *own, const struct ip *address)
{
	struct entry now = find_entry(b, own->now, &own->routes_now, address);
	struct entry after = find_entry(b, own->after, &own->routes_after, address);
	if (own->turns.count == 0)
		return own->now ? now : after;
	if (!turns_delete(&own->turns) && same_entry(&now, &after))
		return now;
	const struct turn *turn = last_turn(b, &own->turns);
	if (!turn)
		return now;
	return turn->to == TURN_AFTER ? after : (struct entry){ .propagates = true };
}

static bool beats(const struct prefixes *space, const struct ip *address, unsigned length)
{
	for (size_t i = 0; i < space->count; i++)
		if (space->items[i].length > length && prefix_has_ip(&space->items[i], address))
			return true;
	return false;
}

/* Whether the ranges behind a peering may win, at any moment. */
static bool peer_may_beat(struct between *b, const struct topology_peering *p,
	const struct ip *address, unsigned length)
{
	const struct topology_network *to = remote_of(b, p);
	if (!to)
		return p && beats(&p->remote_space, address, length);
	const struct network *own = &b->networks[to - b->all->networks];
	return (own->now && beats(&own->now->space, address, length)) ||
		(own->after && beats(&own->after->space, address, length));
}

static bool peer_beats(struct between *b, const struct topology_network *from,
	const struct topology_peering *p, const struct ip *address, unsigned length)
{
	const struct peering *own = &b->peerings[p - b->all->peerings];
	if (!peer_may_beat(b, own->now, address, length) &&
		!peer_may_beat(b, own->after, address, length))
		return false;
	const struct topology_peering *there = peering_in(b, p);
	if (!there || !peer_may_beat(b, there, address, length))
		return false;
	const struct topology_network *to = remote_of(b, there);
	const struct topology_network *stands = to ? network_in(b, to) : NULL;
	if (to && !(stands && beats(&stands->space, address, length)))
		return false;
	return is_connected(b, p, from, to);
}

/* Whether a route of Azure's own is longer: none of them leads to a pod. */
static bool system_beats(struct between *b, const struct topology_network *n,
	const struct topology_network *stands, const struct ip *address, const struct entry *entry)
{
	struct prefix dropped[REACH_DROPPED];
	unsigned length = entry->route->prefix.length;
	if (beats(&stands->space, address, length))
		return true;
	size_t count = reach_dropped(&stands->space, entry->takes_all, dropped);
	if (beats(&(struct prefixes){ dropped, count }, address, length))
		return true;
	for (size_t i = 0; i < n->npeerings; i++)
		if (peer_beats(b, n, n->peerings[i], address, length))
			return true;
	return false;
}

static bool has_gateway(struct between *b, const struct topology_network *n)
{
	if (n->gateway_subnet && subnet_if_there(b, (size_t)(n->gateway_subnet - b->all->subnets)))
		return true;
	for (size_t i = 0; i < n->npeerings; i++) {
		const struct topology_peering *p = n->peerings[i];
		const struct peering *own = &b->peerings[p - b->all->peerings];
		if (!(own->now && own->now->uses_remote_gateways) &&
			!(own->after && own->after->uses_remote_gateways))
			continue;
		const struct topology_peering *there = peering_in(b, p);
		if (there && there->uses_remote_gateways &&
			is_connected(b, p, n, remote_of(b, there)))
			return true;
	}
	return false;
}

const struct reach_route *between_route(
	struct between *b, const struct topology_subnet *s, const struct reach_path *path)
{
	bool detached;
	size_t index = (size_t)(s - b->all->subnets);
	const struct topology_subnet *stands = subnet_in(b, index, &detached);
	if (!stands || !stands->table || detached || !s->network)
		return NULL;
	size_t table = stands == b->subnets[index].now
		? b->table_of_now[stands->table - b->now->tables]
		: b->table_of_after[stands->table - b->after->tables];
	struct entry entry = entry_in(b, &b->tables[table], &path->address);
	if (!entry.route)
		return NULL;
	const struct topology_network *n = network_in(b, s->network);
	unsigned length = entry.route->prefix.length;
	if (!n || n->space.count == 0 || system_beats(b, s->network, n, &path->address, &entry))
		return NULL;
	bool learns = length < path->pods->length && entry.propagates;
	return learns && has_gateway(b, s->network) ? NULL : entry.route;
}

/* ---- following ---- */

struct run {
	struct between *between;
	struct reach_path path;
	between_fn *broken;
	void *context;
};

/* All states that matter to one address: the last decision that was `not yet` becomes `done`. */
static void follow_states(void *context, const struct ip *address)
{
	struct run *run = context;
	struct between *b = run->between;
	b->ndecisions = 0;
	while (!b->too_many) {
		b->too_many = b->walks++ >= BETWEEN_WALKS;
		reach_follow_address(&b->reach, address, &run->path);
		if (b->too_many)
			return;
		if (!verdict_reaches(run->path.verdict))
			run->broken(run->context, b->decisions, b->ndecisions);
		while (b->ndecisions && b->decisions[b->ndecisions - 1].done)
			b->ndecisions--;
		if (b->ndecisions == 0)
			return;
		b->decisions[b->ndecisions - 1].done = true;
	}
}

bool between_follow(struct between *b, const struct topology_node *from,
	const struct topology_node *to, const struct prefix *pods, between_fn *broken,
	void *context)
{
	struct run run = { b, { .from = from, .to = to, .pods = pods }, broken, context };
	b->too_many = b->walks >= BETWEEN_WALKS;
	follow_states(&run, &pods->base);
	reach_each_address(b->reach_now, pods, follow_states, &run);
	reach_each_address(b->reach_after, pods, follow_states, &run);
	return !b->too_many;
}
