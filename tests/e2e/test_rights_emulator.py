# SPDX-License-Identifier: Apache-2.0
"""Which rights a principal lacks, told before an apply and at the refusal, by the emulator's own roles: on a group alone,
on a resource alone, with NotActions, custom ones, a deny assignment, and those on the data of a state's storage."""
import pytest
from directory import ID, TENANT
from harness import GROUP, HEAD, NETWORK, SUBNET, SUBSCRIPTION, Waybill, table_id, table_yaml

OTHER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other"
TABLE = table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")})
WRITE = "Microsoft.Network/routeTables/write"
JOIN = "Microsoft.Network/routeTables/join/action"
PRINCIPALS = {
    "on-group": [{"role": "Network Contributor", "scope": GROUP}],
    "on-table": [{"role": "Reader"}, {"role": "Network Contributor", "scope": table_id()}],
    "reader": [{"role": "Reader"}],
    "less": [{"actions": ["*"], "notActions": ["Microsoft.Network/routeTables/write"]}],
    # A right that one role leaves out is there when another gives it.
    "less-and-more": [{"actions": ["*"], "notActions": ["Microsoft.Network/routeTables/write"]},
                      {"actions": ["Microsoft.Network/routeTables/*"], "scope": GROUP}],
    "custom": [{"actions": ["*/read", "microsoft.network/ROUTETABLES/write", "Microsoft.Network/virtualNetworks/subnets/write",
                            "Microsoft.Network/virtualNetworks/subnets/join/action"]}],
    "nobody": [{"role": "Reader", "scope": OTHER}],
}
NUMBERS = {name: number for number, name in enumerate(PRINCIPALS, 1)}

def cloud_yaml():
    text = "resourceGroups: {kubernetes: {location: japaneast}, other: {location: japaneast}}\napplications:\n"
    for name, number in NUMBERS.items():
        text += f"  {name}: {{clientId: {ID(number)}, secrets: [{{value: s}}]}}\n"
    text += "roleAssignments:\n"
    for name, roles in PRINCIPALS.items():
        for role in roles:
            text += f"  - {{principal: {name}, " + ", ".join(f"{key}: {value}".replace("'", '"')
                                                             for key, value in role.items()) + "}\n"
    return text


@pytest.fixture
def azure(emulator):
    azure = emulator(cloud_yaml())
    azure.put(NETWORK, {"location": "japaneast", "properties": {
        "addressSpace": {"addressPrefixes": ["10.240.0.0/16"]},
        "subnets": [{"name": "kubernetes-subnet", "properties": {"addressPrefix": "10.240.0.0/24"}}]}})
    azure.clear()
    return azure


@pytest.fixture
def waybill(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, TABLE)
    waybill.environment.update(WAYBILL_CLOUD=azure.endpoint + "/metadata/endpoints", AZURE_TENANT_ID=TENANT,
                               AZURE_CLIENT_SECRET="s")
    return waybill


def applies_as(waybill, name, check=0):
    """(what was warned of, the result)"""
    result = waybill.apply(env={"AZURE_CLIENT_ID": ID(NUMBERS[name])}, check=check)
    warned = [tuple(line.split("`")[1::2]) for line in result.stderr.splitlines() if "[right-missing]" in line]
    if warned:
        assert result.stderr.index("[right-missing]") < result.stderr.index(": Creating"), "before anything is sent"
    return warned, result


def refusal(action, scope):
    return f"give the principal a role with `{action}` on `{scope}`"


@pytest.mark.parametrize("name", ["on-group", "less-and-more", "custom"])
def test_roles_that_suffice(waybill, azure, name):
    warned, _ = applies_as(waybill, name)
    assert warned == [] and azure.get(table_id())


def test_a_role_on_the_group_ends_with_it(waybill, azure):
    azure.put(NETWORK.replace("kubernetes/", "other/"), azure.get(NETWORK))
    waybill.write(HEAD.replace("resourceGroup: kubernetes", "resourceGroup: other") + "routeTables: {t: {}}\n")
    result = waybill.plan(env={"AZURE_CLIENT_ID": ID(NUMBERS["on-group"])}, check=1)
    assert "[arm:AuthorizationFailed]" in result.stderr
    assert refusal("Microsoft.Network/routeTables/read", OTHER) in result.stderr


