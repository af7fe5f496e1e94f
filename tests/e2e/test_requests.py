# SPDX-License-Identifier: Apache-2.0
"""What a plan and a write cost, counted at the azure."""
import pytest
from harness import Waybill, table_id, table_yaml, writes

RANGE = """\
waybill: 1
subscription: ${env.AZURE_SUBSCRIPTION_ID}
resourceGroup: kubernetes
location: japaneast
nodeSets:
  workers:
    range:
      count: 400
      name: worker-${node.index}
      firstIP: FIRST
      podCIDRs: 10.200.0.0/15
      podPrefixLength: 24
routeTables:
  pods:
    nodeRoutes:
      - nodeSet: workers
"""


def table_puts(requests):
    assert not [path for _, path in writes(requests) if "/routes/" in path.lower()]
    return [path for method, path in writes(requests)
            if method == "PUT" and "/routetables/" in path.lower()]


@pytest.fixture
def large(tmp_path, empty_azure):
    return Waybill(tmp_path / "w", empty_azure, "large")


def test_a_plan_of_large_costs_no_more_than_one_of_hard_way(large):
    large.plan()
    assert len(large.azure.requests()) <= 6
    large.apply()
    large.azure.clear()
    large.plan()
    assert len(large.azure.requests()) <= 6


def test_the_routes_of_large_are_one_put_of_their_table(large):
    large.apply()
    assert len(table_puts(large.azure.requests())) == 1


def test_400_routes_are_made_and_changed_by_one_put_each(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, RANGE.replace("FIRST", "10.240.0.20"))
    waybill.apply()
    assert len(table_puts(azure.requests())) == 1
    assert len(azure.get(table_id("pods"))["properties"]["routes"]) == 400
    azure.clear()

    waybill.replace("10.240.0.20", "10.241.0.20")
    assert waybill.plan().last_line == "Plan: 0 to add, 400 to change, 0 to destroy."
    azure.clear()
    waybill.apply()
    assert len(table_puts(azure.requests())) == 1
    hops = [route["properties"]["nextHopIpAddress"]
            for route in azure.get(table_id("pods"))["properties"]["routes"]]
    assert len(hops) == 400 and all(hop.startswith("10.241.") for hop in hops)
    waybill.assert_settled()


def test_swapping_two_prefixes_is_one_put(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml(
        {"a": ("10.1.0.0/16", "10.240.0.4"), "b": ("10.2.0.0/16", "10.240.0.5")}))
    waybill.apply()
    azure.clear()
    waybill.write(table_yaml(
        {"a": ("10.2.0.0/16", "10.240.0.4"), "b": ("10.1.0.0/16", "10.240.0.5")}))
    waybill.apply()
    assert len(table_puts(azure.requests())) == 1
    prefixes = {route["name"]: route["properties"]["addressPrefix"]
                for route in azure.get(table_id())["properties"]["routes"]}
    assert prefixes == {"a": "10.2.0.0/16", "b": "10.1.0.0/16"}
    waybill.assert_settled()


def test_a_changed_tag_is_a_patch(tmp_path, azure):
    tags = "    tags: {team: one}\n"
    waybill = Waybill(tmp_path / "w", azure,
                      table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}, more=tags))
    waybill.apply()
    table = azure.get(table_id())
    table["tags"]["theirs"] = "kept"
    azure.put(table_id(), table)
    azure.clear()
    waybill.replace("team: one", "team: two")
    waybill.apply()
    assert [method for method, _ in writes(azure.requests())] == ["PATCH"]
    assert azure.get(table_id())["tags"] == {"team": "two", "theirs": "kept"}
    waybill.assert_settled()


def test_an_apply_with_nothing_to_do_writes_nothing(large):
    large.apply()
    large.azure.clear()
    large.apply()
    assert writes(large.azure.requests()) == []
