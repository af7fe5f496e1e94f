# SPDX-License-Identifier: Apache-2.0
"""Every command and every YAML block in README.md and docs/ works as it stands there.

    ```yaml              a configuration: valid; or without `waybill:` a part of one, which may name what is not shown
    ```yaml FILE         also written, for the commands of the page; or what a file of the repository says
    ```console           lines after `$ ` are run, in one shell a page; the others must be told, `...` is any
    ```console WORD      not run: `subscription` needs one, of `repository` the make targets must exist; `az` needs
                         one, and is run by tests/clients

There are no other blocks in fences. What is said in `code` or in an example of a code's page, and begins with
`waybill` or `--`, names commands and options that there are.
"""
import functools
import re
import subprocess

import pytest
from emulator import BUILD, ROOT
from harness import HEAD, Waybill
from pages import BLOCK, blocks, commands, run_commands

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^[ >]*(?:```|~~~)", re.M)
KINDS = {"yaml", "console"}
NOT_RUN = {"subscription", "repository", "az"}
# The pages about commands and options that there are not.
MEANT_WRONG = {"unknown-command", "unknown-option", "missing-command"}
# A part may name a file, a variable or a resource that the page does not show.
NOT_SHOWN = {"file-unreadable", "undefined-variable", "unknown-reference"}


YAML_BLOCKS = [(page, i) for page in PAGES for i in range(len(blocks(page, "yaml")))]


@pytest.mark.parametrize("page, number", YAML_BLOCKS, ids=lambda value: getattr(value, "name", value))
def test_yaml(page, number, tmp_path):
    _, text = blocks(page, "yaml")[number]
    is_whole = re.search("^waybill: 1$", text, flags=re.M)
    waybill = Waybill(tmp_path, None, text if is_whole else HEAD + text)
    result = waybill.run("validate")
    assert result.code == 0 or not is_whole and set(result.codes) <= NOT_SHOWN, result


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_commands(page, tmp_path):
    for info, _ in blocks(page, "console"):
        assert not info or info in NOT_RUN, f"{page.name}: console {info}"
    run_commands(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_escapes(page):
    text = page.read_text()
    found = BLOCK.findall(text)
    assert len(FENCE.findall(text)) == 2 * len(found), "each block has a kind, and an end of its own"
    assert {kind for kind, _, _ in found} <= KINDS
    for kind, info, block in found:
        assert kind == "yaml" or not info or info in NOT_RUN, info
        assert kind == "yaml" or re.match(r" *\$ ", block), "a console block begins with a command"
    assert not re.search(r"^    +\$ ", BLOCK.sub("", text), flags=re.M), "a command outside a console block"


def help_of(*words):
    done = subprocess.run([BUILD / "waybill", *words, "--help"], stdout=subprocess.PIPE, text=True, check=False,
                          env={"PATH": "/usr/bin:/bin"}, timeout=60)
    return done.stdout if done.returncode == 0 else ""


@functools.cache
def options_of_commands():
    """command, perhaps of two words -> its options"""
    names = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", help_of(), flags=re.M)
    return {name: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", help_of(*name.split()))) for name in names}


@functools.cache
def options_of_emulator():
    told = subprocess.run([BUILD / "waybill-emulator", "--help"], stdout=subprocess.PIPE, text=True, check=True,
                          timeout=60).stdout
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told))


def said(page):
    """Commands of Waybill and of the emulator as the page says them: in blocks, in `code`, in examples of codes."""
    text = page.read_text()
    lines = [line.strip().removeprefix("$ ") for _, _, block in BLOCK.findall(text) for line in block.splitlines()
             if line.strip().startswith("$ ")]
    rest = BLOCK.sub("", text)
    lines += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", rest)]
    lines += [line.strip().partition("  #")[0] for line in re.findall(r"^    (\S.*)", rest, flags=re.M)]
    return [line for line in lines if re.match(r"waybill(-emulator)? |--[a-z]", line)]


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in MEANT_WRONG and said(page)],
                         ids=lambda page: page.name)
def test_what_is_said_exists(page):
    known = options_of_commands()
    emulators = options_of_emulator()
    every = set().union(emulators, *known.values())
    for line in said(page):
        words = re.sub(r"\$\(.*?\)", "", line).split()
        # One dash before a long option is Terraform's way.
        options = {re.sub(r"^-(?=\w\w)", "--", word.partition("=")[0]) for word in words
                   if re.match("-+[a-z]", word)}
        if words[0] == "waybill-emulator":
            assert options <= emulators, line
            continue
        if words[0] != "waybill" or not re.fullmatch("[a-z]+", words[1]):
            assert options <= every, line
            continue
        command = " ".join(words[1:3]) if " ".join(words[1:3]) in known else words[1]
        assert command in known, line
        assert options <= known[command], line


def test_every_variable_of_the_sign_in_has_its_row():
    """What the sources read stands in the table of docs/sign-in.md, once."""
    read = {name for path in (ROOT / "providers" / "net").glob("*.c")
            for name in re.findall(r'"((?:AZURE|ARM|AZURESUBSCRIPTION|ACTIONS|SYSTEM|IDENTITY|MSI|WAYBILL)_[A-Z_]+)"',
                                   path.read_text())}
    table = (ROOT / "docs" / "sign-in.md").read_text().partition("## Every variable")[2].partition("\n## ")[0]
    first = [name for line in table.splitlines() if line.startswith("| `")
             for name in re.findall(r"`([A-Z_]+)`", line.split(" | ")[0])]
    assert len(read) > 30 and len(first) == len(set(first))
    assert read - set(first) == set()


def test_every_json_is_told_of():
    text = (ROOT / "docs" / "json.md").read_text()
    for command, options in options_of_commands().items():
        assert "--json" not in options or re.search(f"`{command}[` ]", text), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_exist(page):
    sources = names_of_variables()
    for name in re.findall(r"\bWAYBILL_[A-Z][A-Z_]*[A-Z]\b", page.read_text()):
        assert name in sources or name.startswith(("WAYBILL_ENV_", "WAYBILL_VAR_")), name


@functools.cache
def names_of_variables():
    """Those of options, and those that the sources name."""
    options = set().union(*options_of_commands().values())
    named = {f"WAYBILL_{option.lstrip('-').replace('-', '_').upper()}" for option in options}
    for folder in ("cmd", "providers", "engine", "state"):
        for path in (ROOT / folder).rglob("*.[ch]"):
            named.update(re.findall(r'"(WAYBILL_[A-Z_]+)"', path.read_text()))
    return named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_exist(page):
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^ *\$ |^    |`)make ([a-z-]+)", page.read_text(), flags=re.M):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target
