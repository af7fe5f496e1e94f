/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network/usages.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/network/checks_internal.h"
#include "schemas/arm_id.h"

bool region_of(struct arena *a, const char *id, const json_t *body, struct region *out)
{
	struct arm_id parsed;
	const char *location = json_string_value(json_object_get(body, "location"));
	if (!location || !arm_id_parse(a, id, &parsed) || !parsed.subscription)
		return false;
	char *text = text_lower(a, location);
	char *end = text;
	for (const char *in = text; *in; in++)
		if (*in != ' ')
			*end++ = *in;
	*end = '\0';
	*out = (struct region){ text_lower(a, parsed.subscription), text };
	return true;
}

int region_compare(const struct region *a, const struct region *b)
{
	int order = strcmp(a->subscription, b->subscription);
	return order ? order : strcmp(a->location, b->location);
}

const struct usage *usage_find(
	const struct usages *usages, const struct region *region, const char *name)
{
	for (size_t i = 0; usages && name && i < usages->count; i++)
		if (text_same_nocase(usages->items[i].name, name) &&
			region_compare(&usages->items[i].region, region) == 0)
			return &usages->items[i];
	return NULL;
}

/* ---- whose limits are worth asking ---- */

struct regions {
	struct arena *arena;
	struct region *items;
	size_t count;
};

static void add_region(struct regions *r, const struct topology_part *part)
{
	struct region region;
	if (part->resource && region_of(r->arena, part->id, part->body, &region))
		*ARENA_PUSH(r->arena, r->items, r->count) = region;
}

static int compare_regions(const void *a, const void *b)
{
	return region_compare(a, b);
}

static void sort_regions(struct regions *r)
{
	size_t kept = 0;
	if (r->count)
		qsort(r->items, r->count, sizeof *r->items, compare_regions);
	for (size_t i = 0; i < r->count; i++)
		if (kept == 0 || region_compare(&r->items[kept - 1], &r->items[i]) != 0)
			r->items[kept++] = r->items[i];
	r->count = kept;
}

static size_t tables_in(struct arena *a, const struct topology *t, const struct region *region)
{
	size_t count = 0;
	struct region own;
	for (size_t i = 0; i < t->ntables; i++)
		count += region_of(a, t->tables[i].part->id, t->tables[i].part->body, &own) &&
			region_compare(&own, region) == 0;
	return count;
}

/* Regions of tables are few, the tables are not: each region is counted once. */
static void add_full_regions(struct regions *r, const struct topology *t)
{
	struct regions all = { .arena = r->arena };
	size_t limit = limit_of(catalog_role(t->catalog, ROLE_TABLE), "perRegion");
	if (!limit_is_near(t->ntables, limit))
		return;
	for (size_t i = 0; i < t->ntables; i++)
		add_region(&all, t->tables[i].part);
	sort_regions(&all);
	for (size_t i = 0; i < all.count; i++)
		if (limit_is_near(tables_in(r->arena, t, &all.items[i]), limit))
			*ARENA_PUSH(r->arena, r->items, r->count) = all.items[i];
}

struct region *regions_near_limits(
	struct arena *a, const struct topology *t, bool all, size_t *count)
{
	struct regions r = { .arena = a };
	size_t routes = limit_of(catalog_role(t->catalog, ROLE_ROUTE), "perParent");
	size_t subnets = limit_of(catalog_role(t->catalog, ROLE_SUBNET), "perParent");
	size_t peerings = limit_of(catalog_role(t->catalog, ROLE_PEERING), "perParent");
	for (size_t i = 0; i < t->ntables; i++)
		if (all || limit_is_near(t->tables[i].nroutes, routes))
			add_region(&r, t->tables[i].part);
	for (size_t i = 0; i < t->nnetworks; i++)
		if (all || limit_is_near(t->networks[i].nsubnets, subnets) ||
			limit_is_near(t->networks[i].npeerings, peerings))
			add_region(&r, t->networks[i].part);
	if (!all)
		add_full_regions(&r, t);
	sort_regions(&r);
	*count = r.count;
	return r.items;
}

/* ---- what was read, for people ---- */

struct fullest {
	const struct topology_part *part;
	size_t count;
};

static void weigh(struct arena *a, struct fullest *f, const struct region *region,
	const struct topology_part *part, size_t count)
{
	struct region own;
	if (region_of(a, part->id, part->body, &own) && region_compare(&own, region) == 0 &&
		(!f->part || count > f->count))
		*f = (struct fullest){ part, count };
}

static struct fullest find_fullest(
	struct arena *a, const struct topology *t, const struct region *region, enum role role)
{
	struct fullest f = { 0 };
	for (size_t i = 0; role == ROLE_ROUTE && i < t->ntables; i++)
		weigh(a, &f, region, t->tables[i].part, t->tables[i].nroutes);
	for (size_t i = 0; role != ROLE_ROUTE && i < t->nnetworks; i++)
		weigh(a, &f, region, t->networks[i].part,
			role == ROLE_SUBNET ? t->networks[i].nsubnets : t->networks[i].npeerings);
	return f;
}

static json_t *usage_json(const struct usage *u, size_t used)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "subscription", u->region.subscription,
		"location", u->region.location, "name", u->name, "used", (json_int_t)used, "limit",
		(json_int_t)u->limit);
}

json_t *usages_json(struct arena *a, const struct topology *t, const struct usages *usages)
{
	static const enum role by_parent[] = { ROLE_ROUTE, ROLE_SUBNET, ROLE_PEERING };
	const char *tables = limit_usage(catalog_role(t->catalog, ROLE_TABLE), "perRegionUsage");
	json_t *list = json_array();
	for (size_t i = 0; i < usages->count; i++) {
		const struct usage *u = &usages->items[i];
		if (tables && text_same_nocase(u->name, tables))
			json_array_append_new(list, usage_json(u, u->used));
		for (size_t n = 0; n < ARRAY_LEN(by_parent); n++) {
			const char *name = limit_usage(
				catalog_role(t->catalog, by_parent[n]), "perParentUsage");
			if (!name || !text_same_nocase(u->name, name))
				continue;
			struct fullest f = find_fullest(a, t, &u->region, by_parent[n]);
			json_t *item = usage_json(u, f.count);
			if (f.part && f.part->resource)
				json_object_set_new(
					item, "address", json_string(f.part->resource->address));
			json_array_append_new(list, item);
		}
	}
	return list;
}
