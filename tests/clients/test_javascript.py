# SPDX-License-Identifier: Apache-2.0
"""Azure's libraries for JavaScript at the emulator: javascript.mjs has the tests, and npm the libraries."""
import os
import subprocess

from cloud import CLOUD, variables
from emulator import ROOT
from sign_in import Client


def test_javascript(tmp_path, emulator, outside):
    client = Client(tmp_path)
    cloud = emulator(CLOUD, ["--tls", "--tls-ca-out", tmp_path / "ca.pem", "--page-size", 2])
    environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": str(tmp_path / "ca.pem"),
                   "MODULES": str(ROOT / "build" / "javascript"), **variables(cloud, outside, client, tmp_path, "imds")}
    done = subprocess.run(["node", str(ROOT / "tests" / "clients" / "javascript.mjs")], env=environment, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 5\n" in done.stdout and outside.asked == []
