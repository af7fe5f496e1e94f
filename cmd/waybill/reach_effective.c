/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/reach_effective.h"

#include <string.h>

#include "cmd/waybill/render_table.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "schemas/arm_id.h"

#define NICS_TRIED 3 /* of a group: some machines may stand still */
#define ACTION "effectiveRouteTable"

struct asking {
	const struct reach_report *report;
	struct effective_group *groups;
	size_t ngroups;
	const struct schema *nic;
};

/* ---- whom to ask ---- */

/* The interface of an ip configuration. Those of scale sets have no such action. */
static const char *nic_of(struct arena *a, const char *configuration)
{
	const char *end = configuration ? strstr(configuration, "/ipConfigurations/") : NULL;
	if (!end || !strstr(configuration, "/networkInterfaces/") ||
		strstr(configuration, "/virtualMachineScaleSets/"))
		return NULL;
	return arena_strndup(a, configuration, (size_t)(end - configuration));
}

static void add_nics(struct arena *a, struct effective_group *g, const struct topology_subnet *s)
{
	size_t i;
	const json_t *item;
	json_array_foreach (json_at(s->part->body, "/properties/ipConfigurations"), i, item) {
		const char *nic = nic_of(a, json_text_at(item, "/id"));
		if (nic && g->nnics < NICS_TRIED)
			*ARENA_PUSH(a, g->nics, g->nnics) = nic;
	}
}

static void find_groups(struct asking *asking)
{
	const struct survey *v = &asking->report->survey;
	struct arena *a = asking->report->session->arena;
	const struct topology *t = v->topology_now;
	size_t *group_of = arena_alloc(a, (t->nsubnets + 1) * sizeof *group_of);
	for (size_t i = 0; i < t->nsubnets; i++) {
		const struct topology_subnet *s = &t->subnets[i];
		size_t class = reach_class(v->now, s);
		if (!group_of[class]) {
			*ARENA_PUSH(a, asking->groups, asking->ngroups) =
				(struct effective_group){ .subnet = s };
			group_of[class] = asking->ngroups;
		}
		struct effective_group *g = &asking->groups[group_of[class] - 1];
		g->nsubnets++;
		add_nics(a, g, s);
	}
}

/* ---- asking ---- */

static void read_answer(
	struct asking *asking, struct effective_group *g, const struct operation *op)
{
	struct session *s = asking->report->session;
	if (op->outcome == OUTCOME_DONE &&
		effective_compare(
			s->arena, asking->report->survey.now, g->subnet, op->reply, &g->compared)) {
		g->asked = g->nics[g->tried - 1];
		g->problem = NULL;
		return;
	}
	const char *message = op->failure.message ? op->failure.message : "no message";
	g->problem = op->outcome == OUTCOME_DONE
		? "the answer is no list of routes"
		: arena_printf(s->arena, "%s: %s", op->failure.code ? op->failure.code : "unknown",
			  message);
}

/* One interface of each group that has no answer yet. */
static bool ask_round(struct asking *asking)
{
	struct session *s = asking->report->session;
	struct operation *ops = arena_alloc(s->arena, (asking->ngroups + 1) * sizeof *ops);
	size_t sent = 0;
	for (size_t i = 0; i < asking->ngroups; i++) {
		struct effective_group *g = &asking->groups[i];
		if (g->asked || g->tried == g->nnics)
			continue;
		ops[i] = (struct operation){
			.verb = VERB_POST,
			.path = arena_printf(s->arena, "%s/" ACTION, g->nics[g->tried++]),
			.api_version = asking->nic->api_version,
			.arena = s->arena,
			.owner = g,
		};
		s->provider->submit(s->provider, &ops[i]);
		sent++;
	}
	for (size_t left = sent; left; left--) {
		const struct operation *op = s->provider->reap(s->provider, -1);
		if (!op) {
			(void)diag_error(
				&s->diags, PLACE_NONE, "interrupted", "interrupted while reading");
			diag_help(&s->diags, "nothing was written; run the same command again");
			return false;
		}
		read_answer(asking, op->owner, op);
	}
	return true;
}

