/* SPDX-License-Identifier: Apache-2.0 */
/* guards.c - what a plan may not do without being told to: DESIGN.md section 3 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "schemas/arm_id.h"

/* Whether the plan takes `target`'s use away from `user`: it goes, or lets its reference go, or is
 * detached while the target is made anew. */
static bool lets_go_of(const struct planner *p, const char *user_id, const struct change *target)
{
	const struct change *user = planner_change(p, user_id);
	if (!user)
		return false;
	if (change_removes(user))
		return true;
	for (size_t i = 0; i < user->edits.count; i++) {
		const char *id = json_text_at(user->edits.items[i].before, "/id");
		if (id && text_same_nocase(id, target->id))
			return true;
	}
	for (size_t i = 0; user->resource && i < user->resource->nreferences; i++) {
		const struct reference *r = &user->resource->references[i];
		if (target->action == ACTION_REPLACE && r->pointer &&
			text_same_nocase(r->id, target->id))
			return true;
	}
	return false;
}

static void refuse_attached(struct planner *p, const struct change *c, const char *user)
{
	bool is_subnet = c->schema->role == ROLE_SUBNET;
	diag_error(p->diags, c->at, is_subnet ? "subnet-in-use" : "foreign-inside",
		"%s would be deleted, and it is used by %s", c->address, user);
	diag_about(p->diags, c->address);
	diag_help(p->diags, "%s",
		is_subnet ? "delete or move what has addresses in it first"
			  : "detach it there first: only what is ours, or what we attached, is "
			    "detached for you");
}

static void check_attached(struct planner *p, const struct change *c)
{
	const char *pointer = json_text_at(c->schema->facts, "/inUse");
	const struct actual *actual = c->actual;
	size_t i;
	json_t *item;
	json_array_foreach (actual &&pointer ? json_at(actual->body, pointer) : NULL, i, item) {
		const char *user = json_text_at(item, "/id");
		if (user && !lets_go_of(p, user, c))
			refuse_attached(p, c, user);
	}
}

static bool is_container(const struct change *c)
{
	return c->schema->role == ROLE_GROUP || c->schema->role == ROLE_NETWORK;
}

static void refuse_mass_delete(struct planner *p, size_t deletes, const char *reason)
{
	diag_error(p->diags, PLACE_NONE, "mass-delete", "the plan deletes %zu resource%s: %s",
		deletes, deletes == 1 ? "" : "s", reason);
	diag_help(p->diags, "if that is meant, allow it with --max-deletes %zu", deletes);
}

static void check_deletes(struct planner *p)
{
	size_t deletes = 0, recorded = 0;
	const struct change *container = NULL;
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *c = &p->all[i];
		recorded += c->record != NULL;
		deletes += c->action == ACTION_DELETE || (change_removes(c) && is_container(c));
		if (change_removes(c) && is_container(c))
			container = c;
	}
	long allowed = p->options->max_deletes;
	if (allowed >= 0 && deletes > (size_t)allowed)
		refuse_mass_delete(
			p, deletes, arena_printf(p->arena, "--max-deletes allows %ld", allowed));
	else if (allowed < 0 && container)
		refuse_mass_delete(
			p, deletes, arena_printf(p->arena, "%s is among them", container->address));
	else if (allowed < 0 && deletes * 2 > recorded)
		refuse_mass_delete(p, deletes,
			arena_printf(p->arena, "more than half of the %zu recorded", recorded));
}

static bool changes_any(const struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++)
		if (p->all[i].action != ACTION_NONE)
			return true;
	return false;
}

/* A source that answers with half of what it had is a fault more often than an intention. Where
 * nothing is left to do, what it leads to was allowed and done, by a targeted apply say, which
 * notes no sizes; and no apply would follow that could note them. */
static void check_node_sets(struct planner *p)
{
	const json_t *sizes = json_at(p->snapshot->last_run.notes, "/node_sets");
	for (size_t i = 0; i < p->config->nnode_sets; i++) {
		const struct node_set *set = &p->config->node_sets[i];
		json_int_t before = json_integer_value(json_object_get(sizes, set->name));
		if ((json_int_t)set->nnodes * 2 >= before || p->options->max_deletes >= 0)
			continue;
		diag_error(p->diags, config_place(p->config, set->pointer, YAML_KEY),
			"node-set-shrunk",
			"node set `%s` has %zu node%s, and had %lld at the last apply", set->name,
			set->nnodes, set->nnodes == 1 ? "" : "s", (long long)before);
		diag_help(p->diags, "if that is meant, allow it with --max-deletes %zu",
			(size_t)before - set->nnodes);
	}
}

/* Whether the group does not exist, and is not made by this plan. */
static bool is_absent_group(const struct planner *p, const char *group)
{
	const struct change *change = planner_change(p, group);
	if (change && change->action != ACTION_NONE && change->action != ACTION_DELETE)
		return false;
	for (size_t i = 0; i < p->snapshot->nabsent_groups; i++)
		if (text_same_nocase(p->snapshot->absent_groups[i], group))
			return true;
	return false;
}

/* Once a group: nothing can be made in it. */
static void check_groups(struct planner *p)
{
	const char **told = NULL;
	size_t ntold = 0;
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *c = &p->all[i];
		struct arm_id id;
		if (c->action != ACTION_CREATE || !arm_id_parse(p->arena, c->id, &id) ||
			!id.parent || !is_absent_group(p, id.parent))
			continue;
		bool known = false;
		for (size_t k = 0; k < ntold; k++)
			known |= text_same_nocase(told[k], id.parent);
		if (known)
			continue;
		*ARENA_PUSH(p->arena, told, ntold) = id.parent;
		const char *name = strrchr(id.parent, '/') + 1;
		(void)diag_error(p->diags, c->at, "resource-group-absent",
			"%s would be made in the resource group `%s`, which does not exist",
			c->address, name);
		diag_about(p->diags, c->address);
		diag_help(p->diags,
			"correct the name, make the group first, or declare it: `resourceGroups: "
			"{%s: {}}`",
			name);
	}
}

void planner_guard(struct planner *p)
{
	if (p->options->only_looks)
		return;
	for (size_t i = 0; i < p->nall; i++)
		if (change_removes(&p->all[i]))
			check_attached(p, &p->all[i]);
	if (p->options->destroy)
		return;
	check_groups(p);
	check_deletes(p);
	if (changes_any(p))
		check_node_sets(p);
}
