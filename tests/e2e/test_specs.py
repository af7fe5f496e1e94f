# SPDX-License-Identifier: Apache-2.0
"""The emulator's answers and what it accepts are as ARM's published specifications have them."""

import json
import re

import pytest

import specs
from emulator import API, COMPUTE_API, SUBSCRIPTION
from test_emulator_resources import CLOUD

pytestmark = pytest.mark.skipif(not specs.SPECS.exists(), reason=f"no specifications in {specs.SPECS}")


def ask_everything(cloud):
    """One of each kind of request, among them refused ones."""
    table, network = cloud.id("routeTables", "t", "g"), cloud.id("virtualNetworks", "net", "g")
    nic = cloud.id("networkInterfaces", "worker-nic", "g")
    machine = cloud.id("Microsoft.Compute/virtualMachines", "worker", "g")
    pool = cloud.id("Microsoft.Compute/virtualMachineScaleSets", "pool", "g")
    subscription = f"/subscriptions/{SUBSCRIPTION}"
    provider = f"{subscription}/providers/Microsoft.Network"
    for path in ("/subscriptions", "/tenants", "/providers", "/providers/Microsoft.Network", subscription,
                 f"{subscription}/locations", f"{subscription}/providers", provider, f"{subscription}/resources",
                 f"{subscription}/resourcegroups", f"{provider}/locations/japaneast/usages", cloud.group("g"),
                 cloud.group("none"), cloud.group("g") + "/resources"):
        cloud.request("GET", path)
    for path in (table, network, nic, machine, pool):
        for one in (path, path.rsplit("/", 1)[0], path + "x"):
            cloud.request("GET", one)
            cloud.request("HEAD", one)
        kind = path.split("/providers/")[1].rsplit("/", 1)[0]
        cloud.request("GET", f"{subscription}/providers/{kind}")
        cloud.request("PATCH", path, {"tags": {"a": "b"}})
    for path in (f"{table}/routes", f"{table}/routes/pods", f"{table}/routes/none", f"{network}/subnets",
                 f"{network}/subnets/nodes", f"{network}/virtualNetworkPeerings", f"{network}/usages",
                 f"{network}/virtualNetworkPeerings/to-peer", f"{machine}/instanceView",
                 f"{machine}?$expand=instanceView&api-version={COMPUTE_API}", f"{pool}/virtualMachines",
                 f"{pool}/virtualMachines/3", f"{pool}/virtualMachines/3/instanceView",
                 f"{pool}/virtualMachines/x", f"{pool}/networkInterfaces?api-version=2018-10-01",
                 f"{pool}/virtualMachines/3/networkInterfaces?api-version=2018-10-01",
                 f"{network}/CheckIPAddressAvailability?ipAddress=10.240.1.9&api-version={API}"):
        cloud.request("GET", path)
    for word in ("register", "unregister", "register"):
        cloud.request("POST", f"{provider}/{word}")
    _, headers, _ = cloud.request("POST", f"{nic}/effectiveRouteTable")
    cloud.request("GET", headers["location"])
    for word in ("deallocate", "start", "powerOff", "restart"):
        cloud.request("POST", f"{machine}/{word}")
    cloud.request("GET", f"{subscription}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01")
    write_everything(cloud, table, network, nic, machine)


