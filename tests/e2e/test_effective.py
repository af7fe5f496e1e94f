# SPDX-License-Identifier: Apache-2.0
"""reach --effective: Azure's own effective routes beside ours."""
import pytest
from harness import GROUP, Waybill, writes


def deallocate(azure, *names):
    for name in names:
        status, _, _ = azure.request("POST", f"{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}/deallocate?api-version=2024-07-01")
        assert status in (200, 202)


@pytest.fixture
def applied(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    azure.clear()
    return waybill


@pytest.mark.sanitizer
def test_azure_says_the_same(applied):
    told = applied.run("reach", "--effective", "--json", check=0).json["effective"]
    assert [one["differences"] for one in told] == [[]]
    assert told[0]["asked"].endswith("/worker-0-nic") and told[0]["problem"] is None
    # The network's range, two nodes, the dropped ranges but the one around the network, the Internet.
    assert told[0]["alike"] >= 6
    asked = [one["path"] for one in applied.azure.requests() if one["method"] == "POST"]
    assert len(asked) == 1 and "/effectiveRouteTable" in asked[0]
    assert writes(applied.azure.requests()) == []
    shown = applied.run("reach", "--effective", check=0).stdout
    assert "worker-0-nic" in shown and "goes to" not in shown


def test_what_differs_is_told_and_the_exit_status_says_so(applied):
    route = {"source": "User", "state": "Active", "addressPrefix": ["10.200.1.0/24"],
             "nextHopType": "VirtualAppliance", "nextHopIpAddress": ["10.240.0.99"]}
    learned = {"source": "VirtualNetworkGateway", "state": "Active", "addressPrefix": ["10.9.0.0/16"],
               "nextHopType": "VirtualNetworkGateway", "nextHopIpAddress": []}
    shadowed = {"source": "Default", "state": "Invalid", "addressPrefix": ["0.0.0.0/0"], "nextHopType": "Internet"}
    dropped = [{"source": "Default", "state": "Active", "addressPrefix": [prefix], "nextHopType": "None",
                "nextHopIpAddress": []} for prefix in ("25.176.0.0/13", "127.0.0.0/8", "10.200.0.0/16")]
    hostile = {"source": "User", "state": "Active", "addressPrefix": ["10.7.0.0/16", 7, "noise"],
               "nextHopType": "::error::\u202e"}
    applied.azure.faults({"method": "POST", "path": "*/effectiveRouteTable", "status": 200,
                          "body": {"value": [route, learned, shadowed, hostile, None, *dropped]}})
    told = applied.run("reach", "--effective", "--json", check=2).json["effective"][0]
    found = {one["prefix"]: (one["azure"], one["waybill"]) for one in told["differences"]}
    assert found["10.200.1.0/24"] == ("VirtualAppliance 10.240.0.99", "VirtualAppliance 10.240.0.21")
    assert found["10.200.0.0/24"] == (None, "VirtualAppliance 10.240.0.20")
    assert found["0.0.0.0/0"] == (None, "Internet")
    # Two of the ranges that Azure drops hold no pods, and the third holds all of them.
    assert found["10.200.0.0/16"] == ("None", None) and told["not_compared"] == 3
    assert "25.176.0.0/13" not in found and "127.0.0.0/8" not in found
    assert "::/0" not in found, "Azure told of no IPv6"
    shown = applied.run("reach", "--effective", check=2).stdout
    assert "10.200.1.0/24 goes to VirtualAppliance 10.240.0.99 in Azure" in shown
    assert "\u202e" not in shown and "\n::" not in shown


def test_a_machine_that_stands_still_is_passed_over(applied):
    deallocate(applied.azure, "worker-0")
    told = applied.run("reach", "--effective", "--json", check=0).json["effective"][0]
    assert told["asked"].endswith("/worker-1-nic")
    deallocate(applied.azure, "worker-1")
    told = applied.run("reach", "--effective", "--json", check=0).json["effective"][0]
    assert told["asked"] is None and told["problem"]


@pytest.mark.parametrize("answer", [{"status": 403, "code": "AuthorizationFailed"}, {"status": 200, "body": "noise"},
                                    {"status": 200, "body": {"value": "noise"}}])
def test_an_answer_that_is_none_is_told(applied, answer):
    applied.azure.faults({"method": "POST", "path": "*/effectiveRouteTable", **answer})
    told = applied.run("reach", "--effective", "--json", check=0).json["effective"][0]
    assert told["asked"] is None and told["problem"] and told["differences"] == []
