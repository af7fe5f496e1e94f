# SPDX-License-Identifier: Apache-2.0
"""A cloud that is signed in to: metadata, the sign-in service, identities of machines and applications, the token
services of two kinds of pipelines; and in front of an emulator, an ARM that takes no token but those given out here."""
import base64
import hashlib
import http.client
import http.server
import json
import pathlib
import re
import subprocess
import threading
import time
import urllib.parse
import uuid

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
EXCHANGE = "api://AzureADTokenExchange"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TEXTS = {
    7000215: "Invalid client secret provided.", 7000222: "The provided client secret keys are expired.",
    700016: "Application was not found in the directory.", 90002: "Tenant not found.",
    700027: "The certificate with identifier used to sign the client assertion is not registered.",
    700024: "Client assertion is not within its valid time range.",
    700211: "No matching federated identity record found for presented assertion issuer.",
    700213: "No matching federated identity record found for presented assertion subject.",
    700212: "No matching federated identity record found for presented assertion audience.",
}


def encode(data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def federated_token(subject, issuer="https://issuer.test", audience=EXCHANGE, ends_in=600, mark=""):
    """An assertion as a pipeline gives it out. Its signature is a text that tests look for."""
    claims = {"iss": issuer, "sub": subject, "aud": audience, "exp": int(time.time()) + ends_in}
    return f"{encode({'alg': 'RS256'})}.{encode(claims)}.signature{mark}"


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60).stdout


class Client:
    """A key and a certificate of a client, and the files that it may stand in."""

    def __init__(self, folder, name="client", days=2, password="pass-of-the-file"):
        self.folder = pathlib.Path(folder)
        self.password = password
        self.key, self.own = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        asked = self.folder / f"{name}.csr"
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", self.key, "-out", asked)
        # Not `req -x509`, which makes none that has expired.
        openssl("x509", "-req", "-in", asked, "-signkey", self.key, "-days", days, "-out", self.own)
        self.pem = self.folder / f"{name}.pem"
        self.pem.write_text(self.own.read_text() + self.key.read_text())
        der = openssl("x509", "-in", self.own, "-outform", "DER")
        self.x5c = base64.b64encode(der).decode()
        self.digest = encode(hashlib.sha256(der).digest())
        self.public = self.folder / f"{name}.pub"
        self.public.write_bytes(openssl("x509", "-in", self.own, "-pubkey", "-noout"))

    def sealed_pem(self):
        path = self.pem.with_suffix(".sealed.pem")
        key = openssl("pkcs8", "-topk8", "-in", self.key, "-passout", f"pass:{self.password}")
        path.write_bytes(key + self.own.read_bytes())
        return path

    def pkcs12(self, password=None):
        path = self.pem.with_suffix(".p12" if password is None else ".open.p12")
        openssl("pkcs12", "-export", "-inkey", self.key, "-in", self.own, "-out", path,
                "-passout", f"pass:{self.password if password is None else password}")
        return path


class Refused(Exception):
    """The sign-in service says no."""


