/* SPDX-License-Identifier: Apache-2.0 */
/* check_tables.c - the tables that subnets have, and the ones that nodes need */
#include <string.h>

#include "engine/base/text.h"
#include "engine/network/checks_internal.h"
#include "schemas/arm_id.h"

/* ---- subnets of one set with another table than the rest ---- */

struct place_of_set {
	const struct topology_subnet *subnet;
	size_t nodes;
};

struct spread {
	const struct node_set *set;
	struct place_of_set *places;
	size_t count;
	const struct topology_table *usual; /* of most nodes, or NULL */
	const struct topology_subnet *usual_subnet;
};

/* Not so for one that is declared as existing and was not read: its table is not known. */
static bool table_is_known(const struct checking *ck, const struct topology_subnet *s)
{
	const struct resource *r = s->part->resource;
	return ck->is_read || s->table_id || (r && !r->existing);
}

/* `counts` is zero for all subnets, and so it is left. */
static size_t read_spread(
	const struct checking *ck, size_t first, size_t *counts, struct spread *out)
{
	const struct topology *t = ck->topology;
	*out = (struct spread){ .set = t->nodes[first].set };
	size_t i = first;
	for (; i < t->nnodes && t->nodes[i].set == out->set; i++) {
		const struct topology_subnet *s = t->nodes[i].subnet;
		if (!s || !table_is_known(ck, s))
			continue;
		if (counts[subnet_index(ck, s)]++ == 0)
			*ARENA_PUSH(ck->arena, out->places, out->count) =
				(struct place_of_set){ .subnet = s };
	}
	for (size_t k = 0; k < out->count; k++) {
		size_t index = subnet_index(ck, out->places[k].subnet);
		out->places[k].nodes = counts[index];
		counts[index] = 0;
	}
	return i;
}

static void find_usual(const struct checking *ck, struct spread *s)
{
	size_t *nodes = arena_alloc(ck->arena, (ck->topology->ntables + 1) * sizeof *nodes);
	size_t most = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct topology_table *table = s->places[i].subnet->table;
		if (!table)
			continue;
		size_t *of = &nodes[table_index(ck, table)];
		*of += s->places[i].nodes;
		if (*of <= most)
			continue;
		most = *of;
		s->usual = table;
		s->usual_subnet = s->places[i].subnet;
	}
}

static void tell_subnet(struct checking *ck, const struct spread *s, const struct place_of_set *at)
{
	const struct topology_part *part = at->subnet->part;
	const char *table_id = at->subnet->table_id;
	const char *has = table_id ? arena_printf(ck->arena, "has %s, which knows none of them",
					     config_address_of(ck->config, table_id))
				   : "has no route table";
	if (!check_first(ck, part->id, "") ||
		!check_found(ck, part_place(ck, part, NULL), subject_of(part),
			subject_of_set(s->set),
			"%s, where %zu node%s of `%s` %s, %s; the others have %s",
			part_name(ck, part), at->nodes, at->nodes == 1 ? "" : "s", s->set->name,
			at->nodes == 1 ? "is" : "are", has, part_name(ck, s->usual->part)))
		return;
	diag_note(ck->diags, part_place(ck, s->usual_subnet->part, NULL), "%s has %s",
		part_name(ck, s->usual_subnet->part), part_name(ck, s->usual->part));
	diag_help(ck->diags, "give the subnet `routeTable: %s`",
		s->usual->part->resource ? s->usual->part->resource->name : s->usual->part->id);
}

void check_node_subnet_table(struct checking *ck)
{
	const struct topology *t = ck->topology;
	size_t *counts = arena_alloc(ck->arena, (t->nsubnets + 1) * sizeof *counts);
	for (size_t i = 0; i < t->nnodes;) {
		struct spread s;
		i = read_spread(ck, i, counts, &s);
		find_usual(ck, &s);
		if (!s.usual || !table_serves(ck, s.usual, s.set))
			continue;
		for (size_t k = 0; k < s.count; k++) {
			const struct topology_subnet *subnet = s.places[k].subnet;
			bool is_other = subnet->table && subnet->table != s.usual &&
				!table_serves(ck, subnet->table, s.set);
			if (!subnet->table_id || is_other)
				tell_subnet(ck, &s, &s.places[k]);
		}
	}
}

