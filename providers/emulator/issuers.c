/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/issuers.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/assertion.h"
#include "providers/emulator/emulator.h"

/* How long the tokens live, as the real ones. */
#define GITHUB_S 300
#define PIPELINES_S 600
#define KUBERNETES_S 3600
#define KUBERNETES_LEAST_S 600
#define KUBERNETES_MOST_S 86400

static const struct {
	const char *url, *path; /* iss; the first segment of its paths here */
} issuers[ISSUER_COUNT] = {
	[ISSUER_GITHUB] = { ISSUER_GITHUB_URL, "/github/" },
	[ISSUER_PIPELINES] = { ISSUER_PIPELINES_URL, "/pipelines/" },
	[ISSUER_KUBERNETES] = { ISSUER_KUBERNETES_URL, "/kubernetes/" },
};

enum issuer issuer_by_url(const char *url)
{
	for (size_t i = 0; i < ISSUER_COUNT; i++) {
		if (issuers[i].url != NULL && strcmp(issuers[i].url, url) == 0)
			return (enum issuer)i;
	}
	return ISSUER_COUNT;
}

static bool has_bearer(
	const struct emulator *emulator, const struct request *request, enum issuer issuer)
{
	const char *header = request->authorization;

	return header != NULL && text_starts_nocase(header, "Bearer ") &&
		strcmp(header + strlen("Bearer "), emulator->identity.bearers[issuer]) == 0;
}

/* Signs what all tokens have, and what this one has besides; steals `more_new`. */
static const char *issue(struct emulator *emulator, const struct request *request,
	enum issuer issuer, int64_t lifetime_s, json_t *more_new)
{
	json_int_t now = identity_now_s(&emulator->identity, request);
	char id[37];

	uuid_random(id);
	json_auto_t *claims = json_pack("{s:s,s:s,s:I,s:I,s:I}", "iss", issuers[issuer].url, "jti",
		id, "iat", now, "nbf", now, "exp", now + (json_int_t)lifetime_s);

	json_object_update(claims, more_new);
	json_decref(more_new);
	return signer_sign(&emulator->identity.signers[issuer], request->arena, claims);
}

/* The shape of refusals of the two is the same; their texts are unconfirmed. */
static bool refuse_service(
	struct response *response, unsigned status, const char *type, const char *text)
{
	response_json(response, status,
		json_pack("{s:s,s:n,s:s,s:s,s:i,s:i}", "$id", "1", "innerException", "message",
			text, "typeKey", type, "errorCode", 0, "eventId", 3000));
	return false;
}

bool issuers_github(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	const char *audience = request_query(request, "audience");
	const char *token;

	(void)path;
	if (!has_bearer(emulator, request, ISSUER_GITHUB))
		return refuse_service(response, 401, "UnauthorizedRequestException",
			"The job's token is missing or not valid.");
	token = issue(emulator, request, ISSUER_GITHUB, GITHUB_S,
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "sub", ISSUER_GITHUB_SUBJECT, "aud",
			audience != NULL ? audience : "https://github.com/waybill", "ref",
			"refs/heads/main", "repository", ISSUER_GITHUB_REPOSITORY,
			"repository_owner", "waybill", "event_name", "push", "ref_type", "branch"));
	return response_json(
		response, 200, json_pack("{s:i,s:s}", "count", (int)strlen(token), "value", token));
}

