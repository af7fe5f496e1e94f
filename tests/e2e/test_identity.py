# SPDX-License-Identifier: Apache-2.0
"""Who the emulator is and who its clients are: TLS, metadata, sign-in, identities, access."""

import base64
import hashlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.parse
import uuid

import pytest

from directory import GITHUB, ID, KUBERNETES, TENANT
from emulator import BUILD, Emulator
from sign_in import decode, encode


def refused_start(*args):
    done = subprocess.run([str(BUILD / "waybill-emulator"), *map(str, args)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stdout == "", done
    return done.stderr


def test_tls_with_an_authority_of_its_own(tmp_path, emulator):
    file = tmp_path / "ca.pem"
    cloud = emulator(args=["--tls", "--tls-ca-out", file])
    assert cloud.endpoint.startswith("https://127.0.0.1:")
    assert cloud.ready["caFile"] == str(file) and file.read_text() == cloud.ready["ca"]
    cloud.tls = ssl.create_default_context(cafile=str(file))
    cloud.tls.verify_flags |= ssl.VERIFY_X509_STRICT
    status, headers, _ = cloud.request("PUT", cloud.group("g"), {"location": "eastus"})
    assert status == 201
    _, headers, _ = cloud.request("DELETE", cloud.group("g"))
    assert headers["location"].startswith(cloud.endpoint + "/subscriptions/")
    port = int(cloud.host.rsplit(":", 1)[1])
    for name in ("localhost", "127.0.0.1", "::1"):
        with socket.create_connection(("127.0.0.1", port)) as plain:
            with cloud.tls.wrap_socket(plain, server_hostname=name) as secured:
                assert secured.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_is_1_2_at_least_and_by_a_known_authority(emulator):
    cloud, other = emulator(args=["--tls"]), emulator(args=["--tls"])
    assert "caFile" not in cloud.ready
    cloud.tls = other.tls
    with pytest.raises(ssl.SSLCertVerificationError):
        cloud.request("GET", cloud.group())
    cloud.tls = ssl.create_default_context(cadata=cloud.ready["ca"])
    cloud.tls.set_ciphers("ALL:@SECLEVEL=0")
    cloud.tls.minimum_version = ssl.TLSVersion.TLSv1
    cloud.tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        cloud.request("GET", cloud.group())


def make_certificate(tmp_path, name="server", days=2):
    certificate, key, asked = (tmp_path / f"{name}.{end}" for end in ("pem", "key", "csr"))
    subprocess.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", asked, "-keyout", key],
                   check=True, capture_output=True)
    # Not `req -x509`, which makes none that has expired.
    subprocess.run(["openssl", "x509", "-req", "-in", asked, "-signkey", key, "-days", str(days),
                    "-copy_extensions", "copy", "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.mark.parametrize("url, name", [
    ("https://arm.test:8443", "arm.test"), ("https://ARM-2.test/", "arm-2.test"), ("https://[fd00::1]:8443", "fd00::1"),
    ("https://10.1.2.3", "10.1.2.3")])
def test_the_certificate_is_also_for_the_public_url(emulator, url, name):
    """As from another container, whose names this machine does not know."""
    cloud = emulator(None, ["--tls", "--public-url", url])
    plain = socket.create_connection(("127.0.0.1", int(cloud.host.rsplit(":", 1)[1])), timeout=60)
    context = ssl.create_default_context(cadata=cloud.ready["ca"])
    with context.wrap_socket(plain, server_hostname=name) as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_tls_with_a_certificate_from_files(tmp_path, emulator):
    certificate, key = make_certificate(tmp_path)
    cloud = emulator(args=["--tls-cert", certificate, "--tls-key", key])
    assert "ca" not in cloud.ready
    cloud.tls = ssl.create_default_context(cafile=str(certificate))
    assert cloud.request("GET", cloud.group())[0] == 404


def test_tls_options_that_do_not_fit(tmp_path):
    certificate, key = make_certificate(tmp_path, "a")
    _, other = make_certificate(tmp_path, "b")
    assert "go together" in refused_start("--tls-cert", certificate)
    assert "goes with" in refused_start("--tls-ca-out", tmp_path / "x")
    assert "would name" in refused_start("--tls", "--tls-cert", certificate, "--tls-key", key)
    assert "and its key" in refused_start("--tls-cert", certificate, "--tls-key", other)
    assert "cannot read" in refused_start("--tls-cert", tmp_path / "none", "--tls-key", key)
    assert "cannot write" in refused_start("--tls", "--tls-ca-out", tmp_path / "no" / "ca.pem")
    for url in ("ftp://x", "https://", "https://x/path", "https://user@x", "x"):
        assert "http[s]://HOST" in refused_start("--public-url", url)


def test_addresses_in_answers_begin_with_the_public_url(tmp_path):
    cloud = Emulator(tmp_path, None, ["--public-url", "https://arm.test/", "--page-size", 1])
    assert cloud.ready["publicUrl"] == "https://arm.test"
    for name in ("g", "h"):
        cloud.request("PUT", cloud.group(name), {"location": "eastus"})
    _, headers, _ = cloud.request("DELETE", cloud.group("h"))
    assert headers["location"].startswith("https://arm.test/subscriptions/")
    cloud.request("PUT", cloud.group("h"), {"location": "eastus"})
    _, _, page = cloud.request("GET", f"/subscriptions/{cloud.subscription}/resourcegroups")
    assert page["nextLink"].startswith("https://arm.test/subscriptions/")
    path = cloud.id("routeTables", "t", "g")
    _, headers, _ = cloud.request("PUT", path, {"location": "eastus"})
    assert headers["azure-asyncoperation"].startswith("https://arm.test/subscriptions/")
    assert cloud.stop() == 0


def plain(cloud, path, headers=None):
    """A request without a token."""
    return cloud.request("GET", path, None, {"Authorization": None, **(headers or {})})


def metadata(cloud, version):
    status, _, body = plain(cloud, f"/metadata/endpoints?api-version={version}")
    assert status == 200, body
    return body


def test_metadata_in_its_three_shapes(tmp_path):
    cloud = Emulator(tmp_path, None, ["--public-url", "https://arm.test:8443"])
    base = "https://arm.test:8443"
    for version in ("2015-01-01", "2018-05-01"):
        assert metadata(cloud, version) == {
            "galleryEndpoint": base + "/", "graphEndpoint": base + "/", "portalEndpoint": base + "/",
            "authentication": {"loginEndpoint": base + "/adfs", "audiences": [base + "/"]}}
    for version in ("2019-05-01", "2020-09-01"):
        [one] = metadata(cloud, version)
        assert one["authentication"] == {"loginEndpoint": base, "audiences": [base + "/"],
                                         "tenant": "common", "identityProvider": "AAD"}
        assert one["resourceManager"] == base + "/" and one["suffixes"]["storage"] == "localhost"
        assert "microsoftGraphResourceId" not in one
    newest = metadata(cloud, "2022-09-01")
    assert newest["resourceManager"] == base + "/" and newest["name"] == "WaybillEmulator"
    assert newest["microsoftGraphResourceId"] == base + "/"
    for query, code in (("", "MissingApiVersionParameter"),
                        ("?api-version=2014-01-01", "InvalidApiVersionParameter")):
        status, _, body = plain(cloud, "/metadata/endpoints" + (query or "?"))
        assert (status, body["error"]["code"]) == (400, code)
    assert cloud.request("POST", "/metadata/endpoints?api-version=2015-01-01")[0] == 405
    assert cloud.stop() == 0


def test_openid_configurations_name_the_emulator(emulator):
    cloud = emulator()
    base, tenant = cloud.endpoint, cloud.ready["tenant"]
    for at, issuer, token in (
            (f"/{tenant}", f"/{tenant}/", f"/{tenant}/oauth2/token"),
            (f"/{tenant}/v2.0", f"/{tenant}/v2.0", f"/{tenant}/oauth2/v2.0/token"),
            ("/common/v2.0", "/{tenantid}/v2.0", "/common/oauth2/v2.0/token"),
            ("/adfs", f"/{tenant}/", "/adfs/oauth2/token"),
            ("/adfs/adfs", f"/{tenant}/", "/adfs/adfs/oauth2/token")):
        status, _, body = plain(cloud, at + "/.well-known/openid-configuration?")
        assert status == 200, (at, body)
        assert body["issuer"] == base + issuer and body["token_endpoint"] == base + token
        assert body["authorization_endpoint"].startswith(base)
        assert plain(cloud, body["jwks_uri"] + "?")[2]["keys"][0]["kty"] == "RSA"
    for at in ("/other", "/other/v2.0", "/adfs/other"):
        status, _, body = plain(cloud, at + "/.well-known/openid-configuration?")
        assert (status, body["error_codes"]) == (400, [90002])


def test_instance_discovery_vouches_for_the_emulator_alone(emulator):
    cloud = emulator()
    path = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
    own = f"{cloud.endpoint}/{cloud.ready['tenant']}"
    status, _, body = plain(cloud, path + own + "/oauth2/v2.0/authorize")
    assert status == 200 and body["metadata"][0]["aliases"] == [cloud.host]
    assert body["tenant_discovery_endpoint"] == own + "/v2.0/.well-known/openid-configuration"
    for other in ("https://login.microsoftonline.com/common", cloud.endpoint + ".evil/x", ""):
        status, _, body = plain(cloud, path + other)
        assert (status, body["error"]) == (400, "invalid_instance")


# Sign-in

OTHER_TENANT = "00000000-0000-0000-0000-000000000009"
ARM = "https://management.azure.com"
DIRECTORY = f"""\
tenants: [{OTHER_TENANT}]
applications:
  secret:
    clientId: {ID(1)}
    objectId: {ID(101)}
    secrets:
      - {{value: "s3cret&+ =", expires: "2999-01-01T00:00:00Z"}}
      - {{value: old, expires: "2020-01-01T00:00:00Z"}}
      - {{value: second}}
  foreign: {{clientId: {ID(2)}, tenant: {OTHER_TENANT}, secrets: [{{value: s}}]}}
  signed: {{clientId: {ID(3)}, certificates: [{{file: a.pem}}, {{file: b.pem}}]}}
  once: {{clientId: {ID(4)}, singleUse: true, certificates: [{{file: a.pem}}]}}
  federated:
    clientId: {ID(5)}
    federatedCredentials:
      - {{issuer: {GITHUB}, subject: "repo:o/r:ref:refs/heads/main"}}
      - {{issuer: "https://elsewhere.test", subject: s}}
resourceGroups: {{g: {{location: eastus}}}}
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A folder with a.pem, a.key, b.pem and b.key."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("a", "b"):
        make_certificate(folder, name)
    return folder


@pytest.fixture
def directory(tmp_path, certificates, emulator):
    shutil.copytree(certificates, tmp_path, dirs_exist_ok=True)
    return emulator(DIRECTORY)


def sign_in(cloud, path=f"/{TENANT}/oauth2/v2.0/token", headers=None, method="POST", **fields):
    fields = {"grant_type": "client_credentials", "scope": ARM + "/.default", **fields}
    form = urllib.parse.urlencode({k: v for k, v in fields.items() if v is not None})
    return cloud.request(method, path, form, {"Authorization": None, **(headers or {}),
                                              "Content-Type": "application/x-www-form-urlencoded"})


def refused(answer):
    status, _, body = answer
    assert 400 <= status < 500 and "access_token" not in body
    [code] = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body["trace_id"] in body["error_description"]
    assert body["correlation_id"] in body["error_description"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", body["timestamp"])
    return code


def claims_of(token):
    return json.loads(decode(token.split(".")[1]))


def verify(token, jwks, tmp_path):
    """By openssl, with the key that was published."""
    head, body, signature = token.split(".")
    header = json.loads(decode(head))
    assert header["alg"] == "RS256" and header["typ"] == "JWT"
    [key] = [key for key in jwks["keys"] if key["kid"] == header["kid"]]
    der = asn1_public_key(int.from_bytes(decode(key["n"]), "big"), int.from_bytes(decode(key["e"]), "big"))
    (tmp_path / "key.der").write_bytes(der)
    (tmp_path / "signature").write_bytes(decode(signature))
    subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", tmp_path / "key.der",
                    "-signature", tmp_path / "signature"], input=f"{head}.{body}".encode(),
                   check=True, capture_output=True)


def asn1(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def asn1_public_key(n, e):
    def number(value):
        return asn1(2, b"\0" + value.to_bytes((value.bit_length() + 7) // 8, "big"))
    rsa = bytes.fromhex("06092a864886f70d0101010500")
    return asn1(0x30, asn1(0x30, rsa) + asn1(3, b"\0" + asn1(0x30, number(n) + number(e))))


def test_a_token_says_whom_and_what_it_is_for(tmp_path, directory):
    status, _, answer = sign_in(directory, client_id=ID(1), client_secret="s3cret&+ =")
    assert status == 200 and answer["token_type"] == "Bearer"
    assert answer["expires_in"] == answer["ext_expires_in"] == 3599
    token = answer["access_token"]
    verify(token, plain(directory, f"/{TENANT}/discovery/v2.0/keys?")[2], tmp_path)
    claims = claims_of(token)
    assert claims["aud"] == ARM and claims["iss"] == f"{directory.endpoint}/{TENANT}/"
    assert (claims["appid"], claims["oid"], claims["tid"]) == (ID(1), ID(101), TENANT)
    assert claims["exp"] - claims["iat"] == 3599 and abs(claims["iat"] - time.time()) < 60
    _, _, v1 = sign_in(directory, f"/{TENANT}/oauth2/token", client_id=ID(1), client_secret="second",
                       scope=None, resource=ARM + "/")
    assert claims_of(v1["access_token"])["aud"] == v1["resource"] == ARM + "/"
    assert v1["expires_in"] == "3599"
    assert int(v1["expires_on"]) - int(v1["not_before"]) == 3599
    for path in ("/adfs/oauth2/token", "/adfs/adfs/oauth2/token"):
        _, _, adfs = sign_in(directory, path, client_id=ID(1), client_secret="second",
                             scope=directory.endpoint + "//.default")
        assert claims_of(adfs["access_token"])["aud"] == directory.endpoint + "/"
        status, _, _ = directory.request("GET", directory.group("g"), None,
                                         {"Authorization": "Bearer " + adfs["access_token"]})
        assert status == 200


@pytest.mark.parametrize("code, error, fields", [
    (7000215, "invalid_client", {"client_secret": "wrong"}),
    (7000215, "invalid_client", {"client_secret": ""}),
    (7000222, "invalid_client", {"client_secret": "old"}),
    (7000216, "invalid_client", {"client_secret": None}),
    (700016, "unauthorized_client", {"client_id": ID(77)}),
    (700016, "unauthorized_client", {"client_id": ID(2), "client_secret": "s"}),
    (90002, "invalid_request", {"path": "/contoso.test/oauth2/v2.0/token"}),
    (900144, "invalid_request", {"client_id": None}),
    (900144, "invalid_request", {"grant_type": None}),
    (900144, "invalid_request", {"scope": None}),
    (900144, "invalid_request", {"path": f"/{TENANT}/oauth2/token"}),
    (70003, "unsupported_grant_type", {"grant_type": "password"}),
    (70011, "invalid_scope", {"scope": ARM + "/.default https://vault.azure.net/.default"}),
    (70011, "invalid_scope", {"scope": "/.default"}),
    (1002012, "invalid_scope", {"scope": ARM + "/user_impersonation"}),
    (500011, "invalid_resource", {"scope": "https://unknown.test/.default"}),
    (9002313, "invalid_request", {"claims": "{"}),
    (900561, "invalid_request", {"method": "PUT"}),
])
def test_sign_in_is_refused_as_entra_does(directory, code, error, fields):
    answer = sign_in(directory, **{"client_id": ID(1), "client_secret": "second", **fields})
    assert refused(answer) == code and answer[2]["error"] == error
    assert answer[0] == (401 if error == "invalid_client" else 400)


def test_the_correlation_id_is_the_clients(directory):
    answer = sign_in(directory, client_id=ID(1), client_secret="no",
                     headers={"client-request-id": ID(9)})
    assert refused(answer) == 7000215 and answer[2]["correlation_id"] == ID(9)


def digest(tmp_path, name, algorithm):
    pem = (tmp_path / f"{name}.pem").read_text()
    return hashlib.new(algorithm, ssl.PEM_cert_to_DER_cert(pem)).digest()


def sign(tmp_path, header, claims, key="a"):
    text = f"{encode(header)}.{encode(claims)}"
    padding = (["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
               if header["alg"] == "PS256" else [])
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", tmp_path / f"{key}.key", *padding],
                          input=text.encode(), check=True, capture_output=True)
    return f"{text}.{encode(done.stdout)}"


def claims_for(cloud, client=ID(3), **changes):
    now = int(time.time())
    claims = {"aud": f"{cloud.endpoint}/{TENANT}/oauth2/v2.0/token", "iss": client, "sub": client,
              "jti": str(uuid.uuid4()), "nbf": now, "iat": now, "exp": now + 600, **changes}
    return {name: value for name, value in claims.items() if value is not None}


def assert_with(cloud, assertion, client=ID(3), **more):
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return sign_in(cloud, client_id=client, client_assertion=assertion,
                   **{"client_assertion_type": kind, **more})


def test_assertions_of_a_registered_certificate(tmp_path, directory):
    sha1, sha256 = digest(tmp_path, "a", "sha1"), digest(tmp_path, "a", "sha256")
    for header in ({"alg": "PS256", "x5t#S256": encode(sha256)},
                   {"alg": "PS256", "x5t#S256": base64.b64encode(sha256).decode()},
                   {"alg": "RS256", "x5t": encode(sha1)},
                   {"alg": "RS256", "kid": encode(sha1)},
                   {"alg": "RS256", "kid": sha1.hex().upper()}):
        claims = claims_for(directory)
        for _ in range(2):
            status, _, body = assert_with(directory, sign(tmp_path, header, claims))
            assert status == 200, (header, body)
        assert claims_of(body["access_token"])["appidacr"] == "2"
    header = {"alg": "PS256", "x5t#S256": encode(digest(tmp_path, "b", "sha256"))}
    assert assert_with(directory, sign(tmp_path, header, claims_for(directory), "b"))[0] == 200
    broken = claims_for(directory, exp=time.time() + 60.5, nbf=None)
    assert assert_with(directory, sign(tmp_path, header, broken, "b"))[0] == 200
    adfs = claims_for(directory, aud=directory.endpoint + "/adfs/oauth2/token")
    assert assert_with(directory, sign(tmp_path, header, adfs, "b"), path="/adfs/oauth2/token")[0] == 200
    header = {"alg": "RS256", "x5t": encode(digest(tmp_path, "b", "sha1"))}
    assert assert_with(directory, sign(tmp_path, header, adfs, "b"), path="/adfs/oauth2/token")[0] == 200


def test_assertions_that_are_wrong(tmp_path, directory):
    header = {"alg": "PS256", "x5t#S256": encode(digest(tmp_path, "a", "sha256"))}
    now = int(time.time())

    def code(header=header, key="a", client=ID(3), more=None, **changes):
        claims = claims_for(directory, **changes)
        return refused(assert_with(directory, sign(tmp_path, header, claims, key), client, **(more or {})))

    assert code(key="b") == 700027
    assert code({**header, "x5t#S256": encode(hashlib.sha256(b"x").digest())}) == 700027
    assert code({**header, "x5t#S256": encode(digest(tmp_path, "a", "sha256").hex().encode())}) == 700027
    assert code({"alg": "PS256"}) == 50027
    assert code({**header, "alg": "RS512"}) == 700027
    assert code(aud=f"{directory.endpoint}/{OTHER_TENANT}/oauth2/v2.0/token") == 700023
    assert code(aud=f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token") == 700023
    assert code(aud=None) == 700023
    assert code(exp=now - 400) == 700024 and code(nbf=now + 400) == 700024
    assert code(exp=None) == code(exp="2999") == 50027
    assert code(exp=-1e300) == code(nbf=1e300) == 700024
    assert code(sub=ID(4)) == 700021
    assert code(client=ID(1), iss=ID(1), sub=ID(1)) == 700027  # has no certificate
    good = sign(tmp_path, header, claims_for(directory))
    head, body, signature = good.split(".")
    assert refused(assert_with(directory, f"{head}.{body}.{signature[:-8]}AAAAAAAA")) == 700027
    assert refused(assert_with(directory, f"{encode({**header, 'alg': 'none'})}.{body}.")) == 700027
    for text in ("", "x", "a.b", "a.b.c", f"{head}.{body}", good + ".x", f"{head}.{encode([])}.{signature}",
                 f"{head}.{body}.!!", "." * 1000, "a" * 100000):
        assert refused(assert_with(directory, text)) == 50027, text[:80]
    assert refused(assert_with(directory, good, client_assertion_type="jwt")) == 900144
    assert assert_with(directory, good)[0] == 200


def test_a_certificate_that_has_expired(tmp_path, emulator):
    make_certificate(tmp_path, "a", days=-1)
    make_certificate(tmp_path, "b")
    cloud = emulator(DIRECTORY)
    header = {"alg": "RS256", "x5t": encode(digest(tmp_path, "a", "sha1"))}
    answer = assert_with(cloud, sign(tmp_path, header, claims_for(cloud)))
    assert refused(answer) == 700027 and "expired" in answer[2]["error_description"]


def test_an_assertion_for_a_single_use(tmp_path, directory):
    header = {"alg": "PS256", "x5t#S256": encode(digest(tmp_path, "a", "sha256"))}
    claims = claims_for(directory, ID(4))
    assert assert_with(directory, sign(tmp_path, header, claims), ID(4))[0] == 200
    assert refused(assert_with(directory, sign(tmp_path, header, claims), ID(4))) == 50027
    assert refused(assert_with(
        directory, sign(tmp_path, header, claims_for(directory, ID(4), jti=None)), ID(4))) == 50027
    assert assert_with(directory, sign(tmp_path, header, claims_for(directory, ID(4))), ID(4))[0] == 200


@pytest.mark.parametrize("text, complaint", [
    ("applications: {a: {}}", "`clientId` is missing"),
    ("applications: {a: {clientId: 1}}", "a text is expected"),
    ("applications: []", "a map is expected"),
    ("applications: {a: {clientId: x, secret: s}}", "not a member here"),
    ("applications: {a: {clientId: x, tenant: nowhere}}", "neither the cloud's"),
    ("applications: {a: {clientId: x, secrets: [{value: s, expires: tomorrow}]}}", "YYYY-MM-DD"),
    ("applications: {a: {clientId: x, certificates: [{}]}}", "a `file` or its `pem`"),
    ("applications: {a: {clientId: x, certificates: [{pem: x}]}}", "no certificate in PEM"),
    ("applications: {a: {clientId: x, certificates: [{file: none.pem}]}}", "cannot read"),
    ("applications: {a: {clientId: x, federatedCredentials: [{issuer: i}]}}", "`subject` is missing"),
    ("managedIdentities: {a: {objectId: x}}", "`clientId` is missing"),
    ("tenants: [1]", "a list of texts"),
    ("roleAssignments: {}", "a list is expected"),
    ("roleAssignments: [{principal: p}]", "either `role` or `actions`"),
    ("roleAssignments: [{principal: p, role: King}]", "not a role"),
    ("roleAssignments: [{principal: p, role: Reader, scope: here}]", "begins with a slash"),
])
def test_a_directory_that_is_wrong_is_told(tmp_path, text, complaint):
    (tmp_path / "cloud.yaml").write_text(text)
    error = refused_start("--cloud", tmp_path / "cloud.yaml")
    assert complaint in error and "[bad-cloud]" in error


def test_the_store_keeps_the_directory(tmp_path):
    args = ["--store", tmp_path / "store.json"]
    first = Emulator(tmp_path, "applications: {a: {clientId: me, secrets: [{value: s}]}}\n"
                               "resourceGroups: {g: {location: eastus}}", args)
    assert first.stop() == 0
    second = Emulator(tmp_path, None, args)
    assert sign_in(second, client_id="ME", client_secret="s")[0] == 200
    assert refused(sign_in(second, client_id="me", client_secret="other")) == 7000215
    assert second.stop() == 0


# Access

def bearer(cloud, client, secret, **more):
    answer = sign_in(cloud, client_id=client, client_secret=secret, **more)
    assert answer[0] == 200, answer
    return {"Authorization": "Bearer " + answer[2]["access_token"]}


def test_a_token_that_arm_does_not_take(directory):
    def code(headers, path=directory.group("g")):
        status, headers, body = directory.request("GET", path, None, headers)
        challenge = headers["www-authenticate"]
        assert status == 401 and challenge.startswith("Bearer ")
        assert f'authorization_uri="{directory.endpoint}/{TENANT}"' in challenge
        return body["error"]["code"]

    storage = bearer(directory, ID(1), "second", scope="https://storage.azure.com/.default")
    assert code(storage) == "InvalidAuthenticationTokenAudience"
    foreign = bearer(directory, ID(2), "s", path=f"/{OTHER_TENANT}/oauth2/v2.0/token")
    assert code(foreign) == "InvalidAuthenticationTokenTenant"
    good = bearer(directory, ID(1), "second")
    assert code({"Authorization": good["Authorization"][:-6] + "AAAAAA"}) == "InvalidAuthenticationToken"
    unsigned = encode({"alg": "none"}) + "." + good["Authorization"].split(".")[1] + "."
    assert code({"Authorization": "Bearer " + unsigned}) == "InvalidAuthenticationToken"
    assert code({"Authorization": "Basic x"}) == "AuthenticationFailedInvalidHeader"
    assert code({"Authorization": None}) == "AuthenticationFailed"
    assert directory.request("GET", directory.group("g"), None, good)[0] == 200


ROLES = f"""\
applications:
  reader: {{clientId: {ID(1)}, objectId: {ID(101)}, secrets: [{{value: s}}]}}
  network: {{clientId: {ID(2)}, secrets: [{{value: s}}]}}
  narrow: {{clientId: {ID(3)}, secrets: [{{value: s}}]}}
roleAssignments:
  - {{principal: reader, role: reader, scope: /subscriptions/00000000-0000-0000-0000-000000000001}}
  - principal: network
    role: Network Contributor
    scope: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/
  - principal: narrow
    actions: [Microsoft.Network/virtualNetworks/*, Microsoft.Resources/*/read]
    notActions: [Microsoft.Network/virtualNetworks/delete]
    scope: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/G
resourceGroups: {{g: {{location: eastus}}, gg: {{location: eastus}}}}
routeTables: {{t: {{resourceGroup: g}}}}
"""
NET = {"location": "eastus", "properties": {
    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}


def test_roles_decide_who_may_do_what(emulator):
    cloud = emulator(ROLES)
    reader, network, narrow = (bearer(cloud, ID(n), "s") for n in (1, 2, 3))
    tables, table = cloud.group("g") + "/providers/Microsoft.Network/routeTables", cloud.id("routeTables", "t", "g")
    body = {"location": "eastus"}

    def code(method, path, headers, sent=None):
        status, _, answer = cloud.request(method, path, sent, headers)
        return status if status < 400 else (status, answer["error"]["code"], answer["error"]["message"])

    def denied(action, scope, client, object_id):
        return (403, "AuthorizationFailed",
                f"The client '{client}' with object id '{object_id}' does not have authorization to "
                f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was "
                "recently granted, please refresh your credentials.")

    assert code("GET", tables, reader) == 200 and code("GET", table, reader) == 200
    assert code("PUT", table, reader, body) == denied(
        "Microsoft.Network/routeTables/write", table, ID(1), ID(101))
    assert code("DELETE", table + "/routes/r", reader) == denied(
        "Microsoft.Network/routeTables/routes/delete", table + "/routes/r", ID(1), ID(101))
    assert code("PATCH", cloud.group("g"), reader, {"tags": {}})[1] == "AuthorizationFailed"
    assert code("PUT", table, network, body) == 200
    # Names that also stand in the paths of polls.
    for name in ("operations", "operationResults"):
        assert code("PUT", cloud.group(name), reader, body)[1] == "AuthorizationFailed"
        assert code("PUT", cloud.id("routeTables", "t", name), reader, body)[1] == "AuthorizationFailed"
    other = cloud.id("routeTables", "t", "gg")
    assert code("PUT", other, network, body)[1] == "AuthorizationFailed"
    everything = f"/subscriptions/{cloud.subscription}/resourceGroups"
    object_id = claims_of(network["Authorization"])["oid"]
    assert code("GET", everything, network) == denied(
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        f"/subscriptions/{cloud.subscription}", ID(2), object_id)
    namespace = f"/subscriptions/{cloud.subscription}/providers/Microsoft.Network"
    assert code("GET", namespace + "?api-version=2021-04-01", network) == denied(
        "Microsoft.Resources/subscriptions/providers/read", f"/subscriptions/{cloud.subscription}", ID(2), object_id)
    assert code("POST", namespace + "/register?api-version=2021-04-01", reader) == denied(
        "Microsoft.Network/register/action", f"/subscriptions/{cloud.subscription}", ID(1), ID(101))
    assert code("GET", "/subscriptions?api-version=2021-04-01", network) == 200
    assert code("GET", tables, narrow)[2].split("over scope ")[1].startswith(f"'{cloud.group('g')}'")
    vnet = cloud.id("virtualNetworks", "v1", "g")
    assert code("PUT", vnet, narrow, NET) == 201
    assert code("DELETE", vnet, narrow)[1] == "AuthorizationFailed"
    with_table = {"properties": {"addressPrefix": "10.0.0.0/24", "routeTable": {"id": table}}}
    status, kind, message = code("PUT", vnet + "/subnets/a", narrow, with_table)
    assert (status, kind) == (403, "LinkedAuthorizationFailed")
    object_id = claims_of(narrow["Authorization"])["oid"]
    assert message == (
        f"The client '{ID(3)}' with object id '{object_id}' has permission to perform action "
        f"'Microsoft.Network/virtualNetworks/subnets/write' on scope '{vnet}/subnets/a'; however, it does "
        f"not have permission to perform action 'Microsoft.Network/routeTables/join/action' on the linked "
        f"scope(s) '{table}' or the linked scope(s) are invalid.")
    assert code("PUT", vnet + "/subnets/a", network, with_table) == 200
    assert code("PUT", table, {}, body) == 200  # the built-in token


def test_a_patch_is_let_in_where_a_put_is(emulator):
    """Of what a PATCH can change, and Microsoft.Network's tags are not among that."""
    cloud = emulator(f"""\
applications: {{narrow: {{clientId: {ID(1)}, secrets: [{{value: s}}]}}}}
roleAssignments:
  - {{principal: narrow, actions: [Microsoft.Compute/*, Microsoft.Network/virtualNetworks/write, "*/read"], scope: /}}
resourceGroups: {{g: {{location: eastus}}}}
virtualNetworks: {{net: {{resourceGroup: g, addressPrefixes: [10.0.0.0/16], subnets: {{a: {{addressPrefix: 10.0.0.0/24}}}}}}}}
virtualMachines: {{m: {{resourceGroup: g, nics: {{nic: {{subnet: net/a}}}}}}}}
virtualMachineScaleSets: {{s: {{resourceGroup: g}}}}
""")
    narrow = bearer(cloud, ID(1), "s")
    machine, scale_set, network = (cloud.id(kind, name, "g") for kind, name in (
        ("Microsoft.Compute/virtualMachines", "m"), ("Microsoft.Compute/virtualMachineScaleSets", "s"), ("virtualNetworks", "net")))
    attach = {"networkProfile": {"networkInterfaces": [{"id": cloud.id("networkInterfaces", "nic", "g")}]}}
    address = {"name": "ip", "properties": {"subnet": {"id": network + "/subnets/a"}}}
    profile = {"networkProfile": {"networkInterfaceConfigurations": [{"name": "n", "properties": {"ipConfigurations": [address]}}]}}
    for path, properties in ((machine, attach), (scale_set, {"virtualMachineProfile": profile})):
        for method in ("PUT", "PATCH"):
            sent = {"properties": properties, **({"location": "eastus"} if method == "PUT" else {})}
            status, _, answer = cloud.request(method, path, sent, narrow)
            assert (status, answer["error"]["code"]) == (403, "LinkedAuthorizationFailed")
            assert cloud.request(method, path, sent)[0] == 200
    assert cloud.request("PATCH", scale_set, {"sku": {"capacity": 1}}, narrow)[0] == 200
    assert cloud.request("PATCH", network, {"tags": {"subnet": "x"}}, narrow)[0] == 200


def test_permissions_tell_what_a_principal_may(emulator):
    cloud = emulator(ROLES)

    def actions(client, scope):
        status, _, body = cloud.request(
            "GET", scope + "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01", None,
            bearer(cloud, client, "s") if client else {})
        assert status == 200, body
        assert all(one["dataActions"] == one["notDataActions"] == [] for one in body["value"])
        return [(one["actions"], one["notActions"]) for one in body["value"]]

    subscription = f"/subscriptions/{cloud.subscription}"
    assert actions(ID(1), subscription) == actions(ID(1), cloud.id("routeTables", "t", "g")) == [(["*/read"], [])]
    assert actions(ID(3), subscription) == actions(ID(3), cloud.group("gg")) == []
    assert actions(ID(3), cloud.group("g")) == [(
        ["Microsoft.Network/virtualNetworks/*", "Microsoft.Resources/*/read"],
        ["Microsoft.Network/virtualNetworks/delete"])]
    assert actions(None, subscription) == [(["*"], [])]
    status, _, body = cloud.request(
        "GET", cloud.group("none") + "/providers/Microsoft.Authorization/permissions")
    assert (status, body["error"]["code"]) == (404, "ResourceGroupNotFound")


def challenged(answer):
    status, headers, body = answer
    assert (status, body["error"]["code"]) == (401, "TokenCreatedWithOutdatedPolicies")
    assert 'error="insufficient_claims"' in headers["www-authenticate"]
    [claims] = re.findall(r'claims="([^"]*)"', headers["www-authenticate"])
    return decode(claims).decode()


def test_a_claims_challenge_is_met_by_its_claims_alone(directory):
    group = directory.group("g")
    old = bearer(directory, ID(1), "second")
    assert directory.request("GET", group, None, old)[0] == 200
    when = directory.revoke()
    claims = challenged(directory.request("GET", group, None, old))
    assert json.loads(claims) == {"access_token": {"nbf": {"essential": True, "value": str(when)}}}
    challenged(directory.request("GET", group, None, bearer(directory, ID(1), "second")))
    good = bearer(directory, ID(1), "second", claims=claims)
    assert directory.request("GET", group, None, good)[0] == 200
    assert directory.request("GET", group)[0] == 200  # the built-in token
    assert directory.revoke() > when
    challenged(directory.request("GET", group, None, good))


# Issuers

def test_github_gives_a_job_its_token(tmp_path, emulator):
    cloud = emulator()
    variables = cloud.environment()["github"]
    url, token = variables["ACTIONS_ID_TOKEN_REQUEST_URL"], variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    good = {"Authorization": "Bearer " + token}
    status, _, body = cloud.request("GET", url + "&audience=api://AzureADTokenExchange", None, good)
    assert status == 200 and body["count"] == len(body["value"])
    verify(body["value"], plain(cloud, "/github/.well-known/jwks?")[2], tmp_path)
    claims = claims_of(body["value"])
    assert claims["iss"] == GITHUB and claims["aud"] == "api://AzureADTokenExchange"
    assert claims["sub"] == "repo:waybill/emulated:ref:refs/heads/main" and claims["exp"] - claims["iat"] == 300
    assert claims_of(cloud.request("GET", url, None, good)[2]["value"])["aud"] == "https://github.com/waybill"
    for wrong in (None, "Bearer x", token, "Bearer emulator"):
        assert cloud.request("GET", url, None, {"Authorization": wrong})[0] == 401
    assert cloud.request("POST", url, None, good)[0] == 405


def test_pipelines_give_a_job_its_token(tmp_path, emulator):
    cloud = emulator()
    variables = cloud.environment()["pipelines"]
    connection = variables["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"]
    good = {"Authorization": "Bearer " + variables["SYSTEM_ACCESSTOKEN"]}

    def ask(query, headers=good, method="POST"):
        return cloud.request(method, variables["SYSTEM_OIDCREQUESTURI"] + query, None, headers)

    right = f"?api-version=7.1&serviceConnectionId={connection}"
    status, _, body = ask(right)
    assert status == 200 and list(body) == ["oidcToken"]
    verify(body["oidcToken"], plain(cloud, "/pipelines/.well-known/jwks?")[2], tmp_path)
    claims = claims_of(body["oidcToken"])
    assert claims["sub"] == "sc://waybill/emulated/azure" and claims["aud"] == "api://AzureADTokenExchange"
    assert claims["iss"].startswith("https://vstoken.dev.azure.com/")
    assert ask("?serviceConnectionId=" + connection)[0] == 400
    assert ask(f"?api-version=6.0&serviceConnectionId={connection}")[0] == 400
    assert ask("?api-version=7.1")[0] == 404
    assert ask("?api-version=7.1&serviceConnectionId=" + ID(1))[0] == 404
    status, headers, _ = ask(right, {"Authorization": "Bearer x"})
    assert status == 302 and headers["location"] == cloud.endpoint + "/_signin"
    assert ask(right, {"Authorization": "Bearer x", "X-TFS-FedAuthRedirect": "Suppress"})[0] == 401
    assert ask(right, method="GET")[0] == 405


def service_account_token(cloud, body, name="default/waybill", token=None):
    variables = cloud.environment()["kubernetes"]
    namespace, account = name.split("/")
    return cloud.request(
        "POST", f"{variables['SERVER']}/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token?",
        body, {"Authorization": "Bearer " + (token or variables["BEARER"])})


def test_a_cluster_gives_a_service_account_its_token(tmp_path, emulator):
    cloud = emulator()
    spec = {"audiences": ["api://AzureADTokenExchange"], "expirationSeconds": 600}
    status, _, body = service_account_token(cloud, {"spec": spec})
    assert status == 201 and body["kind"] == "TokenRequest"
    token = body["status"]["token"]
    verify(token, plain(cloud, "/kubernetes/openid/v1/jwks?")[2], tmp_path)
    claims = claims_of(token)
    assert claims["sub"] == "system:serviceaccount:default:waybill" and claims["aud"] == spec["audiences"]
    assert claims["exp"] - claims["iat"] == 600
    assert service_account_token(cloud, {"spec": spec}, token="x")[0] == 401
    assert service_account_token(cloud, {"spec": {"expirationSeconds": 1}})[0] == 422
    assert service_account_token(cloud, [])[0] == 400
    assert service_account_token(cloud, "{")[0] == 400


def github_token(cloud, audience="api://AzureADTokenExchange"):
    variables = cloud.environment()["github"]
    return cloud.request(
        "GET", f"{variables['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}", None,
        {"Authorization": "Bearer " + variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]})[2]["value"]


