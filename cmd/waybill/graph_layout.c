/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/graph_layout.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"

/* From here on scripts are written with characters as wide as two. */
#define FIRST_WIDE 0x1100

struct making {
	const struct graph *graph;
	struct layout layout;
};

/* ---- text ---- */

size_t layout_columns_of(const char *text)
{
	size_t len = strlen(text), columns = text_columns(text);
	for (size_t i = 0, used; i < len; i += used)
		columns += text_decode(text + i, len - i, &used) >= FIRST_WIDE;
	return columns;
}

/* Bytes of the first `count` code points. */
static size_t bytes_of(const char *text, size_t count)
{
	size_t len = strlen(text), at = 0;
	for (size_t used; count > 0 && at < len; count--, at += used)
		(void)text_decode(text + at, len - at, &used);
	return at;
}

const char *layout_text(const struct graph *g, const char *text)
{
	static const char left_out[] = "...";
	const char *shown = text_escaped(g->arena, text);
	size_t points = 0, len = strlen(shown), keep = (LAYOUT_MOST - sizeof left_out + 1) / 2;
	for (size_t i = 0, used; i < len; i += used, points++)
		(void)text_decode(shown + i, len - i, &used);
	if (points <= LAYOUT_MOST)
		return shown;
	return arena_printf(g->arena, "%.*s%s%s", (int)bytes_of(shown, keep), shown, left_out,
		shown + bytes_of(shown, points - keep));
}

static size_t columns_of(const struct making *m, const char *text)
{
	return layout_columns_of(layout_text(m->graph, text));
}

static long larger(long a, long b)
{
	return a > b ? a : b;
}

static long text_width(size_t columns)
{
	return (long)columns * LAYOUT_COLUMN;
}

/* ---- sizes, from the inside out ---- */

static struct layout_rect *rect_of(struct making *m, const struct drawing_box *box)
{
	return &m->layout.rects[box->number];
}

/* A line with the heading, and two columns behind it all details. */
static long header_width(const struct making *m, const struct drawing_box *box)
{
	size_t columns = columns_of(m, graph_heading(m->graph, box));
	const char *details = graph_details(m->graph, box, ", ");
	if (*details)
		columns += 2 + columns_of(m, details);
	return text_width(columns) + 2 * LAYOUT_PAD;
}

static void size_cell(struct making *m, const struct drawing_box *box)
{
	size_t columns = columns_of(m, graph_heading(m->graph, box));
	for (size_t i = 0; i < box->nlines; i++) {
		size_t line = columns_of(m, box->lines[i]);
		columns = line > columns ? line : columns;
	}
	*rect_of(m, box) = (struct layout_rect){
		.width = text_width(columns) + 2 * LAYOUT_PAD,
		.height = (long)(1 + box->nlines) * LAYOUT_LINE + LAYOUT_PAD,
	};
}

static bool is_row(const struct drawing_box *box)
{
	return box->kind == DRAWN_PEERING || box->kind == DRAWN_ROUTES;
}

/* Rows are lines of text in columns; returns their width. */
static long size_rows(struct making *m, const struct drawing_box *box)
{
	struct layout_columns *c = &m->layout.columns[box->number];
	size_t rows = 0, columns = LAYOUT_SIGN;
	for (size_t i = 0; i < box->ninside; i++) {
		const struct drawing_box *row = box->inside[i];
		if (!is_row(row))
			continue;
		rows++;
		size_t name = columns_of(m, row->name) + strlen(graph_word(row->kind));
		c->name = name > c->name ? name : c->name;
		for (size_t n = 0; n < row->nlines; n++) {
			size_t line = columns_of(m, row->lines[n]);
			c->details[n] = line > c->details[n] ? line : c->details[n];
		}
	}
	columns += c->name;
	for (size_t n = 0; n < DRAWING_LINES; n++)
		columns += c->details[n] ? 2 + c->details[n] : 0;
	return rows ? text_width(columns) + 2 * LAYOUT_PAD : 0;
}

