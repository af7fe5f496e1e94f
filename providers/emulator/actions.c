/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/actions.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/addresses.h"
#include "providers/emulator/effective.h"
#include "providers/emulator/machine_model.h"
#include "providers/emulator/machine_state.h"
#include "providers/emulator/providers.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/rules.h"
#include "providers/emulator/scale_sets.h"

/* Of the free addresses that are named, and of those looked at for them. */
#define FREE_NAMED 5
#define FREE_SEARCHED 65536

/* One question about one item, which is there. */
struct asking {
	struct emulator *emulator;
	const struct target *target;
	const struct request *request;
	struct response *response;
	json_t *root, *item;
};

static bool accept(struct asking *asking, struct operation *operation)
{
	operation_headers(operation, &asking->emulator->cloud, asking->emulator->endpoint,
		asking->request, asking->response);
	return response_json(asking->response, 202, NULL);
}

/* Steals the answer. */
static bool answer_later(struct asking *asking, json_t *answer)
{
	struct emulator *emulator = asking->emulator;

	return accept(asking,
		operation_begin_question(&emulator->operations, &emulator->cloud, asking->target,
			asking->request, emulator->options.operation_ms, answer));
}

static bool ask_effective_routes(struct asking *asking)
{
	json_t *routes = effective_routes(
		&asking->emulator->cloud, asking->item, asking->request->arena, asking->response);

	return routes != NULL && answer_later(asking, routes);
}

/* There are no security groups here, so none has an effect. */
static bool ask_effective_groups(struct asking *asking)
{
	return effective_is_known(&asking->emulator->cloud, asking->item, asking->request->arena,
		       "SecurityGroups", asking->response) &&
		answer_later(asking, json_pack("{s:[]}", "value"));
}

static bool set_power(struct asking *asking, const char *power)
{
	struct emulator *emulator = asking->emulator;
	const struct operation *running =
		operation_running(&emulator->operations, asking->target->root_key);

	if (running != NULL)
		return refuse_busy(asking->response, asking->request, emulator->endpoint,
			&emulator->cloud, running);
	return accept(asking,
		operation_begin_power(&emulator->operations, &emulator->cloud, asking->target,
			asking->request, emulator->options.operation_ms, power));
}

static bool ask_start(struct asking *asking)
{
	return set_power(asking, "running");
}

static bool ask_power_off(struct asking *asking)
{
	return set_power(asking, "stopped");
}

static bool ask_deallocate(struct asking *asking)
{
	return set_power(asking, "deallocated");
}

static bool ask_instance_view(struct asking *asking)
{
	return response_json(asking->response, 200, machine_instance_view(asking->item));
}

/* The one of them that is asked of. Steals the list. */
static bool answer_nic(struct asking *asking, json_t *nics)
{
	const char *part = asking->target->part;
	json_t *nic, *found = NULL;
	size_t i;

	json_array_foreach (nics, i, nic) {
		if (text_same_nocase(json_text_at(nic, "/name"), part))
			found = json_incref(nic);
	}
	json_decref(nics);
	if (found != NULL)
		return response_json(asking->response, 200, found);
	refuse(asking->response, 404, "NotFound", "Resource %s/networkInterfaces/%s not found.",
		json_text_at(asking->item, "/id"), part);
	json_put(asking->response->body, "/error/details", json_array());
	return false;
}

static bool ask_sizes(struct asking *asking)
{
	return response_json(asking->response, 200, json_pack("{s:o}", "value", machine_sizes()));
}

static bool ask_scale_set_view(struct asking *asking)
{
	return response_json(asking->response, 200, scale_set_view(asking->item));
}

static bool ask_instance_nics(struct asking *asking)
{
	json_auto_t *all = scale_set_nics(asking->root);
	json_t *value = json_array();
	const char *part = asking->target->part;
	json_t *nic;
	size_t i;

	json_array_foreach (all, i, nic) {
		const char *of = json_text_at(nic, "/properties/virtualMachine/id");

		if (text_same_nocase(of, json_text_at(asking->item, "/id")))
			json_array_append(value, nic);
	}
	if (part != NULL)
		return answer_nic(asking, value);
	return response_json(asking->response, 200, json_pack("{s:o}", "value", value));
}

/* Of a subnet: addresses in use, and how many there may be. */
static json_t *subnet_usage(const json_t *subnet)
{
	const char *text = subnet_range(subnet, 0);
	struct prefix range;
	double limit = -1;

	if (text != NULL && prefix_parse(&range, text) && range.base.family == FAMILY_IPV4)
		limit = (double)(UINT64_C(1) << (32 - range.length)) - ADDRESSES_RESERVED_FIRST - 1;
	return json_pack("{s:f,s:s,s:f,s:{s:s,s:s},s:s}", "currentValue",
		(double)json_array_size(json_at(subnet, "/properties/ipConfigurations")), "id",
		json_text_at(subnet, "/id"), "limit", limit, "name", "localizedValue",
		"Subnet size and usage", "value", "SubnetSpace", "unit", "Count");
}

