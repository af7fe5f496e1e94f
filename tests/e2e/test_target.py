# SPDX-License-Identifier: Apache-2.0
"""Plans that are aimed at something: what comes along, what is left out, and that it is said."""
import pytest
from harness import HEAD, NETWORK_PROVIDER, Waybill, route_body, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
C = ("10.3.0.0/16", "10.240.0.6")

NETWORK = HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.240.0.0/16]}
    subnets:
      one: {addressPrefix: 10.240.0.0/24, routeTable: first}
      two: {addressPrefix: 10.240.1.0/24, routeTable: second}
routeTables:
  first:
    routes:
      a: {addressPrefix: 10.1.0.0/16, nextHopType: VnetLocal}
  second:
    routes:
      b: {addressPrefix: 10.2.0.0/16, nextHopType: VnetLocal}
"""

PODS = HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.250.0.0/16]}
    subnets:
      nodes: {addressPrefix: 10.250.0.0/24, routeTable: %s}
nodeSets:
  workers:
    nodes:
      worker-0: {ip: 10.250.0.20, podCIDR: 10.200.0.0/24}
      worker-1: {ip: 10.250.0.21, podCIDR: 10.200.1.0/24}
routeTables:
  pods:
    nodeRoutes: [{nodeSet: workers}]
"""


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


def target(*addresses):
    return [word for address in addresses for word in ("--target", address)]


def names(azure, table="t"):
    return sorted(route["name"] for route in azure.get(table_id(table))["properties"]["routes"])


