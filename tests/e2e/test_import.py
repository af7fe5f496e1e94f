# SPDX-License-Identifier: Apache-2.0
"""A lost state is made anew from the configuration and Azure, without a write to it."""
import pytest
from harness import HEAD, SUBNET, TABLE, Waybill, route_body, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
C = ("10.3.0.0/16", "10.240.0.6")

OURS = HEAD + """\
virtualNetworks:
  net:
    tags: {team: blue}
    addressSpace: {addressPrefixes: [10.240.0.0/16]}
    subnets:
      nodes: {addressPrefix: 10.240.0.0/24, routeTable: pods}
nodeSets:
  workers:
    nodes:
      worker-0: {ip: 10.240.0.20, podCIDR: 10.200.0.0/24}
      worker-1: {ip: 10.240.0.21, podCIDR: 10.200.1.0/24}
routeTables:
  pods:
    nodeRoutes: [{nodeSet: workers}]
    routes:
      office: {addressPrefix: 192.168.0.0/16, nextHopType: VirtualNetworkGateway}
outputs:
  id: ${routeTables.pods.id}
"""


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


def lose(waybill):
    for path in waybill.folder.glob("waybill.db*"):
        path.unlink()


def known(waybill):
    """All that the state says of resources but where they come from."""
    rows = waybill.run("state", "sql", "--json", "select id, address, type, parent, body, depends_on, extra "
                       "from resource order by id", check=0).json["rows"]
    return [tuple(row) for row in rows]


def test_a_lost_state_is_made_anew_without_a_write(make, azure):
    waybill = make(OURS)
    waybill.apply()
    before = known(waybill)
    lose(waybill)
    assert set(waybill.plan(check=1).codes) == {"not-ours"}
    azure.clear()
    result = waybill.run("import", "--all", "--auto-approve", check=0)
    assert writes(azure.requests()) == []
    assert "~ (adopt) take over what exists" in result.stdout
    assert "Import complete! Resources: 6 imported, 0 otherwise than declared, 0 not there." in result.stdout
    assert known(waybill) == before
    waybill.assert_settled()
    assert waybill.run("output", "id", check=0).stdout.strip() == table_id("pods")
    run, = waybill.run("history", "--json", check=0).json["runs"]
    assert run["command"] == "import" and run["result"] == "done" and run["changes"] == 6 and run["plan_id"]
    assert "No changes." in waybill.run("import", "--all", check=0).stdout
    waybill.destroy("--max-deletes", 10)
    assert azure.get(table_id("pods")) is None


def test_it_asks_before_it_takes_over(make, azure):
    azure.put(table_id(), {"location": "japaneast", "properties": {"routes": []}})
    waybill = make(table_yaml({}))
    assert waybill.run("import", "--all", check=1).codes == ["needs-approval"]
    assert not waybill.state.exists()
    assert waybill.run("import", "--all", "--expect", "0" * 64, check=1).codes == ["plan-unexpected"]
    plan_id = waybill.run("import", "--all", check=1).plan_id
    waybill.run("import", "--all", "--expect", plan_id, check=0)
    assert waybill.records() == ["routeTables/t"]


def test_what_stands_otherwise_is_known_as_it_stands_and_then_planned(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    lose(waybill)
    azure.put(table_id() + "/routes/a", route_body(*C))
    azure.put(table_id() + "/routes/theirs", route_body("10.9.0.0/16", "10.240.0.9"))
    waybill.write(table_yaml({"a": A, "b": B, "c": ("10.4.0.0/16", "10.240.0.7")}))
    result = waybill.run("import", "--all", "--auto-approve", "--json", check=0).json
    assert result["imported"] == ["routeTables/t", "routeTables/t/routes/a", "routeTables/t/routes/b"]
    assert result["differing"] == 1 and result["absent"] == ["routeTables/t/routes/c"]
    assert [f["address"] for f in result["waybill"]["foreign"]] == ["routeTables/t/routes/theirs"]
    assert "routeTables/t/routes/theirs" not in waybill.records()
    assert waybill.actions() == {"routeTables/t/routes/a": ["update"], "routeTables/t/routes/c": ["create"]}
    waybill.apply()
    waybill.assert_settled()
    assert "theirs" in {route["name"] for route in azure.get(table_id())["properties"]["routes"]}


def test_members_of_what_exists_are_ours_where_they_stand_as_declared(tmp_path, azure):
    waybill = Waybill(tmp_path, azure, "hard-way")
    waybill.apply()
    lose(waybill)
    azure.clear()
    waybill.run("import", "--all", "--auto-approve", check=0)
    assert writes(azure.requests()) == []
    waybill.assert_settled()
    subnet = waybill.run("state", "show", "--json", SUBNET, check=0).json["resource"]
    assert subnet["origin"] == "existing" and not subnet["before"]
    assert subnet["values"]["properties"]["routeTable"]["id"].lower() == TABLE.lower()
    # Nobody knows what was attached before us, so it stays, and so does the table.
    assert "foreign-inside" in waybill.destroy("--max-deletes", 10, check=1).codes
    body = azure.get(SUBNET)
    del body["properties"]["routeTable"]
    azure.put(SUBNET, body)
    waybill.destroy("--max-deletes", 10)
    assert azure.get(TABLE) is None


def test_members_of_what_exists_that_stand_otherwise_are_left_to_the_next_plan(tmp_path, azure):
    waybill = Waybill(tmp_path, azure, "hard-way")
    result = waybill.run("import", "--all", check=0)
    assert "No changes." in result.stdout and "Declared, and not there:\n    routeTables/kubernetes-routes\n" in result.stdout
    assert not waybill.state.exists()


def test_what_is_known_already_stays_as_it_is_known(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    azure.put(table_id() + "/routes/a", route_body(*C))
    azure.put(table_id("u"), {"location": "japaneast", "properties": {"routes": []}})
    waybill.write(table_yaml({"a": A}) + "  u: {}\n")
    waybill.run("import", "--all", "--auto-approve", check=0)
    drift, = waybill.plan_json()["resource_drift"]
    assert drift["address"] == "routeTables/t/routes/a"
    origins = {r["address"]: r["origin"] for r in waybill.run("state", "list", "--json", check=0).json["resources"]}
    assert origins == {"routeTables/t": "made", "routeTables/t/routes/a": "made", "routeTables/u": "adopted"}


def test_no_secret_is_kept(make, azure):
    text = HEAD + "variables: {key: {sensitive: true}}\nrouteTables:\n  t: {tags: {key: '${var.key}', team: a}}\n"
    waybill = make(text)
    for words in (("import", "routeTables/t"), ("import", "--all", "--auto-approve")):
        for stands in ("hunter2hunter2", "swordfish99"):
            azure.put(table_id(), {"location": "japaneast", "tags": {"key": stands, "team": "a"}, "properties": {}})
            result = waybill.run(*words, "--var", "key=hunter2hunter2", check=0)
            assert stands not in result.text
            assert stands.encode() not in b"".join(path.read_bytes() for path in waybill.folder.glob("waybill.db*"))
            lose(waybill)


@pytest.mark.parametrize("words, code", (((), "missing-argument"), (("routeTables/t", "--all"), "unexpected-argument")))
def test_one_address_or_all(make, words, code):
    assert make(table_yaml({})).run("import", *words, check=1).codes == [code]
