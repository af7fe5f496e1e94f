/* SPDX-License-Identifier: Apache-2.0 */
/* graph_mermaid.c - the drawing in Mermaid's language, which GitHub and GitLab draw in Markdown */
#include <string.h>

#include "cmd/waybill/graph.h"
#include "engine/base/text.h"

/* What Mermaid takes for itself, it takes anywhere in its text, in quotes as well: `%%`, `#x;`,
 * `style a:b`, a backtick. So all but what names and addresses are made of goes as a number. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(unsigned char)c >= 0x80 || strchr(" ._-/,()+~", c);
}

static void text(const struct graph *g, const char *value)
{
	for (const char *c = text_escaped(g->arena, value); *c; c++) {
		if (is_plain(*c))
			(void)buf_putc(g->out, *c);
		else
			(void)buf_printf(g->out, "#%u;", (unsigned)(unsigned char)*c);
	}
}

/* Without colours of its own for text, which follow the theme, light or dark. */
static const char *const styles[MARK_COUNT] = {
	[MARK_ADDED] = "stroke:#2da44e,stroke-width:3px",
	[MARK_CHANGED] = "stroke:#bf8700,stroke-width:3px",
	[MARK_REPLACED] = "stroke:#8250df,stroke-width:3px",
	[MARK_DESTROYED] = "stroke:#cf222e,stroke-width:3px,stroke-dasharray:6 4",
	[MARK_FOREIGN] = "stroke:#8c959f,stroke-dasharray:2 3",
};

/* A sign in front would be taken for the mark of a list. */
static void label(const struct graph *g, const struct drawing_box *box, const char *between)
{
	(void)buf_puts(g->out, graph_word(box->kind));
	text(g, box->name);
	for (size_t i = 0; i < box->nlines; i++) {
		(void)buf_puts(g->out, i ? ", " : between);
		text(g, box->lines[i]);
	}
	if (*graph_sign(box->mark))
		(void)buf_printf(
			g->out, "%s%s", box->nlines ? ", " : between, drawing_mark_name(box->mark));
}

/* A table with its routes is one text: whatever else stands in a box makes a group of it. */
static bool is_group(const struct drawing_box *box)
{
	return box->ninside && box->kind != DRAWN_TABLE;
}

static void render(const struct graph *g, const struct drawing_box *box, int depth)
{
	int in = 2 * (depth + 1);
	bool group = is_group(box);
	(void)buf_printf(g->out, "%*s%sb%zu[\"", in, "", group ? "subgraph " : "", box->number);
	label(g, box, "<br>");
	for (size_t i = 0; i < box->ninside && box->kind == DRAWN_TABLE; i++) {
		(void)buf_puts(g->out, "<br>");
		label(g, box->inside[i], " ");
	}
	(void)buf_puts(g->out, "\"]\n");
	for (size_t i = 0; i < box->ninside && group; i++)
		render(g, box->inside[i], depth + 1);
	if (group)
		(void)buf_printf(g->out, "%*send\n", in, "");
}

static void render_classes(const struct graph *g, struct drawing_box *const *boxes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (boxes[i]->kind == DRAWN_ROUTES)
			continue;
		if (boxes[i]->mark != MARK_UNCHANGED)
			(void)buf_printf(g->out, "  class b%zu %s\n", boxes[i]->number,
				drawing_mark_name(boxes[i]->mark));
		render_classes(g, boxes[i]->inside, boxes[i]->ninside);
	}
}

/* Lines are known by their number, in the order of the text. */
static void render_lines(const struct graph *g, const struct drawing_line *lines, size_t count,
	const char *arrow, size_t *number)
{
	for (size_t i = 0; i < count; i++, ++*number) {
		(void)buf_printf(g->out, "  b%zu %s b%zu\n", lines[i].from->number, arrow,
			lines[i].to->number);
		if (lines[i].mark != MARK_UNCHANGED)
			(void)buf_printf(
				g->out, "  linkStyle %zu %s\n", *number, styles[lines[i].mark]);
	}
}

/* Titles of groups have two lines, and Mermaid keeps room for one. */
static const char settings[] = "%%{init: {\"flowchart\": {\"wrappingWidth\": 600, "
			       "\"subGraphTitleMargin\": {\"bottom\": 20}}}}%%\n";

void graph_mermaid(const struct graph *g)
{
	const struct drawing *d = g->drawing;
	size_t number = 0;
	(void)buf_printf(g->out, "%sflowchart LR\n  accTitle: %s\n", settings, g->title);
	for (size_t i = 0; i < d->ntop; i++)
		render(g, d->boxes[i], 0);
	render_lines(g, d->attachments, d->nattachments, "---", &number);
	render_lines(g, d->peerings, d->npeerings, "<-->", &number);
	for (enum drawing_mark mark = MARK_ADDED; mark < MARK_COUNT; mark++)
		if (d->has[mark])
			(void)buf_printf(g->out, "  classDef %s %s\n", drawing_mark_name(mark),
				styles[mark]);
	render_classes(g, d->boxes, d->ntop);
}
