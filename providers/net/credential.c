/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/credential.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "providers/net/known.h"
#include "providers/net/source.h"
#include "providers/net/url.h"

static const struct {
	const char *name;
	source_fn *look;
} sources[] = {
	{ "a ready token", source_ready },
	{ "a client secret", source_secret },
	{ "a client certificate", source_certificate },
	{ "workload identity", source_federated },
	{ "GitHub Actions", source_github },
	{ "Azure Pipelines", source_pipelines },
	{ "a managed identity", source_identity },
	{ "az", source_az },
};

/* ---- what sources share ---- */

enum source_result source_absent(struct source_look *look, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	look->reason = arena_vprintf(look->arena, fmt, args);
	va_end(args);
	return SOURCE_ABSENT;
}

enum source_result source_half(
	struct source_look *look, const char *variable, const char *missing, const char *help)
{
	diag_error(look->diags, PLACE_NONE, "sign-in",
		"half a credential for Azure: %s is set, and not set: %s", variable, missing);
	diag_help(look->diags, "%s", help ? help : "set what is missing, or unset the other");
	return SOURCE_WRONG;
}

bool source_is_left_out(struct source_look *look, const char *name, const char *group)
{
	const char *only = variable_get(look->environment, "AZURE_TOKEN_CREDENTIALS");
	if (!only || text_same_nocase(only, name) || text_same_nocase(only, group))
		return false;
	(void)source_absent(look, "AZURE_TOKEN_CREDENTIALS leaves it out");
	return true;
}

/* ---- the cloud ---- */

/* Other names of the same service. */
static const char *const aliases[][2] = {
	{ "https://login.microsoftonline.com", "https://login.windows.net" },
	{ "https://login.microsoftonline.com", "https://login.microsoft.com" },
	{ "https://login.chinacloudapi.cn", "https://login.partner.microsoftonline.cn" },
};

static const char *const environments[][2] = {
	{ "public", "public" },
	{ "global", "public" },
	{ "usgovernment", "usgovernment" },
	{ "usgovernmentl4", "usgovernment" },
	{ "usgovernmentl5", "usgovernment" },
	{ "dod", "usgovernment" },
	{ "china", "china" },
};

static bool is_login(const struct credential_options *options, const char *host)
{
	if (url_same_origin(host, options->login))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (url_same_origin(options->login, aliases[i][0]) &&
			url_same_origin(host, aliases[i][1]))
			return true;
	return false;
}

/* ARM, or a cloud that was given by the URL of its metadata. Terraform's names are of hosts, behind
 * which https is spoken. */
static bool is_arm(const struct credential_options *options, struct arena *a, const char *host)
{
	const char *url = strstr(host, "://") ? host : arena_printf(a, "https://%s", host);
	return url_same_origin(url, options->arm) ||
		(options->cloud && strstr(options->cloud, "://") &&
			url_same_origin(url, options->cloud));
}

static const struct {
	const char *name;
	bool of_arm;
} places[] = {
	{ "AZURE_AUTHORITY_HOST", false },
	{ "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", false },
	{ "ARM_RESOURCE_MANAGER_ENDPOINT", true },
	{ "ARM_METADATA_HOSTNAME", true },
	{ "ARM_METADATA_HOST", true },
};

static bool check_places(const struct credential_options *options, struct diags *diags)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		bool of_arm = places[i].of_arm;
		const char *host = variable_get(options->environment, places[i].name);
		if (!host || (of_arm && !options->arm) ||
			(of_arm ? is_arm(options, diags->arena, host) : is_login(options, host)))
			continue;
		diag_error(diags, PLACE_NONE, "sign-in", "%s is `%s`, and the cloud's %s is `%s`",
			places[i].name, known_scrubbed(&(struct known){ 0 }, diags->arena, host),
			of_arm ? "ARM" : "sign-in", of_arm ? options->arm : options->login);
		diag_help(diags, "choose the cloud by --cloud or WAYBILL_CLOUD, or unset %s",
			places[i].name);
		return false;
	}
	return true;
}

/* The cloud is chosen by --cloud alone. What means another one would not be served by this one, and
 * a credential of that one has no business here. */
static bool check_cloud(const struct credential_options *options, struct diags *diags)
{
	const char *name = variable_get(options->environment, "ARM_ENVIRONMENT");
	if (!check_places(options, diags))
		return false;
	for (size_t i = 0; name && options->cloud && i < ARRAY_LEN(environments); i++) {
		if (!text_same_nocase(name, environments[i][0]) ||
			strcmp(environments[i][1], options->cloud) == 0)
			continue;
		diag_error(diags, PLACE_NONE, "sign-in",
			"ARM_ENVIRONMENT is `%s`, and the cloud is `%s`", name, options->cloud);
		diag_help(diags,
			"choose the cloud by --cloud %s or WAYBILL_CLOUD, or unset "
			"ARM_ENVIRONMENT",
			environments[i][1]);
		return false;
	}
	return true;
}

static bool asks_login(const struct credential *credential)
{
	return credential->kind >= CREDENTIAL_SECRET && credential->kind <= CREDENTIAL_PIPELINES;
}

/* ---- finding ---- */

static void tell(const struct credential_options *options, struct arena *arena, const char *name,
	const char *what)
{
	const struct net_log *log = &options->log;
	if (log->write && log->level >= NET_LOG_DEBUG)
		log->write(log->context, NET_LOG_DEBUG,
			text_escaped(arena, arena_printf(arena, "sign-in by %s: %s", name, what)));
}

