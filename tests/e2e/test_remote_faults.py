# SPDX-License-Identifier: Apache-2.0
"""A state in a blob whose service fails, refuses, loses answers, or gives the lease to another."""
import os
import pty
import re
import subprocess
import time
import uuid

import blobs as support
import pytest
from harness import LONG, Waybill, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
KEY = "prod/state"
SAS = "sv=2023-11-03&sp=racwd&sig=c2VjcmV0K3NpZ25hdHVyZQ%3D%3D"

@pytest.fixture
def waybill(tmp_path, azure, blobs):
    return Waybill(tmp_path / "w", azure, table_yaml({"a": A})).use(blobs, KEY)


def many(count):
    return {f"r{i:04}": (f"10.{1 + i // 256}.{i % 256}.0/24", "10.240.0.4") for i in range(count)}


def test_requests_and_bytes_of_an_apply(waybill, blobs):
    waybill.apply()
    first = [request[:4] for request in blobs.requests]
    assert first == [
        ("PUT", KEY, "lease", 404), ("PUT", KEY, None, 201), ("PUT", KEY, "lease", 201),
        ("GET", KEY, None, 200), ("PUT", KEY, "metadata", 200),
        ("PUT", KEY, "appendblock", 201),  # the run
        ("PUT", KEY, "appendblock", 201),  # the intent
        ("PUT", KEY, "appendblock", 201),  # the outcome
        ("PUT", KEY, "appendblock", 201),  # the end
        ("PUT", KEY, "lease", 200)], blobs.requests
    assert sum(request[4] for request in blobs.requests) < 5000
    blobs.requests.clear()
    waybill.apply()
    assert [request[2] for request in blobs.requests] == ["lease", None, "metadata", "lease"]
    blobs.requests.clear()
    for command in (["plan"], ["show"], ["state", "list"], ["history"], ["output"]):
        waybill.run(*command, check=0)
    assert {request[:4] for request in blobs.requests} <= {("GET", KEY, None, 200), ("HEAD", KEY, None, 200)}


def test_bytes_grow_with_the_changes(tmp_path, azure, blobs, figure):
    sent = []
    for count in (100, 400):
        waybill = Waybill(tmp_path / str(count), azure, table_yaml(many(count), f"t{count}")).use(blobs, f"n{count}")
        blobs.requests.clear()
        waybill.apply()
        sent.append(sum(request[4] for request in blobs.requests) / count)
    figure(f"bytes a route: {sent[0]:.0f} of 100, {sent[1]:.0f} of 400")
    assert abs(sent[1] / sent[0] - 1) < 0.2, sent


@pytest.mark.parametrize("when", ["before", "after"])
def test_any_answer_may_be_lost(tmp_path, azure, blobs, when):
    """Each request in turn gets no answer, done or not: the apply does not even notice."""
    nth, dropped = 1, True
    while dropped:
        key = f"lost/{when}/{nth}"
        waybill = Waybill(tmp_path / str(nth), azure, table_yaml({"a": A}, f"t{when}{nth}")).use(blobs, key)
        blobs.drop(nth=nth, when=when)
        waybill.apply()
        dropped = not blobs.traps
        blobs.traps.clear()
        waybill.assert_settled()
        assert waybill.records() == [f"routeTables/t{when}{nth}", f"routeTables/t{when}{nth}/routes/a"]
        _, log = blobs.blob(key)
        numbers = [int(n) for n in re.findall(rb'"n":(\d+),"run"', log)]
        assert numbers == list(range(1, len(numbers) + 1)), "each group once"
        nth += 1
    assert nth > 10


@pytest.mark.sanitizer
@pytest.mark.parametrize("when", ["before", "after"])
def test_any_answer_of_a_snapshot_may_be_lost(tmp_path, azure, blobs, when):
    for nth in range(1, 5):
        key = f"large/{when}/{nth}"
        waybill = Waybill(tmp_path / str(nth), azure, table_yaml(many(900), f"t{when}{nth}")).use(blobs, key)
        blobs.trap(lambda nth=nth: blobs.drop(nth=nth, when=when), nth=2, comp="metadata")
        waybill.apply()
        assert not blobs.traps
        waybill.assert_settled()
        assert len([name for name in blobs.names() if name.startswith(key)]) == 2


