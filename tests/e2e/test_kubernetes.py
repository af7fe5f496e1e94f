# SPDX-License-Identifier: Apache-2.0
"""Node sets read from a live API server: who may, what goes wrong, and what stays secret."""
import base64
import copy
import json
import os
import socket
import textwrap

import pytest
from api_server import ApiServer, Certificates, node
from harness import HEAD, Waybill, table_id, writes

pytestmark = pytest.mark.sanitizer
TOKEN = "first-token-of-the-cluster-abcdef"
OTHER = "second-token-of-the-cluster-ghijkl"
TABLE = """\
routeTables:
  t:
    nodeRoutes: [{nodeSet: workers}]
"""
LIVE = HEAD + "nodeSets:\n  workers:\n    kubernetes: {}\n" + TABLE
WORKERS = [node("worker-0", "10.240.0.20", "10.200.0.0/24", pool="blue"),
           node("worker-1", "10.240.0.21", "10.200.1.0/24", pool="green")]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("pki") / "ca")


@pytest.fixture
def servers(certificates):
    made = []

    def make(**more):
        server = ApiServer(certificates, **more)
        server.tokens = {TOKEN}
        server.nodes = copy.deepcopy(WORKERS)
        made.append(server)
        return server

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def server(servers):
    return servers()


@pytest.fixture
def outside(tmp_path):
    """Where the operator's own files are: not beside the configuration."""
    folder = tmp_path / "operator"
    folder.mkdir()
    return folder


@pytest.fixture
def waybill(tmp_path, azure, server, outside):
    waybill = Waybill(tmp_path / "w", azure, LIVE)
    waybill.environment["KUBECONFIG"] = str(
        server.kubeconfig(outside / "config", {"token": TOKEN}))
    return waybill


def names(result):
    return [one["node"] for one in result.json["nodes"]]


def assert_silent(waybill, certificates, *results):
    """No secret is in what was said, nor in any file beside the configuration."""
    key = certificates.text("client.key").splitlines()[1]
    secrets = [TOKEN, OTHER, key, base64.b64encode(TOKEN.encode()).decode()]
    said = [result.text.encode() for result in results]
    said += [path.read_bytes() for path in waybill.folder.rglob("*") if path.is_file()]
    for text in said:
        for secret in secrets:
            assert secret.encode() not in text, (secret, text)


def plugin(folder, script, name="plugin"):
    path = folder / name
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)
    return path


def exec_user(command, version="v1", **more):
    return {"exec": {"apiVersion": f"client.authentication.k8s.io/{version}",
                     "command": str(command), **more}}


def credential(version="v1", **status):
    return json.dumps({"kind": "ExecCredential",
                       "apiVersion": f"client.authentication.k8s.io/{version}",
                       "status": status})


# ---- what it is for ----

def test_routes_are_made_of_the_nodes_of_a_cluster(waybill, server, azure, certificates):
    planned = waybill.plan("--out", "plan", "--log-level", "trace")
    assert "Plan: 3 to add, 0 to change, 0 to destroy." in planned.stdout
    applied = waybill.apply("plan", "--log-level", "trace")
    routes = {route["name"]: route["properties"]["nextHopIpAddress"]
              for route in azure.get(table_id())["properties"]["routes"]}
    assert routes == {"worker-0": "10.240.0.20", "worker-1": "10.240.0.21"}
    waybill.assert_settled()
    assert {request["path"] for request in server.requests} == {"/api/v1/nodes"}
    assert all(request["query"] == {"limit": "500"} for request in server.requests)
    assert all(request["agent"].startswith("waybill/") for request in server.requests)
    assert_silent(waybill, certificates, planned, applied, waybill.run("show", check=0),
                  waybill.run("show", "--json", "plan", check=0),
                  waybill.run("nodes", "--json", check=0))


