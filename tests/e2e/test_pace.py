# SPDX-License-Identifier: Apache-2.0
"""Throttling is seen ahead: more is written than ARM's buckets hold, and hardly anything is refused."""
import re

from harness import HEAD, Waybill

TABLES = 170


def test_a_large_apply_is_not_throttled(emulator, tmp_path):
    azure = emulator(args=["--throttle", "--latency", "60"])
    waybill = Waybill(tmp_path / "w", azure, HEAD + "resourceGroups: {kubernetes: {}}\nrouteTables:\n" + "".join(
        f"  t{n}: {{routes: {{}}}}\n" for n in range(TABLES)))
    result = waybill.apply()
    asked = azure.requests()
    assert len([request for request in asked if request["method"] == "GET"]) > 300, "more than a bucket of reads"
    assert len([request for request in asked if request["status"] == 429]) < 5
    assert re.search(r"^Requests: \d+; left now: \d+ reads, \d+ writes", result.stdout, re.M), result
    document = waybill.destroy("--json").json
    assert document["destroy" if "destroy" in document else "apply"]["left"]["deletes"] >= 0
