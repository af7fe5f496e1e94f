/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/topology.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/network/overlap.h"
#include "engine/network/topology_internal.h"

bool prefixes_have(const struct prefixes *list, const struct ip *ip)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_has_ip(&list->items[i], ip))
			return true;
	return false;
}

/* ---- finding ---- */

/* Arrays of objects that begin with their part, sorted by its id. */
static void *find(const void *items, size_t count, size_t size, const char *id)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *item = (const char *)items + middle * size;
		const struct topology_part *part = *(const struct topology_part *const *)item;
		int order = text_compare_nocase(id, part->id);
		if (order == 0)
			return (void *)item;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

struct topology_network *topology_network(const struct topology *t, const char *id)
{
	return find(t->networks, t->nnetworks, sizeof *t->networks, id);
}

struct topology_subnet *topology_subnet(const struct topology *t, const char *id)
{
	return find(t->subnets, t->nsubnets, sizeof *t->subnets, id);
}

struct topology_table *topology_table(const struct topology *t, const char *id)
{
	return find(t->tables, t->ntables, sizeof *t->tables, id);
}

struct topology_subnet *topology_subnet_of(const struct topology *t, const struct ip *ip)
{
	uint32_t hit = trie_find(t->subnet_trie, ip);
	return hit == TRIE_NONE ? NULL : t->subnet_hits[hit];
}

struct topology_subnet *topology_subnet_in(
	const struct topology_network *network, const struct ip *ip)
{
	struct topology_subnet *best = NULL;
	unsigned length = 0;
	if (!network || (network->space.count && !prefixes_have(&network->space, ip)))
		return NULL;
	for (size_t i = 0; i < network->nsubnets; i++) {
		struct topology_subnet *s = network->subnets[i];
		for (size_t n = 0; n < s->prefixes.count; n++)
			if (prefix_has_ip(&s->prefixes.items[n], ip) &&
				(!best || s->prefixes.items[n].length > length)) {
				best = s;
				length = s->prefixes.items[n].length;
			}
	}
	return best;
}

struct topology_subnet *topology_subnet_near(
	const struct topology *t, const struct topology_network *here, const struct ip *ip)
{
	struct topology_subnet *any = topology_subnet_of(t, ip);
	if (!any || !here || any->network == here)
		return any;
	struct topology_subnet *found = topology_subnet_in(here, ip);
	if (!found && any->network && topology_peering_with(here, any->network))
		return any;
	for (size_t i = 0; i < here->npeerings && !found; i++)
		if (here->peerings[i]->remote)
			found = topology_subnet_in(here->peerings[i]->remote, ip);
	return found ? found : any;
}

struct topology_address *topology_address(
	const struct topology *t, const struct ip *ip, size_t *count)
{
	size_t low = 0, high = t->naddresses;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ip_compare(&t->addresses[middle].ip, ip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < t->naddresses && ip_compare(&t->addresses[low + *count].ip, ip) == 0)
		++*count;
	return *count ? &t->addresses[low] : NULL;
}

bool topology_same_machine(const struct topology_node *a, const struct topology_node *b)
{
	return a == b ||
		(a->nips && b->nips && a->subnet == b->subnet &&
			ip_compare(&a->ips[0], &b->ips[0]) == 0);
}

struct topology_peering *topology_peering_with(
	const struct topology_network *from, const struct topology_network *to)
{
	for (size_t i = 0; i < from->npeerings; i++)
		if (from->peerings[i]->remote == to)
			return from->peerings[i];
	return NULL;
}

/* ---- reading bodies ---- */

static const char *fact(const struct schema *s, const char *group, const char *name)
{
	const char *pointer =
		json_string_value(json_object_get(json_object_get(s->facts, group), name));
	assert(pointer && "a schema lacks a fact that its role needs");
	return pointer;
}

static const char *text_of(const struct topology_part *p, const char *group, const char *name)
{
	return json_text_at(p->body, fact(p->schema, group, name));
}