bool issuers_pipelines(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	const char *redirect = request_header(request, "x-tfs-fedauthredirect");
	const char *connection = request_query(request, "serviceConnectionId");
	const char *audience = request_query(request, "audience");
	const char *token;

	(void)path;
	if (!has_bearer(emulator, request, ISSUER_PIPELINES)) {
		/* A browser would be sent to sign in, and so is who does not say otherwise. */
		if (redirect != NULL && text_same_nocase(redirect, "Suppress"))
			return refuse_service(response, 401, "UnauthorizedRequestException",
				"TF400813: The user is not authorized to access this resource.");
		response_header(response, "Location", "%s/_signin", emulator->endpoint);
		response->status = 302;
		return false;
	}
	if (request->api_version == NULL)
		return refuse_service(response, 400, "VssVersionNotSpecifiedException",
			"No api-version was supplied for the \"POST\" request. The version must be "
			"supplied either as part of the Accept header (e.g. \"application/json; "
			"api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\").");
	if (!text_starts_nocase(request->api_version, "7."))
		return refuse_service(response, 400, "VssVersionOutOfRangeException",
			"The requested version is not known here: 7.1 is.");
	if (connection == NULL || !text_same_nocase(connection, ISSUER_PIPELINES_CONNECTION))
		return refuse_service(response, 404, "ServiceEndpointNotFoundException",
			"The service connection does not exist, or the pipeline may not use it.");
	token = issue(emulator, request, ISSUER_PIPELINES, PIPELINES_S,
		json_pack("{s:s,s:s}", "sub", ISSUER_PIPELINES_SUBJECT, "aud",
			audience != NULL ? audience : ASSERTION_AUDIENCE));
	return response_json(response, 200, json_pack("{s:s}", "oidcToken", token));
}

static bool refuse_cluster(
	struct response *response, int status, const char *reason, const char *text)
{
	response_json(response, (unsigned)status,
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "kind", "Status", "apiVersion", "v1",
			"status", "Failure", "message", text, "reason", reason, "code", status));
	return false;
}

static bool answer_cluster(struct emulator *emulator, const char *subject,
	const struct request *request, json_t *spec, struct response *response)
{
	const json_t *seconds = json_object_get(spec, "expirationSeconds");
	json_t *audiences = json_object_get(spec, "audiences");
	json_int_t lifetime = json_is_integer(seconds) ? json_integer_value(seconds) : KUBERNETES_S;
	int64_t end;
	const char *token;
	json_t *aud;

	if (lifetime < KUBERNETES_LEAST_S || lifetime > KUBERNETES_MOST_S)
		return refuse_cluster(response, 422, "Invalid",
			"spec.expirationSeconds: Invalid value: may not specify a duration less "
			"than 10 minutes or more than a day");
	aud = json_array_size(audiences) > 0 ? json_incref(audiences)
					     : json_pack("[s]", ISSUER_KUBERNETES_URL);
	end = identity_now_s(&emulator->identity, request) + lifetime;
	token = issue(emulator, request, ISSUER_KUBERNETES, lifetime,
		json_pack("{s:s,s:o}", "sub", subject, "aud", aud));
	return response_json(response, 201,
		json_pack("{s:s,s:s,s:O,s:{s:s,s:s}}", "kind", "TokenRequest", "apiVersion",
			"authentication.k8s.io/v1", "spec", spec, "status", "token", token,
			"expirationTimestamp", identity_time(request->arena, end)));
}

bool issuers_kubernetes(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	const char *subject = arena_printf(
		request->arena, "system:serviceaccount:%s:%s", path->wild[0], path->wild[1]);
	char *why = NULL;

	if (!has_bearer(emulator, request, ISSUER_KUBERNETES))
		return refuse_cluster(response, 401, "Unauthorized", "Unauthorized");
	json_auto_t *body = json_parse(
		request->arena, request->body, request->body_len, request->body_len, &why);
	json_t *spec = json_object_get(body, "spec");

	if (!json_is_object(spec))
		return refuse_cluster(response, 400, "BadRequest", "this is no TokenRequest");
	return answer_cluster(emulator, subject, request, spec, response);
}

bool issuers_keys(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	(void)path;
	for (size_t i = 0; i < ISSUER_COUNT; i++) {
		if (issuers[i].path != NULL && text_starts_nocase(request->path, issuers[i].path))
			return response_json(response, 200,
				signer_jwks(&emulator->identity.signers[i], request->arena));
	}
	return refuse(response, 404, "NotFound", "There is no such issuer.");
}
