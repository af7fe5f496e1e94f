/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/variables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

const struct family families[FAMILY_COUNT] = {
	[FAMILY_AZURE] = { "AZURE_TENANT_ID", "AZURE_CLIENT_ID", NULL },
	[FAMILY_ARM] = { "ARM_TENANT_ID", "ARM_CLIENT_ID", "ARM_CLIENT_ID_FILE_PATH" },
	[FAMILY_PIPELINES] = { "AZURESUBSCRIPTION_TENANT_ID", "AZURESUBSCRIPTION_CLIENT_ID", NULL },
};

const char *variable_get(const char *const *environment, const char *name)
{
	size_t len = strlen(name);
	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return (*environment)[len + 1] ? *environment + len + 1 : NULL;
	return NULL;
}

static bool is_among(const char *text, const char *const *words)
{
	for (; text && *words; words++)
		if (text_same_nocase(text, *words))
			return true;
	return false;
}

bool variable_is_true(const char *const *environment, const char *name)
{
	static const char *const words[] = { "true", "1", "t", NULL };
	return is_among(variable_get(environment, name), words);
}

bool variable_is_false(const char *const *environment, const char *name)
{
	static const char *const words[] = { "false", "0", "f", NULL };
	return is_among(variable_get(environment, name), words);
}

char *text_trimmed(const char *text)
{
	size_t len = 0;
	text += strspn(text, " \t\r\n");
	for (size_t i = 0; text[i]; i++)
		if (!strchr(" \t\r\n", text[i]))
			len = i + 1;
	char *copy = mem_strdup(text);
	explicit_bzero(copy + len, strlen(copy) - len);
	return copy;
}

bool text_is_plain(const char *text, const char *more)
{
	for (; *text; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			    (*text >= '0' && *text <= '9') || strchr(more, *text)))
			return false;
	return true;
}

char *variable_file(const char *variable, const char *path, struct diags *diags)
{
	size_t len = 0;
	char *text = text_read_file(path, VARIABLE_FILE_BYTES, &len);
	if (!text) {
		diag_error(diags, PLACE_NONE, "sign-in", "`%s`, which %s names, cannot be read: %s",
			path, variable, strerror(errno));
		diag_help(diags, "see that the file is there and that we may read it");
		return NULL;
	}
	char *trimmed = text_trimmed(text);
	bool whole = strlen(text) == len;
	explicit_bzero(text, len);
	free(text);
	if (whole && *trimmed)
		return trimmed;
	explicit_bzero(trimmed, strlen(trimmed));
	free(trimmed);
	diag_error(diags, PLACE_NONE, "sign-in", "`%s`, which %s names, %s", path, variable,
		whole ? "is empty" : "is no text");
	diag_help(diags, "it is to hold the value alone");
	return NULL;
}

const char *family_missing(
	struct arena *a, const char *const *environment, const struct family *family)
{
	bool tenant = variable_get(environment, family->tenant);
	bool client_id = variable_get(environment, family->client_id) ||
		(family->client_id_file && variable_get(environment, family->client_id_file));
	if (tenant && client_id)
		return NULL;
	if (tenant || client_id)
		return tenant ? family->client_id : family->tenant;
	return arena_printf(a, "%s, %s", family->tenant, family->client_id);
}

bool family_read(const char *const *environment, const struct family *family, char **tenant,
	char **client_id, struct diags *diags)
{
	const char *id = variable_get(environment, family->client_id);
	*tenant = text_trimmed(variable_get(environment, family->tenant));
	*client_id = id ? text_trimmed(id)
			: variable_file(family->client_id_file,
				  variable_get(environment, family->client_id_file), diags);
	/* The tenant becomes a part of the URL that secrets are sent to. */
	bool good = **tenant && text_is_plain(*tenant, "-.") && strspn(*tenant, ".") == 0;
	if (!good) {
		diag_error(diags, PLACE_NONE, "sign-in", "%s is not a tenant's id or domain",
			family->tenant);
		diag_help(diags, "`az account show --query tenantId` shows the id");
	}
	if (good && *client_id)
		return true;
	free(*tenant);
	free(*client_id);
	*tenant = *client_id = NULL;
	return false;
}
