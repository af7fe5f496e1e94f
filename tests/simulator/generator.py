# SPDX-License-Identifier: Apache-2.0
"""Random networks for the simulator: a seed makes the same one on every machine.

Most routes are right, so that paths work; the rest is what people get wrong, and more: loops, holes,
strangers as next hops, ranges that meet Azure's own, half a peering, gateways.
"""
import ipaddress
import random

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
TYPES = "VirtualNetworkGateway", "VnetLocal", "Internet", "None"
# Pods of a whole network; each node gets a /28 of it, which holds few enough addresses to try all.
POD_RANGES = ("10.200.0.0/16", "172.20.0.0/16", "192.168.0.0/16", "100.70.0.0/16", "11.0.0.0/16",
              "10.1.0.0/16")  # the last one may be inside of a network


class Generator:
    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.networks, self.tables, self.sets = {}, {}, {}
        self.subnets = []  # (network, name, prefixes) that nodes may stand in
        self.nodes = []    # bodies
        self.used = set()

    def chance(self, probability):
        return self.random.random() < probability

    # ---- networks ----

    def add_network(self, number):
        name = f"net{number}-{self.seed}"
        spaces = [f"10.{number}.0.0/16"]
        if number == 0 and self.chance(0.2):
            spaces.append(self.random.choice(
                ["192.168.0.0/16", "192.168.0.0/17", "172.16.0.0/12", "172.0.0.0/8",
                 "100.64.0.0/10", "11.0.0.0/16"]))
        dual = self.chance(0.4)
        if dual:
            spaces.append(f"fd00:{number}::/48")
        subnets = {}
        for n in range(self.random.randint(1, 4)):
            prefixes = [f"10.{number}.{n}.0/24"]
            if dual:
                prefixes.append(f"fd00:{number}:0:{n}::/64")
            subnets[f"subnet{n}"] = {"addressPrefixes": prefixes}
            self.subnets.append((name, f"subnet{n}", prefixes))
        if self.chance(0.15):
            subnets["GatewaySubnet"] = {"addressPrefix": f"10.{number}.255.0/27"}
        self.networks[name] = {"addressSpace": {"addressPrefixes": spaces}, "subnets": subnets}

    def add_peerings(self):
        for here, body in self.networks.items():
            for there in self.networks:
                if here == there or self.chance(0.25):
                    continue
                peering = {"remoteVirtualNetwork": there}
                if self.chance(0.85):
                    peering["allowForwardedTraffic"] = True
                if self.chance(0.3):
                    peering["allowVirtualNetworkAccess"] = self.chance(0.7)
                if self.chance(0.07):
                    peering["useRemoteGateways"] = True
                body.setdefault("virtualNetworkPeerings", {})[f"to-{there}"] = peering

    # ---- nodes ----

    def fresh(self, make):
        while True:
            text = str(make())
            if text not in self.used:
                self.used.add(text)
                return text

    def address(self, prefix):
        prefix = ipaddress.ip_network(prefix)
        return self.fresh(lambda: prefix[self.random.randint(4, 200)])

    def pods(self, dual):
        around = ipaddress.ip_network(self.random.choice(POD_RANGES))
        pods = [self.fresh(lambda: ipaddress.ip_network((around[16 * self.random.randint(0, 900)],
                                                         28)))]
        if dual:
            around = ipaddress.ip_network("fd10::/64")
            pods.append(self.fresh(
                lambda: ipaddress.ip_network((around[16 * self.random.randint(0, 900)], 124))))
        return pods

    def add_nodes(self):
        for number in range(self.random.randint(1, 2)):
            nodes = {}
            machines = self.chance(0.5)
            for n in range(self.random.randint(2, 5)):
                _, _, prefixes = self.random.choice(self.subnets)
                if not machines and self.chance(0.03):
                    prefixes = ["10.99.0.0/24"]  # in no subnet
                ips = [self.address(prefix) for prefix in prefixes]
                node = {"ips": ips, "podCIDRs": self.pods(len(ips) > 1 and self.chance(0.8))}
                if machines:
                    node["forwards"] = self.chance(0.95)
                nodes[f"node{number}-{n}-{self.seed}"] = node
                self.nodes.append(node)
            self.sets[f"set{number}"] = {"nodes": nodes}

    # ---- routes ----

    def next_hop(self, prefix, right):
        """Mostly the node that has the pods, of the family of the prefix."""
        version = ipaddress.ip_network(prefix).version
        if right and self.chance(0.85):
            owners = [right]
        elif self.chance(0.6):
            owners = [self.random.choice(self.nodes)]
        else:
            owners = []
        for owner in owners:
            for ip in owner["ips"]:
                if ipaddress.ip_address(ip).version == version:
                    return ip
        strangers = {4: ["10.0.0.250", "10.1.0.250", "10.0.77.5", "10.77.0.5"],
                     6: ["fd00:0:0:0::fa", "fd00:1::fa", "fd77::5"]}
        return self.random.choice(strangers[version])

    def route(self, prefix, right=None):
        if right is None and self.chance(0.4):
            return {"addressPrefix": prefix, "nextHopType": self.random.choice(TYPES)}
        return {"addressPrefix": prefix, "nextHopType": "VirtualAppliance",
                "nextHopIpAddress": self.next_hop(prefix, right)}

    def part_of(self, prefix):
        prefix = ipaddress.ip_network(prefix)
        return str(self.random.choice(
            list(prefix.subnets(prefixlen_diff=self.random.randint(1, 4)))))

    def around(self, prefix):
        prefix = ipaddress.ip_network(prefix)
        return str(prefix.supernet(new_prefix=self.random.choice(
            [0, 8, 12, 16, 20, 24, 27] if prefix.version == 4 else [0, 16, 64, 112])))

    def add_tables(self):
        for number in range(self.random.randint(1, 3)):
            routes = {}
            for node in self.nodes:
                for pods in node["podCIDRs"]:
                    if self.chance(0.92):
                        routes.setdefault(pods, self.route(pods, node))
                    if self.chance(0.06):
                        routes.setdefault(*self.pair(self.part_of(pods), node))
                    if self.chance(0.08):
                        routes.setdefault(*self.pair(self.around(pods)))
            if self.chance(0.15):
                routes["tag"] = {"addressPrefix": "Storage", "nextHopType": "Internet"}
            if self.chance(0.15):
                routes.setdefault(*self.pair(self.random.choice(
                    ["10.0.0.0/8", "192.168.0.0/16", "10.0.0.0/16", "10.1.0.0/16", "0.0.0.0/0"])))
            self.tables[f"table{number}"] = {
                "disableBgpRoutePropagation": self.chance(0.4),
                "routes": {f"r{n}": route for n, route in enumerate(routes.values())}}
        for body in self.networks.values():
            for name, subnet in body["subnets"].items():
                if name != "GatewaySubnet" and self.chance(0.93):
                    subnet["routeTable"] = self.random.choice(list(self.tables))

    def pair(self, prefix, right=None):
        right = right if right and self.chance(0.5) else None
        return prefix, self.route(prefix, right)

    def configuration(self):
        for number in range(self.random.randint(1, 3)):
            self.add_network(number)
        self.add_peerings()
        self.add_nodes()
        self.add_tables()
        made = {"waybill": 1, "subscription": SUBSCRIPTION,
                "resourceGroup": f"group-{self.seed}", "location": "japaneast",
                "virtualNetworks": self.networks, "routeTables": self.tables,
                "nodeSets": self.sets}
        if len(self.sets) > 1 and self.chance(0.7):
            made["reach"] = [list(self.sets)]
        return made