def test_equal_rows_give_an_equal_plan_however_they_come(waybill, server):
    first = waybill.plan().plan_id
    server.nodes.reverse()
    server.page = 1
    server.nodes[0]["metadata"]["uid"] = "another"
    assert waybill.plan().plan_id == first
    server.nodes[0]["status"]["addresses"][1]["address"] = "10.240.0.99"
    assert waybill.plan().plan_id != first


def test_a_saved_plan_asks_the_cluster_again(waybill, server, azure):
    waybill.plan("--out", "plan")
    waybill.file.unlink()
    server.nodes[1]["status"] = node("x", "10.240.0.77", "10.200.1.0/24")["status"]
    azure.clear()
    refused = waybill.apply("plan", check=1)
    assert "plan-stale" in refused.codes and "worker-1" in refused.stderr, refused
    assert waybill.run("check", "plan").code == 2
    assert writes(azure.requests()) == []
    server.nodes = copy.deepcopy(WORKERS)
    waybill.run("check", "plan", check=0)
    waybill.apply("plan")


def test_a_saved_plan_holds_no_authority(waybill):
    waybill.plan("--out", "plan")
    del waybill.environment["KUBECONFIG"]
    assert waybill.apply("plan", check=1).codes == ["kubeconfig-missing"]


def test_sets_share_a_list_and_labels_select_at_the_server(waybill, server):
    waybill.write(HEAD + """\
nodeSets:
  workers: {kubernetes: {labels: {pool: blue}}}
  same: {kubernetes: {labels: {pool: blue}}, exclude: {names: [nobody]}}
  any: {kubernetes: {labels: {pool: "*"}}, exclude: {labels: {pool: blue}}}
""")
    listed = waybill.run("nodes", "--json", check=0)
    assert sorted(names(listed)) == ["worker-0", "worker-0", "worker-1"]
    assert [request["query"].get("labelSelector") for request in server.requests] == [
        "pool=blue", "pool"]


def test_a_server_that_selects_nothing_is_not_believed(waybill, server):
    waybill.write(LIVE.replace("{}", "{labels: {pool: blue}}"))
    server.faults = [lambda handler: handler.list(server, {"limit": "500"})]
    assert names(waybill.run("nodes", "--json", check=0)) == ["worker-0"]


def test_contexts_are_names_of_the_operator(waybill, servers, outside):
    other = servers()
    other.nodes = [node("far-0", "10.240.0.30", "10.200.9.0/24")]
    config = json.loads((outside / "config").read_text())
    config["clusters"].append({"name": "far", "cluster": {
        "server": other.url, "certificate-authority": "../pki.crt"}})
    config["contexts"].append({"name": "far", "context": {"cluster": "far", "user": "u"}})
    (outside / "config").write_text(json.dumps(config))
    (outside.parent / "pki.crt").write_text(other.certificates.text("ca.crt"))
    waybill.write(HEAD + """\
variables: {where: {type: string, default: far}}
nodeSets:
  workers: {kubernetes: {}}
  far: {kubernetes: {context: "${var.where}"}}
""")
    assert sorted(names(waybill.run("nodes", "--json", check=0))) == [
        "far-0", "worker-0", "worker-1"]
    wrong = waybill.run("nodes", "--var", "where=fra", check=1)
    assert wrong.codes == ["kubeconfig-context"] and "did you mean `far`?" in wrong.stderr


def test_beside_another_source_rows_are_merged_and_overridden(waybill, server):
    waybill.write(LIVE.replace("kubernetes: {}", """\
kubernetes: {}
    csv: {file: more.csv}
    nodes: {worker-0: {ip: 10.240.0.50}}"""))
    (waybill.folder / "more.csv").write_text("name,ip,podCIDR\nextra,10.240.0.40,10.200.7.0/24\n")
    rows = {one["node"]: one["ips"] for one in waybill.run("nodes", "--json", check=0).json["nodes"]}
    assert rows == {"extra": ["10.240.0.40"], "worker-0": ["10.240.0.50"],
                    "worker-1": ["10.240.0.21"]}
    (waybill.folder / "more.csv").write_text(
        "name,ip,podCIDR\nWorker-1,10.240.0.40,10.200.7.0/24\n")
    assert waybill.run("nodes", check=1).codes == ["node-duplicate"]


