/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - what will be done, and in which order
 *
 * plan_make() is a pure function of configuration and snapshot. Its changes are for people and
 * for the plan id; its steps are the whole program that apply runs. The verb of a change follows
 * from which of before and after is absent.
 */
#ifndef WAYBILL_PLAN_PLAN_H
#define WAYBILL_PLAN_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/config/config.h"
#include "engine/network/survey.h"
#include "engine/plan/diff.h"
#include "engine/plan/snapshot.h"

enum action {
	ACTION_NONE, /* nothing to write; a record may still be made (adopted) */
	ACTION_CREATE,
	ACTION_UPDATE,
	ACTION_REPLACE, /* delete, then create under the same id */
	ACTION_DELETE,
	ACTION_FORGET, /* the record goes, the resource stays */
};

const char *action_name(enum action); /* "no-op", "create", "update", "replace", ... */

struct change {
	const char *address, *id, *name;
	const struct schema *schema;
	const struct resource *resource; /* NULL: only recorded */
	const struct record *record;     /* NULL: not recorded */
	const struct actual *actual;     /* NULL: absent */
	enum action action;
	bool adopts;      /* becomes ours by this change */
	bool left_out;    /* not what the plan is aimed at: it stays as it stands */
	bool not_ours;    /* stands, is not ours, and is not to be taken over: there is no plan */
	bool lets_go;     /* was ours, becomes `existing` */
	bool as_recorded; /* declared and standing as it is recorded: it has neither drifted nor
			     lost a member */
	bool restores;    /* writes back what was before us */
	const char *moved_from; /* the id it had, of what somebody moved in Azure, itself and not
				   only what it is inside of; or NULL */
	json_t *before;         /* what is ours or declared of it, as it stands; NULL: absent */
	json_t *after;          /* NULL: absent */
	struct edits edits;
	const char *replaced_by; /* pointer of the member that forces a replacement, or NULL */
	const char *why;         /* a reason beyond "the configuration says so", or NULL */
	const json_t *keeps;     /* the record to be kept, as step_json() writes it, in place of one
				    that follows from the configuration; null: none; or NULL */
	bool rewrites; /* an update that is sent even if no member differs: the write itself mends
			*/
	const char *reconnects; /* id of what can be made only after that, or NULL */
	const char *follows;    /* id of what must be gone before it is written, or NULL */
	const char **unknown;   /* pointers in `after` known only after apply */
	size_t nunknown;
	const char **explicit_defaults; /* pointers in `after` of what is spelled out when it is
					   made, though the configuration says nothing of it: it is
					   sent, and not ours afterwards */
	size_t nexplicit_defaults;
	struct place at; /* the YAML position that asks for it; or none */
};

/* What is ours of `after`, the change's or a copy with more in place: all but what is only spelled
 * out. New, or `after` itself with one reference more; NULL of NULL. */
json_t *change_ours(const struct change *, json_t *after);

/* Someone else's change of something of ours since the last apply. */
struct drift {
	const char *address, *id;
	const struct schema *schema;
	bool removed;
	struct edits edits; /* recorded -> actual */
};

/* Made by someone else inside something of ours: kept. Tags are those of one resource of ours,
 * whose id and address they have: {tags: {name: value}}. */
struct foreign {
	const char *address, *id, *name;
	const struct schema *schema;
	const char *parent_address;
	bool is_tags;
	const json_t *body;
};

enum step_verb {
	STEP_CREATE, /* PUT of a resource that must not exist */
	STEP_UPDATE, /* GET, merge, PUT */
	STEP_TAGS,   /* PATCH */
	STEP_DELETE,
};

const char *step_verb_name(enum step_verb);

/* A change of one child inside its parent's body. */
struct step_child {
	const struct change *change;
	const char *name;
	const struct schema *schema;
	json_t *before; /* what the plan saw: NULL: absent */
	json_t *after;  /* NULL: to be removed */
};

/* One write to ARM: of `id`, carrying all its changes. */
struct step {
	size_t number; /* index in plan->steps */
	enum step_verb verb;
	const char *id, *address;
	const struct schema *schema;
	const struct change *change; /* of the resource itself; NULL: only of children in it */
	bool rewrites;               /* is sent even if nothing differs */
	bool detaches; /* only takes a reference out, for a replacement; a later step puts it back
			*/
	json_t *body;  /* CREATE: the resource without the children below */
	struct edits edits; /* UPDATE, TAGS: of the resource itself */
	struct step_child *children;
	size_t nchildren;
	const char **holds; /* ids, lower case, sorted, its own among them: no two steps that hold
			       the same one run together */
	size_t nholds;
	bool settles_parent;   /* after it, wait until the parent has left Updating */
	const char *parent_id; /* the enclosing resource, or NULL */
	size_t *waits;         /* numbers of the steps it waits for, sorted; all are smaller */
	size_t nwaits;
	size_t *settles; /* those of the steps that it waits for, directly or not, whose effect must
			    have arrived before it starts, or it might break a path; sorted */
	size_t nsettles;
	size_t depth; /* longest chain of steps that wait for this one: start deep ones first */
};

/* A pod path, for people. */
struct plan_path {
	const char *from, *to; /* names of nodes */
	const char *pods;      /* CIDR, of `to` */
};

