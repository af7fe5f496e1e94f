# SPDX-License-Identifier: Apache-2.0
"""Drift alone: what others changed, removed and made, and a state that takes what stands."""
import pytest
from harness import HEAD, SUBNET, Waybill, route_body, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
C = ("10.3.0.0/16", "10.240.0.6")
ONLY = "--refresh=only"


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


@pytest.fixture
def drifted(make, azure):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    azure.put(table_id() + "/routes/a", route_body(*C))
    azure.delete(table_id() + "/routes/b")
    azure.put(table_id() + "/routes/theirs", route_body("10.9.0.0/16", "10.240.0.9"))
    return waybill


def test_nothing_drifted(make):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    waybill.write(table_yaml({"a": A, "b": B}))
    result = waybill.plan(ONLY, "--detailed-exitcode", check=0)
    assert result.last_line == "No changes." and "outside" not in result.stdout
    assert "No changes." in waybill.run("apply", ONLY, check=0).stdout


def test_drift_is_split_and_nothing_is_planned(drifted, azure):
    drifted.write(table_yaml({"a": A, "c": ("10.4.0.0/16", "10.240.0.7")}))
    azure.clear()
    result = drifted.plan(ONLY, "--detailed-exitcode", check=2)
    assert "Changed outside of Waybill since the last apply:\n  ~ routeTables/t/routes/a " in result.stdout
    assert "Removed outside of Waybill since the last apply:\n  - routeTables/t/routes/b\n" in result.stdout
    assert "Made by others and kept:\n" in result.stdout and "theirs" in result.stdout
    assert result.last_line == "Drift: 1 changed, 1 removed, 1 foreign."
    assert "Plan:" not in result.stdout
    document = drifted.plan_json(ONLY)
    assert [(d["address"][-1], d["change"]["actions"]) for d in document["resource_drift"]] == [
        ("a", ["update"]), ("b", ["delete"])]
    assert document["resource_drift"][1]["change"]["before"] == route_body(*B)
    assert [f["address"] for f in document["waybill"]["foreign"]] == ["routeTables/t/routes/theirs"]
    assert document["waybill"]["drift_only"] and document["applyable"] and document["resource_changes"] == []
    assert writes(azure.requests()) == []


def test_apply_writes_the_drift_into_the_state_alone(drifted, azure):
    assert drifted.run("apply", ONLY, check=1).codes == ["needs-approval"]
    azure.clear()
    result = drifted.apply(ONLY)
    assert writes(azure.requests()) == []
    assert "Apply complete! Resources: 0 added, 0 changed, 0 destroyed." in result.stdout
    assert drifted.records() == ["routeTables/t", "routeTables/t/routes/a"]
    drifted.plan(ONLY, "--detailed-exitcode", check=0)
    changes = drifted.run("history", "show", "2", "--json", check=0).json["run"]["changes"]
    assert [(c["action"], c["address"][-1]) for c in changes] == [("refresh", "a"), ("forget", "b")]
    assert changes[0]["before"]["properties"]["addressPrefix"] == A[0]
    assert changes[0]["after"]["properties"]["addressPrefix"] == C[0]
    # What is declared is made so by the next apply.
    assert drifted.actions() == {"routeTables/t/routes/a": ["update"], "routeTables/t/routes/b": ["create"]}
    drifted.apply()
    drifted.assert_settled()


def test_a_saved_plan_of_drift_is_applied_while_it_is_true(drifted, azure):
    drifted.plan(ONLY, "--out", "saved")
    assert drifted.run("show", "saved", check=0).last_line == "Drift: 1 changed, 1 removed, 1 foreign."
    drifted.run("check", "saved", check=0)
    drifted.run("apply", "saved", "--refresh=true", check=1)
    azure.put(table_id() + "/routes/a", route_body("10.5.0.0/16", "10.240.0.8"))
    stale = drifted.run("check", "saved", check=2)
    assert set(stale.codes) == {"plan-stale"} and "routeTables/t/routes/a stands otherwise" in stale.stderr
    assert set(drifted.run("apply", "saved", "--auto-approve", check=1).codes) == {"plan-stale"}
    azure.put(table_id() + "/routes/a", route_body(*C))
    drifted.run("apply", "saved", "--auto-approve", check=0)
    assert drifted.records() == ["routeTables/t", "routeTables/t/routes/a"]


