/* SPDX-License-Identifier: Apache-2.0 */
/* ownership.c - whose is it: declared, recorded and actual decide what is done with each
 *
 * The rules are those of DESIGN.md section 3. Ours is what the state says we made or took over.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/internal.h"
#include "schemas/arm_id.h"

static struct change declared_change(
	const struct planner *p, const struct resource *r, const struct change *before)
{
	/* Node routes of one entry, which stand at one place, follow each other. */
	bool same = before && before->resource && before->resource->pointer == r->pointer;
	return (struct change){
		.address = r->address,
		.id = r->id,
		.name = r->name,
		.schema = r->schema,
		.resource = r,
		.at = same ? before->at : config_place(p->config, r->pointer, YAML_KEY),
	};
}

static struct change recorded_change(
	const struct planner *p, const struct record *r, const struct schema *schema)
{
	const char *slash = strrchr(r->id, '/');
	return (struct change){
		.address = config_address_of(p->config, r->id),
		.id = r->id,
		.name = slash ? slash + 1 : r->id,
		.schema = schema,
	};
}

/* What stands of each: both are in the order of ids. */
static void find_actuals(struct planner *p)
{
	const struct snapshot *s = p->snapshot;
	size_t at = 0;
	for (size_t i = 0; i < p->nall; i++) {
		int order = 1;
		for (; at < s->nactuals; at++) {
			const struct actual *actual = &s->actuals[at];
			order = actual->resource && actual->resource == p->all[i].resource
				? 0
				: text_compare_nocase(actual->id, p->all[i].id);
			if (order >= 0)
				break;
		}
		if (order == 0)
			p->all[i].actual = &s->actuals[at++];
	}
}

/* Declared and recorded are in the order of ids, too: one walk over both. */
void planner_pair(struct planner *p)
{
	const struct snapshot *s = p->snapshot;
	size_t nresources = p->config->nresources, declared = 0, recorded = 0;
	p->all = arena_alloc(p->arena, (nresources + s->nrecords) * sizeof *p->all);
	while (declared < nresources || recorded < s->nrecords) {
		struct change *c = &p->all[p->nall];
		const struct resource *r =
			declared < nresources ? p->config->by_id[declared] : NULL;
		const struct record *record = recorded < s->nrecords ? &s->records[recorded] : NULL;
		int order = !r ? 1 : !record ? -1 : text_compare_nocase(r->id, record->id);
		recorded += order >= 0;
		if (order <= 0) {
			*c = declared_change(p, r, p->nall ? c - 1 : NULL);
			c->record = order == 0 ? record : NULL;
			declared++;
			p->nall++;
			continue;
		}
		const struct schema *schema =
			record ? catalog_type(p->config->catalog, record->type) : NULL;
		if (schema) {
			*c = recorded_change(p, record, schema);
			c->record = record;
			p->nall++;
		}
	}
	find_actuals(p);
}

static bool is_recorded_as_existing(const struct change *c)
{
	return c->record && strcmp(c->record->origin, "existing") == 0;
}

/* ---- declared ---- */

static bool is_ignored(const struct resource *r, const char *pointer)
{
	for (size_t i = 0; i < r->nignore_changes; i++) {
		size_t len = strlen(r->ignore_changes[i]);
		bool within = strncmp(pointer, r->ignore_changes[i], len) == 0;
		if (within && (pointer[len] == '\0' || pointer[len] == '/'))
			return true;
	}
	return false;
}

static void drop_ignored(const struct resource *r, struct edits *edits)
{
	size_t kept = 0;
	for (size_t i = 0; i < edits->count; i++)
		if (!is_ignored(r, edits->items[i].pointer))
			edits->items[kept++] = edits->items[i];
	edits->count = kept;
}

/* foreignTags: remove - whatever tag is not declared goes. */
static void remove_foreign_tags(struct planner *p, struct change *c, const json_t *actual)
{
	const json_t *declared = json_object_get(c->after, "tags");
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(actual, "tags"), name, value) {
		if (json_object_get(declared, name))
			continue;
		struct edit *e = ARENA_PUSH(p->arena, c->edits.items, c->edits.count);
		*e = (struct edit){ .pointer = pointer_add(p->arena, "/tags", name),
			.before = value };
	}
}

