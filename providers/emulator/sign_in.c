/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/sign_in.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/assertion.h"
#include "providers/emulator/directory.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/openid.h"

#define CLAIMS_BYTES ((size_t)8 << 10)
#define WRONG_SECRET "wrong" /* the one that an open directory refuses */

bool sign_in_refuse(struct emulator *emulator, const struct request *request,
	struct response *response, const struct sign_in_error *error)
{
	const char *stamp =
		identity_time(request->arena, identity_now_s(&emulator->identity, request));
	const char *asked = request_header(request, "client-request-id");
	char trace[37], own[37];

	uuid_random(trace);
	uuid_random(own);
	const char *correlation = asked != NULL ? asked : own;
	const char *spaced =
		arena_printf(request->arena, "%.10s %.8sZ", stamp, stamp + strlen("YYYY-MM-DDT"));
	json_t *body = json_pack("{s:s,s:[i],s:s,s:s,s:s}", "error", error->error, "error_codes",
		error->number, "timestamp", spaced, "trace_id", trace, "correlation_id",
		correlation);

	json_object_set_new(body, "error_description",
		json_sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			error->number, error->text, trace, correlation, spaced));
	json_object_set_new(body, "error_uri",
		json_sprintf("%s/error?code=%d", emulator->endpoint, error->number));
	response_json(response, error->status, body);
	return false;
}

bool sign_in_refuse_tenant(struct emulator *emulator, const struct request *request,
	struct response *response, const char *name)
{
	struct sign_in_error error = { "invalid_request", 90002, 400,
		arena_printf(request->arena,
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID "
			"and are signing into the correct cloud. Check with your subscription "
			"administrator, this may happen if there are no active subscriptions for "
			"the tenant.",
			name) };

	return sign_in_refuse(emulator, request, response, &error);
}

const char *sign_in_own_path(const struct emulator *emulator, const char *url)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "[::1]" };
	size_t len = strlen(emulator->endpoint);
	const char *host;

	if (text_starts_nocase(url, emulator->endpoint) && (url[len] == '/' || url[len] == '\0'))
		return url + len;
	if (!text_starts_nocase(url, "http://") && !text_starts_nocase(url, "https://"))
		return NULL;
	host = strstr(url, "://") + strlen("://");
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		const char *end = host + strlen(hosts[i]);

		if (!text_starts_nocase(host, hosts[i]))
			continue;
		if (*end == ':')
			end += 1 + strspn(end + 1, "0123456789");
		if (*end == '/' || *end == '\0')
			return end;
	}
	return NULL;
}

bool sign_in_is_arm(const struct emulator *emulator, const char *audience)
{
	static const char *const known[] = { "https://management.azure.com",
		"https://management.azure.com/", "https://management.core.windows.net",
		"https://management.core.windows.net/" };
	const char *path = sign_in_own_path(emulator, audience);

	if (path != NULL)
		return path[0] == '\0' || strcmp(path, "/") == 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i], audience) == 0)
			return true;
	}
	return false;
}

/* Of letters that are an address's, as it comes to stand in headers. */
static bool is_plain(const char *text)
{
	static const char other[] = ":/._-[]";

	for (; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) && strchr(other, *text) == NULL)
			return false;
	}
	return true;
}

bool sign_in_is_resource(const struct emulator *emulator, const char *resource)
{
	static const char *const known[] = { "https://storage.azure.com", "https://vault.azure.net",
		"https://graph.microsoft.com", "https://graph.windows.net" };
	size_t len = strlen(resource);

	if (!is_plain(resource))
		return false;
	if (sign_in_is_arm(emulator, resource))
		return true;
	if (len > 0 && resource[len - 1] == '/')
		len--;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strlen(known[i]) == len && strncmp(known[i], resource, len) == 0)
			return true;
	}
	return text_starts_nocase(resource, "https://") &&
		strstr(resource, ".blob.core.windows.net") != NULL;
}

