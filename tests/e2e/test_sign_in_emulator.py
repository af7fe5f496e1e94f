# SPDX-License-Identifier: Apache-2.0
"""What sources of a credential do against the emulator's own issuers beyond the states of test_sign_in_matrix.py: who
signed in may write by a role, or is not known. Over https, the cloud told by its metadata."""
import pytest
from directory import GITHUB, ID, KUBERNETES, PIPELINES, TENANT
from harness import Waybill, table_yaml
from sign_in import Client

CLOUD = f"""\
resourceGroups: {{kubernetes: {{location: japaneast}}}}
applications:
  secret:
    clientId: {ID(1)}
    secrets: [{{value: right-secret}}]
  signed: {{clientId: {ID(2)}, singleUse: true, certificates: [{{file: client.crt}}]}}
  github: {{clientId: {ID(3)}, federatedCredentials: [
    {{issuer: {GITHUB}, subject: "repo:waybill/emulated:ref:refs/heads/main"}}]}}
  pipelines: {{clientId: {ID(4)}, federatedCredentials: [
    {{issuer: "{PIPELINES}", subject: "sc://waybill/emulated/azure"}}]}}
  pod: {{clientId: {ID(5)}, federatedCredentials: [
    {{issuer: "{KUBERNETES}", subject: "system:serviceaccount:default:waybill"}}]}}
managedIdentities:
  one: {{clientId: {ID(11)}, objectId: {ID(21)}, systemAssigned: true}}
  two: {{clientId: {ID(12)}}}
roleAssignments:
  - {{principal: secret, role: Reader}}
  - {{principal: signed, role: Contributor}}
  - {{principal: github, role: Contributor}}
  - {{principal: pipelines, role: Contributor}}
  - {{principal: pod, role: Contributor}}
  - {{principal: one, role: Contributor}}
  - {{principal: two, role: Contributor}}
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return Client(tmp_path_factory.mktemp("client"))


@pytest.fixture
def azure(tmp_path, client, emulator):
    (tmp_path / "client.crt").write_text(client.own.read_text())
    return emulator(CLOUD, args=["--tls", "--tls-ca-out", tmp_path / "ca.pem"])


@pytest.fixture
def waybill(tmp_path, azure):
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    waybill.environment["SSL_CERT_FILE"] = str(tmp_path / "ca.pem")
    return waybill


def who(number, family="AZURE"):
    return {f"{family}_TENANT_ID": TENANT, f"{family}_CLIENT_ID": ID(number)}


def refused(waybill, env, *words):
    result = waybill.run("plan", env=env, check=1)
    assert result.codes == ["sign-in"], result
    for word in words:
        assert word in result.stderr, result


def applies(waybill, env):
    waybill.apply(env=env)
    waybill.destroy(env=env)


def test_a_client_or_a_tenant_that_is_not_known(waybill):
    refused(waybill, {**who(9), "AZURE_CLIENT_SECRET": "right-secret"}, "AADSTS700016")
    refused(waybill, {**who(1), "AZURE_TENANT_ID": ID(1), "AZURE_CLIENT_SECRET": "right-secret"}, "AADSTS90002")


def test_a_certificate(waybill, client, tmp_path):
    env = {**who(2), "AZURE_CLIENT_CERTIFICATE_PATH": str(client.pkcs12()),
           "AZURE_CLIENT_CERTIFICATE_PASSWORD": client.password}
    applies(waybill, env)
    waybill.plan(env={**env, "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "1"})
    other = Client(tmp_path, "other")
    refused(waybill, {**who(2), "AZURE_CLIENT_CERTIFICATE_PATH": str(other.pem)}, "AADSTS700027", "upload it")


def test_workload_identity(waybill, azure):
    variables = azure.environment()["kubernetes"]

    def token(**spec):
        return azure.request(
            "POST", f"{variables['SERVER']}/api/v1/namespaces/default/serviceaccounts/waybill/token?",
            {"spec": {"audiences": ["api://AzureADTokenExchange"], **spec}},
            {"Authorization": "Bearer " + variables["BEARER"]})[2]["status"]["token"]

    file = waybill.folder / "token"
    env = {**who(5), "AZURE_FEDERATED_TOKEN_FILE": "token"}
    file.write_text(token() + "\n")
    waybill.apply(env=env)
    file.write_text(token())
    waybill.destroy(env=env)
    waybill.plan(env={**who(5, "ARM"), "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": token()})
    file.write_text(token(audiences=["elsewhere"]))
    refused(waybill, env, "AADSTS700212", "audience `elsewhere`")
    head, claims, _ = token().split(".")
    file.write_text(f"{head}.{claims}.AAAA")
    refused(waybill, env, "AADSTS7000272")
    refused(waybill, {**env, **who(3)}, "AADSTS")


def test_github_actions(waybill, azure):
    env = {**azure.environment()["github"], **who(3)}
    applies(waybill, env)
    refused(waybill, {**env, **who(4)}, "AADSTS700211", f"issuer `{GITHUB}`")
    refused(waybill, {**env, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "not-the-token"}, "answered 401")


def test_azure_pipelines(waybill, azure):
    env = {**azure.environment()["pipelines"], **who(4)}
    applies(waybill, env)
    refused(waybill, {**env, **who(3)}, "AADSTS700211", f"issuer `{PIPELINES}`")
    refused(waybill, {**env, "SYSTEM_ACCESSTOKEN": "not-the-token"}, "answered 401", "SYSTEM_ACCESSTOKEN")
    refused(waybill, {**env, "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": ID(1)}, "answered 404")


@pytest.mark.parametrize("names", [["AZURE_POD_IDENTITY_AUTHORITY_HOST"], ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]],
                         ids=["machine", "application"])
def test_a_managed_identity(waybill, azure, names):
    found = {name: value for kind in azure.environment().values() for name, value in kind.items()}
    env = {"ARM_USE_MSI": "", **{name: found[name] for name in names}}
    applies(waybill, env)
    refused(waybill, {**env, "AZURE_CLIENT_ID": ID(13)}, f"the identity whose client id is `{ID(13)}`")


def test_a_revoked_token_is_replaced_by_one_that_answers_the_challenge(waybill, azure, client):
    """The first token is from before; what the apply asks for anew, with the claims, holds to its end."""
    azure.revoke()
    waybill.apply(env={**who(2), "AZURE_CLIENT_CERTIFICATE_PATH": str(client.pem)})
    assert sum("/oauth2/" in seen["path"] for seen in azure.requests()) == 2


def test_rights_are_told_before_and_at_the_refusal(waybill, azure):
    result = waybill.apply(env={**who(1), "AZURE_CLIENT_SECRET": "right-secret"}, check=1)
    assert result.codes[0] == "right-missing" and "`Microsoft.Network/routeTables/write`" in result.stderr
    assert "[arm:AuthorizationFailed]" in result.stderr
    assert "give the principal a role with `Microsoft.Network/routeTables/write` on `/subscriptions/" in result.stderr


def test_tokens_that_end_while_an_apply_runs(tmp_path, emulator):
    azure = emulator(CLOUD.replace("certificates: [{file: client.crt}]", "secrets: [{value: s}]"),
                     args=["--token-lifetime", 2, "--operation-time", 3000])
    waybill = Waybill(tmp_path / "w", azure, table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")}))
    waybill.environment.update(WAYBILL_CLOUD=azure.endpoint + "/metadata/endpoints")
    waybill.apply(env={**who(2), "AZURE_CLIENT_SECRET": "s"})
    assert len([seen for seen in azure.requests() if "/oauth2/" in seen["path"]]) >= 2, "renewed on the way"


# ---- AD FS, by which Azure Stack signs in without Entra ----

@pytest.fixture
def stack(azure):
    """The cloud's metadata as Azure Stack tells them: an authority that ends in /adfs."""
    azure.faults(*({"path": "/metadata/endpoints", "contains": version, "status": 400, "code": "InvalidApiVersionParameter"}
                   for version in ("2022-09-01", "2019-05-01")))
    return azure


