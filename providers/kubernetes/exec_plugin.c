/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/kubernetes/exec_plugin.h"

#include <string.h>

#include "providers/net/process.h"

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

bool exec_plugin_run(
	struct arena *a, const struct kube_exec *exec, struct exec_run *run, const char **problem)
{
	struct process process = { .words = words_of(a, exec),
		.environment = environment_of(a, exec, run->environment, run->info),
		.limit_ms = run->limit_ms,
		.out = run->out,
		.errors = run->errors };
	bool good = process_run(a, &process, problem);
	run->out = process.out;
	run->errors = process.errors;
	return good;
}
