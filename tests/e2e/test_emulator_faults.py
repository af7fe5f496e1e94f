# SPDX-License-Identifier: Apache-2.0
"""Faults on demand, the clock that tests move, throttling, and reads that lag behind."""

import http.client
import socket
import subprocess
import time

import pytest

from emulator import API, BUILD, SUBSCRIPTION

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g"
TABLE = f"{GROUP}/providers/Microsoft.Network/routeTables/t"
CLOUD = "resourceGroups: {g: {location: eastus}}\nrouteTables: {t: {resourceGroup: g, tags: {a: old}}}\n"
BODY = {"location": "eastus", "tags": {"a": "new"}, "properties": {"routes": []}}
READS = "x-ms-ratelimit-remaining-subscription-reads"
WRITES = "x-ms-ratelimit-remaining-subscription-writes"

pytestmark = pytest.mark.sanitizer


def statuses(cloud, count, method="GET", path=TABLE):
    return [cloud.request(method, path, BODY if method == "PUT" else None)[0] for _ in range(count)]


def test_a_fault_answers_as_it_is_told(emulator):
    cloud = emulator(CLOUD)
    cloud.faults({"method": "GET", "path": "*/ROUTETABLES/*", "status": 503, "code": "ServerBusy",
                  "message": "wait", "headers": {"Retry-After": 5, "X-More": "y"}})
    status, headers, body = cloud.request("GET", TABLE)
    assert (status, headers["retry-after"], headers["x-more"]) == (503, "5", "y")
    assert body == {"error": {"code": "ServerBusy", "message": "wait"}}
    assert headers["x-ms-request-id"]
    assert cloud.request("GET", GROUP)[0] == 200
    assert cloud.request("PUT", TABLE, BODY)[0] == 200
    assert [(fault["seen"], fault["sprung"]) for fault in cloud.faults_left()] == [(1, 1)]
    cloud.faults({"status": 200, "body": {"value": []}})
    assert cloud.request("GET", TABLE)[2] == {"value": []}
    cloud.faults({"status": 502, "body": "<html>", "headers": {"Content-Type": "text/html"}})
    connection = http.client.HTTPConnection(cloud.host, timeout=60)
    connection.request("GET", TABLE)
    answer = connection.getresponse()
    assert (answer.status, answer.read(), answer.getheader("Content-Type")) == (502, b"<html>", "text/html")
    connection.close()
    cloud.faults()
    assert cloud.request("GET", TABLE)[0] == 200


@pytest.mark.parametrize("when, seen", [
    ({}, [503] * 6),
    ({"nth": 3}, [200, 200, 503, 200, 200, 200]),
    ({"nth": 2, "times": 3}, [200, 503, 503, 503, 200, 200]),
    ({"times": 2}, [503, 503, 200, 200, 200, 200]),
    ({"every": 2}, [503, 200, 503, 200, 503, 200]),
    ({"nth": 2, "every": 3, "times": 2}, [200, 503, 200, 200, 503, 200]),
    ({"contains": "api-version=2024"}, [503] * 6),
    ({"contains": "api-version=2023"}, [200] * 6),
    ({"path": "/subscriptions/*/routeTables/?"}, [503] * 6),
    ({"path": "/subscriptions/*/routeTables"}, [200] * 6),
    ({"method": "PUT"}, [200] * 6),
])
def test_a_fault_springs_when_it_is_told(emulator, when, seen):
    cloud = emulator(CLOUD)
    cloud.faults({"status": 503, **when})
    assert statuses(cloud, 6) == seen


@pytest.mark.parametrize("hook, body, why", [
    ("faults", "- {method: GET, status: 503}", "no JSON"),
    ("faults", '[{"method": "GET", ', "no JSON"),
    ("faults", "503", "faults are a list"),
    ("faults", None, "faults are a list"),
    ("faults", [{"status": "503"}], "`status` must be a number from 200 to 599"),
    ("edit", {"edit": []}, "`edits` must be a list"),
    ("edit", [{"method": "DELETE", "id": TABLE}], "a map is expected"),
    ("kill", {"nth": 1}, "`kill` must be the id of a process"),
    ("clock", "{advance_ms: 1}", "no JSON")])
def test_a_hook_says_what_is_wrong_with_its_body(emulator, hook, body, why):
    cloud = emulator(CLOUD)
    cloud.faults({"method": "PUT", "nth": 7, "status": 503})
    status, _, answer = cloud.request("PUT", f"/_emulator/{hook}", body)
    assert status == 400 and why in answer["error"]["message"]
    assert hook == "faults" and isinstance(body, list) or len(cloud.faults_left()) == 1
    assert cloud.request("GET", TABLE)[0] == 200