# ---- a source that says too little ----

def test_an_empty_list_and_half_a_list_are_errors(waybill, server):
    server.nodes = [node(f"n-{i}", f"10.240.0.{i + 20}", f"10.200.{i}.0/24") for i in range(9)]
    waybill.apply()
    server.nodes = server.nodes[:4]
    assert "node-set-shrunk" in waybill.plan(check=1).codes
    server.nodes = []
    empty = waybill.plan(check=1)
    assert empty.codes == ["node-set-empty"] and "waybill.yaml:7" in empty.stderr


def test_two_nodes_of_one_name_and_half_a_node_are_errors(waybill, server):
    server.nodes.append(node("WORKER-1", "10.240.0.30", "10.200.5.0/24"))
    assert waybill.plan(check=1).codes == ["node-duplicate"]
    server.nodes[2] = {"metadata": {"name": "new"}, "spec": {}, "status": {}}
    refused = waybill.plan(check=1)
    assert refused.codes == ["node-incomplete"] and "incomplete: skip" in refused.stderr
    waybill.write(LIVE.replace("{}", "{}\n    incomplete: skip", 1))
    assert names(waybill.run("nodes", "--json", check=0)) == ["worker-0", "worker-1"]


def test_destroy_does_not_need_the_cluster(waybill, server, azure):
    waybill.apply()
    del waybill.environment["KUBECONFIG"]
    server.requests.clear()
    assert "Plan: 0 to add, 0 to change, 3 to destroy." in waybill.plan("--destroy").stdout
    waybill.destroy()
    assert waybill.records() == [] and server.requests == []


# ---- pages ----

def test_pages_are_read_to_the_last(waybill, server):
    server.nodes = [node(f"n-{i}", f"10.240.{i // 200}.{i % 200 + 20}", f"10.200.{i}.0/24")
                    for i in range(25)]
    server.page = 10
    assert len(names(waybill.run("nodes", "--json", check=0))) == 25
    assert [request["query"].get("continue") for request in server.requests] == [
        None, "page-10", "page-20"]


def test_a_list_that_the_server_forgot_is_read_again(waybill, server):
    server.page = 1
    server.faults = [None, lambda handler: handler.refuse(410, "too old")]
    assert names(waybill.run("nodes", "--json", check=0)) == ["worker-0", "worker-1"]
    assert [request["query"].get("continue") for request in server.requests] == [
        None, "page-1", None, "page-1"]


def test_a_list_that_is_always_forgotten_is_given_up(waybill, server):
    server.page = 1
    server.faults = [None, lambda handler: handler.refuse(410, "too old")] * 9
    refused = waybill.run("nodes", check=1)
    assert refused.codes == ["cluster-refused"] and "too old" in refused.stderr
    assert len(server.requests) == 8


def test_pages_in_a_circle_are_refused(waybill, server):
    server.faults = [lambda handler: handler.answer(
        200, {"kind": "NodeList", "items": [], "metadata": {"continue": "again"}})] * 9
    assert waybill.run("nodes", check=1).codes == ["cluster-answer"]
    assert len(server.requests) == 2


# ---- refusals ----

def test_a_refusal_is_told_with_its_reason_and_its_place(waybill, server, certificates):
    server.faults = [lambda handler: handler.refuse(
        403, f'nodes is forbidden: User "x" cannot list {TOKEN}')]
    refused = waybill.plan("--log-level", "trace", check=1)
    assert refused.codes == ["cluster-refused"] and "nodes is forbidden" in refused.stderr
    assert "waybill.yaml:7:5: error" in refused.stderr and "ClusterRole" in refused.stderr
    assert_silent(waybill, certificates, refused)