FEDERATED = f"""\
applications:
  job:
    clientId: {ID(5)}
    federatedCredentials: [{{issuer: {GITHUB}, subject: "repo:waybill/emulated:ref:refs/heads/main"}}]
  other: {{clientId: {ID(6)}, federatedCredentials: [{{issuer: {GITHUB}, subject: "repo:waybill/emulated:pull_request"}}]}}
  none: {{clientId: {ID(7)}}}
  pod:
    clientId: {ID(8)}
    federatedCredentials:
      - issuer: {KUBERNETES}
        subject: system:serviceaccount:default:waybill
        audiences: [mine]
  elsewhere: {{clientId: {ID(9)}, federatedCredentials: [{{issuer: "https://elsewhere.test", subject: s}}]}}
resourceGroups: {{g: {{location: eastus}}}}
"""


def test_federated_assertions(certificates, emulator):
    cloud = emulator(FEDERATED)
    token = github_token(cloud)
    for _ in range(2):
        status, _, body = assert_with(cloud, token, ID(5))
        assert status == 200 and claims_of(body["access_token"])["appid"] == ID(5)
    assert refused(assert_with(cloud, token, ID(6))) == 700213
    assert refused(assert_with(cloud, token, ID(7))) == 70025
    assert refused(assert_with(cloud, token, ID(8))) == 700211
    assert refused(assert_with(cloud, github_token(cloud, "other"), ID(5))) == 700212
    pod = service_account_token(cloud, {"spec": {"audiences": ["mine", "yours"]}})[2]["status"]["token"]
    assert assert_with(cloud, pod, ID(8))[0] == 200
    pod = service_account_token(cloud, {"spec": {"audiences": ["yours"]}})[2]["status"]["token"]
    assert refused(assert_with(cloud, pod, ID(8))) == 700212
    # What anybody could have written, signed with a key of their own.
    forged = sign(certificates, {"alg": "RS256", "kid": "x"}, claims_of(token))
    assert refused(assert_with(cloud, forged, ID(5))) == 7000272
    swapped = token.split(".")[0] + "." + encode({**claims_of(token), "exp": 2**40}) + "." + token.split(".")[2]
    assert refused(assert_with(cloud, swapped, ID(5))) == 7000272
    elsewhere = sign(certificates, {"alg": "RS256", "kid": "x"},
                     {"iss": "https://elsewhere.test", "sub": "s", "aud": "api://AzureADTokenExchange"})
    assert refused(assert_with(cloud, elsewhere, ID(9))) == 501661


