# SPDX-License-Identifier: Apache-2.0
"""Each write and each sync of the state fails in turn: the next plan and apply converge.

The whole program runs over a failing VFS (failing_disk.c). Whatever failed, what had been announced
is known to the next run: nothing is made twice, and what others made stands.
"""
import signal
import subprocess

import pytest
from emulator import BUILD
from harness import EXAMPLES, LONG, Waybill, route_body, table_id
from test_kill import comparable, created_twice

MODES = "once", "on", "full", "kill"
FOREIGN = table_id("kubernetes-routes") + "/routes/foreign"


def run_on_failing_disk(waybill, nth, mode, *arguments):
    """(exit status, whether it came to that write)."""
    mark = waybill.folder / "mark"
    mark.unlink(missing_ok=True)
    command = [str(BUILD / "crash" / "failing_disk"), *waybill.command(*arguments)[1:]]
    environment = {**waybill.environment, "WAYBILL_TEST_DISK": f"{nth} {mode} {mark}"}
    done = subprocess.run(command, cwd=waybill.folder, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    assert "Sanitizer" not in done.stderr and "runtime error:" not in done.stderr, done.stderr
    assert done.returncode in ((0, 1, -signal.SIGKILL) if mode == "kill" else (0, 1)), done
    if done.returncode == 1:
        assert "[state-" in done.stderr, done.stderr
    return done.returncode, mark.exists()


class First:
    """The first apply of a configuration, which makes the state."""
    example = "hard-way"

    def prepare(self, waybill):
        pass

    def disturb(self, waybill, nth, mode):
        return run_on_failing_disk(waybill, nth, mode, "apply", "--auto-approve")

    def go_on(self, waybill):
        waybill.apply()


class Second(First):
    """An apply that adds, changes and deletes, beside a route that somebody else made."""

    def prepare(self, waybill):
        waybill.apply()
        waybill.azure.put(FOREIGN, route_body("192.168.7.0/24", "10.240.0.20"))
        waybill.replace("    nodeRoutes:", """\
    tags: {team: network}
    routes:
      to-office: {addressPrefix: 192.168.0.0/16, nextHopType: VirtualNetworkGateway}
    nodeRoutes:""")
        waybill.replace("${var.prefix}-route-${node.podCIDR | slug}", "${node.name}")


class Destroy(First):
    def prepare(self, waybill):
        waybill.apply()

    def disturb(self, waybill, nth, mode):
        return run_on_failing_disk(waybill, nth, mode, "destroy", "--auto-approve")

    def go_on(self, waybill):
        waybill.destroy()


def undisturbed(folder, azure, scenario):
    waybill = Waybill(folder, azure, scenario.example)
    scenario.prepare(waybill)
    scenario.go_on(waybill)
    return comparable(azure.cloud()), waybill.records()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", [First(), Second(), Destroy()], ids=lambda one: type(one).__name__)
def test_each_write_and_sync_fails_in_turn(tmp_path, emulator, scenario, mode, figure):
    cloud_file = EXAMPLES / scenario.example / "cloud.yaml"
    cloud, records = undisturbed(tmp_path / "undisturbed", emulator(cloud_yaml=cloud_file), scenario)
    nth, failures = 1, 0
    while True:
        azure = emulator(cloud_yaml=cloud_file)
        waybill = Waybill(tmp_path / str(nth), azure, scenario.example)
        scenario.prepare(waybill)
        azure.clear()
        status, failed = scenario.disturb(waybill, nth, mode)
        assert failed or status == 0
        failures += failed
        assert waybill.plan("--detailed-exitcode", check=None).code in (0, 2)
        scenario.go_on(waybill)
        assert comparable(azure.cloud()) == cloud, f"{mode} at {nth}"
        assert waybill.records() == records, f"{mode} at {nth}"
        assert not created_twice(azure.requests()), f"{mode} at {nth}"
        azure.stop()
        if not failed:
            break
        nth += 1 if LONG else 7
    assert failures > 2
    figure(f"{type(scenario).__name__}, {mode}: {failures} failing writes and syncs, all went on from there")
