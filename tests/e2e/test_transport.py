# SPDX-License-Identifier: Apache-2.0
"""Below the requests: HTTP/2 and HTTP/1.1 over TLS, and connections that do not come about."""
import base64
import http.server
import json
import socket
import threading

import pytest
from harness import GROUP, HEAD, Waybill, table_id, table_yaml, writes
from http2 import Http2
from transport import Authority, End, Gone, Old, Silent, Tunnel

pytestmark = pytest.mark.sanitizer
ROUTES = {"a": ("10.1.0.0/16", "10.240.0.4")}
CLOUD = "resourceGroups: {kubernetes: {location: japaneast}}\n"


class Secured:
    """An emulator behind an end of TLS, which every address in its answers names."""

    def __init__(self, folder, emulator, alpn):
        self.authority = Authority(folder)
        # The port of the end is in the answers, and it needs that of the emulator.
        self.end = Http2(self.authority.sign("127.0.0.1"), None, alpn) if "h2" in alpn else \
            End(self.authority.sign("127.0.0.1"), None)
        self.url = f"https://127.0.0.1:{self.end.port}"
        self.azure = emulator(CLOUD, ["--public-url", self.url])
        self.end.behind = int(self.azure.host.rpartition(":")[2])
        self.waybill = Waybill(folder / "w", None, table_yaml(ROUTES))
        self.waybill.environment.update(
            WAYBILL_CLOUD=self.url, AZURE_TENANT_ID=self.azure.ready["tenant"], AZURE_CLIENT_SECRET="planted-secret",
            AZURE_CLIENT_ID="22222222-2222-2222-2222-222222222222", SSL_CERT_FILE=str(self.authority.pem))

    def stop(self):
        self.end.stop()


@pytest.fixture
def secured(tmp_path, emulator):
    made = []

    def make(*alpn):
        made.append(Secured(tmp_path, emulator, alpn or ("h2", "http/1.1")))
        return made[-1]

    yield make
    for one in made:
        one.stop()


# ---- HTTP/2 ----

def test_http2_is_spoken_where_it_is_offered(secured):
    there = secured()
    there.waybill.apply("--record", "it.har")
    there.waybill.assert_settled()
    there.waybill.destroy()
    assert there.azure.get(table_id()) is None
    assert set(there.end.protocols) == {"h2"}
    entries = json.loads((there.waybill.folder / "it.har").read_text())["log"]["entries"]
    assert {entry["response"]["httpVersion"] for entry in entries} == {"HTTP/2"}
    for request in there.end.seen:
        assert all(name == name.lower() for name, _ in request.headers)
        assert not {"connection", "transfer-encoding", "upgrade", "host"} & {name for name, _ in request.headers}
    told = there.waybill.run("rest", "GET", GROUP, "--include", check=0).stdout
    assert "x-ms-request-id: " in told


def test_http1_is_spoken_elsewhere(secured):
    there = secured("http/1.1")
    there.waybill.apply("--record", "it.har")
    entries = json.loads((there.waybill.folder / "it.har").read_text())["log"]["entries"]
    assert {entry["response"]["httpVersion"] for entry in entries} == {"HTTP/1.1"}


def test_streams_run_beside_each_other(secured):
    """Eight creates at once, and none is answered before all of them are there."""
    there = secured()
    there.waybill.write(HEAD + "routeTables:\n" + "".join(f"  t{n}: {{}}\n" for n in range(8)))
    puts = threading.Semaphore(8)

    def trouble(request):
        there.end.together = 8 if request.method == "PUT" and puts.acquire(blocking=False) else 0

    there.end.trouble = trouble
    there.waybill.apply("--parallelism", "8")
    assert there.end.most_open == 8
    ours = {request.connection for request in there.end.seen if request.method == "PUT"}
    assert len(ours) == 1, "on one connection"


ONCE = ("refused", "goaway", "last", "internal", "short", "cut", "broken")


def once(end, method, path, trouble):
    """The first such request meets it."""
    left = [trouble]
    end.trouble = lambda request: left.pop() if left and request.method == method and path in request.path else None
    return left


@pytest.mark.parametrize("trouble", ONCE)
def test_a_read_is_repeated(trouble, secured):
    there = secured()
    left = once(there.end, "GET", "/resourceGroups/kubernetes?", trouble)
    result = there.waybill.hurried("rest", "GET", GROUP)
    assert result.code == 0 and json.loads(result.stdout)["name"] == "kubernetes" and left == [], result
    asked = sum("/resourceGroups/kubernetes?" in request.path for request in there.end.seen)
    assert asked == (1 if trouble == "last" else 2)


