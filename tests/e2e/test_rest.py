# SPDX-License-Identifier: Apache-2.0
"""`waybill rest`: any request to ARM, the way that all others go."""
import json

import pytest
from harness import GROUP, TABLE, Waybill, table_id, writes

pytestmark = pytest.mark.sanitizer
MARKED = "/subscriptions/{subscriptionId}/resourceGroups/kubernetes"
TABLES = MARKED + "/providers/Microsoft.Network/routeTables"
BODY = json.dumps({"location": "japaneast"})


@pytest.fixture
def waybill(tmp_path, azure):
    return Waybill(tmp_path / "w", azure)


def sent(waybill):
    return [(request["method"], request["path"]) for request in waybill.azure.requests()]


def test_a_path_of_a_known_type_needs_no_version(waybill):
    told = waybill.run("rest", "get", MARKED, check=0)
    assert told.json["name"] == "kubernetes" and told.stderr == ""
    for path in (TABLES, MARKED + "/providers/Microsoft.Network/virtualNetworks/kubernetes-vnet/subnets"):
        assert waybill.run("rest", "GET", path, check=0).json["value"] is not None
    assert all("api-version=20" in path for _, path in sent(waybill))
    refused = waybill.run("rest", "GET", "/subscriptions/{subscriptionId}/nonsense", check=1)
    assert refused.codes == ["api-version-missing"] and "help: " in refused.stderr


def test_a_version_that_is_given_is_sent(waybill):
    waybill.run("rest", "GET", MARKED + "?api-version=2021-04-01", check=0)
    waybill.run("rest", "GET", MARKED, "--query", "api-version=2021-04-01", check=0)
    assert [path.partition("?")[2] for _, path in sent(waybill)] == ["api-version=2021-04-01"] * 2


def test_what_a_url_cannot_hold_is_encoded(waybill):
    waybill.run("rest", "GET", GROUP + "/providers/Microsoft.Network/routeTables/a%20b c\"é", "--query",
                "$filter=name eq 'a&b'", check=1)
    (_, path), = sent(waybill)
    assert path.partition("/routeTables/")[2].startswith("a%20b%20c%22%C3%A9?$filter=name%20eq%20'a%26b'&api-version=")


def test_a_write_is_waited_for_when_asked(waybill):
    table = TABLES + "/t"
    made = waybill.run("rest", "PUT", table, "--body", BODY, "--poll", check=0)
    assert made.json["properties"]["provisioningState"] == "Succeeded"
    (waybill.folder / "tags.json").write_text('{"tags": {"a": "b"}}')
    changed = waybill.run("rest", "PATCH", table, "--body", "@tags.json", "--poll", check=0)
    assert changed.json["tags"] == {"a": "b"}
    body = json.dumps({**made.json, "tags": {}}).encode()
    waybill.run("rest", "PUT", table, "--body", "@-", "--poll", stdin=body, check=0)
    assert waybill.azure.get(table_id())["tags"] == {}
    assert waybill.run("rest", "DELETE", table, "--poll", check=0).stdout == ""
    assert waybill.run("rest", "GET", table, check=1).codes == []
    assert [method for method, _ in writes(waybill.azure.requests())] == ["PUT", "PATCH", "PUT", "DELETE"]


def test_no_answer_body_is_null_in_json(waybill):
    assert waybill.run("rest", "DELETE", TABLES + "/none", "--json", check=0).stdout == "null\n"


def test_an_etag_given_by_hand_is_sent(waybill):
    waybill.azure.put(table_id(), json.loads(BODY))
    refused = waybill.run("rest", "PUT", TABLES + "/t", "--body", BODY, "-H", 'If-Match: W/"other"', "--json", check=1)
    assert refused.json["kind"] == "stale" and refused.json["status"] == 412


def test_a_failure_is_one_object(waybill):
    refused = waybill.run("rest", "GET", MARKED + "x", "--json", check=1)
    assert refused.json == {"kind": "absent", "status": 404, "code": "ResourceGroupNotFound",
                            "message": refused.json["message"], "request_id": refused.json["request_id"]}
    assert refused.stderr == ""
    told = waybill.run("rest", "GET", MARKED + "x", check=1)
    assert told.stdout == "" and "(404)" in told.stderr and "[arm:ResourceGroupNotFound]" in told.stderr


def test_a_lost_answer_to_a_write_is_unknown_and_not_repeated(waybill):
    waybill.azure.drop(method="PUT", path="/t", when="after")
    lost = waybill.run("rest", "PUT", TABLES + "/t", "--body", BODY, "--json", check=1)
    assert lost.json["kind"] == "unknown" and lost.json["status"] is None
    assert "read what stands before it is sent again" in lost.json["help"]
    assert len(writes(waybill.azure.requests())) == 1
    assert waybill.azure.get(table_id())["name"] == "t"


def test_it_is_repeated_as_all_others_are(waybill):
    waybill.azure.fail(503, "ServerBusy", retry_after_ms=1, method="GET", path="routeTables")
    assert waybill.run("rest", "GET", TABLES, check=0).json["value"] is not None
    waybill.azure.fail(429, "AnotherOperationInProgress", retry_after_ms=1, method="PUT", path="/t")
    waybill.run("rest", "PUT", TABLES + "/t", "--body", BODY, "--poll", check=0)
    assert [request["status"] for request in waybill.azure.requests() if request["method"] == "PUT"][0] == 429


