/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/credential.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "providers/net/retry.h"

#define ANSWER_LIMIT ((size_t)1 << 20)
#define TOKEN_LIMIT ((size_t)64 << 10)
#define LIFETIME_UNTOLD_S 3600
#define LIFETIME_MOST_S (7L * 24 * 3600)
#define EARLY_S 300L
#define PROBLEM_MOST 1000

static const char *variable(const char *const *environment, const char *name)
{
	size_t len = strlen(name);
	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return (*environment)[len + 1] ? *environment + len + 1 : NULL;
	return NULL;
}

/* `text` without the white space around it: files and CI systems add line ends. */
static char *trimmed(const char *text)
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

static bool is_plain(const char *text, const char *more)
{
	for (; *text; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			    (*text >= '0' && *text <= '9') || strchr(more, *text)))
			return false;
	return true;
}

void credential_built_in(struct credential *out)
{
	*out = (struct credential){ .kind = CREDENTIAL_BUILT_IN,
		.token = mem_strdup(CREDENTIAL_EMULATOR_TOKEN),
		.source = "the emulator's own token" };
}

static bool find_ready(const char *text, struct credential *out, struct diags *diags)
{
	*out = (struct credential){
		.kind = CREDENTIAL_READY, .token = trimmed(text), .source = "WAYBILL_ACCESS_TOKEN"
	};
	if (*out->token && strlen(out->token) <= TOKEN_LIMIT && is_plain(out->token, "-._~+/="))
		return true;
	credential_release(out);
	diag_error(
		diags, PLACE_NONE, "sign-in", "WAYBILL_ACCESS_TOKEN does not hold an access token");
	diag_help(diags, "give the token alone, without quotes or `Bearer`");
	return false;
}

struct names {
	const char *tenant, *client_id, *secret;
};

static const struct names families[] = {
	{ "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET" },
	{ "ARM_TENANT_ID", "ARM_CLIENT_ID", "ARM_CLIENT_SECRET" },
};

static bool find_secret(const char *const *environment, const struct names *names,
	struct credential *out, struct diags *diags)
{
	const char *tenant = variable(environment, names->tenant);
	*out = (struct credential){ .kind = CREDENTIAL_SECRET,
		.tenant = trimmed(tenant),
		.client_id = trimmed(variable(environment, names->client_id)),
		.secret = trimmed(variable(environment, names->secret)),
		.source = names->secret };
	/* The tenant becomes a part of the URL that the secret is sent to. */
	if (*out->tenant && is_plain(out->tenant, "-."))
		return true;
	credential_release(out);
	return diag_error(
		diags, PLACE_NONE, "sign-in", "%s is not a tenant's id or domain", names->tenant);
}

bool credential_find(const char *const *environment, struct credential *out, struct diags *diags)
{
	const char *ready = variable(environment, "WAYBILL_ACCESS_TOKEN");
	if (ready)
		return find_ready(ready, out, diags);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct names *names = &families[i];
		if (variable(environment, names->tenant) &&
			variable(environment, names->client_id) &&
			variable(environment, names->secret))
			return find_secret(environment, names, out, diags);
	}
	/* Name what is missing of the family that somebody began to set. */
	const struct names *begun = &families[0];
	for (size_t i = ARRAY_LEN(families); i-- > 0;)
		if (variable(environment, families[i].tenant) ||
			variable(environment, families[i].client_id) ||
			variable(environment, families[i].secret))
			begun = &families[i];
	const char *const wanted[] = { begun->tenant, begun->client_id, begun->secret };
	struct buf missing;
	buf_init(&missing, BUF_OWN_TEXT);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!variable(environment, wanted[i]))
			(void)buf_printf(&missing, "%s%s", missing.len ? ", " : "", wanted[i]);
	diag_error(
		diags, PLACE_NONE, "sign-in", "no credential for Azure: %s not set", missing.data);
	buf_release(&missing);
	diag_help(diags,
		"set %s, %s and %s, or WAYBILL_ACCESS_TOKEN; or try without an account: "
		"--cloud emulator",
		begun->tenant, begun->client_id, begun->secret);
	return false;
}

