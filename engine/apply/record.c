/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply/record.h"

#include <assert.h>
#include <string.h>

#include "engine/apply/merge.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/plan/intent.h"
#include "engine/plan/moves.h"

bool record_put(struct recorder *r, const char *id, const struct record *record, bool made,
	struct diags *diags)
{
	if (!made)
		return state_drop_record(r->state, id, diags);
	const struct secrets *secrets = r->snapshot->secrets;
	json_auto_t *body = secrets_seal(secrets, record->body);
	json_auto_t *before = secrets_seal(secrets, record->before);
	struct record sealed = *record;
	sealed.body = body;
	sealed.before = before;
	return state_put_record(r->state, &sealed, diags);
}

static bool record_one(struct recorder *r, const struct change *change, const json_t *standing,
	struct diags *diags)
{
	struct record record;
	bool made = standing && change_record(r->arena, change, standing, &record);
	return record_put(r, change->id, &record, made, diags);
}

bool record_change(struct recorder *r, const struct change *change, struct diags *diags)
{
	const struct actual *actual = snapshot_actual(r->snapshot, change->id);
	bool gone = change->action == ACTION_DELETE || !actual;
	return record_one(r, change, gone ? NULL : actual->body, diags);
}

bool record_followed(struct recorder *r, const struct followed *f, struct diags *diags)
{
	bool ok = true;
	for (size_t i = 0; f && i < f->nrecords && ok; i++)
		ok = !f->old_ids[i] || state_drop_record(r->state, f->old_ids[i], diags);
	for (size_t i = 0; f && i < f->nrecords && ok; i++)
		ok = !f->differs[i] || record_put(r, NULL, &f->records[i], true, diags);
	return ok;
}

/* ARM compares names of tags without case, and a tag of another spelling is the same one. */
static void drop_tag(struct arena *a, json_t *body, const char *pointer)
{
	json_t *tags = json_object_get(body, "tags");
	if (strncmp(pointer, "/tags/", 6) == 0)
		(void)json_object_del(tags, diff_tag_key(tags, pointer_last(a, pointer)));
}

/* False when nothing of ours is left of it. */
static bool drifted(struct recorder *r, const struct drift *d, struct record *out)
{
	const struct record *old = snapshot_record(r->snapshot, d->id);
	if (!old || d->removed)
		return false;
	bool is_existing = strcmp(old->origin, "existing") == 0;
	*out = *old;
	out->body = arena_json(r->arena, json_deep_copy(old->body));
	out->before = arena_json(r->arena, json_copy(old->before));
	for (size_t i = 0; i < d->edits.count; i++) {
		const struct edit *e = &d->edits.items[i];
		drop_tag(r->arena, out->body, e->pointer);
		if (is_existing) {
			json_drop(out->body, e->pointer);
			(void)json_object_del(out->before, e->pointer);
		} else {
			edit_apply(out->body, d->schema, e);
		}
	}
	return !is_existing || json_has_leaf(out->body);
}

bool record_drift(struct recorder *r, const struct drift *d, struct diags *diags)
{
	struct record record;
	bool made = drifted(r, d, &record);
	return record_put(r, d->id, &record, made, diags) &&
		(!d->removed || record_drop_inside(r, d->id, diags));
}

/* A reference was taken out only to be put back by a later step: the rest of the record holds. */
static bool record_detached(struct recorder *r, const struct step *step, struct diags *diags)
{
	const struct record *old = snapshot_record(r->snapshot, step->id);
	if (!old)
		return true;
	struct record record = *old;
	record.body = arena_json(r->arena, json_deep_copy(old->body));
	for (size_t i = 0; i < step->edits.count; i++)
		json_drop(record.body, step->edits.items[i].pointer);
	return record_put(r, step->id, &record, true, diags);
}

bool record_drop_inside(struct recorder *r, const char *id, struct diags *diags)
{
	const struct record *records = r->snapshot->records;
	size_t count = r->snapshot->nrecords, len = strlen(id);
	size_t i = records_from(records, count, id);
	for (; i < count && text_starts_nocase(records[i].id, id); i++)
		if (records[i].id[len] == '/' && !state_drop_record(r->state, records[i].id, diags))
			return false;
	return true;
}

static const json_t *child_standing(const struct step_child *child, const json_t *standing)
{
	return merge_item(json_at(standing, child->schema->child_pointer), child->name);
}

bool record_step(
	struct recorder *r, const struct step *step, const json_t *standing, struct diags *diags)
{
	if (step->detaches)
		return record_detached(r, step, diags);
	bool ok = !step->change || record_one(r, step->change, standing, diags);
	for (size_t i = 0; i < step->nchildren && ok; i++) {
		const struct step_child *child = &step->children[i];
		const json_t *item =
			standing && child->after ? child_standing(child, standing) : NULL;
		ok = record_one(r, child->change, item, diags);
	}
	if (ok && step->verb == STEP_DELETE)
		ok = record_drop_inside(r, step->id, diags);
	return ok;
}

static bool record_if_true(struct recorder *r, const struct change *change, const json_t *standing,
	struct diags *diags)
{
	return change_came(r->arena, r->snapshot->catalog, change, standing) != CAME_TRUE ||
		record_one(r, change, standing, diags);
}

bool record_came_true(
	struct recorder *r, const struct step *step, const json_t *standing, struct diags *diags)
{
	bool ok =
		!step->change || step->detaches || record_if_true(r, step->change, standing, diags);
	for (size_t i = 0; i < step->nchildren && ok; i++) {
		const struct step_child *child = &step->children[i];
		ok = record_if_true(r, child->change, child_standing(child, standing), diags);
	}
	return ok;
}

static json_t *value_or_null(json_t *value)
{
	return value ? json_incref(value) : json_null();
}

static void add_entry(json_t *changes, const struct change *change, const char *action,
	json_t *before, json_t *after)
{
	json_t *entry = json_pack("{s:s, s:s, s:s, s:o, s:o}", "address", change->address, "id",
		change->id, "action", action, "before", value_or_null(before), "after",
		value_or_null(after));
	int failed = json_array_append_new(changes, entry);
	assert(failed == 0);
	(void)failed;
}

static void add_history(json_t *changes, const struct change *change)
{
	add_entry(changes, change, action_name(change->action), change->before, change->after);
}

void record_drift_history(struct recorder *r, json_t *changes, const struct drift *d)
{
	const struct record *old = snapshot_record(r->snapshot, d->id);
	const struct change change = { .address = d->address, .id = d->id };
	struct record record;
	bool made = drifted(r, d, &record);
	add_entry(changes, &change, made ? "refresh" : "forget", old ? old->body : NULL,
		made ? record.body : NULL);
}

void record_unwritten_history(json_t *changes, const struct change *change, bool is_carried)
{
	if (change->moved_from) {
		json_auto_t *before = json_pack("{s:s}", "id", change->moved_from);
		json_auto_t *after = json_pack("{s:s}", "id", change->id);
		add_entry(changes, change, "move", before, after);
	}
	if (is_carried)
		return;
	if (change->action == ACTION_FORGET || change->lets_go)
		add_entry(changes, change, "forget", change->before, NULL);
	else if (change->adopts)
		add_entry(changes, change, "adopt", change->before, change->after);
}

json_t *record_history(const struct step *step)
{
	json_t *changes = json_array();
	if (step->change)
		add_history(changes, step->change);
	for (size_t i = 0; i < step->nchildren; i++)
		add_history(changes, step->children[i].change);
	return changes;
}
