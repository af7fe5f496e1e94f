# SPDX-License-Identifier: Apache-2.0
"""Peerings declared in YAML: made, changed, mended and destroyed."""
import re

import pytest
from harness import GROUP, HEAD, Waybill, kill_at, writes

NETWORKS = """\
virtualNetworks:
  left:
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    subnets: {one: {addressPrefix: 10.8.0.0/24, routeTable: t}}
    virtualNetworkPeerings:
      to-right: {remoteVirtualNetwork: right, allowForwardedTraffic: true}
  right:
    addressSpace: {addressPrefixes: [10.9.0.0/16]}
    subnets: {one: {addressPrefix: 10.9.0.0/24, routeTable: t}}
    virtualNetworkPeerings:
      to-left: {remoteVirtualNetwork: left, allowForwardedTraffic: true}
"""
NODES = """\
nodeSets:
  w:
    nodes:
      a: {ip: 10.8.0.4, podCIDR: 10.200.0.0/24}
      b: {ip: 10.9.0.4, podCIDR: 10.200.1.0/24}
routeTables:
  t:
    nodeRoutes: [{nodeSet: w}]
"""
LEFT = "virtualNetworks/left/virtualNetworkPeerings/to-right"
RIGHT = "virtualNetworks/right/virtualNetworkPeerings/to-left"


def reached(result):
    return re.search(r"^Reachability by routes: (.*)$", result.stdout, re.M).group(1)


def path(azure, address):
    return f"{GROUP}/providers/Microsoft.Network/{address}"


def properties(azure, address):
    return azure.get(path(azure, address))["properties"]


def states(azure):
    return [properties(azure, address)["peeringState"] for address in (LEFT, RIGHT)]


@pytest.fixture
def two(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + NETWORKS + NODES)
    waybill.apply()
    return waybill


@pytest.fixture
def bare(tmp_path, azure):
    """The same without nodes and routes, so that no path can be lost."""
    waybill = Waybill(tmp_path / "w", azure, HEAD + NETWORKS.replace(", routeTable: t", ""))
    waybill.apply()
    return waybill


@pytest.mark.sanitizer
def test_two_networks_are_peered_changed_and_destroyed(tmp_path, azure):
    before = azure.cloud()
    waybill = Waybill(tmp_path / "w", azure, HEAD + NETWORKS + NODES)
    assert reached(waybill.plan()) == "2 of 2 pod paths after apply (0 of 2 now)"
    waybill.apply()
    assert states(azure) == ["Connected", "Connected"]
    waybill.assert_settled()
    assert reached(waybill.run("reach", check=0)) == "2 of 2 pod paths after apply (2 of 2 now)"

    text = waybill.file.read_text()
    waybill.replace("{remoteVirtualNetwork: right, allowForwardedTraffic: true}",
                    "{remoteVirtualNetwork: right, allowForwardedTraffic: false}")
    assert waybill.actions("--allow-unreachable") == {LEFT: ["update"]}
    assert "path-lost" in waybill.plan(check=1).codes
    azure.clear()
    waybill.apply("--allow-unreachable")
    assert writes(azure.requests()) == [("PUT", path(azure, LEFT))]
    assert properties(azure, LEFT)["allowForwardedTraffic"] is False
    assert states(azure) == ["Connected", "Connected"]
    waybill.plan("--detailed-exitcode", check=0)
    waybill.write(text)
    waybill.apply()
    waybill.assert_settled()

    waybill.destroy()
    assert azure.cloud() == before


@pytest.mark.sanitizer
@pytest.mark.parametrize("address", [LEFT, RIGHT])
def test_a_peering_deleted_behind_our_back_is_made_again(two, address):
    """Azure refuses it until the side that is left has been written again."""
    azure = two.azure
    azure.delete(path(azure, address))
    other = RIGHT if address == LEFT else LEFT
    assert two.actions() == {address: ["create"], other: ["update"]}
    plan = two.plan()
    assert reached(plan) == "2 of 2 pod paths after apply (0 of 2 now)"
    assert "it has lost the peering back" in plan.stdout
    azure.clear()
    two.apply("--expect", plan.plan_id)
    assert writes(azure.requests()) == [("PUT", path(azure, other)), ("PUT", path(azure, address))]
    assert states(azure) == ["Connected", "Connected"]
    two.assert_settled()


