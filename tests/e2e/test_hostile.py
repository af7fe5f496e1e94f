# SPDX-License-Identifier: Apache-2.0
"""Text that is not ours never reaches a terminal or a CI system as anything but text."""
import json
import re

import pytest
from harness import GROUP, HEAD, Waybill, route_body, table_id, table_yaml

pytestmark = pytest.mark.sanitizer

ESCAPE = "\x1b[2J\x1b]0;owned\x07"
BIDI = "\u202egnol\u2066\u200b"
LINES = "x\n::error file=a::owned\n##vso[task.setvariable]owned\r##[error]owned\x85\u2028end"
HOSTILE = [ESCAPE, BIDI, LINES, "::error::owned", "##vso[task.complete]owned"]
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
    "|::(error|warning|set-|add-)|##vso|##\\[")


def assert_harmless(result):
    for name in ("stdout", "stderr"):
        text = getattr(result, name)
        found = FORBIDDEN.search(text)
        assert not found, f"{name} has {found.group(0)!r}: {text!r}"
        for line in text.splitlines():
            assert not re.match(r"\s*(::|##)", line), result


def every_command(waybill):
    yield waybill.run("validate")
    yield waybill.run("validate", "--merged")
    yield waybill.run("nodes")
    yield waybill.run("plan")
    yield waybill.run("plan", "--json")
    for form in ("text", "dot", "mermaid", "svg", "json"):
        yield waybill.run("graph", "--format", form)
    yield waybill.run("plan", "--out", "plan.waybill")
    yield waybill.run("show", "plan.waybill")
    yield waybill.run("show", "--json", "plan.waybill")
    yield waybill.run("apply", "--auto-approve")
    yield waybill.run("plan")
    yield waybill.run("routes")
    yield waybill.run("show")
    yield waybill.run("show", "--json")
    yield waybill.run("output")
    yield waybill.run("output", "--json")
    records = waybill.run("state", "list")
    yield records
    for address in records.stdout.splitlines():
        yield waybill.run("state", "show", address)
    yield waybill.run("plan", "--destroy")
    yield waybill.run("destroy", "--auto-approve")


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_tags_and_values_of_the_configuration(tmp_path, azure, hostile):
    text = HEAD + (
        "routeTables:\n  t:\n"
        f"    tags:\n      {json.dumps('k' + hostile)}: {json.dumps(hostile)}\n"
        f"outputs:\n  {json.dumps('o' + hostile)}: {json.dumps(hostile)}\n")
    waybill = Waybill(tmp_path / "w", azure, text)
    for result in every_command(waybill):
        assert_harmless(result)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_names_of_the_configuration(tmp_path, azure, hostile):
    waybill = Waybill(tmp_path / "w", azure)
    name = json.dumps("n" + hostile)
    for text in (
            f"routeTables:\n  {name}: {{}}\n",
            f"{name}: {{}}\n",
            f"routeTables:\n  t:\n    {name}: 1\n",
            f"routeTables:\n  t:\n    routes:\n      {name}: {{nextHopType: {name}}}\n",
            f"routeTables:\n  t:\n    dependsOn: [{name}]\n",
            f"nodeSets:\n  {name}:\n    nodes:\n      {name}: {{ip: {name}, podCIDR: {name}}}\n",
            f"variables:\n  {name}: {{type: {name}}}\n",
            f"outputs:\n  {name}: {json.dumps('${var.n' + hostile + '}')}\n"):
        waybill.write(HEAD + text)
        for command in ("validate", "plan"):
            result = waybill.run(command)
            assert result.code in (0, 1)
            assert_harmless(result)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_names_and_tags_of_the_cloud(tmp_path, azure, hostile):
    """What somebody else wrote into Azure: a tag in our table, tags and addresses of machines."""
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    for number in (0, 1):
        path = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/worker-{number}"
        machine = azure.get(path)
        machine["tags"]["pod-cidr"] = hostile if number else "10.200.0.0/24"
        machine["tags"]["k" + hostile] = hostile
        azure.put(path, machine)
    for result in every_command(waybill):
        assert_harmless(result)
    waybill.write(table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    waybill.apply()
    table = azure.get(table_id())
    table["tags"] = {"k" + hostile: hostile}
    table["properties"]["routes"].append({"name": "b", **route_body("10.2.0.0/16", "10.240.0.4")})
    azure.put(table_id(), table)
    for result in every_command(waybill):
        assert_harmless(result)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_messages_of_arm(tmp_path, azure, hostile):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    azure.fail(400, "Bad" + hostile, hostile, method="PUT", path=table_id())
    assert_harmless(waybill.apply(check=1))
    azure.fail(403, "Bad" + hostile, hostile, method="GET", path="routeTables")
    assert_harmless(waybill.plan(check=1))


def test_a_hostile_file_name_and_arguments(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure)
    name = "\x1b[2J::error::\u202e.yaml"
    (waybill.folder / name).write_text(HEAD + "nonsense: 1\n")
    assert_harmless(waybill.run("validate", "-f", name, check=1))
    assert_harmless(waybill.run("validate", "-f", "missing" + name, check=1))
    assert_harmless(waybill.run("plan", "--no" + name, check=1))
    assert_harmless(waybill.run(name, check=1))
