# SPDX-License-Identifier: Apache-2.0
"""What clients of ARM may ask in their own ways: paths, versions, headers, and what is refused how."""

import datetime
import json
import re
import urllib.parse

import pytest

from emulator import COMPUTE_API, SUBSCRIPTION

pytestmark = pytest.mark.sanitizer

OLD, ECMP = "2025-05-01", "2025-07-01"  # the second knows several next hops and makes private subnets
CLOUD = """\
resourceGroups: {g: {location: japaneast}}
routeTables: {t: {resourceGroup: g}}
virtualNetworks:
  net: {resourceGroup: g, addressPrefixes: [10.240.0.0/16], subnets: {nodes: {addressPrefix: 10.240.0.0/24}}}
virtualMachines:
  near: {resourceGroup: g, nics: {near-nic: {ip: 10.240.0.4, subnet: net/nodes}}}
"""


def refused(answer):
    return answer[0], answer[2]["error"]["code"]


def seconds(time):
    return datetime.datetime.fromisoformat(time.removesuffix("Z")).timestamp()


def at(path, version):
    return f"{path}?api-version={version}"


@pytest.fixture
def cloud(emulator):
    return emulator(CLOUD)


@pytest.fixture
def table(cloud):
    return cloud.id("routeTables", "t", "g")


def test_slashes_too_many_are_passed_over(cloud, table):
    """SDKs put an id, which begins with a slash, behind one."""
    found = cloud.get(table)
    for path in (f"/{table}", f"{table}/", table.replace("/providers/", "//providers//")):
        assert cloud.get(path) == found
    assert cloud.request("GET", "/subscriptions/?api-version=2022-12-01")[0] == 200
    answer = cloud.request("GET", "/subscriptions//resourceGroups/g")
    assert refused(answer) == (400, "InvalidSubscriptionId") and "'resourceGroups'" in answer[2]["error"]["message"]


def test_every_answer_can_be_traced(cloud, table):
    mine = "33333333-3333-3333-3333-333333333333"
    for path, status in ((table, 200), (table + "x", 404), (at(table, "banana"), 400)):
        answer = cloud.request("GET", path, headers={"x-ms-correlation-request-id": mine})
        assert answer[0] == status
        assert answer[1]["x-ms-correlation-request-id"] == mine and len(answer[1]["x-ms-request-id"]) == 36
        assert re.fullmatch(rf"[A-Z0-9]+:\d{{8}}T\d{{6}}Z:{mine}", answer[1]["x-ms-routing-request-id"])
        assert answer[1]["pragma"] == "no-cache" and answer[1]["expires"] == "-1"
        assert answer[1]["x-content-type-options"] == "nosniff"


def test_what_arm_does_not_know(cloud, table):
    group = cloud.group("g")
    answer = cloud.request("GET", f"{group}/providers/Microsoft.Network/wheels/w")
    assert refused(answer) == (404, "InvalidResourceType")
    assert answer[2]["error"]["message"].startswith(
        "The resource type 'wheels' could not be found in the namespace 'Microsoft.Network' for api version '")
    answer = cloud.request("GET", f"{group}/providers/Microsoft.Wheels/wheels/w")
    assert refused(answer) == (404, "InvalidResourceNamespace")
    assert answer[2]["error"]["message"] == "The resource namespace 'Microsoft.Wheels' is invalid."
    for path in (group, "/subscriptions", f"/subscriptions/{SUBSCRIPTION}/resourceGroups"):
        answer = cloud.request("GET", at(path, "1999-01-01"))
        assert refused(answer) == (400, "InvalidApiVersionParameter")
        assert "The supported versions are '" in answer[2]["error"]["message"]
        assert cloud.request("GET", at(path, "2021-04-01"))[0] == 200
    assert refused(cloud.request("GET", "/subscriptions/none/resourceGroups")) == (400, "InvalidSubscriptionId")
    answer = cloud.request("PUT", cloud.id("routeTables", "new", "g"), {"location": "mars"})
    assert refused(answer) == (400, "LocationNotAvailableForResourceType")
    assert "Microsoft.Network/routeTables" in answer[2]["error"]["message"]
    answer = cloud.request("PUT", at(cloud.group("new"), "2021-04-01"), {"location": "mars"})
    assert refused(answer) == (400, "LocationNotAvailableForResourceGroup")