def test_a_service_that_fails_for_a_while_is_asked_again(waybill, blobs):
    for nth in (2, 5, 7):
        blobs.fail(503, "ServerBusy", nth=nth)
    waybill.apply()
    waybill.assert_settled()


@pytest.mark.sanitizer
@pytest.mark.parametrize("status, code, told", [
    (403, "AuthorizationPermissionMismatch", "backend-denied"),
    (404, "ContainerNotFound", "backend-missing"),
    (400, "OutOfRangeInput", "backend-failed"),
])
def test_refusals_are_told_with_a_help(waybill, azure, blobs, status, code, told):
    for command in (["plan"], ["apply", "--auto-approve"], ["state", "list"], ["unlock"]):
        blobs.fail(status, code)
        result = waybill.run(*command, check=1)
        assert result.codes == [told] and "help: " in result.stderr
        assert "waybill.yaml:" in result.stderr
    assert writes(azure.requests()) == []


def test_no_service_at_all(waybill, azure):
    waybill.environment["WAYBILL_BACKEND_ENDPOINT"] = "http://127.0.0.1:9"
    result = waybill.run("plan", check=1)
    assert result.codes == ["backend-unreachable"]
    assert azure.requests() == []


def test_reader_rights_are_enough_to_plan(waybill, blobs):
    waybill.apply()
    waybill.write(table_yaml({"a": A, "b": B}))
    waybill.backend(KEY)
    blobs.trap(lambda: (403, "AuthorizationPermissionMismatch"), method="PUT")
    assert waybill.actions() == {"routeTables/t/routes/b": ["create"]}
    assert waybill.run("apply", "--auto-approve", check=1).codes == ["backend-denied"]


def lost_at(blobs, nth, **match):
    """Somebody breaks the lease and takes it, right before the nth such request. What the log held
    then, in a list, once it has happened."""
    held = []

    def steal():
        blobs.steal(KEY)
        held.append(blobs.blob(KEY)[1])
    blobs.trap(steal, nth=nth, **match)
    return held


def test_a_run_that_lost_its_lease_sends_nothing_more(tmp_path, azure, blobs):
    text = table_yaml({"a": A}) + table_yaml({"b": B}, "u").split("routeTables:\n")[1]
    nth, held = 1, True
    while held:
        waybill = Waybill(tmp_path / str(nth), azure, text).use(blobs, KEY)
        azure.clear()
        held = lost_at(blobs, nth, comp="appendblock")
        result = waybill.apply(check=None)
        assert result.codes == (["state-lost"] if held else []), result
        for _, path in writes(azure.requests()):
            assert path.encode() in (held or [blobs.blob(KEY)[1]])[0], "written without a durable intent"
        if held:
            assert blobs.blob(KEY)[1] == held[0], "written without the lease"
            blobs.lease(KEY, "break", lease_break_period="0")
        blobs.traps.clear()
        waybill.apply()
        waybill.assert_settled()
        waybill.destroy()
        nth += 1
    assert nth > 4


@pytest.mark.sanitizer
def test_a_run_that_lost_its_lease_writes_no_snapshot(tmp_path, azure, blobs):
    waybill = Waybill(tmp_path / "w", azure, table_yaml(many(900))).use(blobs, KEY)
    # The third request of the snapshot is the one that would change what is read.
    blobs.trap(lambda: lost_at(blobs, 1, method="PUT", comp=None, blob=KEY), nth=2, comp="metadata")
    result = waybill.apply(check=1)
    assert "state-lost" in result.codes, result
    headers, log = blobs.blob(KEY)
    assert "x-ms-meta-snapshot" not in headers and log
    assert len(blobs.names()) == 2, "the snapshot that nobody reads"
    blobs.lease(KEY, "break", lease_break_period="0")
    waybill.apply()
    waybill.assert_settled()
    assert all(name == KEY or blobs.blob(KEY)[0].get("x-ms-meta-snapshot", "?") in name for name in blobs.names())


