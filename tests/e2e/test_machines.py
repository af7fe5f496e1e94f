# SPDX-License-Identifier: Apache-2.0
"""Node sets from Azure: machines in groups, subscriptions and scale sets, with NICs of all kinds."""
import pytest
from harness import HEAD, TABLE, Waybill

CLOUD = """\
resourceGroups:
  kubernetes: {location: japaneast}
  other: {location: japaneast}
virtualNetworks:
  net:
    resourceGroup: kubernetes
    addressPrefixes: [10.240.0.0/16, "fd00:240::/48"]
    subnets:
      one: {addressPrefixes: [10.240.0.0/24, "fd00:240::/64"]}
      two: {addressPrefix: 10.240.1.0/24}
"""
ROUTES = """\
routeTables:
  kubernetes-routes:
    nodeRoutes: [{nodeSet: w}]
"""


def instances(*numbers, first=10):
    return "".join(f"""\
      "{n}":
        tags: {{pod-cidr: 10.200.{n}.0/24}}
        nics: {{nic: {{ip: 10.240.0.{first + n}, subnet: net/one, ipForwarding: true}}}}
""" for n in numbers)


UNIFORM = """\
virtualMachineScaleSets:
  uniform:
    resourceGroup: kubernetes
    tags: {role: worker, pod-cidr: 10.201.0.0/24}
    mode: Uniform
    instances:
"""
FLEXIBLE = """\
  flexible: {resourceGroup: kubernetes, mode: Flexible}
virtualMachines:
  flexible_a1:
    resourceGroup: kubernetes
    scaleSet: flexible
    tags: {pod-cidr: 10.210.1.0/24}
    nics: {flexible-a1: {ip: 10.240.0.101, subnet: net/one, ipForwarding: true}}
  alone:
    resourceGroup: kubernetes
    tags: {pod-cidr: 10.210.2.0/24, role: worker}
    nics: {alone: {ip: 10.240.0.102, subnet: net/one, ipForwarding: true}}
"""


def machine(name, number, *, group="kubernetes", nics=None, tags=""):
    nics = nics or f"{name}-nic: {{ip: 10.240.0.{number}, subnet: net/one, ipForwarding: true}}"
    return f"""\
  {name}:
    resourceGroup: {group}
    tags: {{pod-cidr: 10.200.{number}.0/24{tags}}}
    nics: {{{nics}}}
"""


@pytest.fixture
def read(tmp_path, emulator):
    """Makes a configuration whose set `w` is read with these words from a cloud with these machines."""
    def make(cloud, words="", more=""):
        return Waybill(tmp_path / "w", emulator(CLOUD + cloud), HEAD
                       + "nodeSets:\n  w:\n    virtualMachines: {podCIDRTag: pod-cidr"
                       + (", " + words if words else "") + "}\n" + more + ROUTES)
    return make


def rows(waybill):
    """name -> (addresses, pod CIDRs, forwarding)."""
    return {node["node"]: (node["ips"], node["pod_cidrs"], node["ip_forwarding"])
            for node in waybill.run("nodes", "--json", check=0).json["nodes"]}


def names(waybill):
    return sorted(rows(waybill))


def lists(waybill):
    return [request["path"].split("?")[0].split("/resourceGroups/kubernetes")[-1]
            for request in waybill.azure.requests() if "oauth2" not in request["path"]]


@pytest.mark.sanitizer
def test_a_uniform_scale_set(read):
    waybill = read(UNIFORM + instances(0, 1, 2) + FLEXIBLE, "scaleSet: uniform, tags: {role: worker}")
    assert rows(waybill) == {
        f"uniform_{n}": ([f"10.240.0.{10 + n}"], [f"10.200.{n}.0/24"], True) for n in range(3)}
    waybill.azure.clear()
    waybill.run("nodes", check=0)
    sets = "/providers/Microsoft.Compute/virtualMachineScaleSets"
    assert sorted(lists(waybill)) == [
        sets, f"{sets}/uniform/networkInterfaces", f"{sets}/uniform/virtualMachines"]
    versions = {request["path"].split("/")[-1] for request in waybill.azure.requests()}
    assert "networkInterfaces?api-version=2018-10-01" in versions

    waybill.apply()
    waybill.assert_settled()
    routes = waybill.azure.get(TABLE)["properties"]["routes"]
    assert {route["name"]: route["properties"]["nextHopIpAddress"] for route in routes} == {
        "uniform_0": "10.240.0.10", "uniform_1": "10.240.0.11", "uniform_2": "10.240.0.12"}
    waybill.destroy()


