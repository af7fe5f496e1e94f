/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/explain.h"

struct fault_words {
	const char *name; /* for programs */
	const char *text; /* for people */
};

static const struct fault_words faults[] = {
	[FAULT_SUBNET_UNKNOWN] = { "subnet_unknown", "its node stands in no subnet that is known" },
	[FAULT_TABLE_UNREAD] = { "table_unread", "the route table of the subnet was not read" },
	[FAULT_NETWORK_UNREAD] = { "network_unread", "the network of the subnet was not read" },
	[FAULT_PEER_UNREAD] = { "peer_unread", "a peer of the network was not read" },
	[FAULT_GATEWAY] = { "gateway", "what lies behind the gateway is not known" },
	[FAULT_GATEWAY_LEARNS] = { "gateway_learns",
		"a gateway may have learned a route that wins over this" },
	[FAULT_HOP_UNKNOWN] = { "next_hop_type_unknown",
		"this kind of next hop is newer than this Waybill" },
	[FAULT_DROPPED] = { "dropped", "it is dropped" },
	[FAULT_INTERNET] = { "internet", "it leaves for the Internet" },
	[FAULT_LOCAL] = { "local", "no network interface there has a pod's address" },
	[FAULT_NO_NEXT_HOP] = { "no_next_hop", "the route has no next hop" },
	[FAULT_HOP_OUTSIDE] = { "next_hop_outside",
		"the next hop is neither in the network nor in one peered with it" },
	[FAULT_HOP_NO_SUBNET] = { "next_hop_without_subnet", "no subnet has the next hop" },
	[FAULT_PEERING] = { "peering_not_connected",
		"the peerings of the two networks are not both connected" },
	[FAULT_PEERING_ACCESS] = { "peering_access",
		"the peerings of the two networks do not both allow access" },
	[FAULT_PEERING_FORWARD] = { "peering_forwarded",
		"the peerings of the two networks do not both allow forwarded traffic" },
	[FAULT_SOURCE_NIC] = { "source_forwarding",
		"the network interface of the source does not forward" },
	[FAULT_HOP_NIC] = { "next_hop_forwarding",
		"the network interface of the next hop does not forward" },
	[FAULT_NOBODY] = { "next_hop_nobody",
		"nobody known has the next hop, and the routes there lead back to it" },
	[FAULT_LOOP] = { "loop", "the routes of the next hop lead back to it" },
	[FAULT_TOO_LONG] = { "too_long", "it passes more machines than can be meant" },
};

const char *fault_name(enum reach_fault fault)
{
	return fault == FAULT_NONE ? NULL : faults[fault].name;
}

const char *fault_text(enum reach_fault fault)
{
	return fault == FAULT_NONE ? "it is delivered" : faults[fault].text;
}

static const char *address_of(const struct config *c, const struct topology_part *p)
{
	return p->resource ? p->resource->address : config_address_of(c, p->id);
}

static const char *next_text(struct arena *a, const struct reach_hop *hop)
{
	char ip[IP_TEXT];
	if (hop->route->hop != HOP_APPLIANCE || !hop->route->has_next_hop)
		return arena_printf(a, "to %s", hop_kind_name(hop->route->hop));
	ip_format(&hop->route->next_hop, ip);
	if (!hop->next)
		return arena_printf(a, "to %s", ip);
	return arena_printf(a, "to %s, %s", ip,
		hop->next->node ? hop->next->node->node->name : "a machine that is no node");
}

const char *explain_hop(
	struct arena *a, const struct config *c, const struct reach_path *path, size_t hop_number)
{
	const struct reach_hop *hop = &path->hops[hop_number];
	const char *subnet = address_of(c, hop->subnet->part);
	char prefix[PREFIX_TEXT];
	if (!hop->route)
		return arena_printf(a, "%s", subnet);
	prefix_format(&hop->route->prefix, prefix);
	const char *route = hop->route->user
		? arena_printf(a, "%s (%s)", address_of(c, hop->route->user->part), prefix)
		: arena_printf(a, "Azure's own route %s", prefix);
	return arena_printf(a, "%s sends it by %s %s", subnet, route, next_text(a, hop));
}