def test_a_group_is_made_by_who_may_on_the_subscription(waybill, azure):
    waybill.write(HEAD.replace("resourceGroup: kubernetes", "resourceGroup: fresh")
                  + "resourceGroups: {fresh: {}}\nrouteTables: {t: {}}\n")
    warned, result = applies_as(waybill, "reader", check=1)
    subscription = f"/subscriptions/{SUBSCRIPTION}"
    assert warned == [("Microsoft.Resources/subscriptions/resourceGroups/write", subscription), (WRITE, subscription)]
    assert refusal("Microsoft.Resources/subscriptions/resourceGroups/write", subscription + "/resourceGroups/fresh") \
        in result.stderr


def test_a_missing_right_is_told_before_and_at_the_refusal(waybill, azure):
    warned, result = applies_as(waybill, "reader", check=1)
    assert warned == [(WRITE, GROUP)]
    assert "[arm:AuthorizationFailed]" in result.stderr and refusal(WRITE, table_id()) in result.stderr
    assert azure.get(table_id()) is None


def test_not_actions_take_away(waybill, azure):
    warned, result = applies_as(waybill, "less", check=1)
    assert warned == [(WRITE, GROUP)] and refusal(WRITE, table_id()) in result.stderr
    assert azure.get(table_id()) is None


def test_a_role_on_the_resource_alone(waybill):
    """It is looked for where the group's do not suffice."""
    applies_as(waybill, "on-group")
    waybill.replace("10.1.0.0/16", "10.2.0.0/16")
    assert applies_as(waybill, "on-table")[0] == []


def test_a_custom_role_without_what_is_referred_to(waybill, azure):
    waybill.write(TABLE + "virtualNetworks:\n  kubernetes-vnet:\n    existing: true\n"
                  "    subnets: {kubernetes-subnet: {existing: true, routeTable: t}}\n")
    warned, result = applies_as(waybill, "custom", check=1)
    assert warned == [(JOIN, GROUP)]
    assert "[arm:LinkedAuthorizationFailed]" in result.stderr and refusal(JOIN, table_id()) in result.stderr
    assert "routeTable" not in azure.get(SUBNET)["properties"]


def test_who_may_nothing(waybill, azure):
    result = waybill.plan(env={"AZURE_CLIENT_ID": ID(NUMBERS["nobody"])}, check=1)
    assert refusal("Microsoft.Network/routeTables/read", GROUP) in result.stderr
    assert len([seen for seen in azure.requests() if seen["path"].startswith("/subscriptions")]) == 1


def test_a_deny_assignment(waybill, azure):
    """It is no missing right: permissions do not tell of it, and no role helps."""
    azure.fault(method="PUT", path="*/routeTables/t", status=403, code="DenyAssignmentAuthorizationFailed", message=(
        f"The client 'c' with object id 'o' has permission to perform action '{WRITE}' on scope '{table_id()}'; however, "
        "the access is denied because of the deny assignment with name 'of a stack' and Id 'd1' at scope '/subscriptions/s'."))
    warned, result = applies_as(waybill, "on-group", check=1)
    assert warned == [] and "[arm:DenyAssignmentAuthorizationFailed]" in result.stderr
    assert f"a deny assignment forbids `{WRITE}` on `{table_id()}`, whatever the roles" in result.stderr


@pytest.mark.parametrize("key, help", [
    (True, "see that it is this account's key"), (False, "Storage Blob Data Contributor on the container")])
def test_rights_on_the_data_of_a_states_storage(waybill, azure, blobs, key, help):
    """Who may read there may plan; an apply ends before ARM is asked for anything, and says which role is lacking."""
    waybill.use(blobs)
    waybill.environment["WAYBILL_CLOUD"] = azure.endpoint
    if not key:
        del waybill.environment["AZURE_STORAGE_KEY"]
    waybill.apply()
    waybill.replace("10.1.0.0/16", "10.2.0.0/16")
    blobs.denied = ("lease",)
    waybill.plan()
    azure.clear()
    result = waybill.apply(check=1)
    assert result.codes == ["backend-denied"] and help in result.stderr
    assert "waybill.yaml:" in result.stderr and azure.requests() == []
