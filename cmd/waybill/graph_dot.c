/* SPDX-License-Identifier: Apache-2.0 */
/* graph_dot.c - the drawing in Graphviz's language
 *
 * Networks and subnets are clusters, a table is a node of rows. An edge cannot end at a cluster,
 * only be cut off at its border: each has an unseen node in it for that.
 */
#include <string.h>

#include "cmd/waybill/graph.h"
#include "engine/base/text.h"

/* Seen on white as well as on black. */
static const char *const colours[MARK_COUNT] = { "#6e7781", "#2da44e", "#bf8700", "#8250df",
	"#cf222e", "#8c959f" };
static const char *const styles[MARK_COUNT] = {
	[MARK_UNCHANGED] = "solid",
	[MARK_ADDED] = "bold",
	[MARK_CHANGED] = "bold",
	[MARK_REPLACED] = "bold",
	[MARK_DESTROYED] = "dashed",
	[MARK_FOREIGN] = "dotted",
};

/* A backslash begins an escape of Graphviz's own, in HTML-like labels as well. */
static void text(const struct graph *g, const char *value)
{
	for (const char *c = text_escaped(g->arena, value); *c;) {
		size_t len = strcspn(c, "\\");
		graph_xml_escaped(g, arena_strndup(g->arena, c, len));
		c += len;
		if (*c) {
			(void)buf_puts(g->out, "\\\\");
			c++;
		}
	}
}

static void label(const struct graph *g, const struct drawing_box *box)
{
	(void)buf_puts(g->out, "label=<<b>");
	text(g, graph_heading(g, box));
	(void)buf_puts(g->out, "</b>");
	for (size_t i = 0; i < box->nlines; i++) {
		(void)buf_puts(g->out, "<br/>");
		text(g, box->lines[i]);
	}
	(void)buf_puts(g->out, ">");
}

static void render_rows(const struct graph *g, const struct drawing_box *table)
{
	for (size_t i = 0; i < table->ninside; i++) {
		const struct drawing_box *row = table->inside[i];
		const char *colour = colours[row->mark];
		(void)buf_printf(g->out, "<tr><td align=\"left\" port=\"b%zu\"><font color=\"%s\">",
			row->number, row->mark == MARK_UNCHANGED ? "#000000" : colour);
		text(g, graph_heading(g, row));
		(void)buf_puts(g->out, "</font></td><td align=\"left\">");
		text(g, graph_details(g, row, ", "));
		(void)buf_puts(g->out, "</td></tr>");
	}
}

static void render_table(const struct graph *g, const struct drawing_box *table)
{
	(void)buf_printf(g->out,
		"  b%zu [shape=plain, label=<<table border=\"1\" cellborder=\"0\" color=\"%s\">"
		"<tr><td colspan=\"2\"><b>",
		table->number, colours[table->mark]);
	text(g, graph_heading(g, table));
	(void)buf_puts(g->out, "</b> ");
	text(g, graph_details(g, table, ", "));
	(void)buf_puts(g->out, "</td></tr>");
	render_rows(g, table);
	(void)buf_puts(g->out, "</table>>];\n");
}

static void render(const struct graph *g, const struct drawing_box *box, int depth)
{
	int in = 2 * (depth + 1);
	if (box->kind == DRAWN_NODES || box->kind == DRAWN_ADDRESSES) {
		(void)buf_printf(g->out, "%*sb%zu [shape=%s, color=\"%s\", style=%s, ", in, "",
			box->number, box->kind == DRAWN_NODES ? "box" : "octagon",
			colours[box->mark], styles[box->mark]);
		label(g, box);
		(void)buf_puts(g->out, "];\n");
		return;
	}
	(void)buf_printf(g->out, "%*ssubgraph cluster_b%zu {\n%*s  color=\"%s\"; style=%s; ", in,
		"", box->number, in, "", colours[box->mark], styles[box->mark]);
	label(g, box);
	(void)buf_printf(g->out, ";\n%*s  b%zu [shape=point, style=invis];\n", in, "", box->number);
	for (size_t i = 0; i < box->ninside; i++)
		if (box->inside[i]->kind != DRAWN_PEERING)
			render(g, box->inside[i], depth + 1);
	(void)buf_printf(g->out, "%*s}\n", in, "");
}

static void render_lines(const struct graph *g)
{
	const struct drawing *d = g->drawing;
	for (size_t i = 0; i < d->nattachments; i++)
		(void)buf_printf(g->out,
			"  b%zu -> b%zu [ltail=cluster_b%zu, dir=none, color=\"%s\", style=%s];\n",
			d->attachments[i].from->number, d->attachments[i].to->number,
			d->attachments[i].from->number, colours[d->attachments[i].mark],
			styles[d->attachments[i].mark]);
	for (size_t i = 0; i < d->npeerings; i++) {
		size_t from = drawing_network(d->peerings[i].from)->number;
		size_t to = drawing_network(d->peerings[i].to)->number;
		(void)buf_printf(g->out,
			"  b%zu -> b%zu [ltail=cluster_b%zu, lhead=cluster_b%zu, dir=both, "
			"constraint=false, color=\"%s\", style=%s];\n",
			from, to, from, to, colours[d->peerings[i].mark],
			styles[d->peerings[i].mark]);
	}
}

static void render_leads(const struct graph *g)
{
	const struct drawing *d = g->drawing;
	for (size_t i = 0; i < d->nleads; i++) {
		const struct drawing_line *line = &d->leads[i];
		(void)buf_printf(g->out,
			"  b%zu:b%zu:w -> b%zu:e [constraint=false, penwidth=0.6, color=\"%s\"];\n",
			line->from->parent->number, line->from->number, line->to->number,
			colours[line->mark]);
	}
}

void graph_dot(const struct graph *g)
{
	const struct drawing *d = g->drawing;
	(void)buf_printf(g->out,
		"digraph network {\n"
		"  compound=true; rankdir=LR; label=\"%s\"; labelloc=t;\n"
		"  fontname=\"sans-serif\"; node [fontname=\"sans-serif\", fontsize=11]; "
		"edge [fontname=\"sans-serif\", fontsize=9, arrowsize=0.6];\n",
		g->title);
	for (size_t i = 0; i < d->ntop; i++) {
		if (d->boxes[i]->kind == DRAWN_TABLE)
			render_table(g, d->boxes[i]);
		else
			render(g, d->boxes[i], 0);
	}
	render_lines(g);
	render_leads(g);
	(void)buf_puts(g->out, "}\n");
}
