# SPDX-License-Identifier: Apache-2.0
"""Two places for a remote state: Blobs, the verbs that Waybill uses as Azure Storage documents them,
with traps; and Azurite, the emulator of Azure Storage from npm, where it is installed."""
import base64
import hashlib
import hmac
import http.client
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid
from email.utils import formatdate

ROOT = pathlib.Path(__file__).resolve().parents[2]
AZURITE = ROOT / "build" / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "devstoreaccount1"
# Azurite's own, which its documentation tells everybody.
KEY = ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
       "/K1SZFPTOtr/KBHBeksoGMGw==")
CONTAINER = "states"


def shared_key(method, path, query, headers, length):
    """The Authorization of a request, by the rules of Shared Key."""
    low = {name.lower(): value for name, value in headers.items()}
    plain = [low.get(name, "") for name in
             ("content-encoding", "content-language", None, "content-md5", "content-type", "date",
              "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range") if name]
    plain.insert(2, str(length) if length else "")
    own = sorted((name, value) for name, value in low.items() if name.startswith("x-ms-"))
    text = "\n".join([method, *plain]) + "\n"
    text += "".join(f"{name}:{value}\n" for name, value in own)
    text += f"/{ACCOUNT}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query))
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    return f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"


class Storage:
    """What both places have in common: asking them, signed by the account's key."""

    port = 0

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method, path, query=(), headers=None, body=None):
        """(status, headers in lower case, body); `path` is below the account."""
        path = f"/{ACCOUNT}/{path}"
        sent = {"x-ms-version": "2023-11-03", "x-ms-date": formatdate(usegmt=True), **(headers or {})}
        sent["Authorization"] = shared_key(method, path, query, sent, len(body or b""))
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body if body is not None else
                               (b"" if method == "PUT" else None), sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def make_container(self, name=CONTAINER):
        assert self.ask("PUT", name, [("restype", "container")])[0] == 201

    def blob(self, name):
        """(headers, content) or None."""
        status, headers, body = self.ask("GET", f"{CONTAINER}/{name}")
        assert status in (200, 404), status
        return (headers, body) if status == 200 else None

    def names(self):
        """The names of all blobs."""
        status, _, body = self.ask("GET", CONTAINER, [("comp", "list"), ("restype", "container")])
        assert status == 200, body
        return sorted(re.findall(r"<Name>([^<]*)</Name>", body.decode()))

    def lease(self, name, action, lease_id=None, **more):
        headers = {"x-ms-lease-action": action, **{f"x-ms-{k.replace('_', '-')}": v for k, v in more.items()}}
        if lease_id:
            headers["x-ms-lease-id"] = lease_id
        return self.ask("PUT", f"{CONTAINER}/{name}", [("comp", "lease")], headers)

    def steal(self, name):
        """Ends the lease of whoever has it, and takes it."""
        assert self.lease(name, "break", lease_break_period="0")[0] == 202
        status, headers, _ = self.lease(name, "acquire", lease_duration="60",
                                        proposed_lease_id=str(uuid.uuid4()))
        assert status == 201
        return headers["x-ms-lease-id"]


class Azurite(Storage):
    def __init__(self):
        self.folder = tempfile.mkdtemp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["node", str(AZURITE), "--inMemoryPersistence", "--disableTelemetry", "--blobHost", "127.0.0.1",
             "--blobPort", str(self.port)],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        told = ""
        for line in self.process.stdout:
            told += line
            if "successfully listen" in line:
                break
        else:
            raise AssertionError(told)
        # Nobody reads on: what it tells must not fill the pipe.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.make_container()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Blob:
    def __init__(self, kind, content=b"", metadata=None):
        self.kind, self.content, self.metadata = kind, content, metadata or {}
        self.blocks = 0
        self.etag = f'"{uuid.uuid4()}"'
        self.lease_id = self.ends = None
        self.state = "available"