static bool flag_of(
	const struct topology_part *p, const char *group, const char *name, bool otherwise)
{
	const json_t *value = json_at(p->body, fact(p->schema, group, name));
	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

static void add_prefix(struct arena *a, struct prefixes *out, const char *text)
{
	struct prefix prefix;
	if (text && prefix_parse(&prefix, text))
		*ARENA_PUSH(a, out->items, out->count) = prefix_canonical(&prefix);
}

/* The list at a pointer, or the single value that says the same. */
static struct prefixes prefixes_at(
	struct arena *a, const struct topology_part *p, const char *pointer)
{
	struct prefixes out = { 0 };
	size_t i;
	const json_t *item;
	json_array_foreach (json_at(p->body, pointer), i, item)
		add_prefix(a, &out, json_string_value(item));
	const char *single = schema_same_as(schema_at(p->schema->root, pointer));
	if (out.count == 0 && single)
		add_prefix(a, &out,
			json_text_at(p->body, pointer_add(a, pointer_parent(a, pointer), single)));
	return out;
}

static const char *prefixes_fact(const struct topology_part *p)
{
	const char *pointer = json_text_at(p->schema->facts, "/prefixes");
	assert(pointer && "a network or subnet tells no prefixes");
	return pointer;
}

/* What is not told is the id without its last type and name. In the arena. */
static const char *parent_id(struct arena *a, const struct topology_part *p)
{
	size_t len = strlen(p->id);
	if (p->parent)
		return p->parent;
	for (unsigned slashes = 0; len && slashes < 2; len--)
		slashes += p->id[len - 1] == '/';
	return arena_strndup(a, p->id, len);
}

static enum hop_kind hop_of(const char *text)
{
	static const struct {
		const char *name;
		enum hop_kind kind;
	} kinds[] = { { "VnetLocal", HOP_LOCAL }, { "VirtualAppliance", HOP_APPLIANCE },
		{ "VirtualNetworkGateway", HOP_GATEWAY }, { "Internet", HOP_INTERNET },
		{ "None", HOP_NONE } };
	for (size_t i = 0; text && i < ARRAY_LEN(kinds); i++)
		if (text_same_nocase(text, kinds[i].name))
			return kinds[i].kind;
	return text ? HOP_UNKNOWN : HOP_NONE;
}

/* ---- filling ---- */

/* There may be 100,000 routes: where their members stand is looked up once. */
struct filler {
	struct topology *topology;
	const struct schema *routes;
	const char *prefix, *next_hop, *next_hop_type;
};

static void add_network(struct filler *f, const struct topology_part *p)
{
	struct topology *t = f->topology;
	t->networks[t->nnetworks++] = (struct topology_network){ .part = p,
		.space = prefixes_at(t->arena, p, prefixes_fact(p)) };
}

static void add_subnet(struct filler *f, const struct topology_part *p)
{
	struct topology *t = f->topology;
	t->subnets[t->nsubnets++] = (struct topology_subnet){
		.part = p,
		.name = strrchr(p->id, '/') + 1,
		.prefixes = prefixes_at(t->arena, p, prefixes_fact(p)),
		.table_id = text_of(p, "subnet", "table"),
	};
}

static void add_table(struct filler *f, const struct topology_part *p)
{
	struct topology *t = f->topology;
	t->tables[t->ntables++] = (struct topology_table){ .part = p,
		.propagates = !flag_of(p, "table", "isolates", false) };
}

static void add_route(struct filler *f, const struct topology_part *p)
{
	struct topology_route *r = &f->topology->routes[f->topology->nroutes++];
	if (p->schema != f->routes) {
		f->routes = p->schema;
		f->prefix = fact(p->schema, "route", "prefix");
		f->next_hop = fact(p->schema, "route", "nextHop");
		f->next_hop_type = fact(p->schema, "route", "nextHopType");
	}
	const char *next_hop = json_text_at(p->body, f->next_hop);
	*r = (struct topology_route){
		.part = p,
		.prefix_text = json_text_at(p->body, f->prefix),
		.hop = hop_of(json_text_at(p->body, f->next_hop_type)),
	};
	r->is_prefix = r->prefix_text && prefix_parse(&r->prefix, r->prefix_text);
	if (r->is_prefix)
		r->prefix = prefix_canonical(&r->prefix);
	r->has_next_hop = next_hop && ip_parse(&r->next_hop, next_hop);
}

static void add_peering(struct filler *f, const struct topology_part *p)
{
	struct topology *t = f->topology;
	const char *state = text_of(p, "peering", "state");
	t->peerings[t->npeerings++] = (struct topology_peering){
		.part = p,
		.remote_id = text_of(p, "peering", "remote"),
		.remote_space =
			prefixes_at(t->arena, p, fact(p->schema, "peering", "remotePrefixes")),
		.state = state,
		.connected = state && text_same_nocase(state, "Connected"),
		.allows_access = flag_of(p, "peering", "access", true),
		.allows_forwarded = flag_of(p, "peering", "forwarded", false),
		.uses_remote_gateways = flag_of(p, "peering", "remoteGateways", false),
	};
}

static void add_parts(struct topology *t, const struct topology_part *parts, size_t nparts)
{
	size_t counts[ROLE_COUNT] = { 0 };
	for (size_t i = 0; i < nparts; i++)
		counts[parts[i].schema->role]++;
	t->networks = arena_alloc(t->arena, (counts[ROLE_NETWORK] + 1) * sizeof *t->networks);
	t->subnets = arena_alloc(t->arena, (counts[ROLE_SUBNET] + 1) * sizeof *t->subnets);
	t->tables = arena_alloc(t->arena, (counts[ROLE_TABLE] + 1) * sizeof *t->tables);
	t->routes = arena_alloc(t->arena, (counts[ROLE_ROUTE] + 1) * sizeof *t->routes);
	t->peerings = arena_alloc(t->arena, (counts[ROLE_PEERING] + 1) * sizeof *t->peerings);
	static void (*const add[ROLE_COUNT])(struct filler *, const struct topology_part *) = {
		[ROLE_NETWORK] = add_network,
		[ROLE_SUBNET] = add_subnet,
		[ROLE_TABLE] = add_table,
		[ROLE_ROUTE] = add_route,
		[ROLE_PEERING] = add_peering,
	};
	struct filler f = { .topology = t };
	for (size_t i = 0; i < nparts; i++)
		if (add[parts[i].schema->role])
			add[parts[i].schema->role](&f, &parts[i]);
}

/* ---- linking ---- */

static void link_subnets(struct topology *t)
{
	for (size_t i = 0; i < t->nsubnets; i++) {
		struct topology_subnet *s = &t->subnets[i];
		const char *gateways = json_text_at(s->part->schema->facts, "/subnet/gateways");
		s->network = topology_network(t, parent_id(t->arena, s->part));
		s->table = s->table_id ? topology_table(t, s->table_id) : NULL;
		if (!s->network)
			continue;
		*ARENA_PUSH(t->arena, s->network->subnets, s->network->nsubnets) = s;
		if (gateways && text_same_nocase(s->name, gateways))
			s->network->gateway_subnet = s;
	}
}

static void link_routes(struct topology *t)
{
	struct topology_table *last = NULL;
	const char *last_id = NULL;
	for (size_t i = 0; i < t->nroutes; i++) {
		struct topology_route *r = &t->routes[i];
		const char *id = parent_id(t->arena, r->part);
		if (id != last_id)
			last = topology_table(t, id);
		last_id = id;
		r->table = last;
		if (!last)
			continue;
		*ARENA_PUSH(t->arena, last->routes, last->nroutes) = r;
		last->takes_all = last->takes_all ||
			(r->is_prefix && r->prefix.base.family == FAMILY_IPV4 &&
				r->prefix.length == 0);
	}
}

/* Azure connects two peerings when the second is made, unless the first has lost its other. */
static bool will_connect(const struct topology_peering *p)
{
	const struct topology_peering *both[] = { p, p->back };
	if (!p->back || (p->state && p->back->state))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(both); i++)
		if (both[i]->state && text_same_nocase(both[i]->state, "Disconnected"))
			return false;
	return true;
}

