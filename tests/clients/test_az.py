# SPDX-License-Identifier: Apache-2.0
"""az at the emulator, typed as by hand. What it prints and how it ends is what it does at Azure."""
import re

from az import CLIENT, SECRET
from emulator import SUBSCRIPTION
from harness import GROUP, NETWORK, ROUTE_0, ROUTE_1, SUBNET, TABLE

G = "-g kubernetes"
ROUTES = f"{G} --route-table-name kubernetes-routes"
# What the tutorial shows; az says hasBgpOverride besides, since its api-version knows it.
COLUMNS = ("AddressPrefix", "Name", "NextHopIpAddress", "NextHopType", "ProvisioningState", "ResourceGroup")
TUTORIAL = """\
AddressPrefix    Name                            NextHopIpAddress    NextHopType       ProvisioningState    ResourceGroup
---------------  ------------------------------  ------------------  ----------------  -------------------  ---------------
10.200.0.0/24    kubernetes-route-10-200-0-0-24  10.240.0.20         VirtualAppliance  Succeeded            kubernetes
10.200.1.0/24    kubernetes-route-10-200-1-0-24  10.240.0.21         VirtualAppliance  Succeeded            kubernetes
""".splitlines()


def route(name, prefix, hop, verb="create"):
    return (f"network route-table route {verb} {ROUTES} -n {name} --address-prefix {prefix} "
            f"--next-hop-ip-address {hop} --next-hop-type VirtualAppliance")


def make_pod_routes(az):
    """The tutorial's commands, one process each."""
    az(f"network route-table create {G} -n kubernetes-routes")
    az(f"network vnet subnet update {G} -n kubernetes-subnet --vnet-name kubernetes-vnet "
       "--route-table kubernetes-routes")
    for i, name in enumerate((ROUTE_0, ROUTE_1)):
        hop = az(f"vm show -d {G} -n worker-{i} --query privateIps -o tsv").stdout.strip()
        prefix = az(f'vm show {G} -n worker-{i} --query "tags.\\"pod-cidr\\"" -o tsv').stdout.strip()
        made = az(route(name, prefix, hop)).json
        assert made["provisioningState"] == "Succeeded" and made["nextHopIpAddress"] == f"10.240.0.2{i}"


def without_column(lines, name):
    """A table of az without one of its columns."""
    start = lines[0].index(name)
    end = start + re.match(r"\S+ *", lines[0][start:]).end()
    return [(line[:start] + line[end:]).rstrip() for line in lines]


def test_pod_routes_by_hand(az):
    machines = az(f"vm list {G} -d -o json").json
    assert [(vm["name"], vm["privateIps"], vm["powerState"], vm["tags"]) for vm in machines] == [
        ("worker-0", "10.240.0.20", "VM running", {"pod-cidr": "10.200.0.0/24"}),
        ("worker-1", "10.240.0.21", "VM running", {"pod-cidr": "10.200.1.0/24"})]
    make_pod_routes(az)
    listed = az(f"network route-table route list {ROUTES} -o table").table
    assert without_column(listed, "HasBgpOverride") == TUTORIAL
    query = ", ".join(f"{name}: {name[0].lower()}{name[1:]}" for name in COLUMNS)
    assert az(f'network route-table route list {ROUTES} --query "[].{{{query}}}" -o table').table == TUTORIAL
    table = az(f"network route-table show {G} -n kubernetes-routes").json
    assert [one["name"] for one in table["routes"]] == [ROUTE_0, ROUTE_1]
    assert [one["id"].lower() for one in table["subnets"]] == [SUBNET.lower()]
    subnet = az(f"network vnet subnet show {G} --vnet-name kubernetes-vnet -n kubernetes-subnet").json
    assert subnet["routeTable"]["id"].lower() == TABLE.lower() and subnet["addressPrefix"] == "10.240.0.0/24"
    assert len(subnet["ipConfigurations"]) == 2


def test_what_was_made_by_hand_is_taken_away_by_hand(az):
    make_pod_routes(az)
    changed = az(f"network route-table route update {ROUTES} -n {ROUTE_1} --next-hop-ip-address 10.240.0.99").json
    assert changed["nextHopIpAddress"] == "10.240.0.99" and changed["addressPrefix"] == "10.200.1.0/24"
    refused = az(f"network route-table delete {G} -n kubernetes-routes", check=1)
    assert refused.stderr.startswith("ERROR: (InUseRouteTableCannotBeDeleted) ")
    detached = az(f"network vnet subnet update {G} -n kubernetes-subnet --vnet-name kubernetes-vnet "
                  "--remove routeTable").json
    assert "routeTable" not in detached and len(detached["ipConfigurations"]) == 2
    az(f"network route-table route delete {ROUTES} -n {ROUTE_1}")
    assert [one["name"] for one in az(f"network route-table route list {ROUTES}").json] == [ROUTE_0]
    az(f"network route-table delete {G} -n kubernetes-routes")
    missing = az(f"network route-table show {G} -n kubernetes-routes", check=3)
    assert missing.stderr.startswith("ERROR: (ResourceNotFound) ")
    assert missing.stdout == ""
    az(f"network route-table delete {G} -n kubernetes-routes")  # what is gone is gone
    assert az.emulator.get(TABLE) is None and "routeTable" not in az.emulator.get(SUBNET)["properties"]


