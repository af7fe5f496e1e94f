/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - one writer at a time
 *
 * An OS lock (flock) on STATE.lock, a file of its own; it ends with its holder, however that dies.
 * The file's text names the holder: a JSON object {user, host, pid, since, command}.
 */
#ifndef WAYBILL_STATE_LOCK_H
#define WAYBILL_STATE_LOCK_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

struct lock;

/* Called once when the lock is held by another and we begin to wait. */
typedef void lock_waiting_fn(void *context, const char *holder);

/* Waits up to timeout_ms. NULL with `state-locked`, which names the holder, `state-permission`, or
 * `state-network-disk`. */
struct lock *lock_take(const char *state_path, const char *command, int timeout_ms,
	lock_waiting_fn *, void *context, struct diags *);
void lock_release(struct lock *); /* NULL is allowed */

/* Whether its file is still where others look for it. One who deleted it, perhaps because it seemed
 * left over, has let another run in. */
bool lock_stands(const struct lock *);

/* Who holds it, as "user@host, pid N, since T, command", or NULL when nobody does. */
char *lock_holder(struct arena *, const char *state_path);

#endif
