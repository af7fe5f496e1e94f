# SPDX-License-Identifier: Apache-2.0
"""Medians of what people wait for most often, as a table."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"


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


def measure_plan(folder):
    """Rows of a plan of examples/large: before its apply, and after."""
    emulator = subprocess.Popen(
        [BUILD / "waybill-emulator", "--listen", "127.0.0.1:0", "--exit-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    endpoint = json.loads(emulator.stdout.readline())["endpoint"]
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "WAYBILL_CLOUD": endpoint,
                   "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001"}
    shutil.copy(ROOT / "examples" / "large" / "waybill.yaml", folder)
    more = {"cwd": folder, "env": environment}
    try:
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
    finally:
        emulator.terminate()
        emulator.wait()


def main():
    start = milliseconds(20, [BUILD / "waybill", "version"])
    rows = [("what", "median", "goal", "requests", "bytes read"),
            ("waybill version", f"{start:.1f} ms", "10 ms", 0, 0)]
    with tempfile.TemporaryDirectory() as folder:
        rows += measure_plan(folder)
    for what, *numbers in rows:
        print(f"{what:36}" + "".join(f"{number!s:>12}" for number in numbers))


if __name__ == "__main__":
    main()
