# SPDX-License-Identifier: Apache-2.0
"""Who the emulator is and who its clients are: TLS, metadata, sign-in, identities, access."""

import socket
import ssl
import subprocess

import pytest

from emulator import BUILD, Emulator


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
    certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-days", str(days),
                    "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


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
