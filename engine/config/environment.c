/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/text.h"
#include "engine/config/internal.h"

/* What the sign-in chain reads as a secret, beside the AZURE_ and ARM_ names told apart below. */
static const char *const secret_names[] = { "WAYBILL_ACCESS_TOKEN",
	"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_ACCESSTOKEN",
	"IDENTITY_HEADER", "IDENTITY_ENDPOINT", "MSI_SECRET", "ARM_OIDC_REQUEST_URL",
	"SYSTEM_OIDCREQUESTURI" };

static const char *const secret_words[] = { "SECRET", "PASSWORD", "TOKEN", "KEY", "CERTIFICATE",
	"CONNECTION_STRING" };

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

static const char *value_among(const char *const *entry, const char *name)
{
	size_t length = strlen(name);
	for (; entry && *entry; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

const char *environment_value(const struct config *c, const char *name)
{
	return value_among(c->internal->inputs.environment, name);
}

const char *environment_secret(const struct config *c, const char *name)
{
	const struct config_options *again = c->internal->again;
	return again ? value_among(again->environment, name) : environment_value(c, name);
}

/* What was read is kept, so that a saved plan can be evaluated again. */
const char *environment_read(struct config *c, const char *name)
{
	const char *value = environment_value(c, name);
	json_t *kept = value ? json_string(value) : json_null();
	if (!kept)
		value = NULL;
	(void)json_object_set_new(c->internal->environment, name, kept ? kept : json_null());
	return value;
}

const char *environment_subscription(struct config *c, struct diags *diags)
{
	static const char name[] = "AZURE_SUBSCRIPTION_ID";
	struct inputs *in = &c->internal->inputs;
	const char *id = environment_read(c, name);
	if (id || !in->default_subscription)
		return id;
	bool good = in->default_subscription(in->default_context, &id, diags);
	in->default_subscription = NULL;
	if (!good || !id)
		return NULL;
	(void)json_object_set_new(c->internal->environment, name, json_string(id));
	return id;
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
