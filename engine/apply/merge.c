/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/merge.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

json_t *merge_item(const json_t *items, const char *name)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i);
		const char *other = json_text_at(item, "/name");
		if (other && text_same_nocase(other, name))
			return item;
	}
	return NULL;
}

/* The list of a kind of child in its parent's body; made when it is not there. */
static json_t *child_list(json_t *body, const struct schema *child)
{
	json_t *items = json_at(body, child->child_pointer);
	if (json_is_array(items))
		return items;
	items = json_array();
	bool fits = json_put(body, child->child_pointer, items);
	assert(fits);
	(void)fits;
	return items;
}

/* As ARM writes an item of a list: its name first. */
static json_t *child_item(const struct step_child *child)
{
	json_t *item = json_pack("{s:s}", "name", child->name);
	int failed = json_object_update_missing(item, child->after);
	assert(failed == 0);
	(void)failed;
	return item;
}

static void append(json_t *items, json_t *item_new)
{
	int failed = json_array_append_new(items, item_new);
	assert(failed == 0);
	(void)failed;
}

json_t *merge_create(const struct step *step)
{
	json_t *body = step->body ? json_deep_copy(step->body) : json_object();
	for (size_t i = 0; i < step->nchildren; i++) {
		const struct step_child *child = &step->children[i];
		if (child->after)
			append(child_list(body, child->schema), child_item(child));
	}
	return body;
}

/* Whether `value` stands at the pointer, in whichever form ARM may write it. */
static bool stands(struct arena *a, const struct schema *schema, const char *pointer,
	const json_t *value, const json_t *now)
{
	if (diff_same(schema_at(schema->root, pointer), json_at(now, pointer), value))
		return true;
	if (!value)
		return false;
	json_auto_t *wanted = json_object();
	if (!json_put(wanted, pointer, json_deep_copy(value)))
		return false;
	struct edits left = { 0 };
	diff_desired(a, schema, wanted, now, &left);
	return left.count == 0;
}

static bool holds_all(
	struct arena *a, const struct schema *schema, const json_t *desired, const json_t *now)
{
	struct edits left = { 0 };
	if (!now)
		return false;
	diff_desired(a, schema, desired, now, &left);
	return left.count == 0;
}

static struct conflict *add_conflict(
	struct arena *a, struct merged *merged, const char *address, const struct change *change)
{
	struct conflict *c = ARENA_PUSH(a, merged->conflicts, merged->nconflicts);
	c->address = address;
	c->change = change;
	return c;
}

/* What is newer than the schema stays, in the items of a list that is written anew as well. */
static void put_edit(json_t *body, const struct schema *schema, const struct edit *e)
{
	struct edit kept = *e;
	json_auto_t *after = e->after ? value_with_newer(schema_at(schema->root, e->pointer),
						e->after, json_at(body, e->pointer))
				      : NULL;
	kept.after = after;
	edit_apply(body, schema, &kept);
}

/* The edits of the resource itself, put into `body`; returns whether there was anything to do. */
static bool merge_own(struct arena *a, const struct step *step, const json_t *now, json_t *body,
	struct merged *merged)
{
	bool any = false;
	for (size_t i = 0; i < step->edits.count; i++) {
		const struct edit *e = &step->edits.items[i];
		if (stands(a, step->schema, e->pointer, e->after, now))
			continue;
		if (stands(a, step->schema, e->pointer, e->before, now)) {
			put_edit(body, step->schema, e);
			any = true;
			continue;
		}
		struct conflict *c = add_conflict(a, merged, step->address, step->change);
		c->member = e->pointer;
		c->planned = e->before;
		c->now = json_at(now, e->pointer);
	}
	return any;
}

/* Members that the plan takes out of a child which stays. */
static bool dropped_are_gone(struct arena *a, const struct step_child *child, const json_t *item)
{
	const struct edits *edits = &child->change->edits;
	for (size_t i = 0; i < edits->count; i++)
		if (!edits->items[i].after &&
			!stands(a, child->schema, edits->items[i].pointer, NULL, item))
			return false;
	return true;
}

/* Also of members that the plan adds or takes out, of which `before` may not speak. */
static bool edits_are_before(struct arena *a, const struct step_child *child, const json_t *item)
{
	const struct edits *edits = &child->change->edits;
	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *e = &edits->items[i];
		if (!stands(a, child->schema, e->pointer, e->before, item))
			return false;
	}
	return true;
}

static bool child_is_after(struct arena *a, const struct step_child *child, const json_t *item)
{
	if (!child->after || !item)
		return !child->after && !item;
	json_auto_t *ours = change_ours(child->change, child->after);
	return holds_all(a, child->schema, ours, item) && dropped_are_gone(a, child, item);
}

static bool child_is_before(struct arena *a, const struct step_child *child, const json_t *item)
{
	if (!child->before || !item)
		return !child->before && !item;
	return holds_all(a, child->schema, child->before, item) && edits_are_before(a, child, item);
}

static void remove_item(json_t *items, const json_t *item)
{
	for (size_t i = json_array_size(items); i-- > 0;)
		if (json_array_get(items, i) == item)
			(void)json_array_remove(items, i);
}

