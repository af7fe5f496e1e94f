# SPDX-License-Identifier: Apache-2.0
"""Every source of a credential in every state that it may be in, against the emulator's own issuers: what a user sees
and how many requests it costs. tests/cases/sign-in has a row for each."""
import base64
import concurrent.futures
import itertools
import json
import time
import urllib.parse

import pytest
from directory import GITHUB, ID, KUBERNETES, PIPELINES, TENANT
from emulator import ROOT
from harness import Waybill, table_yaml
from sign_in import Client

RESOURCE_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/two"
CLOUD = f"""\
resourceGroups: {{kubernetes: {{location: japaneast}}}}
applications:
  secret:
    clientId: {ID(1)}
    secrets: [{{value: right-secret}}, {{value: next-secret}}, {{value: old-secret, expires: "2020-01-01T00:00:00Z"}}]
  signed: {{clientId: {ID(2)}, singleUse: true, certificates: [{{file: client.crt}}, {{file: next.crt}}]}}
  github: {{clientId: {ID(3)}, federatedCredentials: [
    {{issuer: "{GITHUB}", subject: "repo:waybill/emulated:ref:refs/heads/main"}}]}}
  pipelines: {{clientId: {ID(4)}, federatedCredentials: [
    {{issuer: "{PIPELINES}", subject: "sc://waybill/emulated/azure"}}]}}
  pod: {{clientId: {ID(5)}, federatedCredentials: [
    {{issuer: "{KUBERNETES}", subject: "system:serviceaccount:default:waybill"}}]}}
managedIdentities:
  one: {{clientId: {ID(11)}, objectId: {ID(21)}, systemAssigned: true}}
  two: {{clientId: {ID(12)}, objectId: {ID(22)}, resourceId: {RESOURCE_ID}}}
"""
# In this order: a challenge stays for all that follow, and so does a clock that was moved on.
STATES = ["right", "wrong", "missing", "unreadable", "empty", "oversized", "refused", "rotated", "challenged", "expired"]
MINUTE_MS = 60 * 1000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def read_table():
    """source -> state -> (how it ends, requests of issuers, of tokens, of ARM, words); None: there is no such cell."""
    table = {}
    for line in (ROOT / "tests" / "cases" / "sign-in" / "matrix.case").read_text().splitlines():
        if line.startswith("=== "):
            rows = table.setdefault(line[4:], {})
        elif table and line:
            state, ends, rest = (line.split(None, 2) + [""])[:3]
            if ends == "-":
                assert rest, "why is there none?"
                rows[state] = None
                continue
            issuers, tokens, arm, *words = rest.split(None, 3)
            rows[state] = (ends, int(issuers), int(tokens), int(arm), " ".join(words).split(" | ") if words else [])
    return table


TABLE = read_table()


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    return {name: Client(folder, name, days=days)
            for name, days in (("client", 2), ("next", 2), ("other", 2), ("old", -1))}


class World:
    """An emulator, a Waybill that trusts it, and what sources need of both."""

    def __init__(self, folder, azure, clients):
        self.azure, self.clients, self.folder = azure, clients, folder
        self.waybill = Waybill(folder / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
        self.waybill.environment.update(SSL_CERT_FILE=str(folder / "ca.pem"), ARM_USE_CLI="", PATH=str(folder / "bin"))
        (folder / "bin").mkdir()
        self.kinds = azure.environment()
        self.meanwhile = None  # done in a thread, between the first token and ARM's answer

    def begin(self):
        """As if nobody had been here."""
        self.meanwhile = None
        self.azure.faults()
        for name in ("az-asked", "bin/az", "second"):
            (self.folder / name).unlink(missing_ok=True)

    def token(self):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": ID(1),
                                       "client_secret": "right-secret", "scope": self.azure.endpoint + "//.default"})
        return self.azure.request("POST", f"/{TENANT}/oauth2/v2.0/token", form, FORM)[2]["access_token"]

    def pod_token(self, **spec):
        variables = self.kinds["kubernetes"]
        path = f"{variables['SERVER']}/api/v1/namespaces/default/serviceaccounts/waybill/token?"
        spec = {"spec": {"audiences": ["api://AzureADTokenExchange"], **spec}}
        return self.azure.request("POST", path, spec, {"Authorization": "Bearer " + variables["BEARER"]})[2]["status"]["token"]

    def later(self, minutes=120):
        self.azure.clock(minutes * MINUTE_MS)

    def answers(self, path, body, status=200, **more):
        """Whoever is asked there says this, whatever it is."""
        self.azure.fault(path=path, status=status, body=body, **more)

    def refuse_first(self, claims=False):
        """ARM's first answer is a 401."""
        value = 'Bearer authorization_uri="https://login.test", error="invalid_token"'
        if claims:
            asked = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1"}}}').decode()
            value = f'Bearer realm="", error="insufficient_claims", claims="{asked}"'
        self.azure.fault(path="/subscriptions/*", nth=1, status=401, code="ExpiredAuthenticationToken",
                         delay=31 * MINUTE_MS if self.meanwhile else 0, headers={"WWW-Authenticate": value})

    def file(self, text, name="given"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def az(self, script):
        path = self.folder / "bin" / "az"
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\necho >>'{self.folder}/az-asked'\n{script}\n")
        path.chmod(0o755)

    def run(self, env):
        if not self.meanwhile:
            return self.waybill.plan(check=None, env=env)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.waybill.plan, check=None, env=env)
            while not self.counts()[2] and not running.done():
                time.sleep(0.02)
            self.meanwhile()
            self.later(minutes=1)  # only now ARM's answer goes
            return running.result()

    def counts(self):
        """Requests to those who give assertions and identities (az is one), for tokens, and to ARM."""
        paths = [seen["path"] for seen in self.azure.requests()
                 if not seen["path"].startswith(("/metadata/endpoints", "/kubernetes/"))]
        tokens = sum("/oauth2/" in path and "/identity/" not in path for path in paths)
        arm = sum(path.startswith("/subscriptions/") for path in paths)
        asked = self.folder / "az-asked"
        return len(paths) - tokens - arm + (len(asked.read_text().splitlines()) if asked.exists() else 0), tokens, arm


