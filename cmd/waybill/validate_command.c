/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"

static void fill_document(struct session *s, bool good)
{
	(void)json_object_set_new(s->document, "valid", json_boolean(good));
	(void)json_object_set_new(
		s->document, "error_count", json_integer((json_int_t)s->diags.nerrors));
	(void)json_object_set_new(s->document, "warning_count",
		json_integer((json_int_t)(s->diags.count - s->diags.nerrors)));
}

int validate_command(struct session *s)
{
	bool merged = session_switch(s, OPTION_MERGED, false);
	bool good = session_cloud(s, false) && session_config(s);
	good = good && config_resolve(s->config, &s->diags);
	diags_sort(&s->diags);
	if (s->json) {
		fill_document(s, good);
		if (merged && good)
			(void)json_object_set(s->document, "merged", s->config->merged);
	} else if (good && merged) {
		document_yaml(&s->out, s->config->merged);
	} else if (good) {
		(void)buf_printf(&s->out, "The configuration is valid: %zu %s, %zu node %s.\n",
			s->config->nresources,
			s->config->nresources == 1 ? "resource" : "resources",
			s->config->nnode_sets, s->config->nnode_sets == 1 ? "set" : "sets");
	}
	return good ? EXIT_DONE : EXIT_ERROR;
}
