/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/openid.h"

#include <string.h>

#include "engine/base/text.h"
#include "providers/emulator/directory.h"
#include "providers/emulator/emulator.h"
#include "providers/emulator/sign_in.h"

const char *openid_issuer(const struct emulator *emulator, struct arena *arena, const char *tenant)
{
	return arena_printf(arena, "%s/%s/", emulator->endpoint, tenant);
}

/* One configuration: what varies between the kinds of endpoint. */
struct kind {
	const char *at;      /* path of the tenant */
	const char *version; /* "" or "v2.0/" in the paths of its endpoints */
	const char *issuer;
};

static json_t *configuration(
	const struct emulator *emulator, struct arena *arena, const struct kind *kind)
{
	const char *base = arena_printf(arena, "%s/%s", emulator->endpoint, kind->at);
	json_t *out = json_pack("{s:s,s:[s,s],s:[s],s:[s],s:[s],s:[s,s]}", "issuer", kind->issuer,
		"token_endpoint_auth_methods_supported", "client_secret_post", "private_key_jwt",
		"response_types_supported", "code", "subject_types_supported", "pairwise",
		"id_token_signing_alg_values_supported", "RS256", "scopes_supported", "openid",
		"offline_access");

	json_object_set_new(out, "authorization_endpoint",
		json_sprintf("%s/oauth2/%sauthorize", base, kind->version));
	json_object_set_new(
		out, "token_endpoint", json_sprintf("%s/oauth2/%stoken", base, kind->version));
	json_object_set_new(out, "device_authorization_endpoint",
		json_sprintf("%s/oauth2/%sdevicecode", base, kind->version));
	json_object_set_new(
		out, "jwks_uri", json_sprintf("%s/discovery/%skeys", base, kind->version));
	return out;
}

static bool answer(struct emulator *emulator, const struct front_path *path, const char *version,
	const struct request *request, struct response *response)
{
	const char *tenant = directory_tenant(&emulator->cloud, path->wild[0]);
	struct kind kind = { path->wild[0], version, NULL };

	if (tenant == NULL)
		return sign_in_refuse_tenant(emulator, request, response, path->wild[0]);
	/* `common` cannot know of whom it will speak, so the issuer has a place for it. */
	if (text_same_nocase(path->wild[0], "common") ||
		text_same_nocase(path->wild[0], "organizations"))
		tenant = "{tenantid}";
	kind.issuer = openid_issuer(emulator, request->arena, tenant);
	if (version[0] != '\0')
		kind.issuer = arena_printf(request->arena, "%sv2.0", kind.issuer);
	return response_json(response, 200, configuration(emulator, request->arena, &kind));
}

bool openid_configuration(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	return answer(emulator, path, "", request, response);
}

bool openid_configuration_v2(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	return answer(emulator, path, "v2.0/", request, response);
}

bool openid_configuration_adfs(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	const char *tenant = directory_tenant(&emulator->cloud, path->wild[0]);
	struct kind kind = { arena_printf(request->arena, "adfs/%s", path->wild[0]), "", NULL };

	if (tenant == NULL)
		return sign_in_refuse_tenant(emulator, request, response, path->wild[0]);
	kind.issuer = openid_issuer(emulator, request->arena, tenant);
	return response_json(response, 200, configuration(emulator, request->arena, &kind));
}

/* Whether an authority may be trusted: the emulator vouches for itself alone. */
bool openid_instance(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	const char *asked = request_query(request, "authorization_endpoint");
	const char *host = strstr(emulator->endpoint, "://") + strlen("://");
	size_t len = strlen(emulator->endpoint);
	const char *tenant;

	(void)path;
	if (asked == NULL || !text_starts_nocase(asked, emulator->endpoint) || asked[len] != '/')
		return sign_in_refuse(emulator, request, response,
			&(struct sign_in_error){
				"invalid_instance", 50049, 400, "Unknown or invalid instance." });
	tenant = arena_strndup(request->arena, asked + len + 1, strcspn(asked + len + 1, "/"));
	return response_json(response, 200,
		json_pack("{s:s,s:s,s:[{s:s,s:s,s:[s]}]}", "tenant_discovery_endpoint",
			arena_printf(request->arena, "%s/%s/v2.0/.well-known/openid-configuration",
				emulator->endpoint, tenant),
			"api-version", "1.1", "metadata", "preferred_network", host,
			"preferred_cache", host, "aliases", host));
}

bool openid_keys(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	if (directory_tenant(&emulator->cloud, path->wild[0]) == NULL)
		return sign_in_refuse_tenant(emulator, request, response, path->wild[0]);
	return response_json(response, 200,
		signer_jwks(&emulator->identity.signers[ISSUER_ENTRA], request->arena));
}
