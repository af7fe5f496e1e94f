/* SPDX-License-Identifier: Apache-2.0 */
/* machines.c - node sets that come from machines: two waves of LISTs, then the configuration is
 * resolved. NICs may stand in other groups than their machines, so only the machines tell where. */
#include <string.h>

#include "engine/base/json.h"
#include "engine/plan/reads.h"
#include "engine/plan/snapshot.h"
#include "schemas/arm_id.h"

static const char *machines_path(
	struct arena *a, const struct config *c, const struct node_set *set)
{
	const struct schema *machine = catalog_role(c->catalog, ROLE_MACHINE);
	const char *scope = arena_printf(a, "/subscriptions/%s", set->subscription);
	if (set->resource_group)
		scope = arena_printf(a, "%s/resourceGroups/%s", scope, set->resource_group);
	return arena_printf(a, "%s/providers/%s", scope, machine->type);
}

static json_t *reply_at(const struct reads *reads, struct arena *a, const char *path)
{
	const char *key = arm_id_key(a, path);
	for (size_t i = 0; i < reads->count; i++)
		if (strcmp(reads->items[i].key, key) == 0 && reads->items[i].operation.reply)
			return reads->items[i].operation.reply;
	return arena_json(a, json_array());
}

static void add_nic_lists(
	struct config *c, const struct node_set *set, const json_t *machines, struct reads *nics)
{
	const struct schema *nic = catalog_role(c->catalog, ROLE_NIC);
	size_t count;
	const char **ids = config_nic_ids(c, set, machines, &count);
	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(ids[i], '/');
		if (slash)
			reads_add(nics, VERB_LIST,
				arena_strndup(nics->arena, ids[i], (size_t)(slash - ids[i])), nic);
	}
}

static json_t *all_items(struct arena *a, const struct reads *reads)
{
	json_t *all = arena_json(a, json_array());
	for (size_t i = 0; i < reads->count; i++)
		if (reads->items[i].operation.reply)
			json_array_extend(all, reads->items[i].operation.reply);
	return all;
}

bool snapshot_resolve(
	struct arena *a, struct config *c, struct provider *provider, struct diags *diags)
{
	struct reads machines, nics;
	reads_init(&machines, a);
	reads_init(&nics, a);
	const struct schema *machine = catalog_role(c->catalog, ROLE_MACHINE);
	for (size_t i = 0; i < c->nnode_sets; i++)
		if (!c->node_sets[i].is_read)
			reads_add(&machines, VERB_LIST, machines_path(a, c, &c->node_sets[i]),
				machine);
	if (!reads_run(&machines, provider, diags))
		return false;
	for (size_t i = 0; i < c->nnode_sets; i++) {
		struct node_set *set = &c->node_sets[i];
		if (!set->is_read)
			add_nic_lists(
				c, set, reply_at(&machines, a, machines_path(a, c, set)), &nics);
	}
	if (!reads_run(&nics, provider, diags))
		return false;
	bool ok = true;
	const json_t *all_nics = c->nics = all_items(a, &nics);
	for (size_t i = 0; i < c->nnode_sets; i++) {
		struct node_set *set = &c->node_sets[i];
		if (!set->is_read)
			ok &= config_set_nodes(c, set,
				reply_at(&machines, a, machines_path(a, c, set)), all_nics, diags);
	}
	return ok && config_resolve(c, diags);
}