/* Cells of one subnet are of one size, in as many columns as fit. */
static void size_subnet(struct making *m, const struct drawing_box *box)
{
	struct layout_rect cell = { 0 }, *r = rect_of(m, box);
	long across = (long)box->ninside < LAYOUT_ACROSS ? (long)box->ninside : LAYOUT_ACROSS;
	for (size_t i = 0; i < box->ninside; i++) {
		size_cell(m, box->inside[i]);
		cell.width = larger(cell.width, rect_of(m, box->inside[i])->width);
		cell.height = larger(cell.height, rect_of(m, box->inside[i])->height);
	}
	for (size_t i = 0; i < box->ninside; i++) {
		cell.x = LAYOUT_PAD + (long)i % LAYOUT_ACROSS * (cell.width + LAYOUT_GAP);
		cell.y = LAYOUT_PAD + LAYOUT_LINE + LAYOUT_PAD / 2 +
			(long)i / LAYOUT_ACROSS * (cell.height + LAYOUT_GAP);
		*rect_of(m, box->inside[i]) = cell;
	}
	long rows = ((long)box->ninside + LAYOUT_ACROSS - 1) / LAYOUT_ACROSS;
	r->width = larger(header_width(m, box),
		across * (cell.width + LAYOUT_GAP) - LAYOUT_GAP + 2 * LAYOUT_PAD);
	r->height = LAYOUT_LINE + LAYOUT_PAD;
	if (rows)
		r->height += rows * (cell.height + LAYOUT_GAP) - LAYOUT_GAP + LAYOUT_PAD +
			LAYOUT_PAD / 2;
}

/* Peerings as rows, then subnets one below the other. */
static void size_network(struct making *m, const struct drawing_box *box)
{
	struct layout_rect *r = rect_of(m, box);
	long y = LAYOUT_PAD + LAYOUT_LINE;
	r->width = larger(header_width(m, box), size_rows(m, box));
	for (size_t i = 0; i < box->ninside; i++) {
		if (!is_row(box->inside[i]))
			continue;
		*rect_of(m, box->inside[i]) =
			(struct layout_rect){ .x = LAYOUT_PAD, .y = y, .height = LAYOUT_LINE };
		y += LAYOUT_LINE;
	}
	for (size_t i = 0; i < box->ninside; i++) {
		struct layout_rect *inside = rect_of(m, box->inside[i]);
		if (is_row(box->inside[i]))
			continue;
		size_subnet(m, box->inside[i]);
		inside->x = LAYOUT_PAD;
		inside->y = y + LAYOUT_PAD / 2;
		y = inside->y + inside->height + LAYOUT_PAD / 2;
		r->width = larger(r->width, inside->width + 2 * LAYOUT_PAD);
	}
	r->height = y + LAYOUT_PAD / 2;
}

static void size_table(struct making *m, const struct drawing_box *box)
{
	struct layout_rect *r = rect_of(m, box);
	long y = LAYOUT_PAD + LAYOUT_LINE;
	r->width = larger(header_width(m, box), size_rows(m, box));
	for (size_t i = 0; i < box->ninside; i++, y += LAYOUT_LINE)
		*rect_of(m, box->inside[i]) =
			(struct layout_rect){ .x = LAYOUT_PAD, .y = y, .height = LAYOUT_LINE };
	r->height = y + LAYOUT_PAD / 2;
}

static void size_top(struct making *m, const struct drawing_box *box)
{
	if (box->kind == DRAWN_TABLE)
		size_table(m, box);
	else if (box->kind == DRAWN_NETWORK)
		size_network(m, box);
	else
		size_subnet(m, box);
}

/* ---- places, from the outside in ---- */

static void shift(struct making *m, const struct drawing_box *box, long x, long y)
{
	for (size_t i = 0; i < box->ninside; i++) {
		struct layout_rect *r = rect_of(m, box->inside[i]);
		r->x += x;
		r->y += y;
		shift(m, box->inside[i], r->x, r->y);
	}
}

static void place(struct making *m, const struct drawing_box *box, long x, long y)
{
	struct layout_rect *r = rect_of(m, box);
	r->x = x;
	r->y = y;
	shift(m, box, x, y);
}

