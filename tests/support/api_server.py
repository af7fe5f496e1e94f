# SPDX-License-Identifier: Apache-2.0
"""An API server of Kubernetes that only lists nodes, over TLS with a CA of its own, and whatever goes wrong with it."""
import base64
import http.server
import json
import pathlib
import ssl
import threading
import urllib.parse

from sign_in import openssl

EXTENSIONS = """\
[server]
subjectAltName = IP:127.0.0.1, DNS:localhost, DNS:api.internal
[elsewhere]
subjectAltName = DNS:elsewhere.internal
[client]
extendedKeyUsage = clientAuth
"""


class Certificates:
    """A CA, and what it signs: files NAME.crt and NAME.key in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        (self.folder / "extensions").write_text(EXTENSIONS)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", 2, "-subj", "/CN=test-ca", "-keyout", self.path("ca.key"),
                "-out", self.path("ca.crt"))
        for name in ("server", "elsewhere", "client"):
            self.sign(name)

    def path(self, name):
        return self.folder / name

    def text(self, name):
        return self.path(name).read_text()

    def sign(self, name):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", f"/CN={name}", "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".csr"))
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path("ca.crt"),
                "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", 2,
                "-extfile", self.path("extensions"), "-extensions", name,
                "-out", self.path(name + ".crt"))


def node(name, ip, cidr, **labels):
    """A node as an API server tells it in a list: without a kind of its own."""
    return {"metadata": {"name": name, "labels": labels, "uid": name},
            "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
            "status": {"addresses": [{"type": "Hostname", "address": name},
                                     {"type": "InternalIP", "address": ip}],
                       "images": [{"names": ["some/image"], "sizeBytes": 1}]}}


def selects(selector, labels):
    """Equality and existence, as we ask."""
    for term in filter(None, selector.split(",")):
        key, equals, value = term.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"),
                            ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, message, headers=()):
        self.answer(status, {"kind": "Status", "status": "Failure", "code": status,
                             "message": message}, headers)

    def do_GET(self):
        server = self.server.owner
        split = urllib.parse.urlsplit(self.path)
        query = {name: values[0] for name, values in
                 urllib.parse.parse_qs(split.query, keep_blank_values=True).items()}
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        subject = dict(pair for part in peer["subject"] for pair in part) if peer else {}
        server.requests.append({"path": split.path, "query": query, "host": self.headers["Host"],
                                "authorization": self.headers["Authorization"],
                                "client": subject.get("commonName"),
                                "agent": self.headers["User-Agent"]})
        fault = server.faults.pop(0) if server.faults else None
        if fault:
            fault(self)
        elif not server.knows(self.headers["Authorization"], subject.get("commonName")):
            self.refuse(401, "Unauthorized")
        elif split.path != "/api/v1/nodes":
            self.refuse(404, "not here")
        else:
            self.list(server, query)

    def list(self, server, query):
        start = int(query.get("continue", "page-0").removeprefix("page-"))
        matching = [one for one in server.nodes
                    if selects(query.get("labelSelector", ""), one["metadata"].get("labels", {}))]
        end = start + min(int(query["limit"]), server.page)
        metadata = {"resourceVersion": "1"}
        if end < len(matching):
            metadata["continue"] = f"page-{end}"
        self.answer(200, {"kind": "NodeList", "apiVersion": "v1", "metadata": metadata,
                          "items": matching[start:end]})


class ApiServer:
    """Listens on a loopback port until stop(). `tokens` and `clients` are who may list."""

    def __init__(self, certificates, name="server", tls=True):
        self.certificates = certificates
        self.tokens, self.clients = set(), set()
        self.nodes, self.page = [], 1000
        self.requests = []
        self.faults = []  # each meets one request: fault(handler); None lets it pass
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.owner = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.path(name + ".crt"),
                                    certificates.path(name + ".key"))
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(certificates.path("ca.crt"))
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True,
                                                   do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def knows(self, authorization, client):
        if authorization and authorization.removeprefix("Bearer ") in self.tokens:
            return True
        return client in self.clients

    def kubeconfig(self, path, user, **cluster):
        """Writes one whose current context is this server, as this user."""
        authority = base64.b64encode(self.certificates.text("ca.crt").encode()).decode()
        whole = {"server": self.url, "certificate-authority-data": authority, **cluster}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "here",
                  "clusters": [{"name": "c", "cluster":
                                {key: value for key, value in whole.items() if value is not None}}],
                  "users": [{"name": "u", "user": user}],
                  "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}]}
        path = pathlib.Path(path)
        path.write_text(json.dumps(config, indent=2))
        path.chmod(0o600)
        return path
