# SPDX-License-Identifier: Apache-2.0
"""Two random configurations of one network, and what stands after some of a plan's steps.

The first is applied; the second is planned over it. A half-way state is told the slow way, too: the
steps that are done put what the plan says of their resources into the first configuration.
"""
import copy
import itertools
import random

import simulator
from generator import SUBSCRIPTION

# Networks on their way from right to right, by detours that people would not write.
CHECKS = ("appliance-loop", "azure-path-captured", "next-hop-outside-network", "next-hop-unknown",
          "node-subnet-table", "pod-cidr-captured", "pod-cidr-in-vnet", "pod-cidr-without-route",
          "route-stale")


class Pair:
    """`before` and `after`, and what the second plan is told to replace."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.replace = []
        self.nodes = {}
        self.networks = {}
        for number in range(self.random.choice([1, 1, 2, 2, 3])):
            self.networks[f"net{number}"] = {
                "addressSpace": {"addressPrefixes": [f"10.{number}.0.0/16"]},
                "subnets": {f"s{n}": {"addressPrefix": f"10.{number}.{n}.0/24"}
                            for n in range(self.random.randint(1, 3))}}
        for here, there in itertools.permutations(self.networks, 2):
            self.networks[here].setdefault("virtualNetworkPeerings", {})[f"to-{there}"] = {
                "remoteVirtualNetwork": there, "allowForwardedTraffic": True}
        places = [subnet["addressPrefix"] for subnet in self.subnets()]
        for n in range(self.random.randint(2, 5)):
            prefix = self.random.choice(places)
            self.nodes[f"node{n}"] = {"ip": prefix.replace(".0/24", f".{10 + n}"),
                                      "podCIDR": f"11.0.0.{16 * n}/28"}
        own = self.chance(0.6)  # else tables are shared at random
        self.tables = {f"t{n}": {"routes": {}}
                       for n in range(len(places) if own else self.random.randint(1, 3))}
        for n, subnet in enumerate(self.subnets()):
            if own or self.chance(0.9):
                subnet["routeTable"] = f"t{n}" if own else self.random.choice(list(self.tables))
        self.draw(self.nodes)
        self.seed = seed
        self.before = self.model()
        for _ in range(self.random.randint(1, 4)):
            self.random.choice([self.rewrite, self.move, self.move, self.move_away, self.exchange,
                                self.make_anew, self.change_peering, self.cover, self.draw_some,
                                self.draw_some, self.draw_some])()
        self.after = self.model()

    def chance(self, probability):
        return self.random.random() < probability

    def subnets(self):
        return [s for body in self.networks.values() for s in body["subnets"].values()]

    def model(self):
        return copy.deepcopy({
            "waybill": 1, "subscription": SUBSCRIPTION, "resourceGroup": f"group-{self.seed}",
            "location": "japaneast", "checks": {code: "off" for code in CHECKS},
            "resourceGroups": {f"group-{self.seed}": {}},
            "virtualNetworks": self.networks, "routeTables": self.tables,
            "nodeSets": {"set": {"nodes": self.nodes}}})

    def draw(self, nodes):
        """Ways to nodes that arrive from everywhere: each table leads to the node itself, or to
        one in a subnet whose table is nearer to it."""
        tables = {}
        for name, node in self.nodes.items():
            for subnet in self.subnets():
                if subnet["addressPrefix"].rsplit(".", 1)[0] == node["ip"].rsplit(".", 1)[0]:
                    tables[name] = subnet.get("routeTable")
        for name in nodes:
            order = self.random.sample(sorted(self.tables), len(self.tables))
            for n, table in enumerate(order):
                nearer = [other for other in self.nodes
                          if other != name and tables[other] in order[:n]]
                via = self.random.choice(nearer) if nearer and self.chance(0.6) else name
                self.tables[table]["routes"][f"to-{name}"] = \
                    self.route(self.nodes[name]["podCIDR"], via)

    def routes(self):
        """To each node, mostly directly, else through another one, be it that it leads back."""
        routes = {}
        for name, node in self.nodes.items():
            via = name if self.chance(0.75) else self.random.choice(list(self.nodes))
            if self.chance(0.95):
                routes[f"to-{name}"] = self.route(node["podCIDR"], via)
        return routes

    def route(self, prefix, via):
        return {"addressPrefix": prefix, "nextHopType": "VirtualAppliance",
                "nextHopIpAddress": self.nodes[via]["ip"]}

    # ---- what changes ----

    def rewrite(self):
        """Routes of one table lead elsewhere."""
        table = self.random.choice(list(self.tables.values()))
        for name, route in self.routes().items():
            if self.chance(0.6):
                table["routes"][name] = route

    def draw_some(self):
        """All tables lead to some nodes in another way."""
        self.draw(self.random.sample(sorted(self.nodes), self.random.randint(1, len(self.nodes))))

    def cover(self):
        """A node's own route goes, and one that holds all takes its place."""
        table = self.random.choice(list(self.tables.values()))
        table["routes"].pop(self.random.choice([*table["routes"], "none"]), None)
        table["routes"]["all"] = self.route("11.0.0.0/24", self.random.choice(list(self.nodes)))

    def move(self):
        """A subnet takes another table, perhaps a new one."""
        if self.chance(0.5):
            self.tables[f"t{len(self.tables)}-new"] = {"routes": self.routes()}
        self.random.choice(self.subnets())["routeTable"] = self.random.choice(list(self.tables))

    def move_away(self):
        """All subnets leave a table, which goes."""
        if len(self.tables) < 2:
            return
        gone = self.random.choice(list(self.tables))
        del self.tables[gone]
        for subnet in self.subnets():
            if subnet.get("routeTable") == gone:
                subnet["routeTable"] = self.random.choice(list(self.tables))
        self.replace = [address for address in self.replace if address != f"routeTables/{gone}"]

    def exchange(self):
        """Two subnets exchange their tables."""
        one, other = self.random.choice(self.subnets()), self.random.choice(self.subnets())
        if "routeTable" in one and "routeTable" in other:
            one["routeTable"], other["routeTable"] = other["routeTable"], one["routeTable"]

    def make_anew(self):
        """A table is replaced under its own name."""
        name = self.random.choice(list(self.tables))
        if name in self.before["routeTables"]:
            self.replace.append(f"routeTables/{name}")

    def change_peering(self):
        here = self.random.choice(list(self.networks))
        peerings = self.networks[here].get("virtualNetworkPeerings", {})
        if not peerings:
            return
        name = self.random.choice(list(peerings))
        if self.chance(0.3):
            del peerings[name]
        elif self.chance(0.5):
            peerings[name]["allowForwardedTraffic"] ^= True
        else:
            self.replace.append(f"virtualNetworks/{here}/virtualNetworkPeerings/{name}")


