/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"
#include "engine/base/text.h"
#include "state/query.h"

/* Any number of columns, so not a struct table. */
struct grid {
	const char **cells; /* escaped; heading, dashes, then the rows */
	size_t *widths;
	size_t nrows, ncolumns;
};

static const char *cell_text(struct session *s, const json_t *value)
{
	if (json_is_null(value))
		return "";
	if (json_is_string(value))
		return text_escaped(s->arena, json_string_value(value));
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	document_inline(&text, value);
	const char *copy = arena_strndup(s->arena, text.data, text.len);
	buf_release(&text);
	return copy;
}

static void set_cell(struct grid *g, size_t row, size_t column, const char *text)
{
	size_t len = strlen(text);
	g->cells[row * g->ncolumns + column] = text;
	g->widths[column] = len > g->widths[column] ? len : g->widths[column];
}

static const char *dashes(struct session *s, size_t count)
{
	char *text = arena_alloc(s->arena, count + 1);
	memset(text, '-', count);
	return text;
}

static void render(struct session *s, const struct query_answer *answer)
{
	size_t nrows = json_array_size(answer->rows) + 2;
	struct grid g = { .nrows = nrows, .ncolumns = answer->ncolumns };
	g.cells = arena_alloc(s->arena, nrows * g.ncolumns * sizeof *g.cells);
	g.widths = arena_alloc(s->arena, g.ncolumns * sizeof *g.widths);
	for (size_t c = 0; c < g.ncolumns; c++) {
		set_cell(&g, 0, c, text_escaped(s->arena, answer->columns[c]));
		for (size_t r = 2; r < nrows; r++)
			set_cell(&g, r, c,
				cell_text(
					s, json_array_get(json_array_get(answer->rows, r - 2), c)));
		set_cell(&g, 1, c, dashes(s, g.widths[c]));
	}
	for (size_t r = 0; r < nrows; r++) {
		size_t blanks = 0;
		for (size_t c = 0; c < g.ncolumns; c++) {
			const char *text = g.cells[r * g.ncolumns + c];
			if (*text)
				(void)buf_printf(&s->out, "%*s%s", (int)blanks, "", text);
			blanks = (*text ? 0 : blanks) + g.widths[c] - strlen(text) + 2;
		}
		(void)buf_puts(&s->out, "\n");
	}
}

static json_t *columns_new(const struct query_answer *answer)
{
	json_t *columns = json_array();
	for (size_t i = 0; i < answer->ncolumns; i++)
		(void)json_array_append_new(columns, json_string(answer->columns[i]));
	return columns;
}

int state_sql_command(struct session *s)
{
	struct query_answer answer;
	if (!session_state_alone(s, STATE_READ) ||
		!state_query(s->state, s->arena, s->words[0], &answer, &s->diags))
		return EXIT_ERROR;
	json_auto_t *rows = secrets_mask(NULL, answer.rows);
	answer.rows = rows;
	if (answer.is_truncated) {
		diag_warning(&s->diags, PLACE_NONE, "state-sql-rows",
			"there are more rows than the %zu that are shown", QUERY_ROWS);
		diag_help(&s->diags, "add LIMIT and OFFSET, or ask for sums");
	}
	if (!s->json) {
		if (answer.ncolumns)
			render(s, &answer);
		return EXIT_DONE;
	}
	(void)json_object_set_new(s->document, "columns", columns_new(&answer));
	(void)json_object_set(s->document, "rows", rows);
	(void)json_object_set_new(s->document, "truncated", json_boolean(answer.is_truncated));
	return EXIT_DONE;
}
