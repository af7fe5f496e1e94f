/* SPDX-License-Identifier: Apache-2.0 */
#include "state/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/secrets.h"

bool state_migrate(struct state *s, int64_t format, struct diags *diags)
{
	if (format == STATE_FORMAT)
		return true;
	if (!state_execute(s, state_sql[SQL_BEGIN_WRITE], STATE_WRITING, diags))
		return false;
	for (; format < STATE_FORMAT; format++)
		if (!state_execute(s, state_migrations[format], STATE_WRITING, diags))
			return false;
	char *set = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		STATE_APPLICATION_ID, STATE_FORMAT);
	bool ok = state_execute(s, set, STATE_WRITING, diags);
	sqlite3_free(set);
	return ok;
}

static bool fill(struct state *s, const char *file, struct diags *diags)
{
	char lineage[37], key[65];
	uuid_random(lineage);
	secrets_new_key(key);
	return state_connect(s, file, diags) &&
		/* Nobody looks for a file of this name, so that its journal need not survive us. */
		state_execute(s, "PRAGMA journal_mode = MEMORY", STATE_WRITING, diags) &&
		state_migrate(s, 0, diags) &&
		state_write(s, SQL_FOUND, VALUES(TEXT(lineage), TEXT(key)), NULL, diags) &&
		state_commit(s, diags);
}

static bool sync_folder_of(const char *path)
{
	char *copy = mem_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return false;
	bool ok = fsync(fd) == 0;
	(void)close(fd);
	return ok;
}

bool state_create(struct state *s, struct diags *diags)
{
	/* An absolute path, or SQLite might take it for one of its special names. */
	struct arena *scratch = arena_new();
	char *folder = realpath(dirname(arena_strdup(scratch, s->path)), NULL);
	if (!folder) {
		arena_free(scratch);
		return state_fail_errno(s, errno, "create", diags);
	}
	const char *name = basename(arena_strdup(scratch, s->path));
	const char *file = arena_printf(scratch, "%s/%s", folder, name);
	const char *made = arena_printf(scratch, "%s.new", file);
	free(folder);
	/* Left by a run that was killed right here; the lock says that it is gone. */
	(void)unlink(made);
	int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok = fd >= 0 || state_fail_errno(s, errno, "create", diags);
	if (fd >= 0) {
		(void)close(fd);
		ok = fill(s, made, diags);
		state_disconnect(s);
		if (ok && (rename(made, file) != 0 || !sync_folder_of(file)))
			ok = state_fail_errno(s, errno, "create", diags);
		if (!ok)
			(void)unlink(made);
	}
	arena_free(scratch);
	return ok;
}
