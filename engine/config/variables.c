/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/variable.h"

static bool set_checked(struct config *c, const struct variable *v, json_t *value_new,
	struct place at, struct diags *diags)
{
	if (!variable_check(c, v, value_new, at, diags)) {
		json_decref(value_new);
		return false;
	}
	if (v->sensitive) {
		secrets_add_all(c->secrets, value_new);
		(void)json_object_set_new(c->internal->sensitive, v->name, json_true());
	}
	(void)json_object_set_new(c->variables, v->name, value_new);
	return true;
}

/* Text from the command line or the environment, read as the declared type asks: new, or NULL. */
static json_t *text_value(struct config *c, const struct variable *v, const char *text,
	const char *source, struct diags *diags)
{
	if (v->type->is_text) {
		json_t *value = json_string(text);
		if (!value)
			(void)diag_error(diags, (struct place){ .file = source }, "wrong-type",
				"is not UTF-8");
		return value;
	}
	struct yaml *yaml = yaml_parse(c->arena, source, text, strlen(text), diags);
	return yaml ? json_incref(yaml_value(yaml)) : NULL;
}

static bool set_text(struct config *c, const struct variable *v, const char *text,
	const char *source, struct diags *diags)
{
	json_t *value = text_value(c, v, text, source, diags);
	return value && set_checked(c, v, value, (struct place){ .file = source }, diags);
}

static bool load_default(struct config *c, const struct variable *v, struct diags *diags)
{
	const char *pointer = pointer_add(c->arena, v->pointer, "default");
	json_t *value = json_at(c->merged, pointer);
	if (!value)
		return true;
	struct scope s = { .config = c, .environment_only = true, .diags = diags };
	bool unknown = false;
	json_t *known = scope_value(&s, pointer, value, &unknown);
	/* What the environment gives is text, whichever way it comes. */
	if (json_is_string(known) && expression_in(json_string_value(value))) {
		const char *text = arena_strdup(c->arena, json_string_value(known));
		json_decref(known);
		known = text_value(
			c, v, text, arena_printf(c->arena, "default of %s", v->name), diags);
	}
	return known && set_checked(c, v, known, place_value(c, pointer), diags);
}

static const json_t *declarations(const struct config *c)
{
	return json_object_get(c->merged, "variables");
}

static bool undeclared(struct config *c, const char *name, struct place at, struct diags *diags)
{
	const char **names = NULL;
	size_t count = 0;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)declarations(c), key, value)
		*ARENA_PUSH(c->arena, names, count) = key;
	const char *near = text_nearest(name, names, count);
	(void)diag_error(diags, at, "undefined-variable", "there is no variable `%s`", name);
	if (near)
		diag_help(diags, "did you mean `%s`?", near);
	else
		diag_help(diags, "declare it under `variables`");
	return false;
}

static const struct variable *find_variable(const struct config *c, const char *name)
{
	const struct config_internal *in = c->internal;
	for (size_t i = 0; i < in->ndeclared_variables; i++)
		if (strcmp(in->declared_variables[i].name, name) == 0)
			return &in->declared_variables[i];
	return NULL;
}

static bool load_file(struct config *c, const struct text_file *file, struct diags *diags)
{
	struct yaml *yaml = yaml_parse(c->arena, file->name, file->text, file->length, diags);
	if (!yaml)
		return false;
	const json_t *values = yaml_value(yaml);
	if (!json_is_object(values) && !json_is_null(values))
		return wrong_type(diags, yaml_place(yaml, "", YAML_VALUE), "a file of variables",
			"a map", values);
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)values, key, value) {
		char *pointer = pointer_add(c->arena, "", key);
		const struct variable *v = find_variable(c, key);
		if (!v)
			good = undeclared(c, key, yaml_place(yaml, pointer, YAML_KEY), diags);
		else
			good &= set_checked(c, v, json_incref(value),
				yaml_place(yaml, pointer, YAML_VALUE), diags);
	}
	return good;
}