/* ---- a table with routes to nodes that nobody looks into ---- */

/* A subnet of the set's nodes, where none of them has a table; else NULL. */
static const struct topology_subnet *bare_subnet(const struct checking *ck, const char *set)
{
	const struct topology *t = ck->topology;
	const struct topology_subnet *bare = NULL;
	for (size_t i = 0; i < t->nnodes; i++) {
		const struct topology_subnet *s = t->nodes[i].subnet;
		if (!s || s == bare || strcmp(t->nodes[i].set->name, set) != 0)
			continue;
		if (s->table_id || !table_is_known(ck, s))
			return NULL;
		bare = bare ? bare : s;
	}
	return bare;
}

static void tell_unattached(
	struct checking *ck, const struct topology_table *table, const char *set)
{
	const struct topology_subnet *s = bare_subnet(ck, set);
	if (!s ||
		!check_found(ck, part_place(ck, table->part, NULL), subject_of(table->part),
			subject_of(s->part),
			"no subnet has %s, so that its routes to the nodes of `%s` serve nobody",
			part_name(ck, table->part), set))
		return;
	diag_note(
		ck->diags, part_place(ck, s->part, NULL), "a subnet of the nodes, without a table");
	diag_help(ck->diags, "give the subnet `routeTable: %s`", table->part->resource->name);
}

void check_table_unattached(struct checking *ck)
{
	const struct topology *t = ck->topology;
	const struct attached *attached = subnets_by_table(ck);
	for (size_t i = 0; i < t->ntables; i++) {
		const char *set = NULL;
		if (attached[i].count || !t->tables[i].part->resource)
			continue;
		for (size_t k = 0; k < t->tables[i].nroutes && !set; k++) {
			const struct resource *r = t->tables[i].routes[k]->part->resource;
			set = r ? r->node_set : NULL;
		}
		if (set)
			tell_unattached(ck, &t->tables[i], set);
	}
}

/* ---- a table and its subnet in one region and subscription ---- */

static const char *reference_pointer(const struct resource *from, const struct topology_part *to)
{
	for (size_t i = 0; from && i < from->nreferences; i++)
		if (from->references[i].target && from->references[i].target == to->resource)
			return from->references[i].pointer;
	return NULL;
}

static const char *apart(const struct checking *ck, const struct topology_part *network,
	const struct topology_part *table)
{
	const json_t *here = json_object_get(network->body, "location");
	const json_t *there = json_object_get(table->body, "location");
	const json_t *node = schema_member(network->schema->root, "location");
	struct arm_id a, b;
	if (here && there && !schema_same_scalar(node, here, there))
		return arena_printf(ck->arena, "it is in %s, the network in %s",
			json_string_value(there), json_string_value(here));
	if (arm_id_parse(ck->arena, network->id, &a) && arm_id_parse(ck->arena, table->id, &b) &&
		a.subscription && b.subscription &&
		!text_same_nocase(a.subscription, b.subscription))
		return "it is in another subscription than the network";
	return NULL;
}

void check_table_region(struct checking *ck)
{
	const struct topology *t = ck->topology;
	for (size_t i = 0; i < t->nsubnets; i++) {
		const struct topology_subnet *s = &t->subnets[i];
		if (!s->table || !s->network || !s->part->resource)
			continue;
		const char *why = apart(ck, s->network->part, s->table->part);
		if (!why ||
			!check_found(ck,
				part_place(ck, s->part,
					reference_pointer(s->part->resource, s->table->part)),
				subject_of(s->part), subject_of(s->table->part),
				"%s cannot have %s: %s", part_name(ck, s->part),
				part_name(ck, s->table->part), why))
			continue;
		diag_note(
			ck->diags, part_place(ck, s->table->part, "/location"), "the route table");
		diag_help(ck->diags,
			"a route table serves subnets of its own region and subscription only");
	}
}
