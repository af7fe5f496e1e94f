# SPDX-License-Identifier: Apache-2.0
"""The emulator as a client sees it: its answers are ARM's, in status, code, headers and shape."""

import concurrent.futures
import http.client
import json
import re
import subprocess
import urllib.parse

import pytest

from emulator import API, BUILD, Emulator

NET = {"location": "Japan East", "properties": {
    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}


def route(prefix, hop="10.240.0.20", name=None, kind="VirtualAppliance"):
    properties = {"addressPrefix": prefix, "nextHopType": kind}
    if hop is not None:
        properties["nextHopIpAddress"] = hop
    return {"name": name, "properties": properties} if name else {"properties": properties}


def table(*routes, location="japaneast"):
    return {"location": location, "properties": {"routes": list(routes)}}


def code(answer):
    return answer[0], answer[2]["error"]["code"]


def test_start_holds_the_hard_way(hard_way):
    status, _, group = hard_way.request("GET", hard_way.group())
    assert (status, group["location"]) == (200, "japaneast")
    _, _, machines = hard_way.request(
        "GET", hard_way.group() + "/providers/Microsoft.Compute/virtualMachines")
    assert [(m["name"], m["tags"]) for m in machines["value"]] == [
        ("worker-0", {"pod-cidr": "10.200.0.0/24"}), ("worker-1", {"pod-cidr": "10.200.1.0/24"})]
    _, headers, nic = hard_way.request("GET", hard_way.id("networkInterfaces", "worker-1-nic"))
    first = nic["properties"]["ipConfigurations"][0]["properties"]
    assert first["privateIPAddress"] == "10.240.0.21" and first["primary"]
    assert nic["properties"]["enableIPForwarding"]
    assert nic["properties"]["virtualMachine"]["id"].endswith("/virtualMachines/worker-1")
    assert headers["etag"] == nic["etag"]


def test_put_of_a_table_answers_as_recorded(hard_way):
    path = hard_way.id("routeTables", "T")
    status, headers, body = hard_way.request(
        "PUT", path, table(location="Japan East"),
        {"x-ms-correlation-request-id": "c", "x-ms-client-request-id": "r",
         "x-ms-return-client-request-id": "true"})
    assert status == 201 and "etag" not in headers
    assert headers["azure-asyncoperation"].startswith(hard_way.endpoint)
    assert "location" not in headers
    assert headers["x-ms-correlation-request-id"] == "c"
    assert headers["x-ms-client-request-id"] == "r"
    assert body["location"] == "japaneast" and body["id"] == path
    assert body["type"] == "Microsoft.Network/routeTables"
    assert re.fullmatch(r'W/"[0-9a-f-]{36}"', body["etag"])
    guid = body["properties"].pop("resourceGuid")
    assert body["properties"] == {
        "provisioningState": "Succeeded", "disableBgpRoutePropagation": False, "routes": []}
    status, _, again = hard_way.request("PUT", path.replace("/T", "/t"), table())
    assert status == 200 and again["name"] == "T"
    assert again["properties"]["resourceGuid"] == guid and again["etag"] != body["etag"]


def test_put_of_a_network_fills_defaults_and_keeps_subnets_left_unsaid(hard_way):
    path = hard_way.id("virtualNetworks", "other")
    _, _, body = hard_way.request("PUT", path, NET)
    subnet = body["properties"]["subnets"][0]
    assert subnet["properties"] == {
        "provisioningState": "Succeeded", "addressPrefix": "10.0.0.0/24", "delegations": [],
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled"}
    bare = {"location": "japaneast",
            "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    status, _, body = hard_way.request("PUT", path, bare)
    assert status == 201 and len(body["properties"]["subnets"]) == 1
    bare["properties"]["subnets"] = []
    assert hard_way.request("PUT", path, bare)[2]["properties"]["subnets"] == []


def test_operation_moves_from_updating_to_succeeded(emulator):
    cloud = emulator(args=["--operation-time", 300])
    cloud.request("PUT", cloud.group("g"), {"location": "eastus"})
    path = cloud.id("routeTables", "t", "g")
    _, headers, body = cloud.request("PUT", path, table(location="eastus"))
    assert body["properties"]["provisioningState"] == "Updating"
    assert code(cloud.request("PUT", path, table(location="eastus"))) == (
        429, "AnotherOperationInProgress")
    poll = headers["azure-asyncoperation"]
    seen = set()
    for _ in range(100000):
        status, headers, answer = cloud.request("GET", poll)
        assert status == 200
        seen.add(answer["status"])
        if answer["status"] == "Succeeded":
            break
        assert headers["retry-after"] == "1" and 0 <= int(headers["retry-after-ms"]) <= 300
    assert "Succeeded" in seen
    status, headers, body = cloud.request("GET", path)
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert headers["etag"] == body["etag"]


def test_delete_answers_202_and_both_headers(hard_way):
    path = hard_way.id("routeTables", "t")
    hard_way.request("PUT", path, table())
    status, headers, body = hard_way.request("DELETE", path)
    assert (status, body) == (202, None)
    assert hard_way.request("GET", headers["azure-asyncoperation"])[2] == {"status": "Succeeded"}
    assert hard_way.request("GET", headers["location"])[0] == 204
    assert hard_way.request("DELETE", path)[0] == 204


def test_group_delete_takes_its_content(hard_way):
    status, headers, _ = hard_way.request("DELETE", hard_way.group())
    assert status == 202 and "azure-asyncoperation" not in headers
    assert hard_way.request("GET", headers["location"])[0] == 200
    assert hard_way.request("HEAD", hard_way.group())[0] == 404
    assert hard_way.cloud() == {}


def test_etags_guard_writes(hard_way):
    path = hard_way.id("routeTables", "t")
    _, _, body = hard_way.request("PUT", path, table())
    none = {"If-None-Match": "*"}
    assert code(hard_way.request("PUT", path, table(), none)) == (412, "PreconditionFailed")
    answer = hard_way.request("PUT", path, table(), {"If-Match": "invalid"})
    assert code(answer) == (412, "PreconditionFailed")
    assert answer[2]["error"]["details"] == [{
        "code": "PreconditionFailedEtagMismatch",
        "message": f'Etag provided in if-match header W/"invalid" does not match etag '
                   f'{body["etag"]} of resource {path} in NRP data store.'}]
    assert hard_way.request("PUT", path, table(), {"If-Match": body["etag"]})[0] == 200
    assert hard_way.request("DELETE", path, None, {"If-Match": body["etag"]})[0] == 412


def test_a_route_changes_the_etag_of_its_table_but_attaching_does_not(hard_way):
    path = hard_way.id("routeTables", "t")
    first = hard_way.request("PUT", path, table())[2]["etag"]
    status, _, body = hard_way.request("PUT", path + "/routes/r", route("10.200.0.0/24"))
    assert status == 201 and body["type"] == "Microsoft.Network/routeTables/routes"
    second = hard_way.request("GET", path)[2]["etag"]
    assert first != second
    net = hard_way.id("virtualNetworks", "kubernetes-vnet")
    before = hard_way.request("GET", net)[2]["etag"]
    subnet = net + "/subnets/kubernetes-subnet"
    sent = hard_way.request("GET", subnet)[2]
    sent["properties"]["routeTable"] = {"id": path.upper()}
    assert hard_way.request("PUT", subnet, sent)[0] == 200
    _, headers, body = hard_way.request("GET", path)
    assert body["etag"] == second
    assert body["properties"]["subnets"] == [{"id": subnet}]
    assert hard_way.request("GET", net)[2]["etag"] != before
    stored = hard_way.request("GET", subnet)[2]["properties"]
    assert stored["routeTable"] == {"id": path}
    assert len(stored["ipConfigurations"]) == 2
    assert code(hard_way.request("DELETE", path)) == (400, "InUseRouteTableCannotBeDeleted")
    del sent["properties"]["routeTable"]
    hard_way.request("PUT", subnet, sent)
    assert "subnets" not in hard_way.request("GET", path)[2]["properties"]
    assert hard_way.request("DELETE", path)[0] == 202


@pytest.mark.parametrize("routes, expected", [
    ([route("10.1.0.0/24", name="a"), route("10.1.0.0/24", name="b")], "RouteConflict"),
    ([route("10.1.0.1/24", name="a")], "InvalidCIDRNotation"),
    ([route("10.1.0.0", name="a")], "InvalidAddressPrefixFormat"),
    ([route("10.1.0.0/24", None, "a")], "MissingNextHopIpAddress"),
    ([route("10.1.0.0/24", "127.0.0.1", "a")], "InvalidNextHopIpAddress"),
    ([route("10.1.0.0/24", "10.0.0.1", "a", "Internet")], "InvalidNextHopIpAddress"),
    ([route("10.1.0.0/24", "fd00::1", "a")], "RouteNextHopHasDifferentAddressFamilies"),
    ([route("10.1.0.0/24", None, "a", "Nowhere")], "InvalidRequestFormat"),
    ([route("10.1.0.0/24", name="a"), route("10.2.0.0/24", name="A")], "InvalidRequestFormat"),
    ([route("10.1.0.0/24", name="-a")], "InvalidResourceName"),
    ([route(f"10.{i}.0.0/24", name=f"r{i}") for i in range(4)], "RouteTableRoutesLimitExceeded"),
])
def test_bad_routes_are_refused_and_nothing_changes(emulator, routes, expected):
    cloud = emulator(args=["--max-routes", 3])
    cloud.request("PUT", cloud.group(), {"location": "japaneast"})
    before = cloud.cloud()
    assert code(cloud.request("PUT", cloud.id("routeTables", "t"), table(*routes))) == (400, expected)
    assert cloud.cloud() == before


@pytest.mark.parametrize("subnet, expected", [
    ({"addressPrefix": "10.9.0.0/24"}, "NetcfgSubnetRangeOutsideVnet"),
    ({"addressPrefix": "10.240.0.128/25"}, "NetcfgSubnetRangesOverlap"),
    ({"addressPrefix": "10.240.0.1/28"}, "InvalidCIDRNotation"),
    ({"addressPrefix": "10.240.0.0/28", "routeTable": {"id": "x"}}, "NetcfgSubnetRangesOverlap"),
    ({}, "InvalidRequestFormat"),
])
def test_bad_subnets_are_refused(hard_way, subnet, expected):
    path = hard_way.id("virtualNetworks", "kubernetes-vnet") + "/subnets/new"
    assert code(hard_way.request("PUT", path, {"properties": subnet})) == (400, expected)


def test_references_need_the_same_region(hard_way):
    far, near = hard_way.id("routeTables", "far"), hard_way.id("routeTables", "near")
    assert hard_way.request("PUT", far, table(location="westus"))[0] == 201
    subnet = hard_way.id("virtualNetworks", "kubernetes-vnet") + "/subnets/kubernetes-subnet"
    for target in (far, near):
        body = {"properties": {"addressPrefix": "10.240.0.0/24", "routeTable": {"id": target}}}
        assert code(hard_way.request("PUT", subnet, body)) == (400, "InvalidResourceReference")
    body["properties"]["routeTable"]["id"] = "near"
    assert code(hard_way.request("PUT", subnet, body)) == (400, "LinkedInvalidPropertyId")


def test_a_subnet_in_use_stays(hard_way):
    net = hard_way.id("virtualNetworks", "kubernetes-vnet")
    in_use = (400, "InUseSubnetCannotBeDeleted")
    assert code(hard_way.request("DELETE", net + "/subnets/kubernetes-subnet")) == in_use
    assert code(hard_way.request("DELETE", net)) == in_use
    body = hard_way.request("GET", net)[2]
    body["properties"]["subnets"] = []
    assert code(hard_way.request("PUT", net, body)) == in_use
    small = {"properties": {"addressPrefix": "10.240.0.128/25"}}
    assert code(hard_way.request("PUT", net + "/subnets/kubernetes-subnet", small)) == (
        400, "InUsePrefixCannotBeDeleted")


def test_what_is_missing_is_told_as_recorded(hard_way):
    answer = hard_way.request("GET", hard_way.id("routeTables", "no"))
    assert code(answer) == (404, "ResourceNotFound")
    assert answer[1]["x-ms-failure-cause"] == "gateway"
    assert answer[2]["error"]["message"] == (
        "The Resource 'Microsoft.Network/routeTables/no' under resource group 'kubernetes' was not "
        "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix")
    child = hard_way.id("virtualNetworks", "kubernetes-vnet") + "/subnets/no"
    answer = hard_way.request("GET", child)
    assert answer[0] == 404 and answer[2] == {"error": {
        "code": "NotFound", "message": f"Resource {child} not found.", "details": []}}
    missing = hard_way.group("no")
    for path in (missing, missing + "/providers/Microsoft.Network/routeTables"):
        assert code(hard_way.request("GET", path)) == (404, "ResourceGroupNotFound")
    parent = hard_way.id("routeTables", "no") + "/routes/r"
    assert code(hard_way.request("PUT", parent, route("10.1.0.0/24"))) == (
        404, "ParentResourceNotFound")
    other = hard_way.group().replace(hard_way.subscription, "00000000-0000-0000-0000-00000000000f")
    assert code(hard_way.request("GET", other)) == (404, "SubscriptionNotFound")


def test_bad_requests(hard_way):
    path = hard_way.id("routeTables", "t")
    assert code(hard_way.request("PUT", path, "{")) == (400, "InvalidRequestContent")
    assert code(hard_way.request("PUT", path, {})) == (400, "LocationRequired")
    assert code(hard_way.request("PUT", path + "-%26", table())) == (400, "InvalidResourceName")
    assert code(hard_way.request("GET", path + "?x=1")) == (400, "MissingApiVersionParameter")
    tags = {"location": "japaneast", "tags": {str(i): "" for i in range(51)}}
    assert code(hard_way.request("PUT", path, tags)) == (400, "TooManyTags")
    hard_way.request("PUT", path, table())
    assert code(hard_way.request("PUT", path, table(location="westus"))) == (
        409, "InvalidResourceLocation")


def test_a_large_request_is_refused_before_it_is_read(hard_way):
    """If its sender asks first, or if it is too large to be read to its end."""
    for size, asks in ((9 << 20, True), (300 << 20, False)):
        connection = http.client.HTTPConnection(hard_way.host, timeout=60)
        connection.putrequest("PUT", hard_way.id("routeTables", "t"))
        connection.putheader("Content-Length", str(size))
        if asks:
            connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_patch_replaces_tags_and_nothing_else(hard_way):
    path = hard_way.id("virtualNetworks", "kubernetes-vnet")
    before = hard_way.request("GET", path)[2]
    status, _, after = hard_way.request("PATCH", path, {"tags": {"A": "b"}})
    assert status == 200 and after.pop("tags") == {"A": "b"}
    assert after["etag"] != before["etag"]
    subnets = [json.dumps(s["properties"], sort_keys=True) for s in before["properties"]["subnets"]]
    assert subnets == [
        json.dumps(s["properties"], sort_keys=True) for s in after["properties"]["subnets"]]


def test_machines_count_their_etags_and_keep_no_password(hard_way):
    path = hard_way.id("Microsoft.Compute/virtualMachines", "m")
    body = {"location": "japaneast", "properties": {"osProfile": {"adminPassword": "Planted-1"}}}
    for number in (1, 2):
        _, headers, answer = hard_way.request("PUT", path, body)
        assert headers["etag"] == answer["etag"] == f'"{number}"'
        assert "Planted-1" not in json.dumps(answer)
    answer = hard_way.request("PUT", path, body, {"If-Match": '"1"'})
    assert code(answer) == (412, "PreconditionFailed")
    assert answer[2]["error"]["message"] == (
        'Etag provided in if-match header "1" does not match etag "2" of resource.')


def token(cloud, secret):
    form = urllib.parse.urlencode({
        "grant_type": "client_credentials", "client_id": "me", "client_secret": secret,
        "scope": "https://management.azure.com/.default"})
    return cloud.request("POST", f"/{cloud.ready['tenant']}/oauth2/v2.0/token", form,
                         {"Content-Type": "application/x-www-form-urlencoded",
                          "Authorization": None})


def test_sign_in(emulator):
    cloud = emulator(args=["--token-lifetime", 3000])
    status, _, answer = token(cloud, "s e&cret+")
    assert status == 200 and answer["token_type"] == "Bearer" and answer["expires_in"] == 3000
    groups = f"/subscriptions/{cloud.subscription}/resourcegroups"
    bearer = {"Authorization": "Bearer " + answer["access_token"]}
    assert cloud.request("GET", groups, None, bearer)[0] == 200
    status, _, answer = token(cloud, "wrong")
    assert (status, answer["error"], answer["error_codes"]) == (401, "invalid_client", [7000215])
    answer = cloud.request("GET", groups, None, {"Authorization": "Bearer other"})
    assert code(answer) == (401, "InvalidAuthenticationToken")
    assert answer[1]["www-authenticate"].startswith("Bearer ")
    answer = cloud.request("GET", groups, None, {"Authorization": None})
    assert code(answer) == (401, "AuthenticationFailed")
    assert [r["method"] for r in cloud.requests()] == ["POST", "GET", "POST", "GET", "GET"]
    assert "cret" not in json.dumps(cloud.requests())


def test_lists_come_in_pages(emulator):
    cloud = emulator(args=["--page-size", 2])
    for group in ("g", "h"):
        cloud.request("PUT", cloud.group(group), {"location": "japaneast"})
        for i in range(5):
            cloud.request("PUT", cloud.id("routeTables", f"t{i}", group), table())
    url = cloud.group("g") + "/providers/Microsoft.Network/routeTables"
    _, _, page = cloud.request("GET", url)
    assert [item["name"] for item in page["value"]] == ["t0", "t1"]
    # The one that the next page would begin with: the page goes on after it.
    cloud.request("DELETE", cloud.id("routeTables", "t2", "g"))
    _, _, page = cloud.request("GET", page["nextLink"])
    assert [item["name"] for item in page["value"]] == ["t3", "t4"] and "nextLink" not in page
    url, sizes = f"/subscriptions/{cloud.subscription}/providers/Microsoft.Network/routeTables", []
    while url:
        _, _, page = cloud.request("GET", url)
        sizes.append(len(page["value"]))
        url = page.get("nextLink")
    assert sizes == [2, 2, 2, 2, 1]


def test_the_store_outlives_the_program(tmp_path):
    store = tmp_path / "store.json"
    args = ["--store", store, "--operation-time", 3600000]
    first = Emulator(tmp_path, "resourceGroups: {g: {location: eastus}}", args)
    path = first.id("routeTables", "t", "g")
    first.request("PUT", path, table(route("10.1.0.0/24", name="r"), location="eastus"))
    before = first.cloud()
    assert first.stop() == 0
    second = Emulator(tmp_path, "resourceGroups: {other: {location: eastus}}", args)
    assert second.cloud() == before
    assert second.request("GET", path)[2]["properties"]["provisioningState"] == "Succeeded"
    assert second.stop() == 0
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".new")] == []


def test_the_next_emulator_waits_for_the_store(tmp_path):
    args = ["--store", tmp_path / "store.json"]
    first = Emulator(tmp_path, None, args)
    first.request("PUT", first.group("g"), {"location": "eastus"})
    first.process.stdin.close()  # as when its client is killed: it saves, and goes
    second = Emulator(tmp_path, None, args)
    assert first.process.poll() is not None or first.process.wait(timeout=60) == 0
    assert second.request("HEAD", second.group("g"))[0] == 204
    assert second.stop() == 0


def test_somebody_else_edits_just_before_a_put(hard_way):
    path = hard_way.id("routeTables", "t")
    etag = hard_way.request("PUT", path, table())[2]["etag"]
    hard_way.edit(("PUT", path + "/routes/theirs", route("10.9.0.0/16")),
                  before={"method": "PUT", "path": "/ROUTETABLES/t?"})
    assert hard_way.request("GET", path)[2]["etag"] == etag
    assert hard_way.request("PUT", path, table(), {"If-Match": etag})[0] == 412
    assert [r["name"] for r in hard_way.request("GET", path)[2]["properties"]["routes"]] == ["theirs"]
    assert hard_way.armed() == {"armed": 0, "refused": []}


@pytest.mark.parametrize("when, exists", [("before", False), ("after", True)])
def test_an_answer_can_be_lost(hard_way, when, exists):
    path = hard_way.id("routeTables", "t")
    hard_way.drop(when=when, method="PUT")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        hard_way.request("PUT", path, table())
    assert hard_way.requests()[-1]["status"] == 0
    assert (path in hard_way.cloud()) == exists


def test_a_client_can_be_killed_at_a_request(hard_way):
    with subprocess.Popen(["sleep", "1000"]) as victim:
        hard_way.kill(victim.pid, nth=2, when="after")
        hard_way.request("GET", hard_way.group())
        assert victim.poll() is None
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            hard_way.request("PUT", hard_way.id("routeTables", "t"), table())
        assert victim.wait() == -9
    assert hard_way.id("routeTables", "t") in hard_way.cloud()


def test_scripted_failures(hard_way):
    path = hard_way.id("routeTables", "t")
    hard_way.fail(429, "AnotherOperationInProgress", retry_after_ms=7, method="PUT")
    answer = hard_way.request("PUT", path, table())
    assert code(answer) == (429, "AnotherOperationInProgress")
    assert answer[1]["retry-after-ms"] == "7"
    hard_way.fail(409, "Conflict", asynchronous=True, method="PUT")
    status, headers, _ = hard_way.request("PUT", path, table())
    assert status == 201
    answer = hard_way.request("GET", headers["azure-asyncoperation"])[2]
    assert answer["status"] == "Failed" and answer["error"]["code"] == "Conflict"
    assert hard_way.request("GET", path)[0] == 404


def test_latency_of_one_request_delays_no_other(emulator):
    cloud = emulator(args=["--latency", 200])
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: cloud.request("GET", cloud.group("g")), range(10)))
    served = [r["at"] - r["ms"] for r in cloud.requests()]
    ended = [r["at"] for r in cloud.requests()]
    assert max(served) < min(ended), "some began only after another had ended"