@pytest.mark.parametrize("properties", [
    {"routes": "none"}, {"routes": {"name": "r"}}, {"routes": ["r"]}, {"routes": [{"name": "r", "properties": "p"}]},
    {"routes": [{"name": 1}]}])
def test_members_of_another_kind_are_refused(cloud, table, properties):
    answer = cloud.request("PUT", table, {"location": "japaneast", "properties": properties})
    assert answer[0] == 400 and answer[2]["error"]["code"] in ("InvalidRequestFormat", "InvalidRequestContent")
    assert cloud.get(table)["properties"]["routes"] == []


def ecmp(*hops, prefix="10.9.0.0/16", **more):
    return {"properties": {"addressPrefix": prefix, "nextHopType": "VirtualApplianceEcmp",
                           "nextHop": {"nextHopIpAddresses": list(hops)}, **more}}


def test_several_next_hops(cloud, table):
    route = f"{table}/routes/many"
    assert refused(cloud.request("PUT", at(route, OLD), ecmp("10.0.0.4", "10.0.0.5"))) == (400, "InvalidRequestFormat")
    for bad in (ecmp(), ecmp("10.0.0.4"), ecmp("10.0.0.4", "10.0.0.4"), ecmp("10.0.0.4", "127.0.0.1"),
                ecmp("10.0.0.4", "fd00::4"), ecmp("10.0.0.4", "x"), ecmp(*(f"10.0.1.{i}" for i in range(65))),
                ecmp("10.0.0.4", "10.0.0.5", nextHopIpAddress="10.0.0.6"),
                {"properties": {"addressPrefix": "10.9.0.0/16", "nextHopType": "VirtualApplianceEcmp"}}):
        status, _, body = cloud.request("PUT", at(route, ECMP), bad)
        assert status == 400, body
    assert cloud.request("PUT", at(route, ECMP), ecmp("10.0.0.4", "10.0.0.5"))[0] == 201
    found = cloud.request("GET", at(route, ECMP))[2]["properties"]
    assert found["nextHopType"] == "VirtualApplianceEcmp"
    assert found["nextHop"] == {"nextHopIpAddresses": ["10.0.0.4", "10.0.0.5"]} and "nextHopIpAddress" not in found