def test_a_tag_of_the_set_counts_where_the_machine_has_none(read):
    bare = """\
      "7":
        nics: {nic: {ip: 10.240.0.77, subnet: net/one}}
"""
    waybill = read(UNIFORM + bare, "scaleSet: uniform")
    assert rows(waybill) == {"uniform_7": (["10.240.0.77"], ["10.201.0.0/24"], False)}


def test_a_flexible_scale_set_holds_ordinary_machines(read):
    waybill = read(UNIFORM + instances(0) + FLEXIBLE, "scaleSet: flexible")
    assert rows(waybill) == {"flexible_a1": (["10.240.0.101"], ["10.210.1.0/24"], True)}


def test_without_a_scale_set_ordinary_machines_are_read(read):
    waybill = read(UNIFORM + instances(0) + FLEXIBLE)
    assert names(waybill) == ["alone", "flexible_a1"]


@pytest.mark.sanitizer
def test_several_scale_sets_by_pattern(read):
    waybill = read(UNIFORM + instances(0, 1) + FLEXIBLE, 'scaleSet: "*"')
    assert names(waybill) == ["flexible_a1", "uniform_0", "uniform_1"]
    waybill.replace('scaleSet: "*"', 'scaleSet: "uni*", name: "*_1"')
    assert names(waybill) == ["uniform_1"]
    waybill.replace('scaleSet: "uni*", name: "*_1"', 'scaleSet: uni')
    assert waybill.run("nodes", check=1).codes == ["node-set-empty"]


def test_a_uniform_machine_with_two_nics_and_two_families(read):
    waybill = read(UNIFORM + """\
      "0":
        tags: {pod-cidr: "10.200.0.0/24,fd00:200::/64"}
        nics:
          second: {ip: 10.240.1.9, subnet: net/two}
          first: {ips: [10.240.0.9, "fd00:240::9"], subnet: net/one, ipForwarding: true, primary: true}
""", "scaleSet: uniform")
    assert rows(waybill) == {"uniform_0": (
        ["10.240.0.9", "fd00:240::9"], ["10.200.0.0/24", "fd00:200::/64"], True)}


def test_the_primary_nic_of_a_machine_counts(read):
    nics = ("second: {ip: 10.240.1.9, subnet: net/two}, "
            "first: {ip: 10.240.0.9, subnet: net/one, ipForwarding: true, primary: true}")
    waybill = read("virtualMachines:\n" + machine("m", 9, nics=nics))
    assert rows(waybill) == {"m": (["10.240.0.9"], ["10.200.9.0/24"], True)}


@pytest.mark.parametrize("first", [0, 1])
def test_the_primary_address_of_a_nic_counts(read, first):
    waybill = read("virtualMachines:\n" + machine("m", 9))
    nic = waybill.azure.id("networkInterfaces", "m-nic")
    body = waybill.azure.get(nic)
    subnet = body["properties"]["ipConfigurations"][0]["properties"]["subnet"]
    body["properties"]["ipConfigurations"] = [
        {"name": f"c{n}", "properties": {"privateIPAddress": address, "subnet": subnet,
                                         "privateIPAllocationMethod": "Static", "primary": n == first}}
        for n, address in enumerate(["10.240.0.9", "10.240.0.8", "fd00:240::9"])]
    waybill.azure.put(nic, body)
    assert rows(waybill) == {"m": ([["10.240.0.9", "10.240.0.8"][first], "fd00:240::9"],
                                   ["10.200.9.0/24"], True)}


@pytest.mark.sanitizer
def test_a_machine_without_a_nic_is_incomplete(read):
    bare = "  bare: {resourceGroup: kubernetes, tags: {pod-cidr: 10.200.8.0/24}}\n"
    waybill = read("virtualMachines:\n" + machine("m", 9) + bare)
    result = waybill.plan(check=1)
    assert result.codes == ["node-incomplete"] and "bare" in result.stderr
    waybill.replace("    virtualMachines: {", "    incomplete: skip\n    virtualMachines: {")
    assert names(waybill) == ["m"]


