# SPDX-License-Identifier: Apache-2.0
"""The commands that look at things, and the shape of what they print."""
import json
import subprocess

import pytest
import yaml
from harness import ROUTE_0, TABLE, Waybill, table_yaml, writes

COMMANDS = ["validate", "plan", "apply", "destroy", "show", "output", "nodes", "routes", "graph", "import",
            "state", "version", "completion"]


@pytest.fixture
def applied(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    return waybill


def test_version(tmp_path):
    result = Waybill(tmp_path, None).run("version", check=0)
    assert result.stdout.startswith("waybill ") and result.stderr == ""
    assert Waybill(tmp_path, None).run("--version", check=0).stdout == result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_everywhere(tmp_path, command):
    waybill = Waybill(tmp_path, None)
    assert command in waybill.run("--help", check=0).stdout
    result = waybill.run(command, "--help", check=0)
    assert f"waybill {command}" in result.stdout and result.stderr == ""


@pytest.mark.parametrize("command", ["", *COMMANDS, "state list", "state show", "help"])
def test_help_fits_a_terminal_and_may_be_asked_either_way(tmp_path, command):
    waybill = Waybill(tmp_path, None)
    text = waybill.run(*command.split(), "--help", check=0).stdout
    assert waybill.run("help", *command.split(), check=0).stdout == text
    assert [line for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path, shell):
    text = Waybill(tmp_path, None).run("completion", shell, check=0).stdout
    for word in COMMANDS + ["--detailed-exitcode" if shell != "fish" else "detailed-exitcode"]:
        assert word in text
    if shell == "bash":
        done = subprocess.run(["bash", "-n"], input=text.encode(), capture_output=True, check=False)
        assert done.returncode == 0 and done.stderr == b"", done.stderr


@pytest.mark.parametrize("words, offered", [
    ("waybill pl", "plan"), ("waybill -f x pl", "plan"), ("waybill state ", "list show mv rm sql backup restore push pull"),
    ("waybill plan --det", "--detailed-exitcode"), ("waybill plan --format ", "text json"),
    ("waybill graph --format ", "text dot mermaid svg json"),
    ("waybill plan --cloud em", "emulator"), ("waybill plan --max-deletes ", ""),
    ("waybill completion f", "fish"), ("waybill help pl", "plan"), ("waybill help state s", "show sql"),
    ("waybill plan -f ", "a.yaml"), ("waybill show a", "a.yaml"), ("waybill graph a", "a.yaml"), ("waybill output r", ""),
    ("waybill rest M", ""), ("waybill rest GET --al", "--all"),
    ("waybill history s", "show"), ("waybill history --js", "--json"), ("waybill history show --js", "--json")])
def test_completion_of_bash_completes(tmp_path, words, offered):
    text = Waybill(tmp_path, None).run("completion", "bash", check=0).stdout
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.yaml").write_text("")
    script = text + """
IFS=' ' read -r -a COMP_WORDS <<<"$0"
[[ $0 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_waybill waybill "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "-c", script, words], cwd=tmp_path / "empty",
                          capture_output=True, check=False, text=True)
    assert done.stdout.split() == offered.split() and done.stderr == "", done


def test_validate_reads_files_alone(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.run("validate", check=0)
    assert azure.requests() == [] and not waybill.state.exists()


def test_validate_merged_is_yaml_that_means_the_same(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    (waybill.folder / "over.yaml").write_text(
        "waybill: 1\nrouteTables: {t: {routes: {a: {nextHopIpAddress: 10.240.0.9}}}}\n")
    merged = waybill.run("validate", "--merged", "-f", "waybill.yaml", "-f", "over.yaml", check=0)
    value = yaml.safe_load(merged.stdout)
    assert value["routeTables"]["t"]["routes"]["a"]["nextHopIpAddress"] == "10.240.0.9"


def test_two_files_of_a_folder_may_not_say_the_same_twice(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    (waybill.folder / "zebra.yml").write_text("waybill: 1\nlocation: japanwest\n")
    result = waybill.run("validate", check=1)
    assert "waybill.yaml:4" in result.stderr and "zebra.yml:2" in result.stderr


def test_output(applied):
    text = applied.run("output", check=0).stdout
    assert "routeTableId" in text and TABLE in text
    assert applied.run("output", "routeTableId", check=0).stdout.strip().strip('"') == TABLE
    value = applied.run("output", "--json", check=0).json
    assert TABLE in json.dumps(value["routeTableId"])
    assert applied.run("output", "no-such-output", check=1).codes


def test_show_of_the_state(applied):
    text = applied.run("show", check=0).stdout
    assert ROUTE_0 in text and "10.240.0.20" in text
    assert ROUTE_0 in json.dumps(applied.run("show", "--json", check=0).json)


def test_state_list_and_show(applied):
    records = applied.records()
    assert records == sorted(records) and len(records) == 4
    assert f"routeTables/kubernetes-routes/routes/{ROUTE_0}" in records
    text = applied.run("state", "show", f"routeTables/kubernetes-routes/routes/{ROUTE_0}", check=0)
    assert "10.240.0.20" in text.stdout
    assert applied.run("state", "show", "routeTables/nothing", check=1).codes


def test_nodes_and_routes_as_json(applied):
    nodes = applied.run("nodes", "--json", check=0).json
    assert "10.200.0.0/24" in json.dumps(nodes) and "worker-1" in json.dumps(nodes)
    assert ROUTE_0 in json.dumps(applied.run("routes", "--json", check=0).json)


def test_plan_json_has_terraforms_shape(applied):
    plan = applied.plan_json("--destroy")
    assert plan["format_version"] and isinstance(plan["resource_drift"], list)
    assert "output_changes" in plan
    actions = {change["address"].rsplit("/", 1)[1]: change["change"]["actions"]
               for change in plan["resource_changes"]}
    assert actions[ROUTE_0] == ["delete"]
    assert actions["kubernetes-subnet"] == ["update"]
    for change in plan["resource_changes"]:
        assert {"address", "type", "name", "change"} <= change.keys()
        assert {"actions", "before", "after", "after_unknown"} <= change["change"].keys()


def test_errors_as_json(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.2.0/16", "10.240.0.4")}))
    result = waybill.run("validate", "--json", check=1)
    diagnostic = result.json["diagnostics"][0]
    assert diagnostic["severity"] == "error" and diagnostic["code"]
    assert diagnostic["range"]["start"]["line"] == 9


@pytest.mark.parametrize("arguments", [
    "plna", "state", "state lsit", "plan -o x", "plan --colour", "plan --max-deletes x",
    "plan --format html", "plan --refresh=maybe", "plan --var one", "plan --var-file nowhere",
    "plan --out nowhere/plan", "plan --adopt nothing", "plan extra", "destroy",
    "apply --lock-timeout 5", "apply --parallelism 0", "apply nowhere", "apply plan --var a=b",
    "apply --expect abc", "show nowhere", "output nothing", "import", "import nothing",
    "import routeTables/kubernetes-routes", "import routeTables/kubernetes-routes /of/another",
    "import virtualNetworks/kubernetes-vnet", "state show nothing", "completion tcsh",
    "help nothing"])
def test_every_mistake_has_a_help(applied, arguments):
    result = applied.run(*arguments.split(), check=1)
    assert result.stderr.count("help: ") == len(result.codes) == 1


def test_an_option_of_two_commands_is_told_by_each_in_its_own_words(tmp_path):
    waybill = Waybill(tmp_path, None)
    of_rest, of_import = (waybill.run(command, "--help", check=0).stdout for command in ("rest", "import"))
    assert "all pages" in of_rest and "lost state" not in of_rest
    assert "lost state" in of_import and "all pages" not in of_import


def test_an_emulator_that_does_not_come_up_says_why(tmp_path):
    state = tmp_path / "none" / "waybill.db"
    result = Waybill(tmp_path / "w", None, "hard-way").run("plan", "--cloud", "emulator", "--state", state, check=1)
    assert result.codes == ["store-not-locked", "emulator-start"]
    assert "the store's folder has to be there" in result.stderr and "on the PATH" not in result.stderr


@pytest.mark.parametrize("arguments, code, told", [
    ("init", "unknown-command", "`waybill plan`"),
    ("refresh", "unknown-command", "--refresh=only"),
    ("log", "unknown-command", "`waybill history`"),
    ("workspace list", "unknown-command", "--state"),
    ("stat list", "unknown-command", "did you mean `waybill state list`?"),
    ("stat", "unknown-command", "did you mean `waybill state`?"),
    ("mv a b", "unknown-command", "did you mean `waybill state mv`?"),
    ("help sate", "unknown-command", "did you mean `waybill state`?"),
    ("state", "missing-command", "`waybill state --help`"),
    ("state nope", "unknown-command", "`waybill state --help`"),
    ("state lst", "unknown-command", "did you mean `waybill state list`?"),
    ("history 1", "unexpected-argument", "did you mean `waybill history show`?"),
    ("plan waybill.yaml", "unexpected-argument", "`waybill plan -f waybill.yaml`"),
    ("fmt waybill.yaml", "unexpected-argument", "`waybill fmt -f waybill.yaml`"),
    ("apply waybill.yaml", "plan-unreadable", "named by -f"),
    ("apply -y", "unknown-option", "`--auto-approve`"),
    ("plan -refresh-only", "unknown-option", "`--refresh=only`"),
    ("plan -input=false", "unknown-option", "never asked for"),
    ("output -raw x", "unknown-option", "`waybill output NAME`"),
    ("plan -o json", "unknown-option", "`--json`"),
    ("plan --format html", "option-value", "one of: text json\n"),
    ("state restore waybill.yaml", "state-unreadable", "`waybill state backup`"),
    ("plan --target kubernetes-subnet", "unknown-address",
     "did you mean `virtualNetworks/kubernetes-vnet/subnets/kubernetes-subnet`?"),
    ("import kubernetes-routes", "unknown-address", "did you mean `routeTables/kubernetes-routes`?"),
    ("state show kubernetes-routes", "unknown-address", "did you mean `routeTables/kubernetes-routes`?")])
def test_habits_and_mistakes_are_told_what_to_type(applied, arguments, code, told):
    result = applied.run(*arguments.split(), check=1)
    assert result.codes == [code]
    assert told in result.stderr.partition("help: ")[2], result


@pytest.mark.parametrize("option, ours", [("--out", "saved plan"), ("--record", "record")])
def test_what_is_not_ours_is_not_written_over(applied, option, ours):
    (applied.folder / "empty").write_text("")
    (applied.folder / "notes.json").write_text("{}\n")
    (applied.folder / "folder").mkdir()
    for name in ("empty", "new", "new"):
        applied.plan(option, name)
    applied.azure.clear()
    for name in ("waybill.db", "waybill.yaml", "notes.json", "folder", "/dev/null"):
        path = applied.folder / name
        before = path.read_bytes() if path.is_file() else None
        result = applied.plan(option, name, check=1)
        if name == "waybill.db":
            assert result.codes == ["state-file"], result
        else:
            assert result.codes == ["file-exists"] and ours in result.stderr, result
        assert before is None or path.read_bytes() == before
    assert applied.azure.requests() == []


def test_nothing_there_is_said_without_a_result(tmp_path):
    waybill = Waybill(tmp_path, None)
    for command in ("state list", "output"):
        result = waybill.run(*command.split(), check=0)
        assert result.stdout == "" and result.stderr, result
        assert waybill.run(*command.split(), "--json", check=0).stderr == ""


def test_a_cloud_that_cannot_be_reached_is_not_said_to_refuse(tmp_path):
    waybill = Waybill(tmp_path / "w", None, "hard-way")
    result = waybill.plan("--cloud", "http://127.0.0.1:1", check=1)
    assert "[no-connection]" in result.stderr and "cannot list /subscriptions/" in result.stderr
    assert "did not let us" not in result.stderr


def test_variables(tmp_path, azure):
    text = table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}).replace("  t:\n", "  ${var.name}:\n")
    waybill = Waybill(tmp_path / "w", azure,
                      text + "variables:\n  name: {type: string, default: one}\n")
    (waybill.folder / "vars.json").write_text('{"name": "three"}')

    def table(*arguments, env=None):
        plan = waybill.run("plan", "--json", *arguments, env=env, check=0).json
        return plan["resource_changes"][0]["name"]

    assert table() == "one"
    assert table(env={"WAYBILL_VAR_name": "two"}) == "two"
    assert table("--var-file", "vars.json", env={"WAYBILL_VAR_name": "two"}) == "three"
    assert table("--var", "name=four", "--var-file", "vars.json") == "four"


def test_no_refresh_takes_what_is_recorded(applied):
    applied.azure.clear()
    result = applied.plan("--refresh=false", "--detailed-exitcode", check=0)
    assert result.last_line == "No changes."
    assert not [request for request in applied.azure.requests()
                if request["path"].split("?")[0].endswith("routeTables")]


def test_only_results_go_to_stdout(applied):
    applied.azure.put(f"{TABLE}/routes/x", {"properties": {
        "addressPrefix": "172.16.0.0/16", "nextHopType": "None"}})
    for arguments in (["plan", "--json"], ["show", "--json"], ["output", "--json"]):
        assert applied.run(*arguments, check=0).json is not None
    assert writes(applied.azure.requests())


def test_cloud_emulator_starts_one_for_the_command(tmp_path):
    waybill = Waybill(tmp_path, None, "greenfield")
    plan = waybill.run("plan", "--cloud", "emulator", check=0)
    assert "EMULATOR" in plan.text
    waybill.run("apply", "--auto-approve", "--cloud", "emulator", check=0)
    assert waybill.run("plan", "--cloud", "emulator", check=0).last_line == "No changes."


def test_log_never_holds_the_token(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    secret = "eyJ-this-is-a-token"
    result = waybill.run("plan", "--log-level", "trace",
                         env={"WAYBILL_ACCESS_TOKEN": secret, "AZURE_CLIENT_SECRET": secret})
    assert secret not in result.text and "Bearer" not in result.text.replace("Bearer ***", "")
    waybill.run("plan", "--out", "plan.waybill", env={"WAYBILL_ACCESS_TOKEN": secret})
    for path in waybill.folder.iterdir():
        assert path.is_dir() or secret.encode() not in path.read_bytes()
