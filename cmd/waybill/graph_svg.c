/* SPDX-License-Identifier: Apache-2.0 */
/* graph_svg.c - the drawing as a picture that needs nothing else: no font, no script, no link */
#include "cmd/waybill/graph_layout.h"

/* Light, and dark where the reader's system is. Colours are never all that tells: signs and dashes
 * say the same. */
static const char style[] =
	"text{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace;"
	"fill:#1f2328}\n"
	".title,.head{font-weight:bold}.dim{fill:#59636e}\n"
	".paper{fill:#ffffff}.network{fill:#f3f5f7}.subnet,.outside,.table{fill:#ffffff}\n"
	".nodes,.addresses{fill:#eaf1fb}\n"
	"rect,path{stroke:#8c959f}path{fill:none}\n"
	".paper{stroke:none}.peering{stroke-width:2}\n"
	"rect.added,path.added{stroke:#1a7f37}rect.changed,path.changed{stroke:#9a6700}\n"
	"rect.replaced,path.replaced{stroke:#8250df}rect.destroyed,path.destroyed{stroke:#cf222e}\n"
	"rect.added,rect.changed,rect.replaced,rect.destroyed{stroke-width:2}\n"
	"path.added,path.changed,path.replaced,path.destroyed{stroke-width:2}\n"
	".destroyed{stroke-dasharray:6 4}.foreign{stroke-dasharray:2 "
	"3}text{stroke-dasharray:none}\n"
	"text.added{fill:#1a7f37}text.changed{fill:#9a6700}text.replaced{fill:#8250df}\n"
	"text.destroyed{fill:#cf222e}text.foreign{fill:#59636e}\n"
	"@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}\n"
	".paper{fill:#0d1117}.network{fill:#161b22}.subnet,.outside,.table{fill:#0d1117}\n"
	".nodes,.addresses{fill:#172033}rect,path{stroke:#656c76}\n"
	"rect.added,path.added{stroke:#3fb950}rect.changed,path.changed{stroke:#d29922}\n"
	"rect.replaced,path.replaced{stroke:#a371f7}rect.destroyed,path.destroyed{stroke:#f85149}\n"
	"text.added{fill:#3fb950}text.changed{fill:#d29922}text.replaced{fill:#a371f7}\n"
	"text.destroyed{fill:#f85149}text.foreign{fill:#9198a1}}\n";

struct picture {
	const struct graph *graph;
	struct layout layout;
};

static const struct layout_rect *rect_of(const struct picture *p, const struct drawing_box *box)
{
	return &p->layout.rects[box->number];
}

static void number(const struct picture *p, const char *name, long tenths)
{
	(void)buf_printf(p->graph->out, " %s=\"%ld.%ld\"", name, tenths / 10, tenths % 10);
}

/* A text in a line whose top is at `y`; returns where it ends. */
static long write(const struct picture *p, long x, long y, const char *classes, const char *value)
{
	const char *shown = layout_text(p->graph, value);
	(void)buf_printf(p->graph->out, "<text class=\"%s\"", classes);
	number(p, "x", x);
	number(p, "y", y + LAYOUT_ASCENT);
	(void)buf_puts(p->graph->out, ">");
	graph_xml_escaped(p->graph, shown);
	(void)buf_puts(p->graph->out, "</text>");
	return x + (long)layout_columns_of(shown) * LAYOUT_COLUMN;
}

/* What a reader sees who points at a box: all of it, as nothing is left out here. */
static void title(const struct picture *p, const struct drawing_box *box)
{
	const struct graph *g = p->graph;
	(void)buf_puts(g->out, "<title>");
	graph_xml(g, graph_heading(g, box));
	for (size_t i = 0; i < box->nlines; i++) {
		(void)buf_puts(g->out, "\n");
		graph_xml(g, box->lines[i]);
	}
	if (box->address) {
		(void)buf_puts(g->out, "\n");
		graph_xml(g, box->address);
	}
	(void)buf_printf(g->out, "\n%s</title>", drawing_mark_name(box->mark));
}