static void place_networks(struct making *m, long x)
{
	const struct drawing *d = m->graph->drawing;
	long width = 0, y = m->layout.top;
	for (size_t i = 0; i < d->ntop; i++)
		if (d->boxes[i]->kind != DRAWN_TABLE)
			width = larger(width, rect_of(m, d->boxes[i])->width);
	for (size_t i = 0; i < d->ntop; i++) {
		const struct drawing_box *box = d->boxes[i];
		if (box->kind == DRAWN_TABLE)
			continue;
		rect_of(m, box)->width = width;
		place(m, box, x, y);
		for (size_t n = 0; n < box->ninside; n++)
			if (box->inside[n]->kind == DRAWN_SUBNET)
				rect_of(m, box->inside[n])->width = width - 2 * LAYOUT_PAD;
		y += rect_of(m, box)->height + LAYOUT_GAP;
	}
	m->layout.width = x + width;
	m->layout.height = y;
}

struct standing {
	const struct drawing_box *table;
	long sum, count; /* of the heights it is attached at */
};

static int compare_standings(const void *a, const void *b)
{
	const struct standing *x = a, *y = b;
	if (!x->count || !y->count)
		return (x->count == 0) - (y->count == 0);
	long one = x->sum / x->count, other = y->sum / y->count;
	if (one != other)
		return one < other ? -1 : 1;
	return x->table->number < y->table->number ? -1 : 1;
}

static void place_tables(struct making *m)
{
	const struct drawing *d = m->graph->drawing;
	struct arena *a = m->graph->arena;
	struct standing *standings = arena_alloc(a, (d->nboxes + 1) * sizeof *standings);
	struct standing *sorted = NULL;
	size_t count = 0;
	for (size_t i = 0; i < d->nattachments; i++) {
		struct standing *s = &standings[d->attachments[i].to->number];
		s->sum += rect_of(m, d->attachments[i].from)->y;
		s->count++;
	}
	for (size_t i = 0; i < d->ntop; i++) {
		if (d->boxes[i]->kind != DRAWN_TABLE)
			continue;
		struct standing *s = ARENA_PUSH(a, sorted, count);
		*s = standings[d->boxes[i]->number];
		s->table = d->boxes[i];
	}
	if (count)
		qsort(sorted, count, sizeof *sorted, compare_standings);
	/* Nothing else is there: the tables may stand where the networks would. */
	bool alone = count == d->ntop;
	long x = alone ? LAYOUT_MARGIN : m->layout.width + LAYOUT_CHANNEL, y = m->layout.top;
	for (size_t i = 0; i < count; i++) {
		long wanted = sorted[i].count ? sorted[i].sum / sorted[i].count : y;
		place(m, sorted[i].table, x, larger(wanted, y));
		const struct layout_rect *r = rect_of(m, sorted[i].table);
		y = r->y + r->height + LAYOUT_GAP;
		m->layout.width = larger(m->layout.width, x + r->width);
		m->layout.height = larger(m->layout.height, y);
	}
}

struct layout layout_make(const struct graph *g)
{
	const struct drawing *d = g->drawing;
	struct making m = { .graph = g };
	long lanes = d->npeerings < LAYOUT_LANES ? (long)d->npeerings : LAYOUT_LANES;
	m.layout.rects = arena_alloc(g->arena, (d->nboxes + 1) * sizeof(*m.layout.rects));
	m.layout.columns = arena_alloc(g->arena, (d->nboxes + 1) * sizeof(*m.layout.columns));
	m.layout.top = LAYOUT_MARGIN + 2 * LAYOUT_LINE + LAYOUT_GAP;
	for (size_t i = 0; i < d->ntop; i++)
		size_top(&m, d->boxes[i]);
	place_networks(&m, LAYOUT_MARGIN + (lanes ? (lanes + 1) * LAYOUT_LANE : 0));
	place_tables(&m);
	m.layout.width += LAYOUT_MARGIN;
	m.layout.height += LAYOUT_MARGIN - LAYOUT_GAP;
	return m.layout;
}