def adfs_requests(azure):
    """Paths of the requests for tokens, and their statuses."""
    return [(seen["path"], seen["status"]) for seen in azure.requests() if "/oauth2/" in seen["path"]]


def test_adfs(waybill, stack, client):
    secret = {"AZURE_TENANT_ID": "adfs", "AZURE_CLIENT_ID": ID(1), "AZURE_CLIENT_SECRET": "right-secret"}
    waybill.plan(env=secret)
    refused(waybill, {**secret, "AZURE_CLIENT_SECRET": "wrong-secret"}, "AADSTS7000215")
    signed = {"ARM_TENANT_ID": "adfs", "ARM_CLIENT_ID": ID(2), "ARM_CLIENT_CERTIFICATE_PATH": str(client.pem)}
    applies(waybill, signed)
    # The authority is whole without a tenant; a directory's id is none of its paths.
    waybill.plan("--state", "other.db", env={**secret, "AZURE_TENANT_ID": TENANT})
    assert adfs_requests(stack) == [("/adfs/oauth2/token", status) for status in (200, 401, 200, 200, 200)]


def test_adfs_by_its_tenant_alone(waybill, azure):
    """Newer metadata name the host, and `adfs` as the tenant."""
    waybill.plan(env={"AZURE_TENANT_ID": "adfs", "AZURE_CLIENT_ID": ID(1), "AZURE_CLIENT_SECRET": "right-secret"})
    assert adfs_requests(azure) == [("/adfs/oauth2/token", 200)]
