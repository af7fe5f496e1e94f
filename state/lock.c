/* SPDX-License-Identifier: Apache-2.0 */
#include "state/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "state/disk.h"
#include "state/holder.h"
#include "state/internal.h"

#define HOST_BYTES 256
#define FIRST_PAUSE_MS 10
#define LONGEST_PAUSE_MS 500
#define LEAST_TRIES 3   /* one may have met a reader that only asked who holds it */
#define HOLDER_TRIES 10 /* a new holder needs a moment to write its name */

struct lock {
	int fd;
	char *path;
};

static char *lock_path(struct arena *a, const char *state_path)
{
	return arena_printf(a, "%s.lock", state_path);
}

static int64_t now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	(void)nanosleep(&left, NULL);
}

/* False with errno EWOULDBLOCK when another has it. */
static bool try_lock(int fd, int kind)
{
	int result;
	do
		result = flock(fd, kind | LOCK_NB);
	while (result != 0 && errno == EINTR);
	return result == 0;
}

/* ---- the holder's name ---- */

/* A lock without a name, on a full disk, is still a lock. */
static void write_name(int fd, const char *command)
{
	struct arena *scratch = arena_new();
	const char *text = json_canonical(scratch, arena_json(scratch, holder_new(command)));
	size_t len = strlen(text);
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, len, 0);
	arena_free(scratch);
}

static json_t *read_name(struct arena *a, int fd)
{
	char text[HOLDER_BYTES];
	ssize_t len = pread(fd, text, sizeof text, 0);
	char *why;
	if (len <= 0)
		return NULL;
	return arena_json(a, json_parse(a, text, (size_t)len, HOLDER_BYTES, &why));
}

/* Only here, where the pid means something, can a name be known to be of one who is gone. */
static bool is_gone(const json_t *holder)
{
	char host[HOST_BYTES] = "";
	(void)gethostname(host, sizeof host - 1);
	const char *its_host = json_text_at(holder, "/host");
	pid_t pid = (pid_t)json_integer_value(json_object_get(holder, "pid"));
	return its_host && strcmp(its_host, host) == 0 && pid > 0 && kill(pid, 0) != 0 &&
		errno == ESRCH;
}

/* Who holds the lock that we just failed to get. The text may still be missing, or be that of a
 * holder that died, for as long as the new one takes to write its own. */
static char *describe(struct arena *a, int fd)
{
	json_t *holder = NULL;
	for (int i = 0; i < HOLDER_TRIES; i++) {
		holder = read_name(a, fd);
		if (json_is_object(holder) && !is_gone(holder))
			break;
		pause_ms(FIRST_PAUSE_MS);
	}
	return holder_describe(a, holder);
}

/* ---- taking ---- */

static bool fail(const char *path, int error, struct diags *diags)
{
	struct place at = { .file = arena_strdup(diags->arena, path) };
	if (error == ELOOP) {
		diag_error(diags, at, "state-permission",
			"cannot lock the state: the lock file is a symbolic link");
		diag_help(diags, "remove the link; the lock must stand beside the state itself");
		return false;
	}
	diag_error(diags, at, "state-permission", "cannot lock the state: %s", strerror(error));
	diag_help(diags,
		"the folder of the state must exist, on a local disk, and be writable for you");
	return false;
}

static int open_lock(const char *path, struct diags *diags)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat info;
	if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		return fd;
	(void)fail(path, fd < 0 ? errno : EINVAL, diags);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

struct waiter {
	int timeout_ms;
	lock_waiting_fn *waiting;
	void *context;
};

static bool refuse_locked(const char *path, int fd, int timeout_ms, struct diags *diags)
{
	struct arena *scratch = arena_new();
	diag_error(diags, (struct place){ .file = arena_strdup(diags->arena, path) },
		"state-locked", "the state is locked by %s", describe(scratch, fd));
	diag_help(diags, "wait for it to end, or wait longer than %d s with --lock-timeout",
		timeout_ms / 1000);
	arena_free(scratch);
	return false;
}

static bool wait_for_lock(
	const char *path, int fd, const struct waiter *waiter, struct diags *diags)
{
	int64_t end = now_ms() + waiter->timeout_ms, pause = FIRST_PAUSE_MS;
	for (int tries = 1;; tries++) {
		if (try_lock(fd, LOCK_EX))
			return true;
		if (errno != EWOULDBLOCK)
			return fail(path, errno, diags);
		int64_t left = end - now_ms();
		if (left <= 0 && tries >= LEAST_TRIES)
			return refuse_locked(path, fd, waiter->timeout_ms, diags);
		if (tries == LEAST_TRIES && waiter->waiting) {
			struct arena *scratch = arena_new();
			waiter->waiting(waiter->context, describe(scratch, fd));
			arena_free(scratch);
		}
		pause_ms(left > 0 && left < pause ? left : pause);
		pause = pause * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause * 2;
	}
}

struct lock *lock_take(const char *state_path, const char *command, int timeout_ms,
	lock_waiting_fn *waiting, void *context, struct diags *diags)
{
	struct waiter waiter = { timeout_ms, waiting, context };
	struct arena *scratch = arena_new();
	const char *path = lock_path(scratch, state_path);
	struct lock *lock = NULL;
	int fd = disk_check(path, diags) ? open_lock(path, diags) : -1;
	if (fd >= 0 && wait_for_lock(path, fd, &waiter, diags)) {
		write_name(fd, command);
		lock = mem_alloc(sizeof *lock);
		*lock = (struct lock){ .fd = fd, .path = mem_strdup(path) };
	}
	if (fd >= 0 && !lock)
		(void)close(fd);
	arena_free(scratch);
	return lock;
}

void lock_release(struct lock *lock)
{
	if (!lock)
		return;
	/* The file stays: to remove it would let two hold it, each under the same name. */
	(void)!ftruncate(lock->fd, 0);
	(void)close(lock->fd);
	free(lock->path);
	free(lock);
}

bool lock_stands(const struct lock *lock)
{
	struct stat held, found;
	return fstat(lock->fd, &held) == 0 && lstat(lock->path, &found) == 0 &&
		held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

char *lock_holder(struct arena *a, const char *state_path)
{
	int fd = open(lock_path(a, state_path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	bool held = !try_lock(fd, LOCK_SH) && errno == EWOULDBLOCK;
	char *holder = held ? describe(a, fd) : NULL;
	(void)close(fd);
	return holder;
}
