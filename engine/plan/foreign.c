/* SPDX-License-Identifier: Apache-2.0 */
/* foreign.c - what someone else made inside something of ours, or changed in it */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "schemas/arm_id.h"

static int compare_foreigns(const void *a, const void *b)
{
	return strcmp(((const struct foreign *)a)->address, ((const struct foreign *)b)->address);
}

struct removal {
	const struct actual *actual;
	const char *why;
};

struct found {
	struct removal *removals;
	size_t nremovals;
};

static void remove_foreign(
	struct planner *p, struct found *found, const struct actual *actual, const char *why)
{
	*ARENA_PUSH(p->arena, found->removals, found->nremovals) =
		(struct removal){ .actual = actual, .why = why };
}

static void refuse_to_lose(struct planner *p, const struct change *container, const char *id)
{
	diag_error(p->diags, container->at, "foreign-inside",
		"%s would be deleted, and %s inside it is not ours", container->address,
		config_address_of(p->config, id));
	diag_about(p->diags, container->address);
	diag_help(p->diags, "take it out first, or let it go too with --delete-foreign '%s'",
		container->address);
}

static void found_foreign(
	struct planner *p, struct found *found, const struct actual *actual, struct change *parent)
{
	bool may_go =
		planner_names(p, p->options->delete_foreign, p->options->ndelete_foreign, parent);
	if (change_removes(parent) && may_go) {
		remove_foreign(p, found, actual, "it goes with its parent: --delete-foreign");
	} else if (change_removes(parent)) {
		refuse_to_lose(p, parent, actual->id);
	} else if (parent->resource && parent->resource->removes_foreign && !parent->left_out &&
		!p->options->destroy && !p->plan->drift_only) {
		remove_foreign(p, found, actual, "its parent says to remove what is foreign");
	} else {
		const char *name = json_text_at(actual->body, "/name");
		*ARENA_PUSH(p->arena, p->plan->foreigns, p->plan->nforeigns) = (struct foreign){
			.address = config_address_of(p->config, actual->id),
			.id = actual->id,
			.name = name ? name : "",
			.schema = actual->schema,
			.parent_address = parent->address,
			.body = actual->body,
		};
	}
}

static struct change removal_change(const struct planner *p, const struct removal *removal)
{
	const struct actual *actual = removal->actual;
	const char *name = json_text_at(actual->body, "/name");
	json_t *body = body_writable(actual->schema, actual->body, false);
	return (struct change){
		.address = config_address_of(p->config, actual->id),
		.id = actual->id,
		.name = name ? name : "",
		.schema = actual->schema,
		.actual = actual,
		.action = ACTION_DELETE,
		.before = arena_json(p->arena, body),
		.why = removal->why,
	};
}

/* What was planned otherwise, such as an existing subnet that was to be given back, goes too. */
static void add_removals(struct planner *p, const struct found *found)
{
	if (found->nremovals == 0)
		return;
	struct change *all = NULL;
	size_t nall = 0;
	for (size_t i = 0; i < found->nremovals; i++) {
		struct change removal = removal_change(p, &found->removals[i]);
		struct change *known = planner_change(p, removal.id);
		if (known) {
			removal.record = known->record;
			*known = removal;
		} else {
			*ARENA_PUSH(p->arena, all, nall) = removal;
		}
	}
	for (size_t i = 0; i < p->nall; i++)
		*ARENA_PUSH(p->arena, all, nall) = p->all[i];
	if (nall)
		qsort(all, nall, sizeof *all, change_by_id);
	p->all = all;
	p->nall = nall;
}

/* A group is deleted with everything in it, so everything in it has to be ours. */
static void check_contents(struct planner *p)
{
	for (size_t i = 0; i < p->snapshot->ncontents; i++) {
		const struct content *content = &p->snapshot->contents[i];
		const struct change *group = planner_change(p, content->container);
		const struct change *inside = planner_change(p, content->id);
		if (!group || !change_removes(group) || (inside && change_removes(inside)))
			continue;
		if (!planner_names(
			    p, p->options->delete_foreign, p->options->ndelete_foreign, group))
			refuse_to_lose(p, group, content->id);
	}
}

