/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/token_request.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/net/assertion.h"
#include "providers/net/url.h"
#include "providers/net/variables.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define EXCHANGE_AUDIENCE "api://AzureADTokenExchange"
#define MACHINE_VERSION "2018-02-01"
#define APP_SERVICE_VERSION "2019-08-01"
#define PIPELINES_VERSION "7.1"
#define CLAIMS_BYTES ((size_t)16 << 10)
/* That we answer challenges, so that long-lived tokens may be revoked in between. */
#define CAPABILITIES "{s:{s:{s:[s]}}}", "access_token", "xms_cc", "values", "cp1"

static const char *bearer(struct arena *a, const char *secret)
{
	return arena_printf(a, "Bearer %s", secret);
}

static void add_header(struct token_request *request, const char *name, const char *value)
{
	request->headers[request->nheaders++] = (struct http_header){ name, value };
}

/* ---- for an assertion ---- */

bool token_wants_issuer(const struct credential *credential)
{
	return credential->kind == CREDENTIAL_GITHUB || credential->kind == CREDENTIAL_PIPELINES;
}

bool token_request_assertion(struct arena *a, const struct credential *credential,
	struct token_request *out, const char **problem)
{
	*out = (struct token_request){ .method = "GET" };
	out->url = url_with_parameter(a, credential->url, "audience", EXCHANGE_AUDIENCE);
	add_header(out, "Authorization", bearer(a, credential->secret));
	add_header(out, "Accept", "application/json");
	if (credential->kind == CREDENTIAL_PIPELINES) {
		out->method = "POST";
		buf_init(&out->form, BUF_OWN_TEXT);
		out->has_form = true;
		if (out->url)
			out->url =
				url_with_parameter(a, out->url, "api-version", PIPELINES_VERSION);
		if (out->url)
			out->url = url_with_parameter(
				a, out->url, "serviceConnectionId", credential->connection);
		add_header(out, "Content-Type", "application/json");
		/* So that a bad token is a 401, and not the page of a sign-in. */
		add_header(out, "X-TFS-FedAuthRedirect", "Suppress");
	}
	*problem = out->url ? NULL : "the address of the pipeline's tokens is no URL";
	return out->url != NULL;
}

/* ---- for a token ---- */

/* AD FS, by which Azure Stack signs in without Entra: it has one directory, whose name is this, and
 * the endpoint of v1 alone. */
#define ADFS "/adfs"

static bool is_adfs(const char *authority)
{
	size_t len = strlen(authority), end = strlen(ADFS);
	return len > end && text_same_nocase(authority + len - end, ADFS);
}

static const char *authority_of(struct arena *a, const char *login, const char *tenant)
{
	return is_adfs(login) ? login : arena_printf(a, "%s/%s", login, tenant);
}

const char *token_resource(struct arena *a, const char *scope)
{
	static const char end[] = "/.default";
	size_t len = strlen(scope);
	if (len > strlen(end) && strcmp(scope + len - strlen(end), end) == 0)
		len -= strlen(end);
	return arena_strndup(a, scope, len);
}

static void add_field(struct buf *out, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);
	(void)buf_printf(out, "%s%s=%s", out->len ? "&" : "", name, escaped ? escaped : "");
	if (escaped)
		explicit_bzero(escaped, strlen(escaped));
	curl_free(escaped);
}

/* What we can do, and what a challenge asked for. */
static const char *claims_of(struct arena *a, const char *challenge)
{
	json_auto_t *claims = json_pack(CAPABILITIES);
	char *why = NULL;
	json_auto_t *asked =
		challenge ? json_parse(a, challenge, strlen(challenge), CLAIMS_BYTES, &why) : NULL;
	const char *key;
	json_t *member;
	json_object_foreach (json_object_get(asked, "access_token"), key, member)
		(void)json_object_set(json_object_get(claims, "access_token"), key, member);
	return json_canonical(a, claims);
}

static bool add_proof(struct arena *a, struct buf *form, const struct credential *credential,
	const struct token_wish *wish, const struct assertion_wish *own, const char **problem)
{
	if (credential->kind == CREDENTIAL_SECRET) {
		add_field(form, "client_secret", credential->secret);
		return true;
	}
	add_field(form, "client_assertion_type", ASSERTION_TYPE);
	if (credential->kind != CREDENTIAL_CERTIFICATE) {
		add_field(form, "client_assertion", wish->assertion);
		return true;
	}
	char *assertion = assertion_sign(&credential->certificate, own);
	if (assertion)
		add_field(form, "client_assertion", assertion);
	else
		*problem = arena_strdup(a, "the certificate's key cannot sign");
	bool good = assertion != NULL;
	credential_clear(assertion);
	return good;
}