def test_groups_and_networks(az):
    made = az("group create -n other -l japaneast --tags team=blue").json
    assert made["properties"]["provisioningState"] == "Succeeded" and made["tags"] == {"team": "blue"}
    assert az("group exists -n other").stdout == "true\n"
    assert az("group exists -n none").stdout == "false\n"
    assert [group["name"] for group in az("group list").json] == ["kubernetes", "other"]
    network = az("network vnet create -g other -n east --address-prefixes 10.1.0.0/16 --subnet-name a "
                 "--subnet-prefixes 10.1.0.0/24 --vm-protection false").json["newVNet"]
    assert [one["name"] for one in network["subnets"]] == ["a"]
    az("network vnet create -g other -n west --address-prefixes 10.2.0.0/16 --vm-protection false")
    subnet = az("network vnet subnet create -g other --vnet-name west -n b --address-prefixes 10.2.1.0/24").json
    assert subnet["privateLinkServiceNetworkPolicies"] == "Enabled"
    # The columns that az 2.45 cannot do without are in answers for who has written them.
    assert az("network vnet list -g other -o table").table == [
        "Name    ResourceGroup    Location    NumSubnets    Prefixes     DnsServers    DDOSProtection    VMProtection",
        "------  ---------------  ----------  ------------  -----------  ------------  ----------------  --------------",
        "east    other            japaneast   1             10.1.0.0/16                False             False",
        "west    other            japaneast   1             10.2.0.0/16                False             False"]
    assert [one["name"] for one in az("network vnet list").json] == ["kubernetes-vnet", "east", "west"]
    refused = az("network vnet subnet create -g other --vnet-name west -n c --address-prefixes 10.9.0.0/24", check=1)
    assert refused.stderr.startswith("ERROR: (NetcfgSubnetRangeOutsideVnet) "), refused
    az("network vnet subnet delete -g other --vnet-name west -n b")
    az("network vnet delete -g other -n west")
    az("group delete -n other -y")
    assert az("group exists -n other").stdout == "false\n"
    assert az("network vnet list -g other", check=3).stderr.startswith("ERROR: (ResourceGroupNotFound) ")


def test_peerings_and_content(az):
    az("network vnet create -g kubernetes -n hub --address-prefixes 10.1.0.0/16")
    first = az(f"network vnet peering create {G} -n to-hub --vnet-name kubernetes-vnet --remote-vnet hub "
               "--allow-vnet-access --allow-forwarded-traffic").json
    assert (first["peeringState"], first["allowForwardedTraffic"]) == ("Initiated", True)
    az(f"network vnet peering create {G} -n back --vnet-name hub --remote-vnet {NETWORK} --allow-vnet-access")
    listed, = az(f"network vnet peering list {G} --vnet-name kubernetes-vnet").json
    assert (listed["name"], listed["peeringState"], listed["peeringSyncLevel"], listed["allowForwardedTraffic"]) == (
        "to-hub", "Connected", "FullyInSync", True)
    assert listed["remoteAddressSpace"]["addressPrefixes"] == ["10.1.0.0/16"]
    names = {one["name"] for one in az(f"resource list {G}").json}
    assert names == {"kubernetes-vnet", "hub", "worker-0", "worker-1", "worker-0-nic", "worker-1-nic"}
    networks = az(f"resource list {G} --resource-type Microsoft.Network/virtualNetworks").json
    assert sorted(one["name"] for one in networks) == ["hub", "kubernetes-vnet"]
    az(f"network vnet peering delete {G} -n to-hub --vnet-name kubernetes-vnet")
    left, = az(f"network vnet peering list {G} --vnet-name hub").json
    assert left["peeringState"] == "Disconnected"


def test_who_one_is(az):
    account, = az("account list").json
    assert (account["id"], account["cloudName"], account["state"]) == (SUBSCRIPTION, "emulator", "Enabled")
    assert account["user"] == {"name": CLIENT, "type": "servicePrincipal"}
    shown = az("account show").json
    assert (shown["id"], shown["environmentName"], shown["user"]) == (SUBSCRIPTION, "emulator", account["user"])
    token = az("account get-access-token").json
    assert (token["subscription"], token["tokenType"]) == (SUBSCRIPTION, "Bearer")
    status, _, _ = az.emulator.request("GET", GROUP, headers={"Authorization": f"Bearer {token['accessToken']}"})
    assert status == 200
    listed = az(f"rest --method get --url /subscriptions/{SUBSCRIPTION}/resourceGroups?api-version=2021-04-01").json
    assert [group["name"] for group in listed["value"]] == ["kubernetes"]


def test_a_wrong_secret(make_az):
    az = make_az(f"applications: {{waybill: {{clientId: {CLIENT}, secrets: [{{value: other}}]}}}}\n")
    steps = [f"cloud register -n emulator --endpoint-resource-manager {az.emulator.endpoint}", "cloud set -n emulator",
             f"login --service-principal -u {CLIENT} -p {SECRET} --tenant adfs"]
    result = az.start(steps).wait(120)[-1]
    assert result.code == 1 and "AADSTS7000215" in result.stderr and SECRET not in result.stderr, result


def test_the_way_out_is_watched(make_az, outside):
    """That nothing was asked elsewhere says something: what is asked elsewhere comes here."""
    az = make_az().sign_in()
    az("rest --method get --url http://elsewhere.invalid/x --skip-authorization-header", check=None)
    assert outside.asked == ["GET http://elsewhere.invalid/x HTTP/1.1"]
    outside.asked.clear()
