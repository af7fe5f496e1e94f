# SPDX-License-Identifier: Apache-2.0
"""What plans and `waybill reach` say of pod paths."""
import re

import pytest
from harness import HEAD, Waybill

ROUTES = """\
    routes:
      zero: {addressPrefix: 10.200.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.240.0.20}
      one: {addressPrefix: 10.200.1.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.240.0.21}
"""
ONE = [line for line in ROUTES.splitlines(keepends=True) if " one:" in line][0]


def reached(result):
    return re.search(r"^Reachability by routes: .*$", result.stdout, re.M).group(0)


@pytest.fixture
def workers(tmp_path, azure):
    return Waybill(tmp_path / "w", azure, "hard-way")


@pytest.fixture
def written_out(workers):
    """The hard way with its node routes as `routes`, applied."""
    text = workers.file.read_text()
    head, rest = text.split("    nodeRoutes:\n")
    workers.write(head + ROUTES + "\n" + rest[rest.index("outputs:"):])
    workers.apply()
    return workers


@pytest.mark.sanitizer
def test_the_hard_way_brings_two_of_two(workers):
    result = workers.plan()
    assert reached(result) == "Reachability by routes: 2 of 2 pod paths after apply (0 of 2 now)"
    assert result.stdout.splitlines()[-2] == reached(result)
    told = workers.plan_json()["waybill"]["reachability"]
    assert told["after"] == {"total": 2, "ok": 2, "assumed": 0, "unknown": 0, "broken": 0}
    assert told["now"]["broken"] == 2 and told["lost"] == 0

    workers.azure.clear()
    workers.plan("--out", "saved")
    assert len(workers.azure.requests()) <= 6
    assert reached(workers.run("show", "saved", check=0)) == reached(result)

    workers.apply()
    assert reached(workers.plan()).endswith("2 of 2 pod paths after apply (2 of 2 now)")
    assert reached(workers.plan("--destroy")).endswith("0 of 2 pod paths after destroy (2 of 2 now)")


@pytest.mark.sanitizer
def test_a_path_that_works_is_not_lost_by_accident(written_out):
    written_out.replace(ONE, "")
    for command in ("plan",), ("apply", "--auto-approve"):
        result = written_out.run(*command, check=1)
        assert "path-lost" in result.codes
        assert "worker-0 reaches the pods 10.200.1.0/24 of worker-1 now" in result.stderr
        line = written_out.file.read_text().splitlines().index("  kubernetes-routes:") + 1
        assert f"waybill.yaml:{line}:3: error:" in result.stderr
        assert "kubernetes-subnet sends it by Azure's own route 10.0.0.0/8 to None" in result.stderr
        assert "add a route for 10.200.1.0/24 to 10.240.0.21 in routeTables/kubernetes-routes" in result.stderr

    allowed = written_out.plan("--allow-unreachable", "--out", "saved")
    assert "path-lost" in allowed.codes and "error:" not in allowed.stderr
    assert reached(allowed).endswith("1 of 2 pod paths after apply (2 of 2 now)")
    written_out.run("apply", "saved", "--auto-approve", check=0)
    written_out.destroy()


def test_a_destroy_loses_paths_and_says_so(written_out):
    result = written_out.destroy()
    assert result.codes == []
    assert "Reachability by routes: 0 of 2 pod paths after destroy (2 of 2 now)" in result.text


def test_a_node_that_leaves_is_listed_and_not_counted(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.9.0.0/16]}
    subnets:
      one: {addressPrefix: 10.9.0.0/24, routeTable: t}
nodeSets:
  w:
    nodes:
      a: {ip: 10.9.0.4, podCIDR: 10.200.0.0/24}
      b: {ip: 10.9.0.5, podCIDR: 10.200.1.0/24}
      c: {ip: 10.9.0.6, podCIDR: 10.200.2.0/24}
routeTables:
  t:
    nodeRoutes: [{nodeSet: w}]
""")
    waybill.apply()
    waybill.replace("      c: {ip: 10.9.0.6, podCIDR: 10.200.2.0/24}\n", "")
    result = waybill.plan()
    assert reached(result).endswith("2 of 2 pod paths after apply (2 of 2 now)")
    assert "Not counted, because their nodes leave: 10.200.2.0/24 (10.9.0.6)\n" in result.stdout


def test_a_route_that_goes_is_no_node_that_leaves(tmp_path, azure):
    """Pods reach each other through an appliance first, and by routes of their own then."""
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.9.0.0/16]}
    subnets:
      one: {addressPrefix: 10.9.0.0/24, routeTable: t}
      two: {addressPrefix: 10.9.1.0/24, routeTable: u}
nodeSets:
  w:
    nodes:
      a: {ip: 10.9.0.4, podCIDR: 10.200.0.0/24}
      b: {ip: 10.9.0.5, podCIDR: 10.200.1.0/24}
routeTables:
  u:
    nodeRoutes: [{nodeSet: w}]
  t:
    routes:
      all: {addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance, nextHopIpAddress: 10.9.1.4}
""")
    waybill.apply()
    text = waybill.file.read_text()
    waybill.write(text[:text.index("  t:\n    routes:")] + "  t:\n    nodeRoutes: [{nodeSet: w}]\n")
    result = waybill.plan()
    assert reached(result).endswith("2 of 2 pod paths after apply (2 of 2 now)")
    assert "Not counted" not in result.stdout and "path-cut" not in result.codes


