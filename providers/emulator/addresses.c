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
	const char *state = json_text_at(subnet, "/properties/provisioningState");
	const json_t *network;

	if (subnet != NULL && target.type->index == TYPE_SUBNET && strcmp(state, "Deleting") != 0 &&
		text_same_nocase(target.subscription, w->target->subscription)) {
		network = cloud_find(cloud, target.root_type, target.root_key);
		if (strcmp(json_text_at(network, "/location"),
			    json_text_at(resource, "/location")) == 0)
			return subnet;
	}
	refuse_reference(w->response, subnet_id, json_text_at(resource, "/id"));
	return NULL;
}

enum family configuration_family(const json_t *configuration)
{
	const char *version = json_text_at(configuration, "/properties/privateIPAddressVersion");

	return version != NULL && strcmp(version, "IPv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4;
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

static void take(json_t *taken, const struct ip *ip)
{
	char usual[IP_TEXT];

	ip_format(ip, usual);
	json_object_set_new(taken, usual, json_true());
}

static bool is_below(const char *id, const char *above)
{
	return above != NULL && text_starts_nocase(id, above) && id[strlen(above)] == '/';
}

json_t *addresses_taken(const struct cloud *cloud, const json_t *subnet, const char *except_id)
{
	struct arena *arena = arena_new();
	json_t *taken = json_object();
	json_t *reference;
	size_t i;

	json_array_foreach (json_at(subnet, "/properties/ipConfigurations"), i, reference) {
		const char *id = json_text_at(reference, "/id");
		const char *text =
			is_below(id, except_id) ? NULL : configuration_address(cloud, arena, id);
		struct ip ip;

		if (text != NULL && ip_parse(&ip, text))
			take(taken, &ip);
	}
	arena_free(arena);
	return taken;
}

bool address_is_taken(const json_t *taken, const struct ip *ip)
{
	char usual[IP_TEXT];

	ip_format(ip, usual);
	return json_object_get(taken, usual) != NULL;
}

struct pool *pool_of(struct pools *pools, const json_t *subnet)
{
	struct pool *pool;

	for (size_t i = 0; i < pools->count; i++) {
		if (pools->items[i].subnet == subnet)
			return &pools->items[i];
	}
	pool = ARENA_PUSH(pools->w->request->arena, pools->items, pools->count);
	pool->subnet = subnet;
	pool->taken = addresses_taken(&pools->w->emulator->cloud, subnet, pools->except_id);
	return pool;
}

void pool_take(struct pool *pool, const struct ip *ip)
{
	take(pool->taken, ip);
}

/* In one range, from its n-th address on; false with n behind those that are looked at. */
static bool find_free(const struct prefix *range, const json_t *taken, uint64_t *n, struct ip *out)
{
	for (; *n < SEARCHED_MAX; ++*n) {
		if (!ip_add(out, &range->base, *n) || !prefix_has_ip(range, out))
			return false;
		if (!address_is_reserved(range, out) && !address_is_taken(taken, out))
			return true;
	}
	return false;
}

bool pool_give(struct pools *pools, struct pool *pool, enum family family, char out[IP_TEXT])
{
	uint64_t *from = family == FAMILY_IPV6 ? &pool->from6 : &pool->from4;
	const char *text;

	/* A place is that of a range and that in it. */
	for (size_t i = *from / SEARCHED_MAX; (text = subnet_range(pool->subnet, i)) != NULL; i++) {
		uint64_t n = i == *from / SEARCHED_MAX ? *from % SEARCHED_MAX : 0;
		struct prefix range;
		struct ip ip;

		if (!prefix_parse(&range, text) || range.base.family != family ||
			!find_free(&range, pool->taken, &n, &ip))
			continue;
		*from = i * SEARCHED_MAX + n;
		take(pool->taken, &ip);
		ip_format(&ip, out);
		return true;
	}
	return refuse(pools->w->response, 400, "SubnetIsFull",
		"Subnet %s does not have enough capacity for 1 IP addresses.",
		json_text_at(pool->subnet, "/name"));
}

void pools_release(struct pools *pools)
{
	for (size_t i = 0; i < pools->count; i++)
		json_decref(pools->items[i].taken);
}
