/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/waybill/document.h"
#include "cmd/waybill/program.h"
#include "engine/base/text.h"

static void value_line(struct session *s, const json_t *value)
{
	const char *text = json_string_value(value);
	if (text)
		text_escape(&s->out, text, false);
	else
		document_inline(&s->out, value);
	(void)buf_puts(&s->out, "\n");
}

/* What is sensitive is stored as a seal alone, so that there is nothing to print. */
static bool is_shown_sensitive(const json_t *value)
{
	const char *text = json_string_value(value);
	return text && strcmp(text, SECRET_SHOWN) == 0;
}

static int one(struct session *s, const json_t *outputs, const char *name)
{
	json_t *value = json_object_get(outputs, name);
	if (!value) {
		const char *key;
		json_t *other;
		const char **names = NULL;
		size_t count = 0;
		json_object_foreach ((json_t *)outputs, key, other)
			*ARENA_PUSH(s->arena, names, count) = key;
		const char *nearest = text_nearest(name, names, count);
		(void)diag_error(&s->diags, PLACE_NONE, "unknown-output",
			"the last apply left no output `%s`", name);
		if (nearest)
			diag_help(&s->diags, "did you mean `%s`?", nearest);
		else
			diag_help(&s->diags,
				count ? "`waybill output` shows what it left"
				      : "an apply leaves what `outputs` declares");
		return EXIT_ERROR;
	}
	if (s->json)
		s->document = arena_json(s->arena, json_incref(value));
	else
		value_line(s, value);
	return EXIT_DONE;
}

int output_command(struct session *s)
{
	struct run run;
	bool found = false;
	s->bare = true;
	if (!session_state_alone(s, STATE_READ) ||
		!state_last_run(s->state, s->arena, &run, &found, &s->diags))
		return EXIT_ERROR;
	json_auto_t *outputs = secrets_mask(NULL, found && run.outputs ? run.outputs : json_null());
	if (s->nwords)
		return one(s, outputs, s->words[0]);
	const char *name;
	json_t *value;
	json_object_foreach (outputs, name, value) {
		if (s->json) {
			(void)json_object_set_new(s->document, name,
				json_pack("{s:b,s:O}", "sensitive", is_shown_sensitive(value),
					"value", value));
			continue;
		}
		text_escape(&s->out, name, false);
		(void)buf_puts(&s->out, " = ");
		document_inline(&s->out, value);
		(void)buf_puts(&s->out, "\n");
	}
	if (!s->json && !json_object_size(outputs))
		tell("The last apply left no outputs.\n");
	return EXIT_DONE;
}
