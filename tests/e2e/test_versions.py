# SPDX-License-Identifier: Apache-2.0
"""What API versions change under a configuration: defaults that one decides otherwise than another."""
from harness import GROUP, HEAD, Waybill, writes

NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
EXPLICIT = {"defaultOutboundAccess": True, "privateEndpointNetworkPolicies": "Disabled"}
SENT = "# the default, sent explicitly"


def network_yaml(subnets, more=""):
    text = HEAD + "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.8.0.0/16]}\n" + more + "    subnets:\n"
    return text + "".join(f"      {name}: {{{members}}}\n" for name, members in subnets.items())


def explicit(azure, name, query=""):
    members = azure.get(f"{NET}/subnets/{name}{query}")["properties"]
    return {key: members[key] for key in EXPLICIT if key in members}


# ---- defaults that depend on the version ----

def test_what_is_made_has_them_spelled_out_inside_a_new_network_and_alone(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, network_yaml({"a": "addressPrefix: 10.8.1.0/24"}))
    plan = waybill.run("plan", check=0).stdout
    assert f"+ defaultOutboundAccess: true {SENT}\n" in plan
    assert f'+ privateEndpointNetworkPolicies: "Disabled" {SENT}\n' in plan
    assert plan.count(SENT) == 2
    waybill.apply()
    assert explicit(azure, "a") == EXPLICIT
    waybill.assert_settled()
    waybill.write(network_yaml({"a": "addressPrefix: 10.8.1.0/24", "b": "addressPrefix: 10.8.2.0/24"}))
    assert waybill.run("plan", check=0).stdout.count(SENT) == 2
    waybill.apply()
    assert explicit(azure, "b") == EXPLICIT
    waybill.assert_settled()


def test_what_somebody_wrote_is_what_is_sent(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, network_yaml(
        {"a": "addressPrefix: 10.8.1.0/24, defaultOutboundAccess: false, privateEndpointNetworkPolicies: Enabled"}))
    assert SENT not in waybill.run("plan", check=0).stdout
    waybill.apply()
    assert explicit(azure, "a") == {"defaultOutboundAccess": False, "privateEndpointNetworkPolicies": "Enabled"}
    waybill.assert_settled()


def test_afterwards_they_are_not_ours(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, network_yaml({"a": "addressPrefix: 10.8.1.0/24"}))
    waybill.apply()
    records = waybill.run("state", "show", "virtualNetworks/net/subnets/a", check=0).stdout
    assert "10.8.1.0/24" in records and not any(key in records for key in EXPLICIT)
    body = azure.get(f"{NET}/subnets/a")
    body["properties"]["privateEndpointNetworkPolicies"] = "Enabled"
    azure.put(f"{NET}/subnets/a", body)
    waybill.assert_settled()
    assert "drift" not in waybill.run("plan", check=0).text.lower()
    # Another member is written, and this one goes back as it was read.
    waybill.write(network_yaml({"a": "addressPrefix: 10.8.1.0/24, privateLinkServiceNetworkPolicies: Disabled"}))
    waybill.apply()
    assert explicit(azure, "a") == {"defaultOutboundAccess": True, "privateEndpointNetworkPolicies": "Enabled"}


def test_what_stands_does_not_get_them(tmp_path, azure):
    azure.put(NET, {"location": "japaneast", "properties": {
        "addressSpace": {"addressPrefixes": ["10.8.0.0/16"]},
        "subnets": [{"name": name, "properties": {"addressPrefix": f"10.8.{n}.0/24"}} for n, name in ((1, "a"), (2, "b"))]}})
    waybill = Waybill(tmp_path / "w", azure, network_yaml(
        {"a": "addressPrefix: 10.8.1.0/24, adopt: true, privateLinkServiceNetworkPolicies: Disabled",
         "b": "addressPrefix: 10.8.2.0/24, existing: true, privateLinkServiceNetworkPolicies: Disabled"},
        more="    adopt: true\n"))
    assert SENT not in waybill.run("plan", check=0).stdout
    waybill.apply()
    for name in "ab":
        assert explicit(azure, name).get("defaultOutboundAccess") is None
    waybill.assert_settled()
    # To say the default of what has none is no change: it is what it means.
    waybill.replace("10.8.1.0/24, adopt: true", "10.8.1.0/24, defaultOutboundAccess: true")
    assert writes(azure.requests()) and "No changes" in waybill.run("plan", check=0).stdout


def test_what_is_made_anew_shows_what_becomes_otherwise(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, network_yaml({"a": "addressPrefix: 10.8.1.0/24"}))
    waybill.apply()
    body = azure.get(f"{NET}/subnets/a")
    body["properties"]["privateEndpointNetworkPolicies"] = "Enabled"
    azure.put(f"{NET}/subnets/a", body)
    plan = waybill.run("plan", "--replace", "virtualNetworks/net/subnets/a", check=0).stdout
    assert f'~ privateEndpointNetworkPolicies: "Enabled" -> "Disabled" {SENT}\n' in plan
    assert "defaultOutboundAccess" not in plan
    waybill.apply("--replace", "virtualNetworks/net/subnets/a")
    assert explicit(azure, "a") == EXPLICIT


def test_saved_plans_json_and_a_lost_answer(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, network_yaml({"a": "addressPrefix: 10.8.1.0/24"}))
    shown = waybill.run("plan", "--out", "p.plan", check=0).stdout
    assert waybill.run("show", "p.plan", check=0).stdout.count(SENT) == shown.count(SENT) == 2
    told = waybill.run("plan", "--format", "json", check=0).json["resource_changes"]
    change = next(one["change"] for one in told if one["address"].endswith("/a"))
    assert sorted(change["default_paths"]) == [["properties", name] for name in sorted(EXPLICIT)]
    assert all(change["after"]["properties"][name] == value for name, value in EXPLICIT.items())
    assert all("default_paths" not in one["change"] for one in told if not one["address"].endswith("/a"))
    azure.faults({"method": "PUT", "path": "*/virtualNetworks/net", "nth": 1, "drop": "after"})
    waybill.apply("p.plan")
    assert explicit(azure, "a") == EXPLICIT
    waybill.assert_settled()


def test_a_cloud_that_lags_is_told_the_same(emulator, tmp_path):
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n"
                                'providers: {Microsoft.Network: {apiVersions: ["2023-09-01"]}}\n')
    waybill = Waybill(tmp_path / "w", azure, network_yaml({"a": "addressPrefix: 10.8.1.0/24"}))
    waybill.apply()
    assert explicit(azure, "a", "?api-version=2023-09-01") == EXPLICIT
