# SPDX-License-Identifier: Apache-2.0
"""Peerings as the emulator knows them: two sides, their states, and what Azure refuses."""
import pytest

pytestmark = pytest.mark.sanitizer


def code(answer):
    return answer[0], answer[2]["error"]["code"]


def network(*prefixes, **more):
    return {"location": "japaneast",
            "properties": {"addressSpace": {"addressPrefixes": list(prefixes)}, **more}}


@pytest.fixture
def two(empty_azure):
    """Networks left (10.1.0.0/16) and right (10.2.0.0/16) in group g."""
    empty_azure.put(empty_azure.group("g"), {"location": "japaneast"})
    for name, prefix in ("left", "10.1.0.0/16"), ("right", "10.2.0.0/16"):
        empty_azure.put(empty_azure.id("virtualNetworks", name, "g"), network(prefix))
    return empty_azure


def path(azure, name, peering=None):
    base = azure.id("virtualNetworks", name, "g")
    return f"{base}/virtualNetworkPeerings/{peering}" if peering else base


def peer(azure, name, remote, query="", **more):
    return azure.request("PUT", path(azure, name, f"to-{remote}") + f"?api-version=2024-05-01{query}", {
        "properties": {"remoteVirtualNetwork": {"id": path(azure, remote)}, **more}})


def state(azure, name, remote):
    properties = azure.get(path(azure, name, f"to-{remote}"))["properties"]
    return properties["peeringState"], properties["peeringSyncLevel"]


def test_two_sides_connect_and_part(two):
    status, headers, body = peer(two, "left", "right", allowForwardedTraffic=True)
    assert status == 201 and "azure-asyncoperation" in headers
    assert body["id"] == path(two, "left", "to-right")
    assert body["type"] == "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
    properties = body["properties"]
    assert properties.pop("resourceGuid")
    assert properties == {
        "provisioningState": "Succeeded", "peeringState": "Initiated", "peeringSyncLevel": "FullyInSync",
        "remoteVirtualNetwork": {"id": path(two, "right")},
        "remoteAddressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
        "remoteVirtualNetworkAddressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
        "allowVirtualNetworkAccess": True, "allowForwardedTraffic": True, "allowGatewayTransit": False,
        "useRemoteGateways": False, "doNotVerifyRemoteGateways": False, "peerCompleteVnets": True}

    assert peer(two, "right", "left", peeringState="Initiated")[2]["properties"]["peeringState"] == "Connected"
    assert state(two, "left", "right") == state(two, "right", "left") == ("Connected", "FullyInSync")
    listed = two.get(path(two, "left") + "/virtualNetworkPeerings")["value"]
    assert listed == two.get(path(two, "left"))["properties"]["virtualNetworkPeerings"]
    assert [item["name"] for item in listed] == ["to-right"]

    assert two.request("DELETE", path(two, "right", "to-left"))[0] == 202
    assert two.get(path(two, "right", "to-left")) is None
    assert state(two, "left", "right")[0] == "Disconnected"
    assert code(peer(two, "right", "left")) == (400, "RemotePeeringIsDisconnected")
    assert peer(two, "left", "right")[2]["properties"]["peeringState"] == "Initiated"
    peer(two, "right", "left")
    assert state(two, "left", "right")[0] == state(two, "right", "left")[0] == "Connected"

    assert two.request("DELETE", path(two, "right"))[0] == 202
    assert state(two, "left", "right")[0] == "Disconnected"
    assert two.request("DELETE", path(two, "left", "to-right"))[0] == 202
    assert two.get(path(two, "left"))["properties"]["virtualNetworkPeerings"] == []


def test_what_a_network_leaves_unsaid_is_gone(two):
    peer(two, "left", "right")
    peer(two, "right", "left")
    two.request("PUT", path(two, "left"), network("10.1.0.0/16"))
    assert two.get(path(two, "left"))["properties"]["virtualNetworkPeerings"] == []
    assert state(two, "right", "left")[0] == "Disconnected"


