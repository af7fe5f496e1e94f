/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/program.h"
#include "cmd/waybill/run.h"
#include "engine/base/text.h"
#include "state/backup.h"

int state_backup_command(struct session *s)
{
	if (!session_may_write(s, s->words[0], true) || !session_state_alone(s, STATE_READ) ||
		!state_backup(s->state, s->words[0], &s->diags))
		return EXIT_ERROR;
	long long serial = (long long)state_serial(s->state);
	if (s->json)
		(void)json_object_set_new(s->document, "backup",
			json_pack("{s:s, s:I, s:s}", "file", s->words[0], "serial",
				(json_int_t)serial, "lineage", state_lineage(s->state)));
	else
		(void)buf_printf(&s->out, "Copied the state, serial %lld, to %s\n", serial,
			text_escaped(s->arena, s->words[0]));
	return EXIT_DONE;
}

static bool refuse_remote(struct session *s)
{
	(void)diag_error(&s->diags, PLACE_NONE, "state-remote",
		"the state is kept where `backend` says, and a backup is put back into a file");
	diag_help(&s->diags,
		"`waybill state push --force --state FILE` puts it there, and renames the file");
	return false;
}

/* It is a run of the history that was put back. */
static bool tell_run(struct session *s)
{
	struct run run = run_of(s);
	return session_state_alone(s, STATE_WRITE) && state_begin_run(s->state, &run, &s->diags) &&
		state_end_run(s->state, run.number, "done", NULL, NULL, &s->diags) &&
		state_commit(s->state, &s->diags);
}

static void report(struct session *s, const struct restored *restored)
{
	if (s->json) {
		(void)json_object_set_new(s->document, "restored",
			json_pack("{s:I, s:o, s:s?}", "serial", (json_int_t)restored->serial,
				"previous_serial",
				restored->previous_serial < 0
					? json_null()
					: json_integer((json_int_t)restored->previous_serial),
				"kept", restored->kept));
		return;
	}
	(void)buf_printf(&s->out, "Restored the state, serial %lld", (long long)restored->serial);
	if (restored->previous_serial >= 0)
		(void)buf_printf(
			&s->out, " in the place of %lld", (long long)restored->previous_serial);
	(void)buf_puts(&s->out, "\n");
	if (restored->kept)
		(void)buf_printf(&s->out, "What was there is kept: %s\n",
			text_escaped(s->arena, restored->kept));
}

int state_restore_command(struct session *s)
{
	struct restored restored;
	bool force = session_switch(s, OPTION_FORCE, false);
	if (!session_lock(s))
		return EXIT_ERROR;
	if (s->remote && !refuse_remote(s))
		return EXIT_ERROR;
	if (!state_restore(s->state_path, s->words[0], force, s->arena, &restored, &s->diags) ||
		!tell_run(s))
		return EXIT_ERROR;
	if (restored.promised) {
		diag_warning(&s->diags, (struct place){ .file = s->state_path }, "run-unconfirmed",
			"by this backup run %lld waits to be confirmed",
			(long long)restored.promised);
		diag_help(&s->diags,
			"if it was, say so by `waybill confirm`; else the next apply puts its "
			"tables back first");
	}
	report(s, &restored);
	return EXIT_DONE;
}
