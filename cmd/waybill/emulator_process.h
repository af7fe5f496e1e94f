/* SPDX-License-Identifier: Apache-2.0 */
/* emulator_process.h - a waybill-emulator for the length of one command
 *
 * It is tied to us by a pipe: when we end, however that is, it reads the end of its stdin, writes
 * its store and ends too. It is a process group of its own, so that Ctrl-C reaches only us and it
 * can still answer the steps that are running.
 */
#ifndef WAYBILL_CMD_EMULATOR_PROCESS_H
#define WAYBILL_CMD_EMULATOR_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

struct emulator_process {
	pid_t pid; /* 0: none */
	int stdin_fd;
	const char *endpoint;     /* "http://127.0.0.1:PORT" */
	const char *subscription; /* of its cloud, or NULL */
	const char *tenant;       /* or NULL */
};

/* `store` is the file that keeps its cloud, `cloud` what a new one starts from (or NULL). False
 * with `emulator-start`. Strings in the arena. */
bool emulator_start(struct emulator_process *, struct arena *, const char *store, const char *cloud,
	struct diags *);
/* Waits until it has ended, so that its store is complete. */
void emulator_stop(struct emulator_process *);

#endif
