# SPDX-License-Identifier: Apache-2.0
"""Steps that fail, answers that are lost, and others who write at the same time."""
import signal
import subprocess
import time

import pytest
from emulator import ROOT
from harness import HEAD, SUBNET, TABLE, ROUTE_0, ROUTE_1, Waybill, route_body, table_id, \
    table_yaml, writes

A = ("10.1.0.0/16", "10.240.0.4")
B = ("10.2.0.0/16", "10.240.0.5")

CHAIN = HEAD + """\
virtualNetworks:
  kubernetes-vnet:
    existing: true
    subnets:
      kubernetes-subnet: {existing: true, routeTable: first}
routeTables:
  first:
    routes:
      a: {addressPrefix: 10.1.0.0/16, nextHopType: None}
  second:
    routes:
      a: {addressPrefix: 10.1.0.0/16, nextHopType: None}
"""


def routes_of(azure, table=TABLE):
    return {route["name"]: route["properties"].get("nextHopIpAddress")
            for route in azure.get(table)["properties"]["routes"]}


# ---- a step that fails ----

@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_failed_step_skips_what_depends_on_it(tmp_path, azure, asynchronous):
    waybill = Waybill(tmp_path / "w", azure, CHAIN)
    azure.fail(400, "QuotaExceeded", "no more tables here", asynchronous=asynchronous,
               method="PUT", path=table_id("first"))
    result = waybill.apply(check=1)
    assert "QuotaExceeded" in result.stderr and "no more tables here" in result.stderr
    assert "waybill.yaml:11:3" in result.stderr
    assert "skipped" in result.text and "kubernetes-subnet" in result.text
    assert azure.get(table_id("first")) is None
    assert azure.get(table_id("second"))
    assert "routeTable" not in azure.get(SUBNET)["properties"]
    assert waybill.records() == ["routeTables/second", "routeTables/second/routes/a"]
    waybill.apply()
    waybill.assert_settled()


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("status, code", [
    (429, "AnotherOperationInProgress"), (429, "RetryableError"),
    (409, "ConflictingConcurrentWriteNotAllowed"), (429, "TooManyRequests")])
def test_contention_is_waited_out(tmp_path, azure, status, code, asynchronous):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    azure.fail(status, code, "busy", retry_after_ms=20, asynchronous=asynchronous,
               method="PUT", path=table_id())
    waybill.apply()
    waybill.assert_settled()


@pytest.mark.parametrize("whole", [True, False])
def test_what_a_failed_creation_left_is_ours(tmp_path, azure, whole):
    """It is sent again as it was, and meets what its first operation has begun."""
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    routes = [{"name": "a", **route_body(*A)}] if whole else []
    left = {"location": "japaneast", "properties": {"routes": routes}}
    azure.faults({"method": "PUT", "nth": 1, "operation": {"state": "Failed", "code": "RetryableError"}},
                 {"method": "PUT", "nth": 2, "edits": [{"method": "PUT", "id": table_id(), "body": left}]})
    result = waybill.apply(check=0 if whole else 1)
    assert result.codes == ([] if whole else ["unknown-outcome"]), result
    assert len(writes(azure.requests())) == 2
    waybill.apply()
    waybill.assert_settled()


@pytest.mark.parametrize("status", [408, 500, 503])
def test_reads_are_repeated(tmp_path, azure, status):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    azure.fail(status, "InternalServerError", "later", retry_after_ms=20,
               method="GET", path="routeTables")
    waybill.plan()


def test_forbidden_is_not_absent(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    waybill.apply()
    azure.fail(403, "AuthorizationFailed", "The client does not have authorization",
               method="GET", path="routeTables")
    result = waybill.plan(check=1)
    assert "AuthorizationFailed" in result.stderr


# ---- answers that are lost ----

@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_a_write_is_read_and_not_repeated_blindly(tmp_path, azure, when):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    azure.drop(when=when, method="PUT", path=table_id())
    waybill.apply()
    puts = [request["status"] for request in azure.requests() if request["method"] == "PUT"]
    assert puts == ([0, 201] if when == "before" else [0])
    waybill.assert_settled()


def test_a_lost_answer_to_a_delete_is_read(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    waybill.apply()
    azure.drop(when="after", method="DELETE", path=table_id())
    waybill.destroy()
    assert azure.get(table_id()) is None and waybill.records() == []


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_write_answered_by_5xx_is_read_before_it_is_repeated(tmp_path, azure, status):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    azure.fail(status, "GatewayTimeout", "perhaps", method="PUT", path=table_id())
    waybill.apply()
    waybill.assert_settled()


# ---- somebody else writes meanwhile ----

@pytest.fixture
def applied(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A, "b": B}))
    waybill.apply()
    waybill.replace("10.240.0.4", "10.240.0.40")
    return waybill


