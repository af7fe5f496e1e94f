/* SPDX-License-Identifier: Apache-2.0 */
/* graph.h - a drawing of the network, written down in one of a few forms
 *
 * Each form is a file, and a pure function of the drawing (engine/plan/drawing.h). All texts of a
 * drawing are someone else's: text_escape() first, and then what the form itself wants escaped.
 */
#ifndef WAYBILL_CMD_GRAPH_H
#define WAYBILL_CMD_GRAPH_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/buf.h"
#include "engine/plan/drawing.h"

struct graph {
	struct arena *arena;
	struct buf *out;
	const struct drawing *drawing;
	const char *title; /* ours: needs no escaping */
	bool colour;       /* of a terminal */
};

void graph_text(const struct graph *);
void graph_dot(const struct graph *);
void graph_mermaid(const struct graph *);
void graph_svg(const struct graph *);
json_t *graph_json(const struct drawing *); /* {boxes, attachments, peerings, next_hops}; new */

/* "+", "~", "-/+", "-"; "" of what stays. */
const char *graph_sign(enum drawing_mark);
/* What a box is called before its name: "network ", "route table "; "" where the place tells. */
const char *graph_word(enum drawing_kind);
/* Sign, word and name of a box: "+ network hub". In the arena, not escaped. */
const char *graph_heading(const struct graph *, const struct drawing_box *);
/* Its further lines as one, or "". In the arena, not escaped. */
const char *graph_details(const struct graph *, const struct drawing_box *, const char *between);
/* Appends a text so that it is text in XML, and in Graphviz's HTML-like labels; one that went
 * through text_escape() already. */
void graph_xml(const struct graph *, const char *text);
void graph_xml_escaped(const struct graph *, const char *text);

#endif
