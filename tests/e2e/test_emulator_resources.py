# SPDX-License-Identifier: Apache-2.0
"""What real clients ask of ARM beside the resources that Waybill writes."""

import re
import time

import pytest

from emulator import API, COMPUTE_API, SUBSCRIPTION

pytestmark = pytest.mark.sanitizer

CLOUD = """\
resourceGroups:
  g: {location: japaneast}
  other: {location: eastus, tags: {Env: Prod}}
routeTables:
  t:
    resourceGroup: g
    tags: {Env: test, team: a}
    routes:
      pods: {addressPrefix: 10.200.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.240.0.20}
      drop: {addressPrefix: 192.168.0.0/16, nextHopType: None}
  u: {resourceGroup: g, tags: {env: prod}}
virtualNetworks:
  net:
    resourceGroup: g
    addressPrefixes: [10.240.0.0/16, "fd00::/48"]
    subnets: {nodes: {addressPrefix: 10.240.0.0/29, routeTable: t}, rest: {addressPrefix: 10.240.1.0/24}}
    peerings: {to-peer: {remote: peer}}
  peer:
    resourceGroup: g
    addressPrefixes: [172.16.0.0/12]
    peerings: {to-net: {remote: net}}
virtualMachines:
  worker:
    resourceGroup: g
    nics: {worker-nic: {ip: 10.240.0.4, subnet: net/nodes, ipForwarding: true}, second: {subnet: net/rest}}
virtualMachineScaleSets:
  pool:
    resourceGroup: g
    instances:
      0: {nics: {eth0: {ip: 10.240.1.8, subnet: net/rest}}}
      3: {nics: {eth0: {ip: 10.240.1.9, subnet: net/rest}}}
"""


def code(answer):
    return answer[0], answer[2]["error"]["code"]


def names(answer):
    assert answer[0] == 200, answer
    return [item["name"] for item in answer[2]["value"]]


def settled(cloud, headers):
    """What the Location of an accepted request says in the end, and how often it said 202."""
    waits = 0
    while True:
        status, again, body = cloud.request("GET", headers["location"])
        if status != 202:
            return status, body, waits
        waits += 1
        headers = again
        time.sleep(int(again["retry-after-ms"]) / 1000)


def test_tenant_and_subscriptions_are_told(emulator):
    cloud = emulator("subscriptions: [11111111-1111-1111-1111-111111111111]\n")
    status, _, body = cloud.request("GET", "/subscriptions?api-version=2022-12-01")
    assert status == 200 and len(body["value"]) == 2
    first = body["value"][0]
    assert first["id"] == f"/subscriptions/{SUBSCRIPTION}" and first["state"] == "Enabled"
    assert first["tenantId"] == cloud.ready["tenant"]
    assert cloud.request("GET", f"/subscriptions/{SUBSCRIPTION}")[2] == first
    assert code(cloud.request("GET", "/subscriptions/22222222-1111-1111-1111-111111111111")) == (
        404, "SubscriptionNotFound")
    _, _, tenants = cloud.request("GET", "/tenants?api-version=2022-12-01")
    assert [tenant["tenantId"] for tenant in tenants["value"]] == [cloud.ready["tenant"]]
    _, _, places = cloud.request("GET", f"/subscriptions/{SUBSCRIPTION}/locations")
    japan = next(place for place in places["value"] if place["name"] == "japaneast")
    assert (japan["displayName"], japan["type"]) == ("Japan East", "Region")
    assert cloud.request("POST", "/tenants?api-version=2022-12-01")[0] == 405