def test_an_edit_beside_ours_between_plan_and_apply_is_merged(applied, azure):
    applied.plan("--out", "plan.waybill")
    azure.put(table_id() + "/routes/theirs", route_body("172.20.0.0/16", "10.240.0.9"))
    applied.apply("plan.waybill")
    assert routes_of(azure, table_id()) == {
        "a": "10.240.0.40", "b": "10.240.0.5", "theirs": "10.240.0.9"}


def test_an_edit_on_ours_between_plan_and_apply_is_refused_by_name(applied, azure):
    applied.plan("--out", "plan.waybill")
    azure.put(table_id() + "/routes/a", route_body("10.1.0.0/16", "10.240.0.66"))
    azure.clear()
    result = applied.run("apply", "plan.waybill", check=1)
    assert "routes/a" in result.stderr
    assert routes_of(azure, table_id()) == {"a": "10.240.0.66", "b": "10.240.0.5"}
    assert writes(azure.requests()) == []


def test_an_edit_beside_ours_between_get_and_put_is_merged(applied, azure):
    azure.edit(("PUT", table_id() + "/routes/theirs", route_body("172.20.0.0/16", "10.240.0.9")),
               before={"method": "PUT", "path": table_id()})
    applied.apply()
    assert routes_of(azure, table_id()) == {
        "a": "10.240.0.40", "b": "10.240.0.5", "theirs": "10.240.0.9"}
    assert 412 in [request["status"] for request in azure.requests()]
    applied.assert_settled()


def test_an_edit_on_ours_between_get_and_put_is_refused_by_name(applied, azure):
    azure.edit(("PUT", table_id() + "/routes/a", route_body("10.1.0.0/16", "10.240.0.66")),
               before={"method": "PUT", "path": table_id()})
    result = applied.apply(check=1)
    assert "routes/a" in result.stderr
    assert routes_of(azure, table_id()) == {"a": "10.240.0.66", "b": "10.240.0.5"}


def test_a_table_made_by_somebody_else_between_get_and_put_is_not_overwritten(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": A}))
    theirs = {"location": "japaneast", "properties": {
        "routes": [{"name": "theirs", **route_body(*B)}]}}
    azure.edit(("PUT", table_id(), theirs),
               before={"method": "PUT", "path": table_id()})
    result = waybill.apply(check=1)
    assert "routeTables/t" in result.stderr
    assert routes_of(azure, table_id()) == {"theirs": "10.240.0.5"}
    assert waybill.records() == []


def test_a_subnet_edited_between_get_and_put_keeps_the_edit(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    subnet = azure.get(SUBNET)
    subnet["properties"]["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]
    azure.edit(("PUT", SUBNET, subnet),
               before={"method": "PUT", "path": SUBNET})
    waybill.apply()
    after = azure.get(SUBNET)["properties"]
    assert [item["service"] for item in after["serviceEndpoints"]] == ["Microsoft.Storage"]
    assert after["routeTable"]["id"].lower() == TABLE.lower()
    assert sorted(routes_of(azure)) == [ROUTE_0, ROUTE_1]
    waybill.assert_settled()


# ---- Ctrl-C ----

def test_an_interrupt_says_what_it_waits_for_and_how_to_go_on(tmp_path, emulator):
    azure = emulator(cloud_yaml=ROOT / "examples" / "hard-way" / "cloud.yaml",
                     args=["--operation-time", 1000])
    waybill = Waybill(tmp_path / "w", azure, CHAIN)
    waybill.apply()
    azure.clear()
    run = subprocess.Popen(waybill.command("destroy", "--auto-approve"), cwd=waybill.folder,
                           env=waybill.environment, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while run.poll() is None and ("PUT", SUBNET) not in writes(azure.requests()):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    shown, told = run.communicate(timeout=60)
    assert run.returncode == 130, told
    assert "Destroy interrupted." in shown
    assert "Interrupted: waiting for what is under way" in told
    assert "apply again" not in told and "run the same command again" in told
    waybill.destroy()
    assert azure.get(table_id("first")) is None
