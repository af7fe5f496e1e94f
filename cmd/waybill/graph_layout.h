/* SPDX-License-Identifier: Apache-2.0 */
/* graph_layout.h - where the boxes of a drawing stand, for a form that has no layout of its own
 *
 * Networks stand in a column, one below the other, all as wide as the widest; in each its subnets,
 * in each its nodes side by side. Tables stand in a second column, each as high up as the subnets
 * it is attached to, so that lines cross little. Lengths are in tenths of a pixel, so that the same
 * drawing gives the same numbers on any machine.
 */
#ifndef WAYBILL_CMD_GRAPH_LAYOUT_H
#define WAYBILL_CMD_GRAPH_LAYOUT_H

#include "cmd/waybill/graph.h"

#define LAYOUT_COLUMN 73L    /* a character of 12 px in any common monospaced font, and a little */
#define LAYOUT_LINE 180L     /* a line of text */
#define LAYOUT_ASCENT 130L   /* from the top of a line to its base */
#define LAYOUT_PAD 100L      /* from a border to what is inside */
#define LAYOUT_GAP 120L      /* between boxes */
#define LAYOUT_MARGIN 200L   /* around all */
#define LAYOUT_CHANNEL 1100L /* between networks and tables */
#define LAYOUT_LANE 120L     /* between the lines of two peerings */
#define LAYOUT_LANES 12L     /* beyond as many, peerings share them */
#define LAYOUT_ACROSS 4L     /* nodes side by side */
#define LAYOUT_MOST ((size_t)64) /* characters of a text; its middle is left out beyond */
#define LAYOUT_SIGN ((size_t)4)  /* columns of the sign before a row */

struct layout_rect {
	long x, y, width, height;
};

struct layout {
	struct layout_rect *rects; /* by number of the box */
	/* Columns of text of a table's or network's rows, by number of the box around them. */
	struct layout_columns {
		size_t name, details[DRAWING_LINES];
	} * columns;
	long width, height, top; /* top: where the boxes begin, below title and legend */
};

struct layout layout_make(const struct graph *);
/* The text as it is shown: escaped, and not longer than LAYOUT_MOST. In the arena. */
const char *layout_text(const struct graph *, const char *);
/* Columns of a text that was made so; wide characters count twice. */
size_t layout_columns_of(const char *);

#endif
