# SPDX-License-Identifier: Apache-2.0
"""The state in a blob: what is kept there, who holds it, and that a lost runner loses nothing.

All of it runs on a storage account of documented behaviour and, where it is installed, on Azurite.
"""
import json
import shutil
import sqlite3
import subprocess
import uuid

import pytest
from harness import LONG, Waybill, kill_at, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
STARTED_AT_ONCE = 50 if LONG else 6


@pytest.fixture
def key():
    return f"test/{uuid.uuid4()}"


def runner(folder, azure, storage, key, routes=None):
    return Waybill(folder, azure, table_yaml({"a": A} if routes is None else routes)).use(storage, key)


def start(waybill, *arguments):
    return subprocess.Popen(waybill.command(*arguments), cwd=waybill.folder, env=waybill.environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def free(storage, key):
    """The lease of a runner that is gone has ended."""
    storage.lease(key, "break", lease_break_period="0")


def test_another_runner_goes_on(tmp_path, azure, storage, key):
    first = runner(tmp_path / "a", azure, storage, key)
    first.plan("--detailed-exitcode", check=2)
    assert storage.blob(key) is None, "to plan is to read"
    first.apply()
    first.assert_settled()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["waybill.yaml"]
    second = runner(tmp_path / "b", azure, storage, key, {"a": A, "b": B})
    assert second.records() == first.records() != []
    assert second.actions() == {"routeTables/t/routes/b": ["create"]}
    second.apply()
    first.write(second.file.read_text())
    first.assert_settled()
    first.destroy()
    assert second.records() == []
    assert [run["command"] for run in second.run("history", "--json", check=0).json["runs"]] == \
        ["destroy", "apply", "apply"]


def test_looking_needs_the_backend_alone(tmp_path, azure, storage, key):
    waybill = runner(tmp_path / "a", azure, storage, key)
    waybill.write(waybill.file.read_text() + "variables: {unset: {type: string}}\noutputs: {o: '${var.unset}'}\n")
    waybill.apply("--var", "unset=1")
    assert "routeTables/t" in waybill.run("show", check=0).stdout.replace("routeTables:\n  t:", "routeTables/t")
    assert waybill.run("output", "o", check=0).stdout == "1\n"
    assert "routeTables/t" in waybill.run("state", "show", "routeTables/t", check=0).stdout


def test_a_service_that_refuses(tmp_path, azure, storage, key):
    waybill = runner(tmp_path / "w", azure, storage, key)
    wrong = {"AZURE_STORAGE_KEY": "A" * 86 + "=="}
    for command in (["plan"], ["apply", "--auto-approve"], ["unlock"]):
        assert waybill.run(*command, env=wrong, check=1).codes == ["backend-denied"]
    waybill.replace("container: states", "container: absent")
    for command in (["plan"], ["apply", "--auto-approve"], ["unlock"]):
        assert waybill.run(*command, check=1).codes == ["backend-missing"]
    assert azure.requests() == []


def test_a_run_that_loses_its_lease_stops(tmp_path, emulator, storage, key):
    """Taken by another while Azure is at work: what was sent by then is all that is sent."""
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n",
                     args=["--operation-time", "1500"])
    text = table_yaml({"a": A}) + "  u: {dependsOn: [routeTables/t], routes: {}}\n"
    waybill = Waybill(tmp_path / "w", azure, text).use(storage, key)
    run = start(waybill, "apply", "--auto-approve")
    while b'"intend"' not in (storage.blob(key) or ({}, b""))[1]:
        assert run.poll() is None
    storage.steal(key)
    assert "[state-lost]" in run.communicate(timeout=120)[1] and run.returncode == 1
    assert writes(azure.requests()) in ([], [("PUT", table_id())])
    free(storage, key)
    waybill.apply()
    waybill.assert_settled()
    assert sorted(method for method, _ in writes(azure.requests())) == ["PUT", "PUT"]


def test_a_run_that_dies_is_gone_on_with_elsewhere(tmp_path, azure, storage, key):
    lost = runner(tmp_path / "lost", azure, storage, key, {"a": A, "b": B})
    assert kill_at(lost, 1, "after", "apply", "--auto-approve", method="PUT", path=table_id())
    shutil.rmtree(lost.folder)
    other = runner(tmp_path / "other", azure, storage, key, {"a": A, "b": B})
    refused = other.run("apply", "--auto-approve", check=1)
    assert refused.codes == ["state-locked"] and ", apply" in refused.stderr
    free(storage, key)
    result = other.apply()
    assert "Settled: routeTables/t" in result.stderr
    assert sum(method == "PUT" and path.endswith("/t") for method, path in writes(azure.requests())) == 1
    other.assert_settled()


