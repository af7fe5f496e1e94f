# SPDX-License-Identifier: Apache-2.0
"""Writes that hold each other, take their time, are edited beside, or lose their sender."""
import pytest
from harness import GROUP, HEAD, Waybill, kill_at, route_body, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"


def network_yaml(count, tables="t"):
    subnets = "".join(f"      s{i}: {{addressPrefix: 10.8.{i}.0/24, routeTable: {tables}}}\n"
                      for i in range(count))
    return HEAD + (
        "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.8.0.0/16]}\n"
        "    subnets:\n" + subnets +
        "routeTables:\n  t: {routes: {a: {addressPrefix: 10.1.0.0/16, nextHopType: None}}}\n"
        "  u: {routes: {a: {addressPrefix: 10.1.0.0/16, nextHopType: None}}}\n")


def test_twenty_subnets_of_a_network_are_attached_one_after_the_other(tmp_path, emulator):
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n",
                     args=["--operation-time", "30"])
    waybill = Waybill(tmp_path / "w", azure, network_yaml(20))
    waybill.apply()
    waybill.write(network_yaml(20, "u"))
    azure.clear()
    waybill.apply()
    requests = azure.requests()
    assert [request for request in requests if request["status"] >= 400] == []
    assert len(writes(requests)) == 20
    waybill.assert_settled()


def test_a_run_killed_while_azure_works_is_waited_for(tmp_path, emulator):
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n",
                     args=["--operation-time", "2000"])
    waybill = Waybill(tmp_path / "w", azure, network_yaml(2))
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT", path=table_id())
    result = waybill.apply()
    assert "Settled" in result.stderr
    assert "not-ours" not in result.codes
    assert sum(method == "PUT" and path.endswith("/t") for method, path in
               writes(azure.requests())) == 1
    waybill.assert_settled()


def test_edits_beside_ours_twice_in_a_row_are_both_merged(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    waybill.apply()
    waybill.replace("10.240.0.4", "10.240.0.40")
    for nth, name in ((1, "x"), (2, "y")):
        azure.edit(("PUT", f"{table_id()}/routes/{name}", route_body(f"172.{15 + nth}.0.0/16",
                                                                     "10.240.0.9")),
                   before={"method": "PUT", "path": table_id()}, nth=nth)
    azure.clear()
    waybill.apply()
    puts = [request["status"] for request in azure.requests() if request["method"] == "PUT"]
    assert puts == [412, 412, 200]
    routes = azure.get(table_id())["properties"]["routes"]
    assert sorted(route["name"] for route in routes) == ["a", "x", "y"]
    waybill.assert_settled()


def test_another_plan_than_expected_writes_nothing(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    expected = waybill.plan().plan_id
    waybill.write(table_yaml({"a": B}))
    result = waybill.run("apply", "--expect", expected, check=1)
    assert result.codes == ["plan-unexpected"]
    assert writes(azure.requests()) == [] and not waybill.state.exists()
    waybill.write(table_yaml({"a": A}))
    waybill.run("apply", "--expect", expected, check=0)
    waybill.assert_settled()


def test_what_only_the_server_knows_is_known_after_apply(tmp_path, azure):
    text = table_yaml({"a": A}) + (
        "  other:\n    tags: {guid: '${routeTables.t.resourceGuid}'}\n"
        "outputs: {guid: '${routeTables.t.resourceGuid}'}\n")
    waybill = Waybill(tmp_path / "w", azure, text)
    assert "(known after apply)" in waybill.plan().stdout
    waybill.apply()
    guid = azure.get(table_id())["properties"]["resourceGuid"]
    assert azure.get(table_id("other"))["tags"] == {"guid": guid}
    assert waybill.run("output", "--json", check=0).json["guid"]["value"] == guid
    waybill.assert_settled()


def test_depends_on_orders_making_and_deleting(tmp_path, azure):
    text = HEAD + "routeTables:\n  a: {dependsOn: [routeTables/b]}\n  b: {}\n"
    waybill = Waybill(tmp_path / "w", azure, text)
    waybill.apply()
    waybill.destroy()
    order = [(method, path.rsplit("/", 1)[1]) for method, path in writes(azure.requests())]
    assert order == [("PUT", "b"), ("PUT", "a"), ("DELETE", "a"), ("DELETE", "b")]


def test_depends_on_written_later_orders_deleting(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, HEAD + "routeTables:\n  a: {}\n  b: {}\n")
    waybill.apply()
    waybill.replace("  b: {}", "  b: {dependsOn: [routeTables/a]}")
    waybill.assert_settled()
    azure.clear()
    waybill.destroy()
    order = [(method, path.rsplit("/", 1)[1]) for method, path in writes(azure.requests())]
    assert order == [("DELETE", "b"), ("DELETE", "a")]


def test_five_thousand_routes_are_a_write_a_table(tmp_path, azure):
    tables = "".join(f"  t{i}: {{nodeRoutes: [{{nodeSet: n{i}}}]}}\n" for i in range(13))
    sets = "".join(
        f"  n{i}:\n    range: {{count: 390, name: 'n{i}-${{node.index}}', firstIP: 10.{i}.0.20,\n"
        f"      podCIDRs: 10.{100 + i}.0.0/16, podPrefixLength: 26}}\n" for i in range(13))
    waybill = Waybill(tmp_path / "w", azure, HEAD + "nodeSets:\n" + sets + "routeTables:\n" + tables)
    waybill.apply(timeout=600)
    assert len(writes(azure.requests())) == 13
    azure.clear()
    waybill.assert_settled()
    assert len(azure.requests()) <= 4
