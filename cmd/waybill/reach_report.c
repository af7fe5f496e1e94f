/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/reach_report.h"

#include <string.h>

#include "cmd/waybill/planning.h"
#include "engine/base/text.h"
#include "engine/network/explain.h"
#include "engine/plan/view.h"

#define CAUSES_KEPT 20
#define FLOW_SUBNETS 1024 /* the table of flows is its square */

/* ---- gathering ---- */

/* What tells two causes of one fault apart: the route, the subnet or the node at fault. */
static const void *where_of(const struct reach_path *p)
{
	const struct reach_hop *hop = p->nhops ? &p->hops[p->at] : NULL;
	if (!hop || p->fault == FAULT_SOURCE_NIC)
		return p->from;
	if (p->fault == FAULT_HOP_NIC && hop->next)
		return hop->next;
	if (hop->route && hop->route->user)
		return hop->route;
	return hop->subnet;
}

static void add_cause(struct reach_report *r, const struct reach_path *p, size_t count)
{
	const void *where = where_of(p);
	struct arena *a = r->session->arena;
	for (size_t i = 0; i < r->ncauses; i++) {
		struct reach_cause *c = &r->causes[i];
		if (c->fault == p->fault && c->where == where) {
			c->npaths += count;
			c->ndestinations++;
			return;
		}
	}
	if (r->ncauses == CAUSES_KEPT) {
		r->nuntold += count;
		return;
	}
	char pods[PREFIX_TEXT];
	prefix_format(p->pods, pods);
	struct reach_cause *c = ARENA_PUSH(a, r->causes, r->ncauses);
	*c = (struct reach_cause){ .verdict = p->verdict,
		.fault = p->fault,
		.where = where,
		.npaths = count,
		.ndestinations = 1,
		.from = p->from->node->name,
		.to = p->to->node->name,
		.pods = arena_strdup(a, pods),
		.text = explain_fault(a, r->session->config, p) };
	c->remedy = explain_remedy(a, r->session->config, p, &c->at);
}

static size_t subnet_index(const struct reach_report *r, const struct topology_subnet *s)
{
	return s ? (size_t)(s - r->survey.topology->subnets) : r->survey.topology->nsubnets;
}

static void add_flow(struct reach_report *r, const struct topology_node *from,
	const struct topology_node *to, enum reach_verdict verdict)
{
	if (!r->flow_of)
		return;
	size_t *known =
		&r->flow_of[subnet_index(r, from->subnet) * (r->survey.topology->nsubnets + 1) +
			subnet_index(r, to->subnet)];
	if (*known == 0) {
		*ARENA_PUSH(r->session->arena, r->flows, r->nflows) =
			(struct reach_flow){ .from = from->subnet, .to = to->subnet };
		*known = r->nflows;
	}
	survey_count(&r->flows[*known - 1].counts, verdict, 1);
}

/* A pair is as good as the worst of its CIDRs. */
static void add_cell(struct reach_report *r, const struct topology_node *from,
	const struct topology_node *to, enum reach_verdict verdict)
{
	const struct topology *t = r->survey.topology;
	int *cell = &r->cells[(size_t)(from - t->nodes) * t->nnodes + (size_t)(to - t->nodes)];
	if (*cell < (int)verdict + 1)
		*cell = (int)verdict + 1;
}

static void gather(void *context, const struct survey_paths *p)
{
	struct reach_report *r = context;
	const struct reach_path *shown = p->after;
	const struct topology_node *nodes = r->survey.topology->nodes;
	const struct reach_path *before = p->now;
	survey_count(&r->after, p->after->verdict, p->count);
	survey_count(&r->now, p->now->verdict, p->count);
	if (r->shows_now)
		shown = p->now;
	if (!verdict_reaches(shown->verdict))
		add_cause(r, shown, p->count);
	for (size_t i = 0; i < p->nfrom; i++) {
		const struct topology_node *from = p->from[i], *to = p->after->to;
		if (from == to)
			continue;
		add_flow(r, from, to, shown->verdict);
		if (r->cells)
			add_cell(r, from, to, shown->verdict);
		if (!r->paths)
			continue;
		struct reach_path after = *p->after, now = *before;
		after.from = from;
		now.from = &r->survey.topology_now->nodes[from - nodes];
		(void)json_array_append_new(r->paths, reach_path_json(r, &after, &now));
	}
}

/* ---- reading ---- */

static bool look(struct reach_report *r)
{
	struct session *s = r->session;
	struct planning planning = planning_asked(s);
	if (!planning_read(&planning, s) || !planning_look(&planning, s))
		return false;
	struct survey *v = &r->survey;
	v->config = s->config;
	v->topology = planning.plan->topology;
	v->topology_now = view_actual(s->arena, s->config, planning.snapshot);
	v->reach = reach_new(s->arena, v->topology);
	v->now = reach_new(s->arena, v->topology_now);
	return true;
}

bool reach_report_make(struct reach_report *r, struct session *s)
{
	*r = (struct reach_report){ .session = s,
		.shows_now = session_switch(s, OPTION_NOW, false) };
	if (!look(r))
		return false;
	const struct topology *t = r->survey.topology;
	bool small = t->nnodes <= REACH_MATRIX;
	if (small)
		r->cells = arena_alloc(s->arena, (t->nnodes * t->nnodes + 1) * sizeof *r->cells);
	if (small && s->json)
		r->paths = arena_json(s->arena, json_array());
	if (t->nsubnets <= FLOW_SUBNETS)
		r->flow_of = arena_alloc(
			s->arena, (t->nsubnets + 1) * (t->nsubnets + 1) * sizeof *r->flow_of);
	survey_run(s->arena, &r->survey, gather, r);
	return true;
}

const struct topology_node *reach_node(const struct reach_report *r, const char *word)
{
	const struct topology *t = r->survey.topology;
	const char *slash = strchr(word, '/');
	const char *name = slash ? slash + 1 : word;
	const char **names = arena_alloc(r->session->arena, (t->nnodes + 1) * sizeof *names);
	for (size_t i = 0; i < t->nnodes; i++) {
		const struct topology_node *n = &t->nodes[i];
		size_t len = slash ? (size_t)(slash - word) : 0;
		bool in_set = !slash ||
			(strlen(n->set->name) == len && strncmp(n->set->name, word, len) == 0);
		names[i] = n->node->name;
		if (in_set && text_same_nocase(n->node->name, name))
			return n;
	}
	const char *nearest = text_nearest(name, names, t->nnodes);
	(void)diag_error(
		&r->session->diags, PLACE_NONE, "unknown-node", "there is no node `%s`", word);
	if (nearest)
		diag_help(&r->session->diags, "did you mean `%s`?", nearest);
	else
		diag_help(&r->session->diags, "`waybill nodes` lists them");
	return NULL;
}