def test_a_fixed_token_that_is_refused_is_not_tried_twice(waybill, server, certificates):
    server.tokens = {OTHER}
    refused = waybill.plan(check=1)
    assert refused.codes == ["cluster-sign-in"] and len(server.requests) == 1
    assert_silent(waybill, certificates, refused)


def test_what_passes_is_tried_again(waybill, server):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"kind"')
        handler.close_connection = True

    server.faults = [lambda handler: handler.refuse(500, "later"), cut,
                     lambda handler: handler.refuse(429, "slow", [("Retry-After", "1")])]
    assert names(waybill.run("nodes", "--json", check=0)) == ["worker-0", "worker-1"]
    assert len(server.requests) == 4


def test_what_stays_is_given_up(waybill, server):
    server.faults = [lambda handler: handler.refuse(500, "etcd is away")] * 20
    refused = waybill.run("nodes", check=1)
    assert refused.codes == ["cluster-refused"] and "etcd is away" in refused.stderr
    assert len(server.requests) == 6


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"items": 1}',
                                  b'{"items": [{"metadata": {"name": "\xff"}}]}'])
def test_an_answer_that_is_no_list_is_refused(waybill, server, body):
    server.faults = [lambda handler: handler.answer(200, body)] * 20
    assert waybill.run("nodes", check=1).codes == ["cluster-answer"]


def test_a_hostile_node_cannot_write_into_the_output(waybill, server):
    server.nodes = [node("w\n::set-output name=x::y", "10.240.0.20", "10.200.0.0/24")]
    refused = waybill.run("nodes", check=1)
    assert refused.codes == ["bad-name"] and "\n::" not in refused.text
    server.faults = [lambda handler: handler.refuse(403, "no\n::set-output name=x::y\x1b[2J")]
    refused = waybill.run("nodes", check=1)
    assert refused.codes == ["cluster-refused"]
    assert "\n::" not in refused.text and "\x1b" not in refused.text
    server.nodes = [{"metadata": {"name": "w", "labels": 3}, "spec": {"podCIDRs": [7]},
                     "status": {"addresses": [{"type": "InternalIP", "address": 5}, 3]}}]
    assert "nodes-unreadable" in waybill.run("nodes", check=1).codes


# ---- where the token goes ----

def test_a_redirect_is_not_followed(waybill, server, servers, certificates):
    thief = servers()
    for status in (301, 302, 307, 308):
        server.faults = [lambda handler, status=status: handler.answer(
            status, {}, [("Location", thief.url + "/api/v1/nodes")])]
        refused = waybill.run("nodes", "--log-level", "trace", check=1)
        assert refused.codes == ["cluster-refused"] and "redirect" in refused.stderr
        assert_silent(waybill, certificates, refused)
    assert thief.requests == []


def test_another_ca_is_not_trusted(waybill, server, outside, tmp_path):
    strange = Certificates(tmp_path / "strange")
    authority = base64.b64encode(strange.text("ca.crt").encode()).decode()
    server.kubeconfig(outside / "config", {"token": TOKEN},
                      **{"certificate-authority-data": authority})
    assert waybill.run("nodes", check=1).codes == ["cluster-untrusted"]
    server.kubeconfig(outside / "config", {"token": TOKEN}, **{"certificate-authority-data": None})
    assert waybill.run("nodes", check=1).codes == ["cluster-untrusted"]
    assert server.requests == []


def test_the_name_of_the_certificate_may_be_another(waybill, servers, outside):
    far = servers(name="elsewhere")
    far.kubeconfig(outside / "config", {"token": TOKEN})
    assert waybill.run("nodes", check=1).codes == ["cluster-untrusted"]
    assert far.requests == []
    far.kubeconfig(outside / "config", {"token": TOKEN}, **{
        "tls-server-name": "elsewhere.internal"})
    assert names(waybill.run("nodes", "--json", check=0)) == ["worker-0", "worker-1"]
    assert far.requests[0]["host"] == far.url.removeprefix("https://")
    far.kubeconfig(outside / "config", {"token": TOKEN}, **{"tls-server-name": "other.internal"})
    assert waybill.run("nodes", check=1).codes == ["cluster-untrusted"]


