# SPDX-License-Identifier: Apache-2.0
"""A proxy between Waybill and Azure: which is asked for what, and what is told when it does not do it."""
import base64
import urllib.parse

import har
import pytest
from harness import GROUP, Waybill, table_id, table_yaml
from transport import Authority, End, Gone, Socks, Tunnel

pytestmark = pytest.mark.sanitizer
ARM = "https://arm.test"
ROUTES = {"a": ("10.1.0.0/16", "10.240.0.4")}
PASSWORD = "planted pass/w:rd@1"
USER = "planted-user"


def forms(secret):
    return {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret)}


class World:
    """An Azure at https://arm.test, which is only to be reached through the proxy."""

    def __init__(self, folder, emulator, **proxy):
        self.azure = emulator("resourceGroups: {kubernetes: {location: japaneast}}\n", ["--public-url", ARM])
        self.authority = Authority(folder)
        self.end = End(self.authority.sign("arm.test"), int(self.azure.host.rpartition(":")[2]))
        if proxy.pop("tls", False):
            proxy["certificate"] = self.authority.sign("127.0.0.1")
        self.proxy = Tunnel({"arm.test:443": self.end.port}, **proxy)
        self.waybill = Waybill(folder / "w", None, table_yaml(ROUTES))
        self.waybill.environment.update(
            WAYBILL_CLOUD=ARM, AZURE_TENANT_ID=self.azure.ready["tenant"], AZURE_CLIENT_SECRET="planted-secret",
            AZURE_CLIENT_ID="22222222-2222-2222-2222-222222222222", SSL_CERT_FILE=str(self.authority.pem),
            https_proxy=self.proxy.url)

    def ready(self):
        """A token and endpoints at hand, so that the next request to ARM is the first through the proxy."""
        token = self.azure.request(
            "POST", f"/{self.azure.ready['tenant']}/oauth2/v2.0/token", "grant_type=client_credentials&client_id="
            f"22222222-2222-2222-2222-222222222222&client_secret=s&scope={urllib.parse.quote(ARM, safe='')}%2F%2F.default",
            {"Content-Type": "application/x-www-form-urlencoded"})[2]["access_token"]
        self.waybill.environment.update(
            WAYBILL_CLOUD=f"http://{self.azure.host}/metadata/endpoints", WAYBILL_ACCESS_TOKEN=token)

    def stop(self):
        self.end.stop()
        self.proxy.stop()


