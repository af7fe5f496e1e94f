# SPDX-License-Identifier: Apache-2.0
"""The parts of docs/ that are made from schemas/ and docs/codes/, by asking the built program.

`make docs` writes them; tests/docs/test_reference.py holds what is committed to what would be written.
Between `<!-- made by make docs -->` and `<!-- end -->` nothing is written by hand.
"""
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PROGRAM = ROOT / "build" / os.environ.get("FLAVOUR", "release") / "waybill"
BEGIN, END = "<!-- made by make docs -->\n", "<!-- end -->\n"
MADE = re.compile(f"{BEGIN}.*?{END}", re.S)


def ask(*arguments):
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(done.stdout)


def explain(member):
    return ask("explain", member, "--json")


def codes():
    return {code: text for code, text in ask("explain", "--json").items() if code != "diagnostics"}


def in_cell(text):
    return text.replace("|", "\\|")


def type_of(told):
    """Type, and whether it must stand."""
    text = told["type"]
    if "allowed" in told:
        choices = ", ".join(f"`{choice}`" for choice in told["allowed"])
        text = f"one of {choices}"
    if told.get("required"):
        text += "; required"
    if "required_when" in told:
        text += f"; required when {told['required_when']}"
    return text


def rows(path, prefix, skip=()):
    """(name in the table, what is told) of each member, those of a member behind it; not those of `skip`."""
    for name in explain(path)["members"]:
        told = explain(f"{path}.{name}")
        yield prefix + name, told
        if name not in skip:
            yield from rows(f"{path}.{name}", f"{prefix}{name}.", skip)


def table(members, with_changing):
    heads = ["member", "meaning", "type", "default"] + ["changing it"] * with_changing
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, told in members:
        default = f"`{json.dumps(told['default'])}`" if "default" in told else ""
        default += ", sent explicitly when it is made" * ("default_sent" in told)
        cells = [f"`{name}`", told["meaning"], type_of(told), default]
        if with_changing:
            cells.append(told["changing"])
        lines.append("| " + " | ".join(map(in_cell, cells)) + " |")
    return lines


def sections(schema):
    return [name for name in schema["$defs"] if "." not in name]


def own_words(schema, section):
    members = explain(section)["members"]
    return [word for word in schema["$defs"][section]["properties"] if word not in members]


def type_lines(schema, section):
    told = explain(section)
    lines = [f"### {section}", "", f"{told['meaning']}."]
    if "name" in told:
        lines[-1] += f" A name has {told['name']}."
    inner = [name for name in told["members"] if name in sections(schema)]
    for name in inner:
        lines[-1] += f" What stands in `{name}` is [a resource of its own](#{name.lower()})."
    return lines + ["", *table(rows(section, "", inner), True), ""]


def words_lines(schema):
    words = {}
    for section in sections(schema):
        for word in own_words(schema, section):
            words.setdefault(word, []).append(section)
    lines = ["### In every resource", "", "Words of Waybill's own, beside the members of the type.", "",
             "| word | meaning | type | default | stands in | changing it |", "|---|---|---|---|---|---|"]
    for word, found in words.items():
        nested = [(word, explain(f"{found[0]}.{word}")), *rows(f"{found[0]}.{word}", f"{word}.")]
        where = "all" if found == sections(schema) else ", ".join(f"`{section}`" for section in found)
        for name, told in nested:
            default = f"`{json.dumps(told['default'])}`" if "default" in told else ""
            changing = re.sub(r"^replaces the .*", "replaces the resource", told.get("changing", ""))
            cells = [f"`{name}`", told["meaning"], type_of(told), default, where, changing]
            lines.append("| " + " | ".join(map(in_cell, cells)) + " |")
    return lines + [""]


def top_lines(schema):
    names = [name for name in schema["properties"] if name not in schema["$defs"]]
    lines = ["## On top", "", *table([(name, explain(name)) for name in names], False), ""]
    for name in names:
        if explain(name)["members"]:
            lines += [f"### {name}", "", f"{explain(name)['meaning']}.", "", *table(rows(name, ""), False), ""]
    return lines


def reference():
    schema = ask("schema")
    lines = ["# Reference", "",
             "Made from schemas/ and docs/codes/ by `make docs`: `waybill explain` tells the same. What the words are for "
             "is told in [language.md](language.md).", "",
             *top_lines(schema), "## Resources", ""]
    for section in sections(schema):
        lines += type_lines(schema, section)
    lines += words_lines(schema)
    lines += ["## Codes", "", "What a diagnostic may say; `waybill explain CODE` prints the page.", "",
              "| code | says |", "|---|---|"]
    lines += [f"| [`{code}`](codes/{code}.md) | {in_cell(text)} |" for code, text in codes().items()]
    return "\n".join(lines) + "\n"


def checks():
    source = (ROOT / "engine" / "network" / "checks.c").read_text()
    severities = dict(re.findall(r'\{ "([a-z-]+)", SEVERITY_([A-Z]+)', source))
    summaries = codes()
    lines = ["| code | severity | a finding says |", "|---|---|---|"]
    lines += [f"| `{code}` | {severities[code].lower()} | {in_cell(summaries[code])} |" for code in sorted(severities)]
    return "\n".join(lines) + "\n"


def made():
    """path -> what it should hold"""
    page = DOCS / "checks.md"
    return {
        DOCS / "reference.md": reference(),
        page: MADE.sub(lambda _: BEGIN + checks() + END, page.read_text()),
    }


def write():
    for path, text in made().items():
        path.write_text(text)


if __name__ == "__main__":
    write()
