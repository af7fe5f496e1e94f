/* SPDX-License-Identifier: Apache-2.0 */
/* machines.c - node sets that come from machines: up to three waves of LISTs; then those of
 * clusters, and the configuration is resolved. Scale sets tell whether their machines stand inside
 * them; the other machines tell where their NICs are, which may be in other groups. */
#include <string.h>

#include "engine/base/json.h"
#include "engine/plan/clusters.h"
#include "engine/plan/reads.h"
#include "engine/plan/snapshot.h"
#include "schemas/arm_id.h"

struct machines {
	struct arena *arena;
	struct config *config;
	struct reads scale_sets, machines, nics;
};

static const char *collection(const struct machines *m, const struct node_set *set, enum role role)
{
	const char *scope = arena_printf(m->arena, "/subscriptions/%s", set->subscription);
	if (set->resource_group)
		scope = arena_printf(m->arena, "%s/resourceGroups/%s", scope, set->resource_group);
	return arena_printf(
		m->arena, "%s/providers/%s", scope, catalog_role(m->config->catalog, role)->type);
}

static json_t *reply_at(const struct reads *reads, const char *path)
{
	const char *key = arm_id_key(reads->arena, path);
	for (size_t i = 0; i < reads->count; i++)
		if (strcmp(reads->items[i].key, key) == 0)
			return reads->items[i].operation.reply;
	return NULL;
}

static const char *scale_set_fact(const struct machines *m, const char *name)
{
	const struct schema *s = catalog_role(m->config->catalog, ROLE_SCALE_SET);
	return json_string_value(json_object_get(json_object_get(s->facts, "scaleSet"), name));
}

/* A path inside a scale set. */
static const char *inside(const struct machines *m, const json_t *scale_set, const char *kind)
{
	const char *id = json_text_at(scale_set, "/id");
	return arena_printf(m->arena, "%s%s", id ? id : "", scale_set_fact(m, kind));
}

static json_t *scale_sets_of(const struct machines *m, const struct node_set *set)
{
	return set->scale_set ? reply_at(&m->scale_sets, collection(m, set, ROLE_SCALE_SET)) : NULL;
}

static void add_scale_sets(struct machines *m, const struct node_set *set)
{
	const struct catalog *catalog = m->config->catalog;
	if (set->scale_set)
		reads_add(&m->scale_sets, VERB_LIST, collection(m, set, ROLE_SCALE_SET),
			catalog_role(catalog, ROLE_SCALE_SET));
}

static void add_machines(struct machines *m, const struct node_set *set)
{
	struct config *c = m->config;
	const struct schema *machine = catalog_role(c->catalog, ROLE_MACHINE);
	bool ordinary = !set->scale_set;
	size_t i;
	json_t *scale_set;
	json_array_foreach (scale_sets_of(m, set), i, scale_set) {
		if (!config_wants_scale_set(set, scale_set))
			continue;
		if (!config_holds_machines(c, scale_set)) {
			ordinary = true;
			continue;
		}
		reads_add(&m->machines, VERB_LIST, inside(m, scale_set, "machines"), machine);
		reads_add_version(&m->nics, VERB_LIST, inside(m, scale_set, "nics"),
			catalog_role(c->catalog, ROLE_NIC), scale_set_fact(m, "nicsVersion"));
	}
	if (ordinary)
		reads_add(&m->machines, VERB_LIST, collection(m, set, ROLE_MACHINE), machine);
}

/* All that may be of the set: ordinary machines, and those inside of its scale sets. */
static json_t *machines_of(const struct machines *m, const struct node_set *set)
{
	json_t *all = arena_json(m->arena, json_array());
	size_t i;
	json_t *scale_set;
	(void)json_array_extend(all, reply_at(&m->machines, collection(m, set, ROLE_MACHINE)));
	json_array_foreach (scale_sets_of(m, set), i, scale_set) {
		json_t *held = reply_at(&m->machines, inside(m, scale_set, "machines"));
		if (!held || !config_wants_scale_set(set, scale_set))
			continue;
		config_inherit_tags(held, scale_set);
		(void)json_array_extend(all, held);
	}
	return all;
}

static void add_nics(struct machines *m, const struct node_set *set)
{
	const struct schema *nic = catalog_role(m->config->catalog, ROLE_NIC);
	size_t count;
	const char **ids = config_nic_ids(m->config, set, machines_of(m, set), &count);
	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(ids[i], '/');
		if (slash)
			reads_add(&m->nics, VERB_LIST,
				arena_strndup(m->arena, ids[i], (size_t)(slash - ids[i])), nic);
	}
}

static json_t *all_items(const struct reads *reads)
{
	json_t *all = arena_json(reads->arena, json_array());
	for (size_t i = 0; i < reads->count; i++)
		if (reads->items[i].operation.reply)
			json_array_extend(all, reads->items[i].operation.reply);
	return all;
}

static void for_each_unread(
	struct machines *m, void (*visit)(struct machines *, const struct node_set *))
{
	struct config *c = m->config;
	for (size_t i = 0; i < c->nnode_sets; i++)
		if (c->node_sets[i].wants_machines && !c->node_sets[i].is_read)
			visit(m, &c->node_sets[i]);
}

static bool read_machines(struct machines *m, struct provider *provider, struct diags *diags)
{
	for_each_unread(m, add_scale_sets);
	if (!reads_run(&m->scale_sets, provider, diags))
		return false;
	for_each_unread(m, add_machines);
	if (!reads_run(&m->machines, provider, diags))
		return false;
	for_each_unread(m, add_nics);
	return reads_run(&m->nics, provider, diags);
}

bool snapshot_resolve(struct arena *a, struct config *c, struct provider *provider,
	const struct snapshot_options *options, struct diags *diags)
{
	struct machines m = { .arena = a, .config = c };
	struct cluster_lists lists = { 0 };
	reads_init(&m.scale_sets, a);
	reads_init(&m.machines, a);
	reads_init(&m.nics, a);
	if (!read_machines(&m, provider, diags) ||
		(!options->destroy && !cluster_lists_read(a, c, options->clusters, &lists, diags)))
		return false;
	bool ok = true;
	c->nics = all_items(&m.nics);
	for (size_t i = 0; i < c->nnode_sets; i++) {
		struct node_set *set = &c->node_sets[i];
		if (set->is_read || (set->wants_cluster && options->destroy))
			continue;
		const struct node_rows rows = {
			.machines = set->wants_machines ? machines_of(&m, set) : NULL,
			.nics = c->nics,
			.nodes = cluster_lists_nodes(a, &lists, set),
		};
		ok &= config_set_nodes(c, set, &rows, diags);
	}
	return ok && config_resolve(c, diags);
}
