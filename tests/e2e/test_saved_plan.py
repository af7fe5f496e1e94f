# SPDX-License-Identifier: Apache-2.0
"""A plan is a promise: saved, shown, stale, expected."""
import json

import pytest
from harness import TABLE, ROUTE_0, Waybill, route_body, table_id, table_yaml, writes

ONE = {"a": ("10.1.0.0/16", "10.240.0.4"), "b": ("10.2.0.0/16", "10.240.0.5")}


@pytest.fixture
def waybill(tmp_path, azure):
    return Waybill(tmp_path / "w", azure, table_yaml(ONE))


def test_a_saved_plan_does_what_it_shows(waybill):
    saved = waybill.plan("--out", "plan.waybill")
    shown = waybill.run("show", "plan.waybill", check=0)
    assert shown.plan_id == saved.plan_id
    assert shown.last_line == saved.last_line == "Plan: 3 to add, 0 to change, 0 to destroy."
    waybill.apply("plan.waybill")
    waybill.assert_settled()


def test_a_saved_plan_carries_its_inputs(waybill):
    waybill.plan("--out", "plan.waybill")
    waybill.file.unlink()
    waybill.apply("plan.waybill")
    assert len(waybill.azure.get(table_id())["properties"]["routes"]) == 2


def test_show_json_of_a_plan_is_plan_json(waybill):
    waybill.plan("--out", "plan.waybill")
    shown = waybill.run("show", "--json", "plan.waybill", check=0).json
    planned = waybill.plan_json()
    assert shown["resource_changes"] == planned["resource_changes"]
    change = planned["resource_changes"][0]
    assert {"address", "type", "name", "change"} <= change.keys()
    assert {"actions", "before", "after"} <= change["change"].keys()
    assert planned["format_version"]


def test_a_plan_is_stale_when_what_it_decided_on_has_changed(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    azure.put(f"{TABLE}/routes/{ROUTE_0}", route_body("10.200.0.0/24", "10.240.0.98"))
    waybill.plan("--out", "plan.waybill")
    azure.put(f"{TABLE}/routes/{ROUTE_0}", route_body("10.200.0.0/24", "10.240.0.99"))
    azure.clear()
    result = waybill.run("apply", "plan.waybill", check=1)
    assert "plan-stale" in result.codes and ROUTE_0 in result.stderr
    assert writes(azure.requests()) == []


def test_check_says_whether_a_plan_is_still_true(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.plan("--out", "plan.waybill")
    azure.clear()
    waybill.plan()
    lists = len(azure.requests())
    azure.clear()
    assert waybill.run("check", "plan.waybill", check=0).stdout.startswith("The plan is still true: ")
    assert len(azure.requests()) == lists and writes(azure.requests()) == []
    assert not waybill.state.exists() and not waybill.state.with_suffix(".db.lock").exists()

    azure.put(TABLE, {"location": "japaneast", "properties": {}})
    moved = waybill.run("check", "plan.waybill", "--json", check=1)
    assert [one["code"] for one in moved.json["diagnostics"]] == ["not-ours"]
    azure.delete(TABLE)
    waybill.apply("plan.waybill")
    moved = waybill.run("check", "plan.waybill", check=2)
    assert set(moved.codes) == {"plan-stale"} and ROUTE_0 in moved.stderr
    told = waybill.run("check", "plan.waybill", "--json", check=2).json["check"]
    assert not told["still_true"] and told["saved"] != told["now"]
    assert waybill.run("check", "nowhere", check=1).codes == ["plan-unreadable"]


def test_an_edit_beside_it_leaves_a_plan_true(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    azure.put(f"{TABLE}/routes/{ROUTE_0}", route_body("10.200.0.0/24", "10.240.0.98"))
    waybill.plan("--out", "plan.waybill")
    azure.put(f"{TABLE}/routes/by-hand", route_body("172.20.0.0/16", "10.240.0.9"))
    waybill.apply("plan.waybill")
    names = [route["name"] for route in azure.get(TABLE)["properties"]["routes"]]
    assert "by-hand" in names and len(names) == 3


def test_a_plan_is_stale_after_it_was_applied(waybill):
    waybill.plan("--out", "plan.waybill")
    waybill.apply("plan.waybill")
    waybill.azure.clear()
    assert "plan-stale" in waybill.run("apply", "plan.waybill", check=1).codes
    assert writes(waybill.azure.requests()) == []


def test_expect_applies_what_was_reviewed_and_nothing_else(waybill):
    plan_id = waybill.plan().plan_id
    wrong = waybill.run("apply", "--expect", "0" * 64, check=1)
    assert wrong.codes and writes(waybill.azure.requests()) == []
    waybill.run("apply", "--expect", plan_id, check=0)
    waybill.assert_settled()


def test_equal_inputs_give_an_equal_plan_id_elsewhere(tmp_path, waybill):
    other = Waybill(tmp_path / "other" / "folder", waybill.azure, table_yaml(ONE))
    assert other.plan().plan_id == waybill.plan().plan_id
    other.replace("10.240.0.5", "10.240.0.6")
    assert other.plan().plan_id != waybill.plan().plan_id


def test_without_a_terminal_apply_and_destroy_want_approval(waybill):
    waybill.plan("--out", "plan.waybill")
    for arguments in (["apply"], ["apply", "plan.waybill"]):
        assert "needs-approval" in waybill.run(*arguments, check=1).codes
    assert writes(waybill.azure.requests()) == [] and not waybill.state.exists()
    waybill.apply()
    waybill.azure.clear()
    assert "needs-approval" in waybill.run("destroy", check=1).codes
    assert writes(waybill.azure.requests()) == []


@pytest.mark.parametrize("damage", ["truncated", "not-json", "newer"])
def test_a_damaged_plan_is_refused(waybill, damage):
    waybill.plan("--out", "plan.waybill")
    path = waybill.folder / "plan.waybill"
    text = path.read_text()
    if damage == "truncated":
        path.write_text(text[:len(text) // 2])
    elif damage == "not-json":
        path.write_text("\x7fELF nonsense")
    else:
        value = json.loads(text)
        key = "waybill_plan"
        value[key] = 999
        path.write_text(json.dumps(value))
    for command in (["apply"], ["show"]):
        result = waybill.run(*command, "plan.waybill", check=1)
        assert set(result.codes) & {"plan-unreadable", "plan-version"}, result
    assert writes(waybill.azure.requests()) == []