static void refuse_same_value(
	struct planner *p, const struct change *ours, const struct foreign *f, const char *pointer)
{
	const char *value = json_text_at(f->body, pointer);
	const char *code = json_text_at(ours->schema->facts, "/unique/code");
	diag_error(p->diags, config_member_place(p->config, ours->resource, pointer, YAML_VALUE),
		code ? code : "duplicate", "%s and %s, which is not ours, have the same %s: %s",
		ours->address, f->address, pointer, value ? value : "?");
	diag_about(p->diags, ours->address);
	diag_help(p->diags, "take one of the two away: ARM refuses both in one %s",
		ours->schema->parent->title);
}

/* What ARM wants to be unique among siblings must be so with the foreign ones, too. */
static void check_unique(struct planner *p, const struct foreign *f)
{
	const char *pointer = json_text_at(f->schema->facts, "/unique/pointer");
	const json_t *value = pointer ? json_at(f->body, pointer) : NULL;
	struct arm_id id;
	if (!value || !arm_id_parse(p->arena, f->id, &id) || !id.parent)
		return;
	const json_t *node = schema_at(f->schema->root, pointer);
	const struct change *c = planner_change(p, id.parent);
	/* Children stand right behind their parent. */
	for (c = c ? c + 1 : p->all + p->nall;
		c < p->all + p->nall && text_starts_nocase(c->id, id.parent); c++) {
		const json_t *ours =
			c->resource && c->schema == f->schema ? json_at(c->after, pointer) : NULL;
		if (ours && schema_same_scalar(node, ours, value))
			refuse_same_value(p, c, f, pointer);
	}
}

/* The change of what stands, from `at` on: both are in the order of ids. The next one if none. */
static const struct change *advance(const struct planner *p, const struct change *at,
	const struct actual *actual, bool *is_same)
{
	const struct change *end = p->all + p->nall;
	while (at < end && (!at->actual || at->actual < actual))
		at++;
	*is_same = at < end && at->actual == actual;
	return at;
}

void planner_find_foreign(struct planner *p)
{
	struct found found = { 0 };
	const struct change *known = p->all;
	struct change *parent = NULL;
	const char *parent_id = NULL;
	for (size_t i = 0; i < p->snapshot->nactuals; i++) {
		const struct actual *actual = &p->snapshot->actuals[i];
		if (!actual->parent || !actual->schema->parent)
			continue;
		if (actual->parent != parent_id)
			parent = planner_change(p, actual->parent);
		parent_id = actual->parent;
		bool is_known;
		known = advance(p, known, actual, &is_known);
		/* What is existing, or let go, is someone else's too when its parent goes. */
		bool is_foreign =
			!is_known || (parent && change_removes(parent) && !change_removes(known));
		if (is_foreign && parent && change_is_ours(parent))
			found_foreign(p, &found, actual, parent);
	}
	add_removals(p, &found);
	check_contents(p);
	bool writes = !p->options->destroy && !p->plan->drift_only;
	for (size_t i = 0; i < p->plan->nforeigns && writes; i++)
		check_unique(p, &p->plan->foreigns[i]);
	planner_find_foreign_tags(p);
	if (p->plan->nforeigns)
		qsort(p->plan->foreigns, p->plan->nforeigns, sizeof *p->plan->foreigns,
			compare_foreigns);
}

/* What stands where a secret stood that nobody can name any more is one, too. */
static void learn_secrets(struct secrets *secrets, const json_t *recorded, const json_t *now)
{
	secrets_add_pair(secrets, recorded, now);
	if (recorded && secrets_sealed(recorded))
		secrets_add_all(secrets, now);
}

void planner_find_drift(struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *c = &p->all[i];
		if (!c->record || c->as_recorded)
			continue;
		const struct actual *actual = c->actual;
		struct edits edits = { 0 };
		if (actual)
			diff_desired(p->arena, c->schema, c->record->body, actual->body, &edits);
		if (actual && edits.count == 0)
			continue;
		for (size_t n = 0; n < edits.count; n++) {
			json_t *now = edits.items[n].before;
			edits.items[n].before = edits.items[n].after;
			edits.items[n].after = now;
			learn_secrets(p->config->secrets, edits.items[n].before, now);
		}
		*ARENA_PUSH(p->arena, p->plan->drifts, p->plan->ndrifts) = (struct drift){
			.address = c->address,
			.id = c->id,
			.schema = c->schema,
			.removed = !actual,
			.edits = edits,
		};
	}
}
