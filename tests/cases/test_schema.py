# SPDX-License-Identifier: Apache-2.0
"""`waybill schema` and `waybill validate` come to the same verdict on every example, every case and
a corpus made by mutilating a configuration that uses all of the language.

They must agree on what a schema can say. What it cannot (whether a CIDR is one, whether a reference
leads somewhere) Waybill refuses with other codes, and there the schema has to accept.
"""
import copy
import json
import subprocess

import jsonschema
import pytest
import yaml
from emulator import ROOT
from harness import EXAMPLES, HEAD, LONG, Waybill
from test_cases import read_case

STRUCTURE = {
    "adopt-existing", "bad-backend", "bad-duration", "format-version", "ignore-reason", "missing-member",
    "next-hop", "node-source", "not-a-choice", "out-of-range", "read-only-member", "requires",
    "same-member-twice", "unknown-member", "wrong-type",
}
# Where a rule needs more than the place it is told at: a region may come from the top, a length lies
# between two others, and a member is named in a text.
ELSEWHERE = {("location",), ("nodeSets", "many", "range", "podPrefixLength"),
             ("resourceGroups", "other", "lifecycle", "ignoreChanges", 0)}
AJV = ROOT / "build" / "ajv" / "node_modules" / "ajv" / "dist" / "2020.js"
AJV_PROGRAM = """
const Ajv = require(process.argv[1]);
const input = JSON.parse(require("fs").readFileSync(process.argv[2]));
const validate = new Ajv({strict: false}).compile(input.schema);
console.log(JSON.stringify(input.documents.map((document) => validate(document))));
"""
EVERYTHING = """\
waybill: 1
requires: ">=0.1"
settle: 30s
subscription: ${env.AZURE_SUBSCRIPTION_ID}
resourceGroup: kubernetes
location: japaneast
moved:
- {from: resourceGroups/old/routeTables/x, to: routeTables/x}
variables:
  text: {type: string, default: "10.9.0.0/16", description: what}
  number: {type: number, default: 10}
  boolean: {type: boolean, default: true}
  list: {type: list, default: [10.9.0.0/16]}
  map: {type: map, default: {}}
resourceGroups:
  other: {location: japaneast, tags: {a: b}, lifecycle: {preventDestroy: true, ignoreChanges: [tags.a]}}
virtualNetworks:
  theirs:
    existing: true
    expect: {location: japaneast, addressSpace: {addressPrefixes: [10.240.0.0/16]}}
    subnets:
      workers: {existing: true, routeTable: pods, expect: {addressPrefix: 10.240.0.0/24}}
  ours:
    name: really-ours
    resourceGroup: other
    addressSpace: {addressPrefixes: [10.8.0.0/16]}
    flowTimeoutInMinutes: 10
    enableDdosProtection: false
    dhcpOptions: {dnsServers: [10.8.0.4]}
    foreignTags: remove
    tags: {owner: net}
    subnets:
      a:
        addressPrefix: 10.8.0.0/24
        routeTable: pods
        serviceEndpoints: [{service: Microsoft.Storage, locations: [japaneast]}]
        delegations: {d: {serviceName: Microsoft.Web/serverFarms}}
        privateEndpointNetworkPolicies: disabled
      b: {addressPrefixes: [10.8.1.0/24]}
nodeSets:
  workers: {incomplete: skip, virtualMachines: {name: "worker-*", podCIDRTag: pod-cidr, tags: {a: b}, scaleSet: s}, exclude: {names: [a], labels: {a: b}, tags: {a: b}}, ignore: {pod-cidr-in-subnet: why}}
  fixed:
    nodes:
      one: {ip: 10.240.0.20, podCIDR: 10.200.0.0/24}
      two: {name: second, ips: [10.240.0.21], podCIDRs: [10.200.1.0/24]}
  live: {kubernetes: {context: here, labels: {pool: "*"}}}
  many: {range: {count: 2, name: "n-${node.index}", firstIP: 10.240.1.4, podCIDRs: 10.201.0.0/16, podPrefixLength: 24}}
routeTables:
  pods:
    adopt: true
    disableBgpRoutePropagation: true
    foreignRoutes: keep
    ignore: {route-stale: somebody moves these by hand}
    dependsOn: [resourceGroups/other]
    nodeRoutes:
      - {nodeSet: fixed, name: "${node.name}"}
    routes:
      office: {addressPrefix: 192.168.0.0/16, nextHopType: VirtualNetworkGateway}
      hop: {addressPrefix: 172.16.0.0/12, nextHopType: VirtualAppliance, nextHopIpAddress: 10.240.0.9}
  empty:
forget: [routeTables/old]
checks: {next-hop-outside-network: off, pod-cidr-without-route: off, node-outside-subnets: warning, next-hop-unknown: off}
reach: [[fixed, many]]
outputs:
  id: ${routeTables.pods.id}
"""


