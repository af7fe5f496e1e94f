# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random instants inside a large apply: the next one goes on from there.

Thirty tables of twenty routes and their subnets become other ones while operations take their time,
beside a route in each table that somebody else made. `make test-long` kills 500 times.
"""
import collections
import random
import re
import shutil
import signal
import subprocess
import time

from harness import HEAD, LONG, Waybill, route_body, table_id
from test_kill import comparable, created_twice

KILLS = 500 if LONG else 20
TABLES, ROUTES = 30, 20
SETTLED = re.compile(r"(\S+): the last run ended while it was (?:written|deleted); (.*)$", re.M)


def configuration(version):
    """Version 1 has every table; 2 changes, adds and deletes routes, tables and attachments."""
    text = HEAD + "virtualNetworks:\n  v1:\n    addressSpace: {addressPrefixes: [10.0.0.0/16]}\n    subnets:\n"
    for n in range(TABLES):
        table = (n + version) % TABLES if n % 3 == 0 else n
        attach = f", routeTable: t{table}" if table < TABLES - 2 * (version - 1) else ""
        text += f"      s{n}: {{addressPrefix: 10.0.{n}.0/24{attach}}}\n"
    text += "routeTables:\n"
    for n in range(TABLES - 2 * (version - 1)):
        text += f"  t{n}:\n    routes:\n"
        for route in range(version, ROUTES + version):
            text += (f"      r{route}: {{addressPrefix: 10.{100 + n}.{route}.0/24, nextHopType: VirtualAppliance, "
                     f"nextHopIpAddress: 10.0.{n}.{10 + version}}}\n")
    for n in range(3 * (version - 1)):
        text += f"  new{n}: {{tags: {{version: two}}}}\n"
    return text


class Prepared:
    """The cloud and the state after version 1, to begin each round from."""

    def __init__(self, folder, emulator):
        self.folder = folder
        azure = emulator(args=["--store", folder / "cloud.json"],
                         cloud_yaml="resourceGroups:\n  kubernetes: {location: japaneast}\n")
        waybill = Waybill(folder / "prepared", azure, configuration(1))
        waybill.apply()
        for n in range(TABLES):
            azure.put(table_id(f"t{n}") + "/routes/foreign", route_body(f"192.168.{n}.0/24", "10.0.0.9"))
        azure.stop()
        self.state = waybill.state

    def begin(self, name, emulator):
        store = self.folder / f"{name}.json"
        shutil.copy(self.folder / "cloud.json", store)
        azure = emulator(args=["--store", store, "--operation-time", 15])
        waybill = Waybill(self.folder / name, azure, configuration(2))
        shutil.copy(self.state, waybill.state)
        return azure, waybill


APPLY = "apply", "--auto-approve", "--max-deletes", "100", "--delete-foreign", "routeTables/t28", \
    "--delete-foreign", "routeTables/t29"


def kill_after(waybill, seconds):
    """Whether the apply was still running when it was killed."""
    process = subprocess.Popen(waybill.command(*APPLY), cwd=waybill.folder, env=waybill.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    return process.wait() == -signal.SIGKILL


def test_killed_at_random_instants(tmp_path, emulator, figure):
    prepared = Prepared(tmp_path, emulator)
    azure, waybill = prepared.begin("undisturbed", emulator)
    before = time.monotonic()
    waybill.run(*APPLY, check=0)
    duration = time.monotonic() - before
    cloud, records = comparable(azure.cloud()), waybill.records()
    assert sum("/routes/foreign" in address for address in str(cloud).split("'")) >= TABLES - 2
    azure.stop()

    random.seed(1)
    counts = collections.Counter()
    settled = collections.Counter()
    for number in range(4 * KILLS):
        if counts["kills"] == KILLS:
            break
        azure, waybill = prepared.begin(str(number), emulator)
        killed = kill_after(waybill, random.uniform(0.01, duration))
        counts["kills"] += killed
        if not killed:  # it ended before: the machine is less busy than it was
            duration *= 0.9
        waybill.run("plan", "--max-deletes", "100", "--delete-foreign", "routeTables/t28",
                    "--delete-foreign", "routeTables/t29", check=0)
        told = waybill.run(*APPLY, check=0)
        counts["recoveries"] += killed
        settled.update(what for _, what in SETTLED.findall(told.stderr))
        now = comparable(azure.cloud())
        counts["lost"] += now != cloud or waybill.records() != records
        counts["duplicated"] += bool(created_twice(azure.requests()))
        assert counts["lost"] == counts["duplicated"] == 0, f"killed in round {number}"
        waybill.assert_settled()
        azure.stop()
        shutil.rmtree(waybill.folder)
    figure(f"{counts['kills']} kills inside an apply, {counts['recoveries']} recoveries, "
          f"{sum(settled.values())} intents resolved ({dict(settled)}), "
          f"{counts['lost']} lost, {counts['duplicated']} duplicated")
    assert counts["kills"] == KILLS
