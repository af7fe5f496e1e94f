/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/rights.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/sources.h"
#include "engine/plan/internal.h"
#include "engine/plan/reads.h"
#include "schemas/arm_id.h"

#define RESOURCES_ASKED 32 /* at most, of those that the rights on their group do not cover */

struct need {
	const char *action; /* "Microsoft.Network/routeTables/write" */
	const char *id;     /* of the resource that it is done to */
	const char *scope;  /* whose permissions are asked for: its group, or what is above that */
	bool stands;        /* then its own may be asked for, too */
	struct place at;
	const char *address; /* of the resource that wants it */
	bool lacks;
};

struct rights {
	const struct plan *plan;
	struct arena *arena;
	const char *suffix, *version; /* how permissions are asked for */
	json_t *made;                 /* keys of ids that the plan creates */
	json_t *seen;                 /* "ACTION ID", without case */
	struct need *needs;
	size_t count;
};

/* ---- what is needed ---- */

static bool is_made(const struct rights *r, const char *id)
{
	return json_object_get(r->made, arm_id_key(r->arena, id)) != NULL;
}

/* A group that does not stand yet has no permissions of its own. */
static const char *scope_of(const struct rights *r, const char *id)
{
	struct arm_id parts;
	if (!arm_id_parse(r->arena, id, &parts))
		return NULL;
	const char *subscription = arena_printf(r->arena, "/subscriptions/%s", parts.subscription);
	if (!parts.resource_group)
		return subscription;
	const char *group =
		arena_printf(r->arena, "%s/resourceGroups/%s", subscription, parts.resource_group);
	return is_made(r, group) ? subscription : group;
}

static void add_need(
	struct rights *r, const char *action, const char *id, bool stands, const struct step *step)
{
	const char *scope = scope_of(r, id);
	const char *key = text_lower(r->arena, arena_printf(r->arena, "%s %s", action, id));
	if (!scope || json_object_get(r->seen, key))
		return;
	(void)json_object_set_new(r->seen, key, json_true());
	*ARENA_PUSH(r->arena, r->needs, r->count) = (struct need){ .action = action,
		.id = id,
		.scope = scope,
		.stands = stands,
		.at = step->change        ? step->change->at
			: step->nchildren ? step->children[0].change->at
					  : PLACE_NONE,
		.address = step->address };
}

/* What a body refers to may need an action on that, too (x-linked-action). */
static void add_links(
	struct rights *r, const struct step *step, const json_t *node, const json_t *value)
{
	const char *type = schema_reference_type(node), *key;
	const char *action = schema_linked_action(node);
	const char *id = json_text_at(value, "/id");
	json_t *member;
	size_t i;
	if (type && action && id) {
		add_need(r, arena_printf(r->arena, "%s/%s", type, action), id, !is_made(r, id),
			step);
		return;
	}
	json_object_foreach ((json_t *)value, key, member)
		add_links(r, step, schema_member(node, key), member);
	json_array_foreach (value, i, member)
		add_links(r, step, schema_items(node), member);
}

static void add_step(struct rights *r, const struct step *step)
{
	bool deletes = step->verb == STEP_DELETE;
	const char *named = json_text_at(step->schema->facts, "/actions");
	add_need(r,
		arena_printf(r->arena, "%s/%s", named ? named : step->schema->type,
			deletes ? "delete" : "write"),
		step->id, step->verb != STEP_CREATE, step);
	if (step->change && step->change->after && !deletes)
		add_links(r, step, step->schema->root, step->change->after);
	for (size_t i = 0; i < step->nchildren; i++)
		if (step->children[i].after)
			add_links(r, step, step->children[i].schema->root, step->children[i].after);
}

/* ---- what is allowed ---- */

static bool covers(const json_t *patterns, const char *action)
{
	size_t i;
	const json_t *pattern;
	json_array_foreach (patterns, i, pattern) {
		const char *text = json_string_value(pattern);
		if (text && glob_matches(text, action))
			return true;
	}
	return false;
}

bool rights_allow(const json_t *permissions, const char *action)
{
	size_t i;
	const json_t *permission;
	json_array_foreach (permissions, i, permission)
		if (covers(json_object_get(permission, "actions"), action) &&
			!covers(json_object_get(permission, "notActions"), action))
			return true;
	return false;
}

static const char *path_of(const struct rights *r, const char *scope)
{
	return arena_printf(r->arena, "%s%s", scope, r->suffix);
}