def test_without_applications_our_own_issuers_are_trusted(emulator):
    cloud = emulator()
    assert assert_with(cloud, github_token(cloud), "anybody")[0] == 200
    assert refused(assert_with(cloud, github_token(cloud, "other"), "anybody")) == 700212


# Managed identities

MANAGED = f"""\
managedIdentities:
  system: {{clientId: {ID(21)}, objectId: {ID(22)}, systemAssigned: true}}
  one: {{clientId: {ID(23)}, objectId: {ID(24)}, resourceId: /subscriptions/s/one}}
resourceGroups: {{g: {{location: eastus}}}}
"""


def imds(cloud, query="", headers=None, version="2018-02-01", resource=ARM + "/"):
    query = urllib.parse.urlencode({"api-version": version, "resource": resource}) + query
    return plain(cloud, "/metadata/identity/oauth2/token?" + query,
                 {"Metadata": "true"} if headers is None else headers)


def test_imds(emulator):
    cloud = emulator(MANAGED)
    status, _, body = imds(cloud)
    assert status == 200 and set(body) == {
        "access_token", "client_id", "expires_in", "expires_on", "ext_expires_in", "not_before", "resource",
        "token_type"}
    assert body["client_id"] == ID(21) and body["resource"] == ARM + "/"
    assert int(body["expires_on"]) - int(body["not_before"]) == int(body["expires_in"]) == 3599
    assert claims_of(body["access_token"])["oid"] == ID(22)
    headers = {"Authorization": "Bearer " + body["access_token"]}
    assert cloud.request("GET", cloud.group("g"), None, headers)[0] == 200
    for query in (f"&client_id={ID(23)}", f"&object_id={ID(24)}", "&msi_res_id=/subscriptions/S/ONE"):
        assert imds(cloud, query)[2]["client_id"] == ID(23), query
    cloud.revoke()
    assert cloud.request("GET", cloud.group("g"), None, headers)[0] == 401
    headers = {"Authorization": "Bearer " + imds(cloud)[2]["access_token"]}
    assert cloud.request("GET", cloud.group("g"), None, headers)[0] == 200


