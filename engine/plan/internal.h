/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the passes of plan_make() share */
#ifndef WAYBILL_PLAN_INTERNAL_H
#define WAYBILL_PLAN_INTERNAL_H

#include "engine/plan/plan.h"

struct breaks;

struct planner {
	struct arena *arena;
	struct config *config;
	struct snapshot *snapshot; /* with moves followed */
	const struct plan_options *options;
	struct diags *diags;
	struct plan *plan;
	/* One for each resource that is declared or recorded, and for each foreign one that goes;
	 * sorted by id without case, so that a parent stands before its children. */
	struct change *all;
	size_t nall;
	const bool *kept;      /* by place in `all`, once paired: the rest is left out; NULL: all */
	bool adopts_all;       /* whatever is declared and stands is to be taken over */
	struct breaks *breaks; /* half-way states that would break a path; NULL: none. halfway.h */
};

/* Whether the address or id is among those given on the command line. */
bool planner_names(
	const struct planner *, const char *const *given, size_t count, const struct change *);
struct change *planner_change(const struct planner *, const char *id); /* or NULL */
/* What stands of what the plan shows of it as it is to be. */
void planner_fill_before(const struct planner *, struct change *);
/* The change of the enclosing resource, or of the group for a top-level one; NULL: not planned. */
struct change *planner_container(const struct planner *, const struct change *);
/* For qsort and bsearch: by id without case; by address, then id. */
int change_by_id(const void *a, const void *b);
int change_by_address(const void *a, const void *b);
/* Whether it is made or adopted by us, by the record or by this plan. */
bool change_is_ours(const struct change *);
/* Whether the resource goes, for good or to be made again. */
bool change_removes(const struct change *);
/* Whether what is declared of it refers to the id. */
bool change_refers(const struct change *, const char *id);

/* plan.c: what a reader has to see, the outputs, and the plan id. */
void planner_keep_changes(struct planner *);
void planner_find_outputs(struct planner *);
void planner_make_id(struct planner *);
/* moves.c: records take the ids that objects have now, before the pairing; and after it, what moved
 * by itself is told. */
void planner_follow_moves(struct planner *);
void planner_mark_moved(struct planner *);
/* target.c: finds `kept`, and tells the plan what is left out. Before the pairing. */
void planner_keep_targets(struct planner *);
/* ownership.c: pairs declared and recorded, and decides each. */
void planner_pair(struct planner *);
void planner_decide(struct planner *);
/* foreign.c: what someone else made inside ours; refuses to lose it. */
void planner_find_foreign(struct planner *);
void planner_find_drift(struct planner *);
/* foreign_tags.c */
void planner_find_foreign_tags(struct planner *);
/* replace.c: what goes with something that is replaced. */
void planner_spread_replacement(struct planner *);
/* newer.c: tells what stands and is newer than the schemas. */
void planner_tell_newer(struct planner *);
/* created.c: spells out what a version's default would decide of what is made. */
void planner_spell_defaults(struct planner *);
/* peerings.c: peerings that have to be written again for the sake of the other side. */
void planner_mend_peerings(struct planner *);
/* mask.c: learns what stands where a secret comes to stand. */
void planner_find_secrets(struct planner *);
/* guards.c: what a plan may not do without being told to. */
void planner_guard(struct planner *);
/* steps.c: in no order yet. */
void planner_make_steps(struct planner *);
/* paths.c: counts the pod paths, refuses to lose one, and finds what may break one on the way. */
void planner_judge_paths(struct planner *);

#endif