/* One request for a token. */
struct asking {
	struct emulator *emulator;
	const struct request *request;
	struct response *response;
	const char *name; /* of the tenant, as in the path */
	struct sign_in_grant grant;
};

static const char *field(const struct asking *asking, const char *name)
{
	return json_string_value(json_object_get(asking->request->form, name));
}

static bool refuse_asking(const struct asking *asking, const char *error, int number,
	unsigned status, const char *text)
{
	struct sign_in_error refusal = { error, number, status, text };

	return sign_in_refuse(asking->emulator, asking->request, asking->response, &refusal);
}

static bool refuse_without(const struct asking *asking, const char *name)
{
	return refuse_asking(asking, "invalid_request", 900144, 400,
		arena_printf(asking->request->arena,
			"The request body must contain the following parameter: '%s'.", name));
}

static bool check_request(const struct asking *asking)
{
	const char *grant = field(asking, "grant_type");

	if (strcmp(asking->request->method, "POST") != 0)
		return refuse_asking(asking, "invalid_request", 900561, 400,
			arena_printf(asking->request->arena,
				"The endpoint only accepts POST requests. Received a %s request.",
				asking->request->method));
	if (grant == NULL)
		return refuse_without(asking, "grant_type");
	if (strcmp(grant, "client_credentials") != 0)
		return refuse_asking(asking, "unsupported_grant_type", 70003, 400,
			arena_printf(asking->request->arena,
				"The app requested an unsupported grant type '%s'.", grant));
	return field(asking, "client_id") != NULL || refuse_without(asking, "client_id");
}

static bool refuse_secret(const struct asking *asking)
{
	return refuse_asking(asking, "invalid_client", 7000215, 401,
		arena_printf(asking->request->arena,
			"Invalid client secret provided. Ensure the secret being sent in the "
			"request is the client secret value, not the client secret ID, for a "
			"secret added to app '%s'.",
			asking->grant.client_id));
}

static bool check_secret(const struct asking *asking, const json_t *application)
{
	const char *secret = field(asking, "client_secret");
	const char *now = identity_time(asking->request->arena,
		identity_now_s(&asking->emulator->identity, asking->request));
	json_t *item;
	size_t i;

	if (directory_is_open(&asking->emulator->cloud))
		return (secret[0] != '\0' && strcmp(secret, WRONG_SECRET) != 0) ||
			refuse_secret(asking);
	json_array_foreach (json_object_get(application, "secrets"), i, item) {
		const char *value = json_text_at(item, "/value");
		const char *expires = json_text_at(item, "/expires");

		if (value == NULL || strcmp(value, secret) != 0)
			continue;
		if (expires == NULL || strcmp(now, expires) < 0)
			return true;
		return refuse_asking(asking, "invalid_client", 7000222, 401,
			arena_printf(asking->request->arena,
				"The provided client secret keys for app '%s' are expired. Visit "
				"the Azure portal to create new keys for your app: "
				"https://aka.ms/NewClientSecret, or consider using certificate "
				"credentials for added security: https://aka.ms/certCreds.",
				asking->grant.client_id));
	}
	return refuse_secret(asking);
}

