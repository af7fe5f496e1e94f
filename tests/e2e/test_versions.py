# SPDX-License-Identifier: Apache-2.0
"""What API versions change under a configuration: defaults that one decides otherwise than another."""
from harness import GROUP, HEAD, ROUTE_1, TABLE, Waybill, route_body, table_id, table_yaml, writes

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


# ---- what is newer than the schema ----

NEWER = "newer-than-schema"
THING = {"colours": ["red", {"deep": None}], "level": 3, "on": False, "text": "\u202e::error::x"}
SUBNET_A = f"{NET}/subnets/a"


def warned(result):
    return [line for line in result.stderr.splitlines() if f"[{NEWER}]" in line]


def newer_table(azure):
    """A table, and two routes in it, one of ours and one of somebody else, with what nobody knows yet."""
    routes = [{"name": name, **route_body(prefix, "10.240.0.4")}
              for name, prefix in (("ours", "10.1.0.0/16"), ("theirs", "10.2.0.0/16"), ("more", "10.4.0.0/16"))]
    for route in routes:
        route["properties"]["newerWeight"] = THING
    azure.put(table_id(), {"location": "japaneast", "newer": THING, "properties": {"newerStill": THING, "routes": routes}})


def test_what_nobody_knows_yet_goes_back_as_it_was_read(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"ours": ("10.1.0.0/16", "10.240.0.4")}, more="    adopt: true\n"))
    newer_table(azure)
    plan = waybill.run("plan", check=0)
    lines = warned(plan)
    assert len(lines) == 3, plan
    for member, title in (("newer", "route table"), ("newerStill", "route table"), ("newerWeight", "route")):
        assert any(f"`{member}`, which is no member that we know of a {title} [" in line for line in lines), plan
    assert "and so do 2 more; each write sends it back as it was read" in plan.stderr
    waybill.replace("10.240.0.4", "10.240.0.9")
    waybill.write(waybill.file.read_text() + "      added: {addressPrefix: 10.3.0.0/16, nextHopType: None}\n")
    applied = waybill.apply()
    assert len(warned(applied)) == 3
    table = azure.get(table_id())
    assert table["newer"] == THING and table["properties"]["newerStill"] == THING
    routes = {route["name"]: route for route in table["properties"]["routes"]}
    assert routes["ours"]["properties"]["nextHopIpAddress"] == "10.240.0.9"
    assert all(routes[name]["properties"]["newerWeight"] == THING for name in ("ours", "theirs", "more"))
    assert "newerWeight" not in routes["added"]["properties"]
    waybill.assert_settled()


def test_in_subnets_alone_and_inside_of_their_network_and_in_lists(tmp_path, azure):
    endpoints = [{"service": "Microsoft.Storage", "newerTier": THING}, {"service": "Microsoft.Sql", "newerTier": THING}]
    members = {"addressPrefix": "10.8.1.0/24", "privateEndpointNetworkPolicies": "NewerPolicy", "newer": THING,
               "serviceEndpoints": endpoints, "delegations": [
                   {"name": "d", "newerSince": THING, "properties": {"serviceName": "Microsoft.Sql/servers", "newerSort": THING}}]}
    azure.put(NET, {"location": "japaneast", "properties": {
        "addressSpace": {"addressPrefixes": ["10.8.0.0/16"], "newerMore": THING}, "subnets": [{"name": "a", "properties": members}]}})
    waybill = Waybill(tmp_path / "w", azure, network_yaml(
        {"a": "addressPrefix: 10.8.1.0/24, serviceEndpoints: [{service: Microsoft.KeyVault}, {service: Microsoft.Storage}], "
              "delegations: {d: {serviceName: Microsoft.Sql/servers}, e: {serviceName: Microsoft.Web/serverFarms}}"},
        more="    adopt: true\n    flowTimeoutInMinutes: 5\n"))
    applied = waybill.apply()
    told = "\n".join(warned(applied))
    assert "`privateEndpointNetworkPolicies` of virtualNetworks/net/subnets/a is `NewerPolicy`, which is no value" in told
    for member in ("newer", "serviceEndpoints.newerTier", "delegations.newerSince", "delegations.newerSort", "addressSpace.newerMore"):
        assert f"`{member}`" in told, applied
    assert len(warned(applied)) == 6, applied
    methods = [(method, path.rsplit("/", 1)[1]) for method, path in writes(azure.requests())]
    assert ("PUT", "net") in methods and ("PUT", "a") in methods, "the network, with its subnets, and the subnet alone"
    subnet = azure.get(SUBNET_A)["properties"]
    assert subnet["newer"] == THING and subnet["privateEndpointNetworkPolicies"] == "NewerPolicy"
    assert azure.get(NET)["properties"]["addressSpace"]["newerMore"] == THING
    tiers = {one["service"]: one.get("newerTier") for one in subnet["serviceEndpoints"]}
    assert tiers == {"Microsoft.KeyVault": None, "Microsoft.Storage": THING}
    delegations = {one["name"]: one for one in subnet["delegations"]}
    assert delegations["d"]["newerSince"] == delegations["d"]["properties"]["newerSort"] == THING
    assert sorted(delegations) == ["d", "e"]
    waybill.assert_settled()