def test_command_line():
    program = str(BUILD / "waybill-emulator")
    for arguments, status in ((["--help"], 0), (["--version"], 0), (["--nonsense"], 1),
                              (["--listen", "0.0.0.0:0"], 1), (["--cloud", "/nonexistent"], 1)):
        done = subprocess.run([program, *arguments], capture_output=True, timeout=60)
        assert done.returncode == status
        assert bool(done.stdout) == (status == 0) and bool(done.stderr) == (status != 0)


@pytest.mark.parametrize("option", ["--max-routes", "--page-size", "--token-lifetime"])
def test_a_bound_of_nothing_is_refused(option):
    """What the program takes for "not given" is not what the user has asked for."""
    done = subprocess.run([str(BUILD / "waybill-emulator"), option, "0", "--exit-with-stdin"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "`0` is not a number from 1 to 1000000" in done.stderr


def test_it_ends_with_its_standard_input(emulator):
    cloud = emulator()
    cloud.process.stdin.close()
    assert cloud.process.wait(timeout=60) == 0


def test_a_start_that_azure_would_refuse_is_told_with_its_place(tmp_path):
    path = tmp_path / "cloud.yaml"
    path.write_text("resourceGroups: {g: {location: eastus}}\n"
                    "routeTables:\n  t: {resourceGroup: g, routes: {r: {nextHopType: Internet}}}\n")
    done = subprocess.run([str(BUILD / "waybill-emulator"), "--cloud", str(path)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "cloud.yaml:3:3" in done.stderr


def test_a_start_that_no_cloud_has_tells_those_that_it_may_have(tmp_path):
    path = tmp_path / "cloud.yaml"
    path.write_text("networks: {}\n")
    done = subprocess.run([str(BUILD / "waybill-emulator"), "--cloud", str(path)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "cloud.yaml:1:1: error: not a member of a cloud" in done.stderr
    assert "help: there are subscription, subscriptions, tenant, " in done.stderr and "virtualNetworks" in done.stderr


def test_version_of_the_api_is_in_the_polls(hard_way):
    _, headers, _ = hard_way.request("PUT", hard_way.id("routeTables", "t"), table())
    assert f"api-version={API}" in headers["azure-asyncoperation"]
