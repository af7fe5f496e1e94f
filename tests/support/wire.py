# SPDX-License-Identifier: Apache-2.0
"""An ARM that plays one thing at a time: a method, a style of polling, and what goes wrong with it.

A play knows three moments: `send`, the request itself; `poll`, a look at how far it is; `final`, the GET at
the end. At each it answers as ARM does, unless a fault of that moment is left: MOMENT:FAULT[*COUNT], where a
COUNT may be `ever`. Faults are told by FAULTS, and by the methods `fault_NAME` of Play.
"""
import email.utils
import gzip
import http.server
import json
import socket
import struct
import threading
import time

SIGNATURE = "?api-version=1&t=6%2f7&c=MII%41&s=a+b~/../c&h=%2B%3d"
FOREIGN = "http://127.0.0.1:1/stolen"
STYLES = {
    "async": ("Azure-AsyncOperation",), "operation": ("Operation-Location",), "location": ("Location",),
    "both": ("Azure-AsyncOperation", "Location"), "resource": (), "sync": (),
}


def error(code, message="made by a test", **more):
    return {"error": {"code": code, "message": message, **more}}


# status, body, headers
FAULTS = {
    "408": (408, error("RequestTimeout"), {}),
    "500": (500, error("InternalServerError"), {}),
    "502": (502, "<html>bad gateway</html>", {}),
    "503": (503, error("ServiceUnavailable"), {}),
    "504": (504, error("GatewayTimeout"), {}),
    "503-seconds": (503, error("ServiceUnavailable"), {"Retry-After": "2"}),
    "503-ms": (503, error("ServiceUnavailable"), {"retry-after-ms": "30"}),
    "503-x-ms": (503, error("ServiceUnavailable"), {"x-ms-retry-after-ms": "30"}),
    "503-hour": (503, error("ServiceUnavailable"), {"Retry-After": "3600"}),
    "503-minutes": (503, error("ServiceUnavailable"), {"Retry-After": "200"}),
    "429": (429, error("SubscriptionRequestsThrottled"), {"Retry-After": "2"}),
    "429-bare": (429, None, {}),
    "429-hour": (429, error("SubscriptionRequestsThrottled"), {"Retry-After": "3600"}),
    "busy": (429, error("RetryableError", details=[
        {"code": "ReferencedResourceNotProvisioned", "message": "it is Updating"}]), {}),
    "another": (429, error("AnotherOperationInProgress"), {}),
    "another-hour": (429, error("AnotherOperationInProgress"), {"Retry-After": "3600"}),
    "superseded": (409, error("CanceledAndSupersededDueToAnotherOperation"), {}),
    "concurrent": (409, error("ConflictingConcurrentWriteNotAllowed"), {}),
    "in-use": (400, error("InUseRouteTableCannotBeDeleted"), {}),
    "no-reference": (400, error("InvalidResourceReference"), {}),
    "locked": (409, error("ScopeLocked"), {}),
    "denied": (403, error("AuthorizationFailed"), {}),
    "policy": (403, error("RequestDisallowedByPolicy"), {}),
    "unregistered": (409, error("MissingSubscriptionRegistration"), {}),
    "gone": (404, error("ResourceNotFound"), {}),
    "no-group": (404, error("ResourceGroupNotFound"), {}),
    "no-subscription": (404, error("SubscriptionNotFound"), {}),
    "bare-404": (404, None, {}),
    "stale": (412, error("PreconditionFailed", details=[
        {"code": "PreconditionFailedEtagMismatch", "message": "etag"}]), {}),
    "invalid": (400, error("InvalidParameter"), {}),
    "numeric": (400, error(42), {}),
    "empty-error": (400, None, {}),
    "broken-error": (400, '{"error": {"code": "Cut', {}),
    "error-in-header": (400, None, {"x-ms-error-code": "FromTheHeader"}),
    "no-envelope": (400, {"Code": "Bare", "Message": "no envelope"}, {}),
    "expired": (401, error("ExpiredAuthenticationToken"), {}),
    "garbage": (200, '{"name": ', {}),
    "html": (200, "<html>sign in here</html>", {}),
    "empty": (200, None, {}),
    "list": (200, [], {}),
    "301": (301, None, {"Location": "$HERE&moved=1"}),
    "302": (302, None, {"Location": "$HERE&moved=1"}),
    "303": (303, None, {"Location": "$HERE&moved=1"}),
    "307": (307, None, {"Location": "$HERE&moved=1"}),
    "308": (308, None, {"Location": "$HERE&moved=1"}),
    "301-away": (301, None, {"Location": FOREIGN}),
    "302-away": (302, None, {"Location": FOREIGN}),
    "303-away": (303, None, {"Location": FOREIGN}),
    "307-away": (307, None, {"Location": FOREIGN}),
    "308-away": (308, None, {"Location": FOREIGN}),
    "302-nowhere": (302, error("Moved"), {}),
    "307-no-url": (307, None, {"Location": "http://a b/"}),
    "300": (300, error("MultipleChoices"), {"Location": "$HERE&moved=1"}),
    "304": (304, None, {}),
    "deep": (200, "[" * 3000 + "]" * 3000, {}),
    "deep-object": (200, '{"a":' * 3000 + "1" + "}" * 3000, {}),
    "deep-error": (400, '{"error":' * 3000 + "1" + "}" * 3000, {}),
    "202-away": (202, None, {"Azure-AsyncOperation": FOREIGN}),
    "202-nowhere": (202, None, {}),
}
CUTS = ("reset", "cut", "hang", "trickle", "trickle-headers", "large", "chunked", "bomb", "headers", "many-headers",
        "long-header", "interim")
