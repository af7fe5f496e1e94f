# SPDX-License-Identifier: Apache-2.0
"""Distinct secrets are planted wherever one can be; none may be found in what is said, logged, recorded or kept."""
import base64
import http.server
import json
import threading
import urllib.parse

import blobs as support
import har
import pytest
from api_server import ApiServer, Certificates, node
from harness import HEAD, Waybill, table_id
from sign_in import CLIENT, TENANT, SignIn

pytestmark = pytest.mark.sanitizer
MARK = "planted"
CLIENT_SECRET = 'planted~client.secret"a1\\/+='
TOKENS = ["planted-access-token-b1", "planted-access-token-b2"]
JWT = "eyJhbGciOiJub25lIn0." + base64.urlsafe_b64encode(b'{"planted": "of somebody else"}').decode().rstrip("=") + ".x"
SIGNED = "t=planted-t&c=planted-c&s=planted-s&h=planted-h"
SAS = "sv=2024&sp=r&sig=planted-sas%2Fd1%3D"
LISTED = "planted-listed-key"  # what somebody asks for is told him, but in no log and no record
VERSION = "?api-version=2024-05-01"
PEM = "-----BEGIN PRIVATE KEY-----\nplanted\nplanted==\n-----END PRIVATE KEY-----\n"
# As servers, gateways and storage send them.
HEADERS = [
    ("Link", f"<https://a.blob/c?{SAS}>; rel=\"next\""), ("Refresh", f"0; url=/login?code=planted&{SIGNED}"),
    ("Content-Location", f"/c?{SAS}"), ("x-ms-encryption-key", "planted-key"), ("api-key", "planted-api-key"),
    ("x-ms-authorization-auxiliary", "Bearer planted-auxiliary-1"), ("Proxy-Authenticate", "Basic planted-proxy-0"),
    ("WWW-Authenticate", "Bearer authorization_uri=\"https://u:planted-user@l/x?sig=planted\", token=\"planted-hint\""),
    ("x-gateway", "https://planted-user:planted-pass@gateway:3128/"), ("Set-Cookie2", "a=planted-cookie"),
    ("x-ms-copy-source", f"https://a.blob/c%3F{urllib.parse.quote(SAS, safe='')}"),
]
BODY = {
    "uploadUrl": f"https://a.blob/c?{SAS}", "certificate": PEM, "next": {"href": f"/o?{SIGNED}"},
    "text": f"see https://planted-user:planted-pass@host/x, or redirect=https%3A%2F%2Fa.blob%3Fsig%3Dplanted-encoded",
    "sharedAccessSignature": SAS, "secrets": ["planted-1", {"value": "planted-2"}], "apiKey": "planted-key",
    "connection": "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=planted-shared;EntityPath=p",
    "log": "curl -H 'Authorization: Basic cGxhbnRlZDpwbGFudGVk1' -d 'client_secret=planted-form&a=b'",
}


def forms(secret):
    """As it is, as a URL and as JSON write it, and as JSON in JSON."""
    once = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {secret, urllib.parse.quote(secret, safe=""), once, json.dumps(secret)[1:-1],
            json.dumps(once, ensure_ascii=False)[1:-1], base64.b64encode(secret.encode()).decode()}


def assert_free(text, secrets, where):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    for secret in secrets:
        for form in forms(secret):
            at = data.find(form.encode())
            assert at < 0, (where, form, data[max(0, at - 200):at + 200])


