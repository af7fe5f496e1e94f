# SPDX-License-Identifier: Apache-2.0
"""--record: all requests and answers of a command in one HAR."""
import json
import os
import signal
import subprocess
import time

import har
import pytest
from harness import GROUP, Waybill, table_id, table_yaml

pytestmark = pytest.mark.sanitizer
BEFORE = '{"log":{"version":"1.2","entries":[]}}'
ONE = {"a": ("10.1.0.0/16", "10.240.0.4")}


@pytest.fixture
def waybill(tmp_path, azure):
    return Waybill(tmp_path / "w", azure, table_yaml(ONE))


def seen(entries, azure):
    return [(entry["request"]["method"], entry["request"]["url"].removeprefix(azure.endpoint).partition("?")[0])
            for entry in entries]


def asked(azure):
    return [(request["method"], request["path"].partition("?")[0]) for request in azure.requests()]


@pytest.mark.parametrize("arguments", [
    ["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"], ["nodes"], ["routes"], ["reach"],
    ["import", "--all", "--auto-approve"], ["graph"], ["rest", "GET", GROUP]], ids=lambda words: words[0])
def test_every_request_is_recorded(waybill, azure, arguments):
    if arguments[0] == "destroy":
        waybill.apply()
        azure.clear()
    result = waybill.run(*arguments, "--record", "it.har")
    assert result.code == 0, result
    entries = har.read(waybill.folder / "it.har")
    assert seen(entries, azure) == asked(azure)
    assert os.listdir(waybill.folder).count("it.har") == 1
    assert not [name for name in os.listdir(waybill.folder) if name.startswith("it.har.")]


def test_an_exchange_is_whole(waybill, azure):
    waybill.apply("--record", "it.har")
    put, = [entry for entry in har.read(waybill.folder / "it.har") if entry["request"]["method"] == "PUT"]
    body = json.loads(put["request"]["postData"]["text"])
    assert body["properties"]["routes"][0]["name"] == "a"
    assert put["request"]["postData"]["mimeType"] == "application/json"
    assert put["request"]["bodySize"] == len(put["request"]["postData"]["text"])
    assert put["response"]["status"] == 201 and put["response"]["httpVersion"] == "HTTP/1.1"
    answer = json.loads(put["response"]["content"]["text"])
    assert answer["id"].lower() == table_id().lower()
    assert {"name": "api-version", "value": put["request"]["url"].partition("api-version=")[2].partition("&")[0]} in \
        put["request"]["queryString"]
    assert {"name": "Authorization", "value": "***"} in put["request"]["headers"]


def test_a_failure_is_recorded_too(waybill, azure):
    azure.drop(method="GET", path="routeTables", nth=1)
    azure.fail(400, "Bad", "no \u00e9", method="PUT", path="/t")
    waybill.apply("--record", "it.har", check=1)
    entries = har.read(waybill.folder / "it.har")
    lost = [entry for entry in entries if entry["response"]["status"] == 0]
    assert len(lost) == 1 and lost[0]["response"]["comment"]
    refused = [entry for entry in entries if entry["response"]["status"] == 400]
    assert "no \u00e9" in refused[0]["response"]["content"]["text"]


def test_a_record_replaces_another_or_nothing(waybill):
    path = waybill.folder / "it.har"
    path.write_text(BEFORE)
    waybill.run("plan", "--record", "it.har", check=0)
    first = path.read_text()
    waybill.run("validate", "--record", "it.har", check=1)
    assert path.read_text() == first
    refused = waybill.run("apply", "--auto-approve", "--record", "none/it.har", check=1)
    assert refused.codes == ["record-write"] and "help: " in refused.stderr
    assert not waybill.state.exists()


def test_a_process_that_is_killed_leaves_nothing(waybill, azure):
    path = waybill.folder / "it.har"
    path.write_text(BEFORE)
    azure.fail(503, "Busy", retry_after_ms=60_000, method="GET", path="routeTables")
    process = subprocess.Popen(waybill.command("rest", "GET", GROUP + "/providers/Microsoft.Network/routeTables",
                                               "--record", "it.har"), cwd=waybill.folder, env=waybill.environment)
    deadline = time.monotonic() + 60
    while not azure.requests() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    assert path.read_text() == BEFORE
    assert not [name for name in os.listdir(waybill.folder) if name.startswith("it.har.")]


def test_a_large_body_is_cut(waybill, azure):
    waybill.write(table_yaml({f"r{i}": (f"10.{i // 256}.{i % 256}.0/24", "10.240.0.4") for i in range(400)}))
    waybill.apply("--record", "it.har")
    entries = har.read(waybill.folder / "it.har")
    assert all(len(entry["response"]["content"]["text"].encode()) <= 256 << 10 for entry in entries)
