# SPDX-License-Identifier: Apache-2.0
"""Runs waybill in a folder of its own against an emulator, and names what the examples hold."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import blobs
from emulator import BUILD, ROOT, SUBSCRIPTION

EXAMPLES = ROOT / "examples"
LONG = os.environ.get("WAYBILL_TEST_LONG") == "long"

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/kubernetes"
NETWORK_PROVIDER = GROUP + "/providers/Microsoft.Network"
TABLE = NETWORK_PROVIDER + "/routeTables/kubernetes-routes"
NETWORK = NETWORK_PROVIDER + "/virtualNetworks/kubernetes-vnet"
SUBNET = NETWORK + "/subnets/kubernetes-subnet"
ROUTE_0 = "kubernetes-route-10-200-0-0-24"
ROUTE_1 = "kubernetes-route-10-200-1-0-24"

HEAD = """\
waybill: 1
subscription: ${env.AZURE_SUBSCRIPTION_ID}
resourceGroup: kubernetes
location: japaneast
"""


def table_yaml(routes, name="t", more=""):
    """A configuration of one route table; `routes` is name -> (prefix, next hop)."""
    text = HEAD + f"routeTables:\n  {name}:\n{more}    routes:\n"
    for route, (prefix, hop) in routes.items():
        text += (f"      {route}:\n        addressPrefix: {prefix}\n"
                 f"        nextHopType: VirtualAppliance\n        nextHopIpAddress: {hop}\n")
    if not routes:
        text = text.rstrip("\n") + " {}\n"
    return text


def table_id(name="t"):
    return f"{NETWORK_PROVIDER}/routeTables/{name}"


def route_body(prefix, hop):
    return {"properties": {"addressPrefix": prefix, "nextHopType": "VirtualAppliance",
                           "nextHopIpAddress": hop}}


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.stdout = done.stdout.decode("utf-8", "surrogateescape")
        self.stderr = done.stderr.decode("utf-8", "surrogateescape")
        self.text = self.stdout + self.stderr

    @property
    def last_line(self):
        lines = [line for line in self.stdout.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def codes(self):
        """The codes of all diagnostics, in their order."""
        return re.findall(r"^(?:\S+: )?(?:error|warning): .*\[([a-z0-9-]+)\]$", self.stderr, re.M)

    @property
    def plan_id(self):
        return re.search(r"\b[0-9a-f]{64}\b", self.text).group(0)

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


class Waybill:
    """A folder with a configuration and a state, and the cloud that it speaks to."""

    def __init__(self, folder, azure, source=""):
        """`source` is an example's name or the text of a configuration."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.azure = azure
        self.file = self.folder / "waybill.yaml"
        self.state = self.folder / "waybill.db"
        if "\n" in source:
            self.write(source)
        elif source:
            shutil.copytree(EXAMPLES / source, self.folder, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("cloud.yaml", "*.sh", "*.md"))
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "WAYBILL_STATE": str(self.state),
            # Nobody whom this machine knows: no identity of its own, no az.
            "ARM_USE_MSI": "false",
            "ARM_USE_CLI": "false",
        }
        if azure is not None:
            self.environment["WAYBILL_CLOUD"] = azure.endpoint
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                self.environment[name] = value

    def use(self, storage, key="prod/state"):
        """Keeps the state in a blob from now on."""
        del self.environment["WAYBILL_STATE"]
        self.environment.update(WAYBILL_BACKEND_ENDPOINT=storage.endpoint, AZURE_STORAGE_KEY=blobs.KEY)
        self.backend(key)
        return self

    def backend(self, key="prod/state"):
        self.write(self.file.read_text() + "backend: {azureBlob: {account: %s, container: %s, key: %s}}\n"
                   % (blobs.ACCOUNT, blobs.CONTAINER, key))

    def write(self, text):
        self.file.write_text(text)

    def replace(self, old, new):
        text = self.file.read_text()
        assert old in text, f"{old!r} is not in the configuration"
        self.write(text.replace(old, new))

    def command(self, *arguments):
        return [str(BUILD / "waybill"), *map(str, arguments)]

    def hurried(self, *arguments, speed=60, env=None, **more):
        """The same under a clock that runs so many times as fast: for what waits between tries."""
        return self.run(*arguments, env={**(env or {}), "WAYBILL_TEST_CLOCK": str(speed)},
                        program=BUILD / "wire" / "hurried", **more)

    def run(self, *arguments, check=None, env=None, stdin=None, timeout=120, program=BUILD / "waybill"):
        done = subprocess.run([str(program), *self.command(*arguments)[1:]], cwd=self.folder,
                              env={**self.environment, **(env or {})}, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, check=False)
        result = Result(done)
        assert "Sanitizer" not in result.stderr and "runtime error:" not in result.stderr, result
        if check is not None:
            assert result.code == check, result
        return result

    def apply(self, *arguments, check=0, **more):
        return self.run("apply", "--auto-approve", *arguments, check=check, **more)

    def destroy(self, *arguments, check=0, **more):
        return self.run("destroy", "--auto-approve", *arguments, check=check, **more)

    def plan(self, *arguments, check=0, **more):
        return self.run("plan", *arguments, check=check, **more)

    def plan_json(self, *arguments, check=0):
        return self.run("plan", "--json", *arguments, check=check).json

    def actions(self, *arguments):
        """address -> actions of the plan, those that do nothing left out."""
        changes = self.plan_json(*arguments)["resource_changes"]
        return {change["address"]: change["change"]["actions"] for change in changes
                if change["change"]["actions"] != ["no-op"]}

    def assert_settled(self):
        """Nothing is left to do."""
        result = self.plan("--detailed-exitcode", check=0)
        assert result.last_line == "No changes.", result

    def records(self):
        """The addresses that the state holds."""
        return self.run("state", "list", check=0).stdout.split()


def kill_at(waybill, nth, when, *arguments, at=None, **match):
    """Runs a command that dies at its nth request that matches method= and path=, of Azure or of the
    storage `at`; True when it did.
    After False the trap is still set, for a process that is gone: this cloud must not be asked by
    Waybill again."""
    shell = subprocess.Popen(
        ["sh", "-c", 'echo $$; read -r go; exec "$0" "$@"', *waybill.command(*arguments)],
        cwd=waybill.folder, env=waybill.environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pid = int(shell.stdout.readline())
    (at or waybill.azure).kill(pid, nth=nth, when=when, **match)
    output = shell.communicate("go\n", timeout=120)
    assert shell.returncode in (0, -signal.SIGKILL), (nth, when, output)
    return shell.returncode != 0


def writes(requests):
    """Those requests of ARM that change something, as (method, path)."""
    return [(request["method"], request["path"].split("?")[0]) for request in requests
            if request["method"] in ("PUT", "PATCH", "DELETE")]


def same_path(a, b):
    return a.lower() == b.lower()
