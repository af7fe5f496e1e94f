# SPDX-License-Identifier: Apache-2.0
"""az and Waybill at one cloud: what one made the other takes over, and neither undoes the other."""
import time

from az import CLIENT, SECRET
from harness import HEAD, ROUTE_0, ROUTE_1, SUBNET, TABLE, Waybill
from test_az import G, ROUTES, make_pod_routes, route

LATEST = 1800  # seconds: then az hangs


def cloud_of(az, **more):
    """The environment of a Waybill that asks az's emulator, over https."""
    return {"WAYBILL_CLOUD": az.emulator.endpoint, "SSL_CERT_FILE": az.environment["REQUESTS_CA_BUNDLE"], **more}


def waybill_of(tmp_path, az, source):
    """One that signs in as the same principal."""
    waybill = Waybill(tmp_path / "waybill", az.emulator, source)
    waybill.environment.update(cloud_of(az, AZURE_TENANT_ID=az.emulator.ready["tenant"], AZURE_CLIENT_ID=CLIENT,
                                        AZURE_CLIENT_SECRET=SECRET))
    return waybill


def hops(az):
    routes = az.emulator.get(TABLE)["properties"]["routes"]
    return {one["name"]: one["properties"]["nextHopIpAddress"] for one in routes}


def test_waybill_takes_over_what_az_made(tmp_path, az):
    make_pod_routes(az)
    made = az.emulator.cloud()
    waybill = waybill_of(tmp_path, az, "hard-way")
    assert set(waybill.plan(check=1).codes) == {"not-ours"}
    imported = waybill.run("import", "--all", "--auto-approve", check=0)
    assert "0 otherwise than declared, 0 not there." in imported.stdout
    waybill.assert_settled()
    assert az.emulator.cloud() == made, "nothing was written"
    assert f"routeTables/kubernetes-routes/routes/{ROUTE_0}" in waybill.records()
    edit_behind_its_back(az)
    plan = waybill.plan("--detailed-exitcode", check=2)
    assert plan.last_line == "Plan: 1 to add, 2 to change, 0 to destroy."
    assert "by-hand" in plan.stdout and "10.240.0.99" in plan.stdout
    drift = {one["address"].split("/")[-1]: one["change"]["actions"] for one in waybill.plan_json()["resource_drift"]}
    assert drift == {ROUTE_0: ["update"], ROUTE_1: ["delete"], "kubernetes-subnet": ["update"]}
    waybill.apply()
    waybill.assert_settled()
    assert hops(az) == {ROUTE_0: "10.240.0.20", ROUTE_1: "10.240.0.21", "by-hand": "10.240.0.9"}
    assert az.emulator.get(SUBNET)["properties"]["routeTable"]["id"].lower() == TABLE.lower()
    listed = az(f'network route-table route list {ROUTES} --query "[].name" -o tsv').stdout.split()
    assert sorted(listed) == sorted([ROUTE_0, ROUTE_1, "by-hand"])
    assert az(f"network route-table delete {G} -n kubernetes-routes", check=1)
    waybill.destroy("--delete-foreign", "routeTables/kubernetes-routes", "--max-deletes", 10)
    assert az(f"network route-table show {G} -n kubernetes-routes", check=3).stdout == ""


def edit_behind_its_back(az):
    """One route added, one changed, one deleted; the table detached."""
    az(route("by-hand", "172.20.0.0/16", "10.240.0.9"))
    az(f"network route-table route update {ROUTES} -n {ROUTE_0} --next-hop-ip-address 10.240.0.99")
    az(f"network route-table route delete {ROUTES} -n {ROUTE_1}")
    az(f"network vnet subnet update {G} -n kubernetes-subnet --vnet-name kubernetes-vnet --remove routeTable")


def test_waybill_signs_in_by_az(tmp_path, az):
    """The last source of a credential: `az account get-access-token`, of a real az."""
    waybill = Waybill(tmp_path / "waybill", az.emulator, "hard-way")
    waybill.environment = {**az.environment, "WAYBILL_STATE": str(waybill.state), **cloud_of(az)}
    told = waybill.plan("--log-level", "debug")
    assert told.last_line == "Plan: 3 to add, 1 to change, 0 to destroy."
    assert "sign-in by az: taken" in told.stderr
    waybill.apply()
    assert hops(az) == {ROUTE_0: "10.240.0.20", ROUTE_1: "10.240.0.21"}


# ---- both at once ----

OURS = 20
PER_AZ = 50  # routes, in each of two processes


def ours(hop):
    """A table of which each version changes all of our routes."""
    text = HEAD + "routeTables:\n  kubernetes-routes:\n    routes:\n"
    for i in range(OURS):
        text += (f"      ours-{i}: {{addressPrefix: 10.200.{i}.0/24, nextHopType: VirtualAppliance, "
                 f"nextHopIpAddress: {hop}}}\n")
    return text


class Work:
    """What one process of az does at the table: PER_AZ creates, half as many updates and deletes. Before it deletes
    a route it looks at it: `seen` is what that must show, by the number of the command."""

    def __init__(self, number):
        self.number = number
        self.lines, self.seen, self.left = [], {}, {}
        for i in range(PER_AZ):
            self.create(i)
            if i % 2 == 1:
                self.update(i)
                self.delete(i - 1 if i % 4 == 1 else i - 2)  # one that was never updated, or one that was

    def name(self, i):
        return f"az-{self.number}-{i}"

    def create(self, i):
        self.left[self.name(i)] = "10.240.0.9"
        self.lines.append(route(self.name(i), f"172.{16 + self.number}.{i}.0/24", "10.240.0.9"))

    def update(self, i):
        self.left[self.name(i)] = hop = f"10.240.1.{i}"
        self.lines.append(f"network route-table route update {ROUTES} -n {self.name(i)} --next-hop-ip-address {hop}")

    def delete(self, i):
        self.seen[len(self.lines)] = self.left.pop(self.name(i))
        for verb in ("show", "delete"):
            self.lines.append(f"network route-table route {verb} {ROUTES} -n {self.name(i)}")


def test_both_write_one_table_at_once(tmp_path, make_az):
    az = make_az(args=["--operation-time", 50, "--latency", 10]).sign_in()
    waybill = waybill_of(tmp_path, az, ours("10.240.0.100"))
    waybill.apply()
    az.emulator.clear()
    works = [Work(number) for number in range(2)]
    batches = [az.start(work.lines) for work in works]
    applies, end = 0, time.monotonic() + LATEST
    while any(batch.is_running() for batch in batches) and time.monotonic() < end:
        applies += 1
        waybill.write(ours(f"10.240.0.{100 + applies % 100}"))
        waybill.apply()
    expected = {f"ours-{i}": f"10.240.0.{100 + applies % 100}" for i in range(OURS)}
    for work, batch in zip(works, batches):
        done = batch.wait(1)
        assert [result for result in done if result.code != 0] == []
        assert {i: done[i].json["nextHopIpAddress"] for i in work.seen} == work.seen
        expected.update(work.left)
    assert sum(" show " not in line for work in works for line in work.lines) == 200
    assert hops(az) == expected
    waybill.assert_settled()
    requests = az.emulator.requests()
    met = sum(request["status"] == 412 for request in requests)
    assert applies > 1 and met > 0, "they never met"
    print(f"\n200 writes of az and {applies} applies: {len(requests)} requests, {met} of Waybill's writes met one of az's")
