/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - Ctrl-C and the end that a CI system asks for
 *
 * While nothing is written, a signal ends the process at once: everything we keep survives that.
 * Between signals_hold() and signals_release() the first one only sets a flag and wakes the
 * provider, so that running steps may finish; the second ends at once, with 130 or 143.
 */
#ifndef WAYBILL_CMD_SIGNALS_H
#define WAYBILL_CMD_SIGNALS_H

#include <signal.h>

#include "providers/provider.h"

void signals_install(void);
/* Returns what is set to the signal's number. */
const volatile sig_atomic_t *signals_hold(struct provider *);
/* The signal that came since signals_hold(), or 0. */
int signals_release(void);

#endif