@pytest.mark.parametrize("text, more", [
    ("Required metadata header not specified", {"headers": {}}),
    ("Required metadata header not specified", {"headers": {"Metadata": "false"}}),
    ("Requests that a proxy", {"headers": {"Metadata": "true", "X-Forwarded-For": "10.0.0.1"}}),
    ("Required query variable 'api-version'", {"version": ""}),
    ("Required query variable 'resource'", {"resource": ""}),
    ("Identity not found", {"query": "&client_id=" + ID(99)}),
    ("Only one of", {"query": f"&client_id={ID(23)}&object_id={ID(24)}"}),
    ("AADSTS500011", {"resource": "https://unknown.test"}),
])
def test_imds_refuses(emulator, text, more):
    status, _, body = imds(emulator(MANAGED), **more)
    assert status == 400 and body["error_description"].startswith(text), body


def test_imds_of_a_machine_with_several_or_few_identities(emulator):
    several = emulator(f"managedIdentities: {{a: {{clientId: {ID(1)}}}, b: {{clientId: {ID(2)}}}}}")
    status, _, body = imds(several)
    assert status == 400 and body["error_description"].startswith("Multiple user assigned identities")
    assert imds(emulator(f"managedIdentities: {{a: {{clientId: {ID(1)}}}}}"))[2]["client_id"] == ID(1)
    assert imds(emulator())[0] == 200