static bool check_application(struct asking *asking)
{
	struct arena *arena = asking->request->arena;
	const char *client_id = field(asking, "client_id");
	const json_t *application = directory_application(
		&asking->emulator->cloud, arena, asking->grant.tenant, client_id);
	struct sign_in_error error;

	if (application == NULL)
		return refuse_asking(asking, "unauthorized_client", 700016, 400,
			arena_printf(arena,
				"Application with identifier '%s' was not found in the directory "
				"'%s'. This can happen if the application has not been installed "
				"by the administrator of the tenant or consented to by any user "
				"in the tenant. You may have sent your authentication request to "
				"the wrong tenant.",
				client_id, asking->grant.tenant));
	asking->grant.client_id = json_text_at(application, "/clientId");
	asking->grant.object_id = json_text_at(application, "/objectId");
	asking->grant.proof = "2";
	if (field(asking, "client_assertion") != NULL) {
		struct assertion assertion = { field(asking, "client_assertion"),
			field(asking, "client_assertion_type"), asking->name, asking->grant.tenant,
			application };

		return assertion_check(asking->emulator, asking->request, &assertion, &error) ||
			sign_in_refuse(asking->emulator, asking->request, asking->response, &error);
	}
	asking->grant.proof = "1";
	if (field(asking, "client_secret") != NULL)
		return check_secret(asking, application);
	return refuse_asking(asking, "invalid_client", 7000216, 401,
		"'client_assertion', 'client_secret' or 'request' is required for the "
		"'client_credentials' grant type.");
}

static bool refuse_scope(const struct asking *asking, int number, const char *fmt)
{
	return refuse_asking(asking, "invalid_scope", number, 400, fmt);
}

/* What MSAL for Go puts beside the resource: nothing that an application can be granted. */
static bool is_of_openid(const char *word)
{
	static const char *const known[] = { "openid", "offline_access", "profile", "email" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i], word) == 0)
			return true;
	}
	return false;
}

/* The one resource among the words; NULL when there is none or another beside it. */
static const char *resource_of(struct arena *arena, const char *scope)
{
	const char *found = NULL;

	for (const char *at = scope; *at != '\0';) {
		size_t len = strcspn(at, " ");
		const char *word = arena_strndup(arena, at, len);

		at += len + strspn(at + len, " ");
		if (len == 0 || is_of_openid(word))
			continue;
		if (found != NULL)
			return NULL;
		found = word;
	}
	return found;
}

/* RESOURCE/.default, where the resource may end in a slash of its own. */
static bool read_scope(struct asking *asking)
{
	static const char suffix[] = "/.default";
	struct arena *arena = asking->request->arena;
	const char *scope = field(asking, "scope");
	const char *resource = scope != NULL ? resource_of(arena, scope) : NULL;
	size_t len = resource != NULL ? strlen(resource) : 0;

	if (scope == NULL || scope[0] == '\0')
		return refuse_without(asking, "scope");
	if (len < sizeof(suffix))
		return refuse_scope(asking, 70011,
			arena_printf(arena,
				"The provided request must include a 'scope' input parameter. The "
				"provided value for the input parameter 'scope' is not valid. The "
				"scope %s is not valid.",
				scope));
	if (strcmp(resource + len - strlen(suffix), suffix) != 0)
		return refuse_scope(asking, 1002012,
			arena_printf(arena,
				"The provided value for scope %s is not valid. Client credential "
				"flows must have a scope value with /.default suffixed to the "
				"resource identifier (application ID URI).",
				scope));
	asking->grant.audience = arena_strndup(arena, resource, len - strlen(suffix));
	return true;
}

static bool read_audience(struct asking *asking, bool by_scope)
{
	const char *resource = field(asking, "resource");

	if (by_scope) {
		if (!read_scope(asking))
			return false;
	} else if (resource == NULL || resource[0] == '\0') {
		return refuse_without(asking, "resource");
	} else {
		asking->grant.audience = resource;
	}
	if (sign_in_is_resource(asking->emulator, asking->grant.audience))
		return true;
	return refuse_asking(asking, "invalid_resource", 500011, 400,
		arena_printf(asking->request->arena,
			"The resource principal named %s was not found in the tenant named %s. "
			"This can happen if the application has not been installed by the "
			"administrator of the tenant or consented to by any user in the tenant. "
			"You might have sent your authentication request to the wrong tenant.",
			asking->grant.audience, asking->grant.tenant));
}

