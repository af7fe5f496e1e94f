# SPDX-License-Identifier: Apache-2.0
"""kill -9 at each request of an apply: the next plan and apply converge, nothing is made twice.

The emulator kills the process at its nth request, before performing it or after, until a run ends
untouched. `make test-long` does the same where operations take their time, so that a process also
dies while it polls and the next one finds the cloud at work.
"""
import pytest
from harness import LONG, Waybill, kill_at

# example, when, how long operations take in ms
LOOPS = [(example, when, 0) for example in ("greenfield", "large") for when in ("before", "after")]
if LONG:
    LOOPS += [("peered", when, 0) for when in ("before", "after")]
    LOOPS += [(example, when, 60) for example, when, _ in LOOPS]


def created_twice(requests):
    """Ids that more than one PUT created."""
    made = [request["path"].split("?")[0].lower() for request in requests
            if request["method"] == "PUT" and request["status"] == 201]
    return {path for path in made if made.count(path) > 1}


def comparable(cloud):
    """The cloud without what is random in it."""
    if isinstance(cloud, dict):
        return {key: comparable(value) for key, value in cloud.items()
                if key not in ("resourceGuid", "vmId")}
    return [comparable(value) for value in cloud] if isinstance(cloud, list) else cloud


def undisturbed(folder, azure, example):
    """(cloud, records) of an apply that nobody disturbed."""
    waybill = Waybill(folder, azure, example)
    waybill.apply()
    return comparable(azure.cloud()), waybill.records()


@pytest.mark.parametrize("example, when, operation_time", LOOPS)
def test_apply_killed_at_any_request(tmp_path, emulator, example, when, operation_time, figure):
    cloud, records = undisturbed(tmp_path / "undisturbed", emulator(), example)
    nth, deaths = 1, 0
    while True:
        azure = emulator(args=["--operation-time", operation_time])
        waybill = Waybill(tmp_path / str(nth), azure, example)
        died = kill_at(waybill, nth, when, "apply", "--auto-approve")
        deaths += died
        if died:
            assert waybill.run("plan", "--detailed-exitcode").code in (0, 2)
            waybill.apply()
            waybill.assert_settled()
        assert comparable(azure.cloud()) == cloud, f"killed {when} request {nth}"
        assert waybill.records() == records, f"killed {when} request {nth}"
        assert not created_twice(azure.requests()), f"killed {when} request {nth}"
        azure.stop()
        if not died:
            break
        nth += 1
    assert deaths > 10
    figure(f"{example}: killed {when} each of {deaths} requests, all went on from there")


@pytest.mark.parametrize("when", ["before", "after"])
def test_destroy_killed_at_any_request(tmp_path, emulator, when):
    nth = 1
    while True:
        azure = emulator()
        empty = comparable(azure.cloud())
        waybill = Waybill(tmp_path / str(nth), azure, "greenfield")
        waybill.apply()
        died = kill_at(waybill, nth, when, "destroy", "--auto-approve")
        if died:
            waybill.destroy()
        assert comparable(azure.cloud()) == empty, f"killed {when} request {nth}"
        assert waybill.records() == [], f"killed {when} request {nth}"
        azure.stop()
        if not died:
            break
        nth += 1


def test_a_run_that_mends_may_die_too(tmp_path, emulator):
    cloud, records = undisturbed(tmp_path / "undisturbed", emulator(), "greenfield")
    azure = emulator()
    waybill = Waybill(tmp_path / "w", azure, "greenfield")
    deaths = 0
    while kill_at(waybill, 6 + deaths, "after", "apply", "--auto-approve"):
        deaths += 1
    assert deaths >= 2
    assert comparable(azure.cloud()) == cloud and waybill.records() == records
    assert not created_twice(azure.requests())