@pytest.mark.skipif(not LONG, reason="a minute: only in make test-long")
def test_a_lease_ends_by_itself_within_a_minute(tmp_path, azure, storage, key):
    lost = runner(tmp_path / "lost", azure, storage, key)
    assert kill_at(lost, 1, "before", "apply", "--auto-approve", method="PUT", path=table_id())
    other = runner(tmp_path / "other", azure, storage, key)
    result = other.apply("--lock-timeout", "75s")
    assert "Waiting for the state's lock, held by " in result.stderr
    other.assert_settled()


@pytest.fixture(params=["local", "documented", "azurite"])
def place(request):
    """Where two runners share a state: None is a local file."""
    names = {"documented": "blobs", "azurite": "azurite"}
    return request.getfixturevalue(names[request.param]) if request.param in names else None


def pair(folder, azure, place, key, text):
    """Two runners of one state."""
    if place is None:
        return [Waybill(folder, azure, text), Waybill(folder, azure, text)]
    return [Waybill(folder / name, azure, text).use(place, key) for name in "ab"]


def test_two_at_the_same_instant(tmp_path, emulator, place, key, figure):
    """One does the work; the other waits and finds nothing to do, or fails with the holder's name."""
    waited = failed = 0
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n",
                     args=["--operation-time", "400"])
    for i in range(STARTED_AT_ONCE):
        both = pair(tmp_path / str(i), azure, place, f"{key}/{i}", table_yaml({"a": A}, f"t{i}"))
        patience = ("--lock-timeout", "60s") if i % 2 else ()
        azure.clear()
        runs = [start(waybill, "apply", "--auto-approve", *patience) for waybill in both]
        told = [run.communicate(timeout=120) for run in runs]
        codes = sorted(run.returncode for run in runs)
        if codes == [0, 1]:
            failed += 1
            loser = told[[run.returncode for run in runs].index(1)][1]
            assert "is locked by " in loser and ", apply" in loser and "[state-locked]" in loser
        else:
            assert codes == [0, 0], told
            waited += 1
        assert sum(method == "PUT" for method, _ in writes(azure.requests())) == 1
        for waybill in both:
            waybill.assert_settled()
            assert waybill.records() == [f"routeTables/t{i}", f"routeTables/t{i}/routes/a"]
    assert waited and failed
    figure(f"{STARTED_AT_ONCE} pairs: {waited} second ones found it done, {failed} were refused by name")


def test_unlock_names_the_holder_and_breaks_the_lease(tmp_path, azure, storage, key):
    waybill = runner(tmp_path / "w", azure, storage, key)
    assert waybill.run("unlock", check=0).stdout == "Nobody holds the state.\n"
    assert kill_at(waybill, 1, "before", "apply", "--auto-approve", method="PUT", path=table_id())
    refused = waybill.run("unlock", check=1)
    assert refused.codes == ["needs-approval"] and "The state is held by " in refused.stdout
    assert ", apply" in waybill.run("unlock", "--auto-approve", check=0).stdout
    waybill.apply()
    waybill.assert_settled()


def test_a_plan_shows_what_a_live_run_has_in_flight(tmp_path, azure, storage, key):
    waybill = runner(tmp_path / "w", azure, storage, key)
    assert kill_at(waybill, 1, "before", "apply", "--auto-approve", method="PUT", path=table_id())
    assert "In flight" in waybill.plan().stdout
    free(storage, key)
    assert "In flight" not in waybill.plan().stdout


def test_a_local_state_moves_there_and_back(tmp_path, azure, storage, key):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    del waybill.environment["WAYBILL_STATE"]
    waybill.apply()
    records = waybill.records()
    waybill.environment["WAYBILL_STATE"] = "unused"
    waybill.use(storage, key)
    for command in (["plan"], ["apply", "--auto-approve"], ["state", "list"], ["destroy", "--auto-approve"]):
        refused = waybill.run(*command, check=1)
        assert refused.codes == ["state-in-two-places"] and "waybill state push" in refused.stderr
    waybill.run("state", "push", check=0)
    assert not waybill.state.exists() and (tmp_path / "w" / "waybill.db.moved").exists()
    assert waybill.records() == records
    waybill.assert_settled()
    assert waybill.run("state", "push", check=1).codes == ["state-open"]
    waybill.run("state", "pull", "copy.db", check=0)
    assert waybill.run("state", "pull", "copy.db", check=1).codes == ["file-exists"]
    waybill.write(table_yaml({"a": A}))
    (tmp_path / "w" / "copy.db").rename(waybill.state)
    assert waybill.records() == records
    waybill.assert_settled()
    assert waybill.run("state", "push", check=1).codes == ["no-backend"]


