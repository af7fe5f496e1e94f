/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/regions.h"

#include <string.h>

#include "engine/base/buf.h"

static const struct region {
	const char *name, *displayed, *geography, *group;
} regions[] = {
	{ "eastus", "East US", "United States", "US" },
	{ "eastus2", "East US 2", "United States", "US" },
	{ "centralus", "Central US", "United States", "US" },
	{ "northcentralus", "North Central US", "United States", "US" },
	{ "southcentralus", "South Central US", "United States", "US" },
	{ "westcentralus", "West Central US", "United States", "US" },
	{ "westus", "West US", "United States", "US" },
	{ "westus2", "West US 2", "United States", "US" },
	{ "westus3", "West US 3", "United States", "US" },
	{ "canadacentral", "Canada Central", "Canada", "Canada" },
	{ "canadaeast", "Canada East", "Canada", "Canada" },
	{ "brazilsouth", "Brazil South", "Brazil", "South America" },
	{ "brazilsoutheast", "Brazil Southeast", "Brazil", "South America" },
	{ "chilecentral", "Chile Central", "Chile", "South America" },
	{ "mexicocentral", "Mexico Central", "Mexico", "Mexico" },
	{ "northeurope", "North Europe", "Europe", "Europe" },
	{ "westeurope", "West Europe", "Europe", "Europe" },
	{ "austriaeast", "Austria East", "Austria", "Europe" },
	{ "belgiumcentral", "Belgium Central", "Belgium", "Europe" },
	{ "francecentral", "France Central", "France", "Europe" },
	{ "francesouth", "France South", "France", "Europe" },
	{ "germanywestcentral", "Germany West Central", "Germany", "Europe" },
	{ "germanynorth", "Germany North", "Germany", "Europe" },
	{ "italynorth", "Italy North", "Italy", "Europe" },
	{ "norwayeast", "Norway East", "Norway", "Europe" },
	{ "norwaywest", "Norway West", "Norway", "Europe" },
	{ "polandcentral", "Poland Central", "Poland", "Europe" },
	{ "spaincentral", "Spain Central", "Spain", "Europe" },
	{ "swedencentral", "Sweden Central", "Sweden", "Europe" },
	{ "swedensouth", "Sweden South", "Sweden", "Europe" },
	{ "switzerlandnorth", "Switzerland North", "Switzerland", "Europe" },
	{ "switzerlandwest", "Switzerland West", "Switzerland", "Europe" },
	{ "uksouth", "UK South", "United Kingdom", "Europe" },
	{ "ukwest", "UK West", "United Kingdom", "Europe" },
	{ "eastasia", "East Asia", "Asia Pacific", "Asia Pacific" },
	{ "southeastasia", "Southeast Asia", "Asia Pacific", "Asia Pacific" },
	{ "indonesiacentral", "Indonesia Central", "Indonesia", "Asia Pacific" },
	{ "malaysiawest", "Malaysia West", "Malaysia", "Asia Pacific" },
	{ "australiaeast", "Australia East", "Australia", "Asia Pacific" },
	{ "australiacentral", "Australia Central", "Australia", "Asia Pacific" },
	{ "australiacentral2", "Australia Central 2", "Australia", "Asia Pacific" },
	{ "australiasoutheast", "Australia Southeast", "Australia", "Asia Pacific" },
	{ "centralindia", "Central India", "India", "Asia Pacific" },
	{ "southindia", "South India", "India", "Asia Pacific" },
	{ "westindia", "West India", "India", "Asia Pacific" },
	{ "jioindiawest", "Jio India West", "India", "Asia Pacific" },
	{ "jioindiacentral", "Jio India Central", "India", "Asia Pacific" },
	{ "japaneast", "Japan East", "Japan", "Asia Pacific" },
	{ "japanwest", "Japan West", "Japan", "Asia Pacific" },
	{ "koreacentral", "Korea Central", "Korea", "Asia Pacific" },
	{ "koreasouth", "Korea South", "Korea", "Asia Pacific" },
	{ "newzealandnorth", "New Zealand North", "New Zealand", "Asia Pacific" },
	{ "qatarcentral", "Qatar Central", "Qatar", "Middle East" },
	{ "uaenorth", "UAE North", "UAE", "Middle East" },
	{ "uaecentral", "UAE Central", "UAE", "Middle East" },
	{ "israelcentral", "Israel Central", "Israel", "Middle East" },
	{ "southafricanorth", "South Africa North", "South Africa", "Africa" },
	{ "southafricawest", "South Africa West", "South Africa", "Africa" },
};

