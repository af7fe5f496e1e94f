# SPDX-License-Identifier: Apache-2.0
"""What becomes of pod paths between the steps of a plan: told, waited for, kept."""
import re

import pytest
from harness import HEAD, NETWORK, Waybill, same_path, table_id

NETS = """\
virtualNetworks:
  kubernetes-vnet:
    existing: true
    subnets: {kubernetes-subnet: {existing: true, routeTable: NAME}}
nodeSets:
  workers:
    nodes:
      worker-0: {ip: 10.240.0.20, podCIDR: 10.200.0.0/24}
      worker-1: {ip: 10.240.0.21, podCIDR: 10.200.1.0/24}
routeTables:
  NAME:
    nodeRoutes: [{nodeSet: workers}]
"""
SUBNET = "virtualNetworks/kubernetes-vnet/subnets/kubernetes-subnet"
CUT = (f"Cut on the way: 2 pod paths, from `update {SUBNET}` until `update {SUBNET}`: "
       "worker-1 to 10.200.0.0/24 of worker-0, worker-0 to 10.200.1.0/24 of worker-1")


def with_table(name, more=""):
    return HEAD + more + NETS.replace("NAME", name)


def steps(waybill, *arguments):
    return waybill.plan_json(*arguments)["waybill"]["steps"]


def first_of(requests, method, path):
    return next(i for i, request in enumerate(requests) if request["method"] == method and
                same_path(request["path"].split("?")[0], path))


@pytest.fixture
def old(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, with_table("old"))
    waybill.apply()
    waybill.environment["WAYBILL_MAX_DELETES"] = "9"
    return waybill


@pytest.mark.sanitizer
def test_a_table_made_anew_tells_its_cut(old):
    told = old.plan("--replace", "routeTables/old", "--out", "saved")
    assert told.codes == ["path-cut"]
    assert "waybill.yaml:8:15: warning: pods that reach each other before and after" in told.stderr
    assert f"note: from `update {SUBNET}` until `update {SUBNET}`" in told.stderr
    assert CUT in told.stdout.splitlines()
    assert CUT in old.run("show", "saved", check=0).stdout.splitlines()
    reached = old.plan_json("--replace", "routeTables/old")["waybill"]["reachability"]
    assert reached["lost"] == reached["unjudged"] == 0
    assert reached["cuts"] == [{
        "from": {"verb": "update", "address": SUBNET}, "until": {"verb": "update", "address": SUBNET},
        "paths": 2, "first": [{"from": "worker-1", "to": "worker-0", "pods": "10.200.0.0/24"},
                              {"from": "worker-0", "to": "worker-1", "pods": "10.200.1.0/24"}]}]
    old.run("apply", "saved", "--auto-approve", check=0)
    old.assert_settled()


@pytest.mark.sanitizer
def test_a_move_to_a_new_table_waits_for_it_to_settle(old):
    old.write(with_table("new", "settle: 20ms\n"))
    assert [(step["verb"], step["address"], step["waits"], step["settles"]) for step in steps(old)] == [
        ("create", "routeTables/new", [], []), ("update", SUBNET, [0], [0]),
        ("delete", "routeTables/old", [1], [1])]
    old.azure.clear()
    done = old.apply()
    assert done.codes == [] and "Cut on the way" not in done.stdout
    assert re.findall(r"^(.*: Waiting .*)$", done.stderr, re.M) == [
        f"{SUBNET}: Waiting 20ms for routeTables/new to settle...",
        f"routeTables/old: Waiting 20ms for {SUBNET} to settle..."]
    requests = old.azure.requests()
    assert (first_of(requests, "PUT", table_id("new")) <
            first_of(requests, "PUT", f"{NETWORK}/subnets/kubernetes-subnet") <
            first_of(requests, "DELETE", table_id("old")))
    old.assert_settled()


def test_nothing_settles_that_was_not_reached(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, with_table("old", "settle: 99m\n"))
    assert [step["settles"] for step in steps(waybill)] == [[], []]
    assert "Waiting" not in waybill.apply().stderr
    assert "Waiting" not in waybill.destroy().stderr


def test_settling_is_no_part_of_the_plan_id(old):
    old.write(with_table("new"))
    plain = old.plan().plan_id
    old.write(with_table("new", "settle: 30s\n"))
    assert old.plan().plan_id == plain
