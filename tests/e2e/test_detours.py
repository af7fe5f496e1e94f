# SPDX-License-Identifier: Apache-2.0
"""What an apply does on its way when a cloud lacks something: a registration, or a version of its API."""
import pytest
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


def test_a_cloud_that_knows_no_version_of_ours_is_told_of(emulator, tmp_path):
    azure = emulator(cloud_yaml=cloud_of('{apiVersions: ["2015-06-15"]}'))
    waybill = Waybill(tmp_path / "w", azure, table_yaml(ROUTES))
    result = waybill.apply(check=1)
    assert result.stderr.count("[arm:NoRegisteredProviderFound]") == 1, result
    assert "2015-06-15" in result.stderr
    assert len(azure.requests()) <= 3