class Cloud:
    """Signs in, and answers as a cloud that repeats all it has heard."""

    def __init__(self):
        owner = self
        self.given = 0
        self.polls = 0
        self.refuses = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                status, answer, headers = owner.answer(self.command, self.path, self.headers, body)
                data = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in (("Content-Length", len(data)), ("Set-Cookie", "a=planted-cookie"),
                                    ("x-ms-new-token", "planted-header-token"),
                                    ("x-heard", self.headers.get("Authorization", "-")), *headers):
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = serve

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    def heard(self, headers):
        return {"error": {"code": "Heard", "message":
                          f"refused `{headers.get('Authorization')}` of {CLIENT_SECRET} and {JWT}, see "
                          f"https://a.blob/c?{SAS} or /operations/o?{SIGNED}; AccountKey=planted-account-key;x=1, "
                          "not `Bearer planted-bearer-7` or `SharedKey a:planted/key=`",
                          "details": [{"code": "More", "message": "it was {\"access_token\": \"planted-in-json\"}"}]}}

    def answer(self, method, path, headers, body):
        if path.startswith("/metadata/endpoints"):
            return 200, {"name": "T", "resourceManager": self.origin,
                         "authentication": {"loginEndpoint": self.origin, "audiences": ["https://arm.test"],
                                            "identityProvider": "AAD"}}, []
        if path.endswith("/oauth2/v2.0/token"):
            if self.refuses:
                return 401, {"error": "invalid_client", "error_description":
                             f"AADSTS7000215: no `{CLIENT_SECRET}` and no `{body}`"}, []
            self.given += 1
            return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": TOKENS[self.given % 2],
                         "refresh_token": "planted-refresh-token", "id_token": JWT}, []
        if path.startswith("/headers"):
            return 200, None, HEADERS
        if path.startswith("/bodies"):
            return 400, {"error": {"code": "Heard", "message": BODY["text"], "innererror": BODY}, **BODY}, []
        if path.startswith("/moves"):
            return 307, None, [("Location", f"/echo?{SIGNED}")]
        if path.startswith("/leaves"):
            return 307, None, [("Location", f"https://planted-user:planted-pass@elsewhere.test/c?{SAS}")]
        if path.startswith("/fails"):
            return 400, self.heard(headers), []
        if path.startswith("/expires") and self.given < 2:
            return 401, self.heard(headers), [("WWW-Authenticate", "Bearer error=\"invalid_token\"")]
        if path.startswith("/list"):
            more = {} if "skiptoken" in path else {"nextLink": f"{self.origin}/list{VERSION}&$skiptoken=planted-skip"}
            return 200, {"value": [1], **more}, []
        if path.startswith("/slow"):
            return 202, {"properties": {"adminPassword": "planted-password"}}, [
                ("Azure-AsyncOperation", f"{self.origin}/operation?{SIGNED}"),
                ("Location", f"/result?{SIGNED}"), ("retry-after-ms", 1)]
        if path.startswith("/operation"):
            assert SIGNED in path
            self.polls += 1
            if self.polls < 2:
                return 200, {"status": "InProgress"}, [("retry-after-ms", 1)]
            return 200, {"status": "Failed", **self.heard(headers)}, []
        return 200, {"heard": headers.get("Authorization"), "keys": [{"keyName": "k", "value": LISTED}],
                     "kubeconfigs": [{"value": LISTED}], "primaryConnectionString": LISTED}, []


@pytest.fixture
def cloud():
    cloud = Cloud()
    yield cloud
    cloud.stop()


