/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/peerings.h"

#include <string.h>

#include "engine/base/ip.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/refusals.h"
#include "providers/emulator/write.h"

#define STATE "/properties/peeringState"
#define TAKEN_OVER "/properties/remoteAddressSpace/addressPrefixes"

/* One peering that is looked at. */
struct peering {
	struct write *w;
	const json_t *network;
	json_t *item;
	const json_t *before; /* as it is stored, or NULL */
	const char *id, *remote_id;
	const json_t *remote; /* NULL: it is gone */
	bool written;         /* by this request */
};

static const char *remote_of(const json_t *item)
{
	return json_text_at(item, "/properties/remoteVirtualNetwork/id");
}

static json_t *space_of(const json_t *network)
{
	return json_at(network, "/properties/addressSpace/addressPrefixes");
}

static json_t *peerings_of(const json_t *network)
{
	return type_children(type_at(TYPE_PEERING), network);
}

static bool is_in_state(const json_t *item, const char *state)
{
	const char *have = json_text_at(item, STATE);

	return have != NULL && strcmp(have, state) == 0;
}

/* The peering of `network` with the network of that id, or NULL. */
static json_t *peering_with(const json_t *network, const char *id)
{
	json_t *item;
	size_t i;

	json_array_foreach (peerings_of(network), i, item) {
		const char *remote = remote_of(item);

		if (remote != NULL && text_same_nocase(remote, id))
			return item;
	}
	return NULL;
}

static json_t *network_by_id(const struct cloud *cloud, const char *id)
{
	struct arena *arena = arena_new();
	struct target target;
	json_t *network = id != NULL ? cloud_by_id(cloud, arena, id, &target) : NULL;

	if (network != NULL && target.type->index != TYPE_NETWORK)
		network = NULL;
	arena_free(arena);
	return network;
}

/* The first range of `a` that overlaps one of `b`, or NULL. */
static const char *overlap(const json_t *a, const json_t *b)
{
	json_t *x, *y;
	size_t i, n;

	json_array_foreach (space_of(a), i, x) {
		json_array_foreach (space_of(b), n, y) {
			struct prefix one, other;

			if (prefix_parse(&one, json_string_value(x)) &&
				prefix_parse(&other, json_string_value(y)) &&
				prefix_overlaps(&one, &other))
				return json_string_value(x);
		}
	}
	return NULL;
}

static bool has_range(const json_t *ranges, const char *range)
{
	json_t *item;
	size_t i;

	json_array_foreach (ranges, i, item) {
		if (strcmp(json_string_value(item), range) == 0)
			return true;
	}
	return false;
}

static bool same_ranges(const json_t *a, const json_t *b)
{
	json_t *item;
	size_t i;

	json_array_foreach (a, i, item) {
		if (!has_range(b, json_string_value(item)))
			return false;
	}
	return json_array_size(a) == json_array_size(b);
}

/* ---- refusals ---- */

static bool check_overlap(const struct peering *p)
{
	const char *name = json_text_at(p->network, "/id");
	const char *range = overlap(p->network, p->remote);
	json_t *other;
	size_t i;

	if (range != NULL)
		return refuse(p->w->response, 400, "VnetAddressSpacesOverlap",
			"Cannot create or update peering %s. Virtual networks %s and %s cannot be "
			"peered because their address spaces overlap. Overlapping address "
			"prefixes: %s",
			p->id, name, p->remote_id, range);
	json_array_foreach (peerings_of(p->remote), i, other) {
		const json_t *third = network_by_id(&p->w->emulator->cloud, remote_of(other));

		if (third == NULL || text_same_nocase(json_text_at(third, "/id"), name))
			continue;
		range = overlap(p->network, third);
		if (range != NULL)
			return refuse(p->w->response, 400,
				"VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
				"Cannot create or update peering %s. Virtual networks %s and %s "
				"cannot be peered because address space of the first virtual "
				"network overlaps with address space of virtual network %s already "
				"peered with the second virtual network. Overlapping address "
				"prefixes: %s.",
				p->id, name, p->remote_id, json_text_at(third, "/id"), range);
	}
	return true;
}

static bool check_remote(const struct peering *p)
{
	const char *had = p->before != NULL ? remote_of(p->before) : NULL;
	struct target target = target_parse(p->w->request->arena, p->remote_id);
	const struct operation *running;

	if (target.kind != TARGET_ITEM || target.type->index != TYPE_NETWORK)
		return refuse(p->w->response, 400, "LinkedInvalidPropertyId",
			"Property id '%s' at path 'properties.remoteVirtualNetwork.id' is invalid. "
			"Expect fully qualified resource Id.",
			p->remote_id);
	/* That it is refused is known, its code is not. */
	if (had != NULL && !text_same_nocase(had, p->remote_id))
		return refuse(p->w->response, 400, "RemoteVnetCannotBeChanged",
			"The remote virtual network of peering %s cannot be changed.", p->id);
	if (p->remote == NULL)
		return refuse_reference(p->w->response, p->remote_id, p->id);
	running = operation_running(&p->w->emulator->operations, target.root_key);
	return running == NULL || p->w->request->internal ||
		refuse_busy(p->w->response, p->w->request, p->w->emulator->endpoint,
			&p->w->emulator->cloud, running);
}