static const char *forcing_member(const struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		if (edits->items[i].replaces)
			return edits->items[i].pointer;
	return NULL;
}

/* A record that says `existing` lists the members that are ours; each that the YAML no longer
 * has gets back what was there before us, if it still holds what we wrote. */
static void add_restores(struct planner *p, struct change *c, const json_t *actual)
{
	const struct record *r = c->record;
	const char *pointer;
	json_t *before;
	json_object_foreach (r->before, pointer, before) {
		const json_t *node = schema_at(c->schema->root, pointer);
		json_t *now = json_at(actual, pointer), *ours = json_at(r->body, pointer);
		bool is_declared = c->after && json_at(c->after, pointer);
		if (is_declared || diff_same(node, now, before) || !diff_same(node, now, ours))
			continue;
		struct edit *e = ARENA_PUSH(p->arena, c->edits.items, c->edits.count);
		*e = (struct edit){ .pointer = arena_strdup(p->arena, pointer),
			.before = now,
			.after = json_is_null(before) ? NULL : before };
	}
}

/* A member that left the YAML and that someone else has written over since is theirs now: it is
 * left as it stands, and told. */
static void give_up_written_over(struct planner *p, struct change *c, const json_t *actual)
{
	const struct record *r = c->record;
	const char *pointer;
	json_t *before;
	json_object_foreach (r->before, pointer, before) {
		const json_t *node = schema_at(c->schema->root, pointer);
		if (json_at(c->after, pointer) ||
			diff_same(node, json_at(actual, pointer), json_at(r->body, pointer)))
			continue;
		c->lets_go = true;
		c->why = arena_printf(p->arena,
			"%s has been changed since we wrote it: it is left as it stands", pointer);
	}
}

/* From here on, all that compares, records and writes back goes by one spelling. */
static void spell_tags_as_they_stand(struct planner *p, struct change *c, const json_t *actual)
{
	const json_t *now = json_object_get(actual, "tags");
	json_t *wanted = json_object_get(c->after, "tags");
	const char *name;
	json_t *value;
	bool differs = false;
	json_t *tags = arena_json(p->arena, json_object());
	json_object_foreach (c->nunknown ? NULL : wanted, name, value) {
		const char *key = diff_tag_key(now, name);
		differs |= strcmp(key, name) != 0;
		json_object_set(tags, key, value);
	}
	if (!differs)
		return;
	c->after = arena_json(p->arena, json_copy(c->after));
	json_object_set(c->after, "tags", tags);
}

static void find_edits(struct planner *p, struct change *c, const json_t *actual)
{
	if (c->schema->has_tags)
		spell_tags_as_they_stand(p, c, actual);
	diff_desired(p->arena, c->schema, c->after, actual, &c->edits);
	bool same = c->record && json_equal(c->record->body, c->after);
	c->as_recorded = same && c->edits.count == 0;
	if (is_recorded_as_existing(c)) {
		add_restores(p, c, actual);
		if (c->resource->existing)
			give_up_written_over(p, c, actual);
	} else if (c->record && !c->resource->existing && !same) {
		diff_dropped(p->arena, c->schema, c->record->body, c->after, actual, &c->edits);
	}
	if (c->resource->removes_foreign_tags)
		remove_foreign_tags(p, c, actual);
	drop_ignored(c->resource, &c->edits);
}

void planner_fill_before(const struct planner *p, struct change *c)
{
	if (c->actual && c->after && !c->before)
		c->before = arena_json(p->arena, body_project(c->after, c->actual->body));
}

/* A pointer into a body as the YAML writes the member: "/properties/dhcpOptions/dnsServers" is
 * `dhcpOptions.dnsServers`. */
static const char *member_path(struct arena *a, const char *pointer)
{
	const char *path = NULL;
	for (const char *token; (token = pointer_next(a, &pointer));)
		if (path || strcmp(token, "properties") != 0)
			path = path ? arena_printf(a, "%s.%s", path, token) : token;
	return path ? path : "";
}