def test_no_request_by_hand_tells_a_secret(tmp_path, cloud):
    waybill = Waybill(tmp_path / "w", None)
    waybill.environment.update(
        WAYBILL_CLOUD=cloud.origin + "/metadata/endpoints", AZURE_TENANT_ID=TENANT, AZURE_CLIENT_ID=CLIENT,
        AZURE_CLIENT_SECRET=CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PASSWORD="planted-unused-password",
        PATH="/nowhere")
    asked = [
        ("GET", "/echo" + VERSION), ("GET", "/echo" + VERSION, "--include"),
        ("GET", "/echo" + VERSION, "--include", "--json"),
        ("GET", "/echo" + VERSION, "--query", "sig=planted-query"),
        ("POST", "/echo" + VERSION, "--body", '{"password": "planted-body", "a": {"clientSecret": "planted-body"}}'),
        ("PUT", "/fails" + VERSION, "--body", "{}", "-H", f"x-ms-copy-source: https://a.blob/c?{SAS}",
         "-H", "x-custom-token: planted-custom"),
        ("GET", "/fails" + VERSION, "--json"), ("GET", "/fails" + VERSION, "--include"),
        ("GET", "/expires" + VERSION), ("GET", "/list" + VERSION, "--all"),
        ("PUT", "/slow" + VERSION, "--body", "{}", "--poll", "--json"),
        ("DELETE", "/slow" + VERSION, "--poll"),
        ("GET", "https://elsewhere.test/x" + VERSION + "&sig=planted-elsewhere"),
        ("GET", f"/a/../b?{SIGNED}&api-version=1"),
        ("GET", "/headers" + VERSION), ("GET", "/bodies" + VERSION), ("GET", "/bodies" + VERSION, "--json"),
        ("GET", "/moves" + VERSION), ("DELETE", "/leaves" + VERSION), ("GET", "/leaves" + VERSION, "--json"),
        ("POST", "/echo" + VERSION, "--body", json.dumps(BODY)),
        ("GET", "/echo" + VERSION, "-H", "Proxy-Authorization: Basic planted-proxy-1", "-H", "Cookie: a=planted-cookie",
         "-H", "X-Api-Key: planted-api", "-H", "x-ms-authorization-auxiliary: Bearer planted-auxiliary-2"),
    ]
    recorded = 0
    for number, words in enumerate(asked):
        cloud.given = cloud.polls = 0
        result = waybill.run("rest", *words, "--log-level", "trace", "--record", f"{number}.har")
        assert result.code in (0, 1)
        assert_free(result.stdout.replace(LISTED, ""), [MARK, *TOKENS, CLIENT_SECRET, JWT], (words, "stdout"))
        assert_free(result.stderr, [MARK, CLIENT_SECRET, JWT], (words, "stderr"))
        recorded += len(har.read(waybill.folder / f"{number}.har"))
        assert_free((waybill.folder / f"{number}.har").read_bytes(), [MARK, CLIENT_SECRET, JWT], (words, "record"))
    assert recorded > 3 * 12
    cloud.refuses = True
    refused = waybill.run("rest", "GET", "/echo" + VERSION, "--log-level", "trace", "--record", "it.har", check=1)
    assert refused.codes == ["sign-in"] and "AADSTS7000215" in refused.stderr
    assert_free(refused.text.encode() + (waybill.folder / "it.har").read_bytes(), [MARK, CLIENT_SECRET], "sign-in")


# ---- a whole life ----

OLD, NEW = "planted-variable-old", 'planted "väriable"\\::new'
CONFIGURATION = HEAD + """\
variables:
  word: {type: string, sensitive: true}
nodeSets:
  workers: {kubernetes: {}}
routeTables:
  t:
    tags: {word: "${var.word}", url: "https://x/${var.word}?a"}
    nodeRoutes: [{nodeSet: workers}]
outputs:
  hidden: {value: "${var.word}", sensitive: true}
"""
PLUGIN = """\
#!/bin/sh
echo "planted-on-stderr of $WORD" >&2
echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
       "status": {"token": "planted-cluster-token"}}'
"""


@pytest.fixture
def server(tmp_path):
    server = ApiServer(Certificates(tmp_path / "pki"))
    server.tokens = {"planted-cluster-token"}
    server.nodes = [node("worker-0", "10.240.0.20", "10.200.0.0/24"), node("worker-1", "10.240.0.21", "10.200.1.0/24")]
    yield server
    server.stop()


@pytest.fixture
def front(azure):
    front = SignIn(azure)
    front.secrets[CLIENT_SECRET] = "right"
    yield front
    front.stop()