class CoreLoader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1; this leaves `no` and dates as the text they are in 1.2."""


CoreLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers
            if not tag.endswith((":timestamp", ":merge")) and (not tag.endswith(":bool") or first in "tTfF")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text):
    return yaml.load(text, CoreLoader)


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    printed = Waybill(tmp_path_factory.mktemp("schema"), None).run("schema", check=0).json
    jsonschema.Draft202012Validator.check_schema(printed)
    return jsonschema.Draft202012Validator(printed)


def agree(waybill, schema, document, beyond=False):
    """None, or how the two differ. `beyond`: validate may refuse for what no schema can see."""
    waybill.write(json.dumps(document))
    result = waybill.run("validate", "-f", "waybill.yaml")
    accepts = schema.is_valid(document)
    structural = set(result.codes) & STRUCTURE
    if isinstance(document.get("requires"), str):
        structural.discard("requires")
    if accepts and structural and not beyond:
        return f"only validate refuses: {document}\n{result.stderr}"
    if not accepts and not structural and not (beyond and result.code):
        return f"only the schema refuses: {document}\n{next(schema.iter_errors(document))}\n{result}"
    return None


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*/waybill.yaml")), ids=lambda p: p.parent.name)
def test_examples_are_valid(example, schema):
    schema.validate(load(example.read_text()))


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "cases").glob("**/*.case")), ids=lambda p: p.stem)
def test_cases_agree(path, schema, tmp_path):
    case = read_case(path)
    if "waybill.yaml" not in case or "arguments" in case or len(case) > 2:
        return
    codes = {line.split(" ")[1] for line in case["expect"].splitlines()}
    try:
        document = load(case["waybill.yaml"])
    except yaml.YAMLError:
        return
    if not any(code.startswith(("yaml", "duplicate-key", "empty")) for code in codes):
        assert agree(Waybill(tmp_path, None), schema, document) is None


def paths(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


def expression_of(value):
    kinds = {bool: "boolean", int: "number", str: "text", list: "list", dict: "map"}
    return "${var.%s}" % kinds[type(value)] if value is not None else "${var.map}"


def inside(document, path):
    for key in path:
        document = document[key]
    return document


def mutants(document):
    """(what was done, the document after it, whether that is beyond a schema), for every value."""
    for path in paths(document):
        *above, last = path
        old = inside(document, path)
        for value in (7, 7.5, True, "text", [], [7], {}, {"text": "text"}, None, expression_of(old)):
            changed = copy.deepcopy(document)
            inside(changed, above)[last] = value
            yield f"{path} = {value!r}", changed, path in ELSEWHERE or value == expression_of(old)
        changed = copy.deepcopy(document)
        del inside(changed, above)[last]
        yield f"{path} removed", changed, path in ELSEWHERE
        if isinstance(last, str):
            changed = copy.deepcopy(changed)
            inside(changed, above)["mistyped"] = old
            yield f"{path} renamed", changed, path in ELSEWHERE


def test_corpus_agrees(schema, tmp_path):
    document = load(EVERYTHING)
    waybill = Waybill(tmp_path, None)
    assert agree(waybill, schema, document) is None
    assert waybill.run("validate").code == 0
    # A part of it, with each kind of change in its turn; all of it in the long tests.
    corpus = list(mutants(document))[:: 1 if LONG else 5]
    assert len(corpus) >= 200
    differences = {what: agree(waybill, schema, *changed) for what, *changed in corpus}
    assert {what: told for what, told in differences.items() if told} == {}


def test_ajv_agrees(schema, tmp_path):
    """The validator that editors use comes to the same verdicts as Python's."""
    if not AJV.exists():
        pytest.skip("ajv is not there: make test-schema installs it from npm")
    documents = [changed for _, changed, _ in mutants(load(EVERYTHING))]
    (tmp_path / "input.json").write_text(json.dumps({"schema": schema.schema, "documents": documents}))
    done = subprocess.run(["node", "-e", AJV_PROGRAM, str(AJV), str(tmp_path / "input.json")],
                          capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == [schema.is_valid(document) for document in documents]


def test_a_member_that_only_some_types_have(schema):
    good = load(HEAD + "routeTables: {t: {nodeRoutes: []}}\n")
    bad = load(HEAD + "virtualNetworks: {v: {existing: true, nodeRoutes: []}}\n")
    assert schema.is_valid(good) and not schema.is_valid(bad)


def test_completion_finds_words_and_meanings(schema):
    table = schema.schema["$defs"]["routeTables"]["properties"]
    assert table["existing"]["description"]
    assert table["disableBgpRoutePropagation"]["default"] is False
    kinds = schema.schema["$defs"]["routes"]["properties"]["nextHopType"]["anyOf"][0]["enum"]
    assert "VirtualAppliance" in kinds
