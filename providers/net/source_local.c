/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine brings: an identity that Azure gave it, and az. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "providers/net/process.h"
#include "providers/net/source.h"
#include "providers/net/url.h"

#define MACHINE_HOST "http://169.254.169.254"
#define MACHINE_PATH "/metadata/identity/oauth2/token"
/* What a machine's firmware says of where it stands, and what Azure's says. */
#define CHASSIS_FILE "/sys/class/dmi/id/chassis_asset_tag"
#define CHASSIS_AZURE "7783-7084-3265-9085-8269-3286-77"
#define CHASSIS_BYTES ((size_t)4096)

static const char *value_of(const struct source_look *look, const char *name)
{
	return variable_get(look->environment, name);
}

static char *copy_of(const struct source_look *look, const char *name)
{
	const char *value = value_of(look, name);
	return value ? text_trimmed(value) : NULL;
}

/* Told by the machine, so that nothing is sent to strange networks to find out. */
static bool is_in_azure(void)
{
	size_t len = 0;
	char *text = text_read_file(CHASSIS_FILE, CHASSIS_BYTES, &len);
	bool is = text && text_starts_nocase(text, CHASSIS_AZURE);
	free(text);
	return is;
}

/* Which identity of several is meant; none: the machine's own. */
static bool choose_identity(struct source_look *look, struct credential *out)
{
	out->resource_id = copy_of(look, "WAYBILL_IDENTITY_RESOURCE_ID");
	out->principal_id = copy_of(look, "WAYBILL_IDENTITY_PRINCIPAL_ID");
	if (out->resource_id && out->principal_id) {
		diag_error(look->diags, PLACE_NONE, "sign-in",
			"WAYBILL_IDENTITY_RESOURCE_ID and WAYBILL_IDENTITY_PRINCIPAL_ID are both "
			"set");
		diag_help(look->diags, "one of them says which identity is meant");
		return false;
	}
	if (out->resource_id || out->principal_id)
		return true;
	out->client_id = copy_of(look, "AZURE_CLIENT_ID");
	if (!out->client_id)
		out->client_id = copy_of(look, "ARM_CLIENT_ID");
	if (!out->client_id && value_of(look, "ARM_CLIENT_ID_FILE_PATH"))
		out->client_id = variable_file("ARM_CLIENT_ID_FILE_PATH",
			value_of(look, "ARM_CLIENT_ID_FILE_PATH"), look->diags);
	return out->client_id || !value_of(look, "ARM_CLIENT_ID_FILE_PATH");
}

static bool check_endpoint(struct source_look *look, const char *variable, const char *url)
{
	if (url_has_scheme(url, "https") ||
		(url_has_scheme(url, "http") && (url_is_loopback(url) || url_is_link_local(url))))
		return true;
	diag_error(look->diags, PLACE_NONE, "sign-in",
		"%s is neither an https URL nor one of this machine", variable);
	diag_help(look->diags, "Azure sets it; leave it as it is");
	return false;
}

/* The file of az, or NULL with the reason. */
static const char *find_az(struct source_look *look)
{
	if (variable_is_false(look->environment, "ARM_USE_CLI")) {
		(void)source_absent(look, "ARM_USE_CLI is false");
		return NULL;
	}
	if (source_is_left_out(look, "AzureCLICredential", "dev"))
		return NULL;
	const char *file = process_find(look->arena, value_of(look, "PATH"), "az");
	if (!file)
		(void)source_absent(look, "there is no az in PATH");
	return file;
}