json_t *regions_displayed(void)
{
	json_t *out = json_array();

	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		json_array_append_new(out, json_string(regions[i].displayed));
	return out;
}

const char *regions_text(struct arena *arena, const char *between)
{
	struct buf text;
	const char *out;

	buf_init(&text, BUF_OWN_TEXT);
	for (size_t i = 0; i < ARRAY_LEN(regions); i++)
		buf_printf(&text, "%s%s", i > 0 ? between : "", regions[i].name);
	out = arena_strdup(arena, text.data);
	buf_release(&text);
	return out;
}

bool regions_has(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
		if (strcmp(regions[i].name, name) == 0)
			return true;
	}
	return false;
}

bool regions_list(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *subscription = cloud_subscription(&emulator->cloud, target->subscription);
	json_t *value = json_array();

	(void)request;
	for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
		const struct region *region = &regions[i];

		json_array_append_new(value,
			json_pack("{s:o,s:s,s:s,s:s,s:o,s:{s:s,s:s,s:s,s:s}}", "id",
				json_sprintf("/subscriptions/%s/locations/%s", subscription,
					region->name),
				"name", region->name, "type", "Region", "displayName",
				region->displayed, "regionalDisplayName",
				json_sprintf("(%s) %s", region->group, region->displayed),
				"metadata", "regionType", "Physical", "regionCategory",
				"Recommended", "geography", region->geography, "geographyGroup",
				region->group));
	}
	return response_json(response, 200, json_pack("{s:o}", "value", value));
}

bool tenants_list(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *tenant = emulator->cloud.tenant;

	(void)target;
	(void)request;
	return response_json(response, 200,
		json_pack("{s:[{s:o,s:s,s:s,s:s,s:s,s:s,s:[s]}]}", "value", "id",
			json_sprintf("/tenants/%s", tenant), "tenantId", tenant, "countryCode",
			"US", "displayName", "Emulated", "tenantCategory", "Home", "defaultDomain",
			"emulated.onmicrosoft.com", "domains", "emulated.onmicrosoft.com"));
}

static json_t *subscription_told(const struct cloud *cloud, const char *id)
{
	return json_pack("{s:o,s:s,s:s,s:s,s:s,s:{s:s,s:s,s:s},s:s,s:[]}", "id",
		json_sprintf("/subscriptions/%s", id), "subscriptionId", id, "tenantId",
		cloud->tenant, "displayName", "Emulated", "state", "Enabled",
		"subscriptionPolicies", "locationPlacementId", "Public_2014-09-01", "quotaId",
		"PayAsYouGo_2014-09-01", "spendingLimit", "Off", "authorizationSource", "RoleBased",
		"managedByTenants");
}

bool subscriptions_list(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const struct cloud *cloud = &emulator->cloud;
	json_t *value = json_array();
	json_t *id;
	size_t i;

	(void)target;
	(void)request;
	json_array_append_new(value, subscription_told(cloud, cloud->subscription));
	json_array_foreach (cloud->more, i, id)
		json_array_append_new(value, subscription_told(cloud, json_string_value(id)));
	return response_json(response, 200, json_pack("{s:o}", "value", value));
}

bool subscription_get(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const struct cloud *cloud = &emulator->cloud;

	(void)request;
	return response_json(response, 200,
		subscription_told(cloud, cloud_subscription(cloud, target->subscription)));
}
