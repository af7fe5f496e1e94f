/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan/moves.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/plan/internal.h"

struct following {
	struct arena *arena;
	const struct moves *moves;
};

/* What an id has behind another: "" is the same one, "/..." is inside it; else NULL. */
static const char *behind(const char *id, const char *outer)
{
	if (!text_starts_nocase(id, outer))
		return NULL;
	const char *rest = id + strlen(outer);
	return *rest == '\0' || *rest == '/' ? rest : NULL;
}

bool moves_concern(const struct record *records, size_t nrecords, const char *id)
{
	size_t i = records_from(records, nrecords, id);
	for (; i < nrecords && text_starts_nocase(records[i].id, id); i++)
		if (behind(records[i].id, id))
			return true;
	return false;
}

const char *move_id(struct arena *a, const struct moves *moves, const char *id)
{
	for (size_t i = 0; i < moves->count; i++) {
		const char *rest = behind(id, moves->items[i].from);
		if (rest)
			return arena_printf(a, "%s%s", moves->items[i].to, rest);
	}
	return id;
}

static json_t *follow_new(const struct following *f, json_t *value, bool *differs);

static json_t *follow_object(const struct following *f, json_t *object, bool *differs)
{
	json_t *out = json_object();
	const char *key;
	json_t *value;
	json_object_foreach (object, key, value)
		(void)json_object_set_new(out, key, follow_new(f, value, differs));
	return out;
}

/* A copy in which every text that is an id of what moved is its new one. */
static json_t *follow_new(const struct following *f, json_t *value, bool *differs)
{
	if (json_is_object(value))
		return follow_object(f, value, differs);
	if (json_is_array(value)) {
		json_t *out = json_array();
		size_t i;
		json_t *item;
		json_array_foreach (value, i, item)
			(void)json_array_append_new(out, follow_new(f, item, differs));
		return out;
	}
	const char *text = json_string_value(value);
	const char *now = text ? move_id(f->arena, f->moves, text) : NULL;
	if (now == text)
		return json_incref(value);
	*differs = true;
	return json_string(now);
}

static json_t *follow(const struct following *f, json_t *value, bool *differs)
{
	bool changed = false;
	json_t *followed = value ? arena_json(f->arena, follow_new(f, value, &changed)) : NULL;
	*differs |= changed;
	return changed ? followed : value;
}

struct moved {
	struct record record;
	const char *old_id;
	bool differs;
};

static struct moved follow_record(
	const struct following *f, const struct config *names, const struct record *record)
{
	struct moved m = { .record = *record };
	struct record *r = &m.record;
	r->id = move_id(f->arena, f->moves, record->id);
	if (r->id != record->id) {
		m.old_id = record->id;
		m.differs = true;
		r->address = config_address_of(names, r->id);
	}
	if (record->parent) {
		r->parent = move_id(f->arena, f->moves, record->parent);
		m.differs |= r->parent != record->parent;
	}
	r->body = follow(f, record->body, &m.differs);
	r->before = follow(f, record->before, &m.differs);
	r->depends_on = follow(f, record->depends_on, &m.differs);
	return m;
}

static int by_id(const void *a, const void *b)
{
	return text_compare_nocase(
		((const struct moved *)a)->record.id, ((const struct moved *)b)->record.id);
}

void moves_follow(struct arena *a, const struct config *names, const struct record *records,
	size_t nrecords, const struct moves *moves, struct followed *out)
{
	const struct following f = { a, moves };
	struct moved *all = arena_alloc(a, (nrecords + 1) * sizeof *all);
	for (size_t i = 0; i < nrecords; i++)
		all[i] = follow_record(&f, names, &records[i]);
	if (nrecords)
		qsort(all, nrecords, sizeof *all, by_id);
	*out = (struct followed){
		.records = arena_alloc(a, (nrecords + 1) * sizeof *out->records),
		.nrecords = nrecords,
		.old_ids = arena_alloc(a, (nrecords + 1) * sizeof *out->old_ids),
		.differs = arena_alloc(a, nrecords + 1),
	};
	for (size_t i = 0; i < nrecords; i++) {
		out->records[i] = all[i].record;
		out->old_ids[i] = all[i].old_id;
		out->differs[i] = all[i].differs;
	}
}

/* ---- in a plan ---- */

static bool refuse(struct planner *p, const struct config_move *m, const char *side,
	const char *code, const char *text, const char *help)
{
	const char *at = arena_printf(p->arena, "%s/%s", m->pointer, side);
	const char *id = strcmp(side, "from") == 0 ? m->from : m->to;
	diag_error(p->diags, config_place(p->config, at, YAML_VALUE), code, "%s %s",
		config_address_of(p->config, id), text);
	diag_help(p->diags, "%s", help);
	return false;
}

/* What is not recorded under its old id has been followed already, or never was ours. */
static bool is_due(struct planner *p, const struct config_move *m)
{
	const struct snapshot *s = p->snapshot;
	if (!moves_concern(s->records, s->nrecords, m->from))
		return false;
	if (snapshot_actual(s, m->from))
		return refuse(p, m, "from", "moved-still-there",
			"still stands in Azure: nothing was moved",
			"`moved` writes nothing to Azure: move it there first, or take the entry "
			"out");
	if (!snapshot_actual(s, m->to))
		return refuse(p, m, "to", "moved-absent", "does not stand in Azure",
			"name the id that it has there now, or take the entry out");
	if (moves_concern(s->records, s->nrecords, m->to))
		return refuse(p, m, "to", "moved-onto-recorded", "is recorded already",
			"two records cannot become one: let one go with `forget` or `waybill "
			"state rm`");
	return true;
}

void planner_follow_moves(struct planner *p)
{
	const struct config *c = p->config;
	struct config_move *due = NULL;
	size_t ndue = 0;
	for (size_t i = 0; i < c->nmoves; i++)
		if (is_due(p, &c->moves[i]))
			*ARENA_PUSH(p->arena, due, ndue) = c->moves[i];
	if (ndue == 0)
		return;
	/* The snapshot stays what was read: it may be planned from again. */
	struct snapshot *after = ARENA_NEW(p->arena, struct snapshot);
	struct followed *followed = ARENA_NEW(p->arena, struct followed);
	*after = *p->snapshot;
	moves_follow(p->arena, c, after->records, after->nrecords, &(struct moves){ due, ndue },
		followed);
	after->records = followed->records;
	p->snapshot = p->plan->snapshot = after;
	p->plan->followed = followed;
}

static const char *old_id(const struct planner *p, const struct change *c)
{
	const struct followed *f = p->plan->followed;
	return c && c->record ? f->old_ids[c->record - f->records] : NULL;
}

void planner_mark_moved(struct planner *p)
{
	for (size_t i = 0; i < p->nall && p->plan->followed; i++) {
		struct change *c = &p->all[i];
		if (!old_id(p, planner_container(p, c)))
			c->moved_from = old_id(p, c);
	}
}
