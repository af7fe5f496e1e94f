/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - a state that is kept by a store
 *
 * Opened, it is a SQLite database in memory: the snapshot with the log played onto it. Nothing of
 * it is ever on this machine's disk. Every write is noted beside the database; state_commit()
 * appends what was noted as one group to the log, and then alone is it durable. When the log has
 * grown as large as the snapshot, the database becomes the next snapshot and the log begins anew,
 * so that bytes follow the changes. A run that lost its lease can write nothing: each append and
 * each snapshot holds only under it (store.h).
 *
 * A command: remote_new(); to write, remote_lock(); state_open_remote() as often as it likes, one
 * at a time; state_close(); remote_free(), which ends the lease.
 */
#ifndef WAYBILL_STATE_REMOTE_H
#define WAYBILL_STATE_REMOTE_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "state/lock.h"
#include "state/state.h"
#include "state/store.h"

struct remote;

struct remote *remote_new(struct store *); /* takes the store */
void remote_free(struct remote *);         /* NULL is allowed */

/* As lock_take(). False with `state-locked`, or with why the store cannot be asked. */
bool remote_lock(struct remote *, const char *command, int timeout_ms, lock_waiting_fn *,
	void *context, struct diags *);
/* Who holds it, as lock_holder(); of a state that is open for reading, at that instant. */
bool remote_holder(struct remote *, struct arena *, char **out, struct diags *);
bool remote_break(struct remote *, struct diags *);

/* As state_open(). STATE_WRITE needs the lock; with it, what is read once is not read again. */
struct state *state_open_remote(struct remote *, enum state_access, struct diags *);

/* Puts the bytes of a local state, which is open for reading, in the place of what is there. Needs
 * the lock. Without `force` false with `state-exists` when what is there is another state, or a
 * newer one. */
bool remote_push(struct remote *, struct state *local, bool force, struct diags *);

#endif
