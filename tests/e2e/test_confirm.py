# SPDX-License-Identifier: Apache-2.0
"""apply --confirm-within: what nobody confirms is put back, by whoever comes, however the run ended."""
import os
import pty
import signal
import subprocess
import time
import uuid

import pytest
from harness import HEAD, Waybill, kill_at, route_body, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")
C = ("10.3.0.0/16", "10.240.0.6")
LONG, SHORT = ("--confirm-within", "1h"), ("--confirm-within", "1s")
BEFORE = {"a": A, "b": B}
AFTER = {"a": C, "c": B}


@pytest.fixture
def make(tmp_path, azure):
    """A table that is applied, and another configuration of it that is not yet."""
    def made():
        waybill = Waybill(tmp_path / "w", azure, table_yaml(BEFORE))
        waybill.apply()
        azure.put(table_id() + "/routes/theirs", route_body("10.9.0.0/16", "10.240.0.9"))
        waybill.write(table_yaml(AFTER))
        return waybill
    return made


def routes(azure, name="t"):
    return {route["name"]: (route["properties"]["addressPrefix"], route["properties"].get("nextHopIpAddress"))
            for route in azure.get(table_id(name))["properties"]["routes"] if route["name"] != "theirs"}


def has_theirs(azure):
    return any(route["name"] == "theirs" for route in azure.get(table_id())["properties"]["routes"])


