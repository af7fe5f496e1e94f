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