static void frame(const struct picture *p, const struct drawing_box *box)
{
	const struct layout_rect *r = rect_of(p, box);
	(void)buf_printf(p->graph->out, "<rect class=\"%s %s\"", drawing_kind_name(box->kind),
		drawing_mark_name(box->mark));
	number(p, "x", r->x);
	number(p, "y", r->y);
	number(p, "width", r->width);
	number(p, "height", r->height);
	(void)buf_printf(p->graph->out, " rx=\"%d\"/>", box->kind == DRAWN_ADDRESSES ? 12 : 4);
}

static const char *text_class(const struct picture *p, const char *more, enum drawing_mark mark)
{
	return arena_printf(p->graph->arena, "%s%s", more, drawing_mark_name(mark));
}

/* A node or a next hop: its lines below each other. */
static void draw_cell(const struct picture *p, const struct drawing_box *box)
{
	const struct layout_rect *r = rect_of(p, box);
	long x = r->x + LAYOUT_PAD, y = r->y + LAYOUT_PAD / 2;
	frame(p, box);
	(void)write(p, x, y, text_class(p, "head ", box->mark), graph_heading(p->graph, box));
	for (size_t i = 0; i < box->nlines; i++)
		(void)write(p, x, y + (long)(i + 1) * LAYOUT_LINE, "dim", box->lines[i]);
}

/* A route or a peering: a line in the columns of the box around it. */
static void draw_row(const struct picture *p, const struct drawing_box *box)
{
	const struct layout_rect *r = rect_of(p, box);
	const struct layout_columns *c = &p->layout.columns[box->parent->number];
	const char *classes = text_class(p, "", box->mark);
	const char *name = arena_printf(p->graph->arena, "%s%s", graph_word(box->kind), box->name);
	long x = r->x + (long)LAYOUT_SIGN * LAYOUT_COLUMN;
	if (*graph_sign(box->mark))
		(void)write(p, r->x, r->y, classes, graph_sign(box->mark));
	(void)write(p, x, r->y, classes, name);
	x += (long)(c->name + 2) * LAYOUT_COLUMN;
	for (size_t i = 0; i < box->nlines; i++) {
		(void)write(
			p, x, r->y, box->mark == MARK_UNCHANGED ? "dim" : classes, box->lines[i]);
		x += (long)(c->details[i] + 2) * LAYOUT_COLUMN;
	}
}

static void draw_header(const struct picture *p, const struct drawing_box *box)
{
	const struct layout_rect *r = rect_of(p, box);
	const char *details = graph_details(p->graph, box, ", ");
	frame(p, box);
	long x = write(p, r->x + LAYOUT_PAD, r->y + LAYOUT_PAD / 2,
		text_class(p, "head ", box->mark), graph_heading(p->graph, box));
	if (*details)
		(void)write(p, x + 2 * LAYOUT_COLUMN, r->y + LAYOUT_PAD / 2, "dim", details);
}

static void draw(const struct picture *p, const struct drawing_box *box)
{
	(void)buf_puts(p->graph->out, "<g>");
	title(p, box);
	switch (box->kind) {
	case DRAWN_NODES:
	case DRAWN_ADDRESSES:
		draw_cell(p, box);
		break;
	case DRAWN_PEERING:
	case DRAWN_ROUTES:
		draw_row(p, box);
		break;
	default:
		draw_header(p, box);
	}
	(void)buf_puts(p->graph->out, "</g>\n");
	for (size_t i = 0; i < box->ninside; i++)
		draw(p, box->inside[i]);
}

/* ---- lines ---- */

static void begin_line(const struct picture *p, const struct drawing_line *line, const char *kind,
	const char *says)
{
	const struct graph *g = p->graph;
	(void)buf_puts(g->out, "<g><title>");
	graph_xml(g, graph_heading(g, line->from));
	(void)buf_printf(g->out, " %s ", says);
	graph_xml(g, graph_heading(g, line->to));
	(void)buf_printf(g->out, "\n%s</title><path class=\"%s %s\"", drawing_mark_name(line->mark),
		kind, drawing_mark_name(line->mark));
}

static void point(const struct picture *p, const char *verb, long x, long y)
{
	(void)buf_printf(p->graph->out, "%s%ld.%ld %ld.%ld", verb, x / 10, x % 10, y / 10, y % 10);
}