const char *explain_fault(struct arena *a, const struct config *c, const struct reach_path *path)
{
	const char *text = fault_text(path->fault);
	if (path->nhops == 0)
		return text;
	return arena_printf(a, "%s: %s", explain_hop(a, c, path, path->at), text);
}

/* ---- what to do ---- */

static struct place place_of(const struct config *c, const struct topology_part *p)
{
	return p && p->resource ? config_place(c, p->resource->pointer, YAML_KEY) : PLACE_NONE;
}

/* The address of the destination that routes to its pods have to name. */
static const char *wanted_hop(struct arena *a, const struct reach_path *path)
{
	for (size_t i = 0; i < path->to->nips; i++)
		if (path->to->ips[i].family == path->pods->base.family) {
			char *text = arena_alloc(a, IP_TEXT);
			ip_format(&path->to->ips[i], text);
			return text;
		}
	return "the node's address";
}

/* Whether a route of the hop's subnet may name an address of the destination. */
static bool is_near(const struct reach_path *path, const struct topology_subnet *s)
{
	const struct topology_network *here = s->network;
	const struct topology_network *there = path->to->subnet ? path->to->subnet->network : NULL;
	return !here || !there || here == there || topology_peering_with(here, there);
}

static const char *advise_far(struct arena *a, const struct config *c,
	const struct reach_path *path, const struct topology_subnet *s, struct place *at)
{
	char pods[PREFIX_TEXT];
	const char *here = address_of(c, s->network->part);
	const char *there = address_of(c, path->to->subnet->network->part);
	prefix_format(path->pods, pods);
	*at = place_of(c, s->table ? s->table->part : s->part);
	return arena_printf(a,
		"peer %s with %s, or send %s from %s to an appliance in a network that both are "
		"peered with",
		here, there, pods, address_of(c, s->part));
}

static const char *advise_route(struct arena *a, const struct config *c,
	const struct reach_path *path, const struct reach_hop *hop, struct place *at)
{
	char prefix[PREFIX_TEXT];
	const char *hop_text = wanted_hop(a, path);
	const struct topology_subnet *s = hop->subnet;
	const struct topology_route *user = hop->route ? hop->route->user : NULL;
	if (!is_near(path, s))
		return advise_far(a, c, path, s, at);
	/* A route that serves others too is not the one to change. */
	if (user && hop->route->prefix.length >= path->pods->length) {
		prefix_format(&hop->route->prefix, prefix);
		*at = place_of(c, user->part);
		return arena_printf(
			a, "send %s to %s in %s", prefix, hop_text, address_of(c, user->part));
	}
	prefix_format(path->pods, prefix);
	if (s->table) {
		*at = place_of(c, s->table->part);
		return arena_printf(a, "add a route for %s to %s in %s", prefix, hop_text,
			address_of(c, s->table->part));
	}
	*at = place_of(c, s->part);
	return arena_printf(a, "give %s a route table with a route for %s to %s",
		address_of(c, s->part), prefix, hop_text);
}

/* The hop whose route is to be changed: where an appliance sends it back, the appliance's own. */
static const struct reach_hop *hop_to_change(const struct reach_path *path)
{
	const struct reach_hop *hop = &path->hops[path->at];
	bool loops = path->fault == FAULT_LOOP || path->fault == FAULT_NOBODY;
	if (!loops || path->at + 1 >= path->nhops)
		return hop;
	return hop[1].subnet->table == hop->subnet->table ? hop : &hop[1];
}

/* The peering over which the hop's next hop is to be reached, or NULL. */
static const struct topology_peering *peering_of(const struct reach_hop *hop)
{
	const struct topology_network *from = hop->subnet->network;
	const struct topology_subnet *next = hop->next ? hop->next->subnet : NULL;
	for (size_t i = 0; i < from->npeerings; i++) {
		const struct topology_network *to = from->peerings[i]->remote;
		if (to &&
			(next ? to == next->network
			      : prefixes_have(&to->space, &hop->route->next_hop)))
			return from->peerings[i];
	}
	return NULL;
}