LARGE = ("large", "chunked", "bomb")
LARGEST = 64 << 20


def chunks(sent):
    """An answer that is cut, endless or too large, piece by piece."""
    head = b"HTTP/1.1 200 OK\r\n"
    megabyte = b" " * (1 << 20)
    if sent == "cut":
        yield head + b"Content-Length: 100\r\n\r\n{\"name\": "
    elif sent == "trickle":
        yield head + b"Content-Length: 100000\r\n\r\n"
        while True:
            yield b" "
    elif sent == "trickle-headers":
        yield head
        while True:
            yield b"x: y\r\n"
    elif sent == "interim":
        while True:
            yield b"HTTP/1.1 102 Processing\r\nx: " + b"y" * 9000 + b"\r\n\r\n"
    elif sent == "large":
        yield head + b"Content-Length: %d\r\n\r\n" % (LARGEST + 1)
        for _ in range(LARGEST >> 20):
            yield megabyte
        yield b" "
    elif sent == "chunked":
        yield head + b"Transfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"100000\r\n" + megabyte + b"\r\n"
    elif sent == "bomb":
        body = gzip.compress(b" " * (LARGEST + 1))
        yield head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    elif sent == "headers":
        yield head + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 4000) for n in range(70)) + b"Content-Length: 0\r\n\r\n"
    elif sent == "many-headers":
        yield head + b"x: y\r\n" * 300 + b"Content-Length: 2\r\n\r\n{}"
    elif sent == "long-header":
        yield head + b"x: " + b"y" * 300000 + b"\r\nContent-Length: 0\r\n\r\n"


