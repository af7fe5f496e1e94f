# SPDX-License-Identifier: Apache-2.0
"""The smallest example from its first plan to its destruction."""
import pytest
from harness import ROUTE_0, ROUTE_1, SUBNET, TABLE, Waybill, route_body, writes

pytestmark = pytest.mark.sanitizer


@pytest.fixture
def hard_way(tmp_path, azure):
    return Waybill(tmp_path / "w", azure, "hard-way")


@pytest.fixture
def applied(hard_way):
    hard_way.apply()
    return hard_way


def hops(azure):
    routes = azure.get(TABLE)["properties"]["routes"]
    return {route["name"]: route["properties"].get("nextHopIpAddress") for route in routes}


def test_first_plan_adds_three_and_changes_one(hard_way):
    result = hard_way.plan("--detailed-exitcode", check=2)
    assert result.last_line == "Plan: 3 to add, 1 to change, 0 to destroy."
    assert ROUTE_0 in result.stdout and ROUTE_1 in result.stdout
    assert result.plan_id
    assert writes(hard_way.azure.requests()) == []
    assert not hard_way.state.exists()


def test_apply_makes_it_so_and_leaves_nothing_to_do(hard_way):
    result = hard_way.apply()
    assert hops(hard_way.azure) == {ROUTE_0: "10.240.0.20", ROUTE_1: "10.240.0.21"}
    table = hard_way.azure.get(SUBNET)["properties"]["routeTable"]["id"]
    assert table.lower() == TABLE.lower()
    assert "3 added, 1 changed, 0 destroyed" in result.text
    hard_way.assert_settled()
    assert hard_way.state.stat().st_mode & 0o777 == 0o600


def test_routes_shows_the_table_of_the_tutorial(applied):
    expected = [
        "AddressPrefix    Name                            NextHopIpAddress    NextHopType       "
        "ProvisioningState    ResourceGroup",
        "---------------  ------------------------------  ------------------  ----------------  "
        "-------------------  ---------------",
        "10.200.0.0/24    kubernetes-route-10-200-0-0-24  10.240.0.20         VirtualAppliance  "
        "Succeeded            kubernetes",
        "10.200.1.0/24    kubernetes-route-10-200-1-0-24  10.240.0.21         VirtualAppliance  "
        "Succeeded            kubernetes",
    ]
    lines = [line.rstrip() for line in applied.run("routes", check=0).stdout.splitlines()]
    at = lines.index(expected[0])
    assert lines[at:at + 4] == expected


def test_nodes_shows_machines_and_their_pod_cidrs(hard_way):
    text = hard_way.run("nodes", check=0).stdout
    rows = [line.split() for line in text.splitlines()]
    for name, ip, cidr in (("worker-0", "10.240.0.20", "10.200.0.0/24"),
                           ("worker-1", "10.240.0.21", "10.200.1.0/24")):
        assert any(name in row and ip in row and cidr in row for row in rows), text


def test_a_plan_costs_at_most_six_requests(hard_way):
    hard_way.plan()
    assert len(hard_way.azure.requests()) <= 6
    hard_way.apply()
    hard_way.azure.clear()
    hard_way.plan()
    assert len(hard_way.azure.requests()) <= 6


def test_a_route_edited_by_hand_is_drift_and_is_put_right(applied):
    applied.azure.put(f"{TABLE}/routes/{ROUTE_0}", route_body("10.200.0.0/24", "10.240.0.99"))
    plan = applied.plan("--detailed-exitcode", check=2)
    assert plan.last_line == "Plan: 0 to add, 1 to change, 0 to destroy."
    assert ROUTE_0 in plan.stdout and "10.240.0.99" in plan.stdout
    drift = applied.plan_json()["resource_drift"]
    assert [item["address"].split("/")[-1] for item in drift] == [ROUTE_0]
    applied.apply()
    assert hops(applied.azure)[ROUTE_0] == "10.240.0.20"
    applied.assert_settled()


def test_a_route_removed_by_hand_is_drift_and_is_put_right(applied):
    applied.azure.delete(f"{TABLE}/routes/{ROUTE_1}")
    plan = applied.plan("--detailed-exitcode", check=2)
    assert plan.last_line == "Plan: 1 to add, 0 to change, 0 to destroy."
    drift = applied.plan_json()["resource_drift"]
    assert [item["address"].split("/")[-1] for item in drift] == [ROUTE_1]
    assert drift[0]["change"]["actions"] == ["delete"]
    applied.apply()
    assert sorted(hops(applied.azure)) == [ROUTE_0, ROUTE_1]
    applied.assert_settled()


def test_a_route_added_by_hand_is_foreign_and_kept(applied):
    applied.azure.put(f"{TABLE}/routes/by-hand", route_body("172.20.0.0/16", "10.240.0.9"))
    plan = applied.plan("--detailed-exitcode", check=0)
    assert "by-hand" in plan.stdout
    applied.azure.put(f"{TABLE}/routes/{ROUTE_0}", route_body("10.200.0.0/24", "10.240.0.99"))
    applied.apply()
    assert hops(applied.azure) == {
        ROUTE_0: "10.240.0.20", ROUTE_1: "10.240.0.21", "by-hand": "10.240.0.9"}
    applied.assert_settled()


def test_a_table_removed_by_hand_is_made_again(applied):
    subnet = applied.azure.get(SUBNET)
    del subnet["properties"]["routeTable"]
    applied.azure.put(SUBNET, subnet)
    applied.azure.delete(TABLE)
    plan = applied.plan("--detailed-exitcode", check=2)
    assert plan.last_line == "Plan: 3 to add, 1 to change, 0 to destroy."
    applied.apply()
    applied.assert_settled()


def test_destroy_leaves_the_cloud_that_was_there_before(hard_way):
    before = hard_way.azure.cloud()
    hard_way.apply()
    assert hard_way.azure.cloud() != before
    plan = hard_way.plan("--destroy")
    assert plan.last_line == "Plan: 0 to add, 1 to change, 3 to destroy."
    hard_way.destroy()
    assert hard_way.azure.cloud() == before
    assert hard_way.records() == []


def test_what_arm_spells_otherwise_is_no_change(applied):
    table = applied.azure.get(TABLE)
    table["location"] = "Japan East"
    table["properties"]["routes"].reverse()
    applied.azure.put(TABLE, table)
    subnet = applied.azure.get(SUBNET)
    subnet["properties"]["routeTable"]["id"] = TABLE.upper().replace("/SUBSCRIPTIONS", "/subscriptions")
    subnet["properties"]["addressPrefixes"] = [subnet["properties"].pop("addressPrefix")]
    applied.azure.put(SUBNET, subnet)
    applied.assert_settled()
