/* SPDX-License-Identifier: Apache-2.0 */
/* check_limits.c - how many of a kind there may be: facts of the schemas (`limits`) */
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/network/checks_internal.h"
#include "schemas/arm_id.h"

#define NEAR_PERCENT 80u

static size_t limit_of(const struct schema *schema, const char *which)
{
	const json_t *limits = json_object_get(schema->facts, "limits");
	return (size_t)json_integer_value(json_object_get(limits, which));
}

/* `what` are `count` in `part`, of at most `limit`; which of the two checks it is, is the code's.
 */
static void judge(struct checking *ck, const struct topology_part *part, const char *what,
	size_t count, size_t limit, bool exceeded)
{
	bool is_over = count > limit;
	bool is_near = count * 100 > limit * NEAR_PERCENT;
	if (limit == 0 || !part->resource || is_over != exceeded || !is_near)
		return;
	const char *left = is_over ? arena_printf(ck->arena, "%zu too many", count - limit)
				   : arena_printf(ck->arena, "%zu are left", limit - count);
	if (!check_found(ck, part_place(ck, part, NULL), subject_of(part), (struct subject){ 0 },
		    "%s has %zu %s of at most %zu: %s", part_name(ck, part), count, what, limit,
		    left))
		return;
	diag_help(ck->diags, "divide it in time; or ask Azure for more, and say so with `ignore`");
}

static void judge_tables(struct checking *ck, bool exceeded)
{
	const struct topology *t = ck->topology;
	const struct schema *route = catalog_role(t->catalog, ROLE_ROUTE);
	for (size_t i = 0; i < t->ntables; i++) {
		const struct topology_table *table = &t->tables[i];
		size_t tags = 0;
		for (size_t k = 0; k < table->nroutes; k++)
			tags += table->routes[k]->prefix_text && !table->routes[k]->is_prefix;
		judge(ck, table->part, "routes", table->nroutes, limit_of(route, "perParent"),
			exceeded);
		judge(ck, table->part, "routes of service tags", tags,
			limit_of(route, "serviceTags"), exceeded);
	}
}

static void judge_networks(struct checking *ck, bool exceeded)
{
	const struct topology *t = ck->topology;
	const struct schema *subnet = catalog_role(t->catalog, ROLE_SUBNET);
	for (size_t i = 0; i < t->nnetworks; i++)
		judge(ck, t->networks[i].part, "subnets", t->networks[i].nsubnets,
			limit_of(subnet, "perParent"), exceeded);
}

/* ---- tables of one subscription and region ---- */

struct region {
	const char *key;
	const struct topology_part *part;
};

static const char *region_key(const struct checking *ck, const struct topology_part *part)
{
	struct arm_id id;
	const char *location = json_string_value(json_object_get(part->body, "location"));
	if (!location || !arm_id_parse(ck->arena, part->id, &id) || !id.subscription)
		return "";
	char *key = arena_printf(ck->arena, "%s %s", id.subscription, location);
	char *out = key;
	size_t spaces = 0;
	for (const char *in = key; *in; in++) {
		spaces += *in == ' ';
		if (*in != ' ' || spaces == 1)
			*out++ = *in;
	}
	*out = '\0';
	return text_lower(ck->arena, key);
}

static int by_key(const void *a, const void *b)
{
	const struct region *left = a, *right = b;
	int order = strcmp(left->key, right->key);
	return order ? order : strcmp(left->part->id, right->part->id);
}

static void judge_regions(struct checking *ck, bool exceeded)
{
	const struct topology *t = ck->topology;
	struct region *all = arena_alloc(ck->arena, (t->ntables + 1) * sizeof *all);
	size_t limit = limit_of(catalog_role(t->catalog, ROLE_TABLE), "perRegion");
	for (size_t i = 0; i < t->ntables; i++)
		all[i] = (struct region){ region_key(ck, t->tables[i].part), t->tables[i].part };
	if (t->ntables > 1)
		qsort(all, t->ntables, sizeof *all, by_key);
	for (size_t first = 0, i = 1; i <= t->ntables; i++) {
		if (i < t->ntables && strcmp(all[i].key, all[first].key) == 0)
			continue;
		size_t count = i - first;
		bool is_over = count > limit;
		if (limit && is_over == exceeded && count * 100 > limit * NEAR_PERCENT &&
			check_found(ck, part_place(ck, all[first].part, NULL),
				subject_of(all[first].part), (struct subject){ 0 },
				"there are %zu route tables in one region and subscription, of at "
				"most %zu",
				count, limit))
			diag_help(ck->diags,
				"let subnets share tables, or use another "
				"subscription");
		first = i;
	}
}

static void judge_all(struct checking *ck, bool exceeded)
{
	judge_tables(ck, exceeded);
	judge_networks(ck, exceeded);
	judge_regions(ck, exceeded);
}

void check_limit_exceeded(struct checking *ck)
{
	judge_all(ck, true);
}

void check_limit_near(struct checking *ck)
{
	judge_all(ck, false);
}
