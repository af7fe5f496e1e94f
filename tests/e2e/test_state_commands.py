# SPDX-License-Identifier: Apache-2.0
"""Looking at what is known, and mending it: state rm, sql, backup, restore, history."""
import fcntl

import pytest
from harness import HEAD, Waybill, kill_at, table_id, table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")


@pytest.fixture
def make(tmp_path, azure):
    return lambda text: Waybill(tmp_path / "w", azure, text)


def history(waybill, *arguments):
    return waybill.run("history", *arguments, "--json", check=0).json


# ---- state rm ----

def test_state_rm_forgets_with_all_inside_and_touches_nothing(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    azure.clear()
    result = waybill.run("state", "rm", "routeTables/t", check=0)
    assert result.stdout == "Forgot routeTables/t\nForgot routeTables/t/routes/a\n"
    assert azure.requests() == [] and waybill.records() == []
    assert waybill.plan(check=1).codes == ["not-ours"]
    run = history(waybill, "show", "2")["run"]
    assert run["command"] == "state rm"
    assert [(c["action"], c["address"]) for c in run["changes"]] == [
        ("forget", "routeTables/t"), ("forget", "routeTables/t/routes/a")]


def test_state_rm_of_several_is_all_or_nothing(make):
    waybill = make(table_yaml({"a": A, "b": B}))
    waybill.apply()
    result = waybill.run("state", "rm", "routeTables/t/routes/a", "routeTables/u", check=1)
    assert result.codes == ["unknown-address"] and "did you mean" in result.stderr
    assert len(waybill.records()) == 3
    told = waybill.run("state", "rm", "routeTables/t/routes/a", table_id() + "/routes/b", "--json", check=0).json
    assert told["forgotten"] == ["routeTables/t/routes/a", "routeTables/t/routes/b"]
    assert waybill.records() == ["routeTables/t"]


@pytest.mark.parametrize("command", (("rm", "routeTables/t"), ("mv", "routeTables/t", "resourceGroups/x/routeTables/t")))
def test_a_state_with_open_intents_is_not_mended(make, azure, command):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    waybill.write(table_yaml({"a": A, "b": B}))
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT")
    assert waybill.run("state", *command, check=1).codes == ["state-unsettled"]
    waybill.apply()
    assert waybill.run("state", "rm", "routeTables/t", check=0)


# ---- history ----

def test_history_tells_who_when_which_plan_and_how_it_ended(make, azure):
    waybill = make(table_yaml({"a": A}))
    assert waybill.run("history", check=0).stdout == "No run has written to this state.\n"
    plan_id = waybill.plan().plan_id
    waybill.apply(env={"GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567"})
    azure.fail(409, "RouteConflict", method="PUT")
    waybill.write(table_yaml({"a": A, "b": B}))
    waybill.apply(check=1)
    failed, done = history(waybill)["runs"]
    assert (failed["run"], failed["result"], failed["changes"]) == (2, "failed", 0)
    assert done["plan_id"] == plan_id and done["result"] == "done" and done["changes"] == 2
    assert done["source"] == "0123456789abcdef0123456789abcdef01234567"
    assert done["user"] and done["host"] and done["started"] <= done["ended"]
    table = waybill.run("history", check=0).stdout.splitlines()
    assert table[0].split() == ["Run", "Started", "Command", "By", "Plan", "Commit", "Changes", "Result"]
    assert table[2].split()[0] == "2" and table[2].endswith("failed")
    assert plan_id[:12] in table[3] and "0123456789ab" in table[3]


def test_history_show_tells_each_change(make, azure):
    azure.put(table_id(), {"location": "japaneast", "properties": {"routes": []}})
    waybill = make(table_yaml({"a": A}, more="    adopt: true\n"))
    waybill.apply()
    text = waybill.run("history", "show", "1", check=0).stdout
    assert "result    done\n" in text and "adopt " in text and "create " in text
    changes = history(waybill, "show", "1")["run"]["changes"]
    assert [(c["action"], c["address"], c["outcome"]) for c in changes] == [
        ("adopt", "routeTables/t", "done"), ("create", "routeTables/t/routes/a", "done")]
    assert changes[1]["before"] is None
    assert changes[1]["after"]["properties"]["addressPrefix"] == A[0]
    waybill.write(HEAD + "forget: [routeTables/t]\n")
    waybill.apply()
    assert {c["action"] for c in history(waybill, "show", "2")["run"]["changes"]} == {"forget"}


def test_history_show_tells_members_and_writes_that_did_not_end_well(make, azure):
    waybill = make(table_yaml({"a": A}, more="    tags: {team: one}\n"))
    waybill.apply()
    waybill.write(table_yaml({"a": B}, more="    tags: {team: two}\n"))
    azure.fail(409, "RouteConflict", method="PUT")
    waybill.apply(check=1)
    text = waybill.run("history", "show", "2", check=0).stdout
    assert "result    failed\n" in text and "Writes that did not end well:" in text and text.endswith("failed\n")
    write, = history(waybill, "show", "2")["run"]["undone"]
    assert (write["verb"], write["id"], write["outcome"]) == ("put", table_id(), "failed")
    waybill.apply()
    text = waybill.run("history", "show", "3", check=0).stdout
    assert f'addressPrefix: "{A[0]}" -> "{B[0]}", nextHopIpAddress: "{A[1]}" -> "{B[1]}"' in text
    assert 'tags.team: "one" -> "two"' in text and "did not end well" not in text
    assert history(waybill, "show", "3")["run"]["undone"] == []


@pytest.mark.parametrize("example", ("greenfield", "peered", "hard-way"))
def test_what_show_prints_is_a_configuration_of_what_stands(tmp_path, azure, empty_azure, example):
    waybill = Waybill(tmp_path / "w", azure if example == "hard-way" else empty_azure, example)
    waybill.apply()
    waybill.write("waybill: 1\nsubscription: ${env.AZURE_SUBSCRIPTION_ID}\n" + waybill.run("show", check=0).stdout)
    assert waybill.actions() == {}


@pytest.mark.parametrize("word", ("9", "x", "-1", "99999999999999999999"))
def test_history_of_no_run(make, word):
    assert make(HEAD).run("history", "show", "--", word, check=1).codes == ["unknown-run"]


def test_history_of_a_killed_run_says_that_it_did_not_end(make):
    waybill = make(table_yaml({"a": A}))
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT")
    assert "not ended" in waybill.run("history", check=0).stdout
    assert history(waybill)["runs"][0]["result"] is None


def test_history_shows_no_secret(make):
    waybill = make(HEAD + "variables: {key: {sensitive: true}}\n"
                   "routeTables:\n  t: {tags: {key: '${var.key}'}}\n")
    waybill.apply("--var", "key=hunter2hunter2")
    text = waybill.run("history", "show", "1", "--json", check=0).stdout
    assert "hunter2" not in text and "(sensitive)" in text


# ---- state sql ----

def sql(waybill, query, check=0):
    return waybill.run("state", "sql", query, "--json", check=check)


def test_sql_asks_and_shows_a_table(make):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    told = sql(waybill, "select address, origin from resource order by id").json
    assert told["columns"] == ["address", "origin"] and not told["truncated"]
    assert told["rows"] == [["routeTables/t", "made"], ["routeTables/t/routes/a", "made"]]
    text = waybill.run("state", "sql", "select address a, null, 1.5 n from resource limit 1; -- all", check=0).stdout
    assert text == "a              null  n\n-------------  ----  ---\nrouteTables/t        1.5\n"
    assert sql(waybill, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3)"
                        " select sum(i), x'00ff', 9e999 from n").json["rows"] == [[6, "x'00ff'", None]]
    assert sql(waybill, "select json_extract(body, '$.location') from resource limit 1").json["rows"] == [["japaneast"]]