def test_many_and_hostile_names_are_bounded_and_escaped(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"ours": ("10.1.0.0/16", "10.240.0.4")}, more="    adopt: true\n"))
    azure.put(table_id(), {"location": "japaneast", "properties": {
        "routes": [], **{f"newer{n}": n for n in range(50)}, "newer\u202e\n::error::" + "\u00fc" * 500: 1}})
    result = waybill.run("plan", check=0)
    assert 1 < len(warned(result)) <= 21, result
    assert "31 more members are newer than this Waybill" in result.stderr
    assert "\u202e" not in result.text and not any(line.startswith("::") for line in result.text.splitlines())
    waybill.apply()
    waybill.assert_settled()
    azure.put(table_id(), {"location": "japaneast", "properties": {
        "routes": [], "newer\u202e\n::error::" + "\u00fc" * 500: 1}})
    result = waybill.run("plan", check=0)
    assert len(warned(result)) == 1 and "\u202e" not in result.text
    assert not any(line.startswith("::") for line in result.text.splitlines()) and max(map(len, warned(result))) < 400


def test_what_is_nobodys_concern_and_what_arm_publishes_is_not_told(tmp_path, azure):
    newer_table(azure)
    azure.put(NET, {"location": "japaneast", "properties": {
        "addressSpace": {"addressPrefixes": ["10.8.0.0/16"]}, "subnets": []}})
    azure.put(NET.replace("/net", "/other"), {"location": "japaneast", "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": []}})
    azure.put(f"{NET}/virtualNetworkPeerings/p", {"properties": {
        "remoteVirtualNetwork": {"id": NET.replace("/net", "/other")}, "peerCompleteVnets": True,
        "localAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]}, "localSubnetNames": ["x"]}})
    waybill = Waybill(tmp_path / "w", azure, network_yaml({"a": "addressPrefix: 10.8.1.0/24"}, more="    adopt: true\n")
                      + "routeTables: {mine: {}}\n")
    assert warned(waybill.run("plan", check=0)) == []
    assert warned(waybill.apply()) == []


def test_an_unknown_kind_of_next_hop_is_told_and_never_reached(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    azure.put(f"{TABLE}/routes/ecmp", {"properties": {
        "addressPrefix": "10.200.1.0/25", "nextHopType": "VirtualApplianceEcmp",
        "nextHop": {"nextHopIpAddresses": ["10.240.0.21", "10.240.0.22"]}}})
    plan = waybill.run("plan", check=0)
    told = "\n".join(warned(plan))
    assert "`nextHopType` of routeTables/kubernetes-routes/routes/ecmp is `VirtualApplianceEcmp`" in told
    assert "`nextHop`" in told and len(warned(plan)) == 2
    reach = waybill.run("reach", "--json")
    paths = {(one["from"], one["to"]): one for one in reach.json["paths"]}
    assert paths["worker-0", "worker-1"]["verdict"] == "unknown", reach
    assert paths["worker-0", "worker-1"]["fault"] == "next_hop_type_unknown"
    assert paths["worker-1", "worker-0"]["verdict"] == "ok"
    # ARM takes the value in no version of ours, and that is what is said.
    waybill.write(waybill.file.read_text().replace(
        "nodeRoutes:", "routes: {office: {addressPrefix: 192.168.0.0/16, nextHopType: VirtualNetworkGateway}}\n    nodeRoutes:"))
    refused = waybill.apply(check=1)
    assert "VirtualApplianceEcmp" in refused.stderr and len(warned(refused)) == 2, refused
