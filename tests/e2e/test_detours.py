# SPDX-License-Identifier: Apache-2.0
"""What an apply does on its way when a cloud lacks something: a registration, or a version of its API."""
import pytest
from emulator import ROOT
from harness import Waybill, table_yaml, writes

ROUTES = {"r": ("10.1.0.0/16", "10.240.0.20")}


def cloud_of(provider):
    return "resourceGroups: {kubernetes: {location: japaneast}}\nproviders:\n  Microsoft.Network: " + provider + "\n"


def test_a_missing_registration_is_told_with_its_remedy(emulator, tmp_path):
    azure = emulator(cloud_yaml=cloud_of("{registrationState: NotRegistered}"))
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ROUTES))
    result = waybill.apply(check=1)
    assert result.stderr.count("[arm:MissingSubscriptionRegistration]") == 1, result
    assert "apply with --register-providers, or: az provider register --namespace Microsoft.Network" in result.stderr
    assert writes(azure.requests()) == []


def test_register_providers_registers_and_goes_on(emulator, tmp_path):
    azure = emulator(cloud_yaml=cloud_of("{registrationState: NotRegistered}"))
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ROUTES))
    result = waybill.apply("--register-providers")
    assert "1 added" in result.stdout or "2 added" in result.stdout, result
    registered = [request["path"].split("?")[0] for request in azure.requests() if request["method"] == "POST"]
    assert registered and all(path.endswith("/providers/Microsoft.Network/register") for path in registered)
    waybill.assert_settled()


@pytest.mark.sanitizer
@pytest.mark.parametrize("fault, code", [
    ({"status": 403, "code": "AuthorizationFailed"}, "arm:AuthorizationFailed"),
    # Longer than it is waited for.
    ({"status": 200, "body": {"registrationState": "Registering"}, "headers": {"Retry-After": 3600}}, "timeout"),
])
def test_a_registration_that_does_not_come_to_be(emulator, tmp_path, fault, code):
    azure = emulator(cloud_yaml=cloud_of("{registrationState: NotRegistered}"))
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ROUTES))
    azure.faults({"method": "POST", "path": "*/register", **fault})
    result = waybill.apply("--register-providers", check=1)
    assert f"[{code}]" in result.stderr and "az provider register --namespace Microsoft.Network" in result.stderr, result
    assert writes(azure.requests()) == []
    assert sum(request["method"] == "POST" for request in azure.requests()) == 1


@pytest.mark.parametrize("versions, chosen", [
    ('["2020-11-01", "2023-09-01", "2024-01-01", "2024-03-01-preview"]', "2024-01-01"),
    ('["2023-09-01", "2031-01-01"]', "2023-09-01"),
])
def test_a_cloud_that_lags_is_spoken_to_in_a_version_it_knows(versions, chosen, emulator, tmp_path):
    azure = emulator(cloud_yaml=cloud_of("{apiVersions: %s}" % versions))
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ROUTES))
    waybill.apply()
    tables = [request for request in azure.requests() if "/routeTables" in request["path"]]
    refused = [request for request in tables if request["status"] == 400]
    assert 1 <= len(refused) <= 2, "it is found out once a run"
    assert all(f"api-version={chosen}" in request["path"] for request in tables if request not in refused)
    waybill.assert_settled()
    waybill.destroy()


def test_what_is_asked_beside_the_resources_lags_too(emulator, tmp_path):
    """Actions and usages, which are no types of ours: ARM knows them in the same versions."""
    cloud = (ROOT / "examples" / "hard-way" / "cloud.yaml").read_text()
    azure = emulator(cloud_yaml=cloud + '\nproviders:\n  Microsoft.Network: {apiVersions: ["2023-09-01", "2024-01-01"]}\n')
    waybill = Waybill(tmp_path / "w", azure, "hard-way")
    waybill.apply()
    told = waybill.run("reach", "--effective", "--json", check=0).json["effective"]
    assert [one["problem"] for one in told] == [None]
    asked = [request["status"] for request in azure.requests() if "effectiveRouteTable" in request["path"]]
    assert asked[0] == 400 and asked[1] < 300


@pytest.mark.parametrize("status, code, message", [
    (400, "NoRegisteredProviderFound", "... and API version '{asked}' for type 'x'. The supported api-versions are '{listed}'."),
    (400, "InvalidApiVersionParameter", "The api-version '{asked}' is invalid. The supported versions are '{listed}'."),
    (404, "InvalidResourceType", "The resource type 'x' could not be found in the namespace 'y' for api version '{asked}'. "
                                 "The supported api-versions are '{listed}'."),
    (404, "InvalidResourceType", "The resource type could not be found in the namespace 'y' for api version '{asked}'."),
])
def test_a_version_is_refused_in_every_shape(status, code, message, emulator, tmp_path):
    azure = emulator(cloud_yaml=cloud_of("{}"))
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ROUTES))
    azure.faults({"contains": "api-version=2024-05-01", "path": "*/routeTables*", "status": status, "code": code,
                  "message": message.format(asked="2024-05-01", listed="2015-06-15, 2023-09-01, 2024-03-01")})
    waybill.apply()
    tables = [request for request in azure.requests() if "/routeTables" in request["path"]]
    assert "api-version=2024-05-01" in tables[0]["path"] and tables[0]["status"] == status
    assert all("api-version=2024-03-01" in request["path"] for request in tables[1:]), "it is found out once a run"
    waybill.assert_settled()
    waybill.destroy()


def test_a_cloud_that_knows_no_version_of_ours_is_told_of(emulator, tmp_path):
    azure = emulator(cloud_yaml=cloud_of('{apiVersions: ["2015-06-15"]}'))
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ROUTES))
    result = waybill.apply(check=1)
    assert result.stderr.count("[arm:NoRegisteredProviderFound]") == 1, result
    assert "2015-06-15" in result.stderr
    assert len(azure.requests()) <= 3
