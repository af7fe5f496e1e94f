/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/metadata.h"

#include <string.h>

#include "providers/emulator/emulator.h"

#define FIRST_ARRAY "2019-05-01"
#define FIRST_OBJECT "2022-09-01"

static const char *const versions[] = { "2015-01-01", "2015-11-01", "2018-05-01", "2018-09-01",
	"2019-05-01", "2019-10-01", "2020-01-01", "2020-06-01", "2020-09-01", "2021-01-01",
	"2022-01-01", "2022-09-01" };

/* Clients of this age hold every login endpoint that does not end so for one of Microsoft's, and
 * ask login.microsoftonline.com about it. */
static json_t *oldest(const char *base)
{
	return json_pack("{s:s+,s:s+,s:s+,s:{s:s+,s:[s+]}}", "galleryEndpoint", base, "/",
		"graphEndpoint", base, "/", "portalEndpoint", base, "/", "authentication",
		"loginEndpoint", base, "/adfs", "audiences", base, "/");
}

static json_t *suffixes(void)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "storage", METADATA_SUFFIX, "keyVaultDns",
		"vault." METADATA_SUFFIX, "acrLoginServer", "azurecr." METADATA_SUFFIX,
		"sqlServerHostname", "database." METADATA_SUFFIX, "azureDataLakeStoreFileSystem",
		"azuredatalakestore." METADATA_SUFFIX, "azureDataLakeAnalyticsCatalogAndJob",
		"azuredatalakeanalytics." METADATA_SUFFIX, "storageSyncEndpointSuffix",
		"afs." METADATA_SUFFIX);
}

static json_t *newer(const char *base)
{
	static const char *const own[] = { "portal", "media", "graphAudience", "graph", "batch",
		"resourceManager", "vmImageAliasDoc", "activeDirectoryDataLake", "sqlManagement",
		"gallery" };
	json_t *out = json_pack("{s:s,s:{s:s,s:[s+],s:s,s:s},s:o}", "name", METADATA_NAME,
		"authentication", "loginEndpoint", base, "audiences", base, "/", "tenant", "common",
		"identityProvider", "AAD", "suffixes", suffixes());

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		json_object_set_new(out, own[i], json_sprintf("%s/", base));
	return out;
}

static json_t *newest(const char *base)
{
	static const char *const own[] = { "microsoftGraphResourceId", "logAnalyticsResourceId",
		"applicationInsightsResourceId", "attestationResourceId",
		"synapseAnalyticsResourceId" };
	json_t *out = newer(base);

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		json_object_set_new(out, own[i], json_sprintf("%s/", base));
	return out;
}

static bool is_known(const char *version)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		if (strcmp(versions[i], version) == 0)
			return true;
	}
	return false;
}

static bool refuse_version(struct response *response, const char *version)
{
	const char *list = "";

	if (version == NULL || version[0] == '\0')
		return refuse(response, 400, "MissingApiVersionParameter",
			"The api-version query parameter (?api-version=) is required for all "
			"requests.");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		list = arena_printf(response->arena, "%s%s%s", list, i > 0 ? "," : "", versions[i]);
	return refuse(response, 400, "InvalidApiVersionParameter",
		"The api-version '%s' is invalid. The supported versions are '%s'.", version, list);
}

bool metadata_endpoints(struct emulator *emulator, const struct front_path *path,
	const struct request *request, struct response *response)
{
	const char *version = request->api_version, *base = emulator->endpoint;

	(void)path;
	if (version == NULL || !is_known(version))
		return refuse_version(response, version);
	if (strcmp(version, FIRST_ARRAY) < 0)
		return response_json(response, 200, oldest(base));
	if (strcmp(version, FIRST_OBJECT) < 0)
		return response_json(response, 200, json_pack("[o]", newer(base)));
	return response_json(response, 200, newest(base));
}