@pytest.mark.parametrize("query", (
    "delete from resource", "update meta set serial = 9", "insert into run (command) values (1)",
    "create table x (y)", "drop table run", "attach 'other.db' as o", "detach main", "vacuum",
    "vacuum into 'copy.db'", "pragma user_version", "pragma user_version = 9", "select * from pragma_table_info('run')",
    "begin", "commit", "select 1; select 2", "select 1; delete from resource", "", " -- nothing", "selec 1",
    "select * from nothing", "select load_extension('x')", "reindex", "analyze",
    "with x as (select 1) delete from resource", "select readfile('/etc/passwd')",
    "select * from run where rowid = ?1 and fts3_tokenizer('x')"))
def test_sql_only_reads(make, query):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    before = waybill.state.read_bytes()
    result = sql(waybill, query, check=1)
    assert [d["code"] for d in result.json["diagnostics"]] == ["state-sql"], result
    assert waybill.state.read_bytes() == before
    assert not (waybill.folder / "other.db").exists() and not (waybill.folder / "copy.db").exists()


def test_sql_tells_no_key_and_no_secret(make):
    waybill = make(HEAD + "variables: {key: {sensitive: true}}\n"
                   "routeTables:\n  t: {tags: {key: '${var.key}'}}\n")
    waybill.apply("--var", "key=hunter2hunter2")
    key = sql(waybill, "select key, lineage from meta").json["rows"][0]
    assert key[0] is None and key[1]
    assert sql(waybill, "select count(*) from meta where key like '%'").json["rows"] == [[0]]
    assert sql(waybill, "select * from meta m").json["rows"][0][2] is None


