/* SPDX-License-Identifier: Apache-2.0 */
/* graph_text.c - the drawing as a tree for terminals */
#include <string.h>

#include "cmd/waybill/graph.h"
#include "cmd/waybill/terminal.h"
#include "engine/base/text.h"

#define NAME_COLUMNS 44 /* a longer name pushes only its own line */

static const char *const paints[MARK_COUNT] = {
	[MARK_ADDED] = PAINT_GREEN,
	[MARK_CHANGED] = PAINT_YELLOW,
	[MARK_REPLACED] = PAINT_RED,
	[MARK_DESTROYED] = PAINT_RED,
	[MARK_FOREIGN] = PAINT_GREY,
};

static void paint(const struct graph *g, const char *escape)
{
	if (g->colour && escape)
		(void)buf_puts(g->out, escape);
}

/* The bars belong to the levels above, and have no colour. */
static void begin(const struct graph *g, enum drawing_mark mark, const char *trunk, bool last)
{
	const char *plain = paints[mark] ? PAINT_PLAIN : NULL;
	paint(g, paints[mark]);
	(void)buf_printf(g->out, "%3s ", graph_sign(mark));
	paint(g, plain);
	if (trunk)
		(void)buf_printf(g->out, "%s%s", trunk, last ? "`- " : "|- ");
	paint(g, paints[mark]);
}

static void end(const struct graph *g, enum drawing_mark mark)
{
	paint(g, paints[mark] ? PAINT_PLAIN : NULL);
	(void)buf_puts(g->out, "\n");
}

static void heading(const struct graph *g, const struct drawing_box *box, size_t columns)
{
	const char *name = text_escaped(
		g->arena, arena_printf(g->arena, "%s%s", graph_word(box->kind), box->name));
	const char *details = text_escaped(g->arena, graph_details(g, box, "  "));
	size_t used = text_columns(name);
	(void)buf_puts(g->out, name);
	if (*details)
		(void)buf_printf(
			g->out, "%*s  %s", used < columns ? (int)(columns - used) : 0, "", details);
}

/* So that what follows the names of siblings stands in one column. */
static size_t name_columns(const struct graph *g, const struct drawing_box *parent)
{
	size_t most = 0;
	for (size_t i = 0; i < parent->ninside; i++) {
		const struct drawing_box *box = parent->inside[i];
		size_t columns = strlen(graph_word(box->kind)) +
			text_columns(text_escaped(g->arena, box->name));
		if (columns > most && columns <= NAME_COLUMNS)
			most = columns;
	}
	return most;
}

static void render(const struct graph *g, const struct drawing_box *box, const char *trunk,
	bool last, size_t columns);

static void render_inside(const struct graph *g, const struct drawing_box *box, const char *trunk)
{
	const struct drawing *d = g->drawing;
	size_t left = box->ninside;
	size_t columns = name_columns(g, box);
	for (size_t i = 0; i < d->nattachments && box->kind == DRAWN_SUBNET; i++)
		left += d->attachments[i].from == box;
	for (size_t i = 0; i < d->nattachments && box->kind == DRAWN_SUBNET; i++) {
		const struct drawing_line *line = &d->attachments[i];
		if (line->from != box)
			continue;
		begin(g, line->mark, trunk, --left == 0);
		(void)buf_puts(g->out, graph_word(line->to->kind));
		text_escape(g->out, line->to->name, false);
		end(g, line->mark);
	}
	for (size_t i = 0; i < box->ninside; i++)
		render(g, box->inside[i], trunk, --left == 0, columns);
}

/* `trunk`: the bars of the levels above; NULL on top. */
static void render(const struct graph *g, const struct drawing_box *box, const char *trunk,
	bool last, size_t columns)
{
	begin(g, box->mark, trunk, last);
	heading(g, box, columns);
	end(g, box->mark);
	const char *inside = "";
	if (trunk)
		inside = arena_printf(g->arena, "%s%s", trunk, last ? "   " : "|  ");
	render_inside(g, box, inside);
}

void graph_text(const struct graph *g)
{
	const struct drawing *d = g->drawing;
	(void)buf_printf(g->out, "%s\n", g->title);
	for (size_t i = 0; i < d->ntop; i++) {
		(void)buf_puts(g->out, "\n");
		render(g, d->boxes[i], NULL, false, 0);
	}
	const char *before = "\n";
	for (enum drawing_mark mark = MARK_ADDED; mark < MARK_FOREIGN; mark++) {
		if (!d->has[mark])
			continue;
		(void)buf_printf(
			g->out, "%s%s %s", before, graph_sign(mark), drawing_mark_name(mark));
		before = ", ";
	}
	(void)buf_puts(g->out, *before == '\n' ? "\nNothing changes.\n" : "\n");
}
