/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/addresses.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/rules.h"
#include "providers/emulator/scale_sets.h"

#define SEARCHED_MAX 65536
#define CONFIGURATIONS "/ipConfigurations/"

bool address_is_reserved(const struct prefix *range, const struct ip *ip)
{
	struct ip next, at;

	for (uint64_t n = 0; n < ADDRESSES_RESERVED_FIRST; n++) {
		if (ip_add(&at, &range->base, n) && ip_compare(&at, ip) == 0)
			return true;
	}
	return !ip_add(&next, ip, 1) || !prefix_has_ip(range, &next);
}

bool subnet_has(const json_t *subnet, const struct ip *ip)
{
	const char *text;
	size_t i = 0;

	while ((text = subnet_range(subnet, i++)) != NULL) {
		struct prefix range;

		if (prefix_parse(&range, text) && prefix_has_ip(&range, ip))
			return true;
	}
	return false;
}

json_t *subnet_for(struct write *w, const char *subnet_id, const json_t *resource)
{
	const struct cloud *cloud = &w->emulator->cloud;
	struct target target;
	json_t *subnet = cloud_by_id(cloud, w->request->arena, subnet_id, &target);
	const json_t *network;

	if (subnet != NULL && target.type->index == TYPE_SUBNET) {
		network = cloud_find(cloud, target.root_type, target.root_key);
		if (strcmp(json_text_at(network, "/location"),
			    json_text_at(resource, "/location")) == 0)
			return subnet;
	}
	refuse_reference(w->response, subnet_id, json_text_at(resource, "/id"));
	return NULL;
}

const char *configuration_address(
	const struct cloud *cloud, struct arena *arena, const char *configuration_id)
{
	const char *end = strstr(configuration_id, CONFIGURATIONS);
	struct target target;
	const json_t *nic;
	json_t *item;
	size_t i;

	if (end == NULL)
		return NULL;
	nic = cloud_by_id(cloud, arena,
		arena_strndup(arena, configuration_id, (size_t)(end - configuration_id)), &target);
	if (target.part != NULL)
		return scale_set_address(cloud_find(cloud, target.root_type, target.root_key),
			&target, end + strlen(CONFIGURATIONS));
	json_array_foreach (json_at(nic, "/properties/ipConfigurations"), i, item) {
		if (text_same_nocase(json_text_at(item, "/id"), configuration_id))
			return json_text_at(item, "/properties/privateIPAddress");
	}
	return NULL;
}

json_t *addresses_taken(const struct cloud *cloud, const json_t *subnet)
{
	struct arena *arena = arena_new();
	json_t *taken = json_object();
	json_t *reference;
	size_t i;

	json_array_foreach (json_at(subnet, "/properties/ipConfigurations"), i, reference) {
		const char *id = json_text_at(reference, "/id");

		address_take(taken, configuration_address(cloud, arena, id), id);
	}
	arena_free(arena);
	return taken;
}

void address_take(json_t *taken, const char *text, const char *configuration_id)
{
	char usual[IP_TEXT];
	struct ip ip;

	if (text == NULL || !ip_parse(&ip, text))
		return;
	ip_format(&ip, usual);
	json_object_set_new(taken, usual, json_string(configuration_id));
}

bool address_is_taken(const json_t *taken, const struct ip *ip)
{
	char usual[IP_TEXT];

	ip_format(ip, usual);
	return json_object_get(taken, usual) != NULL;
}

/* In one range, from its n-th address on; false with n behind those that are looked at. */
static bool give_in(const struct prefix *range, const json_t *taken, uint64_t *n, char out[IP_TEXT])
{
	struct ip ip;

	for (; *n < SEARCHED_MAX; ++*n) {
		if (!ip_add(&ip, &range->base, *n) || !prefix_has_ip(range, &ip))
			return false;
		if (address_is_reserved(range, &ip) || address_is_taken(taken, &ip))
			continue;
		ip_format(&ip, out);
		return true;
	}
	return false;
}

bool address_give(struct write *w, const json_t *subnet, const json_t *taken, enum family family,
	uint64_t *from, char out[IP_TEXT])
{
	const char *text;

	/* A place is that of a range and that in it. */
	for (size_t i = *from / SEARCHED_MAX; (text = subnet_range(subnet, i)) != NULL; i++) {
		uint64_t n = i == *from / SEARCHED_MAX ? *from % SEARCHED_MAX : 0;
		struct prefix range;

		if (!prefix_parse(&range, text) || range.base.family != family ||
			!give_in(&range, taken, &n, out))
			continue;
		*from = i * SEARCHED_MAX + n + 1;
		return true;
	}
	return refuse(w->response, 400, "SubnetIsFull",
		"Subnet %s does not have enough capacity for 1 IP addresses.",
		json_text_at(subnet, "/name"));
}
