# SPDX-License-Identifier: Apache-2.0
"""What a user may change in a configuration that stands, and what must come of it."""
import pytest
from harness import GROUP, HEAD, NETWORK, SUBNET, Waybill, route_body, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


def tag(azure, id, **tags):
    body = azure.get(id)
    body["tags"] = {**body.get("tags", {}), **tags}
    azure.put(id, body)


def routes_of(azure, name="t"):
    return {route["name"]: route["properties"]["addressPrefix"]
            for route in azure.get(table_id(name))["properties"]["routes"]}


# ---- tags ----

def test_a_tag_taken_out_is_removed_and_those_of_others_stay(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {one: '1', two: '2'}\n"))
    waybill.apply()
    tag(azure, table_id(), theirs="yes")
    waybill.replace("{one: '1', two: '2'}", "{one: '1'}")
    azure.clear()
    waybill.apply()
    assert [method for method, _ in writes(azure.requests())] == ["PATCH"]
    assert azure.get(table_id())["tags"] == {"one": "1", "theirs": "yes"}
    waybill.assert_settled()


def test_foreign_tags_remove_owns_all_tags(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {one: '1'}\n    foreignTags: remove\n"))
    waybill.apply()
    tag(azure, table_id(), theirs="yes")
    waybill.apply()
    assert azure.get(table_id())["tags"] == {"one": "1"}
    waybill.assert_settled()


def test_all_tags_taken_out_are_all_removed(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {one: '1', two: '2'}\n"))
    waybill.apply()
    tag(azure, table_id(), theirs="yes")
    waybill.replace("    tags: {one: '1', two: '2'}\n", "")
    waybill.apply()
    assert azure.get(table_id())["tags"] == {"theirs": "yes"}
    waybill.assert_settled()


def test_a_tag_in_another_case_is_the_same_tag(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {Owner: one}\n"))
    waybill.apply()
    waybill.replace("{Owner: one}", "{owner: one}")
    waybill.assert_settled()
    waybill.replace("{owner: one}", "{owner: two}")
    waybill.apply()
    waybill.assert_settled()
    waybill.replace("    tags: {owner: two}\n", "")
    waybill.apply()
    assert not azure.get(table_id()).get("tags")
    waybill.assert_settled()


# ---- members ----

def test_ignored_changes_are_neither_written_nor_dropped(make, azure):
    more = ("    disableBgpRoutePropagation: true\n    tags: {team: one, cost: two}\n"
            "    lifecycle: {ignoreChanges: [tags.team, disableBgpRoutePropagation]}\n")
    waybill = make(table_yaml({"a": A}, more=more))
    waybill.apply()
    table = azure.get(table_id())
    table["tags"]["team"] = "theirs"
    table["properties"]["disableBgpRoutePropagation"] = False
    azure.put(table_id(), table)
    waybill.assert_settled()
    waybill.replace("cost: two", "cost: three")
    waybill.apply()
    assert azure.get(table_id())["tags"] == {"team": "theirs", "cost": "three"}
    assert azure.get(table_id())["properties"]["disableBgpRoutePropagation"] is False


def test_a_member_of_ours_taken_out_is_reset(make, azure):
    waybill = make(table_yaml({"a": A}, more="    disableBgpRoutePropagation: true\n"))
    waybill.apply()
    waybill.replace("    disableBgpRoutePropagation: true\n", "")
    plan = waybill.plan()
    assert plan.last_line.startswith("Plan: 0 to add, 1 to change")
    waybill.apply()
    assert azure.get(table_id())["properties"].get("disableBgpRoutePropagation") in (None, False)
    waybill.assert_settled()


NETWORK_OF_OURS = HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    subnets:
      s: {addressPrefix: 10.8.0.0/24, routeTable: t}
routeTables:
  t: {routes: {a: {addressPrefix: 10.1.0.0/16, nextHopType: None}}}
"""


def test_a_new_prefix_of_a_subnet_is_an_update_in_place(make, azure):
    waybill = make(NETWORK_OF_OURS)
    waybill.apply()
    waybill.replace("10.8.0.0/24", "10.8.7.0/24")
    assert waybill.plan().last_line == "Plan: 0 to add, 1 to change, 0 to destroy."
    azure.clear()
    waybill.apply()
    assert [method for method, _ in writes(azure.requests())] == ["PUT"]
    subnet = azure.get(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/s")
    assert subnet["properties"]["addressPrefix"] == "10.8.7.0/24"
    assert subnet["properties"]["routeTable"]["id"].endswith("/t")
    waybill.assert_settled()


# ---- identity ----

def test_a_table_moved_to_another_group_is_made_attached_detached_and_deleted(make, azure):
    waybill = make(NETWORK_OF_OURS + "resourceGroups: {other: {}}\n")
    waybill.apply()
    waybill.replace("  t: {routes", "  t: {resourceGroup: other, routes")
    plan = waybill.plan("--max-deletes", "9")
    assert plan.stdout.count("resourceGroup` has changed") >= 2, plan
    azure.clear()
    waybill.apply("--max-deletes", "9")
    order = [(method, path.lower()) for method, path in writes(azure.requests())]
    other = table_id().replace("/kubernetes/", "/other/").lower()
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/s".lower()
    assert order == [("PUT", other), ("PUT", subnet), ("DELETE", table_id().lower())]
    waybill.assert_settled()
    waybill.destroy()


def test_routes_that_swap_their_names_are_one_write(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    waybill.write(table_yaml({"b": A, "a": B}))
    azure.clear()
    waybill.apply()
    assert len(writes(azure.requests())) == 1
    assert routes_of(azure) == {"a": B[0], "b": A[0]}
    waybill.assert_settled()


def test_routes_renamed_with_their_prefixes_are_one_write(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    waybill.write(table_yaml({"c": A, "d": B}))
    azure.clear()
    waybill.apply("--max-deletes", "2")
    assert len(writes(azure.requests())) == 1
    assert routes_of(azure) == {"c": A[0], "d": B[0]}
    waybill.assert_settled()


# ---- in what exists ----

NEW_SUBNET = HEAD + """\
virtualNetworks:
  kubernetes-vnet:
    existing: true
    subnets:
      ours: {addressPrefix: 10.241.0.0/24, routeTable: t}
routeTables: {t: {}}
"""


def widen(azure):
    network = azure.get(NETWORK)
    network["properties"]["addressSpace"]["addressPrefixes"].append("10.241.0.0/16")
    azure.put(NETWORK, network)


def test_a_subnet_of_ours_in_an_existing_network_comes_and_goes_alone(make, azure):
    widen(azure)
    before = azure.cloud()
    waybill = make(NEW_SUBNET)
    waybill.apply()
    waybill.assert_settled()
    assert azure.get(NETWORK + "/subnets/ours") and azure.get(SUBNET)
    waybill.destroy()
    assert azure.cloud() == before


OURS_WITH_THEIRS = HEAD + """\
virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    subnets:
      ours: {addressPrefix: 10.8.0.0/24}
routeTables: {t: {}}
"""
NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"


@pytest.mark.parametrize("theirs", ["{existing: true}", "{existing: true, routeTable: t}"])
def test_an_existing_subnet_in_a_network_of_ours_is_not_deleted_with_it(make, azure, theirs):
    waybill = make(OURS_WITH_THEIRS)
    waybill.apply()
    azure.put(NET + "/subnets/theirs", {"properties": {"addressPrefix": "10.8.1.0/24"}})
    waybill.replace("      ours:", f"      theirs: {theirs}\n      ours:")
    waybill.apply()
    azure.clear()
    result = waybill.destroy(check=1)
    assert "foreign-inside" in result.codes and "subnets/theirs" in result.stderr
    assert writes(azure.requests()) == []


def test_a_forgotten_subnet_is_not_deleted_with_its_network(make, azure):
    waybill = make(OURS_WITH_THEIRS)
    waybill.apply()
    waybill.write(HEAD + "routeTables: {t: {}}\nforget: [virtualNetworks/net/subnets/ours]\n")
    result = waybill.plan("--max-deletes", "9", check=1)
    assert "foreign-inside" in result.codes
    assert azure.get(NET + "/subnets/ours")


def test_forgetting_a_table_forgets_its_routes(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    waybill.write(table_yaml({}, name="other") + "forget: [routeTables/t]\n")
    azure.clear()
    waybill.apply("--max-deletes", "9")
    assert routes_of(azure) == {"a": A[0], "b": B[0]}
    assert waybill.records() == ["routeTables/other"]


def test_ours_that_becomes_existing_is_let_go_as_it_is(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {one: '1'}\n"
                                             "    disableBgpRoutePropagation: true\n"))
    waybill.apply()
    waybill.write(HEAD + "routeTables: {t: {existing: true}}\nforget: [routeTables/t/routes/a]\n")
    azure.clear()
    waybill.apply()
    assert writes(azure.requests()) == []
    assert azure.get(table_id())["tags"] == {"one": "1"}
    waybill.assert_settled()
    waybill.destroy()
    assert azure.get(table_id())


def test_what_was_written_back_is_no_longer_ours(make, azure):
    azure.put(table_id("before"), {"location": "japaneast", "properties": {}})
    subnet = azure.get(SUBNET)
    subnet["properties"]["routeTable"] = {"id": table_id("before")}
    azure.put(SUBNET, subnet)
    waybill = make(HEAD + """\
virtualNetworks:
  kubernetes-vnet:
    existing: true
    subnets:
      kubernetes-subnet: {existing: true, routeTable: t}
routeTables: {t: {}}
""")
    waybill.apply()
    waybill.replace(", routeTable: t", "")
    waybill.apply()
    assert azure.get(SUBNET)["properties"]["routeTable"]["id"].endswith("/before")
    subnet = azure.get(SUBNET)
    del subnet["properties"]["routeTable"]
    azure.put(SUBNET, subnet)
    waybill.assert_settled()


def test_a_table_that_was_imported_moves_to_another_group_by_name(make, azure):
    azure.put(table_id(), {"location": "japaneast", "properties": {}})
    waybill = make(HEAD + "resourceGroups: {other: {}}\nrouteTables:\n  t: {}\n")
    waybill.run("import", "routeTables/t", check=0)
    waybill.replace("  t: {}", "  t: {resourceGroup: other}")
    plan = waybill.plan("--max-deletes", "9")
    assert plan.stdout.count("resourceGroup` has changed") == 2, plan


# ---- --replace ----

NETWORK_OF_TWO = HEAD + """virtualNetworks:
  net:
    addressSpace: {addressPrefixes: [10.0.0.0/16]}
    subnets:
      a: {addressPrefix: 10.0.0.0/24, routeTable: t}
      b: {addressPrefix: 10.0.1.0/24}
routeTables:
  t: {routes: {r: {addressPrefix: 10.9.1.0/24, nextHopType: None}}}
"""


def test_replace_of_a_subnet_deletes_it_and_makes_it_again(make, azure):
    waybill = make(NETWORK_OF_TWO)
    waybill.apply()
    azure.clear()
    result = waybill.apply("--replace", "virtualNetworks/net/subnets/a")
    assert "1 added, 0 changed, 1 destroyed" in result.stdout
    subnet = azure.id("virtualNetworks", "net") + "/subnets/a"
    assert writes(azure.requests()) == [("DELETE", subnet), ("PUT", subnet)]
    assert azure.get(subnet)["properties"]["routeTable"]["id"] == table_id()
    waybill.assert_settled()


def test_replace_of_a_table_detaches_deletes_makes_and_attaches(make, azure):
    waybill = make(NETWORK_OF_TWO)
    waybill.apply()
    azure.clear()
    waybill.apply("--replace", "routeTables/t")
    subnet = azure.id("virtualNetworks", "net") + "/subnets/a"
    assert writes(azure.requests()) == [("PUT", subnet), ("DELETE", table_id()), ("PUT", table_id()), ("PUT", subnet)]
    assert routes_of(azure) == {"r": "10.9.1.0/24"}
    waybill.assert_settled()


def test_replace_of_a_route_alone_is_refused(make, azure):
    waybill = make(NETWORK_OF_TWO)
    waybill.apply()
    azure.clear()
    for command in (("plan",), ("apply", "--auto-approve")):
        result = waybill.run(*command, "--replace", "routeTables/t/routes/r", check=1)
        assert result.codes == ["replace-inside"] and "--replace 'routeTables/t'" in result.stderr
    assert writes(azure.requests()) == []
    # With its table it goes and comes, as it would anyway.
    assert waybill.plan("--replace", "routeTables/t", "--replace", "routeTables/t/routes/r")


def test_replace_of_what_exists_is_refused(make):
    waybill = make(HEAD + "virtualNetworks: {kubernetes-vnet: {existing: true}}\n")
    assert waybill.plan("--replace", "virtualNetworks/kubernetes-vnet", check=1).codes == ["existing-replace"]
