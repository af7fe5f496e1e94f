/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/config/internal.h"

/* A map of texts, worked out. NULL with an error. */
static json_t *read_texts(struct config *c, const json_t *map, const char *pointer,
	const char *what, struct diags *diags)
{
	if (!json_is_object(map)) {
		(void)wrong_type(diags, place_value(c, pointer), what, "a map", map);
		return NULL;
	}
	struct scope s = { .config = c, .diags = diags };
	json_t *out = arena_json(c->arena, json_object());
	bool good = true;
	const char *code;
	json_t *value;
	json_object_foreach ((json_t *)map, code, value) {
		const char *text =
			scope_text(&s, pointer_add(c->arena, pointer, code), value, code);
		if (text)
			(void)json_object_set_new(out, code, json_string(text));
		good &= text != NULL;
	}
	return good ? out : NULL;
}

bool findings_read_severities(struct config *c, struct diags *diags)
{
	const json_t *map = json_object_get(c->merged, "checks");
	if (!map || json_is_null(map))
		return true;
	c->checks = read_texts(c, map, "/checks", "checks", diags);
	bool good = c->checks != NULL;
	const char *code;
	json_t *value;
	json_object_foreach (c->checks, code, value) {
		const char *word = json_string_value(value);
		if (strcmp(word, "error") == 0 || strcmp(word, "warning") == 0 ||
			strcmp(word, "off") == 0)
			continue;
		good = diag_error(diags, place_value(c, pointer_add(c->arena, "/checks", code)),
			"not-a-choice", "`%s` is no severity", word);
		diag_help(diags, "it is one of error, warning and off");
	}
	return good;
}

bool findings_read_ignored(struct config *c, const json_t *owner, const char *pointer,
	const json_t **out, struct diags *diags)
{
	const json_t *map = json_object_get(owner, "ignore");
	const char *at = pointer_add(c->arena, pointer, "ignore");
	*out = NULL;
	if (!map || json_is_null(map))
		return true;
	*out = read_texts(c, map, at, "ignore", diags);
	bool good = *out != NULL;
	const char *code;
	json_t *reason;
	json_object_foreach ((json_t *)*out, code, reason) {
		if (json_string_length(reason) > 0)
			continue;
		good = diag_error(diags, place_value(c, pointer_add(c->arena, at, code)),
			"ignore-reason", "`%s` is ignored without a reason", code);
		diag_help(diags, "say why the finding stands, for whoever reads it next");
	}
	return good;
}
