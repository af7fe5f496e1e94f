/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/program.h"
#include "cmd/waybill/reach_effective.h"
#include "cmd/waybill/reach_report.h"

/* Each path from one node to the other, on its own. */
static void between(const struct reach_report *r, const struct topology_node *from,
	const struct topology_node *to)
{
	const struct survey *v = &r->survey;
	struct session *s = r->session;
	json_t *paths = json_object_get(s->document, "paths");
	const struct topology_node *now = v->topology_now->nodes;
	for (size_t i = 0; i < to->pods.count; i++) {
		struct reach_path after, before;
		reach_follow(v->reach, from, to, &to->pods.items[i], &after);
		reach_follow(v->now, &now[from - v->topology->nodes], &now[to - v->topology->nodes],
			&to->pods.items[i], &before);
		const struct reach_path *shown = r->shows_now ? &before : &after;
		if (!s->json) {
			reach_report_path(r, shown);
			continue;
		}
		json_t *path = reach_path_json(r, &after, &before);
		(void)json_object_set_new(path, "hops", reach_hops_json(r, shown));
		(void)json_array_append_new(paths, path);
	}
}

static bool explain(const struct reach_report *r, const char *from_word, const char *to_word)
{
	struct session *s = r->session;
	if (!from_word || !to_word) {
		(void)diag_error(&s->diags, PLACE_NONE, "option-value",
			"`--from` and `--to` belong together");
		diag_help(&s->diags, "name a node with each; `waybill nodes` lists them");
		return false;
	}
	const struct topology_node *from = reach_node(r, from_word), *to = reach_node(r, to_word);
	if (!from || !to)
		return false;
	if (s->json)
		(void)json_object_set_new(s->document, "paths", json_array());
	between(r, from, to);
	if (from != to)
		between(r, to, from);
	return true;
}

int reach_command(struct session *s)
{
	struct reach_report report;
	const char *from = session_option(s, OPTION_FROM)->text;
	const char *to = session_option(s, OPTION_TO)->text;
	if (!session_cloud(s, true) || !session_config(s) || !session_state(s, STATE_READ) ||
		!session_provider(s) || !reach_report_make(&report, s))
		return EXIT_ERROR;
	if (session_switch(s, OPTION_EFFECTIVE, false)) {
		bool differs;
		if (!reach_effective(&report, &differs))
			return EXIT_ERROR;
		return differs ? EXIT_CHANGES : EXIT_DONE;
	}
	if (from || to)
		return explain(&report, from, to) ? EXIT_DONE : EXIT_ERROR;
	if (s->json)
		reach_report_document(&report);
	else
		reach_report_render(&report);
	return EXIT_DONE;
}
