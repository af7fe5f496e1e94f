/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/auth.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/openid.h"
#include "providers/emulator/sign_in.h"

/* One token under examination. */
struct checking {
	struct emulator *emulator;
	const struct request *request;
	struct response *response;
	struct jwt jwt;
};

/* Clients take the tenant of a subscription out of authorization_uri. */
static bool refuse_token(
	struct checking *checking, const char *code, const char *error, const char *text)
{
	const struct emulator *emulator = checking->emulator;

	refuse(checking->response, 401, code, "%s", text);
	response_header(checking->response, "WWW-Authenticate",
		"Bearer authorization_uri=\"%s/%s\", error=\"%s\", error_description=\"%s\"",
		emulator->endpoint, emulator->cloud.tenant, error, text);
	return false;
}

static bool refuse_invalid(struct checking *checking, const char *code, const char *text)
{
	return refuse_token(checking, code, "invalid_token", text);
}

/* As continuous access evaluation asks: for a token that is younger than that, and that the client
 * says it asked for on this account. */
static bool check_challenge(struct checking *checking)
{
	const struct identity *identity = &checking->emulator->identity;
	json_int_t answered =
		json_integer_value(json_object_get(checking->jwt.claims, "xms_challenge"));
	const char *text;

	if (identity->revoked_s == 0 || answered >= identity->revoked_s)
		return true;
	text = arena_printf(checking->request->arena,
		"{\"access_token\":{\"nbf\":{\"essential\":true,\"value\":\"%lld\"}}}",
		(long long)identity->revoked_s);
	refuse_invalid(
		checking, "TokenCreatedWithOutdatedPolicies", "User session has been revoked");
	checking->response->nheaders--;
	response_header(checking->response, "WWW-Authenticate",
		"Bearer realm=\"\", authorization_uri=\"%s/common/oauth2/authorize\", "
		"error=\"insufficient_claims\", error_description=\"Continuous access evaluation "
		"resulted in challenge with result: InteractionRequired and code: "
		"TokenIssuedBeforeRevocationTimestamp\", claims=\"%s\"",
		checking->emulator->endpoint,
		base64url(checking->request->arena, text, strlen(text)));
	return false;
}

static bool check_end(struct checking *checking)
{
	int64_t now = identity_now_s(&checking->emulator->identity, checking->request);
	json_int_t end = json_integer_value(json_object_get(checking->jwt.claims, "exp"));

	return now < end ||
		refuse_invalid(checking, "ExpiredAuthenticationToken",
			arena_printf(checking->request->arena,
				"The access token expiry UTC time '%s' is earlier than current UTC "
				"time '%s'.",
				identity_time(checking->request->arena, end),
				identity_time(checking->request->arena, now)));
}

static bool check_audience(struct checking *checking)
{
	const char *audience = json_text_at(checking->jwt.claims, "/aud");

	return (audience != NULL && sign_in_is_arm(checking->emulator, audience)) ||
		refuse_invalid(checking, "InvalidAuthenticationTokenAudience",
			arena_printf(checking->request->arena,
				"The access token has been obtained for wrong audience or resource "
				"'%s'. It should exactly match with one of the allowed audiences "
				"'%s/','%s','https://management.core.windows.net/',"
				"'https://management.core.windows.net',"
				"'https://management.azure.com/','https://management.azure.com'.",
				audience != NULL ? audience : "", checking->emulator->endpoint,
				checking->emulator->endpoint));
}

/* All subscriptions of the cloud are of its own tenant. */
static bool check_tenant(struct checking *checking, const char *subscription)
{
	const struct emulator *emulator = checking->emulator;
	struct arena *arena = checking->request->arena;
	const char *tenant = json_text_at(checking->jwt.claims, "/tid");

	if (tenant == NULL || subscription == NULL ||
		cloud_subscription(&emulator->cloud, subscription) == NULL ||
		text_same_nocase(tenant, emulator->cloud.tenant))
		return true;
	return refuse_invalid(checking, "InvalidAuthenticationTokenTenant",
		arena_printf(arena,
			"The access token is from the wrong issuer '%s'. It must match the tenant "
			"'%s' associated with this subscription. Please use the authority (URL) "
			"'%s/%s' to get the token. Note, if the subscription is transferred to "
			"another tenant there is no impact to the services, but information about "
			"new tenant could take time to propagate (up to an hour). If you just "
			"transferred your subscription and see this error message, please try "
			"back later.",
			openid_issuer(emulator, arena, tenant),
			openid_issuer(emulator, arena, emulator->cloud.tenant), emulator->endpoint,
			emulator->cloud.tenant));
}

static bool check_signature(struct checking *checking, const char *token)
{
	return (jwt_parse(checking->request->arena, token, &checking->jwt) &&
		       signer_verify(&checking->emulator->identity.signers[ISSUER_ENTRA],
			       &checking->jwt)) ||
		refuse_invalid(
			checking, "InvalidAuthenticationToken", "The access token is invalid.");
}

bool auth_check(struct emulator *emulator, const struct request *request, const char *subscription,
	struct principal *principal, struct response *response)
{
	struct checking checking = { emulator, request, response, { 0 } };
	const char *header = request->authorization;

	*principal = (struct principal){ 0 };
	if (header == NULL)
		return refuse_invalid(&checking, "AuthenticationFailed",
			"Authentication failed. The 'Authorization' header is missing.");
	if (!text_starts_nocase(header, "Bearer "))
		return refuse_token(&checking, "AuthenticationFailedInvalidHeader",
			"invalid_request",
			"Authentication failed. The 'Authorization' header is provided in an "
			"invalid format.");
	header += strlen("Bearer ");
	if (strcmp(header, AUTH_BUILT_IN) == 0)
		return true;
	if (!check_signature(&checking, header) || !check_end(&checking) ||
		!check_audience(&checking) || !check_tenant(&checking, subscription) ||
		!check_challenge(&checking))
		return false;
	principal->client_id = json_text_at(checking.jwt.claims, "/appid");
	principal->object_id = json_text_at(checking.jwt.claims, "/oid");
	principal->tenant = json_text_at(checking.jwt.claims, "/tid");
	return true;
}
