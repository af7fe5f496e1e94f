# SPDX-License-Identifier: Apache-2.0
"""The cloud that Azure's libraries meet: a network with a machine, and somebody for each kind of credential."""
from directory import ID, KUBERNETES, TENANT
from emulator import SUBSCRIPTION

# client.crt is to lie beside the file.
CLOUD = f"""\
resourceGroups: {{kubernetes: {{location: japaneast}}}}
virtualNetworks:
  net: {{resourceGroup: kubernetes, addressPrefixes: [10.240.0.0/16], subnets: {{nodes: {{addressPrefix: 10.240.0.0/24}}}}}}
virtualMachines:
  worker: {{resourceGroup: kubernetes, tags: {{pod-cidr: 10.200.0.0/24}}, nics: {{nic: {{ip: 10.240.0.20, subnet: net/nodes}}}}}}
applications:
  secret: {{clientId: {ID(1)}, secrets: [{{value: right}}]}}
  signed: {{clientId: {ID(2)}, certificates: [{{file: client.crt}}]}}
  pod: {{clientId: {ID(3)}, federatedCredentials: [{{issuer: "{KUBERNETES}", subject: "system:serviceaccount:default:pod"}}]}}
managedIdentities:
  machine: {{clientId: {ID(4)}, systemAssigned: true}}
  other: {{clientId: {ID(5)}}}
"""


def pod_token(emulator):
    """What the cluster would put into the file of a pod with a workload identity."""
    issuer = emulator.environment()["kubernetes"]
    path = f"{issuer['SERVER']}/api/v1/namespaces/default/serviceaccounts/pod/token"
    spec = {"spec": {"audiences": ["api://AzureADTokenExchange"], "expirationSeconds": 600}}
    told = emulator.request("POST", path, spec, {"Authorization": f"Bearer {issuer['BEARER']}"})
    return told[2]["status"]["token"]


def variables(emulator, outside, client, folder, identity):
    """What programs in other languages are told: where everything is, who they are, and that nothing else is there.
    identity: "imds" or "appService", where a managed identity has its tokens from."""
    token = folder / "token"
    token.write_text(pod_token(emulator))
    return {"HOME": str(folder), "HTTPS_PROXY": outside.url, "HTTP_PROXY": outside.url, "NO_PROXY": "127.0.0.1",
            "ENDPOINT": emulator.endpoint, "SUBSCRIPTION": SUBSCRIPTION, "TENANT": TENANT, "CLIENT": ID(1),
            "CERTIFICATE": ID(2), "PEM": str(client.pem), "POD": ID(3), "TOKEN": str(token), "OTHER": ID(5),
            **emulator.environment()[identity]}
