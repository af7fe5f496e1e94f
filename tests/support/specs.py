# SPDX-License-Identifier: Apache-2.0
"""Holds what the emulator exchanged (its --trace) against ARM's published specifications.

    specs.py TRACE...      files or folders; tells each deviation once, exit status 1 if there is one

The specifications are Swagger files beside this checkout. An answer must have a status that its
operation knows and a body of the operation's schema, with no member beside it; a request that was
accepted must have a body of its schema, too. DEVIATIONS are those that are meant, with the reason.
"""

import functools
import json
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECS = ROOT.parent / "shared" / "reference" / "arm-specs" / "specification"
NETWORK = "network/resource-manager/Microsoft.Network/stable"
FILES = [
    f"{NETWORK}/2024-05-01/routeTable.json",
    f"{NETWORK}/2024-05-01/virtualNetwork.json",
    f"{NETWORK}/2024-05-01/networkInterface.json",
    f"{NETWORK}/2024-03-01/usage.json",
    f"{NETWORK}/2024-03-01/vmssNetworkInterface.json",
    "compute/resource-manager/Microsoft.Compute/ComputeRP/stable/2024-07-01/virtualMachine.json",
    "compute/resource-manager/Microsoft.Compute/ComputeRP/stable/2024-07-01/virtualMachineScaleSet.json",
    "resources/resource-manager/Microsoft.Resources/stable/2024-07-01/resources.json",
    "resources/resource-manager/Microsoft.Resources/stable/2022-12-01/subscriptions.json",
]

# (pattern of a deviation as it is told, why it is so). Empty when nothing deviates.
DEVIATIONS = [
    ("networkInterfaces.*(kind|allowPort25Out) is no member", "recordings have both"),
    ("GET /(tenants|subscriptions) 200: nextLink is missing", "ARM leaves it out at the last page, as paging is documented"),
    ("HEAD .*: answered, and in no specification", "CheckExistenceById, whose path may be any resource's"),
    ("routes.*: nextHop is no member", "a member of api-version 2025-07-01"),
    (": newer", "what some day may be a member: tests see it kept"),
    ("Microsoft.Authorization/permissions: answered", "its specification is not among those that are there"),
    ("request.*: null is no", "which says nothing: Terraform sends such, and tests that see them passed over"),
    ("request(/properties)?: (powerState|instances|properties) is no member|principalId: .* is no string", "sent by a test, which sees it passed over"),
]


@functools.lru_cache(maxsize=None)
def document(path):
    return json.loads(path.read_text()) if path.exists() else None


class Schema:
    """A schema and the file that its references are relative to."""

    def __init__(self, path, value):
        self.path, self.value = path, value

    def at(self, value):
        return Schema(self.path, value)

    def resolved(self):
        """Without a reference; None when that leads to a file that is not there."""
        schema = self
        for _ in range(20):
            reference = schema.value.get("$ref")
            if reference is None:
                return schema
            name, _, pointer = reference.partition("#")
            path = (schema.path.parent / name).resolve() if name else schema.path
            value = document(path)
            if value is None:
                # Some files are there at the version before alone, and did not change.
                path = pathlib.Path(str(path).replace("2024-05-01", "2024-03-01"))
                value = document(path)
            if value is None:
                return None
            for token in pointer.strip("/").split("/"):
                value = value[token.replace("~1", "/").replace("~0", "~")]
            schema = Schema(path, value)
        raise AssertionError(f"references without end: {reference}")

    def members(self):
        """(members by name, names required, whether others may stand): with all that it is of."""
        members, required, open_ended = {}, set(), False
        for part in self.value.get("allOf", []):
            base = self.at(part).resolved()
            if base is None:
                open_ended = True
                continue
            more = base.members()
            members.update(more[0])
            required |= more[1]
            open_ended = open_ended or more[2]
        members.update({name: self.at(value) for name, value in self.value.get("properties", {}).items()})
        required |= set(self.value.get("required", []))
        return members, required, open_ended or "additionalProperties" in self.value


TYPES = {"string": str, "boolean": bool, "array": list, "object": dict}


def is_of_type(value, kind):
    if kind == "integer":
        # Published examples have 8.0, but clients of languages with types do not take it.
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return kind not in TYPES or isinstance(value, TYPES[kind])


def differences(schema, value, where, sent=False):
    """What of the value is not as the schema has it."""
    schema = schema.resolved()
    if schema is None:
        return
    kind = schema.value.get("type") or ("object" if "properties" in schema.value or "allOf" in schema.value else None)
    if not is_of_type(value, kind):
        yield f"{where}: {json.dumps(value)[:40]} is no {kind}"
        return
    choices = schema.value.get("enum")
    extensible = schema.value.get("x-ms-enum", {}).get("modelAsString", False)
    if choices and not extensible and value not in choices:
        yield f"{where}: {value!r} is none of {', '.join(map(str, choices))}"
    if isinstance(value, list) and "items" in schema.value:
        for item in value:
            yield from differences(schema.at(schema.value["items"]), item, where + "/*", sent)
    elif isinstance(value, dict):
        yield from object_differences(schema, value, where, sent)


