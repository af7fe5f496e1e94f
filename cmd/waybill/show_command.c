/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/document.h"
#include "cmd/waybill/planning.h"
#include "cmd/waybill/program.h"
#include "cmd/waybill/shape.h"

static int show_plan(struct session *s)
{
	struct saved_plan saved;
	if (!planning_load(s, s->words[0], &saved))
		return EXIT_ERROR;
	/* The configuration shortens ids to addresses and holds the node sets. */
	s->config = config_load_inputs(s->arena, s->catalog, saved.inputs, NULL, &s->diags);
	if (!s->config)
		return EXIT_ERROR;
	planning_show(s, saved.shown);
	return EXIT_DONE;
}

static int show_state(struct session *s)
{
	struct record *records;
	size_t count;
	if (!session_state_alone(s, STATE_READ) ||
		!state_records(s->state, s->arena, NULL, &records, &count, &s->diags))
		return EXIT_ERROR;
	s->catalog = catalog_new(s->arena);
	json_auto_t *plain = shape_records(s->arena, s->catalog, records, count);
	json_auto_t *tree = secrets_mask(NULL, plain);
	if (s->json)
		(void)json_object_set(s->document, "resources", tree);
	else if (count)
		document_yaml(&s->out, tree);
	else
		(void)buf_puts(&s->out, "The state is empty.\n");
	return EXIT_DONE;
}

int show_command(struct session *s)
{
	return s->nwords ? show_plan(s) : show_state(s);
}
