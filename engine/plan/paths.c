/* SPDX-License-Identifier: Apache-2.0 */
/* paths.c - pod paths before and after a plan: counted, and refused where one would be lost */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/network/explain.h"
#include "engine/plan/halfway.h"
#include "engine/plan/view.h"

#define LOST_TOLD 10 /* one change can lose millions: the first ones show which */

struct judge {
	struct planner *planner;
	const struct survey *survey;
	struct halfway *halfway; /* NULL: nothing changes on the way */
	size_t told;
};

static void tell_lost(struct judge *j, const struct survey_paths *paths)
{
	struct planner *p = j->planner;
	const struct reach_path *after = paths->after;
	char pods[PREFIX_TEXT];
	prefix_format(after->pods, pods);
	struct place at;
	const char *remedy = explain_remedy(p->arena, p->config, after, &at);
	const char *others = paths->count > 1
		? arena_printf(p->arena, ", and %zu more nodes with it", paths->count - 1)
		: "";
	const char *text = arena_printf(p->arena,
		"%s reaches the pods %s of %s now%s, and would not after this plan",
		after->from->node->name, pods, after->to->node->name, others);
	if (p->options->allow_unreachable)
		diag_warning(p->diags, at, "path-lost", "%s", text);
	else
		(void)diag_error(p->diags, at, "path-lost", "%s", text);
	diag_note(p->diags, PLACE_NONE, "%s", explain_fault(p->arena, p->config, after));
	diag_help(p->diags, "%s, or allow it with --allow-unreachable", remedy);
}

static void judge_paths(void *context, const struct survey_paths *paths)
{
	struct judge *j = context;
	struct plan_reach *reach = &j->planner->plan->reach;
	survey_count(&reach->after, paths->after->verdict, paths->count);
	survey_count(&reach->now, paths->now->verdict, paths->count);
	if (!verdict_reaches(paths->now->verdict))
		return;
	if (paths->now->watched && verdict_reaches(paths->after->verdict))
		halfway_judge(j->halfway, j->survey, paths);
	if (paths->after->verdict != REACH_BROKEN)
		return;
	reach->lost += paths->count;
	if (j->planner->options->destroy || j->told == LOST_TOLD)
		return;
	j->told++;
	tell_lost(j, paths);
}

/* ---- nodes that leave ---- */

static struct trie *index_pods(
	struct arena *a, const struct topology *t, const struct prefix **prefixes)
{
	struct trie_entry *entries = NULL;
	struct prefix *list = NULL;
	size_t count = 0, n = 0;
	for (size_t i = 0; i < t->nnodes; i++)
		for (size_t p = 0; p < t->nodes[i].pods.count; p++) {
			*ARENA_PUSH(a, list, n) = t->nodes[i].pods.items[p];
			*ARENA_PUSH(a, entries, count) =
				(struct trie_entry){ .prefix = t->nodes[i].pods.items[p],
					.value = (uint32_t)n - 1 };
		}
	*prefixes = list;
	return trie_build(a, entries, count);
}

static bool makes_node_routes(const struct planner *p, const struct change *c)
{
	const struct change *table = planner_container(p, c);
	return table && table->resource && json_object_get(c->schema->facts, "nodeRoute") != NULL;
}

/* Whether the route was one to a node's pods: made of a node set, or written out to as long a range
 * as the pods of a node have. */
static bool was_node_route(
	const struct change *c, const struct prefix *prefix, const struct topology *t)
{
	const char *pointer = c->record ? json_text_at(c->record->extra, "/pointer") : NULL;
	if (pointer && strstr(pointer, "/nodeRoutes/"))
		return true;
	for (size_t i = 0; i < t->nnodes; i++)
		for (size_t n = 0; n < t->nodes[i].pods.count; n++)
			if (t->nodes[i].pods.items[n].base.family == prefix->base.family)
				return t->nodes[i].pods.items[n].length == prefix->length;
	return false;
}

/* A route that goes, to pods that no planned node has: its node has left. */
static void find_leaving(struct planner *p, const struct topology *t)
{
	const struct prefix *pods;
	struct plan_reach *reach = &p->plan->reach;
	struct arena *scratch = arena_new();
	const struct trie *known = index_pods(scratch, t, &pods);
	for (size_t i = 0; i < p->plan->nchanges && !p->options->destroy; i++) {
		const struct change *c = &p->plan->changes[i];
		if (c->action != ACTION_DELETE || c->schema->role != ROLE_ROUTE ||
			!makes_node_routes(p, c))
			continue;
		const char *pointer = json_text_at(c->schema->facts, "/nodeRoute/prefix");
		const char *hop = json_text_at(c->schema->facts, "/nodeRoute/nextHop");
		const char *text = json_text_at(c->before, pointer ? pointer : "");
		const char *next = json_text_at(c->before, hop ? hop : "");
		struct prefix prefix;
		if (!next || !text || !prefix_parse(&prefix, text) ||
			!was_node_route(c, &prefix, t))
			continue;
		uint32_t found = trie_find(known, &prefix.base);
		if (found == TRIE_NONE || !prefix_same(&pods[found], &prefix))
			*ARENA_PUSH(p->arena, reach->leaving, reach->nleaving) =
				arena_printf(p->arena, "%s (%s)", text, next);
	}
	arena_free(scratch);
}

void planner_judge_paths(struct planner *p)
{
	/* What stands is as large as the plan itself, and only its counts stay. */
	struct arena *scratch = arena_new();
	struct survey s = { .config = p->config, .topology = p->plan->topology };
	struct judge j = { .planner = p, .survey = &s };
	s.reach = reach_new(scratch, s.topology);
	s.topology_now = s.topology;
	s.now = s.reach;
	if (view_changes(p->plan)) {
		s.topology_now = view_actual(scratch, p->config, p->snapshot);
		s.now = reach_new(scratch, s.topology_now);
		j.halfway = halfway_new(p, scratch, s.now, s.reach);
		find_leaving(p, s.topology);
	}
	survey_run(scratch, &s, judge_paths, &j);
	arena_free(scratch);
	struct plan_reach *reach = &p->plan->reach;
	if (reach->lost > 0 && j.told == LOST_TOLD && !p->options->allow_unreachable) {
		(void)diag_error(p->diags, PLACE_NONE, "path-lost",
			"in all, %zu pod paths that work now would be lost", reach->lost);
		diag_help(p->diags, "`waybill reach` shows each, --allow-unreachable allows it");
	}
}