static bool load_command_line(struct config *c, struct diags *diags)
{
	const struct inputs *in = &c->internal->inputs;
	bool good = true;
	for (size_t i = 0; i < in->nvariables; i++) {
		const struct config_variable *given = &in->variables[i];
		const char *source = arena_printf(c->arena, "--var %s", given->name);
		const struct variable *v = find_variable(c, given->name);
		good &= v ? set_text(c, v, given->value, source, diags)
			  : undeclared(c, given->name, (struct place){ .file = source }, diags);
	}
	return good;
}

/* Beside a saved plan only what it does not hold may be given. */
static bool load_again(struct config *c, struct diags *diags)
{
	const struct config_options *again = c->internal->again;
	bool good = true;
	for (size_t i = 0; again && i < again->nvariables; i++) {
		const struct config_variable *given = &again->variables[i];
		const char *source = arena_printf(c->arena, "--var %s", given->name);
		const struct variable *v = find_variable(c, given->name);
		if (v && v->sensitive) {
			good &= set_text(c, v, given->value, source, diags);
			continue;
		}
		good = diag_error(diags, (struct place){ .file = source }, "saved-plan-options",
			"the saved plan brings its own variables, but for sensitive ones");
		diag_help(diags, "leave it out, or plan anew with it");
	}
	return good;
}

static bool load_declared(
	struct config *c, const char *name, const json_t *declaration, struct diags *diags)
{
	struct config_internal *in = c->internal;
	struct variable v;
	if (!variable_read(c, name, declaration, &v, diags))
		return false;
	*ARENA_PUSH(c->arena, in->declared_variables, in->ndeclared_variables) = v;
	if (!load_default(c, &v, diags))
		return false;
	const char *source = arena_printf(c->arena, "WAYBILL_VAR_%s", name);
	const char *text =
		v.sensitive ? environment_secret(c, source) : environment_value(c, source);
	if (text && !v.sensitive)
		(void)environment_read(c, source);
	return !text || set_text(c, &v, text, source, diags);
}

/* To show a saved plan nobody is asked for its secrets again. */
static bool stands_in(struct config *c, const char *name)
{
	const struct variable *v = find_variable(c, name);
	if (!c->internal->is_shown || !v || !v->sensitive)
		return false;
	(void)json_object_set_new(c->variables, name, json_string(SECRET_SHOWN));
	return true;
}

bool variables_load(struct config *c, struct diags *diags)
{
	const json_t *declared = declarations(c);
	if (declared && !json_is_object(declared))
		return wrong_type(
			diags, place_value(c, "/variables"), "`variables`", "a map", declared);
	bool good = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)declared, key, value)
		good &= load_declared(c, key, value, diags);
	if (!good)
		return false;
	for (size_t i = 0; i < c->internal->inputs.nvariable_files; i++)
		good &= load_file(c, &c->internal->inputs.variable_files[i], diags);
	good &= load_command_line(c, diags);
	good &= load_again(c, diags);
	json_object_foreach ((json_t *)declared, key, value) {
		if (json_object_get(c->variables, key) || !good || stands_in(c, key))
			continue;
		good = diag_error(diags, place_key(c, pointer_add(c->arena, "/variables", key)),
			"variable-without-value", "variable `%s` has no value", key);
		diag_help(diags, "give it a default, --var %s=..., or WAYBILL_VAR_%s", key, key);
	}
	return good;
}

enum expression_result variable_lookup(
	struct config *c, const char *name, json_t **value, struct expression_failure *failure)
{
	json_t *found = json_object_get(c->variables, name);
	if (found) {
		c->internal->nsensitive_reads +=
			json_object_get(c->internal->sensitive, name) != NULL;
		*value = json_incref(found);
		return EXPRESSION_VALUE;
	}
	const char **names = NULL;
	size_t count = 0;
	const char *key;
	json_t *other;
	json_object_foreach (c->variables, key, other)
		*ARENA_PUSH(c->arena, names, count) = key;
	const char *near = text_nearest(name, names, count);
	failure->code = "undefined-variable";
	failure->text = arena_printf(c->arena, "there is no variable `%s`", name);
	failure->help = near ? arena_printf(c->arena, "did you mean `%s`?", near)
			     : "declare it under `variables`";
	return EXPRESSION_FAILED;
}
