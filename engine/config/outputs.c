/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/json.h"
#include "engine/config/internal.h"

static json_t *plain_value(
	struct scope *s, const char *name, const char *pointer, const json_t *value, bool sensitive)
{
	struct config *c = s->config;
	bool unknown = false;
	size_t reads = c->internal->nsensitive_reads;
	json_t *known = scope_value(s, pointer, value, &unknown);
	if (c->internal->nsensitive_reads == reads || sensitive)
		return !known && unknown ? json_null() : known;
	json_decref(known);
	(void)diag_error(s->diags, place_value(c, pointer), "sensitive-output",
		"output `%s` would show a sensitive value", name);
	return NULL;
}

/* {value:, description:, sensitive:}: a map always is this form. */
static bool read_form(struct scope *s, const char *pointer, const json_t *form, bool *sensitive)
{
	static const char *const members[] = { "value", "description", "sensitive", NULL };
	struct config *c = s->config;
	const json_t *description = json_object_get(form, "description");
	const json_t *flag = json_object_get(form, "sensitive");
	bool good = only_members(c, form, pointer, "an output", members, s->diags);
	*sensitive = json_is_true(flag);
	if (description && !json_is_string(description))
		good = wrong_type(s->diags,
			place_value(c, pointer_add(c->arena, pointer, "description")),
			"description", "text", description);
	if (flag && !json_is_boolean(flag))
		good = wrong_type(s->diags,
			place_value(c, pointer_add(c->arena, pointer, "sensitive")), "sensitive",
			"true or false", flag);
	if (!json_object_get(form, "value"))
		good = diag_error(s->diags, place_key(c, pointer), "missing-member",
			"an output that is a map needs `value`");
	return good;
}

static json_t *output_value(struct scope *s, const char *name, const json_t *value)
{
	struct config *c = s->config;
	const char *pointer = pointer_add(c->arena, "/outputs", name);
	bool sensitive = false;
	if (!json_is_object(value))
		return plain_value(s, name, pointer, value, false);
	if (!read_form(s, pointer, value, &sensitive))
		return NULL;
	json_t *known = plain_value(s, name, pointer_add(c->arena, pointer, "value"),
		json_object_get(value, "value"), sensitive);
	if (!known || !sensitive || json_is_null(known))
		return known;
	const char *seal = secrets_seal_whole(c->secrets, known);
	json_decref(known);
	return json_string(seal);
}

json_t *config_outputs(
	struct config *c, config_lookup_fn *lookup, void *context, struct diags *diags)
{
	struct scope s = { .config = c,
		.sees_resources = true,
		.live = lookup,
		.live_context = context,
		.diags = diags };
	json_t *out = json_object();
	const char *name;
	json_t *value;
	bool good = true;
	json_object_foreach (json_object_get(c->merged, "outputs"), name, value) {
		json_t *known = output_value(&s, name, value);
		good &= known && json_object_set_new(out, name, known) == 0;
	}
	if (good)
		return out;
	json_decref(out);
	return NULL;
}

bool outputs_check(struct config *c, struct diags *diags)
{
	const json_t *outputs = json_object_get(c->merged, "outputs");
	if (outputs && !json_is_object(outputs))
		return wrong_type(diags, place_value(c, "/outputs"), "outputs", "a map", outputs);
	json_auto_t *values = config_outputs(c, NULL, NULL, diags);
	return values != NULL;
}

bool config_fill_unknown(struct config *c, const struct resource *r, json_t *body,
	config_lookup_fn *lookup, void *context, struct diags *diags)
{
	struct scope s = { .config = c,
		.sees_resources = true,
		.live = lookup,
		.live_context = context,
		.diags = diags };
	bool good = true;
	for (size_t i = 0; i < r->nunknown; i++) {
		const char *text = json_text_at(body, r->unknown[i]);
		if (!text)
			continue;
		/* Only tags may hold such text, and they stand alike in YAML and body. */
		const char *pointer = arena_printf(c->arena, "%s%s", r->pointer, r->unknown[i]);
		json_t *value = NULL;
		enum expression_result result = scope_evaluate(&s, pointer, text, &value);
		if (result == EXPRESSION_UNKNOWN) {
			good = diag_error(diags, place_value(c, pointer), "known-after-apply",
				"this is still not known");
			diag_about(diags, r->address);
		} else if (result == EXPRESSION_FAILED) {
			good = false;
		} else if (!json_is_string(value)) {
			good = wrong_type(diags, place_value(c, pointer), "tags", "text", value);
			json_decref(value);
		} else {
			(void)json_put(body, r->unknown[i], value);
		}
	}
	return good;
}