/* ---- showing ---- */

static const char *name_of(const struct reach_report *r, const struct topology_subnet *s)
{
	return config_address_of(r->session->config, s->part->id);
}

static void render_differences(const struct reach_report *r, const struct effective_group *g)
{
	struct buf *out = &r->session->out;
	for (size_t i = 0; i < g->compared.ndifferences; i++) {
		const struct effective_difference *d = &g->compared.differences[i];
		char prefix[PREFIX_TEXT];
		prefix_format(&d->prefix, prefix);
		(void)buf_puts(out, "  ");
		text_escape(out, name_of(r, g->subnet), false);
		(void)buf_printf(out, ": %s goes to ", prefix);
		text_escape(out, d->azure ? d->azure : "no next hop", false);
		(void)buf_printf(out, " in Azure, and to %s by what was read\n",
			d->ours ? d->ours : "no next hop");
	}
}

static void render(const struct asking *asking)
{
	const struct reach_report *r = asking->report;
	struct session *s = r->session;
	struct table table;
	table_init(&table, s->arena, 5);
	table_add_heading(&table,
		(const char *const[]){ "Subnets", "Asked", "Alike", "Different", "Not compared" });
	for (size_t i = 0; i < asking->ngroups; i++) {
		const struct effective_group *g = &asking->groups[i];
		const char *subnets = name_of(r, g->subnet);
		if (g->nsubnets > 1)
			subnets =
				arena_printf(s->arena, "%s and %zu more", subnets, g->nsubnets - 1);
		const char *whom = g->asked ? config_address_of(s->config, g->asked)
			: g->problem        ? g->problem
					    : "no network interface";
		const char *cells[] = { subnets, whom, "", "", "" };
		if (g->asked) {
			cells[2] = arena_printf(s->arena, "%zu", g->compared.alike);
			cells[3] = arena_printf(s->arena, "%zu", g->compared.ndifferences);
			cells[4] = arena_printf(s->arena, "%zu", g->compared.others);
		}
		table_add(&table, cells, NULL);
	}
	(void)buf_puts(&s->out, "Effective routes of running network interfaces:\n\n");
	table_render(&table, &s->out, 2, s->terminal.out_colour);
	(void)buf_puts(&s->out, "\n");
	for (size_t i = 0; i < asking->ngroups; i++)
		render_differences(r, &asking->groups[i]);
}

static json_t *group_json(const struct reach_report *r, const struct effective_group *g)
{
	json_t *differences = json_array();
	for (size_t i = 0; i < g->compared.ndifferences; i++) {
		const struct effective_difference *d = &g->compared.differences[i];
		char prefix[PREFIX_TEXT];
		prefix_format(&d->prefix, prefix);
		(void)json_array_append_new(differences,
			json_pack("{s:s,s:s?,s:s?}", "prefix", prefix, "azure", d->azure, "waybill",
				d->ours));
	}
	return json_pack("{s:s,s:I,s:s?,s:s?,s:I,s:I,s:o}", "subnet", name_of(r, g->subnet),
		"subnets", (json_int_t)g->nsubnets, "asked", g->asked, "problem", g->problem,
		"alike", (json_int_t)g->compared.alike, "not_compared",
		(json_int_t)g->compared.others, "differences", differences);
}

bool reach_effective(const struct reach_report *r, bool *out_differs)
{
	struct session *s = r->session;
	struct asking asking = { .report = r, .nic = catalog_role(s->config->catalog, ROLE_NIC) };
	find_groups(&asking);
	for (size_t round = 0; round < NICS_TRIED; round++)
		if (!ask_round(&asking))
			return false;
	*out_differs = false;
	for (size_t i = 0; i < asking.ngroups; i++)
		*out_differs |= asking.groups[i].compared.ndifferences > 0;
	if (!s->json) {
		render(&asking);
		return true;
	}
	json_t *list = json_array();
	for (size_t i = 0; i < asking.ngroups; i++)
		(void)json_array_append_new(list, group_json(r, &asking.groups[i]));
	(void)json_object_set_new(s->document, "effective", list);
	return true;
}