def test_plain_http_is_for_loopback_alone(waybill, servers, outside):
    plain = servers(tls=False)
    plain.kubeconfig(outside / "config", {"token": TOKEN}, **{"certificate-authority-data": None})
    assert names(waybill.run("nodes", "--json", check=0)) == ["worker-0", "worker-1"]
    plain.kubeconfig(outside / "config", {"token": TOKEN}, server="http://192.0.2.1:8080")
    assert waybill.run("nodes", check=1).codes == ["kubeconfig-invalid"]


def test_a_server_that_is_not_there(waybill, server, outside):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{closed.getsockname()[1]}"
        server.kubeconfig(outside / "config", {"token": TOKEN}, server=url)
        refused = waybill.run("nodes", check=1)
    assert refused.codes == ["cluster-unreachable"]


# ---- who we are ----

def test_a_client_certificate_signs_in(waybill, server, outside, certificates):
    server.tokens, server.clients = set(), {"client"}
    data = {"client-certificate-data": "client.crt", "client-key-data": "client.key"}
    server.kubeconfig(outside / "config", {
        member: base64.b64encode(certificates.text(name).encode()).decode()
        for member, name in data.items()})
    listed = waybill.run("nodes", "--json", "--log-level", "trace", check=0)
    assert names(listed) == ["worker-0", "worker-1"]
    assert server.requests[-1]["client"] == "client"
    assert server.requests[-1]["authorization"] is None
    server.kubeconfig(outside / "config", {
        "client-certificate": str(certificates.path("client.crt")),
        "client-key": os.path.relpath(certificates.path("client.key"), outside)})
    planned = waybill.plan("--out", "plan", "--log-level", "trace")
    assert_silent(waybill, certificates, listed, planned)
    server.clients = set()
    assert waybill.run("nodes", check=1).codes == ["cluster-sign-in"]


def test_a_file_of_a_token_is_read_each_time(waybill, server, outside, certificates):
    file = outside / "token"
    file.write_text(OTHER + "\n")
    server.kubeconfig(outside / "config", {"tokenFile": "token", "token": "never-sent-token"})

    def rotate(handler):
        file.write_text(TOKEN + "\n")
        handler.refuse(401, f"Unauthorized {OTHER}")

    server.faults = [rotate]
    listed = waybill.run("nodes", "--json", "--log-level", "trace", check=0)
    assert names(listed) == ["worker-0", "worker-1"]
    assert [request["authorization"] for request in server.requests] == [
        f"Bearer {OTHER}", f"Bearer {TOKEN}"]
    server.tokens = {OTHER}
    refused = waybill.run("nodes", check=1)
    assert refused.codes == ["cluster-sign-in"] and len(server.requests) == 4
    file.unlink()
    lost = waybill.run("nodes", check=1)
    assert lost.codes == ["cluster-sign-in"] and len(server.requests) == 4
    assert_silent(waybill, certificates, listed, refused, lost)


def test_a_plugin_runs_only_when_it_is_allowed(waybill, server, outside, certificates):
    ran = outside / "ran"
    command = plugin(outside, f"""\
        printf '%s' "$KUBERNETES_EXEC_INFO" > {ran}
        printf '%s\\n' "$1" "$REGION" >> {ran}.words
        echo '{credential(token=TOKEN)}'
        """)
    server.kubeconfig(outside / "config", exec_user(
        command, args=["$(touch pwned); `id`"],
        env=[{"name": "REGION", "value": "japan"}], provideClusterInfo=True))
    refused = waybill.plan(check=1)
    assert refused.codes == ["exec-not-allowed"] and "--allow-exec" in refused.stderr
    assert not ran.exists() and server.requests == []
    planned = waybill.plan("--allow-exec", "--out", "plan", "--log-level", "trace")
    assert "Plan: 3 to add" in planned.stdout
    info = json.loads(ran.read_text())
    assert info["kind"] == "ExecCredential"
    assert info["apiVersion"] == "client.authentication.k8s.io/v1"
    assert info["spec"]["interactive"] is False
    assert info["spec"]["cluster"]["server"] == server.url
    assert base64.b64decode(info["spec"]["cluster"]["certificate-authority-data"]).decode() == \
        certificates.text("ca.crt")
    assert (outside / "ran.words").read_text() == "$(touch pwned); `id`\njapan\n"
    assert not (waybill.folder / "pwned").exists()
    assert waybill.apply("plan", check=1).codes == ["exec-not-allowed"]
    applied = waybill.apply("plan", env={"WAYBILL_ALLOW_EXEC": "true"})
    assert_silent(waybill, certificates, refused, planned, applied)


