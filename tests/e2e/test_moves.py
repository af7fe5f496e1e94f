# SPDX-License-Identifier: Apache-2.0
"""What somebody moved in Azure: `moved` in the configuration."""
import pytest
from harness import HEAD, Waybill, kill_at, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
THERE = "    resourceGroup: network\n"
MOVED = "moved: [{from: routeTables/t, to: resourceGroups/network/routeTables/t}]\n"
OUTPUT = "outputs: {table: '${routeTables.t.id}'}\n"


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


def move(azure, name="t", group="network"):
    """As ARM does it: the same object under another id."""
    body = azure.get(table_id(name))
    azure.put(azure.group(group), {"location": "japaneast"})
    azure.put(azure.id("routeTables", name, group), body)
    azure.delete(table_id(name))


def test_plan_shows_a_move_and_apply_only_follows(make, azure):
    waybill = make(table_yaml({"a": A}) + OUTPUT)
    waybill.apply()
    move(azure)
    waybill.write(table_yaml({"a": A}, more=THERE) + MOVED + OUTPUT)
    azure.clear()
    result = waybill.plan("--detailed-exitcode", check=2)
    assert "  > resourceGroups/network/routeTables/t has moved in Azure (waybill.yaml:6)\n" in result.stdout
    assert "# moved from routeTables/t\n" in result.stdout
    assert "Moved in Azure: 1, which the state follows.\n" in result.stdout
    assert result.last_line == "Plan: 0 to add, 0 to change, 0 to destroy."
    document = waybill.plan_json()
    change, = document["resource_changes"]
    assert change["change"]["actions"] == ["no-op"] and change["previous_id"] == table_id()
    assert document["summary"]["move"] == 1
    waybill.run("plan", "--out", "saved", check=0)
    assert "# moved from routeTables/t\n" in waybill.run("show", "saved", check=0).stdout
    waybill.run("apply", "saved", "--auto-approve", check=0)
    assert writes(azure.requests()) == []
    assert waybill.records() == ["resourceGroups/network/routeTables/t",
                                 "resourceGroups/network/routeTables/t/routes/a"]
    assert "/resourceGroups/network/" in waybill.run("output", "table").stdout
    waybill.assert_settled()
    waybill.write(table_yaml({"a": A}, more=THERE) + OUTPUT)
    waybill.assert_settled()
    waybill.destroy()
    assert azure.get(azure.id("routeTables", "t", "network")) is None


