# SPDX-License-Identifier: Apache-2.0
"""Limits: those that everybody has at first, and those that Azure tells a subscription."""
import re

import pytest
from harness import HEAD, NETWORK_PROVIDER, Waybill

CLOUD = """\
limits: {LIMITS}
resourceGroups:
  kubernetes: {location: japaneast}
  other: {location: Japan East}
routeTables:
  theirs-0: {resourceGroup: other, routes: {}}
  theirs-1: {resourceGroup: other, routes: {}}
  theirs-2: {resourceGroup: other, location: japanwest, routes: {}}
"""


def usages(azure):
    return [request["path"].split("?")[0] for request in azure.requests() if "/usages" in request["path"]]


def tables(count, more=""):
    return HEAD + "routeTables:\n" + "".join(f"  t{n}: {{routes: {{}}{more}}}\n" for n in range(count))


def table_of(routes, more=""):
    return HEAD + f"""\
nodeSets:
  n:
    range: {{count: {routes}, firstIP: 10.0.0.4, podCIDRs: 10.128.0.0/9, podPrefixLength: 24}}
routeTables:
  t:
    nodeRoutes: [{{nodeSet: n}}]
{more}"""


@pytest.fixture
def limited(tmp_path, emulator):
    """Makes a configuration beside a cloud with these limits."""
    def make(limits, source):
        return Waybill(tmp_path / "w", emulator(CLOUD.replace("{LIMITS}", "{" + limits + "}")), source)
    return make


@pytest.mark.sanitizer
def test_an_ordinary_plan_does_not_ask(limited):
    waybill = limited("RouteTables: 4", tables(3))
    result = waybill.plan()
    assert usages(waybill.azure) == [] and result.codes == []


@pytest.mark.sanitizer
def test_limits_shows_how_far_they_are(limited):
    waybill = limited("RouteTables: 100, RoutesPerRouteTable: 50", tables(3))
    result = waybill.plan("--limits")
    assert result.codes == []
    assert "RouteTables in japaneast: 5 of 100, 95 left\n" in result.stderr
    assert "RoutesPerRouteTable in japaneast: 0 of 50 in routeTables/t0, 50 left\n" in result.stderr
    assert usages(waybill.azure) == [
        f"/subscriptions/{waybill.azure.subscription}/providers/Microsoft.Network/locations/japaneast/usages"]
    told = waybill.plan_json("--limits")["limits"]
    assert {(item["name"], item["used"], item["limit"]) for item in told} >= {
        ("RouteTables", 5, 100), ("RoutesPerRouteTable", 0, 50)}
    waybill.apply("--limits")
    assert "RouteTables in japaneast: 5 of 100, 95 left\n" in waybill.plan("--limits").stderr
    waybill.replace("  t2: {routes: {}}\n", "")
    assert "RouteTables in japaneast: 4 of 100, 96 left\n" in waybill.plan("--limits").stderr


@pytest.mark.sanitizer
def test_tables_of_others_in_the_region_count_when_azure_is_asked(limited):
    waybill = limited("RouteTables: 5", tables(3))
    result = waybill.plan("--limits")
    assert result.codes == ["limit-near"]
    assert "warning: 5 of 5 route tables in japaneast, 0 left [limit-near]" in result.stderr
    waybill.replace("  t2: {routes: {}}\n", "  t2: {routes: {}}\n  t3: {routes: {}}\n")
    result = waybill.plan("--limits", check=1)
    assert "error: 6 of 5 route tables in japaneast, 1 too many [limit-exceeded]" in result.stderr
    assert re.search(r"^waybill\.yaml:\d+:\d+: error: 6 of 5", result.stderr, re.M)
    refused = waybill.run("apply", "--auto-approve", check=1)
    assert "RouteTableCountLimitReached" in refused.stderr


@pytest.mark.sanitizer
def test_azure_is_asked_by_itself_when_the_usual_limit_is_near(limited):
    waybill = limited("RoutesPerRouteTable: 1100", table_of(1001))
    result = waybill.plan()
    assert len(usages(waybill.azure)) == 1
    assert result.codes == ["limit-near"] and "has 1001 routes of at most 1100: 99 are left" in result.stderr
    waybill.write(table_of(800))
    waybill.azure.clear()
    assert waybill.plan().codes == [] and usages(waybill.azure) == []
    assert "RoutesPerRouteTable in japaneast: 800 of 1100 in routeTables/t, 300 left\n" in waybill.plan("--limits").stderr


def test_a_lower_limit_than_usual(limited):
    waybill = limited("RoutesPerRouteTable: 400", table_of(401))
    assert waybill.plan().codes == []
    result = waybill.plan("--limits", check=1)
    assert result.codes == ["limit-exceeded"] and "1 too many" in result.stderr
    waybill.write(table_of(401, "checks: {limit-exceeded: warning}\n"))
    assert waybill.plan("--limits").codes == ["limit-exceeded"]
    waybill.write(table_of(401, "    ignore: {limit-exceeded: asked for more}\n"))
    result = waybill.plan("--limits")
    assert result.codes == [] and "1 finding ignored" in result.stderr


@pytest.mark.sanitizer
def test_limits_that_cannot_be_read(limited):
    waybill = limited("RoutesPerRouteTable: 1100", table_of(900))
    waybill.azure.fail(403, "AuthorizationFailed", path="/usages")
    result = waybill.plan()
    assert sorted(result.codes) == ["limit-near", "limits-not-read"]
    assert "100 are left" in result.stderr
    waybill.azure.fail(403, "AuthorizationFailed", path="/usages")
    result = waybill.plan("--limits", check=1)
    assert "arm:AuthorizationFailed" in result.stderr


def test_usages_as_the_emulator_tells_them(limited):
    azure = limited("RouteTables: 7", "\n").azure
    path = f"/subscriptions/{azure.subscription}/providers/Microsoft.Network/locations"
    listed = {item["name"]["value"]: item for item in azure.get(f"{path}/Japan%20East/usages")["value"]}
    assert listed["RouteTables"] == {
        "currentValue": 2, "limit": 7, "unit": "Count", "name": {
            "value": "RouteTables", "localizedValue": "Route Tables"},
        "id": f"{path}/Japan East/usages/RouteTables"}
    assert all(type(item[name]) is int for item in listed.values() for name in ("currentValue", "limit"))
    assert listed["RoutesPerRouteTable"]["limit"] == 1000
    assert azure.get(NETWORK_PROVIDER + "/usages") is None


@pytest.mark.sanitizer
def test_each_subscription_has_limits_of_its_own(tmp_path, emulator):
    other = "00000000-0000-0000-0000-0000000000bb"
    azure = emulator(f"subscriptions: [{other}]\n" + CLOUD.replace("{LIMITS}", "{RouteTables: 4}"))
    azure.put(f"/subscriptions/{other}/resourceGroups/kubernetes", {"location": "japaneast"})
    waybill = Waybill(tmp_path / "w", azure, tables(1) + f"  there: {{subscription: {other}, routes: {{}}}}\n")
    waybill.plan("--limits")
    assert len(usages(azure)) == 2
    told = {item["subscription"]: item["used"] for item in waybill.plan_json("--limits")["limits"]
            if item["name"] == "RouteTables"}
    assert told == {azure.subscription: 3, other: 1}
    waybill.apply()
    listed = azure.get(f"/subscriptions/{other}/providers/Microsoft.Network/locations/japaneast/usages")["value"]
    assert {item["name"]["value"]: item["currentValue"] for item in listed}["RouteTables"] == 1
