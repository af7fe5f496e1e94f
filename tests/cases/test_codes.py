# SPDX-License-Identifier: Apache-2.0
"""Every code that the sources can tell has a page, every page a code, and `waybill explain` shows it."""
import json
import re

import pytest
from emulator import ROOT
from harness import Waybill

PAGES = {path.stem: path for path in (ROOT / "docs" / "codes").glob("*.md")}
FOLDERS = ("engine", "state", "providers", "cmd/waybill", "schemas")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
DIAGNOSTIC = re.compile(r'\bdiag_(?:error|warning)\(\s*[^"]*?,\s*"([a-z0-9-]+)"\s*,')
CODE_MEMBER = re.compile(r'\.code = "([a-z0-9-]+)"|code = "([a-z0-9-]+)"')
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
# What looks like a code and is none: names in formats, words of schemas, values of other fields.
OTHER_WORDS = {
    "api-version", "arm-id", "cidr-or-tag", "get-access-token", "ignore-case", "in-place",
    "no-op", "not-begun", "retry-after-ms",
    "waybill-emulator", "with-new-parent", "with-parent",
    # Where the result of a long-running operation is: what an option takes.
    "azure-async-operation", "original-uri",
    # What people type by habit of other tools.
    "dry-run", "force-unlock", "refresh-only", "resource-group", "what-if",
    # A file system, as the table of mounts names it.
    "ceph-fuse",
    # Members of a kubeconfig.
    "as-groups", "as-uid", "as-user-extra", "auth-provider", "certificate-authority",
    "certificate-authority-data", "client-certificate", "client-key", "insecure-skip-tls-verify",
    "proxy-url", "tls-server-name",
}


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.c")):
            if "emulator" not in path.parent.name:
                yield path.read_text()


def codes():
    """Codes given to a diagnostic, and every literal that could be one on its way there."""
    found = set()
    for text in sources():
        found.update(DIAGNOSTIC.findall(text))
        found.update(left or right for left, right in CODE_MEMBER.findall(text))
        options = set(re.findall(r'\.name = "([a-z-]+)"', text))
        words = {word for word in LITERAL.findall(text) if KEBAB.fullmatch(word)}
        found |= {word for word in words - options if not word.startswith("x-")}
    for path in (ROOT / "schemas").glob("*.json"):
        found.update(re.findall(r'"(?:code|nameCode)": "([^"]+)"', path.read_text()))
    return found - OTHER_WORDS


def test_every_code_has_a_page():
    assert codes() - set(PAGES) == set(), "write docs/codes/CODE.md"


def test_every_page_has_a_code():
    passed_on = {"dns", "duplicate", "network", "tls", "timeout", "unknown"}
    assert {page for page in PAGES if not page.startswith("arm")} - codes() - passed_on == set()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_page(page):
    text = PAGES[page].read_text()
    title = page.replace("arm-", "arm:", 1) if page.startswith("arm-") else page
    assert text.startswith(f"# {title}\n\n")
    assert 5 <= len(text.splitlines()) <= 20
    assert re.search(r"^    \S", text, flags=re.M), "an example stands four columns in"
    assert max(map(len, text.splitlines())) <= 120


def test_explain_prints_pages_and_members(tmp_path):
    waybill = Waybill(tmp_path, None)
    assert waybill.run("explain", "bad-cidr").stdout == PAGES["bad-cidr"].read_text()
    assert waybill.run("explain", "arm:ScopeLocked").stdout == PAGES["arm-ScopeLocked"].read_text()
    assert waybill.run("explain", "arm:NeverSeen").stdout == PAGES["arm"].read_text()
    listed = json.loads(waybill.run("explain", "--json").stdout)
    assert set(PAGES) <= set(listed)

    told = waybill.run("explain", "routeTables.disableBgpRoutePropagation").stdout
    assert re.search(r"^  default +false$", told, flags=re.M)
    assert "  changing  in place\n" in told
    told = json.loads(waybill.run("explain", "routeTables.location", "--json").stdout)
    assert told["changing"] == "replaces the route table"
    told = json.loads(waybill.run("explain", "routes.nextHopType", "--json").stdout)
    assert told["required"] and "VirtualAppliance" in told["allowed"]
    told = waybill.run("explain", "nodeSets.range.count").stdout
    assert told.startswith("nodeSets.range.count: How many\n")
    assert "  default   false\n" in waybill.run("explain", "routeTables.existing").stdout
    told = waybill.run("explain", "bad-crid", check=1).stderr
    assert "did you mean `bad-cidr`?" in told


CHECKS = re.findall(r'{ "([a-z-]+)", SEVERITY_', (ROOT / "engine" / "network" / "checks.c").read_text())
CASES = {path.stem: path.read_text().partition("=== expect\n")[2]
         for path in (ROOT / "tests" / "cases" / "checks").glob("*.case")}


@pytest.mark.parametrize("code", CHECKS)
def test_every_check_has_a_good_and_a_bad_case(code):
    assert any(f" {code}" in told + " " for told in CASES.values()), "write one that is told"
    assert CASES[f"{code}-good"] == "", "a good case expects nothing"
    assert f"| `{code}` |" in (ROOT / "docs" / "checks.md").read_text()
