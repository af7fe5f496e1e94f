/* SPDX-License-Identifier: Apache-2.0 */
/* moves.h - records that follow what somebody moved in Azure
 *
 * ARM gives a moved object another id, and all inside it too. Its records take the new ids, and
 * every id that a record holds (of what it refers to, what was before us, what it depends on)
 * follows. Pure: nothing is read or written here.
 */
#ifndef WAYBILL_PLAN_MOVES_H
#define WAYBILL_PLAN_MOVES_H

#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/config/config.h"
#include "engine/plan/snapshot.h"
#include "state/state.h"

struct moves {
	const struct config_move *items;
	size_t count;
};

/* All records of a state after moves. */
struct followed {
	struct record *records; /* sorted by id without case */
	size_t nrecords;
	const char **old_ids; /* by place in records: the id it had; NULL: it has not moved */
	bool *differs;        /* by place in records: it is to be written anew */
};

/* The id after the moves, or the same one. In the arena or borrowed. */
const char *move_id(struct arena *, const struct moves *, const char *id);
/* Whether anything is recorded of what has the id, or is inside it. */
bool moves_concern(const struct record *records, size_t nrecords, const char *id);
/* `names` shortens ids to addresses. The records given are left as they are. */
void moves_follow(struct arena *, const struct config *names, const struct record *records,
	size_t nrecords, const struct moves *, struct followed *out);

#endif
