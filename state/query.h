/* SPDX-License-Identifier: Apache-2.0 */
/* query.h - a question in SQL that somebody typed
 *
 * One SELECT (or WITH ... SELECT), which can only read: no ATTACH, no PRAGMA, no function that does
 * anything but compute, and never the key of the seals, which is NULL. Bounded in time, in rows and
 * in bytes. Use a state that is open for reading, and nothing else of it beside.
 */
#ifndef WAYBILL_STATE_QUERY_H
#define WAYBILL_STATE_QUERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "state/state.h"

#define QUERY_ROWS ((size_t)10000)
#define QUERY_BYTES ((size_t)64 << 20) /* of all answers together */
#define QUERY_MS 10000

struct query_answer {
	const char **columns; /* their names */
	size_t ncolumns;
	json_t *rows;      /* arrays of null, integer, real or string; a blob is x'HEX' */
	bool is_truncated; /* there were more rows */
};

/* In the arena. False with `state-sql`, or as any reading. A state without a file has no rows. */
bool state_query(
	struct state *, struct arena *, const char *sql, struct query_answer *, struct diags *);

#endif
