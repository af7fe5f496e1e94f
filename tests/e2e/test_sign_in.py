# SPDX-License-Identifier: Apache-2.0
"""Who Waybill is: every source of a credential, right, wrong, expired, rotated and missing."""
import base64
import json
import stat
import subprocess
import time

import pytest
from harness import SUBSCRIPTION, Waybill, table_yaml
from sign_in import CLIENT, TENANT, Client, SignIn, decode, federated_token, refusal

TABLE = table_yaml({"a": ("10.1.0.0/16", "10.240.0.4")})
AZURE = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
ARM = {"ARM_TENANT_ID": TENANT, "ARM_CLIENT_ID": CLIENT}
SUBJECT = "system:serviceaccount:ns:waybill"


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


def plans(waybill, env, *arguments):
    return waybill.run("plan", *arguments, env=env, check=0)


def refused(waybill, env, *words, count=1):
    """Plan fails with `sign-in` alone, and says all of the words."""
    result = waybill.run("plan", env=env, check=1)
    assert set(result.codes) == {"sign-in"}, result
    for word in words:
        assert word in result.stderr, result
    assert result.stderr.count("[sign-in]") == count, result
    return result


def taken(result):
    return [line.split(": ")[1] for line in result.stderr.splitlines() if ": taken (" in line]


# ---- a ready token ----

def test_a_ready_token_comes_first(waybill, cloud):
    token = cloud.token("https://arm.test")
    result = plans(waybill, {"WAYBILL_ACCESS_TOKEN": token, **AZURE, "AZURE_CLIENT_SECRET": "unused-secret"},
                   "--log-level", "debug")
    assert taken(result) == ["sign-in by a ready token"]
    assert result.stderr.count("not looked at, what comes before was taken") == 7
    assert not cloud.asked("/token")


def test_a_ready_token_that_has_expired(waybill, cloud):
    cloud.lifetime = -10
    result = waybill.run("plan", env={"WAYBILL_ACCESS_TOKEN": cloud.token("https://arm.test")}, check=1)
    assert "the token was refused" in result.stderr and "InvalidAuthenticationToken" in result.stderr


def test_nothing_at_all(waybill, cloud):
    result = refused(waybill, {}, "no credential for Azure: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET not set")
    assert "--cloud emulator" in result.stderr
    told = waybill.run("plan", "--log-level", "debug", check=1).stderr
    for line in ("a ready token: WAYBILL_ACCESS_TOKEN is not set", "az: there is no az in PATH",
                 "a managed identity: ARM_USE_MSI is false", "GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL"):
        assert f"sign-in by {line}" in told
    assert not cloud.asked("/oauth2")


# ---- a client secret ----

SECRET = "s3cret~of.the-client"


@pytest.mark.parametrize("env", [
    {**AZURE, "AZURE_CLIENT_SECRET": SECRET},
    {**ARM, "ARM_CLIENT_SECRET": SECRET},
    {"AZURE_CLIENT_SECRET": "half-a-family", **ARM, "ARM_CLIENT_SECRET": SECRET}])
def test_a_client_secret(waybill, cloud, env):
    cloud.secrets[SECRET] = "right"
    waybill.run("apply", "--auto-approve", env=env, check=0)
    assert len(cloud.asked("/oauth2")) == 1, "one token a scope"
    form = cloud.asked("/oauth2")[0]["form"]
    assert form["scope"] == "https://arm.test/.default"
    assert json.loads(form["claims"])["access_token"]["xms_cc"] == {"values": ["cp1"]}


def test_a_client_secret_and_id_in_files(waybill, cloud):
    cloud.secrets[SECRET] = "right"
    (waybill.folder / "secret").write_text(SECRET + "\n")
    (waybill.folder / "id").write_text(CLIENT + "\n")
    env = {"ARM_TENANT_ID": TENANT, "ARM_CLIENT_ID_FILE_PATH": "id", "ARM_CLIENT_SECRET_FILE_PATH": "secret"}
    plans(waybill, env)
    refused(waybill, {**env, "ARM_CLIENT_SECRET_FILE_PATH": "elsewhere"}, "`elsewhere`", "ARM_CLIENT_SECRET_FILE_PATH")
    (waybill.folder / "secret").write_text("\n")
    refused(waybill, env, "is empty")


