/* SPDX-License-Identifier: Apache-2.0 */
/* render_table.h - rows in columns
 *
 * Columns are as wide as their widest cell: data is never cut. Cells are escaped when they are
 * added. No line ends in blanks.
 */
#ifndef WAYBILL_CMD_RENDER_TABLE_H
#define WAYBILL_CMD_RENDER_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"

#define TABLE_COLUMNS 8

struct table_row {
	const char *cells[TABLE_COLUMNS]; /* escaped */
	const char *paint;                /* a colour for the whole row, or NULL */
};

struct table {
	struct arena *arena;
	size_t ncolumns;
	size_t widths[TABLE_COLUMNS];
	struct table_row *rows;
	size_t nrows;
};

void table_init(struct table *, struct arena *, size_t ncolumns);
/* `cells` has ncolumns texts; NULL is an empty cell. */
void table_add(struct table *, const char *const *cells, const char *paint);
/* The first row and dashes under it, as az prints tables: a column is at least two wider than its
 * heading. */
void table_add_heading(struct table *, const char *const *cells);
/* Appends all rows, each behind `indent` blanks. */
void table_render(const struct table *, struct buf *out, size_t indent, bool colour);

#endif