static const char *advise_flag(struct arena *a, const struct config *c,
	const struct topology_peering *p, bool access, struct place *at)
{
	const char *flag =
		access ? "allowVirtualNetworkAccess: true" : "allowForwardedTraffic: true";
	bool has = access ? p->allows_access : p->allows_forwarded;
	const struct topology_peering *lacking = has && p->back ? p->back : p;
	*at = place_of(c, lacking->part);
	return arena_printf(
		a, "set %s in %s: both sides need it", flag, address_of(c, lacking->part));
}

static const char *advise_peering(struct arena *a, const struct config *c,
	const struct reach_path *path, const struct reach_hop *hop, struct place *at)
{
	const struct topology_network *from = hop->subnet->network;
	const struct topology_peering *p = peering_of(hop);
	*at = place_of(c, p ? p->part : from->part);
	if (p && path->fault != FAULT_PEERING)
		return advise_flag(a, c, p, path->fault == FAULT_PEERING_ACCESS, at);
	if (p && !p->back) {
		*at = place_of(c, p->remote->part);
		return arena_printf(a,
			"declare a peering of %s with %s, too: each side has its own",
			address_of(c, p->remote->part), address_of(c, from->part));
	}
	return arena_printf(a, "both networks need a peering with each other; one of them is %s",
		address_of(c, p ? p->part : from->part));
}

/* The peering with a network that was not read and may be meant, or NULL. */
static const struct topology_peering *unread_peer(const struct reach_hop *hop)
{
	const struct topology_network *n = hop->subnet->network;
	const struct reach_route *route = hop->route;
	for (size_t i = 0; i < n->npeerings; i++) {
		const struct topology_peering *p = n->peerings[i];
		bool is_read = p->remote && p->remote->space.count;
		bool elsewhere = route && route->has_next_hop && p->remote_space.count &&
			!prefixes_have(&p->remote_space, &route->next_hop);
		if (!is_read && !elsewhere && p->remote_id)
			return p;
	}
	return NULL;
}

static const char *advise_reading(
	struct arena *a, const struct config *c, const struct reach_path *path, struct place *at)
{
	const struct reach_hop *hop = path->nhops ? &path->hops[path->at] : NULL;
	if (!hop || path->fault == FAULT_SUBNET_UNKNOWN) {
		const struct topology_node *n = hop ? hop->next->node : path->from;
		*at = config_place(c, n->node->pointer, YAML_KEY);
		return "declare its network and subnet; `existing: true` is enough to read them";
	}
	const struct topology_subnet *s = hop->subnet;
	const struct topology_peering *p =
		path->fault == FAULT_PEER_UNREAD ? unread_peer(hop) : NULL;
	const char *what = "its network";
	if (path->fault == FAULT_TABLE_UNREAD)
		what = config_address_of(c, s->table_id);
	else if (p)
		what = config_address_of(c, p->remote_id);
	else if (s->network)
		what = address_of(c, s->network->part);
	*at = place_of(c, p ? p->part : s->part);
	return arena_printf(a, "declare %s; `existing: true` is enough to read it", what);
}

const char *explain_remedy(
	struct arena *a, const struct config *c, const struct reach_path *path, struct place *at)
{
	const struct reach_hop *hop = path->nhops ? &path->hops[path->at] : NULL;
	const struct topology_node *silent = path->from;
	*at = PLACE_NONE;
	switch (path->fault) {
	case FAULT_NONE:
		return NULL;
	case FAULT_SUBNET_UNKNOWN:
	case FAULT_TABLE_UNREAD:
	case FAULT_NETWORK_UNREAD:
	case FAULT_PEER_UNREAD:
		return advise_reading(a, c, path, at);
	case FAULT_PEERING:
	case FAULT_PEERING_ACCESS:
	case FAULT_PEERING_FORWARD:
		return hop ? advise_peering(a, c, path, hop, at) : NULL;
	case FAULT_HOP_NIC:
		silent = hop && hop->next ? hop->next->node : NULL;
		/* fall through */
	case FAULT_SOURCE_NIC:
		if (silent)
			*at = config_place(c, silent->node->pointer, YAML_KEY);
		return arena_printf(a, "set enableIPForwarding on the network interface%s%s",
			silent ? " of " : "", silent ? silent->node->name : "");
	default:
		return hop ? advise_route(a, c, path, hop_to_change(path), at) : NULL;
	}
}
