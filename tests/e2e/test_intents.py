# SPDX-License-Identifier: Apache-2.0
"""What is written down before a write leaves, and how the next run goes on from it."""
import hashlib
import json
import re
import shutil
import sqlite3

import pytest
from emulator import ROOT
from harness import TABLE, Waybill, kill_at

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
