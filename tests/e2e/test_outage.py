# SPDX-License-Identifier: Apache-2.0
"""Azure goes away for an hour in the middle of an apply, by a clock that hurries: the run ends well, or with a
clear report, and the next one finishes what it began."""
import http.client
import http.server
import re
import socket
import struct
import threading
import time

import pytest
from emulator import Emulator
from harness import HEAD, Waybill, writes

TABLES = 50
SPEED = 300
MINUTE = 60 / SPEED
THROTTLED = (b'{"error": {"code": "SubscriptionRequestsThrottled", "message": "too many requests"}}')
AWAY = b'{"error": {"code": "ServiceUnavailable", "message": "an outage of a test"}}'


class Between(http.server.BaseHTTPRequestHandler):
    """Hands on to the emulator what it is asked, except in an outage."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def refuse(self, status, body, headers=""):
        head = f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)
        self.wfile.flush()

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        trouble = self.server.outage.trouble(self.command)
        if trouble == "away":
            self.refuse(503, AWAY)
        elif trouble == "throttled":
            self.refuse(429, THROTTLED, "Retry-After: 30\r\n")
        elif trouble == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            self.hand_on(body)

    def hand_on(self, body):
        inner = http.client.HTTPConnection(self.server.outage.host, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        inner.request(self.command, self.path, body or None, headers)
        answer = inner.getresponse()
        text = answer.read()
        kept = [(name, value) for name, value in answer.getheaders()
                if name.lower() not in ("content-length", "connection", "transfer-encoding")]
        lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in kept)]
        if answer.status != 204:
            lines.append(f"Content-Length: {len(text)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + text)
        self.wfile.flush()
        inner.close()

    do_GET = do_PUT = do_PATCH = do_DELETE = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Outage:
    """Begins with the nth write: `phases` are (minutes, trouble), one after the other."""

    def __init__(self, tmp_path, phases, at_write):
        self.phases, self.left, self.began = phases, at_write, None
        self.lock = threading.Lock()
        self.refused = 0
        self.server = Server(("127.0.0.1", 0), Between)
        self.server.outage = self
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.azure = Emulator(tmp_path, args=["--public-url", self.endpoint, "--operation-time", "2"])
        self.host = self.azure.host
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def trouble(self, method):
        with self.lock:
            self.left -= method == "PUT"
            if self.began is None and self.left <= 0:
                self.began = time.monotonic()
            if self.began is None:
                return None
            at = time.monotonic() - self.began
            for minutes, trouble in self.phases:
                at -= minutes * MINUTE
                if at < 0:
                    self.refused += 1
                    return trouble
            return None

    def wait(self):
        """For its end."""
        time.sleep(max(0, self.began + sum(minutes for minutes, _ in self.phases) * MINUTE - time.monotonic()))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        assert self.azure.stop() == 0


@pytest.fixture
def outage(tmp_path):
    made = []

    def make(phases, at_write=20):
        made.append(Outage(tmp_path, phases, at_write))
        return made[-1]

    yield make
    for one in made:
        one.close()


def tables():
    return HEAD + "resourceGroups: {kubernetes: {}}\nrouteTables:\n" + "".join(
        f"  t{n}: {{routes: {{r: {{addressPrefix: 10.{n}.0.0/24, nextHopType: None}}}}}}\n"
        for n in range(TABLES))


def hurried(waybill, *arguments):
    return waybill.hurried(*arguments, speed=SPEED)


def made_once(azure):
    """Each table was made by one write that was done."""
    done = [request["path"].split("?")[0] for request in azure.requests()
            if request["method"] == "PUT" and request["status"] in (200, 201)]
    tables_made = [path for path in done if "/routeTables/" in path]
    return len(tables_made) == len(set(tables_made)) == TABLES


def test_an_hour_ends_in_a_clear_report_and_the_next_run_finishes(outage, tmp_path):
    cloud = outage([(20, "away"), (20, "reset"), (20, "throttled")])
    waybill = Waybill(tmp_path / "w", cloud, tables())
    began = time.monotonic()
    result = hurried(waybill, "apply", "--auto-approve")
    minutes = (time.monotonic() - began) / MINUTE
    assert result.code == 1, result
    assert minutes < 60, "it does not wait for hours"
    assert "Apply failed. Resources: " in result.stdout and "Done:" in result.stdout, result
    assert "it goes on from here" in result.stdout, result
    assert "no answer of use for a quarter of an hour" in result.stderr, result
    assert len(writes(cloud.azure.requests())) <= TABLES + 1
    assert cloud.refused < TABLES * 40, "asked, and not hammered"

    cloud.wait()
    result = hurried(waybill, "apply", "--auto-approve")
    assert result.code == 0, result
    assert made_once(cloud.azure), cloud.azure.requests()
    assert len(cloud.azure.cloud()) == TABLES + 1
    assert hurried(waybill, "plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("trouble", ["away", "reset", "throttled"])
def test_a_few_minutes_are_lived_through(trouble, outage, tmp_path):
    cloud = outage([(3, trouble)])
    waybill = Waybill(tmp_path / "w", cloud, tables())
    result = hurried(waybill, "apply", "--auto-approve")
    assert result.code == 0, result
    assert cloud.refused > 0 and made_once(cloud.azure)
    assert re.search(rf"Resources: {2 * TABLES + 1} added, 0 changed, 0 destroyed", result.stdout), result
    assert hurried(waybill, "plan", "--detailed-exitcode").code == 0