void credential_clear(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void credential_release(struct credential *credential)
{
	credential_clear(credential->token);
	credential_clear(credential->tenant);
	credential_clear(credential->client_id);
	credential_clear(credential->secret);
	*credential = (struct credential){ 0 };
}

char *credential_url(struct arena *arena, const struct credential *credential, const char *login)
{
	return arena_printf(arena, "%s/%s/oauth2/v2.0/token", login, credential->tenant);
}

static void add_field(struct buf *out, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);
	(void)buf_printf(out, "%s%s=%s", out->len ? "&" : "", name, escaped ? escaped : "");
	if (escaped)
		explicit_bzero(escaped, strlen(escaped));
	curl_free(escaped);
}

void credential_form(struct buf *out, const struct credential *credential, const char *scope)
{
	add_field(out, "grant_type", "client_credentials");
	add_field(out, "client_id", credential->client_id);
	add_field(out, "scope", scope);
	add_field(out, "client_secret", credential->secret);
}

/* `expires_in` is a number, on some endpoints a string of digits. */
static long read_lifetime(const json_t *answer)
{
	json_t *member = json_object_get(answer, "expires_in");
	long long seconds = LIFETIME_UNTOLD_S;
	if (json_is_number(member) && json_number_value(member) < (double)LIFETIME_MOST_S)
		seconds = (long long)json_number_value(member);
	else if (json_is_number(member))
		seconds = LIFETIME_MOST_S;
	else if (json_is_string(member))
		seconds = strtoll(json_string_value(member), NULL, 10);
	if (seconds < 1)
		return 1;
	return seconds < LIFETIME_MOST_S ? (long)seconds : LIFETIME_MOST_S;
}

static const char *sign_in_help(const char *problem)
{
	static const struct {
		const char *code, *help;
	} known[] = {
		{ "AADSTS7000215", "the client secret is wrong: give its value, not its id" },
		{ "AADSTS7000222", "the client secret has expired: make a new one" },
		{ "AADSTS700016", "no such client id in this tenant" },
		{ "AADSTS90002", "no such tenant: check its id, and --cloud" },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strstr(problem, known[i].code))
			return known[i].help;
	return "check the tenant, the client id and the client secret";
}

static const char *read_problem(struct arena *arena, int status, const json_t *answer)
{
	const char *text = json_text_at(answer, "/error_description");
	if (!text)
		text = json_text_at(answer, "/error");
	if (!text)
		return arena_printf(arena, "the sign-in service answered %d", status);
	size_t len = strcspn(text, "\r\n");
	return arena_strndup(arena, text, len < PROBLEM_MOST ? len : PROBLEM_MOST);
}

void credential_read_answer(
	struct arena *arena, int status, const char *body, size_t len, struct token_answer *out)
{
	*out = (struct token_answer){ 0 };
	char *why = NULL;
	json_auto_t *answer = json_parse(arena, body, len, ANSWER_LIMIT, &why);
	const char *token = json_text_at(answer, "/access_token");
	if (status == 200 && token && *token && strlen(token) <= TOKEN_LIMIT &&
		is_plain(token, "-._~+/=")) {
		out->token = mem_strdup(token);
		out->lifetime_s = read_lifetime(answer);
		return;
	}
	out->passing = retry_status_passes(status) || (status == 200 && !answer);
	if (status == 200)
		out->problem = "the sign-in service answered without a token";
	else
		out->problem = read_problem(arena, status, answer);
	out->help = out->passing ? NULL : sign_in_help(out->problem);
}

long credential_use_s(long lifetime_s)
{
	return lifetime_s > 2 * EARLY_S ? lifetime_s - EARLY_S : lifetime_s / 2;
}