/* What a challenge handed out: {"access_token":{"nbf":{"essential":true,"value":"SECONDS"}}}. */
static bool read_claims(struct asking *asking)
{
	const char *text = field(asking, "claims");
	char *why = NULL;
	const char *value;

	if (text == NULL)
		return true;
	json_t *claims = arena_json(asking->request->arena,
		json_parse(asking->request->arena, text, strlen(text), CLAIMS_BYTES, &why));
	if (!json_is_object(claims))
		return refuse_asking(asking, "invalid_request", 9002313, 400,
			"Invalid request. Request is malformed or invalid.");
	value = json_text_at(claims, "/access_token/nbf/value");
	if (value != NULL)
		asking->grant.challenge_s = (int64_t)strtoll(value, NULL, 10);
	return true;
}

const char *sign_in_token(
	struct emulator *emulator, const struct request *request, const struct sign_in_grant *grant)
{
	json_int_t now = identity_now_s(&emulator->identity, request);
	json_int_t end = now + (json_int_t)emulator->identity.lifetime_s;
	const char *issuer = openid_issuer(emulator, request->arena, grant->tenant);
	char uti[37];

	uuid_random(uti);
	json_auto_t *claims =
		json_pack("{s:s,s:s,s:I,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s*}", "aud",
			grant->audience, "iss", issuer, "iat", now, "nbf", now, "exp", end, "appid",
			grant->client_id, "appidacr", grant->proof, "idp", issuer, "idtyp", "app",
			"oid", grant->object_id, "sub", grant->object_id, "tid", grant->tenant,
			"uti", uti, "ver", "1.0", "xms_mirid", grant->resource_id);

	if (grant->challenge_s > 0)
		json_object_set_new(
			claims, "xms_challenge", json_integer((json_int_t)grant->challenge_s));
	return signer_sign(&emulator->identity.signers[ISSUER_ENTRA], request->arena, claims);
}

static bool answer(struct asking *asking, bool texts)
{
	const struct identity *identity = &asking->emulator->identity;
	int64_t now = identity_now_s(identity, asking->request);
	json_int_t lifetime = (json_int_t)identity->lifetime_s;
	const char *token = sign_in_token(asking->emulator, asking->request, &asking->grant);
	json_t *body;

	if (!texts) {
		body = json_pack("{s:s,s:I,s:I,s:s}", "token_type", "Bearer", "expires_in",
			lifetime, "ext_expires_in", lifetime, "access_token", token);
		return response_json(asking->response, 200, body);
	}
	body = json_pack("{s:s,s:s,s:s}", "token_type", "Bearer", "resource",
		asking->grant.audience, "access_token", token);
	json_object_set_new(body, "expires_in", json_sprintf("%lld", (long long)lifetime));
	json_object_set_new(body, "ext_expires_in", json_sprintf("%lld", (long long)lifetime));
	json_object_set_new(body, "expires_on", json_sprintf("%lld", (long long)(now + lifetime)));
	json_object_set_new(body, "not_before", json_sprintf("%lld", (long long)now));
	return response_json(asking->response, 200, body);
}

static bool serve(struct asking *asking, bool by_scope, bool texts)
{
	asking->grant.tenant = directory_tenant(&asking->emulator->cloud, asking->name);
	if (asking->grant.tenant == NULL)
		return sign_in_refuse_tenant(
			asking->emulator, asking->request, asking->response, asking->name);
	return check_request(asking) && read_audience(asking, by_scope) && read_claims(asking) &&
		check_application(asking) && answer(asking, texts);
}

bool sign_in_adfs(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	struct asking asking = { emulator, request, response, "adfs", { 0 } };

	(void)path;
	return serve(&asking, field(&asking, "resource") == NULL, false);
}

bool sign_in_v1(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	struct asking asking = { emulator, request, response, path->wild[0], { 0 } };

	if (text_same_nocase(asking.name, "adfs"))
		return sign_in_adfs(emulator, path, request, response);
	return serve(&asking, false, true);
}

bool sign_in_v2(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	struct asking asking = { emulator, request, response, path->wild[0], { 0 } };

	return serve(&asking, true, false);
}
