/* SPDX-License-Identifier: Apache-2.0 */
#include "state/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "state/history.h"
#include "state/internal.h"
#include "state/putback.h"

/* ---- a copy ---- */

static bool refuse_existing(const char *file, const char *what, struct diags *diags)
{
	diag_error(diags, (struct place){ .file = arena_strdup(diags->arena, file) }, "file-exists",
		"%s", what);
	diag_help(diags, "name another one, or delete it first");
	return false;
}

static bool check_sound(struct state *s, struct diags *diags)
{
	sqlite3_stmt *statement = NULL;
	bool ok = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &statement, NULL) ==
			SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW;
	const char *said = ok ? (const char *)sqlite3_column_text(statement, 0) : NULL;
	ok = said && strcmp(said, "ok") == 0;
	if (!ok)
		(void)state_unreadable(s, said ? said : sqlite3_errmsg(s->db), diags);
	(void)sqlite3_finalize(statement);
	return ok;
}

/* A copy made beside a live run says that it has a log; it has none, and rests. */
static bool put_to_rest(struct state *copy, const char *file, struct diags *diags)
{
	bool wal = true;
	bool ok = state_connect(copy, file, diags) &&
		state_is_wal(copy, "PRAGMA journal_mode = MEMORY", &wal, diags) &&
		check_sound(copy, diags);
	state_disconnect(copy);
	return ok && !wal;
}

/* SQLite would play the log of a file that is gone into a new one of the same name. */
static bool check_no_log(const char *file, struct diags *diags)
{
	static const char *const suffixes[] = { "-wal", "-journal" };
	struct arena *scratch = arena_new();
	bool ok = true;
	for (size_t i = 0; i < ARRAY_LEN(suffixes) && ok; i++) {
		const char *log = arena_printf(scratch, "%s%s", file, suffixes[i]);
		if (access(log, F_OK) == 0)
			ok = refuse_existing(
				log, "there is the log of another file of that name", diags);
	}
	arena_free(scratch);
	return ok;
}

bool state_backup(struct state *s, const char *file, struct diags *diags)
{
	struct state copy = { .path = (char *)file, .access = STATE_WRITE };
	if (!s->db) {
		diag_error(diags, state_place(s, diags), "state-open", "there is no state yet");
		diag_help(diags, "see that --state or WAYBILL_STATE names the right file");
		return false;
	}
	if (!check_no_log(file, diags))
		return false;
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST
			? refuse_existing(file, "there is a file of that name already", diags)
			: state_fail_errno(&copy, errno, "create", diags);
	(void)close(fd);
	/* An absolute path, or SQLite might take it for one of its special names. */
	char *path = realpath(file, NULL);
	bool ok = path ? state_copy_to(s, path, diags) && put_to_rest(&copy, path, diags)
		       : state_fail_errno(&copy, errno, "create", diags);
	free(path);
	if (!ok)
		(void)unlink(file);
	return ok;
}

/* ---- and back ---- */

struct restoring {
	struct arena *arena;
	struct state self; /* for diagnostics: of the place */
	const char *path;  /* absolute */
	bool force;
	int64_t over; /* the run that was confirmed or put back since the backup; 0: none */
	struct restored *out;
	struct diags *diags;
};

static struct state *open_backup(const char *file, struct diags *diags)
{
	struct state *s = state_open(file, STATE_READ, diags);
	if (!s && strcmp(diags->items[diags->count - 1].code, "state-unreadable") == 0)
		diag_help(diags, "name a file of `waybill state backup`; nothing was put back");
	if (s && !s->db) {
		diag_error(diags, state_place(s, diags), "state-open", "there is no such file");
		diag_help(diags, "name a file of `waybill state backup`");
	}
	if (s && s->db && check_sound(s, diags))
		return s;
	state_close(s);
	return NULL;
}

static bool refuse_lineage(struct restoring *r)
{
	diag_error(r->diags, state_place(&r->self, r->diags), "state-lineage",
		"the backup is of another state than the one that is here");
	diag_help(r->diags,
		"see that both are meant; then --force puts it here, and the one that is here is "
		"kept beside it");
	return false;
}

static bool refuse_unsettled(struct restoring *r, size_t count)
{
	diag_error(r->diags, state_place(&r->self, r->diags), "state-unsettled",
		"a run that died left %zu write%s of which the state does not know what came",
		count, count == 1 ? "" : "s");
	diag_help(r->diags,
		"run `waybill apply` first: it asks the cloud, and settles them; with --force they "
		"are forgotten, and what they made is not ours");
	return false;
}

static bool refuse_unconfirmed(struct restoring *r, const struct putback *waits)
{
	diag_error(r->diags, state_place(&r->self, r->diags), "run-unconfirmed",
		"run %lld waits to be confirmed until %s, and the backup does not know of it",
		(long long)waits->run, waits->deadline);
	diag_help(r->diags,
		"run `waybill confirm` first, or let the time pass and run `waybill apply`; with "
		"--force nothing is put back any more");
	return false;
}

/* The same run of the same history: numbers are given again after a backup was put back. */
static bool is_same_promise(struct restoring *r, struct state *one, const struct putback *first,
	struct state *other, const struct putback *second, bool *out)
{
	struct run a, b;
	bool found_a, found_b;
	*out = false;
	if (first->run != second->run)
		return true;
	if (!state_run(one, r->arena, first->run, &a, &found_a, r->diags) ||
		!state_run(other, r->arena, second->run, &b, &found_b, r->diags))
		return false;
	*out = found_a && found_b && strcmp(a.started, b.started) == 0;
	return true;
}

