/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions of somebody else's issuer: in a file, given, or asked for in a pipeline. */
#include <stdlib.h>
#include <string.h>

#include "providers/net/assertion.h"
#include "providers/net/source.h"
#include "providers/net/url.h"

static const char *value_of(const struct source_look *look, const char *name)
{
	return variable_get(look->environment, name);
}

static const char *missing_of(struct source_look *look, int family)
{
	return family_missing(look->arena, look->environment, &families[family]);
}

static bool wants_oidc(const struct source_look *look)
{
	return variable_is_true(look->environment, "ARM_USE_OIDC");
}

static enum source_result read_family(struct source_look *look, int family, struct credential *out)
{
	return family_read(look->environment, &families[family], &out->tenant, &out->client_id,
		       look->diags)
		? SOURCE_TAKEN
		: SOURCE_WRONG;
}

static bool check_assertion(struct source_look *look, const char *variable, const char *text)
{
	if (assertion_has_shape(text))
		return true;
	diag_error(look->diags, PLACE_NONE, "sign-in", "%s does not lead to a JSON Web Token",
		variable);
	diag_help(look->diags, "it is three parts of base64url with periods between them");
	return false;
}

/* ---- workload identity ---- */

/* The file is read again for each token, since it rotates; here only to tell early what is wrong.
 */
static enum source_result take_file(
	struct source_look *look, int family, const char *variable, struct credential *out)
{
	const char *missing = missing_of(look, family);
	if (missing)
		return source_half(look, variable, missing, NULL);
	*out = (struct credential){ .kind = CREDENTIAL_FEDERATED,
		.source = variable,
		.file = mem_strdup(value_of(look, variable)) };
	char *assertion = variable_file(variable, out->file, look->diags);
	bool good = assertion && check_assertion(look, variable, assertion);
	credential_clear(assertion);
	return good ? read_family(look, family, out) : SOURCE_WRONG;
}

static enum source_result take_given(struct source_look *look, struct credential *out)
{
	const char *missing = missing_of(look, FAMILY_ARM);
	if (missing)
		return source_half(look, "ARM_OIDC_TOKEN", missing, NULL);
	*out = (struct credential){ .kind = CREDENTIAL_FEDERATED,
		.source = "ARM_OIDC_TOKEN",
		.secret = text_trimmed(value_of(look, "ARM_OIDC_TOKEN")) };
	if (!check_assertion(look, "ARM_OIDC_TOKEN", out->secret))
		return SOURCE_WRONG;
	return read_family(look, FAMILY_ARM, out);
}

enum source_result source_federated(struct source_look *look, struct credential *out)
{
	static const char azure_file[] = "AZURE_FEDERATED_TOKEN_FILE";
	static const char arm_file[] = "ARM_OIDC_TOKEN_FILE_PATH";
	static const char cluster[] = "ARM_USE_AKS_WORKLOAD_IDENTITY";
	bool has_arm =
		wants_oidc(look) && (value_of(look, "ARM_OIDC_TOKEN") || value_of(look, arm_file));
	bool in_cluster = variable_is_true(look->environment, cluster);
	if (source_is_left_out(look, "WorkloadIdentityCredential", "prod"))
		return SOURCE_ABSENT;
	if (in_cluster && !value_of(look, azure_file))
		return source_half(look, cluster, azure_file,
			"a pod gets it by its label azure.workload.identity/use: \"true\"");
	/* A cluster names the client only where the service account does. */
	if (in_cluster && missing_of(look, FAMILY_AZURE) && !missing_of(look, FAMILY_ARM))
		return take_file(look, FAMILY_ARM, azure_file, out);
	if (value_of(look, azure_file) && (!missing_of(look, FAMILY_AZURE) || !has_arm))
		return take_file(look, FAMILY_AZURE, azure_file, out);
	if (has_arm && value_of(look, "ARM_OIDC_TOKEN"))
		return take_given(look, out);
	if (has_arm)
		return take_file(look, FAMILY_ARM, arm_file, out);
	if (value_of(look, "ARM_OIDC_TOKEN") || value_of(look, arm_file))
		return source_absent(
			look, "%s is not set, and ARM_USE_OIDC is not true", azure_file);
	return source_absent(look, "%s, ARM_OIDC_TOKEN and %s are not set", azure_file, arm_file);
}

/* ---- pipelines ---- */

/* The first of the families that has a tenant and a client id; -1: none. */
static int whole_family(struct source_look *look, const int *order, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!missing_of(look, order[i]))
			return order[i];
	return -1;
}

static const char *first_set(const struct source_look *look, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (value_of(look, names[i]))
			return names[i];
	return NULL;
}

