/* SPDX-License-Identifier: Apache-2.0 */
/* drawing_internal.h - what the files that make a drawing share
 */
#ifndef WAYBILL_PLAN_DRAWING_INTERNAL_H
#define WAYBILL_PLAN_DRAWING_INTERNAL_H

#include "engine/plan/drawing.h"

struct sketch {
	struct arena *arena;
	const struct plan *plan;
	const struct topology *planned, *now;
	struct drawing *drawing;
	const struct change **changes; /* by id without case */
	size_t nchanges;
	/* Boxes by index in the topologies; NULL: not drawn. What stands in both has one. */
	struct drawing_box **networks, **networks_now;
	struct drawing_box **subnets, **subnets_now;
	struct drawing_box **nodes; /* of both topologies: they have the same */
};

/* What the plan does with a part of `planned`, or that it is foreign. */
enum drawing_mark sketch_mark(const struct sketch *, const struct topology_part *);
/* Whether the configuration or the plan names it. */
bool sketch_names(const struct sketch *, const struct topology_part *);
/* A new box in another, or with NULL on top. */
struct drawing_box *sketch_box(
	struct sketch *, struct drawing_box *in, enum drawing_kind, enum drawing_mark);
/* The same for an ARM object: with its name and address. */
struct drawing_box *sketch_part(struct sketch *, struct drawing_box *in, enum drawing_kind,
	enum drawing_mark, const struct topology_part *);
/* The text without secrets; in the arena or borrowed. */
const char *sketch_text(const struct sketch *, const char *);
/* Adds a line to a box; NULL and "" are left out. */
void sketch_say(struct drawing_box *, const char *line);
/* "A, B", or of many "A, B, C, D and 3 more". NULL: there are none. */
const char *sketch_prefixes(const struct sketch *, const struct prefixes *);
void sketch_line(struct sketch *, struct drawing_line **lines, size_t *count, enum drawing_mark,
	const struct drawing_box *from, const struct drawing_box *to);

/* drawing_nodes.c: nodes into their subnets. */
void sketch_nodes(struct sketch *);
/* The subnet of a node: planned, or where nothing is planned as it stands; a box or NULL. */
struct drawing_box *sketch_subnet_of(const struct sketch *, size_t node);
/* "A", or of different ones "A ... B", by number, for each family; NULL: none. */
struct sketch_range {
	struct prefix least[2], most[2]; /* IPv4, IPv6 */
	size_t count[2];
};
void sketch_widen(struct sketch_range *, const struct prefix *);
const char *sketch_range_text(const struct sketch *, const struct sketch_range *, bool addresses);

/* drawing_tables.c: tables, their routes, what these lead to. */
void sketch_tables(struct sketch *);

#endif
