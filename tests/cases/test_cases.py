# SPDX-License-Identifier: Apache-2.0
"""One text file a case: what is wrong with a configuration, and what Waybill says of it.

A case begins with a sentence; `=== NAME` begins a file of that name, except `arguments`, `environment`
and `expect`. A line of `expect` is FILE[:LINE:COLUMN] CODE [WORD-IN-THE-DIAGNOSTIC]. These and no
other errors must be told, each with a help; the exit status is 1 and nothing is written.
"""
import pathlib
import re

import pytest
from harness import Waybill, writes

pytestmark = pytest.mark.sanitizer
FOLDER = pathlib.Path(__file__).parent
ERROR = re.compile(r"^(?P<place>\S+?): error: (?P<text>.*) \[(?P<code>[a-z0-9-]+)\]$")


def read_case(path):
    parts = re.split(r"^=== (.+)\n", path.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def errors(stderr):
    """(place, code, the whole diagnostic) of each error."""
    found = []
    for line in stderr.splitlines():
        match = ERROR.match(line)
        if match:
            found.append([match["place"], match["code"], line])
        elif found:
            found[-1][2] += "\n" + line
    return found


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