def test_a_lease_that_only_ended_is_taken_up_again(waybill, azure, blobs):
    """Nobody took it meanwhile: the run may go on, and nothing was lost."""
    blobs.trap(lambda: blobs.pass_time(61), comp="appendblock", nth=1)
    result = waybill.apply(check=None)
    assert result.code == 1 and result.codes == ["state-lost"]
    assert writes(azure.requests()) == []
    waybill.apply()
    waybill.assert_settled()


@pytest.mark.parametrize("request_kind, nth, later", [
    ({"comp": "metadata"}, 1, 1), ({"comp": "appendblock"}, 1, 2), ({"comp": None, "method": "PUT", "blob": KEY}, 2, 1),
])
def test_a_request_that_arrives_late_changes_nothing(tmp_path, azure, blobs, request_kind, nth, later):
    """It was given up, said again, and then comes out of some queue between us and the service."""
    waybill = Waybill(tmp_path / "w", azure, table_yaml(many(900))).use(blobs, KEY)
    told = []

    def drop():
        blobs.trap(lambda: told.append(blobs.deliver_late()), nth=later, comp="appendblock")
        return "drop"
    blobs.trap(drop, nth=nth, **request_kind)
    waybill.apply()
    assert told == ["ConditionNotMet"]
    waybill.assert_settled()
    assert len(waybill.records()) == 901


