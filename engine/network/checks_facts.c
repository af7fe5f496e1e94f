/* SPDX-License-Identifier: Apache-2.0 */
/* checks_facts.c - names, places and the few questions that several checks ask */
#include <string.h>

#include "engine/base/json.h"
#include "engine/network/checks_internal.h"

#define RESERVED_FRONT 4u /* the network itself, the gateway and two for DNS; and the last one */

/* ---- names and places ---- */

const char *part_name(const struct checking *ck, const struct topology_part *part)
{
	return part->resource ? part->resource->address : config_address_of(ck->config, part->id);
}

struct place part_place(
	const struct checking *ck, const struct topology_part *part, const char *pointer)
{
	if (!part->resource)
		return PLACE_NONE;
	return pointer ? config_member_place(ck->config, part->resource, pointer, YAML_VALUE)
		       : config_place(ck->config, part->resource->pointer, YAML_KEY);
}

struct place range_place(const struct checking *ck, const struct topology_part *part, size_t index)
{
	const char *list = json_string_value(json_object_get(part->schema->facts, "prefixes"));
	return part_place(ck, part, list ? pointer_add_index(ck->arena, list, index) : NULL);
}

struct place row_place(const struct checking *ck, const struct topology_node *n)
{
	return n->node->at.file ? n->node->at
				: config_place(ck->config, n->node->pointer, YAML_KEY);
}

/* The member of a node's row that is written, of those that may hold the same. */
static struct place node_place(const struct checking *ck, const struct topology_node *n,
	const char *const *members, size_t count, size_t index)
{
	const struct config *c = ck->config;
	const char *row = n->node->pointer;
	const json_t *value = json_at(c->merged, row);
	for (size_t i = 0; i < count && !n->node->at.file; i++) {
		const json_t *member = json_object_get(value, members[i]);
		if (!member)
			continue;
		const char *at = pointer_add(ck->arena, row, members[i]);
		if (json_is_array(member))
			at = pointer_add_index(ck->arena, at, index);
		return config_place(c, at, YAML_VALUE);
	}
	return row_place(ck, n);
}

struct place address_place(
	const struct checking *ck, const struct topology_node *n, const struct ip *ip)
{
	static const char *const members[] = { "ip", "ips", "firstIP" };
	size_t index = 0;
	while (index + 1 < n->nips && ip_compare(&n->ips[index], ip) != 0)
		index++;
	return node_place(ck, n, members, ARRAY_LEN(members), index);
}

struct place pod_place(const struct checking *ck, const struct topology_node *n, size_t index)
{
	static const char *const members[] = { "podCIDR", "podCIDRs" };
	return node_place(ck, n, members, ARRAY_LEN(members), index);
}

struct place route_place(
	const struct checking *ck, const struct topology_route *r, const char *pointer)
{
	if (r->part->resource)
		return part_place(ck, r->part, pointer);
	return r->table ? part_place(ck, r->table->part, NULL) : PLACE_NONE;
}

struct subject subject_of(const struct topology_part *part)
{
	return (struct subject){ .resource = part->resource };
}

struct subject subject_of_set(const struct node_set *set)
{
	return (struct subject){ .set = set };
}

struct subject subject_of_route(const struct topology_route *r)
{
	if (r->part->resource || !r->table)
		return subject_of(r->part);
	return subject_of(r->table->part);
}

const char *fact_pointer(const struct schema *schema, const char *fact, const char *name)
{
	return json_string_value(json_object_get(json_object_get(schema->facts, fact), name));
}

const char *ip_name(const struct checking *ck, const struct ip *ip)
{
	char text[IP_TEXT];
	ip_format(ip, text);
	return arena_strdup(ck->arena, text);
}

const char *prefix_name(const struct checking *ck, const struct prefix *p)
{
	char text[PREFIX_TEXT];
	prefix_format(p, text);
	return arena_strdup(ck->arena, text);
}

/* ---- questions ---- */

bool network_is_whole(const struct checking *ck, const struct topology_network *n)
{
	if (ck->is_read)
		return n->space.count > 0;
	return n->space.count > 0 && n->part->resource && !n->part->resource->existing;
}

bool all_networks_are_whole(const struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nnetworks; i++)
		if (!network_is_whole(ck, &t->networks[i]))
			return false;
	return t->nnetworks > 0;
}

bool all_nodes_are_known(const struct checking *ck)
{
	for (size_t i = 0; i < ck->config->nnode_sets; i++)
		if (!ck->config->node_sets[i].is_read)
			return false;
	return true;
}

static uint32_t ipv4_number(const struct ip *ip)
{
	uint32_t number = 0;
	for (unsigned i = 0; i < 4; i++)
		number = number << 8 | ip->bytes[i];
	return number;
}

bool is_reserved(const struct topology_subnet *s, const struct ip *ip, size_t *range)
{
	for (size_t i = 0; i < s->prefixes.count; i++) {
		const struct prefix *p = &s->prefixes.items[i];
		if (p->base.family != FAMILY_IPV4 || !prefix_has_ip(p, ip))
			continue;
		*range = i;
		uint64_t size = (uint64_t)1 << (family_bits(FAMILY_IPV4) - p->length);
		uint64_t at = ipv4_number(ip) - ipv4_number(&p->base);
		return at < RESERVED_FRONT || at == size - 1;
	}
	return false;
}

bool node_has_ip(const struct topology *t, const struct topology_node *n, const struct ip *ip)
{
	size_t count;
	const struct topology_address *all = topology_address(t, ip, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i].node && topology_same_machine(all[i].node, n))
			return true;
	return false;
}

size_t subnet_index(const struct checking *ck, const struct topology_subnet *s)
{
	return (size_t)(s - ck->topology->subnets);
}

size_t table_index(const struct checking *ck, const struct topology_table *t)
{
	return (size_t)(t - ck->topology->tables);
}

size_t *nodes_by_subnet(const struct checking *ck)
{
	const struct topology *t = ck->topology;
	size_t *counts = arena_alloc(ck->arena, (t->nsubnets + 1) * sizeof *counts);
	for (size_t i = 0; i < t->nnodes; i++)
		if (t->nodes[i].subnet)
			counts[subnet_index(ck, t->nodes[i].subnet)]++;
	return counts;
}

struct attached *subnets_by_table(const struct checking *ck)
{
	const struct topology *t = ck->topology;
	struct attached *all = arena_alloc(ck->arena, (t->ntables + 1) * sizeof *all);
	for (size_t i = 0; i < t->nsubnets; i++) {
		if (!t->subnets[i].table)
			continue;
		struct attached *of = &all[table_index(ck, t->subnets[i].table)];
		*ARENA_PUSH(ck->arena, of->subnets, of->count) = &t->subnets[i];
	}
	return all;
}

bool table_serves(
	const struct checking *ck, const struct topology_table *table, const struct node_set *set)
{
	for (size_t i = 0; i < table->nroutes; i++) {
		const struct topology_route *r = table->routes[i];
		size_t count = 0;
		const struct topology_address *a = r->hop == HOP_APPLIANCE && r->has_next_hop
			? topology_address(ck->topology, &r->next_hop, &count)
			: NULL;
		for (size_t k = 0; k < count; k++)
			if (a[k].node && a[k].node->set == set)
				return true;
	}
	return false;
}