@pytest.mark.sanitizer
def test_reach_shows_a_matrix_hops_and_what_to_change(written_out):
    written_out.replace(ONE, "")
    result = written_out.run("reach", check=0)
    rows = [line.split() for line in result.stdout.splitlines() if " worker-" in line][:2]
    assert rows == [["1", "worker-0", "10.200.0.0/24", ".", "x"],
                    ["2", "worker-1", "10.200.1.0/24", "+", "."]]
    assert re.search(r"waybill.yaml:\d+: add a route for 10.200.1.0/24 to 10.240.0.21", result.stdout)
    assert "x" not in [line.split()[-1] for line in written_out.run("reach", "--now").stdout.splitlines()
                       if " worker-" in line]

    result = written_out.run("reach", "--from", "worker-0", "--to", "worker-1", check=0)
    assert "worker-0 to worker-1, pods 10.200.1.0/24 (followed: 10.200.1.0): broken" in result.stdout
    assert "(10.200.0.0/24) to 10.240.0.20, worker-0\n  delivered" in result.stdout

    told = written_out.run("reach", "--json", check=0).json
    assert {(path["from"], path["to"]): (path["verdict"], path["verdict_now"], path["fault"])
            for path in told["paths"]} == {
        ("worker-0", "worker-1"): ("broken", "ok", "dropped"),
        ("worker-1", "worker-0"): ("ok", "ok", None)}
    assert told["reachability"]["after"]["broken"] == 1
    assert [cause["fault"] for cause in told["causes"]] == ["dropped"]

    result = written_out.run("reach", "--from", "worker-0", "--to", "worker-9", check=1)
    assert result.codes == ["unknown-node"]
    assert written_out.run("reach", "--from", "worker-0", check=1).codes == ["option-value"]


def test_reach_of_many_nodes_is_a_summary_by_subnet(tmp_path, empty_azure):
    """400 nodes in four subnets, one without its table: one cause, not a hundred."""
    subnets = "".join(
        f"      s{n}: {{addressPrefix: 10.9.{n}.0/24{', routeTable: t' if n else ''}}}\n"
        for n in range(4))
    sets = "".join(
        f"      n{i}: {{ip: 10.9.{i % 4}.{10 + i // 4}, podCIDR: 10.{100 + i // 256}.{i % 256}.0/24}}\n"
        for i in range(400))
    waybill = Waybill(tmp_path / "w", empty_azure, HEAD + f"""\
virtualNetworks:
  net:
    addressSpace: {{addressPrefixes: [10.9.0.0/16]}}
    subnets:
{subnets}nodeSets:
  w:
    nodes:
{sets}routeTables:
  t:
    nodeRoutes: [{{nodeSet: w}}]
""")
    result = waybill.run("reach", check=0)
    assert reached(result).endswith(
        f"{300 * 399} of {400 * 399} pod paths after apply (0 of {400 * 399} now)")
    assert result.stdout.count("give virtualNetworks/net/subnets/s0 a route table") == 1
    row = [line.split() for line in result.stdout.splitlines() if "subnets/s1 " in line][0]
    assert row[2:] == ["10000", "10000"] or row[2:] == ["9900", "9900"]


TWO_ADDRESSES = """\
subscription: 00000000-0000-0000-0000-000000000001
tenant: 00000000-0000-0000-0000-000000000002
resourceGroups:
  kubernetes: {location: japaneast}
virtualNetworks:
  net:
    resourceGroup: kubernetes
    addressPrefixes: [10.8.0.0/16]
    subnets: {one: {addressPrefix: 10.8.0.0/24}, two: {addressPrefix: 10.8.1.0/24}}
virtualMachines:
  w-0:
    resourceGroup: kubernetes
    tags: {pods: 10.200.0.0/24}
    nics: {w-0: {ip: 10.8.0.20, subnet: net/one, ipForwarding: true}}
  w-1:
    resourceGroup: kubernetes
    tags: {pods: 10.200.1.0/24}
    nics:
      w-1: {ip: 10.8.0.21, subnet: net/one, ipForwarding: true}
      w-1-two: {ip: 10.8.1.21, subnet: net/two, ipForwarding: true}
"""


def network_of_theirs(azure, name, number):
    """A network of someone else's with one subnet."""
    azure.put(azure.id("virtualNetworks", name), {"location": "japaneast", "properties": {
        "addressSpace": {"addressPrefixes": [f"10.{number}.0.0/16"]},
        "subnets": [{"name": "one", "properties": {"addressPrefix": f"10.{number}.0.0/24"}}]}})


