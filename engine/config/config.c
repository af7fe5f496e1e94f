/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config/config.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"
#include "schemas/arm_id.h"

static const char *const top_words[] = { "waybill", "requires", "subscription", "resourceGroup",
	"location", "variables", "outputs", "nodeSets", "reach", "forget", "backend", "moved",
	"checks", "settle" };

static bool is_among(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool check_top_key(struct config *c, const char *key, struct diags *diags)
{
	size_t nsections = 0;
	const char *const *sections = catalog_sections(c->catalog, &nsections);
	if (is_among(key, top_words, ARRAY_LEN(top_words)) || is_among(key, sections, nsections))
		return true;
	struct place at = place_key(c, pointer_add(c->arena, "", key));
	const char **names = NULL;
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_LEN(top_words); i++)
		*ARENA_PUSH(c->arena, names, count) = top_words[i];
	for (size_t i = 0; i < nsections; i++)
		*ARENA_PUSH(c->arena, names, count) = sections[i];
	return unknown_member(diags, at, key, "a configuration", names, count);
}

static bool check_top(struct config *c, struct diags *diags)
{
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach (c->merged, key, value)
		good &= check_top_key(c, key, diags);
	return good;
}

static bool read_default(struct scope *s, const char *word, const char **out)
{
	const json_t *value = json_object_get(s->config->merged, word);
	if (!value || json_is_null(value))
		return true;
	*out = scope_text(s, pointer_add(s->config->arena, "", word), value, word);
	return *out != NULL;
}

/* The default group is told by its key in `resourceGroups` or by its name. */
static bool read_group(struct scope *s)
{
	struct config *c = s->config;
	if (!read_default(s, "resourceGroup", &c->resource_group))
		return false;
	if (!c->resource_group)
		return true;
	const char *pointer = pointer_add(
		c->arena, pointer_add(c->arena, "/resourceGroups", c->resource_group), "name");
	const json_t *name = json_at(c->merged, pointer);
	if (name)
		c->resource_group = scope_text(s, pointer, name, "name");
	return c->resource_group != NULL;
}

/* Bounded by its digits, as the schema of the YAML says it: at most 99 minutes. */
static bool read_settle(struct scope *s)
{
	static const struct {
		const char *unit;
		size_t digits;
	} units[] = { { "ms", 6 }, { "s", 3 }, { "m", 2 } };
	const char *text = NULL;
	if (!read_default(s, "settle", &text))
		return false;
	size_t digits = text ? strspn(text, "0123456789") : 0;
	for (size_t i = 0; text && i < ARRAY_LEN(units); i++)
		if (digits <= units[i].digits && strcmp(text + digits, units[i].unit) == 0 &&
			text_duration(text, &s->config->settle_ms))
			return true;
	return !text ||
		diag_error(s->diags, place_value(s->config, "/settle"), "bad-duration",
			"`%s` is not a duration of at most 99 minutes", text);
}

/* A default that failed has been told once; each resource need not tell it again. */
static void stand_in(struct config *c)
{
	const json_t *top = c->merged;
	if (!c->subscription && json_object_get(top, "subscription"))
		c->subscription = "unknown";
	if (!c->resource_group && json_object_get(top, "resourceGroup"))
		c->resource_group = "unknown";
	if (!c->location && json_object_get(top, "location"))
		c->location = "unknown";
}

static bool load(struct config *c, struct diags *diags)
{
	struct scope s = { .config = c, .diags = diags };
	if (!documents_merge(c, diags) || !check_top(c, diags) || !variables_load(c, diags) ||
		!documents_expand_keys(c, diags))
		return false;
	bool good = read_default(&s, "subscription", &c->subscription);
	good = read_default(&s, "location", &c->location) && good;
	good = read_group(&s) && good;
	if (!good)
		stand_in(c);
	good = nodes_load(c, diags) && good;
	good = joins_load(c, diags) && good;
	good = findings_read_severities(c, diags) && good;
	good = backend_load(c, diags) && good;
	good = read_settle(&s) && good;
	/* Errors are told all at once, so what can still be looked at is looked at. */
	if (!good)
		(void)config_resolve(c, diags);
	return good;
}

