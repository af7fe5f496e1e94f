/* SPDX-License-Identifier: Apache-2.0 */
/* replace.c - what goes with something that is replaced, and identities that moved */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "schemas/arm_id.h"

static bool is_replaced(const struct change *c)
{
	return c && c->action == ACTION_REPLACE;
}

static bool stays(const struct change *c)
{
	return c->resource && (c->action == ACTION_NONE || c->action == ACTION_UPDATE);
}

/* `with` is replaced, and takes the change along. */
static void replace_along(struct planner *p, struct change *c, const struct change *with)
{
	if (c->resource->existing) {
		diag_error(p->diags, c->at, "existing-replace",
			"%s would go with %s, which is replaced, and it is not ours", c->address,
			with->address);
		diag_help(p->diags, "move it out of what is replaced first");
		return;
	}
	c->action = ACTION_REPLACE;
	c->edits.count = 0;
	c->why = arena_printf(p->arena, "%s is replaced", with->address);
}

static bool replaces_any(const struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++)
		if (is_replaced(&p->all[i]))
			return true;
	return false;
}

/* A parent stands before its children, so one pass spreads through all levels. */
static void spread_down(struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++) {
		struct change *c = &p->all[i];
		const struct change *container = planner_container(p, c);
		if (is_replaced(container) && stays(c))
			replace_along(p, c, container);
	}
}

/* A reference that cannot be changed in place cannot be taken out for a while, either. */
static void spread_to_referrers(struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++) {
		struct change *c = &p->all[i];
		for (size_t n = 0; stays(c) && n < c->resource->nreferences; n++) {
			const struct reference *r = &c->resource->references[n];
			const json_t *node =
				r->pointer ? schema_at(c->schema->root, r->pointer) : NULL;
			const struct change *target = node ? planner_change(p, r->id) : NULL;
			if (is_replaced(target) && !schema_is_updatable(node))
				replace_along(p, c, target);
		}
	}
}

static void refuse_asked(struct planner *p, const struct change *c, const char *container)
{
	if (c->resource->existing) {
		diag_error(p->diags, c->at, "existing-replace",
			"--replace names %s, and what exists is not replaced", c->address);
		diag_help(p->diags, "take `existing: true` away to make it yours first");
	} else {
		diag_error(p->diags, c->at, "replace-inside",
			"--replace names %s, which is a part of %s and written with it: to take it "
			"out and put it back would be no write at all",
			c->address, container);
		diag_help(p->diags, "replace the whole: --replace '%s'", container);
	}
	diag_about(p->diags, c->address);
}

/* What is asked for and cannot be done is refused, and not shown as if it were. */
static void check_asked(struct planner *p)
{
	const struct plan_options *o = p->options;
	for (size_t i = 0; i < p->nall && o->nreplace && !o->destroy; i++) {
		const struct change *c = &p->all[i];
		const struct change *container = planner_container(p, c);
		if (!c->resource || !planner_names(p, o->replace, o->nreplace, c))
			continue;
		bool inside = c->action == ACTION_REPLACE && container &&
			c->schema->written == WRITTEN_WITH_PARENT && !is_replaced(container);
		if (c->resource->existing || inside)
			refuse_asked(p, c, container ? container->address : "");
	}
}

static const char *pointer_of_record(const struct change *c)
{
	return c->record ? json_text_at(c->record->extra, "/pointer") : NULL;
}

static const char *moved_member(struct arena *a, const char *from, const char *to)
{
	struct arm_id old, new;
	if (!arm_id_parse(a, from, &old) || !arm_id_parse(a, to, &new))
		return "name";
	if (!text_same_nocase(old.name, new.name))
		return "name";
	return text_same_nocase(old.subscription, new.subscription) ? "resourceGroup"
								    : "subscription";
}

static void explain_pair(struct planner *p, struct change *gone, struct change *made)
{
	const char *member = moved_member(p->arena, gone->id, made->id);
	gone->why = arena_printf(
		p->arena, "`%s` has changed: %s takes its place", member, made->address);
	made->replaced_by = arena_printf(p->arena, "/%s", member);
	made->why = arena_printf(p->arena, "`%s` has changed: it was %s", member, gone->address);
}

static int by_pointer(const void *a, const void *b)
{
	const struct change *const *x = a, *const *y = b;
	return strcmp((*x)->resource->pointer, (*y)->resource->pointer);
}

/* One entry of the YAML whose id is another than recorded: a delete and a create, because ARM has
 * no rename. Node routes share their entry, and a new name for one is its everyday life. */
static void explain_identity(struct planner *p)
{
	struct change **made = NULL;
	size_t nmade = 0;
	for (size_t i = 0; i < p->nall; i++) {
		struct change *c = &p->all[i];
		if (c->action == ACTION_CREATE && c->resource && !c->resource->node)
			*ARENA_PUSH(p->arena, made, nmade) = c;
	}
	if (nmade)
		qsort(made, nmade, sizeof *made, by_pointer);
	for (size_t i = 0; i < p->nall && nmade; i++) {
		struct change *gone = &p->all[i];
		const char *pointer = pointer_of_record(gone);
		if (gone->action != ACTION_DELETE || gone->resource || !pointer)
			continue;
		struct resource entry = { .pointer = pointer };
		struct change wanted = { .resource = &entry };
		const struct change *key = &wanted;
		struct change **found = bsearch(&key, made, nmade, sizeof *made, by_pointer);
		if (found)
			explain_pair(p, gone, *found);
	}
}

static void check_prevent_destroy(struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *c = &p->all[i];
		if (!change_removes(c) || !c->resource || !c->resource->prevent_destroy)
			continue;
		diag_error(p->diags, c->at, "prevent-destroy",
			"%s would be deleted, and its lifecycle says preventDestroy%s%s",
			c->address, c->why ? ": " : "", c->why ? c->why : "");
		diag_help(p->diags, "take `preventDestroy` away if it really shall go");
	}
}

void planner_spread_replacement(struct planner *p)
{
	if (replaces_any(p)) {
		spread_down(p);
		spread_to_referrers(p);
	}
	check_asked(p);
	if (!p->options->destroy)
		explain_identity(p);
	check_prevent_destroy(p);
}