static bool request_of_client(struct arena *a, const struct credential *credential,
	const struct token_wish *wish, struct token_request *out, const char **problem)
{
	*out = (struct token_request){ .method = "POST", .has_form = true };
	const char *authority = authority_of(a, wish->login, credential->tenant);
	bool adfs = is_adfs(authority);
	out->url = arena_printf(a, "%s/oauth2/%stoken", authority, adfs ? "" : "v2.0/");
	buf_init(&out->form, BUF_OWN_TEXT);
	add_header(out, "Content-Type", "application/x-www-form-urlencoded");
	add_header(out, "Accept", "application/json");
	add_field(&out->form, "grant_type", "client_credentials");
	add_field(&out->form, "client_id", credential->client_id);
	if (adfs) {
		add_field(&out->form, "resource", token_resource(a, wish->scope));
	} else {
		add_field(&out->form, "scope", wish->scope);
		add_field(&out->form, "claims", claims_of(a, wish->claims));
	}
	const struct assertion_wish own = { .client_id = credential->client_id,
		.audience = out->url,
		.sends_chain = credential->sends_chain,
		.is_old = adfs,
		.now = time(NULL) };
	if (add_proof(a, &out->form, credential, wish, &own, problem))
		return true;
	token_request_clear(out);
	return false;
}

static bool request_of_identity(struct arena *a, const struct credential *credential,
	const struct token_wish *wish, struct token_request *out, const char **problem)
{
	bool service = credential->kind == CREDENTIAL_APP_SERVICE;
	const struct {
		const char *name, *value;
	} parameters[] = {
		{ "api-version", service ? APP_SERVICE_VERSION : MACHINE_VERSION },
		{ "resource", token_resource(a, wish->scope) },
		{ "client_id", credential->client_id },
		{ service ? "mi_res_id" : "msi_res_id", credential->resource_id },
		{ "object_id", credential->principal_id },
	};
	*out = (struct token_request){ .method = "GET", .url = credential->url, .on_host = true };
	for (size_t i = 0; out->url && i < ARRAY_LEN(parameters); i++)
		if (parameters[i].value)
			out->url = url_with_parameter(
				a, out->url, parameters[i].name, parameters[i].value);
	if (service)
		add_header(out, "X-IDENTITY-HEADER", credential->secret);
	else
		add_header(out, "Metadata", "true");
	*problem = out->url ? NULL : "the address of the identity's tokens is no URL";
	return out->url != NULL;
}

bool token_request_make(struct arena *a, const struct credential *credential,
	const struct token_wish *wish, struct token_request *out, const char **problem)
{
	if (credential->kind == CREDENTIAL_APP_SERVICE || credential->kind == CREDENTIAL_MACHINE)
		return request_of_identity(a, credential, wish, out, problem);
	return request_of_client(a, credential, wish, out, problem);
}

void token_request_clear(struct token_request *request)
{
	for (size_t i = 0; i < request->nheaders; i++)
		if (strcmp(request->headers[i].name, "Authorization") == 0)
			explicit_bzero((char *)request->headers[i].value,
				strlen(request->headers[i].value));
	if (request->has_form) {
		explicit_bzero(request->form.data, request->form.len);
		buf_release(&request->form);
	}
	*request = (struct token_request){ 0 };
}

/* ---- challenges ---- */

const char *token_challenge(struct arena *a, const char *www_authenticate)
{
	static const char member[] = "claims=\"";
	if (!www_authenticate || !text_starts_nocase(www_authenticate, "Bearer "))
		return NULL;
	const char *at = strstr(www_authenticate, member);
	if (!at)
		return NULL;
	at += strlen(member);
	size_t text_len = strcspn(at, "\""), len = 0;
	char *bytes = text_len <= CLAIMS_BYTES ? base64_bytes(at, text_len, &len) : NULL;
	char *why = NULL;
	json_auto_t *claims = bytes ? json_parse(a, bytes, len, CLAIMS_BYTES, &why) : NULL;
	const char *copy = json_is_object(claims) ? arena_strndup(a, bytes, len) : NULL;
	free(bytes);
	return copy;
}