static bool check_issuer(struct source_look *look, const char *variable, const char *url)
{
	if (url_has_scheme(url, "https") || (url_has_scheme(url, "http") && url_is_loopback(url)))
		return true;
	diag_error(look->diags, PLACE_NONE, "sign-in", "%s is no https URL", variable);
	diag_help(look->diags, "the pipeline sets it; leave it as it is");
	return false;
}

static const char *const connection_names[] = { "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
	"ARM_OIDC_AZURE_SERVICE_CONNECTION_ID", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID" };

enum source_result source_github(struct source_look *look, struct credential *out)
{
	static const char *const urls[] = { "ACTIONS_ID_TOKEN_REQUEST_URL",
		"ARM_OIDC_REQUEST_URL" };
	static const char *const tokens[] = { "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
		"ARM_OIDC_REQUEST_TOKEN" };
	static const int order[] = { FAMILY_AZURE, FAMILY_ARM };
	size_t known = wants_oidc(look) ? 2 : 1;
	if (source_is_left_out(look, "WorkloadIdentityCredential", "prod"))
		return SOURCE_ABSENT;
	const char *url = first_set(look, urls, known);
	const char *token = first_set(look, tokens, known);
	/* Terraform's names serve Azure Pipelines, too: a connection says which is meant. */
	if (url == urls[1] && first_set(look, connection_names, ARRAY_LEN(connection_names)))
		return source_absent(look, "ARM_OIDC_REQUEST_URL is Azure Pipelines'");
	if (!url && !token)
		return source_absent(look,
			"ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not "
			"set: "
			"a job gets them by `permissions: id-token: write`");
	if (!url || !token)
		return source_half(look, url ? url : token,
			url ? tokens[url == urls[1]] : urls[token == tokens[1]],
			"a job gets both by `permissions: id-token: write`");
	int family = whole_family(look, order, ARRAY_LEN(order));
	if (family < 0 && wants_oidc(look))
		return source_half(look, "ARM_USE_OIDC", missing_of(look, FAMILY_ARM), NULL);
	if (family < 0)
		return source_absent(look, "not set: %s", missing_of(look, FAMILY_AZURE));
	*out = (struct credential){ .kind = CREDENTIAL_GITHUB,
		.source = url,
		.url = text_trimmed(value_of(look, url)),
		.secret = text_trimmed(value_of(look, token)) };
	return check_issuer(look, url, out->url) ? read_family(look, family, out) : SOURCE_WRONG;
}

enum source_result source_pipelines(struct source_look *look, struct credential *out)
{
	static const char *const urls[] = { "SYSTEM_OIDCREQUESTURI", "ARM_OIDC_REQUEST_URL" };
	static const char *const tokens[] = { "SYSTEM_ACCESSTOKEN", "ARM_OIDC_REQUEST_TOKEN" };
	static const int order[] = { FAMILY_AZURE, FAMILY_ARM, FAMILY_PIPELINES };
	static const char *const connection_help =
		"give the step `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`";
	size_t known = wants_oidc(look) ? 2 : 1;
	if (source_is_left_out(look, "WorkloadIdentityCredential", "prod"))
		return SOURCE_ABSENT;
	const char *connection = first_set(look, connection_names, ARRAY_LEN(connection_names));
	const char *url = first_set(look, urls, known), *token = first_set(look, tokens, known);
	/* Tasks set the last of the names by themselves, and sign in az besides. */
	bool is_meant = connection && (connection != connection_names[2] || wants_oidc(look));
	int family = whole_family(look, order, ARRAY_LEN(order));
	if (connection && url && token && family >= 0) {
		*out = (struct credential){ .kind = CREDENTIAL_PIPELINES,
			.source = connection,
			.connection = text_trimmed(value_of(look, connection)),
			.url = text_trimmed(value_of(look, url)),
			.secret = text_trimmed(value_of(look, token)) };
		return check_issuer(look, url, out->url) ? read_family(look, family, out)
							 : SOURCE_WRONG;
	}
	const char *missing = !connection ? connection_names[0]
		: !url                    ? urls[token && token == tokens[1]]
		: !token                  ? tokens[url == urls[1]]
					  : missing_of(look, FAMILY_AZURE);
	if (is_meant)
		return source_half(look, connection, missing, token ? NULL : connection_help);
	if (wants_oidc(look))
		return source_half(look, "ARM_USE_OIDC",
			"ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, ACTIONS_ID_TOKEN_REQUEST_URL, "
			"SYSTEM_OIDCREQUESTURI with a service connection",
			"on GitHub a job gets its variables by `permissions: id-token: write`");
	if (!url && !connection)
		return source_absent(look, "%s is not set: this is no job of theirs", urls[0]);
	return source_absent(look, "not set: %s", missing);
}