/* The permissions that were read at a scope; NULL: they were not. */
static const json_t *read_at(const struct rights *r, const struct reads *reads, const char *scope)
{
	const char *key = text_lower(r->arena, path_of(r, scope));
	for (size_t i = 0; i < reads->count; i++)
		if (strcmp(reads->items[i].key, key) == 0 &&
			reads->items[i].operation.outcome == OUTCOME_DONE)
			return reads->items[i].operation.reply;
	return NULL;
}

/* What is refused here is nobody's concern, an interruption is. */
static bool run(
	struct reads *reads, const struct rights *r, struct provider *provider, struct diags *diags)
{
	struct diags own;
	diags_init(&own, r->arena);
	if (reads_run(reads, provider, &own))
		return true;
	for (size_t i = 0; i < own.count; i++)
		if (strcmp(own.items[i].code, "interrupted") == 0) {
			diag_error(diags, PLACE_NONE, "interrupted", "%s", own.items[i].text);
			diag_help(diags, "%s", own.items[i].help);
			return false;
		}
	return true;
}

static void add_read(struct reads *reads, const struct rights *r, const char *scope)
{
	reads_add_version(reads, VERB_LIST, path_of(r, scope),
		catalog_role(r->plan->catalog, ROLE_GROUP), r->version);
}

static bool ask_groups(struct rights *r, struct provider *provider, struct diags *diags)
{
	struct reads reads;
	reads_init(&reads, r->arena);
	for (size_t i = 0; i < r->count; i++)
		add_read(&reads, r, r->needs[i].scope);
	if (!run(&reads, r, provider, diags))
		return false;
	for (size_t i = 0; i < r->count; i++) {
		const json_t *permissions = read_at(r, &reads, r->needs[i].scope);
		r->needs[i].lacks = permissions && !rights_allow(permissions, r->needs[i].action);
	}
	return true;
}

/* A role may have been given on a resource alone. */
static bool ask_resources(struct rights *r, struct provider *provider, struct diags *diags)
{
	struct reads reads;
	size_t asked = 0;
	reads_init(&reads, r->arena);
	for (size_t i = 0; i < r->count; i++) {
		struct need *need = &r->needs[i];
		if (!need->lacks || !need->stands)
			continue;
		if (asked++ < RESOURCES_ASKED)
			add_read(&reads, r, need->id);
		else
			need->lacks = false; /* nobody knows */
	}
	if (!run(&reads, r, provider, diags))
		return false;
	for (size_t i = 0; i < r->count; i++) {
		struct need *need = &r->needs[i];
		if (!need->lacks || !need->stands)
			continue;
		const json_t *permissions = read_at(r, &reads, need->id);
		need->lacks = permissions && !rights_allow(permissions, need->action);
	}
	return true;
}

/* ---- telling ---- */

/* Of many resources of one group once. */
static void tell(const struct rights *r, struct diags *diags)
{
	json_auto_t *told = json_object();
	for (size_t i = 0; i < r->count; i++) {
		const struct need *need = &r->needs[i];
		const char *key = text_lower(
			r->arena, arena_printf(r->arena, "%s %s", need->action, need->scope));
		if (!need->lacks || json_object_get(told, key))
			continue;
		(void)json_object_set_new(told, key, json_true());
		diag_warning(diags, need->at, "right-missing",
			"the principal may not do `%s` on `%s`", need->action, need->scope);
		diag_about(diags, need->address);
		diag_help(diags,
			"give it a role there that allows it, or wait some minutes when "
			"it was just given; Azure will say no otherwise");
	}
}

bool rights_check(const struct plan *plan, struct provider *provider, struct diags *diags)
{
	const struct schema *group = catalog_role(plan->catalog, ROLE_GROUP);
	struct rights r = { .plan = plan,
		.arena = plan->arena,
		.made = arena_json(plan->arena, json_object()),
		.seen = arena_json(plan->arena, json_object()),
		.suffix = json_text_at(group->facts, "/permissions/suffix"),
		.version = json_text_at(group->facts, "/permissions/version") };
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].verb == STEP_CREATE)
			(void)json_object_set_new(
				r.made, arm_id_key(r.arena, plan->steps[i].id), json_true());
	for (size_t i = 0; i < plan->nsteps; i++)
		add_step(&r, &plan->steps[i]);
	if (!ask_groups(&r, provider, diags) || !ask_resources(&r, provider, diags))
		return false;
	tell(&r, diags);
	return true;
}
