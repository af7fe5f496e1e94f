/* SPDX-License-Identifier: Apache-2.0 */
/* keeping.h - a provider that keeps the state while it is waited for
 *
 * Everything that takes long waits in reap(); there the lease of a remote state is renewed.
 */
#ifndef WAYBILL_CMD_KEEPING_H
#define WAYBILL_CMD_KEEPING_H

#include "providers/provider.h"
#include "state/state.h"

/* Takes the provider. `state` is where the open state stands, or NULL while there is none; `waited`
 * is called whenever there was a wait. */
struct provider *keeping_new(struct provider *, struct state *const *state,
	void (*waited)(void *context), void *context);

#endif