def who(number, family="AZURE", tenant=TENANT):
    return {f"{family}_TENANT_ID": tenant, f"{family}_CLIENT_ID": ID(number)}


# ---- each of them: the environment of a state, after it was made ----

def ready(world, state):
    token = world.token()
    if state == "wrong":
        token = token[:-8] + "AAAAAAAA"
    elif state == "expired":
        world.later()
    elif state in ("refused", "challenged"):
        world.refuse_first(claims=state == "challenged")
    return {"WAYBILL_ACCESS_TOKEN": {"missing": "", "empty": " \n", "oversized": "a" * 70000}.get(state, token)}


def client(world, state, more):
    """What all clients of their own have in common: more is the proof."""
    if state == "refused":
        world.refuse_first()
    elif state == "challenged":
        world.azure.revoke()
    return more


SECRETS = {"wrong": "wrong-secret", "expired": "old-secret", "rotated": "next-secret", "empty": "",
           "oversized": "s" * 100000}


def secret(world, state, tenant=TENANT):
    env = {**who(1, tenant=tenant), "AZURE_CLIENT_SECRET": SECRETS.get(state, "right-secret")}
    if state == "missing":
        del env["AZURE_TENANT_ID"]
    return client(world, state, env)


def secret_file(world, state):
    path = world.file(SECRETS.get(state, "right-secret") + "\n")
    env = {**who(1, "ARM"), "ARM_CLIENT_SECRET_FILE_PATH": path + "-none" if state == "unreadable" else path}
    if state == "missing":
        del env["ARM_CLIENT_ID"]
    return client(world, state, env)


def certificate(world, state, kind, family="AZURE", tenant=TENANT):
    one = world.clients[{"wrong": "other", "expired": "old", "rotated": "next"}.get(state, "client")]
    sealed = kind in ("sealed", "pkcs12")
    if kind == "sealed" and state == "wrong":
        one = world.clients["client"]
    path = {"pem": lambda: one.pem, "sealed": one.sealed_pem, "pkcs12": one.pkcs12, "open": lambda: one.pkcs12("")}[kind]()
    if state in ("empty", "oversized"):
        path = world.file("" if state == "empty" else "x" * (2 << 20))
    env = {**who(2, family, tenant), f"{family}_CLIENT_CERTIFICATE_PATH": f"{path}-none" if state == "unreadable" else str(path)}
    if sealed:
        env[f"{family}_CLIENT_CERTIFICATE_PASSWORD"] = "another" if kind == "sealed" and state == "wrong" else one.password
    if state == "missing":
        del env[f"{family}_TENANT_ID"]
    return client(world, state, env)


def in_base64(world, state):
    env = certificate(world, state, "pkcs12", "ARM")
    path = env.pop("ARM_CLIENT_CERTIFICATE_PATH")
    text = {"unreadable": "%%%", "empty": "", "oversized": "A" * 120000}.get(state)
    if text is None:
        with open(path, "rb") as file:
            text = base64.b64encode(file.read()).decode()
    return {**env, "ARM_CLIENT_CERTIFICATE": text}