def test_an_operation_that_fails_is_told(waybill):
    waybill.azure.fail(400, "InternalThing", "it broke", asynchronous=True, method="PUT", path="/t")
    failed = waybill.run("rest", "PUT", TABLES + "/t", "--body", BODY, "--poll", "--json", check=1)
    assert failed.json["kind"] == "failed" and failed.json["code"] == "InternalThing"


def test_all_pages_are_one_array(waybill):
    found = waybill.run("rest", "GET", MARKED + "/providers/Microsoft.Network/networkInterfaces", "--all", check=0)
    assert {nic["name"] for nic in found.json} == {"worker-0-nic", "worker-1-nic"}
    other = waybill.run("rest", "GET", MARKED, "--items", "/properties/none", check=1)
    assert other.codes == ["bad-answer"]


def test_status_and_headers_are_shown_when_asked(waybill):
    told = waybill.run("rest", "GET", MARKED, "--include", check=0)
    head, _, body = told.stdout.partition("\n\n")
    assert head.startswith("HTTP 200\n") and "\nx-ms-request-id: " in head
    assert json.loads(body)["name"] == "kubernetes"
    whole = waybill.run("rest", "GET", MARKED, "--include", "--json", check=0).json
    assert whole["status"] == 200 and whole["headers"]["x-ms-request-id"] and whole["body"]["name"] == "kubernetes"


def test_no_cloud_is_needed_for_this_machine(waybill):
    del waybill.environment["WAYBILL_CLOUD"]
    url = waybill.azure.endpoint + MARKED
    assert waybill.run("rest", "GET", url, check=0).json["name"] == "kubernetes"


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:9/subscriptions", "https://management.azure.com/subscriptions", "https://ENDPOINT/subscriptions",
    "http://u:p@ENDPOINT/subscriptions", "http://example.com/subscriptions", "http://ENDPOINT.example.com/x",
    "http://ENDPOINT@example.com/x", "http://[/x", "http:///x", "https://"])
def test_nothing_goes_to_another_host(waybill, url):
    url = url.replace("ENDPOINT", waybill.azure.host)
    refused = waybill.run("rest", "GET", url, "--query", "api-version=2024-05-01", check=1)
    assert refused.codes == ["foreign-url"]
    assert sent(waybill) == []


def test_plain_http_is_not_for_other_machines(waybill):
    for given in ({}, {"WAYBILL_CLOUD": "public", "WAYBILL_ACCESS_TOKEN": "a-ready-token"}):
        for name in ("WAYBILL_CLOUD",):
            waybill.environment.pop(name, None)
        for url in ("http://example.com/x?api-version=1", "http://management.azure.com/x?api-version=1"):
            refused = waybill.run("rest", "GET", url, env=given, check=1)
            assert refused.codes == ["foreign-url"], refused


@pytest.mark.parametrize("arguments, code", [
    (["FETCH", "/x"], "rest-method"),
    (["GET", "x"], "rest-url"),
    (["GET", "/a/../b?api-version=1"], "bad-path"),
    (["GET", "/a/%2e%2E/b?api-version=1"], "bad-path"),
    (["GET", "/x?api-version=1", "-H", "authorization: Bearer x"], "rest-header"),
    (["GET", "/x?api-version=1", "-H", "Host: example.com"], "rest-header"),
    (["GET", "/x?api-version=1", "-H", "a: b\r\nAuthorization: c"], "rest-header"),
    (["GET", "/x?api-version=1", "-H", "a b: c"], "rest-header"),
    (["GET", "/x?api-version=1", "-H", "nothing"], "rest-header"),
    (["GET", "/x?api-version=1", "--body", "{}"], "rest-body"),
    (["PUT", "/x?api-version=1", "--body", "{"], "rest-body"),
    (["PUT", "/x?api-version=1", "--body", "@none"], "rest-body"),
    (["PUT", "/x?api-version=1", "--all"], "option-value"),
    (["GET", "/x?api-version=1", "--poll"], "option-value"),
    (["GET", "/x?api-version=1", "--query", "x"], "option-value"),
    (["GET", "/x?api-version=1", "--final-state-via", "x"], "option-value"),
    (["GET", "/" + "x" * 17000], "rest-url"),
    (["GET"], "missing-argument"),
])
def test_what_is_refused_before_anything_is_sent(waybill, arguments, code):
    refused = waybill.run("rest", *arguments, check=1)
    assert refused.codes == [code] and "help: " in refused.stderr
    assert sent(waybill) == []
    as_json = waybill.run("rest", *arguments, "--json", check=1)
    told = as_json.json
    assert told.get("code") == code or told["diagnostics"][0]["code"] == code


def test_without_a_subscription_its_mark_is_refused(waybill):
    del waybill.environment["AZURE_SUBSCRIPTION_ID"]
    refused = waybill.run("rest", "GET", MARKED, env={"WAYBILL_CLOUD": "public", "WAYBILL_ACCESS_TOKEN": "ready-token"},
                          check=1)
    assert refused.codes == ["missing-subscription"]


def test_what_the_engine_made_is_seen(tmp_path, azure):
    waybill = Waybill(tmp_path / "hard", azure, "hard-way")
    waybill.apply()
    told = waybill.run("rest", "GET", azure.endpoint + TABLE, check=0)
    assert len(told.json["properties"]["routes"]) == 2