@pytest.fixture
def world(tmp_path, emulator):
    made = []

    def make(**more):
        made.append(World(tmp_path, emulator, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_each_variable_that_names_one(name, world):
    there = world()
    del there.waybill.environment["https_proxy"]
    there.waybill.environment[name] = there.proxy.url
    there.waybill.apply()
    assert there.azure.cloud()[table_id()]
    assert set(there.proxy.asked) == {("CONNECT", "arm.test:443")}
    assert not any("uthorization" in head or "Bearer" in head for head in there.proxy.heads)


def test_one_name_in_two_ways(world):
    """As curl has them: what is for https before what is for all, small letters before capitals."""
    there = world()
    there.waybill.environment.update(HTTPS_PROXY="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1")
    there.waybill.plan()


@pytest.mark.parametrize("name, value", [
    ("no_proxy", "arm.localhost"), ("NO_PROXY", "other.test, .localhost"), ("no_proxy", "*")])
def test_hosts_that_need_none(name, value, tmp_path, world):
    there = world()
    end = End(there.authority.sign("arm.localhost"), int(there.azure.host.rpartition(":")[2]))
    there.waybill.environment.update({name: value, "WAYBILL_CLOUD": f"https://arm.localhost:{end.port}"})
    told = there.waybill.hurried("rest", "GET", GROUP, "--log-level", "debug")
    assert end.connections > 0, told
    assert not any("localhost" in target for _, target in there.proxy.asked)
    end.stop()


def test_this_machine_is_never_asked_through_one(world):
    """Its cloud, its metadata and its identity: a token would be the proxy's."""
    there = world()
    trap = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy", "ALL_PROXY"), there.proxy.url)
    there.waybill.environment.update(trap, WAYBILL_CLOUD=f"http://{there.azure.host}")
    there.waybill.plan()
    assert there.azure.requests() != []
    assert there.proxy.asked == []
    for name in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        del there.waybill.environment[name]
    there.waybill.environment.update(
        WAYBILL_CLOUD=ARM, ARM_USE_MSI="true", AZURE_POD_IDENTITY_AUTHORITY_HOST=f"http://{there.azure.host}")
    there.waybill.plan()
    assert set(there.proxy.asked) == {("CONNECT", "arm.test:443")}


def test_an_app_service_is_not_asked_through_one(world):
    there = world()
    identity = there.azure.environment()
    found = next(them for them in identity.values() if "IDENTITY_HEADER" in them)
    for name in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "ARM_USE_MSI"):
        del there.waybill.environment[name]
    there.waybill.environment.update(
        IDENTITY_HEADER=found["IDENTITY_HEADER"], http_proxy=there.proxy.url,
        IDENTITY_ENDPOINT=found["IDENTITY_ENDPOINT"].replace(ARM, f"http://{there.azure.host}"))
    there.waybill.plan()
    assert set(there.proxy.asked) == {("CONNECT", "arm.test:443")}
    assert not any(found["IDENTITY_HEADER"] in head for head in there.proxy.heads)


def test_a_proxy_that_is_spoken_to_in_tls(world):
    there = world(tls=True)
    for names in (("SSL_CERT_FILE",), ("CURL_CA_BUNDLE",), ("REQUESTS_CA_BUNDLE",)):
        del there.waybill.environment[next(n for n in list(there.waybill.environment) if n.endswith(("_FILE", "_BUNDLE")))]
        there.waybill.environment.update(dict.fromkeys(names, str(there.authority.pem)))
        there.waybill.plan()
    assert set(there.proxy.asked) == {("CONNECT", "arm.test:443")}


def test_a_proxy_that_is_not_trusted(tmp_path, world):
    there = world(tls=True)
    there.ready()
    other = Authority(tmp_path, "other")
    result = there.waybill.run("rest", "GET", GROUP, env={"SSL_CERT_FILE": str(other.pem)}, check=1)
    assert result.codes == ["proxy-untrusted"] and "help: " in result.stderr, result
    assert there.proxy.asked == [] and there.proxy.connections == 1


# ---- what a proxy may do instead ----

@pytest.mark.parametrize("way, code, words, connections", [
    (407, "proxy-refused", "the proxy answered 407", 1), (403, "proxy-refused", "the proxy answered 403", 1),
    (502, "proxy-failed", "the proxy answered 502", 6), (503, "proxy-failed", "the proxy answered 503", 6),
    ("close", "proxy-failed", "way through the proxy", 6), ("hang", "proxy-failed", "way through the proxy", 6), (None, "proxy-failed", "way through the proxy", 0)])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_proxy_that_does_not_do_it(method, way, code, words, connections, world):
    there = world()
    there.ready()
    if way is None:
        there.waybill.environment["https_proxy"] = "http://127.0.0.1:1"
    there.proxy.ways["arm.test:443"] = way
    body = ("--body", '{"location": "japaneast"}') if method == "PUT" else ()
    result = there.waybill.hurried("rest", method, table_id(), *body, speed=200 if way == "hang" else 60)
    assert result.code == 1 and result.codes == [code], result
    assert words in result.stderr and "https_proxy" in result.stderr.partition("help: ")[2], result
    assert there.proxy.connections == connections
    assert not any("planted" in text for text in (result.stdout, result.stderr))
    if method == "PUT" and way != "hang":
        result = there.waybill.hurried("rest", "PUT", table_id(), *body, "--json")
        assert '"kind":"failed"' in result.stdout.replace(" ", ""), "nothing has left, so nothing is unknown"


def test_a_tunnel_that_opens_late(world):
    """A proxy that is busy at first costs some tries, and no write is sent twice."""
    there = world()
    there.ready()
    there.waybill.run("plan", check=0)
    there.azure.clear()
    there.proxy.ways = Opening(iter([503, 503]), there.end.port)
    result = there.waybill.hurried("apply", "--auto-approve")
    assert result.code == 0, result
    puts = [request for request in there.azure.requests() if request["method"] == "PUT"]
    assert len(puts) == 1 and there.proxy.connections >= 3


class Opening(dict):
    """Refuses some first, then opens."""

    def __init__(self, refusals, port):
        super().__init__()
        self.refusals, self.port = refusals, port

    def get(self, target, default=None):
        return next(self.refusals, self.port)


def test_a_tunnel_that_breaks_after_a_write_has_left_it(world):
    """That is no failure of CONNECT: the write is unknown, and is read."""
    there = world()
    there.ready()
    there.azure.drop(method="PUT", path="/routeTables/t", when="after")
    result = there.waybill.hurried("apply", "--auto-approve")
    assert result.code == 0, result
    puts = [request for request in there.azure.requests() if request["method"] == "PUT"]
    assert len(puts) == 1


@pytest.mark.parametrize("who", ["cloud", "sign-in", "storage"])
@pytest.mark.parametrize("way, word", [(407, "answered 407"), ("close", "roxy")])
def test_whoever_is_asked(who, way, word, world):
    """The same words and the same remedy for all that is asked."""
    there = world()
    if who == "sign-in":
        there.waybill.environment["WAYBILL_CLOUD"] = f"http://{there.azure.host}/metadata/endpoints"
    if who == "storage":
        there.waybill.environment.update(AZURE_STORAGE_SAS_TOKEN="sv=1&sig=planted-sas",
                                         AZURE_STORAGE_ACCOUNT="devstoreaccount1")
        del there.waybill.environment["WAYBILL_STATE"]
        there.waybill.backend()
    else:
        there.proxy.ways["arm.test:443"] = way
    there.proxy.ways["devstoreaccount1.blob.localhost:443"] = way
    result = there.waybill.hurried("plan")
    code = {"cloud": "cloud-metadata", "sign-in": "sign-in", "storage": "backend-unreachable"}[who]
    assert result.code == 1 and result.codes == [code], result
    assert word in result.stderr and "https_proxy" in result.stderr.partition("help: ")[2], result
    tries = [target for target in there.proxy.asked if who != "storage" or "blob" in target[1]]
    assert (len(tries) == 1) == (way == 407), tries


def test_what_stands_behind_socks(tmp_path, world):
    """It has no CONNECT: what fails behind it is the host's, and what it refuses is its own."""
    there = world()
    other, gone = Authority(tmp_path, "other"), Gone()
    ways = [Socks(there.end.port), Socks(gone.port), Socks()]

    def ask(way, **env):
        return there.waybill.hurried("rest", "GET", GROUP, env={"https_proxy": f"socks5h://127.0.0.1:{way.port}", **env})

    assert ask(ways[0]).code == 0
    there.ready()
    assert ask(ways[0], SSL_CERT_FILE=str(other.pem)).codes == ["certificate-untrusted"]
    assert ask(ways[1]).codes == ["no-connection"]
    assert ask(ways[2]).codes == ["proxy-failed"]
    assert there.proxy.asked == []
    for one in (*ways, gone):
        one.stop()


def test_a_host_that_needs_no_proxy_and_is_not_there(world):
    """It is not the proxy's fault, though both are on one machine."""
    there = world()
    there.ready()
    there.waybill.environment["WAYBILL_CLOUD"] = "https://127.0.0.1:1"
    result = there.waybill.hurried("rest", "GET", GROUP)
    assert result.code == 1 and "way through the proxy" not in result.stderr, result


# ---- its secrets ----

@pytest.mark.parametrize("right", [True, False])
def test_credentials_are_used_and_never_told(right, world):
    there = world(credentials=f"{USER}:{PASSWORD}" if right else f"{USER}:another")
    quoted = f"{urllib.parse.quote(USER)}:{urllib.parse.quote(PASSWORD, safe='')}"
    there.waybill.environment["https_proxy"] = there.proxy.url.replace("://", f"://{quoted}@")
    result = there.waybill.run("rest", "GET", GROUP, "--log-level", "trace", "--record", "it.har", check=int(not right))
    assert right or result.codes == ["cloud-metadata"]
    assert right == bool(har.read(there.waybill.folder / "it.har")[-1]["response"]["status"])
    assert_untold(result.text, (there.waybill.folder / "it.har").read_text())


def assert_untold(*texts):
    pairs = f"{USER}:{PASSWORD}"
    secrets = forms(PASSWORD) | forms(pairs) | {base64.b64encode(pairs.encode()).decode(), "planted"}
    assert [secret for secret in secrets for text in texts if secret in text] == []


@pytest.mark.parametrize("address", [
    f"foo://{USER}:planted-pass@127.0.0.1:1", f"http://{USER}:planted-pass@ba d:1",
    f"{USER}:planted-pass@127.0.0.1:1", f"{USER}:planted-pass@ba d", f"http://{USER}:planted-pass@",
    f"socks5h://{USER}:planted-pass@127.0.0.1:1"])
def test_an_address_that_is_none_tells_no_secret(address, world):
    there = world()
    there.ready()
    there.waybill.environment["https_proxy"] = address
    result = there.waybill.hurried("rest", "GET", GROUP, "--log-level", "trace", "--record", "it.har")
    assert result.code == 1 and "https_proxy" in result.stderr.partition("help: ")[2], result
    assert result.codes[0] in ("proxy-failed", "not-sent"), result
    assert_untold(result.text, (there.waybill.folder / "it.har").read_text())


def test_what_is_recorded_of_a_refusal(world):
    there = world()
    there.ready()
    there.proxy.ways["arm.test:443"] = 407
    there.waybill.run("rest", "GET", GROUP, "--record", "it.har", check=1)
    entry = har.read(there.waybill.folder / "it.har")[-1]
    assert entry["response"]["status"] == 0 and "407" in entry["response"]["comment"]