def configuration(seed):
    """As in the YAML, but for `forwards` of the nodes that are machines."""
    return Generator(seed).configuration()


def is_machines(nodes):
    return all("forwards" in node for node in nodes.values())


def as_yaml(model):
    """What Waybill reads: machines are found in Azure."""
    sets = {}
    for name, body in model["nodeSets"].items():
        number = name.removeprefix("set")
        sets[name] = body if not is_machines(body["nodes"]) else {
            "virtualMachines": {"name": f"node{number}-*", "podCIDRTag": "pods"}}
    networks = {name: {**body, "adopt": True} for name, body in model["virtualNetworks"].items()}
    return {**model, "nodeSets": sets, "virtualNetworks": networks}


def as_cloud(models):
    """What the emulator holds at first: the machines of all, and the networks they are in."""
    groups, networks, machines = {}, {}, {}
    for model in models:
        group = model["resourceGroup"]
        groups[group] = {"location": model["location"]}
        for body in model["nodeSets"].values():
            if not is_machines(body["nodes"]):
                continue
            for name, node in body["nodes"].items():
                machines[name] = {
                    "resourceGroup": group, "tags": {"pods": ",".join(node["podCIDRs"])},
                    "nics": {f"{name}-nic": {"ips": node["ips"], "ipForwarding": node["forwards"],
                                             "subnet": subnet_of(model, node["ips"][0])}}}
            networks.update({
                name: {"resourceGroup": group, **network["addressSpace"],
                       "subnets": {key: {k: v for k, v in subnet.items() if k != "routeTable"}
                                   for key, subnet in network["subnets"].items()}}
                for name, network in model["virtualNetworks"].items()})
    return {"subscription": SUBSCRIPTION, "tenant": TENANT, "resourceGroups": groups,
            "virtualNetworks": networks, "virtualMachines": machines}


def subnet_of(model, ip):
    for name, network in model["virtualNetworks"].items():
        for key, subnet in network["subnets"].items():
            prefixes = subnet.get("addressPrefixes") or [subnet["addressPrefix"]]
            if any(ipaddress.ip_address(ip) in ipaddress.ip_network(p) for p in prefixes):
                return f"{name}/{key}"
    raise ValueError(ip)
