# SPDX-License-Identifier: Apache-2.0
"""Whither a cloud may send Waybill: within itself, as the method allows, and nowhere else, whatever the address looks
like. Another server listens, and hears nothing."""
import http.server
import json
import threading
import urllib.parse

import blobs as support
import pytest
from harness import HEAD, Waybill

pytestmark = pytest.mark.sanitizer
STATUSES = (301, 302, 303, 307, 308)
METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE")
VERSION = "?api-version=2024-05-01"
TOKEN = "planted.access.token"


class Heard(http.server.ThreadingHTTPServer):
    """Keeps what it is asked, and answers as `answer` says: (status, headers, body)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self.server.seen.append((self.command, self.path, dict(self.headers), body))
            status, headers, answer = self.server.answer(self.command, self.path)
            data = b"" if status == 204 else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = do_HEAD = serve

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.seen = []
        self.answer = lambda method, path: (200, {}, {"name": "here", "value": [1]})
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.origin = f"http://{self.host}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


@pytest.fixture
def servers():
    made = [Heard(), Heard()]
    yield made
    for one in made:
        one.stop()


@pytest.fixture
def waybill(tmp_path, servers):
    waybill = Waybill(tmp_path / "w", None)
    cloud = servers[0]

    def answer(method, path):
        if path.startswith("/metadata/endpoints"):
            return 200, {}, {"resourceManager": cloud.origin, "suffixes": {"storage": "storage.test"},
                             "authentication": {"loginEndpoint": cloud.origin, "audiences": ["https://arm.test"],
                                                "identityProvider": "AAD"}}
        return cloud.then(method, path)

    cloud.answer = answer
    cloud.then = lambda method, path: (200, {}, {"name": "here"})
    waybill.environment.update(WAYBILL_CLOUD=cloud.origin + "/metadata/endpoints", WAYBILL_ACCESS_TOKEN=TOKEN)
    return waybill


def asked(server):
    return [request for request in server.seen if not request[1].startswith("/metadata/")]


def rest(waybill, method, *more, **options):
    body = ("--body", '{"a": 1}') if method in ("PUT", "PATCH", "POST") else ()
    return waybill.run("rest", method, "/there" + VERSION, *body, *more, **options)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", STATUSES)
def test_within_the_cloud(status, method, servers, waybill):
    cloud, elsewhere = servers
    goes = "/moved" + VERSION + "&sig=planted"
    cloud.then = lambda method, path: (status, {"Location": goes}, {}) if path.startswith("/there") else (200, {}, {"b": 2})
    result = rest(waybill, method)
    if method != "GET" and status <= 303:
        assert result.code == 1 and result.codes == ["redirected"] and len(asked(cloud)) == 1, result
        assert "planted" not in result.text
    else:
        assert result.code == 0 and result.json == {"b": 2}, result
        first, second = asked(cloud)
        assert (second[0], second[1], second[3]) == (method, goes, first[3]), "the method and body stay as they were"
        assert second[2]["Authorization"] == f"Bearer {TOKEN}"
    assert elsewhere.seen == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", STATUSES)
def test_out_of_the_cloud(status, method, servers, waybill):
    cloud, elsewhere = servers
    cloud.then = lambda *request: (status, {"Location": f"{elsewhere.origin}/take?sig=planted"}, {})
    result = rest(waybill, method, "--log-level", "trace", "--record", "it.har")
    assert result.code == 1, result
    assert result.codes == ["redirected" if method != "GET" and status <= 303 else "foreign-url"]
    assert elsewhere.host in result.stderr and len(asked(cloud)) == 1
    assert elsewhere.seen == []
    assert "planted" not in result.text + (waybill.folder / "it.har").read_text()


@pytest.mark.parametrize("address", [
    "{elsewhere}/x", "//{host}/x", "http:{host}/x", "\\\\{host}/x", "http://{own}@{host}/x", "http://a:b@{own}/x",
    "https://{own}/x", "http://{own}.evil.test/x", "http://{own}\\@{host}/x", "http://localhost:{port}/x",
    "ftp://{own}/x", "file:///etc/passwd", "http://{host}#@{own}/x", " {elsewhere}/x", "HTTP://{host}/x"])
def test_an_address_that_looks_like_the_cloud_is_not_it(address, servers, waybill):
    cloud, elsewhere = servers
    location = address.format(elsewhere=elsewhere.origin, host=elsewhere.host, own=cloud.host,
                              port=cloud.host.partition(":")[2])
    cloud.then = lambda method, path: (307, {"Location": location}, {}) if path.startswith("/there") else (404, {}, {})
    result = rest(waybill, "PUT")
    assert result.code == 1 and elsewhere.seen == [], result
    assert all(path.startswith("/") for _, path, _, _ in cloud.seen)


POLLED = ("Azure-AsyncOperation", "Operation-Location", "Location")


@pytest.mark.parametrize("header", POLLED)
@pytest.mark.parametrize("method", METHODS[1:])
def test_where_an_operation_is_asked_for(method, header, servers, waybill):
    cloud, elsewhere = servers
    cloud.then = lambda *request: (202, {header: elsewhere.origin + "/operations/1?sig=planted"}, None)
    result = rest(waybill, method, "--poll")
    assert result.code == 1 and result.codes == ["foreign-url"], result
    assert elsewhere.host in result.stderr and "planted" not in result.text
    assert elsewhere.seen == [] and len(asked(cloud)) == 1


@pytest.mark.parametrize("header", POLLED)
def test_where_a_poll_sends_on(header, servers, waybill):
    cloud, elsewhere = servers
    away = (302, {"Location": elsewhere.origin + "/operations/1"}, {})
    begun = (202, {header: cloud.origin + "/operations/1", "retry-after-ms": "1"}, None)
    cloud.then = lambda method, path: away if path.startswith("/operations") else begun
    result = rest(waybill, "POST", "--poll")
    assert result.code == 1 and result.codes == ["foreign-url"], result
    assert elsewhere.seen == [] and len(asked(cloud)) == 2


def test_where_the_next_page_is(servers, waybill):
    cloud, elsewhere = servers
    cloud.then = lambda *request: (200, {}, {"value": [1], "nextLink": elsewhere.origin + "/page?$skiptoken=planted"})
    result = waybill.run("rest", "GET", "/there" + VERSION, "--all")
    assert result.code == 1 and result.codes == ["foreign-url"] and "planted" not in result.text, result
    assert elsewhere.seen == [] and len(asked(cloud)) == 1


# ---- those who are asked with more than a token ----

@pytest.mark.parametrize("status", STATUSES)
def test_the_sign_in_is_sent_nowhere(status, servers, waybill):
    cloud, elsewhere = servers
    del waybill.environment["WAYBILL_ACCESS_TOKEN"]
    waybill.environment.update(AZURE_TENANT_ID="common", AZURE_CLIENT_ID="client", AZURE_CLIENT_SECRET="planted-secret")
    for goes in (elsewhere.origin + "/token", "/token"):
        cloud.seen.clear()
        cloud.then = lambda method, path, goes=goes: (status, {"Location": goes}, {})
        result = rest(waybill, "GET")
        assert result.code == 1 and result.codes == ["sign-in"] and f"answered {status}" in result.stderr, result
        assert elsewhere.seen == [] and len(asked(cloud)) == 1


@pytest.mark.parametrize("status", STATUSES)
def test_the_metadata_are_sent_nowhere(status, servers, waybill):
    cloud, elsewhere = servers
    cloud.answer = lambda *request: (status, {"Location": elsewhere.origin + "/metadata/endpoints"}, {})
    result = rest(waybill, "GET")
    assert result.code == 1 and result.codes == ["cloud-metadata"] and f"answered {status}" in result.stderr, result
    assert elsewhere.seen == []


@pytest.mark.parametrize("status", STATUSES)
def test_the_storage_is_sent_nowhere(status, servers, waybill):
    cloud, elsewhere = servers
    waybill.write(HEAD + "routeTables: {t: {}}\n")
    del waybill.environment["WAYBILL_STATE"]
    waybill.environment.update(
        WAYBILL_BACKEND_ENDPOINT=cloud.origin, AZURE_STORAGE_SAS_TOKEN="sv=1&sig=planted", AZURE_STORAGE_ACCOUNT=support.ACCOUNT)
    waybill.backend()
    cloud.then = lambda *request: (status, {"Location": elsewhere.origin + "/states"}, {})
    result = waybill.run("plan")
    assert result.code == 1 and result.codes == ["backend-failed"] and f": {status} " in result.stderr, result
    assert elsewhere.seen == [] and "planted" not in result.text
    assert all(urllib.parse.urlsplit(path).path.startswith("/" + support.ACCOUNT) for _, path, _, _ in asked(cloud))