def with_chain(world, state):
    return {**certificate(world, state, "pem"), "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "true"}


def federated(world, state, kind="azure"):
    token = world.pod_token(expirationSeconds=600, **({"audiences": ["elsewhere"]} if state == "wrong" else {}))
    text = {"empty": "\n", "oversized": "a" * 100000}.get(state, token)
    path = world.file(text)
    if state == "expired":
        world.later()
    elif state == "rotated":
        def rotate():
            world.later(minutes=30)
            world.file(world.pod_token())
        world.meanwhile = rotate
        world.refuse_first()
    if state == "unreadable":
        path += "-none"
    env = {"azure": {**who(5), "AZURE_FEDERATED_TOKEN_FILE": path},
           "cluster": {**who(5, "ARM"), "ARM_USE_AKS_WORKLOAD_IDENTITY": "true", "AZURE_FEDERATED_TOKEN_FILE": path},
           "file": {**who(5, "ARM"), "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": path},
           "given": {**who(5, "ARM"), "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": text}}[kind]
    if state == "missing":
        del env["AZURE_CLIENT_ID" if kind == "azure" else "ARM_CLIENT_ID"]
    return client(world, state, env)


def job(world, state, kind, number, opens, member, path):
    """A job of a pipeline, which asks an issuer for its assertion."""
    env = {**world.kinds[kind], **who(number)}
    if state == "wrong":
        env[opens] = "not-the-token"
    elif state == "missing":
        del env[opens]
    elif state == "unreadable":
        world.answers(path, "<html>", nth=1)
    elif state in ("empty", "oversized"):
        world.answers(path, {member: "" if state == "empty" else "a" * 70000})
    elif state == "rotated":
        world.meanwhile = lambda: world.later(minutes=30)
        world.refuse_first()
    elif state == "expired":
        world.answers(path, {member: old_assertion(world, kind, env, opens, member)})
        world.later()
    return client(world, state, env)


def github(world, state):
    return job(world, state, "github", 3, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "value", "/github/*")


def pipelines(world, state):
    return job(world, state, "pipelines", 4, "SYSTEM_ACCESSTOKEN", "oidcToken", "/pipelines/*")


def old_assertion(world, kind, env, opens, member):
    opened = {"Authorization": "Bearer " + env[opens]}
    if kind == "github":
        url = env["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=api%3A%2F%2FAzureADTokenExchange"
        return world.azure.request("GET", url, None, opened)[2][member]
    url = (env["SYSTEM_OIDCREQUESTURI"] + "?api-version=7.1&serviceConnectionId="
           + env["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"])
    return world.azure.request("POST", url, "", {**opened, "Content-Type": "application/json"})[2][member]


def terraforms(job_of, renamed):
    """A job by the names that Terraform has for what its pipeline gives it."""
    def make(world, state):
        env = {renamed.get(name, name.replace("AZURE_", "ARM_")): value for name, value in job_of(world, state).items()}
        return {**env, "ARM_USE_OIDC": "true"}
    return make


def identity(world, state, kind, which=None, value=None):
    """Of a machine (imds) or an application (appService); one of several by what it is known by."""
    path = {"imds": "/metadata/identity/*", "appService": "/msi/token"}[kind]
    env = {"ARM_USE_MSI": "", **world.kinds[kind]}
    if which:
        env[which] = ID(99) if state == "wrong" else value
    elif state == "wrong" and kind == "appService":
        env["IDENTITY_HEADER"] = "not-the-header"
    elif state == "wrong":
        env["AZURE_CLIENT_ID"] = ID(99)
    if state == "missing" and kind == "appService":
        del env["IDENTITY_HEADER"]
    elif state == "missing":
        world.answers(path, {"error": "invalid_request", "error_description": "Identity not found"}, 400)
    elif state == "unreadable":
        world.answers(path, "<html>", nth=1)
    elif state in ("empty", "oversized"):
        world.answers(path, {"access_token": "" if state == "empty" else "a" * 70000})
    elif state == "expired":
        world.answers(path, {"access_token": world.token(), "expires_in": "3600"})
        world.later()
    elif state in ("refused", "challenged"):
        world.refuse_first(claims=state == "challenged")
    return env


def az(world, state):
    if state == "missing":
        return {}
    answer = json.dumps({"accessToken": world.token(), "expires_on": int(time.time()) + 3600})
    world.az({"wrong": "echo 'ERROR: Please run az login to setup account.' >&2; exit 1", "empty": "exit 0",
              "expired": "echo 'ERROR: AADSTS700082: The refresh token has expired.' >&2; exit 1",
              "unreadable": "echo nonsense", "oversized": "head -c 3000000 /dev/zero | tr '\\0' x",
              }.get(state, f"echo '{answer}'"))
    if state == "rotated":
        # Whoever is signed in now: az has their token at the next question.
        other = json.dumps({"accessToken": world.token(), "expires_on": int(time.time()) + 3600})
        world.az(f"if test -e '{world.folder}/second'; then echo '{other}'; else touch '{world.folder}/second'; "
                 f"echo '{answer}'; fi")
        world.refuse_first()
    elif state in ("refused", "challenged"):
        world.refuse_first(claims=state == "challenged")
    return {}


# Each group has one cloud: what costs is the key that a cloud makes before its first token.
TOKENS = {
    "ready": ready,
    "imds": lambda world, state: identity(world, state, "imds"),
    "imds-client": lambda world, state: identity(world, state, "imds", "AZURE_CLIENT_ID", ID(12)),
    "imds-object": lambda world, state: identity(world, state, "imds", "WAYBILL_IDENTITY_PRINCIPAL_ID", ID(22)),
    "imds-resource": lambda world, state: identity(world, state, "imds", "WAYBILL_IDENTITY_RESOURCE_ID", RESOURCE_ID),
    "app": lambda world, state: identity(world, state, "appService"),
    "app-client": lambda world, state: identity(world, state, "appService", "ARM_CLIENT_ID", ID(12)),
    "app-object": lambda world, state: identity(world, state, "appService", "WAYBILL_IDENTITY_PRINCIPAL_ID", ID(22)),
    "app-resource": lambda world, state: identity(world, state, "appService", "WAYBILL_IDENTITY_RESOURCE_ID", RESOURCE_ID),
    "az": az,
}
# What these sign is of this machine's time: no state of theirs moves the clock.
CLIENTS = {
    "secret": secret,
    "secret-file": secret_file,
    "pem": lambda world, state: certificate(world, state, "pem"),
    "pem-x5c": with_chain,
    "pem-sealed": lambda world, state: certificate(world, state, "sealed"),
    "pkcs12": lambda world, state: certificate(world, state, "pkcs12"),
    "pkcs12-open": lambda world, state: certificate(world, state, "open"),
    "pkcs12-base64": in_base64,
    "adfs-secret": lambda world, state: secret(world, state, "adfs"),
    "adfs-pem": lambda world, state: certificate(world, state, "pem", tenant="adfs"),
}
ASSERTIONS = {
    "workload-file": federated,
    "workload-cluster": lambda world, state: federated(world, state, "cluster"),
    "workload-arm": lambda world, state: federated(world, state, "file"),
    "workload-given": lambda world, state: federated(world, state, "given"),
    "github": github,
    "github-arm": terraforms(github, {"ACTIONS_ID_TOKEN_REQUEST_URL": "ARM_OIDC_REQUEST_URL",
                                      "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "ARM_OIDC_REQUEST_TOKEN"}),
    "pipelines": pipelines,
    "pipelines-arm": terraforms(pipelines, {
        "SYSTEM_OIDCREQUESTURI": "ARM_OIDC_REQUEST_URL", "SYSTEM_ACCESSTOKEN": "ARM_OIDC_REQUEST_TOKEN",
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"}),
}
SOURCES = {**TOKENS, **CLIENTS, **ASSERTIONS}


def test_the_table_has_every_cell(figure):
    assert {source: sorted(rows) for source, rows in TABLE.items()} == {source: sorted(STATES) for source in SOURCES}
    cells = [row for rows in TABLE.values() for row in rows.values()]
    played = sum(row is not None for row in cells)
    figure(f"sign-in: {len(SOURCES)} sources x {len(STATES)} states: {played} cells played, {len(cells) - played} cannot be")


def play(world, source, state):
    world.begin()
    env = SOURCES[source](world, state)
    world.azure.clear()
    result = world.run(env)
    ends = "done" if result.code == 0 else (result.codes or [result.stderr.rpartition("[")[2].partition("]")[0]])[0]
    return result, (ends, *world.counts())


@pytest.mark.parametrize("sources", [TOKENS, CLIENTS, ASSERTIONS], ids=["tokens", "clients", "assertions"])
def test_every_source_in_every_state(tmp_path, emulator, clients, sources):
    for name in ("client", "next"):
        (tmp_path / f"{name}.crt").write_text(clients[name].own.read_text())
    world = World(tmp_path, emulator(CLOUD, args=["--tls", "--tls-ca-out", tmp_path / "ca.pem"]), clients)
    differing = []
    for state, source in itertools.product(STATES, sources):
        expected = TABLE[source][state]
        if expected is None:
            continue
        result, came = play(world, source, state)
        if came != expected[:4] or not all(words in result.stderr for words in expected[4]):
            differing.append((source, state, expected, came, result))
    assert not differing, "\n".join(map(str, differing))