/* In place, so that members which neither before nor after speaks of survive. */
static void update_item(struct arena *a, const struct step_child *child, json_t *item)
{
	struct edits edits = { 0 };
	diff_desired(a, child->schema, child->after, item, &edits);
	for (size_t i = 0; i < edits.count; i++)
		put_edit(item, child->schema, &edits.items[i]);
	const struct edits *planned = &child->change->edits;
	for (size_t i = 0; i < planned->count; i++)
		if (!planned->items[i].after)
			edit_apply(item, child->schema, &planned->items[i]);
}

static void write_child(struct arena *a, const struct step_child *child, json_t *body)
{
	json_t *items = child_list(body, child->schema);
	json_t *item = merge_item(items, child->name);
	if (!child->after)
		remove_item(items, item);
	else if (item)
		update_item(a, child, item);
	else
		append(items, child_item(child));
}

/* What stands of each child, found by name once instead of by a walk for each. */
static json_t *items_by_name(struct arena *a, const json_t *items)
{
	json_t *known = arena_json(a, json_object());
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i);
		const char *name = json_text_at(item, "/name");
		if (!name)
			continue;
		int failed = json_object_set(known, text_lower(a, name), item);
		assert(failed == 0);
		(void)failed;
	}
	return known;
}

static bool merge_children(struct arena *a, const struct step *step, const json_t *now,
	json_t *body, struct merged *merged)
{
	bool any = false;
	const struct schema *schema = NULL;
	const json_t *known = NULL;
	for (size_t i = 0; i < step->nchildren; i++) {
		const struct step_child *child = &step->children[i];
		if (!known || child->schema != schema) {
			schema = child->schema;
			known = items_by_name(a, json_at(now, schema->child_pointer));
		}
		const json_t *item = json_object_get(known, text_lower(a, child->name));
		if (child_is_after(a, child, item))
			continue;
		if (child_is_before(a, child, item)) {
			write_child(a, child, body);
			any = true;
			continue;
		}
		struct conflict *c = add_conflict(a, merged, child->change->address, child->change);
		c->planned = child->before;
		c->now = item;
	}
	return any;
}

struct merged merge_update(struct arena *a, const struct step *step, const json_t *now)
{
	struct merged merged = { 0 };
	json_t *body = arena_json(a, body_writable(step->schema, now, true));
	bool own = merge_own(a, step, now, body, &merged);
	bool children = merge_children(a, step, now, body, &merged);
	if (merged.nconflicts > 0 || !(own || children || step->rewrites))
		return merged;
	if (step->verb == STEP_TAGS) {
		const json_t *tags = json_at(body, "/tags");
		body = arena_json(
			a, json_pack("{s:o}", "tags", tags ? json_deep_copy(tags) : json_object()));
	}
	merged.body = body;
	return merged;
}

bool merge_is_as_created(struct arena *a, const struct step *step, const json_t *now)
{
	json_auto_t *ours =
		step->change ? change_ours(step->change, step->body) : json_incref(step->body);
	if (ours && !holds_all(a, step->schema, ours, now))
		return false;
	for (size_t i = 0; i < step->nchildren; i++) {
		const struct step_child *child = &step->children[i];
		const json_t *items = json_at(now, child->schema->child_pointer);
		if (!child_is_after(a, child, merge_item(items, child->name)))
			return false;
	}
	return true;
}

static bool is_steps_child(const struct step *step, const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < step->nchildren; i++)
		if (step->children[i].schema == schema &&
			text_same_nocase(step->children[i].name, name))
			return true;
	return false;
}

struct merged merge_delete(struct arena *a, const struct step *step,
	const struct snapshot *snapshot, const json_t *now)
{
	struct merged merged = { 0 };
	for (size_t c = 0; c < step->schema->nchildren; c++) {
		const struct schema *schema = step->schema->children[c];
		const json_t *items = json_at(now, schema->child_pointer);
		for (size_t i = 0; i < json_array_size(items); i++) {
			const json_t *item = json_array_get(items, i);
			const char *name = json_text_at(item, "/name");
			if (!name || is_steps_child(step, schema, name))
				continue;
			const char *id = arm_id_make(a, step->id, schema->type, name);
			if (snapshot_record(snapshot, id))
				continue;
			const char *address =
				arena_printf(a, "%s/%s/%s", step->address, schema->section, name);
			add_conflict(a, &merged, address, step->change)->now = item;
		}
	}
	return merged;
}

static bool was_seen(const struct snapshot *snapshot, const char *id)
{
	for (size_t i = 0; i < snapshot->ncontents; i++)
		if (arm_id_same(snapshot->contents[i].id, id))
			return true;
	return snapshot_record(snapshot, id) != NULL;
}

struct merged merge_contents(struct arena *a, const struct step *step,
	const struct snapshot *snapshot, const json_t *contents)
{
	struct merged merged = { 0 };
	for (size_t i = 0; i < json_array_size(contents); i++) {
		const json_t *item = json_array_get(contents, i);
		const char *id = json_text_at(item, "/id");
		if (id && !was_seen(snapshot, id))
			add_conflict(a, &merged, arena_strdup(a, id), step->change)->now = item;
	}
	return merged;
}