def test_imds_fails_on_demand(emulator):
    cloud = emulator()
    for status in (429, 410, 500):
        cloud.fail(status, "Busy", path="/metadata/identity")
        assert imds(cloud)[0] == status
    assert imds(cloud)[0] == 200


def test_app_service(emulator):
    cloud = emulator(MANAGED)
    variables = cloud.environment()["appService"]
    secret = variables["IDENTITY_HEADER"]

    def ask(version="2019-08-01", header="X-IDENTITY-HEADER", value=secret, query="", at=""):
        url = variables["IDENTITY_ENDPOINT"].replace("/msi/", "/msi/" + at)
        return plain(cloud, f"{url}?api-version={version}&resource={ARM}{query}", {header: value})

    status, _, body = ask()
    assert status == 200 and body["client_id"] == ID(21) and int(body["expires_on"]) > time.time()
    assert ask(query="&mi_res_id=/subscriptions/s/one")[2]["client_id"] == ID(23)
    assert ask(query=f"&principal_id={ID(24)}")[2]["client_id"] == ID(23)
    assert ask(query="&client_id=" + ID(98))[0] == 400
    assert ask(value="x")[0] == ask(header="secret")[0] == 401
    assert ask(version="2018-02-01")[0] == 400
    status, _, body = ask("2017-09-01", "secret", query="&clientid=" + ID(23))
    assert status == 200 and body["client_id"] == ID(23)
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d \+00:00", body["expires_on"])
    _, _, body = ask("2017-09-01", "secret", at="windows/")
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [AP]M \+00:00", body["expires_on"])
    assert ask("2017-09-01")[0] == 401


