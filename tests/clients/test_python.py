# SPDX-License-Identifier: Apache-2.0
"""Azure's libraries for Python, Debian's, at the emulator: signing in, networks, machines, lists, refusals."""

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource import ResourceManagementClient, SubscriptionClient

from cloud import CLOUD, pod_token
from directory import ID, TENANT
from emulator import SUBSCRIPTION
from sign_in import Client


@pytest.fixture
def cloud(tmp_path, emulator, outside, monkeypatch):
    """An emulator, and an environment in which its authority alone is trusted and nothing else reached."""
    tmp_path.joinpath("client.crt").write_text(Client(tmp_path).own.read_text())
    made = emulator(CLOUD, ["--tls", "--tls-ca-out", tmp_path / "ca.pem", "--page-size", 2])
    for name, value in (("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem")), ("HTTPS_PROXY", outside.url),
                        ("HTTP_PROXY", outside.url), ("NO_PROXY", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    yield made
    assert outside.asked == []


def by_secret(cloud, client=ID(1), secret="right"):
    return ClientSecretCredential(TENANT, client, secret, authority=cloud.endpoint, instance_discovery=False)


def client_of(kind, cloud, credential):
    """A client of a library; that of subscriptions is not bound to one."""
    which = () if kind is SubscriptionClient else (SUBSCRIPTION,)
    return kind(credential, *which, base_url=cloud.endpoint, credential_scopes=[f"{cloud.endpoint}/.default"])


@pytest.fixture
def network(cloud):
    return client_of(NetworkManagementClient, cloud, by_secret(cloud))


@pytest.fixture
def groups(cloud):
    return client_of(ResourceManagementClient, cloud, by_secret(cloud))


@pytest.fixture
def compute(cloud):
    return client_of(ComputeManagementClient, cloud, by_secret(cloud))


def refusal(call, *arguments, **more):
    """(status, code) of a call that ends in an error, of its operation too."""
    with pytest.raises(HttpResponseError) as caught:
        poller = call(*arguments, **more)
        getattr(poller, "result", lambda: None)()
    return caught.value.status_code, caught.value.error.code


# ---- signing in ----

def certificate(cloud, tmp_path):
    return CertificateCredential(TENANT, ID(2), str(tmp_path / "client.pem"), authority=cloud.endpoint,
                                 instance_discovery=False)


def pod(cloud, tmp_path):
    """The variables of a pod with a workload identity, its token in a file."""
    token = tmp_path / "token"
    token.write_text(pod_token(cloud))
    return {"AZURE_AUTHORITY_HOST": cloud.endpoint, "AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": ID(3),
            "AZURE_FEDERATED_TOKEN_FILE": str(token)}


@pytest.mark.parametrize("kind", ["secret", "secret of adfs", "certificate", "pod", "appService", "imds"])
def test_every_credential_signs_in(cloud, tmp_path, monkeypatch, kind):
    if kind.startswith("secret"):
        credentials = [by_secret(cloud) if kind == "secret" else
                       ClientSecretCredential("adfs", ID(1), "right", authority=cloud.endpoint)]
    elif kind == "certificate":
        credentials = [certificate(cloud, tmp_path)]
    else:
        for name, value in (pod(cloud, tmp_path) if kind == "pod" else cloud.environment()[kind]).items():
            monkeypatch.setenv(name, value)
        credentials = [ManagedIdentityCredential()]
        if kind != "pod":
            credentials.append(ManagedIdentityCredential(client_id=ID(5)))
    for credential in credentials:
        subscriptions = client_of(SubscriptionClient, cloud, credential).subscriptions.list()
        assert [one.subscription_id for one in subscriptions] == [SUBSCRIPTION]


def test_a_wrong_secret_is_told_by_its_number(cloud):
    for credential, number in ((by_secret(cloud, secret="wrong"), "AADSTS7000215"),
                               (by_secret(cloud, client=ID(9)), "AADSTS700016")):
        with pytest.raises(ClientAuthenticationError, match=number):
            list(client_of(SubscriptionClient, cloud, credential).subscriptions.list())


# ---- networks ----

def test_networks_from_first_to_last(cloud, network, groups):
    assert groups.resource_groups.create_or_update("g", {"location": "West Europe", "tags": {"a": "b"}}).location == "westeurope"
    assert groups.resource_groups.check_existence("g") and not groups.resource_groups.check_existence("none")
    made = network.virtual_networks.begin_create_or_update("g", "east", {
        "location": "westeurope", "address_space": {"address_prefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "a", "address_prefix": "10.0.0.0/24"}]}).result()
    west = network.virtual_networks.begin_create_or_update("g", "west", {
        "location": "westeurope", "address_space": {"address_prefixes": ["10.1.0.0/16"]}}).result()
    assert made.provisioning_state == "Succeeded" and [one.name for one in made.subnets] == ["a"]
    table = network.route_tables.begin_create_or_update("g", "t", {"location": "westeurope"}).result()
    route = network.routes.begin_create_or_update("g", "t", "r", {
        "address_prefix": "10.9.0.0/24", "next_hop_type": "VirtualAppliance", "next_hop_ip_address": "10.0.0.9"}).result()
    assert route.etag and route.id == table.id + "/routes/r"
    subnet = network.subnets.get("g", "east", "a")
    subnet.route_table = table
    assert network.subnets.begin_create_or_update("g", "east", "a", subnet).result().route_table.id == table.id
    assert [one.id for one in network.route_tables.get("g", "t").subnets] == [subnet.id]
    peer = network.virtual_network_peerings.begin_create_or_update("g", "east", "p", {
        "remote_virtual_network": {"id": west.id}, "allow_virtual_network_access": True}).result()
    assert peer.peering_state == "Initiated" and peer.remote_address_space.address_prefixes == ["10.1.0.0/16"]
    nic = network.network_interfaces.begin_create_or_update("g", "n", {
        "location": "westeurope", "ip_configurations": [{"name": "ip", "subnet": {"id": subnet.id}}]}).result()
    assert nic.ip_configurations[0].private_ip_address == "10.0.0.4"
    assert not network.virtual_networks.check_ip_address_availability("g", "east", "10.0.0.4").available
    assert network.route_tables.update_tags("g", "t", {"tags": {"x": "y"}}).tags == {"x": "y"}
    assert refusal(network.route_tables.begin_delete, "g", "t") == (400, "InUseRouteTableCannotBeDeleted")
    network.network_interfaces.begin_delete("g", "n").result()
    network.routes.begin_delete("g", "t", "r").result()
    assert list(network.routes.list("g", "t")) == []
    network.virtual_networks.begin_delete("g", "east").result()
    network.route_tables.begin_delete("g", "t").result()
    network.route_tables.begin_delete("g", "t").result()  # what is gone is gone
    groups.resource_groups.begin_delete("g").result()
    assert not groups.resource_groups.check_existence("g")


def test_refusals_have_arms_codes(network, groups):
    table = {"location": "japaneast"}
    with pytest.raises(ResourceNotFoundError):
        network.route_tables.get("kubernetes", "none")
    assert refusal(groups.resource_groups.get, "none") == (404, "ResourceGroupNotFound")
    assert refusal(network.route_tables.begin_create_or_update, "none", "t", table) == (404, "ResourceGroupNotFound")
    network.route_tables.begin_create_or_update("kubernetes", "t", table).result()
    stale = {"headers": {"If-Match": 'W/"none"'}}
    assert refusal(network.route_tables.begin_create_or_update, "kubernetes", "t", table, **stale) == (
        412, "PreconditionFailed")
    assert refusal(network.routes.begin_create_or_update, "kubernetes", "t", "r", {
        "address_prefix": "10.0.0.1/8", "next_hop_type": "None"}) == (400, "InvalidCIDRNotation")
    assert refusal(network.routes.get, "kubernetes", "t", "r") == (404, "NotFound")
    assert refusal(network.network_interfaces.begin_get_effective_route_table, "kubernetes", "none") == (
        404, "ResourceNotFound")


def test_an_operation_that_fails_is_told_as_its_error(cloud, network):
    for state in ("Failed", "Canceled"):
        cloud.faults({"method": "PUT", "path": "*/routeTables/*", "nth": 1,
                      "operation": {"state": state, "code": "Broken", "message": "by a test"}})
        with pytest.raises(HttpResponseError, match="by a test"):
            network.route_tables.begin_create_or_update("kubernetes", "t", {"location": "japaneast"}).result()
    assert network.route_tables.begin_create_or_update("kubernetes", "t", {"location": "japaneast"}).result()


def test_what_passes_is_asked_for_again(cloud, network):
    for fault in ({"status": 429, "code": "TooManyRequests", "headers": {"Retry-After": 1}},
                  {"status": 503, "code": "ServerBusy", "headers": {"Retry-After": 1}}, {"drop": "before"}):
        cloud.faults({"method": "GET", "path": "*/routeTables", "nth": 1, **fault})
        assert list(network.route_tables.list_all()) == []
        assert cloud.faults_left() == []


# ---- lists and machines ----

def test_lists_come_in_pages(cloud, network, groups):
    for i in range(5):
        network.route_tables.begin_create_or_update("kubernetes", f"t{i}", {
            "location": "japaneast", "tags": {"odd": str(i % 2)}}).result()
    cloud.clear()
    assert [one.name for one in network.route_tables.list_all()] == [f"t{i}" for i in range(5)]
    assert len(cloud.requests()) == 3
    tagged = groups.resources.list(filter="tagName eq 'odd' and tagValue eq '1'", top=1)
    assert sorted(one.name for one in tagged) == ["t1", "t3"]
    tables = groups.resources.list_by_resource_group(
        "kubernetes", filter="resourceType eq 'Microsoft.Network/routeTables'", expand="provisioningState")
    assert len(list(tables)) == 5
    found = groups.resources.get_by_id(cloud.id("routeTables", "t1"), "2024-05-01")
    assert found.name == "t1" and found.properties["routes"] == []
    assert groups.resources.check_existence_by_id(cloud.id("routeTables", "t1"), "2024-05-01")
    assert not groups.resources.check_existence_by_id(cloud.id("routeTables", "t9"), "2024-05-01")
    assert {one.name.value for one in network.usages.list("japaneast")} >= {"RouteTables", "VirtualNetworks"}
    assert {one.namespace for one in groups.providers.list()} >= {"Microsoft.Network", "Microsoft.Compute"}
    assert groups.providers.register("Microsoft.Network").registration_state == "Registered"


def test_machines(cloud, network, compute):
    machine = compute.virtual_machines.get("kubernetes", "worker", expand="instanceView")
    assert [status.code for status in machine.instance_view.statuses] == ["ProvisioningState/succeeded", "PowerState/running"]
    assert machine.tags == {"pod-cidr": "10.200.0.0/24"}
    routes = network.network_interfaces.begin_get_effective_route_table("kubernetes", "nic").result().value
    assert ("VnetLocal", ["10.240.0.0/16"]) in [(one.next_hop_type, one.address_prefix) for one in routes]
    compute.virtual_machines.begin_deallocate("kubernetes", "worker").result()
    states = compute.virtual_machines.instance_view("kubernetes", "worker").statuses
    assert states[-1].code == "PowerState/deallocated"
    assert refusal(network.network_interfaces.begin_get_effective_route_table, "kubernetes", "nic") == (
        400, "NicMustBeAttachedToRunningVmToGetEffectiveRoutes")
    compute.virtual_machines.begin_start("kubernetes", "worker").result()
    assert compute.virtual_machines.begin_update("kubernetes", "worker", {"tags": {"a": "b"}}).result().tags == {"a": "b"}
    nic = network.network_interfaces.begin_create_or_update("kubernetes", "second", {
        "location": "japaneast", "ip_configurations": [
            {"name": "ip", "subnet": {"id": cloud.id("virtualNetworks", "net") + "/subnets/nodes"}}]}).result()
    made = compute.virtual_machines.begin_create_or_update("kubernetes", "new", {
        "location": "japaneast", "hardware_profile": {"vm_size": "Standard_D2s_v3"},
        "network_profile": {"network_interfaces": [{"id": nic.id, "primary": True}]}}).result()
    assert made.provisioning_state == "Succeeded" and made.hardware_profile.vm_size == "Standard_D2s_v3"
    assert network.network_interfaces.get("kubernetes", "second").virtual_machine.id == made.id
    assert [one.name for one in compute.virtual_machines.list_all()] == ["worker", "new"]
    compute.virtual_machines.begin_delete("kubernetes", "new").result()
    assert [one.name for one in compute.virtual_machines.list("kubernetes")] == ["worker"]
