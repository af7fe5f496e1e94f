/* SPDX-License-Identifier: Apache-2.0 */
/* reach_text.c - reachability for people: a matrix or a summary, and what is wrong */
#include "cmd/waybill/reach_report.h"
#include "cmd/waybill/render_table.h"
#include "engine/base/text.h"
#include "engine/network/explain.h"

static const struct {
	char symbol;
	const char *text;
} legend[REACH_VERDICTS] = {
	[REACH_OK] = { '+', "ok" },
	[REACH_ASSUMED] = { '~', "assumed: some network interfaces were not read" },
	[REACH_UNKNOWN] = { '?', "unknown" },
	[REACH_BROKEN] = { 'x', "broken" },
};

static const char *pods_of(struct arena *a, const struct node *n)
{
	const char *all = n->npod_cidrs ? n->pod_cidrs[0] : "";
	for (size_t i = 1; i < n->npod_cidrs; i++)
		all = arena_printf(a, "%s,%s", all, n->pod_cidrs[i]);
	return all;
}

/* The line of one source; numbers of destinations stand above it, two columns each. */
static const char *matrix_row(const struct reach_report *r, size_t from, bool used[])
{
	struct buf row;
	size_t nnodes = r->survey.topology->nnodes;
	buf_init(&row, BUF_OWN_TEXT);
	for (size_t to = 0; to < nnodes; to++) {
		int cell = r->cells[from * nnodes + to];
		(void)buf_printf(&row, "%3c",
			cell                 ? legend[cell - 1].symbol
				: to == from ? '.'
					     : ' ');
		if (cell)
			used[cell - 1] = true;
	}
	const char *text = arena_strdup(r->session->arena, row.data);
	buf_release(&row);
	return text;
}

static void render_matrix(const struct reach_report *r)
{
	struct session *s = r->session;
	const struct topology *t = r->survey.topology;
	bool used[REACH_VERDICTS] = { false };
	struct table table;
	const char *numbers = "";
	for (size_t i = 0; i < t->nnodes; i++)
		numbers = arena_printf(s->arena, "%s%3zu", numbers, i + 1);
	table_init(&table, s->arena, 4);
	table_add(&table, (const char *const[]){ "", "from", "pods", numbers }, NULL);
	for (size_t i = 0; i < t->nnodes; i++) {
		const struct node *n = t->nodes[i].node;
		const char *cells[] = { arena_printf(s->arena, "%zu", i + 1), n->name,
			pods_of(s->arena, n), matrix_row(r, i, used) };
		table_add(&table, cells, NULL);
	}
	table_render(&table, &s->out, 2, false);
	(void)buf_puts(&s->out, "\n");
	for (size_t v = 0; v < REACH_VERDICTS; v++)
		if (used[v])
			(void)buf_printf(&s->out, "  %c  %s\n", legend[v].symbol, legend[v].text);
}

static const char *subnet_name(const struct reach_report *r, const struct topology_subnet *s)
{
	return s ? config_address_of(r->session->config, s->part->id) : "(no known subnet)";
}

static const char *number(struct arena *a, size_t n)
{
	return n ? arena_printf(a, "%zu", n) : "";
}

static void render_flows(const struct reach_report *r)
{
	struct session *s = r->session;
	static const char *const heading[] = { "From", "To", "Paths", "Ok", "Assumed", "Unknown",
		"Broken" };
	struct table table;
	table_init(&table, s->arena, ARRAY_LEN(heading));
	table_add_heading(&table, heading);
	for (size_t i = 0; i < r->nflows; i++) {
		const struct survey_counts *c = &r->flows[i].counts;
		const char *cells[] = { subnet_name(r, r->flows[i].from),
			subnet_name(r, r->flows[i].to), number(s->arena, c->total),
			number(s->arena, c->of[REACH_OK]), number(s->arena, c->of[REACH_ASSUMED]),
			number(s->arena, c->of[REACH_UNKNOWN]),
			number(s->arena, c->of[REACH_BROKEN]) };
		table_add(&table, cells, NULL);
	}
	table_render(&table, &s->out, 0, false);
}

static void put(const struct reach_report *r, const char *text)
{
	text_escape(&r->session->out, text, false);
}

static void render_remedy(const struct reach_report *r, const char *remedy, const struct place *at)
{
	struct buf *out = &r->session->out;
	if (!remedy)
		return;
	(void)buf_puts(out, "      ");
	if (at->file) {
		put(r, at->file);
		(void)buf_printf(out, ":%zu: ", at->line);
	}
	put(r, remedy);
	(void)buf_puts(out, "\n");
}

static void render_causes(const struct reach_report *r)
{
	struct buf *out = &r->session->out;
	for (size_t i = 0; i < r->ncauses; i++) {
		const struct reach_cause *c = &r->causes[i];
		(void)buf_printf(out, "\n  %s: ", verdict_name(c->verdict));
		put(r, c->from);
		(void)buf_puts(out, " to the pods ");
		put(r, c->pods);
		(void)buf_puts(out, " of ");
		put(r, c->to);
		if (c->npaths > 1)
			(void)buf_printf(out, ", one of %zu paths to %zu pod CIDR%s", c->npaths,
				c->ndestinations, c->ndestinations == 1 ? "" : "s");
		(void)buf_puts(out, "\n      ");
		put(r, c->text);
		(void)buf_puts(out, "\n");
		render_remedy(r, c->remedy, &c->at);
	}
	if (r->nuntold)
		(void)buf_printf(out, "\n  and %zu more paths for other reasons\n", r->nuntold);
}

void reach_report_path(const struct reach_report *r, const struct reach_path *p)
{
	struct session *s = r->session;
	char pods[PREFIX_TEXT], address[IP_TEXT];
	prefix_format(p->pods, pods);
	ip_format(&p->address, address);
	(void)buf_puts(&s->out, "\n");
	put(r, p->from->node->name);
	(void)buf_puts(&s->out, " to ");
	put(r, p->to->node->name);
	(void)buf_printf(
		&s->out, ", pods %s (followed: %s): %s\n", pods, address, verdict_name(p->verdict));
	for (size_t i = 0; i < p->nhops; i++) {
		(void)buf_printf(&s->out, "  %zu. ", i + 1);
		put(r, explain_hop(s->arena, s->config, p, i));
		(void)buf_puts(&s->out, "\n");
	}
	if (p->fault == FAULT_NONE) {
		(void)buf_puts(&s->out,
			p->verdict == REACH_ASSUMED ? "  delivered, if the network interfaces that "
						      "were not read forward\n"
						    : "  delivered\n");
		return;
	}
	struct place at;
	const char *remedy = explain_remedy(s->arena, s->config, p, &at);
	(void)buf_puts(&s->out, "  ! ");
	if (p->nhops > 1)
		(void)buf_printf(&s->out, "at %zu: ", p->at + 1);
	(void)buf_printf(&s->out, "%s\n", fault_text(p->fault));
	render_remedy(r, remedy, &at);
}

void reach_report_render(const struct reach_report *r)
{
	struct buf *out = &r->session->out;
	const struct survey_counts *shown = r->shows_now ? &r->now : &r->after;
	if (shown->total == 0) {
		(void)buf_puts(out, "There are no two nodes with pods in one node set.\n");
		return;
	}
	if (r->cells)
		render_matrix(r);
	else if (r->flows)
		render_flows(r);
	render_causes(r);
	(void)buf_printf(out,
		"\nReachability by routes: %zu of %zu pod paths after apply (%zu of %zu now)\n",
		survey_reached(&r->after), r->after.total, survey_reached(&r->now), r->now.total);
}