def test_a_log_that_a_reader_kept_goes_aside_with_its_state(tmp_path, azure, storage, key):
    waybill = Waybill(tmp_path / "a", azure, table_yaml({"a": A}))
    waybill.apply()
    waybill.write(table_yaml({"a": A, "b": B}))
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT")
    reader = sqlite3.connect(f"file:{waybill.state}?mode=ro", uri=True)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM run").fetchall()
    waybill.use(storage, key)
    waybill.run("state", "push", check=0)
    assert sorted(path.name for path in waybill.folder.glob("*-wal")) == ["waybill.db.moved-wal"]
    waybill.apply()
    waybill.run("state", "pull", "waybill.db", check=0)
    reader.close()
    waybill.write(table_yaml({"a": A, "b": B}))
    waybill.environment["WAYBILL_STATE"] = str(waybill.state)
    assert waybill.run("state", "sql", "--json", "select count(*) from intent where ended is null",
                       check=0).json["rows"] == [[0]]
    waybill.assert_settled()


def test_push_does_not_write_over_another_state(tmp_path, azure, storage, key):
    runner(tmp_path / "there", azure, storage, key).apply()
    here = Waybill(tmp_path / "here", azure, table_yaml({"b": B}, "u"))
    here.apply()
    here.use(storage, key)
    assert here.run("state", "push", check=1).codes == ["state-exists"]
    assert here.state.exists()
    here.run("state", "push", "--force", check=0)
    assert here.records() == ["routeTables/u", "routeTables/u/routes/b"]


def test_push_does_not_write_over_what_a_dead_run_left(tmp_path, azure, storage, key):
    """It changed no record, so that the serial is the same."""
    waybill = Waybill(tmp_path / "a", azure, table_yaml({"a": A}))
    waybill.apply()
    waybill.use(storage, key)
    waybill.run("state", "push", check=0)
    shutil.copy(f"{waybill.state}.moved", waybill.folder / "old.db")
    waybill.replace("      a:", "      b:")
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT")
    free(storage, key)
    assert waybill.run("state", "push", "--state", "old.db", check=1).codes == ["state-exists"]
    waybill.apply()
    waybill.assert_settled()


def many(count):
    return {f"r{i:04}": (f"10.{1 + i // 256}.{i % 256}.0/24", "10.240.0.4") for i in range(count)}


def test_a_long_log_becomes_a_snapshot(tmp_path, azure, storage, key):
    waybill = runner(tmp_path / "w", azure, storage, key, many(900))
    for prefix in ("10.240.0.4", "10.240.0.5"):
        waybill.write(waybill.file.read_text().replace("10.240.0.4", prefix))
        waybill.apply()
        waybill.assert_settled()
        assert len(waybill.records()) == 901
    names = [name for name in storage.names() if name.startswith(key)]
    assert len(names) == 2 and names[0] == key and names[1].startswith(f"{key}.snapshot.")
    headers, _ = storage.blob(key)
    assert names[1].endswith(headers["x-ms-meta-snapshot"])
    assert storage.blob(names[1])[1].startswith(b"SQLite format 3")


def test_a_snapshot_larger_than_one_request(tmp_path, azure, storage, key):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    waybill.apply()
    with sqlite3.connect(waybill.state) as state:
        state.executemany("INSERT INTO resource (id, address, type, origin, body) VALUES (?, ?, 't', 'made', ?)",
                          [(f"/large/{i}", f"large/{i}", json.dumps("x" * 1000000)) for i in range(20)])
    state.close()
    records = waybill.records()
    waybill.use(storage, key).run("state", "push", "--state", "waybill.db", check=0)
    assert waybill.records() == records and len(records) == 22
    waybill.run("state", "pull", "copy.db", check=0)
    copies = [sqlite3.connect(tmp_path / "w" / name) for name in ("copy.db", "waybill.db.moved")]
    assert [copy.execute("SELECT * FROM resource ORDER BY id").fetchall() for copy in copies[:1]] == \
        [copy.execute("SELECT * FROM resource ORDER BY id").fetchall() for copy in copies[1:]]
    for copy in copies:
        copy.close()
