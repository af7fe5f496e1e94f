// SPDX-License-Identifier: Apache-2.0
// Azure's libraries for JavaScript, from npm, at the emulator. test_javascript.py starts it, and tells by the
// environment where everything is; `node` ends with 1 when a test fails.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

const require = createRequire(process.env.MODULES + "/");
const identity = require("@azure/identity");
const { NetworkManagementClient } = require("@azure/arm-network");
const { ComputeManagementClient } = require("@azure/arm-compute");
const { ResourceManagementClient } = require("@azure/arm-resources");

const { ENDPOINT, SUBSCRIPTION, TENANT, CLIENT, CERTIFICATE } = process.env;
const authority = { authorityHost: ENDPOINT, disableInstanceDiscovery: true };
const scopes = [ENDPOINT + "/.default"];
const bySecret = (secret = "right") => new identity.ClientSecretCredential(TENANT, CLIENT, secret, authority);
const clientOf = (Client, credential = bySecret()) =>
  new Client(credential, SUBSCRIPTION, { endpoint: ENDPOINT, credentialScopes: scopes, credentials: { scopes } });
const groups = clientOf(ResourceManagementClient);
const network = clientOf(NetworkManagementClient);
const compute = clientOf(ComputeManagementClient);

async function all(pages) {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
}

async function hook(method, name, body) {
  const init = { method, headers: { Authorization: "Bearer emulator" }, body: body && JSON.stringify(body) };
  const answer = await fetch(`${ENDPOINT}/_emulator/${name}`, init);
  assert.equal(answer.status, 200);
  return answer.json();
}

const refused = (promise, statusCode, code) =>
  assert.rejects(promise, (error) => error.statusCode === statusCode && error.code === code);

// The libraries of one day call it so, those of another otherwise.
const write = (operations, verb, ...words) => {
  const begin = operations[`begin${verb}AndWait`] ?? operations[verb[0].toLowerCase() + verb.slice(1)];
  return begin.apply(operations, words);
};

test("every credential signs in", async () => {
  const credentials = {
    secret: bySecret(),
    certificate: new identity.ClientCertificateCredential(TENANT, CERTIFICATE, { certificatePath: process.env.PEM }, authority),
    pod: new identity.WorkloadIdentityCredential({ ...authority, tenantId: TENANT, clientId: process.env.POD, tokenFilePath: process.env.TOKEN }),
    machine: new identity.ManagedIdentityCredential(),
    other: new identity.ManagedIdentityCredential({ clientId: process.env.OTHER }),
  };
  for (const [name, credential] of Object.entries(credentials)) {
    const found = await all(clientOf(ResourceManagementClient, credential).resourceGroups.list());
    assert.deepEqual(found.map((one) => one.name), ["kubernetes"], name);
  }
  await assert.rejects(bySecret("wrong").getToken(scopes), /AADSTS7000215/);
});

test("a revoked token is replaced by one that answers the challenge", async () => {
  const client = clientOf(NetworkManagementClient);
  assert.deepEqual(await all(client.routeTables.listAll()), []);
  await hook("PUT", "revoke");
  assert.deepEqual(await all(client.routeTables.listAll()), []);
});

test("networks from first to last", async () => {
  const made = await groups.resourceGroups.createOrUpdate("g", { location: "West Europe" });
  assert.equal(made.location, "westeurope");
  assert.equal((await groups.resourceGroups.checkExistence("g")).body, true);
  assert.equal((await groups.resourceGroups.checkExistence("none")).body, false);
  await write(network.virtualNetworks, "CreateOrUpdate", "g", "net", {
    location: "westeurope", addressSpace: { addressPrefixes: ["10.0.0.0/16"] }, subnets: [{ name: "a", addressPrefix: "10.0.0.0/24" }],
  });
  const table = await write(network.routeTables, "CreateOrUpdate", "g", "t", { location: "westeurope" });
  const hop = { addressPrefix: "10.9.0.0/24", nextHopType: "VirtualAppliance", nextHopIpAddress: "10.0.0.9" };
  const route = await write(network.routes, "CreateOrUpdate", "g", "t", "r", hop);
  assert.equal(route.provisioningState, "Succeeded");
  const subnet = { ...(await network.subnets.get("g", "net", "a")), routeTable: { id: table.id } };
  assert.equal((await write(network.subnets, "CreateOrUpdate", "g", "net", "a", subnet)).routeTable.id, table.id);
  const nic = await write(network.networkInterfaces, "CreateOrUpdate", "g", "n", {
    location: "westeurope", ipConfigurations: [{ name: "ip", subnet: { id: subnet.id } }],
  });
  assert.equal(nic.ipConfigurations[0].privateIPAddress, "10.0.0.4");
  await write(compute.virtualMachines, "CreateOrUpdate", "g", "m", {
    location: "westeurope", networkProfile: { networkInterfaces: [{ id: nic.id, primary: true }] },
  });
  const view = await compute.virtualMachines.instanceView("g", "m");
  assert.equal(view.statuses.at(-1).code, "PowerState/running");
  const effective = await write(network.networkInterfaces, "GetEffectiveRouteTable", "g", "n");
  assert.ok(effective.value.some((one) => one.name === "r" && one.nextHopIpAddress[0] === "10.0.0.9"));
  assert.deepEqual((await network.routeTables.updateTags("g", "t", { tags: { a: "b" } })).tags, { a: "b" });
  assert.equal((await groups.resources.getById(table.id, "2024-05-01")).name, "t");
  assert.equal((await groups.resources.checkExistenceById(table.id + "x", "2024-05-01")).body, false);
  await refused(write(network.routeTables, "Delete", "g", "t"), 400, "InUseRouteTableCannotBeDeleted");
  await write(compute.virtualMachines, "Delete", "g", "m");
  await write(network.networkInterfaces, "Delete", "g", "n");
  await write(network.virtualNetworks, "Delete", "g", "net");
  await write(network.routes, "Delete", "g", "t", "r");
  await write(network.routeTables, "Delete", "g", "t");
  await write(groups.resourceGroups, "Delete", "g");
  await refused(groups.resourceGroups.get("g"), 404, "ResourceGroupNotFound");
});

test("lists come in pages", async () => {
  for (const name of ["t0", "t1", "t2"])
    await write(network.routeTables, "CreateOrUpdate", "kubernetes", name, { location: "japaneast", tags: { n: name } });
  assert.deepEqual((await all(network.routeTables.list("kubernetes"))).map((one) => one.name), ["t0", "t1", "t2"]);
  const tagged = await all(groups.resources.list({ filter: "tagName eq 'n' and tagValue eq 't1'" }));
  assert.deepEqual(tagged.map((one) => one.name), ["t1"]);
  for (const name of ["t0", "t1", "t2"]) await write(network.routeTables, "Delete", "kubernetes", name);
});

test("refusals, and operations that fail", async () => {
  await refused(network.routeTables.get("kubernetes", "none"), 404, "ResourceNotFound");
  await hook("PUT", "faults", [{ method: "PUT", nth: 1, operation: { state: "Failed", code: "Broken", message: "by a test" } }]);
  await assert.rejects(write(network.routeTables, "CreateOrUpdate", "kubernetes", "t", { location: "japaneast" }), /by a test/);
  await hook("PUT", "faults", [{ method: "GET", path: "*/routeTables", nth: 1, status: 429, code: "TooManyRequests", headers: { "Retry-After": 1 } }]);
  assert.deepEqual(await all(network.routeTables.listAll()), []);
});
