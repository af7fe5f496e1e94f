/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/confirming.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/records.h"
#include "cmd/waybill/run.h"
#include "engine/apply/record.h"
#include "engine/base/text.h"
#include "engine/plan/moves.h"
#include "engine/plan/plan.h"
#include "engine/plan/reads.h"
#include "schemas/arm_id.h"
#include "state/history.h"

struct moving {
	struct session *session;
	struct records records;
	struct config *names;
	struct config_move move;
	struct followed followed;
};

static bool refuse(
	struct session *s, const char *code, const char *id, const char *text, const char *help)
{
	(void)diag_error(&s->diags, PLACE_NONE, code, "%s %s", id, text);
	diag_help(&s->diags, "%s", help);
	return false;
}

static bool find_ends(struct moving *m)
{
	struct session *s = m->session;
	const struct records *all = &m->records;
	const struct record *record = records_find(all, s->words[0]);
	m->move.from = record ? record->id : config_id_of(m->names, s->words[0], &s->diags);
	if (!m->move.from)
		return false;
	if (!moves_concern(all->items, all->count, m->move.from))
		return records_unknown(s, all, s->words[0]);
	m->move.to = config_id_of(m->names, s->words[1], &s->diags);
	return m->move.to != NULL;
}

static bool check_ends(struct moving *m)
{
	struct session *s = m->session;
	const char *why = move_impossible(s->arena, s->catalog, m->move.from, m->move.to);
	if (why) {
		(void)diag_error(&s->diags, PLACE_NONE, "moved-impossible",
			"`%s` cannot have become `%s`: %s", s->words[0], s->words[1], why);
		diag_help(&s->diags,
			"name the id that it has now: `az resource list --name NAME --query "
			"[].id`");
		return false;
	}
	return !moves_concern(m->records.items, m->records.count, m->move.to) ||
		refuse(s, "moved-onto-recorded", s->words[1], "is recorded already",
			"two records cannot become one: let one go with `waybill state rm`");
}

static bool refresh_is(struct session *s, enum refresh refresh)
{
	const char *asked = session_option(s, OPTION_REFRESH)->text;
	return asked && strcmp(asked, refresh_name(refresh)) == 0;
}

static bool asks_cloud(struct session *s)
{
	return !refresh_is(s, REFRESH_FALSE);
}

static bool check_refresh(struct session *s)
{
	if (!refresh_is(s, REFRESH_ONLY))
		return true;
	(void)diag_error(&s->diags, PLACE_NONE, "option-value",
		"`--refresh` takes true or false here, not `only`");
	diag_help(&s->diags, "see `waybill state mv --help`");
	return false;
}

/* Only reads: GET of both places. */
static bool check_cloud(struct moving *m)
{
	struct session *s = m->session;
	struct arm_id id;
	if (!asks_cloud(s))
		return true;
	if (!arm_id_parse(s->arena, m->move.from, &id) || !session_provider(s))
		return false;
	const struct schema *schema = catalog_type(s->catalog, id.type);
	struct reads reads;
	reads_init(&reads, s->arena);
	reads_add(&reads, VERB_GET, m->move.from, schema);
	reads_add(&reads, VERB_GET, m->move.to, schema);
	if (!reads_run(&reads, s->provider, &s->diags))
		return false;
	for (size_t i = 0; i < reads.count; i++) {
		const struct operation *op = &reads.items[i].operation;
		bool stands = op->outcome == OUTCOME_DONE, is_old = op->path == m->move.from;
		if (is_old && stands)
			return refuse(s, "moved-still-there", s->words[0],
				"still stands in Azure: nothing was moved",
				"move it there first; or, if Azure is not to be asked, give "
				"--refresh=false");
		if (!is_old && !stands)
			return refuse(s, "moved-absent", s->words[1], "does not stand in Azure",
				"name the id that it has there now; or, if Azure is not to be "
				"asked, give --refresh=false");
	}
	return true;
}

static json_t *told_new(const struct moving *m)
{
	json_t *changes = json_array();
	const struct followed *f = &m->followed;
	for (size_t i = 0; i < f->nrecords; i++)
		if (f->old_ids[i])
			(void)json_array_append_new(changes,
				json_pack("{s:s, s:s, s:s, s:{s:s}, s:{s:s}}", "address",
					f->records[i].address, "id", f->records[i].id, "action",
					"move", "before", "id", f->old_ids[i], "after", "id",
					f->records[i].id));
	return changes;
}

static bool write(struct moving *m, json_t *changes)
{
	struct session *s = m->session;
	struct snapshot nothing = { .arena = s->arena };
	struct run run = run_of(s);
	struct arm_id to;
	if (!arm_id_parse(s->arena, m->move.to, &to) || !session_state(s, STATE_WRITE) ||
		!session_bind(s, &to.subscription, 1) ||
		!state_begin_run(s->state, &run, &s->diags))
		return false;
	struct recorder recorder = { s->arena, s->state, &nothing };
	return record_followed(&recorder, &m->followed, &s->diags) &&
		state_tell(s->state, run.number, changes, &s->diags) &&
		state_end_run(s->state, run.number, "done", NULL, NULL, &s->diags) &&
		state_commit(s->state, &s->diags);
}

static void report(struct session *s, const struct followed *f)
{
	json_auto_t *array = json_array();
	for (size_t i = 0; i < f->nrecords; i++) {
		if (!f->old_ids[i])
			continue;
		(void)json_array_append_new(array,
			json_pack("{s:s, s:s, s:s}", "address", f->records[i].address, "id",
				f->records[i].id, "previous_id", f->old_ids[i]));
		if (s->json)
			continue;
		(void)buf_puts(&s->out, "Moved ");
		text_escape(&s->out, f->records[i].address, false);
		(void)buf_puts(&s->out, "\n");
	}
	if (s->json)
		(void)json_object_set(s->document, "moved", array);
}

int state_mv_command(struct session *s)
{
	struct moving m = { .session = s };
	s->catalog = catalog_new(s->arena);
	if (!check_refresh(s) || !session_cloud(s, asks_cloud(s)) || !session_lock(s) ||
		!session_state(s, STATE_READ) || !records_read(s, &m.records) ||
		!records_settled(s) || !confirming_nothing_waits(s))
		return EXIT_ERROR;
	m.names = records_names(s, &m.records);
	if (!find_ends(&m) || !check_ends(&m) || !check_cloud(&m))
		return EXIT_ERROR;
	const struct moves moves = { &m.move, 1 };
	moves_follow(s->arena, m.names, m.records.items, m.records.count, &moves, &m.followed);
	json_auto_t *changes = told_new(&m);
	if (!write(&m, changes))
		return EXIT_ERROR;
	report(s, &m.followed);
	return EXIT_DONE;
}
