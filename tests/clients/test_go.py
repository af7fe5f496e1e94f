# SPDX-License-Identifier: Apache-2.0
"""Azure's libraries for Go at the emulator: go/ has the tests, which make test-clients has compiled."""
import os
import subprocess

from cloud import CLOUD, variables
from emulator import ROOT
from sign_in import Client


def test_go(tmp_path, emulator, outside):
    client = Client(tmp_path)
    cloud = emulator(CLOUD, ["--tls", "--tls-ca-out", tmp_path / "ca.pem", "--page-size", 2])
    environment = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
                   **variables(cloud, outside, client, tmp_path, "appService")}
    done = subprocess.run([str(ROOT / "build" / "go" / "clients"), "-test.v"], env=environment, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n--- PASS: ") == 4 and outside.asked == []
