/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/json.h"
#include "engine/config/internal.h"

static json_t *output_value(struct scope *s, const char *name, const json_t *value)
{
	struct config *c = s->config;
	const char *pointer = pointer_add(c->arena, "/outputs", name);
	if (json_is_object(value)) {
		(void)diag_error(s->diags, place_value(c, pointer), "not-in-this-version",
			"an output that is a map comes in a later version");
		diag_help(s->diags, "write the value itself");
		return NULL;
	}
	bool unknown = false;
	json_t *known = scope_value(s, pointer, value, &unknown);
	return !known && unknown ? json_null() : known;
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
