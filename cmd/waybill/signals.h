/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - Ctrl-C and the end that a CI system asks for
 *
 * While nothing is written, a signal ends the process at once: everything we keep survives that.
 * Between signals_hold() and signals_release() the first one only sets a flag and wakes the
 * provider, so that running steps may finish; the second ends at once, with 130 or 143. What others
 * would have to wait for, the lease of a remote state, is given back first: signals_note().
 */
#ifndef WAYBILL_CMD_SIGNALS_H
#define WAYBILL_CMD_SIGNALS_H

#include <signal.h>

#include "providers/provider.h"

void signals_install(void);
/* Returns what is set to the signal's number, at once if one came that was noted. */
const volatile sig_atomic_t *signals_hold(struct provider *);
/* The signal that came, or 0. */
int signals_release(void);

/* From now on the first signal ends nothing by itself outside of the two either, and wakes the
 * provider, which may be NULL: who waits asks signals_noted(), and ends the process in good order.
 */
void signals_note(struct provider *);
/* The signal that came, or 0; between the two, 0. */
int signals_noted(void);

#endif
