/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/confirming.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/records.h"
#include "cmd/waybill/run.h"
#include "engine/base/text.h"
#include "state/history.h"

static bool is_inside(const char *id, const char *outer)
{
	return text_starts_nocase(id, outer) && id[strlen(outer)] == '/';
}

/* By place in the records: what is named, and all inside it. */
static bool choose(struct session *s, const struct records *all, bool *chosen)
{
	bool good = true;
	for (size_t w = 0; w < s->nwords; w++) {
		const struct record *named = records_find(all, s->words[w]);
		if (!named)
			good = records_unknown(s, all, s->words[w]);
		for (size_t i = 0; named && i < all->count; i++)
			chosen[i] |=
				&all->items[i] == named || is_inside(all->items[i].id, named->id);
	}
	return good;
}

static json_t *told_new(const struct records *all, const bool *chosen)
{
	json_t *changes = json_array();
	for (size_t i = 0; i < all->count; i++)
		if (chosen[i])
			(void)json_array_append_new(changes,
				json_pack("{s:s, s:s, s:s, s:O?}", "address", all->items[i].address,
					"id", all->items[i].id, "action", "forget", "before",
					all->items[i].body));
	return changes;
}

static bool write(struct session *s, const struct records *all, const bool *chosen, json_t *changes)
{
	struct run run = run_of(s);
	if (!session_state_alone(s, STATE_WRITE) || !state_begin_run(s->state, &run, &s->diags))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (chosen[i] && !state_drop_record(s->state, all->items[i].id, &s->diags))
			return false;
	return state_tell(s->state, run.number, changes, &s->diags) &&
		state_end_run(s->state, run.number, "done", NULL, NULL, &s->diags) &&
		state_commit(s->state, &s->diags);
}

static void report(struct session *s, const json_t *changes)
{
	json_auto_t *forgotten = json_array();
	size_t i;
	json_t *change;
	json_array_foreach (changes, i, change) {
		json_t *address = json_object_get(change, "address");
		(void)json_array_append(forgotten, address);
		if (s->json)
			continue;
		(void)buf_puts(&s->out, "Forgot ");
		text_escape(&s->out, json_string_value(address), false);
		(void)buf_puts(&s->out, "\n");
	}
	if (s->json)
		(void)json_object_set(s->document, "forgotten", forgotten);
}

int state_rm_command(struct session *s)
{
	struct records all;
	if (!session_lock(s) || !session_state_alone(s, STATE_READ) || !records_read(s, &all) ||
		!records_settled(s) || !confirming_nothing_waits(s))
		return EXIT_ERROR;
	bool *chosen = arena_alloc(s->arena, all.count + 1);
	if (!choose(s, &all, chosen))
		return EXIT_ERROR;
	json_auto_t *changes = told_new(&all, chosen);
	if (!write(s, &all, chosen, changes))
		return EXIT_ERROR;
	report(s, changes);
	return EXIT_DONE;
}
