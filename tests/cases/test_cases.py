# SPDX-License-Identifier: Apache-2.0
"""One text file a case: what is wrong with a configuration, and what Waybill says of it.

A case begins with a sentence; `=== NAME` begins a file of that name, except `arguments`, `environment`
and `expect`. A line of `expect` is FILE[:LINE:COLUMN] CODE [WORD-IN-THE-DIAGNOSTIC]. These and no
other errors must be told, each with a help; the exit status is 1 and nothing is written.

In checks/ are networks: `cloud` is what stands in Azure, `commands` are those that are told of it
(else all), a line of `expect` may begin with `warning`, and nothing expected is a good network.

In yaml/ each file is a construct of YAML: `good` is read, and its outputs are `value`, as JSON; in `bad`
something is wrong behind the construct or with it, each line of `expect` being LINE:COLUMN CODE [WORD]. For
what no text file can hold, `bytes good` and `bytes bad` are written with Python's escapes; their own line
breaks do not count.
"""
import json
import pathlib
import re

import pytest
from harness import Waybill, writes

pytestmark = pytest.mark.sanitizer
FOLDER = pathlib.Path(__file__).parent
FINDING = re.compile(r"^(?P<place>\S+?): (?P<kind>error|warning): (?P<text>.*) \[(?P<code>[a-z0-9-]+)\]$")


def read_case(path):
    parts = re.split(r"^=== (.+)\n", path.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def bytes_of(case, name):
    if name in case:
        return case[name].encode()
    return case[f"bytes {name}"].replace("\n", "").encode("ascii").decode("unicode_escape").encode("latin-1")


def findings(stderr):
    """(error or warning, place, code, the whole diagnostic) of each."""
    found = []
    for line in stderr.splitlines():
        match = FINDING.match(line)
        if match:
            found.append([match["kind"], match["place"], match["code"], line])
        elif found:
            found[-1][3] += "\n" + line
    return found


def errors(stderr):
    return [error[1:] for error in findings(stderr) if error[0] == "error"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.case")), ids=lambda path: path.stem)
def test_case(path, tmp_path, azure):
    case = read_case(path)
    arguments = case.pop("arguments", "").split()
    environment = dict(line.split("=", 1) for line in case.pop("environment", "").splitlines())
    expected = [line.split(" ", 2) for line in case.pop("expect").splitlines()]
    waybill = Waybill(tmp_path, azure)
    for name, text in case.items():
        (tmp_path / name).write_text(text)

    for command in (["validate"], ["plan"], ["apply", "--auto-approve"]):
        result = waybill.run(*command, *arguments, env=environment, check=1)
        told = errors(result.stderr)
        assert [error[:2] for error in told] == [line[:2] for line in expected], result
        for (_, _, text), line in zip(told, expected):
            assert "help: " in text, text
            if len(line) == 3:
                assert line[2] in text, text
        for value in environment.values():
            assert value not in result.text or value == "somebody", result
        assert not waybill.state.exists()
    assert writes(azure.requests()) == []


def expected_finding(line):
    """(error or warning, place, code, word)."""
    kind = "warning" if line.startswith("warning ") else "error"
    place, code, *word = line.removeprefix("warning ").split(" ", 2)
    return kind, place, code, word[0] if word else ""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("checks/*.case")), ids=lambda path: path.stem)
def test_check(path, tmp_path, azure, emulator):
    case = read_case(path)
    cloud = emulator(cloud_yaml=case["cloud"]) if "cloud" in case else azure
    expected = [expected_finding(line) for line in case["expect"].splitlines()]
    is_bad = any(kind == "error" for kind, _, _, _ in expected)
    waybill = Waybill(tmp_path, cloud)
    (tmp_path / "waybill.yaml").write_text(case["waybill.yaml"])

    for command in case.get("commands", "validate plan apply" if is_bad else "validate plan").split():
        arguments = ["--auto-approve"] if command == "apply" else []
        result = waybill.run(command, *arguments, check=int(is_bad))
        told = findings(result.stderr)
        assert [tuple(one[:3]) for one in told] == [line[:3] for line in expected], result
        for (_, _, _, text), (_, _, _, word) in zip(told, expected):
            assert "help: " in text and word in text, text
        assert ("1 finding ignored" in result.text) == path.stem.endswith("-ignored"), result
    assert writes(cloud.requests()) == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("yaml/*.case")), ids=lambda path: path.stem)
def test_yaml(path, tmp_path):
    case = read_case(path)
    expected = [line.split(" ", 2) for line in case["expect"].splitlines()]
    assert expected, "a bad file is told of"
    waybill = Waybill(tmp_path, None)
    waybill.file.write_bytes(bytes_of(case, "good"))
    merged = waybill.run("validate", "--merged", "--json", check=0).json["merged"]
    assert merged["outputs"] == json.loads(case["value"])
    assert json.dumps(merged["outputs"]) == json.dumps(json.loads(case["value"])), "types and order too"

    waybill.file.write_bytes(bytes_of(case, "bad"))
    result = waybill.run("validate", check=1)
    told = errors(result.stderr)
    assert [error[:2] for error in told] == [[f"waybill.yaml:{line[0]}", line[1]] for line in expected], result
    for (_, _, text), line in zip(told, expected):
        assert "help: " in text and (line[2] if len(line) == 3 else "") in text, text