class SignIn:
    def __init__(self, emulator):
        self.emulator = emulator
        self.secrets, self.certificates = {}, {}  # client secret -> "right" or "expired"; digest -> public key
        self.subjects = set()                     # that a federated credential stands for
        self.lifetime = 3600
        self.identities = {"system": True}        # what IMDS knows: "system", or ("client_id", ID), ...
        self.identity_header, self.request_token = "header-of-the-application", "token-of-the-job"
        self.job_subject, self.connection = "repo:o/r:ref:refs/heads/main", "33333333-3333-3333-3333-333333333333"
        self.challenge = None                     # claims that ARM asks for once
        self.answers = []                         # (status, body) of the sign-in service, before it decides itself
        self.seen = []                            # {"path", "query", "headers", "form"} but of ARM
        self.tokens, self.given = {}, []
        self.revoked = set()
        self.rights = None                        # what the permissions API says; None: 403
        self.denied = []                          # (method, pattern of a path): 403
        self.used = []                            # assertions
        self.port = None
        serve(self)

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def cloud(self):
        return f"{self.origin}/metadata/endpoints"

    def token(self, audience):
        token = f"access-token-{uuid.uuid4()}"
        self.tokens[token] = (audience, time.time() + self.lifetime)
        self.given.append(token)
        return token

    def asked(self, part):
        return [seen for seen in self.seen if part in seen["path"]]

    # ---- the sign-in service ----

    def check_certificate(self, assertion, url):
        head, claims, signature = assertion.split(".")
        head, claims_json = json.loads(decode(head)), json.loads(decode(claims))
        public = self.certificates.get(head.get("x5t#S256"))
        if public is None or head["alg"] != "PS256":
            raise Refused(700027)
        folder = public.parent
        (folder / "signed").write_text(assertion.rpartition(".")[0])
        (folder / "signature").write_bytes(decode(signature))
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest",
             "-verify", public, "-signature", folder / "signature", folder / "signed"],
            capture_output=True, check=False, timeout=60)
        if done.returncode != 0 or claims_json["iss"] != CLIENT or claims_json["sub"] != CLIENT:
            raise Refused(700027)
        if claims_json["aud"] != url or not claims_json["nbf"] <= time.time() + 5 < claims_json["exp"] <= time.time() + 900:
            raise Refused(700024)
        if claims_json["jti"] in self.used:
            raise Refused(700027)
        self.used.append(claims_json["jti"])

    def check_federated(self, assertion):
        claims = json.loads(decode(assertion.split(".")[1]))
        if claims["exp"] < time.time():
            raise Refused(700024)
        if claims["iss"] != "https://issuer.test":
            raise Refused(700211)
        if claims["sub"] not in self.subjects:
            raise Refused(700213)
        if claims["aud"] != EXCHANGE:
            raise Refused(700212)
        self.used.append(assertion)

    def sign_in(self, path, form):
        """(status, body)"""
        if self.answers:
            return self.answers.pop(0)
        try:
            if path.split("/")[1] != TENANT:
                raise Refused(90002)
            if form.get("client_id") != CLIENT:
                raise Refused(700016)
            assert form["grant_type"] == "client_credentials"
            assertion = form.get("client_assertion")
            if "client_secret" in form:
                known = self.secrets.get(form["client_secret"])
                if known != "right":
                    raise Refused(7000222 if known == "expired" else 7000215)
            elif "x5t#S256" in json.loads(decode(assertion.split(".")[0])):
                assert form["client_assertion_type"] == ASSERTION_TYPE
                self.check_certificate(assertion, self.origin + path)
            else:
                assert form["client_assertion_type"] == ASSERTION_TYPE
                self.check_federated(assertion)
        except Refused as refused:
            code = refused.args[0]
            return 401, refusal(code, TEXTS[code])
        return 200, {"token_type": "Bearer", "expires_in": self.lifetime,
                     "access_token": self.token(form["scope"].removesuffix("/.default"))}

    def identity(self, query, service):
        chosen = [(name, query[name]) for name in ("client_id", "object_id", "mi_res_id", "msi_res_id") if name in query]
        if not self.identities.get(chosen[0] if chosen else "system"):
            return 400, {"error": "invalid_request", "error_description": "Identity not found"}
        token = {"access_token": self.token(query["resource"]), "token_type": "Bearer",
                 "expires_on": str(int(time.time()) + self.lifetime)}
        if not service:
            token["expires_in"] = str(self.lifetime)
        return 200, token

    def metadata(self):
        return {"name": "Test", "resourceManager": self.origin + "/",
                "authentication": {"loginEndpoint": self.origin + "/", "audiences": ["https://arm.test/"],
                                   "tenant": "common", "identityProvider": "AAD"},
                "suffixes": {"storage": "storage.test"}}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def refusal(code, text="", **more):
    body = {"error": "invalid_client", "error_codes": [code], "trace_id": "dddddddd-0000-0000-0000-00000000000d",
            "correlation_id": "cccccccc-0000-0000-0000-00000000000c", "timestamp": "2026-01-01 00:00:00Z",
            "error_description": f"AADSTS{code}: {text or 'refused'}\r\nTimestamp: 2026-01-01 00:00:00Z"}
    return {**body, **more}


