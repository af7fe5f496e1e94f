# SPDX-License-Identifier: Apache-2.0
"""kill -9 at each request to the storage of a remote state: the next runner, anywhere, converges.

The storage kills the process at its nth request, before performing it or after; then the disk is
gone, the lease ends, and another runner goes on.
"""
import shutil

import pytest
from harness import LONG, Waybill, kill_at, table_yaml
from test_kill import comparable, created_twice

KEY = "prod/state"
# Enough of them for a snapshot in the middle of the run.
ROUTES = {f"r{i:04}": (f"10.{1 + i // 256}.{i % 256}.0/24", "10.240.0.4") for i in range(750)}
LARGE = table_yaml(ROUTES) + "  other: {routes: {}}\n"
CLOUD = "resourceGroups: {kubernetes: {location: japaneast}}\n"


def go_on_elsewhere(folder, azure, blobs, source, *command):
    blobs.pass_time(61)
    waybill = Waybill(folder, azure, source).use(blobs, KEY)
    assert waybill.run("plan", "--detailed-exitcode").code in (0, 2)
    waybill.run(*command, check=0)
    return waybill


@pytest.mark.parametrize("source, when", [
    pytest.param("greenfield", "before"), pytest.param("greenfield", "after"),
    pytest.param(LARGE, "after", id="snapshot-after"),
    pytest.param(LARGE, "before", id="snapshot-before",
                 marks=pytest.mark.skipif(not LONG, reason="only in make test-long")),
])
def test_apply_killed_at_any_request_to_the_storage(tmp_path, emulator, storages, source, when, figure):
    azure = emulator(cloud_yaml=CLOUD if source == LARGE else None)
    undisturbed = Waybill(tmp_path / "undisturbed", azure, source).use(storages(), KEY)
    undisturbed.apply()
    cloud, records = comparable(azure.cloud()), undisturbed.records()
    azure.stop()
    nth, deaths = 1, 0
    while True:
        azure, blobs = emulator(cloud_yaml=CLOUD if source == LARGE else None), storages()
        lost = Waybill(tmp_path / "lost", azure, source).use(blobs, KEY)
        died = kill_at(lost, nth, when, "apply", "--auto-approve", at=blobs)
        blobs.traps.clear()
        shutil.rmtree(lost.folder)
        deaths += died
        if died:
            other = go_on_elsewhere(tmp_path / str(nth), azure, blobs, source, "apply", "--auto-approve")
            other.assert_settled()
            assert other.records() == records, f"killed {when} request {nth}"
            snapshot = blobs.blob(KEY)[0].get("x-ms-meta-snapshot")
            assert blobs.names() == [KEY] + ([f"{KEY}.snapshot.{snapshot}"] if snapshot else []), "litter"
        assert comparable(azure.cloud()) == cloud, f"killed {when} request {nth}"
        assert not created_twice(azure.requests()), f"killed {when} request {nth}"
        azure.stop()
        if not died:
            break
        nth += 1
    assert deaths >= 10
    figure(f"killed {when} each of {deaths} requests to the storage, all went on from there elsewhere")


@pytest.mark.skipif(not LONG, reason="only in make test-long")
def test_a_runner_that_goes_on_may_die_too(tmp_path, emulator, storages):
    azure, blobs = emulator(cloud_yaml=CLOUD), storages()
    deaths = 0
    while True:
        waybill = Waybill(tmp_path / str(deaths), azure, LARGE).use(blobs, KEY)
        if not kill_at(waybill, 5 + deaths, "after", "apply", "--auto-approve", at=blobs):
            break
        blobs.traps.clear()
        blobs.pass_time(61)
        deaths += 1
    blobs.traps.clear()
    waybill.assert_settled()
    assert deaths >= 3 and not created_twice(azure.requests())