def test_to_look_for_drift_alone_follows_and_keeps_what_is_recorded(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    move(azure)
    waybill.write(table_yaml({"a": A, "b": B}, more=THERE) + MOVED)
    azure.delete(azure.id("routeTables", "t", "network") + "/routes/b")
    waybill.apply("--refresh=only")
    there = "resourceGroups/network/routeTables/t"
    assert waybill.records() == [there, there + "/routes/a"]
    assert waybill.actions() == {there + "/routes/b": ["create"]}
    waybill.apply()
    waybill.assert_settled()


def test_to_take_over_another_follows_and_keeps_what_is_recorded(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    move(azure)
    azure.put(table_id("u"), {"location": "japaneast"})
    waybill.write(HEAD + "routeTables: {u: {}}\n" + MOVED)
    waybill.run("import", "routeTables/u", check=0)
    there = "resourceGroups/network/routeTables/t"
    assert waybill.records() == [there, there + "/routes/a", "routeTables/u"]


def test_without_a_word_what_was_moved_is_not_ours_and_the_error_says_so(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    move(azure)
    waybill.write(table_yaml({"a": A}, more=THERE))
    result = waybill.plan(check=1)
    assert result.codes == ["not-ours"] and "`moved: [{from: routeTables/t, to: " in result.stderr
    waybill.write(table_yaml({"a": A}))
    assert waybill.actions() == {"routeTables/t": ["create"], "routeTables/t/routes/a": ["create"]}


def test_what_was_not_moved_is_refused(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    waybill.write(HEAD + MOVED)
    result = waybill.plan(check=1)
    assert result.codes == ["moved-still-there"] and "waybill.yaml:5:16" in result.stderr
    azure.delete(table_id())
    assert waybill.plan(check=1).codes == ["moved-absent"]
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a"]


def test_a_move_meets_a_change(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    move(azure)
    more = THERE + "    tags: {moved: 'yes'}\n"
    waybill.write(table_yaml({"a": A}, more=more) + MOVED)
    azure.clear()
    waybill.apply()
    assert [method for method, _ in writes(azure.requests())] == ["PATCH"]
    assert azure.get(azure.id("routeTables", "t", "network"))["tags"] == {"moved": "yes"}
    waybill.assert_settled()


# ---- on the command line ----

def test_state_mv_follows_from_the_command_line(make, azure):
    waybill = make(table_yaml({"a": A}) + OUTPUT)
    waybill.apply()
    assert waybill.run("state", "mv", "routeTables/t", "resourceGroups/network/routeTables/t",
                       check=1).codes == ["moved-still-there"]
    move(azure)
    azure.clear()
    result = waybill.run("state", "mv", "routeTables/t", "resourceGroups/network/routeTables/t", check=0)
    assert result.stdout == ("Moved resourceGroups/network/routeTables/t\n"
                             "Moved resourceGroups/network/routeTables/t/routes/a\n")
    assert writes(azure.requests()) == []
    waybill.write(table_yaml({"a": A}, more=THERE) + OUTPUT)
    assert waybill.actions() == {}
    told = waybill.run("history", "show", "2", "--json", check=0).json["run"]
    assert told["command"] == "state mv" and told["result"] == "done"
    assert [(c["action"], c["before"]["id"]) for c in told["changes"]] == [
        ("move", table_id()), ("move", table_id() + "/routes/a")]


def test_state_mv_refuses_what_cannot_be(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()

    def codes(*arguments):
        return waybill.run("state", "mv", *arguments, check=1).codes

    there = azure.id("routeTables", "t", "network")
    assert codes("routeTables/u", there) == ["unknown-address"]
    assert codes("routeTables/t", "routeTables/u") == ["moved-impossible"]
    assert codes("routeTables/t/routes/a", there + "/routes/a") == ["moved-impossible"]
    assert codes("routeTables/t", "nothing") == ["bad-address"]
    azure.delete(table_id())
    assert codes("routeTables/t", there) == ["moved-absent"]
    waybill.run("state", "mv", "routeTables/t", there, "--refresh=false", check=0)
    assert "resourceGroups/network/routeTables/t" in waybill.records()
    azure.put(azure.group("network"), {"location": "japaneast"})
    waybill.write(table_yaml({"a": A}) + "  other: {name: t, resourceGroup: network}\n")
    waybill.apply("--max-deletes", "1")
    assert codes("routeTables/t", there) == ["moved-onto-recorded"]


def test_a_move_survives_a_kill_at_any_request(tmp_path, azure):
    """It is durable before the first write leaves, and nothing is made twice."""
    kills = 0
    for nth in range(1, 20):
        name = f"t{nth}"
        waybill = Waybill(tmp_path / name, azure, table_yaml({"a": A}, name=name))
        waybill.apply()
        move(azure, name)
        moved = f"moved: [{{from: routeTables/{name}, to: resourceGroups/network/routeTables/{name}}}]\n"
        waybill.write(table_yaml({"a": A, "b": B}, name=name, more=THERE) + moved)
        if not kill_at(waybill, nth, "after", "apply", "--auto-approve"):
            break
        kills += 1
        waybill.apply()
        waybill.assert_settled()
        assert waybill.records() == [f"resourceGroups/network/routeTables/{name}{inside}"
                                     for inside in ("", "/routes/a", "/routes/b")]
        assert azure.get(table_id(name)) is None
    assert kills >= 5