@pytest.mark.parametrize("trouble", ONCE)
def test_a_write_is_done_once(trouble, secured):
    """Whatever became of its stream, it is read before it is sent again, and never done twice."""
    there = secured()
    left = once(there.end, "PUT", "/routeTables/t", trouble)
    result = there.waybill.hurried("apply", "--auto-approve")
    assert result.code == 0 and left == [], result
    assert len(writes(there.azure.requests())) == 1
    sent = [request for request in there.end.seen if request.method == "PUT"]
    assert len(sent) == (2 if trouble in ("refused", "goaway") else 1)
    first = there.end.seen.index(sent[0])
    assert len(sent) == 1 or any(request.method == "GET" and "/routeTables/t" in request.path
                                 for request in there.end.seen[first:there.end.seen.index(sent[1])])
    there.waybill.assert_settled()


def test_a_connection_that_falls_silent_is_left(secured):
    """A timeout ends a stream alone; what is repeated must not go the same way again."""
    there = secured()
    there.waybill.write(HEAD + "routeTables:\n" + "".join(f"  t{n}: {{}}\n" for n in range(8)))
    left = once(there.end, "PUT", "/routeTables/t", "stalled")
    result = there.waybill.hurried("apply", "--auto-approve", "--parallelism", "8")
    assert result.code == 0 and left == [], result
    assert len(writes(there.azure.requests())) == 8
    there.waybill.assert_settled()


@pytest.mark.parametrize("trouble", ["refused", "goaway", "internal"])
def test_what_goes_on_does_not_go_on_for_ever(trouble, secured):
    there = secured()
    there.end.trouble = lambda request: trouble if "/resourceGroups/kubernetes?" in request.path else None
    result = there.waybill.hurried("rest", "GET", GROUP)
    assert result.code == 1 and result.codes == ["network"], result
    assert 6 <= len(there.end.seen) <= 45, "six tries, each of which may be a few of curl's"


@pytest.mark.parametrize("trouble, codes", [
    ("large", ["too-large"]), ("headers", ["too-large", "network"]), ("trickle", ["timeout"])])
def test_answers_are_bounded(trouble, codes, secured):
    there = secured()
    there.end.trouble = lambda request: trouble if "/resourceGroups/kubernetes?" in request.path else None
    run = there.waybill.run if trouble == "large" else there.waybill.hurried
    method = ("PUT", "--body", "{}") if trouble == "trickle" else ("GET",)
    result = run("rest", method[0], GROUP, *method[1:])
    assert result.code == 1 and result.codes[0] in codes, result


# ---- connections that do not come about ----

NO_NAME = "a" * 64 + ".test"  # longer than a name may be: no name server is asked