# Time

HOUR_MS = 3600 * 1000


def test_everything_ends_with_the_emulators_clock(tmp_path, certificates, emulator):
    shutil.copytree(certificates, tmp_path, dirs_exist_ok=True)
    year = time.gmtime().tm_year + 1
    cloud = emulator(DIRECTORY.replace("2999-", f"{year}-").replace("repo:o/r:", "repo:waybill/emulated:"),
                     ["--token-lifetime", 600])
    group = cloud.group("g")
    good = bearer(cloud, ID(1), "s3cret&+ =")
    header = {"alg": "PS256", "x5t#S256": encode(digest(tmp_path, "a", "sha256"))}
    assertion, job = sign(tmp_path, header, claims_for(cloud)), github_token(cloud)
    assert assert_with(cloud, job, ID(5))[0] == 200
    cloud.clock(advance_ms=599 * 1000)
    assert cloud.request("GET", group, None, good)[0] in (200, 401)  # to the second
    cloud.clock(advance_ms=2000)
    status, headers, body = cloud.request("GET", group, None, good)
    assert (status, body["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert "The access token expiry UTC time" in headers["www-authenticate"]
    cloud.clock(advance_ms=HOUR_MS)
    for client, text in ((ID(3), assertion), (ID(5), job)):
        assert refused(assert_with(cloud, text, client)) == 700024
    assert assert_with(cloud, github_token(cloud), ID(5))[0] == 200
    good = bearer(cloud, ID(1), "s3cret&+ =")
    assert cloud.request("GET", group, None, good)[0] == 200
    cloud.clock(advance_ms=3 * 24 * HOUR_MS)  # the certificate lives two days
    now = int(time.time()) + 3 * 24 * 3600 + 3600 + 601
    answer = assert_with(cloud, sign(tmp_path, header, claims_for(cloud, nbf=now, exp=now + 600)))
    assert refused(answer) == 700027 and "expired" in answer[2]["error_description"]
    cloud.clock(advance_ms=400 * 24 * HOUR_MS)
    assert refused(sign_in(cloud, client_id=ID(1), client_secret="s3cret&+ =")) == 7000222
