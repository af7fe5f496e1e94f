# SPDX-License-Identifier: Apache-2.0
"""What the emulator costs: requests a second of one core, memory of many routes, and memory after
very many requests over very many days. Loopback alone, and bounded."""
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / os.environ.get("FLAVOUR", "release")
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/g"
TABLES = f"{GROUP}/providers/Microsoft.Network/routeTables"
NETWORKS = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
API = "?api-version=2024-05-01"
DAY_MS = 86_400_000


class Measured:
    """An emulator on the first core that may be used; who asks is on the others."""

    def __init__(self, *args):
        cores = sorted(os.sched_getaffinity(0))
        self.core, self.others = {cores[0]}, set(cores[1:]) or {cores[0]}
        self.process = subprocess.Popen(
            [BUILD / "waybill-emulator", "--listen", "127.0.0.1:0", "--exit-with-stdin", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, self.core))
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]

    def __enter__(self):
        self.ask("PUT", GROUP + "?api-version=2021-04-01", {"location": "eastus"})
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            self.endpoint + path, None if body is None else json.dumps(body).encode(), method=method,
            headers={"Authorization": "Bearer emulator"})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")

    def load(self, lines, count, connections=4):
        done = subprocess.run(
            [BUILD / "bench" / "load", self.endpoint.rsplit(":", 1)[1], str(count), str(connections)],
            input="\n".join(lines), check=True, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, self.others))
        return json.loads(done.stdout)

    def processor_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def table(count):
    return {"location": "eastus", "properties": {"routes": [
        {"name": f"node-{n}", "properties": {
            "addressPrefix": f"10.{n // 256}.{n % 256}.0/24", "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": f"172.16.{n // 250}.{n % 250 + 4}"}} for n in range(count)]}}


def gets_a_second(count=50_000):
    """(requests a second of wall, of the emulator's own processor time)."""
    with Measured() as cloud:
        cloud.ask("PUT", f"{TABLES}/t{API}", table(2))
        cloud.load([f"GET {TABLES}/t{API}"], 2_000)
        begun = cloud.processor_s()
        result = cloud.load([f"GET {TABLES}/t{API}"], count)
        assert result["statuses"] == {"200": count}, result
        return count / result["seconds"], count / (cloud.processor_s() - begun)


def routes_held(tables=100, each=1000):
    """Bytes of memory that so many tables with so many routes take."""
    with Measured() as cloud:
        body = table(each)
        for n in range(tables):
            cloud.ask("PUT", f"{TABLES}/t{n}{API}", body)
        assert len(cloud.ask("GET", f"{TABLES}/t{tables - 1}/routes{API}")["value"]) == each
        return cloud.resident_bytes()


SOAK = [
    f"PUT {TABLES}/new-%n{API} " + json.dumps(table(3)),
    f"GET {TABLES}/kept{API}",
    f"PUT {TABLES}/kept/routes/r{API} " + json.dumps({"properties": {
        "addressPrefix": "10.200.0.0/24", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "172.16.0.4"}}),
    f"GET {TABLES}/kept/routes{API}",
    f"GET {SUBSCRIPTION}/providers/Microsoft.Network/routeTables{API}",
    f"PATCH {TABLES}/kept{API} " + json.dumps({"tags": {"a": "%n"}}),
    f"DELETE {TABLES}/kept/routes/r{API}",
    f"GET {TABLES}/absent-%n{API}",
    f"GET {NETWORKS}/net{API}",
    f"PUT {NETWORKS}/net/subnets/s{API} " + json.dumps({"properties": {
        "addressPrefix": "10.240.1.0/24", "routeTable": {"id": f"{TABLES}/kept"}}}),
    f"DELETE {NETWORKS}/net/subnets/s{API}",
    f"GET {SUBSCRIPTION}/resources?api-version=2021-04-01&$filter=tagName%20eq%20'a'",
    f"DELETE {TABLES}/new-%n{API}",
]
TOKEN = ("POST /00000000-0000-0000-0000-000000000002/oauth2/v2.0/token grant_type=client_credentials"
         "&client_id=c-%n&client_secret=s&scope=https://management.azure.com/.default")


def sweep(cloud):
    """Deletes the tables that stayed because deleting them was refused: they are no cost of requests that are over."""
    listed = f"{SUBSCRIPTION}/providers/Microsoft.Network/routeTables{API}"
    while stayed := [one["id"] for one in cloud.ask("GET", listed)["value"] if one["name"] != "kept"]:
        for table_id in stayed:
            cloud.ask("PUT", "/_emulator/clock", {"advance_ms": 60_000})  # buckets fill, operations end
            cloud.ask("DELETE", table_id + API)


def soak(requests, days, rounds=10):
    """(resident bytes before and after each tenth of so many requests over so many days, the days that
    the clock tells, statuses). Names come and go, operations and tokens begin and end, some requests are refused; what
    stands in the cloud is the same whenever memory is measured. A tenth as many come before, to fill what is bounded: the
    requests and operations that are remembered."""
    made = []
    clock = f'PUT /_emulator/clock {{"advance_ms":{days * DAY_MS * (len(SOAK) + 1) // requests}}}'
    with Measured("--operation-time", "1", "--throttle") as cloud:
        cloud.ask("PUT", f"{TABLES}/kept{API}", table(20))
        cloud.ask("PUT", f"{NETWORKS}/net{API}", {"location": "eastus", "properties": {
            "addressSpace": {"addressPrefixes": ["10.240.0.0/16"]}}})
        statuses = {}
        for _ in range(rounds + 1):
            result = cloud.load(SOAK + [clock], requests // rounds)
            cloud.load([TOKEN], requests // rounds // 100)
            for status, count in result["statuses"].items():
                statuses[status] = statuses.get(status, 0) + count
            sweep(cloud)
            made.append(cloud.resident_bytes())
        ahead = cloud.ask("GET", "/_emulator/clock")["ahead_ms"] / DAY_MS
    return made, ahead, statuses


def print_emulator():
    wall, processor = gets_a_second()
    print(f"{'emulator: GETs a second on one core':44}{wall:>12,.0f}")
    print(f"{'emulator: GETs a second of processor':44}{processor:>12,.0f}")
    print(f"{'emulator: 100,000 routes held, MB':44}{routes_held() / 1e6:>12,.0f}")


def told(requests, made, ahead, statuses):
    return (f"soak: {requests:,} requests after a tenth of that, {ahead:.0f} days; MB after each tenth: "
            + " ".join(f"{size / 1e6:.1f}" for size in made)
            + f"; grown by {100 * (made[-1] - made[0]) / made[0]:.1f} %; statuses {statuses}")


def print_soak(requests, days):
    made, ahead, statuses = soak(requests, days)
    print(told(requests, made, ahead, statuses))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print_soak(int(sys.argv[1]), 30)
    else:
        print_emulator()
