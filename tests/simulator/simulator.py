# SPDX-License-Identifier: Apache-2.0
"""The reference for `waybill reach`: which pods reach each other by routes, told the slow way.

It follows docs/reachability.md and shares nothing with the engine: a subnet's routes are one list
that is scanned for every packet, a network is the dict that the YAML is made of, and every single
address of a pod CIDR is sent a packet. Pod CIDRs are therefore to be small.
"""
import ipaddress

MOST_HOPS = 16
DROPPED_BY_AZURE = [ipaddress.ip_network(text) for text in
                    ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
EVERYTHING = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
USER, SYSTEM = 2, 1  # a user's route wins over Azure's own of equal prefix
WORSE = ["ok", "assumed", "unknown", "broken"]


def networks_of(member, single=None):
    """The prefixes that a body writes as a list, or as a single one."""
    return [ipaddress.ip_network(text) for text in member or ([single] if single else [])]


class World:
    """A configuration, with what has to be known of it in order to follow a packet."""

    def __init__(self, configuration):
        self.networks = configuration["virtualNetworks"]
        self.tables = configuration.get("routeTables", {})
        self.sets = {name: body["nodes"] for name, body in configuration["nodeSets"].items()}
        self.joined = configuration.get("reach", [])
        self.space = {name: networks_of(body["addressSpace"]["addressPrefixes"])
                      for name, body in self.networks.items()}
        self.subnets = {}  # (network, subnet): prefixes
        for name, body in self.networks.items():
            for key, subnet in body.get("subnets", {}).items():
                self.subnets[name, key] = networks_of(subnet.get("addressPrefixes"),
                                                      subnet.get("addressPrefix"))
        self.owners = {}  # address: node
        for nodes in self.sets.values():
            for name, node in nodes.items():
                for text in addresses_of(node):
                    self.owners[ipaddress.ip_address(text)] = name
        self.nodes = {name: node for nodes in self.sets.values() for name, node in nodes.items()}
        self.routes = {subnet: self.routes_of(*subnet) for subnet in self.subnets}

    def subnet_around(self, address):
        """(network, subnet) of an address, or None."""
        around = [(prefix.prefixlen, subnet) for subnet, prefixes in self.subnets.items()
                  for prefix in prefixes if address in prefix]
        return max(around)[1] if around else None

    def subnet_of_node(self, name):
        """A node has one interface, where its first address is."""
        return self.subnet_around(ipaddress.ip_address(addresses_of(self.nodes[name])[0]))

    # ---- peerings ----

    def peering(self, here, there):
        for body in self.networks[here].get("virtualNetworkPeerings", {}).values():
            if body["remoteVirtualNetwork"] == there:
                return body
        return None

    def connected(self, here, there):
        """A planned peering connects once both sides of it stand."""
        return self.peering(here, there) is not None and self.peering(there, here) is not None

    def passes(self, here, there):
        """Whether what a machine forwards gets from one network into the other."""
        if here == there:
            return True
        if not self.connected(here, there):
            return False
        sides = self.peering(here, there), self.peering(there, here)
        return all(side.get("allowVirtualNetworkAccess", True) and
                   side.get("allowForwardedTraffic", False) for side in sides)

    # ---- routes ----

    def table_of(self, network, subnet):
        name = self.networks[network]["subnets"][subnet].get("routeTable")
        return self.tables[name] if name else None

    def routes_of(self, network, subnet):
        """(prefix, origin, preference among equals, next hop type, next hop address)."""
        routes = [(prefix, SYSTEM, 3, "VnetLocal", None) for prefix in self.space[network]]
        for other in self.networks:
            if other != network and self.connected(network, other):
                routes += [(prefix, SYSTEM, 2, "VNetPeering", None) for prefix in self.space[other]]
        user = (self.table_of(network, subnet) or {}).get("routes", {}).values()
        takes_all = any(route["addressPrefix"] == "0.0.0.0/0" for route in user)
        for prefix in DROPPED_BY_AZURE:
            if not takes_all and not any(own.version == 4 and prefix.subnet_of(own) for own in self.space[network]):
                routes.append((prefix, SYSTEM, 1, "None", None))
        routes += [(prefix, SYSTEM, 0, "Internet", None) for prefix in EVERYTHING]
        for route in user:
            if "/" not in route["addressPrefix"]:
                continue  # a service tag: public addresses
            hop = route.get("nextHopIpAddress")
            routes.append((ipaddress.ip_network(route["addressPrefix"]), USER, 0,
                           route["nextHopType"], hop and ipaddress.ip_address(hop)))
        return routes

    def find_route(self, subnet, address):
        best = None
        for route in self.routes[subnet]:
            prefix, origin, preference = route[:3]
            if address not in prefix:
                continue
            rank = prefix.prefixlen, origin, preference
            if best is None or rank > best[0]:
                best = rank, route
        return best[1]

    def gateway_may_know_better(self, subnet, route, pods):
        """BGP may have taught a longer prefix, though none that beats the networks' own ranges."""
        network, name = subnet
        gateway = "GatewaySubnet" in self.networks[network].get("subnets", {}) or any(
            self.peering(network, other).get("useRemoteGateways", False)
            for other in self.networks if other != network and self.connected(network, other))
        table = self.table_of(network, name)
        if not gateway or (table and table.get("disableBgpRoutePropagation", False)):
            return False
        prefix, origin, _, kind, _ = route
        if origin == USER:
            return prefix.prefixlen < pods.prefixlen
        return kind in ("None", "Internet")

    # ---- packets ----

    def send(self, source, target, pods, address):
        """What becomes of one packet from a pod of `source` to an address of `target`'s pods."""
        subnet = self.subnet_of_node(source)
        if subnet is None:
            return "unknown"
        forwards = [self.nodes[source].get("forwards")]
        for _ in range(MOST_HOPS):
            if forwards[-1] is False:
                return "broken"
            route = self.find_route(subnet, address)
            if self.gateway_may_know_better(subnet, route, pods):
                return "unknown"
            kind, hop = route[3:]
            if kind == "VirtualNetworkGateway":
                return "unknown"
            if kind != "VirtualAppliance":
                return "broken"
            owner = self.owners.get(hop)
            next_subnet = self.subnet_of_node(owner) if owner else self.subnet_around(hop)
            if next_subnet is None or not self.passes(subnet[0], next_subnet[0]):
                return "broken"
            forwards.append(self.nodes[owner].get("forwards") if owner else None)
            if owner == target:
                if forwards[-1] is False:
                    return "broken"
                return "ok" if all(forwards) else "assumed"
            subnet = next_subnet
        return "broken"

    def verdict(self, source, target, pods):
        return max((self.send(source, target, pods, address) for address in pods),
                   key=WORSE.index)

    def verdicts(self):
        """{(source set, source, target set, target, pod CIDR): verdict}"""
        pairs = {(name, name) for name in self.sets}
        for join in self.joined:
            pairs |= {(a, b) for a in join for b in join}
        found = {}
        for a, b in pairs:
            for source, node in self.nodes_of(a):
                families = {pods.version for pods in pods_of(node)}
                for target, other in self.nodes_of(b):
                    for pods in pods_of(other):
                        if source != target and pods.version in families:
                            found[a, source, b, target, str(pods)] = \
                                self.verdict(source, target, pods)
        return found

    def nodes_of(self, name):
        return self.sets[name].items()


def addresses_of(node):
    return node.get("ips") or [node["ip"]]


def pods_of(node):
    return [ipaddress.ip_network(text) for text in node.get("podCIDRs") or [node["podCIDR"]]]
