/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/managed.h"

#include <string.h>
#include <time.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/directory.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/sign_in.h"

#define APP_SERVICE_NEW "2019-08-01"
#define APP_SERVICE_OLD "2017-09-01"

static bool refuse_imds(
	struct response *response, unsigned status, const char *error, const char *text)
{
	response_json(response, status,
		json_pack("{s:s,s:s}", "error", error, "error_description", text));
	return false;
}

/* By which names a query may name an identity, and what of it that is. */
static const struct {
	const char *query, *member;
} names[] = {
	{ "client_id", "clientId" },
	{ "clientid", "clientId" },
	{ "object_id", "objectId" },
	{ "principal_id", "objectId" },
	{ "msi_res_id", "resourceId" },
	{ "mi_res_id", "resourceId" },
};

static const json_t *named(const json_t *all, const char *member, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach (all, i, item) {
		const char *own = json_string_value(json_object_get(item, member));

		if (own != NULL && text_same_nocase(own, value))
			return item;
	}
	return NULL;
}

static const json_t *unnamed(const json_t *all)
{
	json_t *item;
	size_t i;

	json_array_foreach (all, i, item) {
		if (json_is_true(json_object_get(item, "systemAssigned")))
			return item;
	}
	return json_array_size(all) == 1 ? json_array_get(all, 0) : NULL;
}

/* NULL with *why when there is no such identity, or it is not clear which. */
static const json_t *find_identity(
	const struct emulator *emulator, const struct request *request, const char **why)
{
	const json_t *all = directory_managed(&emulator->cloud, request->arena);
	const json_t *found;
	const char *value = NULL, *member = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *given = request_query(request, names[i].query);

		if (given == NULL)
			continue;
		if (value != NULL) {
			*why = "Only one of client_id, object_id and msi_res_id may be specified";
			return NULL;
		}
		value = given;
		member = names[i].member;
	}
	found = value != NULL ? named(all, member, value) : unnamed(all);
	*why = value == NULL && found == NULL
		? "Multiple user assigned identities exist, please specify the clientId / "
		  "resourceId of the identity in the token request"
		: "Identity not found";
	return found;
}

static json_t *tell(struct emulator *emulator, const struct request *request,
	const json_t *identity, const char *resource)
{
	struct sign_in_grant grant = {
		.tenant = emulator->cloud.tenant,
		.client_id = json_text_at(identity, "/clientId"),
		.object_id = json_text_at(identity, "/objectId"),
		.audience = resource,
		.proof = "2",
		/* Nothing can be claimed here; a new one is younger than what was revoked. */
		.challenge_s = emulator->identity.revoked_s,
		.resource_id = json_text_at(identity, "/resourceId"),
	};
	long long now = identity_now_s(&emulator->identity, request);
	long long lifetime = (long long)emulator->identity.lifetime_s;
	json_t *out = json_pack("{s:s,s:s,s:s,s:s}", "access_token",
		sign_in_token(emulator, request, &grant), "client_id", grant.client_id, "resource",
		resource, "token_type", "Bearer");

	json_object_set_new(out, "expires_on", json_sprintf("%lld", now + lifetime));
	json_object_set_new(out, "not_before", json_sprintf("%lld", now));
	json_object_set_new(out, "expires_in", json_sprintf("%lld", lifetime));
	return out;
}

bool managed_imds(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	const char *metadata = request_header(request, "metadata");
	const char *resource = request_query(request, "resource");
	const char *why = NULL;
	const json_t *identity;
	json_t *body;

	(void)path;
	if (metadata == NULL || !text_same_nocase(metadata, "true"))
		return refuse_imds(
			response, 400, "invalid_request", "Required metadata header not specified");
	if (request_header(request, "x-forwarded-for") != NULL)
		return refuse_imds(response, 400, "invalid_request",
			"Requests that a proxy has forwarded are not served");
	if (request->api_version == NULL || request->api_version[0] == '\0')
		return refuse_imds(response, 400, "invalid_request",
			"Required query variable 'api-version' is missing");
	if (resource == NULL || resource[0] == '\0')
		return refuse_imds(response, 400, "invalid_request",
			"Required query variable 'resource' is missing");
	identity = find_identity(emulator, request, &why);
	if (identity == NULL)
		return refuse_imds(response, 400, "invalid_request", why);
	if (!sign_in_is_resource(emulator, resource))
		return refuse_imds(response, 400, "invalid_resource",
			arena_printf(request->arena,
				"AADSTS500011: The resource principal named %s was not found in "
				"the "
				"tenant named %s.",
				resource, emulator->cloud.tenant));
	body = tell(emulator, request, identity, resource);
	json_object_set(body, "ext_expires_in", json_object_get(body, "expires_in"));
	return response_json(response, 200, body);
}

static bool refuse_app_service(struct response *response, unsigned status, const char *text)
{
	response_json(response, status,
		json_pack("{s:i,s:s}", "statusCode", (int)status, "message", text));
	return false;
}

/* 11/05/2021 15:18:31 +00:00, of Windows 11/05/2021 03:18:31 PM +00:00. */
static json_t *in_words(int64_t seconds, bool windows)
{
	time_t when = (time_t)seconds;
	struct tm utc;
	char text[64] = "";

	if (gmtime_r(&when, &utc) != NULL)
		(void)strftime(text, sizeof(text),
			windows ? "%m/%d/%Y %I:%M:%S %p +00:00" : "%m/%d/%Y %H:%M:%S +00:00", &utc);
	return json_string(text);
}

static bool app_service(struct emulator *emulator, const struct request *request, bool windows,
	struct response *response)
{
	const char *version = request->api_version != NULL ? request->api_version : "";
	bool old = strcmp(version, APP_SERVICE_OLD) == 0;
	const char *secret = request_header(request, old ? "secret" : "x-identity-header");
	const char *resource = request_query(request, "resource");
	const char *why = NULL;
	const json_t *identity;
	json_t *body;

	if (!old && strcmp(version, APP_SERVICE_NEW) != 0)
		return refuse_app_service(response, 400, "The api-version is not supported.");
	if (secret == NULL || strcmp(secret, emulator->identity.bearers[ISSUER_ENTRA]) != 0)
		return refuse_app_service(response, 401, "The identity header is not valid.");
	if (resource == NULL || !sign_in_is_resource(emulator, resource))
		return refuse_app_service(
			response, 400, "The resource is missing, or there is none of that name.");
	identity = find_identity(emulator, request, &why);
	if (identity == NULL)
		return refuse_app_service(response, 400,
			"No User Assigned or Delegated Managed Identity found for specified "
			"ClientId/ResourceId/PrincipalId.");
	body = tell(emulator, request, identity, resource);
	if (old) {
		json_object_set_new(body, "expires_on",
			in_words(identity_now_s(&emulator->identity, request) +
					(int64_t)emulator->identity.lifetime_s,
				windows));
		json_object_del(body, "expires_in");
		json_object_del(body, "not_before");
	}
	return response_json(response, 200, body);
}

bool managed_app_service(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	(void)path;
	return app_service(emulator, request, false, response);
}

bool managed_app_service_windows(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	(void)path;
	return app_service(emulator, request, true, response);
}