def object_differences(schema, value, where, sent):
    members, required, open_ended = schema.members()
    extra = schema.value.get("additionalProperties")
    for name in sorted(required - set(value)):
        # What only the server writes need not be sent.
        if not (sent and members[name].value.get("readOnly")):
            yield f"{where}: {name} is missing"
    for name, member in value.items():
        if name in members:
            yield from differences(members[name], member, f"{where}/{name}", sent)
        elif isinstance(extra, dict):
            yield from differences(schema.at(extra), member, where + "/*", sent)
        elif members and not open_ended:
            yield f"{where}: {name} is no member"


def path_of(exchange):
    """Without the slashes too many that ARM passes over."""
    return re.sub("//+", "/", urllib.parse.unquote(exchange["url"].split("?")[0])).rstrip("/")


class Specifications:
    """Every operation of the files, by method and path."""

    def __init__(self, root=SPECS):
        self.operations = []
        for name in FILES:
            path = (root / name).resolve()
            swagger = document(path)
            for template, methods in {**swagger["paths"], **swagger.get("x-ms-paths", {})}.items():
                # One that may be any scope says nothing of where it is.
                if template.startswith("/{"):
                    continue
                pattern = re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template.split("?")[0])) + "$", re.I)
                self.operations.append((pattern, template, methods, Schema(path, {})))

    def find(self, path):
        """(template, methods, file) of a path; a template with fewer wildcards goes before."""
        found = [one for one in self.operations if one[0].match(path)]
        return min(found, key=lambda one: one[1].count("{"), default=None)

    def deviations(self, exchange):
        path = path_of(exchange)
        # What polls is told by headers, not by a specification of its own.
        if re.search(r"/(operations|operationResults)/[^/]+$", path, re.I):
            return
        found = self.find(path)
        status, method = exchange["status"], exchange["method"].lower()
        if found is None or method not in found[2]:
            if status < 400:
                yield f"{method.upper()} {re.sub('[0-9a-f-]{36}', '*', path)}: answered, and in no specification"
            return
        _, template, methods, base = found
        operation = methods[method]
        where = f"{method.upper()} {template.split('?')[0]}"
        responses = operation["responses"]
        response = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
        if response is None:
            yield f"{where} {status}: no status of it"
            return
        response = base.at(response).resolved().value
        yield from self.body_deviations(base, response, exchange, f"{where} {status}")
        if status < 400 and "request" in exchange:
            for parameter in operation.get("parameters", []):
                parameter = base.at(parameter).resolved()
                if parameter is not None and parameter.value.get("in") == "body":
                    yield from differences(parameter.at(parameter.value["schema"]), exchange["request"],
                                           f"{where} request", sent=True)

    @staticmethod
    def body_deviations(base, response, exchange, where):
        schema, body = response.get("schema"), exchange.get("response")
        if schema is None and body is not None:
            yield f"{where}: a body where there is none"
        elif schema is not None and body is not None:
            yield from differences(base.at(schema), body, where)
        elif schema is not None and exchange["method"] != "HEAD" and exchange["status"] not in (202, 204):
            yield f"{where}: no body"


def skeleton(value):
    """What distinguishes a body for a schema: members, types, and words that may be choices."""
    if isinstance(value, dict):
        return tuple(sorted((name, skeleton(member)) for name, member in value.items()))
    if isinstance(value, list):
        return ("list", frozenset(map(skeleton, value)))
    if isinstance(value, str):
        return value if value.isalpha() and len(value) < 32 else "text"
    return type(value).__name__


def check(paths):
    """(exchanges read, of different shape, deviations that are not meant, those meant that occurred)"""
    specifications = Specifications()
    seen, count, unmeant, meant = set(), 0, {}, set()
    for path in paths:
        for line in path.read_text().splitlines():
            try:
                exchange = json.loads(line)
            except ValueError:
                continue  # cut: its emulator was killed
            count += 1
            found = specifications.find(path_of(exchange))
            shape = (found and found[1], exchange["method"], exchange["status"], skeleton(exchange.get("request")),
                     skeleton(exchange.get("response")))
            if shape in seen:
                continue
            seen.add(shape)
            for deviation in specifications.deviations(exchange):
                reason = next((pattern for pattern, _ in DEVIATIONS if re.search(pattern, deviation)), None)
                if reason is None:
                    unmeant[deviation] = unmeant.get(deviation, 0) + 1
                else:
                    meant.add(reason)
    return count, len(seen), unmeant, meant


def main(arguments):
    if not SPECS.exists():
        print(f"skipped: there are no specifications in {SPECS}")
        return 0
    sys.setrecursionlimit(10_000)  # tests send bodies as deep as the emulator takes them, a thousand levels
    paths = [file for name in arguments for file in
             (sorted(pathlib.Path(name).iterdir()) if pathlib.Path(name).is_dir() else [pathlib.Path(name)])]
    count, shapes, unmeant, meant = check(paths)
    for deviation, times in sorted(unmeant.items()):
        print(f"{deviation} ({times})")
    print(f"{count} exchanges of {shapes} shapes, {len(meant)} deviations that are meant, {len(unmeant)} that are not")
    return 1 if unmeant or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