def test_a_plugin_is_a_path_beside_the_kubeconfig_or_a_name_on_the_path(waybill, server, outside):
    folder = outside / "bin"
    folder.mkdir()
    plugin(folder, f"echo '{credential(token=TOKEN)}'", "sign-in-to-cluster")
    server.kubeconfig(outside / "config", exec_user("bin/sign-in-to-cluster"))
    assert names(waybill.run("nodes", "--allow-exec", "--json", check=0))
    server.kubeconfig(outside / "config", exec_user(
        "sign-in-to-cluster", installHint="install it from there"))
    missing = waybill.run("nodes", "--allow-exec", check=1)
    assert missing.codes == ["exec-failed"] and "install it from there" in missing.stderr
    found = waybill.run("nodes", "--allow-exec", "--json", check=0,
                        env={"PATH": f"{folder}:/usr/bin:/bin"})
    assert names(found)


def test_a_plugin_is_asked_again_when_its_token_is_refused(waybill, server, outside, certificates):
    count = outside / "count"
    command = plugin(outside, f"""\
        echo x >> {count}
        ls -l /proc/$$/fd >> {outside}/open
        if [ $(wc -l < {count}) = 1 ]; then
            echo '{credential("v1beta1", token=OTHER, expirationTimestamp="2999-01-01T00:00:00Z")}'
        else
            echo '{credential("v1beta1", token=TOKEN)}'
        fi
        """)
    server.kubeconfig(outside / "config", exec_user(command, "v1beta1"))
    server.page = 1
    listed = waybill.run("nodes", "--allow-exec", "--json", "--log-level", "trace", check=0)
    assert names(listed) == ["worker-0", "worker-1"]
    assert [request["authorization"] for request in server.requests] == [
        f"Bearer {OTHER}", f"Bearer {TOKEN}", f"Bearer {TOKEN}"]
    assert count.read_text() == "x\nx\n"
    held = (outside / "open").read_text()
    assert "/dev/null" in held and "socket:" not in held, "a plugin holds no connection of ours"
    server.tokens = set()
    refused = waybill.run("nodes", "--allow-exec", check=1)
    assert refused.codes == ["cluster-sign-in"] and count.read_text() == "x\n" * 4
    assert_silent(waybill, certificates, listed, refused)


def test_a_plugin_may_give_a_certificate(waybill, server, outside, certificates):
    server.tokens, server.clients = set(), {"client"}
    answer = outside / "answer.json"
    answer.write_text(credential(clientCertificateData=certificates.text("client.crt"),
                                 clientKeyData=certificates.text("client.key"),
                                 expirationTimestamp="2001-01-01T00:00:00+09:00"))
    command = plugin(outside, f"echo x >> {outside}/count; cat {answer}")
    server.kubeconfig(outside / "config", exec_user(command))
    server.page = 1
    listed = waybill.run("nodes", "--allow-exec", "--json", "--log-level", "trace", check=0)
    assert names(listed) == ["worker-0", "worker-1"]
    assert (outside / "count").read_text() == "x\nx\n", "what has come to its end is asked for anew"
    assert_silent(waybill, certificates, listed)