class Endpoints(http.server.ThreadingHTTPServer):
    """A cloud on this machine that names the endpoints it is told to, and answers nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            arm, login, storage = self.server.named
            body = json.dumps({"resourceManager": arm, "suffixes": {"storage": storage}, "authentication": {
                "loginEndpoint": login, "audiences": ["https://arm.test"], "identityProvider": "AAD"}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"
        self.named = (self.origin, self.origin, "storage.test")
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


@pytest.fixture
def endpoints():
    made = Endpoints()
    yield made
    made.stop()


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# What stands there -> the code, a word of the help, and whether it is tried again.
FAILURES = {
    "unknown authority": ("certificate-untrusted", "SSL_CERT_FILE", False),
    "own signature": ("certificate-untrusted", "SSL_CERT_FILE", False),
    "wrong name": ("certificate-name", "in the place of the host", False),
    "expired": ("certificate-expired", "clock", False),
    "old TLS": ("tls", "1.2 is the least", True),
    "hangs up": ("no-connection", "firewalls", True),
    "silent": ("no-connection", "firewalls", True),
    "refused": ("no-connection", "firewalls", True),
    "no name": ("dns", "name server", True),
}


def listener_of(what, folder, trusted, host):
    if what == "unknown authority":
        return End(Authority(folder, "other").sign(host), unused_port())
    if what == "own signature":
        own = Authority(folder, "own")
        return End((own.pem, own.key), unused_port())
    if what == "wrong name":
        return End(trusted.sign("elsewhere.test"), unused_port())
    if what == "expired":
        return End(trusted.sign(host, days=-1), unused_port())
    if what == "old TLS":
        return Old(trusted.sign(host))
    return {"hangs up": Gone, "silent": Silent}.get(what, lambda: None)()


def clean(waybill, endpoints, authority):
    waybill.environment.update(WAYBILL_CLOUD=endpoints.origin + "/metadata/endpoints", SSL_CERT_FILE=str(authority.pem))
    claims = base64.urlsafe_b64encode(b'{"exp": 4000000000}').decode().rstrip("=")
    return f"e30.{claims}.x"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("who", ["ARM", "sign-in"])
@pytest.mark.parametrize("what", FAILURES)
def test_each_failure_is_told_apart(what, who, tmp_path, endpoints):
    code, word, again = FAILURES[what]
    authority = Authority(tmp_path)
    there = listener_of(what, tmp_path, authority, "127.0.0.1")
    url = f"https://{NO_NAME}" if what == "no name" else f"https://127.0.0.1:{there.port if there else unused_port()}"
    waybill = Waybill(tmp_path / "w", None, table_yaml(ROUTES))
    token = clean(waybill, endpoints, authority)
    if who == "ARM":
        endpoints.named = (url, endpoints.origin, "storage.test")
        waybill.environment["WAYBILL_ACCESS_TOKEN"] = token
    else:
        endpoints.named = (endpoints.origin, url, "storage.test")
        waybill.environment.update(AZURE_TENANT_ID="common", AZURE_CLIENT_ID="client", AZURE_CLIENT_SECRET="planted")
    result = waybill.hurried("rest", "GET", GROUP, speed=200 if what == "silent" else 60)
    assert result.code == 1 and result.codes == [code if who == "ARM" else "sign-in"], result
    assert word in result.stderr.partition("help: ")[2], result
    if code == "certificate-untrusted":
        assert "what SSL_CERT_FILE names is trusted" in result.stderr, result
    if there is not None:
        assert there.connections == (6 if again else 1)
        there.stop()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("what", FAILURES)
def test_the_storage_is_no_other(what, tmp_path, endpoints):
    _, word, again = FAILURES[what]
    authority = Authority(tmp_path)
    host = "devstoreaccount1.blob.localhost"
    there = listener_of(what, tmp_path, authority, host)
    waybill = Waybill(tmp_path / "w", None, table_yaml(ROUTES))
    waybill.environment.update(
        WAYBILL_ACCESS_TOKEN=clean(waybill, endpoints, authority), AZURE_STORAGE_SAS_TOKEN="sv=1&sig=planted",
        AZURE_STORAGE_ACCOUNT="devstoreaccount1")
    del waybill.environment["WAYBILL_STATE"]
    waybill.backend()
    endpoints.named = (endpoints.origin, endpoints.origin, NO_NAME if what == "no name" else "localhost")
    way = Tunnel({f"{host}:443": there.port if there else 502})
    if there is not None:
        waybill.environment["https_proxy"] = way.url
    result = waybill.hurried("plan")
    assert result.code == 1 and result.codes == ["backend-unreachable"], result
    assert word in result.stderr.partition("help: ")[2], result
    assert "planted" not in result.text
    if there is not None:
        assert 2 <= there.connections <= 6 if again else there.connections == 1
        there.stop()
    way.stop()


@pytest.mark.sanitizer
def test_a_cloud_that_is_not_trusted_is_told_with_what_counts(tmp_path):
    there = End(Authority(tmp_path, "other").sign("127.0.0.1"), unused_port())
    waybill = Waybill(tmp_path / "w", None, table_yaml(ROUTES))
    waybill.environment.update(WAYBILL_CLOUD=f"https://127.0.0.1:{there.port}", WAYBILL_ACCESS_TOKEN="planted-token",
                               SSL_CERT_FILE=str(Authority(tmp_path).pem))
    result = waybill.run("rest", "GET", GROUP, check=1)
    there.stop()
    assert result.codes == ["cloud-metadata"] and "AddressSanitizer" not in result.stderr, result
    assert "what SSL_CERT_FILE names is trusted" in result.stderr.partition("help: ")[2], result


def test_a_cloud_that_comes_up_is_waited_for(secured, endpoints):
    """Connections that break costs tries of the budget, and no write is sent twice."""
    there = secured("http/1.1")
    endpoints.named = (there.url, endpoints.origin, "storage.test")
    there.waybill.environment.update(WAYBILL_CLOUD=endpoints.origin + "/metadata/endpoints",
                                     WAYBILL_ACCESS_TOKEN="emulator")
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        del there.waybill.environment[name]
    turned_away = iter(range(4))
    handle = there.end.handle
    there.end.handle = lambda connection: connection.close() if next(turned_away, None) is not None else handle(connection)
    result = there.waybill.hurried("rest", "PUT", table_id(), "--body", '{"location": "japaneast"}', "--poll")
    assert result.code == 0 and next(turned_away, None) is None, result
    assert len(writes(there.azure.requests())) == 1