class Blobs(Storage):
    """A storage account. `requests` lists what was asked: (method, blob, comp, status, bytes sent).
    `by_host`: the host's name says the account, as of a real one, and not the path."""

    def __init__(self, sas=None, by_host=False):
        self.sas = sas
        self.by_host = by_host
        self.takes = lambda token: token == "emulator"  # or raises Refused
        self.containers = {}
        self.uncommitted = {}
        self.requests = []
        self.traps = []
        self.dropped = []  # before they were performed
        self.ahead = 0.0
        self.denied = ()  # values of `comp` that are answered by 403
        self.lock = threading.RLock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one(self):
                outer.serve(self)

            do_GET = do_PUT = do_HEAD = do_DELETE = handle_one

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.containers[CONTAINER] = {}
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.requests.clear()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- traps: what shall happen at the nth request from now that matches ----

    def trap(self, act, nth=1, when="before", **match):
        """`act` returns None, or what is to be answered: (status, code), or "drop"."""
        self.traps.append({"act": act, "nth": nth, "when": when, "match": match})

    def fail(self, status, code, nth=1, **match):
        self.trap(lambda: (status, code), nth, **match)

    def drop(self, nth=1, when="before", **match):
        self.trap(lambda: "drop", nth, when, **match)

    def kill(self, pid, nth=1, when="before", **match):
        def act():
            os.kill(pid, signal.SIGKILL)
            return "drop"
        self.trap(act, nth, when, **match)

    def pass_time(self, seconds):
        self.ahead += seconds

    def spring(self, when, request):
        sprung = None
        with self.lock:
            for trap in list(self.traps):
                if trap["when"] != when or not all(request[k] == v for k, v in trap["match"].items()):
                    continue
                trap["nth"] -= 1
                if trap["nth"] == 0:
                    self.traps.remove(trap)
                    sprung = trap
                    break
        return sprung["act"]() if sprung else None

    def deliver_late(self):
        """Performs what was dropped, long after it was given up and said again; how that is refused."""
        request = self.dropped.pop()
        try:
            with self.lock:
                return str(self.answer(request)[0])
        except Refused as refused:
            return refused.code

    # ---- serving ----

    def serve(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        url = urllib.parse.urlsplit(f"/{ACCOUNT}{handler.path}" if self.by_host else handler.path)
        query = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
        named = dict(query)
        parts = url.path.split("/", 3)
        request = {"method": handler.command, "path": url.path, "query": query, "body": body,
                   "account": parts[1], "container": parts[2] if len(parts) > 2 else "",
                   "blob": parts[3] if len(parts) > 3 else "", "comp": named.get("comp"),
                   "named": named, "headers": {k.lower(): v for k, v in handler.headers.items()},
                   "raw": handler.headers}
        doing = self.spring("before", request)
        if doing == "drop":
            self.dropped.append(request)
            status, headers, content = 0, {}, b""
        elif doing:
            status, headers, content = self.refuse(Refused(*doing))
        else:
            try:
                with self.lock:
                    self.authorize(request)
                    status, headers, content = self.answer(request)
            except Refused as refused:
                status, headers, content = self.refuse(refused)
            doing = self.spring("after", request)
        self.requests.append((request["method"], request["blob"], request["comp"], status, len(body)))
        if doing == "drop":
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(status)
        for name, value in {"x-ms-request-id": str(uuid.uuid4()), "x-ms-version": "2023-11-03", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    @staticmethod
    def refuse(refused):
        return refused.status, {"x-ms-error-code": refused.code}, b"<Error/>"

    def authorize(self, request):
        headers, given = request["headers"], request["headers"].get("authorization", "")
        if headers.get("x-ms-version") != "2023-11-03" or "x-ms-date" not in headers:
            raise Refused(400, "InvalidHeaderValue")
        if request["comp"] in self.denied:
            raise Refused(403, "AuthorizationPermissionMismatch")
        if request["account"] != ACCOUNT:
            raise Refused(404, "ResourceNotFound")
        if "sig" in request["named"]:
            good = self.sas == urllib.parse.urlencode(
                [pair for pair in request["query"] if pair[0] in ("sv", "sp", "sig")])
        elif given.startswith("SharedKey "):
            good = given == shared_key(request["method"], request["path"], request["query"],
                                       dict(request["raw"].items()), len(request["body"]))
        else:
            good = given.startswith("Bearer ") and self.takes(given.removeprefix("Bearer "))
        if not good:
            raise Refused(403, "AuthenticationFailed")

    def answer(self, request):
        if request["method"] == "PUT" and "content-length" not in request["headers"]:
            raise Refused(411, "MissingContentLengthHeader")
        if request["named"].get("restype") == "container":
            if request["method"] == "PUT":
                self.containers[request["container"]] = {}
                return 201, {}, b""
            names = "".join(f"<Name>{name}</Name>" for name in sorted(self.containers[request["container"]]))
            return 200, {}, names.encode()
        if request["container"] not in self.containers:
            raise Refused(404, "ContainerNotFound")
        blobs = self.containers[request["container"]]
        blob = blobs.get(request["blob"])
        if blob:
            self.expire(blob)
        if request["method"] == "PUT":
            put = {None: self.put_blob, "appendblock": self.append, "metadata": self.put_metadata,
                   "lease": self.put_lease, "block": self.put_block, "blocklist": self.put_block_list}
            return put[request["comp"]](blobs, blob, request)
        if not blob:
            raise Refused(404, "BlobNotFound")
        if request["method"] == "DELETE":
            self.check_lease(blob, request)
            del blobs[request["blob"]]
            return 202, {}, b""
        return self.get(blob, request)

    def expire(self, blob):
        if blob.state == "leased" and time.monotonic() + self.ahead >= blob.ends:
            blob.state = "expired"

    @staticmethod
    def check_lease(blob, request):
        given = request["headers"].get("x-ms-lease-id")
        if blob.state == "leased":
            if not given:
                raise Refused(412, "LeaseIdMissing")
            if given != blob.lease_id:
                raise Refused(412, "LeaseIdMismatchWithBlobOperation")
        elif given:
            raise Refused(412, "LeaseLost" if blob.state in ("expired", "broken") and given == blob.lease_id
                          else "LeaseNotPresentWithBlobOperation")
        elif blob.state == "expired":
            blob.state, blob.lease_id = "available", None

    @staticmethod
    def check_etag(blob, request):
        wanted = request["headers"].get("if-match")
        if wanted and wanted != (blob.etag if blob else None):
            raise Refused(412, "ConditionNotMet")

    @staticmethod
    def changed(blob):
        blob.etag = f'"{uuid.uuid4()}"'
        return {"ETag": blob.etag}

    @staticmethod
    def metadata(request):
        return {name: value for name, value in request["headers"].items() if name.startswith("x-ms-meta-")}

    def put_blob(self, blobs, blob, request):
        kind = request["headers"].get("x-ms-blob-type")
        if kind not in ("BlockBlob", "AppendBlob") or (kind == "AppendBlob" and request["body"]):
            raise Refused(400, "InvalidHeaderValue")
        if blob and request["headers"].get("if-none-match") == "*":
            raise Refused(409, "BlobAlreadyExists")
        if blob:
            self.check_lease(blob, request)
            self.check_etag(blob, request)
        elif request["headers"].get("x-ms-lease-id"):
            raise Refused(412, "LeaseNotPresentWithBlobOperation")
        new = Blob(kind, request["body"], self.metadata(request))
        if blob:
            new.state, new.lease_id, new.ends = blob.state, blob.lease_id, blob.ends
        blobs[request["blob"]] = new
        return 201, {"ETag": new.etag}, b""

    def put_block(self, _blobs, _blob, request):
        block = request["named"]["blockid"]
        base64.b64decode(block, validate=True)
        self.uncommitted[request["blob"], block] = request["body"]
        return 201, {}, b""

    def put_block_list(self, blobs, _blob, request):
        listed = re.findall(r"<Latest>([^<]*)</Latest>", request["body"].decode())
        content = b"".join(self.uncommitted.pop((request["blob"], block)) for block in listed)
        blobs[request["blob"]] = Blob("BlockBlob", content, self.metadata(request))
        return 201, {}, b""

    def append(self, _blobs, blob, request):
        if not blob:
            raise Refused(404, "BlobNotFound")
        if blob.kind != "AppendBlob":
            raise Refused(409, "InvalidBlobType")
        self.check_lease(blob, request)
        self.check_etag(blob, request)
        position = request["headers"].get("x-ms-blob-condition-appendpos")
        if position is not None and int(position) != len(blob.content):
            raise Refused(412, "AppendPositionConditionNotMet")
        if not request["body"] or len(request["body"]) > 4 << 20 or blob.blocks >= 50000:
            raise Refused(413, "RequestBodyTooLarge")
        blob.content += request["body"]
        blob.blocks += 1
        return 201, self.changed(blob), b""

    def put_metadata(self, _blobs, blob, request):
        if not blob:
            raise Refused(404, "BlobNotFound")
        self.check_lease(blob, request)
        self.check_etag(blob, request)
        blob.metadata = self.metadata(request)
        return 200, self.changed(blob), b""

    def put_lease(self, _blobs, blob, request):
        if not blob:
            raise Refused(404, "BlobNotFound")
        headers = request["headers"]
        given = headers.get("x-ms-lease-id")
        act = {"acquire": self.acquire, "renew": self.renew, "release": self.release, "break": self.break_lease}
        return act[headers["x-ms-lease-action"]](blob, headers, given)

    def acquire(self, blob, headers, _given):
        proposed, seconds = headers["x-ms-proposed-lease-id"], int(headers["x-ms-lease-duration"])
        assert 15 <= seconds <= 60 and uuid.UUID(proposed)
        if blob.state == "leased" and blob.lease_id != proposed:
            raise Refused(409, "LeaseAlreadyPresent")
        blob.state, blob.lease_id, blob.seconds = "leased", proposed, seconds
        blob.ends = time.monotonic() + self.ahead + seconds
        return 201, {"x-ms-lease-id": proposed}, b""

    def renew(self, blob, _headers, given):
        if blob.state == "broken":
            raise Refused(409, "LeaseIsBrokenAndCannotBeRenewed")
        if given != blob.lease_id or blob.state == "available":
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        blob.state, blob.ends = "leased", time.monotonic() + self.ahead + blob.seconds
        return 200, {"x-ms-lease-id": given}, b""

    @staticmethod
    def release(blob, _headers, given):
        if given != blob.lease_id:
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        blob.state, blob.lease_id = "available", None
        return 200, {}, b""

    @staticmethod
    def break_lease(blob, _headers, _given):
        if blob.state == "available":
            raise Refused(409, "LeaseNotPresentWithLeaseOperation")
        blob.state = "broken"
        return 202, {"x-ms-lease-time": "0"}, b""

    def get(self, blob, request):
        given = request["headers"].get("x-ms-lease-id")
        if given and (blob.state != "leased" or given != blob.lease_id):
            raise Refused(412, "LeaseIdMismatchWithBlobOperation" if blob.state == "leased" else
                          "LeaseNotPresentWithBlobOperation")
        headers = {**blob.metadata, "ETag": blob.etag, "x-ms-lease-state": blob.state, "x-ms-blob-type": blob.kind,
                   "x-ms-lease-status": "locked" if blob.state == "leased" else "unlocked"}
        if blob.kind == "AppendBlob":
            headers["x-ms-blob-committed-block-count"] = str(blob.blocks)
        wanted = request["headers"].get("x-ms-range")
        if not wanted:
            return 200, headers, blob.content
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", wanted).groups())
        if first >= len(blob.content):
            raise Refused(416, "InvalidRange")
        content = blob.content[first:last + 1]
        headers["Content-Range"] = f"bytes {first}-{first + len(content) - 1}/{len(blob.content)}"
        return 206, headers, content
