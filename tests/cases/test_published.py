# SPDX-License-Identifier: Apache-2.0
"""What ARM publishes of a type is known to its schema, so that what is told as newer is newer.

The specifications stand beside this checkout (tests/support/specs.py); where they do not, there is nothing to compare with.
"""
import json

import pytest
import specs
from emulator import ROOT

pytestmark = pytest.mark.skipif(not specs.SPECS.exists(), reason=f"no specifications in {specs.SPECS}")
TYPES = {
    "routeTables": (specs.NETWORK + "/2024-05-01/routeTable.json", "RouteTable"),
    "routes": (specs.NETWORK + "/2024-05-01/routeTable.json", "Route"),
    "virtualNetworks": (specs.NETWORK + "/2024-05-01/virtualNetwork.json", "VirtualNetwork"),
    "subnets": (specs.NETWORK + "/2024-05-01/virtualNetwork.json", "Subnet"),
    "virtualNetworkPeerings": (specs.NETWORK + "/2024-05-01/virtualNetwork.json", "VirtualNetworkPeering"),
    "resourceGroups": ("resources/resource-manager/Microsoft.Resources/stable/2024-07-01/resources.json", "ResourceGroup"),
}
SCHEMAS = {section: json.loads((ROOT / "schemas" / f"{section}.json").read_text()) for section in TYPES}
FOLDER = specs.SPECS / specs.NETWORK / "2024-05-01" / "examples"


def node_of(root, node):
    return root["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def published(spec, root, node, where=""):
    """(what, where) of each published member and value that is unknown, as the engine looks for them."""
    node, spec = node_of(root, node), spec.resolved()
    if spec is None or node.get("readOnly") or "x-reference" in node or "x-child" in node:
        return
    for value in spec.value.get("enum", []):
        if "enum" in node and value not in node["enum"]:
            yield f"{where} is {value}"
    if "items" in spec.value and "items" in node:
        yield from published(spec.at(spec.value["items"]), root, node["items"], where)
    for name, member in spec.members()[0].items():
        if name in node.get("properties", {}):
            yield from published(member, root, node["properties"][name], f"{where}/{name}")
        elif node.get("additionalProperties") is False and name not in node.get("x-unmanaged", []):
            yield f"{where}/{name}"


@pytest.mark.parametrize("section", TYPES)
def test_every_published_member_and_value_is_known(section):
    file, definition = TYPES[section]
    spec = specs.Schema((specs.SPECS / file).resolve(), {"$ref": f"#/definitions/{definition}"})
    assert spec.resolved().members()[0], "the definition says something"
    assert sorted(published(spec, SCHEMAS[section], SCHEMAS[section])) == []


@pytest.mark.parametrize("section", TYPES)
def test_what_is_unmanaged_is_published_and_cannot_be_set(section):
    file, definition = TYPES[section]
    spec = specs.Schema((specs.SPECS / file).resolve(), {"$ref": f"#/definitions/{definition}"}).resolved()
    node = SCHEMAS[section]["properties"]["properties"]
    members = spec.members()[0]["properties"].resolved().members()[0]
    for name in node.get("x-unmanaged", []):
        assert name in members and name not in node["properties"], name


def bodies():
    for path in sorted(FOLDER.glob("*.json")):
        for answer in json.loads(path.read_text())["responses"].values():
            body = answer.get("body") or {}
            for resource in body.get("value", [body]) if isinstance(body, dict) else []:
                section = resource.get("type", "").rpartition("/")[2] if isinstance(resource, dict) else ""
                if section in TYPES:
                    yield path.name, section, resource


def newer(section, value, node, where=""):
    node = node_of(SCHEMAS[section], node)
    if node.get("readOnly") or "x-reference" in node:
        return
    if "x-child" in node:
        section = node["x-child"].rpartition("/")[2]
        node = {"items": SCHEMAS[section]}
    for item in value if isinstance(value, list) else []:
        yield from newer(section, item, node.get("items", {}), where)
    for name, member in value.items() if isinstance(value, dict) else []:
        if name in node.get("properties", {}):
            yield from newer(section, member, node["properties"][name], f"{where}/{name}")
        elif node.get("additionalProperties") is False and name not in node.get("x-unmanaged", []):
            yield f"{section}{where}/{name}"
    if "enum" in node and isinstance(value, str) and value.lower() not in map(str.lower, node["enum"]):
        yield f"{section}{where} is {value}"


def test_nothing_in_the_published_examples_is_newer():
    found = {(name, what) for name, section, body in bodies() for what in newer(section, body, SCHEMAS[section])}
    assert found == set() and sum(1 for _ in bodies()) > 20