class Play:
    """One scenario: what it has answered so far, and what it is to answer next."""

    def __init__(self, number, method, style, faults, base):
        self.method, self.style, self.base = method, style, base
        self.root = f"/subscriptions/{number}"
        self.path = f"{self.root}/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
        if method == "LIST":
            self.path = self.path[:-2]
        elif method == "POST":
            self.path += "/act"
        self.faults = []
        for fault in faults.split(","):
            if fault != "none":
                moment, _, what = fault.partition(":")
                name, _, count = what.partition("*")
                self.faults.append([moment, name, 10**6 if count == "ever" else int(count or 1)])
        self.requests = self.polls = self.moves = 0
        self.tokens = 0
        self.began = self.ended = False
        self.surprise = None

    # ---- what there is to ask

    def status_url(self):
        return f"{self.base}{self.root}/operations/{self.moves}{SIGNATURE}"

    def result_url(self):
        return f"{self.base}{self.root}/results/{self.moves}{SIGNATURE}"

    def headers(self):
        urls = {"Location": self.result_url()}
        return {name: urls.get(name, self.status_url()) for name in STYLES[self.style]}

    def resource(self, state):
        return {"name": "t", "etag": 'W/"1"', "properties": {"provisioningState": state}}

    # ---- the moments

    def moment_of(self, method, path):
        """Which moment a request is; None: nothing that a client should ask."""
        here = path.split("?")[0]
        if here == self.path and method == ("GET" if self.method == "LIST" else self.method):
            if method != "GET" or "$skip" not in path:
                return "send"
            return "page"
        if method != "GET" or not self.began:
            return None
        if here.startswith(f"{self.root}/operations/"):
            return "poll" if self.base + path == self.status_url() else None
        if here.startswith(f"{self.root}/results/"):
            if self.base + path != self.result_url():
                return None
            return "final" if self.style == "both" else "poll"
        if here != self.path:
            return None
        return "final" if self.ended or STYLES[self.style] else "poll"

    def answer(self, method, path):
        """(status, body, headers), or one of CUTS."""
        self.requests += 1
        path = path.replace("&moved=1", "")
        moment = self.moment_of(method, path)
        if moment is None:
            self.surprise = f"{method} {path}"
            return 599, error("Surprise"), {}
        for fault in self.faults:
            if fault[0] == moment and fault[2] > 0:
                fault[2] -= 1
                return self.fault(fault[1], path)
        special = f"{moment}_{self.method.lower()}"
        return getattr(self, special if hasattr(self, special) else moment)()

    def fault(self, name, path):
        if name in CUTS:
            return name
        if name == "429-date":
            soon = email.utils.formatdate(time.time() + 2, usegmt=True)
            return 429, error("SubscriptionRequestsThrottled"), {"Retry-After": soon}
        if self.method != "DELETE" and name in ("garbage", "html", "empty", "list", "202-nowhere"):
            self.began = self.ended = True
        self.began = self.began or name == "202-nowhere"
        if name in FAULTS:
            status, body, headers = FAULTS[name]
            return status, body, {key: value.replace("$HERE", path) for key, value in headers.items()}
        return getattr(self, "fault_" + name.replace("-", "_"))()

    def send(self):
        self.began, self.ended, self.polls = True, False, 0
        if self.style == "sync":
            self.ended = True
            return 200, self.resource("Succeeded"), {}
        status = 201 if self.method == "PUT" else 202
        body = self.resource("Updating") if self.method == "PUT" or self.style == "resource" else None
        return status, body, self.headers()

    def send_get(self):
        return 200, self.resource("Succeeded"), {}

    def send_list(self):
        return 200, {"value": [1], "nextLink": f"{self.base}{self.path}?$skip=1&x=%2f"}, {}

    def page_list(self):
        return 200, {"value": [2]}, {}

    def send_delete(self):
        self.began, self.ended, self.polls = True, False, 0
        return (204, None, {}) if self.style == "sync" else (202, None, self.headers())

    def send_post(self):
        self.began, self.ended, self.polls = True, False, 0
        return (200, {"value": []}, {}) if self.style == "sync" else (202, None, self.headers())

    def poll(self, state=None):
        self.polls += 1
        state = state or ("InProgress" if self.polls == 1 else "Succeeded")
        over = state.lower() not in ("inprogress", "polishing")
        self.ended = over
        if self.style in ("async", "operation", "both"):
            return 200, {"status": state}, {}
        if self.style == "location":
            if not over:
                return 202, None, {"Location": self.result_url()}
            if self.method in ("PUT", "PATCH"):
                return 200, self.resource(state), {}
            return (200, {"value": []}, {}) if self.method == "POST" else (204, None, {})
        if self.method == "DELETE":
            return (404, error("ResourceNotFound"), {}) if over else (200, self.resource("Deleting"), {})
        return 200, self.resource(state if over else "Updating"), {}

    def final_delete(self):
        """A look at the resource, of who cannot read the status."""
        self.polls += 1
        return (404, error("ResourceNotFound"), {}) if self.polls > 2 else (200, self.resource("Deleting"), {})

    def final(self):
        if self.method == "POST":
            return 200, {"value": []}, {}
        return 200, self.resource("Succeeded"), {}

    # ---- faults that need to know where they are

    def fault_running(self):
        self.polls = -1
        return self.poll("InProgress")

    def fault_polishing(self):
        return self.poll("Polishing")

    def fault_lower(self):
        return self.poll("succeeded")

    def fault_completed(self):
        return self.poll("Completed")

    def fault_mute(self):
        """A status that says nothing of how it stands."""
        return 200, {"properties": {}} if self.style == "resource" else {"name": "1"}, {}

    def refused(self, code, state="Failed", message="made by a test"):
        self.ended = True
        if self.style == "location":
            return 409, error(code, message), {}
        if self.style == "resource":
            return 200, self.resource(state), {}
        return 200, {"status": state, **error(code, message)}, {}

    def fault_failed(self):
        return self.refused("QuotaExceeded")

    def fault_failed_lower(self):
        return self.refused("QuotaExceeded", "failed")

    def fault_failed_numeric(self):
        return self.refused(42)

    def fault_canceled(self):
        return self.refused("Canceled", "Canceled")

    def fault_failed_bare(self):
        self.ended = True
        if self.style == "location":
            return 409, None, {}
        return (200, self.resource("Failed"), {}) if self.style == "resource" else (200, {"status": "Failed"}, {})

    def fault_failed_busy(self):
        return self.refused("AnotherOperationInProgress")

    def fault_superseded_late(self):
        return self.refused("CanceledAndSupersededDueToAnotherOperation", "Canceled")

    def fault_moved(self):
        """Its URL changes."""
        self.moves += 1
        return 202, None, {"Location": self.result_url()}

    def fault_moved_relative(self):
        self.moves += 1
        return 202, None, {"Location": self.result_url().removeprefix(self.base)}

    def fault_moved_away(self):
        return 202, None, {"Location": FOREIGN}

    def fault_standing(self):
        """What is to be deleted stands there as if nothing were."""
        return 200, self.resource("Succeeded"), {}

    def fault_updating(self):
        return 200, self.resource("Updating"), {}

    def fault_broken(self):
        return 200, self.resource("Failed"), {}

    def fault_done_at_once(self):
        """The first answer says that all is done, and has polling headers too."""
        self.began = self.ended = True
        return 200, self.resource("Succeeded"), self.headers()

    def fault_relative(self):
        """Polling URLs without their origin."""
        status, body, headers = self.send()
        return status, body, {name: url.removeprefix(self.base) for name, url in headers.items()}

    def fault_200(self):
        """Begun with 200, as network interfaces are deleted."""
        self.began, self.ended, self.polls = True, False, 0
        return 200, None, self.headers()

    def fault_circle(self):
        return 200, {"value": [1], "nextLink": f"{self.base}{self.path}?$skip=1"}, {}

    def fault_endless(self):
        return 200, {"value": [], "nextLink": f"{self.base}{self.path}?$skip={self.requests}"}, {}

    def fault_page_away(self):
        return 200, {"value": [1], "nextLink": FOREIGN}, {}

    def fault_empty_page(self):
        return 200, {"value": [], "nextLink": f"{self.base}{self.path}?$skip=2"}, {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def break_off(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def serve(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        stage = self.server.stage
        if "/oauth2/" in self.path:
            token = {"access_token": f"token-{time.monotonic_ns()}", "expires_in": 3600}
            self.send_answer(200, token, {})
            return
        play = stage.plays[int(self.path.split("/")[2])]
        with stage.lock:
            if self.command != "GET" and "Content-Length" not in self.headers and self.command != "DELETE":
                play.surprise = "no Content-Length"
            answer = play.answer(self.command, self.path)
        if answer == "reset":
            self.break_off()
        elif answer == "hang":
            self.connection.settimeout(20)
            try:
                self.connection.recv(1)
            except OSError:
                pass
            self.close_connection = True
        elif answer in CUTS:
            self.close_connection = True
            try:
                for piece in chunks(answer):
                    self.wfile.write(piece)
                    if answer.startswith("trickle"):
                        time.sleep(0.02)
            except OSError:
                pass  # they have had enough of it
        else:
            self.send_answer(*answer)

    def send_answer(self, status, body, headers):
        text = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"x-ms-request-id: id-{status}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        bodiless = status in (204, 304)
        if not bodiless:
            lines.append(f"Content-Length: {len(text)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + (b"" if bodiless else text))
        self.wfile.flush()

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Stage:
    """A server on which plays are given, each under a subscription of its own."""

    def __init__(self):
        self.lock = threading.Lock()
        self.plays = []
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.stage = self
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def play(self, method, style, faults):
        with self.lock:
            self.plays.append(Play(len(self.plays), method, style, faults, self.endpoint))
            return self.plays[-1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