def test_one_route_brings_its_table_and_no_other(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    result = waybill.plan(*target("routeTables/t/routes/a"))
    assert "--target: 1 change left out: routeTables/t/routes/b\n" in result.stdout
    assert result.last_line == "Plan: 2 to add, 0 to change, 0 to destroy."
    assert result.plan_id != waybill.plan().plan_id
    waybill.apply(*target("routeTables/t/routes/a"))
    assert names(azure) == ["a"]
    again = waybill.plan("--detailed-exitcode", *target("routeTables/t/routes/a"), check=0)
    assert again.last_line == "No changes." and "--target: 1 change left out" in again.stdout
    assert waybill.actions() == {"routeTables/t/routes/b": ["create"]}
    waybill.apply()
    waybill.assert_settled()
    assert "--target: 0 changes left out.\n" in waybill.plan(*target("routeTables/t")).stdout


def test_a_route_of_an_adopted_table_leaves_its_siblings_to_be_adopted_later(make, azure):
    make(table_yaml({"a": A, "b": B})).apply()
    waybill = make(table_yaml({"a": A, "b": B}, more="    adopt: true\n"))
    (waybill.folder / "waybill.db").unlink()
    waybill.apply(*target("routeTables/t/routes/a"))
    plan = waybill.plan()
    assert "Also: 1 to adopt, 0 to forget.\n" in plan.stdout
    waybill.apply()
    waybill.assert_settled()


def test_a_table_includes_its_routes_and_what_is_inside_alone(make, azure):
    waybill = make(NETWORK)
    assert set(waybill.actions(*target("routeTables/first"))) == {"routeTables/first", "routeTables/first/routes/a"}
    waybill.apply(*target("routeTables/first"))
    assert azure.get(table_id("second")) is None
    assert azure.get(NETWORK_PROVIDER + "/virtualNetworks/net") is None
    document = waybill.plan_json(*target("routeTables/first"))["waybill"]
    assert document["targets"] == ["routeTables/first"] and len(document["left_out"]) == 5


def test_a_subnet_brings_its_network_and_its_filled_table(make, azure):
    waybill = make(NETWORK)
    one = "virtualNetworks/net/subnets/one"
    assert set(waybill.actions(*target(one))) == {
        "virtualNetworks/net", one, "routeTables/first", "routeTables/first/routes/a"}
    waybill.apply(*target(one))
    subnets = azure.get(NETWORK_PROVIDER + "/virtualNetworks/net")["properties"]["subnets"]
    assert [subnet["name"] for subnet in subnets] == ["one"]
    waybill.apply()
    waybill.assert_settled()


def test_a_group_that_is_made_brings_nothing_else_that_is_in_it(tmp_path, empty_azure):
    waybill = Waybill(tmp_path / "w", empty_azure, "greenfield")
    group = "resourceGroups/greenfield"
    assert set(waybill.actions(*target("routeTables/workers/routes/default"))) == {
        group, "routeTables/workers", "routeTables/workers/routes/default"}
    assert all(address == group or address.startswith("routeTables/workers")
               for address in waybill.actions(*target("routeTables/workers")))
    assert {address for address in waybill.actions(*target("virtualNetworks/cluster/subnets/workers"))
            if not address.startswith("routeTables/workers")} == {
        group, "virtualNetworks/cluster", "virtualNetworks/cluster/subnets/workers"}
    assert set(waybill.actions(*target(group))) == set(waybill.actions())


def test_two_targets(make):
    waybill = make(NETWORK)
    assert set(waybill.actions(*target("routeTables/first", "routeTables/second/routes/b"))) == {
        "routeTables/first", "routeTables/first/routes/a", "routeTables/second", "routeTables/second/routes/b"}


def test_an_unknown_address_names_the_nearest(make):
    result = make(table_yaml({"a": A})).plan(*target("routeTables/t/routes/aa"), check=1)
    assert result.codes == ["unknown-address"] and "did you mean `routeTables/t/routes/a`" in result.stderr


def test_node_routes_have_addresses(make, azure):
    waybill = make(PODS % "pods")
    waybill.apply()
    waybill.replace("10.250.0.20", "10.250.0.30")
    waybill.replace("10.250.0.21", "10.250.0.31")
    moved = "routeTables/pods/routes/worker-0"
    assert waybill.actions(*target(moved), "--allow-unreachable") == {moved: ["update"]}


def test_what_is_left_out_is_left_as_it_stands(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    azure.put(table_id() + "/routes/b", route_body(*C))
    waybill.write(table_yaml({"a": ("10.4.0.0/16", "10.240.0.7"), "b": B}, more="    tags: {x: y}\n"))
    waybill.apply(*target("routeTables/t/routes/a"))
    table = azure.get(table_id())
    assert {r["name"]: r["properties"]["addressPrefix"] for r in table["properties"]["routes"]} == {
        "a": "10.4.0.0/16", "b": "10.3.0.0/16"}
    assert not table.get("tags")
    assert waybill.actions() == {"routeTables/t": ["update"], "routeTables/t/routes/b": ["update"]}


def test_errors_of_what_is_left_out_are_not_told(make, azure):
    azure.put(table_id("u"), {"location": "japaneast", "properties": {"routes": []}})
    waybill = make(table_yaml({"a": A}) + "  u: {}\n")
    assert waybill.plan(check=1).codes == ["not-ours"]
    assert waybill.plan(*target("routeTables/t")).codes == []
    assert waybill.plan(*target("routeTables/u"), check=1).codes == ["not-ours"]


def test_a_route_of_another_name_takes_the_place_of_the_old(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    waybill.write(table_yaml({"new": A, "other": B}))
    assert waybill.actions(*target("routeTables/t/routes/new")) == {
        "routeTables/t/routes/new": ["create"], "routeTables/t/routes/a": ["delete"]}
    waybill.apply(*target("routeTables/t/routes/new"), "--max-deletes", 5)
    assert names(azure) == ["b", "new"]


def test_a_table_that_goes_is_let_go_of_first(make, azure):
    waybill = make(NETWORK)
    waybill.apply()
    waybill.replace(", routeTable: first", "")
    text = waybill.file.read_text()
    waybill.write(text[:text.index("  first:\n")] + text[text.index("  second:\n"):].replace("VnetLocal", "None"))
    gone = {"routeTables/first": ["delete"], "routeTables/first/routes/a": ["delete"],
            "virtualNetworks/net/subnets/one": ["update"]}
    assert waybill.actions(*target("routeTables/first")) == gone
    assert waybill.actions(*target("routeTables/first/routes/a")).keys() >= {
        "routeTables/first/routes/a", "virtualNetworks/net/subnets/one"}
    waybill.apply(*target("routeTables/first"))
    assert azure.get(table_id("first")) is None
    assert set(waybill.actions()) == {"routeTables/second/routes/b"}


def test_another_table_takes_over_before_the_old_one_is_emptied(make):
    waybill = make(PODS % "pods")
    waybill.apply()
    waybill.write((PODS % "other").replace("  pods:\n", "  other:\n"))
    assert {"virtualNetworks/net/subnets/nodes", "routeTables/other/routes/worker-1"} <= set(
        waybill.actions(*target("routeTables/pods/routes/worker-0"), "--max-deletes", 9))


def test_paths_are_judged_on_what_the_targets_alone_leave(make):
    waybill = make(PODS % "pods")
    waybill.apply()
    waybill.replace("{nodeSet: workers}", "{nodeSet: workers, name: 'to-${node.name}'}")
    assert "Reachability by routes: 2 of 2 pod paths after apply (2 of 2 now)" in waybill.plan().stdout
    result = waybill.plan(*target("routeTables/pods/routes/worker-0"), check=1)
    assert set(result.codes) == {"path-lost"}
    result = waybill.plan(*target("routeTables/pods/routes/to-worker-0"))
    assert "Reachability by routes: 2 of 2 pod paths after apply (2 of 2 now)" in result.stdout
    assert "--target: 2 changes left out" in result.stdout


def test_a_saved_plan_holds_its_targets(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.plan("--out", "saved", *target("routeTables/t/routes/a"))
    assert "--target: 1 change left out: routeTables/t/routes/b\n" in waybill.run("show", "saved", check=0).stdout
    waybill.run("check", "saved", check=0)
    assert waybill.run("apply", "saved", *target("routeTables/t"), check=1).codes == ["saved-plan-options"]
    waybill.run("apply", "saved", "--auto-approve", check=0)
    assert names(azure) == ["a"]


def test_destroy_takes_what_is_inside_and_who_uses_it(make, azure):
    waybill = make(NETWORK)
    waybill.apply()
    azure.clear()
    waybill.destroy(*target("virtualNetworks/net/subnets/one"))
    assert [method for method, _ in writes(azure.requests())] == ["DELETE"]
    assert azure.get(table_id("first")) is not None
    waybill.destroy(*target("routeTables/second"))
    assert azure.get(table_id("second")) is None
    assert waybill.records() == ["routeTables/first", "routeTables/first/routes/a", "virtualNetworks/net"]


@pytest.mark.parametrize("example", ("greenfield", "peered", "hard-way"))
def test_every_target_of_an_example_can_be_applied_alone_and_then_the_rest(tmp_path, azure, empty_azure, example):
    cloud = azure if example == "hard-way" else empty_azure
    addresses = sorted(Waybill(tmp_path / "w", cloud, example).actions())
    waybill = Waybill(tmp_path / "w", cloud)
    for address in addresses[::3]:
        waybill.apply(*target(address))
        assert "No changes." in waybill.plan("--detailed-exitcode", *target(address), check=0).stdout
    waybill.apply()
    waybill.assert_settled()


def test_a_set_that_shrank_by_a_targeted_apply_is_no_error_ever_after(make, azure):
    """A targeted apply notes no sizes, and with nothing left to do no other would."""
    nodes = {f"worker-{i}": (f"10.250.0.{20 + i}", f"10.200.{i}.0/24") for i in range(5)}
    lines = [f"      {name}: {{ip: {ip}, podCIDR: {pods}}}\n" for name, (ip, pods) in nodes.items()]
    text = PODS % "pods"
    begin, end = text.index("      worker-0"), text.index("routeTables:")
    waybill = make(text[:begin] + "".join(lines) + text[end:])
    waybill.apply()
    waybill.write(text[:begin] + "".join(lines[:2]) + text[end:])
    assert waybill.plan(check=1).codes == ["node-set-shrunk"]
    waybill.apply("--max-deletes", "3", *target("routeTables/pods"))
    assert names(azure, "pods") == ["worker-0", "worker-1"]
    waybill.assert_settled()


DETACHED = HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.240.0.0/16]}
    subnets:
      one: {addressPrefix: 10.240.0.0/%s, routeTable: t}
%s
routeTables:
  t: {}
"""
REPLACED = (*target("routeTables/t"), "--replace", "routeTables/t")
ONE = "virtualNetworks/net/subnets/one"


def test_what_is_not_ours_is_not_detached_for_a_table_that_is_made_anew(make, azure):
    waybill = make(DETACHED % (24, ""))
    waybill.apply()
    theirs = NETWORK_PROVIDER + "/virtualNetworks/net/subnets/theirs"
    azure.put(theirs, {"properties": {"addressPrefix": "10.240.1.0/24", "routeTable": {"id": table_id()}}})
    waybill.write(DETACHED % (24, "      theirs: {addressPrefix: 10.240.1.0/24, routeTable: t}"))
    assert waybill.plan(*REPLACED, "--max-deletes", "9", check=1).codes == ["not-ours"]
    adopted = waybill.plan_json(*REPLACED, "--adopt", "virtualNetworks/net/subnets/theirs")["waybill"]
    assert adopted["left_out"] == []
    assert "virtualNetworks/net/subnets/theirs" not in waybill.records()


def test_what_is_detached_for_a_while_comes_along_whole(make, azure):
    waybill = make(DETACHED % (24, ""))
    waybill.apply()
    waybill.write(DETACHED % (25, ""))
    assert waybill.actions(*REPLACED) == {"routeTables/t": ["delete", "create"], ONE: ["update"]}
    assert waybill.plan_json(*REPLACED)["waybill"]["left_out"] == []
    waybill.apply(*REPLACED)
    assert azure.get(NETWORK_PROVIDER + "/" + ONE)["properties"]["addressPrefix"] == "10.240.0.0/25"
    waybill.assert_settled()