@pytest.mark.parametrize("script, says", [
    (f"echo 'no luck with {TOKEN} or id_token=eyJhbGciOi.eyJzdWIiOi.c2ln' >&2; exit 3", "status 3"),
    ("kill -9 $$", "signal 9"),
    ("echo hello", "not JSON"),
    ("echo '{}'", "no ExecCredential"),
    (f"echo '{credential('v1beta1', token=TOKEN)}'", "another version"),
    (f"echo '{credential()}'", "without a token"),
    (f"echo '{credential(token=TOKEN, expirationTimestamp='soon')}'", "RFC 3339"),
    (f"echo '{credential(clientCertificateData='x')}'", "belong together"),
    ("head -c 3000000 /dev/zero", "more than we take"),
])
def test_a_plugin_that_fails_is_told_without_its_secrets(waybill, server, outside, certificates,
                                                        script, says):
    command = plugin(outside, script)
    server.kubeconfig(outside / "config", exec_user(
        command, env=[{"name": "SECRET", "value": TOKEN}]))
    refused = waybill.run("nodes", "--allow-exec", "--log-level", "trace", check=1)
    assert refused.codes == ["exec-failed"] and says in refused.stderr, refused
    assert server.requests == [] and "eyJ" not in refused.text
    if "no luck" in script:
        assert "no luck with ****" in refused.stderr
    assert_silent(waybill, certificates, refused)


def test_whom_a_plugin_leaves_behind_is_not_waited_for(waybill, server, outside):
    pid = outside / "pid"
    command = plugin(outside, f"sleep 300 & echo $! > {pid}; echo '{credential(token=TOKEN)}'")
    server.kubeconfig(outside / "config", exec_user(command))
    assert names(waybill.run("nodes", "--allow-exec", "--json", check=0, timeout=60))
    os.kill(int(pid.read_text()), 9)


# ---- which kubeconfig ----

def test_which_kubeconfig(waybill, server, outside):
    path = waybill.environment.pop("KUBECONFIG")
    missing = waybill.run("nodes", check=1)
    assert missing.codes == ["kubeconfig-missing"] and "--kubeconfig" in missing.stderr
    assert names(waybill.run("nodes", "--json", "--kubeconfig", path, check=0))
    assert names(waybill.run("nodes", "--json", check=0, env={"WAYBILL_KUBECONFIG": path}))
    bad = str(outside / "bad")
    (outside / "bad").write_text("{}")
    assert names(waybill.run("nodes", "--json", "--kubeconfig", path, check=0,
                             env={"KUBECONFIG": bad, "WAYBILL_KUBECONFIG": bad}))
    nothing = waybill.run("nodes", check=1, env={"KUBECONFIG": str(outside / "nothing")})
    assert nothing.codes == ["kubeconfig-unreadable"]


def test_several_kubeconfigs_are_merged(waybill, server, outside):
    whole = json.loads((outside / "config").read_text())
    parts = {"a": ["current-context", "contexts"], "b": ["clusters"], "c": ["users"]}
    for name, members in parts.items():
        (outside / name).write_text(json.dumps({member: whole[member] for member in members}))
    # The first that has it gives it.
    (outside / "d").write_text(json.dumps({"current-context": "other", "users": [
        {"name": "u", "user": {"token": "never-sent-token"}}]}))
    paths = ":".join(str(outside / name) for name in ("a", "none", "b", "c", "d"))
    assert names(waybill.run("nodes", "--json", check=0, env={"KUBECONFIG": paths}))
    assert server.requests[-1]["authorization"] == f"Bearer {TOKEN}"
    assert waybill.run("nodes", check=1, env={"KUBECONFIG": str(outside / "a") + ":"}).codes == [
        "kubeconfig-invalid"]


