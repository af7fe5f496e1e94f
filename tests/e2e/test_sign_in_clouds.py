# SPDX-License-Identifier: Apache-2.0
"""Each cloud by its own names, led to this machine by a proxy: where it is signed in, where ARM is and where a state's
storage; and the tokens of both scopes, in one run."""
import json

import blobs
import pytest
from harness import Waybill, table_id, table_yaml
from sign_in import decode
from transport import Authority, End, Tunnel

CLIENT = "11111111-0000-0000-0000-000000000001"
YAML = f"""\
resourceGroups: {{kubernetes: {{location: japaneast}}}}
applications:
  deployer: {{clientId: {CLIENT}, secrets: [{{value: s}}]}}
"""
# --cloud -> hosts of the sign-in and of ARM, suffix of storage accounts, tenant.
CLOUDS = {
    "public": ("login.microsoftonline.com", "management.azure.com", "core.windows.net", None),
    "usgovernment": ("login.microsoftonline.us", "management.usgovcloudapi.net", "core.usgovcloudapi.net", None),
    "china": ("login.chinacloudapi.cn", "management.chinacloudapi.cn", "core.chinacloudapi.cn", None),
    "https://management.usgovcloudapi.net":
        ("login.microsoftonline.us", "management.usgovcloudapi.net", "core.usgovcloudapi.net", None),
    # As an Azure Stack has it that is signed in to by AD FS.
    "https://management.stack.test": ("adfs.stack.test", "management.stack.test", "stack.test", "adfs"),
}


class Account(blobs.Blobs):
    """Takes the storage's tokens, of this client, alone."""

    def __init__(self):
        super().__init__(by_host=True)
        self.shown = []
        self.takes = self.check

    def check(self, token):
        claims = json.loads(decode(token.split(".")[1]))
        self.shown.append(token)
        if claims["aud"] != "https://storage.azure.com" or claims["appid"] != CLIENT:
            raise blobs.Refused(401, "InvalidAuthenticationInfo")
        return True


class World:
    def __init__(self, folder, emulator, name):
        login, arm, suffix, tenant = CLOUDS[name]
        self.account = Account()
        self.azure = emulator(YAML, ["--public-url", f"https://{arm}"])
        if tenant:
            told = {"resourceManager": f"https://{arm}/", "suffixes": {"storage": suffix},
                    "authentication": {"loginEndpoint": f"https://{login}/adfs", "audiences": [f"https://{arm}/"]}}
            self.azure.faults({"path": "/metadata/endpoints", "status": 200, "body": json.dumps(told)})
        self.hosts = [host + ":443" for host in (login, arm, f"{blobs.ACCOUNT}.blob.{suffix}")]
        authority = Authority(folder)
        certificate = authority.sign(*(host.removesuffix(":443") for host in self.hosts))
        self.ends = [End(certificate, int(self.azure.host.rpartition(":")[2])), End(certificate, self.account.port)]
        self.proxy = Tunnel(dict(zip(self.hosts, [self.ends[0].port, self.ends[0].port, self.ends[1].port])))
        self.waybill = Waybill(folder / "w", self.azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
        self.waybill.backend("prod/state")
        del self.waybill.environment["WAYBILL_STATE"]
        self.waybill.environment.update(
            WAYBILL_CLOUD=name, SSL_CERT_FILE=str(authority.pem), https_proxy=self.proxy.url, AZURE_CLIENT_ID=CLIENT,
            AZURE_TENANT_ID=tenant or self.azure.ready["tenant"], AZURE_CLIENT_SECRET="s")

    def tokens(self):
        return [seen["path"] for seen in self.azure.requests() if "/oauth2/" in seen["path"]]

    def stop(self):
        for one in (*self.ends, self.proxy, self.account):
            one.stop()


@pytest.fixture
def world(tmp_path, emulator):
    made = []

    def make(name="public"):
        made.append(World(tmp_path, emulator, name))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.mark.parametrize("name", CLOUDS)
def test_each_cloud_by_its_own_names(world, name):
    there = world(name)
    result = there.waybill.apply("--log-level", "trace")
    assert there.azure.cloud()[table_id()]
    assert {target for _, target in there.proxy.asked} == set(there.hosts)
    tenant = there.waybill.environment["AZURE_TENANT_ID"]
    path = "/adfs/oauth2/token" if tenant == "adfs" else f"/{tenant}/oauth2/v2.0/token"
    assert there.tokens() == [path] * 2, "one token a scope"
    assert len(set(there.account.shown)) == 1 and there.account.shown[0] not in result.text


@pytest.mark.parametrize("name, means", [
    ("public", {"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"}),
    ("public", {"ARM_ENVIRONMENT": "usgovernment"}),
    ("public", {"ARM_METADATA_HOSTNAME": "management.stack.test"}),
    ("china", {"ARM_METADATA_HOST": "management.azure.com"}),
    ("usgovernment", {"ARM_RESOURCE_MANAGER_ENDPOINT": "https://management.azure.com/"}),
    ("https://management.stack.test", {"ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST": "https://login.microsoftonline.com/"}),
    ("https://management.stack.test", {"ARM_ENVIRONMENT": "public"})])
def test_a_secret_is_sent_to_no_other_cloud_than_is_meant(world, name, means):
    there = world(name)
    result = there.waybill.apply(env=means, check=1)
    (variable, value), = means.items()
    assert result.codes == ["sign-in"] and f"{variable} is `{value}`" in result.stderr, result
    assert "--cloud" in result.stderr and there.tokens() == [] and there.account.shown == []


def test_a_token_that_the_storage_refuses_is_replaced_once(world):
    there = world()
    there.account.fail(401, "InvalidAuthenticationInfo")
    there.waybill.plan()
    assert len(there.tokens()) == 3
    there.azure.clear()
    there.account.fail(401, "InvalidAuthenticationInfo")
    there.account.fail(401, "InvalidAuthenticationInfo")
    result = there.waybill.apply(check=1)
    assert result.codes == ["backend-denied"] and len(there.tokens()) == 2
    assert "give the identity the role Storage Blob Data Contributor on the container" in result.stderr


def test_a_challenge_of_arm_is_none_of_the_storage(world):
    there = world()
    there.azure.revoke()
    there.waybill.apply()
    assert len(there.tokens()) == 3 and len(set(there.account.shown)) == 1


def test_a_ready_token_is_none_of_the_storage(world):
    there = world()
    result = there.waybill.plan(env={"WAYBILL_ACCESS_TOKEN": "eyJ.eyJ.x"}, check=1)
    assert result.codes == ["backend-secret"] and there.account.shown == [] and there.tokens() == []
