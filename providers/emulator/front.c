/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/front.h"

#include <string.h>

#include "engine/base/text.h"
#include "providers/emulator/issuers.h"
#include "providers/emulator/managed.h"
#include "providers/emulator/metadata.h"
#include "providers/emulator/openid.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/sign_in.h"

static const struct {
	const char *method; /* NULL: every one; it is looked at by whom it is for */
	const char *pattern;
	front_fn *serve;
} fronts[] = {
	{ "GET", "/metadata/endpoints", metadata_endpoints },
	{ "GET", "/metadata/identity/oauth2/token", managed_imds },
	{ "GET", "/msi/token", managed_app_service },
	{ "GET", "/msi/windows/token", managed_app_service_windows },
	{ "GET", "/github/*/_apis/distributedtask/hubs/Actions/plans/*/jobs/*/idtoken",
		issuers_github },
	{ "POST", "/pipelines/*/*/_apis/distributedtask/hubs/build/plans/*/jobs/*/oidctoken",
		issuers_pipelines },
	{ "POST", "/kubernetes/api/v1/namespaces/*/serviceaccounts/*/token", issuers_kubernetes },
	{ "GET", "/github/.well-known/jwks", issuers_keys },
	{ "GET", "/pipelines/.well-known/jwks", issuers_keys },
	{ "GET", "/kubernetes/openid/v1/jwks", issuers_keys },
	{ "GET", "/*/.well-known/openid-configuration", openid_configuration },
	{ "GET", "/*/v2.0/.well-known/openid-configuration", openid_configuration_v2 },
	{ "GET", "/adfs/*/.well-known/openid-configuration", openid_configuration_adfs },
	{ "GET", "/common/discovery/instance", openid_instance },
	{ "GET", "/*/discovery/keys", openid_keys },
	{ "GET", "/*/discovery/v2.0/keys", openid_keys },
	{ NULL, "/*/oauth2/token", sign_in_v1 },
	{ NULL, "/*/oauth2/v2.0/token", sign_in_v2 },
	{ "GET", "/adfs/*/discovery/keys", openid_keys },
	{ NULL, "/adfs/*/oauth2/token", sign_in_adfs },
};

/* A slash at the end is no part of the name: some clients add one. */
static bool matches(
	struct arena *arena, const char *pattern, const char *path, struct front_path *out)
{
	size_t nwild = 0;

	while (*pattern == '/') {
		size_t want = strcspn(++pattern, "/"), have;

		if (*path != '/')
			return false;
		have = strcspn(++path, "/");
		if (want == 1 && *pattern == '*' && have > 0 && nwild < FRONT_WILD_MAX)
			out->wild[nwild++] = arena_strndup(arena, path, have);
		else if (want != have ||
			!text_same_nocase(arena_strndup(arena, pattern, want),
				arena_strndup(arena, path, have)))
			return false;
		pattern += want;
		path += have;
	}
	return *path == '\0' || strcmp(path, "/") == 0;
}

bool front_serve(
	struct emulator *emulator, const struct request *request, struct response *response)
{
	struct front_path path;
	bool known = false;

	/* Where nearly all paths begin, none of these does. */
	if (text_starts_nocase(request->path, "/subscriptions/"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
		const char *method = fronts[i].method;

		if (!matches(request->arena, fronts[i].pattern, request->path, &path))
			continue;
		known = true;
		if (method == NULL || strcmp(method, request->method) == 0) {
			fronts[i].serve(emulator, &path, request, response);
			return true;
		}
	}
	if (known)
		refuse_method(response, request);
	return known;
}
