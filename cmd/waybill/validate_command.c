/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"
#include "engine/network/checks.h"
#include "engine/plan/view.h"

static void fill_document(struct session *s, bool good, const struct checks_report *report)
{
	(void)json_object_set_new(s->document, "valid", json_boolean(good));
	(void)json_object_set_new(
		s->document, "error_count", json_integer((json_int_t)s->diags.nerrors));
	(void)json_object_set_new(s->document, "warning_count",
		json_integer((json_int_t)(s->diags.count - s->diags.nerrors)));
	(void)json_object_set_new(
		s->document, "ignored_findings", json_integer((json_int_t)report->ignored));
}

static void render_valid(struct session *s, const struct checks_report *report)
{
	const struct config *c = s->config;
	(void)buf_printf(&s->out, "The configuration is valid: %zu %s, %zu node %s", c->nresources,
		c->nresources == 1 ? "resource" : "resources", c->nnode_sets,
		c->nnode_sets == 1 ? "set" : "sets");
	if (report->ignored)
		(void)buf_printf(&s->out, ", %zu %s ignored", report->ignored,
			report->ignored == 1 ? "finding" : "findings");
	(void)buf_puts(&s->out, ".\n");
}

int validate_command(struct session *s)
{
	bool merged = session_switch(s, OPTION_MERGED, false);
	bool good = session_cloud(s, false) && session_config(s);
	struct checks_report report = { 0 };
	good = good && config_resolve(s->config, &s->diags);
	if (s->config && s->config->whole)
		good = checks_run(s->config,
			       &(struct checks_subject){
				       .topology = view_declared(s->arena, s->config) },
			       &report, &s->diags) &&
			good;
	diags_sort(&s->diags);
	if (s->json) {
		fill_document(s, good, &report);
		if (merged && good)
			(void)json_object_set(s->document, "merged", s->config->merged);
	} else if (good && merged) {
		document_yaml(&s->out, s->config->merged);
	} else if (good) {
		render_valid(s, &report);
	}
	return good ? EXIT_DONE : EXIT_ERROR;
}