def test_sides_fall_out_of_step_and_are_synchronised(two):
    peer(two, "left", "right")
    peer(two, "right", "left")
    body = two.get(path(two, "left"))
    body["properties"]["addressSpace"]["addressPrefixes"].append("10.9.0.0/16")
    two.put(path(two, "left"), body)
    assert state(two, "left", "right") == ("Connected", "LocalNotInSync")
    assert state(two, "right", "left") == ("Connected", "RemoteNotInSync")
    properties = two.get(path(two, "right", "to-left"))["properties"]
    assert properties["remoteAddressSpace"]["addressPrefixes"] == ["10.1.0.0/16"]
    assert properties["remoteVirtualNetworkAddressSpace"]["addressPrefixes"] == ["10.1.0.0/16", "10.9.0.0/16"]

    peer(two, "right", "left")
    assert state(two, "right", "left") == ("Connected", "RemoteNotInSync")
    peer(two, "right", "left", "&syncRemoteAddressSpace=true")
    assert state(two, "right", "left") == state(two, "left", "right") == ("Connected", "FullyInSync")


def test_refusals(two):
    for name, prefix in ("twin", "10.1.128.0/20"), ("third", "10.3.0.0/16"):
        two.put(path(two, name), network(prefix))
    assert code(peer(two, "left", "nowhere")) == (400, "InvalidResourceReference")
    assert code(peer(two, "left", "twin")) == (400, "VnetAddressSpacesOverlap")
    assert code(two.request("PUT", path(two, "left", "p"), {"properties": {}})) == (400, "InvalidRequestFormat")
    assert code(two.request("PUT", path(two, "left", "p"), {"properties": {"remoteVirtualNetwork": {
        "id": two.group("g")}}})) == (400, "LinkedInvalidPropertyId")

    peer(two, "left", "right")
    assert code(two.request("PUT", path(two, "left", "second"), {"properties": {"remoteVirtualNetwork": {
        "id": path(two, "right").upper()}}})) == (400, "AnotherPeeringAlreadyReferencesRemoteVnet")
    assert code(two.request("PUT", path(two, "left", "to-right"), {"properties": {"remoteVirtualNetwork": {
        "id": path(two, "third")}}})) == (400, "RemoteVnetCannotBeChanged")

    peer(two, "right", "left")
    assert code(peer(two, "twin", "right")) == (400, "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet")
    body = two.get(path(two, "left"))
    body["properties"]["addressSpace"]["addressPrefixes"].append("10.2.5.0/24")
    assert code(two.request("PUT", path(two, "left"), body)) == (400, "VnetAddressSpacesOverlap")


def test_a_store_keeps_both_sides(tmp_path, emulator):
    store = tmp_path / "store.json"
    first = emulator(args=["--store", store])
    first.put(first.group("g"), {"location": "japaneast"})
    for name, prefix in ("left", "10.1.0.0/16"), ("right", "10.2.0.0/16"):
        first.put(path(first, name), network(prefix))
    peer(first, "left", "right")
    peer(first, "right", "left")
    before = first.cloud()
    assert first.stop() == 0
    assert emulator(args=["--store", store]).cloud() == before


def test_a_start_holds_peerings(emulator):
    azure = emulator("""\
resourceGroups: {g: {location: japaneast}}
virtualNetworks:
  left:
    resourceGroup: g
    addressPrefixes: [10.1.0.0/16]
    peerings: {to-right: {remote: right, allowForwardedTraffic: true}}
  right:
    resourceGroup: g
    addressPrefixes: [10.2.0.0/16]
    peerings: {to-left: {remote: left}}
""")
    assert state(azure, "left", "right") == state(azure, "right", "left") == ("Connected", "FullyInSync")
    assert azure.get(path(azure, "left", "to-right"))["properties"]["allowForwardedTraffic"] is True