static bool ask_usages(struct asking *asking)
{
	json_t *value = json_array();
	json_t *subnet;
	size_t i;

	json_array_foreach (json_at(asking->item, "/properties/subnets"), i, subnet)
		json_array_append_new(value, subnet_usage(subnet));
	return response_json(asking->response, 200, json_pack("{s:o}", "value", value));
}

static json_t *free_addresses(const struct prefix *range, const json_t *taken)
{
	json_t *out = json_array();
	struct ip ip;

	for (uint64_t n = ADDRESSES_RESERVED_FIRST; n < FREE_SEARCHED; n++) {
		char text[IP_TEXT];

		if (!ip_add(&ip, &range->base, n) || !prefix_has_ip(range, &ip) ||
			json_array_size(out) == FREE_NAMED)
			break;
		if (address_is_reserved(range, &ip) || address_is_taken(taken, &ip))
			continue;
		ip_format(&ip, text);
		json_array_append_new(out, json_string(text));
	}
	return out;
}

static bool ask_address(struct asking *asking)
{
	const char *text = request_query(asking->request, "ipAddress");
	json_t *subnet;
	struct ip ip;
	size_t i;

	/* Codes of both refusals are not confirmed. */
	if (text == NULL || !ip_parse(&ip, text))
		return refuse(asking->response, 400, "InvalidIPAddress",
			"The IP address %s is not valid.", text != NULL ? text : "");
	json_array_foreach (json_at(asking->item, "/properties/subnets"), i, subnet) {
		const char *range_text = subnet_range(subnet, 0);
		struct prefix range;
		bool reserved, available;

		if (range_text == NULL || !prefix_parse(&range, range_text) ||
			!prefix_has_ip(&range, &ip))
			continue;
		json_auto_t *taken = addresses_taken(&asking->emulator->cloud, subnet, NULL);

		reserved = address_is_reserved(&range, &ip);
		available = !reserved && !address_is_taken(taken, &ip);
		return response_json(asking->response, 200,
			json_pack("{s:b,s:o,s:b}", "available", available, "availableIPAddresses",
				available ? json_array() : free_addresses(&range, taken),
				"isPlatformReserved", reserved));
	}
	return refuse(asking->response, 400, "PrivateIPAddressNotInAnySubnet",
		"Private static IP address %s does not belong to the range of any subnet in "
		"virtual "
		"network %s.",
		text, json_text_at(asking->item, "/id"));
}

static const struct {
	enum type_index type;
	const char *method, *word;
	bool (*ask)(struct asking *);
} actions[] = {
	{ TYPE_NIC, "POST", "effectiveRouteTable", ask_effective_routes },
	{ TYPE_NIC, "POST", "effectiveNetworkSecurityGroups", ask_effective_groups },
	{ TYPE_VM, "POST", "start", ask_start },
	{ TYPE_VM, "POST", "restart", ask_start },
	{ TYPE_VM, "POST", "powerOff", ask_power_off },
	{ TYPE_VM, "POST", "deallocate", ask_deallocate },
	{ TYPE_VM, "GET", "instanceView", ask_instance_view },
	{ TYPE_VM, "GET", "vmSizes", ask_sizes },
	{ TYPE_NETWORK, "GET", "usages", ask_usages },
	{ TYPE_NETWORK, "GET", "CheckIPAddressAvailability", ask_address },
	{ TYPE_SCALE_SET, "GET", "instanceView", ask_scale_set_view },
	{ TYPE_INSTANCE, "GET", "instanceView", ask_instance_view },
	{ TYPE_INSTANCE, "GET", "networkInterfaces", ask_instance_nics },
};

/* New; NULL with a refusal. */
static json_t *find_item(struct asking *asking)
{
	const struct target *target = asking->target;

	if (asking->root == NULL) {
		refuse_missing(asking->response, target, &asking->emulator->cloud);
		return NULL;
	}
	if (target->type->derive == NULL)
		return json_incref(asking->root);
	return scale_set_instance(asking->root, target, asking->response);
}

bool actions_serve(struct emulator *emulator, const struct target *target,
	const struct request *request, struct response *response)
{
	struct asking asking = { emulator, target, request, response,
		cloud_find(&emulator->cloud, target->root_type, target->root_key), NULL };
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (actions[i].type != target->type->index ||
			!text_same_nocase(actions[i].word, target->action))
			continue;
		known = true;
		if (strcmp(actions[i].method, request->method) != 0)
			continue;
		asking.item = find_item(&asking);
		if (asking.item == NULL)
			return false;
		bool served = actions[i].ask(&asking);

		json_decref(asking.item);
		return served;
	}
	return known ? refuse_method(response, request)
		     : providers_refuse(emulator, target, request, response);
}
