/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/usages.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/shape.h"
#include "providers/emulator/write.h"

static const struct usage {
	const char *name, *localized;
	size_t limit;
	enum type_index counts; /* TYPE_COUNT: by resource, so nothing is counted here */
} usages[] = {
	{ "VirtualNetworks", "Virtual Networks", 1000, TYPE_NETWORK },
	{ "NetworkInterfaces", "Network Interfaces", 65536, TYPE_NIC },
	{ "RouteTables", "Route Tables", 600, TYPE_TABLE },
	{ "SubnetsPerVirtualNetwork", "Subnets per Virtual Network", 3000, TYPE_COUNT },
	{ "PeeringsPerVirtualNetwork", "Peerings per Virtual Network", 500, TYPE_COUNT },
	{ "RoutesPerRouteTable", "Routes per Route Table", EMULATOR_MAX_ROUTES, TYPE_COUNT },
};

static const struct usage *usage_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(usages); i++) {
		if (strcmp(usages[i].name, name) == 0)
			return &usages[i];
	}
	return NULL;
}

bool usage_is_known(const char *name)
{
	return usage_named(name) != NULL;
}

size_t usage_limit(const struct emulator *emulator, const char *name)
{
	const json_t *given = json_object_get(emulator->cloud.limits, name);

	if (given != NULL)
		return (size_t)json_integer_value(given);
	if (strcmp(name, "RoutesPerRouteTable") == 0)
		return emulator->options.max_routes;
	return usage_is_known(name) ? usage_named(name)->limit : 0;
}

/* In one location of the subscription that is asked about. */
static size_t count_in(const struct cloud *cloud, enum type_index type, const char *subscription,
	const char *location)
{
	size_t len = strlen(subscription);

	size_t count = 0;
	const char *key;
	json_t *body;

	json_object_foreach (cloud->items[type], key, body) {
		const char *place = json_text_at(body, "/location");

		count += place != NULL && strcmp(place, location) == 0 &&
			text_starts_nocase(key + strlen("/subscriptions/"), subscription) &&
			key[strlen("/subscriptions/") + len] == '/';
	}
	return count;
}

bool usages_list(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	const char *location = location_short(request->arena, target->location);
	json_t *value = json_array();

	for (size_t i = 0; i < ARRAY_LEN(usages); i++) {
		const struct usage *usage = &usages[i];
		size_t count = usage->counts == TYPE_COUNT
			? 0
			: count_in(&emulator->cloud, usage->counts, target->subscription, location);

		json_array_append_new(value,
			json_pack("{s:I,s:o,s:I,s:{s:s,s:s},s:s}", "currentValue",
				(json_int_t)count, "id",
				json_sprintf("/subscriptions/%s/providers/Microsoft.Network/"
					     "locations/%s/usages/%s",
					target->subscription, target->location, usage->name),
				"limit", (json_int_t)usage_limit(emulator, usage->name), "name",
				"localizedValue", usage->localized, "value", usage->name, "unit",
				"Count"));
	}
	return response_json(response, 200, json_pack("{s:o}", "value", value));
}

bool check_table_count(struct write *w, const json_t *table)
{
	const char *location = json_text_at(table, "/location");
	size_t limit = usage_limit(w->emulator, "RouteTables");

	if (w->before != NULL || json_object_size(w->emulator->cloud.items[TYPE_TABLE]) < limit ||
		count_in(&w->emulator->cloud, TYPE_TABLE, w->target->subscription, location) <
			limit)
		return true;
	/* The limit is documented, the code of the refusal is made as those of other types. */
	return refuse(w->response, 400, "RouteTableCountLimitReached",
		"Cannot create more than %zu route tables for this subscription in this region.",
		limit);
}