@pytest.fixture
def waybill(tmp_path, front, server, blobs):
    waybill = Waybill(tmp_path / "w", front.emulator, CONFIGURATION).use(blobs)
    plugin = tmp_path / "plugin"
    plugin.write_text(PLUGIN)
    plugin.chmod(0o755)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin),
                     "env": [{"name": "WORD", "value": "planted-in-kubeconfig"}]}}
    waybill.environment.update(
        WAYBILL_CLOUD=front.cloud, AZURE_TENANT_ID=TENANT, AZURE_CLIENT_ID=CLIENT, AZURE_CLIENT_SECRET=CLIENT_SECRET,
        ARM_CLIENT_SECRET="planted-other-secret", AZURE_PASSWORD="planted-password", GITHUB_TOKEN="planted-github",
        KUBECONFIG=str(server.kubeconfig(tmp_path / "kubeconfig", user)), WAYBILL_ALLOW_EXEC="true")
    return waybill


def assert_nothing_kept(waybill, front, *results):
    secrets = [OLD, NEW, CLIENT_SECRET, "planted-cluster-token", "planted-in-kubeconfig", "planted-other-secret",
               "planted-password", "planted-github", support.KEY, *front.given]
    for result in results:
        assert_free(result.text, secrets, "said")
    for path in waybill.folder.rglob("*"):
        if path.is_file():
            assert_free(path.read_bytes(), secrets, path.name)


def test_no_command_of_a_life_tells_a_secret(waybill, front, azure):
    def run(number, *words, check=0):
        # What an earlier run wrote is told by a trace as Azure answers it: docs/rest.md.
        level = "trace" if OLD in str(words) or "show" in words else "debug"
        return waybill.run(*words, "--record", f"{number}.har", "--log-level", level, check=check)

    old, new = ("--var", f"word={OLD}"), ("--var", f"word={NEW}")
    azure.fail(400, "BadTag", f"no {OLD} here", method="PUT", path=table_id())
    results = [run(0, "plan", "--out", "p", *old), run(1, "apply", "p", "--auto-approve", *old, check=1),
               run(2, "apply", "--auto-approve", *old)]
    assert azure.get(table_id())["tags"]["word"] == OLD
    results += [run(3, "plan", *new), run(4, "plan", "--json", *new), run(5, "apply", "--auto-approve", *new)]
    assert azure.get(table_id())["tags"] == {"word": NEW, "url": f"https://x/{NEW}?a"}
    results += [waybill.run("show"), waybill.run("output"), waybill.run("state", "list"), waybill.run("history"),
                waybill.run("validate", "--merged", *new), waybill.run("state", "pull", "state.db", check=0),
                run(6, "destroy", "--auto-approve", *new)]
    assert_nothing_kept(waybill, front, *results)
    entries = [entry for number in range(7) for entry in har.read(waybill.folder / f"{number}.har")]
    hosts = {urllib.parse.urlsplit(entry["request"]["url"]).netloc for entry in entries}
    assert len(hosts) == 3, "of Azure with its sign-in, of the storage and of the cluster"
    assert any("oauth2" in entry["request"]["url"] for entry in entries)
    assert any("(sensitive)" in entry["request"].get("postData", {}).get("text", "") for entry in entries)


def test_no_sas_is_told(tmp_path, azure, blobs):
    sas = "sv=2023-11-03&sp=racwd&sig=c2VjcmV0K3NpZ25hdHVyZQ%3D%3D"
    waybill = Waybill(tmp_path / "w", azure, HEAD + "routeTables: {t: {}}\n").use(blobs)
    del waybill.environment["AZURE_STORAGE_KEY"]
    waybill.environment.update(AZURE_STORAGE_SAS_TOKEN=sas, AZURE_STORAGE_ACCOUNT=support.ACCOUNT)
    blobs.sas = sas
    result = waybill.apply("--log-level", "trace", "--record", "it.har")
    assert blobs.requests and har.read(waybill.folder / "it.har")
    for text in (result.text, (waybill.folder / "it.har").read_text()):
        assert_free(text, ["c2VjcmV0K3NpZ25hdHVyZQ", "c2VjcmV0K3NpZ25hdHVyZQ=="], "sas")
