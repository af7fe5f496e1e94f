/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the writes that follow a snapshot, as text
 *
 * A group is what one state_commit() made durable, and one line:
 *
 *   {"format":1,"n":7,"run":"...","writes":[["put_record","/subscriptions/...",...],...]}
 *
 * A write is the name of a statement of sql.c and its parameters: text is a string, a number an
 * integer, JSON an array of that one value, NULL null. The statements are functions of what is
 * stored and their parameters alone, so that playing the groups onto the snapshot they follow gives
 * the same rows everywhere. Groups are numbered without gaps: one that is there twice counts once.
 * Names are never taken again, and parameters are only ever added at the end (absent ones are
 * NULL), so that a newer Waybill plays what an older one wrote; an older one refuses a newer
 * format. A last line without its end was never told to be durable and is left out.
 */
#ifndef WAYBILL_STATE_LOG_H
#define WAYBILL_STATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "state/internal.h"

/* Appends one write to those of a group under construction. False when a text is not UTF-8. */
bool log_add(struct buf *writes, const char *name, const struct value *, size_t count);
/* Appends the group as a line. `run` tells the runs apart. */
void log_line(struct buf *out, int64_t number, const char *run, const struct buf *writes);

struct log_end {
	int64_t sequence; /* in: of the last group that is in the snapshot; out: of the log */
	size_t groups;    /* played */
	bool is_torn;     /* the last line has no end */
};

/* Plays the groups that are not yet in the open, writable database. False with
 * `state-unreadable` or `state-newer`; then the database holds a part. */
bool log_play(struct state *, const char *log, size_t len, struct log_end *, struct diags *);

#endif
