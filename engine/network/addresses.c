/* SPDX-License-Identifier: Apache-2.0 */
/* addresses.c - who has which address: nodes of the configuration, and NICs that were read */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/sort.h"
#include "engine/base/text.h"
#include "engine/network/topology_internal.h"

static bool routes_to(const struct topology_subnet *s, const struct node_set *set)
{
	for (size_t i = 0; s->table && i < s->table->nroutes; i++) {
		const struct resource *r = s->table->routes[i]->part->resource;
		if (r && r->node_set && strcmp(r->node_set, set->name) == 0)
			return true;
	}
	return false;
}

/* Where a node is of which only the address is known. Of networks with the same ranges it is the
 * one whose table has routes to its set; where that is not one alone nobody can tell. */
static struct topology_subnet *subnet_of_set(
	const struct topology *t, const struct node_set *set, const struct ip *ip)
{
	struct topology_subnet *found = topology_subnet_of(t, ip);
	struct topology_subnet *serving = NULL;
	size_t nserving = 0, count = 0;
	if (!found || !t->overlaps)
		return found;
	for (size_t i = 0; i < t->nnetworks; i++) {
		struct topology_subnet *s = topology_subnet_in(&t->networks[i], ip);
		count += s != NULL;
		if (!s || !routes_to(s, set))
			continue;
		serving = s;
		nserving++;
	}
	return count < 2 ? found : nserving == 1 ? serving : NULL;
}

static void add_node(struct topology *t, const struct node_set *set, const struct node *n)
{
	struct topology_node *out = &t->nodes[t->nnodes++];
	*out = (struct topology_node){ .set = set, .node = n, .forwarding = n->ip_forwarding };
	out->ips = arena_alloc(t->arena, (n->nips + 1) * sizeof *out->ips);
	for (size_t i = 0; i < n->nips; i++)
		if (ip_parse(&out->ips[out->nips], n->ips[i]))
			out->nips++;
	out->pods.items = arena_alloc(t->arena, (n->npod_cidrs + 1) * sizeof(*out->pods.items));
	for (size_t i = 0; i < n->npod_cidrs; i++) {
		struct prefix pods;
		if (prefix_parse(&pods, n->pod_cidrs[i]))
			out->pods.items[out->pods.count++] = prefix_canonical(&pods);
	}
	if (n->subnet)
		out->subnet = topology_subnet(t, n->subnet);
	else if (out->nips)
		out->subnet = subnet_of_set(t, set, &out->ips[0]);
}

static const char *fact(const struct schema *s, const char *name)
{
	return json_string_value(json_object_get(json_object_get(s->facts, "nic"), name));
}

/* Of all nodes and all NICs. */
static size_t addresses_most(const struct topology *t, const struct config *config)
{
	const struct schema *s = catalog_role(t->catalog, ROLE_NIC);
	size_t count = 1, i;
	const json_t *nic;
	for (size_t n = 0; n < t->nnodes; n++)
		count += t->nodes[n].nips;
	json_array_foreach (config->nics, i, nic)
		count += json_array_size(json_at(nic, fact(s, "addresses")));
	return count;
}

static void add_nodes(struct topology *t, const struct config *config)
{
	size_t count = 0;
	for (size_t i = 0; i < config->nnode_sets; i++)
		count += config->node_sets[i].nnodes;
	t->nodes = arena_alloc(t->arena, (count + 1) * sizeof *t->nodes);
	for (size_t i = 0; i < config->nnode_sets; i++)
		for (size_t n = 0; n < config->node_sets[i].nnodes; n++)
			add_node(t, &config->node_sets[i], &config->node_sets[i].nodes[n]);
	t->addresses = arena_alloc(t->arena, addresses_most(t, config) * sizeof *t->addresses);
	for (size_t i = 0; i < t->nnodes; i++)
		for (size_t n = 0; n < t->nodes[i].nips; n++)
			t->addresses[t->naddresses++] = (struct topology_address){
				.ip = t->nodes[i].ips[n],
				.subnet = t->nodes[i].subnet,
				.forwarding = t->nodes[i].forwarding,
				.node = &t->nodes[i],
			};
}

static int compare_addresses(const void *a, const void *b)
{
	const struct topology_address *x = a, *y = b;
	int order = ip_compare(&x->ip, &y->ip);
	if (order)
		return order;
	if (!x->node != !y->node)
		return x->node ? -1 : 1;
	return x->node ? (x->node > y->node) - (x->node < y->node) : 0;
}

