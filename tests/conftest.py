# SPDX-License-Identifier: Apache-2.0
"""What the tests of the programs share: a cloud of its own for each test."""
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))

from blobs import AZURITE, Azurite, Blobs  # noqa: E402 (found by the path above)
from emulator import ROOT, Emulator  # noqa: E402 (found by the path above)

# Programs inherit what is ignored, and these tests may be run by nohup.
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture
def figure(request):
    """figure(TEXT): what a test counted or measured; all of it is told at the end of the run."""
    return lambda text: request.node.user_properties.append(("figure", text))


def pytest_terminal_summary(terminalreporter):
    told = [value for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
            for name, value in report.user_properties if name == "figure" and report.when == "call"]
    if told:
        terminalreporter.section("figures")
        for text in sorted(told):
            terminalreporter.write_line(text)


@pytest.fixture
def emulator(tmp_path):
    """Makes emulators for a test: emulator(cloud_yaml=..., args=[...]). Stops them after it."""
    made = []

    def make(cloud_yaml=None, args=()):
        made.append(Emulator(tmp_path, cloud_yaml, args))
        return made[-1]

    yield make
    for one in made:
        assert one.stop() == 0


@pytest.fixture
def hard_way(emulator):
    """An emulator with the cloud of examples/hard-way."""
    return emulator(cloud_yaml=ROOT / "examples" / "hard-way" / "cloud.yaml")


@pytest.fixture
def azure(hard_way):
    """The same, for tests of Waybill: a group, a network with a subnet, two workers."""
    return hard_way


@pytest.fixture
def empty_azure(emulator):
    """An emulator whose subscription holds nothing."""
    return emulator()


@pytest.fixture
def storages():
    """Makes storage accounts of documented behaviour, with traps. Stops them after the test."""
    made = []

    def make():
        made.append(Blobs())
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def blobs(storages):
    return storages()


@pytest.fixture(scope="session")
def azurite():
    if not AZURITE.exists():
        pytest.skip("azurite is not there: make test-azurite installs it from npm")
    account = Azurite()
    yield account
    account.stop()


@pytest.fixture(params=["documented", "azurite"])
def storage(request):
    """Both of them, one after the other. The second is shared: a test names its own key."""
    return request.getfixturevalue("blobs" if request.param == "documented" else "azurite")
