/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/auth.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "engine/base/json.h"
#include "engine/base/text.h"

#define TOKENS_MAX 10000

void auth_init(struct tokens *tokens, uint64_t lifetime_s)
{
	*tokens = (struct tokens){ json_object(), lifetime_s };
}

void auth_release(struct tokens *tokens)
{
	json_decref(tokens->issued);
}

static bool refuse_sign_in(struct response *response, const struct request *request,
	const char *error, int number, const char *text)
{
	char trace[37], stamp[32];
	time_t now = time(NULL);
	struct tm utc;

	uuid_random(trace);
	(void)gmtime_r(&now, &utc);
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%SZ", &utc);
	json_t *body = json_pack("{s:s,s:[i],s:s,s:s,s:s}", "error", error, "error_codes", number,
		"timestamp", stamp, "trace_id", trace, "correlation_id", trace);
	json_object_set_new(body, "error_description",
		json_sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", number,
			text, trace, trace, stamp));
	(void)request;
	response_json(response, strcmp(error, "invalid_client") == 0 ? 401 : 400, body);
	return false;
}

bool auth_issue(struct tokens *tokens, const struct request *request, struct response *response)
{
	const char *grant = json_text_at(request->form, "/grant_type");
	const char *secret = json_text_at(request->form, "/client_secret");
	char id[37];

	if (strcmp(request->method, "POST") != 0)
		return refuse_sign_in(response, request, "invalid_request", 900561,
			"The endpoint only accepts POST requests.");
	if (grant == NULL || strcmp(grant, "client_credentials") != 0)
		return refuse_sign_in(response, request, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type.");
	if (json_text_at(request->form, "/client_id") == NULL ||
		json_text_at(request->form, "/scope") == NULL)
		return refuse_sign_in(response, request, "invalid_request", 900144,
			"The request body must contain the parameters 'client_id' and 'scope'.");
	if (secret == NULL)
		return refuse_sign_in(response, request, "invalid_client", 7000216,
			"'client_assertion', 'client_secret' or 'request' is required for the "
			"'client_credentials' grant type.");
	if (secret[0] == '\0' || strcmp(secret, "wrong") == 0)
		return refuse_sign_in(response, request, "invalid_client", 7000215,
			"Invalid client secret provided. Ensure the secret being sent in the "
			"request "
			"is the client secret value, not the client secret ID.");
	uuid_random(id);
	if (json_object_size(tokens->issued) >= TOKENS_MAX)
		json_object_clear(tokens->issued);
	const char *token = arena_printf(request->arena, "emulated-%s", id);

	uint64_t ends_ms = request->now_ms + tokens->lifetime_s * 1000;

	json_object_set_new(tokens->issued, token, json_integer((json_int_t)ends_ms));
	return response_json(response, 200,
		json_pack("{s:s,s:I,s:I,s:s}", "token_type", "Bearer", "expires_in",
			(json_int_t)tokens->lifetime_s, "ext_expires_in",
			(json_int_t)tokens->lifetime_s, "access_token", token));
}

static bool refuse_token(
	struct response *response, const char *code, const char *error, const char *text)
{
	refuse(response, 401, code, "%s", text);
	response_header(response, "WWW-Authenticate",
		"Bearer authorization_uri=\"https://login.microsoftonline.com/\", error=\"%s\", "
		"error_description=\"%s\"",
		error, text);
	return false;
}

bool auth_check(struct tokens *tokens, const struct request *request, struct response *response)
{
	const char *header = request->authorization;
	const json_t *ends;

	if (header == NULL)
		return refuse_token(response, "AuthenticationFailed", "invalid_token",
			"Authentication failed. The 'Authorization' header is missing.");
	if (!text_starts_nocase(header, "Bearer "))
		return refuse_token(response, "AuthenticationFailedInvalidHeader",
			"invalid_request",
			"Authentication failed. The 'Authorization' header is provided in an "
			"invalid "
			"format.");
	header += strlen("Bearer ");
	if (strcmp(header, AUTH_BUILT_IN) == 0)
		return true;
	ends = json_object_get(tokens->issued, header);
	if (ends == NULL)
		return refuse_token(response, "InvalidAuthenticationToken", "invalid_token",
			"The access token is invalid.");
	if ((uint64_t)json_integer_value(ends) <= request->now_ms)
		return refuse_token(response, "ExpiredAuthenticationToken", "invalid_token",
			"The access token expiry UTC time is earlier than current UTC time.");
	return true;
}