def test_sql_is_bounded(make):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n)"
    result = sql(waybill, f"{endless} select i from n")
    assert len(result.json["rows"]) == 10000 and result.json["truncated"]
    assert [d["code"] for d in result.json["diagnostics"]] == ["state-sql-rows"]
    large = sql(waybill, "select hex(zeroblob(20000000)), hex(zeroblob(20000000))", check=1)
    assert "64 MB" in large.stdout
    assert "ten seconds" in sql(waybill, f"{endless} select max(i) from n", check=1).stdout


def test_sql_without_a_state_has_no_rows(make):
    assert sql(make(HEAD), "select 1").json["rows"] == []


def test_sql_shows_hostile_text_escaped(make):
    waybill = make(HEAD + "routeTables:\n  t: {tags: {x: '::error::y'}}\n")
    waybill.apply()
    text = waybill.run("state", "sql", "select body, '::stop::' from resource", check=0).stdout
    assert "::" not in text


# ---- state backup, state restore ----

def test_a_backup_is_a_state_of_its_own_and_comes_back(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    told = waybill.run("state", "backup", "copy.db", check=0).stdout
    assert told == "Copied the state, serial 1, to copy.db\n"
    copy = waybill.folder / "copy.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes()[18:20] == b"\x01\x01", "it rests: SQLite needs no log to read it"
    assert waybill.run("state", "list", "--state", "copy.db", check=0).stdout.split() == waybill.records()
    waybill.write(table_yaml({"a": A, "b": B}))
    waybill.apply()
    serial = sql(waybill, "select serial from meta").json["rows"][0][0]
    restored = waybill.run("state", "restore", "copy.db", "--json", check=0).json["restored"]
    assert restored["serial"] == 1 and restored["previous_serial"] == serial
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a"]
    assert len(waybill.run("state", "list", "--state", restored["kept"], check=0).stdout.split()) == 3
    assert history(waybill)["runs"][0]["command"] == "state restore"
    assert waybill.plan(check=1).codes == ["not-ours"]
    assert waybill.apply("--adopt", "routeTables/t/routes/b")
    waybill.assert_settled()
    assert sorted(p.name for p in waybill.folder.glob("*-wal")) == []


def test_a_backup_writes_over_nothing(make):
    waybill = make(table_yaml({"a": A}))
    assert waybill.run("state", "backup", "copy.db", check=1).codes == ["state-open"]
    assert not (waybill.folder / "copy.db").exists()
    waybill.apply()
    assert waybill.run("state", "backup", "waybill.db", check=1).codes == ["file-exists"]
    assert waybill.run("state", "backup", "none/copy.db", check=1).codes == ["state-open"]
    assert len(waybill.records()) == 2


@pytest.mark.parametrize("suffix", ("-wal", "-journal"))
def test_a_backup_takes_no_log_that_is_not_its_own(make, suffix):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    left = waybill.folder / f"copy.db{suffix}"
    left.write_bytes(b"of another one")
    result = waybill.run("state", "backup", "copy.db", check=1)
    assert result.codes == ["file-exists"] and f"copy.db{suffix}" in result.stderr
    assert left.read_bytes() == b"of another one" and not (waybill.folder / "copy.db").exists()


@pytest.mark.parametrize("suffix", ("", "-wal", "-shm", "-journal"))
def test_what_a_killed_restore_has_left_stops_no_other(make, suffix):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    waybill.run("state", "backup", "copy.db", check=0)
    left = waybill.folder / f"waybill.db.new{suffix}"
    left.write_bytes(b"half of a page")
    waybill.run("state", "restore", "copy.db", check=0)
    assert not left.exists()
    waybill.assert_settled()


def test_a_backup_of_another_state_needs_force(make, tmp_path, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    other = Waybill(tmp_path / "other", azure, table_yaml({"a": A}, name="u"))
    other.apply()
    other.run("state", "backup", tmp_path / "other.db", check=0)
    before = waybill.state.read_bytes()
    assert waybill.run("state", "restore", tmp_path / "other.db", check=1).codes == ["state-lineage"]
    assert waybill.state.read_bytes() == before
    waybill.run("state", "restore", tmp_path / "other.db", "--force", check=0)
    assert waybill.records() == ["routeTables/u", "routeTables/u/routes/a"]
    kept, = waybill.folder.glob("waybill.db.before-*")
    assert waybill.run("state", "list", "--state", kept, check=0).stdout.split() == [
        "routeTables/t", "routeTables/t/routes/a"]


@pytest.mark.parametrize("damage", ("noise", "empty", "gone", "wal"))
def test_a_backup_takes_the_place_of_what_is_damaged(make, damage):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    waybill.run("state", "backup", "copy.db", check=0)
    if damage == "wal":
        waybill.write(table_yaml({"a": A, "b": B}))
        assert kill_at(waybill, 1, "before", "apply", "--auto-approve", method="PUT")
        assert waybill.state.with_name("waybill.db-wal").stat().st_size
    if damage in ("noise", "wal"):
        waybill.state.write_bytes(b"noise" * 1000)
    if damage == "empty":
        waybill.state.write_bytes(b"")
    if damage == "gone":
        waybill.state.unlink()
    waybill.run("state", "restore", "copy.db", check=0)
    assert waybill.records() == ["routeTables/t", "routeTables/t/routes/a"]
    assert len(list(waybill.folder.glob("waybill.db.before-*"))) >= (damage != "gone")


def test_a_damaged_state_gives_no_backup(make):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    whole = waybill.state.read_bytes()
    waybill.state.write_bytes(whole[:8192] + b"noise" * ((len(whole) - 8192) // 5))
    assert waybill.run("state", "backup", "copy.db", check=1).codes == ["state-unreadable"]
    assert not (waybill.folder / "copy.db").exists()


def test_what_is_no_backup_is_refused_and_nothing_lost(make):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    before = waybill.state.read_bytes()
    (waybill.folder / "noise").write_bytes(b"noise" * 1000)
    (waybill.folder / "cut").write_bytes(before[:len(before) // 2])
    assert waybill.run("state", "restore", "noise", check=1).codes == ["state-unreadable"]
    assert waybill.run("state", "restore", "cut", check=1).codes == ["state-unreadable"]
    assert waybill.run("state", "restore", "nothing", check=1).codes == ["state-open"]
    assert waybill.state.read_bytes() == before
    assert not list(waybill.folder.glob("waybill.db.*before*"))


def test_restore_over_open_intents_needs_force(make):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    waybill.run("state", "backup", "copy.db", check=0)
    waybill.write(table_yaml({"a": A, "b": B}))
    assert kill_at(waybill, 1, "after", "apply", "--auto-approve", method="PUT")
    # Beside what a killed run left, too.
    waybill.run("state", "backup", "later.db", check=0)
    assert waybill.run("state", "list", "--state", "later.db", check=0)
    assert waybill.run("state", "restore", "copy.db", check=1).codes == ["state-unsettled"]
    waybill.run("state", "restore", "copy.db", "--force", check=0)
    assert sql(waybill, "select count(*) from intent where ended is null").json["rows"] == [[0]]


def test_restore_waits_for_the_lock(make, azure):
    waybill = make(table_yaml({"a": A}))
    waybill.apply()
    waybill.run("state", "backup", "copy.db", check=0)
    with open(waybill.folder / "waybill.db.lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert waybill.run("state", "restore", "copy.db", check=1).codes == ["state-locked"]


# ---- from which commit ----

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("files", (
    {".git/HEAD": COMMIT},
    {".git/HEAD": "ref: refs/heads/main", ".git/refs/heads/main": COMMIT},
    {".git/HEAD": "ref: refs/heads/main", ".git/packed-refs": f"# pack-refs\n{'f' * 40} refs/heads/mai\n{COMMIT} refs/heads/main\n"},
    {".git": "gitdir: real/worktrees/w", "real/worktrees/w/HEAD": "ref: refs/heads/x",
     "real/worktrees/w/commondir": "../..", "real/refs/heads/x": COMMIT}))
def test_history_says_which_commit_was_checked_out(tmp_path, azure, files):
    for name, text in files.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    waybill = Waybill(tmp_path / "repository" / "deep" / "down", azure, table_yaml({"a": A}))
    waybill.apply()
    assert history(waybill)["runs"][0]["source"] == COMMIT


@pytest.mark.parametrize("files", (
    {}, {".git/HEAD": "noise"}, {".git/HEAD": "ref: ../../secret"}, {".git/HEAD": "ref: refs/../../secret"},
    {".git": "noise"}, {".git/HEAD": "ref: refs/heads/none"}))
def test_history_without_a_commit(tmp_path, azure, files):
    (tmp_path / "secret").write_text(COMMIT)
    for name, text in files.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    waybill = Waybill(tmp_path / "repository", azure, table_yaml({"a": A}))
    waybill.apply()
    assert history(waybill)["runs"][0]["source"] is None
