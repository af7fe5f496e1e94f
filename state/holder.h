/* SPDX-License-Identifier: Apache-2.0 */
/* holder.h - the name of who holds a state: a JSON object {user, host, pid, since, command}
 */
#ifndef WAYBILL_STATE_HOLDER_H
#define WAYBILL_STATE_HOLDER_H

#include <jansson.h>

#include "engine/base/arena.h"

#define HOLDER_BYTES 4096 /* of its text at most */

json_t *holder_new(const char *command);
/* "user@host, pid N, since T, command"; of anything but an object, that it left no name. */
char *holder_describe(struct arena *, const json_t *);
/* The same of its text, which comes from outside; NULL is allowed. */
char *holder_describe_text(struct arena *, const char *text);

#endif
