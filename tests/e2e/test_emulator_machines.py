# SPDX-License-Identifier: Apache-2.0
"""Machines as clients make, change and read them."""

import pytest

from emulator import COMPUTE_API

pytestmark = pytest.mark.sanitizer

CLOUD = """\
resourceGroups: {g: {location: japaneast}}
virtualNetworks:
  net:
    resourceGroup: g
    addressPrefixes: [10.240.0.0/16]
    subnets: {nodes: {addressPrefix: 10.240.0.0/24}, few: {addressPrefix: 10.240.1.0/29}}
virtualMachines:
  worker: {resourceGroup: g, tags: {a: b}, nics: {worker-nic: {ip: 10.240.0.5, subnet: net/nodes}}}
"""


@pytest.fixture
def cloud(emulator):
    return emulator(CLOUD)


def refused(answer):
    return answer[0], answer[2]["error"]["code"]


def machine(cloud, name="worker"):
    return cloud.id("Microsoft.Compute/virtualMachines", name, "g")


def test_a_machine_that_is_started_or_stopped_is_being_updated(emulator):
    cloud = emulator(CLOUD, args=["--operation-time", 60000])
    assert cloud.request("POST", machine(cloud) + "/deallocate")[0] == 202
    assert cloud.get(machine(cloud))["properties"]["provisioningState"] == "Updating"
    cloud.clock(60000)
    assert cloud.get(machine(cloud))["properties"]["provisioningState"] == "Succeeded"


def test_a_machine_is_told_with_what_clients_rely_on(cloud):
    told = cloud.get(machine(cloud))["properties"]
    assert told["storageProfile"]["dataDisks"] == [] and told["storageProfile"]["osDisk"]["osType"] == "Linux"
    assert told["hardwareProfile"] == {"vmSize": "Standard_D2s_v3"} and told["osProfile"]["computerName"] == "worker"
    sent = {"location": "japaneast", "properties": {
        "hardwareProfile": {"vmSize": "Standard_B1s"},
        "storageProfile": {"imageReference": {"offer": "u"}, "osDisk": {"osType": "Windows", "createOption": "FromImage"}},
        "osProfile": {"computerName": "other", "adminUsername": "user", "adminPassword": "Planted-1"}}}
    assert cloud.request("PUT", machine(cloud, "made"), sent)[0] == 201
    told = cloud.request("GET", machine(cloud, "made") + f"?api-version={COMPUTE_API}&$expand=instanceView")[2]["properties"]
    assert told["hardwareProfile"] == {"vmSize": "Standard_B1s"} and "instanceView" in told
    assert told["storageProfile"]["osDisk"] == {"osType": "Windows", "createOption": "FromImage"}
    assert told["storageProfile"]["imageReference"] == {"offer": "u"} and told["storageProfile"]["dataDisks"] == []
    assert told["osProfile"]["computerName"] == "other" and "adminPassword" not in told["osProfile"]


def test_a_patch_sets_what_it_names(cloud):
    sent = {"tags": {"c": "d"}, "properties": {"hardwareProfile": {"vmSize": "Standard_B2s"}, "powerState": "stopped"}}
    status, _, told = cloud.request("PATCH", machine(cloud), sent)
    assert (status, told["tags"], told["properties"]["hardwareProfile"]) == (200, {"c": "d"}, {"vmSize": "Standard_B2s"})
    again = cloud.get(machine(cloud))
    assert again == told and again["properties"]["networkProfile"]["networkInterfaces"]
    view = cloud.get(machine(cloud) + "/instanceView")
    assert view["statuses"][-1]["code"] == "PowerState/running"
    elsewhere = {"properties": {"networkProfile": {"networkInterfaces": [{"id": cloud.id("networkInterfaces", "no", "g")}]}}}
    assert refused(cloud.request("PATCH", machine(cloud), elsewhere)) == (400, "InvalidResourceReference")
    assert cloud.get(machine(cloud)) == told
    # Of what is Microsoft.Network's, tags alone.
    network = cloud.id("virtualNetworks", "net", "g")
    sent = {"tags": {"e": "f"}, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}}
    told = cloud.request("PATCH", network, sent)[2]
    assert (told["tags"], told["properties"]["addressSpace"]["addressPrefixes"]) == ({"e": "f"}, ["10.240.0.0/16"])
