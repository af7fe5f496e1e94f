/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - what is told on stderr while an apply runs
 *
 * One line when a step starts, every ten seconds while it runs, and when it has ended; and one when
 * it waits for another to settle.
 */
#ifndef WAYBILL_CMD_PROGRESS_H
#define WAYBILL_CMD_PROGRESS_H

#include "engine/apply/apply.h"

/* An on_event of apply_options; needs no context. */
void progress_tell(void *context, const struct apply_event *);

#endif