def test_new_subnets_are_private_from_the_version_that_says_so(cloud):
    def put(name, version, subnet=None):
        network = cloud.id("virtualNetworks", name, "g")
        body = {"location": "japaneast", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24", **(subnet or {})}}]}}
        assert cloud.request("PUT", at(network, version), body)[0] == 201
        return network, cloud.request("GET", at(f"{network}/subnets/s", version))[2]["properties"]

    assert "defaultOutboundAccess" not in put("old", OLD)[1]
    network, subnet = put("new", ECMP)
    assert subnet["defaultOutboundAccess"] is False
    assert put("open", ECMP, {"defaultOutboundAccess": True})[1]["defaultOutboundAccess"] is True
    # What is there already stays as it is.
    old, _ = put("old", ECMP)
    assert "defaultOutboundAccess" not in cloud.get(f"{old}/subnets/s")["properties"]
    more = cloud.request("PUT", at(f"{network}/subnets/more", ECMP), {"properties": {"addressPrefix": "10.0.1.0/24"}})[2]
    assert more["properties"]["defaultOutboundAccess"] is False


def test_machines_of_a_region(cloud):
    def listed(kind, region):
        path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{region}/{kind}"
        status, _, body = cloud.request("GET", at(path, COMPUTE_API))
        assert status == 200, body
        return [item["name"] for item in body["value"]]

    assert listed("virtualMachines", "japaneast") == ["near"] and listed("virtualMachines", "JapanEast") == ["near"]
    assert listed("virtualMachines", "eastus") == [] and listed("virtualMachineScaleSets", "japaneast") == []


def test_what_only_a_running_machine_tells(cloud):
    nic = cloud.id("networkInterfaces", "near-nic", "g")
    machine = cloud.id("Microsoft.Compute/virtualMachines", "near", "g")
    status, headers, _ = cloud.request("POST", f"{nic}/effectiveNetworkSecurityGroups")
    assert status == 202
    assert cloud.request("GET", headers["location"])[2] == {"value": []}
    assert cloud.request("POST", f"{machine}/deallocate")[0] == 202
    for action, code in (("effectiveRouteTable", "NicMustBeAttachedToRunningVmToGetEffectiveRoutes"),
                         ("effectiveNetworkSecurityGroups", "NicMustBeAttachedToRunningVmToGetEffectiveSecurityGroups")):
        assert refused(cloud.request("POST", f"{nic}/{action}")) == (400, code)


def test_scopes_of_openid_are_passed_over(cloud):
    """MSAL for Go sends them with every request."""
    def sign_in(scope):
        form = {"grant_type": "client_credentials", "client_id": SUBSCRIPTION, "client_secret": "any", "scope": scope}
        return cloud.request("POST", f"/{cloud.ready['tenant']}/oauth2/v2.0/token", urllib.parse.urlencode(form),
                             {"Content-Type": "application/x-www-form-urlencoded"})

    arm = cloud.endpoint + "/.default"
    assert sign_in(f"{arm} openid offline_access profile")[0] == 200
    assert sign_in(f"openid  {arm} ")[0] == 200
    for scope, number in ((f"{arm} https://vault.azure.net/.default", 70011), ("openid profile", 70011),
                          ("openid " + cloud.endpoint + "/user_impersonation", 1002012)):
        status, _, body = sign_in(scope)
        assert (status, body["error"], body["error_codes"]) == (400, "invalid_scope", [number])


def test_operations_are_where_their_resource_is(emulator):
    other = "22222222-2222-2222-2222-222222222222"
    cloud = emulator(f"subscriptions: [{other}]\n" + CLOUD, ["--operation-time", 60000])
    group = f"/subscriptions/{other}/resourceGroups/o"
    assert cloud.request("PUT", at(group, "2021-04-01"), {"location": "eastus"})[0] == 201
    table = f"{group}/providers/Microsoft.Network/routeTables/t"
    polled = cloud.request("PUT", table, {"location": "eastus"})[1]["azure-asyncoperation"]
    assert polled.startswith(f"{cloud.endpoint}/subscriptions/{other}/providers/Microsoft.Network/locations/eastus/")
    assert cloud.request("GET", polled)[2] == {"status": "InProgress"}
    busy = cloud.request("PUT", table, {"location": "eastus"})
    assert refused(busy) == (429, "AnotherOperationInProgress") and f"/subscriptions/{other}/" in busy[2]["error"]["message"]
    cloud.faults({"method": "PUT", "nth": 1, "operation": {"state": "Failed", "code": "Broken"}})
    polled = cloud.request("PUT", table + "2", {"location": "eastus"})[1]["azure-asyncoperation"]
    assert f"/subscriptions/{other}/providers/Microsoft.Network/locations/eastus/" in polled
    machine = cloud.id("Microsoft.Compute/virtualMachines", "near", "g")
    moved = cloud.clock(86400000)["now"]
    polled = cloud.request("POST", f"{machine}/deallocate")[1]["azure-asyncoperation"]
    running = cloud.request("GET", polled)[2]
    assert running["status"] == "InProgress" and running["name"] in polled
    cloud.clock(60000)
    ended = cloud.request("GET", polled)[2]
    assert set(ended) == {"status", "name", "startTime", "endTime"} and ended["startTime"] == running["startTime"]
    assert 59 <= seconds(ended["endTime"]) - seconds(ended["startTime"]) <= 60
    assert seconds(ended["startTime"]) >= seconds(moved), "it goes by the clock that was moved"


def test_bodies_and_addresses_that_nobody_serves(cloud, table):
    def chunks():
        for _ in range(9):
            yield b" " * (1 << 20)

    for body in (b" " * (9 << 20), chunks()):
        connection = cloud.connect()
        connection.request("PUT", at(table, OLD), body, {"Authorization": "Bearer emulator"})
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (413, "RequestEntityTooLarge")
        connection.close()
    assert cloud.request("DELETE", at(cloud.group("g") + "%00/providers/Microsoft.Network/routeTables/t", OLD))[0] == 400
    assert cloud.get(cloud.group("g")) and cloud.get(table)
    for path in (cloud.group("%ff"), table + "%ff", f"{table}/routes/%ff"):
        assert refused(cloud.request("GET", at(path, OLD))) == (400, "BadRequest")


def test_tags_and_names_that_arm_refuses(cloud, table):
    for tags, code in (({"a<b": ""}, "InvalidTagNameCharacters"), ({"x" * 513: ""}, "InvalidTagName"),
                       ({"a": "x" * 257}, "InvalidTagValueLength"), ({"a": 1}, "InvalidRequestContent")):
        assert refused(cloud.request("PATCH", table, {"tags": tags})) == (400, code)
    assert cloud.request("PATCH", table, {"tags": {"hidden-link:/a/b": "Resource", "x" * 512: "y" * 256}})[0] == 200
    for name in ("a.", "a%20b"):
        answer = cloud.request("PUT", at(cloud.group(name), "2021-04-01"), {"location": "eastus"})
        assert refused(answer) == (400, "InvalidResourceGroup")


def test_addresses_that_are_azures_own(cloud):
    def network(*prefixes):
        return cloud.request("PUT", cloud.id("virtualNetworks", "small", "g"), {"location": "japaneast", "properties": {
            "addressSpace": {"addressPrefixes": list(prefixes)},
            "subnets": [{"name": "s", "properties": {"addressPrefix": prefixes[0]}}]}})

    def nic(name, address=None):
        subnet = {"subnet": {"id": cloud.id("virtualNetworks", "small", "g") + "/subnets/s"}}
        chosen = {"privateIPAddress": address, "privateIPAllocationMethod": "Static"} if address else {}
        return cloud.request("PUT", cloud.id("networkInterfaces", name, "g"), {"location": "japaneast", "properties": {
            "ipConfigurations": [{"name": "ip", "properties": {**subnet, **chosen}}]}})

    assert refused(network("224.1.0.0/16")) == (400, "NetcfgInvalidIPAddressPrefix")
    assert refused(network("10.0.0.0/16", "10.0.1.0/24")) == (400, "NetcfgInvalidVirtualNetworkSite")
    assert network("10.0.0.0/29")[0] == 201
    for last in (0, 3, 7):
        assert refused(nic("own", f"10.0.0.{last}")) == (400, "PrivateIPAddressInReservedRange")
    given = [nic(f"n{i}")[2]["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] for i in range(3)]
    assert given == ["10.0.0.4", "10.0.0.5", "10.0.0.6"]
    assert refused(nic("more")) == (400, "SubnetIsFull")


POOL = """\
resourceGroups: {g: {location: japaneast, tags: {team: a}}}
virtualNetworks:
  net: {resourceGroup: g, addressPrefixes: [10.240.0.0/16], subnets: {nodes: {addressPrefix: 10.240.0.0/24}}}
virtualMachineScaleSets:
  pool: {resourceGroup: g, instances: {0: {nics: {eth0: {ip: 10.240.0.8, subnet: net/nodes}}}, 3: {}}}
routeTables: {table-a: {resourceGroup: g, tags: {teamwork: b}}, table-b: {resourceGroup: g}}
"""


def test_instances_of_scale_sets(emulator):
    cloud = emulator(POOL)
    pool = cloud.id("Microsoft.Compute/virtualMachineScaleSets", "pool", "g")
    view = cloud.request("GET", f"{pool}/instanceView")[2]
    assert view["virtualMachine"]["statusesSummary"] == [{"code": "ProvisioningState/succeeded", "count": 2}]
    one = cloud.request("GET", f"{pool}/virtualMachines/3?api-version={COMPUTE_API}&$expand=instanceView")[2]
    assert one["properties"]["instanceView"]["statuses"][-1]["code"] == "PowerState/running"
    listed = cloud.request("GET", f"{pool}/virtualMachines?api-version={COMPUTE_API}&$expand=instanceView")[2]["value"]
    assert listed[1] == one and "instanceView" not in cloud.get(f"{pool}/virtualMachines/3")["properties"]
    answer = cloud.request("GET", f"{pool}/virtualMachines/x")
    assert answer[0] == 400 and answer[2]["error"] == {  # recorded
        "code": "InvalidParameter", "target": "instanceId",
        "message": "Virtual Machine Scale Set VM instanceId must be a number."}
    nics = cloud.request("GET", at(f"{pool}/virtualMachines/0/networkInterfaces", "2018-10-01"))[2]["value"]
    assert cloud.request("GET", at(f"{pool}/virtualMachines/0/networkInterfaces/ETH0", "2018-10-01"))[2] == nics[0]
    assert refused(cloud.request("GET", at(f"{pool}/virtualMachines/0/networkInterfaces/eth9", "2018-10-01"))) == (
        404, "NotFound")
    assert refused(cloud.request("GET", f"{pool}/virtualMachines/0/instanceView/eth0")) == (404, "InvalidResourceType")
    answer = cloud.request("GET", f"{pool}/wheels")
    assert "type 'virtualMachineScaleSets/wheels' could not" in answer[2]["error"]["message"]


def test_resources_by_functions_and_with_their_times(emulator):
    cloud = emulator(POOL)

    def listed(query):
        path = f"/subscriptions/{SUBSCRIPTION}/resources?api-version=2021-04-01&" + urllib.parse.quote(query, safe="$=&")
        status, _, body = cloud.request("GET", path)
        return {one["name"]: one for one in body["value"]} if status == 200 else refused((status, None, body))

    assert set(listed("$filter=substringof('TABLE', name)")) == {"table-a", "table-b"}
    assert set(listed("$filter=substringof('e-a',name) and resourceGroup eq 'g'")) == {"table-a"}
    assert set(listed("$filter=startswith(tagName, 'team')")) == {"table-a"}
    for wrong in ("substringof('x', tagName)", "substringof(name, 'x')", "startswith(name, 'x')", "startswith(tagName, 'x'",
                  "endswith(name, 'x')", "substringof('x', name) eq true"):
        assert listed(f"$filter={wrong}") == (400, "InvalidFilterInQueryString")
    cloud.clock(3600000)
    cloud.request("PATCH", cloud.id("routeTables", "table-b", "g"), {"tags": {"a": "b"}})
    found = listed("$expand=createdTime,changedTime")
    assert seconds(found["table-b"]["changedTime"]) - seconds(found["table-b"]["createdTime"]) >= 3599
    assert found["table-a"]["createdTime"] == found["table-a"]["changedTime"]
    assert "createdTime" not in listed("$expand=changedTime")["table-a"]


def test_what_a_store_had_is_as_old_as_the_start(tmp_path, emulator):
    store = tmp_path / "store.json"
    first = emulator(POOL, ["--store", store])
    first.put(first.id("routeTables", "new", "g"), {"location": "japaneast"})
    assert first.stop() == 0
    cloud = emulator(None, ["--store", store])
    path = f"/subscriptions/{SUBSCRIPTION}/resources?api-version=2021-04-01&$expand=createdTime"
    before = cloud.request("GET", path)[2]
    cloud.clock(3600000)
    assert cloud.request("GET", path)[2] == before and before["value"]