@pytest.mark.sanitizer
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_to_what_is_written_again_is_lost(two, when):
    two.azure.delete(path(two.azure, RIGHT))
    two.azure.drop(when=when, method="PUT", path=LEFT)
    two.apply()
    assert two.azure.armed()["armed"] == 0
    assert states(two.azure) == ["Connected", "Connected"]
    two.assert_settled()


def test_the_network_of_a_peering_deleted_behind_our_back(two):
    azure = two.azure
    azure.delete(path(azure, "virtualNetworks/right"))
    two.apply("--max-deletes", "10")
    assert states(azure) == ["Connected", "Connected"]
    two.assert_settled()


@pytest.mark.sanitizer
def test_a_network_that_is_made_again_takes_its_peer_along(two):
    """What names it cannot be changed in place, so it goes and comes with it."""
    azure = two.azure
    options = "--replace", "virtualNetworks/right", "--allow-unreachable", "--max-deletes", "10"
    assert two.actions(*options)[LEFT] == ["delete", "create"]
    two.apply(*options)
    assert states(azure) == ["Connected", "Connected"]
    two.assert_settled()


def test_a_peering_that_is_renamed_takes_the_place_of_the_old(bare):
    """Azure takes one of two networks, and the other side has to be written again in between."""
    renamed = RIGHT + "-now"
    bare.replace("      to-left: {", "      to-left-now: {")
    assert bare.actions() == {RIGHT: ["delete"], renamed: ["create"], LEFT: ["update"]}
    bare.azure.clear()
    bare.apply()
    assert writes(bare.azure.requests()) == [
        ("DELETE", path(bare.azure, RIGHT)), ("PUT", path(bare.azure, LEFT)), ("PUT", path(bare.azure, renamed))]
    assert properties(bare.azure, renamed)["peeringState"] == properties(bare.azure, LEFT)["peeringState"] == "Connected"
    bare.assert_settled()


@pytest.mark.sanitizer
def test_a_rename_cuts_the_paths_across_for_a_while_and_says_so(two):
    two.replace("      to-left: {", "      to-left-now: {")
    result = two.plan()
    assert reached(result) == "2 of 2 pod paths after apply (2 of 2 now)"
    assert result.codes == ["path-cut"]
    assert f"from `delete {RIGHT}` until `create {RIGHT}-now`" in result.stderr
    two.apply()
    two.assert_settled()


