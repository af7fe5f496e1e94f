/* SPDX-License-Identifier: Apache-2.0 */
#include "state/internal.h"

#include <errno.h>
#include <sys/stat.h>

#include "state/backup.h"
#include "state/lock.h"

#define HELP_LOCK                                                                                  \
	"leave the lock file where it is: it holds nobody up when no run holds it; run again "     \
	"when the other run has ended"
#define HELP_GONE                                                                                  \
	"what this run knew could not be saved: put back a backup with `waybill state restore`, "  \
	"or make the state anew with `waybill import --all`"

bool state_note_place(struct state *s, struct diags *diags)
{
	struct stat info;
	if (stat(s->path, &info) != 0)
		return state_fail_errno(s, errno, "open", diags);
	s->device = info.st_dev;
	s->inode = info.st_ino;
	return true;
}

void state_guard(struct state *s, const struct lock *lock)
{
	s->lock = lock;
}

static bool is_in_place(const struct state *s)
{
	struct stat info;
	return s->inode == 0 ||
		(stat(s->path, &info) == 0 && info.st_dev == s->device && info.st_ino == s->inode);
}

/* The file is there for us as long as it is open: nothing that it holds need be lost. */
static const char *save(struct state *s, struct arena *a)
{
	char now[TIME_TEXT];
	struct diags ignored;
	diags_init(&ignored, a);
	state_now(now);
	if (s->writing && state_execute(s, state_sql[SQL_COMMIT], STATE_WRITING, &ignored))
		s->writing = false;
	const char *saved = arena_printf(a, "%s.saved-%s", s->path, now);
	return state_backup(s, saved, &ignored) ? saved : NULL;
}

static void tell_file(struct state *s, struct diags *diags)
{
	const char *saved = save(s, diags->arena);
	diag_error(diags, state_place(s, diags), "state-lost",
		"the state was deleted or replaced while this run wrote it");
	if (saved)
		diag_help(diags, "what it held is saved: `waybill state restore '%s'` puts it back",
			saved);
	else
		diag_help(diags, HELP_GONE);
}

bool state_lose_lock(struct state *s, struct diags *diags)
{
	if (!diags)
		return false;
	diag_error(diags, state_place(s, diags), "state-lost",
		"the lock of the state was deleted while this run held it, so that another may "
		"have begun");
	diag_help(diags, HELP_LOCK);
	s->lost = s->broken = true;
	return false;
}

bool state_is_locked(struct state *s, struct diags *diags)
{
	if (s->lost || !s->lock)
		return !s->lost;
	return lock_stands(s->lock) || state_lose_lock(s, diags);
}

bool state_stands(struct state *s, struct diags *diags)
{
	if (!state_is_locked(s, diags))
		return false;
	if (is_in_place(s))
		return true;
	if (diags) {
		tell_file(s, diags);
		s->lost = s->broken = true;
	}
	return false;
}
