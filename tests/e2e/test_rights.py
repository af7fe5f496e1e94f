# SPDX-License-Identifier: Apache-2.0
"""What a principal may not do is told before an apply, and where the subscription comes from."""
import json
import time

import pytest
from harness import SUBSCRIPTION, Waybill, table_yaml
from sign_in import CLIENT, TENANT, SignIn

TABLE = table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")})
AZURE = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
SECRET = "s3cret~of.the-client"


@pytest.fixture
def cloud(azure):
    cloud = SignIn(azure)
    yield cloud
    cloud.stop()


@pytest.fixture
def waybill(tmp_path, cloud):
    waybill = Waybill(tmp_path / "w", cloud.emulator, TABLE)
    # Of this machine's own only what a test puts there.
    waybill.environment.update(WAYBILL_CLOUD=cloud.cloud, ARM_USE_CLI="", PATH=str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return waybill


# ---- rights ----

CONTRIBUTOR = [{"actions": ["Microsoft.Network/*", "Microsoft.Resources/*/read"], "notActions": []}]
READER = [{"actions": ["*/read"], "notActions": []}]


def apply_with(waybill, cloud, *arguments, **more):
    cloud.secrets[SECRET] = "right"
    return waybill.run("apply", "--auto-approve", *arguments, env={**AZURE, "AZURE_CLIENT_SECRET": SECRET}, **more)


def warned(result):
    return [line.split("`")[1] for line in result.stderr.splitlines() if "[right-missing]" in line]


def test_apply_warns_of_rights_that_are_missing(waybill, cloud):
    cloud.rights = READER
    result = apply_with(waybill, cloud, check=0)  # it is a warning: this ARM lets us
    assert warned(result) == ["Microsoft.Network/routeTables/write"]
    assert "waybill.yaml:6:3: warning: the principal may not do" in result.stderr
    assert "on `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/kubernetes`" in result.stderr


@pytest.mark.parametrize("rights", [
    CONTRIBUTOR, None, [], READER + CONTRIBUTOR,
    [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}]])
def test_apply_says_nothing_of_rights_that_are_there_or_not_known(waybill, cloud, rights):
    """An empty list is known: it allows nothing."""
    cloud.rights = rights
    assert warned(apply_with(waybill, cloud, check=0)) == (["Microsoft.Network/routeTables/write"] if rights == [] else [])


def test_not_actions_take_away(waybill, cloud):
    cloud.rights = [{"actions": ["*"], "notActions": ["microsoft.network/ROUTETABLES/*"]}]
    assert warned(apply_with(waybill, cloud, check=0)) == ["Microsoft.Network/routeTables/write"]


def test_a_subnet_needs_a_right_on_its_table(waybill, cloud):
    waybill.write(TABLE + """\
virtualNetworks:
  kubernetes-vnet:
    existing: true
    subnets: {kubernetes-subnet: {existing: true, routeTable: t}}
""")
    cloud.rights = [{"actions": ["*/write"], "notActions": []}]
    assert warned(apply_with(waybill, cloud, check=0)) == ["Microsoft.Network/routeTables/join/action"]
    waybill.write(TABLE)
    cloud.rights = READER
    assert "Microsoft.Network/virtualNetworks/subnets/write" in warned(apply_with(waybill, cloud, check=0))


def test_a_refusal_says_which_right_is_missing(waybill, cloud):
    cloud.denied = [("PUT", "/routeTables/", {
        "code": "AuthorizationFailed", "message": "The client 'c' with object id 'o' does not have authorization to "
        "perform action 'Microsoft.Network/routeTables/write' over scope '/subscriptions/s/x' or the scope is invalid."})]
    result = apply_with(waybill, cloud, check=1)
    assert result.codes == [] and "[arm:AuthorizationFailed]" in result.stderr
    assert "give the principal a role with `Microsoft.Network/routeTables/write` on `/subscriptions/s/x`" in result.stderr


def test_warnings_come_once_and_before_the_run(waybill, cloud):
    cloud.rights = READER
    told = apply_with(waybill, cloud, check=0).stderr
    assert told.count("[right-missing]") == 1
    assert told.index("[right-missing]") < told.index("routeTables/t: ")
    cloud.rights = READER
    waybill.write(TABLE.replace("10.1.0.0/16", "10.2.0.0/16"))
    document = apply_with(waybill, cloud, "--json", check=0).json
    assert [item["code"] for item in document["diagnostics"]] == ["right-missing"]


# ---- the subscription ----

def without_subscription(waybill):
    waybill.write(TABLE.replace("subscription: ${env.AZURE_SUBSCRIPTION_ID}\n", ""))
    del waybill.environment["AZURE_SUBSCRIPTION_ID"]


def az_with_account(waybill, token, account):
    answer = json.dumps({"accessToken": token, "expires_on": int(time.time()) + 3600})
    path = waybill.folder.parent / "bin" / "az"
    path.write_text(f"#!/bin/sh\necho \"$@\" >>'{waybill.folder}/asked'\n"
                    f"case \"$2\" in show) {account};; *) echo '{answer}';; esac\n")
    path.chmod(0o755)


def asked_of_az(waybill):
    return (waybill.folder / "asked").read_text().splitlines()


def test_the_subscription_of_the_environment(waybill, cloud):
    without_subscription(waybill)
    env = {"WAYBILL_ACCESS_TOKEN": cloud.token("https://arm.test")}
    assert waybill.run("plan", env=env, check=1).codes == ["missing-subscription"]
    waybill.plan(env={**env, "ARM_SUBSCRIPTION_ID": SUBSCRIPTION})
    waybill.plan("--out", "p", env={**env, "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION, "ARM_SUBSCRIPTION_ID": "other"})
    # A saved plan brings its own.
    waybill.run("apply", "p", "--auto-approve", env=env, check=0)


def test_the_subscription_of_az(waybill, cloud):
    without_subscription(waybill)
    az_with_account(waybill, cloud.token("https://arm.test"), f"echo '{{\"id\": \"{SUBSCRIPTION}\"}}'")
    result = waybill.plan("--out", "p")
    assert f"Subscription {SUBSCRIPTION}, as az has chosen" in result.stderr
    assert asked_of_az(waybill)[0] == "account show --output json"
    assert len(asked_of_az(waybill)) == 2
    waybill.run("apply", "p", "--auto-approve", check=0)
    assert len(asked_of_az(waybill)) == 3, "the saved plan says which"
    # It is asked only where it signs us in, and not by what only reads files.
    waybill.run("plan", env={"WAYBILL_ACCESS_TOKEN": cloud.token("https://arm.test")}, check=1)
    waybill.run("validate", check=0)
    assert len(asked_of_az(waybill)) == 3
    group = waybill.run("rest", "GET", "/subscriptions/{subscriptionId}/resourceGroups/kubernetes", check=0)
    assert SUBSCRIPTION in group.json["id"] and f"Subscription {SUBSCRIPTION}, as az has chosen" in group.stderr


def test_az_that_has_chosen_no_subscription(waybill, cloud):
    without_subscription(waybill)
    for account, words in (("echo 'ERROR: run az login' >&2; exit 1", "ERROR: run az login"),
                           ("echo '{}'", "az names no subscription")):
        az_with_account(waybill, cloud.token("https://arm.test"), account)
        result = waybill.run("plan", check=1)
        assert "sign-in" in result.codes and words in result.stderr, result
    az_with_account(waybill, cloud.token("https://arm.test"), "echo '{\"id\": \"a/../b\"}'")
    assert waybill.run("plan", check=1).codes == ["bad-subscription"]
