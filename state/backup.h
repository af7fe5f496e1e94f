/* SPDX-License-Identifier: Apache-2.0 */
/* backup.h - a copy of the state, and a copy put back
 *
 * A copy is a state of its own in one file, at rest, as the state stood at one instant: it may be
 * made beside a live run.
 */
#ifndef WAYBILL_STATE_BACKUP_H
#define WAYBILL_STATE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "state/state.h"

/* Copies the open state into a new file (0600). False with `file-exists`, `state-open` (there is no
 * state) or as any writing; then there is no such file. */
bool state_backup(struct state *, const char *file, struct diags *);

struct restored {
	int64_t serial;          /* of what was put back */
	int64_t previous_serial; /* of what it replaced; negative: nothing, or nothing readable */
	const char *kept;        /* where what it replaced is now; NULL: there was nothing */
	int64_t promised;        /* the run that the backup says is to be put back, of which nobody
				    knows whether it was confirmed since; 0: none */
};

/* Puts a copy of the backup in the place of a local state, which is kept beside it. Needs the lock.
 * Without `force` a backup of another state is refused (`state-lineage`), and a state with open
 * intents (`state-unsettled`): with it, nobody would ask what came of them; likewise one with a run
 * that waits to be confirmed, of which the backup does not know (`run-unconfirmed`). What the
 * backup would put back, and the state that is there knows to be over, is not promised again. */
bool state_restore(const char *path, const char *backup, bool force, struct arena *,
	struct restored *, struct diags *);

#endif