def begin(waybill, *arguments, env=None):
    """An apply that waits: returns when it has given up its lock."""
    process = subprocess.Popen(waybill.command("apply", "--auto-approve", *arguments), cwd=waybill.folder,
                               env={**waybill.environment, **(env or {})}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("Unless confirmed"):
            return process
    raise AssertionError(process.communicate())


def history(waybill):
    return [(run["command"], run["result"]) for run in
            reversed(waybill.run("history", "--json", check=0).json["runs"])]


def records(waybill):
    return waybill.run("state", "sql", "--json", "select id, origin, body, depends_on, extra from resource order by id",
                       check=0).json["rows"]


def test_what_is_not_confirmed_is_put_back_by_one_write_a_table(make, azure):
    waybill = make()
    known = records(waybill)
    azure.clear()
    result = waybill.apply(*SHORT, check=1)
    assert result.codes == ["not-confirmed"]
    assert "Put back unless this is confirmed: routeTables/t.\n" in result.stdout
    assert [method for method, _ in writes(azure.requests())] == ["PUT", "PUT"]
    assert routes(azure) == BEFORE and has_theirs(azure)
    assert records(waybill) == known
    assert history(waybill) == [("apply", "done"), ("apply", "done"), ("put back", "done")]
    changes = waybill.run("history", "show", "3", "--json", check=0).json["run"]["changes"]
    assert {(c["action"], c["address"][-1]) for c in changes} == {("update", "a"), ("create", "b"), ("delete", "c")}
    assert set(waybill.actions()) == {"routeTables/t/routes/a", "routeTables/t/routes/b", "routeTables/t/routes/c"}
    waybill.write(table_yaml(BEFORE))
    waybill.assert_settled()


def test_another_process_confirms(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    assert waybill.run("confirm", "1", check=1).codes == ["nothing-to-confirm"]
    assert "run-unconfirmed" in waybill.plan().codes
    assert waybill.apply(check=1).codes == ["run-unconfirmed"]
    assert waybill.run("state", "rm", "routeTables/t", check=1).codes == ["run-unconfirmed"]
    assert waybill.run("confirm", check=0).stdout == "Confirmed: what run 2 wrote stays.\n"
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0 and stdout.endswith("Confirmed: what run 2 wrote stays.\n"), stderr
    assert routes(azure) == AFTER
    assert history(waybill) == [("apply", "done"), ("apply", "done"), ("confirm", "done")]
    waybill.assert_settled()
    assert waybill.run("confirm", check=1).codes == ["nothing-to-confirm"]


def test_killed_while_it_waits_the_next_run_puts_back_when_it_is_overdue(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    assert routes(azure) == AFTER
    assert waybill.apply(check=1).codes == ["run-unconfirmed"]
    overdue(waybill.state)
    assert "run-unconfirmed" in waybill.plan("--out", "saved").codes and routes(azure) == AFTER
    assert waybill.run("check", "saved", check=0).codes == ["run-unconfirmed"]
    waybill.write(table_yaml(BEFORE))
    result = waybill.apply()
    assert "Putting back first what run 2 of" in result.stderr and result.last_line == "No changes."
    assert routes(azure) == BEFORE and has_theirs(azure)
    waybill.assert_settled()


def overdue(state):
    """Its time is over; whether a run is overdue is asked of the clock by no test."""
    subprocess.run(["sqlite3", state, "update putback set deadline = 0"], check=True)


def test_killed_while_it_waits_it_may_still_be_confirmed(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    waybill.run("confirm", "2", check=0)
    waybill.assert_settled()
    assert routes(azure) == AFTER


@pytest.mark.parametrize("when", ("before", "after"))
@pytest.mark.parametrize("nth", (1, 2))
def test_killed_on_the_way_the_next_run_puts_back(tmp_path, azure, nth, when):
    text = table_yaml(BEFORE) + table_yaml(BEFORE, name="u").split("routeTables:\n")[1]
    waybill = Waybill(tmp_path / "w", azure, text)
    waybill.apply()
    waybill.write(text.replace(C[1], "x").replace(A[0], C[0]).replace("      b:", "      c:"))
    assert kill_at(waybill, nth, when, "apply", "--auto-approve", "--parallelism", "1", *LONG, method="PUT")
    overdue(waybill.state)
    waybill.write(text)
    waybill.azure.clear()
    assert waybill.apply().last_line == "No changes."
    assert routes(azure) == BEFORE == routes(azure, "u")
    waybill.assert_settled()
    assert not waybill.run("state", "sql", "--json", "select * from intent where ended is null", check=0).json["rows"]


@pytest.mark.parametrize("when", ("before", "after"))
def test_killed_while_it_puts_back_the_next_run_goes_on(make, azure, when):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    overdue(waybill.state)
    waybill.write(table_yaml(BEFORE))
    assert kill_at(waybill, 1, when, "apply", "--auto-approve", method="PUT")
    assert waybill.apply().last_line == "No changes."
    assert routes(azure) == BEFORE and has_theirs(azure)
    waybill.assert_settled()


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
def test_an_interrupt_while_it_waits_is_no_confirmation(make, azure, number):
    waybill = make()
    process = begin(waybill, *LONG)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert "[not-confirmed]" in stderr and process.returncode == 1
    assert routes(azure) == BEFORE


def test_under_nohup_it_waits_on(make, azure):
    """Who has a terminal that goes is not asked to stay."""
    waybill = make()
    command, waybill.command = waybill.command, lambda *words: ["nohup", *command(*words)]
    process = begin(waybill, *SHORT)
    waybill.command = command
    process.send_signal(signal.SIGHUP)
    _, stderr = process.communicate(timeout=60)
    assert "[not-confirmed]" in stderr and "Interrupted" not in stderr
    assert routes(azure) == BEFORE


def test_what_somebody_changed_since_is_left(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    azure.put(table_id() + "/routes/a", route_body("10.7.0.0/16", "10.240.0.7"))
    overdue(waybill.state)
    result = waybill.run("apply", check=1)
    assert set(result.codes) == {"put-back-conflict", "needs-approval"} and "routeTables/t/routes/a is left" in result.stderr
    assert routes(azure) == {"a": ("10.7.0.0/16", "10.240.0.7"), "b": B}
    drift, = waybill.plan_json()["resource_drift"]
    assert drift["address"] == "routeTables/t/routes/a"


def test_a_table_that_is_gone_since_is_left(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    azure.delete(table_id())
    overdue(waybill.state)
    assert "put-back-conflict" in waybill.apply().codes
    waybill.assert_settled()


def test_what_azure_refuses_to_put_back_waits_for_the_next_run_or_a_confirmation(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    overdue(waybill.state)
    azure.fail(409, "RouteConflict", method="PUT")
    assert "arm:RouteConflict" in waybill.apply(check=1).stderr
    assert "run-unconfirmed" in waybill.plan().codes
    waybill.run("confirm", check=0)
    waybill.assert_settled()


def test_what_is_made_is_not_put_back_and_that_is_said(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    result = waybill.apply(*SHORT)
    assert "Nothing to confirm: no table is changed in place.\n" in result.stdout
    waybill.write(waybill.file.read_text().replace("outputs:", "  more: {}\noutputs:"
                                                   ).replace("    nodeRoutes:", "    tags: {a: b}\n    nodeRoutes:", 1)
                  .replace("${var.prefix}-route-", "${var.prefix}-r-"))
    result = waybill.apply("--max-deletes", 9, *SHORT, check=1)
    assert "Not put back: 1 other write (what is made, deleted, or attached).\n" in result.stdout
    assert azure.get(table_id("more")) is not None
    assert not azure.get(table_id("kubernetes-routes")).get("tags")
    assert set(routes(azure, "kubernetes-routes")) == {"kubernetes-route-10-200-0-0-24", "kubernetes-route-10-200-1-0-24"}


def test_a_table_of_its_own_members(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    waybill.apply()
    waybill.write(table_yaml({"a": C}, more="    disableBgpRoutePropagation: true\n"))
    waybill.apply(*SHORT, check=1)
    assert not azure.get(table_id())["properties"].get("disableBgpRoutePropagation")
    waybill.write(table_yaml({"a": A}))
    waybill.assert_settled()


def test_no_secret_is_kept_nor_put_back(tmp_path, azure):
    text = HEAD + "variables: {key: {sensitive: true}}\nrouteTables:\n  t:\n    tags: {key: '${var.key}'}\n    routes: {a: {addressPrefix: %s, nextHopType: None}}\n"
    waybill = Waybill(tmp_path / "w", azure, text % "10.1.0.0/16")
    waybill.apply("--var", "key=hunter2hunter2")
    waybill.write(text % "10.2.0.0/16")
    process = begin(waybill, *LONG, "--var", "key=swordfish99")
    process.send_signal(signal.SIGSTOP)
    kept = b"".join(path.read_bytes() for path in waybill.folder.glob("waybill.db*"))
    process.send_signal(signal.SIGCONT)
    assert b"hunter2" not in kept and b"swordfish" not in kept
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert "[put-back-conflict]" in stderr and "it held a secret" in stderr
    assert routes(azure) == {"a": ("10.1.0.0/16", None)}


def test_json_tells_whether_it_was_confirmed(make):
    waybill = make()
    document = waybill.apply(*SHORT, "--json", check=1).json
    assert document["apply"]["confirmed"] is False and document["apply"]["result"] == "done"


def test_a_remote_state_is_confirmed_from_another_machine(tmp_path, azure, storage):
    key = f"test/{uuid.uuid4()}"
    elsewhere = Waybill(tmp_path / "a", azure, table_yaml(BEFORE, name="v")).use(storage, key)
    elsewhere.apply()
    elsewhere.replace(A[0], C[0])
    process = begin(elsewhere, *LONG)
    other = Waybill(tmp_path / "b", azure, elsewhere.file.read_text())
    other.environment = dict(elsewhere.environment)
    assert other.apply(check=1).codes == ["run-unconfirmed"]
    other.run("confirm", check=0)
    assert process.wait(timeout=60) == 0
    assert routes(azure, "v")["a"][0] == C[0]
    elsewhere.write(elsewhere.file.read_text().replace(C[0], A[0]))
    process = begin(elsewhere, *SHORT)
    assert process.wait(timeout=60) == 1
    assert routes(azure, "v")["a"][0] == C[0]
    other.assert_settled()


def test_what_never_writes_to_azure_puts_nothing_back(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    overdue(waybill.state)
    azure.clear()
    for words in (("import", "--all", "--auto-approve"), ("apply", "--refresh=only", "--auto-approve"),
                  ("state", "rm", "routeTables/t")):
        assert waybill.run(*words, check=1).codes == ["run-unconfirmed"]
    assert writes(azure.requests()) == []


def type_at(waybill, *words, arguments):
    """What a person at a terminal types, each word when there is a question; the exit status and what was said."""
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(waybill.command(*arguments), cwd=waybill.folder, env=waybill.environment,
                               stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said, asked = b"", 0
    for word in words:
        while True:
            said += os.read(process.stderr.fileno(), 4096)
            questions = said.count(b"yes' is accepted: ") + said.count(b"Type yes here")
            if questions > asked:
                break
        asked = questions
        os.write(keyboard, word.encode() + b"\n")
    said += process.stderr.read()
    os.close(keyboard)
    os.close(terminal)
    return process.wait(timeout=60), said.decode()


def test_a_typed_yes_confirms(make, azure):
    waybill = make()
    code, said = type_at(waybill, "yes", "no", "yes", arguments=("apply", *LONG))
    assert code == 0, said
    assert routes(azure) == AFTER and history(waybill)[-1] == ("confirm", "done")


def test_the_next_apply_asks_whether_to_keep(make, azure):
    waybill = make()
    process = begin(waybill, *LONG)
    process.kill()
    process.communicate()
    code, said = type_at(waybill, "no", arguments=("apply",))
    assert code == 1 and "[run-unconfirmed]" in said
    code, said = type_at(waybill, "yes", arguments=("apply",))
    assert code == 0 and "Keep what it wrote?" in said
    waybill.assert_settled()
    assert routes(azure) == AFTER


# ---- the state is another one, or cannot be reached ----

def test_a_state_that_cannot_be_reached_for_a_while(tmp_path, azure, blobs):
    """What was changed may have cut the way to the state, too."""
    waybill = Waybill(tmp_path / "w", azure, table_yaml(BEFORE)).use(blobs)
    waybill.apply()
    waybill.write(table_yaml(AFTER))
    waybill.backend()
    run = begin(waybill, "--confirm-within", "3s")
    blobs.denied = (None, "lease")
    for line in run.stderr:
        if line.startswith("The state cannot be reached"):
            break
    time.sleep(1.5)
    assert run.poll() is None
    blobs.denied = ()
    _, told = run.communicate(timeout=60)
    assert run.returncode == 1 and "[not-confirmed]" in told and "backend-denied" not in told, told
    assert routes(azure) == BEFORE


def test_a_restored_backup_promises_nothing_that_is_over(make, azure):
    waybill = make()
    run = begin(waybill, *LONG)
    waybill.run("state", "backup", "while.db", check=0)
    waybill.run("confirm", check=0)
    run.communicate(timeout=60)
    overdue(waybill.folder / "while.db")
    azure.clear()
    assert waybill.run("state", "restore", "while.db", check=0).codes == []
    waybill.assert_settled()
    waybill.apply()
    assert writes(azure.requests()) == [] and routes(azure) == AFTER


def test_a_restored_backup_keeps_what_still_waits(make, azure):
    waybill = make()
    run = begin(waybill, *LONG)
    waybill.run("state", "backup", "while.db", check=0)
    assert waybill.run("state", "restore", "while.db", check=0).codes == []
    waybill.run("confirm", check=0)
    assert run.communicate(timeout=60)[0].endswith("wrote stays.\n") and run.returncode == 0
    assert routes(azure) == AFTER


def test_a_backup_does_not_take_the_place_of_a_promise(make, azure):
    waybill = make()
    waybill.run("state", "backup", "old.db", check=0)
    run = begin(waybill, *LONG)
    assert waybill.run("state", "restore", "old.db", check=1).codes == ["run-unconfirmed"]
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)
    assert run.returncode == 1 and routes(azure) == BEFORE

    run = begin(waybill, *LONG)
    waybill.run("state", "restore", "--force", "old.db", check=0)
    out, told = run.communicate(timeout=60)
    assert run.returncode == 1 and "does not know of it any more [not-confirmed]" in told, told
    assert "wrote stays" not in out and routes(azure) == AFTER


def test_a_backup_in_the_place_of_a_lost_state_says_what_it_promises(make):
    waybill = make()
    run = begin(waybill, *LONG)
    waybill.run("state", "backup", "while.db", check=0)
    waybill.state.unlink()
    _, told = run.communicate(timeout=60)
    assert run.returncode == 1 and "[not-confirmed]" in told, told
    restored = waybill.run("state", "restore", "while.db", check=0)
    assert restored.codes == ["run-unconfirmed"], restored
    waybill.run("confirm", check=0)
    waybill.assert_settled()
