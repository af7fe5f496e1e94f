# SPDX-License-Identifier: Apache-2.0
"""Several subscriptions and groups in one configuration, and a state that grows into another one."""
import pytest
from emulator import SUBSCRIPTION
from harness import HEAD, Waybill, table_id

OTHER = "00000000-0000-0000-0000-0000000000bb"
CLOUD = f"""\
subscriptions: [{OTHER}]
resourceGroups:
  kubernetes: {{location: japaneast}}
  network: {{location: japaneast}}
"""
THERE = f"/subscriptions/{OTHER}/resourceGroups/kubernetes"
ONE = "  one: {tags: {a: b}}\n"
TWO = f"  two: {{subscription: {OTHER}, routes: {{r: {{addressPrefix: 10.9.0.0/16, nextHopType: None}}}}}}\n"
BINDS = f"Also binds the state to subscription {OTHER}.\n"


@pytest.fixture
def azure(emulator):
    made = emulator(cloud_yaml=CLOUD)
    made.put(THERE, {"location": "japaneast"})
    return made


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


def tables(*each):
    return HEAD + "routeTables:\n" + "".join(each)


def table_there(name="two"):
    return f"{THERE}/providers/Microsoft.Network/routeTables/{name}"


def test_a_state_grows_into_a_subscription_and_says_so(make, azure):
    waybill = make(tables(ONE))
    assert "Also binds" not in waybill.apply().stdout
    waybill.write(tables(ONE, TWO))
    result = waybill.plan()
    assert BINDS in result.stdout
    assert waybill.plan_json()["waybill"]["new_subscriptions"] == [OTHER]
    waybill.run("plan", "--out", "saved", check=0)
    assert BINDS in waybill.run("show", "saved", check=0).stdout
    # What nobody has approved binds nothing.
    assert waybill.run("apply", check=1).codes == ["needs-approval"]
    assert BINDS in waybill.plan().stdout
    assert BINDS in waybill.run("apply", "saved", "--auto-approve", check=0).stdout
    assert azure.get(table_there())["properties"]["routes"][0]["name"] == "r"
    waybill.assert_settled()
    assert waybill.records() == ["routeTables/one", f"subscriptions/{OTHER}/resourceGroups/kubernetes/routeTables/two",
                                 f"subscriptions/{OTHER}/resourceGroups/kubernetes/routeTables/two/routes/r"]
    waybill.write(tables(TWO))
    assert "Also binds" not in waybill.apply().stdout
    assert azure.get(table_id("one")) is None
    waybill.assert_settled()
    waybill.destroy()
    assert azure.get(table_there()) is None


def test_another_subscription_alone_is_another_state(make, azure):
    waybill = make(tables(ONE))
    waybill.apply()
    waybill.write(tables(TWO))
    for command in (("plan",), ("apply", "--auto-approve"), ("destroy", "--auto-approve")):
        result = waybill.run(*command, check=1)
        assert result.codes == ["state-of-another-cloud"] and OTHER in result.stderr
    assert azure.get(table_id("one")) and azure.get(table_there()) is None


def test_groups_and_subscriptions_of_their_own_through_a_whole_life(make, azure):
    group = ("  three: {resourceGroup: network}\n"
             f"  twin: {{name: one, subscription: {OTHER}, tags: {{which: other}}}}\n")
    waybill = make(tables(ONE, TWO, group) + "outputs: {id: '${routeTables.two.id}'}\n")
    assert waybill.plan().last_line == "Plan: 5 to add, 0 to change, 0 to destroy."
    azure.clear()
    assert "Also binds" not in waybill.apply().stdout
    assert azure.get(azure.id("routeTables", "three", "network"))
    assert THERE in waybill.run("output", "id", check=0).stdout
    waybill.assert_settled()
    lists = [r["path"].split("?")[0] for r in azure.requests() if r["path"].split("?")[0].endswith("/routeTables")]
    assert len(set(lists)) == 3
    shown = waybill.run("show", "--json", check=0).json["resources"]["routeTables"]
    assert shown["two"]["subscription"] == OTHER and shown["three"]["resourceGroup"] == "network"
    assert shown["one"]["tags"] == {"a": "b"}
    assert shown[f"kubernetes/{OTHER}/one"]["name"] == "one"
    waybill.destroy("--max-deletes", "9")
    assert waybill.records() == []
    assert not [id for id in azure.cloud() if "/routeTables/" in id]


def test_a_table_serves_no_network_of_another_subscription(make, azure):
    waybill = make(tables(TWO) + "virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.0.0.0/16]}\n"
                   f"    subnets: {{s: {{addressPrefix: 10.0.0.0/24, routeTable: {table_there()}}}}}\n")
    assert waybill.plan(check=1).codes == ["table-region"]
    # So does Azure.
    azure.put(table_there(), {"location": "japaneast"})
    status, _, answer = azure.request("PUT", azure.id("virtualNetworks", "net"), {
        "location": "japaneast", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24",
                                                     "routeTable": {"id": table_there()}}}]}})
    assert status == 400 and answer["error"]["code"] == "InvalidResourceReference"


def test_what_moves_to_another_subscription_takes_its_state_along(make, azure):
    waybill = make(tables(ONE))
    waybill.apply()
    azure.put(table_there("one"), azure.get(table_id("one")))
    azure.delete(table_id("one"))
    waybill.write(tables(f"  one: {{subscription: {OTHER}, tags: {{a: b}}}}\n")
                  + f"moved: [{{from: routeTables/one, to: {table_there('one')}}}]\n")
    result = waybill.apply()
    assert BINDS in result.stdout and "0 added, 0 changed, 0 destroyed" in result.stdout
    waybill.assert_settled()


def test_state_mv_to_another_subscription(make, azure):
    waybill = make(tables(ONE))
    waybill.apply()
    azure.put(table_there("one"), azure.get(table_id("one")))
    azure.delete(table_id("one"))
    waybill.run("state", "mv", "routeTables/one", table_there("one"), check=0)
    waybill.write(tables(f"  one: {{subscription: {OTHER}, tags: {{a: b}}}}\n"))
    waybill.assert_settled()


def test_import_in_another_subscription(make, azure):
    waybill = make(tables(ONE))
    waybill.apply()
    azure.put(table_there(), {"location": "japaneast", "properties": {
        "routes": [{"name": "r", "properties": {"addressPrefix": "10.9.0.0/16", "nextHopType": "None"}}]}})
    waybill.write(tables(ONE, TWO))
    address = f"subscriptions/{OTHER}/resourceGroups/kubernetes/routeTables/two"
    waybill.run("import", address, check=0)
    waybill.assert_settled()
    assert SUBSCRIPTION in waybill.run("state", "show", "routeTables/one", check=0).stdout
