/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2(), closefrom */
#include "providers/net/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "providers/net/timer.h"

#define LOOK_MS 20 /* how often one whose pipes tell nothing is looked at */

struct child {
	pid_t pid;
	int out, errors; /* ends that we read; -1: at their end */
	bool ended;
	int status;
};

static int spawn(struct child *child, const char *const *words, const char *const *environment,
	int out, int errors)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t usual;
	(void)sigemptyset(&usual);
	/* Which we ignore, and it must not. */
	(void)sigaddset(&usual, SIGPIPE);
	(void)sigaddset(&usual, SIGXFSZ);
	int why = posix_spawn_file_actions_init(&actions);
	if (why)
		return why;
	why = posix_spawnattr_init(&attributes);
	if (why == 0)
		why = posix_spawn_file_actions_addopen(
			&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	/* These are 1 and 2, by numbers: nothing here prints. */
	if (why == 0)
		why = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (why == 0)
		why = posix_spawn_file_actions_adddup2(&actions, errors, 2);
	/* Connections and locks are ours, also of libraries that do not say so. */
	if (why == 0)
		why = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (why == 0)
		why = posix_spawnattr_setpgroup(&attributes, 0);
	if (why == 0)
		why = posix_spawnattr_setsigdefault(&attributes, &usual);
	if (why == 0)
		why = posix_spawnattr_setflags(
			&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	if (why == 0)
		why = posix_spawnp(&child->pid, words[0], &actions, &attributes,
			(char *const *)words, (char *const *)environment);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return why;
}

/* Takes what is there; at the end of it *fd is closed and -1. False when there was too much. */
static bool take(int *fd, struct buf *text)
{
	char bytes[4096];
	while (*fd >= 0) {
		ssize_t got = read(*fd, bytes, sizeof bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (got <= 0) {
			(void)close(*fd);
			*fd = -1;
		} else if (!buf_add(text, bytes, (size_t)got)) {
			explicit_bzero(bytes, sizeof bytes);
			return false;
		}
	}
	explicit_bzero(bytes, sizeof bytes);
	return true;
}

static void look(struct child *child)
{
	pid_t ended = waitpid(child->pid, &child->status, WNOHANG);
	child->ended = ended == child->pid || (ended < 0 && errno != EINTR);
}

/* Somebody whom the program left behind may hold its pipes: its own end counts. */
static const char *attend(struct child *child, struct process *process)
{
	int64_t deadline_ms = clock_ms() + process->limit_ms;
	for (;;) {
		struct pollfd waiting[] = { { .fd = child->out, .events = POLLIN },
			{ .fd = child->errors, .events = POLLIN } };
		look(child);
		if (!take(&child->out, &process->out))
			return "it says more than we take";
		(void)take(&child->errors, &process->errors);
		if (child->ended)
			return NULL;
		if (clock_ms() >= deadline_ms)
			return "it did not end in time";
		(void)poll(waiting, 2, LOOK_MS);
	}
}

static void finish(struct child *child)
{
	if (!child->ended) {
		(void)kill(-child->pid, SIGKILL);
		while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
			continue;
	}
	if (child->out >= 0)
		(void)close(child->out);
	if (child->errors >= 0)
		(void)close(child->errors);
}

static bool make_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

bool process_run(struct arena *a, struct process *process, const char **problem)
{
	int from_out[2] = { -1, -1 }, from_errors[2] = { -1, -1 };
	struct child child = { .out = -1, .errors = -1 };
	int why = make_pipe(from_out) && make_pipe(from_errors) ? 0 : errno;
	if (why == 0)
		why = spawn(
			&child, process->words, process->environment, from_out[1], from_errors[1]);
	child.out = from_out[0];
	child.errors = from_errors[0];
	if (from_out[1] >= 0)
		(void)close(from_out[1]);
	if (from_errors[1] >= 0)
		(void)close(from_errors[1]);
	child.ended = why != 0;
	*problem = why ? arena_printf(a, "it could not be run: %s", strerror(why))
		       : attend(&child, process);
	finish(&child);
	if (*problem)
		return false;
	if (WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0)
		return true;
	*problem = WIFEXITED(child.status)
		? arena_printf(a, "it ended with status %d", WEXITSTATUS(child.status))
		: arena_printf(a, "it was ended by signal %d", WTERMSIG(child.status));
	return false;
}

const char *process_find(struct arena *a, const char *path, const char *name)
{
	for (const char *folder = path; folder && *folder;) {
		size_t len = strcspn(folder, ":");
		const char *file = arena_printf(a, "%.*s/%s", (int)len, folder, name);
		if (*folder == '/' && access(file, X_OK) == 0)
			return file;
		folder += len + (folder[len] == ':');
	}
	return NULL;
}
