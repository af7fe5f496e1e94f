/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/ip.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/internal.h"

/* What the sign-in chain reads as a secret, beside the AZURE_ and ARM_ names told apart below. */
static const char *const secret_names[] = { "WAYBILL_ACCESS_TOKEN",
	"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_ACCESSTOKEN",
	"IDENTITY_HEADER", "MSI_SECRET" };

static const char *const secret_words[] = { "SECRET", "PASSWORD", "TOKEN", "KEY", "CERTIFICATE" };

static const char *const open_names[] = { "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID",
	"ARM_SUBSCRIPTION_ID", "ARM_TENANT_ID" };

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* The chain reads many names; rather one too many than one too few. Windows compares names
 * without case and so may a wrapper, hence the upper case. */
static bool is_secret(struct arena *a, const char *name)
{
	char *upper = arena_strdup(a, name);
	for (char *c = upper; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c & ~0x20);
	if (is_among(upper, secret_names, ARRAY_LEN(secret_names)))
		return true;
	if (!begins(upper, "AZURE_") && !begins(upper, "ARM_") && !begins(upper, "WAYBILL_"))
		return false;
	if (begins(upper, "WAYBILL_ENV_"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(secret_words); i++)
		if (strstr(upper, secret_words[i]))
			return true;
	return false;
}

static const char *environment_value(const struct config *c, const char *name)
{
	const char *const *entry = c->internal->inputs.environment;
	size_t length = strlen(name);
	for (; entry && *entry; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

/* What was read is kept, so that a saved plan can be evaluated again. */
static const char *environment_read(struct config *c, const char *name)
{
	const char *value = environment_value(c, name);
	json_t *kept = value ? json_string(value) : json_null();
	if (!kept)
		value = NULL;
	(void)json_object_set_new(c->internal->environment, name, kept ? kept : json_null());
	return value;
}

enum expression_result environment_lookup(
	struct config *c, const char *name, json_t **value, struct expression_failure *failure)
{
	const struct inputs *in = &c->internal->inputs;
	if (is_secret(c->arena, name)) {
		failure->code = "env-forbidden";
		failure->text = arena_printf(
			c->arena, "`%s` may hold a secret, which no configuration may read", name);
		failure->help = "a configuration names data, never credentials";
		return EXPRESSION_FAILED;
	}
	if (!is_among(name, open_names, ARRAY_LEN(open_names)) && !begins(name, "WAYBILL_ENV_") &&
		!is_among(name, in->allowed_environment, in->nallowed_environment)) {
		failure->code = "env-not-allowed";
		failure->text = arena_printf(c->arena,
			"the environment variable `%s` is not open to configurations", name);
		failure->help = arena_printf(
			c->arena, "name it WAYBILL_ENV_..., or allow it with --allow-env %s", name);
		return EXPRESSION_FAILED;
	}
	const char *text = environment_read(c, name);
	if (text) {
		*value = json_string(text);
		return EXPRESSION_VALUE;
	}
	failure->code = "env-missing";
	failure->text = arena_printf(c->arena, "the environment variable `%s` is not set", name);
	failure->help = arena_printf(c->arena, "set it, or write ${env.%s | default ...}", name);
	return EXPRESSION_MISSING;
}

/* ---- variables ---- */

struct type_name {
	const char *name;
	const char *article;
	bool (*holds)(const json_t *);
};

static bool holds_string(const json_t *v)
{
	return json_is_string(v);
}

static bool holds_number(const json_t *v)
{
	return json_is_number(v);
}

static bool holds_boolean(const json_t *v)
{
	return json_is_boolean(v);
}

static bool holds_list(const json_t *v)
{
	return json_is_array(v);
}

static bool holds_map(const json_t *v)
{
	return json_is_object(v);
}

static bool holds_cidr(const json_t *v)
{
	struct prefix p;
	return json_is_string(v) && prefix_parse(&p, json_string_value(v)) &&
		prefix_is_canonical(&p);
}

static bool holds_ip(const json_t *v)
{
	struct ip ip;
	return json_is_string(v) && ip_parse(&ip, json_string_value(v));
}

static const struct type_name types[] = {
	{ "string", "text", holds_string },
	{ "number", "a number", holds_number },
	{ "boolean", "true or false", holds_boolean },
	{ "list", "a list", holds_list },
	{ "map", "a map", holds_map },
	{ "cidr", "a CIDR without host bits", holds_cidr },
	{ "ip", "an IP address", holds_ip },
};

static const struct type_name *find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

static bool is_text_type(const struct type_name *type)
{
	return type->holds == holds_string || type->holds == holds_cidr || type->holds == holds_ip;
}

static const struct type_name *declared_type(
	struct config *c, const char *pointer, const json_t *declaration, struct diags *diags)
{
	const json_t *type = json_object_get(declaration, "type");
	if (!type)
		return &types[0];
	const struct type_name *found =
		json_is_string(type) ? find_type(json_string_value(type)) : NULL;
	if (found)
		return found;
	const char *names[ARRAY_LEN(types)];
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		names[i] = types[i].name;
	const char *near = json_is_string(type)
		? text_nearest(json_string_value(type), names, ARRAY_LEN(names))
		: NULL;
	(void)diag_error(diags, place_value(c, pointer_add(c->arena, pointer, "type")),
		"wrong-type", "this is not a type of a variable");
	diag_help(diags, near ? "did you mean `%s`?" : "string, number, boolean, list, map, %s",
		near ? near : "cidr or ip");
	return NULL;
}

static bool check_declaration(
	struct config *c, const char *pointer, const json_t *declaration, struct diags *diags)
{
	static const char *const members[] = { "type", "default", "description", NULL };
	static const char *const later[] = { "allowed", "pattern", "sensitive" };
	if (!json_is_object(declaration)) {
		(void)wrong_type(
			diags, place_value(c, pointer), "a variable", "a map", declaration);
		diag_help(diags, "write it as in {type: string, default: kubernetes}");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(later); i++)
		if (json_object_get(declaration, later[i]))
			return diag_error(diags,
				place_key(c, pointer_add(c->arena, pointer, later[i])),
				"not-in-this-version", "`%s` comes in a later version", later[i]);
	return only_members(c, declaration, pointer, "a variable", members, diags);
}

static bool set_checked(struct config *c, const char *name, const struct type_name *type,
	json_t *value_new, struct place at, struct diags *diags)
{
	if (!type->holds(value_new)) {
		json_decref(value_new);
		return diag_error(
			diags, at, "wrong-type", "variable `%s` must be %s", name, type->article);
	}
	(void)json_object_set_new(c->variables, name, value_new);
	return true;
}

/* From the command line or the environment: text, read as the declared type asks. */
static bool set_text(struct config *c, const char *name, const struct type_name *type,
	const char *text, const char *source, struct diags *diags)
{
	struct place at = { .file = source };
	if (is_text_type(type)) {
		json_t *value = json_string(text);
		if (!value)
			return diag_error(diags, at, "wrong-type", "is not UTF-8");
		return set_checked(c, name, type, value, at, diags);
	}
	struct yaml *yaml = yaml_parse(c->arena, source, text, strlen(text), diags);
	return yaml && set_checked(c, name, type, json_incref(yaml_value(yaml)), at, diags);
}

static bool load_default(struct config *c, const char *name, const char *pointer,
	const struct type_name *type, struct diags *diags)
{
	json_t *value = json_at(c->merged, pointer);
	if (!value)
		return true;
	struct scope s = { .config = c, .environment_only = true, .diags = diags };
	bool unknown = false;
	json_t *known = scope_value(&s, pointer, value, &unknown);
	return known && set_checked(c, name, type, known, place_value(c, pointer), diags);
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

static const struct type_name *type_of_declared(const struct config *c, const char *name)
{
	const json_t *declaration = json_object_get(declarations(c), name);
	const char *type = json_string_value(json_object_get(declaration, "type"));
	return declaration ? find_type(type ? type : "string") : NULL;
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
		const struct type_name *type = type_of_declared(c, key);
		if (!type)
			good = undeclared(c, key, yaml_place(yaml, pointer, YAML_KEY), diags);
		else
			good &= set_checked(c, key, type, json_incref(value),
				yaml_place(yaml, pointer, YAML_VALUE), diags);
	}
	return good;
}

static bool load_command_line(struct config *c, struct diags *diags)
{
	const struct inputs *in = &c->internal->inputs;
	bool good = true;
	for (size_t i = 0; i < in->nvariables; i++) {
		const struct config_variable *v = &in->variables[i];
		const char *source = arena_printf(c->arena, "--var %s", v->name);
		const struct type_name *type = type_of_declared(c, v->name);
		good &= type ? set_text(c, v->name, type, v->value, source, diags)
			     : undeclared(c, v->name, (struct place){ .file = source }, diags);
	}
	return good;
}

static bool load_declared(
	struct config *c, const char *name, const json_t *declaration, struct diags *diags)
{
	char *pointer = pointer_add(c->arena, "/variables", name);
	if (!check_declaration(c, pointer, declaration, diags))
		return false;
	const struct type_name *type = declared_type(c, pointer, declaration, diags);
	if (!type || !load_default(c, name, pointer_add(c->arena, pointer, "default"), type, diags))
		return false;
	const char *source = arena_printf(c->arena, "WAYBILL_VAR_%s", name);
	if (!environment_value(c, source))
		return true;
	return set_text(c, name, type, environment_read(c, source), source, diags);
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
	json_object_foreach ((json_t *)declared, key, value) {
		if (json_object_get(c->variables, key) || !good)
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
