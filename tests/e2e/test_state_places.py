# SPDX-License-Identifier: Apache-2.0
"""Where a local state stands: by which names it is reached, which are its own, and what happens to a run
whose state or lock is taken away."""
import os
import resource
import subprocess

import pytest
from harness import Result, Waybill, table_id, table_yaml, writes
from transport import Gate

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
OWN = [".lock", ".new", "-wal", "-shm", "-journal"]


@pytest.fixture
def waybill(tmp_path, azure):
    return Waybill(tmp_path / "w", azure, table_yaml({"a": A}))


# ---- links ----

def linked(waybill, tmp_path, relative=False):
    """The state stands elsewhere, and its name is a link."""
    real = tmp_path / "real" / "state.db"
    real.parent.mkdir()
    waybill.state.symlink_to(os.path.relpath(real, waybill.folder) if relative else real)
    return real


@pytest.mark.parametrize("relative", [False, True])
def test_a_link_to_nothing_yet_is_followed(waybill, tmp_path, relative):
    real = linked(waybill, tmp_path, relative)
    waybill.apply()
    assert waybill.state.is_symlink() and real.exists()
    assert sorted(os.listdir(waybill.folder)) == ["waybill.db", "waybill.yaml"]
    waybill.assert_settled()


def test_one_state_has_one_lock_by_whatever_name(waybill, tmp_path, azure):
    real = linked(waybill, tmp_path)
    waybill.apply()
    waybill.write(table_yaml({"a": A, "b": B}))
    azure.clear()
    with subprocess.Popen(["flock", f"{real}.lock", "sh", "-c", "echo locked; read -r end"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "locked\n"
        assert waybill.apply(check=1).codes == ["state-locked"]
        assert waybill.run("state", "rm", "routeTables/t", check=1).codes == ["state-locked"]
        holder.stdin.close()
    assert writes(azure.requests()) == []
    waybill.apply()
    waybill.environment["WAYBILL_STATE"] = str(real)
    waybill.assert_settled()


def test_a_link_in_a_circle_is_no_state(waybill):
    waybill.state.symlink_to(waybill.state)
    assert waybill.apply(check=1).codes == ["state-open"]
    assert waybill.plan(check=1).codes == ["state-open"]


# ---- names ----

@pytest.mark.parametrize("name", ["", "./", *OWN])
@pytest.mark.parametrize("exists", [False, True])
def test_a_plan_or_a_record_never_takes_a_name_of_the_state(waybill, name, exists):
    if exists:
        waybill.apply()
    name = "./waybill.db" if name == "./" else "waybill.db" + name
    before = sorted(os.listdir(waybill.folder))
    assert waybill.plan("--out", name, check=1).codes == ["state-file"]
    assert waybill.plan("--record", name, check=1).codes == ["state-file"]
    assert sorted(os.listdir(waybill.folder)) == before
    waybill.apply()
    waybill.assert_settled()


@pytest.mark.parametrize("suffix", OWN)
def test_a_copy_never_takes_a_name_beside_the_state(waybill, suffix):
    waybill.apply()
    assert waybill.run("state", "backup", "waybill.db" + suffix, check=1).codes == ["state-file"]
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a"]


def test_a_pulled_state_may_bear_its_name_but_none_beside_it(waybill, blobs):
    waybill.use(blobs)
    waybill.apply()
    for suffix in OWN:
        assert waybill.run("state", "pull", "waybill.db" + suffix, check=1).codes == ["state-file"]
    waybill.run("state", "pull", "waybill.db", check=0)


# ---- no room ----

def limited(waybill, size, *arguments):
    """With a limit of the size of files, as `ulimit -f` sets it."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return Result(subprocess.run(waybill.command(*arguments), cwd=waybill.folder, env=waybill.environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 preexec_fn=limit, timeout=60, check=False))


@pytest.mark.parametrize("size", (10_000, 40_000, 60_000, 100_000))
def test_a_limit_of_file_sizes_is_told(waybill, azure, size):
    waybill.apply()
    many = {f"r{i}": (f"10.1.{i}.0/24", "10.240.0.4") for i in range(100)}
    waybill.write(table_yaml(many))
    result = limited(waybill, size, "apply", "--auto-approve")
    assert result.code == 1 and result.codes in (["state-full"], ["state-write"]), result
    result = limited(waybill, 10_000, "state", "backup", "copy.db")
    assert result.code == 1 and result.codes in (["state-full"], ["state-write"]), result
    assert not (waybill.folder / "copy.db").exists()
    waybill.apply()
    waybill.assert_settled()
    assert len(azure.get(table_id())["properties"]["routes"]) == 100


# ---- taken away from a run ----

@pytest.fixture
def gate(waybill, azure):
    there = Gate(int(azure.host.rpartition(":")[2]))
    waybill.environment["WAYBILL_CLOUD"] = there.url
    yield there
    there.open()
    there.stop()


def begin(waybill, gate, method="PUT"):
    """An apply that has one more route to write; such a request of it is on its way until the gate is opened."""
    waybill.apply()
    waybill.write(table_yaml({"a": A, "b": B}))
    waybill.azure.clear()
    gate.hold(method, "routeTables")
    run = subprocess.Popen(waybill.command("apply", "--auto-approve"), cwd=waybill.folder,
                           env=waybill.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    gate.wait()
    return run


def end(run, gate):
    """What it says that its state or lock has gone."""
    gate.open()
    _, told = run.communicate(timeout=60)
    assert run.returncode == 1 and told.count("error:") == 1 and "[state-lost]" in told, told
    assert "Sanitizer" not in told
    return told


def remove(waybill):
    for path in waybill.folder.glob("waybill.db*"):
        if not path.name.endswith(".lock"):
            path.unlink()


def replace(waybill):
    """Somebody puts another state there, as `git checkout` would."""
    remove(waybill)
    other = Waybill(waybill.folder / "other", waybill.azure, table_yaml({"x": A}, name="other"))
    other.apply()
    other.state.rename(waybill.state)


@pytest.mark.parametrize("take_away", [remove, replace])
def test_a_state_that_is_taken_away_is_saved_and_that_is_said(waybill, gate, take_away):
    run = begin(waybill, gate)
    take_away(waybill)
    told = end(run, gate)
    saved, = waybill.folder.glob("waybill.db.saved-*")
    assert f"waybill state restore '{saved}'" in told
    waybill.run("state", "restore", saved, *(["--force"] if waybill.state.exists() else []), check=0)
    done = waybill.apply()
    assert done.stderr.count("Settled: ") <= 1
    waybill.assert_settled()
    assert "routeTables/t/routes/b" in waybill.records()


def test_a_folder_that_is_taken_away(waybill, gate):
    run = begin(waybill, gate)
    waybill.folder.rename(waybill.folder.parent / "moved")
    end(run, gate)
    (waybill.folder.parent / "moved").rename(waybill.folder)
    waybill.apply()
    waybill.assert_settled()


def test_a_lock_that_is_deleted_ends_the_run_that_held_it(waybill, azure, gate):
    run = begin(waybill, gate)
    (waybill.folder / "waybill.db.lock").unlink()
    second = waybill.apply()
    assert "Settled: " in second.stderr
    end(run, gate)
    waybill.assert_settled()
    assert [path.split("/")[-1] for _, path in writes(azure.requests())].count("t") == 2


def test_nothing_leaves_under_a_lock_that_was_deleted(waybill, azure, gate):
    """The lock goes while the run still reads."""
    run = begin(waybill, gate, "GET")
    (waybill.folder / "waybill.db.lock").unlink()
    end(run, gate)
    assert writes(azure.requests()) == []
    waybill.apply()
    waybill.assert_settled()