def write_everything(cloud, table, network, nic, machine):
    route = {"properties": {"addressPrefix": "10.201.0.0/24", "nextHopType": "VirtualAppliance",
                            "nextHopIpAddress": "10.240.0.9"}}
    many = {"nextHopType": "VirtualApplianceEcmp", "nextHop": {"nextHopIpAddresses": ["10.240.0.9", "10.240.0.10"]}}
    for path, body in ((cloud.group("h"), {"location": "eastus"}),
                       (cloud.id("routeTables", "newer", "h"), {"location": "eastus", "properties": {"newer": 1}}),
                       (cloud.id("routeTables", "newer", "h") + "/routes/many?api-version=2025-07-01",
                        {"properties": {"addressPrefix": "10.201.0.0/24", **many}}),
                       (cloud.id("routeTables", "new", "h"), {"location": "eastus", "properties": {"routes": []}}),
                       (cloud.id("virtualNetworks", "new", "h"), {"location": "eastus", "properties": {
                           "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}),
                       (f"{table}/routes/new", route), (f"{network}/subnets/new", {"properties": {
                           "addressPrefix": "10.240.9.0/24", "routeTable": {"id": table}}}),
                       (f"{table}/routes/bad", {"properties": {}})):
        for _ in range(2):
            cloud.request("PUT", path, body)
    body = cloud.get(machine)
    body["properties"]["powerState"] = "running"
    cloud.request("PUT", machine, body)
    cloud.request("PATCH", machine, {"properties": {"osProfile": None}})
    cloud.request("GET", f"{machine}/vmSizes")
    pool = cloud.id("Microsoft.Compute/virtualMachineScaleSets", "pool", "g")
    for capacity in (3, 1):
        body = cloud.get(pool)
        body["sku"]["capacity"] = capacity
        cloud.request("PUT", pool, body)
        cloud.request("PATCH", pool, {"sku": {"capacity": capacity}})
    for path in (table, network, nic, machine, f"{network}/subnets/nodes", f"{table}/routes/new",
                 f"{network}/virtualNetworkPeerings/to-peer"):
        cloud.request("PUT", path, cloud.get(path))
        cloud.request("PUT", path, cloud.get(path), {"If-Match": 'W/"none"'})
    for path in (f"{network}/subnets/nodes", f"{network}/subnets/new", f"{table}/routes/new",
                 f"{network}/virtualNetworkPeerings/to-peer", table, machine, nic, cloud.group("h"),
                 cloud.id("routeTables", "none", "g")):
        _, headers, _ = cloud.request("DELETE", path)
        if "location" in headers:
            cloud.request("GET", headers["location"])


def test_answers_are_as_published(emulator, tmp_path, figure):
    trace = tmp_path / "trace"
    cloud = emulator(CLOUD, args=["--trace", trace])
    ask_everything(cloud)
    assert cloud.stop() == 0
    count, shapes, unmeant, meant = specs.check([trace])
    assert not unmeant and count > 130
    figure(f"specifications: {count} exchanges of {shapes} shapes, {len(meant)} kinds of deviation that are meant")
    assert meant == {pattern for pattern, _ in specs.DEVIATIONS}, "a deviation in the list that is none"


def exchange(**more):
    route = {"name": "r", "properties": {"addressPrefix": "10.0.0.0/24", "nextHopType": "None"}}
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network/routeTables/t/routes/r"
    return {"method": "GET", "url": f"{path}?api-version={API}", "status": 200, "response": route, **more}


@pytest.mark.parametrize("wrong, told", [
    ({}, None),
    ({"response": {"name": 5}}, "/name: 5 is no string"),
    ({"response": {"properties": {}}}, "properties: nextHopType is missing"),
    ({"response": {"properties": {"nextHopType": "None", "metric": 1}}}, "properties: metric is no member"),
    ({"response": {"colour": "red"}}, "colour is no member"),
    ({"status": 206}, "206: no status of it"),
    ({"response": None}, "200: no body"),
    ({"status": 404, "response": {"error": {"code": 5}}}, "code: 5 is no string"),
    ({"status": 404, "response": {"error": {"code": "NotFound", "message": "m", "details": []}}}, None),
    ({"method": "PUT", "request": {"properties": {"nextHopType": "None", "x": 1}}}, "request/properties: x is no member"),
    ({"method": "PUT", "status": 201, "request": {"properties": {"nextHopType": "None"}}}, None),
    ({"method": "DELETE", "status": 204}, "204: a body where there is none"),
    ({"method": "PATCH"}, "PATCH .*: answered, and in no specification"),
])
def test_what_deviates_is_told(wrong, told):
    found = list(specs.Specifications().deviations(json.loads(json.dumps(exchange(**wrong)))))
    if told is None:
        assert found == []
    else:
        assert len(found) == 1 and re.search(told, found[0]), found


def test_what_refers_to_a_file_that_is_not_there_is_not_judged():
    path = next(iter(specs.SPECS.glob("network/**/2024-05-01/routeTable.json"))).resolve()
    assert specs.Schema(path, {"$ref": "./absent.json#/definitions/X"}).resolved() is None