def route(server, method, path, query, headers, form):
    """(status, body) of all but ARM; None: it is ARM's."""
    if path == "/metadata/endpoints":
        return 200, server.metadata()
    if path.endswith("/oauth2/v2.0/token"):
        return server.sign_in(path, form)
    if path == "/metadata/identity/oauth2/token":
        if headers.get("metadata") != "true" or query.get("api-version") != "2018-02-01":
            return 400, {"error": "bad_request_102"}
        return server.answers.pop(0) if server.answers else server.identity(query, False)
    if path == "/msi/token":
        if headers.get("x-identity-header") != server.identity_header or query.get("api-version") != "2019-08-01":
            return 401, {"statusCode": 401, "message": "No Managed Identity found for specified ClientId"}
        return server.identity(query, True)
    if path == "/github":
        if headers.get("authorization") != f"Bearer {server.request_token}":
            return 401, {"message": "the token is not this job's"}
        return 200, {"count": 1, "value": federated_token(server.job_subject, audience=query["audience"])}
    if path == "/pipelines/oidctoken":
        if method != "POST" or headers.get("authorization") != f"Bearer {server.request_token}":
            return 401, {"message": "TF400813: the user is not authorized"}
        if query.get("serviceConnectionId") != server.connection or query.get("api-version") != "7.1":
            return 404, {"message": "no such service connection"}
        return 200, {"oidcToken": federated_token(server.job_subject)}
    return None


def serve(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format, *args):
            pass

        def reply(self, status, body, headers=()):
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def deny(self, challenge=None):
            value = 'Bearer authorization_uri="https://login.test", error="invalid_token"'
            if challenge:
                claims = base64.b64encode(json.dumps(challenge).encode()).decode()
                value = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
            self.reply(401, {"error": {"code": "InvalidAuthenticationToken", "message": "no"}},
                       [("WWW-Authenticate", value)])

        def arm(self, parts, body):
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            audience, ends = server.tokens.get(token, (None, 0))
            if audience != "https://arm.test" or ends < time.time() or token in server.revoked:
                self.deny()
                return
            if server.challenge:
                challenge, server.challenge = server.challenge, None
                server.revoked.add(token)
                self.deny(challenge)
                return
            if parts.path.endswith("/providers/Microsoft.Authorization/permissions"):
                if server.rights is None:
                    self.reply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}})
                else:
                    self.reply(200, {"value": server.rights})
                return
            for method, pattern, answer in server.denied:
                if method == self.command and re.search(pattern, parts.path):
                    self.reply(403, {"error": answer})
                    return
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() not in ("host", "authorization", "content-length", "connection")}
            connection = http.client.HTTPConnection(server.emulator.host, timeout=60)
            connection.request(self.command, self.path, body, {**headers, "Authorization": "Bearer emulator"})
            answer = connection.getresponse()
            data = answer.read().replace(server.emulator.endpoint.encode(), server.origin.encode())
            self.reply(answer.status, data,
                       [(name, value.replace(server.emulator.endpoint, server.origin))
                        for name, value in answer.getheaders()
                        if name.lower() not in ("content-length", "content-type", "connection", "date")])
            connection.close()

        def handle_any(self):
            parts = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            query = dict(urllib.parse.parse_qsl(parts.query))
            headers = {name.lower(): value for name, value in self.headers.items()}
            form = {}
            if headers.get("content-type") == "application/x-www-form-urlencoded":
                form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
            if not parts.path.lower().startswith("/subscriptions"):
                server.seen.append({"path": parts.path, "query": query, "headers": headers, "form": form})
            answer = route(server, self.command, parts.path, query, headers, form)
            if answer is None:
                self.arm(parts, body)
            else:
                self.reply(*answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    server.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.server.daemon_threads = True
    server.port = server.server.server_address[1]
    threading.Thread(target=server.server.serve_forever, daemon=True).start()
