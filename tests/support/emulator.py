# SPDX-License-Identifier: Apache-2.0
"""Starts emulators, asks them, and sets up what shall happen to others who ask."""

import http.client
import itertools
import json
import os
import pathlib
import ssl
import subprocess
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / os.environ.get("FLAVOUR", "release")
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
API = "2024-05-01"  # of Microsoft.Network
TRACES = os.environ.get("WAYBILL_TRACES")  # a folder for what is exchanged, which specs.py checks
NUMBERS = itertools.count()
COMPUTE_API = "2024-07-01"


def version_of(path):
    """An api-version that the type of this path is published at."""
    return COMPUTE_API if "/microsoft.compute/" in path.lower() else API


class Emulator:
    """A waybill-emulator of its own, on a port of its own, until stop()."""

    def __init__(self, tmp_path, cloud_yaml=None, args=()):
        """cloud_yaml: the text of the cloud at first, or the path of its file."""
        command = [str(BUILD / "waybill-emulator"), "--listen", "127.0.0.1:0", "--exit-with-stdin"]
        if isinstance(cloud_yaml, pathlib.Path):
            command += ["--cloud", str(cloud_yaml)]
        elif cloud_yaml is not None:
            path = pathlib.Path(tmp_path) / "cloud.yaml"
            path.write_text(cloud_yaml)
            command += ["--cloud", str(path)]
        if TRACES:
            command += ["--trace", f"{TRACES}/{os.getpid()}-{next(NUMBERS)}"]
        self.process = subprocess.Popen(
            command + [str(word) for word in args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the emulator did not start: exit {self.process.wait()}")
        self.ready = json.loads(line)
        self.endpoint = self.ready["endpoint"]
        self.subscription = self.ready["subscription"]
        self.host = urllib.parse.urlsplit(self.endpoint).netloc
        self.tls = None
        if self.endpoint.startswith("https://"):
            self.tls = ssl.create_default_context(cadata=self.ready.get("ca"))

    def connect(self):
        if self.tls is not None:
            return http.client.HTTPSConnection(self.host, timeout=60, context=self.tls)
        return http.client.HTTPConnection(self.host, timeout=60)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, JSON or None). `path` may be an id (an api-version is added), a path
        with a query, or a whole URL of this emulator. Headers have lower-case names."""
        path = path.removeprefix(self.endpoint)
        if "?" not in path and not path.startswith("/_emulator") and "oauth2" not in path:
            path += f"?api-version={version_of(path)}"
        sent = {"Authorization": "Bearer emulator"}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection = self.connect()
        try:
            connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            answer = connection.getresponse()
            text = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, json.loads(text) if text else None
        finally:
            connection.close()

    def get(self, path):
        """The resource, or None when there is none."""
        status, _, body = self.request("GET", path)
        assert status in (200, 404), body
        return body if status == 200 else None

    def put(self, path, body):
        """A write by somebody else, done at once; it is not among requests()."""
        self.edit(("PUT", path, body))

    def delete(self, path):
        self.edit(("DELETE", path, None))

    def group(self, name="kubernetes"):
        return f"/subscriptions/{self.subscription}/resourceGroups/{name}"

    def id(self, kind, name, group="kubernetes"):
        """The id of a resource: kind is "routeTables", ..., or "Microsoft.Compute/virtualMachines"."""
        kind = kind if "/" in kind else f"Microsoft.Network/{kind}"
        return f"{self.group(group)}/providers/{kind}/{name}"

    def _hook(self, method, name, body=None):
        status, _, answer = self.request(method, f"/_emulator/{name}", body)
        assert status == 200, answer
        return answer

    def requests(self):
        """Every request served: {"method", "path", "status" (0: no answer), "ms", "at"}."""
        return self._hook("GET", "requests")["requests"]

    def clear(self):
        self._hook("DELETE", "requests")

    def environment(self):
        """Variables by which jobs, machines and apps find their issuer, by kind."""
        return self._hook("GET", "environment")

    def revoke(self):
        """Makes ARM challenge every token issued until now; the time that claims must name."""
        return self._hook("PUT", "revoke")["revoked"]

    def cloud(self):
        """Everything by id, without etags and provisioningState."""
        return self._hook("GET", "cloud")

    def armed(self):
        """{"armed": traps that have not sprung, "refused": answers to edits that failed}."""
        return self._hook("GET", "armed")

    def faults(self, *specs, add=False):
        """These faults and no others (add: these too), as providers/emulator/faults.h says."""
        self._hook("POST" if add else "PUT", "faults", list(specs))

    def fault(self, **spec):
        self.faults(spec, add=True)

    def faults_left(self):
        """Those that can spring still, each with "seen" and "sprung"."""
        return self._hook("GET", "faults")["faults"]

    def clock(self, advance_ms=0):
        """{"now", "ahead_ms"}, after the clock has been moved on."""
        return self._hook("PUT", "clock", {"advance_ms": advance_ms})

    def edit(self, *edits, before=None, nth=1, abort=False):
        """Each edit is (method, id, body) and made by "somebody else": now, or just before the
        nth request that matches before={"method": ..., "path": ...}."""
        spec = {"edits": [{"method": m, "id": i, "body": b} for m, i, b in edits],
                "nth": nth, "abort": abort}
        if before is not None:
            spec["before"] = before
        return self._hook("PUT", "edit", spec)

    def kill(self, pid, nth=1, when="before", **match):
        """SIGKILL to pid at the nth request from now that matches method= and path=."""
        self._hook("PUT", "kill", {"pid": pid, "nth": nth, "when": when, **match})

    def drop(self, nth=1, when="before", **match):
        """Closes the connection without an answer."""
        self._hook("PUT", "drop", {"nth": nth, "when": when, **match})

    def fail(self, status, code, message="made by a test", nth=1, retry_after_ms=None,
             asynchronous=False, **match):
        """Refuses a request; asynchronous: accepts it, and its operation fails."""
        spec = {"nth": nth, "status": status, "code": code, "message": message,
                "async": asynchronous, **match}
        if retry_after_ms is not None:
            spec["retry_after_ms"] = retry_after_ms
        self._hook("PUT", "fail", spec)

    def stop(self):
        """Ends it cleanly; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=60)
        self.process.stdin.close()
        self.process.stdout.close()
        return status