/* What a run promised to put back must neither be forgotten nor come again when it is over. */
static bool check_promises(struct restoring *r, struct state *backup, struct state *current)
{
	struct putback old, now;
	bool has_old, has_now, same = false;
	if (!state_putback(backup, r->arena, &old, &has_old, r->diags))
		return false;
	r->out->promised = has_old ? old.run : 0;
	if (!current || !current->db || strcmp(state_lineage(current), state_lineage(backup)) != 0)
		return true;
	if (!state_putback(current, r->arena, &now, &has_now, r->diags) ||
		(has_old && has_now && !is_same_promise(r, backup, &old, current, &now, &same)))
		return false;
	if (has_now && !same && !r->force)
		return refuse_unconfirmed(r, &now);
	r->over = has_old && !same ? old.run : 0;
	r->out->promised = 0;
	return true;
}

static bool check_current(struct restoring *r, struct state *backup, struct state *current)
{
	struct intent *intents;
	size_t count;
	if (!current->db || r->force)
		return true;
	if (strcmp(state_lineage(current), state_lineage(backup)) != 0)
		return refuse_lineage(r);
	return state_open_intents(current, r->arena, &intents, &count, r->diags) &&
		(count == 0 || refuse_unsettled(r, count));
}

/* By a newer Waybill, or another user: it may be sound, and of another state. */
static bool refuse_unread(struct restoring *r)
{
	state_close(state_open(r->path, STATE_READ, r->diags));
	return false;
}

/* What cannot be read cannot be compared, and is what a backup is for. One that can is brought to
 * rest, so that all of it is in its file. */
static bool look_at_current(struct restoring *r, struct state *backup)
{
	struct diags ignored;
	diags_init(&ignored, r->arena);
	struct state *current = state_open(r->path, STATE_READ, &ignored);
	r->out->previous_serial = current && current->db ? state_serial(current) : -1;
	bool damaged = !current && strcmp(ignored.items[0].code, "state-unreadable") == 0;
	bool ok = current ? check_current(r, backup, current)
			  : damaged || r->force || refuse_unread(r);
	ok = ok && check_promises(r, backup, current);
	bool rests = current && current->db;
	state_close(current);
	if (ok && rests)
		state_close(state_open(r->path, STATE_WRITE, &ignored));
	return ok;
}

/* A log that is left would be played into whatever bears the name it belongs to. */
static bool keep_part(struct restoring *r, const char *suffix)
{
	const char *from = arena_printf(r->arena, "%s%s", r->path, suffix);
	const char *to = arena_printf(r->arena, "%s%s", r->out->kept, suffix);
	return rename(from, to) == 0 || errno == ENOENT ||
		state_fail_errno(&r->self, errno, "keep", r->diags);
}

/* The file itself is kept by a second name: at no instant is there none. */
static bool keep_current(struct restoring *r)
{
	char now[TIME_TEXT];
	state_now(now);
	r->out->kept = arena_printf(r->arena, "%s.before-%s", r->path, now);
	if (!keep_part(r, "-wal") || !keep_part(r, "-shm"))
		return false;
	if (link(r->path, r->out->kept) == 0)
		return true;
	if (errno != ENOENT)
		return state_fail_errno(&r->self, errno, "keep", r->diags);
	r->out->kept = NULL;
	return true;
}

static bool sync_folder(struct restoring *r)
{
	int fd = open(dirname(arena_strdup(r->arena, r->path)), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int error = errno;
	if (fd >= 0)
		(void)close(fd);
	return ok || state_fail_errno(&r->self, error, "write", r->diags);
}

static bool drop_promise(struct restoring *r, const char *file)
{
	if (!r->over)
		return true;
	struct state copy = { .path = (char *)r->self.path, .access = STATE_WRITE };
	bool ok = state_connect(&copy, file, r->diags) &&
		state_drop_putback(&copy, r->over, r->diags) && state_commit(&copy, r->diags);
	state_disconnect(&copy);
	return ok;
}

static bool put_back(struct restoring *r, struct state *backup)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	const char *made = arena_printf(r->arena, "%s.new", r->path);
	/* Left by a run that was killed right here; the lock says that it is gone. */
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		(void)unlink(arena_printf(r->arena, "%s%s", made, suffixes[i]));
	if (!state_backup(backup, made, r->diags) || !drop_promise(r, made) || !keep_current(r))
		return false;
	return (rename(made, r->path) == 0 ||
		       state_fail_errno(&r->self, errno, "replace", r->diags)) &&
		sync_folder(r);
}

bool state_restore(const char *path, const char *file, bool force, struct arena *a,
	struct restored *out, struct diags *diags)
{
	*out = (struct restored){ .previous_serial = -1 };
	struct restoring r = { .arena = a,
		.self = { .path = (char *)path },
		.path = path,
		.force = force,
		.out = out,
		.diags = diags };
	struct state *backup = open_backup(file, diags);
	if (!backup)
		return false;
	/* Where a link leads, lest the link be replaced. */
	char *real = realpath(path, NULL);
	if (real)
		r.path = arena_strdup(a, real);
	free(real);
	out->serial = state_serial(backup);
	bool ok = look_at_current(&r, backup) && put_back(&r, backup);
	state_close(backup);
	return ok;
}
