/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/types.h"

#include "engine/base/arena.h"
#include "engine/base/text.h"
#include "providers/emulator/machine_state.h"
#include "providers/emulator/peerings.h"
#include "providers/emulator/rules.h"
#include "providers/emulator/scale_sets.h"
#include "providers/emulator/scaling.h"

/* Defaults and states as in the recordings of api-version 2025-05-01, except hasBgpOverride, which
 * an older recording shows: a client must not mind it. */
static const struct resource_type types[TYPE_COUNT] = {
	[TYPE_GROUP] = {
		.index = TYPE_GROUP,
		.parent = TYPE_COUNT,
		.provider = "Microsoft.Resources",
		.segment = "resourceGroups",
		.name = "Microsoft.Resources/resourceGroups",
		.name_min = 1,
		.name_max = 90,
		.defaults = "{}",
		.read_only = "provisioningState",
		.new_state = "Succeeded",
		.again_status = 200,
		.delete_status = 202,
		.page = 1000,
		.filtered = true,
	},
	[TYPE_TABLE] = {
		.index = TYPE_TABLE,
		.parent = TYPE_GROUP,
		.children = { TYPE_ROUTE },
		.nchildren = 1,
		.provider = "Microsoft.Network",
		.segment = "routeTables",
		.name = "Microsoft.Network/routeTables",
		.name_min = 1,
		.name_max = 80,
		.defaults = "{\"disableBgpRoutePropagation\":false,\"routes\":[]}",
		.read_only = "provisioningState resourceGuid subnets",
		.guid = "resourceGuid",
		.new_state = "Updating",
		.new_waits = true,
		.again_waits = true,
		.again_status = 200,
		.delete_status = 202,
		.page = 1000,
		.check = check_table,
	},
	[TYPE_ROUTE] = {
		.index = TYPE_ROUTE,
		.parent = TYPE_TABLE,
		.provider = "Microsoft.Network",
		.segment = "routes",
		.name = "Microsoft.Network/routeTables/routes",
		.name_min = 1,
		.name_max = 80,
		.defaults = "{\"hasBgpOverride\":false}",
		.read_only = "provisioningState hasBgpOverride",
		.new_state = "Updating",
		.new_waits = true,
		.again_waits = true,
		.again_status = 200,
		.delete_status = 202,
		.page = 1000,
	},
	[TYPE_NETWORK] = {
		.index = TYPE_NETWORK,
		.parent = TYPE_GROUP,
		.children = { TYPE_SUBNET, TYPE_PEERING },
		.nchildren = 2,
		.provider = "Microsoft.Network",
		.segment = "virtualNetworks",
		.name = "Microsoft.Network/virtualNetworks",
		.name_min = 2,
		.name_max = 64,
		.defaults = "{\"privateEndpointVNetPolicies\":\"Disabled\",\"subnets\":[],"
			    "\"virtualNetworkPeerings\":[],\"enableDdosProtection\":false}",
		.read_only = "provisioningState resourceGuid flowLogs",
		.guid = "resourceGuid",
		.new_state = "Updating",
		.new_waits = true,
		.again_waits = true,
		.again_status = 201, /* recorded: not only for new ones */
		.delete_status = 202,
		.page = 1000,
		.check = check_network,
	},
	[TYPE_SUBNET] = {
		.index = TYPE_SUBNET,
		.parent = TYPE_NETWORK,
		.provider = "Microsoft.Network",
		.segment = "subnets",
		.name = "Microsoft.Network/virtualNetworks/subnets",
		.name_min = 1,
		.name_max = 80,
		.defaults = "{\"delegations\":[],\"privateEndpointNetworkPolicies\":\"Disabled\","
			    "\"privateLinkServiceNetworkPolicies\":\"Enabled\"}",
		/* Announced for new networks; whether also for new subnets of old ones is not
		 * confirmed. */
		.newer = "2025-07-01",
		.newer_defaults = "{\"defaultOutboundAccess\":false}",
		.read_only = "provisioningState ipConfigurations ipConfigurationProfiles "
			     "privateEndpoints resourceNavigationLinks serviceAssociationLinks purpose",
		.stays_unsaid = true,
		.new_state = "Updating",
		.new_waits = true,
		.again_waits = true,
		.again_status = 200,
		.delete_status = 202,
		.page = 1000,
	},
	[TYPE_PEERING] = {
		.index = TYPE_PEERING,
		.parent = TYPE_NETWORK,
		.provider = "Microsoft.Network",
		.segment = "virtualNetworkPeerings",
		.name = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
		.name_min = 1,
		.name_max = 80,
		.defaults = "{\"allowVirtualNetworkAccess\":true,\"allowForwardedTraffic\":false,"
			    "\"allowGatewayTransit\":false,\"useRemoteGateways\":false,"
			    "\"doNotVerifyRemoteGateways\":false,\"peerCompleteVnets\":true}",
		.read_only = PEERING_COMPUTED " provisioningState resourceGuid",
		.guid = "resourceGuid",
		.new_state = "Updating",
		.new_waits = true,
		.again_waits = true,
		.again_status = 200,
		.delete_status = 202,
		.page = 1000,
	},
	[TYPE_NIC] = {
		.index = TYPE_NIC,
		.parent = TYPE_GROUP,
		.provider = "Microsoft.Network",
		.segment = "networkInterfaces",
		.name = "Microsoft.Network/networkInterfaces",
		.name_min = 1,
		.name_max = 80,
		.defaults = "{\"ipConfigurations\":[],\"dnsSettings\":{\"dnsServers\":[],"
			    "\"appliedDnsServers\":[],\"internalDomainNameSuffix\":"
			    "\"emulated.bx.internal.cloudapp.net\"},\"enableAcceleratedNetworking\":false,"
			    "\"vnetEncryptionSupported\":false,\"enableIPForwarding\":false,"
			    "\"disableTcpStateTracking\":false,\"hostedWorkloads\":[],"
			    "\"tapConfigurations\":[],\"nicType\":\"Standard\","
			    "\"allowPort25Out\":true,\"defaultOutboundConnectivityEnabled\":false,"
			    "\"auxiliaryMode\":\"None\",\"auxiliarySku\":\"None\"}",
		.read_only = "provisioningState resourceGuid virtualMachine macAddress",
		.guid = "resourceGuid",
		.new_state = "Succeeded",
		.again_status = 200,
		.delete_status = 200, /* recorded, with both polling headers */
		.page = 100,
		.check = check_nic,
	},
	[TYPE_VM] = {
		.index = TYPE_VM,
		.parent = TYPE_GROUP,
		.provider = "Microsoft.Compute",
		.segment = "virtualMachines",
		.name = "Microsoft.Compute/virtualMachines",
		.name_min = 1,
		.name_max = 64,
		.defaults = "{}",
		.read_only = "provisioningState vmId " MACHINE_POWER,
		.guid = "vmId",
		.numbered_etag = true,
		.patched = true,
		.new_state = "Creating",
		.new_waits = true,
		.again_status = 200,
		.delete_status = 202,
		.page = 100,
		.filtered = true,
		.check = check_vm,
		.told = machine_told,
	},
	[TYPE_SCALE_SET] = {
		.index = TYPE_SCALE_SET,
		.parent = TYPE_GROUP,
		.children = { TYPE_INSTANCE, TYPE_INSTANCE_NIC },
		.nchildren = 2,
		.provider = "Microsoft.Compute",
		.segment = "virtualMachineScaleSets",
		.name = "Microsoft.Compute/virtualMachineScaleSets",
		.name_min = 1,
		.name_max = 64,
		.defaults = "{}",
		.read_only = "provisioningState uniqueId",
		.guid = "uniqueId",
		.numbered_etag = true,
		.patched = true,
		.new_state = "Creating",
		.new_waits = true,
		.again_waits = true,
		.again_status = 200,
		.delete_status = 202,
		.page = 100,
		.check = check_scale_set,
		.told = scale_set_told,
	},
	[TYPE_INSTANCE] = {
		.index = TYPE_INSTANCE,
		.parent = TYPE_SCALE_SET,
		.provider = "Microsoft.Compute",
		.segment = "virtualMachines",
		.name = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
		.derive = scale_set_instances,
	},
	[TYPE_INSTANCE_NIC] = {
		.index = TYPE_INSTANCE_NIC,
		.parent = TYPE_SCALE_SET,
		.provider = "Microsoft.Compute",
		.segment = "networkInterfaces",
		.name = "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces",
		.derive = scale_set_nics,
	},
};

const struct resource_type *type_at(enum type_index index)
{
	return &types[index];
}

const struct resource_type *type_root(const char *provider, const char *segment)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (types[i].parent == TYPE_GROUP &&
			text_same_nocase(types[i].provider, provider) &&
			text_same_nocase(types[i].segment, segment))
			return &types[i];
	}
	return NULL;
}

const struct resource_type *type_child(const struct resource_type *root, const char *segment)
{
	for (size_t i = 0; i < root->nchildren; i++) {
		if (text_same_nocase(types[root->children[i]].segment, segment))
			return &types[root->children[i]];
	}
	return NULL;
}

json_t *type_told(const struct resource_type *type, json_t *body)
{
	return type->told != NULL ? type->told(body) : json_incref(body);
}

json_t *type_children(const struct resource_type *child_type, const json_t *root)
{
	return json_object_get(json_object_get(root, "properties"), child_type->segment);
}
