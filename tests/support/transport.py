# SPDX-License-Identifier: Apache-2.0
"""What stands between Waybill and a cloud: authorities, ends of TLS in front of a plain server, and proxies; each on a loopback port of its own, and with what may be wrong with it."""
import base64
import pathlib
import select
import socket
import ssl
import threading

from sign_in import openssl

HEAD_MOST = 65536


class Authority:
    """A CA, and what it signs: its certificate is the file `pem`."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(parents=True)
        self.pem, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.pem)

    def sign(self, *hosts, days=2):
        """(certificate, key) for these names or addresses; one of -1 days has expired."""
        stem = f"{hosts[0]}{days}"
        key, asked, made = (self.folder / f"{stem}.{end}" for end in ("key", "csr", "crt"))
        names = ",".join(("IP:" if host[0].isdigit() else "DNS:") + host for host in hosts)
        (self.folder / "extensions").write_text(f"subjectAltName = {names}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
                "-keyout", key, "-out", asked)
        openssl("x509", "-req", "-in", asked, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                "-extfile", self.folder / "extensions", "-out", made)
        return made, key


def context_of(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def splice(one, other, most=None, pass_on=None):
    """Hands on what either says until one is silent for good, or `most` bytes of the other have come; what `one` says by
    pass_on(data), if there is one."""
    sides = {one: other, other: one}
    passed = 0
    while True:
        ready = [side for side in sides if isinstance(side, ssl.SSLSocket) and side.pending()]
        for side in ready or select.select(list(sides), [], [], 60)[0]:
            data = side.recv(65536)
            if side is other and most is not None:
                data = data[:most - passed]
                passed += len(data)
            if not data:
                return
            if side is one and pass_on:
                pass_on(data)
            else:
                sides[side].sendall(data)
            if side is other and passed == most:
                return


class Listener:
    """Serves each connection on a thread of its own by serve(connection), which each kind has its own of."""

    def __init__(self, tls=None):
        self.tls = tls
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.serve(connection)
        except (OSError, ValueError):
            pass  # the other side has gone, or did not like what it saw
        finally:
            connection.close()

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class End(Listener):
    """Ends TLS in front of a plain server."""

    def __init__(self, certificate, port, most=None):
        super().__init__(context_of(certificate))
        self.tls.set_alpn_protocols(["http/1.1"])
        self.behind, self.most = port, most

    def serve(self, connection):
        with socket.create_connection(("127.0.0.1", self.behind)) as behind:
            splice(connection, behind, self.most)


class Gate(Listener):
    """In front of a plain server: holds one request up for as long as a test likes."""

    def __init__(self, port):
        super().__init__()
        self.behind = port
        self.wanted = None  # (method, part of the path) of the next one to be held
        self.held, self.opened = threading.Event(), threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def hold(self, method, path):
        self.wanted = method.encode(), path.encode()

    def wait(self):
        """Until it has come."""
        assert self.held.wait(60)

    def open(self):
        self.opened.set()

    def pass_on(self, behind, data):
        line = data.split(b"\r\n", 1)[0].split(b" ")
        wanted = self.wanted
        if wanted and line[0] == wanted[0] and wanted[1] in line[1]:
            self.wanted = None
            self.held.set()
            self.opened.wait(60)
        behind.sendall(data)

    def serve(self, connection):
        with socket.create_connection(("127.0.0.1", self.behind)) as behind:
            splice(connection, behind, pass_on=lambda data: self.pass_on(behind, data))


class Old(Listener):
    """Speaks TLS 1.1 at most."""

    def __init__(self, certificate):
        super().__init__(context_of(certificate))
        self.tls.set_ciphers("ALL:@SECLEVEL=0")
        self.tls.minimum_version = ssl.TLSVersion.TLSv1
        self.tls.maximum_version = ssl.TLSVersion.TLSv1_1

    def serve(self, connection):
        raise AssertionError("nobody is to come this far")


class Gone(Listener):
    """Hangs up on whoever comes, before a word is said."""

    def serve(self, connection):
        connection.recv(1)


class Silent(Listener):
    """Takes whoever comes, and says nothing."""

    def serve(self, connection):
        while connection.recv(4096):
            pass


class Tunnel(Listener):
    """A proxy. `ways` says for HOST:PORT the port it leads to, or a status, "close" or "hang" in its place."""

    def __init__(self, ways, credentials=None, certificate=None):
        super().__init__(context_of(certificate) if certificate else None)
        self.ways, self.credentials = ways, credentials
        self.asked = []  # (method, target)
        self.heads = []

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def serve(self, connection):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_MOST:
            data = connection.recv(4096)
            if not data:
                return
            head += data
        method, target = head.decode("latin-1").split(" ")[:2]
        self.asked.append((method, target))
        self.heads.append(head.decode("latin-1"))
        way = self.ways.get(target, 502) if method == "CONNECT" else 405
        if self.credentials is not None:
            token = base64.b64encode(self.credentials.encode())
            if b"\r\nProxy-Authorization: Basic " + token + b"\r\n" not in head:
                way = 407
        if way == "close":
            return
        if way == "hang":
            connection.recv(1)
            return
        if way < 600:
            body = b"planted-by-the-proxy"
            connection.sendall(b"HTTP/1.1 %d X\r\nProxy-Authenticate: Basic realm=\"planted-realm\"\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (way, len(body), body))
            return
        with socket.create_connection(("127.0.0.1", way)) as behind:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\nx-planted: planted-by-the-proxy\r\n\r\n")
            splice(connection, behind)


class Socks(Listener):
    """A proxy of SOCKS 5 that leads to one port, or refuses when there is none."""

    def __init__(self, port=None):
        super().__init__()
        self.behind = port

    def serve(self, connection):
        connection.recv(512)
        connection.sendall(b"\x05\x00")
        connection.recv(512)
        if self.behind is None:
            connection.sendall(b"\x05\x05\x00\x01" + bytes(6))
            return
        with socket.create_connection(("127.0.0.1", self.behind)) as behind:
            connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
            splice(connection, behind)