static bool check_back(const struct peering *p)
{
	const char *network = json_text_at(p->network, "/id");
	const json_t *back = peering_with(p->remote, network);

	if (back == NULL || !is_in_state(back, "Disconnected"))
		return true;
	return refuse(p->w->response, 400, "RemotePeeringIsDisconnected",
		"Cannot create or update peering %s because remote peering %s referencing parent "
		"virtual network %s is in Disconnected state. Update or re-create the remote "
		"peering to get it back to Initiated state. Peering gets Disconnected when remote "
		"vnet or remote peering is deleted and re-created.",
		p->id, json_text_at(back, "/id"), network);
}

static bool check_single(const struct peering *p)
{
	const json_t *first = peering_with(p->network, p->remote_id);

	return first == p->item ||
		refuse(p->w->response, 400, "AnotherPeeringAlreadyReferencesRemoteVnet",
			"Peering %s already references remote virtual network %s. Cannot add "
			"another peering %s referencing the same remote virtual network.",
			json_text_at(first, "/id"), p->remote_id, p->id);
}

/* ---- what the server fills in ---- */

static void put_space(json_t *item, const char *pointer, const json_t *network)
{
	json_put(item, pointer,
		json_pack("{s:o}", "addressPrefixes", json_deep_copy(space_of(network))));
}

static void fill_written(const struct peering *p)
{
	bool connects = peering_with(p->remote, json_text_at(p->network, "/id")) != NULL;

	json_put(p->item, STATE, json_string(connects ? "Connected" : "Initiated"));
	json_put(p->item, "/properties/remoteVirtualNetwork",
		json_pack("{s:s}", "id", json_text_at(p->remote, "/id")));
	if (p->before == NULL || p->w->request->syncs_remote)
		put_space(p->item, "/properties/remoteAddressSpace", p->remote);
}

static bool check_peering(const struct peering *p)
{
	if (p->remote_id == NULL)
		return refuse_format(p->w->response, "MissingJsonProperty",
			"Required property 'remoteVirtualNetwork' not found in JSON of peering %s.",
			p->id);
	if (p->written && !check_remote(p))
		return false;
	if (!check_single(p) || (p->remote != NULL && !check_overlap(p)))
		return false;
	if (p->written && !check_back(p))
		return false;
	if (p->written)
		fill_written(p);
	return true;
}

bool check_peerings(struct write *w, json_t *network)
{
	const char *child = w->target->child;
	json_t *item;
	size_t i;

	json_array_foreach (peerings_of(network), i, item) {
		const char *name = json_text_at(item, "/name");
		struct peering p = {
			.w = w,
			.network = network,
			.item = item,
			.before = cloud_child(type_at(TYPE_PEERING), w->before, name, NULL),
			.id = json_text_at(item, "/id"),
			.remote_id = remote_of(item),
			.remote = network_by_id(&w->emulator->cloud, remote_of(item)),
		};

		p.written = p.before == NULL ||
			(w->target->type->index == TYPE_PEERING && text_same_nocase(child, name));
		if (!check_peering(&p))
			return false;
	}
	return true;
}

/* ---- agreement of the two sides ---- */

static void set_sync_level(
	json_t *item, const json_t *network, const json_t *back, const json_t *remote)
{
	static const char *const levels[2][2] = { { "FullyInSync", "RemoteNotInSync" },
		{ "LocalNotInSync", "LocalAndRemoteNotInSync" } };
	bool remote_is_newer = !same_ranges(json_at(item, TAKEN_OVER), space_of(remote));
	bool local_is_newer =
		back != NULL && !same_ranges(json_at(back, TAKEN_OVER), space_of(network));

	json_put(item, "/properties/peeringSyncLevel",
		json_string(levels[local_is_newer][remote_is_newer]));
	put_space(item, "/properties/remoteVirtualNetworkAddressSpace", remote);
}

static void link_added(json_t *item, const json_t *network, json_t *back, const json_t *remote)
{
	if (is_in_state(item, "Connected"))
		json_put(back != NULL ? back : item, STATE,
			json_string(back != NULL ? "Connected" : "Disconnected"));
	if (remote == NULL)
		return;
	set_sync_level(item, network, back, remote);
	if (back != NULL)
		set_sync_level(back, remote, item, network);
}

void peerings_link(struct cloud *cloud, const json_t *network, bool add)
{
	json_t *item;
	size_t i;

	json_array_foreach (peerings_of(network), i, item) {
		const json_t *remote = network_by_id(cloud, remote_of(item));
		json_t *back = peering_with(remote, json_text_at(network, "/id"));

		if (add)
			link_added(item, network, back, remote);
		else if (back != NULL)
			json_put(back, STATE, json_string("Disconnected"));
	}
}