def test_one_peering_alone_is_renamed(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  spoke:
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    virtualNetworkPeerings: {one: {remoteVirtualNetwork: kubernetes-vnet}}
  kubernetes-vnet: {existing: true}
""")
    waybill.apply()
    waybill.replace("{one: {", "{other: {")
    waybill.apply()
    waybill.assert_settled()


def test_a_peering_of_someone_else_with_the_same_remote_is_told(bare):
    bare.replace("      to-right: {remoteVirtualNetwork: right, allowForwardedTraffic: true}\n",
                 "      to-right: {remoteVirtualNetwork: right, allowForwardedTraffic: true}\n"
                 "      to-theirs: {remoteVirtualNetwork: kubernetes-vnet}\n")
    bare.replace("virtualNetworks:\n", "virtualNetworks:\n  kubernetes-vnet: {existing: true}\n")
    bare.azure.put(path(bare.azure, "virtualNetworks/left/virtualNetworkPeerings/theirs"), {"properties": {
        "remoteVirtualNetwork": {"id": path(bare.azure, "virtualNetworks/Kubernetes-VNet")}}})
    assert bare.plan(check=1).codes == ["peering-duplicate-remote"]


@pytest.mark.sanitizer
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_dies_while_it_mends(two, when):
    two.azure.delete(path(two.azure, RIGHT))
    assert kill_at(two, 1, when, "apply", "--auto-approve", method="PUT", path=LEFT)
    two.apply()
    assert states(two.azure) == ["Connected", "Connected"]
    two.azure.delete(path(two.azure, RIGHT))
    assert kill_at(two, 1, when, "apply", "--auto-approve", method="PUT", path=RIGHT)
    two.apply()
    assert states(two.azure) == ["Connected", "Connected"]
    two.assert_settled()


def test_a_peering_that_is_made_again_needs_the_other_written_again(two):
    options = "--replace", RIGHT, "--allow-unreachable"
    assert two.actions(*options) == {RIGHT: ["delete", "create"], LEFT: ["update"]}
    two.azure.clear()
    two.apply(*options)
    assert writes(two.azure.requests()) == [
        ("DELETE", path(two.azure, RIGHT)), ("PUT", path(two.azure, LEFT)), ("PUT", path(two.azure, RIGHT))]
    assert states(two.azure) == ["Connected", "Connected"]
    two.assert_settled()


@pytest.mark.sanitizer
def test_a_new_address_range_reaches_the_other_side(two):
    azure = two.azure
    two.replace("addressPrefixes: [10.9.0.0/16]", "addressPrefixes: [10.9.0.0/16, 10.10.0.0/16]")
    assert two.actions() == {"virtualNetworks/right": ["update"], LEFT: ["update"]}
    assert two.plan().codes == []
    two.apply()
    assert properties(azure, LEFT)["remoteAddressSpace"]["addressPrefixes"] == ["10.9.0.0/16", "10.10.0.0/16"]
    assert [properties(azure, side)["peeringSyncLevel"] for side in (LEFT, RIGHT)] == ["FullyInSync"] * 2
    two.assert_settled()

    body = azure.get(path(azure, "virtualNetworks/right"))
    body["properties"]["addressSpace"]["addressPrefixes"] = ["10.9.0.0/16"]
    azure.put(path(azure, "virtualNetworks/right"), body)
    two.replace("addressPrefixes: [10.9.0.0/16, 10.10.0.0/16]", "addressPrefixes: [10.9.0.0/16]")
    assert two.actions() == {LEFT: ["update"]}
    two.apply()
    two.assert_settled()


@pytest.mark.sanitizer
def test_one_side_leaves_and_comes_back(bare):
    """The one that stays is not left broken: whoever wants to can make the other again."""
    text = bare.file.read_text()
    bare.replace("    virtualNetworkPeerings:\n"
                 "      to-left: {remoteVirtualNetwork: left, allowForwardedTraffic: true}\n", "")
    assert bare.actions() == {RIGHT: ["delete"], LEFT: ["update"]}
    assert f"# {RIGHT} goes: it is written again\n" in bare.plan().stdout
    bare.apply()
    assert properties(bare.azure, LEFT)["peeringState"] == "Initiated"
    bare.assert_settled()
    bare.write(text)
    assert bare.actions() == {RIGHT: ["create"]}
    bare.apply()
    assert states(bare.azure) == ["Connected", "Connected"]


def test_a_network_leaves_with_its_side(bare):
    """There is nothing to write again towards a network that is gone."""
    text = bare.file.read_text()
    bare.write(text[:text.index("  right:\n")].replace(
        "remoteVirtualNetwork: right", f"remoteVirtualNetwork: {path(bare.azure, 'virtualNetworks/right')}"))
    assert LEFT not in bare.actions("--max-deletes", "10")
    bare.apply("--max-deletes", "10")
    assert properties(bare.azure, LEFT)["peeringState"] == "Disconnected"


@pytest.mark.sanitizer
def test_the_other_side_is_someone_elses(tmp_path, azure):
    """They delete theirs: ours is written again, without which they could not make theirs again."""
    theirs = azure.id("virtualNetworks", "kubernetes-vnet") + "/virtualNetworkPeerings/theirs"
    waybill = Waybill(tmp_path / "w", azure, HEAD + f"""\
virtualNetworks:
  spoke:
    addressSpace: {{addressPrefixes: [10.8.0.0/16]}}
    virtualNetworkPeerings:
      ours: {{remoteVirtualNetwork: {azure.id("virtualNetworks", "kubernetes-vnet")}}}
""")
    ours = "virtualNetworks/spoke/virtualNetworkPeerings/ours"
    body = {"properties": {"remoteVirtualNetwork": {"id": path(azure, "virtualNetworks/spoke")}}}
    waybill.apply()
    azure.put(theirs, body)
    waybill.assert_settled()
    azure.delete(theirs)
    assert azure.request("PUT", theirs, body)[0] == 400
    assert waybill.actions() == {ours: ["update"]}
    waybill.apply()
    assert properties(azure, ours)["peeringState"] == "Initiated"
    waybill.assert_settled()
    azure.put(theirs, body)
    assert properties(azure, ours)["peeringState"] == "Connected"
    waybill.assert_settled()


@pytest.mark.sanitizer
def test_a_peering_in_a_network_of_someone_else_in_another_group(tmp_path, azure):
    hub = f"/subscriptions/{azure.subscription}/resourceGroups/hub"
    azure.put(hub, {"location": "japaneast"})
    azure.put(f"{hub}/providers/Microsoft.Network/virtualNetworks/hub", {
        "location": "japaneast", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}})
    before = azure.cloud()
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  spoke:
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    virtualNetworkPeerings:
      to-hub: {remoteVirtualNetwork: hub}
  hub:
    resourceGroup: hub
    existing: true
    virtualNetworkPeerings:
      to-spoke: {remoteVirtualNetwork: spoke}
""")
    waybill.apply()
    waybill.assert_settled()
    hubs = f"{hub}/providers/Microsoft.Network/virtualNetworks/hub/virtualNetworkPeerings/to-spoke"
    assert azure.get(hubs)["properties"]["peeringState"] == "Connected"
    waybill.destroy()
    assert azure.cloud() == before


