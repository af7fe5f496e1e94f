# SPDX-License-Identifier: Apache-2.0
"""What is written down before a write leaves, and how the next run goes on from it."""
import hashlib
import json
import re
import shutil
import sqlite3

import pytest
from emulator import ROOT
from harness import TABLE, Waybill, kill_at, route_body, table_id, table_yaml

STATES = ROOT / "tests" / "support" / "states"


def intents(waybill):
    """All intents of the state, as a program beside us reads them."""
    connection = sqlite3.connect(f"file:{waybill.state}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute("SELECT * FROM intent ORDER BY number")]
    finally:
        connection.close()


@pytest.mark.sanitizer
def test_an_operation_under_way_is_asked_for_its_end(tmp_path, emulator):
    azure = emulator(cloud_yaml=ROOT / "examples/hard-way/cloud.yaml", args=["--operation-time", 700])
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    assert kill_at(waybill, 1, "before", "apply", "--auto-approve", path="/operations/")
    left = intents(waybill)
    assert [one["ended"] for one in left] == [None]
    assert left[0]["handle"].startswith("status http") and "/operations/" in left[0]["handle"]
    sent = next(one for one in azure.requests() if one["method"] == "PUT")
    assert len(left[0]["request_id"]) == 36 and sent["status"] == 201
    step = json.loads(left[0]["step"])
    assert step["address"] == "routeTables/kubernetes-routes"

    azure.clear()
    told = waybill.apply()
    assert "the last run ended while it was written; it was written" in told.stderr
    asked = [one["path"] for one in azure.requests()]
    assert "/operations/" in asked[0], asked[:3]
    assert [one["handle"] for one in intents(waybill)] == [None, None]
    waybill.assert_settled()


def test_what_an_intent_says_was_sent(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    waybill.replace("${var.prefix}-route-${node.podCIDR | slug}", "${node.name}")
    etag = azure.get(TABLE)["etag"]
    assert kill_at(waybill, 1, "before", "apply", "--auto-approve", method="PUT")
    last = intents(waybill)[-1]
    assert last["ended"] is None and last["handle"] is None
    assert last["if_match"] == etag
    assert len(last["body_hash"]) == len(hashlib.sha256().hexdigest())


@pytest.mark.parametrize("fixture", sorted(STATES.glob("format-*.sqlite")), ids=lambda path: path.stem)
def test_every_format_that_ever_was_opens(tmp_path, azure, fixture):
    """Each holds the hard way, applied, and a write of other route names that was killed."""
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    waybill.state.unlink()
    shutil.copy(fixture, waybill.state)
    before = waybill.state.read_bytes()
    assert len(waybill.records()) == 4
    assert waybill.plan("--detailed-exitcode", check=0).last_line == "No changes."
    assert waybill.state.read_bytes() == before, "a reader changes nothing"

    told = waybill.apply()
    assert "it was not written" in told.stderr
    waybill.replace("${var.prefix}-route-${node.podCIDR | slug}", "${node.name}")
    waybill.apply()
    waybill.assert_settled()
    kept = waybill.state.with_name(f"waybill.db.{fixture.stem}")
    newest = re.search(r"#define STATE_FORMAT (\d+)", (ROOT / "state/state.h").read_text()).group(1)
    assert kept.exists() == (fixture.stem != f"format-{newest}") and len(intents(waybill)) >= 4
    if kept.exists():
        shutil.copy(kept, waybill.state)
        assert len(waybill.records()) == 4 and kept.stat().st_mode & 0o777 == 0o600


def test_what_another_made_meanwhile_is_not_ours(tmp_path, azure):
    """The create never left, and somebody made a table of that name."""
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    assert kill_at(waybill, 1, "before", "apply", "--auto-approve", method="PUT")
    azure.put(table_id(), {"location": "japaneast", "properties": {
        "routes": [{"name": "theirs", **route_body("10.9.0.0/16", "10.240.0.9")}]}})
    assert waybill.plan(check=1).codes == ["not-ours"]
    result = waybill.apply(check=1)
    assert "Settled: routeTables/t: the last run ended while it was written; someone else made it\n" \
        in result.stderr and sorted(result.codes) == ["intent-conflict", "not-ours"], result
    assert waybill.records() == []
    assert waybill.destroy().last_line == "No changes."
    assert azure.get(table_id())["properties"]["routes"][0]["name"] == "theirs"


def test_what_was_made_and_edited_since_is_ours(tmp_path, azure):
    routes = {"a": ("10.1.0.0/16", "10.240.0.4"), "b": ("10.2.0.0/16", "10.240.0.4")}
    waybill = Waybill(tmp_path / "w", azure, table_yaml(routes))
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT")
    azure.delete(table_id() + "/routes/a")
    waybill.apply()
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a", "routeTables/t/routes/b"]
    waybill.assert_settled()


@pytest.mark.parametrize("record", ('{"origin":5}', '{"origin":"mine"}', '{"origin":"made","parent":5}', "5"))
def test_a_damaged_intent_is_in_conflict(tmp_path, azure, record):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT")
    with sqlite3.connect(waybill.state) as state:
        step, = state.execute("SELECT step FROM intent").fetchone()
        step = json.loads(step)
        for change in step["changes"]:
            change["record"] = json.loads(record)
        state.execute("UPDATE intent SET step = ?", (json.dumps(step),))
    state.close()
    assert waybill.plan(check=1).codes == ["not-ours"]
    assert sorted(waybill.apply(check=1).codes) == ["intent-conflict", "not-ours"]
    assert waybill.records() == []