def test_a_client_secret_that_is_half_there(waybill, cloud):
    refused(waybill, {"AZURE_CLIENT_SECRET": SECRET, "AZURE_CLIENT_ID": CLIENT},
            "AZURE_CLIENT_SECRET is set, and not set: AZURE_TENANT_ID")
    refused(waybill, {"ARM_CLIENT_SECRET": SECRET}, "not set: ARM_TENANT_ID, ARM_CLIENT_ID")
    refused(waybill, {**ARM}, "ARM_CLIENT_SECRET not set")
    assert not cloud.asked("/oauth2")


# What is refused, and what is said to mend it.
REFUSALS = {
    7000215: "give its value, not its id", 7000222: "the client secret has expired", 700016: "no such client id",
    90002: "no such tenant", 900023: "no such tenant", 7000112: "the application is disabled",
    7000229: "no service principal in this tenant",
    700027: "the application does not know this certificate", 700024: "this machine's clock",
    53003: "a Conditional Access policy forbids it", 50076: "a second factor", 50079: "a second factor",
    50034: "no such user", 500011: "check --cloud", 70021: "add a federated credential",
    700211: "for this issuer", 700213: "letter by letter", 700212: "audience", 50027: "not one for this tenant",
    123456: "check the tenant, the client id and the client secret",
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_tells_number_id_and_remedy(waybill, cloud, code):
    cloud.answers = [(401, refusal(code))]
    refused(waybill, {**AZURE, "AZURE_CLIENT_SECRET": SECRET}, f"AADSTS{code}: refused",
            "(correlation id cccccccc-0000-0000-0000-00000000000c, trace id dddddddd-0000-0000-0000-00000000000d)",
            REFUSALS[code])
    assert len(cloud.asked("/oauth2")) == 1, "a refusal is not tried again"


def test_a_wrong_and_an_expired_secret(waybill, cloud):
    cloud.secrets["an-old-secret"] = "expired"
    refused(waybill, {**AZURE, "AZURE_CLIENT_SECRET": "never-a-secret"}, "AADSTS7000215")
    refused(waybill, {**AZURE, "AZURE_CLIENT_SECRET": "an-old-secret"}, "AADSTS7000222", "make a new one")
    refused(waybill, {**AZURE, "AZURE_TENANT_ID": "elsewhere.test", "AZURE_CLIENT_SECRET": "x-secret"}, "AADSTS90002")


def test_a_sign_in_that_is_away_for_a_moment(waybill, cloud):
    cloud.secrets[SECRET] = "right"
    cloud.answers = [(503, {}), (429, {})]
    plans(waybill, {**AZURE, "AZURE_CLIENT_SECRET": SECRET})
    assert len(cloud.asked("/oauth2")) == 3


def test_a_secret_is_sent_to_the_clouds_own_sign_in_alone(waybill, cloud):
    cloud.secrets[SECRET] = "right"
    env = {**AZURE, "AZURE_CLIENT_SECRET": SECRET}
    refused(waybill, {**env, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/"},
            "AZURE_AUTHORITY_HOST is `https://login.microsoftonline.com/`", "--cloud")
    plans(waybill, {**env, "AZURE_AUTHORITY_HOST": cloud.origin + "/"})
    refused(waybill, {**env, "WAYBILL_CLOUD": "public", "ARM_ENVIRONMENT": "usgovernment"},
            "ARM_ENVIRONMENT is `usgovernment`, and the cloud is `public`", "--cloud usgovernment")


# ---- a client certificate ----

@pytest.fixture(scope="session")
def client(tmp_path_factory):
    return Client(tmp_path_factory.mktemp("client"))


def test_a_certificate_in_every_kind_of_file(waybill, cloud, client):
    cloud.certificates[client.digest] = client.public
    password = {"AZURE_CLIENT_CERTIFICATE_PASSWORD": client.password}
    for path, more in ((client.pem, {}), (client.sealed_pem(), password), (client.pkcs12(), password),
                       (client.pkcs12(""), {})):
        plans(waybill, {**AZURE, "AZURE_CLIENT_CERTIFICATE_PATH": str(path), **more})
    head = json.loads(decode(cloud.asked("/oauth2")[0]["form"]["client_assertion"].split(".")[0]))
    assert head == {"alg": "PS256", "typ": "JWT", "x5t#S256": client.digest}

    plans(waybill, {**AZURE, "AZURE_CLIENT_CERTIFICATE_PATH": str(client.pem),
                    "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "true"})
    head = json.loads(decode(cloud.asked("/oauth2")[-1]["form"]["client_assertion"].split(".")[0]))
    assert head["x5c"] == [client.x5c]


def test_a_certificate_by_terraforms_names(waybill, cloud, client):
    cloud.certificates[client.digest] = client.public
    password = {"ARM_CLIENT_CERTIFICATE_PASSWORD": client.password}
    plans(waybill, {**ARM, **password, "ARM_CLIENT_CERTIFICATE_PATH": str(client.pkcs12())})
    text = base64.b64encode(client.pkcs12().read_bytes()).decode()
    plans(waybill, {**ARM, **password, "ARM_CLIENT_CERTIFICATE": text})
    refused(waybill, {**ARM, **password, "ARM_CLIENT_CERTIFICATE": text + "!"}, "ARM_CLIENT_CERTIFICATE is not base64")


def test_a_certificate_that_does_not_do(waybill, cloud, client, tmp_path):
    env = {**AZURE, "AZURE_CLIENT_CERTIFICATE_PATH": str(client.pem)}
    refused(waybill, env, "AADSTS700027", "upload it to the application")
    cloud.seen.clear()
    wrong = {"AZURE_CLIENT_CERTIFICATE_PASSWORD": "not-the-password"}
    sealed, p12 = str(client.sealed_pem()), str(client.pkcs12())
    for path, more, words in (
            (sealed, {}, "is under a password"), (sealed, wrong, "the password does not open its key"),
            (p12, {}, "is under a password"), (p12, wrong, "the password does not open it"),
            (str(client.key), {}, "it holds no certificate"), (str(client.own), {}, "it holds no private key"),
            (str(tmp_path / "none"), {}, "cannot be read")):
        result = refused(waybill, {**env, "AZURE_CLIENT_CERTIFICATE_PATH": path, **more}, words)
        assert client.password not in result.text and "not-the-password" not in result.text
    (tmp_path / "noise").write_bytes(b"this is no certificate")
    refused(waybill, {**env, "AZURE_CLIENT_CERTIFICATE_PATH": str(tmp_path / "noise")}, "neither PEM nor PKCS#12")
    old = Client(tmp_path, "old", days=-1)
    refused(waybill, {**env, "AZURE_CLIENT_CERTIFICATE_PATH": str(old.pem)}, "it has expired", "upload it to the application")
    other = Client(tmp_path, "other")
    (tmp_path / "mixed").write_text(client.own.read_text() + other.key.read_text())
    refused(waybill, {**env, "AZURE_CLIENT_CERTIFICATE_PATH": str(tmp_path / "mixed")}, "not that of a certificate in it")
    refused(waybill, {"AZURE_CLIENT_CERTIFICATE_PATH": str(client.pem)}, "not set: AZURE_TENANT_ID, AZURE_CLIENT_ID")
    assert not cloud.asked("/oauth2")


# ---- workload identity ----

def test_a_federated_token_in_a_file(waybill, cloud):
    cloud.subjects.add(SUBJECT)
    (waybill.folder / "token").write_text(federated_token(SUBJECT) + "\n")
    plans(waybill, {**AZURE, "AZURE_FEDERATED_TOKEN_FILE": "token", "AZURE_AUTHORITY_HOST": cloud.origin})
    plans(waybill, {**ARM, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": "token"})
    plans(waybill, {**ARM, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": federated_token(SUBJECT)})
    assert len(cloud.used) == 3


def test_workload_identity_of_a_cluster_by_terraforms_switch(waybill, cloud):
    """A cluster names the file, and the client only where the service account does."""
    cloud.subjects.add(SUBJECT)
    (waybill.folder / "token").write_text(federated_token(SUBJECT))
    aks = {"ARM_USE_AKS_WORKLOAD_IDENTITY": "true", "AZURE_FEDERATED_TOKEN_FILE": "token"}
    result = plans(waybill, {**aks, **ARM, "AZURE_TENANT_ID": TENANT}, "--log-level", "debug")
    assert "workload identity: taken (AZURE_FEDERATED_TOKEN_FILE)" in result.stderr
    plans(waybill, {**aks, **AZURE, "ARM_CLIENT_ID": "another"})
    refused(waybill, aks, "AZURE_FEDERATED_TOKEN_FILE is set, and not set: AZURE_TENANT_ID, AZURE_CLIENT_ID")
    refused(waybill, {**ARM, "ARM_USE_AKS_WORKLOAD_IDENTITY": "true"},
            "ARM_USE_AKS_WORKLOAD_IDENTITY is set, and not set: AZURE_FEDERATED_TOKEN_FILE", "azure.workload.identity/use")
    refused(waybill, {**aks, **ARM, "ARM_USE_AKS_WORKLOAD_IDENTITY": "false"}, "not set: AZURE_TENANT_ID, AZURE_CLIENT_ID")


def test_a_federated_token_that_does_not_do(waybill, cloud):
    env = {**AZURE, "AZURE_FEDERATED_TOKEN_FILE": "token"}
    token = waybill.folder / "token"
    refused(waybill, env, "`token`, which AZURE_FEDERATED_TOKEN_FILE names, cannot be read")
    token.write_text("no token")
    refused(waybill, env, "AZURE_FEDERATED_TOKEN_FILE does not lead to a JSON Web Token")
    token.write_text(federated_token(SUBJECT))
    refused(waybill, env, "AADSTS700213", f"issuer `https://issuer.test`, subject `{SUBJECT}`, audience `api://")
    token.write_text(federated_token(SUBJECT, issuer="https://other.test"))
    refused(waybill, env, "AADSTS700211", "issuer `https://other.test`")
    token.write_text(federated_token(SUBJECT, ends_in=-5))
    refused(waybill, env, "AADSTS700024", "renews it")
    refused(waybill, {"AZURE_FEDERATED_TOKEN_FILE": "token"}, "not set: AZURE_TENANT_ID, AZURE_CLIENT_ID")
    refused(waybill, {**ARM, "ARM_OIDC_TOKEN": federated_token(SUBJECT)}, "ARM_CLIENT_SECRET not set")


def test_a_federated_token_that_rotates_is_read_again(waybill, cloud):
    """The first token is refused half way, when the file holds another assertion."""
    cloud.subjects.add(SUBJECT)
    token = waybill.folder / "token"
    first, second = federated_token(SUBJECT, mark="1"), federated_token(SUBJECT, mark="2")
    token.write_text(first)
    given = cloud.token

    def rotate(audience):
        token.write_text(second)
        made = given(audience)
        if len(cloud.given) == 1:
            cloud.revoked.add(made)
        return made

    cloud.token = rotate
    plans(waybill, {**AZURE, "AZURE_FEDERATED_TOKEN_FILE": "token"})
    assert cloud.used == [first, second]


# ---- pipelines ----

def github(cloud, **more):
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": cloud.origin + "/github?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": cloud.request_token, **more}


def test_github_actions(waybill, cloud):
    cloud.subjects.add(cloud.job_subject)
    plans(waybill, github(cloud, **AZURE))
    assert cloud.asked("/github")[0]["query"] == {"api-version": "2.0", "audience": "api://AzureADTokenExchange"}
    plans(waybill, github(cloud, **ARM))
    plans(waybill, {**ARM, "ARM_USE_OIDC": "true", "ARM_OIDC_REQUEST_URL": cloud.origin + "/github",
                    "ARM_OIDC_REQUEST_TOKEN": cloud.request_token})
    assert len(cloud.used) == 3


def test_github_actions_that_do_not_do(waybill, cloud):
    refused(waybill, github(cloud, **AZURE), "AADSTS700213", f"subject `{cloud.job_subject}`")
    cloud.request_token = "another-job"
    refused(waybill, {**github(cloud, **AZURE), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "token-of-the-job"},
            "GitHub's token service answered 401: the token is not this job's", "id-token: write")
    env = github(cloud, **AZURE)
    del env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    refused(waybill, env, "ACTIONS_ID_TOKEN_REQUEST_URL is set, and not set: ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    refused(waybill, {**github(cloud, **AZURE), "ACTIONS_ID_TOKEN_REQUEST_URL": "http://elsewhere.test/x"}, "no https URL")
    refused(waybill, {**ARM, "ARM_USE_OIDC": "true"}, "ARM_USE_OIDC is set, and not set: ARM_OIDC_TOKEN",
            "id-token: write")
    refused(waybill, github(cloud, ARM_USE_OIDC="true"), "ARM_USE_OIDC is set, and not set: ARM_TENANT_ID, ARM_CLIENT_ID")
    # A job that may ask for tokens need not mean to.
    refused(waybill, github(cloud), "no credential for Azure")


def pipelines(cloud, **more):
    return {"SYSTEM_OIDCREQUESTURI": cloud.origin + "/pipelines/oidctoken", "SYSTEM_ACCESSTOKEN": cloud.request_token,
            **more}


def test_azure_pipelines(waybill, cloud):
    cloud.subjects.add(cloud.job_subject)
    plans(waybill, pipelines(cloud, **ARM, ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID=cloud.connection))
    plans(waybill, pipelines(cloud, AZURESUBSCRIPTION_TENANT_ID=TENANT, AZURESUBSCRIPTION_CLIENT_ID=CLIENT,
                             AZURESUBSCRIPTION_SERVICE_CONNECTION_ID=cloud.connection))
    assert len(cloud.used) == 2
    assert cloud.asked("/pipelines")[0]["headers"]["x-tfs-fedauthredirect"] == "Suppress"


def test_azure_pipelines_that_do_not_do(waybill, cloud):
    env = pipelines(cloud, **ARM, ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID=cloud.connection)
    refused(waybill, env, "AADSTS700213")
    refused(waybill, {**env, "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID": "other"},
            "Azure Pipelines' token service answered 404: no such service connection")
    refused(waybill, {**env, "SYSTEM_ACCESSTOKEN": "not-the-token"}, "answered 401", "$(System.AccessToken)")
    refused(waybill, {name: value for name, value in env.items() if name != "SYSTEM_ACCESSTOKEN"},
            "not set: SYSTEM_ACCESSTOKEN", "$(System.AccessToken)")


# ---- managed identities ----

def machine(cloud, **more):
    return {"ARM_USE_MSI": "true", "ARM_MSI_ENDPOINT": cloud.origin + "/metadata/identity/oauth2/token", **more}


def test_the_identity_of_a_machine(waybill, cloud):
    plans(waybill, machine(cloud))
    assert cloud.asked("/identity/")[0]["query"] == {"api-version": "2018-02-01", "resource": "https://arm.test"}


RESOURCE_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"


@pytest.mark.parametrize("parameter, variable, value", [
    ("client_id", "AZURE_CLIENT_ID", CLIENT), ("client_id", "ARM_CLIENT_ID", CLIENT),
    ("msi_res_id", "WAYBILL_IDENTITY_RESOURCE_ID", RESOURCE_ID),
    ("object_id", "WAYBILL_IDENTITY_PRINCIPAL_ID", "44444444-4444-4444-4444-444444444444")])
def test_one_of_several_identities_of_a_machine(waybill, cloud, parameter, variable, value):
    cloud.identities = {(parameter, value): True}
    plans(waybill, machine(cloud, **{variable: value}))
    refused(waybill, machine(cloud, **{variable: value + "-no"}), "Identity not found", f"is `{value}-no`")


def test_a_machine_without_an_identity(waybill, cloud):
    cloud.identities = {}
    refused(waybill, machine(cloud), "Identity not found", "give the machine or application an identity")
    refused(waybill, machine(cloud, WAYBILL_IDENTITY_RESOURCE_ID=RESOURCE_ID, WAYBILL_IDENTITY_PRINCIPAL_ID="p"),
            "are both set")
    refused(waybill, {**machine(cloud), "ARM_MSI_ENDPOINT": "http://elsewhere.test/token"},
            "ARM_MSI_ENDPOINT is neither an https URL nor one of this machine")


def test_a_machine_whose_identity_is_still_starting(waybill, cloud):
    cloud.answers = [(404, {}), (410, {}), (500, {})]
    plans(waybill, machine(cloud))
    assert len(cloud.asked("/identity/")) == 4


def test_the_identity_of_an_application(waybill, cloud):
    env = {"ARM_USE_MSI": "", "IDENTITY_ENDPOINT": cloud.origin + "/msi/token", "IDENTITY_HEADER": cloud.identity_header}
    plans(waybill, env)
    cloud.identities = {("client_id", CLIENT): True, ("mi_res_id", RESOURCE_ID): True}
    plans(waybill, {**env, "AZURE_CLIENT_ID": CLIENT})
    plans(waybill, {**env, "WAYBILL_IDENTITY_RESOURCE_ID": RESOURCE_ID})
    refused(waybill, {**env, "IDENTITY_HEADER": "another-header"}, "No Managed Identity found")
    refused(waybill, env, "Identity not found")


# ---- az ----

def fake_az(waybill, script):
    path = waybill.folder.parent / "bin" / "az"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def az_answers(waybill, token, ends=None, more=""):
    answer = {"accessToken": token, "expires_on": int(time.time()) + 3600 if ends is None else ends,
              "tokenType": "Bearer", "tenant": TENANT}
    fake_az(waybill, f"echo \"$@\" >>'{waybill.folder}/asked'\n{more}\n"
                     f"echo '{json.dumps(answer)}'\n")


def asked_of_az(waybill):
    return (waybill.folder / "asked").read_text().splitlines()


def test_az(waybill, cloud):
    az_answers(waybill, cloud.token("https://arm.test"), more="echo 'WARNING: an update is there' >&2")
    assert taken(plans(waybill, {}, "--log-level", "debug")) == ["sign-in by az"]
    assert asked_of_az(waybill) == ["account get-access-token --output json --resource https://arm.test"]
    plans(waybill, {"AZURE_TENANT_ID": TENANT})
    assert asked_of_az(waybill)[1].endswith(f" --tenant {TENANT}")
    refused(waybill, {"AZURE_TENANT_ID": "; rm -rf /"}, "is not a tenant's id or domain")
    refused(waybill, {"ARM_USE_CLI": "false"}, "no credential for Azure")
    refused(waybill, {"AZURE_TOKEN_CREDENTIALS": "prod"}, "no credential for Azure")
    refused(waybill, {"AZURE_TOKEN_CREDENTIALS": "AzureCliCredentials"}, "is `AzureCliCredentials`, which leaves nothing",
            "prod, dev, EnvironmentCredential")


def test_az_has_the_environment_that_it_was_signed_in_with(waybill, cloud):
    az_answers(waybill, cloud.token("https://arm.test"), more=f"echo \"$AZURE_CONFIG_DIR\" >>'{waybill.folder}/asked'")
    plans(waybill, {"AZURE_CONFIG_DIR": "/of/this/pipeline"})
    assert asked_of_az(waybill)[1] == "/of/this/pipeline"


def test_az_that_has_nobody_signed_in(waybill):
    fake_az(waybill, "echo 'a warning' >&2; echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1\n")
    refused(waybill, {}, "az gives no answer: it ended with status 1: ERROR: Please run 'az login'", "run `az login`")
    refused(waybill, {"ARM_TENANT_ID": TENANT}, f"run `az login --tenant {TENANT}`")
    fake_az(waybill, "echo 'AADSTS50076: Due to a configuration change you must use multi-factor' >&2; exit 1\n")
    refused(waybill, {}, "AADSTS50076", "a second factor is wanted")
    for noise in ("echo '{}'", "echo nonsense", "exit 0", "head -c 3000000 /dev/zero | tr '\\0' x"):
        fake_az(waybill, f"PATH=/usr/bin:/bin\n{noise}\n")
        assert waybill.run("plan", check=1).codes == ["sign-in"]


def test_az_whose_token_has_ended(waybill, cloud):
    cloud.lifetime = -10
    az_answers(waybill, cloud.token("https://arm.test"), ends=int(time.time()) - 10)
    result = waybill.run("plan", check=1)
    assert "[arm:InvalidAuthenticationToken]" in result.stderr and "sign in anew" in result.stderr
    assert len(asked_of_az(waybill)) == 2, "once more, since it may have renewed it"


def test_az_in_the_working_folder_is_not_run(waybill):
    fake_az(waybill, "exit 0\n")
    (waybill.folder.parent / "bin" / "az").rename(waybill.folder / "az")
    refused(waybill, {"PATH": ".::" + str(waybill.folder.parent / "bin")}, "no credential for Azure")


def test_az_of_old_tells_the_end_in_local_time(waybill, cloud):
    token = cloud.token("https://arm.test")
    fake_az(waybill, "echo '" + json.dumps({"accessToken": token, "expiresOn": "2099-01-01 10:00:00.000000"}) + "'\n")
    plans(waybill, {})


# ---- tokens while they are used ----

def test_a_token_is_renewed_before_its_end(waybill, cloud):
    """Every token lasts a second, is used for none, and each request still gets one that holds."""
    cloud.secrets[SECRET] = "right"
    cloud.lifetime = 1
    waybill.run("apply", "--auto-approve", env={**AZURE, "AZURE_CLIENT_SECRET": SECRET}, check=0)
    assert len(cloud.given) > 2


def test_a_token_that_is_revoked_is_replaced_once(waybill, cloud):
    cloud.secrets[SECRET] = "right"
    env = {**AZURE, "AZURE_CLIENT_SECRET": SECRET}
    given = cloud.token

    def revoke_all(audience):
        made = given(audience)
        cloud.revoked.add(made)
        return made

    cloud.token = revoke_all
    result = waybill.run("plan", env=env, check=1)
    assert "InvalidAuthenticationToken" in result.stderr


def test_a_claims_challenge_is_answered(waybill, cloud):
    cloud.secrets[SECRET] = "right"
    cloud.challenge = {"access_token": {"nbf": {"essential": True, "value": "1700000000"}}}
    plans(waybill, {**AZURE, "AZURE_CLIENT_SECRET": SECRET})
    first, second = [json.loads(seen["form"]["claims"])["access_token"] for seen in cloud.asked("/oauth2")]
    assert "nbf" not in first
    assert second["nbf"]["value"] == "1700000000" and second["xms_cc"] == {"values": ["cp1"]}


def test_a_claims_challenge_that_az_cannot_answer(waybill, cloud):
    az_answers(waybill, cloud.token("https://arm.test"))
    cloud.challenge = {"access_token": {"nbf": {"essential": True, "value": "1"}}}
    result = waybill.run("plan", check=1)
    assert "the token was refused: sign in anew" in result.stderr
    assert len(asked_of_az(waybill)) == 1


# ---- the cloud ----

def test_a_cloud_that_does_not_tell_its_endpoints(waybill, cloud):
    for metadata, words in (
            ({}, "names no loginEndpoint"),
            ({**cloud.metadata(), "resourceManager": "http://elsewhere.test"}, "not reached by https"),
            ({**cloud.metadata(), "resourceManager": "https://elsewhere.test/a/b"}, "more than scheme, host and port")):
        cloud.metadata = lambda metadata=metadata: metadata
        result = waybill.run("plan", env={**AZURE, "AZURE_CLIENT_SECRET": SECRET}, check=1)
        assert result.codes == ["cloud-metadata"] and words in result.stderr, result
    assert not cloud.asked("/oauth2")


def test_clouds_of_the_older_shapes(waybill, cloud):
    cloud.secrets[SECRET] = "right"
    env = {**AZURE, "AZURE_CLIENT_SECRET": SECRET}
    new = cloud.metadata()
    other = {**new, "resourceManager": "https://elsewhere.test/", "authentication": {
        "loginEndpoint": "https://elsewhere.test", "audiences": ["https://elsewhere.test"]}}
    cloud.metadata = lambda: [other, new]
    plans(waybill, env)
    old = {name: value for name, value in new.items() if name == "authentication"}
    cloud.metadata = lambda: old
    plans(waybill, env)


# ---- what nobody may see ----

def test_no_secret_is_told_or_written(waybill, cloud, client):
    """Each source with a secret of its own, right and refused, at the level that tells most."""
    cloud.subjects.update((SUBJECT, cloud.job_subject))
    cloud.certificates[client.digest] = client.public
    cloud.secrets["right-secret-of-ours"] = "right"
    (waybill.folder / "token").write_text(federated_token(SUBJECT, mark="-in-the-file"))
    az_answers(waybill, cloud.token("https://arm.test"), more="echo told-by-az-on-stderr >&2")
    (waybill.folder / "asked").write_text("")
    password = {"AZURE_CLIENT_CERTIFICATE_PASSWORD": client.password}
    sources = [
        {"WAYBILL_ACCESS_TOKEN": cloud.token("https://arm.test")},
        {**AZURE, "AZURE_CLIENT_SECRET": "right-secret-of-ours"},
        {**AZURE, "AZURE_CLIENT_SECRET": "wrong-secret-of-ours"},
        {**AZURE, **password, "AZURE_CLIENT_CERTIFICATE_PATH": str(client.pkcs12())},
        {**AZURE, "AZURE_FEDERATED_TOKEN_FILE": "token"},
        {**ARM, "ARM_USE_OIDC": "1", "ARM_OIDC_TOKEN": federated_token("somebody", mark="-not-taken")},
        github(cloud, **AZURE), pipelines(cloud, **ARM, ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID=cloud.connection),
        machine(cloud), {"ARM_USE_MSI": "", "IDENTITY_ENDPOINT": cloud.origin + "/msi/token",
                         "IDENTITY_HEADER": cloud.identity_header},
        {},
    ]
    # A service that says again what it was shown.
    echo = refusal(7000215, "Invalid secret wrong-secret-of-ours, client_secret=wrong-secret-of-ours")
    told = ""
    for env in sources:
        if env.get("AZURE_CLIENT_SECRET") == "wrong-secret-of-ours":
            cloud.answers = [(401, echo)]
        told += waybill.run("plan", "--log-level", "trace", "--out", "plan.waybill", env=env).text
    assert told.count(": taken (") == len(sources) and told.count("Saved the plan") == len(sources) - 2
    files = b"".join(path.read_bytes() for path in waybill.folder.rglob("*")
                     if path.is_file() and path.name != "token")
    shown = told + files.decode("utf-8", "replace")
    planted = ["right-secret-of-ours", "wrong-secret-of-ours", client.password, "-in-the-file", "-not-taken",
               cloud.request_token, cloud.identity_header, *cloud.given,
               *(seen["form"]["client_assertion"] for seen in cloud.seen if "client_assertion" in seen["form"])]
    assert len(planted) > 15
    assert [secret for secret in planted if secret in shown] == []


# ---- whom Waybill trusts ----

def test_authorities_by_the_usual_variables(tmp_path, emulator):
    azure = emulator(cloud_yaml="resourceGroups: {kubernetes: {location: japaneast}}\n",
                     args=["--tls", "--tls-ca-out", tmp_path / "ca.pem"])
    waybill = Waybill(tmp_path / "w", azure, TABLE)
    token = azure.request("POST", f"/{azure.ready['tenant']}/oauth2/v2.0/token", "grant_type=client_credentials&"
                          f"client_id={CLIENT}&client_secret=s&scope=https%3A%2F%2F{azure.host}%2F%2F.default",
                          {"Content-Type": "application/x-www-form-urlencoded"})[2]["access_token"]
    waybill.environment["WAYBILL_ACCESS_TOKEN"] = token
    mine, system = str(tmp_path / "ca.pem"), "/etc/ssl/certs/ca-certificates.crt"
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        waybill.plan(env={name: mine})
    waybill.plan(env={"SSL_CERT_FILE": "", "CURL_CA_BUNDLE": mine, "REQUESTS_CA_BUNDLE": system})
    subprocess.run(["openssl", "rehash", tmp_path], check=True, timeout=60)
    for env in ({"SSL_CERT_DIR": str(tmp_path)}, {"SSL_CERT_DIR": f"/etc/ssl/certs:{tmp_path}"},
                {"REQUESTS_CA_BUNDLE": str(tmp_path)}, {"SSL_CERT_FILE": str(tmp_path), "SSL_CERT_DIR": "/etc/ssl/certs"}):
        waybill.plan(env=env)
    azure.clear()
    told = waybill.plan(check=1).stderr
    assert "SSL_CERT_FILE, CURL_CA_BUNDLE or REQUESTS_CA_BUNDLE names a file" in told.partition("help: ")[2]
    for env in ({"SSL_CERT_FILE": system, "CURL_CA_BUNDLE": mine}, {"SSL_CERT_DIR": str(tmp_path / "none")},
                {"AZURE_CLI_DISABLE_CONNECTION_VERIFICATION": "1"}, {"ADAL_PYTHON_SSL_NO_VERIFY": "1"}):
        assert "certificate problem" in waybill.plan(env=env, check=1).stderr
    (tmp_path / "garbage").write_text("no certificate\n")
    for name in ("none", "garbage"):
        told = waybill.plan(env={"SSL_CERT_FILE": str(tmp_path / name)}, check=1).stderr
        assert "is to be a file of certificates, in PEM" in told.partition("help: ")[2], told
    assert azure.requests() == []