@pytest.mark.parametrize("spec", [
    {}, {"nth": 1}, {"status": 99}, {"status": "503"}, {"status": 503, "nth": 0}, {"colour": 1},
    {"status": 503, "headers": {"A b": "x"}}, {"status": 503, "headers": {"A": "x\r\nB: y"}}, {"delay": -1},
    {"drop": "later"}, {"operation": {"state": "Succeeded"}}, {"kill": 1}, {"cut": "5"}, {"never": 1}])
def test_what_is_no_fault_is_refused(emulator, spec):
    cloud = emulator(CLOUD)
    status, _, body = cloud.request("PUT", "/_emulator/faults", [spec])
    assert (status, body["error"]["code"]) == (400, "BadFault")
    assert cloud.request("GET", TABLE)[0] == 200


def test_faults_of_a_file(emulator, tmp_path):
    (tmp_path / "faults.yaml").write_text(
        "- {method: GET, path: '*/routeTables/t', nth: 2, status: 429, headers: {Retry-After: 1}}\n")
    cloud = emulator(CLOUD, args=["--faults", tmp_path / "faults.yaml"])
    assert statuses(cloud, 3) == [200, 429, 200]
    for text, why in (("status: 503\n", "faults are a list"), ("- {status: 1}\n", "`status` must be a number from 200 to 599"),
                      ("- {kill: 4000, drop: after}\n", "a file ends no process")):
        (tmp_path / "faults.yaml").write_text(text)
        done = subprocess.run([BUILD / "waybill-emulator", "--faults", tmp_path / "faults.yaml"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1 and why in done.stderr and "faults.yaml:1:" in done.stderr


def test_an_answer_is_cut_and_its_request_was_performed(emulator):
    cloud = emulator(CLOUD)
    cloud.faults({"method": "PUT", "nth": 1, "cut": 10})
    with pytest.raises(http.client.IncompleteRead) as caught:
        cloud.request("PUT", TABLE, BODY)
    assert len(caught.value.partial) == 10
    assert cloud.get(TABLE)["tags"] == {"a": "new"}
    cloud.faults({"nth": 1, "cut": 0}, {"nth": 2, "cut": 1000000})
    with pytest.raises(http.client.IncompleteRead):
        cloud.request("GET", TABLE)
    assert cloud.request("GET", TABLE)[0] == 200


@pytest.mark.parametrize("when, tags", [("before", "old"), ("after", "new")])
def test_a_connection_is_dropped(emulator, when, tags):
    cloud = emulator(CLOUD)
    cloud.faults({"method": "PUT", "nth": 1, "drop": when})
    with pytest.raises(http.client.RemoteDisconnected):
        cloud.request("PUT", TABLE, BODY)
    assert cloud.get(TABLE)["tags"] == {"a": tags}
    assert [request["status"] for request in cloud.requests()] == [0, 200]


def test_an_answer_never_comes_and_others_do(emulator):
    cloud = emulator(CLOUD)
    cloud.faults({"method": "PUT", "nth": 1, "never": True})
    connection = http.client.HTTPConnection(cloud.host, timeout=0.3)
    connection.request("PUT", f"{TABLE}?api-version={API}", '{"location": "eastus", "tags": {"a": "new"}}',
                       {"Authorization": "Bearer emulator"})
    with pytest.raises(socket.timeout):
        connection.getresponse()
    assert cloud.get(TABLE)["tags"] == {"a": "new"}
    waits = http.client.HTTPConnection(cloud.host, timeout=60)
    cloud.faults({"never": True})
    waits.request("GET", TABLE)
    # It ends at once, though somebody waits still.
    assert cloud.stop() == 0
    connection.close()
    waits.close()


def test_a_delay_holds_up_one_answer_alone(emulator):
    cloud = emulator(CLOUD)
    cloud.faults({"path": "*/t", "nth": 1, "delay": 3600000})
    late = http.client.HTTPConnection(cloud.host, timeout=0.3)
    late.request("GET", f"{TABLE}?api-version={API}", headers={"Authorization": "Bearer emulator"})
    with pytest.raises(socket.timeout):
        late.getresponse()
    late.close()
    assert cloud.request("GET", TABLE)[0] == 200
    cloud.faults({"nth": 1, "delay": 1})
    assert cloud.request("GET", TABLE)[0] == 200


def test_a_delay_goes_by_the_clock_that_is_moved(emulator):
    cloud = emulator(CLOUD)
    cloud.faults({"path": "*/t", "nth": 1, "delay": 3600000})
    late = http.client.HTTPConnection(cloud.host, timeout=60)
    late.request("GET", f"{TABLE}?api-version={API}", headers={"Authorization": "Bearer emulator"})
    while not cloud.requests():
        time.sleep(0.02)
    cloud.clock(3600000)
    assert late.getresponse().status == 200
    late.close()


def test_somebody_edits_between_a_read_and_a_write(emulator):
    cloud = emulator(CLOUD)
    edit = {"method": "PUT", "id": TABLE, "body": {"location": "eastus", "tags": {"a": "theirs"}}}
    cloud.faults({"method": "PUT", "nth": 1, "edits": [edit]})
    etag = cloud.get(TABLE)["etag"]
    assert cloud.request("PUT", TABLE, BODY, {"If-Match": etag})[0] == 412
    assert cloud.get(TABLE)["tags"] == {"a": "theirs"}


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_an_operation_ends_otherwise(emulator, state):
    cloud = emulator(CLOUD, args=["--operation-time", 1000000])
    cloud.faults({"method": "PUT", "nth": 1, "operation": {"state": state, "code": "Superseded", "message": "m"}})
    status, headers, _ = cloud.request("PUT", TABLE, BODY)
    assert status == 200
    poll = headers["azure-asyncoperation"]
    assert cloud.request("GET", poll)[2] == {"status": "InProgress"}
    cloud.clock(999000)
    assert cloud.request("GET", poll)[2] == {"status": "InProgress"}
    cloud.clock(1000)
    assert cloud.request("GET", poll)[2] == {
        "status": state, "error": {"code": "Superseded", "message": "m", "details": []}}
    assert cloud.get(TABLE)["tags"] == {"a": "old"}


def test_the_clock_moves_tokens_and_the_time_of_day(emulator):
    cloud = emulator(CLOUD)
    before = cloud.request("GET", "/_emulator/clock")[2]
    assert before["ahead_ms"] == 0
    status, _, grant = cloud.request(
        "POST", f"/{cloud.ready['tenant']}/oauth2/v2.0/token",
        "grant_type=client_credentials&client_id=00000000-0000-0000-0000-000000000003&client_secret=emulator"
        "&scope=https://management.azure.com/.default",
        {"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200, grant
    headers = {"Authorization": f"Bearer {grant['access_token']}"}
    assert cloud.request("GET", TABLE, headers=headers)[0] == 200
    moved = cloud.clock(86400000)
    assert moved["ahead_ms"] == 86400000 and moved["now"] > before["now"]
    status, _, body = cloud.request("GET", TABLE, headers=headers)
    assert (status, body["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    for wrong in ({"advance_ms": -1}, {"advance_ms": "1"}, {}, {"advance_ms": 10 ** 15}):
        assert cloud.request("PUT", "/_emulator/clock", wrong)[0] == 400


def test_a_page_in_a_browser_makes_no_faults(emulator):
    """A POST of plain text needs nobody's leave, and a fault may name a process to end."""
    cloud = emulator(CLOUD)
    page = {"Origin": "https://page.test", "Content-Type": "text/plain"}
    cloud.fault(method="PUT", status=503)
    for method, hook, body in (("POST", "faults", [{"method": "GET", "kill": 2 ** 22}]), ("OPTIONS", "faults", None),
                               ("PUT", "clock", {"advance_ms": 1000}), ("PUT", "revoke", {}), ("DELETE", "requests", None)):
        status, _, answer = cloud.request(method, f"/_emulator/{hook}", body, page)
        assert (status, answer["error"]["code"]) == (403, "NotFromPages"), (method, hook)
    assert [fault["status"] for fault in cloud.faults_left()] == [503]
    assert cloud.clock()["ahead_ms"] == 0


def test_buckets_run_empty_and_fill_again(emulator):
    cloud = emulator(CLOUD, args=["--throttle"])
    left = 200
    while True:
        status, headers, body = cloud.request("PUT", TABLE, BODY)
        if status != 200:
            break
        left -= 1
        assert int(headers["x-ms-ratelimit-remaining-subscription-global-writes"]) > 2000
    # Some tokens came back while they were spent.
    assert (status, body["error"]["code"]) == (429, "SubscriptionRequestsThrottled") and left <= 0
    assert headers["retry-after"] == "1" and headers[WRITES] == "0"
    assert body["error"]["message"] == (
        f"Number of 'write' requests for subscription '{SUBSCRIPTION}' actor 'emulator' exceeded. "
        "Please try again after '1' seconds.")
    assert cloud.request("GET", TABLE)[0] == 200
    cloud.clock(1000)
    status, headers, _ = cloud.request("PUT", TABLE, BODY)
    assert status == 200 and 8 <= int(headers[WRITES]) < 30
    cloud.clock(3600000)
    _, headers, _ = cloud.request("PUT", TABLE, BODY)
    assert headers[WRITES] == "199"
    assert headers["x-ms-ratelimit-remaining-subscription-global-writes"] == "2999"
    _, headers, _ = cloud.request("DELETE", TABLE + "x")
    assert headers["x-ms-ratelimit-remaining-subscription-deletes"] == "199"
    _, headers, _ = cloud.request("GET", "/tenants?api-version=2022-12-01")
    assert headers["x-ms-ratelimit-remaining-tenant-reads"] == "249"


def test_who_does_not_wait_waits_longer(emulator):
    cloud = emulator(CLOUD, args=["--throttle"])
    while cloud.request("PUT", TABLE, BODY)[0] == 200:
        pass
    for _ in range(3):
        cloud.clock(900)
        assert cloud.request("PUT", TABLE, BODY)[0] == 429
    cloud.clock(1000)
    assert cloud.request("PUT", TABLE, BODY)[0] == 200


def test_who_waits_is_not_held_up_by_others_who_are_refused(emulator):
    cloud = emulator(CLOUD, args=["--throttle"])
    while cloud.request("PUT", TABLE, BODY)[0] == 200:
        pass
    assert cloud.request("PUT", TABLE + "2", BODY)[0] == 429
    served = []
    for turn in range(6):  # each comes back when its second is over, half a second after the other
        cloud.clock(500)
        served.append(cloud.request("PUT", TABLE + ["", "2"][turn % 2], BODY)[0])
    assert served[0] == 429 and 429 not in served[1:]  # the first came half a second early


def test_the_network_provider_has_a_limit_of_its_own(emulator):
    cloud = emulator(CLOUD, args=["--throttle"])
    codes = []
    while len(codes) < 3000 and "TooManyRequests" not in codes:
        answer = cloud.request("PUT", TABLE, BODY)
        codes.append(answer[2].get("error", {}).get("code"))
        if answer[0] != 200:
            cloud.clock(1000)
    assert codes[-1] == "TooManyRequests" and codes.count(None) >= 1000
    assert cloud.request("PUT", GROUP, {"location": "eastus"})[0] == 200
    cloud.clock(300000)
    assert cloud.request("PUT", TABLE, BODY)[0] == 200


def test_without_throttling_the_headers_tell_of_full_buckets(emulator):
    cloud = emulator(CLOUD)
    assert {cloud.request("GET", TABLE)[1][READS] for _ in range(300)} == {"249"}


def test_reads_lag_behind_writes(emulator):
    cloud = emulator(CLOUD, args=["--consistency-delay", 60000])
    lists = (GROUP + "/providers/Microsoft.Network/routeTables", GROUP + "/resources")

    def seen(name):
        item = cloud.get(f"{GROUP}/providers/Microsoft.Network/routeTables/{name}")
        for path in lists:
            listed = [one for one in cloud.request("GET", path)[2]["value"] if one["name"] == name]
            assert [one["tags"] for one in listed] == ([] if item is None else [item["tags"]]), (path, name)
        return item and item["tags"]["a"]

    etag = cloud.request("PUT", TABLE, BODY)[2]["etag"]
    assert cloud.request("PUT", TABLE[:-1] + "u", BODY)[0] == 201
    assert (seen("t"), seen("u")) == ("old", None)
    # Whoever writes meets what is.
    assert cloud.request("PATCH", TABLE, {"tags": {"a": "newer"}}, {"If-Match": etag})[0] == 200
    assert seen("t") == "new"
    cloud.clock(60000)
    assert (seen("t"), seen("u")) == ("newer", "new")
    assert cloud.request("DELETE", TABLE)[0] == 202
    assert seen("t") == "newer"
    cloud.clock(60000)
    assert seen("t") is None


def test_many_names_come_and_go_and_pages_go_on(emulator):
    cloud = emulator(CLOUD, args=["--page-size", 1])
    tables = GROUP + "/providers/Microsoft.Network/routeTables"
    for name in ("a", "b"):
        cloud.request("PUT", f"{tables}/{name}", BODY)
    first = cloud.request("GET", tables)[2]
    cloud.request("DELETE", f"{tables}/a")
    assert first["value"][0]["name"] == "t"
    assert cloud.request("GET", first["nextLink"])[2]["value"][0]["name"] == "b"
