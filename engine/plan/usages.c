/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/usages.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "engine/plan/reads.h"

/* What the plan adds to the region's resources whose usage has that name, less what it takes. */
static long change_of(const struct plan *plan, const struct region *region, const char *name)
{
	long sum = 0;
	for (size_t i = 0; i < plan->nchanges; i++) {
		const struct change *c = &plan->changes[i];
		const char *own = json_text_at(c->schema->facts, "/limits/perRegionUsage");
		const json_t *body = c->action == ACTION_CREATE ? c->after
			: c->actual                             ? c->actual->body
								: NULL;
		struct region where;
		if (!own || strcmp(own, name) != 0 || !body ||
			!region_of(plan->arena, c->id, body, &where) ||
			region_compare(&where, region) != 0)
			continue;
		sum += (c->action == ACTION_CREATE) - (c->action == ACTION_DELETE);
	}
	return sum;
}

static size_t number_at(const json_t *item, const char *pointer)
{
	double number = json_number_value(json_at(item, pointer));
	return number > 0 && number < 1e12 ? (size_t)number : 0;
}

static void add_usages(const struct plan *plan, const struct region *region, const json_t *reply,
	struct usages *out)
{
	size_t i;
	const json_t *item;
	json_array_foreach (reply, i, item) {
		const char *name = json_text_at(item, "/name/value");
		size_t limit = number_at(item, "/limit");
		if (!name || !limit)
			continue;
		long more = change_of(plan, region, name);
		size_t used = number_at(item, "/currentValue");
		used = more < 0 && (size_t)-more > used ? 0 : used + (size_t)more;
		*ARENA_PUSH(plan->arena, out->items, out->count) =
			(struct usage){ *region, name, limit, used };
	}
}

/* "Microsoft.Network" of a table. */
static const char *namespace_of(struct arena *a, const struct schema *s)
{
	return arena_strndup(a, s->type, strcspn(s->type, "/"));
}

bool usages_read(const struct plan *plan, const struct region *regions, size_t count,
	struct provider *provider, struct usages *out, struct diags *diags)
{
	struct arena *a = plan->arena;
	const struct schema *table = catalog_role(plan->catalog, ROLE_TABLE);
	struct reads reads;
	reads_init(&reads, a);
	const char **paths = arena_alloc(a, (count + 1) * sizeof *paths);
	for (size_t i = 0; i < count; i++) {
		paths[i] = arena_printf(a, "/subscriptions/%s/providers/%s/locations/%s/usages",
			regions[i].subscription, namespace_of(a, table), regions[i].location);
		reads_add(&reads, VERB_LIST, paths[i], table);
	}
	*out = (struct usages){ 0 };
	if (!reads_run(&reads, provider, diags))
		return false;
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < reads.count; n++)
			if (text_same_nocase(reads.items[n].operation.path, paths[i]))
				add_usages(plan, &regions[i], reads.items[n].operation.reply, out);
	return true;
}