def test_a_deallocated_machine_keeps_its_address(read):
    waybill = read("virtualMachines:\n" + machine("m", 9))
    path = waybill.azure.id("Microsoft.Compute/virtualMachines", "m")
    body = waybill.azure.get(path)
    body["properties"]["instanceView"] = {"statuses": [{"code": "PowerState/deallocated"}]}
    waybill.azure.put(path, body)
    assert names(waybill) == ["m"]


NET_OF_OTHER = """\
  net2:
    resourceGroup: other
    addressPrefixes: [10.241.0.0/16]
    subnets:
      one: {addressPrefix: 10.241.0.0/24}
"""


def test_groups_and_tags(read):
    cloud = NET_OF_OTHER + "virtualMachines:\n" + machine("a", 5, tags=", Role: worker") + machine("b", 6)
    cloud += machine("c", 7, group="other", tags=", role: worker", nics="c-nic: {ip: 10.241.0.7, subnet: net2/one}")
    waybill = read(cloud, "tags: {role: worker}")
    assert names(waybill) == ["a"]
    waybill.replace("tags: {role: worker}", 'tags: {role: worker}, resourceGroup: "*"')
    waybill.azure.clear()
    assert names(waybill) == ["a", "c"]
    paths = [request["path"].split("?")[0] for request in waybill.azure.requests()]
    assert f"/subscriptions/{waybill.azure.subscription}/providers/Microsoft.Compute/virtualMachines" in paths
    waybill.replace('tags: {role: worker}, resourceGroup: "*"', 'tags: {role: "*"}, resourceGroup: OTHER')
    assert names(waybill) == ["c"]


def test_a_scale_set_of_another_group(read):
    cloud = NET_OF_OTHER + UNIFORM.replace("resourceGroup: kubernetes", "resourceGroup: other")
    cloud += instances(0).replace("net/one", "net2/one").replace("10.240.", "10.241.")
    waybill = read(cloud, 'scaleSet: uniform, resourceGroup: "*"')
    assert names(waybill) == ["uniform_0"]
    waybill.replace('resourceGroup: "*"', "resourceGroup: other")
    assert names(waybill) == ["uniform_0"]
    waybill.replace("resourceGroup: other}", "resourceGroup: nowhere}")
    assert waybill.run("nodes", check=1).codes == ["node-set-empty"]


@pytest.mark.sanitizer
def test_machines_of_another_subscription(read):
    other = "00000000-0000-0000-0000-0000000000bb"
    waybill = read(f"subscriptions: [{other}]\nvirtualMachines:\n" + machine("m", 9), more=f"""\
  there: {{virtualMachines: {{podCIDRTag: pod-cidr, subscription: {other}}}}}
""")
    azure = waybill.azure
    group = f"/subscriptions/{other}/resourceGroups/kubernetes"
    azure.put(group, {"location": "japaneast"})
    azure.put(f"{group}/providers/Microsoft.Network/virtualNetworks/net", {
        "location": "japaneast", "properties": {
            "addressSpace": {"addressPrefixes": ["10.250.0.0/16"]},
            "subnets": [{"name": "one", "properties": {"addressPrefix": "10.250.0.0/24"}}]}})
    nic = f"{group}/providers/Microsoft.Network/networkInterfaces/n"
    azure.put(nic, {"location": "japaneast", "properties": {"ipConfigurations": [{"name": "c", "properties": {
        "privateIPAddress": "10.250.0.9", "privateIPAllocationMethod": "Static", "subnet": {
            "id": f"{group}/providers/Microsoft.Network/virtualNetworks/net/subnets/one"}}}]}})
    azure.put(f"{group}/providers/Microsoft.Compute/virtualMachines/far", {
        "location": "japaneast", "tags": {"pod-cidr": "10.220.0.0/24"},
        "properties": {"networkProfile": {"networkInterfaces": [{"id": nic}]}}})
    assert rows(waybill) == {"m": (["10.240.0.9"], ["10.200.9.0/24"], True),
                             "far": (["10.250.0.9"], ["10.220.0.0/24"], False)}