/* From the right side of a subnet to the left side of its table. */
static void draw_attachment(const struct picture *p, const struct drawing_line *line)
{
	const struct layout_rect *from = rect_of(p, line->from), *to = rect_of(p, line->to);
	long x = from->x + from->width, y = from->y + LAYOUT_PAD / 2 + LAYOUT_LINE / 2;
	long end_y = to->y + LAYOUT_PAD / 2 + LAYOUT_LINE / 2, bend = (to->x - x) / 2;
	begin_line(p, line, "attachment", "has");
	(void)buf_puts(p->graph->out, " d=\"");
	point(p, "M", x, y);
	point(p, "C", x + bend, y);
	point(p, " ", to->x - bend, end_y);
	point(p, " ", to->x, end_y);
	(void)buf_puts(p->graph->out, "\"/></g>\n");
}

/* Round the left sides of two networks, each in a lane of its own. */
static void draw_peering(const struct picture *p, const struct drawing_line *line, size_t lane)
{
	const struct layout_rect *from = rect_of(p, drawing_network(line->from));
	const struct layout_rect *to = rect_of(p, drawing_network(line->to));
	long shift = (long)(lane % LAYOUT_LANES) * LAYOUT_LANE / 2;
	long x = LAYOUT_MARGIN + (long)(lane % LAYOUT_LANES) * LAYOUT_LANE;
	long y = from->y + LAYOUT_PAD + LAYOUT_LINE / 2 + shift;
	long end_y = to->y + LAYOUT_PAD + LAYOUT_LINE / 2 + shift;
	y = y < from->y + from->height ? y : from->y + from->height / 2;
	end_y = end_y < to->y + to->height ? end_y : to->y + to->height / 2;
	begin_line(p, line, "peering", "and");
	(void)buf_puts(p->graph->out, " d=\"");
	point(p, "M", from->x, y);
	point(p, "L", x, y);
	point(p, "L", x, end_y);
	point(p, "L", to->x, end_y);
	(void)buf_puts(p->graph->out, "\"/></g>\n");
}

/* ---- all of it ---- */

static void draw_legend(const struct picture *p)
{
	const struct drawing *d = p->graph->drawing;
	long x = LAYOUT_MARGIN, y = LAYOUT_MARGIN + LAYOUT_LINE;
	for (enum drawing_mark mark = 0; mark < MARK_COUNT; mark++) {
		const char *sign = graph_sign(mark);
		if (d->has[mark])
			x = 2 * LAYOUT_COLUMN +
				write(p, x, y, drawing_mark_name(mark),
					arena_printf(p->graph->arena, "%s%s%s", sign,
						*sign ? " " : "", drawing_mark_name(mark)));
	}
}

/* Wide enough for title and legend, whatever else there is. */
#define LEAST_WIDTH (2 * LAYOUT_MARGIN + (long)LAYOUT_MOST * LAYOUT_COLUMN)

void graph_svg(const struct graph *g)
{
	const struct drawing *d = g->drawing;
	const struct picture p = { g, layout_make(g) };
	long width = p.layout.width > LEAST_WIDTH ? p.layout.width : LEAST_WIDTH;
	(void)buf_printf(g->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" role=\"img\" "
		"width=\"%ld\" "
		"height=\"%ld\" viewBox=\"0 0 %ld %ld\">\n<title>%s</title>\n<style>%s</style>\n"
		"<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
		width / 10, p.layout.height / 10, width / 10, p.layout.height / 10, g->title,
		style);
	(void)write(&p, LAYOUT_MARGIN, LAYOUT_MARGIN, "title", g->title);
	draw_legend(&p);
	(void)buf_puts(g->out, "\n");
	for (size_t i = 0; i < d->ntop; i++)
		draw(&p, d->boxes[i]);
	for (size_t i = 0; i < d->nattachments; i++)
		draw_attachment(&p, &d->attachments[i]);
	for (size_t i = 0; i < d->npeerings; i++)
		draw_peering(&p, &d->peerings[i], i);
	(void)buf_puts(g->out, "</svg>\n");
}
