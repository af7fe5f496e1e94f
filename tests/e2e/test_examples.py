# SPDX-License-Identifier: Apache-2.0
"""Every example is planned, applied, planned empty and destroyed."""
import pytest
from harness import EXAMPLES, Waybill

pytestmark = pytest.mark.sanitizer
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/waybill.yaml"))


def test_the_examples_are_there():
    assert {"hard-way", "greenfield", "large", "peered"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_example(name, tmp_path, emulator):
    cloud = EXAMPLES / name / "cloud.yaml"
    azure = emulator(cloud if cloud.exists() else None)
    before = azure.cloud()
    waybill = Waybill(tmp_path / "w", azure, name)
    waybill.run("validate", check=0)
    plan = waybill.plan("--detailed-exitcode", check=2)
    waybill.apply("--expect", plan.plan_id)
    waybill.assert_settled()
    assert waybill.run("routes", check=0).stdout
    waybill.destroy()
    assert azure.cloud() == before
    assert waybill.records() == []


def test_greenfield_has_a_route_a_family_and_a_way_to_the_firewall(tmp_path, empty_azure):
    waybill = Waybill(tmp_path / "w", empty_azure, "greenfield")
    waybill.apply()
    routes = [route["properties"] for body in empty_azure.cloud().values()
              if body.get("type", "").lower() == "microsoft.network/routetables"
              for route in body["properties"]["routes"]]
    defaults = [route for route in routes if route["addressPrefix"] == "0.0.0.0/0"]
    assert defaults and all(route["nextHopType"] == "VirtualAppliance" for route in defaults)
    families = {":" in route["addressPrefix"] for route in routes}
    assert families == {True, False}
    for route in routes:
        if "nextHopIpAddress" in route:
            assert (":" in route["addressPrefix"]) == (":" in route["nextHopIpAddress"])


def test_peered_networks_bring_every_pod_path(tmp_path, empty_azure):
    waybill = Waybill(tmp_path / "w", empty_azure, "peered")
    assert "Reachability by routes: 30 of 30 pod paths after apply (0 of 30 now)" in waybill.plan().stdout
    waybill.apply()
    assert "30 of 30 pod paths after apply (30 of 30 now)" in waybill.plan().stdout
    waybill.replace("to-east: {remoteVirtualNetwork: east, allowForwardedTraffic: true}",
                    "to-east: {remoteVirtualNetwork: east}")
    assert "path-lost" in waybill.plan(check=1).codes
