/* SPDX-License-Identifier: Apache-2.0 */
/* drawing.h - a network, and what a plan changes in it, as boxes and lines
 *
 * A pure function of two topologies of one configuration (engine/plan/view.h) and the plan between
 * them; how it is drawn is the renderers' affair. On top stand networks, then what is in none, then
 * route tables; peerings, subnets, nodes and routes are inside them. Nodes of one subnet and one
 * set are one box beyond DRAWING_ALIKE, and so are routes of one table that have a set and a mark
 * in common, so that a drawing grows with the sets and not with their nodes.
 *
 * All of it is in the given arena. Texts are as they came, but for secrets: a renderer escapes
 * them.
 */
#ifndef WAYBILL_PLAN_DRAWING_H
#define WAYBILL_PLAN_DRAWING_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/network/topology.h"
#include "engine/plan/plan.h"

/* Beyond as many that are alike, one box or row stands for all of them. */
#define DRAWING_ALIKE 8
#define DRAWING_LINES 3

enum drawing_kind {
	DRAWN_NETWORK,
	DRAWN_PEERING, /* in a network: its own side */
	DRAWN_SUBNET,
	DRAWN_NODES,     /* in a subnet: a node, or many of one set */
	DRAWN_ADDRESSES, /* in a subnet: next hops of routes that are no node's */
	DRAWN_OUTSIDE,   /* on top: nodes in no subnet that is known */
	DRAWN_TABLE,
	DRAWN_ROUTES, /* in a table: a route, or many that are alike */
	DRAWN_KINDS
};

enum drawing_mark {
	MARK_UNCHANGED,
	MARK_ADDED,
	MARK_CHANGED,
	MARK_REPLACED,
	MARK_DESTROYED,
	MARK_FOREIGN, /* someone else's, and kept */
	MARK_COUNT
};

struct drawing_box {
	enum drawing_kind kind;
	enum drawing_mark mark;
	size_t number; /* its own in the drawing, below `nboxes` */
	size_t count;  /* of what it stands for: more than 1 for a group */
	const char *name;
	const char *lines[DRAWING_LINES]; /* what else there is to say of it */
	size_t nlines;
	const char *address;              /* NULL: of a group, or of what has none */
	const struct drawing_box *parent; /* NULL: on top */
	struct drawing_box **inside;
	size_t ninside;
};

struct drawing_line {
	enum drawing_mark mark;
	const struct drawing_box *from, *to;
};

struct drawing {
	struct drawing_box **boxes;       /* on top */
	size_t ntop, nboxes;              /* nboxes: of all levels */
	struct drawing_line *attachments; /* from a subnet to its table */
	size_t nattachments;
	/* From one side of a peering to the other; to the network where that has no side. */
	struct drawing_line *peerings;
	size_t npeerings;
	struct drawing_line *leads; /* from routes to the nodes or addresses they lead to */
	size_t nleads;
	bool has[MARK_COUNT]; /* whether any resource or line has it */
};

/* `planned` and `now` are of the plan's configuration, which the plan must have. */
struct drawing *drawing_make(struct arena *, const struct plan *, const struct topology *planned,
	const struct topology *now);

/* The network of a side, or that network. */
const struct drawing_box *drawing_network(const struct drawing_box *);

const char *drawing_kind_name(enum drawing_kind); /* "network", "peering", ... */
const char *drawing_mark_name(enum drawing_mark); /* "unchanged", "added", ... */

#endif