def test_providers_tell_types_versions_and_places(emulator):
    cloud = emulator(CLOUD)
    _, _, everything = cloud.request("GET", f"/subscriptions/{SUBSCRIPTION}/providers")
    assert [item["namespace"] for item in everything["value"]] == [
        "Microsoft.Network", "Microsoft.Compute", "Microsoft.Resources"]
    _, _, network = cloud.request("GET", f"/subscriptions/{SUBSCRIPTION}/providers/microsoft.network")
    assert network["registrationState"] == "Registered"
    table = next(kind for kind in network["resourceTypes"] if kind["resourceType"] == "routeTables")
    assert API in table["apiVersions"] and table["apiVersions"] == sorted(table["apiVersions"], reverse=True)
    assert "Japan East" in table["locations"]
    assert cloud.request("GET", "/providers/Microsoft.Network")[2]["id"] == "/providers/Microsoft.Network"
    assert code(cloud.request("GET", "/providers/Microsoft.Nothing")) == (404, "InvalidResourceNamespace")


def test_a_version_that_was_never_published_is_refused_with_those_that_were(emulator):
    cloud = emulator(CLOUD)
    table = cloud.id("routeTables", "t", "g")
    status, _, body = cloud.request("GET", table + "?api-version=2024-04-01")
    assert (status, body["error"]["code"]) == (400, "NoRegisteredProviderFound")
    assert re.match(r"No registered resource provider found for location 'japaneast' and API version "
                    r"'2024-04-01' for type 'routeTables'. The supported api-versions are "
                    r"'2014-12-01-preview, .*, 2024-05-01, .*'. The supported locations are 'eastus, ",
                    body["error"]["message"])
    machines = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines"
    assert code(cloud.request("GET", f"{machines}?api-version={API}")) == (400, "NoRegisteredProviderFound")
    assert code(cloud.request("PUT", table + "?api-version=2024-04-01", {})) == (
        400, "NoRegisteredProviderFound")
    for version in ("2017-10-01", "2021-08-01", "2026-01-01"):
        assert cloud.request("GET", f"{table}?api-version={version}")[0] == 200
    # Of groups any will do.
    assert cloud.request("GET", cloud.group("g") + "?api-version=2024-05-01")[0] == 200


def test_a_cloud_may_lag_behind(emulator):
    cloud = emulator(CLOUD + "providers: {Microsoft.Network: {apiVersions: [2020-11-01]}}\n")
    table = cloud.id("routeTables", "t", "g")
    assert cloud.request("GET", table + "?api-version=2020-11-01")[0] == 200
    assert "'2020-11-01'" in cloud.request("GET", table)[2]["error"]["message"]


def test_what_is_not_registered_is_refused_until_it_is(emulator):
    cloud = emulator("resourceGroups: {g: {location: eastus}}\n"
                     "providers: {Microsoft.Network: {registrationState: NotRegistered}}\n",
                     args=["--operation-time", 200])
    table, provider = cloud.id("routeTables", "t", "g"), f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network"
    status, _, body = cloud.request("PUT", table, {"location": "eastus"})
    assert (status, body["error"]["code"]) == (409, "MissingSubscriptionRegistration")
    assert "to use namespace 'Microsoft.Network'" in body["error"]["message"]
    assert body["error"]["details"][0]["target"] == "Microsoft.Network"
    assert cloud.request("GET", cloud.group("g"))[0] == 200
    assert cloud.request("GET", provider)[2]["registrationState"] == "NotRegistered"
    assert cloud.request("POST", provider + "/register")[2]["registrationState"] == "Registering"
    assert code(cloud.request("GET", table)) == (409, "MissingSubscriptionRegistration")
    until(lambda: cloud.request("GET", provider)[2]["registrationState"] == "Registered")
    assert cloud.request("PUT", table, {"location": "eastus"})[0] == 201
    assert cloud.request("POST", provider + "/unregister")[2]["registrationState"] == "Unregistering"