@pytest.mark.skipif(not LONG, reason="a minute: only in make test-long")
def test_a_long_run_keeps_its_lease(tmp_path, emulator, blobs):
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n",
                     args=["--operation-time", "70000"])
    first, second = (Waybill(tmp_path / name, azure, table_yaml({"a": A})).use(blobs, KEY) for name in "ab")
    run = subprocess.Popen(first.command("apply", "--auto-approve"), cwd=first.folder, env=first.environment,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(65)
    assert second.run("apply", "--auto-approve", check=1).codes == ["state-locked"]
    assert run.wait(timeout=60) == 0
    renewals = [request for request in blobs.requests if request[2:4] == ("lease", 200)]
    assert 4 <= len(renewals) - 1 <= 7, renewals
    first.assert_settled()


@pytest.mark.skipif(not LONG, reason="a minute: only in make test-long")
def test_a_run_that_cannot_renew_sends_nothing_more(waybill, azure, blobs):
    """Its one write is throttled for longer than the lease lasts."""
    azure.fail(429, "TooManyRequests", retry_after_ms=62000, method="PUT", path=table_id())
    run = subprocess.Popen(waybill.command("apply", "--auto-approve"), cwd=waybill.folder, env=waybill.environment,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not writes(azure.requests()):
        time.sleep(0.1)
    blobs.denied = ("lease",)
    assert "[state-lost]" in run.communicate(timeout=120)[1] and run.returncode == 1
    assert [request["status"] for request in azure.requests() if request["method"] == "PUT"] == [429]
    blobs.denied = ()
    blobs.pass_time(61)
    waybill.apply()
    waybill.assert_settled()


# ---- who we are ----

@pytest.mark.sanitizer
def test_every_way_to_sign_in(tmp_path, azure, blobs):
    blobs.sas = SAS.replace("%3D%3D", "==").replace("==", "%3D%3D")
    for i, more in enumerate(({"AZURE_STORAGE_KEY": support.KEY}, {"ARM_ACCESS_KEY": support.KEY},
                              {"AZURE_STORAGE_SAS_TOKEN": "?" + SAS, "AZURE_STORAGE_ACCOUNT": support.ACCOUNT},
                              {"ARM_SAS_TOKEN": SAS, "WAYBILL_BACKEND_ACCOUNT": support.ACCOUNT}, {})):
        waybill = Waybill(tmp_path / str(i), azure, table_yaml({"a": A}, f"t{i}")).use(blobs, f"way/{i}")
        del waybill.environment["AZURE_STORAGE_KEY"]
        waybill.environment.update(more)
        result = waybill.apply("--log-level", "trace")
        assert "c2VjcmV0" not in result.text and support.KEY not in result.text
        assert "Eby8vdM02" not in result.text
        waybill.assert_settled()


def test_a_secret_that_is_none_or_is_sent_to_anybody(waybill, blobs):
    for name, value in (("AZURE_STORAGE_KEY", "not a key"), ("AZURE_STORAGE_KEY", "A" * 400),
                        ("AZURE_STORAGE_SAS_TOKEN", SAS), ("AZURE_STORAGE_SAS_TOKEN", "a b")):
        result = waybill.run("plan", env={"AZURE_STORAGE_KEY": support.KEY, name: value}, check=1)
        assert result.codes == ["backend-secret"] and value not in result.text
    assert blobs.requests == []
    wrong = "A" * 86 + "=="
    assert waybill.run("plan", env={"AZURE_STORAGE_KEY": wrong}, check=1).codes == ["backend-denied"]


def test_where_a_state_may_be_is_not_for_the_yaml_to_say(waybill, blobs):
    assert waybill.run("plan", "--backend-account", "another", check=1).codes == ["backend-account"]
    assert waybill.run("plan", "--backend-endpoint", "http://192.0.2.1:80", check=1).codes == ["backend-endpoint"]
    assert waybill.run("plan", "--backend-endpoint", "https://127.0.0.1:80", check=1).codes == ["backend-endpoint"]
    del waybill.environment["WAYBILL_BACKEND_ENDPOINT"]
    assert waybill.run("plan", check=1).codes == ["backend-endpoint"]
    waybill.environment["WAYBILL_STATE"] = "other.db"
    assert waybill.run("plan", check=1).codes == ["state-in-two-places"]
    assert waybill.run("state", "list", check=0).stdout == "", "--state alone says which"
    assert blobs.requests == []


def test_an_azure_token_is_not_shown_to_an_emulator_of_storage(waybill, blobs):
    more = {"WAYBILL_CLOUD": "public", "AZURE_STORAGE_KEY": "", "AZURE_TENANT_ID": "t",
            "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
    assert waybill.run("state", "list", env=more, check=1).codes == ["backend-secret"]
    more.update(WAYBILL_ACCESS_TOKEN="eyJhbGciOi", WAYBILL_BACKEND_ENDPOINT="")
    assert waybill.run("state", "list", env=more, check=1).codes == ["backend-secret"]
    assert blobs.requests == []


# ---- what is not ours ----

def test_a_blob_of_something_else_is_left_alone(waybill, blobs):
    for kind, content in (("BlockBlob", b"{}"), ("AppendBlob", b"")):
        blobs.ask("PUT", f"{support.CONTAINER}/{KEY}", (), {"x-ms-blob-type": kind}, content)
        for command in (["plan"], ["apply", "--auto-approve"]):
            assert waybill.run(*command, check=1).codes == ["state-unreadable"]
        headers, left = blobs.blob(KEY)
        assert left == content and headers["x-ms-lease-state"] == "available"
        assert not [name for name in headers if name.startswith("x-ms-meta-")]


def test_a_snapshot_that_is_gone(tmp_path, azure, blobs):
    waybill = Waybill(tmp_path / "w", azure, table_yaml(many(900))).use(blobs, KEY)
    waybill.apply()
    name = [name for name in blobs.names() if name != KEY][0]
    content = blobs.containers[support.CONTAINER].pop(name)
    assert waybill.run("plan", check=1).codes == ["state-unreadable"]
    assert waybill.run("apply", "--auto-approve", check=1).codes == ["state-unreadable"]
    blobs.containers[support.CONTAINER][name] = content
    waybill.assert_settled()


def test_a_snapshot_that_is_replaced_while_it_is_read(tmp_path, azure, blobs):
    writer, reader = (Waybill(tmp_path / name, azure, table_yaml(many(900))).use(blobs, KEY) for name in "wr")
    writer.apply()
    snapshot = [name for name in blobs.names() if name != KEY][0]
    writer.write(writer.file.read_text().replace("10.240.0.4", "10.240.0.5"))
    blobs.trap(lambda: writer.apply() and None, method="GET", blob=snapshot)
    assert len(reader.records()) == 901
    assert blobs.requests[-1][1] != snapshot and not blobs.traps
    assert snapshot not in blobs.names()


def test_interrupted_it_lets_go_of_the_lease(tmp_path, emulator, blobs):
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n",
                     args=["--operation-time", "30000"])
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A})).use(blobs, KEY)
    run = subprocess.Popen(waybill.command("apply", "--auto-approve", "--grace", "0s"), cwd=waybill.folder,
                           env=waybill.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
    for line in run.stdout:
        if table_id().rsplit("/", 1)[1] in line and "reat" in line and "..." in line:
            break
    run.terminate()
    run.communicate(timeout=60)
    assert run.returncode == 143
    assert blobs.blob(KEY)[0]["x-ms-lease-state"] == "available"


def test_interrupted_while_it_reads_it_lets_go_too(waybill, azure, blobs):
    azure.fail(429, "TooManyRequests", retry_after_ms=60000, method="GET")
    run = subprocess.Popen(waybill.command("apply", "--auto-approve"), cwd=waybill.folder, env=waybill.environment,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not azure.requests():
        time.sleep(0.05)
    assert blobs.blob(KEY)[0]["x-ms-lease-state"] == "leased"
    run.terminate()
    assert run.wait(timeout=60) == 143
    assert blobs.blob(KEY)[0]["x-ms-lease-state"] == "available"


def test_interrupted_at_the_question_it_lets_go_too(waybill, blobs):
    ours, theirs = pty.openpty()
    run = subprocess.Popen(waybill.command("apply"), cwd=waybill.folder, env=waybill.environment, stdin=theirs,
                           stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    told = b""
    while b"Only 'yes' is accepted" not in told:
        told += os.read(ours, 4096)
    assert blobs.blob(KEY)[0]["x-ms-lease-state"] == "leased"
    run.terminate()
    assert run.wait(timeout=60) == 143
    os.close(ours)
    assert blobs.blob(KEY)[0]["x-ms-lease-state"] == "available"


def test_unlock_with_json_prints_nothing_else(waybill, blobs):
    waybill.apply()
    blobs.lease(KEY, "acquire", lease_duration="60", proposed_lease_id=str(uuid.uuid4()))
    result = waybill.run("unlock", "--json", check=1)
    assert result.json["diagnostics"][0]["code"] == "needs-approval" and result.json["holder"]
    assert waybill.run("unlock", "--json", "--auto-approve", check=0).json["holder"]
    waybill.apply()


def test_unlock_takes_the_state_from_nobody_else_than_it_told(waybill, blobs):
    """Another run began while somebody thought it over."""
    waybill.apply()
    blobs.lease(KEY, "acquire", lease_duration="60", proposed_lease_id=str(uuid.uuid4()))
    main, side = pty.openpty()
    run = subprocess.Popen(waybill.command("unlock"), cwd=waybill.folder, env=waybill.environment,
                           stdin=side, stdout=side, stderr=side)
    told = b""
    while b"accepted" not in told:
        told += os.read(main, 4096)
    blob = blobs.containers["states"][KEY]
    blob.metadata["x-ms-meta-holder"] = blob.metadata["x-ms-meta-holder"].replace("apply", "destroy")
    os.write(main, b"yes\n")
    assert run.wait(timeout=60) == 1
    while b"state-locked" not in told:
        told += os.read(main, 4096)
    os.close(main)
    os.close(side)
    assert waybill.apply(check=1).codes == ["state-locked"]
