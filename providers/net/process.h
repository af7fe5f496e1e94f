/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - runs a program and takes what it says
 *
 * Without a shell, with nothing to read, in a process group of its own, which is killed when its
 * time is over. It blocks. Which program may be run is the caller's to decide.
 */
#ifndef WAYBILL_PROVIDERS_NET_PROCESS_H
#define WAYBILL_PROVIDERS_NET_PROCESS_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"

struct process {
	const char *const *words;       /* the program and its arguments, NULL-terminated; one
					   without a slash is looked for in PATH */
	const char *const *environment; /* NULL-terminated */
	long limit_ms;
	struct buf out, errors; /* what it printed; to be initialised with their bounds */
};

/* True when it ended well. False with *problem, in the arena; `errors` is filled either way. */
bool process_run(struct arena *, struct process *, const char **problem);

/* The file of a program in the folders of `path` (as PATH has them, NULL for none) that begin with
 * "/": what lies in the working folder may be anybody's. NULL: none. In the arena. */
const char *process_find(struct arena *, const char *path, const char *name);

#endif