static void check_expect(struct planner *p, const struct change *c, const json_t *actual)
{
	struct edits edits = { 0 };
	diff_desired(p->arena, c->schema, c->resource->expect, actual, &edits);
	for (size_t i = 0; i < edits.count; i++) {
		const struct edit *e = &edits.items[i];
		json_auto_t *wanted = e->after ? json_incref(e->after) : json_null();
		diag_error(p->diags, config_expect_place(p->config, c->resource, e->pointer),
			"expect-differs", "%s is expected to have `%s` %s, and Azure says %s",
			c->address, member_path(p->arena, e->pointer),
			json_canonical(p->arena, wanted),
			e->before ? json_canonical(p->arena, e->before) : "nothing of it");
		diag_help(p->diags, "find out which of the two is right before going on");
	}
}

static void decide_existing(struct planner *p, struct change *c, const struct actual *actual)
{
	if (!actual) {
		diag_error(p->diags, c->at, "existing-missing",
			"%s is said to exist, and Azure has no such %s", c->address,
			c->schema->title);
		diag_help(p->diags,
			"check its name, resource group and subscription, or take "
			"`existing: true` away to have it made");
		return;
	}
	if (c->resource->expect)
		check_expect(p, c, actual->body);
	find_edits(p, c, actual->body);
	c->lets_go |= c->record && !is_recorded_as_existing(c);
	const char *forcing = forcing_member(&c->edits);
	if (forcing)
		diag_error(p->diags, config_member_place(p->config, c->resource, forcing, YAML_KEY),
			"existing-replace",
			"%s of %s cannot be changed in place, and what exists is not replaced",
			forcing, c->address);
	if (forcing)
		diag_help(p->diags, "write what stands in Azure, or leave the member out");
	c->action = c->edits.count ? ACTION_UPDATE : ACTION_NONE;
}

/* An adopted parent brings along what is declared inside it, and so does one whose YAML says that
 * it may be: after `--target` it may be ours while what is inside is not yet. */
static bool is_adopted(struct planner *p, const struct change *c, const struct change *parent)
{
	return p->adopts_all || c->resource->adopt ||
		planner_names(p, p->options->adopt, p->options->nadopt, c) ||
		(parent && (parent->adopts || (parent->resource && parent->resource->adopt)));
}

/* Recorded under another id, where it does not stand any more: somebody moved it, it seems. */
static const struct change *moved_away(const struct planner *p, const struct change *c)
{
	for (size_t i = 0; i < p->nall; i++) {
		const struct change *other = &p->all[i];
		if (other->record && !other->actual && !other->resource &&
			text_same_nocase(other->name, c->name) &&
			!move_impossible(p->arena, p->config->catalog, other->id, c->id))
			return other;
	}
	return NULL;
}

static void refuse_not_ours(struct planner *p, const struct change *c)
{
	bool knows_nothing = p->snapshot->nrecords == 0;
	diag_error(p->diags, c->at, "not-ours", "%s exists already and is not ours", c->address);
	diag_about(p->diags, c->address);
	const struct change *moved = moved_away(p, c);
	if (moved) {
		diag_help(p->diags,
			"%s is recorded and gone: if it was moved here in Azure, say so with "
			"`moved: [{from: %s, to: %s}]`",
			moved->address, moved->address, c->address);
		return;
	}
	diag_help(p->diags,
		"take it over with `adopt: true` or --adopt '%s', or say `existing: true` to "
		"manage only the members written%s",
		c->address,
		knows_nothing ? "; the state is empty: if Waybill made this, name the right one "
				"with --state, put it back, or make it anew with `waybill import "
				"--all`"
			      : "");
}

/* What is inside of something refused is not told: who takes over the one takes over the other. */
static void decide_not_ours(struct planner *p, struct change *c)
{
	const struct change *parent =
		c->resource->parent ? planner_change(p, c->resource->parent->id) : NULL;
	c->adopts = is_adopted(p, c, parent);
	c->not_ours = !c->adopts;
	if (c->not_ours && !(parent && parent->not_ours))
		refuse_not_ours(p, c);
}