static void link_peerings(struct topology *t, bool planned)
{
	for (size_t i = 0; i < t->npeerings; i++) {
		struct topology_peering *p = &t->peerings[i];
		p->network = topology_network(t, parent_id(t->arena, p->part));
		p->remote = p->remote_id ? topology_network(t, p->remote_id) : NULL;
		if (p->network)
			*ARENA_PUSH(t->arena, p->network->peerings, p->network->npeerings) = p;
	}
	for (size_t i = 0; i < t->npeerings; i++) {
		struct topology_peering *p = &t->peerings[i];
		if (p->remote && p->network)
			p->back = topology_peering_with(p->remote, p->network);
		if (planned && will_connect(p))
			p->connected = true;
	}
}

static void note_overlap(
	void *context, const struct overlap_item *outer, const struct overlap_item *inner)
{
	const struct topology_subnet *a = outer->owner, *b = inner->owner;
	bool *overlaps = context;
	*overlaps = *overlaps || a->network != b->network;
}

static void find_overlaps(struct topology *t)
{
	struct overlap_item *items = NULL;
	size_t count = 0;
	for (size_t i = 0; i < t->nsubnets; i++)
		for (size_t n = 0; n < t->subnets[i].prefixes.count; n++) {
			struct overlap_item *item = ARENA_PUSH(t->arena, items, count);
			*item = (struct overlap_item){ .prefix = t->subnets[i].prefixes.items[n],
				.order = i,
				.owner = &t->subnets[i] };
		}
	overlap_scan(items, count, note_overlap, &t->overlaps);
}

static void index_subnets(struct topology *t)
{
	struct trie_entry *entries = NULL;
	size_t count = 0;
	find_overlaps(t);
	for (size_t i = 0; i < t->nsubnets; i++)
		for (size_t n = 0; n < t->subnets[i].prefixes.count; n++)
			*ARENA_PUSH(t->arena, entries, count) =
				(struct trie_entry){ .prefix = t->subnets[i].prefixes.items[n],
					.value = (uint32_t)i };
	t->subnet_hits = arena_alloc(t->arena, (t->nsubnets + 1) * sizeof(*t->subnet_hits));
	for (size_t i = 0; i < t->nsubnets; i++)
		t->subnet_hits[i] = &t->subnets[i];
	t->subnet_trie = trie_build(t->arena, entries, count);
}

struct topology *topology_bare(struct arena *a, const struct catalog *catalog,
	const struct topology_part *parts, size_t nparts, bool planned)
{
	struct topology *t = ARENA_NEW(a, struct topology);
	t->arena = a;
	t->catalog = catalog;
	add_parts(t, parts, nparts);
	link_subnets(t);
	link_routes(t);
	link_peerings(t, planned);
	return t;
}

struct topology *topology_make(struct arena *a, const struct config *config,
	const struct topology_part *parts, size_t nparts, bool planned)
{
	struct topology *t = topology_bare(a, config->catalog, parts, nparts, planned);
	index_subnets(t);
	topology_add_machines(t, config);
	return t;
}
