/* SPDX-License-Identifier: Apache-2.0 */
/* state_move_command.c - state push and state pull: between a local file and where `backend` says
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/waybill/program.h"
#include "engine/base/text.h"
#include "state/backup.h"

static bool find_remote(struct session *s)
{
	if (!session_store(s, true))
		return false;
	if (s->remote)
		return true;
	(void)diag_error(&s->diags, PLACE_NONE, "no-backend",
		"the configuration keeps its state in a local file");
	diag_help(&s->diags, "write `backend` into it, or name the configuration with -f");
	return false;
}

static bool refuse_absent(struct session *s)
{
	(void)diag_error(&s->diags, (struct place){ .file = s->state_path }, "state-open",
		"there is no state to move");
	diag_help(&s->diags, "name it with --state; a first apply makes one");
	return false;
}

static const char *free_name(struct session *s)
{
	const char *name = arena_printf(s->arena, "%s.moved", s->state_path);
	if (access(name, F_OK) == 0)
		name = arena_printf(s->arena, "%s-%lld", name, (long long)time(NULL));
	return name;
}

/* What is left while somebody reads goes with the file it belongs to. */
static bool put_aside_part(struct session *s, const char *aside, const char *suffix)
{
	return rename(arena_printf(s->arena, "%s%s", s->state_path, suffix),
		       arena_printf(s->arena, "%s%s", aside, suffix)) == 0 ||
		errno == ENOENT;
}

/* Nobody must take the file for the state any more. */
static bool put_aside(struct session *s, const char **out)
{
	*out = free_name(s);
	if (rename(s->state_path, *out) == 0 && put_aside_part(s, *out, "-wal") &&
		put_aside_part(s, *out, "-shm"))
		return true;
	(void)diag_error(&s->diags, (struct place){ .file = s->state_path }, "state-in-two-places",
		"the state was moved, but the file cannot be put aside: %s", strerror(errno));
	diag_help(&s->diags, "move it away by hand: it is the state no more");
	return false;
}

/* For writing: what a killed run left is played into the file, which is then complete in itself. */
static bool push(struct session *s, int timeout_ms)
{
	if (access(s->state_path, F_OK) != 0)
		return refuse_absent(s);
	s->lock = lock_take(s->state_path, s->command, timeout_ms, NULL, NULL, &s->diags);
	if (!s->lock)
		return false;
	struct state *local = state_open(s->state_path, STATE_WRITE, &s->diags);
	bool good = local &&
		remote_lock(s->remote, s->command, timeout_ms, NULL, NULL, &s->diags) &&
		remote_push(s->remote, local, session_switch(s, OPTION_FORCE, false), &s->diags);
	state_close(local);
	return good;
}

int state_push_command(struct session *s)
{
	const char *aside = NULL;
	int timeout_ms = (int)session_option(s, OPTION_LOCK_TIMEOUT)->number;
	if (!find_remote(s) || !push(s, timeout_ms) || !put_aside(s, &aside))
		return EXIT_ERROR;
	if (s->json) {
		(void)json_object_set_new(s->document, "moved", json_string(s->state_path));
		(void)json_object_set_new(s->document, "aside", json_string(aside));
		return EXIT_DONE;
	}
	(void)buf_puts(&s->out, "Moved ");
	text_escape(&s->out, s->state_path, false);
	(void)buf_puts(&s->out, " to where `backend` says. The file is now ");
	text_escape(&s->out, aside, false);
	(void)buf_puts(&s->out, ".\n");
	return EXIT_DONE;
}

int state_pull_command(struct session *s)
{
	const char *path = s->words[0];
	if (!session_may_write(s, path, true) || !find_remote(s))
		return EXIT_ERROR;
	s->state = state_open_remote(s->remote, STATE_READ, &s->diags);
	if (!s->state || !state_backup(s->state, path, &s->diags))
		return EXIT_ERROR;
	if (s->json) {
		(void)json_object_set_new(s->document, "saved", json_string(path));
		return EXIT_DONE;
	}
	(void)buf_puts(&s->out, "Saved a copy as ");
	text_escape(&s->out, path, false);
	(void)buf_puts(&s->out,
		". The state itself is still where `backend` says.\nTo go on with the copy, take "
		"`backend` out of the configuration everywhere, and delete the blobs.\n");
	return EXIT_DONE;
}
