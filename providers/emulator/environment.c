/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/environment.h"

#include "providers/emulator/emulator.h"
#include "providers/emulator/issuers.h"

/* Ids of jobs, which nobody looks at. */
#define JOB "/plans/00000000-0000-0000-0000-0000000000b1/jobs/00000000-0000-0000-0000-0000000000b2"

json_t *environment_tell(const struct emulator *emulator)
{
	const char(*bearers)[37] = emulator->identity.bearers;
	const char *base = emulator->endpoint;
	json_t *out = json_object();

	json_object_set_new(out, "github",
		json_pack("{s:s+,s:s}", "ACTIONS_ID_TOKEN_REQUEST_URL", base,
			"/github/waybill/_apis/distributedtask/hubs/Actions" JOB
			"/idtoken?api-version=2.0",
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN", bearers[ISSUER_GITHUB]));
	json_object_set_new(out, "pipelines",
		json_pack("{s:s+,s:s,s:s}", "SYSTEM_OIDCREQUESTURI", base,
			"/pipelines/waybill/emulated/_apis/distributedtask/hubs/build" JOB
			"/oidctoken",
			"SYSTEM_ACCESSTOKEN", bearers[ISSUER_PIPELINES],
			"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", ISSUER_PIPELINES_CONNECTION));
	json_object_set_new(out, "kubernetes",
		json_pack("{s:s+,s:s}", "SERVER", base, "/kubernetes", "BEARER",
			bearers[ISSUER_KUBERNETES]));
	json_object_set_new(out, "appService",
		json_pack("{s:s+,s:s}", "IDENTITY_ENDPOINT", base, "/msi/token", "IDENTITY_HEADER",
			bearers[ISSUER_ENTRA]));
	json_object_set_new(
		out, "imds", json_pack("{s:s}", "AZURE_POD_IDENTITY_AUTHORITY_HOST", base));
	return out;
}

int64_t environment_revoke(struct emulator *emulator, const struct request *request)
{
	struct identity *identity = &emulator->identity;
	int64_t now = identity_now_s(identity, request);

	identity->revoked_s = now > identity->revoked_s ? now : identity->revoked_s + 1;
	return identity->revoked_s;
}
