/* SPDX-License-Identifier: Apache-2.0 */
/* check_limits.c - how many of a kind there may be: facts of the schemas (`limits`), or what the
 * cloud itself says where it was asked */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/network/checks_internal.h"

#define NEAR_PERCENT 80u

size_t limit_of(const struct schema *schema, const char *which)
{
	const json_t *limits = json_object_get(schema->facts, "limits");
	return (size_t)json_integer_value(json_object_get(limits, which));
}

const char *limit_usage(const struct schema *schema, const char *which)
{
	const json_t *limits = json_object_get(schema->facts, "limits");
	return json_string_value(json_object_get(limits, which));
}

bool limit_is_near(size_t count, size_t limit)
{
	return limit && count * 100 > limit * NEAR_PERCENT;
}

/* How many children of that kind the part may have in its region. */
static size_t limit_here(
	const struct checking *ck, const struct topology_part *part, const struct schema *child)
{
	struct region region;
	const struct usage *told = region_of(ck->arena, part->id, part->body, &region)
		? usage_find(ck->usages, &region, limit_usage(child, "perParentUsage"))
		: NULL;
	return told ? told->limit : limit_of(child, "perParent");
}

/* `what` are `count` in `part`, of at most `limit`; which of the two checks it is, is the code's.
 */
static void judge(struct checking *ck, const struct topology_part *part, const char *what,
	size_t count, size_t limit)
{
	bool is_over = count > limit;
	if (!part->resource || is_over != ck->exceeded || !limit_is_near(count, limit))
		return;
	const char *left = is_over ? arena_printf(ck->arena, "%zu too many", count - limit)
				   : arena_printf(ck->arena, "%zu are left", limit - count);
	if (!check_found(ck, part_place(ck, part, NULL), subject_of(part), (struct subject){ 0 },
		    "%s has %zu %s of at most %zu: %s", part_name(ck, part), count, what, limit,
		    left))
		return;
	diag_help(ck->diags, "divide it in time; or ask Azure for more, and plan with --limits");
}

static void judge_tables(struct checking *ck)
{
	const struct topology *t = ck->topology;
	const struct schema *route = catalog_role(t->catalog, ROLE_ROUTE);
	for (size_t i = 0; i < t->ntables; i++) {
		const struct topology_table *table = &t->tables[i];
		size_t tags = 0;
		for (size_t k = 0; k < table->nroutes; k++)
			tags += table->routes[k]->prefix_text && !table->routes[k]->is_prefix;
		judge(ck, table->part, "routes", table->nroutes,
			limit_here(ck, table->part, route));
		judge(ck, table->part, "routes of service tags", tags,
			limit_of(route, "serviceTags"));
	}
}

static void judge_networks(struct checking *ck)
{
	const struct topology *t = ck->topology;
	const struct schema *subnet = catalog_role(t->catalog, ROLE_SUBNET);
	const struct schema *peering = catalog_role(t->catalog, ROLE_PEERING);
	for (size_t i = 0; i < t->nnetworks; i++) {
		const struct topology_network *network = &t->networks[i];
		judge(ck, network->part, "subnets", network->nsubnets,
			limit_here(ck, network->part, subnet));
		judge(ck, network->part, "peerings", network->npeerings,
			limit_here(ck, network->part, peering));
	}
}

/* ---- tables of one subscription and region ---- */

struct placed {
	struct region region;
	const struct topology_part *part;
};

/* What is declared stands before what is not, so that a finding points at the YAML. */
static int by_region(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = region_compare(&x->region, &y->region);
	if (order)
		return order;
	if (!x->part->resource != !y->part->resource)
		return x->part->resource ? -1 : 1;
	return strcmp(x->part->id, y->part->id);
}

static void judge_region(struct checking *ck, const struct placed *first, size_t count)
{
	const struct schema *table = first->part->schema;
	const struct usage *told =
		usage_find(ck->usages, &first->region, limit_usage(table, "perRegionUsage"));
	size_t limit = told ? told->limit : limit_of(table, "perRegion");
	if (told && told->used > count)
		count = told->used;
	bool is_over = count > limit;
	if (is_over != ck->exceeded || !limit_is_near(count, limit))
		return;
	if (!check_found(ck, part_place(ck, first->part, NULL), subject_of(first->part),
		    (struct subject){ 0 }, "%zu of %zu route tables in %s, %zu %s", count, limit,
		    first->region.location, is_over ? count - limit : limit - count,
		    is_over ? "too many" : "left"))
		return;
	diag_help(ck->diags, "let subnets share tables, or use another subscription%s",
		told ? "" : "; plan with --limits asks Azure for the limit that you have");
}

static void judge_regions(struct checking *ck)
{
	const struct topology *t = ck->topology;
	struct placed *all = arena_alloc(ck->arena, (t->ntables + 1) * sizeof *all);
	size_t count = 0;
	for (size_t i = 0; i < t->ntables; i++) {
		const struct topology_part *part = t->tables[i].part;
		all[count].part = part;
		count += region_of(ck->arena, part->id, part->body, &all[count].region);
	}
	if (count > 1)
		qsort(all, count, sizeof *all, by_region);
	for (size_t first = 0, i = 1; i <= count; i++) {
		if (i < count && region_compare(&all[i].region, &all[first].region) == 0)
			continue;
		judge_region(ck, &all[first], i - first);
		first = i;
	}
}

static void judge_all(struct checking *ck, bool exceeded)
{
	ck->exceeded = exceeded;
	judge_tables(ck);
	judge_networks(ck);
	judge_regions(ck);
}

void check_limit_exceeded(struct checking *ck)
{
	judge_all(ck, true);
}

void check_limit_near(struct checking *ck)
{
	judge_all(ck, false);
}