@pytest.mark.parametrize("user, cluster, code", [
    ({"token": TOKEN}, {"insecure-skip-tls-verify": True}, "kubeconfig-unsupported"),
    ({"token": TOKEN}, {"proxy-url": "http://proxy"}, "kubeconfig-unsupported"),
    ({"username": "admin", "password": TOKEN}, {}, "kubeconfig-unsupported"),
    ({"auth-provider": {"name": "azure", "config": {"t": TOKEN}}}, {}, "kubeconfig-unsupported"),
    ({"token": TOKEN, "as": "system:admin"}, {}, "kubeconfig-unsupported"),
    ({"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "x"}}, {},
     "kubeconfig-unsupported"),
    ({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "x",
               "interactiveMode": "Always"}}, {}, "kubeconfig-unsupported"),
    ({"token": 5}, {}, "kubeconfig-invalid"),
    ({"client-key-data": TOKEN}, {}, "kubeconfig-invalid"),
    ({"token": TOKEN}, {"server": f"https://user:{TOKEN}@127.0.0.1"}, "kubeconfig-invalid"),
    ({"token": TOKEN}, {"server": "ftp://127.0.0.1"}, "kubeconfig-invalid"),
    ({"token": TOKEN}, {"server": None}, "kubeconfig-invalid"),
    ({"token": TOKEN}, {"certificate-authority-data": "bm90aGluZw=="}, "kubeconfig-invalid"),
])
def test_what_a_kubeconfig_may_not_say(waybill, server, outside, certificates, user, cluster, code):
    server.kubeconfig(outside / "config", user, **cluster)
    refused = waybill.run("nodes", "--allow-exec", check=1)
    assert set(refused.codes) == {code} and server.requests == []
    assert f"{outside}/config:" in refused.stderr
    assert_silent(waybill, certificates, refused)


@pytest.mark.parametrize("text", [
    f"users: [{{name: u, user: {{token: {TOKEN}}}}}\n", f"token: {TOKEN}\ntoken: {TOKEN}\n",
    f"- {TOKEN}\n", f"!{TOKEN} x\n", f"a: &{TOKEN} 1\nb: *x{TOKEN}\n", f"{TOKEN}: [\n"])
def test_a_kubeconfig_that_is_none_is_not_quoted(waybill, outside, certificates, text):
    (outside / "config").write_text(text)
    refused = waybill.run("nodes", check=1)
    assert refused.codes == ["kubeconfig-invalid"]
    assert_silent(waybill, certificates, refused)


# ---- the configuration ----

def test_the_configuration_names_no_authority(waybill, outside, server):
    for member in ("kubeconfig: config", "server: https://x", "token: x", "exec: {command: id}"):
        waybill.write(LIVE.replace("{}", "{" + member + "}", 1))
        assert waybill.run("nodes", check=1).codes == ["unknown-member"]
    waybill.write(LIVE.replace("{}", "{file: nodes.json, context: here}", 1))
    assert waybill.run("validate", check=1).codes == ["same-member-twice"]
    assert server.requests == []


def test_validate_reads_no_cluster(waybill, server):
    del waybill.environment["KUBECONFIG"]
    waybill.run("validate", check=0)
    assert server.requests == []


# ---- standard input ----

def test_nodes_on_standard_input_are_in_the_plan(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, LIVE.replace("{}", '{file: "-"}', 1))
    kubectl = json.dumps({"kind": "List", "items": [{"kind": "Node", **one} for one in WORKERS]})
    raw = json.dumps({"kind": "NodeList", "items": WORKERS})
    saved = waybill.plan("--out", "plan", stdin=kubectl.encode())
    assert waybill.plan(stdin=raw.encode()).plan_id == saved.plan_id
    other = kubectl.replace("10.240.0.21", "10.240.0.22")
    assert waybill.plan(stdin=other.encode()).plan_id != saved.plan_id
    assert waybill.apply("--expect", saved.plan_id, check=1,
                         stdin=other.encode()).codes == ["plan-unexpected"]
    assert waybill.apply(check=1).codes == ["nodes-unreadable"], "nothing on standard input"
    waybill.apply("plan")
    waybill.plan("--detailed-exitcode", stdin=kubectl.encode())