static enum source_result take_az(
	struct source_look *look, const char *file, struct credential *out)
{
	out->az = mem_strdup(file);
	out->environment = look->environment;
	if (!out->tenant)
		out->tenant = copy_of(look, "AZURE_TENANT_ID");
	if (!out->tenant)
		out->tenant = copy_of(look, "ARM_TENANT_ID");
	/* It becomes an argument. */
	if (!out->tenant || (text_is_plain(out->tenant, "-.") && out->tenant[0] != '-'))
		return SOURCE_TAKEN;
	diag_error(look->diags, PLACE_NONE, "sign-in",
		"AZURE_TENANT_ID or ARM_TENANT_ID is not a tenant's id or domain");
	diag_help(look->diags, "`az account show --query tenantId` shows the id");
	return SOURCE_WRONG;
}

/* The variable by which somebody asks for a machine's identity, or NULL. */
static const char *asked_by(const struct source_look *look)
{
	static const char *const names[] = { "AZURE_POD_IDENTITY_AUTHORITY_HOST",
		"WAYBILL_IDENTITY_RESOURCE_ID", "WAYBILL_IDENTITY_PRINCIPAL_ID" };
	const char *only = value_of(look, "AZURE_TOKEN_CREDENTIALS");
	if (variable_is_true(look->environment, "ARM_USE_MSI"))
		return "ARM_USE_MSI";
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (value_of(look, names[i]))
			return names[i];
	return only && text_same_nocase(only, "ManagedIdentityCredential")
		? "AZURE_TOKEN_CREDENTIALS"
		: NULL;
}

enum source_result source_identity(struct source_look *look, struct credential *out)
{
	const char *endpoint = "IDENTITY_ENDPOINT", *opens = "IDENTITY_HEADER";
	const char *pod_host = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
	if (source_is_left_out(look, "ManagedIdentityCredential", "prod"))
		return SOURCE_ABSENT;
	if (variable_is_false(look->environment, "ARM_USE_MSI"))
		return source_absent(look, "ARM_USE_MSI is false");
	const char *asked = asked_by(look);
	bool has_service = value_of(look, endpoint) && value_of(look, opens);
	if (value_of(look, endpoint) && !has_service && !value_of(look, "ARM_MSI_ENDPOINT") &&
		!value_of(look, pod_host))
		return asked
			? source_half(look, endpoint, opens,
				  "Azure Arc sets it so, which is not spoken to: take another way")
			: source_absent(look,
				  "%s is set without %s, as by Azure Arc, which is not spoken to",
				  endpoint, opens);
	if (!has_service && !asked && !is_in_azure())
		return source_absent(look,
			"%s and %s are not set, ARM_USE_MSI is not true, and this is no machine of "
			"Azure's",
			endpoint, opens);
	*out = (struct credential){
		.kind = has_service ? CREDENTIAL_APP_SERVICE : CREDENTIAL_MACHINE,
		.source = has_service ? endpoint
			: asked       ? asked
				      : "this is a machine of Azure's",
		.is_guess = !has_service && !asked,
	};
	const char *variable = has_service ? endpoint : "ARM_MSI_ENDPOINT";
	out->url = copy_of(look, variable);
	if (has_service) {
		out->secret = copy_of(look, opens);
	} else if (!out->url) {
		const char *host = value_of(look, pod_host);
		size_t len = host ? strlen(host) : 0;
		while (len && host[len - 1] == '/')
			len--;
		variable = pod_host;
		out->url = mem_strdup(host
				? arena_printf(look->arena, "%.*s" MACHINE_PATH, (int)len, host)
				: MACHINE_HOST MACHINE_PATH);
	}
	const char *az = out->is_guess ? find_az(look) : NULL;
	if (az && take_az(look, az, out) == SOURCE_WRONG)
		return SOURCE_WRONG;
	if (check_endpoint(look, variable, out->url) && choose_identity(look, out))
		return SOURCE_TAKEN;
	return SOURCE_WRONG;
}

enum source_result source_az(struct source_look *look, struct credential *out)
{
	const char *file = find_az(look);
	if (!file)
		return SOURCE_ABSENT;
	*out = (struct credential){ .kind = CREDENTIAL_AZ, .source = "az in PATH" };
	return take_az(look, file, out);
}