@pytest.mark.sanitizer
def test_a_remote_by_its_id_that_nobody_declares(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + f"""\
virtualNetworks:
  spoke:
    addressSpace: {{addressPrefixes: [10.8.0.0/16]}}
    virtualNetworkPeerings:
      to-theirs: {{remoteVirtualNetwork: {azure.id("virtualNetworks", "kubernetes-vnet")}}}
""")
    waybill.apply()
    waybill.assert_settled()
    waybill.replace("kubernetes-vnet}", "kubernetes-vnet, allowGatewayTransit: true}")
    waybill.apply()
    waybill.assert_settled()
    assert properties(azure, "virtualNetworks/spoke/virtualNetworkPeerings/to-theirs")["allowGatewayTransit"]


def test_another_remote_is_another_peering(bare):
    bare.replace("virtualNetworks:\n",
                 "virtualNetworks:\n  third:\n    addressSpace: {addressPrefixes: [10.7.0.0/16]}\n")
    bare.apply()
    bare.replace("{remoteVirtualNetwork: right,", "{remoteVirtualNetwork: third,")
    assert bare.actions() == {LEFT: ["delete", "create"], RIGHT: ["update"]}
    bare.apply()
    assert states(bare.azure) == ["Initiated", "Initiated"]
    bare.assert_settled()


@pytest.mark.sanitizer
def test_what_azure_refuses_is_told_at_the_yaml(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + """\
virtualNetworks:
  left:
    addressSpace: {addressPrefixes: [10.240.0.0/16]}
    virtualNetworkPeerings:
      to-theirs: {remoteVirtualNetwork: kubernetes-vnet}
  kubernetes-vnet: {existing: true}
""")
    result = waybill.run("apply", "--auto-approve", check=1)
    assert "overlap" in result.stderr
    assert re.search(r"waybill\.yaml:\d+:\d+: error:", result.stderr)


@pytest.mark.sanitizer
def test_a_peering_with_a_network_in_another_subscription(tmp_path, emulator):
    other = "00000000-0000-0000-0000-0000000000bb"
    azure = emulator(f"subscriptions: [{other}]\nresourceGroups: {{kubernetes: {{location: japaneast}}}}\n")
    azure.put(f"/subscriptions/{other}/resourceGroups/kubernetes", {"location": "japaneast"})
    before = azure.cloud()
    waybill = Waybill(tmp_path / "w", azure, HEAD + NETWORKS.replace(", routeTable: t", "").replace(
        "  right:\n", f"  right:\n    subscription: {other}\n"))
    waybill.apply()
    waybill.assert_settled()
    theirs = f"/subscriptions/{other}/resourceGroups/kubernetes/providers/Microsoft.Network/{RIGHT}"
    assert azure.get(theirs)["properties"]["peeringState"] == "Connected"
    assert properties(azure, LEFT)["peeringState"] == "Connected"
    azure.delete(theirs)
    waybill.apply()
    assert azure.get(theirs)["properties"]["peeringState"] == "Connected"
    waybill.assert_settled()
    waybill.destroy()
    assert azure.cloud() == before
