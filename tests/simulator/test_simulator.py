# SPDX-License-Identifier: Apache-2.0
"""`waybill reach` and the reference simulator agree on random networks."""
import collections
import concurrent.futures
import json
import os
import subprocess

import generator
import simulator
from emulator import BUILD, Emulator
from harness import LONG

NETWORKS = 10_000 if LONG else 500
IN_ONE_CLOUD = 500
FIRST_SEED = int(os.environ.get("WAYBILL_FIRST_SEED", "1"))


def reach(configuration, folder, endpoint):
    """{as World.verdicts()} of what the program says."""
    folder.mkdir()
    path = folder / "waybill.yaml"
    path.write_text(json.dumps(configuration, indent=1))  # JSON is YAML
    done = subprocess.run(
        [BUILD / "waybill", "reach", "--json", "--cloud", endpoint, "-f", path,
         "--state", folder / "waybill.db"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)})
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    paths = json.loads(done.stdout)["paths"]
    return {(p["from_set"], p["from"], p["to_set"], p["to"], p["pods"]): p["verdict"]
            for p in paths}


def compare(seed, folder, endpoint):
    """Counts of verdicts; fails with what they disagree on."""
    model = generator.configuration(seed)
    told = reach(generator.as_yaml(model), folder / str(seed), endpoint)
    wanted = simulator.World(model).verdicts()
    differ = {path: (told.get(path), wanted.get(path)) for path in told.keys() | wanted.keys()
              if told.get(path) != wanted.get(path)}
    assert not differ, f"seed {seed}: {{path: (waybill, simulator)}} {differ}"
    return collections.Counter(wanted.values())


def test_random_networks_get_the_simulator_s_verdicts(tmp_path, figure):
    counts = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as workers:
        for first in range(FIRST_SEED, FIRST_SEED + NETWORKS, IN_ONE_CLOUD):
            seeds = range(first, first + IN_ONE_CLOUD)
            cloud = generator.as_cloud(map(generator.configuration, seeds))
            azure = Emulator(tmp_path, json.dumps(cloud, indent=1))
            try:
                for one in workers.map(compare, seeds, [tmp_path] * IN_ONE_CLOUD,
                                       [azure.endpoint] * IN_ONE_CLOUD, chunksize=20):
                    counts += one
            finally:
                azure.stop()
    figure(f"simulator: {NETWORKS:,} networks agree, {sum(counts.values()):,} paths: "
           + ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in simulator.WORSE))
    # A generator that makes only one kind of network would prove nothing.
    assert all(counts[verdict] > NETWORKS / 10 for verdict in simulator.WORSE)