static void decide_ours(struct planner *p, struct change *c, const struct actual *actual)
{
	if (!actual) {
		c->action = ACTION_CREATE;
		return;
	}
	if (!c->record || is_recorded_as_existing(c)) {
		decide_not_ours(p, c);
		if (c->not_ours)
			return;
	}
	find_edits(p, c, actual->body);
	c->replaced_by = forcing_member(&c->edits);
	if (c->replaced_by)
		c->why = arena_printf(p->arena, "%s cannot be changed in place", c->replaced_by);
	else if (planner_names(p, p->options->replace, p->options->nreplace, c))
		c->why = "asked for by --replace";
	c->action = c->why ? ACTION_REPLACE : c->edits.count ? ACTION_UPDATE : ACTION_NONE;
}

struct live {
	const struct planner *planner;
};

static json_t *lookup_actual(void *context, const char *id, const char *pointer)
{
	const struct actual *actual =
		snapshot_actual(((struct live *)context)->planner->snapshot, id);
	return actual ? json_at(actual->body, pointer) : NULL;
}

/* Members that only the server fills in are known when their resource stands already. */
static void fill_what_is_known(struct planner *p, struct change *c)
{
	const struct resource *r = c->resource;
	c->after = r->body;
	if (r->nunknown == 0)
		return;
	struct diags ignored;
	struct live live = { p };
	diags_init(&ignored, p->arena);
	json_t *filled = arena_json(p->arena, json_deep_copy(r->body));
	if (config_fill_unknown(p->config, r, filled, lookup_actual, &live, &ignored)) {
		c->after = filled;
	} else {
		c->unknown = r->unknown;
		c->nunknown = r->nunknown;
	}
}

/* ---- only recorded ---- */

static void decide_dropped_existing(
	struct planner *p, struct change *c, const struct actual *actual)
{
	c->action = ACTION_FORGET;
	if (!actual)
		return;
	add_restores(p, c, actual->body);
	if (c->edits.count == 0) {
		c->why = "nothing of ours stands in it any more: it is left as it is";
		return;
	}
	c->action = ACTION_UPDATE;
	c->restores = true;
	c->before = arena_json(p->arena, body_project(c->record->body, actual->body));
	c->after = arena_json(p->arena, json_deep_copy(c->before));
	for (size_t i = 0; i < c->edits.count; i++)
		edit_apply(c->after, c->schema, &c->edits.items[i]);
	c->why = "what was there before us is written back";
}

/* Who lets a table go lets its routes go. */
static bool is_forgotten(const struct planner *p, const struct change *c)
{
	if (p->config->nforget == 0)
		return false;
	for (; c; c = c->schema->parent ? planner_container(p, c) : NULL)
		for (size_t i = 0; i < p->config->nforget; i++)
			if (arm_id_same(p->config->forget[i], c->id))
				return true;
	return false;
}

static void decide_dropped(struct planner *p, struct change *c, const struct actual *actual)
{
	if (!c->record)
		return;
	if (is_forgotten(p, c)) {
		c->action = ACTION_FORGET;
		c->why = "listed under `forget`";
	} else if (is_recorded_as_existing(c)) {
		decide_dropped_existing(p, c, actual);
	} else if (!actual) {
		c->action = ACTION_FORGET;
		c->why = "it is gone already";
	} else {
		c->action = ACTION_DELETE;
		c->before = arena_json(p->arena, body_project(c->record->body, actual->body));
		c->why = p->options->destroy ? NULL : "it is no longer in the configuration";
	}
}

void planner_decide(struct planner *p)
{
	for (size_t i = 0; i < p->nall; i++) {
		struct change *c = &p->all[i];
		const struct actual *actual = c->actual;
		c->left_out = p->kept && !p->kept[i];
		if (c->resource && c->left_out)
			c->after = c->resource->body;
		if (c->left_out)
			continue;
		if (!c->resource || p->options->destroy) {
			decide_dropped(p, c, actual);
			continue;
		}
		fill_what_is_known(p, c);
		if (c->resource->existing)
			decide_existing(p, c, actual);
		else
			decide_ours(p, c, actual);
	}
}
