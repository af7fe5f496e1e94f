/* SPDX-License-Identifier: Apache-2.0 */
/* reach_json.c - reachability for programs: docs/json.md */
#include "cmd/waybill/reach_report.h"
#include "engine/network/explain.h"

static json_t *text_new(const char *text)
{
	json_t *json = text ? json_string(text) : NULL;
	return json ? json : json_null();
}

static json_t *counts_new(const struct survey_counts *c)
{
	json_t *json = json_pack("{s:I}", "total", (json_int_t)c->total);
	for (int v = 0; v < REACH_VERDICTS; v++)
		(void)json_object_set_new(json, verdict_name((enum reach_verdict)v),
			json_integer((json_int_t)c->of[v]));
	return json;
}

static json_t *fault_new(enum reach_fault fault)
{
	return text_new(fault_name(fault));
}

json_t *reach_path_json(
	const struct reach_report *r, const struct reach_path *after, const struct reach_path *now)
{
	char pods[PREFIX_TEXT], address[IP_TEXT];
	const struct reach_path *shown = r->shows_now ? now : after;
	prefix_format(shown->pods, pods);
	ip_format(&shown->address, address);
	return json_pack("{s:o,s:o,s:o,s:o,s:s,s:s,s:s,s:s,s:o,s:o}", "from",
		text_new(after->from->node->name), "from_set", text_new(after->from->set->name),
		"to", text_new(after->to->node->name), "to_set", text_new(after->to->set->name),
		"pods", pods, "address", address, "verdict", verdict_name(after->verdict),
		"verdict_now", verdict_name(now->verdict), "fault", fault_new(after->fault),
		"fault_now", fault_new(now->fault));
}

json_t *reach_hops_json(const struct reach_report *r, const struct reach_path *p)
{
	json_t *hops = json_array();
	for (size_t i = 0; i < p->nhops; i++) {
		const struct reach_hop *h = &p->hops[i];
		char prefix[PREFIX_TEXT], next[IP_TEXT];
		json_t *hop = json_pack("{s:o,s:b}", "subnet", text_new(h->subnet->part->id),
			"at_fault", p->fault != FAULT_NONE && i == p->at);
		(void)json_array_append_new(hops, hop);
		if (!h->route)
			continue;
		prefix_format(&h->route->prefix, prefix);
		(void)json_object_set_new(hop, "prefix", json_string(prefix));
		(void)json_object_set_new(
			hop, "next_hop_type", json_string(hop_kind_name(h->route->hop)));
		(void)json_object_set_new(
			hop, "route", text_new(h->route->user ? h->route->user->part->id : NULL));
		if (h->route->hop == HOP_APPLIANCE && h->route->has_next_hop)
			ip_format(&h->route->next_hop, next);
		else
			next[0] = '\0';
		(void)json_object_set_new(hop, "next_hop", text_new(next[0] ? next : NULL));
		(void)json_object_set_new(hop, "node",
			text_new(h->next && h->next->node ? h->next->node->node->name : NULL));
		(void)json_object_set_new(hop, "text",
			text_new(explain_hop(r->session->arena, r->session->config, p, i)));
	}
	return hops;
}

static json_t *place_new(const struct place *at)
{
	if (!at->file)
		return json_null();
	return json_pack("{s:o,s:I}", "filename", text_new(at->file), "line", (json_int_t)at->line);
}

static json_t *causes_new(const struct reach_report *r)
{
	json_t *causes = json_array();
	for (size_t i = 0; i < r->ncauses; i++) {
		const struct reach_cause *c = &r->causes[i];
		(void)json_array_append_new(causes,
			json_pack("{s:s,s:o,s:I,s:I,s:{s:o,s:o,s:o},s:o,s:o,s:o}", "verdict",
				verdict_name(c->verdict), "fault", fault_new(c->fault), "paths",
				(json_int_t)c->npaths, "destinations", (json_int_t)c->ndestinations,
				"example", "from", text_new(c->from), "to", text_new(c->to), "pods",
				text_new(c->pods), "text", text_new(c->text), "remedy",
				text_new(c->remedy), "position", place_new(&c->at)));
	}
	return causes;
}

static json_t *flows_new(const struct reach_report *r)
{
	json_t *flows = json_array();
	for (size_t i = 0; i < r->nflows; i++) {
		const struct reach_flow *f = &r->flows[i];
		(void)json_array_append_new(flows,
			json_pack("{s:o,s:o,s:o}", "from",
				text_new(f->from ? f->from->part->id : NULL), "to",
				text_new(f->to ? f->to->part->id : NULL), "counts",
				counts_new(&f->counts)));
	}
	return flows;
}

void reach_report_document(const struct reach_report *r)
{
	json_t *document = r->session->document;
	(void)json_object_set_new(document, "reachability",
		json_pack("{s:o,s:o}", "after", counts_new(&r->after), "now", counts_new(&r->now)));
	(void)json_object_set_new(document, "by_subnet", flows_new(r));
	(void)json_object_set_new(document, "causes", causes_new(r));
	if (r->paths)
		(void)json_object_set(document, "paths", r->paths);
}
