# SPDX-License-Identifier: Apache-2.0
"""Whose is it: ours, foreign, existing, not ours; adopting, forgetting, guards."""
import pytest
from harness import (GROUP, HEAD, SUBNET, Waybill, route_body, table_id,
                     table_yaml, writes)

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
TABLE_BODY = {"location": "japaneast", "properties": {"routes": [{"name": "a", **route_body(*A)}]}}


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


def route_names(azure, name="t"):
    return sorted(route["name"] for route in azure.get(table_id(name))["properties"]["routes"])


# ---- not ours, adopt, import, forget ----

def test_what_exists_and_is_not_ours_is_refused_at_plan(make, azure):
    azure.put(table_id(), TABLE_BODY)
    waybill = make(table_yaml({"a": A}))
    azure.clear()
    result = waybill.plan(check=1)
    assert "not-ours" in result.codes and "waybill.yaml:6:3" in result.stderr
    assert "adopt" in result.stderr
    assert "not-ours" in waybill.apply(check=1).codes
    assert writes(azure.requests()) == []


def test_a_route_that_exists_in_our_table_is_not_ours(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    azure.put(table_id() + "/routes/b", route_body(*B))
    waybill.write(table_yaml({"a": A, "b": B}))
    assert waybill.plan(check=1).codes == ["not-ours"]
    waybill.apply("--adopt", "routeTables/t/routes/b")
    assert "routeTables/t/routes/b" in waybill.records()
    waybill.assert_settled()


def test_adopt_in_the_configuration_takes_over(make, azure):
    azure.put(table_id(), TABLE_BODY)
    text = table_yaml({"a": A, "b": B}, more="    adopt: true\n")
    waybill = make(text.replace("      a:\n", "      a:\n        adopt: true\n"))
    assert "adopt" in waybill.plan().stdout
    waybill.apply()
    assert route_names(azure) == ["a", "b"]
    waybill.assert_settled()
    waybill.destroy()
    assert azure.get(table_id()) is None


def test_adopt_on_the_command_line_takes_over(make, azure):
    azure.put(table_id(), TABLE_BODY)
    waybill = make(table_yaml({"a": A}))
    waybill.apply("--adopt", "routeTables/t", "--adopt", "routeTables/t/routes/a")
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a"]
    waybill.assert_settled()


def test_import_takes_over_without_a_write(make, azure):
    azure.put(table_id(), TABLE_BODY)
    waybill = make(table_yaml({"a": A}))
    azure.clear()
    waybill.run("import", "routeTables/t", check=0)
    assert waybill.run("import", "routeTables/t/routes/a", check=1).codes == ["already-ours"]
    assert writes(azure.requests()) == []
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a"]
    waybill.assert_settled()


def test_import_of_what_is_not_there_is_an_error(make):
    waybill = make(table_yaml({"a": A}))
    assert waybill.run("import", "routeTables/t", check=1).codes
    assert waybill.records() == []


def test_forget_lets_go_without_a_write(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    waybill.write(table_yaml({"a": A}) + "forget: [routeTables/t/routes/b]\n")
    azure.clear()
    waybill.apply()
    assert writes(azure.requests()) == []
    assert route_names(azure) == ["a", "b"]
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a"]
    waybill.assert_settled()


def test_prevent_destroy_is_an_error_at_plan(make, azure):
    more = "    lifecycle: {preventDestroy: true}\n"
    waybill = make(table_yaml({"a": A}, more=more))
    waybill.apply()
    azure.clear()
    result = waybill.destroy(check=1)
    assert "prevent-destroy" in result.codes and writes(azure.requests()) == []


def test_ignore_changes_leaves_a_member_to_others(make, azure):
    more = "    tags: {team: one}\n    lifecycle: {ignoreChanges: [tags]}\n"
    waybill = make(table_yaml({"a": A}, more=more))
    waybill.apply()
    table = azure.get(table_id())
    table["tags"]["team"] = "theirs"
    azure.put(table_id(), table)
    waybill.assert_settled()


# ---- foreign ----

def test_foreign_tags_are_shown_and_can_be_owned(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {ours: 'yes'}\n"))
    waybill.apply()
    body = azure.get(table_id())
    azure.put(table_id(), {**body, "tags": {"OURS": "yes", "costCenter": "42", "x": "::error::y"}})
    result = waybill.plan("--detailed-exitcode")
    assert result.last_line == "No changes."
    assert "Made by others and kept:\n" in result.stdout and "      routeTables/t\n" in result.stdout
    assert '          tags.costCenter: "42" foreign\n' in result.stdout
    assert "tags.OURS" not in result.stdout and "::" not in result.stdout
    foreign, = waybill.plan_json()["waybill"]["foreign"]
    assert foreign == {"address": "routeTables/t", "id": table_id(), "type": "Microsoft.Network/routeTables",
                       "values": {"tags": {"costCenter": "42", "x": "::error::y"}}}
    waybill.write(table_yaml({"a": A, "b": B}, more="    tags: {ours: 'yes'}\n"))
    waybill.run("plan", "--out", "saved", check=0)
    assert 'tags.costCenter: "42" foreign\n' in waybill.run("show", "saved", check=0).stdout
    waybill.run("apply", "saved", "--auto-approve", check=0)
    assert azure.get(table_id())["tags"]["costCenter"] == "42"
    waybill.write(table_yaml({"a": A, "b": B}, more="    tags: {ours: 'yes'}\n    foreignTags: remove\n"))
    assert "foreign\n" not in waybill.plan().stdout
    waybill.apply()
    assert azure.get(table_id())["tags"] == {"OURS": "yes"}
    assert waybill.plan_json()["waybill"]["foreign"] == []


def test_tags_of_what_is_existing_are_not_told(make, azure):
    waybill = make(HEAD + "virtualNetworks: {kubernetes-vnet: {existing: true, tags: {ours: 'yes'}}}\n")
    waybill.apply()
    network = GROUP + "/providers/Microsoft.Network/virtualNetworks/kubernetes-vnet"
    azure.put(network, {**azure.get(network), "tags": {"ours": "yes", "theirs": "too"}})
    assert "foreign" not in waybill.plan().stdout


def test_foreign_routes_and_tags_are_kept_by_every_write(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    table = azure.get(table_id())
    table["tags"] = {"theirs": "yes"}
    table["properties"]["routes"].append({"name": "theirs", **route_body(*B)})
    azure.put(table_id(), table)
    waybill.replace("10.240.0.4", "10.240.0.7")
    waybill.apply()
    assert route_names(azure) == ["a", "theirs"]
    assert azure.get(table_id())["tags"] == {"theirs": "yes"}
    waybill.assert_settled()


def test_a_foreign_route_with_our_prefix_is_a_conflict_at_plan(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    azure.put(table_id() + "/routes/theirs", route_body(*B))
    waybill.write(table_yaml({"a": A, "b": B}))
    result = waybill.plan(check=1)
    assert result.codes and "theirs" in result.stderr


def test_foreign_routes_remove_owns_the_whole_table(make, azure):
    text = table_yaml({"a": A}, more="    foreignRoutes: remove\n")
    waybill = make(text)
    waybill.apply()
    azure.put(table_id() + "/routes/theirs", route_body(*B))
    assert waybill.plan().last_line.endswith("1 to destroy.")
    waybill.apply("--max-deletes", "5")
    assert route_names(azure) == ["a"]
    waybill.assert_settled()


def test_a_table_with_a_foreign_route_is_not_deleted(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    azure.put(table_id() + "/routes/theirs", route_body(*B))
    azure.clear()
    result = waybill.destroy(check=1)
    assert "foreign-inside" in result.codes and "theirs" in result.stderr
    assert writes(azure.requests()) == []


def test_a_group_with_something_foreign_inside_is_not_deleted(tmp_path, empty_azure):
    waybill = Waybill(tmp_path / "w", empty_azure, HEAD + (
        "resourceGroups:\n  kubernetes: {}\n"
        "routeTables:\n  t: {}\n"))
    waybill.apply()
    empty_azure.put(table_id("theirs"), {"location": "japaneast", "properties": {}})
    result = waybill.destroy(check=1)
    assert "foreign-inside" in result.codes and "theirs" in result.stderr
    assert empty_azure.get(GROUP) and empty_azure.get(table_id("theirs"))


def test_something_foreign_that_came_after_the_plan_stops_the_delete(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    azure.edit(("PUT", table_id() + "/routes/theirs", route_body(*B)),
               before={"method": "DELETE", "path": table_id()})
    result = waybill.destroy(check=1)
    if azure.get(table_id()) is None:
        pytest.skip("the edit came behind the last read: ARM's DELETE knows no condition")
    assert "theirs" in result.text


# ---- guards ----

def test_deleting_over_half_wants_max_deletes(make, azure):
    routes = {f"r{i}": (f"10.{i}.0.0/16", "10.240.0.4") for i in range(1, 9)}
    waybill = make(table_yaml(routes))
    waybill.apply()
    waybill.write(table_yaml({"r1": routes["r1"]}))
    azure.clear()
    result = waybill.plan(check=1)
    assert "max-deletes" in result.stderr
    assert waybill.plan("--max-deletes", "6", check=1).codes == result.codes
    waybill.apply("--max-deletes", "7")
    assert route_names(azure) == ["r1"]


def test_deleting_a_network_wants_max_deletes(tmp_path, empty_azure):
    network = ("virtualNetworks:\n  net:\n    addressSpace: {addressPrefixes: [10.0.0.0/16]}\n")
    group = HEAD + "resourceGroups:\n  kubernetes: {}\n"
    tables = "routeTables:\n" + "".join(f"  t{i}: {{}}\n" for i in range(6))
    waybill = Waybill(tmp_path / "w", empty_azure, group + network + tables)
    waybill.apply()
    waybill.write(group + tables)
    assert "max-deletes" in waybill.plan(check=1).stderr
    waybill.apply("--max-deletes", "1")
    waybill.assert_settled()


def test_a_node_set_that_shrinks_below_half_wants_max_deletes(make, azure):
    text = HEAD + (
        "nodeSets:\n  n:\n    range: {count: 10, name: 'n-${node.index}', firstIP: 10.240.0.20,\n"
        "      podCIDRs: 10.200.0.0/16, podPrefixLength: 24}\n"
        "routeTables:\n  t:\n    nodeRoutes: [{nodeSet: n}]\n"
        "    routes:\n" + "".join(
            f"      keep-{i}: {{addressPrefix: 10.{i}.0.0/16, nextHopType: None}}\n"
            for i in range(30)))
    waybill = make(text)
    waybill.apply()
    waybill.replace("count: 10", "count: 4")
    assert "max-deletes" in waybill.plan(check=1).stderr
    waybill.apply("--max-deletes", "6")
    assert len(route_names(azure)) == 34


# ---- existing, and what was before us ----

EXISTING = HEAD + """\
virtualNetworks:
  kubernetes-vnet:
    existing: true
    subnets:
      kubernetes-subnet:
        existing: true
        routeTable: t
routeTables:
  t:
    routes:
      a: {addressPrefix: 10.1.0.0/16, nextHopType: None}
"""


def attached(azure):
    reference = azure.get(SUBNET)["properties"].get("routeTable")
    return reference["id"].rsplit("/", 1)[1] if reference else None


def attach(azure, name):
    subnet = azure.get(SUBNET)
    subnet["properties"]["routeTable"] = {"id": table_id(name)}
    azure.put(SUBNET, subnet)


def test_what_was_before_us_comes_back(make, azure):
    azure.put(table_id("before"), {"location": "japaneast", "properties": {}})
    attach(azure, "before")
    before = azure.cloud()
    waybill = make(EXISTING)
    waybill.apply()
    assert attached(azure) == "t"
    waybill.destroy()
    assert attached(azure) == "before"
    assert azure.cloud() == before


def test_taking_the_member_out_writes_back_what_was_before(make, azure):
    waybill = make(EXISTING)
    waybill.apply()
    waybill.replace("        routeTable: t\n", "")
    waybill.apply()
    assert attached(azure) is None
    waybill.assert_settled()


def test_a_member_taken_out_after_somebody_wrote_over_it_is_left_and_told(make, azure):
    azure.put(table_id("theirs"), {"location": "japaneast", "properties": {}})
    waybill = make(EXISTING)
    waybill.apply()
    attach(azure, "theirs")
    waybill.replace("        routeTable: t\n", "")
    told = waybill.plan().stdout
    assert "is left as it stands" in told
    waybill.apply()
    assert attached(azure) == "theirs"
    settled = waybill.plan(check=0).stdout
    assert "No changes" in settled and "Changed outside" not in settled


def test_what_somebody_wrote_over_ours_is_left(make, azure):
    waybill = make(EXISTING)
    waybill.apply()
    azure.put(table_id("theirs"), {"location": "japaneast", "properties": {}})
    attach(azure, "theirs")
    result = waybill.destroy()
    assert attached(azure) == "theirs"
    assert "kubernetes-subnet" in result.text
    assert azure.get(table_id()) is None


def test_existing_that_does_not_exist_is_an_error(make, azure):
    waybill = make(EXISTING.replace("kubernetes-subnet", "no-such-subnet"))
    result = waybill.plan(check=1)
    assert result.codes and "no-such-subnet" in result.stderr


def test_expect_holds_members_to_what_they_should_be(make, azure):
    waybill = make(EXISTING.replace("        routeTable: t\n", (
        "        routeTable: t\n        expect: {addressPrefix: 10.240.0.0/24}\n")))
    waybill.plan()
    waybill.replace("10.240.0.0/24", "10.250.0.0/24")
    result = waybill.plan(check=1)
    lines = waybill.file.read_text().splitlines()
    line = next(i for i, text in enumerate(lines) if "10.250.0.0/24" in text)
    place = f"waybill.yaml:{line + 1}:{lines[line].index('10.250.0.0/24') + 1}: error: "
    assert result.codes == ["expect-differs"] and place in result.stderr
    assert '`addressPrefix` "10.250.0.0/24", and Azure says "10.240.0.0/24"' in result.stderr


# ---- replacement ----

def test_a_replaced_table_is_detached_deleted_made_full_and_attached(make, azure):
    waybill = make(EXISTING)
    waybill.apply()
    guid = azure.get(table_id())["properties"]["resourceGuid"]
    plan = waybill.plan("--replace", "routeTables/t", "--max-deletes", "9")
    assert "-/+" in plan.stdout
    azure.clear()
    waybill.apply("--replace", "routeTables/t", "--max-deletes", "9")
    order = [(method, path.rsplit("/", 1)[1]) for method, path in writes(azure.requests())]
    assert order == [("PUT", "kubernetes-subnet"), ("DELETE", "t"), ("PUT", "t"),
                     ("PUT", "kubernetes-subnet")]
    assert azure.get(table_id())["properties"]["resourceGuid"] != guid
    assert attached(azure) == "t" and route_names(azure) == ["a"]
    waybill.assert_settled()


def test_a_member_that_cannot_be_updated_names_itself_as_the_cause(make, azure):
    azure.put(table_id(), {"location": "japanwest", "properties": {}})
    waybill = make(table_yaml({}, more="    adopt: true\n"))
    plan = waybill.plan("--max-deletes", "9")
    assert "-/+" in plan.stdout and "location" in plan.stdout
    change = waybill.plan_json("--max-deletes", "9")["resource_changes"][0]
    assert change["change"]["actions"] == ["delete", "create"]
    assert change["change"]["replace_paths"] == [["location"]]
