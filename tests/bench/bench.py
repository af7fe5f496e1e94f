# SPDX-License-Identifier: Apache-2.0
"""Medians of what people wait for most often, as a table."""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

from cloud import configuration
from emulator_costs import print_emulator
from states import print_states

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
RUNS = 5


def milliseconds(times, command, **more):
    """The median of so many runs."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **more)
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


def hook(endpoint, method):
    request = urllib.request.Request(f"{endpoint}/_emulator/requests", method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer).get("requests", [])


def body_bytes(endpoint, path):
    request = urllib.request.Request(endpoint + path, headers={"Authorization": "Bearer emulator"})
    with urllib.request.urlopen(request) as answer:
        return len(answer.read())


@contextlib.contextmanager
def emulator_for(folder):
    """An endpoint, and how to run what uses it in the folder."""
    emulator = subprocess.Popen(
        [BUILD / "waybill-emulator", "--listen", "127.0.0.1:0", "--exit-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    endpoint = json.loads(emulator.stdout.readline())["endpoint"]
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "WAYBILL_CLOUD": endpoint,
                   "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001"}
    try:
        yield endpoint, {"cwd": folder, "env": environment}
    finally:
        emulator.terminate()
        emulator.wait()


def processor(command, **more):
    """(processor seconds, MB of memory at most) of a command that succeeds."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **more)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command}: exit {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def save_answers(endpoint, folder):
    """The files that hold what ARM answered since the requests were last cleared."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc)
    for n, request in enumerate(hook(endpoint, "GET")):
        connection.request("GET", request["path"], headers={"Authorization": "Bearer emulator"})
        path = pathlib.Path(folder) / f"answer-{n}.json"
        path.write_bytes(connection.getresponse().read())
        yield path


def measure_large(nodes, folder):
    """Medians of a plan without changes, of one that judges no paths, and of their floor: of each
    processor seconds and MB. In turn, so that what else the machine does falls on all alike."""
    pathlib.Path(folder, "waybill.yaml").write_text(configuration(nodes))
    with emulator_for(folder) as (endpoint, more):
        subprocess.run([BUILD / "waybill", "apply", "--auto-approve"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
        hook(endpoint, "DELETE")
        milliseconds(1, [BUILD / "waybill", "plan"], **more)
        files = list(save_answers(endpoint, folder))
        commands = ([BUILD / "waybill", "plan"], [BUILD / "bench" / "unjudged", "plan"],
                    [BUILD / "bench" / "floor", "waybill.yaml", "waybill.db", *files])
        runs = [[processor(command, **more) for command in commands] for _ in range(RUNS)]
    return [[statistics.median(figure) for figure in zip(*of_one)] for of_one in zip(*runs)]


def print_large():
    """Processor time, because the emulator's own is not ours."""
    print(f"\n{'plan without changes, processor time':36}{'seconds':>12}{'times floor':>12}"
          f"{'growth':>12}{'memory':>12}")
    before = None
    for nodes in 10_000, 100_000:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure_large(nodes, folder)
        floor = measured[-1][0]
        for n, what in enumerate(("plan", "without reachability", "floor")):
            seconds, memory = measured[n]
            growth = f"{seconds / before[n][0]:.1f}" if before else ""
            print(f"{f'{nodes:,} nodes, {what}':36}{f'{seconds:.2f} s':>12}"
                  f"{f'{seconds / floor:.1f}':>12}{growth:>12}{f'{memory:.0f} MB':>12}")
        before = measured


def print_lookups():
    """Of a full table, and of one as no Azure has it."""
    print(f"\n{'10,000,000 lookups':36}{'time':>12}{'a second':>12}")
    for routes in 1_000, 100_000:
        runs = [json.loads(subprocess.run([BUILD / "bench" / "lookups", str(routes)], check=True,
                                          stdout=subprocess.PIPE).stdout) for _ in range(RUNS)]
        seconds = statistics.median(run["lookup_s"] for run in runs)
        print(f"{f'among {routes:,} routes':36}{f'{seconds:.2f} s':>12}"
              f"{f'{10 / seconds:.1f} M':>12}")


def measure_plan(folder):
    """Rows of a plan of examples/large: before its apply, and after."""
    shutil.copy(ROOT / "examples" / "large" / "waybill.yaml", folder)
    with emulator_for(folder) as (endpoint, more):
        for name in ("plan of examples/large, to be made", "plan of examples/large, no changes"):
            median = milliseconds(10, [BUILD / "waybill", "plan"], **more)
            hook(endpoint, "DELETE")
            milliseconds(1, [BUILD / "waybill", "plan"], **more)
            requests = hook(endpoint, "GET")
            read = sum(body_bytes(endpoint, request["path"]) for request in requests
                       if request["method"] == "GET" and request["status"] == 200)
            yield name, f"{median:.1f} ms", "100 ms", len(requests), f"{read:,}"
            subprocess.run([BUILD / "waybill", "apply", "--auto-approve"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


def main():
    version = [BUILD / "waybill", "version"]
    start = milliseconds(20, version)
    seconds = statistics.median(processor(version)[0] for _ in range(20))
    rows = [("what", "median", "goal", "requests", "bytes read"),
            ("waybill version", f"{start:.1f} ms", "10 ms", 0, 0),
            ("waybill version, processor time", f"{seconds * 1000:.1f} ms", "", 0, 0)]
    with tempfile.TemporaryDirectory() as folder:
        rows += measure_plan(folder)
    for what, *numbers in rows:
        print(f"{what:36}" + "".join(f"{number!s:>12}" for number in numbers))
    print_lookups()
    print_large()
    print_states()
    print_emulator()


if __name__ == "__main__":
    main()
