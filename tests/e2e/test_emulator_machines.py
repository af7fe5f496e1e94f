# SPDX-License-Identifier: Apache-2.0
"""Machines and scale sets as clients make, change and read them."""

import re
import subprocess

import pytest

from emulator import BUILD, COMPUTE_API

pytestmark = pytest.mark.sanitizer

CLOUD = """\
resourceGroups: {g: {location: japaneast}}
virtualNetworks:
  net:
    resourceGroup: g
    addressPrefixes: [10.240.0.0/16]
    subnets: {nodes: {addressPrefix: 10.240.0.0/24}, few: {addressPrefix: 10.240.1.0/29}, pods: {addressPrefix: 10.240.2.0/24}}
virtualMachines:
  worker:
    resourceGroup: g
    tags: {a: b}
    nics: {worker-nic: {ip: 10.240.0.5, subnet: net/nodes}, second: {ip: 10.240.2.5, subnet: net/pods}}
virtualMachineScaleSets:
  pool: {resourceGroup: g, instances: {0: {nics: {eth0: {ip: 10.240.0.4, subnet: net/nodes}}}}}
"""


@pytest.fixture
def cloud(emulator):
    return emulator(CLOUD)


def refused(answer):
    return answer[0], answer[2]["error"]["code"]


def machine(cloud, name="worker"):
    return cloud.id("Microsoft.Compute/virtualMachines", name, "g")


def scale_set(cloud, name="new"):
    return cloud.id("Microsoft.Compute/virtualMachineScaleSets", name, "g")


def subnet(cloud, name="nodes"):
    return cloud.id("virtualNetworks", "net", "g") + "/subnets/" + name


def body(cloud, capacity, into="pods", **properties):
    """What a client sends to make a scale set, as recorded."""
    address = {"name": "ip", "properties": {"subnet": {"id": subnet(cloud, into)}}}
    nic = {"name": "eth0", "properties": {"primary": True, "enableIPForwarding": True, "ipConfigurations": [address]}}
    profile = {"networkProfile": {"networkInterfaceConfigurations": [nic]},
               "osProfile": {"computerNamePrefix": "vmss", "adminUsername": "user", "adminPassword": "Planted-1"}}
    return {"location": "japaneast", "sku": {"name": "Standard_D2s_v3", "capacity": capacity}, "tags": {"team": "a"},
            "properties": {"upgradePolicy": {"mode": "Manual"}, "virtualMachineProfile": profile, **properties}}


def addresses(cloud, name="new"):
    """instance: (NIC, its configuration, address), of a set with one address a machine."""
    out = {}
    for nic in cloud.get(scale_set(cloud, name) + "/networkInterfaces")["value"]:
        (item,) = nic["properties"]["ipConfigurations"]
        instance = nic["properties"]["virtualMachine"]["id"].rsplit("/", 1)[1]
        out[instance] = (nic["name"], item["name"], item["properties"]["privateIPAddress"])
    return out


def test_a_client_makes_a_scale_set_and_scales_it(cloud):
    path = scale_set(cloud)
    status, headers, made = cloud.request("PUT", path, body(cloud, 2))
    assert status == 201 and "azure-asyncoperation" in headers and headers["etag"] == '"1"'
    assert "Planted-1" not in str(cloud.get(path)) and made["properties"]["orchestrationMode"] == "Uniform"
    # What others have is passed over.
    assert addresses(cloud) == {"0": ("eth0", "ip", "10.240.2.4"), "1": ("eth0", "ip", "10.240.2.6")}
    nic = cloud.get(path + "/networkInterfaces")["value"][0]["properties"]
    assert nic["primary"] and nic["enableIPForwarding"]
    assert cloud.get(path + "/virtualMachines/1")["tags"] == {"team": "a"}
    told = cloud.get(path)
    assert told["sku"] == {"name": "Standard_D2s_v3", "tier": "Standard", "capacity": 2}
    listed = cloud.request("GET", f"/subscriptions/{cloud.subscription}/resources?api-version=2021-04-01")[2]["value"]
    assert [one["sku"] for one in listed if one["id"] == path] == [told["sku"]]
    told["sku"]["capacity"] = 3
    told["properties"]["instances"] = {"9": {}}
    assert cloud.request("PUT", path, told)[0] == 200
    assert [ip for _, _, ip in addresses(cloud).values()] == ["10.240.2.4", "10.240.2.6", "10.240.2.7"]
    assert "instances" not in cloud.get(path)["properties"]
    # Without a number as many as there are.
    assert cloud.request("PATCH", path, {"sku": {"capacity": None}})[2]["sku"]["capacity"] == 3
    # The newest go, and what they had is free again.
    status, headers, told = cloud.request("PATCH", path, {"sku": {"capacity": 1}})
    assert (status, told["sku"]["capacity"], headers["etag"]) == (200, 1, '"4"') and "azure-asyncoperation" in headers
    assert list(addresses(cloud)) == ["0"]
    cloud.request("PATCH", path, {"sku": {"capacity": 2}})
    assert addresses(cloud)["1"] == ("eth0", "ip", "10.240.2.6")
    assert cloud.request("DELETE", path)[0] == 202 and cloud.get(path) is None
    assert len(cloud.get(subnet(cloud, "pods"))["properties"]["ipConfigurations"]) == 1


