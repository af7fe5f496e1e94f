/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2(), closefrom */
#include "providers/kubernetes/exec_plugin.h"

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

struct plugin {
	pid_t pid;
	int out, errors; /* ends that we read; -1: at their end */
	bool ended;
	int status;
};

static const char **words_of(struct arena *a, const struct kube_exec *exec)
{
	const char **words = NULL;
	size_t count = 0;
	*ARENA_PUSH(a, words, count) = exec->command;
	for (size_t i = 0; i < exec->narguments; i++)
		*ARENA_PUSH(a, words, count) = exec->arguments[i];
	(void)ARENA_PUSH(a, words, count);
	return words;
}

static bool is_same_name(const char *variable, const char *other)
{
	size_t len = strcspn(other, "=");
	return strncmp(variable, other, len) == 0 && variable[len] == '=';
}

/* A name that stands twice would be found by its first value: ours must not hide the plugin's. */
static const char **environment_of(struct arena *a, const struct kube_exec *exec,
	const char *const *inherited, const char *info)
{
	const char **all = NULL;
	size_t count = 0;
	*ARENA_PUSH(a, all, count) = arena_printf(a, "KUBERNETES_EXEC_INFO=%s", info);
	for (size_t i = 0; i < exec->nvariables; i++)
		if (!is_same_name(exec->variables[i], all[0]))
			*ARENA_PUSH(a, all, count) = exec->variables[i];
	size_t nown = count;
	for (; inherited && *inherited; inherited++) {
		bool hidden = false;
		for (size_t i = 0; i < nown; i++)
			hidden |= is_same_name(*inherited, all[i]);
		if (!hidden)
			*ARENA_PUSH(a, all, count) = *inherited;
	}
	(void)ARENA_PUSH(a, all, count);
	return all;
}

static int spawn(
	struct plugin *plugin, const char **words, const char **environment, int out, int errors)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t usual;
	(void)sigemptyset(&usual);
	(void)sigaddset(&usual, SIGPIPE); /* which we ignore, and it must not */
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
		why = posix_spawnp(&plugin->pid, words[0], &actions, &attributes,
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

static void look(struct plugin *plugin)
{
	pid_t ended = waitpid(plugin->pid, &plugin->status, WNOHANG);
	plugin->ended = ended == plugin->pid || (ended < 0 && errno != EINTR);
}

/* Somebody whom the plugin left behind may hold its pipes: its own end counts. */
static const char *attend(struct plugin *plugin, struct exec_run *run)
{
	int64_t deadline_ms = clock_ms() + run->limit_ms;
	for (;;) {
		struct pollfd waiting[] = { { .fd = plugin->out, .events = POLLIN },
			{ .fd = plugin->errors, .events = POLLIN } };
		look(plugin);
		if (!take(&plugin->out, &run->out))
			return "it says more than we take";
		(void)take(&plugin->errors, &run->errors);
		if (plugin->ended)
			return NULL;
		if (clock_ms() >= deadline_ms)
			return "it did not end in time";
		(void)poll(waiting, 2, LOOK_MS);
	}
}

static void finish(struct plugin *plugin)
{
	if (!plugin->ended) {
		(void)kill(-plugin->pid, SIGKILL);
		while (waitpid(plugin->pid, &plugin->status, 0) < 0 && errno == EINTR)
			continue;
	}
	if (plugin->out >= 0)
		(void)close(plugin->out);
	if (plugin->errors >= 0)
		(void)close(plugin->errors);
}

static bool make_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

bool exec_plugin_run(
	struct arena *a, const struct kube_exec *exec, struct exec_run *run, const char **problem)
{
	int from_out[2] = { -1, -1 }, from_errors[2] = { -1, -1 };
	struct plugin plugin = { .out = -1, .errors = -1 };
	int why = make_pipe(from_out) && make_pipe(from_errors) ? 0 : errno;
	if (why == 0)
		why = spawn(&plugin, words_of(a, exec),
			environment_of(a, exec, run->environment, run->info), from_out[1],
			from_errors[1]);
	plugin.out = from_out[0];
	plugin.errors = from_errors[0];
	if (from_out[1] >= 0)
		(void)close(from_out[1]);
	if (from_errors[1] >= 0)
		(void)close(from_errors[1]);
	plugin.ended = why != 0;
	*problem = why ? arena_printf(a, "it could not be run: %s", strerror(why))
		       : attend(&plugin, run);
	finish(&plugin);
	if (*problem)
		return false;
	if (WIFEXITED(plugin.status) && WEXITSTATUS(plugin.status) == 0)
		return true;
	*problem = WIFEXITED(plugin.status)
		? arena_printf(a, "it ended with status %d", WEXITSTATUS(plugin.status))
		: arena_printf(a, "it was ended by signal %d", WTERMSIG(plugin.status));
	return false;
}
