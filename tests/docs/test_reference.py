# SPDX-License-Identifier: Apache-2.0
"""What docs/ have from schemas/ and docs/codes/ is what the program says, and it says it of everything."""
import json

import pytest
import reference
from emulator import ROOT

SCHEMA = reference.ask("schema")


def test_committed_is_what_would_be_made():
    for path, text in reference.made().items():
        assert path.read_text() == text, f"{path.name}: run `make docs`"
        assert path.name == "reference.md" or len(reference.MADE.findall(text)) == 1, path


def settable(schema, node):
    """The members of a body that can be set, flat, with those inside them."""
    for name, member in node.get("properties", {}).items():
        member = schema["$defs"][member["$ref"].rpartition("/")[2]] if "$ref" in member else member
        if name == "properties":
            yield from settable(schema, member)
        elif not member.get("readOnly"):
            yield (name,)
            inner = member.get("items", member)
            if "x-reference" not in inner and "x-child" not in member:
                yield from ((name, *rest) for rest in settable(schema, inner))


@pytest.mark.parametrize("section", reference.sections(SCHEMA))
def test_every_member_of_every_type_is_explained(section):
    schema = json.loads((ROOT / "schemas" / f"{section}.json").read_text())
    members = {".".join(path) for path in settable(schema, schema)}
    told = dict(reference.rows(section, ""))
    children = {name.split(".")[0] for name, row in told.items() if row["type"] == "a map keyed by name"}
    assert len(members) > 1 and members - set(told) == set()
    for name, row in told.items():
        assert row["meaning"] and row["type"] and "required" in row, name
        assert row["changing"] == "in place" or row["changing"].startswith("replaces the "), name
        assert name in members or name.split(".")[0] in children, name


@pytest.mark.parametrize("section", reference.sections(SCHEMA))
def test_words_are_explained_where_they_may_stand(section):
    for word in reference.own_words(SCHEMA, section):
        told = reference.explain(f"{section}.{word}")
        assert told["meaning"] and told["type"] and told["changing"], word
