/* SPDX-License-Identifier: Apache-2.0 */
/* recording.h - all requests and answers of a command, as a HAR 1.2
 *
 * Entries wait in a file without a name, which is gone with the process, and become the HAR when
 * the command ends: whole or not at all. Only then all secrets of the configuration are known, so
 * that each is masked once more. Memory is that of one entry.
 */
#ifndef WAYBILL_CMD_RECORDING_H
#define WAYBILL_CMD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/base/secrets.h"

struct recording {
	const char *path; /* NULL: nothing is recorded */
	FILE *waiting;
	size_t bytes;
	unsigned left_out; /* entries that did not fit any more */
	bool broken;       /* one could not be kept */
	int why;           /* errno of it */
};

/* Borrows the path. False with `record-write` when no file can be made there. */
bool recording_open(struct recording *, struct arena *, const char *path, struct diags *);
/* One entry on one line, as providers/net/log.h brings it. */
void recording_add(struct recording *, const struct secrets *, const char *entry);
/* Writes the HAR. False with errno set. Nothing for one that was not opened, or is closed. */
bool recording_close(struct recording *, struct arena *, const struct secrets *);

#endif