def until(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_everything_is_listed_by_type_group_and_tag(emulator):
    cloud = emulator(CLOUD)
    here = f"/subscriptions/{SUBSCRIPTION}/resources?api-version=2021-04-01"

    def found(text, path=here):
        return names(cloud.request("GET", path + "&$filter=" + text.replace(" ", "%20")))

    assert len(names(cloud.request("GET", here))) == 8
    assert found("resourceType eq 'microsoft.network/routetables'") == ["t", "u"]
    assert found("resourceType ne 'Microsoft.Network/routeTables' and name eq 'net'") == ["net"]
    assert found("resourceGroup eq 'G' and resourceType eq 'Microsoft.Compute/virtualMachines'") == ["worker"]
    assert found("resourceGroup eq 'other'") == []
    assert found("tagName eq 'env'") == ["t", "u"]
    assert found("tagname eq 'ENV' and tagvalue eq 'prod'") == ["u"]
    assert found("tagName eq 'env' and tagValue eq 'PROD'") == []
    assert found("name eq 't'", cloud.group("g") + "/resources?api-version=2021-04-01") == ["t"]
    assert found("tagName eq 'env' and tagValue eq 'Prod'",
                 f"/subscriptions/{SUBSCRIPTION}/resourcegroups?api-version=2021-04-01") == ["other"]
    for wrong in ("name", "name eq t", "name like 'x'", "colour eq 'red'", "name eq 'a' or name eq 'b'"):
        assert code(cloud.request("GET", here + "&$filter=" + wrong.replace(" ", "%20"))) == (
            400, "InvalidFilterInQueryString"), wrong
    assert code(cloud.request("GET", here + "&$top=none")) == (400, "InvalidTopInQueryString")
    assert code(cloud.request("GET", here + "&$skiptoken=none")) == (400, "InvalidSkipToken")
    _, _, first = cloud.request("GET", here + "&$expand=provisioningState")
    assert {item["provisioningState"] for item in first["value"]} == {"Succeeded"}


def test_pages_of_everything_keep_their_filter(emulator):
    cloud = emulator(CLOUD)
    link = (f"/subscriptions/{SUBSCRIPTION}/resources?api-version=2021-04-01&$top=2"
            "&$filter=resourceGroup%20eq%20'g'%20and%20resourceType%20ne%20'Microsoft.Network/routeTables'")
    seen, pages = [], 0
    while link:
        _, _, body = cloud.request("GET", link)
        assert len(body["value"]) <= 2
        seen += [item["name"] for item in body["value"]]
        link, pages = body.get("nextLink"), pages + 1
    assert seen == ["net", "peer", "worker-nic", "second", "worker", "pool"] and pages == 3


def test_a_page_leads_on_whatever_its_address_is_made_of(emulator):
    cloud = emulator(CLOUD, args=["--page-size", 1])
    cloud.put(cloud.id("Microsoft.Compute/virtualMachines", "another", "g"), {"location": "japaneast"})
    places = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/Japan%20East/virtualMachines"
    _, _, first = cloud.request("GET", f"{places}?api-version={COMPUTE_API}")
    assert places in first["nextLink"]
    assert cloud.request("GET", first["nextLink"])[2] != first
    # A query is carried on whole, or the page that follows would be the same one again.
    _, _, first = cloud.request("GET", f"/subscriptions/{SUBSCRIPTION}/resources?api-version=2021-04-01&x=" + 8000 * "%01")
    assert cloud.request("GET", first["nextLink"])[2]["value"] != first["value"]


def plain(value):
    """Without etags."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "etag"}
    return value


def test_tags_of_every_type_can_be_patched(emulator):
    cloud = emulator(CLOUD)
    for path in (cloud.group("g"), cloud.id("routeTables", "t", "g"), cloud.id("virtualNetworks", "net", "g"),
                 cloud.id("networkInterfaces", "worker-nic", "g"),
                 cloud.id("Microsoft.Compute/virtualMachines", "worker", "g"),
                 cloud.id("Microsoft.Compute/virtualMachineScaleSets", "pool", "g")):
        before = cloud.get(path)
        status, _, body = cloud.request("PATCH", path, {"tags": {"new": "1"}})
        assert (status, body["tags"]) == (200, {"new": "1"}), path
        after = cloud.get(path)
        assert plain({**before, "tags": {"new": "1"}}) == plain(after)
        assert cloud.request("HEAD", path)[0] == 204
    assert cloud.request("HEAD", cloud.id("routeTables", "none", "g"))[0] == 404


def routes_of(cloud, nic):
    status, headers, body = cloud.request("POST", cloud.id("networkInterfaces", nic, "g") + "/effectiveRouteTable")
    assert status == 202 and body is None, body
    status, body, _ = settled(cloud, headers)
    assert status == 200, body
    return {(route["addressPrefix"][0], route["source"]):
            (route["nextHopType"], route["state"], *route["nextHopIpAddress"]) for route in body["value"]}


def test_effective_routes_of_a_nic(emulator):
    cloud = emulator(CLOUD, args=["--operation-time", 100])
    assert routes_of(cloud, "worker-nic") == {
        ("10.240.0.0/16", "Default"): ("VnetLocal", "Active"),
        ("fd00::/48", "Default"): ("VnetLocal", "Active"),
        ("172.16.0.0/12", "Default"): ("VNetPeering", "Active"),
        ("0.0.0.0/0", "Default"): ("Internet", "Active"),
        ("::/0", "Default"): ("Internet", "Active"),
        ("10.0.0.0/8", "Default"): ("None", "Active"),
        ("100.64.0.0/10", "Default"): ("None", "Active"),
        ("192.168.0.0/16", "Default"): ("None", "Invalid"),
        ("10.200.0.0/24", "User"): ("VirtualAppliance", "Active", "10.240.0.20"),
        ("192.168.0.0/16", "User"): ("None", "Active"),
    }
    assert ("10.200.0.0/24", "User") not in routes_of(cloud, "second")
    # A route of the table's own for everything takes away what Azure drops.
    table = cloud.get(cloud.id("routeTables", "t", "g"))
    table["properties"]["routes"].append(
        {"name": "all", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}})
    assert cloud.request("PUT", table["id"], table)[0] < 300
    cloud.clock(1000)
    assert ("10.0.0.0/8", "Default") not in routes_of(cloud, "worker-nic")
    assert ("10.0.0.0/8", "Default") in routes_of(cloud, "second")
    nic = cloud.id("networkInterfaces", "worker-nic", "g")
    assert cloud.request("GET", nic + "/effectiveRouteTable")[0] == 405
    assert code(cloud.request("POST", nic + "/else")) == (404, "InvalidResourceType")


def test_a_question_holds_up_no_write(emulator):
    cloud = emulator(CLOUD, args=["--operation-time", 60000])
    nic = cloud.id("networkInterfaces", "worker-nic", "g")
    assert cloud.request("POST", nic + "/effectiveRouteTable")[0] == 202
    body = cloud.get(nic)
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert cloud.request("PUT", nic, body)[0] == 200


def test_answers_to_many_questions_take_no_more_and_more(emulator):
    cloud = emulator(CLOUD)
    nic = cloud.id("networkInterfaces", "worker-nic", "g")
    asked = [cloud.request("POST", nic + "/effectiveRouteTable")[1]["location"] for _ in range(300)]
    assert [cloud.request("GET", url)[0] for url in (asked[0], asked[-1])] == [404, 200]


def configuration(cloud, name, **more):
    return {"name": name, "properties": {"subnet": {"id": cloud.id("virtualNetworks", "net/subnets/rest", "g")}, **more}}


def test_a_nic_keeps_the_addresses_it_was_given_each_of_its_own(emulator):
    cloud = emulator(CLOUD)
    body = {"location": "japaneast", "properties": {"ipConfigurations": [configuration(cloud, "a"), configuration(cloud, "b")]}}

    def put(name, body):
        status, _, answer = cloud.request("PUT", cloud.id("networkInterfaces", name, "g"), body)
        if status >= 400:
            return answer["error"]["code"]
        return [item["properties"]["privateIPAddress"] for item in answer["properties"]["ipConfigurations"]]

    assert put("first", body) == ["10.240.1.5", "10.240.1.6"]
    assert put("later", body) == ["10.240.1.7", "10.240.1.10"]
    cloud.delete(cloud.id("networkInterfaces", "first", "g"))
    # Who writes it again need not say them.
    body["properties"]["ipConfigurations"].insert(0, configuration(cloud, "c"))
    assert put("later", body) == ["10.240.1.5", "10.240.1.7", "10.240.1.10"]
    twice = [configuration(cloud, name, privateIPAddress="10.240.1.99") for name in "ab"]
    assert put("twice", {"location": "japaneast", "properties": {"ipConfigurations": twice}}) == "PrivateIPAddressInUse"
    many = [configuration(cloud, f"c{n}") for n in range(257)]
    assert put("many", {"location": "japaneast", "properties": {"ipConfigurations": many}}) == "IpConfigurationsLimitExceeded"


def test_a_network_has_the_limits_that_its_usages_tell(emulator):
    cloud = emulator("limits: {SubnetsPerVirtualNetwork: 2, PeeringsPerVirtualNetwork: 1}\n" + CLOUD)
    path = cloud.id("virtualNetworks", "net", "g")
    status, _, answer = cloud.request("PUT", path + "/subnets/more", {"properties": {"addressPrefix": "10.240.2.0/24"}})
    assert (status, answer["error"]["code"]) == (400, "SubnetCountLimitReached")
    remote = {"remoteVirtualNetwork": {"id": path}}
    peer = cloud.id("virtualNetworks", "peer", "g")
    status, _, answer = cloud.request("PUT", peer + "/virtualNetworkPeerings/more", {"properties": remote})
    assert (status, answer["error"]["code"]) == (400, "PeeringCountLimitReached")
    ranges = [f"11.0.{n // 256}.{n % 256}/32" for n in range(4097)]
    answer = cloud.request("PUT", path + "2", {"location": "japaneast", "properties": {"addressSpace": {"addressPrefixes": ranges}}})
    assert code(answer) == (400, "AddressPrefixCountLimitReached")


def test_who_is_told_of_another_operation_can_look_at_it(emulator):
    cloud = emulator(CLOUD, args=["--operation-time", 60000])
    machine = cloud.id("Microsoft.Compute/virtualMachines", "worker", "g")
    assert cloud.request("POST", machine + "/restart")[0] == 202
    status, _, answer = cloud.request("POST", machine + "/powerOff")
    assert (status, answer["error"]["code"]) == (429, "AnotherOperationInProgress")
    status, _, told = cloud.request("GET", answer["error"]["message"].split("uri: ")[1].removesuffix("."))
    assert (status, told["status"]) == (200, "InProgress")


def test_a_machine_stops_and_starts(emulator):
    cloud = emulator(CLOUD, args=["--operation-time", 100])
    machine = cloud.id("Microsoft.Compute/virtualMachines", "worker", "g")
    nic = cloud.id("networkInterfaces", "worker-nic", "g")

    def power():
        by_itself = cloud.request("GET", machine + "/instanceView")[2]
        inside = cloud.request("GET", f"{machine}?$expand=instanceView&api-version={COMPUTE_API}")[2]
        listed = cloud.request("GET", machine.rsplit("/", 1)[0] + f"?statusOnly=true&api-version={COMPUTE_API}")[2]
        assert by_itself == inside["properties"]["instanceView"] == listed["value"][0]["properties"]["instanceView"]
        return by_itself["statuses"][1]["code"]

    assert power() == "PowerState/running" and "instanceView" not in cloud.get(machine)["properties"]
    for word, state in (("deallocate", "deallocated"), ("start", "running"), ("powerOff", "stopped"),
                        ("restart", "running")):
        status, headers, _ = cloud.request("POST", f"{machine}/{word}")
        assert status == 202 and "azure-asyncoperation" in headers
        assert code(cloud.request("POST", f"{machine}/start")) == (429, "AnotherOperationInProgress")
        assert settled(cloud, headers)[:2] == (200, None)
        assert power() == f"PowerState/{state}"
        answer = cloud.request("POST", nic + "/effectiveRouteTable")
        assert (answer[0] == 202) == (state == "running")
    # A write says nothing of power, whatever it sends.
    cloud.request("POST", machine + "/deallocate")
    until(lambda: cloud.get(machine)["properties"]["provisioningState"] == "Succeeded")
    body = cloud.get(machine)
    assert "powerState" not in body["properties"]
    body["properties"]["powerState"] = "running"
    assert "powerState" not in cloud.request("PUT", machine, body)[2]["properties"]
    assert power() == "PowerState/deallocated"


def test_instances_of_a_scale_set_are_told_one_by_one(emulator):
    cloud = emulator(CLOUD)
    pool = cloud.id("Microsoft.Compute/virtualMachineScaleSets", "pool", "g")
    _, _, listed = cloud.request("GET", pool + "/virtualMachines")
    assert cloud.request("GET", pool + "/virtualMachines/3")[2] == listed["value"][1]
    _, _, nics = cloud.request("GET", pool + "/virtualMachines/3/networkInterfaces")
    assert [nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
            for nic in nics["value"]] == ["10.240.1.9"]
    assert cloud.request("GET", pool + "/virtualMachines/3/instanceView")[0] == 200
    assert code(cloud.request("GET", pool + "/virtualMachines/x")) == (400, "InvalidParameter")
    assert code(cloud.request("GET", pool + "/virtualMachines/1")) == (404, "NotFound")
    assert code(cloud.request("GET", pool + "x/virtualMachines/1/networkInterfaces")) == (404, "ResourceNotFound")


def test_free_addresses_of_a_network(emulator):
    cloud = emulator(CLOUD)
    network = cloud.id("virtualNetworks", "net", "g")

    def check(address):
        return cloud.request("GET", f"{network}/CheckIPAddressAvailability?ipAddress={address}&api-version={API}")

    assert check("10.240.1.77")[2] == {
        "available": True, "availableIPAddresses": [], "isPlatformReserved": False}
    assert check("10.240.0.4")[2] == {
        "available": False, "availableIPAddresses": ["10.240.0.5", "10.240.0.6"], "isPlatformReserved": False}
    for reserved in ("10.240.1.0", "10.240.1.3", "10.240.1.255"):
        assert check(reserved)[2]["isPlatformReserved"], reserved
    assert check("10.9.9.9")[0] == check("x")[0] == 400
    _, _, usages = cloud.request("GET", network + "/usages")
    assert [(usage["id"].rsplit("/", 1)[1], usage["currentValue"], usage["limit"])
            for usage in usages["value"]] == [("nodes", 1, 3), ("rest", 3, 251)]


def test_what_is_taken_can_be_read_from_the_store(emulator, tmp_path):
    cloud = emulator(CLOUD, args=["--store", tmp_path / "store"])
    path = cloud.id("routeTables", "deep", "g")
    for levels, status in ((1100, 400), (900, 201)):
        nested = '{"location": "japaneast", "properties": {"newer": ' + "[" * levels + "]" * levels + "}}"
        assert cloud.request("PUT", path, nested)[0] == status
    cloud.stop()
    assert emulator(args=["--store", tmp_path / "store"]).request("HEAD", path)[0] == 204


def test_registrations_and_power_are_kept_in_the_store(emulator, tmp_path):
    store = ["--store", tmp_path / "store"]
    cloud = emulator(CLOUD + "providers: {Microsoft.Compute: {registrationState: NotRegistered}}\n", args=store)
    provider = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute"
    cloud.request("POST", provider + "/register")
    machine = cloud.id("Microsoft.Compute/virtualMachines", "worker", "g")
    assert cloud.request("POST", machine + "/deallocate")[0] == 202
    assert cloud.stop() == 0
    again = emulator(args=store)
    assert again.request("GET", provider)[2]["registrationState"] == "Registered"
    assert again.request("GET", machine + "/instanceView")[2]["statuses"][1]["code"] == "PowerState/deallocated"
