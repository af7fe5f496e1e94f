/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2(), environ */
#include "cmd/waybill/emulator_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"

#define PROGRAM "waybill-emulator"
#define READY_MS 10000
#define LINE_BYTES 4096

/* Beside ourselves, else by name through PATH. */
static const char *find_program(struct arena *a)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
	if (len <= 0)
		return PROGRAM;
	path[len] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash)
		return PROGRAM;
	*slash = '\0';
	const char *beside = arena_printf(a, "%s/" PROGRAM, path);
	return access(beside, X_OK) == 0 ? beside : PROGRAM;
}

static bool failed(struct diags *diags, const char *what, int why)
{
	(void)diag_error(diags, PLACE_NONE, "emulator-start", "cannot start `" PROGRAM "`: %s%s%s",
		what, why ? ": " : "", why ? strerror(why) : "");
	diag_help(diags, "it belongs beside `waybill` or on the PATH; what it says stands above");
	return false;
}

static int spawn(pid_t *pid, const char *program, char *const *argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int why = posix_spawn_file_actions_init(&actions);
	if (why)
		return why;
	why = posix_spawnattr_init(&attributes);
	if (why == 0)
		why = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (why == 0)
		why = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (why == 0)
		why = posix_spawnattr_setpgroup(&attributes, 0);
	if (why == 0)
		why = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	if (why == 0)
		why = posix_spawnp(pid, program, &actions, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return why;
}

static long now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

/* One line, without its end. False when the sender ends, is silent too long, or says too much. */
static bool read_line(int fd, struct buf *line)
{
	long deadline = now_ms() + READY_MS;
	for (;;) {
		long left = deadline - now_ms();
		struct pollfd waiting = { .fd = fd, .events = POLLIN };
		if (left <= 0 || (poll(&waiting, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if (waiting.revents == 0)
			continue;
		char c;
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != 1)
			return false;
		if (c == '\n')
			return true;
		if (!buf_putc(line, c))
			return false;
	}
}

static bool read_greeting(
	struct emulator_process *process, struct arena *a, int fd, struct diags *diags)
{
	struct buf line;
	char *why = NULL;
	buf_init(&line, LINE_BYTES);
	json_t *greeting = NULL;
	if (read_line(fd, &line))
		greeting = arena_json(a, json_parse(a, line.data, line.len, LINE_BYTES, &why));
	buf_release(&line);
	process->endpoint = json_text_at(greeting, "/endpoint");
	process->subscription = json_text_at(greeting, "/subscription");
	process->tenant = json_text_at(greeting, "/tenant");
	if (process->endpoint)
		return true;
	(void)diag_error(diags, PLACE_NONE, "emulator-start",
		"`" PROGRAM "` was started, and ended or was silent before it was ready");
	diag_help(diags, "what it says stands above");
	return false;
}

bool emulator_start(struct emulator_process *process, struct arena *a, const char *store,
	const char *cloud, struct diags *diags)
{
	char *argv[10] = { PROGRAM, "--listen", "127.0.0.1:0", "--store", arena_strdup(a, store),
		"--exit-with-stdin" };
	if (cloud) {
		argv[6] = "--cloud";
		argv[7] = arena_strdup(a, cloud);
	}
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) != 0)
		return failed(diags, "no pipe", errno);
	if (pipe2(out, O_CLOEXEC) != 0) {
		int why = errno;
		(void)close(in[0]);
		(void)close(in[1]);
		return failed(diags, "no pipe", why);
	}
	pid_t pid = 0;
	int why = spawn(&pid, find_program(a), argv, in[0], out[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	*process = (struct emulator_process){ .pid = why ? 0 : pid, .stdin_fd = in[1] };
	bool good = why ? failed(diags, "it could not be run", why)
			: read_greeting(process, a, out[0], diags);
	(void)close(out[0]);
	if (why)
		(void)close(in[1]);
	else if (!good)
		emulator_stop(process);
	return good;
}

void emulator_stop(struct emulator_process *process)
{
	if (process->pid == 0)
		return;
	(void)close(process->stdin_fd);
	while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	process->pid = 0;
}
