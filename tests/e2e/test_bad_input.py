# SPDX-License-Identifier: Apache-2.0
"""Input too large, too deep or too strange for a text file in tests/cases."""
import json
import os
import sqlite3

import pytest
from harness import HEAD, Waybill, table_yaml, writes

pytestmark = pytest.mark.sanitizer
ONE = {"a": ("10.1.0.0/16", "10.240.0.4")}


@pytest.fixture
def waybill(tmp_path, azure):
    return Waybill(tmp_path / "w", azure, table_yaml(ONE))


def refused(waybill, *arguments, place="waybill.yaml"):
    """Runs plan and apply; both must refuse and write nothing. Returns the codes."""
    state = waybill.state.read_bytes() if waybill.state.is_file() else None
    codes = []
    for command in ("plan", "apply"):
        more = ["--auto-approve"] if command == "apply" else []
        result = waybill.run(command, *more, *arguments, check=1)
        assert result.codes and "help: " in result.stderr, result
        assert place in result.stderr, result
        assert len(result.stderr) < 100_000
        codes += result.codes
    assert writes(waybill.azure.requests()) == []
    assert (waybill.state.read_bytes() if waybill.state.is_file() else None) == state
    return codes


def test_a_file_of_100_megabytes(waybill):
    with open(waybill.file, "w", encoding="utf-8") as file:
        file.write(HEAD + "# ")
        file.seek(100 << 20)
        file.write("\n")
    refused(waybill)


def test_an_alias_bomb(waybill):
    text = HEAD + "variables:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        text += f"  a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 9) + "]\n"
    waybill.write(text)
    refused(waybill)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_100_000_levels_of_depth(waybill, opening):
    waybill.write(HEAD + "outputs:\n  x:\n    " + opening * 100_000 + "\n")
    refused(waybill)


def test_bytes_that_are_no_utf_8(waybill):
    waybill.file.write_bytes(HEAD.encode() + b"resourceGroups:\n  \xff\xfe\x80: {}\n")
    refused(waybill)


def test_a_nul_in_the_middle(waybill):
    waybill.file.write_bytes(HEAD.encode() + b"resourceGroups:\n  \"a\\0b\": {}\n")
    refused(waybill)


def test_a_missing_file(waybill):
    refused(waybill, "-f", "missing.yaml", place="missing.yaml")


def test_a_folder_without_configuration(waybill):
    (waybill.folder / "empty").mkdir()
    assert set(refused(waybill, "-f", "empty", place="")) == {"no-configuration"}


def test_a_path_out_of_the_root(waybill):
    outside = waybill.folder.parent / "outside.yaml"
    outside.write_text("waybill: 1\nresourceGroups:\n  from-outside: {}\n")
    os.symlink(outside, waybill.folder / "link.yaml")
    assert "from-outside" not in waybill.run("validate", check=1).text
    refused(waybill, place="link.yaml")


def test_an_unreadable_state(waybill):
    waybill.state.write_bytes(b"this is no database" * 1000)
    refused(waybill, place=str(waybill.state))


def test_a_truncated_state(waybill):
    waybill.apply()
    waybill.azure.clear()
    data = waybill.state.read_bytes()
    waybill.state.write_bytes(data[:len(data) // 2])
    for name in ("-wal", "-shm"):
        waybill.state.with_name("waybill.db" + name).unlink(missing_ok=True)
    refused(waybill, place=str(waybill.state))


def test_a_state_of_a_newer_format(waybill):
    waybill.apply()
    waybill.azure.clear()
    with sqlite3.connect(waybill.state) as database:
        database.execute("PRAGMA user_version = 999")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert set(refused(waybill, place=str(waybill.state))) == {"state-newer"}


def test_a_state_of_another_cloud(waybill):
    waybill.apply()
    waybill.azure.clear()
    environment = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
    result = waybill.run("plan", "--cloud", "public", env=environment, check=1)
    assert result.codes == ["state-of-another-cloud"], result
    assert waybill.azure.requests() == []


def test_a_variable_file_that_is_broken(waybill):
    (waybill.folder / "vars.json").write_text(json.dumps({"x": 1})[:-1])
    refused(waybill, "--var-file", "vars.json", place="vars.json")


@pytest.mark.parametrize("arguments", [
    ["plan", "--no-such-option"], ["no-such-command"], ["plan", "--parallelism", "many"],
    ["apply", "--out"], ["plan", "--cloud", "http://example.com:1"], ["import"], []])
def test_a_wrong_command_line(waybill, arguments):
    result = waybill.run(*arguments, check=1)
    assert result.stderr.strip()
    assert waybill.azure.requests() == [] and not waybill.state.exists()


def test_a_second_run_is_told_who_holds_the_lock(waybill):
    import fcntl
    waybill.apply()
    with open(str(waybill.state) + ".lock", "r+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(json.dumps({"user": "ann", "host": "build-7", "pid": 4711,
                               "since": "2026-01-01T00:00:00Z", "command": "apply"}))
        lock.flush()
        waybill.plan()
        result = waybill.apply("--lock-timeout", "0s", check=1)
        assert result.codes == ["state-locked"]
        assert "ann@build-7" in result.stderr and "4711" in result.stderr


def test_a_state_of_another_subscription(waybill, emulator):
    waybill.apply()
    other = "00000000-0000-0000-0000-0000000000ff"
    azure = emulator(cloud_yaml=f"subscription: {other}\n"
                     "resourceGroups: {kubernetes: {location: japaneast}}\n")
    environment = {"AZURE_SUBSCRIPTION_ID": other, "WAYBILL_CLOUD": azure.endpoint}
    for command in (["plan"], ["apply", "--auto-approve"], ["import", "routeTables/t"]):
        result = waybill.run(*command, check=1, env=environment)
        assert result.codes == ["state-of-another-cloud"], result
        assert other in result.stderr


def test_a_group_that_does_not_exist(tmp_path, azure):
    """It is told at plan, once, and not by Azure in the middle of an apply."""
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ONE).replace("resourceGroup: kubernetes", "resourceGroup: kubernets"))
    assert refused(waybill) == ["resource-group-absent"] * 2
    waybill.write(waybill.file.read_text() + "resourceGroups: {kubernets: {}}\n")
    waybill.apply()
    waybill.destroy()
