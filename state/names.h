/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - the files of a local state: where it really stands, and which names are its own
 */
#ifndef WAYBILL_STATE_NAMES_H
#define WAYBILL_STATE_NAMES_H

#include <stdbool.h>

#include "engine/base/arena.h"

/* Where symbolic links lead, also when nothing stands there yet; `path` itself when it is none, or
 * leads in a circle. One state has one lock and one log, by whatever name it is reached. In the
 * arena, or `path`. */
const char *state_follow(struct arena *, const char *path);

/* Whether `path` names a file that stands beside the state while it is used: its lock, its log, or
 * the one that it is made in. The state itself is none of them. */
bool state_names(const char *state_path, const char *path);

/* Whether both name one file, which need not be there. */
bool state_is_same_file(const char *a, const char *b);

#endif
