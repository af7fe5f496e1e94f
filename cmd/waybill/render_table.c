/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/render_table.h"

#include <assert.h>
#include <string.h>

#include "cmd/waybill/terminal.h"
#include "engine/base/text.h"

#define GAP 2
#define HEADING_PADDING 2

void table_init(struct table *table, struct arena *a, size_t ncolumns)
{
	assert(ncolumns <= TABLE_COLUMNS);
	*table = (struct table){ .arena = a, .ncolumns = ncolumns };
}

void table_add(struct table *table, const char *const *cells, const char *paint)
{
	struct table_row *row = ARENA_PUSH(table->arena, table->rows, table->nrows);
	row->paint = paint;
	for (size_t i = 0; i < table->ncolumns; i++) {
		row->cells[i] = cells[i] ? text_escaped(table->arena, cells[i]) : "";
		size_t width = text_columns(row->cells[i]);
		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

void table_add_heading(struct table *table, const char *const *cells)
{
	table_add(table, cells, NULL);
	for (size_t i = 0; i < table->ncolumns; i++)
		table->widths[i] += HEADING_PADDING;
	/* Without cells: what a rule looks like is known only when all rows are. */
	(void)ARENA_PUSH(table->arena, table->rows, table->nrows);
}

static void fill(struct buf *out, char c, size_t count)
{
	while (count--)
		(void)buf_putc(out, c);
}

static void render_rule(const struct table *table, struct buf *out)
{
	for (size_t i = 0; i < table->ncolumns; i++) {
		fill(out, ' ', i ? GAP : 0);
		fill(out, '-', table->widths[i]);
	}
}

static void render_cells(const struct table *table, const struct table_row *row, struct buf *out)
{
	/* Blanks are owed until a cell that is not empty claims them. */
	size_t owed = 0;
	for (size_t i = 0; i < table->ncolumns; i++) {
		size_t width = text_columns(row->cells[i]);
		if (width) {
			fill(out, ' ', owed);
			owed = 0;
			(void)buf_puts(out, row->cells[i]);
		}
		if (table->widths[i])
			owed += table->widths[i] - width + GAP;
	}
}

void table_render(const struct table *table, struct buf *out, size_t indent, bool colour)
{
	for (size_t i = 0; i < table->nrows; i++) {
		const struct table_row *row = &table->rows[i];
		fill(out, ' ', indent);
		if (colour && row->paint)
			(void)buf_puts(out, row->paint);
		if (row->cells[0])
			render_cells(table, row, out);
		else
			render_rule(table, out);
		if (colour && row->paint)
			(void)buf_puts(out, PAINT_PLAIN);
		(void)buf_putc(out, '\n');
	}
}