/* Paths that are reached before and after, and not always on the way. */
struct plan_cut {
	const char *from_verb, *from;   /* the step that breaks them: its verb and its address */
	const char *until_verb, *until; /* the step that mends them */
	size_t paths;
	struct plan_path *first; /* some of them */
	size_t nfirst;
};

/* Pod paths between the planned nodes, by routes alone. */
struct plan_reach {
	struct survey_counts after, now; /* total 0: there are none to judge */
	size_t lost;                     /* reached now, broken after */
	const char **leaving;            /* "POD-CIDR (ADDRESS)" of node routes that go */
	size_t nleaving;
	struct plan_cut *cuts; /* in the order of the steps that begin them */
	size_t ncuts;
	size_t unjudged; /* paths that too many steps change at once to tell what they are on the
			    way */
};

enum refresh {
	REFRESH_TRUE,
	REFRESH_FALSE, /* the state is trusted (snapshot.h) */
	REFRESH_ONLY,  /* nothing is planned but that records take what stands: drift alone */
};

const char *refresh_name(enum refresh); /* "true", "false", "only" */

struct plan_options {
	bool destroy;
	enum refresh refresh;
	const char *const *adopt; /* addresses */
	size_t nadopt;
	const char *const *target; /* what alone is planned, with what it needs; none: all */
	size_t ntarget;
	const char *const *replace;
	size_t nreplace;
	const char *const *delete_foreign;
	size_t ndelete_foreign;
	long max_deletes; /* negative: not given */
	bool allow_unreachable;
	bool only_looks; /* nothing will be done, so nothing is guarded against */
};

struct followed;
struct topology;

struct plan {
	struct arena *arena;
	struct config *config; /* NULL for a plan that was loaded only to be shown */
	const struct catalog *catalog;
	struct snapshot *snapshot; /* what it was made from, with moves followed; NULL as config
				      is */
	bool destroy;
	int64_t puts_back; /* the run whose tables it puts back; 0: it is no such plan */
	bool drift_only;   /* no change but of what moved; apply writes the drifts into the state */
	struct change *changes; /* sorted by address; those of ACTION_NONE only when they adopt, let
				   go or have moved */
	size_t nchanges;
	struct drift *drifts;
	size_t ndrifts;
	struct foreign *foreigns; /* sorted by address */
	size_t nforeigns;
	struct step *steps; /* each behind those it waits for */
	size_t nsteps;
	json_t *outputs;                 /* name: value, null where not known yet */
	json_t *outputs_before;          /* of the last run, or NULL */
	const struct topology *topology; /* the network that it leaves; NULL as config is */
	struct plan_reach reach;
	const char *id; /* 64 hex digits */
	size_t to_add, to_change, to_destroy, to_adopt, to_forget, to_move;
	const struct followed *followed; /* the records of `snapshot` that moves changed (moves.h);
					    NULL: there are none */
	const char **new_subscriptions;  /* that the state grows by when this is applied */
	size_t nnew_subscriptions;
	const char *const *targets; /* what it is aimed at; none: all */
	size_t ntargets;
	const char **left_out; /* addresses of the changes that it would have without targets */
	size_t nleft_out;
	const char **absent; /* of plan_takeover(): addresses of what is declared and does not
				stand */
	size_t nabsent;
	size_t ndiffering;      /* of it, too: what stands otherwise than declared */
	const char **in_flight; /* addresses with an open intent of a run that is alive */
	size_t nin_flight;
};

/* NULL with errors. */
struct plan *plan_make(struct arena *, struct config *, struct snapshot *,
	const struct plan_options *, struct diags *);
/* A plan without steps, by which what is declared and stands becomes known as it stands: `only` and
 * what is inside it, or NULL for all. NULL with errors. takeover.c */
struct plan *plan_takeover(struct arena *, struct config *, struct snapshot *,
	const struct resource *only, struct diags *);
bool plan_is_empty(const struct plan *); /* nothing to write and no record to change */

/* The plan as it may be shown and saved, without secrets: changes, drifts, foreigns and outputs;
 * its steps are still those of `plan`. mask.c */
const struct plan *plan_masked(const struct plan *);

/* A step as JSON, for its intent: enough to decide later, without plan or configuration, what of
 * it came true. New. Written by apply, read by snapshot_overlay(). */
json_t *step_json(const struct step *);

/* ---- saved plans (planfile.c) ---- */

/* {after, now: {total, ok, assumed, unknown, broken}, lost, leaving, cuts: [{from, until: {verb,
 * address}, paths, first: [{from, to, pods}]}], unjudged}; new. */
json_t *plan_reach_json(const struct plan_reach *);
/* The plan, its inputs and options as one value; new. */
json_t *plan_save(const struct plan *, const struct plan_options *);
/* What a saved plan was made of; strings in the arena. False with `plan-unreadable` or
 * `plan-version`. Apply plans again from these and compares ids; show uses `shown`. */
struct saved_plan {
	json_t *inputs; /* for config_load_inputs() */
	struct plan_options options;
	const char *id;
	struct plan *
		shown; /* changes, drifts, foreigns, counts and outputs, to be rendered; no steps */
};
bool plan_load(struct arena *, const struct catalog *, const json_t *saved, struct saved_plan *out,
	struct diags *);
/* Appends to diags one error for each change in which two plans differ (`plan-stale`). */
void plan_explain_difference(const struct plan *saved, const struct plan *now, struct diags *);

#endif