def test_a_table_that_is_gone_is_forgotten_with_its_routes(make, azure):
    waybill = make(table_yaml({"a": A}) + "outputs: {id: '${routeTables.t.id}'}\n")
    waybill.apply()
    azure.delete(table_id())
    waybill.apply(ONLY)
    assert waybill.records() == []
    assert waybill.run("output", "id", check=0).stdout.strip() == table_id()


def test_what_someone_wrote_over_ours_in_what_exists_is_theirs(tmp_path, azure):
    waybill = Waybill(tmp_path, azure, "hard-way")
    waybill.apply()
    other = table_id("other")
    azure.put(other, {"location": "japaneast", "properties": {"routes": []}})
    body = azure.get(SUBNET)
    body["properties"]["routeTable"] = {"id": other}
    azure.put(SUBNET, body)
    waybill.apply(ONLY)
    assert not any("subnet" in address for address in waybill.records())
    waybill.destroy("--max-deletes", 10)
    assert azure.get(SUBNET)["properties"]["routeTable"]["id"] == other


def test_tags_change_and_change_their_spelling(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {team: one, gone: x}\n"))
    waybill.apply()
    azure.put(table_id(), {**azure.get(table_id()), "tags": {"TEAM": "two"}})
    waybill.apply(ONLY)
    waybill.plan(ONLY, "--detailed-exitcode", check=0)
    waybill.apply()
    waybill.assert_settled()


@pytest.mark.parametrize("keeps", (True, False))
def test_no_secret_is_kept(make, azure, keeps):
    text = HEAD + "variables: {key: {sensitive: true}}\nrouteTables:\n  t: {tags: {key: '${var.key}'}}\n"
    waybill = make(text)
    words = ("--var", "key=hunter2hunter2")
    waybill.apply(*words)
    azure.put(table_id(), {**azure.get(table_id()), "tags": {"key": "swordfish99"}})
    if not keeps:
        waybill.write(HEAD + "routeTables:\n  t: {}\n")
        words = ()
    for command in (("plan", ONLY), ("plan",), ("apply", ONLY, "--auto-approve")):
        assert "swordfish99" not in waybill.run(*command, *words, check=0).text
    assert b"swordfish99" not in b"".join(path.read_bytes() for path in waybill.folder.glob("waybill.db*"))


def test_what_asks_for_a_change_cannot_stand_beside_it(make):
    waybill = make(table_yaml({"a": A}))
    for words in (("--replace", "routeTables/t"), ("--adopt", "routeTables/t"), ("--destroy",),
                  ("--delete-foreign", "routeTables/t")):
        assert waybill.plan(ONLY, *words, check=1).codes == ["refresh-only-options"]


def test_only_is_no_way_to_follow_a_move(make):
    assert make(table_yaml({})).run("state", "mv", "a", "b", ONLY, check=1).codes == ["option-value"]


def test_what_was_removed_tells_no_secret(make, azure):
    waybill = make(HEAD + "variables: {key: {sensitive: true}}\n"
                   "routeTables: {t: {tags: {key: '${var.key}', plain: told}}}\n")
    waybill.apply("--var", "key=hunter2hunter2")
    azure.delete(table_id())
    result = waybill.plan(ONLY, "--json", "--var", "key=hunter2hunter2")
    tags = result.json["resource_drift"][0]["change"]["before"]["tags"]
    assert tags == {"key": "(sensitive)", "plain": "told"} and "hunter2" not in result.text