/* Whether a node of ours has the address already, in the same network as far as is known. */
static bool is_known(
	const struct topology *nodes, const struct ip *ip, const struct topology_subnet *subnet)
{
	size_t count;
	const struct topology_address *a = topology_address(nodes, ip, &count);
	for (size_t i = 0; i < count; i++)
		if (!subnet || !a[i].subnet || a[i].subnet->network == subnet->network)
			return true;
	return false;
}

/* Which nodes are seen behind which interfaces, and behind which machines of theirs. */
struct owners {
	const struct topology *nodes; /* with the addresses of nodes alone */
	json_t *of_machine;           /* id, lower case: index of the node */
};

static const char *machine_key(struct arena *a, const struct schema *s, const json_t *nic)
{
	const char *id = json_text_at(nic, fact(s, "machine"));
	return id ? text_lower(a, id) : NULL;
}

/* The node that has an address of the interface, or NULL. */
static struct topology_node *node_of_nic(
	const struct topology *nodes, const struct schema *s, const json_t *nic)
{
	size_t i;
	const json_t *item;
	json_array_foreach (json_at(nic, fact(s, "addresses")), i, item) {
		const char *text = json_text_at(item, fact(s, "address"));
		const char *subnet = json_text_at(item, fact(s, "subnet"));
		struct ip ip;
		size_t count = 0;
		const struct topology_address *all =
			text && ip_parse(&ip, text) ? topology_address(nodes, &ip, &count) : NULL;
		for (size_t k = 0; k < count && subnet; k++)
			if (all[k].subnet && text_same_nocase(all[k].subnet->part->id, subnet))
				return all[k].node;
	}
	return NULL;
}

static struct owners find_owners(const struct topology *nodes, const struct config *config)
{
	const struct schema *s = catalog_role(nodes->catalog, ROLE_NIC);
	struct owners out = { nodes, arena_json(nodes->arena, json_object()) };
	size_t i;
	const json_t *nic;
	json_array_foreach (config->nics, i, nic) {
		const char *machine = machine_key(nodes->arena, s, nic);
		const struct topology_node *n = machine ? node_of_nic(nodes, s, nic) : NULL;
		if (n)
			(void)json_object_set_new(
				out.of_machine, machine, json_integer(n - nodes->nodes));
	}
	return out;
}

/* A machine has what is sent to any address of any of its interfaces. */
static struct topology_node *owner_of(
	const struct owners *owners, const struct schema *s, const json_t *nic)
{
	const struct topology *t = owners->nodes;
	const char *machine = machine_key(t->arena, s, nic);
	const json_t *index = machine ? json_object_get(owners->of_machine, machine) : NULL;
	return index ? &t->nodes[json_integer_value(index)] : node_of_nic(t, s, nic);
}

static void add_nic(struct topology *t, const struct owners *owners, const json_t *nic)
{
	const struct schema *s = catalog_role(t->catalog, ROLE_NIC);
	struct topology_node *owner = owner_of(owners, s, nic);
	size_t i;
	const json_t *item;
	json_array_foreach (json_at(nic, fact(s, "addresses")), i, item) {
		const char *text = json_text_at(item, fact(s, "address"));
		const char *subnet_id = json_text_at(item, fact(s, "subnet"));
		struct topology_address found = {
			.nic_id = json_text_at(nic, "/id"),
			.forwarding = json_is_true(json_at(nic, fact(s, "forwarding"))),
			.node = owner,
		};
		if (!text || !ip_parse(&found.ip, text))
			continue;
		found.subnet = subnet_id ? topology_subnet(t, subnet_id) : NULL;
		if (!is_known(owners->nodes, &found.ip, found.subnet))
			t->addresses[t->naddresses++] = found;
	}
}

void topology_add_machines(struct topology *t, const struct config *config)
{
	add_nodes(t, config);
	sort_items(t->addresses, t->naddresses, sizeof *t->addresses, compare_addresses);
	const struct topology nodes = *t;
	const struct owners owners = find_owners(&nodes, config);
	size_t i;
	const json_t *nic;
	json_array_foreach (config->nics, i, nic)
		add_nic(t, &owners, nic);
	sort_items(t->addresses, t->naddresses, sizeof *t->addresses, compare_addresses);
}