def test_what_a_scale_set_is_in_stays(cloud):
    assert cloud.request("PUT", scale_set(cloud), body(cloud, 1, into="few"))[0] == 201
    few = subnet(cloud, "few")
    assert refused(cloud.request("DELETE", few)) == (400, "InUseSubnetCannotBeDeleted")
    moved = {"properties": {"addressPrefix": "10.240.9.0/24"}}
    assert refused(cloud.request("PUT", few, moved)) == (400, "InUsePrefixCannotBeDeleted")
    cloud.request("DELETE", scale_set(cloud))
    assert cloud.request("PUT", few, moved)[0] == 200


def test_a_scale_set_is_made_in_time_and_kept_in_the_store(emulator, tmp_path):
    cloud = emulator(CLOUD, args=["--operation-time", 60000, "--store", tmp_path / "store"])
    path = scale_set(cloud)
    assert cloud.request("PUT", path, body(cloud, 1))[2]["properties"]["provisioningState"] == "Creating"
    cloud.clock(60000)
    assert cloud.request("PUT", path, body(cloud, 1))[2]["properties"]["provisioningState"] == "Updating"
    before = addresses(cloud)
    cloud.stop()
    cloud = emulator(args=["--store", tmp_path / "store"])
    assert addresses(cloud) == before and len(before) == 1
    assert len(cloud.get(subnet(cloud, "pods"))["properties"]["ipConfigurations"]) == 2


def test_a_change_of_a_scale_set_that_fails_changes_nothing(cloud):
    path = scale_set(cloud)
    cloud.request("PUT", path, body(cloud, 1))
    cloud.faults({"method": "PATCH", "nth": 1, "operation": {"state": "Failed", "code": "Broken", "message": "by a test"}})
    status, headers, told = cloud.request("PATCH", path, {"sku": {"capacity": 2}})
    assert (status, told["properties"]["provisioningState"]) == (200, "Updating")
    assert cloud.request("GET", headers["azure-asyncoperation"])[2]["status"] == "Failed"
    assert cloud.get(path)["sku"]["capacity"] == len(addresses(cloud)) == 1


def test_a_machine_that_is_started_or_stopped_is_being_updated(emulator):
    cloud = emulator(CLOUD, args=["--operation-time", 60000])
    assert cloud.request("POST", machine(cloud) + "/deallocate")[0] == 202
    assert cloud.get(machine(cloud))["properties"]["provisioningState"] == "Updating"
    cloud.clock(60000)
    assert cloud.get(machine(cloud))["properties"]["provisioningState"] == "Succeeded"


