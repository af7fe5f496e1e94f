# SPDX-License-Identifier: Apache-2.0
"""Real clients of ARM at an emulator that speaks https, with nothing else to talk to."""
import fcntl
import pathlib
import shutil
import socket
import struct
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from az import Az, Outside  # noqa: E402 (found by the path above)
from emulator import ROOT  # noqa: E402 (found by the path above)


@pytest.fixture(scope="session", autouse=True)
def loopback():
    """In a network of its own (run.sh) there is `lo` alone, and it is down at first."""
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        return
    name = b"lo".ljust(16, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, 0x8913, name + bytes(24))  # SIOCGIFFLAGS
        flags, = struct.unpack_from("H", asked, 16)
        fcntl.ioctl(any_socket, 0x8914, name + struct.pack("H22x", flags | 1))  # SIOCSIFFLAGS, IFF_UP


@pytest.fixture
def outside():
    trap = Outside()
    yield trap
    trap.stop()


@pytest.fixture
def make_az(tmp_path, emulator, outside):
    """Makes an emulator and an az that is not signed in. At the end az has called nobody else."""
    assert shutil.which("az", path="/usr/bin"), "az is not there: make test-clients installs it"
    made = []

    def make(cloud_yaml=ROOT / "examples" / "hard-way" / "cloud.yaml", args=()):
        made.append(Az(tmp_path / "az", emulator(cloud_yaml, ["--tls", *args]), outside))
        return made[-1]

    yield make
    for one in made:
        print(f"{one.commands} commands of az, {len(one.emulator.requests())} requests served")
    assert outside.asked == []


@pytest.fixture
def az(make_az):
    """az, signed in, at the cloud of examples/hard-way."""
    return make_az().sign_in()