struct config *config_new(struct arena *a, const struct catalog *catalog)
{
	struct config *c = ARENA_NEW(a, struct config);
	c->arena = a;
	c->catalog = catalog;
	c->internal = ARENA_NEW(a, struct config_internal);
	c->internal->renamed = arena_json(a, json_object());
	c->internal->environment = arena_json(a, json_object());
	c->internal->by_pointer = arena_json(a, json_object());
	c->internal->in_cycle = arena_json(a, json_object());
	c->internal->busy = arena_alloc(a, CONFIG_RECURSION * sizeof *c->internal->busy);
	c->variables = arena_json(a, json_object());
	c->internal->sensitive = arena_json(a, json_object());
	c->secrets = secrets_new(a);
	return c;
}

struct config *config_load(struct arena *a, const struct catalog *catalog,
	const struct config_options *options, struct diags *diags)
{
	struct config *c = config_new(a, catalog);
	size_t first = diags->count;
	bool good = files_gather(a, options, &c->internal->inputs, diags) && load(c, diags);
	help_add(c, diags, first);
	return good ? c : NULL;
}

/* ---- what a saved plan keeps ---- */

static json_t *file_json(const struct text_file *file)
{
	return json_pack("{s:s, s:s%, s:I}", "name", file->name, "text", file->text, file->length,
		"layer", (json_int_t)file->layer);
}

static json_t *files_json(const struct text_file *files, size_t count)
{
	json_t *out = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(out, file_json(&files[i]));
	return out;
}

static bool is_sensitive(const struct config *c, const char *name)
{
	return json_object_get(c->internal->sensitive, name) != NULL;
}

/* A file that gives secrets is kept without them, as JSON. */
static json_t *variable_files_json(const struct config *c)
{
	const struct inputs *in = &c->internal->inputs;
	json_t *out = json_array();
	struct diags ignored;
	diags_init(&ignored, c->arena);
	for (size_t i = 0; i < in->nvariable_files; i++) {
		struct text_file file = in->variable_files[i];
		struct yaml *yaml =
			yaml_parse(c->arena, file.name, file.text, file.length, &ignored);
		json_t *values = json_copy(yaml ? yaml_value(yaml) : NULL);
		size_t before = json_object_size(values);
		const char *name;
		json_t *value;
		json_object_foreach (c->internal->sensitive, name, value)
			(void)json_object_del(values, name);
		if (json_object_size(values) < before) {
			file.text = json_canonical(c->arena, values);
			file.length = strlen(file.text);
		}
		json_decref(values);
		(void)json_array_append_new(out, file_json(&file));
	}
	return out;
}

json_t *config_inputs(const struct config *c)
{
	const struct config_internal *in = c->internal;
	json_t *variables = json_array();
	for (size_t i = 0; i < in->inputs.nvariables; i++)
		if (!is_sensitive(c, in->inputs.variables[i].name))
			(void)json_array_append_new(variables,
				json_pack("{s:s, s:s}", "name", in->inputs.variables[i].name,
					"value", in->inputs.variables[i].value));
	json_t *allowed = json_array();
	for (size_t i = 0; i < in->inputs.nallowed_environment; i++)
		(void)json_array_append_new(
			allowed, json_string(in->inputs.allowed_environment[i]));
	json_t *node_files = json_array();
	for (size_t i = 0; i < in->inputs.nnode_files; i++)
		(void)json_array_append_new(node_files, file_json(in->inputs.node_files[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:O}", "nodeFiles", node_files, "files",
		files_json(in->inputs.files, in->inputs.nfiles), "variableFiles",
		variable_files_json(c), "variables", variables, "allowedEnvironment", allowed,
		"environment", in->environment);
}

static bool files_from_json(
	struct arena *a, const json_t *list, struct text_file **files, size_t *count)
{
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item) {
		const json_t *text = json_object_get(item, "text");
		const char *name = json_text_at(item, "/name");
		const json_t *layer = json_object_get(item, "layer");
		if (!name || !json_is_string(text) || !json_is_integer(layer))
			return false;
		*ARENA_PUSH(a, *files, *count) = (struct text_file){ .name = arena_strdup(a, name),
			.text = arena_strndup(a, json_string_value(text), json_string_length(text)),
			.length = json_string_length(text),
			.layer = (size_t)json_integer_value(layer) };
	}
	return json_is_array(list);
}