def test_addresses_of_instances_are_theirs(cloud):
    def nic(**properties):
        item = {"name": "ip", "properties": {"subnet": {"id": subnet(cloud)}, **properties}}
        return cloud.request("PUT", cloud.id("networkInterfaces", "n", "g"), {
            "location": "japaneast", "properties": {"ipConfigurations": [item]}})

    assert refused(nic(privateIPAddress="10.240.0.4")) == (400, "PrivateIPAddressInUse")
    assert nic()[2]["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.240.0.6"
    check = cloud.id("virtualNetworks", "net", "g") + "/CheckIPAddressAvailability?api-version=2024-05-01&ipAddress="
    assert [cloud.request("GET", f"{check}10.240.0.{n}")[2]["available"] for n in (4, 6, 7)] == [False, False, True]


def nics_of(sent):
    return sent["properties"]["virtualMachineProfile"]["networkProfile"]["networkInterfaceConfigurations"]


def changed(cloud, change, capacity=1):
    """A scale set in which a function has changed the NICs."""
    sent = body(cloud, capacity)
    change(nics_of(sent))
    return sent


def addresses_in(nics):
    return nics[0]["properties"]["ipConfigurations"]


BAD_NICS = {
    "no name": (lambda nics: nics[0].pop("name"), "InvalidRequestFormat"),
    "a name that is none": (lambda nics: nics[0].update(name=1), "InvalidRequestFormat"),
    "an empty name": (lambda nics: nics[0].update(name=""), "InvalidResourceName"),
    "a name of two": (lambda nics: nics[0].update(name="a/b"), "InvalidResourceName"),
    "a long name": (lambda nics: nics[0].update(name="a" * 81), "InvalidResourceName"),
    "no NIC": (lambda nics: nics.append(None), "InvalidParameter"),
    "two of a name": (lambda nics: nics.append({**nics[0], "name": "ETH0"}), "InvalidRequestFormat"),
    "too many": (lambda nics: nics.extend({**nics[0], "name": f"n{n}"} for n in range(8)), "InvalidParameter"),
    "no properties": (lambda nics: nics[0].pop("properties"), "InvalidParameter"),
    "no addresses": (lambda nics: addresses_in(nics).clear(), "InvalidParameter"),
    "addresses that are none": (lambda nics: nics[0]["properties"].update(ipConfigurations={"name": "x"}), "InvalidParameter"),
    "an address without a name": (lambda nics: addresses_in(nics)[0].pop("name"), "InvalidRequestFormat"),
    "an address of a bad name": (lambda nics: addresses_in(nics)[0].update(name="a/b"), "InvalidResourceName"),
    "two addresses of a name": (
        lambda nics: addresses_in(nics).append({**addresses_in(nics)[0], "name": "IP"}), "InvalidRequestFormat"),
    "too many addresses": (
        lambda nics: addresses_in(nics).extend({**addresses_in(nics)[0], "name": f"n{n}"} for n in range(256)), "InvalidParameter"),
    "an address without a subnet": (lambda nics: addresses_in(nics)[0]["properties"].pop("subnet"), "InvalidParameter"),
}


@pytest.mark.parametrize("change, code", BAD_NICS.values(), ids=BAD_NICS)
def test_nics_of_scale_sets_that_are_refused(cloud, change, code):
    for capacity in (1, 0):
        assert refused(cloud.request("PUT", scale_set(cloud), changed(cloud, change, capacity))) == (400, code)
    assert cloud.get(scale_set(cloud)) is None


def test_a_scale_set_has_no_more_addresses_than_a_network(emulator):
    cloud = emulator(CLOUD.replace("10.240.0.0/16", "10.240.0.0/16, fd00::/48").replace(
        "few: {", "many: {addressPrefixes: [10.240.128.0/17, 'fd00::/64']}, few: {"))

    def with_addresses(count):
        def change(nics):
            nics[0]["properties"]["ipConfigurations"] = [
                {"name": f"ip{n}", "properties": {"subnet": {"id": subnet(cloud, "many")},
                                                  "privateIPAddressVersion": ["IPv4", "IPv6"][n % 2]}} for n in range(count)]
        return changed(cloud, change, 1000)

    assert refused(cloud.request("PUT", scale_set(cloud), with_addresses(66))) == (400, "InvalidParameter")
    assert cloud.request("PUT", scale_set(cloud), with_addresses(8))[0] == 201
    given = [item["properties"]["privateIPAddress"] for nic in cloud.get(scale_set(cloud) + "/networkInterfaces")["value"]
             for item in nic["properties"]["ipConfigurations"]]
    assert len(set(given)) == 8000 and given[:2] == ["10.240.128.4", "fd00::4"]
    assert cloud.request("PATCH", scale_set(cloud), {"sku": {"capacity": 0}})[0] == 200
    assert "ipConfigurations" not in cloud.get(subnet(cloud, "many"))["properties"]


def test_scale_sets_that_are_refused(emulator):
    other = "00000000-0000-0000-0000-0000000000bb"
    cloud = emulator(f"subscriptions: [{other}]\n" + CLOUD)

    def put(sent, name="new"):
        return refused(cloud.request("PUT", scale_set(cloud, name), sent))

    for capacity in (-1, 1001, "2", 1.5):
        assert put(body(cloud, capacity)) == (400, "InvalidParameter"), capacity
    assert put({**body(cloud, 1), "sku": "big"}) == (400, "InvalidParameter")
    assert put(body(cloud, 0, virtualMachineProfile=[1])) == (400, "InvalidParameter")
    assert put(body(cloud, 1, orchestrationMode="Flexible")) == (400, "InvalidParameter")
    assert put(body(cloud, 1, orchestrationMode="Other")) == (400, "InvalidParameter")
    for capacity in (0, 1):
        assert put(body(cloud, capacity, into="none")) == (400, "InvalidResourceReference")
    assert put(body(cloud, 1) | {"location": "eastus"}) == (400, "InvalidResourceReference")
    assert put(body(cloud, 4, into="few")) == (400, "SubnetIsFull")
    assert cloud.get(scale_set(cloud)) is None and "ipConfigurations" not in cloud.get(subnet(cloud, "few"))["properties"]
    assert put(body(cloud, 0, orchestrationMode="Flexible"), "pool") == (409, "PropertyChangeNotAllowed")
    assert refused(cloud.request("GET", scale_set(cloud) + "/virtualMachines/0")) == (404, "ResourceNotFound")
    there = f"/subscriptions/{other}/resourceGroups/g"
    cloud.put(there, {"location": "japaneast"})
    answer = cloud.request("PUT", f"{there}/providers/Microsoft.Compute/virtualMachineScaleSets/s", body(cloud, 1))
    assert refused(answer) == (400, "InvalidResourceReference")


def test_a_flexible_scale_set_stays_one(cloud):
    path = scale_set(cloud, "flexible")
    assert cloud.request("PUT", path, body(cloud, 0, orchestrationMode="Flexible"))[0] == 201
    assert cloud.request("PUT", path, body(cloud, 0))[2]["properties"]["orchestrationMode"] == "Flexible"
    cloud.put(path, body(cloud, 0))
    assert cloud.get(path)["properties"]["orchestrationMode"] == "Flexible"


def test_nothing_is_put_into_a_subnet_that_goes(emulator):
    cloud = emulator(CLOUD, args=["--operation-time", 60000])
    assert cloud.request("DELETE", subnet(cloud, "few"))[0] == 202
    assert refused(cloud.request("PUT", scale_set(cloud), body(cloud, 1, into="few"))) == (400, "InvalidResourceReference")


BAD_STARTS = {
    "instances: [a]": "a map was expected here",
    "instances: {0: 5}": "a map was expected here",
    "instances: {0: {nics: [a]}}": "a map was expected here",
    "mode: Flexible, instances: {0: {}}": "a flexible scale set holds no machines",
    "instances: {" + ", ".join(f"{n}: {{}}" for n in range(1001)) + "}": "a scale set has at most 1,000 machines",
    "instances: {0: {nics: {e: {ip: 10.240.0.9, subnet: net/none}}}}": "a NIC's `subnet` is not among the networks",
    "instances: {0: {nics: {e: {ip: 10.240.9.9, subnet: net/nodes}}}}": "a NIC's address is not in its subnet",
    "instances: {0: {nics: {e: {ips: 10.240.0.9, subnet: net/nodes}}}}": "a NIC's `ips` is a list",
    "instances: {x: {}}": "the id of a scale set's machine is a number",
    "instances: {'01': {}}": "the id of a scale set's machine is a number",
    "instances: {0: {nics: {a/b: {ip: 10.240.0.9, subnet: net/nodes}}}}": "this is no name of a NIC",
    "instances: {0: {nics: {e: {ip: 5, subnet: net/nodes}}}}": "a NIC's `ip` or `ips` is no address",
    "instances: {0: {nics: {e: {ips: [10.240.0.300], subnet: net/nodes}}}}": "a NIC's `ip` or `ips` is no address",
}


@pytest.mark.parametrize("text, why", BAD_STARTS.items(), ids=[text[:60] for text in BAD_STARTS])
def test_scale_sets_that_no_start_can_have(tmp_path, text, why):
    (tmp_path / "cloud.yaml").write_text(CLOUD + f"  bad: {{resourceGroup: g, {text}}}\n")
    done = subprocess.run([BUILD / "waybill-emulator", "--cloud", tmp_path / "cloud.yaml"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and why in done.stderr and "cloud.yaml:14:" in done.stderr


def test_a_start_tells_all_that_is_wrong_with_a_scale_set(tmp_path):
    (tmp_path / "cloud.yaml").write_text(CLOUD + "  bad: {resourceGroup: g, instances: {x: {}, 0: {nics: {a/b: {}, e: {ip: 5, subnet: net/few}}}}}\n")
    done = subprocess.run([BUILD / "waybill-emulator", "--cloud", tmp_path / "cloud.yaml"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stderr.count("error: ") == 3


def test_an_edit_does_not_say_which_machines_a_scale_set_has(cloud):
    for instances in ({"abc": {}}, {"3": {"nics": {"e": {"addresses": [{"name": "x"}]}}}}):
        cloud.put(scale_set(cloud, "pool"), {"location": "japaneast", "properties": {"instances": instances}})
        assert addresses(cloud, "pool") == {"0": ("eth0", "ipconfig1", "10.240.0.4")}


def test_a_machine_is_told_with_what_clients_rely_on(cloud):
    told = cloud.get(machine(cloud))["properties"]
    assert told["storageProfile"]["dataDisks"] == [] and told["storageProfile"]["osDisk"]["osType"] == "Linux"
    assert told["hardwareProfile"] == {"vmSize": "Standard_D2s_v3"} and told["osProfile"]["computerName"] == "worker"
    # Who was told its id would delete it with the machine: there are no disks here.
    assert told["storageProfile"]["osDisk"]["managedDisk"] == {"storageAccountType": "Premium_LRS"}
    sizes = cloud.get(machine(cloud) + "/vmSizes")["value"]
    assert {"Standard_B1s", "Standard_D2s_v3"} <= {one["name"] for one in sizes}
    sent = {"location": "japaneast", "identity": {"type": "None", "userAssignedIdentities": None}, "properties": {
        "additionalCapabilities": {}, "hardwareProfile": {"vmSize": "Standard_B1s"},
        "storageProfile": {"imageReference": {"offer": "u"}, "osDisk": {
            "osType": "Windows", "name": "disk1", "createOption": "Attach", "managedDisk": {"storageAccountType": "Standard_LRS"}}},
        "osProfile": {"computerName": "other", "adminUsername": "user", "adminPassword": "Planted-1"}}}
    assert cloud.request("PUT", machine(cloud, "made"), sent)[0] == 201
    told = cloud.request("GET", machine(cloud, "made") + f"?api-version={COMPUTE_API}&$expand=instanceView")[2]
    assert "identity" not in told
    told = told["properties"]
    assert told["hardwareProfile"] == {"vmSize": "Standard_B1s"} and "instanceView" in told
    assert told["storageProfile"]["osDisk"] == {
        "osType": "Windows", "name": "disk1", "createOption": "Attach", "caching": "ReadWrite", "deleteOption": "Detach",
        "diskSizeGB": 30, "managedDisk": {"storageAccountType": "Standard_LRS"}}
    assert told["storageProfile"]["imageReference"] == {"offer": "u"} and told["storageProfile"]["dataDisks"] == []
    assert "additionalCapabilities" not in told
    assert told["osProfile"]["computerName"] == "other" and "adminPassword" not in told["osProfile"]


def test_the_system_gives_a_machine_an_identity(cloud):
    sent = {"location": "japaneast", "identity": {"type": "SystemAssigned"}, "properties": {}}
    made = cloud.request("PUT", machine(cloud, "made"), sent)[2]["identity"]
    assert made.keys() == {"type", "principalId", "tenantId"} and len(made["principalId"]) == 36
    assert cloud.request("PUT", machine(cloud, "made"), sent)[2]["identity"] == made
    cloud.request("PATCH", machine(cloud, "made"), {"identity": {"type": "None"}})
    assert "identity" not in cloud.get(machine(cloud, "made"))


@pytest.mark.parametrize("principal", [5, None, {"a": 1}, "mine"])
def test_nobody_chooses_the_principal_of_an_identity(cloud, principal):
    def identity(method, kind, **more):
        sent = {"identity": {"type": kind, **more}, **({} if method == "PATCH" else {"location": "japaneast", "properties": {}})}
        return cloud.request(method, machine(cloud, "made"), sent)[2]["identity"]

    assert identity("PUT", "UserAssigned", principalId=principal) == {"type": "UserAssigned"}
    made = identity("PATCH", "SystemAssigned, UserAssigned")
    assert len(made["principalId"]) == 36 and made["tenantId"]
    assert identity("PATCH", "UserAssigned") == {"type": "UserAssigned"}
    assert identity("PUT", "SystemAssigned")["principalId"] != made["principalId"]


def test_a_nic_of_a_machine_that_was_deleted_meanwhile(emulator, tmp_path):
    cloud = emulator(CLOUD, args=["--operation-time", 60000, "--store", tmp_path / "store"])
    cloud.request("DELETE", machine(cloud))
    cloud.stop()
    cloud = emulator(args=["--store", tmp_path / "store"])
    told = cloud.get(cloud.id("networkInterfaces", "worker-nic", "g"))["properties"]
    assert ("virtualMachine" in told, "macAddress" in told) == (cloud.get(machine(cloud)) is not None,) * 2


def put_nic(cloud, put, *items):
    """Its addresses, after it has been written with (configuration, subnet, more of its properties)."""
    path = cloud.id("networkInterfaces", "n", "g")
    put(path, {"location": "japaneast", "properties": {"ipConfigurations": [
        {"name": name, "properties": {"subnet": {"id": subnet(cloud, where)}, **more}} for name, where, more in items]}})
    return [item["properties"]["privateIPAddress"] for item in cloud.get(path)["properties"]["ipConfigurations"]]


def test_somebody_elses_nic_has_each_address_once(cloud):
    assert put_nic(cloud, cloud.put, ("a", "nodes", {}), ("b", "nodes", {})) == ["10.240.0.6", "10.240.0.7"]
    assert put_nic(cloud, cloud.put, *((name, "nodes", {}) for name in "abc")) == ["10.240.0.6", "10.240.0.7", "10.240.0.8"]
    assert put_nic(cloud, cloud.put, ("d", "few", {"privateIPAddress": "10.240.1.4"}), ("e", "few", {})) == ["10.240.1.4", "10.240.1.5"]


def test_an_address_that_is_not_fixed_follows_its_subnet(cloud):
    def put(path, sent):
        assert cloud.request("PUT", path, sent)[0] in (200, 201)

    dynamic = {"privateIPAllocationMethod": "Dynamic"}
    assert put_nic(cloud, put, ("a", "nodes", dynamic), ("b", "nodes", dynamic)) == ["10.240.0.6", "10.240.0.7"]
    assert put_nic(cloud, put, ("b", "nodes", {"privateIPAddress": None})) == ["10.240.0.7"]
    assert put_nic(cloud, put, ("b", "few", {**dynamic, "privateIPAddress": "10.240.0.7"})) == ["10.240.1.4"]


def test_a_nic_has_a_mac_address_with_its_machine(cloud):
    nic = cloud.id("networkInterfaces", "worker-nic", "g")
    address = cloud.get(nic)["properties"]["macAddress"]
    assert re.fullmatch("00-0D-3A(-[0-9A-F]{2}){3}", address)
    assert cloud.get(cloud.id("networkInterfaces", "second", "g"))["properties"]["macAddress"] != address
    cloud.request("DELETE", machine(cloud))
    assert "macAddress" not in cloud.get(nic)["properties"]


def test_a_patch_sets_what_it_names(cloud):
    sent = {"tags": {"c": "d"}, "properties": {"hardwareProfile": {"vmSize": "Standard_B2s"}, "powerState": "stopped"}}
    status, _, told = cloud.request("PATCH", machine(cloud), sent)
    assert (status, told["tags"], told["properties"]["hardwareProfile"]) == (200, {"c": "d"}, {"vmSize": "Standard_B2s"})
    again = cloud.get(machine(cloud))
    assert again == told and again["properties"]["networkProfile"]["networkInterfaces"]
    assert cloud.request("PATCH", machine(cloud), {"properties": {"osProfile": {"computerName": None}}})[2]["properties"] == (
        told["properties"])
    view = cloud.get(machine(cloud) + "/instanceView")
    assert view["statuses"][-1]["code"] == "PowerState/running"
    elsewhere = {"properties": {"networkProfile": {"networkInterfaces": [{"id": cloud.id("networkInterfaces", "no", "g")}]}}}
    assert refused(cloud.request("PATCH", machine(cloud), elsewhere)) == (400, "InvalidResourceReference")
    assert cloud.get(machine(cloud))["properties"] == told["properties"]
    nothing = {"tags": None, "properties": {"storageProfile": {"osDisk": None}, "hardwareProfile": {"vmSize": None}}}
    assert cloud.request("PATCH", machine(cloud), nothing)[2]["properties"] == told["properties"]
    assert cloud.get(machine(cloud))["tags"] == told["tags"]
    # Of what is Microsoft.Network's, tags alone.
    network = cloud.id("virtualNetworks", "net", "g")
    sent = {"tags": {"e": "f"}, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}}
    told = cloud.request("PATCH", network, sent)[2]
    assert (told["tags"], told["properties"]["addressSpace"]["addressPrefixes"]) == ({"e": "f"}, ["10.240.0.0/16"])
