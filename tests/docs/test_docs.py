# SPDX-License-Identifier: Apache-2.0
"""Every command and every YAML block in README.md and docs/ works as it stands there.

    ```yaml              a configuration, or without `waybill:` a part of one: valid
    ```yaml FILE         also written, for the commands of the page
    ```console           lines after `$ ` are run, in one shell a page; the others must be told, `...` is any
    ```console WORD      not run: `subscription` needs one, of `repository` the make targets must exist
"""
import os
import re
import subprocess

import pytest
from emulator import BUILD, ROOT, SUBSCRIPTION
from harness import HEAD, Waybill

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^ *```(\w+) *([^\n]*)\n(.*?)^ *```$", re.M | re.S)
DONE = "--- done"
# A block may name a file, a variable or a resource that the page does not show.
NOT_SHOWN = {"file-unreadable", "undefined-variable", "unknown-reference"}


def blocks(page, kind):
    return [(info, text) for found, info, text in BLOCK.findall(page.read_text()) if found == kind]


YAML_BLOCKS = [(page, i) for page in PAGES for i in range(len(blocks(page, "yaml")))]


@pytest.mark.parametrize("page, number", YAML_BLOCKS, ids=lambda value: getattr(value, "name", value))
def test_yaml(page, number, tmp_path):
    _, text = blocks(page, "yaml")[number]
    waybill = Waybill(tmp_path, None, text if "waybill: 1" in text else HEAD + text)
    result = waybill.run("validate")
    assert result.code == 0 or set(result.codes) <= NOT_SHOWN, result


def commands(page):
    """(command, the lines that it is said to tell)"""
    found = []
    for info, text in blocks(page, "console"):
        if info in ("subscription", "repository"):
            continue
        assert not info, f"{page.name}: console {info}"
        for line in text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.strip():
                found[-1][1].append(line)
    return found


def assert_told(command, expected, told):
    lines = [line.rstrip() for line in told.splitlines() if line.strip()]
    at = 0
    for line in expected:
        if line != "...":
            assert line in lines[at:], f"$ {command}\n{told}\nwithout: {line}"
            at += lines[at:].index(line) + 1


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_commands(page, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for info, text in blocks(page, "yaml"):
        if info:
            (tmp_path / info).write_text(text)
    listed = commands(page)
    script = "".join(f"{command}\necho \"{DONE} $?\"\n" for command, _ in listed)
    environment = {"PATH": f"{BUILD}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8",
                   "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}
    environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, text=True, timeout=300,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    told = re.split(rf"^{DONE} (\d+)\n", done.stdout, flags=re.M)
    assert len(told) // 2 == len(listed), done.stdout
    for (command, expected), text, status in zip(listed, told[::2], told[1::2]):
        assert status == "0", f"$ {command}\n{text}"
        assert_told(command, expected, text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_exist(page):
    for info, text in blocks(page, "console"):
        for target in re.findall(r"^\$ make (\S+)", text, flags=re.M) if info == "repository" else ():
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.M), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target