static bool variables_from_json(struct arena *a, const json_t *list, struct inputs *in)
{
	struct config_variable *variables = NULL;
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item) {
		const char *name = json_text_at(item, "/name");
		const char *value = json_text_at(item, "/value");
		if (!name || !value)
			return false;
		*ARENA_PUSH(a, variables, in->nvariables) =
			(struct config_variable){ .name = arena_strdup(a, name),
				.value = arena_strdup(a, value) };
	}
	in->variables = variables;
	return json_is_array(list);
}

static bool environment_from_json(struct arena *a, const json_t *root, struct inputs *in)
{
	const char **environment = NULL, **allowed = NULL;
	size_t count = 0, i;
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(root, "environment"), name, value)
		if (json_is_string(value))
			*ARENA_PUSH(a, environment, count) =
				arena_printf(a, "%s=%s", name, json_string_value(value));
	*ARENA_PUSH(a, environment, count) = NULL;
	const json_t *names = json_object_get(root, "allowedEnvironment");
	json_array_foreach (names, i, value) {
		if (!json_is_string(value))
			return false;
		*ARENA_PUSH(a, allowed, in->nallowed_environment) =
			arena_strdup(a, json_string_value(value));
	}
	in->environment = environment;
	in->allowed_environment = allowed;
	return json_is_array(names);
}

struct config *config_load_inputs(struct arena *a, const struct catalog *catalog,
	const json_t *inputs, const struct config_options *again, struct diags *diags)
{
	struct config *c = config_new(a, catalog);
	struct inputs *in = &c->internal->inputs;
	struct text_file *node_files = NULL;
	size_t nnode_files = 0, first = diags->count;
	if (!files_from_json(a, json_object_get(inputs, "files"), &in->files, &in->nfiles) ||
		!files_from_json(a, json_object_get(inputs, "variableFiles"), &in->variable_files,
			&in->nvariable_files) ||
		!files_from_json(
			a, json_object_get(inputs, "nodeFiles"), &node_files, &nnode_files) ||
		!variables_from_json(a, json_object_get(inputs, "variables"), in) ||
		!environment_from_json(a, inputs, in)) {
		(void)diag_error(diags, PLACE_NONE, "plan-unreadable",
			"the plan does not hold a configuration as this Waybill writes it");
		return NULL;
	}
	for (size_t i = 0; i < nnode_files; i++)
		*ARENA_PUSH(a, in->node_files, in->nnode_files) = &node_files[i];
	c->internal->again = again;
	c->internal->is_shown = !again;
	bool good = load(c, diags);
	c->internal->again = NULL;
	help_add(c, diags, first);
	return good ? c : NULL;
}

const char *const *config_subscriptions(const struct config *c, size_t *count)
{
	const char **found = NULL;
	*count = 0;
	for (size_t i = 0; i < c->nresources; i++) {
		struct arm_id id;
		const struct resource *r = c->resources[i];
		bool known = r->parent || !arm_id_parse(c->arena, r->id, &id);
		for (size_t n = 0; n < *count && !known; n++)
			known = text_same_nocase(found[n], id.subscription);
		if (!known)
			*ARENA_PUSH(c->arena, found, *count) = id.subscription;
	}
	return found;
}
