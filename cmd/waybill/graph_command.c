/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/graph.h"
#include "cmd/waybill/planning.h"
#include "cmd/waybill/program.h"
#include "engine/base/text.h"
#include "engine/plan/view.h"

static const struct {
	const char *format;
	void (*draw)(const struct graph *);
} forms[] = {
	{ "text", graph_text },
	{ "dot", graph_dot },
	{ "mermaid", graph_mermaid },
	{ "svg", graph_svg },
};

/* ---- what the forms share ---- */

const char *graph_sign(enum drawing_mark mark)
{
	static const char *const signs[MARK_COUNT] = { "", "+", "~", "-/+", "-", "" };
	return signs[mark];
}

const char *graph_word(enum drawing_kind kind)
{
	static const char *const words[DRAWN_KINDS] = {
		[DRAWN_NETWORK] = "network ",
		[DRAWN_PEERING] = "peering ",
		[DRAWN_SUBNET] = "subnet ",
		[DRAWN_NODES] = "",
		[DRAWN_ADDRESSES] = "",
		[DRAWN_OUTSIDE] = "",
		[DRAWN_TABLE] = "route table ",
		[DRAWN_ROUTES] = "",
	};
	return words[kind];
}

const char *graph_heading(const struct graph *g, const struct drawing_box *box)
{
	const char *sign = graph_sign(box->mark);
	return arena_printf(
		g->arena, "%s%s%s%s", sign, *sign ? " " : "", graph_word(box->kind), box->name);
}

const char *graph_details(const struct graph *g, const struct drawing_box *box, const char *between)
{
	const char *all = box->nlines ? box->lines[0] : "";
	for (size_t i = 1; i < box->nlines; i++)
		all = arena_printf(g->arena, "%s%s%s", all, between, box->lines[i]);
	return all;
}

void graph_xml_escaped(const struct graph *g, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" },
		{ '\'', "&#39;" } };
	for (const char *c = text; *c; c++) {
		size_t i = 0;
		while (i < ARRAY_LEN(entities) && entities[i].c != *c)
			i++;
		if (i < ARRAY_LEN(entities))
			(void)buf_puts(g->out, entities[i].entity);
		else
			(void)buf_putc(g->out, *c);
	}
}

void graph_xml(const struct graph *g, const char *text)
{
	graph_xml_escaped(g, text_escaped(g->arena, text));
}

/* ---- the command ---- */

static bool draw(struct session *s, const struct planning *planning)
{
	struct plan *plan = planning->plan;
	const struct drawing *drawing = drawing_make(s->arena, plan, plan->topology,
		view_actual(s->arena, s->config, planning->snapshot));
	if (s->json)
		return json_object_set_new(s->document, "graph", graph_json(drawing)) == 0;
	const struct graph graph = {
		.arena = s->arena,
		.out = &s->out,
		.drawing = drawing,
		.title = arena_printf(s->arena, "The network after %s%s",
			plan->destroy ? "a destroy" : "an apply",
			s->cloud.emulator ? " (EMULATOR)" : ""),
		.colour = s->terminal.out_colour,
	};
	const char *format = session_option(s, OPTION_FORMAT)->text;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (strcmp(forms[i].format, format ? format : forms[0].format) == 0)
			forms[i].draw(&graph);
	return true;
}

int graph_command(struct session *s)
{
	struct planning planning = planning_asked(s);
	struct saved_plan saved;
	if (!session_cloud(s, true) || !planning_configuration(&planning, s, &saved) ||
		!session_state(s, STATE_READ) || !session_provider(s) ||
		!planning_read(&planning, s) || !planning_look(&planning, s) ||
		(saved.id && !planning_still_true(&planning, s, &saved)))
		return EXIT_ERROR;
	return draw(s, &planning) ? EXIT_DONE : EXIT_ERROR;
}