def peer(azure, name, other):
    azure.put(azure.id("virtualNetworks", name) + "/virtualNetworkPeerings/p", {"properties": {
        "remoteVirtualNetwork": {"id": azure.id("virtualNetworks", other)}, "allowForwardedTraffic": True}})


@pytest.mark.parametrize("state, paths", [("Connected", 2), ("Initiated", 0), ("Disconnected", 0)])
def test_peerings_that_stand_are_as_azure_says(tmp_path, azure, state, paths):
    network_of_theirs(azure, "left", 8)
    network_of_theirs(azure, "right", 9)
    peer(azure, "left", "right")
    if state != "Initiated":
        peer(azure, "right", "left")
    if state == "Disconnected":
        azure.delete(azure.id("virtualNetworks", "right") + "/virtualNetworkPeerings/p")
    left = azure.get(azure.id("virtualNetworks", "left") + "/virtualNetworkPeerings/p")
    assert left["properties"]["peeringState"] == state
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  left:
    existing: true
    subnets: {one: {existing: true, routeTable: t}}
  right:
    existing: true
    subnets: {one: {existing: true, routeTable: t}}
nodeSets:
  w:
    nodes:
      a: {ip: 10.8.0.4, podCIDR: 10.200.0.0/24}
      b: {ip: 10.9.0.4, podCIDR: 10.200.1.0/24}
routeTables:
  t:
    nodeRoutes: [{nodeSet: w}]
""")
    result = waybill.run("reach", check=0)
    assert reached(result).endswith(f"{paths} of 2 pod paths after apply (0 of 2 now)")
    assert ("the peerings of the two networks are not both connected" in result.stdout) == (paths == 0)


def test_a_machine_has_all_addresses_of_its_interfaces(tmp_path, emulator):
    """One node by a second address of its interface, the other one by a second interface."""
    azure = emulator(TWO_ADDRESSES)
    nic = azure.get(azure.id("networkInterfaces", "w-0"))
    first = nic["properties"]["ipConfigurations"][0]["properties"]
    nic["properties"]["ipConfigurations"].append({"name": "second", "properties": {
        "privateIPAddress": "10.8.0.30", "privateIPAllocationMethod": "Static", "subnet": first["subnet"]}})
    azure.put(nic["id"], nic)
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  net:
    existing: true
    subnets: {one: {existing: true, routeTable: t}, two: {existing: true, routeTable: t}}
nodeSets:
  w: {virtualMachines: {name: "w-*", podCIDRTag: pods}}
routeTables:
  t:
    routes:
      zero: {addressPrefix: 10.200.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.8.0.30}
      one: {addressPrefix: 10.200.1.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.8.1.21}
""")
    result = waybill.plan()
    assert result.codes == []
    assert reached(result).endswith("2 of 2 pod paths after apply (0 of 2 now)")
    assert "w-0 to" not in waybill.run("reach", check=0).stdout


def test_a_node_of_two_sets_is_one(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    subnets: {one: {addressPrefix: 10.8.0.0/24, routeTable: t}}
nodeSets:
  all:
    nodes:
      a: {ip: 10.8.0.4, podCIDR: 10.200.0.0/24}
      b: {ip: 10.8.0.5, podCIDR: 10.200.1.0/24}
      c: {ip: 10.8.0.6, podCIDR: 10.200.2.0/24}
  gpu:
    nodes:
      b: {ip: 10.8.0.5, podCIDR: 10.200.1.0/24}
      c: {ip: 10.8.0.6, podCIDR: 10.200.2.0/24}
routeTables:
  t:
    nodeRoutes: [{nodeSet: all}]
""")
    assert reached(waybill.plan()).endswith("8 of 8 pod paths after apply (0 of 8 now)")


def test_a_peering_of_someone_else_survives_a_write_of_the_network(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    subnets:
      one: {addressPrefix: 10.8.0.0/24}
""")
    waybill.apply()
    path = azure.id("virtualNetworks", "net")
    body = azure.get(path)
    body["properties"]["virtualNetworkPeerings"] = [{"name": "theirs", "properties": {
        "remoteVirtualNetwork": {"id": azure.id("virtualNetworks", "kubernetes-vnet")},
        "peeringState": "Initiated"}}]
    azure.put(path, body)
    assert waybill.plan().last_line == "No changes."
    waybill.replace("[10.8.0.0/16]", "[10.8.0.0/16, 10.9.0.0/16]")
    waybill.apply()
    assert azure.get(path)["properties"]["addressSpace"]["addressPrefixes"] == ["10.8.0.0/16", "10.9.0.0/16"]
    assert [peering["name"] for peering in azure.get(path)["properties"]["virtualNetworkPeerings"]] == ["theirs"]