/* What a job of a pipeline most often lacks; NULL: this is none, or it lacks something else. */
static const char *job_help(const char *const *environment)
{
	if (variable_get(environment, "SYSTEM_OIDCREQUESTURI") &&
		!variable_get(environment, "SYSTEM_ACCESSTOKEN"))
		return "a step of Azure Pipelines has its token by "
		       "`env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`";
	if (variable_is_true(environment, "GITHUB_ACTIONS") &&
		!variable_get(environment, "ACTIONS_ID_TOKEN_REQUEST_URL"))
		return "a job of GitHub Actions has its token by `permissions: id-token: write`";
	return NULL;
}

/* Says so when AZURE_TOKEN_CREDENTIALS leaves nothing, being misspelt or one of the SDKs' alone. */
static bool is_unknown_choice(const char *const *environment, struct diags *diags)
{
	static const char *const names[] = { "prod", "dev", "EnvironmentCredential",
		"WorkloadIdentityCredential", "ManagedIdentityCredential", "AzureCLICredential" };
	const char *only = variable_get(environment, "AZURE_TOKEN_CREDENTIALS");
	for (size_t i = 0; only && i < ARRAY_LEN(names); i++)
		if (text_same_nocase(only, names[i]))
			return false;
	if (!only)
		return false;
	diag_error(diags, PLACE_NONE, "sign-in",
		"AZURE_TOKEN_CREDENTIALS is `%s`, which leaves nothing to sign in with", only);
	diag_help(diags,
		"set it to one of prod, dev, EnvironmentCredential, WorkloadIdentityCredential, "
		"ManagedIdentityCredential and AzureCLICredential, or unset it");
	return true;
}

static bool none_found(const struct credential_options *options, struct diags *diags)
{
	struct arena *a = diags->arena;
	const char *const *environment = options->environment;
	if (is_unknown_choice(environment, diags))
		return false;
	const char *azure = family_missing(a, environment, &families[FAMILY_AZURE]);
	const char *arm = family_missing(a, environment, &families[FAMILY_ARM]);
	bool arm_begun = !arm || !strchr(arm, ',');
	bool azure_begun = !azure || !strchr(azure, ',');
	bool is_arm = arm_begun && (!arm || !azure_begun);
	const char *missing = is_arm ? arm : azure;
	diag_error(diags, PLACE_NONE, "sign-in", "no credential for Azure: %s%s%s not set",
		missing ? missing : "", missing ? ", " : "",
		is_arm ? "ARM_CLIENT_SECRET" : "AZURE_CLIENT_SECRET");
	const char *in_job = job_help(environment);
	if (in_job) {
		diag_help(diags, "%s", in_job);
		return false;
	}
	diag_help(diags,
		"sign in with az, set what is missing, or set WAYBILL_ACCESS_TOKEN "
		"(docs/sign-in.md "
		"lists every way, --log-level debug says why each was not taken); or try without "
		"an "
		"account: --cloud emulator");
	return false;
}

/* What a source came to, for the log. */
static const char *told_of(const struct source_look *look, enum source_result result,
	const struct credential *credential)
{
	switch (result) {
	case SOURCE_TAKEN:
		return arena_printf(look->arena, "taken (%s)", credential->source);
	case SOURCE_WRONG:
		return arena_printf(
			look->arena, "wrong: %s", look->diags->items[look->diags->count - 1].text);
	case SOURCE_ABSENT:
		break;
	}
	return look->reason;
}

bool credential_find(
	const struct credential_options *options, struct credential *out, struct diags *diags)
{
	struct arena *arena = arena_new();
	struct source_look look = { arena, options->environment, diags, NULL };
	enum source_result result = SOURCE_ABSENT;
	*out = (struct credential){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (result == SOURCE_ABSENT) {
			look.reason = NULL;
			result = sources[i].look(&look, out);
			tell(options, arena, sources[i].name, told_of(&look, result, out));
		} else {
			tell(options, arena, sources[i].name,
				result == SOURCE_TAKEN
					? "not looked at, what comes before was taken"
					: "not looked at, what comes before is set and wrong");
		}
	}
	bool good = result == SOURCE_TAKEN;
	if (result == SOURCE_ABSENT)
		(void)none_found(options, diags);
	if (good && asks_login(out))
		good = check_cloud(options, diags);
	if (!good)
		credential_release(out);
	arena_free(arena);
	return good;
}

/* ---- having ---- */

void credential_built_in(struct credential *out)
{
	*out = (struct credential){ .kind = CREDENTIAL_BUILT_IN,
		.token = mem_strdup(CREDENTIAL_EMULATOR_TOKEN),
		.source = "the emulator's own token" };
}

bool credential_renews(const struct credential *credential)
{
	return credential->kind != CREDENTIAL_BUILT_IN && credential->kind != CREDENTIAL_READY;
}

bool credential_answers_claims(const struct credential *credential)
{
	return asks_login(credential) || credential->kind == CREDENTIAL_APP_SERVICE ||
		credential->kind == CREDENTIAL_MACHINE;
}

void credential_clear(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void credential_release(struct credential *credential)
{
	char *const members[] = { credential->token, credential->tenant, credential->client_id,
		credential->secret, credential->file, credential->url, credential->connection,
		credential->resource_id, credential->principal_id, credential->az };
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		credential_clear(members[i]);
	certificate_release(&credential->certificate);
	*credential = (struct credential){ 0 };
}