def put(model, address, body):
    """Puts what a plan says of a resource (None: it goes) into a configuration."""
    words = address.split("/")
    parent = model
    for word in words[:-1]:
        parent = parent.setdefault(word, {})
    if body is None:
        parent.pop(words[-1], None)
        return
    properties = body.get("properties", {})
    own = parent.setdefault(words[-1], {})
    for member in "addressSpace", "addressPrefix", "nextHopType", "nextHopIpAddress", \
            "allowForwardedTraffic", "allowVirtualNetworkAccess", "disableBgpRoutePropagation":
        if member in properties:
            own[member] = properties[member]
    for member in "routeTable", "remoteVirtualNetwork":
        if member in properties:
            own[member] = properties[member]["id"].split("/")[-1]
        elif words[-2] == "subnets":
            own.pop(member, None)


class Plan:
    """A plan's document, as steps that may be done in part."""

    def __init__(self, pair, document):
        self.before = pair.before
        self.steps = document["waybill"]["steps"]
        self.changes = {change["address"]: change for change in document["resource_changes"]}
        self.told = document["waybill"]["reachability"]
        self.detaching = {step["number"] for step in self.steps if self.detaches(step)}

    def detaches(self, step):
        """A subnet lets its table go, which is made anew, and takes it again in a later step."""
        return any(later["address"] == step["address"] and later["number"] > step["number"] and
                   later["verb"] == step["verb"] == "update" for later in self.steps)

    def state(self, done):
        model = copy.deepcopy(self.before)
        for step in self.steps:
            if step["number"] not in done:
                continue
            addresses = sorted(step["changes"], reverse=step["verb"] == "delete")
            for address in addresses:
                after = self.changes[address]["change"]["after"]
                if step["verb"] == "delete":
                    after = None
                if step["number"] in self.detaching:
                    after = copy.deepcopy(self.changes[address]["change"]["before"])
                    after["properties"].pop("routeTable")
                put(model, address, after)
        return model

    def needs(self):
        """{step: those that it could not be done before}: what Azure itself refuses."""
        needs = {step["number"]: {n for n in step["waits"] if self.is_needed(step, self.steps[n])}
                 for step in self.steps}
        return needs

    def is_needed(self, step, first):
        if step["address"] == first["address"]:
            return True
        peerings = [s for s in (step, first) if "virtualNetworkPeerings" in s["address"]]
        if peerings:
            return len(peerings) == 2
        if first["verb"] == "create" and first["address"].startswith("routeTables/"):
            return True  # what waits for a new table takes it
        return step["verb"] == "delete"

    def closed_sets(self, waits):
        """All sets of steps in which nothing is done before what it waits for."""
        found = {frozenset()}
        todo = [frozenset()]
        while todo:
            done = todo.pop()
            for step in self.steps:
                number = step["number"]
                more = done | {number}
                if number not in done and done.issuperset(waits[number]) and more not in found:
                    found.add(more)
                    todo.append(more)
        return found


def reached(model):
    """The paths that arrive, as far as what is not read forwards."""
    return {path for path, verdict in simulator.World(model).verdicts().items()
            if verdict in ("ok", "assumed")}
