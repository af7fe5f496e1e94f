# SPDX-License-Identifier: Apache-2.0
"""An end of HTTP/2 in front of a plain server of HTTP/1.1, and what may go wrong with a stream or its connection.

`trouble` is asked of each request in turn, as trouble(request), and names what happens to it, or None:
refused       RST_STREAM with REFUSED_STREAM, not performed
goaway        GOAWAY that leaves it out, not performed, and the connection ends
last          performed and answered; GOAWAY says that it is the last of its connection
internal      performed, then RST_STREAM with INTERNAL_ERROR in the middle of its answer
short         performed, then a body that ends before its content-length
cut           performed, then the connection ends in the middle of its answer
broken        performed, then the connection ends before an answer
large         a body of more than 64 MiB
headers       a block of headers of more than 256 KiB, in small ones
trickle       a byte now and then, for ever
stalled       the whole connection falls silent for good, and stays open
"""
import collections
import http.client
import os
import queue
import select
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from transport import Listener, context_of

CHUNK = 16384
LARGE = (64 << 20) + 1

Request = collections.namedtuple("Request", "connection stream method path headers body")


class Http2(Listener):
    def __init__(self, certificate, port, alpn=("h2", "http/1.1")):
        super().__init__(context_of(certificate))
        self.tls.set_alpn_protocols(list(alpn))
        self.behind = port
        self.seen = []
        self.most_open = 0  # streams of one connection at a time
        self.together = 0  # answer none before so many are open
        self.trouble = lambda request: None
        self.protocols = []
        self.lock = threading.Lock()

    def serve(self, connection):
        self.protocols.append(connection.selected_alpn_protocol())
        Conversation(self, connection, len(self.protocols)).run()

    def perform(self, request):
        inner = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=60)
        try:
            headers = {name: value for name, value in request.headers if not name.startswith(":")}
            headers["Host"] = dict(request.headers)[":authority"]
            inner.request(request.method, request.path, request.body or None, headers)
            answer = inner.getresponse()
            body = answer.read()
            kept = [(name.lower(), value) for name, value in answer.getheaders()
                    if name.lower() not in ("connection", "transfer-encoding", "keep-alive")]
            return [(":status", str(answer.status)), *kept], body
        finally:
            inner.close()


class Conversation:
    """One connection: a thread reads and writes, others perform what is asked."""

    def __init__(self, server, connection, number):
        self.server, self.socket, self.number = server, connection, number
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.begun = {}  # stream -> (headers, bytearray)
        self.open = set()
        self.left = {}  # stream -> bytes that are to be sent yet
        self.waiting = []
        self.done = queue.Queue()
        self.wake = os.pipe()
        self.over = self.stalled = False

    def run(self):
        self.h2.initiate_connection()
        self.flush()
        while not self.over:
            if self.stalled:
                select.select([], [], [], 60)
            ready = [self.socket] if self.socket.pending() else select.select([self.socket, self.wake[0]], [], [], 60)[0]
            if not ready:
                return
            if self.socket in ready:
                data = self.socket.recv(65536)
                if not data:
                    return
                try:
                    events = self.h2.receive_data(data)
                except h2.exceptions.ProtocolError:
                    # What was on its way when we said GOAWAY.
                    if self.h2.state_machine.state is not h2.connection.ConnectionState.CLOSED:
                        raise
                    return
                for event in events:
                    self.on_event(event)
            if self.wake[0] in ready:
                os.read(self.wake[0], 4096)
            while not self.done.empty():
                self.answer(*self.done.get())
            self.send_left()
            self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def on_event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.begun[event.stream_id] = (event.headers, bytearray())
            self.open.add(event.stream_id)
        elif isinstance(event, h2.events.DataReceived):
            self.begun[event.stream_id][1].extend(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.begin(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.open.discard(event.stream_id)
            self.left.pop(event.stream_id, None)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.over = True

    def begin(self, stream):
        headers, body = self.begun.pop(stream)
        named = dict(headers)
        request = Request(self.number, stream, named[":method"], named[":path"], headers, bytes(body))
        with self.server.lock:
            self.server.seen.append(request)
            self.server.most_open = max(self.server.most_open, len(self.open))
            trouble = self.server.trouble(request)
        if trouble == "stalled":
            self.stalled = True
        elif trouble == "refused":
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            self.open.discard(stream)
        elif trouble == "goaway":
            self.h2.close_connection(last_stream_id=stream - 2 if stream > 1 else 0)
            self.over = True
        else:
            self.waiting.append((request, trouble))
        if len(self.open) >= self.server.together:
            for one in self.waiting:
                threading.Thread(target=self.work, args=one, daemon=True).start()
            self.waiting = []

    def work(self, request, trouble):
        if trouble in ("large", "headers", "trickle"):
            head, body = [(":status", "200"), ("content-type", "application/json")], b"{}"
        else:
            head, body = self.server.perform(request)
        self.done.put((request.stream, trouble, head, body))
        os.write(self.wake[1], b"x")

    def answer(self, stream, trouble, head, body):
        if stream not in self.open:
            return
        if trouble == "byte":
            self.h2.send_data(stream, b" ")
            return
        if trouble == "broken":
            self.over = True
            return
        if trouble == "headers":
            head += [(f"x-many-{n}", "v" * 500) for n in range(600)]
        if trouble == "large":
            body = b"[" + b" " * LARGE
        if trouble == "trickle":
            threading.Thread(target=self.trickle, args=(stream,), daemon=True).start()
            self.h2.send_headers(stream, head)
            return
        if trouble in ("internal", "short", "cut"):
            head = [(name, value) for name, value in head if name != "content-length"]
            self.h2.send_headers(stream, [*head, ("content-length", str(len(body) + 90))])
            self.h2.send_data(stream, body[:10], end_stream=trouble == "short")
            if trouble == "internal":
                self.h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            self.over = trouble == "cut"
            self.open.discard(stream)
            return
        self.h2.send_headers(stream, head, end_stream=not body)
        self.left[stream] = (memoryview(body), trouble)
        if not body:
            self.end(stream, trouble)

    def end(self, stream, trouble):
        self.left.pop(stream, None)
        self.open.discard(stream)
        if trouble == "last":
            self.h2.close_connection(last_stream_id=stream)

    def trickle(self, stream):
        while not self.over and stream in self.open:
            self.done.put((stream, "byte", None, None))
            os.write(self.wake[1], b"x")
            threading.Event().wait(0.01)

    def send_left(self):
        for stream, (body, trouble) in list(self.left.items()):
            while body:
                room = min(self.h2.local_flow_control_window(stream), CHUNK)
                if room <= 0:
                    break
                self.h2.send_data(stream, bytes(body[:room]), end_stream=len(body) <= room)
                body = body[room:]
                self.flush()
            self.left[stream] = (body, trouble)
            if not body:
                self.end(stream, trouble)
