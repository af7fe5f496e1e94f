# SPDX-License-Identifier: Apache-2.0
"""The blocks of the documentation, and running those that are commands."""
import os
import re
import subprocess

import yaml
from emulator import BUILD, ROOT

BLOCK = re.compile(r"^ *```(\w+) *([^\n]*)\n(.*?)^ *```$", re.M | re.S)
DONE = "--- done"


def blocks(page, kind):
    """(the rest of its first line, its text), of each of a kind"""
    return [(info, text) for found, info, text in BLOCK.findall(page.read_text()) if found == kind]


def commands(page, word=""):
    """(command, the lines that it is said to tell), of console blocks with that word alone"""
    found = []
    for info, text in blocks(page, "console"):
        if info != word:
            continue
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


def run_commands(page, folder, word="", environment=None):
    """Each exits with 0 and tells what it is said to, in one shell, beside the files that the page shows."""
    (folder / "examples").symlink_to(ROOT / "examples")
    for info, text in blocks(page, "yaml"):
        if (ROOT / info).is_file():
            assert yaml.safe_load(text) == yaml.safe_load((ROOT / info).read_text()), f"{info} says otherwise"
        elif info:
            (folder / info).write_text(text)
    listed = commands(page, word)
    script = "".join(f"{command}\necho \"{DONE} $?\"\n" for command, _ in listed)
    variables = {"PATH": f"{BUILD}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", **(environment or {})}
    variables.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=variables, text=True, timeout=300,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    told = re.split(rf"^{DONE} (\d+)\n", done.stdout, flags=re.M)
    assert len(told) // 2 == len(listed), done.stdout
    for (command, expected), text, status in zip(listed, told[::2], told[1::2]):
        assert status == "0", f"$ {command}\n{text}"
        assert_told(command, expected, text)
